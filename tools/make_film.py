"""`make_film`: script, brief or plan -> a film; with `film_id`, only what changed is rendered again."""

from dataclasses import asdict, dataclass, replace
from typing import Any

from shotwright.generator.errors import BadRequest
from shotwright.prompts.director.choices import GENTLE
from shotwright.prompts.shotplan import parse_plan
from shotwright.tools.plan_shots import with_look, write_plan
from shotwright.tools.studio import jobs
from shotwright.tools.studio.binding import bind
from shotwright.tools.studio.clips import ClipPlan
from shotwright.tools.studio.deadlines import in_time
from shotwright.tools.studio.editing import apply_edit, undescribed
from shotwright.tools.studio.resolve import Resolution, expected_bytes
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


@dataclass(frozen=True)
class Filmed:
    """A film as it was resolved: what is rendered, its shots in order and the plans behind them.

    a: the arguments with what was chosen for them, asked: those that are stated then; level: where it is not the
    quality's own; notes: of the film as a whole.
    """

    a: MakeFilm
    asked: dict[str, Any]
    level: str | None
    written: Written
    story: dict[str, Any]
    parts: list[dict[str, Any]]
    shots: list[dict[str, Any]]
    clips: list[ClipPlan]
    warnings: list[dict[str, str]]
    notes: Resolution

    @property
    def adjustments(self) -> list[dict[str, Any]]:
        """Of the film, then of its shots."""
        of_shots = [change for clip in self.clips for change in clip.notes.adjustments]
        return [*self.notes.adjustments, *of_shots]


async def make_film(studio: Studio, a: MakeFilm, report: Report) -> Shown:
    """Plan every shot; unless `dry_run`, render them as one job and join the takes."""
    asked = jobs.asked_of(a)
    record = None
    if a.film_id is not None:
        record = await studio.blocking(studio.store.read_record, "films", a.film_id)
        look = {name: record["look"][name] for name in LOOK if name in record["look"]}
        a = a.model_copy(update={k: v for k, v in look.items() if k not in asked})
        if a.plan is not None:  # an edited plan says its own look
            a = a.model_copy(update={k: asked.get(k) for k in ("style", "aspect_ratio")})

    async def planned(a: MakeFilm, asked: dict[str, Any], level: str | None) -> Filmed:
        return await _planned(studio, a, asked, record, level)

    filmed = await in_time(studio, a, asked, planned)
    warnings = [*filmed.warnings, *filmed.notes.warnings]
    if a.dry_run:
        return Shown(
            {
                "effective": _effective(filmed),
                "adjustments": filmed.adjustments,
                "warnings": warnings,
                "expected_s": await jobs.expected_s(studio, filmed.parts),
                "expected_bytes": expected_bytes(filmed.parts),
            }
        )
    film_id, written = a.film_id or _new_id(), filmed.written
    for part in filmed.parts:
        part["film_id"] = film_id
        part["adjustments"] = [*filmed.notes.adjustments, *part["adjustments"]]
    film = {
        "film_id": film_id,
        "request": filmed.asked,
        "look": {
            **filmed.a.model_dump(mode="json", include=set(LOOK)),
            "level": filmed.level,
        },
        "plan": written.plan.model_dump(mode="json"),
        "writer": written.writer,
        "coverage": written.coverage,
        "report": written.report,
        "story": filmed.story,
        "why": written.why,
        "diff": written.diff,
        "plan_warnings": written.warnings,
        "warnings": warnings,
        "noted": asdict(filmed.notes),
        "shots": filmed.shots,
    }
    told = {"parts": filmed.parts, "film": film}
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


async def _planned(
    studio: Studio,
    a: MakeFilm,
    asked: dict[str, Any],
    record: dict[str, Any] | None,
    level: str | None,
) -> Filmed:
    """Write the plan and resolve its shots; record: of the earlier cut, if there is one."""
    if record is not None and not {"model", "quality"} & set(asked):
        level = level or record["look"].get("level")
    state = FilmState.of(record)
    story = await studio.blocking(_story, a, record)
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
        level=level,
    )
    warnings = [*written.warnings, *bound.warnings, *film_warnings(plan, clips)]
    notes = Resolution()
    if a.seed is not None and any(shot.id in state.shots for shot in plan.shots):
        notes.warn(
            "seed_of_new_shots",
            "seed is for shots that are new; those of the earlier cut keep theirs. To film one again, give it an edit: "
            '{"op": "reshoot", "shot": its id, "seed": another}.',
        )
    return Filmed(a, asked, level, written, story, parts, shots, clips, warnings, notes)


def _effective(filmed: Filmed) -> dict[str, Any]:
    """What a dry run shows of the film."""
    written = filmed.written
    return {
        "plan": written.plan.model_dump(mode="json"),
        "writer": written.writer,
        "coverage": written.coverage,
        "report": written.report,
        "why": written.why,
        "diff": written.diff,
        "shots": filmed.shots,
        "renders": len(filmed.parts),
    }


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
    if record is not None and a.plan is not None and record["writer"] != "caller":
        before = parse_plan(record["plan"])
        return replace(written, plan=undescribed(written.plan, before))
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
