"""The plan's schema and its refusals."""

from typing import Any

import pytest

from shotwright.generator.errors import BadRequest
from shotwright.prompts.shotplan import CameraMove, Shot, ShotPlan, parse_plan, plan_schema

SMALL = {
    "title": "A ball",
    "aspect_ratio": "9:16",
    "shots": [
        {"action": "A red ball rolls.", "duration_s": 2},
        {"action": "It stops.", "duration_s": 1.5},
    ],
}


def refused(data: dict[str, object]) -> BadRequest:
    with pytest.raises(BadRequest) as caught:
        parse_plan(data)
    assert caught.value.code == "invalid_plan"
    assert caught.value.fix
    return caught.value


def shot(**fields: object) -> dict[str, object]:
    return {"action": "A red ball rolls.", "duration_s": 2, **fields}


def test_a_small_plan_is_filled_in() -> None:
    plan = parse_plan(SMALL)
    assert [s.id for s in plan.shots] == ["S1-010", "S1-020"]
    assert [s.id for s in plan.scenes] == ["S1"]
    assert plan.language == "en"
    assert plan.shots[0].camera == []


def test_the_language_of_a_plan_is_that_of_its_shots() -> None:
    assert parse_plan({"shots": [shot(action="红色的球滚过山丘。")]}).language == "zh"


def test_given_ids_are_kept_and_never_given_twice() -> None:
    plan = parse_plan({"shots": [shot(id="S1-010"), shot(), shot(scene_id="B")]})
    assert [s.id for s in plan.shots] == ["S1-010", "S1-020", "B-010"]
    assert [s.id for s in plan.scenes] == ["S1", "B"]


def test_a_plan_survives_its_own_json() -> None:
    plan = parse_plan(SMALL)
    assert parse_plan(plan.model_dump(mode="json")) == plan


def test_every_problem_is_listed_at_once_with_its_place() -> None:
    error = refused(
        {
            "title": "x",
            "shots": [
                shot(duration_s=-1, colour="red"),
                shot(shot_size="huge", camera=[{"move": "spiral"}, {"move": "pan_left"}]),
                shot(scene_id="S9", continuity={"from_shot": "nowhere"}),
                shot(cast=[{"character_id": "mary"}], camera=[{"move": "zoom_in", "amount": 0.5}]),
            ],
            "scenes": [{"id": "S1", "location_id": "moon"}],
        }
    )
    for place in (
        "plan.shots[0].duration_s",
        "plan.shots[0].colour",
        "plan.shots[1].shot_size",
        "plan.shots[1].camera[0].move",
        "plan.shots[2].scene_id",
        "plan.shots[2].continuity.from_shot",
        "plan.shots[3].cast[0].character_id",
        "plan.shots[3].camera[0].amount",
        "plan.scenes[0].location_id",
    ):
        assert place in error.message
    assert "10 problems" in error.message or "9 problems" in error.message
    assert error.field == "plan"


def test_a_single_problem_names_its_field_value_and_choice() -> None:
    error = refused({"shots": [shot(), shot(continuity={"from_shot": "S1-030"}), shot()]})
    assert error.field == "plan.shots[1].continuity.from_shot"
    assert error.value == "S1-030"
    assert error.allowed == ["S1-010"]


@pytest.mark.parametrize(
    ("camera", "place"),
    [
        ([{"move": "pan_left"}] * 3, "camera"),
        ([{"move": "pan_left"}, {"move": "pan_right"}], "camera[1]"),
        ([{"move": "static"}, {"move": "zoom_in"}], "camera[1]"),
        ([{"move": "pan_left", "start": 0.6, "end": 0.4}], "camera[0].end"),
        ([{"move": "pan_left", "speed": "warp"}], "camera[0].speed"),
        ([{"move": "pan_left", "amount": "20"}], "camera[0].amount"),
    ],
)
def test_a_camera_that_contradicts_itself_is_refused(
    camera: list[dict[str, object]], place: str
) -> None:
    assert f"plan.shots[0].{place}" in refused({"shots": [shot(camera=camera)]}).message


def test_opposite_moves_one_after_another_are_fine() -> None:
    camera = [{"move": "pan_left", "end": 0.5}, {"move": "pan_right", "start": 0.5}]
    plan = parse_plan({"shots": [shot(camera=camera)]})
    assert [m.move for m in plan.shots[0].camera] == ["pan_left", "pan_right"]


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"shots": []},
        {"shots": "none"},
        {"shots": [None]},
        {"shots": [shot(id="a"), shot(id="a")]},
        {"shots": [shot(camera=5, cast={"a": 1}, continuity=[])]},
        {"shots": [shot(continuity={"mode": "extend_previous"})]},
        {"shots": [shot()], "scenes": [7], "characters": "x", "locations": None},
        {"shots": [shot(duration_s=float("nan"))]},
        {"shots": [shot(action="")]},
    ],
)
def test_broken_plans_are_refused_without_a_crash(data: dict[str, object]) -> None:
    assert refused(data).message.startswith("The plan has")


def test_a_wardrobe_key_must_be_in_the_characters_wardrobe() -> None:
    people = [{"id": "m", "name": "Mary", "wardrobe": {"home": "a blue apron"}}]
    cast = [{"character_id": "m", "wardrobe_key": "work"}]
    error = refused({"characters": people, "shots": [shot(cast=cast)]})
    assert error.allowed == ["home"]


def test_a_preset_is_a_move() -> None:
    plan = parse_plan({"shots": [shot(camera=[{"move": "dolly_zoom"}])]})
    assert plan.shots[0].camera[0].to_move().move == "dolly_zoom"


def test_moves_go_to_the_generator_and_back() -> None:
    move = CameraMove(move="zoom_in", amount=1.5, start=0.25, easing="ease_in")
    assert CameraMove.from_move(move.to_move()) == move


def test_the_schema_is_closed_and_names_the_moves() -> None:
    schema = plan_schema()
    assert schema["additionalProperties"] is False
    assert "whip_pan" in schema["$defs"]["CameraMove"]["properties"]["move"]["enum"]
    assert set(schema["required"]) == {"shots"}
    assert set(schema["$defs"]["Shot"]["required"]) == {"duration_s", "action"}


def test_a_plan_built_in_code_is_checked_as_well() -> None:
    plan = ShotPlan(shots=[Shot(action="A ball.", duration_s=2)])
    assert plan.shots[0].id == "S1-010"
    with pytest.raises(BadRequest, match="S1-020"):
        parse_plan(SMALL).shot("nothing")


@pytest.mark.parametrize(
    ("fields", "choice"),
    [
        ({"angle": "sideways"}, "eye_level"),
        ({"camera": [{"move": "spiral"}]}, "dolly_zoom"),
        ({"scene_id": "S1", "continuity": {"mode": "jump"}}, "match_action"),
    ],
)
def test_a_wrong_word_is_answered_with_the_right_ones(
    fields: dict[str, object], choice: str
) -> None:
    assert choice in refused({"shots": [shot(**fields)]}).allowed


def test_every_refusal_says_what_is_allowed() -> None:
    assert "at least 1 item" in refused({"shots": []}).allowed
    assert refused({"shots": [shot(colour="red")]}).allowed == "no such field; leave it out"
    two = refused({"shots": [shot(colour="red", look=1)]})
    assert set(two.allowed) == set(two.value) and len(two.allowed) == 2


@pytest.mark.parametrize(
    ("shot", "field"),
    [
        ({"action": "   "}, "plan.shots[0].action"),
        ({"id": "../x"}, "plan.shots[0].id"),
        ({"id": "  "}, "plan.shots[0].id"),
        (
            {"dialogue": [{"character_id": "m", "text": ""}]},
            "plan.shots[0].dialogue[0].text",
        ),
        ({"camera": [{"move": "dolly_in", "amount": 0.6}] * 2}, "plan.shots[0].camera"),
    ],
)
def test_what_could_not_be_rendered_is_refused(shot: dict[str, Any], field: str) -> None:
    whole = {"action": "A dog runs.", "duration_s": 2.0, **shot}
    with pytest.raises(BadRequest) as refused:
        parse_plan({"characters": [{"id": "m", "name": "M"}], "shots": [whole]})
    assert refused.value.field == field
