"""How long a prompt is for a model."""

from importlib.resources import files
from pathlib import Path

import pytest
import sentencepiece
from hypothesis import given
from hypothesis import strategies as st

from shotwright.generator.errors import BadRequest
from shotwright.prompts.dialects import DIALECTS, ShotText, compile_prompt, families
from shotwright.prompts.dialects.length import length_of, upper_bound

LONG = ShotText(
    "A red ball rolls slowly over the wet grass.",
    subject="a ball of red leather with white seams",
    place="a park behind old brick houses",
    time="sunset",
    size="wide",
    angle="low",
    light="warm low sunlight through haze",
    style="35 mm film",
)


@pytest.fixture(scope="module")
def t5(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tokenizer as T5 checkpoints have it, trained on a few words."""
    folder = tmp_path_factory.mktemp("tokenizer")
    text = folder / "text.txt"
    text.write_text("a red ball rolls over the wet grass at sunset\n" * 50, encoding="utf-8")
    sentencepiece.SentencePieceTrainer.train(
        input=str(text),
        model_prefix=str(folder / "spiece"),
        vocab_size=40,
        hard_vocab_limit=False,
        minloglevel=2,
    )
    return folder


def test_the_checkpoints_own_tokenizer_counts(t5: Path) -> None:
    pieces = sentencepiece.SentencePieceProcessor(model_file=str(t5 / "spiece.model"))
    expected = len(pieces.encode("a red ball")) + 1
    assert length_of("a red ball", t5) == (expected, "tokenizer")


def test_a_fast_tokenizer_counts_and_cuts_nothing() -> None:
    folder = Path(str(files("shotwright.generator").joinpath("mini/weights/tokenizer")))
    few, counted_by = length_of("a red ball", folder)
    many, _ = length_of("a red ball " * 100, folder)
    assert counted_by == "tokenizer" and many > 99 * (few - 1)


def test_without_a_checkpoint_the_bound_is_stated(tmp_path: Path) -> None:
    assert length_of("a red ball", tmp_path)[1] == "upper bound"
    found = compile_prompt(LONG, dialect="cogvideox")
    assert (found.counted_by, found.max_tokens) == ("upper bound", 226)


@given(st.text(alphabet="abcdefgh ,.!?0123456789猫狗坐在红色", max_size=200))
def test_the_bound_grows_with_the_text(text: str) -> None:
    assert 1 <= upper_bound(text) <= 2 * len(text) + 1
    assert upper_bound(text + " cat") > upper_bound(text)


def test_what_is_too_long_loses_what_the_plan_added_and_never_the_sentence() -> None:
    whole = compile_prompt(LONG, dialect="prose")
    short = compile_prompt(LONG, dialect="prose", max_tokens=60)
    assert whole.warnings == () and short.tokens <= 60
    assert LONG.action in short.prompt and "sunlight" not in short.prompt
    (warning,) = short.warnings
    assert warning["code"] == "prompt_shortened" and "light" in warning["message"]
    assert "counted as one token for two letters" in warning["message"]


def test_a_sentence_that_is_too_long_itself_is_kept_and_said() -> None:
    found = compile_prompt(LONG, dialect="wan", max_tokens=8)
    assert LONG.action in found.prompt
    assert [w["code"] for w in found.warnings] == ["prompt_shortened", "prompt_too_long"]


@pytest.mark.parametrize("dialect", ["ltx", "cogvideox"])
def test_a_language_that_the_model_does_not_read_is_refused(dialect: str) -> None:
    with pytest.raises(BadRequest) as caught:
        compile_prompt(ShotText("猫在睡觉。", language="zh"), dialect=dialect)
    assert (caught.value.code, caught.value.allowed) == ("unsupported_language", ["en"])
    assert "SHOTWRIGHT_LLM" in caught.value.message


def test_a_card_may_read_more_than_its_family() -> None:
    text = ShotText("猫在睡觉。", language="zh")
    found = compile_prompt(text, dialect="cogvideox", languages=("en", "zh"))
    assert "猫在睡觉。" in found.prompt


def test_every_dialect_has_its_family() -> None:
    assert set(families()) == set(DIALECTS)
    for family in families().values():
        assert family.asks["t2v"] != family.asks["i2v"]
