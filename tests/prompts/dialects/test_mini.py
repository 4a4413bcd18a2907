"""The embedded model's captions, against its own tokenizer."""
# ruff: noqa: RUF001  (Chinese punctuation is meant)

from functools import cache
from itertools import product
from typing import Any

import pytest

from shotwright.generator.camera import Move
from shotwright.generator.mini import words
from shotwright.prompts.dialects import Compiled, ShotText, compile_prompt, shot_text
from shotwright.prompts.dialects.mini import caption, find_phrases
from shotwright.prompts.director import direct

FACTORS = ("colour", "subject", "action", "time", "place", "camera")


def compiled(action: str, *, camera: tuple[Move, ...] = (), **more: str) -> Compiled:
    return compile_prompt(ShotText(action, camera=camera, **more), dialect="mini", mode="t2v")  # type: ignore[arg-type]


@cache
def tokenizer() -> Any:
    from shotwright.generator.mini.text import build_tokenizer

    return build_tokenizer()


def tokens(text: str) -> list[str]:
    found: list[str] = tokenizer().tokenize(text)
    return [token.strip("<>") for token in found]


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
    assert compiled("a red ball", camera=(Move("dolly_in"),)).prompt == "a red ball"
    both = (Move("zoom_in"), Move("pan_left"))
    assert compiled("a red ball, pan left", camera=both).prompt == "a red ball"


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
    for action, camera in product(lexicon["action"], lexicon["camera"]):
        assert tokens(caption({"action": action, "camera": camera})) == [action, camera]


def test_every_phrase_of_the_lexicon_is_found_and_kept_by_the_caption() -> None:
    for factor, group in words.lexicon().items():
        for value, phrases in group.items():
            for phrase in phrases:
                found = {(hit.factor, hit.value) for hit in find_phrases(phrase)}
                assert (factor, value) in found, phrase
                assert value in tokens(compiled(phrase).prompt), phrase
                assert compiled(phrase).unknown_words == (), phrase
