"""Quoted speech in prose: every style of quotes, and who says what nobody is named for."""
# ruff: noqa: RUF001  (Chinese punctuation is meant)

import pytest

from shotwright.prompts.director import direct

Said = list[tuple[str, str]]


def said(text: str) -> Said:
    plan = direct(text).plan
    names = {c.id: c.name for c in plan.characters}
    return [(names[d.character_id], d.text) for shot in plan.shots for d in shot.dialogue]


@pytest.mark.parametrize(
    "text",
    [
        '"Are you coming?" Tom shouted from the van.',
        "“Are you coming?” Tom shouted from the van.",
        "'Are you coming?' Tom shouted from the van.",
        "‘Are you coming?’ Tom shouted from the van.",
        "„Are you coming?“ Tom shouted from the van.",
        "«Are you coming?» Tom shouted from the van.",
        'Tom: "Are you coming?" He waves.',
    ],
)
def test_every_style_of_quotes_is_spoken(text: str) -> None:
    assert said(text) == [("Tom", "Are you coming?")]


@pytest.mark.parametrize(
    "text",
    [
        "A sign reads 'OPEN 24H'.",
        'A note pinned to the wall: "Do not light the lamp."',
        'CAPTION: "Later"',
        "It's Tom's dog, and he doesn't bark.",
        "字幕：“2045年”。",
    ],
)
def test_what_is_written_and_apostrophes_are_not_spoken(text: str) -> None:
    assert said(text) == []


def test_speeches_without_a_name_answer_each_other() -> None:
    text = (
        "Elena poured the wine. “You never told her?” she asked.\n\nMarcus looked away.\n\n“No.”\n\n"
        "“Not even at the end?”\n\n“Not even then.” He pushed the glass away."
    )
    assert said(text) == [
        ("Elena", "You never told her?"),
        ("Marcus", "No."),
        ("Elena", "Not even at the end?"),
        ("Marcus", "Not even then."),
    ]


def test_a_quote_within_a_paragraph_is_of_who_acted_before_it() -> None:
    text = (
        'A detective walks into a bar. The bartender polishes a glass. "What now?" "Whiskey." '
        'The detective slides a photo over. "Seen her?" The bartender\'s smile fades.'
    )
    assert said(text) == [
        ("bartender", "What now?"),
        ("detective", "Whiskey."),
        ("detective", "Seen her?"),
    ]


def test_chinese_words_belong_to_the_tag_after_them() -> None:
    assert said("登山者甲回头，“还有800米！”他喊。") == [("登山者甲", "还有800米！")]


def test_two_who_speak_in_one_shot_are_a_two_shot() -> None:
    plan = direct('Ann waits. "Yes?" Ann asked. Ben looks up. "No." "Not ever?"').plan
    assert len({d.character_id for d in plan.shots[-1].dialogue}) == 2
    assert plan.shots[-1].framing == "two_shot"


def test_who_goes_on_in_a_paragraph_is_who_spoke_in_it() -> None:
    text = (
        'Pim ran in. "Where is it?" cried Pim.\n\n'
        '"Not here," said Mr. Badger, pouring tea. "Ask the owl."'
    )
    assert said(text) == [
        ("Pim", "Where is it?"),
        ("Mr. Badger", "Not here"),
        ("Mr. Badger", "Ask the owl."),
    ]


def test_a_comma_before_the_closing_quote_tells_speech() -> None:
    assert said('Anna waits. "Come here," Anna beckoned.') == [("Anna", "Come here")]
    assert said('The sign "OPEN," painted red, hangs.') == []
