"""Briefs become small advertisements."""

import math
from dataclasses import replace

import pytest

from shotwright.generator.errors import BadRequest
from shotwright.prompts.director import Brief, direct_brief
from shotwright.prompts.director.brief import platform_ratio

KETTLE = Brief(
    product="a red kettle",
    selling_points=("Boils in 90 seconds", "It whistles softly."),
    audience="tea lovers",
    length_s=12,
    platform="TikTok",
)


def test_a_brief_hooks_names_the_problem_shows_proves_and_calls() -> None:
    directed = direct_brief(KETTLE)
    plan = directed.plan
    assert len(plan.shots) == 6
    assert plan.aspect_ratio == "9:16"
    assert [s.shot_size for s in plan.shots] == [
        "extreme_close_up",
        "medium_wide",
        "wide",
        "medium_close_up",
        "close_up",
        "close_up",
    ]
    assert "tea lovers" in plan.shots[1].action.lower()
    assert plan.shots[2].intent == "establishing"
    assert [shot.action for shot in plan.shots[3:5]] == [
        "Boils in 90 seconds.",
        "It whistles softly.",
    ]
    assert "call to action" in plan.shots[-1].action
    assert all("a red kettle" in (s.action + " ".join(s.props)).lower() for s in plan.shots)
    assert directed.warnings == ()


def test_the_length_is_shared_to_the_hundredth() -> None:
    for length in (7.0, 12.0, 15.5, 29.97):
        plan = direct_brief(replace(KETTLE, length_s=length)).plan
        assert math.fsum(s.duration_s for s in plan.shots) == pytest.approx(length, abs=0.02)
        assert plan.duration_s == pytest.approx(length, abs=0.02)


def test_a_chinese_brief_gives_a_chinese_film() -> None:
    brief = Brief("红色水壶", ("九十秒烧开", "手柄不烫"), platform="抖音")
    plan = direct_brief(brief).plan
    assert plan.language == "zh"
    assert plan.aspect_ratio == "9:16"
    assert all("红色水壶" in shot.action + "".join(shot.props) for shot in plan.shots)


def test_what_the_length_leaves_out_is_said() -> None:
    brief = Brief("a cup", tuple(f"Point {i}" for i in range(5)), length_s=4)
    directed = direct_brief(brief)
    assert len(directed.plan.shots) == 4
    assert [w["code"] for w in directed.warnings] == ["part_dropped"] * 2 + [
        "selling_point_dropped"
    ] * 3


def test_a_length_that_no_shots_can_have_is_said() -> None:
    directed = direct_brief(replace(KETTLE, length_s=1.0))
    assert "length_changed" in {w["code"] for w in directed.warnings}
    assert directed.plan.duration_s is None


@pytest.mark.parametrize("length", [0.0, -3.0, 301.0, math.inf, math.nan])
def test_a_length_that_no_film_has_is_refused(length: float) -> None:
    with pytest.raises(BadRequest) as refused:
        direct_brief(replace(KETTLE, length_s=length))
    assert (refused.value.code, refused.value.field) == ("invalid_script", "brief.length_s")


def test_a_brief_without_selling_points_is_filmed_and_says_so() -> None:
    directed = direct_brief(Brief("a red kettle", (), platform="TikTok"))
    assert len(directed.plan.shots) == 4
    assert [w["code"] for w in directed.warnings] == ["no_selling_points"]


def test_what_the_problem_lacks_is_neither_a_prop_nor_drawn() -> None:
    problem = direct_brief(KETTLE).plan.shots[1]
    assert problem.props == [] and problem.negative == "a red kettle"
    assert "kettle" not in (problem.first_frame or "")


def test_the_words_of_the_call_stand_beside_the_product() -> None:
    last = direct_brief(replace(KETTLE, call="Order now")).plan.shots[-1]
    assert "“Order now” written beside it" in last.action
    assert last.dialogue == []


@pytest.mark.parametrize(
    ("platform", "ratio"),
    [("YouTube", "16:9"), ("YouTube Shorts", "9:16"), ("Instagram feed", "1:1"), (None, "16:9")],
)
def test_a_platform_has_its_ratio(platform: str | None, ratio: str) -> None:
    assert platform_ratio(platform) == ratio


def test_a_selling_point_without_the_product_does_not_show_it() -> None:
    brief = Brief("red kettle", ("boils fast", "mornings without the red kettle are slow"))
    shots = [s for s in direct_brief(brief).plan.shots if s.negative == "red kettle"]
    assert [s.props for s in shots] == [[], []]
    assert "mornings" in shots[-1].action


def test_words_of_the_product_s_name_move_no_camera() -> None:
    plan = direct_brief(Brief("running shoe", ("light",), "runners who race")).plan
    assert {m.move for s in plan.shots[:3] for m in s.camera} == {"static", "dolly_in"}
    assert {s.angle for s in plan.shots[:3]} == {"eye_level"}
