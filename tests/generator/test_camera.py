import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shotwright.generator.camera import (
    AXES,
    DEFAULT_AMOUNTS,
    EASINGS,
    MAX_AMOUNTS,
    MOVES,
    PRESETS,
    Key,
    Move,
    Pose,
    amount_of,
    compose,
    expand,
    focal_mm,
    keyframed,
    path,
    totals,
)
from shotwright.generator.errors import BadRequest

any_move = st.sampled_from((*MOVES, *PRESETS))
any_easing = st.sampled_from(tuple(EASINGS))
windows = st.tuples(st.floats(0, 0.9), st.floats(0.01, 1)).map(
    lambda pair: (pair[0], min(1.0, pair[0] + max(pair[1], 0.01)))
)


def close(one: Pose, other: Pose, tolerance: float = 1e-9) -> bool:
    return all(abs(getattr(one, axis) - getattr(other, axis)) <= tolerance for axis in AXES)


@given(any_move, any_easing, windows, st.integers(1, 40), st.integers(0, 5))
def test_every_path_starts_at_rest(
    move: str, easing: str, window: tuple[float, float], frames: int, seed: int
) -> None:
    start, end = window
    poses = path([Move(move, start=start, end=end, easing=easing)], frames, seed=seed)
    assert len(poses) == frames
    assert poses[0] == Pose()


@pytest.mark.parametrize(
    ("move", "axis", "value"),
    [
        ("pan_right", "pan_deg", 20),
        ("pan_left", "pan_deg", -20),
        ("tilt_up", "tilt_deg", 20),
        ("tilt_down", "tilt_deg", -20),
        ("roll_cw", "roll_deg", 20),
        ("roll_ccw", "roll_deg", -20),
        ("zoom_in", "zoom_ratio", 2),
        ("zoom_out", "zoom_ratio", 0.5),
        ("truck_right", "truck", 0.3),
        ("truck_left", "truck", -0.3),
        ("pedestal_up", "pedestal", 0.3),
        ("pedestal_down", "pedestal", -0.3),
        ("dolly_in", "dolly", 0.3),
        ("dolly_out", "dolly", -0.3),
    ],
)
def test_a_plain_move_goes_its_amount_along_its_axis(move: str, axis: str, value: float) -> None:
    amount = 2.0 if "zoom" in move else abs(value)
    expected = replace(Pose(), **{axis: value})
    assert close(totals(path([Move(move, amount=amount)], 17)), expected)


@pytest.mark.parametrize("move", ["static", "follow"])
def test_static_and_follow_ask_no_motion(move: str) -> None:
    assert set(path([Move(move)], 9)) == {Pose()}


@given(st.floats(1, 170))
def test_an_orbit_keeps_the_subject_in_the_middle_at_its_distance(degrees: float) -> None:
    pose = totals(path([Move("orbit_right", amount=degrees)], 5))
    # the subject at (0, 0, 1), seen from the camera
    x, z = -pose.truck, 1 - pose.dolly
    assert math.hypot(x, z) == pytest.approx(1)
    assert math.degrees(math.atan2(x, z)) == pytest.approx(pose.pan_deg)
    assert pose.truck > 0 > pose.pan_deg


@given(st.floats(1, 79))
def test_a_crane_keeps_the_subject_in_the_middle_at_its_distance(degrees: float) -> None:
    pose = totals(path([Move("crane_up", amount=degrees)], 5))
    y, z = -pose.pedestal, 1 - pose.dolly
    assert math.hypot(y, z) == pytest.approx(1)
    assert math.degrees(math.atan2(y, z)) == pytest.approx(pose.tilt_deg)
    assert pose.pedestal > 0 > pose.tilt_deg


@given(st.floats(0.1, 5), st.integers(0, 1000))
def test_handheld_sways_within_its_amount_and_comes_back(amount: float, seed: int) -> None:
    poses = path([Move("handheld", amount=amount)], 33, seed=seed)
    assert all(abs(pose.pan_deg) <= amount and abs(pose.tilt_deg) <= amount for pose in poses)
    assert all(abs(pose.roll_deg) <= amount / 2 for pose in poses)
    assert totals(poses) == Pose()
    assert max(abs(pose.pan_deg) + abs(pose.tilt_deg) for pose in poses) > 0
    assert poses == path([Move("handheld", amount=amount)], 33, seed=seed)


def test_handheld_differs_by_seed() -> None:
    assert path([Move("handheld")], 9, seed=1) != path([Move("handheld")], 9, seed=2)


@given(any_easing, st.floats(0, 1), st.floats(0, 1))
def test_easings_rise_from_0_to_1(easing: str, a: float, b: float) -> None:
    ease = EASINGS[easing]
    assert (ease(0.0), ease(1.0)) == (0.0, 1.0)
    low, high = sorted((a, b))
    assert ease(low) <= ease(high) + 1e-12


@given(st.lists(any_move, max_size=2), st.lists(any_move, max_size=2), st.integers(2, 12))
def test_moves_compose_axis_by_axis(first: list[str], second: list[str], frames: int) -> None:
    one = [Move(name, speed="slow") for name in first if name != "handheld"]
    two = [Move(name, speed="slow") for name in second if name != "handheld"]
    together = path([*one, *two], frames)
    apart = zip(path(one, frames), path(two, frames), strict=True)
    assert all(close(both, compose(a, b)) for both, (a, b) in zip(together, apart, strict=True))


def test_a_window_holds_the_move_before_and_after_it() -> None:
    poses = path([Move("pan_right", amount=10, start=0.25, end=0.75)], 9)
    assert [pose.pan_deg for pose in poses] == [0, 0, 0, 2.5, 5, 7.5, 10, 10, 10]


def test_presets_become_moves_inside_the_window_asked() -> None:
    parts = expand([Move("right_turn_forward", start=0.5, speed="slow")])
    assert [part.move for part in parts] == ["pan_right", "dolly_in", "truck_right"]
    assert [(part.start, part.end) for part in parts] == [(0.5, 0.75), (0.75, 1.0), (0.75, 1.0)]
    assert parts[0].amount == 15
    assert all(part.move in MOVES for name in PRESETS for part in expand([Move(name)]))


def test_a_dolly_zoom_keeps_the_size_of_the_subject_within_4_percent() -> None:
    sizes = [p.zoom_ratio / (1 - p.dolly) for p in path([Move("dolly_zoom")], 33)]
    assert max(abs(size - 1) for size in sizes) < 0.04
    assert sizes[-1] == pytest.approx(1)


def test_speed_picks_the_amount_and_a_card_overrides_it() -> None:
    assert amount_of(Move("pan_left", speed="fast")) == DEFAULT_AMOUNTS["pan"]["fast"]
    assert amount_of(Move("pan_left", speed="slow"), {"pan": 22}) == 11
    assert amount_of(Move("zoom_in", speed="slow"), {"zoom": 1.44}) == pytest.approx(1.2)
    assert amount_of(Move("zoom_in", amount=3, speed="slow"), {"zoom": 1.44}) == 3
    assert totals(path([Move("tilt_up")], 5, amounts={"tilt": 7})).tilt_deg == 7


def test_moves_of_one_kind_are_slower_when_slow() -> None:
    for speeds in DEFAULT_AMOUNTS.values():
        assert speeds["slow"] < speeds["medium"] < speeds["fast"]


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"move": "pan"}, "move"),
        ({"move": "pan_left", "amount": 0}, "amount"),
        ({"move": "pan_left", "amount": -3.0}, "amount"),
        ({"move": "pan_left", "amount": math.nan}, "amount"),
        ({"move": "pan_left", "amount": 361.0}, "amount"),
        ({"move": "zoom_in", "amount": 1.0}, "amount"),
        ({"move": "dolly_in", "amount": 1.0}, "amount"),
        ({"move": "static", "amount": 1.0}, "amount"),
        ({"move": "down_back", "amount": 1.0}, "amount"),
        ({"move": "pan_left", "amount": True}, "amount"),
        ({"move": "pan_left", "speed": "hasty"}, "speed"),
        ({"move": "pan_left", "easing": "bounce"}, "easing"),
        ({"move": "pan_left", "start": -0.1}, "start"),
        ({"move": "pan_left", "end": 1.1}, "end"),
        ({"move": "pan_left", "start": 0.5, "end": 0.5}, "end"),
    ],
)
def test_a_bad_move_names_its_field_value_and_what_is_allowed(
    arguments: dict[str, object], field: str
) -> None:
    with pytest.raises(BadRequest) as caught:
        Move(**arguments, index=3)  # type: ignore[arg-type]
    assert caught.value.field == f"camera[3].{field}"
    assert caught.value.allowed
    assert caught.value.fix


def test_dollies_that_reach_the_subject_are_refused() -> None:
    with pytest.raises(BadRequest, match="less than 1"):
        path([Move("dolly_in", amount=0.6), Move("dolly_in", amount=0.6)], 9)


def test_dollies_may_come_near_again_after_going_back() -> None:
    near = [
        Move("dolly_in", amount=0.6, end=0.3),
        Move("dolly_out", amount=0.6, start=0.3, end=0.6),
        Move("dolly_in", amount=0.6, start=0.6),
    ]
    assert totals(path(near, 21)).dolly == pytest.approx(0.6)


poses = st.builds(
    Pose,
    pan_deg=st.floats(-60, 60),
    tilt_deg=st.floats(-30, 30),
    roll_deg=st.floats(-90, 90),
    zoom_ratio=st.floats(0.5, 2.5),
    truck=st.floats(-0.5, 0.5),
    pedestal=st.floats(-0.5, 0.5),
    dolly=st.floats(-0.5, 0.4),
)


@given(st.lists(st.tuples(poses, any_easing), min_size=2, max_size=5))
def test_a_keyframed_path_holds_every_pose_at_its_time(given_poses: list[tuple[Pose, str]]) -> None:
    last = len(given_poses) - 1
    keys = [Key(i / last, pose, easing) for i, (pose, easing) in enumerate(given_poses)]
    made = path(keyframed(keys), 8 * last + 1)
    first = keys[0].pose
    for i, key in enumerate(keys):
        away = {name: getattr(key.pose, name) - getattr(first, name) for name in AXES}
        away["zoom_ratio"] = key.pose.zoom_ratio / first.zoom_ratio
        assert close(made[8 * i], Pose(**away), 1e-6)


def test_a_keyframed_path_eases_into_each_pose_and_holds_outside_its_times() -> None:
    keys = [Key(0.25, Pose()), Key(0.75, Pose(pan_deg=8.0), "ease_in")]
    assert [p.pan_deg for p in path(keyframed(keys), 9)] == [0, 0, 0, 0.5, 2, 4.5, 8, 8, 8]


@pytest.mark.parametrize(
    ("keys", "field"),
    [
        ([Key(0, Pose())], "keys"),
        ([Key(0, Pose()), Key(0, Pose(truck=1))], "keys[1].at"),
        ([Key(0, Pose()), Key(1.5, Pose(truck=1))], "keys[1].at"),
        ([Key(0, Pose()), Key(1, Pose(truck=1), "bounce")], "keys[1].easing"),
        ([Key(0, Pose()), Key(1, Pose(truck=9))], "camera[0].amount"),
    ],
)
def test_bad_keys_are_refused_by_name(keys: list[Key], field: str) -> None:
    with pytest.raises(BadRequest) as caught:
        keyframed(keys)
    assert caught.value.field == field


def test_a_zoom_multiplies_the_focal_length() -> None:
    wide, tele = (path([Move("zoom_in", amount=2)], 2)[i] for i in (0, 1))
    assert focal_mm(wide, hfov_deg=90) == pytest.approx(18)
    assert focal_mm(tele, hfov_deg=90) == pytest.approx(36)


def test_a_full_circle_ends_where_it_began() -> None:
    end = totals(path([Move("orbit_left", amount=MAX_AMOUNTS["orbit"])], 9))
    assert close(replace(end, pan_deg=end.pan_deg - 360), Pose())
