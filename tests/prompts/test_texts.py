"""The texts for the calling model."""

import json
import re

import pytest

from shotwright.generator.camera import MOVES, PRESET_NAMES
from shotwright.prompts import texts
from shotwright.prompts.camera_words import parse_camera
from shotwright.prompts.shotplan import Shot, ShotPlan, parse_plan


@pytest.mark.parametrize("name", texts.NAMES)
def test_a_text_has_a_title_a_description_and_a_body(name: str) -> None:
    about = texts.about(name)
    assert about.title and about.description
    assert "---" not in texts.load(name).splitlines()[0]


def test_an_unknown_text_is_an_error() -> None:
    with pytest.raises(KeyError, match="camera_guide"):
        texts.load("nothing")


def test_the_camera_guide_names_every_move_and_preset() -> None:
    guide = texts.load("camera_guide")
    for name in (*MOVES, *PRESET_NAMES):
        assert re.search(rf"\b{name}\b", guide), name


def test_the_words_of_the_camera_guide_are_understood() -> None:
    table = texts.load("camera_guide").split("# Words")[1].split("# Kling")[0]
    rows = re.findall(r"^\| `(.+?)` \| (\w+)", table, re.M)
    assert len(rows) >= 9
    for words, first in rows:
        moves, unknown = parse_camera(words)
        assert moves and unknown == [], words
        assert first in (moves[0].move, "both", "one"), words


def test_the_example_of_the_storyboard_is_a_plan() -> None:
    example = texts.load("storyboard").split("```json")[1].split("```")[0]
    assert len(parse_plan(json.loads(example)).shots) == 2


def test_the_storyboard_speaks_of_real_fields() -> None:
    fields = set(Shot.model_fields) | set(ShotPlan.model_fields)
    part = texts.load("storyboard").split("# The fields that matter")[1].split("# What reads")[0]
    named = {name for name in re.findall(r"`(\w+)`", part) if name.islower()}
    modes = {"cut", "first_frame_from_previous_last", "extend_previous", "from_shot"}
    assert named - modes <= fields
