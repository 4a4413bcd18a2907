"""Other products' numbers: what they mean, and the way there and back."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shotwright.generator.camera import AXES, KLING_PRESETS, Move, Pose, path, totals
from shotwright.generator.camera_dialects import (
    KLING_DIALECTS,
    KLING_FIELDS,
    from_kling,
    to_kling,
)
from shotwright.generator.errors import BadRequest


def close(one: Pose, other: Pose) -> bool:
    return all(abs(getattr(one, axis) - getattr(other, axis)) <= 1e-9 for axis in AXES)


numbers = st.one_of(st.floats(-10, -0.01), st.floats(0.01, 10))


@given(st.sampled_from(KLING_DIALECTS), st.sampled_from(KLING_FIELDS), numbers)
def test_kling_numbers_survive_the_way_there_and_back(
    dialect: str, field: str, number: float
) -> None:
    moves = from_kling("simple", {field: number}, dialect=dialect)
    back = to_kling(moves, dialect)
    assert back["type"] == "simple"
    assert back["config"] == pytest.approx({**dict.fromkeys(KLING_FIELDS, 0.0), field: number})


@pytest.mark.parametrize("dialect", KLING_DIALECTS)
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


@given(
    st.sampled_from(KLING_DIALECTS),
    st.sampled_from(
        [("pan", 45.0), ("tilt", 30.0), ("roll", 45.0), ("truck", 0.5), ("pedestal", 0.5)]
    ),
    st.floats(0.01, 1),
    st.booleans(),
)
def test_moves_survive_klings_numbers(
    dialect: str, kind: tuple[str, float], share: float, positive: bool
) -> None:
    ways = {"pan": "left right", "tilt": "down up", "roll": "ccw cw", "truck": "left right"}
    way = ways.get(kind[0], "down up").split()[positive]
    move = Move(f"{kind[0]}_{way}", amount=kind[1] * share)
    said = to_kling([move], dialect)
    (back,) = from_kling(said["type"], said["config"], dialect=dialect)
    assert back.move == move.move
    assert back.amount == pytest.approx(move.amount)


def test_the_two_dialects_swap_pan_and_tilt_and_nothing_else() -> None:
    for field in KLING_FIELDS:
        older, newer = (
            from_kling("simple", {field: 3}, dialect=dialect)[0].kind for dialect in KLING_DIALECTS
        )
        swapped = {"pan": "tilt", "tilt": "pan"}
        assert older == swapped.get(newer, newer)


@pytest.mark.parametrize(
    ("move", "field"),
    [
        (Move("dolly_in"), "camera[0].move"),
        (Move("pan_left", amount=46), "camera[0].amount"),
        (Move("down_back", speed="fast"), "camera[0].speed"),
    ],
)
def test_what_kling_cannot_say_is_named(move: Move, field: str) -> None:
    with pytest.raises(BadRequest) as caught:
        to_kling([move], "kling-2026")
    assert caught.value.field == field
    assert caught.value.allowed
