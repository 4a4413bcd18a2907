"""Move the camera over one picture: exact for rotation and zoom, planes for translation.

Knows nothing of models or files.  What lies beyond the picture's edge or behind its subject cannot
be known from it: `Warped.covered` says where, for a model to imagine.
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
from shotwright.generator.lens import REST, WALL_NORMAL, Matrix, View, camera_matrix
from shotwright.generator.stage import Stage

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
    image: NDArray[np.uint8],
    path: Sequence[Pose],
    *,
    hfov_deg: float,
    width: int,
    height: int,
    at: Pose = REST,
    stage: Stage | None = None,
) -> Warped:
    """One frame a pose, as the camera would see `image` if it were a plane at subject distance.

    image: uint8 RGB (H, W, 3) of the aspect ratio width : height, at least that large; it spans
    `hfov_deg` horizontally and is what the camera sees at pose `at`.  stage: stands its floor, back
    wall and subject apart instead, for poses that slide (`stage.guess`).  Pixels from beyond the
    picture's edge repeat it mirrored, those from behind the subject are made up; both have `covered` 0.
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
    for i, pose in enumerate(path):
        view = View(pose, at, hfov_deg, columns, rows)
        if stage is None or not view.slides:
            picture, known = _flat(image, view)
        else:
            picture, known = _staged(image, stage, view)
        frames[i], covered[i] = _shrunk(picture, width, height), _shrunk(known, width, height)
    return Warped(frames, covered)


def _flat(image: NDArray[np.uint8], view: View) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """The frame and what of it is known, the whole picture a plane at subject distance."""
    there = view.onto(WALL_NORMAL, 1.0)
    rows, columns = image.shape[:2]
    whole = np.ones((rows, columns), np.float32)
    inside = cv2.warpPerspective(
        whole, there, (columns, rows), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    )
    seen = _ahead(there, rows, columns) & (view.slide[2] < 1)
    picture = cv2.warpPerspective(
        _smoothed(image, view.reduction),
        there,
        (columns, rows),
        flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REFLECT_101,
    )
    return _u8(picture), _f32(np.where(seen, inside, 0))


def _staged(
    image: NDArray[np.uint8], stage: Stage, view: View
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """The frame and what of it is known: the subject's plane before the floor and the wall."""
    rows, columns = image.shape[:2]
    x, y, met = _background(stage, view)
    behind = cv2.remap(
        _smoothed(stage.behind, view.reduction),
        x,
        y,
        cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REFLECT_101,
    )
    known = np.where(met, cv2.remap(1 - stage.hidden, x, y, cv2.INTER_LINEAR), 0)
    there, flags = view.onto(WALL_NORMAL, 1.0), cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    shown = cv2.warpPerspective(
        _smoothed(image, view.reduction),
        there,
        (columns, rows),
        flags=flags,
        borderMode=cv2.BORDER_REPLICATE,
    )
    ahead = _ahead(there, rows, columns) & (view.slide[2] < 1)
    subject = np.where(
        ahead, cv2.warpPerspective(stage.subject, there, (columns, rows), flags=flags), 0
    )
    mixed = behind + subject[..., None] * (shown.astype(np.float32) - behind)
    return _u8(np.clip(np.round(mixed), 0, 255)), _f32(subject + (1 - subject) * known)


def _background(
    stage: Stage, view: View
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.bool_]]:
    """Where the picture shows what each pixel of the frame sees of floor and wall, and whether it sees either."""
    columns, rows = np.meshgrid(np.arange(view.width), np.arange(view.height))
    pixels = np.stack([columns.ravel(), rows.ravel(), np.ones(columns.size)])
    ray, slide = view.rays @ pixels, view.slide[:, None]
    normal, drop = stage.floor(view.hfov_deg)
    towards = normal @ ray  # above 0 where the ray goes down to the floor
    with np.errstate(divide="ignore", invalid="ignore"):
        on_floor = slide + (drop - normal @ view.slide) / towards * ray
        on_wall = slide + (stage.wall - view.slide[2]) / ray[2] * ray
    first = (towards > 1e-9) & (on_floor[2] < stage.wall) & (on_floor[2] > 0)
    point = np.where(first, on_floor, on_wall)
    met = first | ((ray[2] > 0) & (view.slide[2] < stage.wall))
    point[:, ~met] = np.array([[0.0], [0.0], [1.0]])
    x, y, w = camera_matrix(view.hfov_deg, view.width, view.height) @ point
    shape = (view.height, view.width)
    return _f32(x / w).reshape(shape), _f32(y / w).reshape(shape), met.reshape(shape)


def _smoothed(image: NDArray[np.uint8], reduction: float) -> NDArray[np.uint8]:
    if reduction <= MINIFIED:
        return image
    # the Gaussian that makes up what the coarser sampling lacks; 0.5 px is one pixel's own
    return _u8(cv2.GaussianBlur(image, (0, 0), 0.5 * math.sqrt(reduction**2 - 1)))


def _u8(image: object) -> NDArray[np.uint8]:
    return np.asarray(image, np.uint8)


def _f32(image: object) -> NDArray[np.float32]:
    return np.asarray(image, np.float32)


def _ahead(to_source: Matrix, rows: int, columns: int) -> NDArray[np.bool_]:
    """Where a pixel looks at the plane and not away from it: a homography shows both alike."""
    x, y = np.arange(columns)[None, :], np.arange(rows)[:, None]
    return np.asarray(to_source[2, 0] * x + to_source[2, 1] * y + to_source[2, 2] > 0)


def _shrunk(image: NDArray[Pixel], width: int, height: int) -> NDArray[Pixel]:
    if image.shape[:2] == (height, width):
        return image
    small = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
    return np.asarray(small, image.dtype)
