"""make_film: words or a plan become a film; of a changed film only what changed is rendered again."""

import io
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import anyio
import numpy as np
import pytest
from PIL import Image

from shotwright.generator.encode import probe, read_video
from shotwright.generator.errors import BadRequest, NotFound
from shotwright.tools import verbs
from shotwright.tools.studio.chains import chains_of
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
    shown = ask("make_film", report, script=script, quality="draft", aspect_ratio="1:1", seed=1)
    film = finished(shown)
    assert film["report"]["lines"] == 2 and film["report"]["without_shot"] == []
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
    assert any(m.startswith("shot 2 of 2: ") and "denoising" in m for m in heard)

    def renders(**change: Any) -> int:  # of its plan, sent back with the director's descriptions
        plan = {**film["plan"], "shots": [{**shot, **change} for shot in film["plan"]["shots"]]}
        told = ask("make_film", film_id=film["film_id"], plan=plan, dry_run=True).data
        found: int = told["effective"]["renders"]
        return found

    assert renders() == 0 and renders(duration_s=3) == 2
    assert renders(first_frame="a red ball in the hills") == 4, "drawn before their shots"


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
    assert answer["effective"]["report"]["lines"] == 2
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


def _called(studio: Studio, asked: dict[str, Any]) -> Shown:
    """Without a worker."""

    async def run() -> Shown:
        return await verbs.call(studio, "make_film", asked)

    return anyio.run(run)


def test_a_seed_changed_in_the_plan_renders_that_shot_anew(studio: Studio) -> None:
    shots = [{"id": name, "action": "a red ball", "duration_s": SECOND, "seed": 5} for name in "AB"]
    plan = {"aspect_ratio": "1:1", "shots": shots}

    def planned(**asked: Any) -> dict[str, Any]:
        asked = {"plan": plan, "quality": "draft", "dry_run": True, **asked}
        effective: dict[str, Any] = _called(studio, asked).data["effective"]
        return effective

    first = planned()
    kept = [{**shot, "takes": [f"take_{shot['shot'].lower()}"]} for shot in first["shots"]]
    for shot in kept:
        studio.store.write_record("takes", shot["takes"][0], {})
    names = ("plan", "writer", "coverage")
    record = {"look": {"quality": "draft"}, "shots": kept, **{n: first[n] for n in names}}
    studio.store.write_record("films", "film_1", record)
    assert planned(film_id="film_1")["renders"] == 0
    shots[1]["seed"] = 6
    changed = planned(film_id="film_1")
    assert (changed["renders"], changed["shots"][1]["seed"]) == (1, 6)
    edits = [{"shot": "B", "op": "reshoot", "seed": 7}]
    assert planned(film_id="film_1", edits=edits)["shots"][1]["seed"] == 7
    kept[1]["seed"] = 7  # as the reshoot left it
    studio.store.write_record("films", "film_1", {**record, "plan": changed["plan"]})
    assert planned(film_id="film_1")["shots"][1]["seed"] == 7, "the same plan again changes nothing"


def test_a_plans_seed_is_one_that_a_clip_can_have(studio: Studio) -> None:
    shots = [{"action": "a red ball", "duration_s": SECOND, "seed": 2**32}]
    asked = {"plan": {"shots": shots}, "dry_run": True}
    with pytest.raises(BadRequest) as refused:
        _called(studio, asked)
    assert (refused.value.code, refused.value.field) == ("invalid_plan", "plan.shots[0].seed")


def test_a_reshoot_renders_that_shot_and_no_other(
    ask: Ask, crewed: Studio, cut: dict[str, Any]
) -> None:
    before = set(crewed.store.list_records("takes"))
    edits = [{"shot": "B", "op": "reshoot", "seed": 77}]
    new = finished(ask("make_film", film_id=cut["film_id"], edits=edits))
    made = set(crewed.store.list_records("takes")) - before
    assert new["film_id"] == cut["film_id"]
    shot = new["shots"][1]
    assert set(shot["takes"][:2]) == made and len(made) == 2, "two takes, as before"
    assert shot["chosen"] in made
    assert shot["takes"][2:] == takes_of(cut)[1], "the takes before can still be chosen"
    assert takes_of(new)[0] == takes_of(cut)[0]
    assert new["takes"][1]["seed"] in (77, 78)
    back = [{"shot": "B", "op": "choose", "take_id": cut["shots"][1]["chosen"]}]
    again = ask("make_film", film_id=cut["film_id"], edits=back, dry_run=True).data["effective"]
    assert again["renders"] == 0 and again["shots"][1]["chosen"] == cut["shots"][1]["chosen"]
    restyled = ask("make_film", film_id=cut["film_id"], edits=edits, style="oil", dry_run=True).data
    assert restyled["effective"]["shots"][1]["earlier"] == [], "of another look none can"


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

    def warned(**change: Any) -> list[str]:
        plan = ask("make_film", film_id=film["film_id"], dry_run=True, **change).data
        return [warning["code"] for warning in plan["warnings"]]

    assert "seed_of_new_shots" in warned(quality="standard", seed=9), "they keep their seeds"
    assert "seed_of_new_shots" not in warned(quality="standard")


def test_pictures_are_bound_in_order_and_those_left_over_are_reported(
    ask: Ask, picture: str, still: str
) -> None:
    asked = {"script": "A red ball. A blue car.", "images": [still, picture, picture]}
    answer = ask("make_film", **asked, aspect_ratio="1:1", dry_run=True).data
    assert [shot["image"] for shot in answer["effective"]["shots"]] == [still, picture]
    assert "unused_image" in {warning["code"] for warning in answer["warnings"]}
    assert "image" in {change["field"] for change in answer["adjustments"]}


def test_a_plan_names_pictures_as_first_and_last_frames(ask: Ask, still: str) -> None:
    shot = {"id": "A", "action": "a red ball rests in the hills", "duration_s": 1.125}
    framed = {**shot, "first_frame": still, "last_frame": still}
    plan = {"title": "One", "aspect_ratio": "1:1", "shots": [framed]}
    film = finished(ask("make_film", plan=plan, quality="draft", seed=3))
    (take,) = film["takes"]
    assert take["endpoints"]["first"]["pass"] and take["endpoints"]["last"]["pass"]
    gone = {**framed, "first_frame": "take_00000000000000000000"}
    with pytest.raises(NotFound) as missing:
        ask("make_film", plan={**plan, "shots": [gone]}, dry_run=True)
    assert "take_00000000000000000000" in missing.value.message


def test_pictures_of_a_brief_begin_the_shots_that_show_the_product(
    ask: Ask, picture: str, still: str
) -> None:
    brief = {"product": "a red kettle", "selling_points": ["boils in two minutes", "cool handle"]}
    answer = ask("make_film", brief=brief, images=[picture, still, picture], dry_run=True).data
    shots = answer["effective"]["plan"]["shots"]
    images = [shot["image"] for shot in answer["effective"]["shots"]]
    for shot, image in zip(shots, images, strict=True):
        named = [text.lower() for text in (*shot["props"], shot["action"])]
        assert image is None or any("a red kettle" in text for text in named)
    assert images[:3] == [None, None, picture], "not the hook, and not the shot without it"
    assert [w["code"] for w in answer["warnings"]].count("image_bound") == 3


def test_style_and_shape_asked_beside_a_plan_are_its_own(ask: Ask, film: dict[str, Any]) -> None:
    look = {"style": "watercolour", "aspect_ratio": "4:3"}
    plan = {"style": "noir", "aspect_ratio": "1:1", "shots": [{"action": "x", "duration_s": 2.0}]}
    for asked in ({"plan": plan}, {"film_id": film["film_id"]}):
        made = ask("make_film", **asked, **look, dry_run=True).data["effective"]["plan"]
        assert {name: made[name] for name in look} == look
    made = ask("make_film", plan=plan, film_id=film["film_id"], dry_run=True).data["effective"]
    assert (made["plan"]["style"], made["plan"]["aspect_ratio"]) == ("noir", "1:1")


ANIMATIC: dict[str, Any] = {
    "title": "River",
    "aspect_ratio": "21:9",
    "fps": 12.0,
    "characters": [{"id": "anna", "name": "安娜"}],
    "shots": [
        {
            "id": "A",
            "action": "安娜沿着河边走。",
            "duration_s": 0.4,
            "camera": [{"move": "zoom_in", "amount": 1.5}],
            "transition_in": "fade",
        },
        {
            "id": "B",
            "action": "She stops.",
            "duration_s": 1.5,
            "transition_in": "dissolve",
            "dialogue": [{"character_id": "anna", "text": "谁在那里"}],
        },
    ],
}


def test_an_animatic_is_drawn_without_a_model_and_lasts_as_planned(
    ask: Ask, crewed: Studio
) -> None:
    film = finished(ask("make_film", plan=ANIMATIC, quality="animatic", takes=3, seed=1))
    info = probe(Path(film["path"]))
    assert (info.width, info.height, int(info.fps)) == (784, 336, 12)
    assert info.frames == 5 + 18 and film["duration_s"] == pytest.approx(23 / 12)
    one, two = film["takes"]
    assert one["model"] == "animatic" and "load_s" not in one["timings"]
    assert one["frames"] == 5 + 6, "the shot and its handle for the dissolve"
    assert one["camera"]["measured"]["zoom_ratio"] == pytest.approx(1.5, rel=0.1)
    assert two["camera"]["asked"] is None
    cuts = [shot["cut"] for shot in film["shots"]]
    assert [(cut["transition"], cut["at_frame"]) for cut in cuts] == [("fade", 0), ("dissolve", 5)]
    first = read_video(Path(film["path"]), max_frames=99, max_pixels=1 << 20).frames
    assert first[0].mean() < 0.6 * first[4].mean(), "it fades in"
    for shown in (film, one, two):
        for name in ("poster", "sheet"):
            assert Path(shown[name]).read_bytes()[:3] == b"\xff\xd8\xff", "a JPEG"
    assert "trainedAlgorithmicMedia" in info.metadata["DigitalSourceType"]


def test_the_same_animatic_is_the_same_file_and_a_change_draws_only_its_shot(ask: Ask) -> None:
    asked = {"plan": ANIMATIC, "quality": "animatic", "seed": 2}
    film = finished(ask("make_film", **asked))
    assert finished(ask("make_film", **asked))["path"] == film["path"]
    edits: list[dict[str, Any]] = [{"shot": "B", "op": "replace", "action": "She runs."}]
    plan = ask("make_film", film_id=film["film_id"], edits=edits, dry_run=True).data
    assert plan["effective"]["renders"] == 1
    edits = [{"shot": "A", "op": "move", "to": 2}]
    moved = finished(ask("make_film", film_id=film["film_id"], edits=edits))
    assert [shot["shot"] for shot in moved["shots"]] == ["B", "A"]
    assert sorted(take["take_id"] for take in moved["takes"]) == sorted(
        take["take_id"] for take in film["takes"]
    ), "moving draws nothing anew"
    assert "transition_dropped" in {warning["code"] for warning in moved["warnings"]}
    assert moved["duration_s"] == film["duration_s"]


def test_another_action_is_directed_anew_and_measured_again(ask: Ask) -> None:
    shot = ANIMATIC["shots"][1] | {"first_frame": "Anna stands", "last_frame": "Anna sits"}
    shot |= {"camera": [{"move": "zoom_in"}], "shot_size": "close_up", "props": ["a hat"]}
    plan = ANIMATIC | {"shots": [ANIMATIC["shots"][0], shot]}
    script = "安娜沿着河边走。\nShe stops."
    film = finished(ask("make_film", plan=plan, script=script, quality="animatic", seed=4))
    assert film["report"]["without_shot"] == []
    action = 'Ben walks in and says "Hello." The camera pans left.'
    edits = [{"shot": "B", "op": "replace", "action": action}]
    told = ask("make_film", film_id=film["film_id"], edits=edits, dry_run=True).data
    new = told["effective"]["plan"]["shots"][1]
    names = {c["id"]: c["name"] for c in told["effective"]["plan"]["characters"]}
    assert [(names[d["character_id"]], d["text"]) for d in new["dialogue"]] == [("Ben", "Hello.")]
    assert [names[c["character_id"]] for c in new["cast"]] == ["Ben"]
    assert [move["move"] for move in new["camera"]] == ["pan_left"] and new["props"] != ["a hat"]
    assert new["first_frame"] != "Anna stands" and new["last_frame"] is None
    assert new["source"] == action and "Ben walks in" in new["action"]
    for kept in ("id", "scene_id", "duration_s", "transition_in"):
        assert new[kept] == film["plan"]["shots"][1][kept]
    (lost,) = told["effective"]["report"]["without_shot"]
    assert lost["text"] == "She stops."
    assert [w["code"] for w in told["warnings"]].count("line_without_shot") == 1


def test_a_move_that_a_shot_cannot_follow_names_its_edit(ask: Ask) -> None:
    follows = {"continuity": {"mode": "same_setup", "from_shot": "A"}}
    shots = [ANIMATIC["shots"][0], ANIMATIC["shots"][1] | follows]
    film = finished(ask("make_film", plan=ANIMATIC | {"shots": shots}, quality="animatic", seed=5))
    edits = [{"shot": "B", "op": "move", "to": 1}]
    with pytest.raises(BadRequest) as caught:
        ask("make_film", film_id=film["film_id"], edits=edits)
    assert (caught.value.field, caught.value.value) == ("edits[0].to", 1)
    assert caught.value.allowed == [2]


def test_a_move_that_an_animatic_cannot_make_names_its_shot(ask: Ask) -> None:
    camera = [{"move": "dolly_in", "amount": 0.9}, {"move": "dolly_in", "amount": 0.9}]
    shots: list[dict[str, Any]] = [
        {"action": "a", "duration_s": 1.0},
        {"action": "b", "duration_s": 1.0},
    ]
    shots[1]["camera"] = camera
    with pytest.raises(BadRequest) as caught:
        ask("make_film", plan={"shots": shots}, quality="animatic")
    assert caught.value.field == "plan.shots[1].camera"


def test_an_animatic_takes_the_pictures_it_is_given(ask: Ask, picture: str) -> None:
    plan = {"shots": [{"action": "tiles", "duration_s": 0.5}], "fps": 8.0}
    film = finished(ask("make_film", plan=plan, quality="animatic", images=[picture], seed=1))
    (take,) = film["takes"]
    assert take["endpoints"]["first"]["pass"], "its first frame is the picture"


def test_drawing_a_panel_loads_no_model() -> None:
    code = (
        "import sys; from shotwright.generator.animatic import animate;"
        "from shotwright.generator.boards import Board; from shotwright.generator.camera import path;"
        "import shotwright.tools.studio.films, shotwright.tools.studio.panels;"
        "animate(Board('1', 'x'), path([], 2), width=64, height=36, hfov_deg=50);"
        "assert not {'torch', 'diffusers', 'transformers', 'langchain'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_label_at_the_start_is_on_the_film_s_first_two_seconds(ask: Ask) -> None:
    asked = {"plan": ANIMATIC, "quality": "animatic", "seed": 3}
    film = finished(ask("make_film", **asked, label="start"))
    checked = ask("check_video", video=film["film_id"]).data["provenance"]
    assert checked["visible_label"] in ("start", "always") and "visible_label" in checked["holds"]
    assert checked["broken"] == []


def test_a_dissolve_is_rendered_with_a_handle_and_leaves_the_length_alone(
    ask: Ask, crewed: Studio
) -> None:
    shots: list[dict[str, Any]] = [
        {"id": "A", "action": "a red ball rests in the hills", "duration_s": SECOND},
        {
            "id": "B",
            "action": "a blue car rests",
            "duration_s": SECOND,
            "transition_in": "dissolve",
        },
    ]
    plan = {"aspect_ratio": "1:1", "shots": shots}
    film = finished(ask("make_film", plan=plan, quality="draft", seed=1))
    assert [take["frames"] for take in film["takes"]] == [13, 9]
    assert film["duration_s"] == 2 * SECOND == probe(Path(film["path"])).frames / 8
    shots[1]["transition_in"] = "cut"
    again = ask("make_film", film_id=film["film_id"], plan=plan, dry_run=True).data
    assert again["effective"]["renders"] == 0, "a handle that is not needed any more does no harm"


def test_described_first_and_last_frames_are_drawn_before_the_shot(ask: Ask) -> None:
    shot: dict[str, Any] = {"id": "A", "action": "a red ball rolls", "duration_s": SECOND}
    shot |= {"first_frame": "a red ball in the hills", "last_frame": "a red ball in the city"}
    plan = {"aspect_ratio": "1:1", "shots": [shot]}
    film = finished(ask("make_film", plan=plan, quality="draft", takes=2, seed=1))
    (entry,) = film["shots"]
    keyframes = [entry["keyframes"][name]["take_id"] for name in ("first", "last")]
    assert len(entry["takes"]) == 2 and not set(keyframes) & set(entry["takes"])
    edits = [{"shot": "A", "op": "replace", "action": "a red ball jumps"}]
    again = ask("make_film", film_id=film["film_id"], edits=edits, dry_run=True).data
    assert again["effective"]["renders"] == 3, "its first frame is another, its last is open"
    (changed,) = again["effective"]["plan"]["shots"]
    assert changed["first_frame"] != shot["first_frame"] and changed["last_frame"] is None
    plan["shots"] = [shot | {"action": "a red ball jumps"}]
    again = ask("make_film", film_id=film["film_id"], plan=plan, dry_run=True).data
    assert again["effective"]["renders"] == 2, "the keyframes are kept"
    kept = again["effective"]["shots"][0]["keyframes"]
    assert {name: made["take_id"] for name, made in kept.items()} == dict(
        zip(("first", "last"), keyframes, strict=True)
    )


def test_shots_that_start_from_one_another_are_one_chain() -> None:
    def part(after: int | None = None, until: int | None = None) -> dict[str, Any]:
        ends = {"after": after, "until": until}
        made = {name: None if n is None else {"part": n} for name, n in ends.items()}
        return {**made, "segments": [{"spec": {"model": "mini"}}]}

    assert chains_of([part(), part(0), part(), part(2), part(1)]) == [[0, 1, 4], [2, 3]]
    assert chains_of([part(), part(), part(0, 1), part()]) == [[0, 1, 2], [3]]
    kept = {**part(), "after": {"part": None}}
    assert chains_of([kept, kept]) == [[0], [1]], "takes that are there already tie nothing"


def test_a_loaded_model_is_used_up_before_the_next_is_loaded() -> None:
    parts = [
        {"after": None, "until": None, "segments": [{"spec": {"model": model}}]}
        for model in ("wan", "mini", "wan", "ltx", "mini")
    ]
    assert chains_of(parts) == [[0], [2], [1], [4], [3]]


@pytest.mark.parametrize(
    ("edit", "field"),
    [
        ({"shot": "Z", "op": "reshoot"}, "edits[0].shot"),
        ({"shot": "A", "op": "replace"}, "edits[0].action"),
        ({"shot": "A", "op": "replace", "action": " "}, "edits[0].action"),
        ({"shot": "A", "op": "move"}, "edits[0].to"),
        ({"shot": "A", "op": "move", "to": 3}, "edits[0].to"),
        ({"shot": "A", "op": "trim"}, "edits[0].start_s"),
        ({"shot": "A", "op": "reshoot", "action": "a boat"}, "edits[0].action"),
        ({"shot": "A", "op": "reshoot", "to": 2}, "edits[0].to"),
        ({"shot": "A", "op": "replace", "action": "a boat", "seed": 0}, "edits[0].seed"),
        ({"shot": "A", "op": "trim", "end_s": 1, "take_id": "take_1"}, "edits[0].take_id"),
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
