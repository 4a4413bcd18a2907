"""`generate_image`: a keyframe picture, a clip of one frame; from words, or from words and a reference picture."""

from typing import Any

from shotwright.generator.catalog import Catalog
from shotwright.generator.errors import BadRequest
from shotwright.tools.generate_video import render_or_plan
from shotwright.tools.studio.clips import ClipPlan, plan_clip
from shotwright.tools.studio.deadlines import in_time
from shotwright.tools.studio.jobs import asked_of
from shotwright.tools.studio.shown import Shown
from shotwright.tools.studio.studio import Report, Studio
from shotwright.tools.studio.wire import GenerateImage, GenerateVideo


async def generate_image(studio: Studio, a: GenerateImage, report: Report) -> Shown:
    """Plan the picture; unless `dry_run`, render it as a job."""

    async def planned(a: GenerateImage, asked: dict[str, Any], level: str | None) -> ClipPlan:
        if a.image is not None:
            _check_reference(studio.catalog, a)
        return await plan_clip(
            studio, GenerateVideo(**asked), asked, lengths=((1,), 0), level=level
        )

    asked = asked_of(a)
    plan = await in_time(studio, a, asked, planned)
    return await render_or_plan(studio, "generate_image", a.dry_run, asked, plan, report)


def _check_reference(catalog: Catalog, a: GenerateImage) -> None:
    """Raises: BadRequest, with the models that would, for one that draws no picture anew."""
    card = catalog.get(a.model)
    if "i2i" in card.modes:
        return
    able = [other.name for other in catalog.cards.values() if "i2i" in other.modes]
    raise BadRequest(
        f"{card.name} takes no reference picture; {', '.join(able)} do.",
        code="unsupported_mode",
        field="image",
        value=a.image,
        allowed=able,
        fix=f"remove image, or model={able[0]}" if able else "remove image",
    )
