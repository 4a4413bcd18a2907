"""What a text takes back of what it asks of the camera."""
# ruff: noqa: RUF001  (Chinese punctuation is meant)

import pytest

from shotwright.prompts.camera_words import parse_camera, parse_prose, prose_turns


@pytest.mark.parametrize(
    ("text", "turns"),
    [
        ("Pan left, no wait, pan right to the window.", [["pan_right"]]),
        ("Zoom out on the barn. Scratch that: zoom in.", [["zoom_in"]]),
        ("Tilt down... sorry, I mean tilt up to the balcony.", [["tilt_up"]]),
        ("Pan left, I mean right.", [["pan_right"]]),
        ("镜头右摇，不对，左摇到窗边。", [["pan_left"]]),
        ("向左摇... 不，向右摇。", [["pan_right"]]),
        ("Pan left to the sign, actually a poster, and zoom in.", [["pan_left", "zoom_in"]]),
        ("Pan left. She says no. Pan right.", [["pan_left"], ["pan_right"]]),
        ("这个镜头不对，推近一点。", [["dolly_in"]]),
    ],
)
def test_the_correction_alone_is_filmed(text: str, turns: list[list[str]]) -> None:
    assert prose_turns(text) == turns


def test_what_is_taken_back_counts_as_understood() -> None:
    moves, unknown = parse_camera("pan left, no wait, pan right")
    assert [move.move for move in moves] == ["pan_right"]
    assert "pan left" not in " ".join(unknown)


def test_a_pedestal_keeps_the_tilt_beside_it() -> None:
    assert prose_turns("Pedestal up with a simultaneous tilt up.") == [["pedestal_up", "tilt_up"]]


@pytest.mark.parametrize(
    ("cell", "move", "amount"),
    [
        ("Dolly L->R", "truck_right", None),
        ("Truck R → L", "truck_left", None),
        ("orbit 90", "orbit_right", 90),
        ("slow push", "dolly_in", None),
        ("quarter orbit left", "orbit_left", 90),
    ],
)
def test_a_cell_is_short(cell: str, move: str, amount: float | None) -> None:
    moves, _ = parse_camera(cell)
    assert [(one.move, one.amount) for one in moves] == [(move, amount)]


def test_the_next_move_waits_for_what_must_be_reached() -> None:
    moves, _ = parse_prose(
        "Pan right across the dashboard and, once you reach the mirror, tilt up to his eyes."
    )
    assert [(move.move, move.start) for move in moves] == [("pan_right", 0.0), ("tilt_up", 0.5)]
