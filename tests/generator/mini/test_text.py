"""Phrases of either language become their value's token, and nothing else becomes any."""

import pytest
import torch
from transformers import PreTrainedTokenizerFast

from shotwright.generator.mini import text, words
from shotwright.generator.mini.data import TOKEN_ID


@pytest.fixture(scope="module")
def tokenizer() -> PreTrainedTokenizerFast:
    return text.build_tokenizer()


def tokens(tokenizer: PreTrainedTokenizerFast, prompt: str) -> list[str]:
    ids: list[int] = tokenizer(prompt)["input_ids"]
    return [str(token) for token in tokenizer.convert_ids_to_tokens(ids)]


def test_every_phrase_of_the_lexicon_is_its_own_value(tokenizer: PreTrainedTokenizerFast) -> None:
    wrong = {
        phrase: found
        for group in words.lexicon().values()
        for value, phrases in group.items()
        for phrase in (*phrases, value)
        if (found := tokens(tokenizer, phrase)) != [f"<{value}>"]
    }
    assert wrong == {}


def test_english_and_chinese_say_the_same(tokenizer: PreTrainedTokenizerFast) -> None:
    english = "A red car drives left in the city at sunset, pan right."
    chinese = "红色的汽车在城市里向左移动。黄昏。镜头右摇。"
    expected = {"<red>", "<car>", "<goes_left>", "<city>", "<sunset>", "<pan_right>"}
    assert set(tokens(tokenizer, english)) == expected
    assert set(tokens(tokenizer, chinese)) == expected


def test_synonyms_say_the_same(tokenizer: PreTrainedTokenizerFast) -> None:
    plain = tokens(tokenizer, "yellow balloon rises, night, sea, zoom in")
    assert plain == tokens(
        tokenizer, "A golden hot-air balloon lifts off under the moon, ocean; zooming in"
    )


def test_a_camera_that_moves_is_not_taken_for_the_subject(
    tokenizer: PreTrainedTokenizerFast,
) -> None:
    for prompt, expected in {
        "the ball moves left, the camera moves left": ["<ball>", "<goes_left>", "<truck_left>"],
        "a car moves forward": ["<car>"],
        "a car rolls, roll clockwise": ["<car>", "<goes_right>", "<roll_cw>"],
        "the balloon rises while the camera rises": ["<balloon>", "<rises>", "<pedestal_up>"],
        "球旋转, 镜头顺时针旋转": ["<ball>", "<spins>", "<roll_cw>"],
        "球向左移动, 镜头向左移动": [
            "<ball>",
            "<goes_left>",
            "<truck_left>",
        ],
    }.items():
        assert tokens(tokenizer, prompt) == expected, prompt


def test_words_that_are_as_often_something_else_are_unknown(
    tokenizer: PreTrainedTokenizerFast,
) -> None:
    assert tokens(tokenizer, "rocks in a stream, drops of dew") == []


def test_ten_thousand_words_are_read_and_cut_to_the_models_length(
    tokenizer: PreTrainedTokenizerFast,
) -> None:
    nothing = "philosophy " * 10_000
    assert tokens(tokenizer, nothing) == []
    assert tokens(tokenizer, nothing + "red car") == ["<red>", "<car>"]
    many = tokenizer("red car " * 5_000, truncation=True, max_length=text.MAX_TOKENS)
    assert len(many["input_ids"]) == text.MAX_TOKENS


def test_unknown_words_give_no_token(tokenizer: PreTrainedTokenizerFast) -> None:
    assert tokens(tokenizer, "A hairy mammoth philosophises, carefully, about redemption") == []
    assert tokens(tokenizer, "") == []


def test_a_value_inside_another_word_is_not_a_value(tokenizer: PreTrainedTokenizerFast) -> None:
    for inside in ("scarred", "carpet", "seaside", "blueprint", "citywide", "caravan"):
        assert tokens(tokenizer, inside) == [], inside


def test_case_and_width_of_letters_do_not_matter(tokenizer: PreTrainedTokenizerFast) -> None:
    # full-width Latin letters, as Chinese keyboards write them
    wide = "\uff32\uff45\uff44 \uff43\uff41\uff52"
    assert tokens(tokenizer, "RED Car") == tokens(tokenizer, wide) == ["<red>", "<car>"]


def test_token_numbers_are_those_of_training(tokenizer: PreTrainedTokenizerFast) -> None:
    for token, number in TOKEN_ID.items():
        assert tokenizer.convert_tokens_to_ids(f"<{token}>") == number


def test_the_order_of_words_does_not_change_what_each_means() -> None:
    encoder = text.build_encoder(20)
    with torch.no_grad():
        one = encoder(torch.tensor([[2, 5, 9]])).last_hidden_state[0]
        two = encoder(torch.tensor([[9, 2, 5]])).last_hidden_state[0]
    assert torch.allclose(one[[2, 0, 1]], two, atol=1e-6)
