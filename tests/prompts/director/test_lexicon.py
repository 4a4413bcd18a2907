"""What the words of a sentence say."""

import re

import pytest

from shotwright.prompts.director.lexicon import (
    find_angle,
    find_heading,
    find_place,
    find_size,
    find_time,
    rules,
    time_key,
)


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("The sun is low at sunset.", "sunset"),
        ("During the golden hour she waits.", "sunset"),
        ("A moonlit road.", "night"),
        ("On a sunny day", "day"),
        ("One day she left.", None),
        ("夕阳下的城市", "sunset"),
        ("清晨的街道", "morning"),
        ("一只猫", None),
    ],
)
def test_the_time_of_day_is_found(text: str, time: str | None) -> None:
    found = find_time(text)
    assert (found and found.value) == time


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("A ball rolls across the green hills.", "the green hills"),
        ("She walks down a busy city street.", "a busy city street"),
        ("The harbour sleeps.", "The harbour"),
        ("He parks the car.", None),
        ("球滚过山丘。", "山丘"),
        ("她走在繁忙的街道上", "街道"),
    ],
)
def test_the_place_is_found(text: str, place: str | None) -> None:
    found = find_place(text)
    assert (found and found.phrase) == place


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("A medium close-up of a man", "medium_close_up"),
        ("extreme close up", "extreme_close_up"),
        ("a wide shot", "wide"),
        ("大远景", "extreme_wide"),
        ("中近景", "medium_close_up"),
        ("特写", "close_up"),
        ("大特写", "extreme_close_up"),
        ("全景", "full"),
    ],
)
def test_the_longer_name_of_a_size_wins(text: str, size: str) -> None:
    found = find_size(text)
    assert found is not None and found.value == size


@pytest.mark.parametrize(("text", "angle"), [("low-angle shot", "low"), ("航拍", "aerial")])
def test_angles_are_found(text: str, angle: str) -> None:
    found = find_angle(text)
    assert found is not None and found.value == angle


def test_headings_of_both_languages_are_read() -> None:
    english = find_heading("INT./EXT. OLD CAR - NIGHT")
    assert english is not None
    assert (english.int_ext, english.place, english.time) == ("INT/EXT", "OLD CAR", "night")
    chinese = find_heading("外景。山顶 - 日")
    assert chinese is not None
    assert (chinese.int_ext, chinese.place, chinese.time) == ("EXT", "山顶", "day")
    assert find_heading("Interior design is hard.") is None


@pytest.mark.parametrize("label", ["sunset", "日落", "at sunset", "late golden hour"])
def test_a_time_is_known_however_it_is_written(label: str) -> None:
    assert time_key(label) == "sunset"


def test_what_is_sought_in_lower_case_is_written_in_it() -> None:
    tables = ("beat", "time", "size", "angle", "framing", "transition", "weather", "lit")
    for table in (*tables, "focus", "composition", "sound", "look"):
        for row in rules()[table].values():
            words = row if isinstance(row, str) else row.get("words") or row["en"] + row["zh"]
            assert not re.search(r"(?<!\\)[A-Z]", words), (table, words)
