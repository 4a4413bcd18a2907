"""Everything of the web studio that the HTTP front mounts: its routes, and what runs beside them."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from shotwright.server.web.create import Create
from shotwright.server.web.deeds import Deeds
from shotwright.server.web.desk import Desk
from shotwright.server.web.film import Film
from shotwright.server.web.library import Shelves
from shotwright.server.web.login import Login
from shotwright.server.web.queue import Waiting
from shotwright.server.web.rendering import Renderer
from shotwright.server.web.session import Sessions
from shotwright.server.web.static import static
from shotwright.server.web.take import Takes
from shotwright.server.web.watch import Watch
from shotwright.tools.studio.studio import Studio

LOG = logging.getLogger(__name__)


class Web:
    """The studio's routes over one studio; `running` is part of the app's life."""

    def __init__(self, studio: Studio) -> None:
        sessions = Sessions(studio.settings)
        renderer = Renderer(studio.settings, sessions)
        self.studio, self.watch = studio, Watch(studio)
        desk = Desk(studio, renderer)
        self.routes: list[BaseRoute] = [
            *(
                route
                for part in (Create, Film, Shelves, Waiting, Takes, Deeds)
                for route in part(desk).routes()
            ),
            *Login(studio.settings, sessions, renderer).routes(),
            Route("/web/events", self._events, methods=["GET"], include_in_schema=False),
            desk.get("/static/{path:path}", static),
        ]

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Watch the jobs for open pages."""
        async with anyio.create_task_group() as group:
            group.start_soon(self._open)
            group.start_soon(self.watch.run)
            yield
            group.cancel_scope.cancel()

    async def _open(self) -> None:
        """Open the jobs before the first page asks for them: importing what they need takes a second."""
        try:
            await self.studio.queue()
        except Exception:  # a database that does not answer: each request says so
            LOG.exception("the jobs could not be opened")

    async def _events(self, request: Request) -> Response:
        return _Stream(self.watch)


class _Stream(Response):
    """A response that the watch writes."""

    def __init__(self, watch: Watch) -> None:
        self.watch, self.background = watch, None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.watch.stream(scope, receive, send)
