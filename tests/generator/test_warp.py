import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shotwright.generator.camera import Move, Pose, path
from shotwright.generator.errors import BadRequest
from shotwright.generator.lens import homography
from shotwright.generator.mini.world import Scene, render
from shotwright.generator.mini.world.scene import HFOV_DEG
from shotwright.generator.warp import warp

CITY = Scene("red", "car", "rests", "day", "city", "clear", "static", "", 5)
HEIGHT, WIDTH = 180, 320


@pytest.mark.parametrize(
    "moves",
    [
        ["pan_left"],
        ["pan_right"],
        ["tilt_up"],
        ["tilt_down"],
        ["roll_cw"],
        ["roll_ccw"],
        ["zoom_in"],
        ["zoom_out"],
        ["pan_right", "tilt_up", "roll_ccw", "zoom_in"],
    ],
)
def test_turning_and_zooming_equals_drawing_the_scene_so(moves: list[str]) -> None:
    poses = list(path([Move(move) for move in moves], 3))
    drawn = render(CITY, frames=3, height=HEIGHT, width=WIDTH, poses=poses).frames
    warped = warp(drawn[0], poses, hfov_deg=HFOV_DEG, width=WIDTH, height=HEIGHT)
    assert np.array_equal(warped.frames[0], drawn[0])
    inside = warped.covered[-1] > 0.999
    assert inside.mean() > 0.35
    error = np.abs(warped.frames[-1].astype(int) - drawn[-1]).mean(-1)[inside]
    # an unmoved copy differs by 20 and more; what is left are resampled edges
    assert error.mean() < 3
    assert np.quantile(error, 0.9) < 8


def test_translation_moves_the_plane_of_the_subject_as_the_renderer_does() -> None:
    moves = [Move("truck_right", amount=0.1), Move("pedestal_up", amount=0.05)]
    poses = list(path([*moves, Move("dolly_in", amount=0.15)], 3))
    drawn = render(CITY, frames=3, height=HEIGHT, width=WIDTH, poses=poses)
    warped = warp(drawn.frames[0], poses, hfov_deg=HFOV_DEG, width=WIDTH, height=HEIGHT)
    on_subject = (drawn.subject[-1] > 0.999) & (warped.covered[-1] > 0.999)
    assert on_subject.sum() > 500
    error = np.abs(warped.frames[-1].astype(int) - drawn.frames[-1]).mean(-1)[on_subject]
    assert np.median(error) < 4


@pytest.mark.parametrize(
    ("move", "lost"),
    [
        ("pan_right", np.s_[:, -1]),
        ("pan_left", np.s_[:, 0]),
        ("tilt_up", np.s_[0, :]),
        ("tilt_down", np.s_[-1, :]),
    ],
)
def test_covered_is_lost_on_the_side_the_camera_turns_to(
    move: str, lost: tuple[slice | int, slice | int]
) -> None:
    image = np.zeros((64, 112, 3), np.uint8)
    warped = warp(image, path([Move(move)], 2), hfov_deg=50, width=112, height=64)
    assert warped.covered[0].min() == 1
    assert warped.covered[1][lost].max() == 0
    assert warped.covered[1].max() == 1


def test_what_lies_behind_the_camera_is_not_covered() -> None:
    image = np.zeros((64, 64, 3), np.uint8)
    turned = warp(image, [Pose(pan_deg=180)], hfov_deg=50, width=64, height=64)
    assert turned.covered.max() == 0


def test_a_larger_picture_gives_frames_of_the_size_asked() -> None:
    poses = path([Move("zoom_in")], 3)
    large = render(CITY, frames=1, height=2 * HEIGHT, width=2 * WIDTH).frames[0]
    warped = warp(large, poses, hfov_deg=HFOV_DEG, width=WIDTH, height=HEIGHT)
    assert warped.frames.shape == (3, HEIGHT, WIDTH, 3)
    assert warped.covered.shape == (3, HEIGHT, WIDTH)
    assert warped.covered.min() == 1


@pytest.mark.parametrize("shape", [(64, 64, 3), (32, 56, 3)])
def test_a_picture_of_another_shape_is_refused(shape: tuple[int, int, int]) -> None:
    with pytest.raises(BadRequest) as caught:
        warp(np.zeros(shape, np.uint8), [Pose()], hfov_deg=50, width=112, height=64)
    assert caught.value.allowed == "112x64, or larger with the same aspect ratio"


angles = st.floats(-40, 40)


@settings(max_examples=50)
@given(angles, angles, angles, st.floats(0.5, 2))
def test_the_middle_of_the_frame_looks_where_the_camera_points(
    pan: float, tilt: float, roll: float, zoom: float
) -> None:
    there = homography(Pose(pan, tilt, roll, zoom), hfov_deg=50, width=101, height=81)
    x, y, w = there @ np.array([50, 40, 1.0])
    focal_px = 101 / 2 / np.tan(np.radians(25))
    assert x / w - 50 == pytest.approx(focal_px * np.tan(np.radians(pan)), abs=1e-6)
    up = np.tan(np.radians(tilt)) / np.cos(np.radians(pan))
    assert 40 - y / w == pytest.approx(focal_px * up, abs=1e-6)
