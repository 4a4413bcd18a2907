"""A shot as a moving storyboard panel: a drawn card or a keyframe under the real camera path, its words burnt in.

Knows no model, no plan and no files.  The picture is a plane at subject distance, as in `warp`; a
drawn card is three frames wide and high, so that a camera that turns away still sees something.
The words stand still in front of it.
Try: python -m pytest tests/generator/test_animatic.py
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from shotwright.generator.boards import Board, draw_board
from shotwright.generator.camera import Pose
from shotwright.generator.captions import captions
from shotwright.generator.frames import Frames, Picture
from shotwright.generator.lens import homography
from shotwright.generator.warp import warp


@dataclass(frozen=True)
class Animatic:
    """moved: the picture under the camera path, uint8 RGB (frames, height, width, 3); shown: with its words."""

    moved: Frames
    shown: Frames


def animate(
    board: Board,
    path: Sequence[Pose],
    *,
    width: int,
    height: int,
    hfov_deg: float,
    picture: Picture | None = None,
) -> Animatic:
    """One frame a pose: of `picture` (of the frame's shape, at least its size), or of the drawn board.

    Raises: BadRequest when the picture has another shape.
    """
    if picture is not None:
        moved = warp(picture, path, hfov_deg=hfov_deg, width=width, height=height).frames
    else:
        moved = _over_board(board, path, width=width, height=height, hfov_deg=hfov_deg)
    shown = moved.copy()
    for start, stop, words in captions(board, len(path), width=width, height=height):
        words.burn(shown[start:stop])
    return Animatic(moved, shown)


def _over_board(
    board: Board, path: Sequence[Pose], *, width: int, height: int, hfov_deg: float
) -> Frames:
    canvas = draw_board(board, width, height)
    # from pixels of the frame at rest to pixels of the canvas, in whose middle it lies
    inset = np.array([[1, 0, width], [0, 1, height], [0, 0, 1]], np.float64)
    frames = np.empty((len(path), height, width, 3), np.uint8)
    last: Pose | None = None
    for index, pose in enumerate(path):
        if pose == last:
            frames[index] = frames[index - 1]
            continue
        last = pose
        to_canvas = inset @ homography(pose, hfov_deg=hfov_deg, width=width, height=height)
        frames[index] = cv2.warpPerspective(
            canvas,
            to_canvas,
            (width, height),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )
    return frames
