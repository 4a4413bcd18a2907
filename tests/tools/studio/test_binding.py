"""Which shot begins with which picture: by order, or of a brief by what the shots show."""

import pytest

from shotwright.prompts import director
from shotwright.prompts.shotplan import ShotPlan, parse_plan
from shotwright.tools.studio.binding import bind, showing


def plan_of(*actions: str) -> ShotPlan:
    return parse_plan({"shots": [{"action": action, "duration_s": 2.0} for action in actions]})


def test_pictures_of_a_script_are_bound_in_order_and_those_left_over_are_told() -> None:
    bound = bind(plan_of("a", "b"), ["1", "2", "3"], None)
    assert bound.shots == {"S1-010": "1", "S1-020": "2"}
    assert [warning["code"] for warning in bound.warnings] == ["unused_image"]


@pytest.mark.parametrize(
    ("product", "points"),
    [
        ("a red kettle", ["boils in two minutes", "A red kettle without a cord"]),
        ("Solo, a red kettle for the desk", ["boils in two minutes"]),
        ("红色水壶", ["两分钟烧开", "手柄不烫"]),
    ],
)
def test_the_shots_of_a_brief_that_are_without_the_product_get_no_picture(
    product: str, points: list[str]
) -> None:
    plan = director.direct_brief(director.Brief(product, tuple(points))).plan
    shown = showing(plan, product)
    lacking = [s for s in plan.shots if "still without" in s.action or "没有" in s.action]
    assert len(lacking) == 1 and lacking[0] not in shown
    assert shown[0].intent != "insert" and shown[-1].intent == "insert"
    bound = bind(plan, ["1"], product)
    assert bound.shots == {shown[0].id: "1"} and bound.warnings[0]["code"] == "image_bound"


def test_a_plan_that_names_the_product_in_other_words_is_bound_by_one_of_them() -> None:
    plan = plan_of("A man yawns.", "The KETTLE boils.", "He smiles.")
    assert bind(plan, ["1", "2"], "a red kettle").shots == {"S1-020": "1"}
    assert bind(plan, ["1"], "a blue car").shots == {}


def test_a_shot_that_goes_on_in_the_picture_of_another_takes_none() -> None:
    follows = {"continuity": {"mode": "first_frame_from_previous_last"}}
    shots = [{"action": text, "duration_s": 2.0} for text in ("a", "b", "c")]
    plan = parse_plan({"shots": [shots[0], shots[1] | follows, shots[2]]})
    bound = bind(plan, ["1", "2", "3"], None)
    assert bound.shots == {"S1-010": "1", "S1-030": "2"}
    assert [warning["message"] for warning in bound.warnings] == ["3 found no other shot to begin."]
