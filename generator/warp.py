"""Move the camera over one picture: exact for rotation and zoom, one plane for translation.

Knows nothing of models or files.  The picture stands for the view of the camera at rest; what
translation uncovers behind the subject cannot be known from it.
Try: python -m pytest tests/generator/test_warp.py
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from shotwright.generator.camera import Pose
from shotwright.generator.errors import BadRequest

Matrix = NDArray[np.float64]
Pixel = TypeVar("Pixel", np.uint8, np.float32)

MINIFIED = 1.15
"""From this reduction on a frame is low-pass filtered first: below it a bicubic kernel suffices."""


@dataclass(frozen=True)
class Warped:
    """frames: uint8 RGB (frames, height, width, 3); covered: float32 (frames, height, width), the
    share of each pixel that comes from inside the source picture."""

    frames: NDArray[np.uint8]
    covered: NDArray[np.float32]


def warp(
    image: NDArray[np.uint8], path: Sequence[Pose], *, hfov_deg: float, width: int, height: int
) -> Warped:
    """One frame a pose, as the camera would see `image` if it were a plane at subject distance.

    image: uint8 RGB (H, W, 3) of the aspect ratio width : height, at least that large; it spans
    `hfov_deg` horizontally.  Pixels from beyond its edge repeat it mirrored, with `covered` 0.
    Raises: BadRequest if the picture does not have the frame's aspect ratio.
    Source: Hartley & Zisserman, Multiple View Geometry, 8.4 (rotation) and 13.1 (a plane).
    """
    rows, columns = image.shape[:2]
    # a pixel of rounding is what fitting to whole pixels leaves
    if rows < height or columns < width or abs(columns * height - rows * width) >= columns + rows:
        raise BadRequest(
            f"The picture is {columns}x{rows}; the frame is {width}x{height}.",
            code="invalid_size",
            fix=f"Fit the picture to {width}x{height} first.",
            field="image",
            value=f"{columns}x{rows}",
            allowed=f"{width}x{height}, or larger with the same aspect ratio",
        )
    frames = np.empty((len(path), height, width, 3), np.uint8)
    covered = np.empty((len(path), height, width), np.float32)
    whole = np.ones((rows, columns), np.float32)
    for i, pose in enumerate(path):
        to_source = homography(pose, hfov_deg=hfov_deg, width=columns, height=rows)
        frames[i] = _shrunk(_view(image, pose, to_source), width, height)
        inside = cv2.warpPerspective(
            whole, to_source, (columns, rows), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        )
        seen = _ahead(to_source, rows, columns) & (pose.dolly < 1)
        covered[i] = _shrunk(np.where(seen, inside, 0), width, height)
    return Warped(frames, covered)


def homography(pose: Pose, *, hfov_deg: float, width: int, height: int) -> Matrix:
    """The 3 x 3 map from a pixel of the frame at `pose` to the pixel of the picture at rest.

    Pixels are (x right, y down) counted at their centres from 0; the picture is a plane at
    distance 1.  Source: the renderer of the world (mini/world/render.py) draws by the same rays.
    """
    ray = camera_matrix(hfov_deg, width, height)
    move = np.array(
        [
            [1 - pose.dolly, 0, pose.truck],
            [0, 1 - pose.dolly, pose.pedestal],
            [0, 0, 1],
        ]
    )
    zoom = np.diag([1 / pose.zoom_ratio, 1 / pose.zoom_ratio, 1.0])
    return np.asarray(ray @ move @ rotation(pose) @ zoom @ np.linalg.inv(ray))


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


def _view(image: NDArray[np.uint8], pose: Pose, to_source: Matrix) -> NDArray[np.uint8]:
    reduction = (1 - pose.dolly) / pose.zoom_ratio
    if reduction > MINIFIED:
        # the Gaussian that makes up what the coarser sampling lacks; 0.5 px is one pixel's own
        image = _u8(cv2.GaussianBlur(image, (0, 0), 0.5 * math.sqrt(reduction**2 - 1)))
    rows, columns = image.shape[:2]
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    border = cv2.BORDER_REFLECT_101
    return _u8(
        cv2.warpPerspective(image, to_source, (columns, rows), flags=flags, borderMode=border)
    )


def _u8(image: object) -> NDArray[np.uint8]:
    return np.asarray(image, np.uint8)


def _ahead(to_source: Matrix, rows: int, columns: int) -> NDArray[np.bool_]:
    """Where a pixel looks at the plane and not away from it: a homography shows both alike."""
    x, y = np.arange(columns)[None, :], np.arange(rows)[:, None]
    return np.asarray(to_source[2, 0] * x + to_source[2, 1] * y + to_source[2, 2] > 0)


def _shrunk(image: NDArray[Pixel], width: int, height: int) -> NDArray[Pixel]:
    if image.shape[:2] == (height, width):
        return image
    small = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
    return np.asarray(small, image.dtype)
