"""make_film: words or a plan become a film; of a changed film only what changed is rendered again."""

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from shotwright.generator.encode import probe, read_video
from shotwright.generator.errors import BadRequest
from shotwright.tools.studio.shown import Shown
from shotwright.tools.studio.slates import read_slate
from shotwright.tools.studio.studio import Studio

Ask = Callable[..., Shown]
SECOND = 1.125
"""The shortest shot of the embedded model."""


@pytest.fixture
def cut(crewed: Studio, film: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The film of all tests, to be changed: afterwards its record is what it was."""
    record = crewed.store.read_record("films", film["film_id"])
    yield film
    crewed.store.write_record("films", film["film_id"], record)


def finished(shown: Shown) -> dict[str, Any]:
    job = shown.data
    assert job["state"] == "succeeded", job["error"]
    result: dict[str, Any] = job["result"]
    return result


def takes_of(film: dict[str, Any]) -> list[list[str]]:
    return [shot["takes"] for shot in film["shots"]]


def test_a_script_becomes_a_film_with_a_sheet_and_a_link(ask: Ask) -> None:
    heard: list[str] = []

    async def report(progress: float, message: str) -> None:
        heard.append(message)

    script = "A red ball rests in the hills. A blue car rests in the city at night."
    shown = ask(
        "make_film", report, script=script, quality="draft", aspect_ratio="1:1", seed=1, wait_s=50
    )
    film = finished(shown)
    assert set(film) >= {"film_id", "path", "url", "resource_uri", "duration_s", "plan", "takes"}
    info = probe(Path(film["path"]))
    assert info.frames / 8 == film["duration_s"] == sum(t["duration_s"] for t in film["takes"])
    assert film["writer"] == "director" and len(film["takes"]) == len(film["plan"]["shots"]) == 2
    assert [covered["shot"] for covered in film["coverage"]] == [
        shot["shot"] for shot in film["shots"]
    ]
    (sheet,) = shown.pictures
    assert len(sheet) < 200_000 and Image.open(io.BytesIO(sheet)).format == "JPEG"
    (link,) = shown.links
    assert link.uri == film["resource_uri"] and link.size == Path(film["path"]).stat().st_size
    assert any(message.startswith("shot 2 of 2: denoising") for message in heard)


def test_a_plan_of_the_callers_is_filmed_in_its_order(film: dict[str, Any], crewed: Studio) -> None:
    assert film["writer"] == "caller"
    assert [shot["shot"] for shot in film["shots"]] == ["A", "B"]
    assert all(len(takes) == 2 for takes in takes_of(film))
    assert "trainedAlgorithmicMedia" in str(probe(Path(film["path"])).metadata)
    slate = read_slate(crewed.store, film["takes"][0]["take_id"])
    assert slate.film_id == film["film_id"] and slate.verb == "make_film"


def test_a_dry_run_shows_plan_and_cost_and_makes_nothing(ask: Ask, crewed: Studio) -> None:
    before = crewed.store.list_records("films")
    answer = ask("make_film", script="A red ball. A blue car.", takes=2, dry_run=True).data
    assert set(answer) == {"effective", "adjustments", "warnings", "expected_s", "expected_bytes"}
    assert len(answer["effective"]["plan"]["shots"]) == 2 and answer["effective"]["renders"] == 4
    assert crewed.store.list_records("films") == before


def test_a_shot_goes_on_where_the_one_before_ended(ask: Ask, crewed: Studio) -> None:
    def shot(name: str, mode: str) -> dict[str, Any]:
        shown = {"action": f"a red ball {name}", "duration_s": SECOND}
        return {**shown, "id": name, "continuity": {"mode": mode}}

    shots = [
        shot("rests", "cut"),
        shot("rolls", "extend_previous"),
        shot("jumps", "first_frame_from_previous_last"),
    ]
    plan = {"aspect_ratio": "1:1", "shots": shots}
    film = finished(ask("make_film", plan=plan, quality="draft", seed=1))
    first, second, third = film["takes"]
    slates = {t["take_id"]: read_slate(crewed.store, t["take_id"]) for t in film["takes"]}
    assert slates[second["take_id"]].parents == (first["take_id"],)
    assert slates[third["take_id"]].parents == (second["take_id"],)
    assert [take["frames"] for take in film["takes"]] == [9, 8, 9], "as long as asked"
    ended = read_video(Path(second["path"]), max_frames=99, max_pixels=1 << 20).frames[-1]
    begun = read_video(Path(third["path"]), max_frames=99, max_pixels=1 << 20).frames[0]
    assert np.abs(ended.astype(int) - begun).mean() < 25

    edits = [{"shot": "rests", "op": "reshoot", "seed": 9}]
    again = ask("make_film", film_id=film["film_id"], edits=edits, dry_run=True).data
    assert again["effective"]["renders"] == 3, "what continues from a changed shot changes with it"
    edits = [{"shot": "jumps", "op": "reshoot", "seed": 9}]
    again = ask("make_film", film_id=film["film_id"], edits=edits, dry_run=True).data
    assert again["effective"]["renders"] == 1


def test_a_reshoot_renders_that_shot_and_no_other(
    ask: Ask, crewed: Studio, cut: dict[str, Any]
) -> None:
    before = set(crewed.store.list_records("takes"))
    edits = [{"shot": "B", "op": "reshoot", "seed": 77}]
    new = finished(ask("make_film", film_id=cut["film_id"], edits=edits))
    made = set(crewed.store.list_records("takes")) - before
    assert new["film_id"] == cut["film_id"]
    assert set(takes_of(new)[1]) == made and len(made) == 2, "two takes, as before"
    assert takes_of(new)[0] == takes_of(cut)[0]
    assert new["takes"][1]["seed"] in (77, 78)


def test_choosing_trimming_and_moving_render_nothing(
    ask: Ask, crewed: Studio, cut: dict[str, Any]
) -> None:
    other = next(t for t in cut["shots"][0]["takes"] if t != cut["shots"][0]["chosen"])
    before = crewed.store.list_records("takes")
    edits = [
        {"shot": "A", "op": "choose", "take_id": other},
        {"shot": "A", "op": "trim", "start_s": 0.25, "end_s": 0.75},
        {"shot": "B", "op": "move", "to": 1},
    ]
    new = finished(ask("make_film", film_id=cut["film_id"], edits=edits))
    assert crewed.store.list_records("takes") == before
    assert [shot["shot"] for shot in new["shots"]] == ["B", "A"]
    assert new["takes"][1]["take_id"] == other
    assert new["duration_s"] == SECOND + 0.5 == probe(Path(new["path"])).frames / 8


def test_a_shot_that_is_continued_is_shown_in_the_take_that_the_next_goes_on_from(
    ask: Ask,
) -> None:
    shots: list[dict[str, Any]] = [
        {"id": "A", "action": "a red ball rests", "duration_s": SECOND},
        {
            "id": "B",
            "action": "a red ball rolls",
            "duration_s": SECOND,
            "continuity": {"mode": "first_frame_from_previous_last"},
        },
    ]
    asked = {"plan": {"aspect_ratio": "1:1", "shots": shots}, "quality": "draft", "seed": 1}
    film = finished(ask("make_film", **asked, takes=2))
    first, second = takes_of(film)[0]
    assert film["shots"][0]["chosen"] == first
    edits = [{"shot": "A", "op": "choose", "take_id": second}]
    plan = ask("make_film", film_id=film["film_id"], edits=edits, dry_run=True).data
    assert plan["effective"]["renders"] == 2, "the other take is gone on from anew"


def test_another_action_or_look_renders_what_it_touches(ask: Ask, film: dict[str, Any]) -> None:
    def renders(**change: Any) -> int:
        plan = ask("make_film", film_id=film["film_id"], dry_run=True, **change).data
        found: int = plan["effective"]["renders"]
        return found

    assert renders(edits=[{"shot": "A", "op": "replace", "action": "a green boat rests"}]) == 2
    assert renders(quality="standard") == 4
    assert renders(edits=[{"shot": "A", "op": "move", "to": 1}]) == 0


def test_pictures_are_bound_in_order_and_those_left_over_are_reported(
    ask: Ask, picture: str, still: str
) -> None:
    asked = {"script": "A red ball. A blue car.", "images": [still, picture, picture]}
    answer = ask("make_film", **asked, aspect_ratio="1:1", dry_run=True).data
    assert [shot["image"] for shot in answer["effective"]["shots"]] == [still, picture]
    assert "unused_image" in {warning["code"] for warning in answer["warnings"]}
    assert "image" in {change["field"] for change in answer["adjustments"]}


def test_an_animatic_moves_one_picture_a_shot(ask: Ask) -> None:
    plan = {
        "aspect_ratio": "1:1",
        "shots": [{"action": "a red ball", "duration_s": SECOND, "camera": [{"move": "zoom_in"}]}],
    }
    film = finished(ask("make_film", plan=plan, quality="animatic", takes=3, seed=1))
    (take,) = film["takes"]
    assert take["frames"] == 9 and take["camera"]["measured"]["zoom_ratio"] > 1.1
    assert take["timings"]["render_s"] < 3


@pytest.mark.parametrize(
    ("edit", "field"),
    [
        ({"shot": "Z", "op": "reshoot"}, "edits[0].shot"),
        ({"shot": "A", "op": "replace"}, "edits[0].action"),
        ({"shot": "A", "op": "replace", "action": " "}, "edits[0].action"),
        ({"shot": "A", "op": "move"}, "edits[0].to"),
        ({"shot": "A", "op": "move", "to": 3}, "edits[0].to"),
        ({"shot": "A", "op": "trim", "start_s": 9}, "edits[0].start_s"),
        ({"shot": "A", "op": "trim", "start_s": 0.5, "end_s": 0.5}, "edits[0].end_s"),
        ({"shot": "A", "op": "trim", "end_s": 9}, "edits[0].end_s"),
        ({"shot": "A", "op": "choose"}, "edits[0].take_id"),
        ({"shot": "A", "op": "choose", "take_id": "take_nothing"}, "edits[0].take_id"),
        (None, "edits"),
    ],
)
def test_an_edit_that_cannot_be_made_is_refused(
    ask: Ask, crewed: Studio, film: dict[str, Any], edit: dict[str, Any] | None, field: str
) -> None:
    before = crewed.store.read_record("films", film["film_id"])
    with pytest.raises(BadRequest) as caught:
        ask("make_film", film_id=film["film_id"], edits=[] if edit is None else [edit])
    error = caught.value
    assert error.field == field and error.allowed is not None and error.fix
    assert crewed.store.read_record("films", film["film_id"]) == before
