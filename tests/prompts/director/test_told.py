"""What a script says of the film, its camera, its end and its people, beside what is filmed."""
# ruff: noqa: RUF001  (Chinese punctuation is meant)

import pytest

from shotwright.generator.errors import BadRequest
from shotwright.prompts.director import (
    Brief,
    Direction,
    Terms,
    direct,
    direct_brief,
    direct_script,
)
from shotwright.prompts.readers import Script, read


def directed(text: str, seed: int = 0) -> Direction:
    found = read(text)
    assert isinstance(found, Script)
    return direct_script(found, Terms(seed=seed))


def kinds(direction: Direction) -> set[str]:
    return {move.move.partition("_")[0] for s in direction.plan.shots for move in s.camera}


@pytest.mark.parametrize(
    "denial",
    [
        "No zoom.",
        "Never zoom.",
        "No zooms in the whole film.",
        "The camera never zooms in this film.",
        "不要变焦。",
        "全片不要变焦。",
    ],
)
def test_a_denied_move_is_no_shot_and_is_never_chosen(denial: str) -> None:
    story = "A girl sits by the window. She weeps."
    for seed in range(6):
        plan = directed(f"{denial} {story}", seed)
        assert [s.action for s in plan.plan.shots] == [
            "A girl sits by the window.",
            "She weeps.",
        ]
        assert "zoom" not in kinds(plan)


@pytest.mark.parametrize(
    ("script", "actions"),
    [
        ("Night. Rain on the windows.", ["Night. Rain on the windows."]),
        (
            "A swan lands. Summer, 1969. A girl opens a letter.",
            ["A swan lands.", "Summer, 1969. A girl opens a letter."],
        ),
        ("深夜。雨落在窗上。", ["深夜。雨落在窗上。"]),
        ("A man waits. Night.", ["A man waits. Night."]),
        ("Wide aerial shot at sunset. A desert.", ["Wide aerial shot at sunset. A desert."]),
    ],
)
def test_a_fragment_that_only_says_when_or_how_wide_belongs_to_the_picture_after_it(
    script: str, actions: list[str]
) -> None:
    assert [shot.action for shot in directed(script).plan.shots] == actions


@pytest.mark.parametrize(
    "still",
    ["No camera movement in the whole film.", "The camera is static throughout.", "全片镜头固定。"],
)
def test_stillness_of_the_whole_film_holds_before_and_after_it(still: str) -> None:
    for seed in range(4):
        plan = directed(f"A dog runs across a field. {still} At night a girl weeps.", seed)
        assert len(plan.plan.shots) == 2
        assert kinds(plan) == {"static"}


def test_words_that_the_script_asks_for_are_filmed_all_the_same() -> None:
    plan = directed("No zoom. A girl sits. The camera pans left across the room.").plan
    assert [m.move for s in plan.shots for m in s.camera if m.move != "static"] == ["pan_left"]


@pytest.mark.parametrize("cell", ["no zoom", "不变焦"])
def test_a_camera_cell_may_deny(cell: str) -> None:
    for seed in range(6):
        plan = directed(f"shot,camera,description\n1,{cell},A girl weeps.\n", seed)
        assert "zoom" not in kinds(plan)
        assert plan.warnings == ()


@pytest.mark.parametrize("cell", ["don't move", "none", "无", "no movement", "不动"])
def test_a_camera_cell_may_ask_for_no_move(cell: str) -> None:
    for seed in range(4):
        plan = directed(f"shot,camera,description\n1,{cell},A dog runs away.\n", seed)
        assert kinds(plan) == {"static"}
        assert plan.warnings == ()


@pytest.mark.parametrize(
    ("script", "first"),
    [
        ("一部15秒的短片：小女孩撑着黄伞走过石桥。她停下来。", "小女孩撑着黄伞走过石桥。"),
        (
            "A 12-second clip of a red fox crossing a lake. Snow falls.",
            "a red fox crossing a lake.",
        ),
        (
            "Make a 20 s ad for this kettle: it boils in 60 seconds. Steam rises.",
            "it boils in 60 seconds.",
        ),
        ("A 20-second film about a lighthouse. Waves crash.", "Waves crash."),
    ],
)
def test_the_story_in_a_logline_is_filmed(script: str, first: str) -> None:
    plan = direct(script).plan
    assert plan.shots[0].action == first
    assert script.startswith(plan.logline or "?")


def test_a_logline_names_who_the_pronoun_after_it_means() -> None:
    for script in (
        "A 20-second film about an old sailor. He mends a net.",
        "一个关于老渔夫的20秒短片。他补网。",
    ):
        done = direct(script)
        assert len(done.plan.shots[0].cast) == 1
        assert "unresolved_pronoun" not in {w["code"] for w in done.warnings}


@pytest.mark.parametrize("end", ["FADE OUT.", "CUT TO:", "THE END", "FADE TO BLACK.\n\nTHE END"])
def test_what_ends_the_film_is_no_shot(end: str) -> None:
    plan = directed(f"INT. BAR - NIGHT\n\nTom drinks.\n\n{end}\n").plan
    assert [s.action for s in plan.shots] == ["Tom drinks."]
    assert end in plan.shots[-1].source
    assert plan.shots[-1].transition_in == "cut"


def test_chinese_speech_under_a_line_of_action_is_speech() -> None:
    plan = directed(
        "内景 教室 日\n\n李雷和韩梅梅坐在窗边。\n李雷：你好。\n韩梅梅：（微笑）你好。"
    ).plan
    assert [c.name for c in plan.characters] == ["李雷", "韩梅梅"]
    said = [line for s in plan.shots for line in s.dialogue]
    assert [(line.text, line.parenthetical) for line in said] == [
        ("你好。", None),
        ("你好。", "微笑"),
    ]


def test_sections_and_synopses_between_lines_are_not_filmed() -> None:
    plan = directed("INT. BAR - DAY\n\nTom drinks.\n# Act Two\n= He is sad\nTom leaves.").plan
    assert [s.action for s in plan.shots] == ["Tom drinks.", "Tom leaves."]


def test_words_of_the_camera_are_nobody() -> None:
    script = (
        "Tom sits. Slow push in on his face. Quick cut to the street. Whip pan to the door. "
        "Truck left past the bar. Don't pan. Water drips. SUPER: Three years later. Mira walks in."
    )
    assert [c.name for c in direct(script).plan.characters] == ["Tom", "Mira"]


def test_night_that_falls_is_nobody() -> None:
    plan = direct("Night falls over the hill. Winter comes. Mira walks home.").plan
    assert [c.name for c in plan.characters] == ["Mira"]


@pytest.mark.parametrize(
    ("script", "way"),
    [
        ("Tom runs left to right across the roof. The camera pans left.", "left_to_right"),
        ("汤姆从左跑到右。镜头向左摇。", "left_to_right"),
        ("Tom walks from right to left.", "right_to_left"),
        ("Tom walks to the left.", "right_to_left"),
        ("Tom sits. The camera pans left.", None),
    ],
)
def test_screen_direction_is_the_travellers_not_the_cameras(script: str, way: str | None) -> None:
    assert direct(script).plan.shots[0].continuity.screen_direction == way


def test_a_title_before_a_name_belongs_to_it() -> None:
    script = "INT. LAB - DAY\n\nDr. Wu enters.\n\nDR. WU\nHello.\n\nDr. Wu sits."
    assert [c.name for c in directed(script).plan.characters] == ["Dr. Wu"]


def test_age_and_clothes_after_a_chinese_name_are_its_looks() -> None:
    (mara,) = direct("玛拉，34岁，穿红色雨衣，走过石桥。玛拉停下来。").plan.characters
    assert (mara.name, mara.static_features) == ("玛拉", "玛拉，34岁，穿红色雨衣")


def test_a_sentence_too_long_for_a_shot_is_named() -> None:
    done = direct("a man walks " * 500)
    assert {w["code"] for w in done.warnings} == {"sentence_split"}
    assert all(len(c.name.split()) <= 4 for c in done.plan.characters)
    assert direct("A man walks. He sits.").warnings == ()


@pytest.mark.parametrize(
    ("script", "ratio"),
    [
        ("A vertical video of a cat that sleeps. It wakes.", "9:16"),
        ("拍一部15秒的短片，竖屏，水彩风格。一只猫奔跑。", "9:16"),
        ("Make a 10-second 1:1 video of a cat running.", "1:1"),
        ("At 9:16 a man waits by a vertical cliff.", "16:9"),
    ],
)
def test_the_aspect_ratio_is_read_from_the_words(script: str, ratio: str) -> None:
    assert direct(script).plan.aspect_ratio == ratio


@pytest.mark.parametrize(
    ("script", "title"),
    [
        ("FADE IN:\n\nEXT. HILL - DAY\n\nA dog runs.", "A dog runs"),
        ("# Act One\n\nINT. BAR - DAY\n\nMARY\nHello.\n\nShe sits.", "She sits"),
        ("- A cat sleeps.\n- A dog barks.", "A cat sleeps"),
    ],
)
def test_a_title_is_taken_from_what_is_seen(script: str, title: str) -> None:
    assert directed(script).plan.title == title


def test_marks_of_lists_and_quotes_are_not_filmed() -> None:
    plan = directed("- A cat sleeps.\n* A dog barks.\n> The wind howls.").plan
    assert [s.action for s in plan.shots] == ["A cat sleeps.", "A dog barks.", "The wind howls."]


@pytest.mark.parametrize(
    ("product", "points", "field"),
    [(" ", ["light"], "brief.product"), ("a kettle", ["light", " "], "brief.selling_points[1]")],
)
def test_a_brief_that_says_nothing_is_refused(product: str, points: list[str], field: str) -> None:
    with pytest.raises(BadRequest) as refused:
        direct_brief(Brief(product, tuple(points)))
    assert refused.value.field == field


def test_the_logline_of_a_chinese_brief_is_chinese() -> None:
    plan = direct_brief(Brief("水壶", ("很轻",), audience="学生")).plan
    assert plan.logline == "面向学生"


@pytest.mark.parametrize(
    "script",
    [
        "no zoom",
        "The camera does not move.",
        "Never zoom. No pan.",
        "No camera movement in the whole film.",
        "不要推镜头",
        "镜头不动。不要变焦。",
        "全片不要变焦。",
        "FADE OUT.",
        "[[no zoom]]",
    ],
)
def test_a_script_that_only_says_how_not_to_film_is_refused(script: str) -> None:
    with pytest.raises(BadRequest, match="nothing that is seen") as refused:
        directed(script)
    assert (refused.value.code, refused.value.field) == ("invalid_script", "script")
    assert refused.value.fix


@pytest.mark.parametrize("script", ["Slow push in.", "Close-up.", "镜头缓慢推进。"])
def test_a_script_that_only_says_how_to_film_is_filmed_and_named(script: str) -> None:
    done = directed(script)
    assert [w["code"] for w in done.warnings] == ["nothing_seen"]
    assert len(done.plan.shots) == 1


@pytest.mark.parametrize(
    ("text", "ends"),
    [
        ("INT. ROOM - DAY\n\nMary sits.\n\nFADE OUT.\n\nTHE END\n", "fade"),
        ("INT. ROOM - DAY\n\nMary sits.\n\nFADE TO BLACK.\n", "fade"),
        ("INT. ROOM - DAY\n\nMary sits.\n\nCUT TO BLACK.\n", "cut"),
        ("A boat drifts out. The screen slowly fades to black.", "fade"),
        ("A boat drifts out. The music fades out.", "cut"),
        ("渔船出海。画面渐渐变黑。", "fade"),
        ("内景 厨房 - 日\n\n小明坐下。\n\n淡出。\n", "fade"),
    ],
)
def test_a_fade_after_the_last_picture_ends_the_film(text: str, ends: str) -> None:
    plan = directed(text).plan
    assert plan.transition_out == ends
    assert plan.shots[-1].transition_in == "cut"


def test_a_picture_that_fades_out_lets_the_next_one_fade_in() -> None:
    plan = directed("A city sleeps. The picture fades to black. A phone rings.").plan
    assert [s.transition_in for s in plan.shots] == ["cut", "fade"]
    assert plan.transition_out == "cut"


@pytest.mark.parametrize(
    ("manner", "delivery", "rest"),
    [
        ("off", "off_screen", None),
        ("O.S.", "off_screen", None),
        ("V.O., softly", "voice_over", "softly"),
        ("画外音，轻声", "off_screen", "轻声"),
        ("softly", "on_screen", "softly"),
    ],
)
def test_a_voice_from_elsewhere_may_be_said_in_a_parenthetical(
    manner: str, delivery: str, rest: str | None
) -> None:
    plan = directed(f"INT. ROOM - DAY\n\nJoe waits.\n\nMARY\n({manner})\nWhere is it?\n").plan
    (speech,) = plan.shots[-1].dialogue
    assert (speech.delivery, speech.parenthetical) == (delivery, rest)
    heard = [part.character_id for part in plan.shots[-1].cast]
    assert (speech.character_id in heard) == (delivery == "on_screen")


def test_a_denial_in_the_middle_holds_before_it_too() -> None:
    for seed in range(6):
        plan = directed("A girl weeps. No zoom. A boy weeps. She weeps again.", seed)
        assert "zoom" not in kinds(plan)


def test_what_somebody_is_without_is_no_prop() -> None:
    plan = directed("Mary stands at the sink without the kettle. 小明坐着，没有一只碗。").plan
    assert all("kettle" not in p and "碗" not in p for s in plan.shots for p in s.props)


def test_looks_in_brackets_are_the_same_in_each_shot() -> None:
    plan = directed("A woman (27, freckles) opens the fridge. The woman drinks.").plan
    assert [c.static_features for c in plan.characters] == ["a woman, 27, freckles"]


@pytest.mark.parametrize(
    ("script", "actions"),
    [
        ("Mira runs. Slow motion, 4K. Tom laughs.", ["Mira runs. Slow motion, 4K.", "Tom laughs."]),
        ("Cinematic. Mira runs. Tom laughs.", ["Cinematic. Mira runs.", "Tom laughs."]),
        ("Mira runs.\n\nCinematic, film grain.", ["Mira runs. Cinematic, film grain."]),
        (
            "INT. BAR - DAY\n\nTom drinks.\n\nLOW ANGLE\n\nMira stands.",
            ["Tom drinks.", "LOW ANGLE Mira stands."],
        ),
        ("小雨在海边奔跑。慢动作，电影感。", ["小雨在海边奔跑。慢动作，电影感。"]),
        ("Mira runs. Slow motion of a horse.", ["Mira runs.", "Slow motion of a horse."]),
    ],
)
def test_how_a_picture_looks_is_no_picture_of_its_own(script: str, actions: list[str]) -> None:
    shots = directed(script).plan.shots
    assert [shot.action for shot in shots] == actions
    assert not any(shot.props for shot in shots[:1])
