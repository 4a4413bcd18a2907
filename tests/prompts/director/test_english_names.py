"""Names in English text are told by titles and by what is done under them."""

import pytest

from shotwright.prompts.director import direct
from shotwright.prompts.director.english_names import english_names


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Then Dr. Okafor waits.", ["Dr. Okafor", "Okafor"]),
        ("She hugs Tom. Tom laughs.", ["Tom"]),
        ("She flies to Paris. In Paris it rains. She loves Paris.", []),
        ("They meet in March. March comes.", []),
        ("Waves crash. The Old Bridge falls.", []),
    ],
)
def test_a_title_or_a_deed_makes_a_name(text: str, names: list[str]) -> None:
    assert english_names(text) == names


def test_somebody_is_the_same_with_and_without_a_title() -> None:
    plan = direct("Commander Reyes floats in. Reyes kicks off the wall. Anna hugs Reyes.").plan
    assert [c.name for c in plan.characters] == ["Commander Reyes", "Anna"]
    assert [[part.character_id for part in shot.cast] for shot in plan.shots] == [
        ["C1"],
        ["C1"],
        ["C2", "C1"],
    ]


@pytest.mark.parametrize("name", ["Marcus", "Iris", "Thomas"])
def test_a_name_in_s_is_one_person(name: str) -> None:
    plan = direct(f"{name} looked at the sea. {name} sits down.").plan
    assert [c.name for c in plan.characters] == [name]
    assert all(shot.cast and not shot.props for shot in plan.shots[1:])
