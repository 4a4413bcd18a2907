"""Words to moves and back; 320 labelled sentences, of which half were kept aside, and those of later and blind sets."""
# ruff: noqa: RUF001  (Chinese punctuation is meant)

import runpy
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shotwright.generator.camera import MOVES, PRESET_NAMES, Move
from shotwright.generator.errors import BadRequest
from shotwright.prompts.camera_words import (
    camera_spans,
    denied_moves,
    describe_camera,
    focus_of,
    is_direction,
    parse_camera,
    parse_prose,
    prose_hits,
    prose_turns,
)
from shotwright.prompts.plan_check import OPPOSITES


def names(text: str) -> list[str]:
    moves, unknown = parse_camera(text)
    assert unknown == []
    return [move.move for move in moves]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("pan left", ["pan_left"]),
        ("The camera slowly pans to the right.", ["pan_right"]),
        ("pan from left to right", ["pan_right"]),
        ("pan right to left", ["pan_left"]),
        ("push in", ["dolly_in"]),
        ("slow pull back", ["dolly_out"]),
        ("the camera moves left", ["truck_left"]),
        ("[Pan left, Zoom in]", ["pan_left", "zoom_in"]),
        ("[Truck right][Pedestal up]", ["truck_right", "pedestal_up"]),
        ("[Static shot]", ["static"]),
        ("[Shake]", ["handheld"]),
        ("[Tracking shot]", ["follow"]),
        ("without camera movement", ["static"]),
        ("orbit around the subject", ["orbit_right"]),
        ("crane down", ["crane_down"]),
        ("dolly zoom", ["dolly_zoom"]),
        ("forward_up", ["forward_up"]),
        ("推进", ["dolly_in"]),
        ("镜头缓慢拉远", ["dolly_out"]),
        ("变焦推近", ["zoom_in"]),
        ("镜头向左摇", ["pan_left"]),
        ("从左到右摇", ["pan_right"]),
        ("右移", ["truck_right"]),
        ("上摇，然后下摇", ["tilt_up", "tilt_down"]),
        ("镜头上升", ["pedestal_up"]),
        ("环绕", ["orbit_right"]),
        ("跟拍", ["follow"]),
        ("固定镜头", ["static"]),
        ("手持", ["handheld"]),
        ("逆时针旋转", ["roll_ccw"]),
        ("【左摇】【变焦拉远】", ["pan_left", "zoom_out"]),
    ],
)
def test_words_become_moves(text: str, expected: list[str]) -> None:
    assert names(text) == expected


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("pan left 20 degrees", 20.0),
        ("pan 12.5° left", 12.5),
        ("360 around the subject", 360.0),
        ("zoom in 1.5x", 1.5),
        ("zoom out by 2 times", 2.0),
        ("dolly in 30%", 0.3),
        ("向左摇二十度", 20.0),
        ("镜头环绕九十度", 90.0),
        ("变焦推近一点五倍", 1.5),
    ],
)
def test_numbers_with_units_are_amounts(text: str, amount: float) -> None:
    (move,), unknown = parse_camera(text)
    assert move.amount == pytest.approx(amount)
    assert unknown == []


@pytest.mark.parametrize(
    ("text", "speed"),
    [
        ("slowly pan left", "slow"),
        ("pan left slightly", "slow"),
        ("fast zoom out", "fast"),
        ("缓慢推进", "slow"),
        ("快速左摇", "fast"),
        ("whip pan", None),
        ("pan left", None),
    ],
)
def test_adverbs_are_speeds(text: str, speed: str | None) -> None:
    (move,), _ = parse_camera(text)
    assert move.speed == speed


def test_then_puts_moves_one_after_another_and_a_comma_together() -> None:
    moves, _ = parse_camera("pan left slowly, then zoom in 2x")
    assert moves == [
        Move("pan_left", speed="slow", end=0.5),
        Move("zoom_in", amount=2.0, start=0.5),
    ]
    together, _ = parse_camera("[Pan left, Zoom in]")
    assert {(m.start, m.end) for m in together} == {(0.0, 1.0)}


@pytest.mark.parametrize(
    ("text", "unknown"),
    [
        ("spiral up", ["spiral up"]),
        ("pan", ["pan"]),
        ("zoom in 300%", ["300%"]),
        ("zoom in on the cup", ["cup"]),
        ("pan left 2x", ["2x"]),
    ],
)
def test_what_is_not_understood_is_said(text: str, unknown: list[str]) -> None:
    assert parse_camera(text)[1] == unknown


def test_a_number_beyond_the_move_is_refused_by_name() -> None:
    with pytest.raises(BadRequest) as caught:
        parse_camera("pan left 900 degrees")
    assert caught.value.field == "camera[0].amount"


@pytest.mark.parametrize(
    "sentence",
    [
        "The truck left the garage.",
        "A car moves left.",
        "They push in the door.",
        "She pulls out a knife.",
        "The dog follows the cat.",
        "The ball rolls clockwise.",
        "A satellite orbits the planet.",
        "The pan catches fire.",
        "It rises.",
        "一个男人手持鲜花。",
        "她推开门。",
        "飞机上升。",
        "她在镜头前推门。",
        "小船左摇右晃。",
    ],
)
def test_what_the_subject_does_is_no_camera_move(sentence: str) -> None:
    assert parse_prose(sentence)[0] == []
    assert not is_direction(sentence)


@pytest.mark.parametrize(
    ("sentence", "move"),
    [
        ("The camera follows the dog as it moves left.", "follow"),
        ("A red ball bounces, camera zooms in.", "zoom_in"),
        ("A cat sits still. [Truck left]", "truck_left"),
        ("她推开门，镜头跟随她。", "follow"),
        ("一只鸟飞过海面，镜头缓慢推进。", "dolly_in"),
    ],
)
def test_camera_words_in_a_script_are_found(sentence: str, move: str) -> None:
    assert [m.move for m in parse_prose(sentence)[0]] == [move]
    assert not is_direction(sentence)


@pytest.mark.parametrize("move", [*MOVES, *PRESET_NAMES])
def test_every_move_has_a_name_and_words_in_both_languages(move: str) -> None:
    assert names(move) == [move]
    assert describe_camera([Move(move)], "en").startswith("the camera ")
    assert describe_camera([Move(move)], "zh").startswith("镜头")


@pytest.mark.parametrize("move", [m for m in MOVES if m not in ("follow", "handheld", "static")])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_what_is_described_is_understood_again(move: str, language: str) -> None:
    described = describe_camera([Move(move, speed="slow")], "en" if language == "en" else "zh")
    found, _ = parse_camera(described)
    assert [m.move for m in found] == [move]
    assert found[0].speed == "slow"


def test_two_moves_are_described_in_their_order() -> None:
    moves = [Move("zoom_in", start=0.5), Move("pan_left", speed="slow", end=0.5)]
    assert describe_camera(moves, "en") == "the camera slowly pans left, then zooms in"
    assert describe_camera(moves, "zh") == "镜头缓慢向左摇，然后变焦推近"
    assert describe_camera([], "en") == ""


@given(
    st.sampled_from(sorted(OPPOSITES)),
    st.sampled_from(["", "slowly ", "the camera will ", "please "]),
    st.sampled_from(["", " slowly", " gently"]),
)
def test_a_move_is_never_taken_for_its_opposite(move: str, before: str, after: str) -> None:
    words = move.replace("_", " ").replace(" ccw", " counterclockwise").replace(" cw", " clockwise")
    found = [m.move for m in parse_camera(before + words + after)[0]]
    assert found == [move]


@given(st.text(alphabet="pan left zoom in推进镜头左摇[],then 20°x\n", max_size=60))
def test_any_text_is_read_without_a_crash(text: str) -> None:
    try:
        moves, unknown = parse_camera(text)
    except BadRequest as error:
        assert str(error.field).startswith("camera[")
    else:
        assert all(isinstance(word, str) and word for word in unknown)
        assert parse_camera(text)[0] == moves


BENCH: dict[str, Any] = runpy.run_path(str(Path(__file__).parents[2] / "bench" / "camera_words.py"))


HALVES = {
    "dev": BENCH["rows"]()[::2],
    "unseen": BENCH["rows"]()[1::2],
    "later": BENCH["rows"](BENCH["LATER"]),
    "blind dev": BENCH["rows"](BENCH["BLIND_DEV"]),
    "blind unseen": BENCH["rows"](BENCH["BLIND_UNSEEN"]),
    "held out": BENCH["rows"](BENCH["HELD_OUT"]),
}


@pytest.mark.parametrize("half", HALVES)
def test_97_of_100_labelled_sentences_are_right_in_each_half(half: str) -> None:
    rows = HALVES[half]
    wrong = [text for label, _, text in rows if not BENCH["agrees"](label, BENCH["said"](text))]
    assert len(rows) >= 150
    assert len(wrong) <= 0.03 * len(rows), wrong


@pytest.mark.parametrize(
    ("label", "got", "same"),
    [
        ("pan_left", "pan_left slow", True),
        ("pan", "pan_right", True),
        ("pan_left slow", "pan_left", False),
        ("pan_left > zoom_in", "zoom_in > pan_left", False),
        ("pan_left + zoom_in", "zoom_in + pan_left", True),
        ("pan_left > zoom_in", "pan_left + zoom_in", False),
        ("", "static", False),
        ("static", "", False),
        ("", "", True),
    ],
)
def test_labels_are_compared_strictly(label: str, got: str, same: bool) -> None:
    assert BENCH["agrees"](label, got) is same


@pytest.mark.parametrize(
    ("text", "denied"),
    [
        ("No zoom.", {"zoom_in", "zoom_out"}),
        ("Please no pans or tilts.", {"pan_left", "pan_right", "tilt_up", "tilt_down"}),
        ("不要手持。", {"handheld"}),
        ("Negative prompt: camera shake", {"handheld"}),
        ("The camera does not move.", set()),
        ("Pan left.", set()),
    ],
)
def test_what_a_text_forbids_is_told(text: str, denied: set[str]) -> None:
    assert denied_moves(text) == denied


@pytest.mark.parametrize(
    "text", ["The camera does not move.", "No camera movement.", "镜头不动。", "不要任何运镜。"]
)
def test_a_camera_that_may_not_move_at_all_is_static(text: str) -> None:
    assert [m.move for m in parse_prose(text)[0]] == ["static"]


@pytest.mark.parametrize("text", ["Rack focus to the door.", "焦点从花转移到人。"])
def test_a_focus_is_no_move(text: str) -> None:
    assert focus_of(text) == "rack"
    assert parse_prose(text) == ([], [])
    assert focus_of("Pan left.") is None


def test_a_focus_has_its_turn_among_the_moves() -> None:
    text = "Glide forward to the chessboard; when we arrive, rack focus to the hand behind her."
    assert prose_turns(text) == [["dolly_in"], ["rack_focus"]]


@pytest.mark.parametrize(
    ("text", "turns"),
    [
        ('{"camera": {"move": "pan", "direction": "left", "degrees": 30}}', [["pan_left"]]),
        ("props: [frying pan, dolly with crates]; action: the cook flips an omelette", []),
        ("After circling her, the camera tilts up.", [["orbit_right"], ["tilt_up"]]),
        ("The camera walks backwards in front of the procession.", [["follow"]]),
        ("On a crane, the view sinks to the wedding party.", [["crane_down"]]),
        ("A half circle around the coupe, moving left.", [["orbit_left"]]),
        ("Zoom into savings this spring.", []),
        ("镜头不要从病床拉开。", []),
        ("先往后退，再绕到她身后。", [["dolly_out"], ["orbit_right"]]),
        ("先往前走，到路口向右转。", []),
        ("镜头从鞋子摇到脸，然后后拉。", [["tilt_up"], ["dolly_out"]]),
        ("孩子们抬头看着无人机，目送它飞走。", []),
        ('{"camera": {"movement": "none"}, "action": "he spins"}', [["static"]]),
        ('[{"camera": "dolly out"}, {"camera": "pan left"}]', [["dolly_out"], ["pan_left"]]),
        (
            "The drone drifts down, tilting slowly toward the wreck.",
            [["pedestal_down", "tilt_down"]],
        ),
        ("FPV dive into the canyon.", [["dolly_in"]]),
        ("The FPV pilot dives for cover.", []),
        ("Lock off on the altar while guests pass.", [["static"]]),
        ("Zoom in over three seconds, ease out.", [["zoom_in"]]),
        ("向前推进，露出锅里的红油。", [["dolly_in"]]),
        ("部队渡过了河，向前推进，露出阵地。", []),
        ("交换戒指时缓缓推近，不要变焦。", [["dolly_in"]]),
        ("她回家的时候推着车。", []),
        ("悬停不动，让云自己飘过去。", [["static"]]),
        ("机器人的摇臂升起。", []),
    ],
)
def test_phrasings_of_many_kinds_of_text_are_read(text: str, turns: list[list[str]]) -> None:
    assert prose_turns(text) == turns


def test_spoken_words_command_no_camera() -> None:
    assert parse_prose('"Zoom in on the plate," she says.')[0] == []
    assert parse_prose("他喊道：“镜头推近！”")[0] == []


def test_a_pan_without_a_side_goes_right_and_says_so() -> None:
    (hit,) = prose_hits("The camera pans across the valley.")
    assert (hit.move, hit.assumed) == ("pan_right", True)
    (hit,) = prose_hits("The camera pans right.")
    assert not hit.assumed


def test_what_undoes_a_move_comes_after_it() -> None:
    moves = parse_prose("Zoom in on the nose and zoom out again.")[0]
    assert [(m.move, m.start) for m in moves] == [("zoom_in", 0), ("zoom_out", 0.5)]


def test_a_whip_pan_to_the_left_is_the_preset_mirrored() -> None:
    (move,) = parse_prose("Whip pan left to the door.")[0]
    assert (move.move, move.amount, move.speed) == ("pan_left", 45.0, "fast")
    assert (move.start, move.end) == (0.35, 0.65)


def test_the_places_of_words_are_theirs_alone() -> None:
    text = "A dog barks. The camera pans across the yard to the left, slowly."
    words = {text[start:end] for start, end in camera_spans(text)}
    assert words == {"pans", "to the left", "slowly"}


@pytest.mark.parametrize(
    "unit",
    ["the camera moves left and she turns ", "镜头向左他跟着推", "- [ ] [pan left] ", "推镜头"],
)
def test_a_text_without_a_stop_is_read_in_linear_time(unit: str) -> None:
    assert len(prose_hits(unit * 400)) > 0


def test_no_rule_names_a_whole_sentence_of_the_test() -> None:
    toml = files("shotwright.prompts").joinpath("camera_words.toml").read_text(encoding="utf-8")
    told = [text.lower().strip(" .。") for half in HALVES.values() for _, _, text in half]
    assert [text for text in told if len(text) > 4 and text in toml.lower()] == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A slow 30-degree pan to the left followed by a quick zoom in.", ["pan_left", "zoom_in"]),
        ("dutch tilt", []),
        ("dutch angle", []),
        ("pan left as he sees the drop", ["pan_left"]),
        ("zoom call", []),
        ("Handheld, shaky, following the boy", ["handheld", "follow"]),
        ("pan left as she turns right", ["pan_left"]),
    ],
)
def test_an_explicit_camera_text_has_its_look_alikes_too(text: str, expected: list[str]) -> None:
    assert [move.move for move in parse_camera(text)[0]] == expected


def test_a_move_that_follows_another_comes_in_turn() -> None:
    moves, unknown = parse_camera("A slow pan to the left followed by a quick zoom in.")
    assert [(m.start, m.end, m.speed) for m in moves] == [(0, 0.5, "slow"), (0.5, 1, "fast")]
    assert unknown == []


@pytest.mark.parametrize("preset", ["right_turn_forward", "left_turn_forward"])
def test_a_turn_forward_is_read_back_whole(preset: str) -> None:
    for language in ("en", "zh"):
        said = describe_camera([Move(preset)], language)
        assert [move.move for move in parse_camera(said)[0]] == [preset]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("After dollying in, the camera tilts up.", ["dolly_in", "tilt_up"]),
        ("Before pushing in, the camera tilts up to the clock.", ["tilt_up", "dolly_in"]),
        ("Tilt up after pushing in.", ["dolly_in", "tilt_up"]),
        ("推近之前，镜头先上摇。", ["tilt_up", "dolly_in"]),
        ("1) pan right 2) tilt up", ["pan_right", "tilt_up"]),
    ],
)
def test_words_of_order_say_which_move_comes_first(text: str, expected: list[str]) -> None:
    moves = parse_prose(text)[0]
    assert [move.move for move in moves] == expected
    assert moves[0].end <= moves[1].start


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("In the previous shot the camera panned left; here nothing is asked of it.", []),
        ("The previous shot had a crane up, but here the camera pans left.", ["pan_left"]),
        ("He remembers the summer; the camera pans left to the empty pool.", ["pan_left"]),
        ("She says nothing as the camera pushes in on her mouth.", ["dolly_in"]),
        ("上一个镜头已经向左摇过了。", []),
        ("他说完，镜头推近她的眼睛。", ["dolly_in"]),
    ],
)
def test_other_shots_and_talk_of_shots_command_nothing(text: str, expected: list[str]) -> None:
    assert [move.move for move in parse_prose(text)[0]] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The camera wanders leftward over the desks.", ["truck_left"]),
        ("The camera noses through the curtain.", ["dolly_in"]),
        ("镜头一点一点地向窗口挪近。", ["dolly_in"]),
        ("镜头钻过门缝，来到密室。", ["dolly_in"]),
    ],
)
def test_a_camera_that_does_an_unlisted_thing_travels(text: str, expected: list[str]) -> None:
    assert [move.move for move in parse_prose(text)[0]] == expected


def test_traditional_letters_are_read_as_simplified_ones() -> None:
    assert [m.move for m in parse_prose("鏡頭緩緩向左搖，然後推近。")[0]] == [
        "pan_left",
        "dolly_in",
    ]


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("Pan left seventy five degrees.", 75.0),
        ("Start at 50mm and zoom in to 100mm.", 2.0),
        ("The camera makes one slow lap around it, 360 degrees.", 360.0),
    ],
)
def test_spelled_numbers_focal_lengths_and_numbers_behind_a_comma_count(
    text: str, amount: float
) -> None:
    assert parse_prose(text)[0][0].amount == pytest.approx(amount)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A long, slow retreat from the cradle.", ["dolly_out"]),
        ("One unbroken movement toward the lighthouse.", ["dolly_in"]),
        ("A continuous upward motion, from the cellar to the loft.", ["pedestal_up"]),
        ("A slow move in on the pianist's hands.", ["dolly_in"]),
        ("a steady descent over the orchard", ["pedestal_down"]),
        ("Do a pan, right to left, of the choir.", ["pan_left"]),
        ("Slow-motion push in on the drummer", ["dolly_in"]),
        ("A slow descent into boredom.", []),
        ("The regiment's long, slow retreat through mud.", []),
        ("He makes a quick movement toward the window.", []),
        ("An extra waits beside a dolly in the yard.", []),
    ],
)
def test_a_noun_of_motion_is_a_move_unless_it_is_somebodys(text: str, expected: list[str]) -> None:
    assert [move.move for move in parse_prose(text)[0]] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Crane up and back from the stage.", ["crane_up", "dolly_out"]),
        ("Dolly: out. Subject: a florist.", ["dolly_out"]),
        ("<camera>tilt up</camera> a fir in snow", ["tilt_up"]),
        ("The camera, wary as a fox, crept toward the coop.", ["dolly_in"]),
        ("Tilt up, and when the gong sounds pan left.", ["tilt_up", "pan_left"]),
        ("边推边升，越过城墙", ["dolly_in", "pedestal_up"]),
        ("镜头从树冠摇下来，落到长椅上", ["tilt_down"]),
        ("固定机位，升格拍摄烟花", ["static"]),
        ("推镜头：老人的手停在琴键上。", ["dolly_in"]),
        ("用一个竖摇镜头交代灯塔。", ["tilt_up"]),
    ],
)
def test_lists_asides_and_where_a_move_ends_are_read(text: str, expected: list[str]) -> None:
    assert [move.move for move in parse_prose(text)[0]] == expected
