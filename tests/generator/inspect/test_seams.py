import numpy as np
import pytest

from shotwright.generator.errors import BadRequest
from shotwright.generator.inspect.seams import measure_seam
from shotwright.generator.mini.world import Scene, render

PAN = Scene("yellow", "car", "goes_right", "day", "city", "clear", "pan_left", "", 6)


def test_the_middle_of_an_unbroken_clip_passes() -> None:
    for camera in ("static", "pan_left", "zoom_in", "roll_cw"):
        scene = Scene("yellow", "car", "goes_right", "day", "city", "clear", camera, "", 6)
        clip = render(scene, frames=17, height=64, width=64).frames
        seam = measure_seam(clip, 8)
        assert seam.passed
        assert seam.frame == 8
        assert 0.5 < seam.motion_jump < 1.5
        assert seam.ssim > 0.9


def test_a_change_of_colour_shows() -> None:
    clip = render(PAN, frames=17, height=64, width=64).frames.copy()
    before = measure_seam(clip, 9).colour_step
    clip[9:] = np.clip(clip[9:].astype(int) + np.array([10, 0, -8]), 0, 255)
    seam = measure_seam(clip, 9)
    assert not seam.passed
    assert seam.colour_step > before + 2


def test_a_repeated_frame_shows_as_a_halt_and_missing_frames_as_a_jump() -> None:
    clip = render(PAN, frames=21, height=64, width=64).frames
    repeated = measure_seam(np.concatenate([clip[:10], clip[9:]]), 10)
    assert not repeated.passed
    assert repeated.motion_jump < 0.4
    missing = measure_seam(np.concatenate([clip[:8], clip[13:]]), 8)
    assert not missing.passed
    assert missing.motion_jump > 2


def test_a_cut_to_another_scene_shows() -> None:
    clip = render(PAN, frames=12, height=64, width=64).frames.copy()
    clip[6:] = render(
        Scene("red", "bird", "rises", "night", "hills", "clear", "static", "", 1),
        frames=6,
        height=64,
        width=64,
    ).frames
    assert not measure_seam(clip, 6).passed


@pytest.mark.parametrize("at", [0, 1, 8, 9, -1])
def test_a_seam_at_the_edge_of_the_clip_is_refused(at: int) -> None:
    with pytest.raises(BadRequest, match="either side"):
        measure_seam(np.zeros((9, 32, 32, 3), np.uint8), at)
