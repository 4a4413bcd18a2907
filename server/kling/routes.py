"""Kling's endpoints: make a task, look at one by either id, list them.

A task is a job of ours; nothing is rendered here.  Every answer, refusals included, is in Kling's envelope.
"""

import contextlib
import logging
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from shotwright.generator.errors import NotFound, ShotwrightError
from shotwright.server.bodies import json_object
from shotwright.server.guard import KLING
from shotwright.server.kling import callbacks, door, refusals, wire
from shotwright.server.kling.objects import STATES, Entry, shown, taken
from shotwright.server.kling.refusals import KlingError, answered, refused, translated
from shotwright.server.kling.translate import (
    EXTENSION_S,
    KINDS,
    LONGEST_S,
    Kind,
    Translator,
    parse,
)
from shotwright.server.links import signed
from shotwright.tools import verbs
from shotwright.tools.settings import make_home
from shotwright.tools.studio.studio import Studio

if TYPE_CHECKING:
    from shotwright.server.kling.tasks import Tasks

LOG = logging.getLogger(__name__)
PAGE_SIZE, LARGEST_PAGE, LAST_PAGE = 30, 500, 1000
KIND = {kind.path: kind for kind in KINDS}
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
Endpoint = Callable[[Request], Awaitable[Response]]


def routes(studio: Studio) -> list[BaseRoute]:
    """The endpoints, and an answer of Kling's for whatever else is asked under /v1."""
    face = Face(studio)
    served: list[BaseRoute] = []
    for kind in KINDS:
        path = f"{KLING}/{kind.path}"
        served.append(Route(path, face.making(kind), methods=["POST"]))
        served.append(Route(path, face.listing(kind), methods=["GET"]))
        # a path: the client's own id may hold a slash
        served.append(Route(path + "/{id:path}", face.reading(kind), methods=["GET"]))
    served.append(Route(KLING + "/{path:path}", face.guarded(_no_route), methods=METHODS))
    return served


@contextlib.asynccontextmanager
async def calling_back(studio: Studio) -> AsyncIterator[None]:
    """Sends callbacks while the server runs, where its settings allow any."""
    if not studio.settings.callback_hosts:
        yield
        return
    face = Face(studio)
    await studio.queue()
    async with anyio.create_task_group() as group:
        group.start_soon(callbacks.Callbacks(studio.settings, face.tasks, face.now).run)
        yield
        group.cancel_scope.cancel()


class Face:
    """The endpoints over a studio."""

    def __init__(self, studio: Studio) -> None:
        self.studio = studio

    @cached_property
    def tasks(self) -> "Tasks":
        from shotwright.server.kling.tasks import Tasks

        return Tasks(self.studio.jobs)

    @property
    def translator(self) -> Translator:
        settings = self.studio.settings
        files = f"{settings.base_url}/files/"
        return Translator(self.studio.catalog, settings.kling_dialect, self._keep, files)

    def making(self, kind: Kind) -> Endpoint:
        async def endpoint(request: Request) -> Response:
            task = parse(kind, json_object(await request.body()))
            if task.callback_url:
                callbacks.check(task.callback_url, self.studio.settings)
            parent = task.video_id if isinstance(task, wire.VideoExtend) else None
            if parent is not None:
                await self.studio.blocking(self._check_length, parent)
            arguments = await self.translator.arguments(task)
            entry, row = await self._made(kind, task, arguments, parent)
            return answered(shown(entry, row, kind, self.link))

        return self.guarded(endpoint)

    async def _made(
        self, kind: Kind, task: wire.Task, arguments: dict[str, Any], parent: str | None
    ) -> tuple[Entry, dict[str, Any]]:
        """The job of a task, and its entry; a call with an external id that was made before is answered with it."""
        own = task.external_task_id or None  # clients send what they leave empty
        # Kling makes a new task of each call, so equal ones are kept apart; the client's own id makes them one
        arguments["request_key"] = f"kling:{own or uuid.uuid4().hex}"
        try:
            job = (await verbs.call(self.studio, kind.verb, arguments)).data
        except ShotwrightError as error:
            if error.code == "request_key_conflict":
                raise taken(own) from None
            raise
        entry = Entry(
            task_id=job["job_id"],
            path=kind.path,
            external_task_id=own,
            callback_url=task.callback_url,
            parent=parent,
            created_at=time.time(),
            due_at=time.time() if task.callback_url else None,
        )
        entry = await self.studio.blocking(lambda: self.tasks.add(entry))
        return entry, await self.studio.blocking(self.studio.jobs.row, entry.task_id)

    def reading(self, kind: Kind) -> Endpoint:
        async def endpoint(request: Request) -> Response:
            await self.studio.queue()
            entry = await self.studio.blocking(
                lambda: self.tasks.find(kind.path, request.path_params["id"])
            )
            row = await self.studio.blocking(self.studio.jobs.row, entry.task_id)
            if row["state"] in ("queued", "running"):
                await self.studio.ensure_worker()
            return answered(shown(entry, row, kind, self.link))

        return self.guarded(endpoint)

    def listing(self, kind: Kind) -> Endpoint:
        async def endpoint(request: Request) -> Response:
            number = _number(request, "pageNum", 1, LAST_PAGE)
            size = _number(request, "pageSize", PAGE_SIZE, LARGEST_PAGE)
            await self.studio.queue()
            return answered(await self.studio.blocking(self._page, kind, number, size))

        return self.guarded(endpoint)

    def _page(self, kind: Kind, number: int, size: int) -> list[dict[str, Any]]:
        entries = self.tasks.page(kind.path, number, size)
        return [shown(e, self.studio.jobs.row(e.task_id), kind, self.link) for e in entries]

    def now(self, entry: Entry) -> tuple[str, dict[str, Any]]:
        """State and task object of a task as it is."""
        row = self.studio.jobs.row(entry.task_id)
        return STATES[row["state"]], shown(entry, row, KIND[entry.path], self.link)

    def link(self, take_id: str, suffix: str) -> str:
        """The address of a take's file; it opens without a header, as Kling's do."""
        return signed(self.studio.settings, f"/files/{take_id}.{suffix}")

    def _check_length(self, take_id: str) -> None:
        """Kling's limit on continued clips.  Raises: KlingError, NotFound."""
        from shotwright.tools.studio.slates import read_slate

        if not take_id.startswith("take_"):
            raise NotFound(
                f"video_id {take_id!r} names no clip made here.",
                fix="use an id of task_result.videos.",
            )
        slate = read_slate(self.studio.store, take_id)
        length = slate.frames / slate.fps
        if length + EXTENSION_S > LONGEST_S:
            raise KlingError(
                refusals.VALUE,
                f"video_id: the clip has {length:g} s and would pass {LONGEST_S:g} s; extend_video goes on.",
            )

    async def _keep(self, name: str, data: bytes) -> str:
        await self.studio.blocking(make_home, self.studio.settings)
        with tempfile.TemporaryDirectory(prefix="upload-", dir=self.studio.settings.home) as folder:
            target = Path(folder) / "picture"
            await anyio.Path(target).write_bytes(data)
            record = await self.studio.intake.store_upload(target, name)
        return str(record["upload_id"])

    def guarded(self, endpoint: Endpoint) -> Endpoint:
        """The endpoint behind Kling's door, its failures in Kling's terms."""

        async def guarded(request: Request) -> Response:
            try:
                door.check(request.headers.get("authorization"), self.studio.settings)
                return await endpoint(request)
            except KlingError as error:
                return refused(error)
            except ShotwrightError as error:
                return refused(translated(error))
            except (
                Exception
            ):  # the edge of the rooms: a fault of ours, in the envelope that a client reads
                LOG.exception("%s failed", request.url.path)
                return refused(KlingError(refusals.FAULT, "the server failed; see its log."))

        return guarded


def _number(request: Request, name: str, default: int, largest: int) -> int:
    text = request.query_params.get(name, str(default))
    if text.isascii() and text.isdigit() and len(text) < 6 and 1 <= int(text) <= largest:
        return int(text)
    raise KlingError(refusals.VALUE, f"{name} {text[:20]!r} is not from 1 to {largest}.")


async def _no_route(request: Request) -> Response:
    paths = ", ".join(f"{KLING}/{kind.path}" for kind in KINDS)
    return refused(
        KlingError(
            refusals.METHOD,
            f"{request.method} {request.url.path[:200]} is not served here; there are {paths}.",
        )
    )
