"""The one page before the others where a token is set: it takes the token once and gives a session for it.

Wrong tokens are counted by address.  Knows no verbs.
"""

import hmac
import logging
import time
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from shotwright.server.web.rendering import Renderer
from shotwright.server.web.session import Sessions
from shotwright.tools.settings import Settings

LOG = logging.getLogger(__name__)

TRIES, AGAIN_S = 10, 60.0
"""So many wrong tokens from an address within so long; then it waits."""
ADDRESSES = 1000


class Login:
    """GET and POST /login, POST /web/logout."""

    def __init__(
        self,
        settings: Settings,
        sessions: Sessions,
        renderer: Renderer,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.settings, self.sessions, self.renderer = settings, sessions, renderer
        self.clock = clock
        self.wrong: dict[str, list[float]] = {}

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/login", self.page, methods=["GET"], include_in_schema=False),
            Route("/login", self.enter, methods=["POST"], include_in_schema=False),
            Route("/web/logout", self.leave, methods=["POST"], include_in_schema=False),
        ]

    async def page(self, request: Request) -> Response:
        following = _inside(request.query_params.get("next", "/"))
        return self.renderer.page(request, "login.html", following=following, wrong="")

    async def enter(self, request: Request) -> Response:
        async with request.form(max_files=0, max_fields=8) as form:
            given = {name: str(value) for name, value in form.multi_items()}
        following = _inside(given.get("next", "/"))
        client = request.client.host if request.client else "unknown"
        problem = self._problem(request, given, client)
        if problem is not None:
            status, said = problem
            LOG.warning("login refused to %s: %s", client, said)
            page = self.renderer.page(
                request, "login.html", status, following=following, wrong=said
            )
            return page
        response = RedirectResponse(following, 303)
        self.renderer.remember(request, response, self.sessions.issue("member"))
        return response

    def _problem(
        self, request: Request, given: dict[str, str], client: str
    ) -> tuple[int, str] | None:
        """Status and words for the page; None when the person may enter."""
        headers = {key.lower(): [value] for key, value in request.headers.raw}
        session = self.sessions.of(headers)
        if session is None or not self.sessions.allows_write(session, given.get("csrf", "")):
            return 403, "The page was too old. Try again."
        recent = [at for at in self.wrong.get(client, ()) if self.clock() - at < AGAIN_S]
        if len(recent) >= TRIES:
            return 429, "Too many wrong tokens. Wait a minute."
        known = (self.settings.token or "").encode("utf-8")
        if hmac.compare_digest(given.get("token", "").strip().encode("utf-8", "replace"), known):
            self.wrong.pop(client, None)
            return None
        if len(self.wrong) >= ADDRESSES:
            self.wrong.pop(next(iter(self.wrong)))
        self.wrong[client] = [*recent, self.clock()]
        return 401, "The token is wrong."

    async def leave(self, request: Request) -> Response:
        part = "hx-request" in request.headers  # which would follow a 303 by itself
        response = (
            Response(headers={"hx-redirect": "/login"}) if part else RedirectResponse("/login", 303)
        )
        response.delete_cookie(self.sessions.cookie)
        return response


def _inside(path: str) -> str:
    """A path of this server; anything else would send the person elsewhere."""
    plain = path.startswith("/") and not path.startswith("//") and "\\" not in path
    return path if plain and path.isprintable() else "/"
