"""The queue: jobs that wait, run and have ended; the workers, their memory and log.

Try: python -m pytest tests/server/web/test_pages.py
"""

from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from shotwright.server.web import words
from shotwright.server.web.desk import Desk, title_of

LIVE = 100
ENDED = 20
LOG_BYTES = 16_000


class Waiting:
    """The page and its live parts."""

    def __init__(self, desk: Desk) -> None:
        self.desk, self.studio = desk, desk.studio

    def routes(self) -> list[BaseRoute]:
        return [
            self.desk.get("/queue", self.page),
            self.desk.get("/web/live", self.live),
            self.desk.get("/web/workers", self.workers),
            self.desk.get("/web/log", self.log),
        ]

    async def page(self, request: Request) -> Response:
        await self.studio.queue()
        language = self.desk.language(request)
        return self.desk.page(
            request,
            "queue.html",
            **await self.studio.blocking(self._jobs, language),
            workers=await self.studio.blocking(self._workers),
        )

    async def live(self, request: Request) -> Response:
        jobs = await self.studio.blocking(self._jobs, self.desk.language(request))
        return self.desk.page(request, "live.html", **jobs)

    async def workers(self, request: Request) -> Response:
        return self.desk.page(
            request, "workers.html", workers=await self.studio.blocking(self._workers)
        )

    async def log(self, request: Request) -> Response:
        """The end of the log of the worker that this front starts."""
        text = await self.studio.blocking(_tail, self.studio.settings.home / "worker.log")
        return self.desk.page(request, "log.html", text=text)

    def _jobs(self, language: words.Language) -> dict[str, Any]:
        """The rows of what waits or runs, first served first, and of what has ended, newest first."""
        queue = self.studio.jobs
        order = [job["job_id"] for job in queue.live()[:LIVE]]
        live = [_row(queue.row(job_id), language) for job_id in order]
        rows, _ = queue.page(state=None, limit=100, cursor=None)
        ended = [row for row in rows if row["ended_at"] is not None][:ENDED]
        return {"live": live, "ended": [_row(row, language) for row in ended]}

    def _workers(self) -> list[dict[str, Any]]:
        queue = self.studio.jobs
        memory = queue.memory()
        return [{**worker, "memory": memory.get(worker["worker_id"])} for worker in queue.workers()]


def _row(row: dict[str, Any], language: words.Language) -> dict[str, Any]:
    """A job as the page's row shows it."""
    result = row["result"] or {}
    href = None
    if "film_id" in result:
        href = f"/film/{result['film_id']}"
    elif result.get("best"):
        href = f"/take/{result['best']}"
    return {
        **row,
        "title": title_of(row["arguments"]),
        "phase_words": words.phase(row["phase"], language),
        "href": href,
    }


def _tail(path: Path) -> str:
    try:
        with path.open("rb") as log:
            log.seek(max(0, path.stat().st_size - LOG_BYTES))
            return log.read().decode("utf-8", "replace")
    except OSError:
        return ""
