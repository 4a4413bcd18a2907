"""The tensors that tell a network the camera's path are the path."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shotwright.generator.camera import Move, Pose, path
from shotwright.generator.frames import Picture
from shotwright.generator.lens import View
from shotwright.generator.pipelines.control import (
    BOXES,
    FLOOR,
    control_of,
    depth_video,
    intrinsics,
    trajectory,
)
from shotwright.generator.warp import warp

WIDTH, HEIGHT, HFOV = 96, 64, 60.0
poses = st.builds(
    Pose,
    pan_deg=st.floats(-60, 60),
    tilt_deg=st.floats(-40, 40),
    roll_deg=st.floats(-180, 180),
    zoom_ratio=st.floats(0.5, 3),
    truck=st.floats(-1, 1),
    pedestal=st.floats(-0.3, 1),
    dolly=st.floats(-1, 0.8),
)


@given(poses, st.tuples(st.floats(-2, 2), st.floats(-1, 1), st.floats(3, 9)))
def test_trajectory_and_intrinsics_see_a_point_where_the_path_does(
    pose: Pose, point: tuple[float, float, float]
) -> None:
    """Against the lens that draws the embedded model's world, in its own convention (y up)."""
    camera = trajectory((Pose(), pose))[1].astype(np.float64)
    fx, fy, cx, cy = intrinsics((Pose(), pose), hfov_deg=HFOV, width=WIDTH, height=HEIGHT)[1]
    x, y, z = np.linalg.inv(camera)[:3] @ [point[0], -point[1], point[2], 1]
    if z < 0.1:
        return
    seen = np.array([fx * x / z + cx, fy * y / z + cy]) - 0.5  # pixels at their centres from 0
    view = View(pose, Pose(), HFOV, WIDTH, HEIGHT)
    ray = view.rays @ [*seen, 1]
    towards = np.array(point) - view.slide
    assert np.cross(ray, towards) == pytest.approx(
        0, abs=1e-3 * np.abs(towards).max() * np.abs(ray).max()
    )
    assert float(ray @ towards) > 0


def test_a_trajectory_begins_at_the_origin_and_goes_as_opencv_has_it() -> None:
    moved = trajectory(path([Move("dolly_in", amount=0.5)], 9), subject_distance=4)
    assert np.allclose(moved[0], np.eye(4)) and np.allclose(moved[-1][:3, 3], [0, 0, 2])
    up = trajectory(path([Move("pedestal_up", amount=0.5)], 9))
    assert np.allclose(up[-1][:3, 3], [0, -0.5, 0])
    turned = trajectory(path([Move("pan_right", amount=90)], 9))
    assert np.allclose(turned[-1][:3, :3] @ [0, 0, 1], [1, 0, 0], atol=1e-6)


@pytest.fixture
def picture() -> Picture:
    return np.random.default_rng(1).integers(0, 255, (HEIGHT, WIDTH, 3), np.uint8)


def test_the_control_video_of_a_picture_is_the_picture_along_the_path(picture: Picture) -> None:
    turned = path([Move("pan_right", amount=15), Move("zoom_in", amount=1.3)], 5)
    control = control_of(picture, turned, hfov_deg=HFOV, width=WIDTH, height=HEIGHT)
    warped = warp(picture, turned, hfov_deg=HFOV, width=WIDTH, height=HEIGHT, at=turned[0])
    assert np.array_equal(control.frames, warped.frames)
    assert np.array_equal(control.free, 1 - warped.covered)
    assert control.free[0].max() < 1e-6, "all of the first frame is known"
    assert control.free[-1][:, -1].mean() > 0.5, "what comes in at the right is not"


@pytest.mark.parametrize(
    "move", ["pan_left", "tilt_up", "dolly_in", "truck_right", "zoom_in", "roll_cw"]
)
def test_the_drawn_stage_stands_where_the_path_sees_it(move: str) -> None:
    along = path([Move(move)], 5)
    frames = depth_video(along, hfov_deg=HFOV, width=WIDTH, height=HEIGHT)
    assert frames.shape == (5, HEIGHT, WIDTH, 3) and frames.dtype == np.uint8
    x, z, _, high = BOXES[0]
    middle = np.array([x, FLOOR + high / 2, z])
    for pose, frame in zip(along, frames, strict=True):
        view = View(pose, Pose(), HFOV, WIDTH, HEIGHT)
        column, row, depth = np.linalg.inv(view.rays) @ (middle - view.slide)
        column, row = column / depth, row / depth
        if not (2 <= column < WIDTH - 2 and 2 <= row < HEIGHT - 2):
            continue
        # the board is the nearest thing there is but the floor before it
        grey = frame[round(row), round(column), 0]
        assert grey >= np.percentile(frame[..., 0], 60)
        around = frame[round(row) - 1 : round(row) + 2, round(column) - 1 : round(column) + 2, 0]
        assert int(around.max()) - int(around.min()) <= 12, "one even board"


def test_nearer_is_lighter() -> None:
    near, far = (
        depth_video((Pose(dolly=d),), hfov_deg=HFOV, width=WIDTH, height=HEIGHT)[0]
        for d in (0.4, 0.0)
    )
    assert near[HEIGHT // 2, WIDTH // 2, 0] > far[HEIGHT // 2, WIDTH // 2, 0]
