"""The director's film grammar: dialogue, sides, sizes, inserts, beats."""
# ruff: noqa: RUF001  (Chinese punctuation is meant)

from shotwright.prompts.coverage import cover
from shotwright.prompts.director import Direction, Terms, direct, direct_script
from shotwright.prompts.readers import Script, read

DINER = """INT. DINER - NIGHT

ANNA
You came.

BEN
I said I would.

ANNA
(laughing)
You say a lot of things.

Ben slides an envelope across the table. Her fingers hesitate on the paper.

ANNA
What is it?

BEN
Open it.
"""


def directed(text: str, shot_s: float = 4.0) -> Direction:
    found = read(text)
    assert isinstance(found, Script)
    return direct_script(found, Terms(shot_s=shot_s))


def test_a_scene_that_opens_with_speech_is_established_first() -> None:
    first, second = directed(DINER).plan.shots[:2]
    assert (first.intent, first.shot_size, first.action) == ("establishing", "wide", "DINER, night")
    assert second.dialogue[0].text == "You came."


def test_dialogue_is_shot_in_reverses_that_keep_their_sides() -> None:
    plan = directed(DINER).plan
    names = {c.id: c.name for c in plan.characters}
    talks = [shot for shot in plan.shots if shot.dialogue]
    assert [names[s.dialogue[0].character_id] for s in talks] == [
        "ANNA",
        "BEN",
        "ANNA",
        "ANNA",
        "BEN",
    ]
    sides: dict[str, set[str]] = {}
    for shot in plan.shots:
        for part in shot.cast:
            if part.position:
                side = "left" if "left" in part.position else "right"
                sides.setdefault(names[part.character_id], set()).add(side)
    assert sides == {"ANNA": {"left"}, "BEN": {"right"}}
    assert cover(plan).direction_flips == ()
    assert "over_the_shoulder" in [s.framing for s in talks]


def test_a_set_up_that_comes_back_is_the_same_set_up() -> None:
    plan = directed(DINER).plan
    back = [s for s in plan.shots if s.continuity.mode == "same_setup"]
    assert back
    for shot in back:
        before = plan.shot(str(shot.continuity.from_shot))
        assert (before.setup_id, before.shot_size) == (shot.setup_id, shot.shot_size)


def test_hands_are_an_insert_of_whoever_they_belong_to() -> None:
    plan = directed(DINER).plan
    hand = next(shot for shot in plan.shots if "fingers" in shot.action)
    assert hand.intent == "insert" and hand.shot_size in ("close_up", "insert", "extreme_close_up")
    assert [p.character_id for p in hand.cast] == [plan.characters[0].id]


def test_a_sentence_that_turns_to_a_detail_is_cut_there() -> None:
    script = (
        "An old man crosses the long room to the desk, and his fingers turn the key in the lock."
    )
    plan = direct(script).plan
    assert [s.source for s in plan.shots] == [
        "An old man crosses the long room to the desk, and",
        "his fingers turn the key in the lock.",
    ]
    assert plan.shots[1].intent == "insert"


def test_short_sentences_of_one_subject_share_a_shot_while_their_time_lasts() -> None:
    text = "INT. ROOM - DAY\n\nA woman stops. She turns. She waits.\n"
    assert [s.action for s in directed(text, shot_s=3.5).plan.shots] == [
        "A woman stops. She turns.",
        "She waits.",
    ]
    assert len(directed(text, shot_s=2.0).plan.shots) == 3


def test_a_camera_sentence_films_what_was_just_told() -> None:
    plan = direct("A man waits at the gate. The camera slowly pushes in on his face.").plan
    assert len(plan.shots) == 1
    assert [(m.move, m.speed) for m in plan.shots[0].camera] == [("dolly_in", "slow")]


def test_a_long_speech_goes_on_in_further_shots_and_no_speech_outlasts_its_shot() -> None:
    words = " ".join(f"We waited for you at the harbour on day {n}." for n in range(20))
    text = f"INT. ROOM - DAY\n\nMARY\n{words}\n"
    found = read(text)
    assert isinstance(found, Script)
    plan = direct_script(found, Terms(shot_s=4.0, max_s=10.0)).plan
    said = [s.dialogue[0].text for s in plan.shots if s.dialogue]
    assert " ".join(said) == words
    assert cover(plan).long_speeches == ()


def test_a_voice_from_elsewhere_leaves_the_picture_with_who_hears_it() -> None:
    text = DINER + "\nBEN (O.S.)\nRun!\n"
    shot = directed(text).plan.shots[-1]
    assert shot.dialogue[0].delivery == "off_screen"
    assert [p.character_id for p in shot.cast] == ["C1"]


def test_quotes_are_speech_only_where_somebody_speaks() -> None:
    plan = direct(
        'A sign reads "OPEN". Mary walks in. "Hello," she says. A man enters. "Go!" shouts Tom.'
    ).plan
    names = {c.id: c.name for c in plan.characters}
    said = [(names[d.character_id], d.text) for s in plan.shots for d in s.dialogue]
    assert said == [("Mary", "Hello"), ("Tom", "Go!")]


def test_she_and_he_are_told_apart() -> None:
    plan = direct(
        "Mary waits in the park. Tom arrives. She smiles. He sits down. Her hands shake."
    ).plan
    names = {c.id: c.name for c in plan.characters}
    shown = [[names[p.character_id] for p in s.cast] for s in plan.shots]
    assert shown == [["Mary"], ["Tom"], ["Mary"], ["Tom"], ["Mary"]]


def test_what_a_quote_says_changes_no_scene() -> None:
    plan = direct('A man waits on the beach at dawn. "One more night at the office," he says.').plan
    assert len(plan.scenes) == 1


def test_a_shot_list_in_prose_keeps_its_shots() -> None:
    plan = direct(
        "Shot 1 (5s): Wide shot of a red car. It drives along the coast. Camera: slow pan right.\n"
        "Shot 2 (3 s): Close-up of hands on the wheel. Sound: engine.\n"
        "镜头3：汽车停下。音效：海浪声"
    ).plan
    assert [s.duration_s for s in plan.shots] == [5, 3, 2]
    assert [m.move for m in plan.shots[0].camera] == ["pan_right"]
    assert plan.shots[0].action == "Wide shot of a red car. It drives along the coast."
    assert [s.sound for s in plan.shots] == [None, "engine.", "海浪声"]


def test_the_asked_length_is_met() -> None:
    plan = direct("A 12-second ad. A ball rolls. A car waits for 4 seconds. A dog runs.").plan
    assert plan.duration_s == 12
    assert [s.duration_s for s in plan.shots] == [4, 4, 4]
    assert plan.logline == "A 12-second ad."


def test_weather_lens_and_focus_are_heard() -> None:
    plan = direct(
        "A man walks in heavy rain, 35mm lens, shallow depth of field. 雾中，一艘船驶过。"
    ).plan
    first, second = plan.shots
    assert (first.weather, first.lens_mm, first.focus) == ("heavy rain", 35, "shallow")
    assert second.weather == "雾中"


def test_a_chinese_scene_in_an_english_script_speaks_chinese() -> None:
    text = DINER + "\n外景 山顶 - 日\n\n小明走过山坡。\n\n小明\n你好！\n"
    last = directed(text).plan.shots[-1]
    assert last.action == "小明说：“你好！”"
    assert last.cast[0].position == "画面左侧"
