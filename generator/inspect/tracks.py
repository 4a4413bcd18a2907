"""Follow points of the picture through a clip: the raw material of parallax.  Knows no camera.

Points are spread evenly, one a cell, so that a landscape is not outvoted by one rich texture in it; each is followed
from frame to frame by pyramidal Lucas-Kanade and dropped where the way back does not lead home.
Source: Bouguet, Pyramidal implementation of the Lucas Kanade feature tracker (2000).
Try: python -m pytest tests/generator/inspect/test_tracks.py
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

LONG_SIDE_PX = 240
"""Frames are followed at this long side; half of it loses a third of the small parallax."""
LEAST_SIDE_PX = 128
"""Smaller frames are enlarged to it: the window is then small beside the things in them."""
CELLS = 24
"""Along the long side; one point a cell at most."""
WINDOW_PX = 13
LEVELS = 3
BACK_PX = 0.5
"""A point that does not come back this close to where it was has been lost."""
BORDER_PX = 4
SLOPE = 6.0
"""Least slope, of the flattened picture, in a cell's weakest direction: below it a point slides along an edge."""
LOCAL_PX = 9.0
"""Light that changes over more than this is taken out: flicker, fades and vignettes are no motion."""
CONTRAST = 24.0
"""Mean departure from the local light that frames are brought to."""
EVERY = 4
"""Frames from one search for new points to the next."""

Points = NDArray[np.float32]


@dataclass(frozen=True)
class Tracks:
    """at: float32 (frames, points, 2), right and down from the middle of the picture in half widths of it; NaN where a
    point is not seen; pixel: the size of a pixel of the followed picture in the same unit."""

    at: Points
    pixel: float


class Tracker:
    """Sees a clip's frames one by one; keeps the last one and where each point was."""

    def __init__(self) -> None:
        self._last: NDArray[np.uint8] | None = None
        self._alive = np.zeros(0, np.int64)
        self._now = np.zeros((0, 2), np.float32)
        self._speed = np.zeros((0, 2), np.float32)
        self._count = 0
        self._seen: list[tuple[NDArray[np.int64], Points]] = []
        self._size = (0, 0)

    def add(self, frame: NDArray[np.uint8]) -> None:
        """The next frame, uint8 RGB (height, width, 3)."""
        grey = _flattened(frame)
        self._size = (grey.shape[1], grey.shape[0])
        if self._last is not None and len(self._now):
            self._follow(self._last, grey)
        if len(self._seen) % EVERY == 0:
            self._search(grey)
        self._last = grey
        self._seen.append((self._alive.copy(), self._now.copy()))

    def _follow(self, last: NDArray[np.uint8], grey: NDArray[np.uint8]) -> None:
        there, found = _lucas_kanade(last, grey, self._now, self._now + self._speed)
        back, home = _lucas_kanade(grey, last, there, self._now)
        width, height = self._size
        kept = (
            found
            & home
            & (np.linalg.norm(back - self._now, axis=1) < BACK_PX)
            & (there >= BORDER_PX).all(1)
            & (there[:, 0] < width - BORDER_PX)
            & (there[:, 1] < height - BORDER_PX)
        )
        self._speed = (there - self._now)[kept]
        self._now, self._alive = there[kept], self._alive[kept]

    def _search(self, grey: NDArray[np.uint8]) -> None:
        """A new point in every cell that has none."""
        width, height = self._size
        weakest = np.asarray(cv2.cornerMinEigenVal(grey, 5))
        weakest[:BORDER_PX], weakest[-BORDER_PX:] = 0, 0
        weakest[:, :BORDER_PX], weakest[:, -BORDER_PX:] = 0, 0
        cell = max(4, math.ceil(max(width, height) / CELLS))
        rows, columns = height // cell, width // cell
        top, left = (height - rows * cell) // 2, (width - columns * cell) // 2
        tiles = weakest[top : top + rows * cell, left : left + columns * cell]
        tiles = tiles.reshape(rows, cell, columns, cell).transpose(0, 2, 1, 3)
        tiles = tiles.reshape(rows * columns, cell * cell)
        best = tiles.argmax(1)
        y = np.repeat(np.arange(rows), columns) * cell + best // cell + top
        x = np.tile(np.arange(columns), rows) * cell + best % cell + left
        # cv2 scales a Sobel of 8-bit pictures so that slope 1 a pixel is about 1 / (255 * 2)
        least = (SLOPE / (255 * 2)) ** 2
        wanted = tiles.max(1) > least
        row = ((self._now[:, 1] - top) / cell).astype(int).clip(0, rows - 1)
        column = ((self._now[:, 0] - left) / cell).astype(int).clip(0, columns - 1)
        wanted[row * columns + column] = False
        new = np.stack([x, y], 1)[wanted].astype(np.float32)
        names = self._count + np.arange(len(new))
        self._count += len(new)
        self._alive = np.concatenate([self._alive, names])
        self._now = np.concatenate([self._now, new])
        self._speed = np.concatenate([self._speed, np.zeros_like(new)])

    def result(self) -> Tracks:
        """Where every point was; at least one frame must have been seen."""
        width, height = self._size
        at = np.full((len(self._seen), self._count, 2), np.nan, np.float32)
        for frame, (names, places) in zip(at, self._seen, strict=True):
            frame[names] = (places - ((width - 1) / 2, (height - 1) / 2)) * (2 / width)
        return Tracks(at, 2 / width)


def _lucas_kanade(
    last: NDArray[np.uint8], grey: NDArray[np.uint8], places: Points, guess: Points
) -> tuple[Points, NDArray[np.bool_]]:
    """Where the points of `last` are in `grey`, and which were found."""
    there, found, _ = cv2.calcOpticalFlowPyrLK(
        last,
        grey,
        places[:, None],
        guess[:, None].copy(),
        winSize=(WINDOW_PX, WINDOW_PX),
        maxLevel=LEVELS,
        flags=cv2.OPTFLOW_USE_INITIAL_FLOW,
        criteria=(cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 12, 0.02),
    )
    return np.asarray(there, np.float32)[:, 0], np.asarray(found)[:, 0] == 1


def _flattened(frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The grey picture at the working size, its light evened out, 128 in the middle."""
    height, width = frame.shape[:2]
    long = max(height, width)
    scale = min(1.0, LONG_SIDE_PX / long) if long >= LEAST_SIDE_PX else LEAST_SIDE_PX / long
    grey = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)
    if scale != 1:
        how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
        grey = cv2.resize(grey, (round(width * scale), round(height * scale)), interpolation=how)
    local = grey.astype(np.float32)
    local -= np.asarray(cv2.GaussianBlur(local, (0, 0), LOCAL_PX))
    local *= CONTRAST / max(float(np.abs(local).mean()), 1.0)
    return np.asarray(np.clip(local + 128.5, 0, 255), np.uint8)
