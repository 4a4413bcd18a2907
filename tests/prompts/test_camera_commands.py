"""Bracket commands, Luma's concepts and plain words: there and back, and what gets lost is named."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shotwright.generator.camera import MAX_AMOUNTS, MOVES, PRESET_NAMES, Move
from shotwright.generator.errors import BadRequest
from shotwright.prompts.camera_commands import (
    from_brackets,
    from_luma,
    to_brackets,
    to_luma,
    to_words,
)
from shotwright.prompts.camera_reading.lexicon import words
from shotwright.prompts.camera_words import parse_camera
from shotwright.prompts.language import Language

BRACKETS = tuple(words()["bracket"].values())


def test_the_bracket_commands_are_the_fifteen_of_the_director_models() -> None:
    assert len(set(BRACKETS)) == 15


@pytest.mark.parametrize("command", BRACKETS)
def test_every_bracket_command_survives_the_way_there_and_back(command: str) -> None:
    moves, unknown = from_brackets(f"[{command}]")
    assert len(moves) == 1 and unknown == []
    assert to_brackets(moves).said == f"[{command}]"
    assert to_brackets(moves).lost == ()


def test_brackets_keep_together_and_apart() -> None:
    text = "[Pan left, Zoom in] [Push in]"
    moves, _ = from_brackets(text)
    assert [(m.move, m.start, m.end) for m in moves] == [
        ("pan_left", 0, 0.5),
        ("zoom_in", 0, 0.5),
        ("dolly_in", 0.5, 1),
    ]
    assert to_brackets(moves) == to_brackets(from_brackets(to_brackets(moves).said)[0])
    assert to_brackets(moves).said == text


def test_what_brackets_cannot_say_is_named() -> None:
    moves = [Move("orbit_left"), Move("pan_left", amount=30, speed="slow", end=0.4)]
    told = to_brackets(moves)
    assert told.said == "[Pan left]"
    assert told.lost == (
        "camera[0].move orbit_left",
        "camera[1].amount 30",
        "camera[1].speed slow",
        "camera[1].start 0, end 0.4",
    )
    crowded = to_brackets(Move(m) for m in ("pan_left", "tilt_up", "zoom_in", "dolly_in"))
    assert crowded.lost == ("camera[3].move dolly_in",)


def test_a_preset_is_said_by_its_parts() -> None:
    assert to_brackets([Move("down_back")]).said == "[Pedestal down, Pull out]"
    assert to_luma([Move("forward_up")]).said == ["push_in", "tilt_up"]
    assert to_luma([Move("dolly_zoom")]).said == ["dolly_zoom"]


@pytest.mark.parametrize(("move", "concept"), words()["luma"].items())
def test_every_concept_survives_the_way_there_and_back(move: str, concept: str) -> None:
    assert from_luma([concept]) == ([Move(move)], [])
    assert to_luma([Move(move)]).said == [concept]
    assert to_luma([Move(move)]).lost == ()


def test_views_among_the_concepts_are_given_back_and_strangers_refused() -> None:
    assert from_luma(["pov", "orbit_left"]) == ([Move("orbit_left")], ["pov"])
    with pytest.raises(BadRequest) as caught:
        from_luma(["wobble"])
    assert caught.value.field == "concepts" and caught.value.allowed


def test_what_concepts_cannot_say_is_named() -> None:
    told = to_luma([Move("follow"), Move("zoom_in", amount=2.0, start=0.5)])
    assert told.said == ["zoom_in"]
    assert told.lost == ("camera[0].move follow", "camera[1].amount 2.0", "camera[1].start 0.5")


_MEASURED = tuple(m for m in MOVES if m not in ("static", "follow", "handheld"))


@st.composite
def measured(draw: st.DrawFn) -> Move:
    """A move with an amount of at most three digits, or none, over the whole clip."""
    name = draw(st.sampled_from(_MEASURED))
    kind = name.partition("_")[0]
    most = MAX_AMOUNTS.get(name, MAX_AMOUNTS.get(kind, 1.0))
    if draw(st.booleans()):
        return Move(name, speed=draw(st.sampled_from([None, "slow", "fast"])))
    least = 1.01 if kind == "zoom" else 0.01
    return Move(name, amount=round(draw(st.floats(least, most)), 2))


@settings(deadline=None, max_examples=60)  # the first text compiles the word lists
@given(measured(), st.sampled_from(["en", "zh"]))
def test_a_move_survives_its_words_with_its_amount(move: Move, language: Language) -> None:
    told = to_words([move], language)
    (back,), unknown = parse_camera(told.said)
    assert told.lost == () and unknown == []
    assert (back.move, back.speed) == (move.move, move.speed)
    assert back.amount == (None if move.amount is None else pytest.approx(move.amount))


@settings(deadline=None, max_examples=60)
@given(measured(), measured(), st.sampled_from(["en", "zh"]))
def test_two_moves_in_turn_survive_their_words(
    first: Move, second: Move, language: Language
) -> None:
    pair = [
        Move(first.move, first.amount, first.speed, end=0.5),
        Move(second.move, second.amount, second.speed, start=0.5),
    ]
    told = to_words(pair, language)
    back, unknown = parse_camera(told.said)
    assert told.lost == () and unknown == []
    if first.move != second.move:
        assert [(m.move, m.start, m.end) for m in back] == [(m.move, m.start, m.end) for m in pair]


@pytest.mark.parametrize("preset", PRESET_NAMES)
def test_a_preset_is_told_in_both_languages(preset: str) -> None:
    assert to_words([Move(preset)], "en").said.startswith("the camera ")
    assert to_words([Move(preset)], "zh").said.startswith("镜头")


def test_what_words_cannot_say_is_named() -> None:
    told = to_words([Move("pan_left", end=0.3, easing="ease_in"), Move("zoom_in", start=0.3)])
    assert told.said == "the camera pans left, then zooms in"
    assert told.lost == (
        "camera[0].easing ease_in",
        "camera[0].start 0, end 0.3",
        "camera[1].start 0.3, end 1",
    )
