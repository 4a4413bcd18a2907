"""From a plan to panels: what an animatic's shot shows and how long, without any model."""
# ruff: noqa: RUF001  (Chinese punctuation is meant)

from typing import Any

import anyio
import pytest

from shotwright.prompts.shotplan import ShotPlan, parse_plan
from shotwright.tools.studio.clips import ClipPlan, effective
from shotwright.tools.studio.panels import (
    animated,
    board_of,
    camera_of,
    is_indoors,
    palette_of,
    plan_panel,
    unreadable,
)
from shotwright.tools.studio.studio import Studio
from shotwright.tools.studio.wire import MakeFilm

SHOT: dict[str, Any] = {"id": "S1-010", "action": "安娜走进厨房。", "duration_s": 2.0}


def plan_of(**fields: Any) -> ShotPlan:
    anna = {"id": "anna", "name": "安娜"}
    kitchen = {"id": "kitchen", "name": "厨房", "int_ext": "INT"}
    scene = {"id": "S1", "location_id": "kitchen", "time_of_day": "夜"}
    rest = {"characters": [anna], "locations": [kitchen], "scenes": [scene]}
    return parse_plan({"shots": [{**SHOT, **fields.pop("shot", {})}], **rest, **fields})


def panel(studio: Studio, plan: ShotPlan, handle: int = 0, **asked: Any) -> ClipPlan:
    a = MakeFilm(quality="animatic", **asked)

    async def run() -> ClipPlan:
        shot = plan.shots[0]
        return await plan_panel(studio, a, {}, plan, shot, seed=1, image=None, handle=handle)

    return anyio.run(run)


def test_a_board_holds_the_shot_in_the_plan_s_own_words() -> None:
    shot = {
        "shot_size": "close_up",
        "angle": "low",
        "camera": [{"move": "dolly_in", "amount": 0.3}],
        "cast": [{"character_id": "anna", "position": "左侧"}],
        "dialogue": [{"character_id": "anna", "text": "谁？", "delivery": "off_screen"}],
        "props": ["水壶"],
    }
    plan = plan_of(shot=shot)
    board = board_of(plan, plan.shots[0], 2.0)
    assert board["action"] == SHOT["action"] and board["number"] == "S1-010"
    assert board["dialogue"] == ["安娜 (O.S.): 谁？"]
    assert board["facts"] == "CLOSE UP · low · dolly in 0.3 · 2 s"
    assert (board["palette"], board["place"]) == ("inside night", "厨房")
    assert board["figures"][0] == {"name": "安娜", "x": -0.5, "thing": False}
    assert board["figures"][1]["thing"]


@pytest.mark.parametrize(
    ("time", "inside", "palette"),
    [
        ("NIGHT", False, "night"),
        ("黄昏", False, "dusk"),
        ("at sunrise", False, "dawn"),
        ("", False, "day"),
        ("夜", True, "inside night"),
        ("day", True, "inside"),
    ],
)
def test_the_time_of_day_picks_the_colours(time: str, inside: bool, palette: str) -> None:
    assert palette_of(time, inside=inside) == palette


@pytest.mark.parametrize("fps", [8.0, 16.0, 24.0, None])
def test_a_panel_lasts_as_long_as_its_shot_and_its_handle_more(
    studio: Studio, fps: float | None
) -> None:
    plan = plan_of(fps=fps, shot={"duration_s": 2.5})
    rate = round(fps or studio.catalog.default.fps)
    assert effective(panel(studio, plan).parts[0])["frames"] == round(2.5 * rate)
    assert effective(panel(studio, plan, handle=4).parts[0])["frames"] == round(2.5 * rate) + 4


@pytest.mark.parametrize("ratio", ["16:9", "9:16", "1:1", "4:3", "3:4", "21:9"])
@pytest.mark.parametrize("seconds", [0.05, 15.0])
def test_shapes_and_lengths_that_no_model_has_are_drawn(
    studio: Studio, ratio: str, seconds: float
) -> None:
    plan = plan_of(aspect_ratio=ratio, shot={"duration_s": seconds})
    facts = effective(panel(studio, plan).parts[0])
    wide, high = map(int, ratio.split(":"))
    assert facts["width"] / facts["height"] == pytest.approx(wide / high, rel=0.01)
    assert facts["frames"] >= 1 and facts["model"] == "animatic"


def test_frames_a_second_that_are_not_whole_are_rounded_and_said(studio: Studio) -> None:
    for asked, used in ((23.976, 24), (120.0, 30)):
        told = panel(studio, plan_of(fps=asked)).notes.adjustments[0]
        assert {"field": "fps", "asked": asked, "used": used}.items() <= told.items()


def test_a_lens_decides_the_field_of_view() -> None:
    plan = plan_of(shot={"lens_mm": 35.0})
    card = _card()
    assert camera_of(card, plan.shots[0], 9, 0)["hfov_deg"] == pytest.approx(54.4, abs=0.1)
    assert camera_of(card, plan_of().shots[0], 9, 0)["hfov_deg"] == card.hfov_deg


def test_whose_back_frames_the_picture_is_not_drawn_beside_it() -> None:
    plan = parse_plan(
        {
            "characters": [{"id": "a", "name": "Anna"}, {"id": "b", "name": "Ben"}],
            "shots": [
                {
                    "action": "Ben speaks.",
                    "duration_s": 2,
                    "framing": "over_the_shoulder",
                    "cast": [
                        {"character_id": "b", "position": "right of frame"},
                        {"character_id": "a", "position": "left, in the foreground, from behind"},
                    ],
                }
            ],
        }
    )
    board = board_of(plan, plan.shots[0], 2.0)
    assert board["over_shoulder"]
    assert [figure["name"] for figure in board["figures"]] == ["Ben"]


def test_a_panel_becomes_frames_and_names_letters_that_it_cannot_draw(studio: Studio) -> None:
    plan = plan_of(shot={"camera": [{"move": "pan_right", "amount": 20.0}], "duration_s": 0.5})
    part = panel(studio, plan).parts[0]
    drawn = animated(part, lambda key: pytest.fail("no picture was given"))
    spec = part["segments"][0]["spec"]
    assert drawn.shown.shape == (spec["frames"], spec["height"], spec["width"], 3)
    assert part["camera"]["asked"]["pan_deg"] == 20 and unreadable(part) == []
    part["panel"]["action"] = "a 😀"
    assert "😀" in unreadable(part)[0]["message"]


def _card() -> Any:
    from shotwright.generator.catalog import load_catalog

    return load_catalog().default


@pytest.mark.parametrize(
    ("place", "action", "inside"),
    [
        ("the kitchen", "She looks up at the street.", True),
        ("S1", "一个女人在厨房里煮咖啡。", True),
        ("S1", "He lifts the cup.", False),
        ("the kitchen", "Outside the kitchen, snow falls.", False),
        ("the beach", "A dog runs past the bar.", False),
    ],
)
def test_a_room_named_in_prose_is_drawn_indoors(place: str, action: str, inside: bool) -> None:
    assert is_indoors(place, action) == inside
