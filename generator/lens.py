"""Where a pinhole camera that turns, slides and zooms before a picture sees what: geometry, no pixels.

Pixels are (x right, y down) counted at their centres from 0; directions and points are (x right, y up, z ahead).
Try: python -m pytest tests/generator/test_lens.py
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from shotwright.generator.camera import AXES, Pose

Matrix = NDArray[np.float64]

REST = Pose()
WALL_NORMAL = np.array([0.0, 0.0, 1.0])
"""Of planes that face the picture's camera."""
FARTHEST = 64.0
"""No picture is zoomed into farther than this: hardly a pixel of it would be left."""
EDGE_PX = 0.5
"""A pixel's own half: its centre may lie on the picture's edge."""
OVERSCAN_STEP = 1e-3


def homography(pose: Pose, *, hfov_deg: float, width: int, height: int, at: Pose = REST) -> Matrix:
    """The 3 x 3 map from a pixel of the frame at `pose` to the pixel of the picture seen at `at`.

    Pixels are (x right, y down) counted at their centres from 0; the picture is a plane at
    distance 1.  Source: the renderer of the world (mini/world/render.py) draws by the same rays.
    """
    return View(pose, at, hfov_deg, width, height).onto(WALL_NORMAL, 1.0)


@dataclass(frozen=True)
class View:
    """A frame seen at `pose`, by what a picture of the same size showed at `at`."""

    pose: Pose
    at: Pose
    hfov_deg: float
    width: int
    height: int

    @property
    def turn(self) -> Matrix:
        """From the frame's directions to the picture's."""
        return np.asarray(rotation(self.at).T @ rotation(self.pose))

    @property
    def slide(self) -> NDArray[np.float64]:
        """Where the frame's camera stands in the picture's axes, in the picture's distances of the subject."""
        way = [getattr(self.pose, a) - getattr(self.at, a) for a in ("truck", "pedestal", "dolly")]
        return np.asarray(rotation(self.at).T @ np.array(way) / (1 - self.at.dolly))

    @property
    def slides(self) -> bool:
        return bool(np.abs(self.slide).max() > 1e-9)

    @property
    def rays(self) -> Matrix:
        """From a pixel of the frame to a direction in the picture's axes."""
        zoom = self.pose.zoom_ratio / self.at.zoom_ratio
        lens = camera_matrix(self.hfov_deg, self.width, self.height)
        return np.asarray(self.turn @ np.diag([1 / zoom, 1 / zoom, 1.0]) @ np.linalg.inv(lens))

    def onto(self, normal: NDArray[np.float64], distance: float) -> Matrix:
        """From a pixel of the frame to that of the picture, by the plane normal . point = distance."""
        lens = camera_matrix(self.hfov_deg, self.width, self.height)
        by_plane = (distance - normal @ self.slide) * np.eye(3) + np.outer(self.slide, normal)
        return np.asarray(lens @ by_plane @ self.rays)

    @property
    def reduction(self) -> float:
        """How much smaller than in the picture the subject's plane is."""
        zoom = self.pose.zoom_ratio / self.at.zoom_ratio
        return float((1 - self.slide[2]) / zoom)


def overscan(path: Sequence[Pose], *, hfov_deg: float, width: int, height: int, at: Pose) -> float:
    """The least zoom, 1 or more, at which no pose of a path that only turns and zooms looks beyond the picture's edge.

    The picture is seen at `at`; infinite where a pose looks away from it.
    """
    return _overscan(tuple(path), hfov_deg, width, height, at)


@lru_cache(maxsize=4096)
def _overscan(path: tuple[Pose, ...], hfov_deg: float, width: int, height: int, at: Pose) -> float:
    """The same, remembered: listing the models asks for hundreds again and again."""
    lens = camera_matrix(hfov_deg, width, height)
    turns = np.stack([rotation(at).T @ rotation(pose) for pose in path])
    zooms = np.array([pose.zoom_ratio / at.zoom_ratio for pose in path])[:, None, None]
    right, bottom = width - 1, height - 1
    corners = np.array([[0, right, 0, right], [0, 0, bottom, bottom], [1, 1, 1, 1.0]])
    rays = (np.linalg.inv(lens) @ corners)[None]

    def inside(zoom: float) -> bool:
        nearer = np.concatenate([rays[:, :2] / (zooms * zoom), rays[:, 2:].repeat(len(path), 0)], 1)
        x, y, w = np.moveaxis(lens @ turns @ nearer, 1, 0)
        if (w <= 0).any():
            return False
        x, y = x / w, y / w
        low, high = min(x.min(), y.min()), max(x.max() - right, y.max() - bottom)
        return bool(low > -EDGE_PX and high < EDGE_PX)

    low, high = 1.0, 1.0
    while not inside(high):
        low, high = high, high * 1.5
        if high > FARTHEST:
            return math.inf
    while high - low > OVERSCAN_STEP:
        between = (low + high) / 2
        low, high = (low, between) if inside(between) else (between, high)
    return high


def vantage(path: Sequence[Pose]) -> Pose:
    """The pose that a picture is best seen at for a path to leave it least.

    Half-way between the extremes of every turn and sideways slide; the widest zoom and the farthest dolly, since
    coming nearer leaves nothing.
    """
    found = {}
    for axis in AXES:
        values = [getattr(pose, axis) for pose in path]
        nearing = axis in ("zoom_ratio", "dolly")
        found[axis] = min(values) if nearing else (min(values) + max(values)) / 2
    return Pose(**found)


def camera_matrix(hfov_deg: float, width: int, height: int) -> Matrix:
    """K: from a direction (x right, y up, z ahead) to a pixel, square pixels, centred."""
    focal_px = width / 2 / math.tan(math.radians(hfov_deg / 2))
    return np.array(
        [
            [focal_px, 0, (width - 1) / 2],
            [0, -focal_px, (height - 1) / 2],
            [0, 0, 1],
        ]
    )


def rotation(pose: Pose) -> Matrix:
    """From the camera's axes to the axes at rest (x right, y up, z ahead): roll, tilt, pan."""
    pan, tilt, roll = (math.radians(a) for a in (pose.pan_deg, pose.tilt_deg, pose.roll_deg))
    about_z = [
        [math.cos(roll), math.sin(roll), 0],
        [-math.sin(roll), math.cos(roll), 0],
        [0, 0, 1],
    ]
    about_x = [
        [1, 0, 0],
        [0, math.cos(tilt), math.sin(tilt)],
        [0, -math.sin(tilt), math.cos(tilt)],
    ]
    about_y = [
        [math.cos(pan), 0, math.sin(pan)],
        [0, 1, 0],
        [-math.sin(pan), 0, math.cos(pan)],
    ]
    return np.asarray(np.array(about_y) @ np.array(about_x) @ np.array(about_z))
