"""Shots meet by cut, dissolve and fade, and the film is as long as its shots."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shotwright.generator.encode import write_mp4
from shotwright.prompts.shotplan import parse_plan
from shotwright.tools.studio.cutting import (
    Kind,
    Piece,
    frames_of,
    handle_frames,
    overlap_of,
    transitions,
)

FPS = Fraction(8)


def plain(path: Path, level: int, frames: int) -> Path:
    write_mp4(path, np.full((frames, 32, 32, 3), level, np.uint8), fps=FPS, metadata={})
    return path


def levels(piece: Piece, before: Piece | None = None) -> list[int]:
    return [round(float(frame.mean())) for frame in frames_of(piece, before, FPS)]


def kinds(*shots: dict[str, Any]) -> list[Kind]:
    given = [{"action": "x", "duration_s": 2.0, **shot} for shot in shots]
    return [joint.kind for joint in transitions(parse_plan({"shots": given}))]


def test_a_dissolve_goes_from_the_handle_of_one_shot_to_the_next(tmp_path: Path) -> None:
    before = Piece(plain(tmp_path / "a.mp4", 40, 12), 12, 0, 8, leave="dissolve")
    after = Piece(plain(tmp_path / "b.mp4", 200, 8), 8, 0, 8, enter="dissolve")
    seen = levels(after, before)
    assert len(seen) == 8 and seen == sorted(seen)
    assert 40 < seen[0] < 90 and seen[3] < 200 - 20 and seen[4] == pytest.approx(200, abs=2)
    assert levels(before) == [pytest.approx(40, abs=2)] * 8, "nothing before the cut changes"


def test_a_shot_without_a_handle_holds_its_last_frame_under_the_dissolve(tmp_path: Path) -> None:
    before = Piece(plain(tmp_path / "a.mp4", 40, 9), 9, 0, 8)
    after = Piece(plain(tmp_path / "b.mp4", 200, 8), 8, 0, 8, enter="dissolve")
    assert len(levels(after, before)) == 8


def test_a_fade_goes_down_to_black_and_up_again(tmp_path: Path) -> None:
    clip = plain(tmp_path / "a.mp4", 160, 10)
    seen = levels(Piece(clip, 10, 0, 10, enter="fade", leave="fade"))
    assert seen[0] < 60 and seen[-1] < 60 and seen[4] == pytest.approx(160, abs=2)
    assert seen[:5] == sorted(seen[:5]) and seen[6:] == sorted(seen[6:], reverse=True)


@given(
    st.integers(1, 40),
    st.integers(1, 40),
    st.sampled_from(["cut", "dissolve", "fade"]),
    st.sampled_from([8, 16, 24, 30]),
)
def test_no_transition_is_longer_than_the_shots_it_joins(
    first: int, second: int, kind: Kind, fps: int
) -> None:
    before, after = (Piece(Path("x"), n, 0, n, enter=kind) for n in (first, second))
    assert 0 <= overlap_of(before, after, Fraction(fps)) <= first + second
    assert overlap_of(None, after, Fraction(fps)) <= second


def test_one_frame_of_a_shot_can_still_be_joined(tmp_path: Path) -> None:
    clip = plain(tmp_path / "a.mp4", 160, 3)
    for kind in ("cut", "dissolve", "fade"):
        piece = Piece(clip, 3, 1, 2, enter=kind, leave=kind)
        assert len(levels(piece, piece)) == 1


def test_what_goes_on_in_the_picture_before_it_is_cut_to() -> None:
    goes_on = {"continuity": {"mode": "extend_previous"}, "transition_in": "dissolve"}
    assert kinds({"transition_in": "dissolve"}, {"transition_in": "dissolve"}, goes_on) == [
        *("cut", "dissolve", "cut")
    ]
    assert kinds({"transition_in": "fade"}, {"transition_in": "fade"}) == ["fade", "fade"]
    alone = {"action": "x", "duration_s": 2.0, "transition_in": "dissolve"}
    assert transitions(parse_plan({"shots": [alone]}))[0].why is not None


def test_only_a_shot_that_is_dissolved_from_needs_a_handle() -> None:
    shots = [
        {"action": "x", "duration_s": 2.0, "transition_in": t} for t in ("cut", "dissolve", "fade")
    ]
    joints = transitions(parse_plan({"shots": shots}))
    assert [handle_frames(joints, n, 24) for n in range(3)] == [12, 0, 0]


def test_a_clip_that_is_shown_whole_between_cuts_is_left_as_it_is() -> None:
    assert Piece(Path("x"), 9, 0, 9).whole and Piece(Path("x"), 9, 0, 9, leave="dissolve").whole
    assert not Piece(Path("x"), 9, 0, 8).whole
    assert not Piece(Path("x"), 9, 0, 9, leave="fade").whole
    assert not Piece(Path("x"), 9, 0, 9, enter="dissolve").whole
