"""The programs in docs/examples run as a reader runs them: as processes, against a real studio."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from shotwright.tools.studio.studio import Studio

EXAMPLES = Path(__file__).resolve().parents[1] / "docs" / "examples"
BIN = str(Path(sys.executable).parent)


def run(name: str, *words: str, folder: Path, **environment: str) -> str:
    """What the example prints; its files lie in `folder`."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("SHOTWRIGHT_", "KLING_"))}
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / name), *words],
        cwd=folder,
        env={**kept, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", **environment},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=220,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_example_is_run_here() -> None:
    source = Path(__file__).read_text(encoding="utf-8")
    assert all(f'"{path.name}"' in source for path in EXAMPLES.glob("*.py"))


def test_a_clip_is_made_continued_and_saved(crewed: Studio, tmp_path: Path) -> None:
    home = str(crewed.settings.home)
    said = run("clip.py", "a red ball rests", "ball.mp4", folder=tmp_path, SHOTWRIGHT_HOME=home)
    assert "measured {'pan_deg'" in said
    assert (tmp_path / "ball.mp4").read_bytes()[4:8] == b"ftyp"


def test_an_overnight_list_is_finished_by_a_second_run(crewed: Studio, tmp_path: Path) -> None:
    rows = "name,prompt,frames,quality,size\n"
    rows += "ball,a red ball rests,9,draft,64x64\ncar,a blue car rests,9,draft,64x64\n"
    (tmp_path / "shots.csv").write_text(rows, encoding="utf-8")
    environment = {"SHOTWRIGHT_HOME": str(crewed.settings.home)}
    run("overnight.py", "shots.csv", "out", folder=tmp_path, **environment)
    (tmp_path / "out" / "car.mp4").unlink()
    before = len(crewed.jobs.page(state=None, limit=100, cursor=None)[0])
    said = run("overnight.py", "shots.csv", "out", folder=tmp_path, **environment)
    assert said.startswith("car:") and "ball" not in said
    assert len(crewed.jobs.page(state=None, limit=100, cursor=None)[0]) == before


def test_an_existing_client_of_kling_makes_a_picture(
    served: tuple[str, str], tmp_path: Path
) -> None:
    url, token = served
    environment = {"KLING_BASE_URL": url, "KLING_TOKEN": token}
    run("kling_client.py", "image", "a red ball", "ball.png", folder=tmp_path, **environment)
    assert (tmp_path / "ball.png").read_bytes()[:4] == b"\x89PNG"


@pytest.mark.parametrize("way", ["stdio", "http"])
def test_a_langchain_agent_makes_a_clip_through_mcp(
    way: str, crewed: Studio, served: tuple[str, str], llm_server: Any, tmp_path: Path
) -> None:
    pytest.importorskip("fastmcp")
    llm_server.say(_film_maker)
    environment = {"OPENAI_BASE_URL": f"{llm_server.url}/v1", "OPENAI_API_KEY": "none"}
    if way == "stdio":
        environment["SHOTWRIGHT_HOME"] = str(crewed.settings.home)
    else:
        environment |= {"SHOTWRIGHT_URL": served[0], "SHOTWRIGHT_TOKEN": served[1]}
    said = run("langchain_agent.py", "openai:tester", "a clip", folder=tmp_path, **environment)
    assert Path(said.strip()).read_bytes()[4:8] == b"ftyp"
    tools = {tool["function"]["name"] for tool in llm_server.asked[0]["tools"]}
    assert {"generate_video", "get_job", "make_film"} <= tools
    heard = [message for message in llm_server.asked[-1]["messages"] if message["role"] == "tool"]
    assert any("image_url" in str(message) for message in heard), "the model sees the sheet"


def _film_maker(body: dict[str, Any]) -> bytes:
    """A model that asks for a clip, follows its job, and answers with the path."""
    last = body["messages"][-1]
    if last["role"] != "tool":
        asked = {"prompt": "a white boat rests", "frames": 9, "size": "64x64", "quality": "draft"}
        return _said(_call("generate_video", {**asked, "wait_s": 0, "seed": 3}))
    told = _text(last["content"])
    if following := re.search(r"^next: get_job (.+)$", told, re.MULTILINE):
        return _said(_call("get_job", json.loads(following[1])))
    path = re.search(r"^take_\S+ .* (/\S+)$", told, re.MULTILINE)
    return _said({"role": "assistant", "content": path[1] if path else told})


def _text(content: Any) -> str:
    """What a tool's message says in words."""
    parts = [content] if isinstance(content, str) else [part.get("text", "") for part in content]
    return "\n".join(parts)


def _call(name: str, arguments: dict[str, Any]) -> dict[str, Any]:
    function = {"name": name, "arguments": json.dumps(arguments)}
    call = {"id": "call_1", "type": "function", "function": function}
    return {"role": "assistant", "content": None, "tool_calls": [call]}


def _said(message: dict[str, Any]) -> bytes:
    reason = "tool_calls" if "tool_calls" in message else "stop"
    choice = {"index": 0, "finish_reason": reason, "message": message}
    whole = {
        "id": "c",
        "object": "chat.completion",
        "created": 1,
        "model": "tester",
        "choices": [choice],
    }
    return json.dumps(whole).encode()
