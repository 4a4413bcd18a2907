"""One segment of a clip: rendered, fitted to what it continues, and rendered with other seeds while its seam shows.

Knows frames and an engine's `render`; no store and no jobs.
Try: python -m pytest tests/tools/studio/test_continuing.py
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from shotwright.generator.catalog import Card
from shotwright.generator.clipspec import ClipSpec
from shotwright.generator.frames import Frames

if TYPE_CHECKING:
    from shotwright.generator.inspect.ageing import Age, Tone
    from shotwright.generator.inspect.seams import Seam

PREFIX, LAST_FRAME = "clean latent prefix", "last frame"
"""How a segment takes up what it continues: its last frames as clean latents, or only its last frame as a picture."""

SEED_STEP = 104_729
"""Between the seeds of one segment's tries; the segments of a take and its siblings never meet it."""
TONE_FRAMES = 9
"""Frames of a segment, evenly spaced, of which its tone is taken."""

Render = Callable[[int, ClipSpec], Frames]
"""Renders a try by its number."""


def continued(card: Card, segment: Mapping[str, Any], method: str = PREFIX) -> dict[str, Any]:
    """A planned segment that takes up what was before it."""
    return {
        **led(card, segment),
        "overlap": card.overlap_frames if method == PREFIX else 1,
        "method": method,
    }


def led(card: Card, segment: Mapping[str, Any]) -> dict[str, Any]:
    """A planned segment that is given frames: guided less than by words alone, which would pull it away from them."""
    spec = ClipSpec.from_json(segment["spec"])
    guidance = spec.guidance if card.extend_guidance is None else card.extend_guidance
    return {**segment, "spec": replace(spec, guidance=guidance).to_json()}


@dataclass(frozen=True)
class Segment:
    """New frames, and what is known of them, as JSON.

    facts: `anchor`, the tone that continuations are held to; `age`, how far this is from it, and `seam`, of the kept
    try, with the scores of all; both None where nothing is continued.
    """

    frames: Frames
    facts: dict[str, Any]

    @property
    def shows(self) -> float:
        """The worst of its seam, as a multiple of the limit."""
        return float((self.facts["seam"] or {"shows": 0.0})["shows"])

    @property
    def aged(self) -> bool:
        return bool((self.facts["age"] or {"beyond": []})["beyond"])


def make(
    planned: Mapping[str, Any],
    *,
    before: Frames | None,
    anchor: dict[str, Any] | None,
    anchored: bool,
    tries: int,
    render: Render,
) -> Segment:
    """Render a planned segment, with up to `tries` seeds: the first whose seam does not show, else the best.

    before: the last frames of what it continues.  anchor: of an earlier segment; where there is none, the first
    continuation is held to what it continues if `anchored`, else becomes the anchor itself.
    """
    spec = ClipSpec.from_json(planned["spec"])
    if before is None or not planned["overlap"]:
        return _fresh(render(0, spec))
    kept: Segment | None = None
    scores = []
    for number in range(tries):
        seed = (spec.seed + SEED_STEP * number) % 2**32
        made = render(number, replace(spec, seed=seed))
        found = _joined(made, planned, before, anchor, anchored, seed)
        scores.append(_score(found))
        if kept is None or (found.aged, found.shows) < (kept.aged, kept.shows):
            kept = found
        if not found.aged and found.shows <= 1:
            break
    assert kept is not None
    if kept.facts["seam"] is not None:
        kept.facts["seam"]["tries"] = scores
    return kept


def _fresh(frames: Frames) -> Segment:
    return Segment(frames, {"anchor": asdict(_tone(frames)), "age": None, "seam": None})


def _joined(
    made: Frames,
    planned: Mapping[str, Any],
    before: Frames,
    anchor: dict[str, Any] | None,
    anchored: bool,
    seed: int,
) -> Segment:
    """A try's new frames, fitted, and how they join."""
    from shotwright.generator.continuation import fit, mean_lab
    from shotwright.generator.inspect.ageing import Tone, age

    overlap, fps = planned["overlap"], planned["spec"]["fps"]
    first = None if anchor is None else Tone.from_json(anchor)
    if first is None and anchored:
        # the codec softens what it has never seen: that is no ageing
        first = replace(_tone(made[:overlap]), lab=tuple(mean_lab(before).tolist()))
    held = None if first is None else np.array(first.lab)
    fitted = fit(made, before=before, overlap=overlap, anchor=held, fps=fps)
    now = _tone(fitted.frames)
    aged: Age | None = None if first is None else age(first, now)
    seam = _seam(before, fitted.frames)
    facts = {
        "anchor": asdict(first or now),
        "age": None if aged is None else aged.to_json(),
        "seam": None
        if seam is None
        else {
            **seam.to_json(),
            "method": planned["method"],
            "overlap_frames": overlap,
            "seed": seed,
            "matched": round(fitted.seam, 2),
            "anchored": round(fitted.anchor, 2),
        },
    }
    return Segment(fitted.frames, facts)


def _seam(before: Frames, after: Frames) -> "Seam | None":
    """None where there are not two frames on either side."""
    from shotwright.generator.inspect.seams import AROUND, measure_seam

    if min(len(before), len(after)) < 2:
        return None
    near = before[-AROUND - 1 :]
    return measure_seam(np.concatenate([near, after[: AROUND + 1]]), len(near))


def _score(segment: Segment) -> dict[str, Any]:
    """What the slate keeps of a try."""
    seam, aged = segment.facts["seam"], segment.facts["age"]
    names = ("seed", "colour_step", "ssim", "motion_jump", "shows", "pass")
    return {
        **({} if seam is None else {name: seam[name] for name in names}),
        "beyond": [] if aged is None else aged["beyond"],
    }


def _tone(frames: Frames) -> "Tone":
    from shotwright.generator.inspect.ageing import tone

    at = np.unique(np.linspace(0, len(frames) - 1, TONE_FRAMES).round().astype(int))
    return tone(frames[at])


def given_piece(planned: Mapping[str, Any], *, joined: bool) -> dict[str, Any]:
    """The facts of a segment of a given clip.

    joined: whether it begins at a seam, which is measured in the finished clip.
    """
    spec, overlap = planned["spec"], planned["overlap"]
    seam = None
    if overlap and joined:
        seam = {
            "frame": 0,
            "method": planned["method"],
            "overlap_frames": overlap,
            "seed": spec["seed"],
        }
    return {"frames": spec["frames"] - overlap, "seam": seam, "age": None, "codec": {}}


def keep(made: list[dict[str, Any]], facts: dict[str, Any]) -> dict[str, Any] | None:
    """Add a segment's facts to those `made`; or, where it has drifted past a limit, why nothing more is made.

    Such a segment is not kept, unless there is nothing else to show.
    """
    aged = facts["age"]
    if not aged or not aged["beyond"]:
        made.append(facts)
        return None
    stopped = {"segment": len(made), **aged}
    if not made:
        made.append(facts)
    return stopped


def drift_of(
    made: list[dict[str, Any]], start: int, stopped: dict[str, Any] | None
) -> dict[str, Any] | None:
    """A continued take's drift: the curve over its segments, and where it was stopped; None for a take of one piece.

    made: the facts of its segments, each with its `frames`; start: the frame that the first begins at.
    """
    from shotwright.generator.inspect.ageing import LIMITS

    curve, at = [], start
    for number, facts in enumerate(made):
        if facts["age"] is not None:
            curve.append({"segment": number, "frame": at, **facts["age"]})
        at += facts["frames"]
    if not curve and stopped is None:
        return None
    return {
        "anchor": made[0]["anchor"],
        "limits": dict(LIMITS),
        "curve": curve,
        "stopped": stopped,
    }


def seams_of(made: list[dict[str, Any]], start: int) -> list[dict[str, Any]]:
    """The seams inside a take, each at its frame; a film's shot that continues another begins with one of its own."""
    seams, at = [], start
    for facts in made:
        if facts["seam"] is not None and at > 0:
            seams.append({**facts["seam"], "frame": at})
        at += facts["frames"]
    return seams
