"""The prose dialects."""
# ruff: noqa: RUF001  (Chinese punctuation is meant)

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from shotwright.generator.camera import Move
from shotwright.generator.errors import BadRequest
from shotwright.prompts.dialects import (
    DIALECTS,
    ShotText,
    compile_prompt,
    families,
    shot_text,
)
from shotwright.prompts.dialects.paragraph import PARAGRAPHS
from shotwright.prompts.dialects.prose import camera_sentence, joined
from shotwright.prompts.director import direct
from shotwright.prompts.language import Language
from shotwright.prompts.shotplan import parse_plan


def test_wan_puts_style_and_tags_before_the_sentence(bouncing: ShotText) -> None:
    found = compile_prompt(bouncing, dialect="wan", mode="t2v")
    assert found.prompt == (
        "35 mm film. Warm low sunlight, wide shot, from a low angle, at sunset. A red ball, the "
        "setting is the hills. It bounces. The camera slowly pans left."
    )
    assert "watermark" in found.negative


@pytest.mark.parametrize(
    ("action", "seen"),
    [
        ("A red ball in the hills, the camera zooms in slowly.", "A red ball in the hills."),
        ("The camera pushes in on a blue box as it opens.", "A blue box as it opens."),
        ("She runs, and the camera follows her through the crowd.", "She runs, through the crowd."),
        ("The camera follows her dress as it flows.", "Her dress as it flows."),
        ("A 3.5 m boat sails. Zoom in.", "A 3.5 m boat sails."),
        ("She pans for gold.", "She pans for gold."),
        ("镜头缓缓推近一个蓝盒子，盒子打开。", "一个蓝盒子，盒子打开。"),
    ],
)
def test_a_sentence_says_nothing_of_another_camera_than_the_shot_s(action: str, seen: str) -> None:
    language: Language = "en" if action.isascii() else "zh"
    text = ShotText(action, camera=(Move("static"),), language=language)
    prompt = compile_prompt(text, dialect="wan").prompt
    assert prompt == joined([seen, camera_sentence(text, language)], language)


def test_wan_gives_a_drawn_style_no_words_of_the_cinema() -> None:
    drawn = ShotText("A ball rolls.", size="wide", light="soft light", style="watercolour")
    prompt = compile_prompt(drawn, dialect="wan", mode="t2v").prompt
    assert prompt == "Watercolour. A ball rolls."


def test_wan_keeps_chinese_chinese() -> None:
    text = ShotText(
        "它弹跳起来。",
        subject="一个红色的球",
        time="日落",
        size="medium",
        camera=(Move("dolly_in"),),
        language="zh",
    )
    found = compile_prompt(text, dialect="wan", mode="t2v")
    assert found.prompt == "中景，日落时分。一个红色的球。它弹跳起来。镜头推近。"
    assert found.warnings == ()


def test_ltx_is_one_paragraph_that_names_shot_and_camera(bouncing: ShotText) -> None:
    found = compile_prompt(bouncing, dialect="ltx", mode="t2v")
    assert found.prompt == (
        "A wide shot from a low angle of a red ball, set in the hills, at sunset, in the style of "
        "35 mm film. It bounces. The camera slowly pans left. Warm low sunlight."
    )
    still = compile_prompt(ShotText("A cat sleeps."), dialect="ltx", mode="t2v")
    assert still.prompt == "A cat sleeps. The camera holds still."


@pytest.mark.parametrize("dialect", [*PARAGRAPHS, "wan", "ltx"])
def test_with_a_picture_only_motion_is_said(dialect: str, bouncing: ShotText) -> None:
    found = compile_prompt(bouncing, dialect=dialect, mode="i2v")
    assert found.prompt == "It bounces. The camera slowly pans left."


def test_a_camera_that_the_sentence_names_is_not_said_twice() -> None:
    text = ShotText("A ball rolls and the camera pans left.", camera=(Move("pan_left"),))
    assert compile_prompt(text, dialect="wan", mode="t2v").prompt.lower().count("pans left") == 1


def test_an_unknown_dialect_is_refused(bouncing: ShotText) -> None:
    with pytest.raises(BadRequest) as caught:
        compile_prompt(bouncing, dialect="klingon", mode="t2v")
    assert caught.value.allowed == list(DIALECTS)


def test_a_character_looks_the_same_in_each_shot() -> None:
    features = "a tall woman with short grey hair"
    plan = parse_plan(
        {
            "characters": [
                {
                    "id": "m",
                    "name": "Mary",
                    "static_features": features,
                    "wardrobe": {"rain": "a yellow raincoat"},
                }
            ],
            "shots": [
                {
                    "action": action,
                    "duration_s": 2,
                    "cast": [{"character_id": "m", "wardrobe_key": "rain"}],
                }
                for action in ("She waits.", "She leaves.")
            ],
        }
    )
    for shot in plan.shots:
        text = shot_text(plan, shot)
        assert text.subject == f"{features}, a yellow raincoat"
        assert text.subject in compile_prompt(text, dialect="ltx", mode="t2v").prompt


def test_a_name_in_the_sentence_is_bound_to_its_looks() -> None:
    plan = parse_plan(
        {
            "characters": [{"id": "m", "name": "Mary", "static_features": "a tall woman"}],
            "shots": [
                {
                    "action": "Mary waits.",
                    "duration_s": 2,
                    "cast": [{"character_id": "m"}],
                    "framing": "over_the_shoulder",
                    "lens_mm": 85,
                    "focus": "shallow",
                    "weather": "light rain",
                }
            ],
        }
    )
    prompt = compile_prompt(shot_text(plan, plan.shots[0]), dialect="prose").prompt
    assert "Mary, a tall woman. Mary waits." in prompt
    assert "Over-the-shoulder shot, 85 mm lens, shallow focus, light rain." in prompt


ACTIONS = st.sampled_from(
    [
        "A red ball rolls across the hills at sunset.",
        "It bounces high into the air",
        "Close-up of a cup, the camera pans left.",
        "一只鸟飞过海面，镜头缓慢推进。",
        'She says "wait for me" and turns.',
    ]
)


@settings(deadline=None)
@given(ACTIONS, st.sampled_from([*PARAGRAPHS, "wan", "ltx"]), st.sampled_from(["t2v", "i2v"]))
def test_the_users_sentence_stands_verbatim_in_prose(action: str, dialect: str, mode: str) -> None:
    plan = direct(action).plan
    assume(plan.language in families()[dialect].languages)
    text = shot_text(plan, plan.shots[0])
    prompt = compile_prompt(text, dialect=dialect, mode="t2v" if mode == "t2v" else "i2v").prompt
    assert action in prompt
