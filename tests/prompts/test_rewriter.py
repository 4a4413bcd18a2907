"""Single prompts made ready for a model."""
# ruff: noqa: RUF001  (Chinese punctuation is meant)

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shotwright.generator.camera import Move
from shotwright.prompts.rewriter import rewrite


def test_missing_time_and_size_are_filled_and_said() -> None:
    found = rewrite("A fluffy dog surfs a wave.", dialect="wan")
    assert found.prompt == "Medium shot, by day. A fluffy dog surfs a wave."
    assert len(found.changes) == 2
    assert (found.writer, found.original) == ("director", "A fluffy dog surfs a wave.")


def test_what_the_prompt_says_is_not_filled() -> None:
    found = rewrite("Close-up of a cat at night.", dialect="ltx", moves=[Move("zoom_in")])
    assert found.changes == ()
    assert found.prompt == "Close-up of a cat at night. The camera zooms in."


def test_a_named_light_takes_no_time_of_day() -> None:
    assert "by day" not in rewrite("A room lit by a candle.", dialect="ltx").prompt


def test_mini_gets_a_time_a_place_and_a_still_camera() -> None:
    found = rewrite("a white boat", dialect="mini")
    assert found.prompt == "a white boat, sea, by day, static camera"
    assert len(found.changes) == 3
    assert rewrite("一个红色气球在夜晚升起", dialect="mini").prompt == (
        "a red balloon rises, hills, at night, static camera"
    )


@pytest.mark.parametrize("dialect", ["mini", "wan", "ltx"])
def test_with_a_picture_nothing_is_added(dialect: str) -> None:
    assert rewrite("The red ball bounces.", dialect=dialect, mode="i2v").changes == ()


@settings(deadline=None)
@given(
    st.text(alphabet="a red ball sunset.,'\"球 滚\n", max_size=60),
    st.sampled_from(["wan", "hunyuan"]),
)
def test_no_word_of_the_users_is_lost(prompt: str, dialect: str) -> None:
    found = rewrite(prompt, dialect=dialect)
    assert found.original == prompt
    assert prompt.strip()[1:] in found.prompt
    assert found == rewrite(prompt, dialect=dialect)


def test_the_embedded_model_is_told_that_a_camera_nobody_speaks_of_is_still() -> None:
    assert "static camera" in rewrite("a red ball bounces", dialect="mini").prompt
    assert "static" not in rewrite("a red ball bounces, pan left", dialect="mini").prompt
    assert "dollies in" in rewrite("the camera creeps closer to a boat", dialect="mini").prompt
    assert "static" not in rewrite("a red ball", dialect="mini", moves=[Move("tilt_up")]).prompt


def test_guidance_of_the_embedded_model_pushes_away_from_what_it_obeys_anyway() -> None:
    negative = rewrite("a red ball bounces in the city at night, pan left", dialect="mini").negative
    assert negative == "red, city, at night"


def test_what_the_embedded_model_cannot_say_is_lost_and_named() -> None:
    asked = 'Anna says "Meet me at 9:30" to Tom beside a sign reading OPEN, no cars'
    found = rewrite(asked, dialect="mini")
    assert {"9:30", "open", "anna", "no cars"} <= set(found.unknown_words)
    assert "cars" not in found.unknown_words
    lost = {(item.kind, item.words) for item in found.check.lost}
    assert {("quote", "Meet me at 9:30"), ("name", "OPEN"), ("negative", "no cars")} <= lost
    assert found.check.added


def test_what_the_rules_add_is_in_the_diff_and_nothing_is_lost_in_prose() -> None:
    found = rewrite("A fluffy dog surfs, no people, a sign reads “OPEN”.", dialect="wan")
    assert found.check.lost == ()
    assert found.check.added == ("Medium shot, by day.",)


def test_what_is_denied_is_not_filmed() -> None:
    assert "rain" not in rewrite("a red ball rolls left, no rain", dialect="mini").prompt
    assert rewrite("A red ball bounces, the camera does not move", dialect="mini").check.lost == ()
    lost = rewrite("一个红球，没有汽车", dialect="mini").check.lost
    assert [item.kind for item in lost] == ["negative"]


def test_a_family_goes_by_its_full_name_too() -> None:
    names = ("hunyuan", "hunyuanvideo")
    one, other = (rewrite("A dog runs.", dialect=name).prompt for name in names)
    assert one == other
