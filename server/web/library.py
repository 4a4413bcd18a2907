"""The library: what was made, searched and filtered, compared two by two.

Try: python -m pytest tests/server/web/test_pages.py
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from shotwright.generator.errors import BadRequest, NotFound
from shotwright.server.web import words
from shotwright.server.web.desk import Desk, title_of
from shotwright.server.web.rendering import figure

if TYPE_CHECKING:
    from shotwright.tools.studio.library import Entry, Kind
    from shotwright.tools.studio.slates import Slate

PAGE = 48
ON_SHELF = 24
MAX_QUERY = 300


class Shelves:
    """The page, its further entries, the shelf that pictures are chosen from, and two takes beside each other."""

    def __init__(self, desk: Desk) -> None:
        self.desk, self.studio = desk, desk.studio

    def routes(self) -> list[BaseRoute]:
        return [
            self.desk.get("/library", self.page),
            self.desk.get("/web/entries", self.entries),
            self.desk.get("/web/entry/{id}", self.entry),
            self.desk.get("/web/shelf", self.shelf),
            self.desk.get("/compare", self.compare),
        ]

    async def page(self, request: Request) -> Response:
        asked = _asked(request)
        facts = await self.studio.blocking(self._found, asked)
        return self.desk.page(request, "library.html", asked=asked, **facts)

    async def entries(self, request: Request) -> Response:
        facts = await self.studio.blocking(self._found, _asked(request), counted=False)
        return self.desk.page(request, "entries.html", **facts)

    def _found(self, asked: dict[str, str], *, counted: bool = True) -> dict[str, Any]:
        library = self.studio.library
        chosen: dict[str, Any] = {
            "query": asked["query"],
            "kinds": _kinds(asked["kind"]),
            "model": asked["model"] or None,
        }
        entries, following = library.page(limit=PAGE, cursor=asked["cursor"] or None, **chosen)
        facts: dict[str, Any] = {
            "entries": entries,
            "following": following,
            "rest": urlencode({name: asked[name] for name in ("query", "kind", "model")}),
        }
        if counted:
            # a search that fits on one page has read every entry already
            whole = following is None and not asked["cursor"]
            facts |= {
                "count": len(entries) if whole else library.count(**chosen),
                "models": library.models(),
                "settled": library.settled(),
            }
        return facts

    async def entry(self, request: Request) -> Response:
        """One entry, back from the trash."""
        entry = await self.studio.blocking(self._entry, request.path_params["id"])
        return self.desk.page(request, "entries.html", entries=[entry], following=None)

    def _entry(self, id: str) -> "Entry":
        self.studio.library.follow()
        found = self.studio.library.entry(id)
        if found is None:
            raise NotFound(
                f"there is no {id[:80]}.", field="id", value=id[:80], fix="open /library"
            )
        return found

    async def shelf(self, request: Request) -> Response:
        slot = request.query_params.get("slot", "")
        if slot not in ("image", "last_image"):
            raise BadRequest(
                f"slot {slot[:80]!r} takes no picture.",
                field="slot",
                value=slot[:80],
                allowed=["image", "last_image"],
                fix="reload the page",
            )
        entries, _ = await self.studio.blocking(self._shelf)
        return self.desk.page(request, "shelf.html", entries=entries, slot=slot)

    def _shelf(self) -> Any:
        return self.studio.library.page(limit=ON_SHELF, kinds=("picture", "clip", "shot"))

    async def compare(self, request: Request) -> Response:
        ids = [request.query_params.get(name, "") for name in ("a", "b")]
        slates = [await self.studio.blocking(self._slate, id) for id in ids]
        takes = [
            {**slate.model_dump(), "title": title_of(slate.request) or slate.prompt}
            for slate in slates
        ]
        t = words.translator(self.desk.language(request))
        rows = [
            (title, *(_told(slate, name, t) for slate in slates))
            for name, title in _COMPARED.items()
        ]
        return self.desk.page(request, "compare.html", takes=takes, rows=rows)

    def _slate(self, take_id: str) -> "Slate":
        from shotwright.tools.studio.slates import read_slate

        slate = read_slate(self.studio.store, take_id)
        if slate.frames < 2:
            raise BadRequest(
                f"{take_id} is a picture; two clips can be compared.",
                field="a",
                value=take_id,
                fix="choose two clips in the library",
            )
        return slate


_COMPARED = {
    "prompt": "Prompt", "model": "Model", "seed": "Seed", "size": "Frame", "frames": "Frames", "steps": "Steps",
    "guidance": "Guidance", "camera": "Camera", "motion": "Motion", "sharpness": "Sharpness", "flicker": "Flicker",
    "render_s": "Rendering, s",
}  # fmt: skip
"""Fact of a take -> what the page calls it."""


def _told(slate: "Slate", name: str, t: Callable[..., str]) -> str:
    """One fact of a take, as the table shows it."""
    picture = slate.picture or {}
    if name == "size":
        return f"{slate.width}x{slate.height}"
    if name in ("steps", "guidance"):
        return figure(slate.effective.get(name, ""))
    if name == "camera":
        camera = slate.camera or {}
        axes = (camera.get("verdict") or {}).items()
        told = (f"{t(axis.partition('_')[0])}: {t(v)}" for axis, v in axes if v != "still")
        return ", ".join(told) or t("still")
    if name in ("motion", "sharpness", "flicker"):
        return figure(picture.get(name, ""))
    if name == "render_s":
        return figure(slate.timings.get(name, ""))
    return str(getattr(slate, name))


def _asked(request: Request) -> dict[str, str]:
    names = ("query", "kind", "model", "cursor")
    asked = {name: request.query_params.get(name, "") for name in names}
    return {**asked, "query": asked["query"][:MAX_QUERY]}


def _kinds(kind: str) -> "tuple[Kind, ...]":
    from shotwright.tools.studio.library import KINDS

    if not kind:
        return ("clip", "picture", "film")
    chosen = tuple(known for known in KINDS if known == kind)
    if not chosen:
        raise BadRequest(
            f"kind {kind[:80]!r} is none.",
            field="kind",
            value=kind[:80],
            allowed=list(KINDS),
            fix="choose one of them",
        )
    return chosen
