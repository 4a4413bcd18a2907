"""Phrases of either language become their value's token, and nothing else becomes any."""

import pytest
import torch
from transformers import PreTrainedTokenizerFast

from shotwright.generator.mini import text, train, words


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
    for token, number in train.TOKEN_ID.items():
        assert tokenizer.convert_tokens_to_ids(f"<{token}>") == number


def test_the_order_of_words_does_not_change_what_each_means() -> None:
    encoder = text.build_encoder(20)
    with torch.no_grad():
        one = encoder(torch.tensor([[2, 5, 9]])).last_hidden_state[0]
        two = encoder(torch.tensor([[9, 2, 5]])).last_hidden_state[0]
    assert torch.allclose(one[[2, 0, 1]], two, atol=1e-6)
