"""What a director of photography would send back: a wrong place, a wrong face, a picture nobody asked for."""
# ruff: noqa: RUF001  (Chinese punctuation is meant)

import pytest

from shotwright.prompts.director import Terms, direct, direct_script
from shotwright.prompts.readers import Script, read
from shotwright.prompts.shotplan import ShotPlan


def planned(text: str) -> ShotPlan:
    found = read(text)
    assert isinstance(found, Script)
    return direct_script(found, Terms(shot_s=4.0)).plan


def seen(plan: ShotPlan) -> list[list[str]]:
    names = {character.id: character.name for character in plan.characters}
    return [[names[part.character_id] for part in shot.cast] for shot in plan.shots]


@pytest.mark.parametrize(
    ("script", "places"),
    [
        ("A lighthouse keeper climbs the stairs at night. He looks at the sea.", 0),
        ("A man sits in a kitchen. He looks out at the street. He walks towards the beach.", 1),
        ("A child plays on the beach. The castle collapses. A gull flies through the sky.", 1),
        ("A chef cooks in the kitchen. She walks to a table.", 1),
        ("A chef cooks in the kitchen. She works in the garden.", 2),
        ("清晨的海边，一个老渔夫推船下水。远处，灯塔的光熄灭了。他划向大海。", 1),
        ("阿珍在厨房里包饺子。面粉飘在空中。", 1),
        ("阿珍在厨房里包饺子。她在花园里坐下。", 2),
    ],
)
def test_only_where_somebody_is_is_a_place(script: str, places: int) -> None:
    assert len(planned(script).locations) == places


@pytest.mark.parametrize(
    ("script", "cast"),
    [
        ("Waves roll. An old fisherman rows. Water hits his boots.", ["fisherman"]),
        ("一个老渔夫推船。浪花打在他的靴子上。", ["渔夫"]),
        ("A barista pours. A customer waits. They laugh together.", ["barista", "customer"]),
        ("学生们安静下来。", ["学生们"]),
        ("女侦探林晓走过小巷。", ["林晓"]),
        ("一只机械猫跳出来。猫跑了。", ["机械猫"]),
        ("小明和小红并肩走着。镜头缓慢拉远。", ["小明", "小红"]),
    ],
)
def test_who_is_meant_is_in_the_last_shot(script: str, cast: list[str]) -> None:
    assert sorted(seen(direct(script).plan)[-1]) == cast


def test_looks_before_a_chinese_name_are_its_features_and_no_prop() -> None:
    plan = direct("女侦探林晓走过小巷。").plan
    assert [c.static_features for c in plan.characters] == ["林晓, 女侦探"]
    assert plan.shots[0].props == []


def test_an_age_beside_a_name_is_no_duration() -> None:
    plan = planned("INT. BAR - DAY\n\nLENA (30s) drinks. MAX (40s), a tall man, waits.")
    assert {shot.duration_s for shot in plan.shots} == {4.0}
    assert direct("Rain falls (3s).").plan.shots[0].duration_s == 3


def test_a_heading_that_goes_on_keeps_the_time_of_day() -> None:
    plan = planned("INT. DINER - NIGHT\n\nMara waits.\n\nEXT. LOT - CONTINUOUS\n\nMara walks.")
    assert [shot.time_of_day for shot in plan.shots] == ["night", "night"]


def test_steam_and_a_smile_are_two_pictures() -> None:
    plan = planned("A woman waits. Steam rises. She smiles.")
    assert [shot.action for shot in plan.shots][1:] == ["Steam rises.", "She smiles."]


def test_no_face_size_for_two_faces() -> None:
    for seed in range(6):
        plan = direct("A park. Two friends laugh and raise their glasses.", Terms(seed=seed)).plan
        assert plan.shots[-1].shot_size in ("medium", "medium_wide")


@pytest.mark.parametrize(
    ("line", "lacking"), [("No slow motion.", "slow motion"), ("没有音乐。", "音乐")]
)
def test_what_is_not_to_be_seen_is_no_picture_of_its_own(line: str, lacking: str) -> None:
    story = "A dog runs. It stops. " if line.isascii() else "一只狗奔跑。它停下。"
    (*_, last) = planned(story + line).shots
    assert line in last.action and last.action != line
    assert last.negative == lacking and last.props == []


@pytest.mark.parametrize("denial", ["No dolly. No zoom.", "不要推镜头。不要变焦。"])
def test_what_is_forbidden_at_the_end_is_forbidden_in_the_whole_film(denial: str) -> None:
    for seed in range(6):
        plan = direct(
            f"A girl sits. She weeps. A boy waits. He smiles. {denial}", Terms(seed=seed)
        ).plan
        moves = {move.move for shot in plan.shots for move in shot.camera}
        assert not [move for move in moves if move.startswith(("dolly", "zoom"))]


def test_words_with_a_laugh_are_said_by_who_laughs() -> None:
    plan = direct("阿珍递给他一杯茶。“慢点喝。”她笑了。").plan
    assert [line.text for shot in plan.shots for line in shot.dialogue] == ["慢点喝。"]


def test_a_ring_that_hands_turn_is_seen() -> None:
    plan = planned("A woman sits in a booth, turning a ring on her finger.")
    assert "a ring" in [prop for shot in plan.shots for prop in shot.props]
