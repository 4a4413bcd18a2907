"""The dialects of one paragraph: Wan 2.1, HunyuanVideo, CogVideoX, prose."""
# ruff: noqa: RUF001  (Chinese punctuation is meant)

import pytest

from shotwright.generator.camera import Move
from shotwright.prompts.dialects import ShotText, compile_prompt
from shotwright.prompts.dialects.paragraph import PARAGRAPHS


def test_wan_2_1_begins_with_the_style(bouncing: ShotText) -> None:
    assert compile_prompt(bouncing, dialect="wan-2.1").prompt == (
        "Style: 35 mm film. A wide shot from a low angle of a red ball. It bounces. The setting is the hills, "
        "at sunset. Warm low sunlight. The camera slowly pans left."
    )


def test_hunyuan_ends_with_camera_and_style(bouncing: ShotText) -> None:
    assert compile_prompt(bouncing, dialect="hunyuan").prompt == (
        "A wide shot from a low angle of a red ball. It bounces. The setting is the hills, at sunset. Warm low "
        "sunlight. The camera slowly pans left. Style: 35 mm film."
    )


def test_cogvideox_says_what_is_seen_before_how_it_is_filmed(bouncing: ShotText) -> None:
    prompt = compile_prompt(bouncing, dialect="cogvideox").prompt
    order = ["red ball", "bounces", "hills", "sunlight", "35 mm", "pans left"]
    places = [prompt.index(words) for words in order]
    assert places == sorted(places)


@pytest.mark.parametrize("dialect", ["wan-2.1", "hunyuan", "prose"])
def test_chinese_stays_chinese(dialect: str) -> None:
    text = ShotText(
        "它弹跳起来。",
        subject="一个红色的球",
        place="山丘",
        time="日落",
        size="medium",
        light="柔和的光线",
        style="水彩",
        camera=(Move("dolly_in"),),
        language="zh",
        negative="人",
    )
    found = compile_prompt(text, dialect=dialect)
    assert not any("a" <= letter <= "z" for letter in found.prompt)
    for words in ("中景", "一个红色的球", "它弹跳起来。", "山丘", "日落时分", "镜头推近"):
        assert words in found.prompt
    assert found.negative.startswith("人，")


@pytest.mark.parametrize("dialect", PARAGRAPHS)
def test_a_bare_sentence_stays_bare(dialect: str) -> None:
    assert compile_prompt(ShotText("A cat sleeps."), dialect=dialect).prompt == "A cat sleeps."
