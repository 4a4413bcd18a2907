"""Bars that frame a picture (letterbox, pillarbox): they stand still whatever the camera does, so they may not testify.

Knows nothing of cameras.
Try: python -m pytest tests/generator/inspect/test_bars.py
"""

from collections.abc import Iterable, Iterator
from itertools import chain

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]

HELD = 48
"""Frames that are held back, two seconds of film, until one is lit: in a fade from black no bar can be seen."""
LIT = 16.0
"""Deviation of grey levels from which a frame is lit."""
EVEN = 3.0
"""Grey levels that a bar departs from its one colour: a coder leaves less.  Half of a row must keep to it, since
subtitles are written into bars."""
STEP = 8.0
"""Grey levels that the picture stands out by along a bar's edge, where it stands out at all."""
STRAIGHT, BARE = 0.5, 0.2
"""Least share of a bar's edge that the picture stands out along, and most that does two rows before it: what ends in a
subject's outline is no bar."""
MOST = 0.4
"""Most of a frame's height or width that one bar takes: two and a half times as wide a picture as the frame's leaves
0.3."""


def without_bars(frames: Iterable[Picture]) -> tuple[Iterator[Picture], float]:
    """The frames without the bars that all of them have, and what share of their width is left.

    frames: uint8 RGB (height, width, 3), of one size, at least one.  The middle of the picture stays where it is.
    """
    rest = iter(frames)
    held: list[Picture] = []
    for frame in rest:
        held.append(frame)
        if len(held) == HELD or _light(frame) > LIT:
            break
    brightest = max(held, key=_light)
    rows, columns = bars(brightest)
    height, width = brightest.shape[:2]
    inner = (slice(rows, height - rows), slice(columns, width - columns))
    return (frame[inner] for frame in chain(held, rest)), 1 - 2 * columns / width


def bars(frame: Picture) -> tuple[int, int]:
    """(rows, columns) of a bar at the top and at the bottom, on the left and on the right; 0 where there is none.

    Bars that differ are no letterbox of one picture: then as much as both sides have in common.
    """
    grey = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY).astype(np.float32)
    rows = _both(grey)
    return rows, _both(grey[rows : len(grey) - rows].T)


def _light(frame: Picture) -> float:
    return float(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY).std())


def _both(grey: NDArray[np.float32]) -> int:
    """Rows of the bars at the top and at the bottom, which are of one colour."""
    if abs(float(np.median(grey[0])) - float(np.median(grey[-1]))) > EVEN:
        return 0
    return min(_bar(grey), _bar(grey[::-1]))


def _bar(grey: NDArray[np.float32]) -> int:
    """Rows of the bar at the top."""
    colour = float(np.median(grey[0]))
    off = np.abs(grey - colour)
    even = np.median(off, 1) < EVEN
    count = len(grey) if even.all() else int(even.argmin())
    if not 0 < count < MOST * len(grey):
        return 0
    # the rows at the edge may hold bar and picture mixed, by the coder and by scaling
    inside, outside = off[count : count + 3].max(0), off[max(0, count - 2)]
    if float((inside > STEP).mean()) < STRAIGHT or float((outside > STEP).mean()) > BARE:
        return 0
    return count + 1
