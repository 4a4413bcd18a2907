"""The command line: what it prints where, with which exit code, and what it loads."""

import json
import os
import signal
import subprocess
import sys
import time
import tomllib
from pathlib import Path
from typing import Any

import pytest

from shotwright.server.commands import FROM_FILE, MAIN, arguments, parameters
from shotwright.server.hosts import HOSTS, host_config
from shotwright.server.main import INTERRUPTED, main
from shotwright.tools.settings import from_environment
from shotwright.tools.studio.pictures import png
from shotwright.tools.studio.queue import JobQueue
from shotwright.tools.verbs import BY_NAME, VERBS, Verb, parse

COMMANDS = ("stdio", "serve", "worker", "workers", "doctor", "config", "setup", "demo")
EVERY_VERB = pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.command)


@pytest.fixture
def shotwright(
    monkeypatch: pytest.MonkeyPatch, home: Path, capsys: pytest.CaptureFixture[str]
) -> "_Shotwright":
    for name in list(os.environ):
        if name.startswith("SHOTWRIGHT_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("SHOTWRIGHT_HOME", str(home))
    return _Shotwright(monkeypatch, capsys)


class _Shotwright:
    """The command run in this process: its exit code, stdout and stderr."""

    def __init__(self, patch: pytest.MonkeyPatch, captured: pytest.CaptureFixture[str]) -> None:
        self._patch, self._captured = patch, captured

    def __call__(self, *words: str) -> tuple[int, str, str]:
        self._patch.setattr(sys, "argv", ["shotwright", *words])
        code = main()
        out, err = self._captured.readouterr()
        return code, out, err

    def json(self, *words: str) -> tuple[int, Any]:
        """The one object on stdout."""
        code, out, _ = self(*words, "--json")
        assert out.endswith("\n") and out.count("\n") == 1
        return code, json.loads(out)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture
def attended(home: Path) -> JobQueue:
    """The job queue with a worker that counts as alive, so that no front starts one."""
    jobs = JobQueue(from_environment({}, home=home), clock=lambda: time.time() + 3600)
    jobs.beat("far-away", pid=1, device="cpu", state="idle", job_id=None)
    jobs.close()
    return JobQueue(from_environment({}, home=home))


# Help and version


def test_help_names_every_command(shotwright: _Shotwright) -> None:
    code, out, _ = shotwright("--help")
    listed = {
        line.split()[0] for line in out.partition("Commands:")[2].splitlines() if line.strip()
    }
    assert code == 0 and {*COMMANDS, *(verb.command for verb in VERBS)} <= listed
    assert shotwright()[1] == out


@EVERY_VERB
def test_a_verbs_help_names_every_argument(shotwright: _Shotwright, verb: Verb) -> None:
    code, out, _ = shotwright(verb.command, "--help")
    assert code == 0
    for name in verb.arguments.model_fields:
        assert f"--{name.replace('_', '-')}" in out


def test_version_is_the_packages(shotwright: _Shotwright) -> None:
    from importlib.metadata import version

    assert shotwright("--version") == (0, f"shotwright {version('shotwright')}\n", "")


def test_importing_the_command_line_loads_nothing_heavy() -> None:
    heavy = (
        "torch",
        "diffusers",
        "langchain",
        "transformers",
        "dbos",
        "cv2",
        "av",
        "mcp",
        "uvicorn",
    )
    code = "import sys, shotwright.server.main as m; m.main(); print(*sys.modules, file=sys.stderr)"
    done = subprocess.run(
        [sys.executable, "-c", code, "--help"], capture_output=True, text=True, check=True
    )
    assert not set(heavy) & set(done.stderr.split())


# Options from the verbs' arguments


@EVERY_VERB
def test_positional_words_are_arguments_of_the_verb(verb: Verb) -> None:
    assert set(MAIN.get(verb.name, ())) <= set(verb.arguments.model_fields)
    required = {n for n, field in verb.arguments.model_fields.items() if field.is_required()}
    assert required <= {*MAIN.get(verb.name, ()), "camera"}
    assert len({parameter.name for parameter in parameters(verb)}) == len(parameters(verb))


@pytest.mark.parametrize(
    ("verb", "typed", "expected"),
    [
        ("generate_video", {"prompt_word": "a ball", "frames": "17"}, {"prompt": "a ball", "frames": 17}),
        ("generate_video", {"camera": "[Zoom in]"}, {"camera": "[Zoom in]"}),
        ("generate_video", {"camera": "pan left, slow"}, {"camera": "pan left, slow"}),
        ("generate_video", {"rewrite": False, "dry_run": True}, {"rewrite": False, "dry_run": True}),
        ("view_video", {"video": "take_1", "at_s": ["0.5", "1"]}, {"video": "take_1", "at_s": [0.5, 1.0]}),
        ("make_film", {"script": "A.", "images": ["a.png", "b.png"]}, {"script": "A.", "images": ["a.png", "b.png"]}),
        (
            "make_film",
            {"brief": '{"product": "kettle", "selling_points": ["quiet"]}'},
            {"brief": {"product": "kettle", "selling_points": ["quiet"]}},
        ),
        ("make_film", {"film_id": "film_1", "edits": ['[{"shot": "S1", "op": "reshoot"}]']},
         {"film_id": "film_1", "edits": [{"shot": "S1", "op": "reshoot"}]}),
        ("generate_video", {"keyframes": ['{"image": "a.png", "at_s": 0}', '{"image": "b.png", "at_s": 1}']},
         {"keyframes": [{"image": "a.png", "at_s": 0.0}, {"image": "b.png", "at_s": 1.0}]}),
        ("set_priority", {"job_id_word": "job_1", "priority_word": "3"}, {"job_id": "job_1", "priority": 3}),
    ],
)  # fmt: skip
def test_what_is_typed_becomes_the_verbs_arguments(
    verb: str, typed: dict[str, Any], expected: dict[str, Any]
) -> None:
    asked = arguments(BY_NAME[verb], typed)
    model = parse(BY_NAME[verb].arguments, asked)
    assert model.model_dump(exclude_unset=True) == expected


def test_camera_moves_are_read_from_json() -> None:
    moves = '[{"move": "dolly_in", "amount": 0.2}]'
    asked = arguments(BY_NAME["move_camera"], {"image_word": "a.png", "camera": moves})
    assert asked["camera"] == [{"move": "dolly_in", "amount": 0.2}]


@pytest.mark.parametrize("name", FROM_FILE)
def test_an_at_sign_reads_a_file(tmp_path: Path, name: str) -> None:
    verb = BY_NAME["generate_video" if name == "keyframes" else "make_film"]
    path = tmp_path / "typed"
    path.write_text('{"a": "紅球"}', encoding="utf-8")
    given: Any = [f"@{path}"] if name in ("edits", "keyframes") else f"@{path}"
    read = arguments(verb, {name: given})[name]
    assert "紅球" in json.dumps(read, ensure_ascii=False)


# Exit codes and errors


@pytest.mark.parametrize(
    ("words", "code", "field"),
    [
        (("generate", "x", "--frames", "18"), "invalid_frames", "frames"),
        (("generate", "x", "--frames", "many"), "invalid_frames", "frames"),
        (("generate", "x", "--quality", "best"), "invalid_argument", "quality"),
        (("generate", "x", "--prompt", "y"), "invalid_argument", "prompt"),
        (("generate", "x", "--camera", "{pan"), "invalid_argument", "camera"),
        (("generate", "x", "--camera", '[{"move": "pan_left"'), "invalid_argument", "camera"),
        (("generate", "x", "--no-wait", "--wait-s", "3"), "invalid_argument", "wait_s"),
        (("film", "@nowhere.txt"), "invalid_argument", "script"),
        (("film", "--plan", "{"), "invalid_plan", "plan"),
        (("film", " "), "invalid_script", "script"),
        (("view", "nowhere.mp4"), None, "video"),
        (("job", "job_0"), "not_found", "job_id"),
        (("extend",), "invalid_argument", "video"),
        (("generate", "--colour", "red"), "invalid_argument", None),
        (("paint",), "invalid_argument", None),
        (("serve", "--port", "x"), "invalid_argument", None),
        (("demo", "--out", f"{__file__}/film"), "invalid_argument", "out"),
    ],
)
def test_the_callers_mistake_is_one_object_and_exit_code_2(
    shotwright: _Shotwright, words: tuple[str, ...], code: str | None, field: str | None
) -> None:
    if words[0] in ("serve", "demo"):  # no --json of their own: the error is for eyes
        left, out, err = shotwright(*words)
        assert (left, out) == (2, "") and "invalid_argument" in err
        return
    left, body = shotwright.json(*words)
    assert left == 2 and list(body) == ["error"]
    assert code in (None, body["error"]["code"]) and body["error"]["field"] == field


def test_an_error_for_eyes_goes_to_stderr(shotwright: _Shotwright) -> None:
    code, out, err = shotwright("generate", "x", "--frames", "18")
    assert (code, out) == (2, "") and "4k+1" in err and "frames=17" in err


def test_a_broken_setting_is_the_callers_mistake(
    shotwright: _Shotwright, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOTWRIGHT_PORT", "eighty")
    code, body = shotwright.json("models")
    assert code == 2 and body["error"]["field"] == "SHOTWRIGHT_PORT"


def test_a_fault_of_ours_is_exit_code_1(
    shotwright: _Shotwright, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    broken = tmp_path / "jobs.sqlite"
    broken.write_bytes(b"no database" * 1000)
    monkeypatch.setenv("SHOTWRIGHT_DATABASE_URL", f"sqlite:///{broken}")
    code, body = shotwright.json("jobs")
    assert code == 1 and body["error"]["code"] == "internal"


def test_serving_other_machines_needs_a_token(shotwright: _Shotwright) -> None:
    code, out, err = shotwright("serve", "--host", "0.0.0.0", "--port", "0")
    assert (code, out) == (2, "") and "SHOTWRIGHT_TOKEN" in err


def test_a_taken_port_is_named(shotwright: _Shotwright) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as taken:
        code, _, err = shotwright("serve", "--port", str(taken.getsockname()[1]))
    assert code == 2 and "cannot listen" in err


# Answers


def test_a_direct_verb_prints_its_answer(shotwright: _Shotwright) -> None:
    code, plan = shotwright.json("plan", "A red ball rolls. Night falls.")
    assert code == 0 and plan["writer"] == "director"
    code, out, _ = shotwright("models")
    assert code == 0 and "mini" in out and "112x64" in out


def test_the_words_are_printed_as_they_were_given(shotwright: _Shotwright) -> None:
    code, out, _ = shotwright("plan", "紅球滾過山丘。夜幕降臨。", "--json")
    assert code == 0 and "紅球" in out


def test_a_job_is_made_and_not_waited_for(shotwright: _Shotwright, attended: JobQueue) -> None:
    code, job = shotwright.json("generate", "a red ball", "--no-wait")
    assert code == 0 and job["state"] == "queued"
    assert shotwright.json("job", job["job_id"])[1]["state"] == "queued"
    assert shotwright.json("priority", job["job_id"], "1")[0] == 0
    assert job["job_id"] in shotwright("jobs")[1]
    assert shotwright.json("cancel", job["job_id"])[1]["state"] == "cancelled"
    assert attended.row(job["job_id"])["state"] == "cancelled"
    attended.close()


def test_a_dry_run_prints_the_plan(shotwright: _Shotwright) -> None:
    code, plan = shotwright.json("generate", "a red ball", "--dry-run")
    assert code == 0 and plan["effective"]["frames"] == 17


def test_ctrl_c_ends_the_waiting_and_not_the_job(attended: JobQueue, home: Path) -> None:
    command = [sys.executable, "-m", "shotwright.server.main", "generate", "a blue bird", "--json"]
    environment = {**os.environ, "SHOTWRIGHT_HOME": str(home)}
    process = subprocess.Popen(
        command,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # a suite that runs in the background has it ignored, and children inherit that
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL) and None,
    )
    assert process.stderr is not None
    told = process.stderr.readline()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == INTERRUPTED
    job = json.loads(out)
    assert told == f"{job['job_id']}: queued\n" and f"shotwright job {job['job_id']}" in err
    assert attended.row(job["job_id"])["state"] == "queued"
    attended.cancel(job["job_id"])
    attended.close()


def test_view_writes_the_sheet_beside_and_never_over_the_file(
    shotwright: _Shotwright, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import numpy as np

    monkeypatch.chdir(tmp_path)
    picture = png(np.full((64, 112, 3), 90, np.uint8), {})
    Path("kettle.jpg").write_bytes(picture)
    code, out, _ = shotwright("view", "kettle.jpg")
    assert code == 0 and Path(out.strip()) == tmp_path / "kettle-sheet.jpg"
    assert Path("kettle.jpg").read_bytes() == picture
    _, upload = shotwright.json("import", "kettle.jpg")
    _, seen = shotwright.json("view", upload["upload_id"])
    assert seen["files"] == [str(tmp_path / f"{upload['upload_id']}.jpg")]
    _, seen = shotwright.json("view", "kettle.jpg", "--out", "here.jpg")
    assert Path("here.jpg").read_bytes().startswith(b"\xff\xd8") and seen["files"] == [
        str(tmp_path / "here.jpg")
    ]


def test_workers_are_listed_by_their_wire_names(
    shotwright: _Shotwright, attended: JobQueue
) -> None:
    attended.close()
    code, workers = shotwright.json("workers")
    assert code == 0
    assert list(workers[0]) == ["worker_id", "pid", "device", "state", "heartbeat_age_s", "job_id"]
    assert "far-away" in shotwright("workers")[1]


# Hosts


@pytest.mark.parametrize("host", HOSTS)
def test_a_host_is_told_an_absolute_command(shotwright: _Shotwright, host: str) -> None:
    code, out, _ = shotwright("config", "--host", host)
    told = tomllib.loads(out) if HOSTS[host].form == "toml" else json.loads(out)
    servers = told[HOSTS[host].table]
    entry = servers["shotwright"]
    assert code == 0 and list(servers) == ["shotwright"]
    assert Path(entry["command"]).is_absolute() and Path(entry["command"]).exists()
    assert entry["args"][-1] == "stdio"
    assert entry.get("type", "stdio") == "stdio"


def test_all_hosts_are_printed_when_none_is_named(shotwright: _Shotwright) -> None:
    code, out, _ = shotwright("config")
    assert code == 0 and list(json.loads(out)) == list(HOSTS)
    assert shotwright("config", "--host", "emacs")[0] == 2


def test_a_hosts_json_keeps_the_settings_and_no_secret() -> None:
    environment = {
        "SHOTWRIGHT_HOME": "/data",
        "SHOTWRIGHT_TOKEN": "secret",
        "SHOTWRIGHT_LLM_API_KEY": "secret",
        "PATH": "/bin",
    }
    entry = host_config("cursor", environment)["mcpServers"]["shotwright"]
    assert entry["env"] == {"SHOTWRIGHT_HOME": "/data"}
    assert "env" not in host_config("cursor", {})["mcpServers"]["shotwright"]


def test_the_configured_command_speaks_mcp_and_answers_a_request_that_does_not_read(
    home: Path,
) -> None:
    entry = host_config("claude-desktop", {})["mcpServers"]["shotwright"]
    call = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "initialize",
        "params": {
            "protocolVersion": "2025-11-25",
            "capabilities": {},
            "clientInfo": {"name": "test", "version": "1"},
        },
    }
    done = subprocess.run(
        [entry["command"], *entry["args"]],
        input=json.dumps(call)
        + '\nhello\n{"id": 2, "jsonrpc": "2.0", "method": "a \\ud83d cut sign"}\n',
        env={**os.environ, "SHOTWRIGHT_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    said = {answer["id"]: answer for answer in map(json.loads, done.stdout.splitlines())}
    assert said[1]["result"]["serverInfo"]["name"] == "shotwright"
    assert said[2]["error"]["code"] == -32700 and len(said) == 2
