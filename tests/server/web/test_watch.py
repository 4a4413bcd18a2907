"""One look at the jobs serves every page; a page is told what changed, and one that does not read is cut off."""

import json
from collections.abc import Callable
from typing import Any

import anyio
import pytest
from starlette.types import Message

from shotwright.server.web import watch as module
from shotwright.server.web.watch import Watch, message
from shotwright.tools.studio.studio import Studio

RUNS = ("running", "denoising 1/8", 0.1, 3.0, 0, 5)


def _data(event: bytes) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(event.decode().partition("data: ")[2])
    return found


def test_a_message_tells_what_changed_and_what_is_gone() -> None:
    whole = _data(message(None, {"job_1": RUNS, "worker w": ("busy", "job_1")}))
    assert whole["whole"] and whole["jobs"]["job_1"]["progress"] == 0.1
    assert whole["jobs"]["job_1"]["phase"]["zh"] == "去噪 1/8"
    assert whole["workers"] == {"w": {"state": "busy", "job_id": "job_1"}}
    before = {"job_1": RUNS, "job_2": RUNS}
    after = {"job_2": RUNS, "job_3": RUNS}
    change = _data(message(before, after))
    assert not change["whole"] and list(change["jobs"]) == ["job_3"] and change["gone"] == ["job_1"]


class _Page:
    """A client of the stream: what it was sent, and whether it reads."""

    def __init__(self, *, reads: bool = True) -> None:
        self.reads, self.sent = reads, list[bytes]()
        self.heard = anyio.Event()
        self.gone = anyio.Event()

    async def receive(self) -> Message:
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        if not self.reads and message["type"] == "http.response.body":
            await anyio.sleep_forever()
        self.sent.append(message.get("body", b""))
        if b"event: jobs" in self.sent[-1]:
            self.heard.set()


def _run(studio: Studio, act: Callable[[Watch], Any]) -> None:
    async def main() -> None:
        watch = Watch(studio)
        with anyio.fail_after(20):
            async with anyio.create_task_group() as group:
                group.start_soon(watch.run)
                await act(watch)
                group.cancel_scope.cancel()

    anyio.run(main)


def test_fifty_pages_cost_one_look_and_all_hear(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LOOK_S", 0.01)
    looks = 0

    async def act(watch: Watch) -> None:
        look = watch._look

        def counted() -> Any:
            nonlocal looks
            looks += 1
            return look()

        monkeypatch.setattr(watch, "_look", counted)
        pages = [_Page() for _ in range(50)]
        async with anyio.create_task_group() as group:
            for page in pages:
                group.start_soon(watch.stream, {}, page.receive, page.send)
            for page in pages:
                await page.heard.wait()
            made, _ = await studio.blocking(
                studio.jobs.submit,
                "generate_video",
                {"prompt": "watched"},
                {},
                workflow="clip",
                queue="render",
            )
            for page in pages:
                page.heard = anyio.Event()
            for page in pages:
                await page.heard.wait()
            assert all(made.encode() in page.sent[-1] for page in pages)
            assert looks < 50
            for page in pages:
                page.gone.set()
        assert watch.streams == 0
        before = looks
        for _ in range(5):
            await anyio.lowlevel.checkpoint()
        assert looks <= before + 1  # nobody listens: nobody looks

    _run(studio, act)


def test_a_look_that_fails_is_tried_again(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOK_S", 0.01)

    async def act(watch: Watch) -> None:
        look, failed = watch._look, list[str]()

        def failing() -> Any:
            if not failed:
                failed.append("once")
                raise OSError("the disk is gone")
            return look()

        monkeypatch.setattr(watch, "_look", failing)
        page = _Page()
        async with anyio.create_task_group() as group:
            group.start_soon(watch.stream, {}, page.receive, page.send)
            await page.heard.wait()
            page.gone.set()
        assert failed

    _run(studio, act)


def test_a_page_that_does_not_read_is_cut_off(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "STALLED_S", 0.05)

    async def act(watch: Watch) -> None:
        deaf = _Page(reads=False)
        await watch.stream({}, deaf.receive, deaf.send)
        assert watch.streams == 0

    _run(studio, act)


def test_there_are_no_more_streams_than_the_limit(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_STREAMS", 1)

    async def act(watch: Watch) -> None:
        first, second = _Page(), _Page()
        async with anyio.create_task_group() as group:
            group.start_soon(watch.stream, {}, first.receive, first.send)
            await first.heard.wait()
            await watch.stream({}, second.receive, second.send)
            assert second.sent == [b"", b""]
            first.gone.set()

    _run(studio, act)
