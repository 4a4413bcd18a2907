"""`make_film`: script, brief or plan -> a film; with `film_id`, only what changed is rendered again."""

from dataclasses import replace
from typing import Any

from shotwright.generator.errors import BadRequest
from shotwright.prompts.director.choices import GENTLE
from shotwright.prompts.shotplan import parse_plan
from shotwright.tools.plan_shots import with_look, write_plan
from shotwright.tools.studio import jobs
from shotwright.tools.studio.binding import bind
from shotwright.tools.studio.editing import apply_edit
from shotwright.tools.studio.panels import MODEL as PANELS
from shotwright.tools.studio.resolve import expected
from shotwright.tools.studio.scripting import check_count
from shotwright.tools.studio.shots import FilmState, film_warnings, plan_parts
from shotwright.tools.studio.shown import Shown, show_job
from shotwright.tools.studio.studio import Report, Studio
from shotwright.tools.studio.wire import MakeFilm
from shotwright.tools.studio.writing import (
    Written,
    by_llm,
    measured_again,
    product_of,
    story_of,
    writer_of,
)

LOOK = ("model", "quality", "aspect_ratio", "takes", "fit", "label", "style")
"""What a later cut of a film takes over from the one before, unless it says otherwise."""


async def make_film(studio: Studio, a: MakeFilm, report: Report) -> Shown:
    """Plan every shot; unless `dry_run`, render them as one job and join the takes."""
    asked = jobs.asked_of(a)
    record = None
    if a.film_id is not None:
        record = await studio.blocking(studio.store.read_record, "films", a.film_id)
        a = a.model_copy(update={k: v for k, v in record["look"].items() if k not in asked})
        if a.plan is not None:  # an edited plan says its own look
            a = a.model_copy(update={k: asked.get(k) for k in ("style", "aspect_ratio")})
    story = await studio.blocking(_story, a, record)
    state = FilmState.of(record)
    written = await studio.blocking(_write, studio, a, asked, record)
    if record is not None:
        written = await studio.blocking(_edited, studio, a, written, state, story)
    plan = written.plan
    check_count(len(plan.shots), "script" if a.plan is None else "plan")
    bound = bind(plan, a.images, product_of(story))
    parts, shots, clips = await plan_parts(
        # the director describes the first frame of every shot, a caller where it matters
        studio,
        a,
        asked,
        plan,
        state,
        bound=bound.shots,
        keyframes_of_all=written.writer == "caller",
    )
    warnings = [*written.warnings, *bound.warnings, *film_warnings(plan, clips)]
    if a.dry_run:
        card = studio.catalog.get(a.model)
        speed = await jobs.speed(studio, PANELS if a.quality == "animatic" else card.name)
        seconds, size = expected(card, parts, speed)
        adjustments = [change for clip in clips for change in clip.notes.adjustments]
        effective = {
            "plan": plan.model_dump(mode="json"),
            "writer": written.writer,
            "coverage": written.coverage,
            "report": written.report,
            "why": written.why,
            "diff": written.diff,
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
        "report": written.report,
        "story": story,
        "why": written.why,
        "diff": written.diff,
        "plan_warnings": written.warnings,
        "warnings": warnings,
        "shots": shots,
    }
    told = {"parts": parts, "film": film}
    if _asks_later(studio, a) and written.writer == "director":
        writer_of(studio.settings)  # refuses a setting that names no model
        told["story"] = {"script": a.script, "brief": _told(a), "style": a.style}
    job = await jobs.submit(
        studio,
        "make_film",
        asked,
        told,
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
                allowed=["edits", "plan", "script", "brief", "images", *LOOK],
                fix="say what changes",
            )
        return Written(
            with_look(parse_plan(record["plan"]), asked.get("style"), asked.get("aspect_ratio")),
            record["writer"],
            record["coverage"],
            record.get("plan_warnings", []),
            record.get("why", ""),
            record.get("diff"),
            record.get("report", {}),
        )
    if record is None and a.edits:
        raise BadRequest(
            "edits change an earlier film; say which with film_id.",
            field="film_id",
            value=None,
            allowed="an id from make_film",
            fix="give film_id, or leave edits out",
        )
    card = studio.catalog.get(a.model)
    written = write_plan(
        card,
        script=a.script,
        brief=a.brief,
        plan=a.plan,
        style=a.style,
        aspect_ratio=a.aspect_ratio,
        seed=a.seed or 0,
    )
    if _asks_later(studio, a) and written.writer == "director":
        return written
    writer = writer_of(studio.settings)
    return by_llm(written, writer, card, script=a.script, brief=_told(a), style=a.style)


def _story(a: MakeFilm, record: dict[str, Any] | None) -> dict[str, Any]:
    """What the film is measured against: what is told now, else what its earlier cut was made of."""
    if record is not None and a.script is None and a.brief is None:
        return record.get("story") or story_of(None, None)
    return story_of(a.script, _told(a))


def _edited(
    studio: Studio, a: MakeFilm, written: Written, state: FilmState, story: dict[str, Any]
) -> Written:
    """The plan of an earlier film with its edits made; a plan that is changed is measured again."""
    plan = written.plan
    moves = studio.catalog.get(a.model).camera_trained or GENTLE
    for index, edit in enumerate(a.edits):
        plan = apply_edit(plan, state, edit, f"edits[{index}]", moves=moves)
    if a.plan is None and plan == written.plan:
        return written
    return measured_again(replace(written, plan=plan), story)


def _asks_later(studio: Studio, a: MakeFilm) -> bool:
    """Whether the film's workflow asks the LLM for its plan, and not this call."""
    story = a.script is not None or a.brief is not None
    return studio.settings.llm is not None and story and not a.dry_run and not a.edits


def _told(a: MakeFilm) -> dict[str, Any] | None:
    return None if a.brief is None else a.brief.model_dump(exclude_none=True)
