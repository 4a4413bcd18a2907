"""`plan_shots`: a script or brief becomes a ShotPlan; a caller's own plan is checked."""

from dataclasses import asdict, dataclass
from typing import Any

from shotwright.generator.catalog import Card
from shotwright.generator.errors import BadRequest
from shotwright.prompts.shotplan import ShotPlan
from shotwright.tools.studio.shown import Shown
from shotwright.tools.studio.studio import Report, Studio
from shotwright.tools.studio.wire import Brief, PlanShots

LONGEST_SHOT_S = 15.0


@dataclass(frozen=True)
class Written:
    """A plan and who wrote it: director (rules) or caller."""

    plan: ShotPlan
    writer: str
    coverage: list[dict[str, Any]]
    warnings: list[dict[str, str]]

    def to_json(self) -> dict[str, Any]:
        return {
            "plan": self.plan.model_dump(mode="json"),
            "writer": self.writer,
            "coverage": self.coverage,
            "warnings": self.warnings,
        }


async def plan_shots(studio: Studio, a: PlanShots, report: Report) -> Shown:
    """Direct by rules; milliseconds, no network."""
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
    """A plan from exactly one of script, brief and plan.  Raises BadRequest."""
    from shotwright.prompts import director
    from shotwright.prompts.director.choices import GENTLE
    from shotwright.prompts.shotplan import parse_plan

    given = [
        name for name, v in (("script", script), ("brief", brief), ("plan", plan)) if v is not None
    ]
    if len(given) != 1:
        raise BadRequest(
            f"give one of script, brief and plan; given: {', '.join(given) or 'none'}.",
            code="invalid_script",
            field=given[0] if given else "script",
            value=given,
            allowed=["script", "brief", "plan"],
            fix="give exactly one of them",
        )
    if plan is not None:
        return Written(parse_plan(plan), "caller", [], [])
    # what the model renders in one clip bounds a shot; longer ones are made by continuation
    shortest = card.frames.minimum / card.fps
    moves = card.camera_trained or GENTLE
    if script is not None:
        made = director.direct(
            script,
            style=style,
            aspect_ratio=aspect_ratio or "16:9",
            seed=seed,
            moves=moves,
            shot_s=card.frames.default / card.fps,
            min_s=shortest,
            max_s=LONGEST_SHOT_S,
        )
    else:
        assert brief is not None
        made = director.direct_brief(
            director.Brief(**brief.model_dump()),
            style=style,
            aspect_ratio=aspect_ratio,
            seed=seed,
            moves=moves,
            min_s=shortest,
            max_s=LONGEST_SHOT_S,
        )
    return Written(
        made.plan, "director", [asdict(c) for c in made.coverage], [dict(w) for w in made.warnings]
    )
