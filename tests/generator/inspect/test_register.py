import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shotwright.generator.camera import Pose
from shotwright.generator.inspect.register import Key, angles_deg, nearest_turn, pyramid, split
from shotwright.generator.lens import rotation
from shotwright.generator.mini.world import Scene, render
from shotwright.generator.mini.world.scene import HFOV_DEG
from shotwright.generator.warp import warp

TOWN = Scene("blue", "box", "rests", "day", "city", "clear", "static", "", 11)
angle = st.floats(-60, 60)


@given(angle, angle, angle, st.floats(0.3, 3))
def test_a_turn_splits_into_the_angles_and_zoom_it_was_made_of(
    pan: float, tilt: float, roll: float, zoom: float
) -> None:
    turn = rotation(Pose(pan, tilt, roll)) @ np.diag([1 / zoom, 1 / zoom, 1])
    spin, ratio = split(turn)
    assert ratio == pytest.approx(zoom)
    assert angles_deg(spin) == pytest.approx((pan, tilt, roll), abs=1e-6)
    assert np.allclose(nearest_turn(turn), turn)


@pytest.mark.parametrize("size", [(64, 64), (64, 112), (360, 640)])
@pytest.mark.parametrize(
    "pose",
    [
        Pose(),
        Pose(pan_deg=3, tilt_deg=-2, roll_deg=4, zoom_ratio=1.08),
        Pose(pan_deg=-2, tilt_deg=3, roll_deg=-5, zoom_ratio=0.93),
    ],
)
def test_a_warped_picture_is_found_to_a_tenth_of_a_degree(
    size: tuple[int, int], pose: Pose
) -> None:
    height, width = size
    still = render(TOWN, frames=1, height=height, width=width).frames[0]
    moved = warp(still, [pose], hfov_deg=HFOV_DEG, width=width, height=height).frames[0]
    key = Key(pyramid(still), hfov_deg=HFOV_DEG)
    fit = key.register(pyramid(moved), [np.eye(3)])
    spin, zoom = split(fit.turn)
    found = (*angles_deg(spin), zoom)
    wanted = (pose.pan_deg, pose.tilt_deg, pose.roll_deg, pose.zoom_ratio)
    assert found[:3] == pytest.approx(wanted[:3], abs=0.1)
    assert found[3] == pytest.approx(wanted[3], abs=0.005)
    assert fit.agreeing > 0.8
    assert key.overlap(fit.turn) < 1.01


def test_registering_leaves_the_pictures_as_they_are() -> None:
    still, other = (pyramid(render(TOWN, frames=9, height=48, width=128).frames[n]) for n in (0, 8))
    before = [level.copy() for picture in (still, other) for level in picture.levels]
    Key(still, hfov_deg=50).register(other, [rotation(Pose(pan_deg=40))])
    after = [level for picture in (still, other) for level in picture.levels]
    assert all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))


def test_two_pictures_without_texture_agree_in_nothing() -> None:
    plain = pyramid(np.full((64, 64, 3), 90, np.uint8))
    fit = Key(plain, hfov_deg=50).register(plain, [np.eye(3)])
    assert np.allclose(fit.turn, np.eye(3))
    assert fit.agreeing == 0
