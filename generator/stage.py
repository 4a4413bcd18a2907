"""A guess of how far away things in a picture are: a floor, a back wall, and a subject that stands between.

Good enough to slide a camera by: near things must pass far ones in the right direction.  It looks at one picture and
knows no model; what a picture really shows may be another stage.
Try: python -m pytest tests/generator/test_stage.py
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from shotwright.generator.camera import Pose
from shotwright.generator.frames import Picture

Mask = NDArray[np.float32]

HORIZON, SOLE = -0.12, -0.66
"""Heights in half pictures above the middle: of a usual horizon, and of the floor under a subject at distance 1."""
WALL, FAR_WALL = 3.0, 12.0
"""Distance of the back wall, in distances of the subject, which no picture says: near enough that a slide shows in most
of the picture; far where the camera circles the subject, so that the wall goes by as fast as the camera turns."""

LOOKED_AT_PX = 112
"""Long side at which the subject is looked for; a larger picture's outline is that one, enlarged."""
MIDDLE_Y = -0.25
"""Where a subject is expected, in half pictures: it stands in the middle, its centre a little below that."""
APART = 18.0
"""Distance in CIE Lab from the usual colour of its row from which a pixel stands out of it."""
SMALLEST, LARGEST = 0.01, 0.45
"""Shares of the picture between which what was cut out is believed to be a subject."""
LEFT = 0.6
"""An outline that shrinks to less of what it was a frame before has lost a part of the subject."""
AROUND_PX = 2
"""How far beyond the outline, at `LOOKED_AT_PX`, pixels may still show the subject."""


@dataclass(frozen=True)
class Stage:
    """Where things of one picture are; distances in those of the subject, heights in half pictures.

    subject: float32 (rows, columns), share of each pixel that the subject covers; behind: uint8 RGB, the picture
    without it; hidden: float32, 1 where `behind` is made up; wall: how far the back wall is.
    """

    subject: Mask
    behind: NDArray[np.uint8]
    hidden: Mask
    wall: float = WALL

    @property
    def empty(self) -> bool:
        """Whether nothing stands on it."""
        return not self.subject.any()

    def floor(self, hfov_deg: float) -> tuple[NDArray[np.float64], float]:
        """Normal and distance of the floor, normal . point = distance (x right, y up, z ahead)."""
        rows, columns = self.subject.shape
        half = (
            math.tan(math.radians(hfov_deg / 2)) * rows / columns
        )  # height of half a picture at distance 1
        return np.array([0, -1, HORIZON * half]), (HORIZON - SOLE) * half


def backdrop(path: Iterable[Pose]) -> float:
    """How far the back wall is taken to be for a camera that goes this way."""
    return FAR_WALL if any(_circles(pose) for pose in path) else WALL


def _circles(pose: Pose) -> bool:
    """Whether the camera has slid aside and turned back to the subject."""
    for side, turn in ((pose.truck, pose.pan_deg), (pose.pedestal, pose.tilt_deg)):
        back = math.degrees(math.atan2(-side, 1 - pose.dolly))
        if abs(back) > 1 and abs(turn - back) < abs(back) / 4:
            return True
    return False


def guess(image: NDArray[np.uint8], *, wall: float = WALL) -> Stage:
    """The stage of a picture, uint8 RGB (rows, columns, 3); empty where no subject stands out of it.

    Source of the outline: Rother et al., GrabCut (2004), started from what stands out of its rows.
    """
    rows, columns = image.shape[:2]
    scale = min(1.0, LOOKED_AT_PX / max(rows, columns))
    size = (max(2, round(columns * scale)), max(2, round(rows * scale)))
    small = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
    outline = _cut_out(small)
    if not SMALLEST <= outline.mean() <= LARGEST:
        nothing = np.zeros((rows, columns), np.float32)
        return Stage(nothing, image, nothing, wall)
    near = np.ones((2 * AROUND_PX + 1, 2 * AROUND_PX + 1), np.uint8)
    hidden = np.asarray(cv2.dilate(outline, near), np.uint8)
    filled = cv2.inpaint(small, hidden, 3, cv2.INPAINT_TELEA)
    soft = np.asarray(cv2.GaussianBlur(outline.astype(np.float32), (0, 0), 0.6), np.float32)
    subject = np.clip(_enlarged(soft, image), 0, 1)
    unseen = np.clip(_enlarged(hidden.astype(np.float32), image), 0, 1)
    mixed = image + unseen[..., None] * (_enlarged(filled.astype(np.float32), image) - image)
    behind = np.clip(np.round(mixed), 0, 255).astype(np.uint8)
    return Stage(subject, behind, unseen, wall)


def stages(clip: Iterable[Picture], *, wall: float) -> Iterator[tuple[Picture, Stage]]:
    """Each frame of a clip, uint8 RGB (rows, columns, 3), and its stage.

    A frame whose subject is not found, or in part only, has the stage of the one before: else the background would
    jump, and the rest of the subject lie down on the floor.
    """
    before: tuple[Picture, Stage] | None = None
    for frame in clip:
        if before is None:
            stage = guess(frame, wall=wall)
        elif np.array_equal(frame, before[0]):
            stage = before[1]
        else:
            stage = guess(frame, wall=wall)
            if stage.subject.mean() < LEFT * before[1].subject.mean():
                stage = before[1]
        before = frame, stage
        yield before


def _cut_out(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """1 where the subject is: what stands out of its rows near the middle, completed to an outline."""
    rows, columns = image.shape[:2]
    x = (np.arange(columns) + 0.5)[None, :] / columns * 2 - 1
    y = 1 - (np.arange(rows) + 0.5)[:, None] / rows * 2
    lab = cv2.cvtColor(image.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    # sky, floor and horizon run along rows
    apart = np.linalg.norm(lab - np.median(lab, axis=1, keepdims=True), axis=2)
    seed = (apart > APART) & ((x / 0.6) ** 2 + ((y - MIDDLE_Y) / 0.7) ** 2 < 1)
    if not seed.any():
        return np.zeros((rows, columns), np.uint8)
    mask = np.full((rows, columns), cv2.GC_BGD, np.uint8)
    mask[(np.abs(x) < 0.85) & (np.abs(y) < 0.95)] = cv2.GC_PR_BGD
    mask[seed] = cv2.GC_PR_FGD
    colours = np.zeros((2, 1, 65))
    cv2.setRNGSeed(1)  # it begins with random samples
    cv2.grabCut(image, mask, (0, 0, 1, 1), colours[0], colours[1], 4, cv2.GC_INIT_WITH_MASK)
    found = np.asarray((mask == cv2.GC_FGD) | (mask == cv2.GC_PR_FGD), np.uint8)
    count, parts = cv2.connectedComponents(found)
    if count < 2:
        return found
    central = np.exp(-((x / 0.5) ** 2) - ((y - MIDDLE_Y) / 0.5) ** 2) * np.minimum(apart, 60)
    weights = np.bincount(parts.ravel(), weights=central.ravel(), minlength=count)
    return np.asarray(parts == 1 + int(np.argmax(weights[1:])), np.uint8)


def _enlarged(small: NDArray[np.float32], image: NDArray[np.uint8]) -> NDArray[np.float32]:
    size = (image.shape[1], image.shape[0])
    return np.asarray(cv2.resize(small, size, interpolation=cv2.INTER_LINEAR), np.float32)
