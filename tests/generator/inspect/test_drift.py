"""The drift of a picture whose motion is known."""

import cv2
import numpy as np
import pytest

from shotwright.generator.frames import Frames
from shotwright.generator.inspect.drift import drift

RNG = np.random.default_rng(0)
COARSE = RNG.integers(0, 256, (20, 24, 3), dtype=np.uint8)
PICTURE = np.asarray(cv2.resize(COARSE, (192, 160), interpolation=cv2.INTER_CUBIC), np.uint8)


def clip(*, right: float = 0, down: float = 0, growth: float = 1, frames: int = 9) -> Frames:
    """64 x 96 out of the middle of a picture that moves by so many pixels, and grows, a frame."""
    shown = []
    for i in range(frames):
        scale = growth**i
        matrix = np.array(
            [
                [scale, 0, (1 - scale) * 96 + right * i],
                [0, scale, (1 - scale) * 80 + down * i],
            ],
            np.float64,
        )
        moved = cv2.warpAffine(PICTURE, matrix, (192, 160), flags=cv2.INTER_LINEAR)
        shown.append(moved[48:112, 48:144])
    return np.stack(shown).astype(np.uint8)


@pytest.mark.parametrize(("right", "down"), [(1.5, 0), (-1.5, 0), (0, 1), (0, -1), (1, -1)])
def test_a_sliding_picture_drifts_as_far_as_it_slides(right: float, down: float) -> None:
    found = drift(clip(right=right, down=down))
    assert found.right == pytest.approx(8 * right / 32, abs=0.05)
    assert found.down == pytest.approx(8 * down / 32, abs=0.05)
    assert abs(found.growth) < 0.05 and found.resting < 0.2


def test_a_growing_picture_grows() -> None:
    found = drift(clip(growth=1.02))
    assert found.growth == pytest.approx(8 * np.log(1.02), abs=0.03)
    assert abs(found.right) < 0.05 and abs(found.down) < 0.05


def test_a_resting_picture_rests_though_something_crosses_it() -> None:
    frames = clip()
    for i, frame in enumerate(frames):
        frame[20:44, 5 + 7 * i : 25 + 7 * i] = (255, 0, 0)
    found = drift(frames)
    assert abs(found.right) < 0.05 and abs(found.growth) < 0.05
    assert found.resting > 0.5


def test_a_single_frame_does_not_move() -> None:
    assert drift(clip(frames=1)).resting == 1
