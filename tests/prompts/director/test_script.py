"""The rule-based director."""
# ruff: noqa: RUF001  (Chinese punctuation is meant)

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shotwright.generator.errors import BadRequest
from shotwright.prompts.coverage import words_lost
from shotwright.prompts.director import MAX_SCRIPT, Direction, Terms, direct, direct_script
from shotwright.prompts.readers import read_fountain

BALL = "A red ball rolls across the hills at sunset. It bounces. The camera pans left."


def moves(direction: Direction, index: int) -> list[str]:
    return [move.move for move in direction.plan.shots[index].camera]


def test_each_sentence_is_a_shot_and_a_direction_joins_its_neighbour() -> None:
    directed = direct(BALL)
    assert [shot.source for shot in directed.plan.shots] == [
        "A red ball rolls across the hills at sunset.",
        "It bounces. The camera pans left.",
    ]
    assert moves(directed, 1) == ["pan_left"]
    assert directed.plan.shots[1].action == "It bounces."
    assert directed.warnings == ()


def test_subject_place_and_time_carry_over_until_they_change() -> None:
    script = BALL + " At night, a blue boat sails on the sea. It waits."
    plan = direct(script).plan
    assert [shot.props for shot in plan.shots] == [["a red ball"]] * 2 + [["a blue boat"]] * 2
    assert [shot.time_of_day for shot in plan.shots] == ["sunset"] * 2 + ["night"] * 2
    assert [place and place.name for place in map(plan.location_of, plan.shots)] == [
        "the hills",
        "the hills",
        "the sea",
        "the sea",
    ]
    assert [scene.slugline for scene in plan.scenes] == ["THE HILLS - SUNSET", "THE SEA - NIGHT"]


def test_a_chinese_script_stays_chinese() -> None:
    directed = direct(
        "一个红色的球滚过山丘，日落时分。它弹跳起来。镜头缓慢向左摇。夜晚，一艘船停在海上。"
    )
    plan = directed.plan
    assert plan.language == "zh"
    assert [shot.props for shot in plan.shots] == [["一个红色的球"]] * 2 + [["一艘船"]]
    assert [shot.time_of_day for shot in plan.shots] == ["日落", "日落", "夜晚"]
    assert moves(directed, 1) == ["pan_left"]
    assert plan.shots[1].camera[0].speed == "slow"


def test_people_are_characters_with_the_same_features_in_each_shot() -> None:
    plan = direct("An old fisherman in a yellow coat mends a net. He smiles.").plan
    assert [c.static_features for c in plan.characters] == ["an old fisherman in a yellow coat"]
    assert [[c.character_id for c in shot.cast] for shot in plan.shots] == [["C1"], ["C1"]]


def test_an_introduction_of_somebody_by_name_is_one_person_with_looks() -> None:
    told = (
        "ANNA (40), a tall sailor in a coat, waves at a red ROBOT. Behind ANNA, a dog barks, wet."
    )
    plan = direct_script(read_fountain(f"EXT. PIER - DAY\n\n{told}\n\nROBOT\nAhoy.\n")).plan
    assert {c.name: c.static_features for c in plan.characters} == {
        "ANNA": "ANNA, 40, a tall sailor in a coat",
        "ROBOT": "ROBOT, a red robot",
        "dog": "a dog",
    }


def test_explicit_words_are_obeyed() -> None:
    plan = direct(
        "Extreme close-up of a red eye for 3 seconds. A low angle shot of a tower, zoom in 1.5x."
    ).plan
    assert plan.shots[0].shot_size == "extreme_close_up"
    assert plan.shots[0].duration_s == 3
    assert plan.shots[1].angle == "low"
    assert plan.shots[1].camera[0].amount == 1.5


def test_a_scene_opens_wide_and_a_feeling_comes_close() -> None:
    plan = direct("A woman waits at the station at night. She cries.").plan
    assert plan.shots[0].shot_size in ("wide", "extreme_wide")
    assert plan.shots[1].shot_size in ("medium_close_up", "close_up")


def test_the_director_takes_only_the_moves_it_may() -> None:
    script = " ".join(f"A man walks along road {i}. He smiles." for i in range(12))
    directed = direct(script, Terms(moves=("static", "pan_left")))
    used = {move for i in range(len(directed.plan.shots)) for move in moves(directed, i)}
    assert used <= {"static", "pan_left"}


def test_the_way_of_a_traveller_is_the_way_of_the_pan() -> None:
    plan = direct(
        "A car drives to the left.", Terms(moves=("static", "pan_left", "pan_right"))
    ).plan
    assert plan.shots[0].camera[0].move == "pan_left"
    assert plan.shots[0].continuity.screen_direction == "right_to_left"


def test_scene_headings_set_place_and_time() -> None:
    plan = direct(
        "EXT. HARBOUR - NIGHT\n\nA fisherman waits.\n\nINT. CABIN - DAY\n\nHe sleeps."
    ).plan
    assert [(p.int_ext, p.name) for p in plan.locations] == [("EXT", "HARBOUR"), ("INT", "CABIN")]
    assert [shot.time_of_day for shot in plan.shots] == ["night", "day"]
    zh = direct("内景 厨房 - 夜\n\n一个女人煮面。").plan
    assert [(p.int_ext, p.name) for p in zh.locations] == [("INT", "厨房")]
    assert zh.shots[0].time_of_day == "夜晚"


def test_too_many_moves_are_trimmed_and_said() -> None:
    directed = direct("A cat sits. [Pan left, Pan right, Zoom in, Tilt up]")
    assert len(moves(directed, 0)) == 2
    assert [w["code"] for w in directed.warnings] == ["camera_trimmed"]


def test_an_impossible_amount_keeps_the_move_and_says_so() -> None:
    directed = direct("A cat sits, the camera pans left 900 degrees.")
    assert moves(directed, 0) == ["pan_left"]
    assert [w["code"] for w in directed.warnings] == ["camera_amount"]


def test_a_duration_beyond_the_bounds_is_bounded_and_said() -> None:
    directed = direct("A cat sits for 40 seconds.", Terms(max_s=10))
    assert directed.plan.shots[0].duration_s == 10
    assert [w["code"] for w in directed.warnings] == ["duration_bounded"]


def test_a_pronoun_without_an_antecedent_is_a_warning() -> None:
    assert [w["code"] for w in direct("It bounces.").warnings] == ["unresolved_pronoun"]


@pytest.mark.parametrize("script", ["", "  \n ", "...", "a" * (MAX_SCRIPT + 1), "\0a\0b"])
def test_an_empty_or_endless_script_is_refused(script: str) -> None:
    with pytest.raises(BadRequest) as caught:
        direct(script)
    assert (caught.value.code, caught.value.field) == ("invalid_script", "script")


def test_a_seed_varies_only_what_the_script_leaves_open() -> None:
    script = "A man walks in the park. He sees a bench. He waits. Close-up of a watch. He leaves."
    plans = [direct(script, Terms(seed=seed)).plan for seed in range(8)]
    assert len({tuple(shot.shot_size for shot in plan.shots) for plan in plans}) > 1
    assert {plan.shots[3].shot_size for plan in plans} == {"close_up"}
    assert {tuple(shot.source for shot in plan.shots) for plan in plans} == {
        tuple(shot.source for shot in plans[0].shots)
    }


SENTENCES = st.sampled_from(
    [
        "A red ball rolls across the hills at sunset.",
        "It bounces.",
        'She whispers "don\'t go" to him.',
        "Pan left.",
        "Slow zoom in on Mr. Fox!",
        "Wide shot.",
        "镜头缓慢推进。",
        "一只鸟飞过海面。",
        "它停下……",
        "INT. KITCHEN - NIGHT\n\n",
        "[Truck left, Zoom out] A dog runs for 4 seconds?",
        "...",
        "The camera holds still while the 3.5 m boat waits;",
    ]
)
SCRIPTS = st.lists(SENTENCES, min_size=1, max_size=6).map(" ".join) | st.text(max_size=80)


@settings(deadline=None, max_examples=60)
@given(SCRIPTS, st.integers(0, 5))
def test_nothing_of_a_script_is_lost_and_the_same_script_gives_the_same_plan(
    script: str, seed: int
) -> None:
    try:
        directed = direct(script, Terms(seed=seed))
    except BadRequest as error:
        assert error.code == "invalid_script"
        return
    assert directed == direct(script, Terms(seed=seed))
    assert words_lost(script, directed.plan) == []
    position = 0
    for shot in directed.plan.shots:
        start = script.index(shot.source, position)
        assert not script[position:start].strip()
        position = start + len(shot.source)
        assert len(shot.camera) <= 2
    assert not script[position:].strip()


@settings(deadline=None, max_examples=40)
@given(st.lists(SENTENCES, min_size=3, max_size=12).map(" ".join), st.integers(0, 3))
def test_no_three_shots_in_a_row_have_one_size_unless_the_script_says_it(
    script: str, seed: int
) -> None:
    try:
        plan = direct(script, Terms(seed=seed)).plan
    except BadRequest:
        return
    free = [
        shot
        for shot in plan.shots
        if shot.intent != "establishing" and "shot" not in shot.source.lower()
    ]
    for three in zip(free, free[1:], free[2:], strict=False):
        if [plan.shots.index(shot) for shot in three] == list(
            range(plan.shots.index(three[0]), plan.shots.index(three[0]) + 3)
        ):
            assert len({shot.shot_size for shot in three}) > 1
