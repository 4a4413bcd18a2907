import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shotwright.generator import camera
from shotwright.generator.camera import (
    AXES,
    DEFAULT_AMOUNTS,
    EASINGS,
    KLING_FIELDS,
    KLING_PRESETS,
    MOVES,
    PRESETS,
    Move,
    Pose,
    amount_of,
    compose,
    expand,
    from_kling,
    path,
    to_kling,
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
        ({"move": "pan_left", "amount": 181.0}, "amount"),
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


numbers = st.one_of(st.floats(-10, -0.01), st.floats(0.01, 10))


@given(st.sampled_from(camera.KLING_DIALECTS), st.sampled_from(KLING_FIELDS), numbers)
def test_kling_numbers_survive_the_way_there_and_back(
    dialect: str, field: str, number: float
) -> None:
    moves = from_kling("simple", {field: number}, dialect=dialect)
    back = to_kling(moves, dialect)
    assert back["type"] == "simple"
    assert back["config"] == pytest.approx({**dict.fromkeys(KLING_FIELDS, 0.0), field: number})


@pytest.mark.parametrize("dialect", camera.KLING_DIALECTS)
@pytest.mark.parametrize("preset", KLING_PRESETS)
def test_kling_master_shots_survive_the_way_there_and_back(dialect: str, preset: str) -> None:
    moves = from_kling(preset, None, dialect=dialect)
    assert moves == (Move(preset),)
    assert to_kling(moves, dialect) == {"type": preset, "config": None}


@pytest.mark.parametrize(
    ("dialect", "field", "number", "axis", "value"),
    [
        ("kling-2025", "pan", 10, "tilt_deg", 30),
        ("kling-2025", "tilt", 10, "pan_deg", 45),
        ("kling-2026", "pan", -10, "pan_deg", -45),
        ("kling-2026", "tilt", 10, "tilt_deg", 30),
        ("kling-2026", "roll", 10, "roll_deg", 45),
        ("kling-2026", "horizontal", -10, "truck", -0.5),
        ("kling-2026", "vertical", 5, "pedestal", 0.25),
        ("kling-2026", "zoom", 10, "zoom_ratio", 0.5),
        ("kling-2025", "zoom", -5, "zoom_ratio", 2**0.5),
    ],
)
def test_kling_axes_and_scale(
    dialect: str, field: str, number: float, axis: str, value: float
) -> None:
    end = totals(path(from_kling("simple", {field: number}, dialect=dialect), 9))
    assert close(end, replace(Pose(), **{axis: value}))


@pytest.mark.parametrize(
    ("kind", "config", "dialect", "field"),
    [
        ("simple", {"pan": 11}, "kling-2026", "camera.config.pan"),
        ("simple", {"pan": math.nan}, "kling-2026", "camera.config.pan"),
        ("simple", {"pan": "5"}, "kling-2026", "camera.config.pan"),
        ("simple", {"pan": 1, "zoom": 1}, "kling-2026", "camera.config"),
        ("simple", {"pan": 0}, "kling-2026", "camera.config"),
        ("simple", {"yaw": 1}, "kling-2026", "camera.config"),
        ("simple", None, "kling-2026", "camera.config"),
        ("down_back", {"pan": 1}, "kling-2026", "camera.config"),
        ("loop", None, "kling-2026", "camera.type"),
        ("simple", {"pan": 1}, "kling-2024", "camera.dialect"),
    ],
)
def test_bad_kling_input_is_refused_by_name(
    kind: str, config: dict[str, object] | None, dialect: str, field: str
) -> None:
    with pytest.raises(BadRequest) as caught:
        from_kling(kind, config, dialect=dialect)
    assert caught.value.field == field
    assert caught.value.allowed


@pytest.mark.parametrize(
    "moves",
    [
        [],
        [Move("pan_left"), Move("tilt_up")],
        [Move("orbit_left")],
        [Move("dolly_in")],
        [Move("pan_left", amount=46)],
        [Move("pan_left", end=0.5)],
        [Move("pan_left", easing="ease_in")],
        [Move("down_back", speed="fast")],
    ],
)
def test_what_kling_cannot_say_is_refused(moves: list[Move]) -> None:
    with pytest.raises(BadRequest):
        to_kling(moves, "kling-2026")
