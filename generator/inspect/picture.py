"""Faults of the picture itself: black and frozen frames, blur, flicker; and how much moves.

Try: python -m pytest tests/generator/inspect/test_picture.py
"""

from collections.abc import Iterable
from dataclasses import dataclass

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


class PictureMeter:
    """Looks at a clip's frames one by one; of each only a few numbers are kept, and of the last its grey."""

    def __init__(self) -> None:
        self._black: list[int] = []
        self._levels: list[float] = []
        self._sharpness: list[float] = []
        self._changes: list[float] = []
        self._last: NDArray[np.float32] | None = None

    def add(self, frame: NDArray[np.uint8]) -> None:
        """The next frame, uint8 RGB (height, width, 3)."""
        grey = np.asarray(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), np.float32)
        if float((grey <= BLACK_LEVEL).mean()) >= BLACK_SHARE:
            self._black.append(len(self._levels))
        if self._last is not None:
            self._changes.append(float(np.abs(grey - self._last).mean()))
        self._levels.append(float(grey.mean()))
        self._sharpness.append(_sharpness(grey))
        self._last = grey

    def result(self) -> Picture:
        """What was seen; at least one frame must have been."""
        return Picture(
            black_frames=self._black,
            frozen=_runs(self._changes),
            sharpness=float(np.median(self._sharpness)),
            flicker=_flicker(np.array(self._levels)),
            motion=float(np.mean(self._changes)) if self._changes else 0.0,
        )


def inspect_picture(frames: Iterable[NDArray[np.uint8]]) -> Picture:
    """frames: uint8 RGB (height, width, 3), at least one; an array of them, or one by one."""
    meter = PictureMeter()
    for frame in frames:
        meter.add(frame)
    return meter.result()


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
