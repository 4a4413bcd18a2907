"""How the picture as a whole drifts from frame to frame: what a sliding camera does to what stands near.

`camera.measure` follows the far background, which turns and grows with the lens but does not slide; here every part
of the picture votes, so that a truck, a pedestal or a dolly shows.  Rotation and zoom show too: ask `measure` first.
Knows no scene and no model.
Try: python -m pytest tests/generator/inspect/test_drift.py
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

ENLARGED = 2
"""Flow of small pictures is finer on enlarged ones."""
EDGE = 12.0
"""Sobel slope from which a pixel is texture whose motion can be seen."""
LOUDEST = 40.0
"""A slope beyond this votes no louder: else one bright subject outvotes a landscape."""
RESTING_PX = 0.125
"""Motion a frame, in pixels of the clip, below which texture rests."""
ROUNDS = 6
"""Of reweighting, which makes least squares a least sum of distances: a subject on its own way is outvoted."""
CLOSE = 2e-3
"""Half picture heights: below this a vote is as good as exact."""


@dataclass(frozen=True)
class Drift:
    """Sums over the clip of what the content did: right and down in half picture heights, growth (log of the size),
    turn in radians, clockwise; resting: the share of the texture that stayed, median over the frames."""

    right: float
    down: float
    growth: float
    turn: float
    resting: float


def drift(frames: NDArray[np.uint8]) -> Drift:
    """The similarity that most of the picture follows, frame by frame.

    frames: uint8 RGB (frames, height, width, 3); a single frame does not move.
    """
    if len(frames) < 2:
        return Drift(0.0, 0.0, 0.0, 0.0, 1.0)
    flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
    greys = [_grey(frame) for frame in frames]
    height, width = greys[0].shape
    y, x = np.mgrid[0:height:2, 0:width:2].astype(np.float64)
    x, y = (x - width / 2 + 0.5) * 2 / height, (y - height / 2 + 0.5) * 2 / height
    total, resting = np.zeros(4), []
    none = np.zeros((height, width, 2), np.float32)
    for before, after in pairwise(greys):
        moved = np.asarray(flow.calc(before, after, none.copy()))[::2, ::2]
        slope = _slope(before)[::2, ::2]
        weight = np.minimum(slope, LOUDEST) + LOUDEST / 10
        total += _similarity(x, y, moved * 2.0 / height, weight)
        texture = np.hypot(moved[..., 0], moved[..., 1])[slope > EDGE]
        resting.append(float((texture < RESTING_PX * ENLARGED).mean()) if texture.size else 1.0)
    right, down, growth, turn = (float(value) for value in total)
    return Drift(right, down, growth, turn, float(np.median(resting)))


def _grey(frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
    grey = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)
    return np.asarray(
        cv2.resize(grey, None, fx=ENLARGED, fy=ENLARGED, interpolation=cv2.INTER_CUBIC), np.uint8
    )


def _slope(grey: NDArray[np.uint8]) -> Floats:
    return np.hypot(cv2.Sobel(grey, cv2.CV_64F, 1, 0), cv2.Sobel(grey, cv2.CV_64F, 0, 1))


def _similarity(x: Floats, y: Floats, moved: Floats, weight: Floats) -> Floats:
    """(right, down, growth, turn) of least weighted distance to the flow `moved` (height, width, 2).

    Source: iteratively reweighted least squares for the L1 norm.
    """
    x, y, weight = x.ravel(), y.ravel(), np.tile(weight.ravel(), 2)
    one, none = np.ones_like(x), np.zeros_like(x)
    rows = np.concatenate([np.stack([one, none, x, -y], 1), np.stack([none, one, y, x], 1)])
    asked = np.concatenate([moved[..., 0].ravel(), moved[..., 1].ravel()]).astype(np.float64)
    found: NDArray[Any] = np.zeros(4)
    votes = weight
    for _ in range(ROUNDS):
        weighted = rows * votes[:, None]
        found = np.linalg.solve(rows.T @ weighted + 1e-9 * np.eye(4), weighted.T @ asked)
        votes = weight / np.maximum(np.abs(asked - rows @ found), CLOSE)
    return found
