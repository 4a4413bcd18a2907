"""First and last frames that a script's words give."""
# ruff: noqa: RUF001  (Chinese punctuation is meant)

import pytest

from shotwright.prompts.director import direct
from shotwright.prompts.director.frames import first_frame_of, last_frame_of


@pytest.mark.parametrize(
    ("sentence", "last"),
    [
        ("She drinks until the cup is empty.", "the cup is empty"),
        ("The camera pans left and ends on a red door.", "a red door"),
        ("Slow push in, ending on her eyes.", "her eyes"),
        ("The film ends with a kiss in the rain.", "a kiss in the rain"),
        ("Pan across the room, finally settling on the empty chair.", "the empty chair"),
        ("Last frame: the logo on white.", "the logo on white"),
        ("镜头缓缓推近，最后定格在一只手表上。", "一只手表上"),
        ("画面停在空荡荡的车站。", "空荡荡的车站"),
        ("短片以一个微笑结束。", "一个微笑"),
        ("她一直喝，直到杯子空了。", "杯子空了"),
        ("She waits until six.", None),
        ("She waits until dawn.", None),
        ("She stirs until the sugar melts, then drinks.", None),
        ("The road ends at the sea.", None),
        ("Close on the cup: steam rises.", None),
        ("The race ends on Sunday.", None),
        ("A bird lands on the roof.", None),
        ('She whispers "wait until I come".', None),
        ("小鸟停在树上。", None),
        ("他工作直到深夜。", None),
    ],
)
def test_an_end_is_told_by_its_words(sentence: str, last: str | None) -> None:
    assert last_frame_of(sentence) == last


@pytest.mark.parametrize(
    ("sentence", "first"),
    [
        ("Opens on a red door.", "a red door"),
        ("The film opens on Mary and Joe in a boat.", "Mary and Joe in a boat"),
        ("The camera starts on her face and pans to the window.", "her face"),
        ("First frame: an empty street.", "an empty street"),
        ("开场是一片麦田，风吹过。", "一片麦田"),
        ("影片以一滴水开场。", "一滴水"),
        ("镜头从窗户摇到床边。", "窗户"),
        ("The shop opens on Monday.", None),
        ("She begins with the first card.", None),
        ("She opens the door.", None),
        ("他从门口走来。", None),
    ],
)
def test_a_beginning_is_told_by_its_words(sentence: str, first: str | None) -> None:
    assert first_frame_of(sentence) == first


def test_the_plan_holds_the_frames_of_its_words() -> None:
    script = "The film opens on a red door. A ball rolls down the hill until it stops. Rain falls."
    shots = direct(script).plan.shots
    assert shots[0].first_frame == "a red door"
    assert [shot.last_frame for shot in shots] == [None, "a ball stops", None]


def test_a_script_without_an_end_state_gives_no_last_frame() -> None:
    for script in ("A girl walks. She sits down.", "小明走进教室。他坐下。"):
        assert all(shot.last_frame is None for shot in direct(script).plan.shots)
