"""What every page works with: the studio's verbs, the templates, errors as a person reads them, jobs as cards."""

from collections.abc import Awaitable, Callable
from typing import Any

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from shotwright.generator.errors import ShotwrightError
from shotwright.server.statuses import status_of
from shotwright.server.web import words
from shotwright.server.web.rendering import Renderer
from shotwright.tools import verbs
from shotwright.tools.studio.studio import Studio

TITLE = 160
"""Characters of a title, which is one line."""

Endpoint = Callable[[Request], Awaitable[Response]]


class Desk:
    """Shared by the pages; keeps nothing of a visitor."""

    def __init__(self, studio: Studio, renderer: Renderer) -> None:
        self.studio, self.renderer = studio, renderer

    def get(self, path: str, endpoint: Endpoint) -> BaseRoute:
        return Route(path, self._shown(endpoint), methods=["GET"], include_in_schema=False)

    def post(self, path: str, endpoint: Endpoint) -> BaseRoute:
        return Route(path, self._shown(endpoint), methods=["POST"], include_in_schema=False)

    def _shown(self, endpoint: Endpoint) -> Endpoint:
        """The endpoint, its errors as a page or as the part of one that htmx puts where problems stand."""

        async def answer(request: Request) -> Response:
            try:
                return await endpoint(request)
            except ShotwrightError as error:
                part = "hx-request" in request.headers
                name = "problem.html" if part else "problem_page.html"
                response = self.page(request, name, status_of(error), error=error)
                if part:
                    response.headers["hx-retarget"] = "#problem"
                    response.headers["hx-reswap"] = "innerHTML"
                return response

        return answer

    def page(self, request: Request, name: str, /, status: int = 200, **facts: Any) -> Response:
        return self.renderer.page(request, name, status, **facts)

    async def ask(self, verb: str, **arguments: Any) -> dict[str, Any]:
        """A verb's facts."""
        return (await verbs.call(self.studio, verb, arguments)).data

    def cards(self) -> list[dict[str, Any]]:
        """Each model as list_models tells it, but for the mechanisms of its camera, which take a while to find."""
        catalog = self.studio.catalog
        default = catalog.default.name
        return [
            {
                **card.public(),
                "default": card.name == default,
                "clips": bool({"text", "first"} & set(card.modes)),
            }
            for card in catalog.cards.values()
        ]

    def language(self, request: Request) -> words.Language:
        return words.chosen(request.cookies.get("lang"), request.headers.get("accept-language"))

    async def job(self, request: Request, job: dict[str, Any]) -> Response:
        """A job's card."""
        queue = await self.studio.queue()
        row = await self.studio.blocking(queue.row, job["job_id"])
        return self.page(
            request,
            "job.html",
            job=job,
            title=title_of(row["arguments"]),
            phase=words.phase(job["phase"], self.language(request)),
        )

    async def card(self, request: Request, job: dict[str, Any]) -> Markup:
        """The same as a part of a page."""
        return Markup(bytes((await self.job(request, job)).body).decode("utf-8"))


def title_of(arguments: dict[str, Any]) -> str:
    """What a call was about, in a line."""
    plan, brief = arguments.get("plan") or {}, arguments.get("brief") or {}
    edits = [f"{edit['op']} {edit['shot']}" for edit in arguments.get("edits") or ()]
    said = (
        arguments.get("prompt")
        or plan.get("title")
        or arguments.get("script")
        or brief.get("product")
        or ", ".join(edits)
        or arguments.get("film_id")
        or arguments.get("video")
        or ""
    )
    line = " ".join(str(said).split())
    return line if len(line) <= TITLE else line[: TITLE - 1].rstrip() + "…"
