"""Faults of the picture itself: black and frozen frames, blur, flicker; and how much moves.

Try: python -m pytest tests/generator/inspect/test_picture.py
"""

from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

BLACK_LEVEL = 16
"""Grey level that video calls black (ITU-R BT.709)."""

BLACK_SHARE = 0.98
"""Share of a black frame's pixels that do not exceed it."""

FROZEN_STEP = 0.05
"""Mean change in grey levels below which two frames are one: an encoder's rounding is beyond it."""

FROZEN_FRAMES = 3
"""Shorter runs are how slow animation looks."""


@dataclass(frozen=True)
class Picture:
    """black_frames: indices; frozen: [first, last] frame of each run that does not change;
    sharpness: median over frames of the Laplacian's standard deviation, as a share of the grey
    levels' own (a blurred picture nears 0); flicker: median size of the change of brightness that
    the next frame takes back, in grey levels; motion: mean change from frame to frame, in grey
    levels."""

    black_frames: list[int]
    frozen: list[list[int]]
    sharpness: float
    flicker: float
    motion: float


def inspect_picture(frames: NDArray[np.uint8]) -> Picture:
    """frames: uint8 RGB (frames, height, width, 3), at least one."""
    greys = [np.asarray(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), np.float32) for frame in frames]
    black = [i for i, g in enumerate(greys) if float((g <= BLACK_LEVEL).mean()) >= BLACK_SHARE]
    changes = [float(np.abs(b - a).mean()) for a, b in pairwise(greys)]
    levels = np.array([float(g.mean()) for g in greys])
    return Picture(
        black_frames=black,
        frozen=_runs(changes),
        sharpness=float(np.median([_sharpness(g) for g in greys])),
        flicker=_flicker(levels),
        motion=float(np.mean(changes)) if changes else 0.0,
    )


def _runs(changes: list[float]) -> list[list[int]]:
    """Runs of at least `FROZEN_FRAMES` equal frames, as [first frame, last frame]."""
    runs: list[list[int]] = []
    first = 0
    for i, change in enumerate([*changes, np.inf], start=1):
        if change < FROZEN_STEP:
            continue
        if i - first >= FROZEN_FRAMES:
            runs.append([first, i - 1])
        first = i
    return runs


def _sharpness(grey: NDArray[np.float32]) -> float:
    detail = float(np.asarray(cv2.Laplacian(grey, cv2.CV_32F)).std())
    return detail / max(float(grey.std()), 1.0)


def _flicker(levels: NDArray[np.float64]) -> float:
    """A fade changes its brightness one way; flicker turns back: the second difference shows it."""
    if len(levels) < 3:
        return 0.0
    return float(np.median(np.abs(np.diff(levels, 2)))) / 2
