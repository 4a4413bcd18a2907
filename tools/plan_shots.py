"""`plan_shots`: a script or brief becomes a ShotPlan; a caller's own plan is checked.

A script comes in any of the formats of `prompts.readers`; every plan is measured against the words it came from.
"""

from typing import TYPE_CHECKING, Any

from shotwright.generator.catalog import Card
from shotwright.generator.errors import BadRequest
from shotwright.prompts.shotplan import ShotPlan, parse_plan
from shotwright.tools.studio.shown import Shown
from shotwright.tools.studio.studio import Report, Studio
from shotwright.tools.studio.wire import Brief, PlanShots
from shotwright.tools.studio.writing import (
    LONGEST_SHOT_S,
    Written,
    by_llm,
    measured,
    writer_of,
)

if TYPE_CHECKING:
    from shotwright.prompts import readers


async def plan_shots(studio: Studio, a: PlanShots, report: Report) -> Shown:
    """Direct by rules, in milliseconds and without a network; then by an LLM, where one is set."""
    card = studio.catalog.get(a.model)
    written = await studio.blocking(
        write_plan,
        card,
        script=a.script,
        brief=a.brief,
        plan=a.plan,
        style=a.style,
        aspect_ratio=a.aspect_ratio,
        seed=a.seed,
    )
    written = await studio.blocking(
        by_llm,
        written,
        writer_of(studio.settings),
        card,
        script=a.script,
        brief=None if a.brief is None else a.brief.model_dump(exclude_none=True),
        style=a.style,
    )
    return Shown(written.to_json())


def write_plan(
    card: Card,
    *,
    script: str | None,
    brief: Brief | None,
    plan: dict[str, Any] | None,
    style: str | None,
    aspect_ratio: str | None,
    seed: int,
) -> Written:
    """A plan from exactly one of script, brief and plan; a plan may bring the script that it is measured against.

    Raises: BadRequest.
    """
    from shotwright.prompts import director, readers
    from shotwright.prompts.director.choices import GENTLE

    given = [
        name for name, v in (("script", script), ("brief", brief), ("plan", plan)) if v is not None
    ]
    if len(given) != 1 and given != ["script", "plan"]:
        raise BadRequest(
            f"give one of script, brief and plan; given: {', '.join(given) or 'none'}.",
            code="invalid_script",
            field=given[0] if given else "script",
            value=given,
            allowed=["script", "brief", "plan"],
            fix="give exactly one of them; only a plan may bring its script, to be measured against it",
        )
    if plan is not None:
        found = readers.read(script) if script is not None else None
        looked = with_look(parse_plan(plan), style, aspect_ratio)
        return measured(Written(looked, "caller", [], []), script or "", read=found)
    terms = director.Terms(
        style=style,
        aspect_ratio=aspect_ratio,
        seed=seed,
        # what the model renders in one clip bounds a shot; longer ones are made by continuation
        shot_s=card.frames.default / card.fps,
        min_s=card.frames.minimum / card.fps,
        max_s=LONGEST_SHOT_S,
        moves=card.camera_trained or GENTLE,
    )
    read = readers.read(script) if script is not None else None
    if isinstance(read, dict):
        looked = with_look(parse_plan(read), style, aspect_ratio)
        return measured(Written(looked, "caller", [], []), "")
    if isinstance(read, readers.Script):
        made = director.direct_script(read, terms)
        writer = "caller" if read.exact else "director"
        written = Written(made.plan, writer, [], list(made.warnings))
        return measured(written, script or "", read=read)
    asked = _asked(brief) if brief is not None else read
    assert asked is not None
    made = director.direct_brief(asked, terms)
    written = Written(made.plan, "director", [], list(made.warnings))
    lines = [asked.product, *asked.selling_points]
    return measured(written, "\n\n".join(lines), asked_s=asked.length_s)


def with_look(plan: ShotPlan, style: str | None, aspect_ratio: str | None) -> ShotPlan:
    """A plan that was written already, in the style and shape asked for beside it."""
    asked = {"style": style, "aspect_ratio": aspect_ratio}
    return plan.model_copy(update={name: v for name, v in asked.items() if v is not None})


def _asked(brief: Brief) -> "readers.Brief":
    """A brief as it came over the wire, as the director's."""
    from shotwright.prompts import readers

    fields = brief.model_dump()
    return readers.Brief(**{**fields, "selling_points": tuple(fields["selling_points"])})
