"""The camera's mechanism: what the model was trained on where that serves, else a warp, else words; always said."""

import pytest

from shotwright.generator.camera import Move
from shotwright.generator.catalog import load_catalog
from shotwright.tools.studio.resolve import CameraPlan, Resolution, plan_camera

CARD = load_catalog().default


def planned(move: Move, *, still: bool = False, segments: int = 1) -> tuple[CameraPlan, Resolution]:
    notes = Resolution()
    plan = plan_camera(CARD, [move], frames=17, still=still, segments=segments, notes=notes)
    return plan, notes


@pytest.mark.parametrize("move", CARD.camera_trained)
def test_every_trained_move_is_asked_by_the_trained_condition(move: str) -> None:
    plan, notes = planned(Move(move))
    assert plan.mechanism == "trained condition" and not notes.adjustments and not notes.warnings


@pytest.mark.parametrize(("asked", "used"), [(9.0, 10.0), (15.0, 20.0), (25.0, 20.0), (50.0, 32.0)])
def test_an_amount_becomes_the_nearest_that_the_model_has_a_word_for_and_is_named(
    asked: float, used: float
) -> None:
    plan, notes = planned(Move("pan_left", amount=asked))
    assert plan.prompt_moves[0].amount == pytest.approx(used)
    assert notes.adjustments[0]["field"] == "camera[0].amount"
    assert (notes.adjustments[0]["asked"], notes.adjustments[0]["used"]) == (asked, used)
    assert plan.asked is not None and plan.asked.pan_deg == pytest.approx(-asked)


def test_from_a_start_picture_an_amount_that_no_word_names_is_warped() -> None:
    assert planned(Move("pan_left", amount=50.0), still=True)[0].mechanism == "guided warp"
    assert planned(Move("pan_left", amount=32.0), still=True)[0].mechanism == "trained condition"


def test_a_move_that_the_model_does_not_know_is_only_put_into_words_and_says_so() -> None:
    plan, notes = planned(Move("crane_up"))
    assert plan.mechanism == "words"
    assert [w["code"] for w in notes.warnings] == ["camera_by_words"]
