"""One look at the jobs for all open pages, and the stream that tells each page what changed.

However many pages are open, the database is asked once each `LOOK_S`, and only while a page listens.  A page that does
not read is cut off; it holds no queue, only the last state that it was sent.  Knows no templates.
Try: python -m pytest tests/server/web/test_watch.py
"""

import json
import logging
from collections.abc import Mapping
from typing import Any

import anyio
from starlette.types import Receive, Scope, Send

from shotwright.server.web import words
from shotwright.tools.studio.studio import Studio

LOG = logging.getLogger(__name__)

LOOK_S = 0.4
"""A page is at most this, the worker's 0.1 s and a round trip behind."""
ALIVE_S = 15.0
"""A stream says something at least so often, so that a broken connection shows."""
STALLED_S = 20.0
"""A page that has not taken what it was sent for so long is cut off."""
STREAM_S = 600.0
"""A stream ends after so long; the browser opens the next by itself."""
MAX_STREAMS = 300

State = Mapping[str, tuple[Any, ...]]
"""job or worker id -> what is told of it."""


class Watch:
    """The shared look.  `run` belongs to the app's life; `stream` answers one page."""

    def __init__(self, studio: Studio) -> None:
        self.studio = studio
        self.state: State = {}
        self.version = 0
        self.streams = 0
        self._changed = anyio.Event()
        self._wanted = anyio.Event()
        self._fresh = anyio.Event()
        self._told: dict[tuple[int, int], bytes] = {}

    async def run(self) -> None:
        """Look while anyone listens, until cancelled."""
        while True:
            await self._wanted.wait()
            try:
                self._take(await self.studio.blocking(self._look))
            except Exception:  # whatever it raises: the app's life must not end with it
                LOG.exception("the jobs could not be looked at; trying again")
            await anyio.sleep(LOOK_S)
            if not self.streams:
                # what is known grows old from here: the next page waits for a new look
                self._wanted, self._fresh = anyio.Event(), anyio.Event()

    def _look(self) -> State:
        queue = self.studio.jobs
        found: dict[str, tuple[Any, ...]] = {}
        for place, job in enumerate(queue.live()):
            progress, eta = round(job["progress"], 3), job["eta_s"]
            facts = (job["state"], job["phase"], progress, eta, place, job["priority"])
            found[job["job_id"]] = facts
        for worker in queue.workers():
            found[f"worker {worker['worker_id']}"] = (worker["state"], worker["job_id"] or "")
        return found

    def _take(self, found: State) -> None:
        self._fresh.set()
        if found == self.state:
            return
        before, self.state = self.state, found
        self.version += 1
        self._told = {(self.version - 1, self.version): message(before, found)}
        self._changed.set()
        self._changed = anyio.Event()

    async def stream(self, scope: Scope, receive: Receive, send: Send) -> None:
        """An ASGI app: the state, and then each change, as server-sent events."""
        if self.streams >= MAX_STREAMS:
            busy = [(b"retry-after", b"30")]
            await send({"type": "http.response.start", "status": 503, "headers": busy})
            await send({"type": "http.response.body", "body": b""})
            return
        self.streams += 1
        self._wanted.set()
        try:
            async with anyio.create_task_group() as group:

                async def leave() -> None:
                    while (await receive())["type"] != "http.disconnect":
                        pass
                    group.cancel_scope.cancel()

                group.start_soon(leave)
                with anyio.move_on_after(STREAM_S) as lasting:
                    await self._tell(send)
                if lasting.cancelled_caught:
                    await send({"type": "http.response.body", "body": b""})
                group.cancel_scope.cancel()
        finally:
            self.streams -= 1

    async def _tell(self, send: Send) -> None:
        seen: State | None
        headers = [
            (b"content-type", b"text/event-stream"),
            (b"cache-control", b"no-store"),
            (b"x-content-type-options", b"nosniff"),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        seen, version = None, -1
        while True:
            data = b": here\n\n"
            if self._fresh.is_set() and self.version > version:
                data = self._told.get((version, self.version)) or message(seen, self.state)
                seen, version = self.state, self.version
            with anyio.move_on_after(STALLED_S) as sending:
                await send({"type": "http.response.body", "body": data, "more_body": True})
            if sending.cancelled_caught:
                LOG.warning("a page does not read its events: cut off")
                return
            news = self._changed if self._fresh.is_set() else self._fresh
            if self.version == version or not self._fresh.is_set():
                with anyio.move_on_after(ALIVE_S):
                    await news.wait()


def message(before: State | None, after: State) -> bytes:
    """One event: what is new or different, and what is no more; all of it for a page that has nothing yet."""
    known = before or {}
    jobs, workers = {}, {}
    for name, facts in after.items():
        if known.get(name) == facts:
            continue
        kind, _, worker_id = name.partition(" ")
        if kind == "worker":
            workers[worker_id] = {"state": facts[0], "job_id": facts[1]}
            continue
        state, phase, progress, eta_s, place, priority = facts
        jobs[name] = {
            "state": state,
            "phase": {"en": phase, "zh": words.phase(phase, "zh")},
            "progress": progress,
            "eta_s": eta_s,
            "place": place,
            "priority": priority,
        }
    data = {
        "whole": before is None,
        "jobs": jobs,
        "workers": workers,
        "gone": sorted(known.keys() - after.keys()),
    }
    return f"event: jobs\ndata: {json.dumps(data, ensure_ascii=False)}\n\n".encode()
