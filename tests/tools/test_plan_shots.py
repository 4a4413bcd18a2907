"""plan_shots: a script, a brief or a plan of the caller's becomes a checked ShotPlan, offline."""

from collections.abc import Callable
from typing import Any

import anyio
import pytest

from shotwright.generator.errors import BadRequest
from shotwright.prompts.shotplan import parse_plan
from shotwright.tools import verbs
from shotwright.tools.studio.studio import Studio

SCRIPT = "A red ball rolls through the hills. It bounces at sunset. Night falls over the city."


@pytest.fixture
def plan(studio: Studio) -> Callable[..., dict[str, Any]]:
    return lambda **arguments: anyio.run(lambda: verbs.call(studio, "plan_shots", arguments)).data


def test_a_script_becomes_shots_that_hold_every_sentence(
    plan: Callable[..., dict[str, Any]],
) -> None:
    answer = plan(script=SCRIPT)
    assert set(answer) == {"plan", "writer", "coverage", "warnings"}
    assert answer["writer"] == "director"
    held = " ".join(shot["source"] for shot in answer["plan"]["shots"])
    assert all(sentence in held for sentence in SCRIPT.split(". ")[:2])
    assert len(answer["coverage"]) == 3
    assert parse_plan(answer["plan"]).model_dump(mode="json") == answer["plan"]


def test_a_chinese_script_keeps_its_words(plan: Callable[..., dict[str, Any]]) -> None:
    answer = plan(script="红色的球滚过山丘。夜幕降临城市。")
    assert answer["plan"]["language"] == "zh"
    assert "红色的球滚过山丘" in answer["plan"]["shots"][0]["source"]


def test_the_same_script_gives_the_same_plan(plan: Callable[..., dict[str, Any]]) -> None:
    assert plan(script=SCRIPT, seed=3) == plan(script=SCRIPT, seed=3)


def test_a_brief_becomes_a_film_of_about_its_length(plan: Callable[..., dict[str, Any]]) -> None:
    brief = {"product": "kettle", "selling_points": ["boils fast", "looks good"], "length_s": 12}
    answer = plan(brief=brief, aspect_ratio="1:1")
    shots = answer["plan"]["shots"]
    assert answer["plan"]["aspect_ratio"] == "1:1"
    tall = plan(brief={**brief, "platform": "TikTok"})["plan"]
    assert tall["aspect_ratio"] == "9:16", "the platform's, when none is given"
    assert sum(shot["duration_s"] for shot in shots) == pytest.approx(12, rel=0.25)
    assert any("kettle" in shot["action"] for shot in shots)


def test_a_callers_plan_is_filled_in_and_is_the_callers(
    plan: Callable[..., dict[str, Any]],
) -> None:
    answer = plan(plan={"shots": [{"action": "a ball", "duration_s": 2}]})
    assert answer["writer"] == "caller"
    assert answer["plan"]["shots"][0]["id"] == "S1-010"


def test_every_problem_of_a_plan_is_named_at_once(plan: Callable[..., dict[str, Any]]) -> None:
    shots = [
        {"action": "", "duration_s": 2},
        {"action": "a ball", "duration_s": 99, "camera": [{"move": "spin"}]},
    ]
    with pytest.raises(BadRequest) as caught:
        plan(plan={"shots": shots})
    error = caught.value
    assert error.code == "invalid_plan" and error.field == "plan"
    assert set(error.value) == {
        "plan.shots[0].action",
        "plan.shots[1].duration_s",
        "plan.shots[1].camera[0].move",
    }
