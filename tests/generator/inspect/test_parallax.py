"""Points of known places under known cameras: what is told of them."""

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shotwright.generator.camera import Move, Pose, path
from shotwright.generator.inspect.parallax import Told, tell
from shotwright.generator.inspect.tracks import Tracks
from shotwright.generator.lens import rotation

HFOV_DEG = 50.0
HALF = math.tan(math.radians(HFOV_DEG / 2))
PIXEL = 2 / 240
FRAMES = 9


def seen(
    poses: Sequence[Pose], near: Sequence[float], *, alone: float = 0.0, ground: bool = False
) -> Tracks:
    """Points of each nearness, those of the last in the middle, a pixel's tenth of noise; the first
    third of all goes `alone` half widths to the right besides; ground: the lower half is a plane
    below the camera."""
    rng = np.random.default_rng(5)
    x, y = rng.uniform(-0.9, 0.9, (2, len(near), 50)) * [[[1.0]], [[0.55]]]
    x[-1], y[-1] = x[-1] / 2, y[-1] / 2
    nearness = np.repeat(near, 50)
    if ground:
        nearness = nearness + np.maximum(-y.ravel(), 0) / 0.5
    at = []
    for i, pose in enumerate(poses):
        ahead = np.stack(
            [
                x.ravel() * HALF - nearness * pose.truck,
                y.ravel() * HALF - nearness * pose.pedestal,
                1 - nearness * pose.dolly,
            ]
        )
        u, v, w = rotation(pose).T @ ahead
        place = np.stack([u, -v], -1) / w[:, None] * pose.zoom_ratio / HALF
        place[: place.shape[0] // 3, 0] += alone * i / (len(poses) - 1)
        at.append(place + rng.normal(0, PIXEL / 10, place.shape))
    return Tracks(np.array(at, np.float32), PIXEL)


def along(axis: str, amount: float) -> list[Pose]:
    return [Pose(**{axis: amount * i / (FRAMES - 1)}) for i in range(FRAMES)]


def told(tracks: Tracks, turns: Sequence[Pose] | None = None) -> Told:
    found = tell(tracks, turns or [Pose()] * FRAMES, hfov_deg=HFOV_DEG)
    assert found is not None
    return found


@settings(max_examples=6, deadline=None)
@given(
    st.sampled_from(["truck", "pedestal", "dolly"]),
    st.floats(0.12, 0.35),
    st.sampled_from([1, -1]),
)
def test_a_slide_past_layers_is_told_in_subject_distances(
    axis: str, amount: float, way: int
) -> None:
    found = told(seen(along(axis, way * amount), (0.15, 0.5, 1.0)))
    assert len(found.poses) == FRAMES and not found.unclear
    last = found.poses[-1]
    assert getattr(last, axis) == pytest.approx(way * amount, rel=0.15)
    assert abs(last.pan_deg) < 0.5 and abs(last.tilt_deg) < 0.5
    assert last.zoom_ratio == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize("pose", [Pose(pan_deg=12), Pose(zoom_ratio=1.3), Pose(roll_deg=-9)])
def test_a_turn_is_no_slide_whatever_stands_how_near(pose: Pose) -> None:
    poses = [
        Pose(pose.pan_deg * p, 0, pose.roll_deg * p, pose.zoom_ratio**p)
        for p in np.linspace(0, 1, FRAMES)
    ]
    found = told(seen(poses, (0.15, 0.5, 1.0)), poses)
    assert (found.poses, found.unclear) == ((), False)
    assert found.agreeing > 0.95


def test_a_slide_along_one_plane_is_not_told() -> None:
    assert told(seen(along("truck", 0.3), (1.0,))).poses == ()
    assert told(seen(along("dolly", 0.3), (1.0,))).poses == ()


def test_something_that_crosses_is_not_taken_for_a_slide() -> None:
    poses = along("pan_deg", 10)
    found = told(seen(poses, (0, 0, 0), alone=0.5), poses)
    assert found.poses == ()
    still = told(seen([Pose()] * FRAMES, (0, 0, 0), alone=0.4))
    assert still.poses == ()


def test_a_truck_with_a_pan_is_told_apart_by_depth() -> None:
    poses = [Pose(pan_deg=-10 * p, truck=0.25 * p, pedestal=0.0) for p in np.linspace(0, 1, FRAMES)]
    last = told(seen(poses, (0.1, 0.3, 0.6, 1.0))).poses[-1]
    assert last.truck == pytest.approx(0.25, rel=0.2)
    assert last.pan_deg == pytest.approx(-10, abs=1.5)


def test_wrong_turns_are_corrected_where_the_points_know_better() -> None:
    poses = along("pan_deg", 8)
    found = told(seen(poses, (0, 0)))
    assert found.turned[-1].pan_deg == pytest.approx(8, abs=0.1)
    assert told(seen(poses, (0, 0)), poses).turned == ()


def test_a_handful_of_points_tells_nothing() -> None:
    few = seen(along("truck", 0.3), (0.2, 1.0))
    assert tell(Tracks(few.at[:, ::8], PIXEL), [Pose()] * FRAMES, hfov_deg=HFOV_DEG) is None


def test_a_truck_with_a_pan_is_told_by_three_distances_and_not_by_two() -> None:
    poses = [Pose(pan_deg=-10 * p, truck=0.25 * p) for p in np.linspace(0, 1, FRAMES)]
    assert told(seen(poses, (0.3, 1.0))).poses == ()
    assert told(seen(poses, (0.2, 0.45, 1.0))).poses[-1].truck == pytest.approx(0.25, rel=0.2)


def test_the_subject_is_the_nearest_thing_with_a_part_of_the_picture_however_few_its_points() -> (
    None
):
    tracks = seen(along("truck", 0.25), (0.15, 0.5, 1.0))
    behind = (np.abs(tracks.at[0, :100]) > (0.45, 0.27)).any(-1)
    kept = [*np.flatnonzero(behind), *range(100, 150, 10)]
    last = told(Tracks(tracks.at[:, kept], PIXEL)).poses[-1]
    assert last.truck == pytest.approx(0.25, rel=0.15)


def test_a_ground_has_every_distance_and_proves_a_slide() -> None:
    tracks = seen(along("truck", 0.2), [0] * 6, ground=True)
    assert told(tracks).poses[-1].truck > 0


def test_points_that_drift_by_themselves_are_no_slide() -> None:
    poses = along("pan_deg", 10)
    tracks = seen(poses, (0, 0, 0))
    rng = np.random.default_rng(2)
    drift = np.linspace(0, 1, FRAMES)[:, None] * rng.normal(0, 6 * PIXEL, tracks.at.shape[1])
    tracks.at[..., 0] += drift
    assert told(tracks, poses).poses == ()


@pytest.mark.parametrize("move", ["orbit_left", "orbit_right", "crane_up"])
def test_a_camera_that_circles_is_not_taken_for_one_that_slides_the_other_way(move: str) -> None:
    poses = path([Move(move, amount=20)], FRAMES)
    found = told(seen(poses, (0.1, 0.45, 1.0)))
    last = found.poses[-1] if found.poses else found.circling[-1]
    assert last.pan_deg == pytest.approx(poses[-1].pan_deg, abs=3)
    assert last.tilt_deg == pytest.approx(poses[-1].tilt_deg, abs=3)
