"""Briefs become small advertisements."""

import pytest
from pydantic import ValidationError

from shotwright.prompts.director import Brief, direct_brief
from shotwright.prompts.director.brief import platform_ratio

KETTLE = Brief(
    product="a red kettle",
    selling_points=["Boils in 90 seconds", "It whistles softly."],
    audience="tea lovers",
    length_s=8,
    platform="TikTok",
)


def test_a_brief_opens_sells_and_closes() -> None:
    directed = direct_brief(KETTLE)
    plan = directed.plan
    assert [shot.duration_s for shot in plan.shots] == [2, 2, 2, 2]
    assert plan.aspect_ratio == "9:16"
    assert plan.shots[0].intent == "establishing"
    assert plan.shots[-1].shot_size == "close_up"
    assert all("a red kettle" in (s.action + " ".join(s.props)).lower() for s in plan.shots)
    assert [c.sentence for c in directed.coverage][1:3] == KETTLE.selling_points
    assert directed.warnings == ()


def test_a_chinese_brief_gives_a_chinese_film() -> None:
    brief = Brief(product="红色水壶", selling_points=["九十秒烧开", "手柄不烫"], platform="抖音")
    plan = direct_brief(brief).plan
    assert plan.language == "zh"
    assert plan.aspect_ratio == "9:16"
    assert all("红色水壶" in shot.action + "".join(shot.props) for shot in plan.shots)


def test_what_the_length_leaves_out_is_said() -> None:
    brief = Brief(product="a cup", selling_points=[f"Point {i}" for i in range(5)], length_s=4)
    directed = direct_brief(brief)
    assert len(directed.plan.shots) == 4
    assert [w["code"] for w in directed.warnings] == ["selling_point_dropped"] * 3


def test_a_brief_is_strict() -> None:
    with pytest.raises(ValidationError):
        Brief.model_validate({"product": "x", "selling_points": [], "colour": "red"})


@pytest.mark.parametrize(
    ("platform", "ratio"),
    [("YouTube", "16:9"), ("YouTube Shorts", "9:16"), ("Instagram feed", "1:1"), (None, "16:9")],
)
def test_a_platform_has_its_ratio(platform: str | None, ratio: str) -> None:
    assert platform_ratio(platform) == ratio
