import cv2
import numpy as np

from shotwright.generator.inspect.picture import inspect_picture
from shotwright.generator.mini.world import Scene, render


def clip(frames: int = 12) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    scene = Scene("white", "ball", "bounces", "day", "city", "clear", "pan_left", "", 3)
    return render(scene, frames=frames, height=64, width=64).frames.copy()


def test_a_sound_clip_has_no_black_or_frozen_frames() -> None:
    found = inspect_picture(clip())
    assert (found.black_frames, found.frozen) == ([], [])
    assert found.motion > 1
    assert found.flicker < 2


def test_black_frames_are_named() -> None:
    frames = clip()
    frames[[0, 5]] = 9
    assert inspect_picture(frames).black_frames == [0, 5]


def test_a_run_of_equal_frames_is_frozen_and_two_are_not() -> None:
    frames = clip()
    frames[4:7] = frames[4]
    frames[9] = frames[8]
    assert inspect_picture(frames).frozen == [[4, 6]]
    frames[9:] = frames[8]
    assert inspect_picture(frames).frozen == [[4, 6], [8, 11]]


def test_blur_lowers_sharpness() -> None:
    frames = clip()
    soft = np.stack([np.asarray(cv2.GaussianBlur(frame, (0, 0), 2), np.uint8) for frame in frames])
    assert inspect_picture(soft).sharpness < 0.5 * inspect_picture(frames).sharpness


def test_flicker_is_not_a_fade() -> None:
    grey = np.full((12, 32, 32, 3), 100, np.uint8)
    fading, flickering = grey.copy(), grey.copy()
    for i in range(12):
        fading[i] += np.uint8(5 * i)
        flickering[i] += np.uint8(10 * (i % 2))
    assert inspect_picture(fading).flicker == 0
    assert inspect_picture(flickering).flicker == 10


def test_a_single_frame_has_no_motion() -> None:
    found = inspect_picture(clip(1))
    assert (found.motion, found.flicker, found.frozen) == (0, 0, [])
