"""The geometry of a moved camera: crops that show no border, and the place a path is best seen from."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shotwright.generator.camera import Move, Pose, path
from shotwright.generator.lens import homography, overscan, vantage

WIDTH, HEIGHT, HFOV_DEG = 112, 64, 50.0
turns = st.floats(-6, 6)


@settings(max_examples=40, deadline=None)
@given(turns, turns, turns, st.floats(1, 1.4))
def test_an_overscanned_frame_shows_only_the_picture(
    pan: float, tilt: float, roll: float, zoom: float
) -> None:
    poses = [Pose(), Pose(pan, tilt, roll, zoom)]
    nearer = overscan(poses, hfov_deg=HFOV_DEG, width=WIDTH, height=HEIGHT, at=Pose())
    corners = np.array([[0, WIDTH - 1, 0, WIDTH - 1], [0, 0, HEIGHT - 1, HEIGHT - 1], [1] * 4])
    seen = Pose(pan, tilt, roll, zoom * nearer)
    there = homography(seen, hfov_deg=HFOV_DEG, width=WIDTH, height=HEIGHT) @ corners
    x, y = there[:2] / there[2]
    assert min(x.min(), y.min()) > -0.51
    assert max(x.max() - WIDTH, y.max() - HEIGHT) < -0.49


def test_a_camera_that_rests_needs_no_overscan_and_one_that_turns_away_cannot_have_it() -> None:
    def needed(pose: Pose) -> float:
        return overscan([pose], hfov_deg=HFOV_DEG, width=WIDTH, height=HEIGHT, at=Pose())

    assert needed(Pose()) == 1
    assert needed(Pose(pan_deg=5)) == pytest.approx(
        math.tan(math.radians(25)) / math.tan(math.radians(20)), abs=0.02
    )
    assert needed(Pose(pan_deg=120)) == float("inf")


def test_a_path_is_best_seen_from_its_middle_and_from_where_it_is_widest() -> None:
    def seen_from(*moves: Move) -> Pose:
        return vantage(path(moves, 9))

    assert seen_from(Move("pan_left", amount=20), Move("pedestal_up", amount=0.2)) == Pose(
        pan_deg=-10, pedestal=0.1
    )
    assert seen_from(Move("zoom_in", amount=2), Move("dolly_in", amount=0.3)) == Pose()
    assert seen_from(Move("zoom_out", amount=2)).zoom_ratio == 0.5


@settings(max_examples=40, deadline=None)
@given(turns, turns, turns, st.floats(0.7, 1.4), turns, turns, st.floats(0.7, 1.4))
def test_seen_from_elsewhere_is_the_way_there_and_back(
    pan: float, tilt: float, roll: float, zoom: float, pan0: float, tilt0: float, zoom0: float
) -> None:
    at, pose = Pose(pan0, tilt0, 0, zoom0), Pose(pan, tilt, roll, zoom)

    def from_rest(which: Pose) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
        return homography(which, hfov_deg=HFOV_DEG, width=WIDTH, height=HEIGHT)

    direct = homography(pose, hfov_deg=HFOV_DEG, width=WIDTH, height=HEIGHT, at=at)
    # the picture at `at` is taken with the lens that shows `hfov_deg`, so its own zoom stays out
    unzoomed = Pose(at.pan_deg, at.tilt_deg, at.roll_deg)
    nearer = Pose(pan, tilt, roll, zoom / zoom0)
    around = np.linalg.inv(from_rest(unzoomed)) @ from_rest(nearer)
    assert direct / direct[2, 2] == pytest.approx(around / around[2, 2], abs=1e-6)
