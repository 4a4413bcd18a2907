"""What a plan holds of its script, and what a script supervisor says of it."""

from typing import Any

import pytest

from shotwright.prompts import pace
from shotwright.prompts.coverage import Coverage, cover, warnings_of, words_lost
from shotwright.prompts.director import direct
from shotwright.prompts.shotplan import ShotPlan, parse_plan

MARY = {"id": "m", "name": "Mary"}


def plan_of(*shots: dict[str, Any], **fields: Any) -> ShotPlan:
    made = [{"action": "A ball rolls.", "duration_s": 2, **shot} for shot in shots]
    return parse_plan({"characters": [MARY], "shots": made, **fields})


def codes(found: Coverage) -> list[str]:
    return [warning["code"] for warning in warnings_of(found)]


def test_every_sentence_of_a_directed_script_has_its_shot() -> None:
    script = "A red ball rolls.\n\nIt stops. Pan left.\nA red ball rolls."
    found = cover(direct(script).plan, script)
    assert [line.line for line in found.lines] == [1, 3, 3, 4]
    assert [line.shots for line in found.lines] == [
        ("S1-010",),
        ("S1-020",),
        ("S1-020",),
        ("S1-030",),
    ]
    assert codes(found) == []


def test_a_line_that_no_shot_holds_is_named() -> None:
    plan = plan_of({"source": "A red ball rolls."})
    found = cover(plan, "A red ball rolls.\nA dog barks at the moon.")
    assert [(line.line, line.text) for line in found.without_shot] == [
        (2, "A dog barks at the moon.")
    ]
    assert codes(found) == ["line_without_shot"]


def test_a_sentence_may_be_held_by_two_shots() -> None:
    plan = plan_of(
        {"source": "She crosses the room to the desk,"}, {"source": "and her fingers turn the key."}
    )
    (line,) = cover(plan, "She crosses the room to the desk, and her fingers turn the key.").lines
    assert line.shots == ("S1-010", "S1-020")


def test_who_is_nobody_of_the_plan_is_unknown() -> None:
    plan = plan_of(
        {"dialogue": [{"character_id": "m", "text": "Hello."}]},
        {"action": "Otto walks to the door."},
    )
    found = cover(plan, "", speakers=("MARY", "JOE"))
    assert [(one["name"], one["shot"]) for one in found.unknown_characters] == [
        ("JOE", None),
        ("m", "S1-010"),
        ("Otto", "S1-020"),
    ]
    assert codes(found) == ["unknown_character"] * 3


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("one two three four five", 2.0), ("我们今天去海边玩吧好", 2.0), ("", 0.0)],
)
def test_speech_takes_its_time(text: str, seconds: float) -> None:
    assert pace.speech_s(text) == pytest.approx(seconds)


def test_a_speech_longer_than_its_shot_is_named() -> None:
    said = [{"character_id": "m", "text": "I " * 30}]
    cast = [{"character_id": "m"}]
    (one,) = cover(plan_of({"dialogue": said, "cast": cast})).long_speeches
    assert (one["shot"], one["speech_s"], one["shot_s"]) == ("S1-010", 12.0, 2)


def test_a_traveller_that_turns_round_is_a_flip_unless_a_neutral_shot_is_between() -> None:
    right = {"props": ["a car"], "continuity": {"screen_direction": "left_to_right"}}
    left = {"props": ["a car"], "continuity": {"screen_direction": "right_to_left"}}
    neutral = {"props": ["a car"], "continuity": {"screen_direction": "towards"}}
    (flip,) = cover(plan_of(right, left)).direction_flips
    assert (flip["shot"], flip["before"], flip["subject"]) == ("S1-020", "S1-010", "a car")
    assert cover(plan_of(right, neutral, left)).direction_flips == ()
    elsewhere = {**left, "scene_id": "S2"}
    assert cover(plan_of({**right, "scene_id": "S1"}, elsewhere)).direction_flips == ()


def test_somebody_who_changes_sides_crosses_the_line() -> None:
    shots = [
        {"cast": [{"character_id": "m", "position": side}]}
        for side in ("left of frame", "画面右侧")
    ]
    (flip,) = cover(plan_of(*shots)).direction_flips
    assert (flip["was"], flip["is"]) == ("left", "right")


def test_the_length_is_measured_against_the_one_asked_for() -> None:
    found = cover(plan_of({}, {}), asked_s=10)
    assert (found.planned_s, found.asked_s) == (4, 10)
    assert codes(found) == ["length_differs"]
    assert found.to_json()["difference_s"] == -6


def test_lost_words_are_counted() -> None:
    plan = plan_of({"source": "A ball, a ball."})
    assert words_lost("A ball, a ball, 3.5 a box 球", plan) == ["a", "3.5", "box", "球"]


def test_a_prop_that_the_action_is_without_is_named() -> None:
    shot = {"action": "A woman waits without the kettle.", "duration_s": 2, "props": ["the kettle"]}
    codes = [w["code"] for w in warnings_of(cover(parse_plan({"shots": [shot]})))]
    assert codes == ["absent_prop"]


def test_a_part_of_a_name_is_the_character() -> None:
    plan = parse_plan(
        {
            "characters": [{"id": "C1", "name": "Detective Maya Chen"}],
            "shots": [{"action": "Maya Chen sits. Chen laughs. Zoe runs.", "duration_s": 2}],
        }
    )
    unknown = cover(plan, speakers=("MAYA", "BEN")).unknown_characters
    assert [one["name"] for one in unknown] == ["BEN", "Zoe"]
