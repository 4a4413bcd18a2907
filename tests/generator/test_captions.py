"""Words burnt into frames: wrapped in both scripts, shown in turn, and missing glyphs named."""
# ruff: noqa: RUF001  (Chinese punctuation is meant)

from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from shotwright.generator.boards import Board
from shotwright.generator.captions import captions, font, missing, wrapped


def burnt(board: Board, frames: int = 4) -> np.ndarray:
    shown = np.full((frames, 180, 320, 3), 120, np.uint8)
    for start, stop, words in captions(board, frames, width=320, height=180):
        words.burn(shown[start:stop])
    return shown


def test_chinese_is_drawn_and_not_replaced_by_boxes() -> None:
    assert missing("安娜打开门，走进厨房。ANNA: “Où?” 한국어 ひらがな") == ""
    one, other = (burnt(Board("1", text)) for text in ("她走进厨房", "他跑出房间"))
    assert not np.array_equal(one, other)


def test_a_letter_without_a_glyph_is_named_once() -> None:
    assert missing("a 😀 b 😀 c") == "😀"


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=300), st.integers(40, 400), st.integers(1, 4))
def test_lines_stay_within_their_room_whatever_the_text(text: str, room: int, most: int) -> None:
    face = font(16)
    lines = wrapped(text, room, face, most)
    assert len(lines) <= most
    assert all(face.getlength(line) <= max(room, 40) for line in lines)


def test_a_line_breaks_between_words_and_between_any_two_chinese_letters() -> None:
    face = font(16)
    assert wrapped("one two three", face.getlength("one two "), face, 3) == ["one two", "three"]
    lines = wrapped("安娜打开门走进昏暗的厨房。", face.getlength("安娜打开门走"), face, 4)
    assert "".join(lines) == "安娜打开门走进昏暗的厨房。" and len(lines) == 3
    assert all(line[0] not in "，。" for line in lines)


def test_what_does_not_fit_is_cut_with_dots() -> None:
    face = font(16)
    (line,) = wrapped("a very long sentence about a river", face.getlength("a very long"), face, 1)
    assert line.endswith("…") and line.startswith("a very")


def test_lines_of_dialogue_follow_one_another_by_their_length() -> None:
    board = Board("1", "They talk.", dialogue=("ANNA: " + "a" * 24, "BEN: bbbbb"))
    spans = [(start, stop) for start, stop, _ in captions(board, 40, width=320, height=180)]
    assert spans == [(0, 30), (30, 40)]
    shown = burnt(board, 40)
    assert np.array_equal(shown[0], shown[29]) and not np.array_equal(shown[29], shown[30])


def test_a_long_speech_is_shown_to_its_end_piece_by_piece() -> None:
    speech = " ".join(f"word{n:03d}" for n in range(60))
    found = list(captions(Board("1", "x", dialogue=(speech,)), 100, width=320, height=180))
    assert found[0][0] == 0 and found[-1][1] == 100 and len(found) > 3
    assert all(one[1] == other[0] for one, other in pairwise(found))
    last = burnt(Board("1", "x", dialogue=(speech,)), 100)[-1]
    other = burnt(Board("1", "x", dialogue=(speech.replace("059", "000"),)), 100)[-1]
    assert not np.array_equal(last, other), "its last word is seen"


def test_facts_that_are_too_long_for_a_row_take_a_second() -> None:
    facts = "MEDIUM CLOSE UP · over the shoulder · 35 mm · pan left 20 · 2.875 s"
    one, two = (burnt(Board("1", "x", text))[0] for text in (facts, facts[:-1]))
    assert not np.array_equal(one, two), "the last letter is seen"


def test_number_and_action_are_at_the_edges_and_the_middle_stays_free() -> None:
    shown = burnt(Board("S1-010", "Anna walks.", "WIDE"))[0]
    assert (shown[60:120] == 120).all()
    assert shown[:20].max() > 200 and shown[-24:].max() > 200


def test_a_shot_shorter_than_its_lines_is_captioned() -> None:
    board = Board("1", "x", dialogue=tuple(f"line {n}" for n in range(9)))
    spans = [(start, stop) for start, stop, _ in captions(board, 2, width=320, height=180)]
    assert spans[0][0] == 0 and spans[-1][1] == 2


def test_words_leave_the_rows_of_a_mark_free() -> None:
    board = Board("1", "A long sentence about a river that runs and runs. " * 3, foot=30)
    plain = burnt(Board("1", "", foot=0))
    shown = burnt(board)
    ink = (shown != plain).any((0, 2, 3)) & (shown.max((0, 2, 3)) > 200)
    assert ink[90:150].any() and not ink[150:].any()
