"""`move_camera`: take a still, or a clip, along a camera path."""

from typing import Any

from shotwright.generator.catalog import Card
from shotwright.generator.errors import BadRequest
from shotwright.tools.generate_video import render_or_plan
from shotwright.tools.studio.clips import ClipPlan, plan_clip
from shotwright.tools.studio.deadlines import in_time
from shotwright.tools.studio.jobs import asked_of
from shotwright.tools.studio.resolve import Resolution, moves_of, pieces
from shotwright.tools.studio.shown import Shown
from shotwright.tools.studio.sources import clip_for
from shotwright.tools.studio.studio import Report, Studio
from shotwright.tools.studio.wire import GenerateVideo, MoveCamera


async def move_camera(studio: Studio, a: MoveCamera, report: Report) -> Shown:
    """Warp the picture (or every frame of the clip) along the path and render from it; measured afterwards."""

    async def planned(a: MoveCamera, asked: dict[str, Any], level: str | None) -> ClipPlan:
        return await _planned(studio, a, asked, level)

    asked = asked_of(a)
    plan = await in_time(studio, a, asked, planned)
    return await render_or_plan(studio, "move_camera", a.dry_run, asked, plan, report)


async def _planned(
    studio: Studio, a: MoveCamera, asked: dict[str, Any], level: str | None
) -> ClipPlan:
    """Resolve everything; level: where it is not the quality's own.  Raises BadRequest."""
    if (a.image is None) == (a.video is None):
        raise BadRequest(
            "give an image or a video to move through, and not both.",
            field="image",
            value=a.image,
            allowed="image or video",
            fix="give one of them",
        )
    if not moves_of(a.camera):
        raise BadRequest(
            "camera holds no move; say how the camera is to move.",
            field="camera",
            value=[],
            allowed="1 to 8 moves, words, or a Kling camera_control",
            fix="read shotwright://guide/camera",
        )
    fields = {k: v for k, v in asked.items() if k in GenerateVideo.model_fields}
    if a.video is None:
        return await plan_clip(studio, GenerateVideo(**fields), asked, moved="still", level=level)
    if a.frames is not None or a.duration_s is not None:
        raise BadRequest(
            "a moved clip keeps its own length; leave frames and duration_s out.",
            code="invalid_frames",
            field="frames" if a.frames is not None else "duration_s",
            value=a.frames or a.duration_s,
            allowed="neither with a video",
            fix="remove frames and duration_s",
        )
    card = studio.catalog.get(a.model)
    source = await clip_for(
        studio, card, a.video, "video", fit=a.fit, aspect_ratio=a.aspect_ratio, size=a.size
    )
    lengths = _lengths(card, source.frames)
    marked = Resolution()
    fields.update(size=f"{source.width}x{source.height}", label=source.labelled(asked, marked))
    fields.pop("aspect_ratio", None)
    request = GenerateVideo(**fields)
    if "prompt" not in fields:
        # past the check of its length, which is for callers: a film's compiled words may be longer
        request = request.model_copy(update={"prompt": source.prompt})
    plan = await plan_clip(
        studio,
        request,
        asked,
        moved="clip",
        lengths=(lengths, card.overlap_frames),
        level=level,
    )
    plan.notes.adjustments.extend([*marked.adjustments, *source.adjustments])
    plan.notes.warnings.extend(source.warnings)
    plan.notes.adjust(
        "frames",
        source.frames,
        sum(lengths) - card.overlap_frames * (len(lengths) - 1),
        f"the end is cut to the frame rule {card.frames.describe()}",
    )
    for part in plan.parts:
        part["parents"] = source.parents
        if part["over"] is not None:
            part["over"]["clip"] = source.key
    return plan


def _lengths(card: Card, frames: int) -> tuple[int, ...]:
    """Frames of the segments in which a clip of `frames` is moved, the overlap of later ones included."""
    rule = card.frames
    longest = frames if "extend" in card.modes else rule.maximum
    if not rule.minimum <= frames <= longest:
        most = "or more" if "extend" in card.modes else f"to {rule.maximum}"
        raise BadRequest(
            f"the clip has {frames} frames at {card.fps} a second; {card.name} can move "
            f"{rule.minimum} {most}.",
            code="invalid_frames",
            field="video",
            value=frames,
            allowed=f"{rule.minimum} {most} frames",
            fix="choose a clip of that length, or another model",
        )
    fitting = frames - (frames - rule.offset) % rule.step
    if fitting <= rule.maximum:
        return (fitting,)
    shared = card.overlap_frames
    counts = (rule.maximum, *pieces(card, fitting - rule.maximum, shared))
    # the shortest piece may be longer than what is left
    return counts if sum(counts) - shared * (len(counts) - 1) <= frames else counts[:-1]
