"""`extend_video`: continue a take or an imported clip; the answer is the whole clip, source included."""

from typing import Any

from shotwright.generator.errors import BadRequest
from shotwright.tools.generate_video import render_or_plan
from shotwright.tools.studio.clips import ClipPlan, part
from shotwright.tools.studio.jobs import asked_of
from shotwright.tools.studio.resolve import (
    Resolution,
    Shape,
    moves_of,
    pieces,
    plan_camera,
    seeds,
    words_of,
)
from shotwright.tools.studio.shown import Shown
from shotwright.tools.studio.sources import clip_for
from shotwright.tools.studio.studio import Report, Studio
from shotwright.tools.studio.wire import ExtendVideo


async def extend_video(studio: Studio, a: ExtendVideo, report: Report) -> Shown:
    """Plan the continuation segments; unless `dry_run`, render them as a job."""
    if a.segments is not None and a.duration_s is not None:
        raise BadRequest(
            "segments and duration_s both say how much is added; give one of them.",
            field="segments",
            value=a.segments,
            allowed="segments or duration_s",
            fix="remove duration_s",
        )
    card = studio.catalog.get(a.model)
    card.check_mode("extend", "model")
    source = await clip_for(studio, card, a.video, "video", fit=a.fit)
    overlap = card.overlap_frames
    if source.frames < overlap:
        raise BadRequest(
            f"the clip has {source.frames} frames at {card.fps} a second; continuing needs {overlap}.",
            code="invalid_frames",
            field="video",
            value=source.frames,
            allowed=f"{overlap} or more",
            fix="continue a longer clip, or use its last frame as image in generate_video",
        )
    notes = Resolution(adjustments=source.adjustments)
    if a.duration_s is None:
        counts = (card.frames.maximum,) * (a.segments or 1)
    else:
        counts = pieces(card, a.duration_s * card.fps)
        added = (sum(counts) - overlap * len(counts)) / card.fps
        notes.adjust("duration_s", a.duration_s, added, "nearest to the model's frame rule")
    shape = Shape(source.width, source.height, counts, overlap)
    camera = plan_camera(
        card,
        moves_of(a.camera),
        frames=shape.frames,
        still=False,
        segments=len(counts),
        notes=notes,
        seed=a.seed or 0,
    )
    words = await studio.blocking(
        words_of,
        card,
        source.prompt if a.prompt is None else a.prompt,
        negative=a.negative_prompt,
        rewrite=a.rewrite and a.prompt is not None,
        image=True,
        moves=camera.prompt_moves,
        notes=notes,
        settings=studio.settings,
        now=a.dry_run,
    )
    asked = asked_of(a)
    nothing: dict[str, Any] = {"first": None, "last": None, "keyframes": []}
    parts = [
        part(card, asked, shape, words, a.quality, seed, camera, nothing, notes, label=a.label)
        for seed in seeds(a.seed, a.takes)
    ]
    for planned in parts:
        planned["parents"] = source.parents
        planned["source"] = {"clip": source.key, "frames": source.frames}
        # the first segment begins with the source's last frames too
        planned["segments"][0]["overlap"] = overlap
    plan = ClipPlan(card, parts, notes)
    return await render_or_plan(studio, "extend_video", a.dry_run, asked, plan, report)
