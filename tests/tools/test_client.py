"""Studio and AsyncStudio: the same calls, answers and errors in this process and over HTTP."""

import ast
import inspect
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import pytest

from shotwright.generator.errors import (
    CODES,
    BadRequest,
    Busy,
    Cancelled,
    Conflict,
    ShotwrightError,
    Unauthorized,
    from_body,
)
from shotwright.tools import AsyncStudio, Studio
from shotwright.tools.studio import wire
from shotwright.tools.studio.studio import Studio as Inside
from shotwright.tools.studio.wire import CameraMove
from shotwright.tools.verbs import VERBS

FACES = ["local", "server"]


@pytest.fixture(scope="module", params=FACES)
def face(request: pytest.FixtureRequest, crewed: Inside) -> Iterator[Studio]:
    """The same data directory, reached both ways."""
    if request.param == "local":
        opened = Studio(home=crewed.settings.home)
    else:
        url, token = request.getfixturevalue("served")
        opened = Studio(url, token=token)
    yield opened
    opened.close()


def refused(call: Callable[[], object]) -> ShotwrightError:
    with pytest.raises(ShotwrightError) as caught:
        call()
    return caught.value


def test_importing_the_package_loads_nothing_and_the_studio_nothing_heavy() -> None:
    code = (
        "import sys, shotwright.tools; bare = set(sys.modules);"
        "from shotwright.tools import Studio; print(*bare); print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    bare, named = (set(line.split()) for line in done.stdout.splitlines())
    assert not {"pydantic", "anyio", "numpy"} & bare
    assert not {"torch", "diffusers", "transformers", "dbos", "langchain", "cv2", "av"} & named


def test_both_studios_have_every_verb_with_the_arguments_of_its_model() -> None:
    sync, awaited = Studio("http://127.0.0.1:9"), AsyncStudio("http://127.0.0.1:9")
    for verb in VERBS:
        method = getattr(sync, verb.name)
        assert list(inspect.signature(method).parameters) == list(verb.arguments.model_fields)
        assert method.__doc__ == getattr(awaited, verb.name).__doc__ == verb.description
    sync.close()
    sync.close()
    anyio.run(awaited.close)


def test_type_checkers_see_which_arguments_may_be_left_out() -> None:
    # to them Field(None) has no default, unless pydantic's own plugin is there
    for node in ast.walk(ast.parse(inspect.getsource(wire))):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "Field":
            assert not node.args, f"wire.py:{node.lineno}: write Field(default=…)"


def test_a_clip_is_asked_for_waited_for_and_saved(
    face: Studio, small: dict[str, Any], tmp_path: Path
) -> None:
    moves = [CameraMove(move="pan_left", amount=10)]
    plan = face.generate_video(prompt="a red ball", camera=moves, dry_run=True, **small)
    assert {"effective", "adjustments", "warnings", "expected_s"} <= plan.keys()
    asked: dict[str, Any] = {"prompt": "a white boat rests at sea", "seed": 21, **small}
    job = face.generate_video(**asked, wait_s=0, request_key="client-boat")
    assert face.wait(job, timeout_s=0)["job_id"] == job["job_id"]
    ended = face.wait(job["job_id"])
    assert ended["state"] == "succeeded", ended["error"]
    result = face.result(ended)
    assert json.loads(json.dumps(ended)) == ended and result == ended["result"]
    (take,) = result["takes"]
    clip = face.save(take["take_id"], tmp_path / "boat.mp4")
    assert clip.read_bytes()[4:8] == b"ftyp"
    (tmp_path / "plain").touch()
    assert clip.stat().st_mode == (tmp_path / "plain").stat().st_mode, "as any new file"
    assert face.save(take["take_id"], str(tmp_path / "boat.jpg")).read_bytes()[:2] == b"\xff\xd8"
    assert isinstance(refused(lambda: face.save(take["take_id"], clip)), Conflict)
    assert refused(lambda: face.save(take["take_id"], tmp_path / "boat.gif")).code == "not_found"
    assert isinstance(
        refused(lambda: face.save(take["take_id"], tmp_path / "no/b.mp4")), BadRequest
    )
    assert {path.name for path in tmp_path.iterdir()} == {"boat.mp4", "boat.jpg", "plain"}


def test_a_picture_of_this_machine_is_given_to_the_studio(face: Studio, picture: str) -> None:
    upload = face.upload(picture)
    assert upload["upload_id"].startswith("upload_") and upload["kind"] == "image"
    plan = face.generate_video(prompt="a ball", image=upload["upload_id"], dry_run=True)
    assert plan["effective"]
    assert refused(lambda: face.upload("/nowhere/kettle.png")).field == "path"


def test_errors_are_the_same_both_ways(crewed: Inside, served: tuple[str, str]) -> None:
    calls: list[Callable[[Studio], object]] = [
        lambda s: s.generate_video(prompt="x", promt="y"),  # type: ignore[call-arg]
        lambda s: s.generate_video(prompt="x", frames=10),
        lambda s: s.generate_video(prompt="x", duration_s=float("inf")),
        lambda s: s.generate_video(prompt="x", model="sora"),
        lambda s: s.get_job(job_id="job_none"),
        lambda s: s.make_film(script=""),
        lambda s: s.plan_shots(plan={"shots": object()}),
        lambda s: s.wait({"effective": {}}),
    ]
    with Studio(home=crewed.settings.home) as local, Studio(served[0], token=served[1]) as far:
        for call in calls:
            here, there = refused(lambda c=call: c(local)), refused(lambda c=call: c(far))  # type: ignore[misc]
            assert type(here) is type(there) and here.body() == there.body()


def test_a_cancelled_job_raises_its_own_error(face: Studio) -> None:
    job = face.make_film(script="A ball rolls. It stops. Night falls.", wait_s=0, seed=77)
    cancelled = face.cancel_job(job_id=job["job_id"])
    assert face.wait(cancelled)["state"] == "cancelled"
    error = refused(lambda: face.result(job))
    assert isinstance(error, Cancelled) and error.code == "cancelled"


def test_the_async_studio_serves_many_calls_at_once(served: tuple[str, str]) -> None:
    found: list[str] = []

    async def run() -> None:
        async with AsyncStudio(served[0], token=served[1]) as studio:

            async def plan(script: str) -> None:
                found.append((await studio.plan_shots(script=script))["plan"]["shots"][0]["id"])

            async with anyio.create_task_group() as group:
                for n in range(8):
                    group.start_soon(plan, f"A red ball rolls through the hills {n} times.")

    anyio.run(run)
    assert len(found) == 8


def test_a_wrong_token_a_silent_address_and_a_stranger_are_told_apart(
    served: tuple[str, str], llm_server: Any
) -> None:
    with Studio(served[0], token="wröng") as studio:
        assert isinstance(refused(lambda: studio.list_models()), Unauthorized)
    with Studio("http://127.0.0.1:9") as studio:
        silent = refused(lambda: studio.list_models())
    assert isinstance(silent, Busy) and silent.code == "unreachable" and silent.retryable
    llm_server.say((502, {}))
    with Studio(llm_server.url) as studio:
        assert "502" in refused(lambda: studio.list_models()).message


def test_contradictions_of_the_constructor_are_refused() -> None:
    assert refused(lambda: Studio(token="t")).field == "token"
    assert refused(lambda: Studio("http://a:1", home="/tmp")).field == "home"
    for url in ("gpu:8188", "http://[::1", "http://gpu:99999", "http://gpu\0"):
        assert refused(partial(Studio, url)).field == "url"
    assert refused(lambda: Studio("http://a:1", token="of a file\n")).field == "token"


def test_arguments_go_by_name() -> None:
    with Studio("http://127.0.0.1:9") as studio, pytest.raises(TypeError, match="by name"):
        studio.generate_video("a red ball")  # type: ignore[call-arg]


def test_a_number_that_json_has_not_is_refused_by_its_argument() -> None:
    with Studio("http://127.0.0.1:9") as studio:
        error = refused(lambda: studio.generate_video(prompt="a ball", duration_s=float("nan")))
    assert (error.field, error.value) == ("duration_s", "NaN")


def test_a_script_that_forgets_to_close_ends() -> None:
    code = "from shotwright.tools import Studio; Studio('http://127.0.0.1:9')"
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True, timeout=60)


@pytest.mark.parametrize("code", CODES)
def test_an_error_survives_the_wire(code: str) -> None:
    body = {
        "code": code,
        "message": "m",
        "fix": "f",
        "retryable": True,
        "field": "a",
        "value": 1,
        "allowed": [2],
    }
    assert from_body(body).body() == body
