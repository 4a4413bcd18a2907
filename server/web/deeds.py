"""What pages do: every write is one call of a verb, and its answer a part of the page.

The guard has checked session and CSRF token before.  Try: python -m pytest tests/server/web/test_deeds.py
"""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from shotwright.generator.camera import Move, path
from shotwright.generator.errors import BadRequest, NotFound
from shotwright.generator.memory import MB, wanted
from shotwright.server.web import asking, words
from shotwright.server.web.desk import Desk

if TYPE_CHECKING:
    from shotwright.tools.studio.slates import Slate

ALONE = ("generate_video", "extend_video", "move_camera", "generate_image")
"""Verbs whose takes stand alone."""
JOBS = (*ALONE, "make_film")
ON_THE_WAY = 33
"""So many poses of a planned camera are told to the camera pad."""
DONE = (*JOBS, "cancel_job", "set_priority", "delete_media", "export_film")
"""Verbs that the pages call."""


class Deeds:
    """The writes of the pages."""

    def __init__(self, desk: Desk) -> None:
        self.desk, self.studio = desk, desk.studio

    def routes(self) -> list[BaseRoute]:
        return [
            self.desk.post("/web/plan", self.plan),
            self.desk.post("/web/do/{verb}", self.do),
            self.desk.post("/web/again/{id}", self.again),
        ]

    async def plan(self, request: Request) -> Response:
        """What would be rendered, before it is."""
        asked = await self._asked(request)
        plan = await self.desk.ask("generate_video", **asked, dry_run=True)
        facts = await self._compiled(asked, plan["effective"])
        card = self.studio.catalog.get(plan["effective"]["model"])
        megabytes = wanted(card) // MB
        return self.desk.page(
            request,
            "plan.html",
            plan=plan,
            memory=f"{megabytes} MB" if megabytes < 4000 else f"{megabytes / 1000:.0f} GB",
            moves=_moves(
                plan["effective"]["camera"], words.translator(self.desk.language(request))
            ),
            way=[_short(pose) for pose in way(plan["effective"]["camera"], ON_THE_WAY)],
            **facts,
        )

    async def _compiled(self, asked: dict[str, Any], effective: dict[str, Any]) -> dict[str, Any]:
        """How the prompt was changed on its way, where there was one."""
        prompt = asked.get("prompt")
        if not prompt or asked.get("rewrite") == "false":
            return {"diff": [], "unknown": []}
        told = await self.desk.ask(
            "rewrite_prompt", prompt=prompt, model=effective["model"], image="image" in asked
        )
        return {
            "diff": asking.changes(prompt, effective["prompt"]),
            "unknown": told["unknown_words"],
        }

    async def do(self, request: Request) -> Response:
        """Any verb; a job is shown as its card."""
        verb = request.path_params["verb"]
        if verb not in DONE:
            raise NotFound(
                f"{verb[:80]!r} is no verb that a page calls.",
                field="verb",
                value=verb[:80],
                fix="reload the page",
            )
        asked = await self._asked(request)
        if verb in JOBS:
            asked["wait_s"] = 0
        answer = await self.desk.ask(verb, **asked)
        if "job_id" in answer:
            return await self.desk.job(request, answer)
        return self.desk.page(request, f"did_{verb}.html", answer=answer)

    async def again(self, request: Request) -> Response:
        """What a take was asked with, with another seed."""
        slate = await self.studio.blocking(self._slate, request.path_params["id"])
        if slate.verb not in ALONE:
            raise BadRequest(
                f"{slate.take_id} is a shot of a film; re-shoot it there.",
                field="take_id",
                value=slate.take_id,
                fix=f"open /film/{slate.film_id}",
            )
        asked = asking.replayed(slate.verb, slate.request)
        seed = secrets.randbelow(2**32)
        job = await self.desk.ask(slate.verb, **{**asked, "seed": seed, "wait_s": 0})
        return await self.desk.job(request, job)

    def _slate(self, take_id: str) -> "Slate":
        from shotwright.tools.studio.slates import read_slate

        return read_slate(self.studio.store, take_id)

    async def _asked(self, request: Request) -> dict[str, Any]:
        async with request.form(max_files=0, max_fields=64) as form:
            pairs = [(name, str(value)) for name, value in form.multi_items()]
        return asking.arguments(pairs)


def way(camera: Mapping[str, Any], frames: int) -> list[dict[str, float]]:
    """The pose at each frame that the moves of a plan or slate ask for; none where they are none."""
    moves = [Move(**{**move, "index": n}) for n, move in enumerate(camera.get("moves") or ())]
    seed = int(camera.get("seed") or 0)
    return [asdict(pose) for pose in path(moves, frames, seed=seed)] if moves else []


def _short(pose: Mapping[str, float]) -> dict[str, float]:
    """A pose as the camera pad reads it: pan_deg -> pan."""
    return {axis.partition("_")[0]: round(value, 4) for axis, value in pose.items()}


def _moves(camera: dict[str, Any], t: Callable[..., str]) -> str:
    """ "pan left 20, zoom in 1.5": the path in a line."""
    told = []
    for move in camera.get("moves", ()):
        amount = "" if move["amount"] is None else f" {move['amount']:g}"
        told.append(t(move["move"].replace("_", " ")) + amount)
    return ", ".join(told)
