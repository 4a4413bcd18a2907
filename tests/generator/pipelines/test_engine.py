"""An outside engine, spoken to over HTTP: a real server on the loopback that has the wire format."""

import json
import math
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shotwright.generator.catalog import load_catalog
from shotwright.generator.clipspec import ClipSpec
from shotwright.generator.encode import write_mp4
from shotwright.generator.errors import BadRequest, Cancelled, RenderFailed
from shotwright.generator.frames import Frames, Given
from shotwright.generator.pipelines import open_engine
from shotwright.generator.pipelines.engine import HttpEngine


class Program:
    """What the server was told and what it does next."""

    def __init__(self, clip: bytes) -> None:
        self.clip = clip
        self.fields: dict[str, bytes] = {}
        self.calls: list[str] = []
        self.answers: list[int] = []
        self.polls = [
            {"status": "queued", "progress": 0},
            {"status": "in_progress", "progress": 50},
            {"status": "completed", "progress": 100, "inference_time_s": 1.5},
        ]


@pytest.fixture
def clip() -> Frames:
    rows, columns = np.mgrid[0:64, 0:64]
    frames = [np.stack([(columns + 4 * n) * 2, rows * 2, rows + columns], -1) for n in range(9)]
    return np.asarray(np.stack(frames).astype(np.uint8))


@pytest.fixture
def program(tmp_path: Path, clip: Frames) -> Program:
    write_mp4(tmp_path / "clip.mp4", clip, fps=8, metadata={})
    return Program((tmp_path / "clip.mp4").read_bytes())


@pytest.fixture
def server(program: Program) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *arguments: Any) -> None:
            pass

        def answer(self, status: int, body: bytes, kind: str = "application/json") -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def busy(self) -> bool:
            program.calls.append(f"{self.command} {self.path}")
            if program.answers and (status := program.answers.pop(0)) != 200:
                self.answer(status, b'{"error": {"message": "no"}}')
                return True
            return False

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.busy():
                return
            head = f"Content-Type: {self.headers['Content-Type']}\r\n\r\n".encode()
            for part in BytesParser().parsebytes(head + body).get_payload():
                name = part.get_param("name", header="content-disposition")  # type: ignore[union-attr]
                program.fields[str(name)] = part.get_payload(decode=True)  # type: ignore[assignment,union-attr]
            self.answer(200, b'{"id": "video_1", "status": "queued", "progress": 0}')

        def do_GET(self) -> None:
            if self.busy():
                return
            if self.path.endswith("/content"):
                self.answer(200, program.clip, "video/mp4")
                return
            told = program.polls.pop(0) if len(program.polls) > 1 else program.polls[0]
            self.answer(200, json.dumps({"id": "video_1", **told}).encode())

        def do_DELETE(self) -> None:
            if not self.busy():
                self.answer(200, b'{"id": "video_1", "deleted": true}')

    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{running.server_port}"
    running.shutdown()
    thread.join()
    running.server_close()


SPEC = ClipSpec("far", "a red ball", "", 64, 64, 9, 8, 7, 10, 3.0)


@pytest.fixture
def engine(server: str) -> Iterator[Callable[..., HttpEngine]]:
    opened: list[HttpEngine] = []

    def open_(source: str = server, **pipeline: Any) -> HttpEngine:
        card = replace(load_catalog().default, family="engine", source=source, pipeline=pipeline)
        made = HttpEngine(card, device="cpu", models=Path(), wait=lambda seconds: None)
        opened.append(made)
        return made

    yield open_
    for one in opened:
        one.close()


def test_a_clip_is_asked_for_watched_and_fetched(
    engine: Callable[..., HttpEngine], program: Program, clip: Frames
) -> None:
    seen: list[tuple[str, int, int]] = []
    far = engine(model="wan")
    made = far.render(SPEC, Given({0: clip[0]}), lambda *what: seen.append(what))
    assert made.shape == clip.shape
    assert np.abs(made.astype(int) - clip).mean() < 8
    told = {name: value.decode() for name, value in program.fields.items() if name[0] != "i"}
    assert told["size"] == "64x64" and told["num_frames"] == "9" and told["model"] == "wan"
    assert told["seed"] == "7" and told["num_inference_steps"] == "10"
    assert program.fields["input_reference"].startswith(b"\x89PNG")
    assert seen == [
        ("denoising", 0, 10),
        ("denoising", 0, 10),
        ("denoising", 5, 10),
        ("decoding", 0, 1),
    ]
    assert far.told()["inference_time_s"] == 1.5


def test_a_cancelled_job_is_cancelled_there_too(
    engine: Callable[..., HttpEngine], program: Program
) -> None:
    def stop(phase: str, step: int, steps: int) -> None:
        if step == 5:
            raise Cancelled("enough")

    with pytest.raises(Cancelled):
        engine().render(SPEC, Given(), stop)
    assert program.calls[-1] == "DELETE /v1/videos/video_1"


def test_a_busy_engine_is_asked_again(engine: Callable[..., HttpEngine], program: Program) -> None:
    program.answers = [503, 200, 502, 429, 200]
    assert engine().render(SPEC, Given(), lambda *what: None).shape[0] == 9
    assert program.calls.count("POST /v1/videos") == 2


def test_a_submission_that_may_have_been_taken_is_not_sent_again(
    engine: Callable[..., HttpEngine], program: Program
) -> None:
    program.answers = [504, 200]
    with pytest.raises(RenderFailed, match="answered 504"):
        engine().render(SPEC, Given(), lambda *what: None)
    assert program.calls == ["POST /v1/videos"]


def test_a_rendering_is_cancelled_while_the_engine_answers_nothing(
    engine: Callable[..., HttpEngine], program: Program
) -> None:
    program.answers = [200, *[503] * 9]
    asked = 0

    def stop(phase: str, step: int, steps: int) -> None:
        nonlocal asked
        asked += 1
        if asked == 3:
            raise Cancelled("enough")

    with pytest.raises(Cancelled):
        engine().render(SPEC, Given(), stop)
    gets = program.calls.count("GET /v1/videos/video_1")
    assert gets == 2 and program.calls[-1].startswith("DELETE")


@pytest.mark.parametrize(
    ("answers", "polls", "message"),
    [
        ([400], None, "answered 400"),
        ([503] * 9, None, "answered 503"),
        ([], [{"status": "failed", "error": {"message": "no memory"}}], "failed: no memory"),
        ([], [{"status": "canceled", "error": "no room"}], "canceled: no room"),
        ([], [{"status": "in_progress", "progress": "half"}], "was not done after"),
        ([], [{"status": "in_progress", "progress": math.nan}], "was not done after"),
        ([], [{"status": "in_progress", "progress": -math.inf}], "was not done after"),
        ([], [{"progress": 50}], "a job without a status"),
        ([200, 302], None, "answered 302"),
        ([200, 200, 200, 200, 500], None, "answered 500"),
        ([200, 404], None, "answered 404"),
    ],
)
def test_each_failure_says_what_happened(
    answers: list[int],
    polls: list[dict[str, Any]] | None,
    message: str,
    engine: Callable[..., HttpEngine],
    program: Program,
) -> None:
    program.answers, program.polls = answers, polls or program.polls
    longest_s = 0.05 if "not done" in message else 60
    with pytest.raises(RenderFailed, match=message):
        engine(longest_s=longest_s).render(SPEC, Given(), lambda *what: None)


def test_a_clip_of_another_size_or_no_clip_is_refused(
    engine: Callable[..., HttpEngine], program: Program
) -> None:
    with pytest.raises(RenderFailed, match="asked were 17"):
        engine().render(replace(SPEC, frames=17), Given(), lambda *what: None)
    whole, program.polls = program.clip, [{"status": "completed"}]
    for clip in (b"", b"<!doctype html><html>gone</html>", whole[:40], whole[: len(whole) // 2]):
        program.clip = clip
        with pytest.raises(RenderFailed, match=r"no video|frames of 64x64, asked were 9") as odd:
            engine().render(SPEC, Given(), lambda *what: None)
        assert not odd.value.retryable


def test_what_the_wire_has_no_word_for_is_refused(
    engine: Callable[..., HttpEngine], program: Program, clip: Frames
) -> None:
    for given in (Given({8: clip[8]}), Given(prefix=clip[:5])):
        with pytest.raises(BadRequest, match="has no field for"):
            engine().render(SPEC, given, lambda *what: None)
    assert not program.calls


def test_an_engine_that_is_not_there_is_named() -> None:
    card = replace(load_catalog().default, family="engine", source="http://127.0.0.1:9")
    far = HttpEngine(card, device="cpu", models=Path(), wait=lambda seconds: None)
    with pytest.raises(RenderFailed, match="cannot be reached"):
        far.render(SPEC, Given(), lambda *what: None)
    far.close()
    with pytest.raises(BadRequest, match="no address of an engine"):
        HttpEngine(replace(card, source="http://[::1"), device="cpu", models=Path())


def test_a_card_opens_it_as_any_other_model(server: str) -> None:
    card = replace(load_catalog().default, family="engine", source=server)
    opened = open_engine(card, device="cpu", models=Path())
    assert isinstance(opened, HttpEngine)
    opened.close()
