"""The HTTP front: MCP at /mcp, every verb at POST /api/<verb>, and what has been made at GET.

All bodies are JSON, errors included; `guard` stands before every route.
Try: python -m pytest tests/server/test_http.py
"""

import logging
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
from mcp.server.transport_security import TransportSecuritySettings
from starlette.applications import Starlette
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from shotwright.generator.errors import BadRequest, NotFound, ShotwrightError
from shotwright.server import openapi
from shotwright.server.bodies import json_object
from shotwright.server.files import blob_of, send_blob
from shotwright.server.guard import (
    EVERYWHERE,
    JSON_BYTES,
    UPLOADS,
    Guard,
    Limits,
    bracketed,
    check_exposure,
    error_response,
    json_response,
    known_names,
)
from shotwright.server.kling import routes as kling
from shotwright.server.mcp import StudioServer
from shotwright.server.statuses import status_of
from shotwright.server.web.routes import Web
from shotwright.tools import verbs
from shotwright.tools.settings import Settings, make_home
from shotwright.tools.studio.shown import Shown
from shotwright.tools.studio.studio import Studio

if TYPE_CHECKING:
    from shotwright.tools.studio.library import Kind

LOG = logging.getLogger(__name__)

MAX_PAGE = 100
TAKES: "tuple[Kind, ...]" = ("clip", "picture", "shot")


def create_app(studio: Studio, *, limits: Limits | None = None) -> Starlette:
    """The app over a studio, which it does not close.

    Raises: BadRequest when the settings would show it beyond this machine without a token.
    """
    settings = studio.settings
    check_exposure(settings)
    studio.serving = True
    mcp = StudioServer(studio).streamable_http_app(
        transport_security=transport_security(settings), max_request_body_size=JSON_BYTES
    )
    web = Web(studio)
    return Starlette(
        routes=[
            *mcp.routes,
            *_Routes(studio).all(),
            *web.routes,
            *kling.routes(studio),
        ],
        middleware=[Middleware(Guard, settings, limits)],
        exception_handlers={
            ShotwrightError: _failed,
            HTTPException: _refused,
            ClientDisconnect: _gone,
            Exception: _fault,
        },
        lifespan=_lifespan(studio, mcp, web),
    )


def _lifespan(studio: Studio, mcp: Starlette, web: Web) -> Callable[[Starlette], Any]:
    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        # the first runs the MCP sessions: routes that are moved to another app leave it behind
        async with mcp.router.lifespan_context(app), kling.calling_back(studio), web.running():
            yield

    return lifespan


def transport_security(settings: Settings) -> TransportSecuritySettings:
    """The MCP package's own check, told the same as the guard.

    On a front for every interface it is off: its lists cannot say "any address", and the guard, which can, has looked
    at the request already.
    """
    names = [bracketed(name) for name in known_names(settings)]
    origins = [f"{scheme}://{n}:{settings.port}" for n in names for scheme in ("http", "https")]
    return TransportSecuritySettings(
        enable_dns_rebinding_protection=settings.host not in EVERYWHERE,
        allowed_hosts=[*names, *(f"{name}:*" for name in names)],
        allowed_origins=[*origins, *([settings.public_url] if settings.public_url else [])],
    )


class _Routes:
    """The endpoints; each raises ShotwrightError for what goes wrong."""

    def __init__(self, studio: Studio) -> None:
        self.studio = studio

    def all(self) -> list[BaseRoute]:
        post = [
            Route(f"/api/{verb.name}", self._verb(verb.name), methods=["POST"], name=verb.name)
            for verb in verbs.VERBS
        ]
        return [
            *post,
            Route("/api/jobs", self.jobs),
            Route("/api/jobs/{id}", self.job),
            Route("/api/takes", self.takes),
            Route("/api/takes/{id}", self.take),
            Route("/api/films/{id}", self.film),
            Route(UPLOADS, self.upload, methods=["POST"]),
            Route("/files/{name}", self.file),
            Route("/openapi.json", self.openapi),
            Route("/health", self.health),
        ]

    def _verb(self, name: str) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            return await self._call(request, name, json_object(await request.body()))

        return endpoint

    async def _call(self, request: Request, name: str, arguments: dict[str, Any]) -> Response:
        """The verb's facts; a client that leaves ends only this waiting."""
        answer: list[Shown | ShotwrightError] = []

        async def work() -> None:
            try:
                answer.append(await verbs.call(self.studio, name, arguments))
            except ShotwrightError as error:
                answer.append(error)

        await _while_there(request, work)
        if not answer:
            raise ClientDisconnect()
        if isinstance(answer[0], ShotwrightError):
            raise answer[0]
        return json_response(answer[0].data)

    async def jobs(self, request: Request) -> Response:
        return await self._call(request, "list_jobs", _query(request))

    async def job(self, request: Request) -> Response:
        asked = {**_query(request), "job_id": request.path_params["id"]}
        return await self._call(request, "get_job", asked)

    async def takes(self, request: Request) -> Response:
        asked = _query(request)
        unknown = sorted(asked.keys() - {"limit", "cursor", "query"})
        if unknown:
            raise BadRequest(
                f"{unknown[0]} is no parameter of this list; use limit, cursor, query.",
                field=unknown[0],
                value=asked[unknown[0]],
                allowed=["limit", "cursor", "query"],
                fix="remove it",
            )
        limit = _limit(asked.get("limit", "20"))
        return json_response(
            await self.studio.blocking(
                self._take_page, limit, asked.get("cursor"), asked.get("query")
            )
        )

    def _take_page(self, limit: int, cursor: str | None, query: str | None) -> dict[str, Any]:
        from shotwright.tools.studio.slates import read_kept

        studio = self.studio
        entries, following = studio.library.page(
            limit=limit, cursor=cursor, query=query, kinds=TAKES
        )
        slates = read_kept(studio.store, (entry.id for entry in entries))
        takes = [slate.to_take(studio.store, studio.base_url) for slate in slates]
        return {"takes": takes, "cursor": following}

    async def take(self, request: Request) -> Response:
        return json_response(await self.studio.blocking(self._take, request.path_params["id"]))

    def _take(self, take_id: str) -> dict[str, Any]:
        from shotwright.tools.studio.slates import read_slate

        return read_slate(self.studio.store, take_id).to_take(
            self.studio.store, self.studio.base_url
        )

    async def film(self, request: Request) -> Response:
        return json_response(await self.studio.blocking(self._film, request.path_params["id"]))

    def _film(self, film_id: str) -> dict[str, Any]:
        from shotwright.tools.studio.films import film_answer
        from shotwright.tools.studio.slates import read_kept

        store = self.studio.store
        record = store.read_record("films", film_id)
        chosen = read_kept(store, (shot["chosen"] for shot in record["shots"]))
        return film_answer(store, self.studio.base_url, record, chosen)

    async def upload(self, request: Request) -> Response:
        await self.studio.blocking(make_home, self.studio.settings)
        # Beside the store, not in the system's folder for scratch, which may be memory.
        with tempfile.TemporaryDirectory(prefix="upload-", dir=self.studio.settings.home) as folder:
            target = Path(folder) / "media"
            name = await _receive(request, target)
            record = await self.studio.intake.store_upload(target, name)
        return json_response(record, 201)

    async def file(self, request: Request) -> Response:
        name = request.path_params["name"]
        key, media = await self.studio.blocking(blob_of, self.studio.store, name)
        return await send_blob(self.studio, request, key, name, media)

    async def openapi(self, request: Request) -> Response:
        return json_response(openapi.document(secured=bool(self.studio.settings.token)))

    async def health(self, request: Request) -> Response:
        """Whether the database answers, and how many workers live; no names, as no token is asked for."""
        facts = {"status": "ok", "version": version("shotwright"), "workers": 0}
        try:
            queue = await self.studio.queue()
            alive = await self.studio.blocking(queue.workers)
        except Exception:  # whatever the database raises: the answer is that it does not work
            LOG.exception("the database does not answer")
            return json_response({**facts, "status": "failing"}, 503)
        return json_response({**facts, "workers": sum(w["state"] != "dead" for w in alive)})


async def _while_there(request: Request, work: Callable[[], Awaitable[None]]) -> None:
    """Run `work`; cancel it when the client disconnects."""
    async with anyio.create_task_group() as group:

        async def watch() -> None:
            while (await request.receive())["type"] != "http.disconnect":
                pass
            group.cancel_scope.cancel()

        group.start_soon(watch)
        await work()
        group.cancel_scope.cancel()


def _query(request: Request) -> dict[str, Any]:
    """The query as a dict.  Raises BadRequest for a name given twice."""
    pairs = request.query_params.multi_items()
    for name, value in pairs:
        if len(request.query_params.getlist(name)) > 1:
            raise BadRequest(
                f"{name} is given more than once.",
                field=name,
                value=value,
                allowed="one value",
                fix=f"give {name} once",
            )
    return dict(pairs)


def _limit(text: str) -> int:
    if text.isascii() and text.isdigit() and len(text) < 4 and 1 <= int(text) <= MAX_PAGE:
        return int(text)
    raise BadRequest(
        f"limit {text[:20]!r} is not a number from 1 to {MAX_PAGE}.",
        field="limit",
        value=text[:20],
        allowed=f"1 to {MAX_PAGE}",
        fix="limit=20",
    )


async def _receive(request: Request, target: Path) -> str:
    """Write the uploaded bytes to `target` as they come; the name of the file.

    Raises: BadRequest for a form without a file, TooLarge (from the guard) beyond the limit.
    """
    name = request.query_params.get("name")
    if request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        async with request.form(max_files=1, max_fields=8) as form:
            file = form.get("file")
            if not isinstance(file, UploadFile):
                raise BadRequest(
                    "the form has no file; put it into the field `file`.",
                    field="file",
                    allowed="a form field `file` with a picture or clip",
                    fix="curl -F file=@kettle.png …/api/uploads",
                )
            await anyio.to_thread.run_sync(_copy, file, target)
            return name or file.filename or "upload"
    async with await anyio.open_file(target, "wb") as out:
        async for chunk in request.stream():
            await out.write(chunk)
    return name or "upload"


def _copy(file: UploadFile, target: Path) -> None:
    with target.open("wb") as out:
        shutil.copyfileobj(file.file, out)


async def _failed(request: Request, error: Exception) -> Response:
    assert isinstance(error, ShotwrightError)
    status = status_of(error)
    return error_response(error, status, {"retry-after": "5"} if status in (429, 503) else None)


async def _refused(request: Request, error: Exception) -> Response:
    """What Starlette itself refuses: no such route, another method, a broken form."""
    assert isinstance(error, HTTPException)
    place = f"{request.method} {request.url.path[:200]}"
    if error.status_code == 404:
        refusal: ShotwrightError = NotFound(
            f"{place} is not there.",
            field="path",
            value=request.url.path[:200],
            fix="see /openapi.json for what is there",
        )
    elif error.status_code == 405:
        allowed = (error.headers or {}).get("Allow", "").split(", ")
        refusal = BadRequest(
            f"{place} is not allowed; use {' or '.join(allowed)}.",
            field="method",
            value=request.method,
            allowed=allowed,
            fix="see /openapi.json for what is there",
        )
    else:
        refusal = BadRequest(f"{place}: {error.detail.rstrip('.')}.", fix="see /openapi.json")
    return error_response(refusal, error.status_code, error.headers)


async def _gone(request: Request, error: Exception) -> Response:
    return Response(status_code=400)  # nobody reads it


async def _fault(request: Request, error: Exception) -> Response:
    # Starlette logs the exception after this answer.
    fault = ShotwrightError("the server failed.", fix="report this with the log of the process")
    return error_response(fault, 500)
