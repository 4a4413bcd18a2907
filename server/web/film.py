"""Films: a script read into a storyboard that is edited in place, and a film that was made, shot by shot.

Try: python -m pytest tests/server/web/test_film.py
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

import anyio
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute

from shotwright.generator.camera import MOVES, PRESET_NAMES
from shotwright.generator.errors import BadRequest, NotFound
from shotwright.prompts.shotplan import Angle, AspectRatio, ShotPlan, ShotSize, parse_plan
from shotwright.server.web import asking
from shotwright.server.web.desk import Desk
from shotwright.tools.studio.editing import apply_edit, undescribed
from shotwright.tools.studio.shots import FilmState
from shotwright.tools.studio.wire import Edit, ExportFilm

FORMATS = get_args(ExportFilm.model_fields["format"].annotation)
_EXPORT = re.compile(r"film_[0-9a-z]{1,64}(-\d{1,6})?\.[a-z0-9]{2,8}")
_SHOT_FIELD = re.compile(r"shot\.(\d{1,4})\.([a-z_]+)")
QUALITIES = ("draft", "standard", "high")
"""That are chosen beside the board; an animatic has a button of its own."""
_WHO, _LIGHT = ("cast", "props"), ("lighting", "time_of_day", "weather", "color")
"""What a shot has of its action and the board does not show."""
_OF_THE_CUT = ("quality", "takes")
_OF_THE_BOARD = ("script", "film_id", "style", "aspect_ratio", "model", "takes")
_OF_THE_FILM = ("script", "film_id", "model", "quality", "takes")


class Film:
    """The storyboard, the film, its edits and its exports."""

    def __init__(self, desk: Desk) -> None:
        self.desk, self.studio = desk, desk.studio

    def routes(self) -> list[BaseRoute]:
        return [
            self.desk.get("/film", self.begin),
            self.desk.get("/film/{id}", self.page),
            self.desk.get("/web/exports/{name}", self.exported),
            self.desk.post("/web/board", self.board),
            self.desk.post("/web/make", self.make),
            self.desk.post("/web/edit/{id}", self.edit),
        ]

    async def begin(self, request: Request) -> Response:
        """An empty desk for a script, or the board of a film that was made."""
        cards = self.desk.cards()
        film_id = request.query_params.get("from")
        board = None
        if film_id:
            record = await self.studio.blocking(self.studio.store.read_record, "films", film_id)
            script = (record.get("story") or {}).get("script")
            look = {name: record["look"][name] for name in _OF_THE_CUT if name in record["look"]}
            plan = parse_plan(record["plan"])
            if record["writer"] != "caller":
                plan = undescribed(plan, plan)
            given = {"film_id": film_id, "script": script, **look}
            board = await self._board(given, plan.model_dump(mode="json"))
        return self.desk.page(
            request,
            "film.html",
            models=cards,
            ratios=get_args(AspectRatio),
            board=board,
            **_CHOICES,
        )

    async def board(self, request: Request) -> Response:
        """Read a script, or take an edit of the storyboard; the board anew."""
        asked, plan = await _read(request)
        given = {name: asked[name] for name in _OF_THE_BOARD if name in asked}
        given["quality"] = asked.get("at_quality")
        return self.desk.page(
            request, "board.html", board=await self._board(given, plan), **_CHOICES
        )

    async def make(self, request: Request) -> Response:
        """The film of the board, as a job; what was written there last is part of it."""
        asked, plan = await _read(request)
        given = {name: asked[name] for name in _OF_THE_FILM if name in asked}
        return await self.desk.job(
            request, await self.desk.ask("make_film", **given, plan=plan, wait_s=0)
        )

    async def _board(self, given: Mapping[str, Any], plan: dict[str, Any] | None) -> dict[str, Any]:
        """A checked plan with its coverage, and what its rendering would take."""
        asked = {name: given.get(name) for name in ("script", "style", "aspect_ratio", "model")}
        asked = {name: value for name, value in asked.items() if value}
        planned = await self.desk.ask("plan_shots", **asked, **({"plan": plan} if plan else {}))
        made = planned["plan"]
        if plan is None:
            # The director describes every shot's first frame; as a caller's plan each would be drawn before its shot.
            written = parse_plan(made)
            made = undescribed(written, written).model_dump(mode="json")
        quality = given.get("quality")
        costs: dict[str, Any] = {"quality": quality if quality in QUALITIES else "standard"}
        if given.get("takes"):
            costs["takes"] = given["takes"]
        seen: dict[str, str] = {}
        if given.get("film_id"):
            costs["film_id"] = given["film_id"]
            seen = await self.studio.blocking(self._seen, given["film_id"])
        if asked.get("model"):
            costs["model"] = asked["model"]
        cost = await self.desk.ask("make_film", plan=made, dry_run=True, **costs)
        held: dict[str, list[str]] = {}
        for line in planned["coverage"]:
            for shot in line["shots"]:
                held.setdefault(shot, []).append(line["sentence"])
        known = {w["message"] for w in planned["warnings"]}
        more = [w for w in cost["warnings"] if w["message"] not in known]
        return {
            "plan": made,
            "script": given.get("script") or "",
            "film_id": given.get("film_id") or "",
            "model": given.get("model") or "",
            "quality": costs["quality"],
            "takes": given.get("takes"),
            "writer": planned["writer"],
            "lost": [line["sentence"] for line in planned["coverage"] if line["shot"] is None],
            "held": held,
            "seen": seen,
            "warnings": [*planned["warnings"], *more],
            "expected_s": cost["expected_s"],
            "expected_bytes": cost["expected_bytes"],
            "renders": cost["effective"]["renders"],
            "length_s": sum(shot["duration_s"] for shot in made["shots"]),
        }

    def _seen(self, film_id: str) -> dict[str, str]:
        """The take of each shot that the film shows."""
        record = self.studio.store.read_record("films", film_id)
        return {shot["shot"]: shot["chosen"] for shot in record["shots"]}

    async def page(self, request: Request) -> Response:
        film = await self.studio.blocking(self._film, request.path_params["id"])
        return self.desk.page(request, "cut.html", film=film, formats=FORMATS)

    def _film(self, film_id: str) -> dict[str, Any]:
        from shotwright.tools.studio.slates import read_kept

        record = self.studio.store.read_record("films", film_id)
        planned = {shot["id"]: shot for shot in record["plan"]["shots"]}
        shots = []
        for number, shot in enumerate(record["shots"], 1):
            takes = read_kept(self.studio.store, shot["takes"])
            plan = planned.get(shot["shot"], {})
            shots.append({**shot, "number": number, "plan": plan, "slates": takes})
        shown = next((take for shot in shots for take in shot["slates"]), None)
        # records of films have grown: an old one says less of its picture
        lacking = {"fps": 8.0, "width": 16, "height": 9, "model": ""}
        if shown is not None:
            lacking = {name: getattr(shown, name) for name in lacking}
        version = record["blobs"]["clip"].rpartition("/")[2][:12]
        return {**lacking, **record, "shots": shots, "version": version}

    async def edit(self, request: Request) -> Response:
        """One edit of a film, as a job."""
        async with request.form(max_files=0, max_fields=16) as form:
            asked = asking.arguments((name, str(value)) for name, value in form.multi_items())
        film_id = request.path_params["id"]
        job = await self.desk.ask("make_film", film_id=film_id, edits=[asked], wait_s=0)
        return await self.desk.job(request, job)

    async def exported(self, request: Request) -> Response:
        """A file that export_film wrote into the data directory."""
        name = request.path_params["name"]
        path = self.studio.settings.home / "exports" / name
        if not _EXPORT.fullmatch(name) or not await self.studio.blocking(_is_file, path):
            raise NotFound(
                f"there is no export {name[:100]}.",
                field="name",
                value=name[:100],
                fix="export the film again",
            )
        headers = {"x-content-type-options": "nosniff", "cache-control": "no-store"}
        return FileResponse(
            path, filename=name, media_type="application/octet-stream", headers=headers
        )


_CHOICES: dict[str, Any] = {
    "sizes": get_args(ShotSize),
    "angles": get_args(Angle),
    "moves": (*MOVES, *PRESET_NAMES),
}


async def _read(request: Request) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """The arguments of a board's form, and its plan with what its fields say.

    Raises: BadRequest for a plan that is none.
    """
    async with request.form(max_files=0, max_fields=5000) as form:
        fields = {name: str(value) for name, value in form.multi_items()}
    asked = asking.arguments(fields.items())
    plan = asked.get("plan")
    if isinstance(plan, dict):
        told = await anyio.to_thread.run_sync(retold, parse_plan(plan), fields)
        plan = edited(told.model_dump(mode="json"), fields)
    return asked, plan


def retold(plan: ShotPlan, fields: Mapping[str, str]) -> ShotPlan:
    """The plan, its shots with a new action directed by it in what the board does not show: who and what is seen, and
    the light.  What is shown stays as the person sees it; words that name nobody ("it stops") keep who was there.
    """
    for place, shot in enumerate(plan.shots):
        action = fields.get(f"shot.{place}.action", "").strip()
        if not action or action == shot.action:
            continue
        edit = Edit(shot=shot.id, op="replace", action=action)
        told = apply_edit(plan, FilmState(), edit, f"shot.{place}", moves=MOVES)
        new = told.shots[place]
        hidden = (*_WHO, *_LIGHT) if new.cast or new.props else _LIGHT
        shots = list(plan.shots)
        shots[place] = shot.model_copy(update={name: getattr(new, name) for name in hidden})
        plan = told.model_copy(update={"shots": shots})
    return plan


def edited(plan: Mapping[str, Any], fields: Mapping[str, str]) -> dict[str, Any]:
    """The plan with what the board's fields say of its shots; `shift`, `drop` and `add` name a place and are done last.

    Raises: BadRequest for a place or number that is none.
    """
    shots = [dict(shot) for shot in plan.get("shots", ())]
    for name, value in fields.items():
        found = _SHOT_FIELD.fullmatch(name)
        if found and int(found[1]) < len(shots):
            _put(shots[int(found[1])], found[2], value.strip(), name)
    if fields.get("shift"):
        at, _, by = fields["shift"].partition(":")
        place = _place(at, shots, "shift")
        to = max(0, min(len(shots) - 1, place + (1 if by == "1" else -1)))
        shots.insert(to, shots.pop(place))
    if fields.get("drop"):
        shots.pop(_place(fields["drop"], shots, "drop"))
    if fields.get("add"):
        place = _place(fields["add"], shots, "add")
        before = shots[place]
        new = {
            "action": before["action"],
            "duration_s": before["duration_s"],
            "scene_id": before.get("scene_id", ""),
            "id": _new_id(before["id"], {shot["id"] for shot in shots}),
        }
        shots.insert(place + 1, new)
    return {**plan, "shots": shots}


def _put(shot: dict[str, Any], field: str, value: str, name: str) -> None:
    """Write one field of the board into the shot; what the board does not show stays."""
    if field in ("action", "first_frame", "last_frame", "shot_size", "angle"):
        shot[field] = value or (shot.get(field) if field in ("action", "angle") else None)
    elif field == "duration_s":
        try:
            shot[field] = float(value)
        except ValueError:
            raise BadRequest(
                f"{name} {value[:40]!r} is no number.",
                field=name,
                value=value[:40],
                allowed="seconds",
                fix="write a number of seconds",
            ) from None
    elif field in ("move", "speed"):
        moves = [dict(move) for move in shot.get("camera") or ()]
        first = moves[0] if moves else {"move": "static"}
        if field == "move" and value != first["move"]:
            first = {"move": value or "static"}
        elif field == "speed" and first["move"] != "static" and value != (first.get("speed") or ""):
            first = {**first, "speed": value or None, "amount": None}
        shot["camera"] = [first, *moves[1:]]


def _place(text: str, shots: list[dict[str, Any]], name: str) -> int:
    if text.isascii() and text.isdigit() and len(text) < 5 and int(text) < len(shots):
        return int(text)
    raise BadRequest(
        f"{name} {text[:40]!r} is no shot of the board.",
        field=name,
        value=text[:40],
        allowed=f"0 to {len(shots) - 1}",
        fix="reload the page",
    )


def _new_id(near: str, taken: set[str]) -> str:
    return next(f"{near}-{n}" for n in range(2, len(taken) + 3) if f"{near}-{n}" not in taken)


def _is_file(path: Path) -> bool:
    return path.is_file()
