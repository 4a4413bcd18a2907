"""A camera path as tensors that networks follow: a control video drawn from it, a trajectory, intrinsics.

Geometry and pixels; no model.  The control video of a picture is the picture warped along the path, with what the warp
cannot know marked; without a picture it is the depth of a plain stage, seen along the path.
Try: python -m pytest tests/generator/pipelines/test_control.py
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shotwright.generator.camera import Pose
from shotwright.generator.frames import Frames, Picture
from shotwright.generator.lens import REST, View, camera_matrix, rotation

FLOOR = -0.45
"""Height of the drawn stage's floor, in distances of the subject; the camera stands at 0."""
WALL = 3.0
BOXES: tuple[tuple[float, float, float, float], ...] = (
    (0.0, 1.0, 0.30, 0.55),
    (-0.9, 1.9, 0.25, 0.9),
    (1.0, 2.3, 0.35, 0.7),
)
"""Upright boards on the floor, as (x, z, width, height): the subject, and two behind it for parallax."""
NEAREST, FARTHEST = 0.6, 4.0
"""Depths of white and black."""


@dataclass(frozen=True)
class Control:
    """frames: uint8 RGB (frames, height, width, 3); free: float32 (frames, height, width), 1 where the network makes
    the pixel, 0 where it is to stay as drawn."""

    frames: Frames
    free: NDArray[np.float32]


def control_of(
    picture: Picture | None, path: Sequence[Pose], *, hfov_deg: float, width: int, height: int
) -> Control:
    """The control video of a path, from the first frame's picture where there is one."""
    if picture is None:
        frames = depth_video(path, hfov_deg=hfov_deg, width=width, height=height)
        return Control(frames, np.ones(frames.shape[:3], np.float32))
    from shotwright.generator.stage import guess
    from shotwright.generator.warp import warp

    slides = any(View(pose, path[0], hfov_deg, width, height).slides for pose in path)
    warped = warp(
        picture,
        path,
        hfov_deg=hfov_deg,
        width=width,
        height=height,
        at=path[0],
        stage=guess(picture) if slides else None,
    )
    return Control(warped.frames, 1 - warped.covered)


def depth_video(path: Sequence[Pose], *, hfov_deg: float, width: int, height: int) -> Frames:
    """A plain stage seen along the path, its inverse depth from white (near) to black (far)."""
    frames = []
    for pose in path:
        depth = _depth(pose, hfov_deg, width, height)
        near = (1 / depth - 1 / FARTHEST) / (1 / NEAREST - 1 / FARTHEST)
        grey = np.round(np.clip(near, 0, 1) * 255).astype(np.uint8)
        frames.append(np.repeat(grey[..., None], 3, axis=2))
    return np.stack(frames)


def _depth(pose: Pose, hfov_deg: float, width: int, height: int) -> NDArray[np.float64]:
    """Of every pixel, along the camera's axis, (height, width)."""
    view = View(pose, REST, hfov_deg, width, height)
    columns, rows = np.meshgrid(np.arange(width), np.arange(height))
    pixels = np.stack([columns.ravel(), rows.ravel(), np.ones(columns.size)])
    ray, stand = view.rays @ pixels, view.slide[:, None]
    # what a ray goes along the camera's own axis for each unit of its length
    along = (rotation(pose).T @ ray)[2]
    with np.errstate(divide="ignore", invalid="ignore"):
        reach = np.where(ray[1] < 0, (FLOOR - stand[1]) / ray[1], np.inf)
        reach = np.minimum(reach, _ahead((WALL - stand[2]) / ray[2]))
        for x, z, wide, high in BOXES:
            there = _ahead((z - stand[2]) / ray[2])
            meets = stand + np.where(np.isfinite(there), there, 0) * ray
            on = (
                (np.abs(meets[0] - x) <= wide / 2)
                & (meets[1] >= FLOOR)
                & (meets[1] <= FLOOR + high)
            )
            reach = np.minimum(reach, np.where(on, there, np.inf))
    depth = np.where(np.isfinite(reach), reach * along, FARTHEST)
    return np.asarray(np.maximum(depth, 1e-3).reshape(height, width))


def _ahead(reach: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(reach > 0, reach, np.inf)


def trajectory(path: Sequence[Pose], *, subject_distance: float = 1.0) -> NDArray[np.float32]:
    """Camera-to-world matrices (frames, 4, 4) with x right, y down, z ahead, as OpenCV has them.

    The first pose's camera is the world's origin.  subject_distance: in the units of the answer.
    """
    flip = np.diag([1.0, -1.0, 1.0])
    first = rotation(path[0])
    found = np.tile(np.eye(4, dtype=np.float32), (len(path), 1, 1))
    for index, pose in enumerate(path):
        way = np.array(
            [getattr(pose, a) - getattr(path[0], a) for a in ("truck", "pedestal", "dolly")]
        )
        found[index, :3, :3] = flip @ first.T @ rotation(pose) @ flip
        found[index, :3, 3] = flip @ first.T @ way * subject_distance
    return found


def intrinsics(
    path: Sequence[Pose], *, hfov_deg: float, width: int, height: int
) -> NDArray[np.float32]:
    """(frames, 4): focal lengths and centre in pixels; a zoom makes the focal length longer."""
    lens = camera_matrix(hfov_deg, width, height)
    focal = lens[0, 0] * np.array([pose.zoom_ratio / path[0].zoom_ratio for pose in path])
    centre = np.tile([width / 2, height / 2], (len(path), 1))
    return np.asarray(np.concatenate([focal[:, None], focal[:, None], centre], 1), np.float32)
