"""Create: a clip from words, pictures and a camera, and what is being made now.

Try: python -m pytest tests/server/web/test_pages.py
"""

from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from shotwright.generator.camera import MOVES, PRESET_NAMES
from shotwright.server.web import words
from shotwright.server.web.desk import Desk

RATIOS = ("16:9", "9:16", "1:1", "4:3", "3:4", "21:9")
RECENT = 12
IDEAS = (
    "a red ball rolls through green hills at sunset",
    "a yellow bird flies over the sea, camera pans left",
    "a blue car drives through the city at night",
)
"""What a first-time visitor may begin with."""


class Create:
    """The page, and the card of a job on any page."""

    def __init__(self, desk: Desk) -> None:
        self.desk, self.studio = desk, desk.studio

    def routes(self) -> list[BaseRoute]:
        return [self.desk.get("/", self.page), self.desk.get("/web/job/{id}", self.job)]

    async def page(self, request: Request) -> Response:
        asked = {**_NOTHING, **request.query_params}
        cards = self.desk.cards()
        card = next((c for c in cards if c["name"] == asked["model"]), None)
        card = card or next((c for c in cards if c["default"]), cards[0])
        recent, _ = await self.studio.blocking(self._recent)
        jobs = (await self.desk.ask("list_jobs", limit=20))["jobs"]
        live = [job for job in jobs if job["state"] in ("queued", "running")]
        translate = words.translator(self.desk.language(request))
        return self.desk.page(
            request,
            "create.html",
            asked=asked,
            model=card,
            models=cards,
            ratios=RATIOS,
            modes=_modes(card, translate),
            can_first="first" in card["modes"],
            can_last="last" in card["modes"],
            moves_known=[*MOVES, *PRESET_NAMES],
            move_names={move: translate(move.replace("_", " ")) for move in MOVES},
            ideas=[translate(idea) for idea in IDEAS],
            recent=recent,
            cards=[await self.desk.card(request, job) for job in live],
        )

    def _recent(self) -> Any:
        return self.studio.library.page(limit=RECENT, kinds=("clip", "picture", "film"))

    async def job(self, request: Request) -> Response:
        return await self.desk.job(
            request, await self.desk.ask("get_job", job_id=request.path_params["id"])
        )


_NOTHING = {
    "prompt": "",
    "image": "",
    "last_image": "",
    "camera": "",
    "camera_words": "",
    "aspect_ratio": "16:9",
    "quality": "standard",
    "duration_s": "",
    "seed": "",
    "takes": "",
    "model": "",
    "negative_prompt": "",
    "fit": "crop",
    "label": "none",
    "rewrite": "",
}


def _modes(card: dict[str, Any], t: Callable[..., str]) -> list[dict[str, Any]]:
    names = {
        "text": t("from words"),
        "first": t("from a first frame"),
        "last": t("to a last frame"),
        "first+last": t("between two frames"),
        "keyframes": t("through keyframes"),
        "extend": t("continuing a clip"),
        "image": t("pictures"),
    }
    return [{"name": name, "can": mode in card["modes"]} for mode, name in names.items()]
