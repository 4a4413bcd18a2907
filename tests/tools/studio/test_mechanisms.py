"""The camera's mechanism: the first that serves by what was measured of the model, and words last; always said."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal

import pytest

from shotwright.generator.camera import MOVES, Move, path
from shotwright.generator.catalog import Card, Lora, load_catalog
from shotwright.generator.errors import BadRequest
from shotwright.tools.studio.givens import _filmed
from shotwright.tools.studio.mechanisms import (
    AFTER,
    GUIDED,
    TRAINED,
    WORDS,
    CameraPlan,
    Start,
    mechanisms_of,
    moves_in,
    plan_camera,
)
from shotwright.tools.studio.resolve import Resolution
from shotwright.tools.studio.wire import GenerateVideo

CARD = replace(load_catalog().default, camera_obedience={})
"""A model of which nothing was measured: trained words are taken to serve."""


def measured(trained: float, guided: float) -> Card:
    kinds = ("pan", "roll", "truck")
    told: Mapping[str, Any] = {
        TRAINED: dict.fromkeys(kinds, trained),
        GUIDED: dict.fromkeys(kinds, guided),
    }
    return replace(CARD, camera_obedience=told)


def planned(
    *moves: Move,
    card: Card = CARD,
    start: Start = "words",
    segments: int = 1,
    mechanism: str | None = None,
    spoken: Literal["", "rewritten", "as it is"] = "",
) -> tuple[CameraPlan, Resolution]:
    notes = Resolution()
    plan = plan_camera(
        card,
        moves,
        frames=17,
        start=start,
        segments=segments,
        notes=notes,
        mechanism=mechanism,
        spoken=spoken,
    )
    return plan, notes


@pytest.mark.parametrize("move", CARD.camera_trained)
def test_every_trained_move_that_serves_is_asked_by_the_trained_condition(move: str) -> None:
    plan, notes = planned(Move(move))
    assert plan.mechanism == TRAINED and not notes.adjustments and not notes.warnings
    assert plan.over is None and [m.move for m in plan.prompt_moves] == [move]


def test_a_model_that_was_measured_not_to_obey_gets_a_warp_over_a_clip_at_rest() -> None:
    plan, notes = planned(Move("pan_left"), card=measured(trained=0.5, guided=0.9))
    assert plan.mechanism == GUIDED and not notes.warnings
    assert [m.move for m in plan.prompt_moves] == ["static"]
    assert plan.over is not None and [m["move"] for m in plan.over["said"]] == ["pan_left"]
    assert (
        planned(Move("pan_left"), card=measured(trained=0.85, guided=1.0))[0].mechanism == TRAINED
    )
    # where none serves, the better one
    assert planned(Move("pan_left"), card=measured(trained=0.5, guided=0.4))[0].mechanism == TRAINED


def test_an_amount_that_no_word_names_is_warped_and_without_a_warp_becomes_the_nearest() -> None:
    assert planned(Move("pan_left", amount=50.0))[0].mechanism == GUIDED
    assert planned(Move("pan_left", amount=32.0))[0].mechanism == TRAINED
    plan, notes = planned(Move("pan_left", amount=50.0), mechanism=TRAINED)
    assert plan.prompt_moves[0].amount == pytest.approx(32)
    assert (notes.adjustments[0]["field"], notes.adjustments[0]["used"]) == (
        "camera[0].amount",
        pytest.approx(32),
    )
    assert plan.asked is not None and plan.asked.pan_deg == -50, "what was asked stays said"


def test_small_turns_are_cropped_and_the_narrower_view_is_said() -> None:
    plan, notes = planned(Move("handheld", amount=0.6))
    assert plan.mechanism == AFTER and plan.over is not None
    assert 1 < plan.over["overscan"] < 1.12 and 45 < plan.hfov_deg < 50
    assert [change["field"] for change in notes.adjustments] == ["hfov_deg"]


@pytest.mark.parametrize(
    ("moves", "start"),
    [
        ([Move("truck_left", amount=0.1)], "clip"),
        ([Move("pan_left", amount=90)], "clip"),
        ([Move("roll_cw", amount=5)], "picture"),
    ],
)
def test_slides_wide_turns_and_given_first_frames_are_never_cropped(
    moves: list[Move], start: Start
) -> None:
    assert AFTER not in planned(*moves, start=start)[0].able


def test_combined_eased_and_partial_moves_are_one_path() -> None:
    moves = [
        Move("pan_left", amount=10, end=0.5, easing="ease_in_out"),
        Move("zoom_in", amount=1.5, start=0.5),
        Move("down_back"),
    ]
    plan, notes = planned(*moves)
    assert plan.mechanism == GUIDED and not notes.warnings
    asked = plan.asked
    assert asked is not None and asked.pan_deg == -10 and asked.zoom_ratio == pytest.approx(1.5)
    assert asked.pedestal < 0 and asked.dolly < 0
    assert {move.move for move in plan.moves} == {
        "pan_left",
        "zoom_in",
        "pedestal_down",
        "dolly_out",
    }


def test_where_frames_are_given_that_a_warp_would_contradict_only_words_are_left_and_it_says_so() -> (
    None
):
    plan, notes = planned(Move("crane_up"), start="bound")
    assert plan.mechanism == WORDS and plan.able == (WORDS,)
    assert [w["code"] for w in notes.warnings] == ["camera_by_words"]
    assert planned(Move("pan_left"), start="bound")[0].mechanism == TRAINED


def test_several_segments_are_moved_over_by_one_path() -> None:
    plan, _ = planned(Move("pan_left", amount=60), segments=3)
    assert plan.mechanism == GUIDED and plan.asked is not None and plan.asked.pan_deg == -60


def test_a_model_without_a_warp_has_words_or_a_crop() -> None:
    plain = replace(CARD, camera_guided=False, camera_trained=())
    assert planned(Move("truck_left"), card=plain)[0].mechanism == WORDS
    assert planned(Move("roll_cw", amount=5), card=plain)[0].mechanism == AFTER
    with pytest.raises(BadRequest) as refused:
        planned(Move("truck_left"), card=plain, start="clip")
    assert refused.value.code == "unsupported_mode"


def test_a_mechanism_can_be_asked_for_and_is_refused_where_it_cannot_make_the_path() -> None:
    low = measured(trained=0.1, guided=0.9)
    assert planned(Move("pan_left"), card=low, mechanism=TRAINED)[0].mechanism == TRAINED
    with pytest.raises(BadRequest) as refused:
        planned(Move("crane_up"), mechanism=TRAINED)
    assert refused.value.field == "mechanism" and GUIDED in refused.value.allowed


def test_every_move_has_its_mechanisms_told_words_among_them() -> None:
    told = mechanisms_of(CARD)
    assert set(told) == set(MOVES)
    assert all(WORDS in able and len(set(able)) == len(able) for able in told.values())
    assert told["pan_left"][0] == TRAINED and told["crane_up"][0] == GUIDED
    assert told["follow"] == [WORDS]


@pytest.mark.parametrize(
    ("native", "start", "mechanism"),
    [
        ("trajectory", "picture", "trajectory"),
        ("control video", "words", "control video"),
        ("control video", "picture", "control video"),
        ("loras", "words", "LoRA"),
    ],
)
def test_a_checkpoint_that_follows_a_path_itself_is_given_it(
    native: str, start: Start, mechanism: str
) -> None:
    loras = {"left": Lora("somewhere", move="truck_left")}
    card = replace(CARD, camera_trained=(), camera_native=native, loras=loras)
    plan, notes = planned(Move("truck_left", amount=0.3), card=card, start=start)
    assert plan.mechanism == mechanism and plan.over is None
    told = _filmed({"camera": plan.to_json()}, 17)
    if mechanism == "LoRA":
        assert [move.move for move in told["moves"]] == ["truck_left"]
        assert notes.warnings[0]["code"] == "camera_amount"
    else:
        assert told["path"] == path([Move("truck_left", amount=0.3)], 17)
        assert told["hfov_deg"] == card.hfov_deg


def test_where_it_cannot_the_next_mechanism_is_taken() -> None:
    card = replace(CARD, camera_trained=(), camera_native="trajectory")
    assert planned(Move("pan_left"), card=card, start="words")[0].mechanism != "trajectory"
    assert planned(Move("pan_left"), card=card, start="bound")[0].mechanism == WORDS
    lora = replace(CARD, camera_trained=(), camera_native="loras")
    assert planned(Move("pan_left"), card=lora)[0].mechanism != "LoRA"
    assert _filmed({"camera": planned(Move("pan_left"))[0].to_json()}, 17) == {}


@pytest.mark.parametrize(
    ("native", "mechanism", "start"),
    [
        ("trajectory", "trajectory", "picture"),
        ("trajectory", "trajectory", "still"),
        ("control video", "control video", "words"),
        ("loras", "LoRA", "still"),
    ],
)
def test_a_caller_can_name_what_a_checkpoint_follows_and_others_name_what_they_have(
    native: str, mechanism: str, start: Start
) -> None:
    loras = {"left": Lora("somewhere", move="truck_left")}
    card = replace(CARD, camera_native=native, loras=loras)
    # the trained condition goes before it where nothing is named
    named, _ = planned(Move("truck_left"), card=card, start=start, mechanism=mechanism)
    assert named.mechanism == mechanism and named.over is None
    assert named.to_json()["mechanism"] == mechanism
    wire = GenerateVideo(prompt="a", camera="pan left", mechanism=mechanism)
    assert wire.mechanism == mechanism
    with pytest.raises(BadRequest) as refused:
        planned(Move("truck_left"), mechanism=mechanism)
    assert refused.value.field == "mechanism"
    assert refused.value.allowed == [TRAINED, GUIDED, WORDS]


def test_a_mechanism_without_a_camera_is_refused() -> None:
    with pytest.raises(BadRequest) as refused:
        planned(mechanism=GUIDED)
    assert refused.value.field == "mechanism"


def test_a_model_that_needs_a_picture_tells_its_mechanisms_for_one() -> None:
    told = mechanisms_of(load_catalog().get("sana-wm"))
    assert told["orbit_left"][0] == told["zoom_in"][0] == "trajectory"


def test_a_move_that_the_prompt_names_is_no_warp_and_its_amount_is_told() -> None:
    unruly = measured(trained=0.1, guided=0.9)
    plan, notes = planned(Move("pan_left", amount=90), card=unruly, spoken="rewritten")
    assert plan.mechanism == TRAINED and plan.able == (TRAINED, WORDS) and plan.over is None
    assert plan.asked is not None and plan.asked.pan_deg == -90
    (change,) = notes.adjustments
    assert (change["field"], change["asked"]) == ("prompt", "pan_left 90")
    assert plan.prompt_moves[0].amount is not None and plan.prompt_moves[0].amount < 40


@pytest.mark.parametrize("moves", [("pan_left",), ("pan_left", "zoom_in"), ("follow",)])
def test_a_prompt_that_is_sent_as_it_is_moves_the_camera_by_words(moves: tuple[str, ...]) -> None:
    plan, notes = planned(*map(Move, moves), spoken="as it is")
    assert plan.mechanism == WORDS and plan.asked is not None
    (warning,) = notes.warnings
    assert warning["code"] == "camera_by_words" and ", ".join(moves) in warning["message"]


def test_a_prompt_that_holds_the_camera_needs_no_warning() -> None:
    plan, notes = planned(Move("static"), spoken="as it is")
    assert plan.mechanism == WORDS and not notes.warnings


def test_a_number_in_a_prompt_that_no_move_can_have_is_told_and_not_read() -> None:
    notes = Resolution()
    (move,) = moves_in("a red ball. The camera pans left 900 degrees.", notes)
    assert (move.move, move.amount) == ("pan_left", None)
    (warning,) = notes.warnings
    assert warning["code"] == "camera_amount_by_words" and "900" in warning["message"]
