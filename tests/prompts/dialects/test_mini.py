"""The embedded model's captions, against its own tokenizer."""
# ruff: noqa: RUF001  (Chinese punctuation is meant)

import math
from functools import cache
from itertools import product
from typing import Any

import pytest

from shotwright.generator.camera import MOVES, Move
from shotwright.generator.mini import words
from shotwright.generator.mini.world.scene import AMOUNT_SHARES, AMOUNTS
from shotwright.prompts.dialects import Compiled, ShotText, compile_prompt, shot_text
from shotwright.prompts.dialects.mini import caption, find_phrases
from shotwright.prompts.director import direct

FACTORS = ("colour", "subject", "action", "time", "place", "weather", "camera", "amount")


def compiled(action: str, *, camera: tuple[Move, ...] = (), **more: str) -> Compiled:
    return compile_prompt(ShotText(action, camera=camera, **more), dialect="mini", mode="t2v")  # type: ignore[arg-type]


@cache
def tokenizer() -> Any:
    from shotwright.generator.mini.text import build_tokenizer

    return build_tokenizer()


def tokens(text: str) -> list[str]:
    found: list[str] = tokenizer().tokenize(text)
    return [token.strip("<>") for token in found]


@pytest.mark.parametrize("move", ["dolly_in", "dolly_out", "pedestal_up", "pedestal_down"])
def test_moves_that_come_out_small_are_pushed_away_from_a_camera_at_rest(move: str) -> None:
    negative = compiled("a red ball at night", camera=(Move(move),)).negative
    assert tokens(negative) == ["red", "night", "static"]


@pytest.mark.parametrize("move", ["pan_left", "zoom_in", "truck_right", "static"])
def test_other_moves_are_pushed_from_what_is_obeyed_alone(move: str) -> None:
    negative = compiled("a red ball at night", camera=(Move(move),)).negative
    assert tokens(negative) == ["red", "night"]


@pytest.mark.parametrize(
    ("prompt", "caption", "unknown"),
    [
        (
            "A red ball moves right over the hills at sunset",
            "a red ball goes right, hills, at sunset",
            [],
        ),
        ("a ball, red, in the desert by night", "a red ball, desert, at night", []),
        ("a red ball and a blue box in the city", "a red ball, city", ["blue", "box"]),
        ("a ball and a blue box", "a ball", ["blue", "box"]),
        ("a fluffy dog surfs", "", ["fluffy", "dog", "surfs"]),
        (
            "An emerald hot-air balloon takes off at golden hour",
            "a green balloon rises, at sunset",
            [],
        ),
        ("a yellow car drives to the left at noon", "a yellow car goes left, by day", []),
        ("一辆黄色汽车向左行驶，白天", "a yellow car goes left, by day", []),
        ("红色的气球在海上升起，夜晚", "a red balloon rises, sea, at night", []),
        ("一只毛茸茸的狗和一个红球", "a red ball", ["毛茸茸", "狗"]),
        ("a white boat rests, camera slowly pans left", "a white boat rests, camera pans left", []),
        ('"Zoom out!" at a boat, camera pans left', "a boat, camera pans left", []),
        ("a ball under a blue sky", "a ball", ["blue", "sky"]),
        ("a ball that is blue rolls", "a blue ball goes right", []),
        ("球是红色的，在蓝天下", "a red ball", ["蓝", "天"]),
        ("一只红色的大象在月球上", "red", ["大象", "月球"]),
    ],
)
def test_a_prompt_becomes_a_canonical_caption(
    prompt: str, caption: str, unknown: list[str]
) -> None:
    found = compiled(prompt)
    assert found.prompt == caption
    assert list(found.unknown_words) == unknown


def test_the_camera_comes_from_the_resolved_moves() -> None:
    assert compiled("a red ball", camera=(Move("zoom_in"),)).prompt == "a red ball, camera zooms in"
    assert compiled("a red ball", camera=(Move("crane_up"),)).prompt == "a red ball"
    both = (Move("zoom_in"), Move("pan_left"))
    assert compiled("a red ball, pan left", camera=both).prompt == "a red ball"


def test_every_move_of_its_world_is_said_and_no_other() -> None:
    for move in MOVES:
        prompt = compiled("a red ball", camera=(Move(move),)).prompt
        known = move in words.values("camera")
        assert tokens(prompt) == ["red", "ball", *([move] if known else [])]


@pytest.mark.parametrize(
    ("move", "word"),
    [
        (Move("pan_right"), ""),
        (Move("pan_right", amount=20), ""),
        (Move("pan_right", amount=24), ""),
        (Move("pan_right", amount=11), "slightly"),
        (Move("pan_right", speed="slow"), "slightly"),
        (Move("pan_right", speed="fast"), "far"),
        (Move("zoom_out", amount=1.3), "slightly"),
        (Move("zoom_out", amount=2.4), "far"),
        (Move("orbit_left", amount=45), "far"),
    ],
)
def test_how_far_the_camera_goes_is_said_by_the_nearest_word(move: Move, word: str) -> None:
    found = compiled("a red ball", camera=(move,))
    assert tokens(found.prompt) == ["red", "ball", move.move, *([word] if word else [])]
    assert found.warnings == ()


@pytest.mark.parametrize(
    ("move", "nearest"),
    [
        (Move("pan_left", amount=90), "32"),
        (Move("tilt_up", amount=2), "6"),
        (Move("zoom_in", amount=5), "2.34"),
        (Move("truck_left", amount=0.28), "0.4"),
    ],
)
def test_an_amount_that_was_not_trained_is_named(move: Move, nearest: str) -> None:
    (warning,) = compiled("a red ball", camera=(move,)).warnings
    assert warning["code"] == "camera_amount_by_words"
    assert f"asked for {nearest}, the nearest" in warning["message"]


@pytest.mark.parametrize("move", ["pan_right", "tilt_down", "zoom_in", "dolly_out", "truck_left"])
def test_a_warning_comes_just_where_every_trained_amount_is_a_quarter_off(move: str) -> None:
    kind = move.partition("_")[0]
    trained = [
        AMOUNTS[kind] ** share if kind == "zoom" else AMOUNTS[kind] * share
        for share in AMOUNT_SHARES.values()
    ]
    log = math.log if kind == "zoom" else float
    for factor in (0.3, 0.38, 0.6, 0.65, 0.74, 0.76, 1.1, 1.24, 1.3, 1.9, 2.1):
        amount = AMOUNTS[kind] ** factor if kind == "zoom" else AMOUNTS[kind] * factor
        near = any(abs(log(amount) / log(known) - 1) <= 0.25 for known in trained)
        warned = compiled("a ball", camera=(Move(move, amount=amount),)).warnings
        assert bool(warned) != near, (factor, warned)


def test_what_the_text_says_of_the_camera_is_nothing_the_subject_does() -> None:
    for prompt, expected in {
        "a ball, the camera turns to the left": "a ball, camera pans left",
        "a red box; the camera rises slightly": "a red box, camera pedestals up slightly",
        "一个红球, 镜头稍微上升": ("a red ball, camera pedestals up slightly"),
        "a red ball rolls left. Static camera": "a red ball goes left, static camera",
    }.items():
        assert compiled(prompt).prompt == expected


def test_an_amount_without_a_move_is_unknown() -> None:
    found = compiled("a red ball rests far away")
    assert (found.prompt, found.unknown_words) == ("a red ball rests", ("far",))


def test_weather_comes_from_the_text_and_from_the_plan() -> None:
    assert compiled("a red ball in heavy rain").prompt == "a red ball, in the rain"
    assert compiled("a red ball", light="soft light, snow").prompt == "a red ball, in the snow"
    assert compiled("a red ball under clear skies", light="rain").prompt == "a red ball, clear sky"


def test_only_unknown_words_leave_an_empty_caption() -> None:
    found = compiled("A hairy mammoth philosophises")
    assert found.prompt == ""
    assert found.unknown_words == ("hairy", "mammoth", "philosophises")


def test_ten_thousand_words_are_compiled_like_ten() -> None:
    found = compiled("A red ball bounces at sunset. " + "It philosophises lengthily on. " * 2_500)
    assert found.prompt == "a red ball bounces, at sunset"
    assert found.unknown_words == ("philosophises", "lengthily")


def test_a_carried_subject_names_the_pronoun() -> None:
    plan = direct("A red ball rolls across the hills at sunset. It bounces.").plan
    text = shot_text(plan, plan.shots[1])
    found = compile_prompt(text, dialect="mini", mode="t2v")
    assert found.prompt.startswith("a red ball bounces, hills, at sunset")
    assert found.unknown_words == ()


def test_every_canonical_caption_is_read_back_by_the_tokenizer() -> None:
    lexicon = {factor: words.values(factor) for factor in FACTORS}
    longest = max(len(values) for values in lexicon.values())
    rows = [
        {factor: values[i % len(values)] for factor, values in lexicon.items()}
        for i in range(longest)
    ]
    for values in rows:
        written = caption(values)
        assert sorted(tokens(written)) == sorted(values.values()), written
    for camera, amount in product(lexicon["camera"], lexicon["amount"]):
        assert tokens(caption({"camera": camera, "amount": amount})) == [camera, amount]
    for action, camera in product(lexicon["action"], lexicon["camera"]):
        assert tokens(caption({"action": action, "camera": camera})) == [action, camera]


def test_every_phrase_of_the_lexicon_is_found_and_kept_by_the_caption() -> None:
    for factor, group in words.lexicon().items():
        for value, phrases in group.items():
            for phrase in phrases:
                # how far means nothing without what
                prompt = f"zoom in {phrase}" if factor == "amount" else phrase
                found = {(hit.factor, hit.value) for hit in find_phrases(prompt)}
                assert (factor, value) in found, phrase
                assert value in tokens(compiled(prompt).prompt), phrase
                assert compiled(prompt).unknown_words == (), phrase
