"""`make_film`: script, brief or plan -> a film; with `film_id`, only what changed is rendered again."""

from typing import Any

from shotwright.generator.errors import BadRequest
from shotwright.prompts.shotplan import ShotPlan, parse_plan
from shotwright.tools.plan_shots import Written, write_plan
from shotwright.tools.studio import jobs
from shotwright.tools.studio.resolve import expected
from shotwright.tools.studio.shots import FilmState, plan_parts
from shotwright.tools.studio.shown import Shown, show_job
from shotwright.tools.studio.studio import Report, Studio
from shotwright.tools.studio.wire import Edit, MakeFilm

MAX_SHOTS = 200
LOOK = ("model", "quality", "aspect_ratio", "takes", "fit", "label", "style")
"""What a later cut of a film takes over from the one before, unless it says otherwise."""


async def make_film(studio: Studio, a: MakeFilm, report: Report) -> Shown:
    """Plan every shot; unless `dry_run`, render them as one job and join the takes."""
    asked = jobs.asked_of(a)
    record = None
    if a.film_id is not None:
        record = await studio.blocking(studio.store.read_record, "films", a.film_id)
        a = a.model_copy(update={k: v for k, v in record["look"].items() if k not in asked})
    written = await studio.blocking(_write, studio, a, asked, record)
    state = FilmState.of(record)
    plan = written.plan
    for index, edit in enumerate(a.edits):
        plan = _apply(plan, state, edit, f"edits[{index}]")
    if len(plan.shots) > MAX_SHOTS:
        raise BadRequest(
            f"the film has {len(plan.shots)} shots; at most {MAX_SHOTS} are made in one job.",
            code="invalid_plan",
            field="script" if a.plan is None else "plan",
            value=len(plan.shots),
            allowed=MAX_SHOTS,
            fix="make it in several films",
        )
    parts, shots, clips = await plan_parts(studio, a, asked, plan, state)
    warnings = [*written.warnings, *(w for clip in clips for w in clip.notes.warnings)]
    warnings += [
        {"code": "unused_image", "message": f"{image} found no shot."}
        for image in a.images[len(plan.shots) :]
    ]
    if a.dry_run:
        card = studio.catalog.get(a.model)
        speed = await jobs.speed(studio, card.name)
        seconds, size = expected(card, parts, speed)
        adjustments = [change for clip in clips for change in clip.notes.adjustments]
        effective = {
            "plan": plan.model_dump(mode="json"),
            "writer": written.writer,
            "coverage": written.coverage,
            "shots": shots,
            "renders": len(parts),
        }
        return Shown(
            {
                "effective": effective,
                "adjustments": adjustments,
                "warnings": warnings,
                "expected_s": seconds,
                "expected_bytes": size,
            }
        )
    film_id = a.film_id or _new_id()
    for part in parts:
        part["film_id"] = film_id
    film = {
        "film_id": film_id,
        "request": asked,
        "look": a.model_dump(mode="json", include=set(LOOK)),
        "plan": plan.model_dump(mode="json"),
        "writer": written.writer,
        "coverage": written.coverage,
        "warnings": warnings,
        "shots": shots,
    }
    job = await jobs.submit(
        studio,
        "make_film",
        asked,
        {"parts": parts, "film": film},
        workflow="film",
        queue="light",
        report=report,
    )
    return await show_job(studio, job)


def _new_id() -> str:
    from shotwright.tools.studio.assets import new_id

    return new_id("film")


def _write(
    studio: Studio, a: MakeFilm, asked: dict[str, Any], record: dict[str, Any] | None
) -> Written:
    """The plan: written now, or that of the earlier cut when only edits or another look are given."""
    if record is not None and a.script is None and a.brief is None and a.plan is None:
        if not a.edits and not {*LOOK, "images"} & set(asked):
            raise BadRequest(
                f"film {a.film_id} is to be changed, but neither edits nor a plan are given.",
                field="edits",
                value=[],
                allowed="edits, a plan, images, or another quality, model, aspect_ratio or label",
                fix="say what changes",
            )
        return Written(
            parse_plan(record["plan"]), record["writer"], record["coverage"], record["warnings"]
        )
    if record is None and a.edits:
        raise BadRequest(
            "edits change an earlier film; say which with film_id.",
            field="film_id",
            value=None,
            allowed="an id from make_film",
            fix="give film_id, or leave edits out",
        )
    return write_plan(
        studio.catalog.get(a.model),
        script=a.script,
        brief=a.brief,
        plan=a.plan,
        style=a.style,
        aspect_ratio=a.aspect_ratio,
        seed=a.seed or 0,
    )


def _apply(plan: ShotPlan, state: FilmState, edit: Edit, where: str) -> ShotPlan:
    """One edit on the plan or on what is kept of the shot.  Raises BadRequest naming the edit's field."""
    ids = [shot.id for shot in plan.shots]
    if edit.shot not in ids:
        raise _bad(f"{where}.shot", edit.shot, ids, "names no shot of the film")
    known = state.shots.setdefault(edit.shot, {})
    data = plan.model_dump(mode="json")
    place = ids.index(edit.shot)
    if edit.op == "reshoot":
        import secrets

        known["seed"] = secrets.randbelow(2**32) if edit.seed is None else edit.seed
        known.pop("digest", None)
    elif edit.op == "replace":
        if not (edit.action or "").strip():
            raise _bad(f"{where}.action", edit.action, "text", "replace needs the new action")
        data["shots"][place].update(action=edit.action, source=edit.action)
    elif edit.op == "move":
        if edit.to is None or edit.to > len(ids):
            raise _bad(f"{where}.to", edit.to, f"1 to {len(ids)}", "move needs the new place")
        data["shots"].insert(edit.to - 1, data["shots"].pop(place))
    elif edit.op == "trim":
        start, end = edit.start_s or 0.0, edit.end_s
        longest = known.get("duration_s") or plan.shots[place].duration_s
        if start >= longest:
            raise _bad(f"{where}.start_s", start, f"below {longest:g}", "is after the shot's end")
        if end is not None and not start < end <= longest:
            allowed = f"above {start:g}, up to {longest:g}"
            raise _bad(f"{where}.end_s", end, allowed, "is not inside the shot")
        known["trim"] = {"start_s": start, "end_s": end}
    else:
        takes = known.get("takes", [])
        if edit.take_id not in takes:
            raise _bad(f"{where}.take_id", edit.take_id, takes, "is no take of the shot")
        known["chosen"] = edit.take_id
    return parse_plan(data)


def _bad(field: str, value: Any, allowed: Any, what: str) -> BadRequest:
    return BadRequest(
        f"{field} {value!r}: {what}; allowed: {allowed}.",
        field=field,
        value=value,
        allowed=allowed,
        fix="mend the edit",
    )
