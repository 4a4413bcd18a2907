"""Panels move as the camera was asked to, say what they are given to say, and are the same each time."""

from typing import Any

import numpy as np
import pytest

from shotwright.generator.animatic import animate
from shotwright.generator.boards import HORIZONS, PALETTES, SIZES, Board, Figure, draw_board
from shotwright.generator.camera import Move, path, totals
from shotwright.generator.inspect.camera import measure

BOARD = Board("S1-010", "Anna walks along the river.", "WIDE", size="wide", place="river")
FRAME: dict[str, Any] = {"width": 320, "height": 180, "hfov_deg": 50.0}


@pytest.mark.parametrize(
    ("move", "amount", "axis"),
    [
        ("pan_right", 30.0, "pan_deg"),
        ("tilt_up", 12.0, "tilt_deg"),
        ("roll_cw", 20.0, "roll_deg"),
        ("zoom_in", 1.6, "zoom_ratio"),
    ],
)
def test_a_drawn_panel_is_moved_by_the_asked_amount(move: str, amount: float, axis: str) -> None:
    poses = path([Move(move, amount=amount)], 17)
    found = measure(animate(BOARD, poses, **FRAME).moved, hfov_deg=50).total
    assert getattr(found, axis) == pytest.approx(getattr(totals(poses), axis), rel=0.08)


def test_a_given_picture_stands_in_the_place_of_the_drawn_one() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (180, 320, 3), dtype=np.uint8)
    still = animate(BOARD, path([], 3), **FRAME, picture=picture)
    assert np.array_equal(still.moved[1], picture)
    assert not np.array_equal(still.shown[1], picture), "the words stand over it"


def test_a_camera_that_turns_far_away_still_sees_something() -> None:
    for move in (
        Move("pan_left", amount=80),
        Move("dolly_out", amount=4),
        Move("tilt_down", amount=70),
    ):
        last = animate(BOARD, path([move], 2), **FRAME).moved[-1]
        assert last.std() > 3


def test_the_same_board_gives_the_same_frames_and_another_place_other_ones() -> None:
    one, two = (animate(BOARD, path([], 2), **FRAME).shown for _ in range(2))
    assert np.array_equal(one, two)
    elsewhere = Board("S1-010", BOARD.action, "WIDE", size="wide", place="town")
    assert not np.array_equal(one, animate(elsewhere, path([], 2), **FRAME).shown)


def test_every_size_angle_and_time_of_day_can_be_drawn() -> None:
    figures = (Figure("Anna", -0.5), Figure("kettle", 0.5, thing=True))
    for size in SIZES:
        for angle in HORIZONS:
            board = Board("1", "x", size=size, angle=angle, figures=figures, over_shoulder=True)
            assert draw_board(board, 64, 36).shape == (108, 192, 3)
    for palette in PALETTES:
        assert draw_board(Board("1", "x", palette=palette), 64, 36).std() > 1


def test_a_closer_size_shows_a_larger_figure() -> None:
    def inked(size: str) -> int:
        with_one = draw_board(Board("1", "x", size=size, figures=(Figure("Anna"),)), 160, 90)
        alone = draw_board(Board("1", "x", size=size), 160, 90)
        return int((with_one != alone)[90:180, 160:320].any(axis=2).sum())

    sizes = ["extreme_wide", "wide", "full", "medium_wide", "medium", "medium_close_up", "close_up"]
    areas = [inked(size) for size in sizes]
    assert areas == sorted(areas) and areas[0] > 0


def test_things_of_an_upright_panel_stay_within_the_frame_and_apart() -> None:
    def widths(*figures: Figure) -> list[int]:
        drawn = draw_board(Board("1", "x", size="close_up", figures=figures), 90, 160)
        empty = draw_board(Board("1", "x", size="close_up"), 90, 160)
        changed = (drawn != empty).any(axis=2)[160 + 60 : 160 + 90].any(axis=0)
        edges = np.flatnonzero(np.diff(changed.astype(int)))
        return [int(n) for n in edges]

    left, right = widths(Figure("kettle", thing=True))
    assert 90 <= left < right <= 180
    two = widths(Figure("kettle", -0.6, thing=True), Figure("cup", 0.6, thing=True))
    assert len(two) == 4, "there is ground between them"
