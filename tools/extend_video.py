"""`extend_video`: continue a take or an imported clip; the answer is the whole clip, source included."""

from typing import Any

from shotwright.generator.catalog import Card
from shotwright.generator.errors import BadRequest
from shotwright.tools.generate_video import render_or_plan
from shotwright.tools.studio.clips import ClipPlan, part
from shotwright.tools.studio.continuing import LAST_FRAME, PREFIX, continued
from shotwright.tools.studio.deadlines import in_time
from shotwright.tools.studio.jobs import asked_of
from shotwright.tools.studio.mechanisms import moves_in, plan_camera
from shotwright.tools.studio.resolve import (
    Resolution,
    Shape,
    moves_of,
    pieces,
    seeds,
    words_of,
)
from shotwright.tools.studio.shown import Shown
from shotwright.tools.studio.sources import Source, clip_for
from shotwright.tools.studio.studio import Report, Studio
from shotwright.tools.studio.wire import ExtendVideo


async def extend_video(studio: Studio, a: ExtendVideo, report: Report) -> Shown:
    """Plan the continuation segments; unless `dry_run`, render them as a job."""

    async def planned(a: ExtendVideo, asked: dict[str, Any], level: str | None) -> ClipPlan:
        return await _planned(studio, a, asked, level)

    asked = asked_of(a)
    plan = await in_time(studio, a, asked, planned)
    return await render_or_plan(studio, "extend_video", a.dry_run, asked, plan, report)


async def _planned(
    studio: Studio, a: ExtendVideo, asked: dict[str, Any], level: str | None
) -> ClipPlan:
    """Resolve everything; level: where it is not the quality's own.  Raises BadRequest."""
    if a.segments is not None and a.duration_s is not None:
        raise BadRequest(
            "segments and duration_s both say how much is added; give one of them.",
            field="segments",
            value=a.segments,
            allowed="segments or duration_s",
            fix="remove duration_s",
        )
    card = studio.catalog.get(a.model)
    if "extend" not in card.modes:
        card.check_mode("first", "model")
    source = await clip_for(studio, card, a.video, "video", fit=a.fit)
    notes = Resolution(adjustments=source.adjustments, warnings=source.warnings)
    method = _method(card, source, notes)
    overlap = card.overlap_frames if "extend" in card.modes else 1
    lead = overlap if method == PREFIX else 1
    if a.duration_s is None:
        counts = (card.frames.maximum,) * (a.segments or 1)
    else:
        counts = pieces(card, a.duration_s * card.fps, overlap, lead=lead)
        added = (sum(counts) - overlap * (len(counts) - 1) - lead) / card.fps
        notes.adjust("duration_s", a.duration_s, added, "nearest to the model's frame rule")
    shape = Shape(source.width, source.height, counts, overlap)
    prompt = source.prompt if a.prompt is None else a.prompt
    rewritten = a.rewrite and a.prompt is not None
    spoken = a.camera is None
    moves = moves_in(prompt, notes) if spoken else moves_of(a.camera)
    if a.prompt is None and spoken and {move.move for move in moves} == {"static"}:
        moves = ()  # a take's own words hold its camera where nobody asked for any
    camera = plan_camera(
        card,
        moves,
        frames=shape.frames,
        start="bound",
        segments=len(counts),
        notes=notes,
        seed=a.seed or 0,
        spoken=("rewritten" if rewritten else "as it is") if spoken else "",
    )
    words = await studio.blocking(
        words_of,
        card,
        prompt,
        negative=a.negative_prompt,
        rewrite=rewritten,
        image=True,
        moves=camera.prompt_moves,
        notes=notes,
        settings=studio.settings,
        now=a.dry_run,
    )
    label = source.labelled(asked, notes)
    nothing: dict[str, Any] = {"first": None, "last": None, "keyframes": []}
    parts = [
        part(
            card,
            asked,
            shape,
            words,
            a.quality,
            seed,
            camera,
            nothing,
            notes,
            label=label,
            level=level,
        )
        for seed in seeds(a.seed, a.takes)
    ]
    for planned in parts:
        planned["parents"] = source.parents
        planned["source"] = {
            "clip": source.key,
            "tail": source.tail,
            "frames": source.frames,
            # other words may want other colours: then the first new segment is what the rest is held to
            "anchored": a.prompt is None,
            "anchor": source.anchor if a.prompt is None else None,
        }
        later = PREFIX if "extend" in card.modes else LAST_FRAME
        planned["segments"] = [
            continued(card, segment, later if index else method)
            for index, segment in enumerate(planned["segments"])
        ]
    return ClipPlan(card, parts, notes)


def _method(card: Card, source: Source, notes: Resolution) -> str:
    """How the source is taken up: by its last frames, or, where that cannot be, by its last frame, said openly."""
    overlap = card.overlap_frames
    if "extend" not in card.modes:
        why = f"{card.name} cannot take up the motion of a clip"
    elif source.frames < overlap:
        card.check_mode("first", "video")
        why = f"the clip has {source.frames} of the {overlap} frames that show its motion"
    else:
        return PREFIX
    notes.warn(
        "extended_by_last_frame",
        f"{why}: it is continued from its last frame, and motion may begin anew there.",
    )
    return LAST_FRAME
