"""Make a continuation fit what it continues: its colours matched at the seam, and held to those of the first segment.

A codec shifts colours a little each time, and a model goes on from what it made: over ten segments that is a drift.
Knows frames only; what it continues is never touched.
Try: python -m pytest tests/generator/test_continuation.py
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from shotwright.generator.frames import Frames

FADE_S = 2.0
"""Over this long the matching at the seam gives way to the anchor: the eye follows no colour so slow."""
TREND_FRAMES = 4
"""Steps from whose median the next step of the colour is foreseen, as in a sunrise."""
NATURAL = 2.0
"""A segment's mean colour (CIE 1976, Delta E) may differ this much from the anchor's: what moves changes it too."""
MOST_ANCHORED = 5.0
"""Beyond this much more the picture shows something else, and is no drift that a shift of colour would mend."""

Labs = NDArray[np.float64]


@dataclass(frozen=True)
class Fitted:
    """frames: the continuation without its overlap; seam, anchor: how far its colours were shifted there, Delta E."""

    frames: Frames
    seam: float
    anchor: float


def fit(made: Frames, *, before: Frames, overlap: int, anchor: Labs | None, fps: float) -> Fitted:
    """What a model made, its first `overlap` frames dropped, its colours fitted to what it continues.

    made: uint8 RGB (frames, height, width, 3), of which the first `overlap` show the last of `before` again, as the
    codec gives them back.  before: the end of what is continued, at least `overlap` frames.
    anchor: mean colour of the first segment, of `mean_lab`; None to hold nothing to it.
    """
    colours = _means(made)
    known = _means(before[-max(overlap, TREND_FRAMES + 1) :])
    codec = (known[-overlap:] - colours[:overlap]).mean(0)
    new = colours[overlap:] + codec
    trend = np.median(np.diff(known, axis=0), axis=0) if len(known) > TREND_FRAMES else 0.0
    step = known[-1] + trend - new[0]
    pull = np.zeros(3) if anchor is None else _beyond(anchor - new.mean(0))
    share = _fading(len(new), FADE_S * fps)[:, None]
    shifts = codec + step * share + pull * (1 - share)
    fitted = [_shifted(*pair) for pair in zip(made[overlap:], shifts, strict=True)]
    return Fitted(np.stack(fitted), float(np.linalg.norm(codec + step)), _norm(pull))


def mean_lab(frames: Frames) -> Labs:
    """The mean colour of uint8 RGB frames in CIE LAB, (3,)."""
    return np.asarray(_means(frames).mean(0))


def _means(frames: Frames) -> Labs:
    """(frames, 3)"""
    return np.stack([_lab(frame).mean((0, 1), dtype=np.float64) for frame in frames])


def _lab(frame: Frames) -> NDArray[np.float32]:
    return np.asarray(cv2.cvtColor(frame.astype(np.float32) / 255, cv2.COLOR_RGB2LAB))


def _norm(shift: Labs) -> float:
    return float(np.linalg.norm(shift))


def _beyond(off: Labs) -> Labs:
    """What of a difference is drift: nothing within NATURAL, all beyond it, up to MOST_ANCHORED."""
    size = _norm(off)
    if size <= NATURAL:
        return np.zeros(3)
    return off / size * min(size - NATURAL, MOST_ANCHORED)


def _fading(count: int, over: float) -> Labs:
    """From 1 to 0 along half a cosine over `over` frames, then 0."""
    at = np.minimum(np.arange(count) / max(over, 1.0), 1.0)
    return np.asarray((1 + np.cos(np.pi * at)) / 2)


def _shifted(frame: Frames, shift: Labs) -> Frames:
    """The frame with this much added to its LAB values; black stays black and white stays white."""
    lab = _lab(frame)
    # light at both ends of the scale has no room for a colour
    room = np.minimum(1.0, np.minimum(lab[..., :1], 100 - lab[..., :1]) / 10)
    moved = cv2.cvtColor(lab + room * shift.astype(np.float32), cv2.COLOR_LAB2RGB)
    return np.asarray(np.clip(moved * 255 + 0.5, 0, 255), np.uint8)
