"""Edits of a film: one change after another on its plan, and on what is kept of its shots.

Renders nothing: what an edit leaves as it was keeps its digest, and with it its takes.
"""

import secrets
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from shotwright.generator.errors import BadRequest
from shotwright.prompts.shotplan import Shot, ShotPlan, parse_plan
from shotwright.tools.studio.shots import FilmState
from shotwright.tools.studio.wire import Edit

TAKEN: Mapping[str, tuple[str, ...]] = {
    "reshoot": ("seed",),
    "replace": ("action",),
    "move": ("to",),
    "trim": ("start_s", "end_s"),
    "choose": ("take_id",),
}
"""What each op takes; all but reshoot need it, trim one of the two."""


def undescribed(plan: ShotPlan, before: ShotPlan) -> ShotPlan:
    """A film's plan that comes back edited, without the first frames that are described as they were `before`.

    Who wrote that one describes the first frame of every shot and nobody drew them; those of a caller's plan are drawn,
    and every shot would be filmed anew behind them.
    """
    known = {shot.id: shot for shot in before.shots if shot.last_frame is None}

    def same(shot: Shot) -> bool:
        was = known.get(shot.id)
        return was is not None and shot.last_frame is None and shot.first_frame == was.first_frame

    shots = [
        shot.model_copy(update={"first_frame": None} if same(shot) else {}) for shot in plan.shots
    ]
    return plan.model_copy(update={"shots": shots})


def apply_edit(
    plan: ShotPlan, state: FilmState, edit: Edit, where: str, *, moves: Collection[str]
) -> ShotPlan:
    """The plan with one edit made; `state` is told what only the shot's takes feel.

    where: the edit's place among the arguments; moves: what the director may choose for a new action.
    Raises BadRequest naming the edit's field.
    """
    ids = [shot.id for shot in plan.shots]
    if edit.shot not in ids:
        raise _bad(f"{where}.shot", edit.shot, ids, "names no shot of the film")
    _check_fields(edit, where)
    known = state.shots.setdefault(edit.shot, {})
    place = ids.index(edit.shot)
    if edit.op == "reshoot":
        known["seed"] = secrets.randbelow(2**32) if edit.seed is None else edit.seed
        known["planned_seed"] = plan.shots[place].seed  # the edit goes before the plan
        known["earlier"] = known.get("takes", [])
        known.pop("digest", None)
    elif edit.op == "replace":
        known.pop("earlier", None)
        return _replaced(plan, place, edit.action or "", f"{where}.action", moves)
    elif edit.op == "move":
        return _moved(plan, place, edit.to or 0, f"{where}.to")
    elif edit.op == "trim":
        _trim(known, plan.shots[place], edit, where)
    else:
        takes = known.get("takes", [])
        if edit.take_id not in takes:
            raise _bad(f"{where}.take_id", edit.take_id, takes, "is no take of the shot")
        known["chosen"] = edit.take_id
    return plan


def _check_fields(edit: Edit, where: str) -> None:
    """Refuse what the op does not take, and the lack of what it needs."""
    taken = TAKEN[edit.op]
    for name in sorted(edit.model_fields_set - {"shot", "op", *taken}):
        value = getattr(edit, name)
        if value is not None:
            what = f"{edit.op} takes {' and '.join(taken)}, and no {name}"
            raise _bad(f"{where}.{name}", value, list(taken), what)
    if edit.op != "reshoot" and all(getattr(edit, name) is None for name in taken):
        raise _bad(f"{where}.{taken[0]}", None, list(taken), f"{edit.op} needs {_or(taken)}")


def _or(names: tuple[str, ...]) -> str:
    return " or ".join(names)


def _moved(plan: ShotPlan, place: int, to: int, field: str) -> ShotPlan:
    data = plan.model_dump(mode="json")
    if to > len(plan.shots):
        raise _bad(field, to, f"1 to {len(plan.shots)}", "is beyond the film's last shot")
    data["shots"].insert(to - 1, data["shots"].pop(place))
    try:
        return parse_plan(data)
    except BadRequest as error:
        possible = [n for n in range(1, len(plan.shots) + 1) if _holds(plan, place, n)]
        what = f"breaks the order of shots that go on from one another ({error.message})"
        raise _bad(field, to, possible, what) from error


def _holds(plan: ShotPlan, place: int, to: int) -> bool:
    data = plan.model_dump(mode="json")
    data["shots"].insert(to - 1, data["shots"].pop(place))
    try:
        parse_plan(data)
    except BadRequest:
        return False
    return True


def _trim(known: dict[str, Any], shot: Shot, edit: Edit, where: str) -> None:
    start, end = edit.start_s or 0.0, edit.end_s
    longest = known.get("duration_s") or shot.duration_s
    if start >= longest:
        raise _bad(f"{where}.start_s", start, f"below {longest:g}", "is after the shot's end")
    if end is not None and not start < end <= longest:
        allowed = f"above {start:g}, up to {longest:g}"
        raise _bad(f"{where}.end_s", end, allowed, "is not inside the shot")
    known["trim"] = {"start_s": start, "end_s": end}


_OF_THE_ACTION = (
    *("intent", "shot_size", "framing", "angle", "lens_mm", "focus", "composition", "camera"),
    *("cast", "props", "variation", "sound"),
)
"""What a shot has of its action, and loses with it."""
_OF_THE_PLACE = ("lighting", "time_of_day", "weather", "color")
"""What a shot keeps unless the new action says otherwise."""


def _replaced(
    plan: ShotPlan, place: int, action: str, field: str, moves: Collection[str]
) -> ShotPlan:
    """The shot with another action: directed anew, at the same place, as long, and joined as before.

    Its first frame is described anew where it was described; where it ends is open again.
    """
    if not action.strip():
        raise _bad(field, action, "text", "replace needs the new action")
    new, characters = _directed(plan, action, field, moves)
    data = plan.model_dump(mode="json")
    old = data["shots"][place]
    shot = {
        **old,
        **{name: new[0][name] for name in _OF_THE_ACTION},
        **{name: new[0][name] or old[name] for name in _OF_THE_PLACE},
        "action": new[0]["action"] if len(new) == 1 else action,
        "source": action,
        "dialogue": [spoken for one in new for spoken in one["dialogue"]],
        "first_frame": new[0]["first_frame"] if old["first_frame"] else None,
        "last_frame": None,
    }
    data["shots"][place] = shot
    used = {who["character_id"] for who in [*shot["cast"], *shot["dialogue"]]}
    known = {character["id"] for character in data["characters"]}
    data["characters"] += [c for c in characters if c["id"] in used - known]
    return parse_plan(data)


def _directed(
    plan: ShotPlan, action: str, field: str, moves: Collection[str]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """(what the director makes of the words, with the film's own characters; all characters then known)."""
    from shotwright.prompts import director, readers
    from shotwright.prompts.readers.plain import read_plain

    told = plan.model_dump(mode="json")
    try:
        text = readers.decode(action)
        readers.check_script(text)
        read = replace(read_plain(text), plan={"characters": told["characters"]})
        made = director.direct_script(read, director.Terms(moves=moves)).plan.model_dump(
            mode="json"
        )
    except BadRequest as error:
        raise _bad(field, action, "text that can be filmed", error.message) from error
    return made["shots"], made["characters"]


def _bad(field: str, value: Any, allowed: Any, what: str) -> BadRequest:
    return BadRequest(
        f"{field} {value!r}: {what}; allowed: {allowed}.",
        field=field,
        value=value,
        allowed=allowed,
        fix="mend the edit",
    )
