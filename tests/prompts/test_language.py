"""Languages and sentences."""
# ruff: noqa: RUF001  (Chinese punctuation is meant)

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shotwright.prompts.language import detect_language, split_sentences


def sentences(text: str) -> list[str]:
    return [span.text for span in split_sentences(text)]


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("A red ball rolls.", "en"),
        ("红色的球滚过山丘。", "zh"),
        ("一只猫戴着 VR 眼镜", "zh"),
        ("The sign says 你好 in bright red letters.", "en"),
        ("", "en"),
        ("42 %", "en"),
    ],
)
def test_the_language_is_told_by_its_letters(text: str, language: str) -> None:
    assert detect_language(text) == language


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two! Three?", ["One.", "Two!", "Three?"]),
        ("Mr. Smith walks in. He sits.", ["Mr. Smith walks in.", "He sits."]),
        ("It costs 3.5 dollars. Cheap!", ["It costs 3.5 dollars.", "Cheap!"]),
        ("She waits... then leaves. Gone.", ["She waits... then leaves.", "Gone."]),
        ('"Go!" she says. He runs.', ['"Go!" she says.', "He runs."]),
        ('She says: "Wait. Stop." He stops.', ['She says: "Wait. Stop."', "He stops."]),
        ("At 5 p.m. the bell rings. Silence.", ["At 5 p.m. the bell rings.", "Silence."]),
        ("Bread, jam, etc. Then tea.", ["Bread, jam, etc.", "Then tea."]),
        ("A cat. [Pan left. Zoom in.] A dog.", ["A cat.", "[Pan left. Zoom in.] A dog."]),
        ("1. A ball rolls.\n2. It stops.", ["1. A ball rolls.", "2. It stops."]),
        ("A title\n\nA ball rolls", ["A title", "A ball rolls"]),
        ("球滚过山丘。它停下！为什么？", ["球滚过山丘。", "它停下！", "为什么？"]),
        ("他说：“走吧！快！”然后离开。夜晚。", ["他说：“走吧！快！”", "然后离开。", "夜晚。"]),
        ("“走吧！”她说。门开了。", ["“走吧！”她说。", "门开了。"]),
        ("他想起了……那年夏天。", ["他想起了……", "那年夏天。"]),
        ("球长3.5米。它滚动；停下。", ["球长3.5米。", "它滚动；", "停下。"]),
    ],
)
def test_sentences_end_where_a_reader_ends_them(text: str, expected: list[str]) -> None:
    assert sentences(text) == expected


def test_a_wrapped_line_goes_on_in_the_next() -> None:
    text = "A very long line of text that an editor has wrapped somewhere near its\nend. Next."
    assert len(sentences(text)) == 2


WRITING = st.text(alphabet="ab Z.!?…。！？；\"“”「」()[]\n3,，球滚'’-", max_size=120)


@given(WRITING)
def test_sentences_are_verbatim_and_nothing_is_lost(text: str) -> None:
    spans = split_sentences(text)
    position = 0
    for span in spans:
        assert span.text == text[span.start : span.end]
        assert span.text
        assert not text[position : span.start].strip()
        position = span.end
    assert not text[position:].strip()
