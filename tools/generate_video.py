"""`generate_video`: a clip from words, a first frame, a last frame, keyframes, a camera path."""

from typing import Any

from shotwright.tools.studio import jobs
from shotwright.tools.studio.clips import ClipPlan, plan_clip
from shotwright.tools.studio.deadlines import in_time
from shotwright.tools.studio.shown import Shown, show_job
from shotwright.tools.studio.studio import Report, Studio
from shotwright.tools.studio.wire import GenerateVideo


async def generate_video(studio: Studio, a: GenerateVideo, report: Report) -> Shown:
    """Plan the clip; unless `dry_run`, render it as a job."""

    async def planned(a: GenerateVideo, asked: dict[str, Any], level: str | None) -> ClipPlan:
        return await plan_clip(studio, a, asked, level=level)

    asked = jobs.asked_of(a)
    plan = await in_time(studio, a, asked, planned)
    return await render_or_plan(studio, "generate_video", a.dry_run, asked, plan, report)


async def render_or_plan(
    studio: Studio,
    verb: str,
    dry_run: bool,
    asked: dict[str, Any],
    plan: ClipPlan,
    report: Report,
) -> Shown:
    """The end of every clip verb."""
    if dry_run:
        return Shown(plan.dry_run(await jobs.expected_s(studio, plan.parts)))
    job = await jobs.submit(
        studio,
        verb,
        asked,
        {"parts": plan.parts},
        workflow="render",
        queue="render",
        report=report,
    )
    return await show_job(studio, job)
