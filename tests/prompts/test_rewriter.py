"""Single prompts made ready for a model."""

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


def test_mini_gets_a_time_and_a_place() -> None:
    found = rewrite("a white boat", dialect="mini")
    assert found.prompt == "a white boat, sea, by day"
    assert len(found.changes) == 2
    assert rewrite("一个红色气球在夜晚升起", dialect="mini").prompt == (
        "a red balloon rises, hills, at night"
    )


@pytest.mark.parametrize("dialect", ["mini", "wan", "ltx"])
def test_with_a_picture_nothing_is_added(dialect: str) -> None:
    assert rewrite("The red ball bounces.", dialect=dialect, mode="i2v").changes == ()


@settings(deadline=None)
@given(
    st.text(alphabet="a red ball sunset.,'\"球 滚\n", max_size=60), st.sampled_from(["wan", "ltx"])
)
def test_no_word_of_the_users_is_lost(prompt: str, dialect: str) -> None:
    found = rewrite(prompt, dialect=dialect)
    assert found.original == prompt
    assert prompt.strip()[1:] in found.prompt
    assert found == rewrite(prompt, dialect=dialect)
