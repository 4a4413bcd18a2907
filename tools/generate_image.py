"""`generate_image`: a keyframe picture, a clip of one frame."""

from shotwright.tools.generate_video import render_or_plan
from shotwright.tools.studio.clips import plan_clip
from shotwright.tools.studio.jobs import asked_of
from shotwright.tools.studio.shown import Shown
from shotwright.tools.studio.studio import Report, Studio
from shotwright.tools.studio.wire import GenerateImage, GenerateVideo


async def generate_image(studio: Studio, a: GenerateImage, report: Report) -> Shown:
    """Plan the picture; unless `dry_run`, render it as a job."""
    card = studio.catalog.get(a.model)
    card.check_mode("image", "model")
    asked = asked_of(a)
    plan = await plan_clip(studio, GenerateVideo(**asked), asked, lengths=((1,), 0))
    return await render_or_plan(studio, "generate_image", a.dry_run, asked, plan, report)
