"""Captions say exactly their scene, in both languages, whatever the order and the synonyms."""

from typing import Literal

import numpy as np
import pytest
from transformers import PreTrainedTokenizerFast

from shotwright.generator.mini import text, words
from shotwright.generator.mini.world import Scene, sample_scene
from shotwright.generator.mini.world.captions import caption

Language = Literal["en", "zh"]
BOTH: tuple[Language, ...] = ("en", "zh")


@pytest.fixture(scope="module")
def tokenizer() -> PreTrainedTokenizerFast:
    return text.build_tokenizer()


def scenes(count: int, seed: int) -> list[Scene]:
    rng = np.random.default_rng(seed)
    return [sample_scene(rng) for _ in range(count)]


def said(tokenizer: PreTrainedTokenizerFast, caption: str) -> set[str]:
    return {str(token).strip("<>") for token in tokenizer.tokenize(caption)}


def meant(scene: Scene) -> set[str]:
    """What must be said: clear weather and a usual amount may be left out."""
    return {value for value in scene.tokens if value} - {"clear"}


@pytest.mark.parametrize("language", BOTH)
def test_the_tokenizer_finds_exactly_the_scenes_values(
    tokenizer: PreTrainedTokenizerFast, language: Language
) -> None:
    rng = np.random.default_rng(1)
    for scene in scenes(300, seed=2):
        written = caption(scene, rng, language)
        found = said(tokenizer, written)
        assert found - {"clear"} == meant(scene), written
        assert "clear" not in found or scene.weather == "clear", written


@pytest.mark.parametrize("language", BOTH)
def test_every_phrase_of_the_lexicon_is_written_sooner_or_later(language: Language) -> None:
    rng = np.random.default_rng(3)
    captions = "\n".join(caption(s, rng, language) for s in scenes(6000, seed=4)).lower()
    missing = [
        phrase
        for group in words.lexicon().values()
        for phrases in group.values()
        for phrase in phrases
        if phrase.isascii() == (language == "en") and phrase.lower() not in captions
    ]
    assert missing == []


@pytest.mark.parametrize("language", BOTH)
def test_what_is_omitted_is_not_said_and_nothing_else_is_lost(
    tokenizer: PreTrainedTokenizerFast, language: Language
) -> None:
    rng = np.random.default_rng(5)
    spoken = []
    for scene in scenes(200, seed=6):
        found = said(tokenizer, caption(scene, rng, language, omit=0.3))
        assert found <= meant(scene) | {"clear"}
        assert scene.amount not in found or scene.camera in found
        spoken.append(len(found & meant(scene)) / len(meant(scene)))
    assert 0.62 < np.mean(spoken) < 0.76
    assert said(tokenizer, caption(scene, rng, language, omit=1.0)) == set()


def test_a_caption_is_in_its_language_and_well_formed() -> None:
    rng = np.random.default_rng(7)
    for scene in scenes(100, seed=8):
        english, chinese = (caption(scene, rng, language) for language in BOTH)
        assert english.isascii() and english[0].isupper() and english.endswith(".")
        assert not any(gap in english for gap in ("  ", " ,", ",.", "..", ", ,"))
        assert chinese.endswith("\u3002") and not any(letter.isascii() for letter in chinese)


def test_the_same_generator_writes_the_same_caption_and_others_write_others() -> None:
    scene = scenes(1, seed=9)[0]
    first, again = (caption(scene, np.random.default_rng(1), "en") for _ in range(2))
    assert first == again
    assert len({caption(scene, np.random.default_rng(i), "en") for i in range(20)}) > 15
