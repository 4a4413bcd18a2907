"""What a verb cannot do is refused: the error names the field, the value and what is allowed, and nothing is kept."""

import json
import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import anyio
import numpy as np
import pytest
from PIL import Image

from shotwright.generator.encode import write_mp4
from shotwright.generator.errors import CODES, ShotwrightError
from shotwright.tools import verbs
from shotwright.tools.settings import from_environment
from shotwright.tools.studio.studio import Studio

Cases = list[tuple[dict[str, Any], str, str]]
Refuse = Callable[[str, dict[str, Any]], dict[str, Any]]
INF, NAN = math.inf, math.nan
BIG = 10**400
BALL: dict[str, Any] = {"prompt": "a ball"}
KETTLE: dict[str, Any] = {"product": "kettle", "selling_points": ["boils fast"]}
SHOT: dict[str, Any] = {"action": "a ball rolls", "duration_s": 2}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Good and bad media; `secret.png` lies beside it, outside the allowed roots."""
    top = tmp_path_factory.mktemp("refusals")
    folder = top / "in"
    folder.mkdir()
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (64, 64, 3), dtype=np.uint8)
    Image.fromarray(noise).save(folder / "ok.png")
    Image.fromarray(noise).save(top / "secret.png")
    (folder / "link.png").symlink_to(top / "secret.png")
    (folder / "torn.png").write_bytes((folder / "ok.png").read_bytes()[:200])
    (folder / "empty.png").write_bytes(b"")
    (folder / "text.mp4").write_text("no clip", encoding="utf-8")
    for name, count in (("ok.mp4", 20), ("short.mp4", 3)):
        frames = rng.integers(0, 256, (count, 64, 64, 3), dtype=np.uint8)
        write_mp4(folder / name, frames, fps=Fraction(8), metadata={})
    (folder / "torn.mp4").write_bytes((folder / "ok.mp4").read_bytes()[:3000])
    return folder


@pytest.fixture(scope="module")
def lone(folder: Path) -> Iterator[Studio]:
    """A studio that may read only that folder, without a worker."""
    home = folder.parent / "home"
    studio = Studio(replace(from_environment({}, home=home), allowed_roots=(folder,)))
    yield studio
    studio.close()


@pytest.fixture
def refuse(lone: Studio, folder: Path) -> Refuse:
    """Call a verb that must refuse; the error's body.  `in:` in an argument stands for the folder."""

    def kept() -> tuple[Any, ...]:
        records = [lone.store.list_records(kind) for kind in ("takes", "films", "uploads", "trash")]
        drafts = [*(lone.settings.home / "store").glob("drafts/*"), *folder.glob("*.part")]
        rows, _ = lone.jobs.page(state=None, limit=100, cursor=None)
        return (*records, drafts, rows)

    def placed(value: Any) -> Any:
        if isinstance(value, str):
            return value.replace("in:", f"{folder}/")
        if isinstance(value, dict):
            return {k: placed(v) for k, v in value.items()}
        return [placed(v) for v in value] if isinstance(value, list) else value

    def call(verb: str, arguments: dict[str, Any]) -> dict[str, Any]:
        before = kept()
        with pytest.raises(ShotwrightError) as caught:
            anyio.run(lambda: verbs.call(lone, verb, placed(arguments)))
        assert kept() == before, "nothing is enqueued, nothing half-written"
        body = caught.value.body()
        text = json.dumps(body, allow_nan=False, ensure_ascii=False)
        assert len(text.encode("utf-8")) < 5000
        assert body["code"] in CODES and body["code"] != "internal", body
        assert body["message"] and body["fix"] and body["retryable"] is False
        return body

    return call


MODEL: Cases = [(BALL | {"model": "wan9"}, "unknown_model", "model")]
CLIP: Cases = [
    ({"prompt": "x" * 2501}, "invalid_argument", "prompt"),
    ({"prompt": 5}, "invalid_argument", "prompt"),
    ({"prompt": ["x"]}, "invalid_argument", "prompt"),
    ({"prompt": "\ud800"}, "invalid_argument", "prompt"),
    ({"prompt": "a\0b"}, "invalid_argument", "prompt"),
    (BALL | {"request_key": "\0"}, "invalid_argument", "request_key"),
    (BALL | {"negative_prompt": "x" * 2501}, "invalid_argument", "negative_prompt"),
    (BALL | {"seed": -1}, "invalid_argument", "seed"),
    (BALL | {"seed": 2**32}, "invalid_argument", "seed"),
    (BALL | {"takes": 0}, "invalid_argument", "takes"),
    (BALL | {"takes": 9}, "invalid_argument", "takes"),
    (BALL | {"quality": "best"}, "invalid_argument", "quality"),
    (BALL | {"label": "yes"}, "invalid_argument", "label"),
    (BALL | {"fit": "stretch"}, "invalid_argument", "fit"),
    (BALL | {"priority": 0}, "invalid_argument", "priority"),
    (BALL | {"deadline_s": INF}, "invalid_argument", "deadline_s"),
    (BALL | {"deadline_s": -1}, "invalid_argument", "deadline_s"),
    (BALL | {"wait_s": 51}, "invalid_argument", "wait_s"),
    (BALL | {"wait_s": NAN}, "invalid_argument", "wait_s"),
    (BALL | {"request_key": ""}, "invalid_argument", "request_key"),
    (BALL | {"colour": "red"}, "invalid_argument", "colour"),
    (BALL | {"size": "65x64"}, "invalid_size", "size"),
    (BALL | {"size": "big"}, "invalid_size", "size"),
    (BALL | {"size": "64x64", "aspect_ratio": "16:9"}, "invalid_size", "size"),
    (BALL | {"aspect_ratio": "21:9"}, "invalid_size", "aspect_ratio"),
    (BALL | {"aspect_ratio": "5:4"}, "invalid_size", "aspect_ratio"),
]
LENGTH: Cases = [
    (BALL | {"frames": 10}, "invalid_frames", "frames"),
    (BALL | {"frames": 37}, "invalid_frames", "frames"),
    (BALL | {"frames": -5}, "invalid_frames", "frames"),
    (BALL | {"frames": BIG}, "invalid_frames", "frames"),
    (BALL | {"frames": 9.5}, "invalid_frames", "frames"),
    (BALL | {"duration_s": -1}, "invalid_frames", "duration_s"),
    (BALL | {"duration_s": 0.2}, "invalid_frames", "duration_s"),
    (BALL | {"duration_s": 601}, "invalid_frames", "duration_s"),
    (BALL | {"duration_s": NAN}, "invalid_frames", "duration_s"),
    (BALL | {"duration_s": BIG}, "invalid_frames", "duration_s"),
    (BALL | {"duration_s": 2, "frames": 17}, "invalid_frames", "frames"),
]


def at(seconds: Any, image: str = "in:ok.png") -> dict[str, Any]:
    return {"image": image, "at_s": seconds}


PICTURES: Cases = [
    ({"image": "in:none.png"}, "invalid_media", "image"),
    ({"image": "in:torn.png"}, "invalid_media", "image"),
    ({"image": "in:empty.png"}, "invalid_media", "image"),
    ({"image": "in:text.mp4"}, "invalid_media", "image"),
    ({"image": "in:ok.mp4"}, "invalid_media", "image"),
    ({"image": "in:"}, "invalid_media", "image"),
    ({"image": ""}, "invalid_media", "image"),
    ({"image": "a\0b"}, "invalid_argument", "image"),
    ({"image": "x" * 5000}, "invalid_argument", "image"),
    ({"image": 7}, "invalid_argument", "image"),
    ({"image": "in:../secret.png"}, "path_not_allowed", "image"),
    ({"image": "in:link.png"}, "path_not_allowed", "image"),
    ({"image": "/etc/passwd"}, "path_not_allowed", "image"),
    ({"image": "http://127.0.0.1/x.png"}, "url_not_allowed", "image"),
    ({"image": "http://localhost/x.png"}, "url_not_allowed", "image"),
    ({"image": "http://10.0.0.1/x.png"}, "url_not_allowed", "image"),
    ({"image": "http://[::1]/x.png"}, "url_not_allowed", "image"),
    ({"image": "file:///etc/passwd"}, "url_not_allowed", "image"),
    ({"image": "take_nothing"}, "not_found", "image"),
    ({"image": "upload_nothing"}, "not_found", "image"),
    ({"image": "film_nothing"}, "invalid_media", "image"),
    ({"last_image": "in:none.png"}, "invalid_media", "last_image"),
    (BALL | {"keyframes": [at(99)]}, "invalid_argument", "keyframes[0].at_s"),
    (BALL | {"keyframes": [at(-1)]}, "invalid_argument", "keyframes[0].at_s"),
    (BALL | {"keyframes": [at(INF)]}, "invalid_argument", "keyframes[0].at_s"),
    (BALL | {"keyframes": [at(1e308)]}, "invalid_argument", "keyframes[0].at_s"),
    (BALL | {"keyframes": [at(1), at(1.01)]}, "invalid_argument", "keyframes[1].at_s"),
    (BALL | {"keyframes": [at(1, "in:none.png")]}, "invalid_media", "keyframes[0].image"),
    (BALL | {"keyframes": {"at_s": 1}}, "invalid_argument", "keyframes"),
    ({"image": "in:ok.png", "keyframes": [at(0)]}, "invalid_argument", "keyframes[0].at_s"),
    ({"last_image": "in:ok.png", "keyframes": [at(2)]}, "invalid_argument", "keyframes[0].at_s"),
]


def moved(*moves: dict[str, Any]) -> dict[str, Any]:
    return BALL | {"camera": list(moves)}


CAMERA: list[tuple[dict[str, Any], str]] = [
    (BALL | {"camera": "wiggle the flux"}, "camera"),
    (BALL | {"camera": ""}, "camera"),
    (BALL | {"camera": "x" * 501}, "camera"),
    (BALL | {"camera": 5}, "camera"),
    (BALL | {"camera": "pan left 999 degrees"}, "camera[0].amount"),
    (moved({"move": "pan_left"}, {"move": "spin"}), "camera[1].move"),
    (moved({"move": "pan_left", "amount": 999}), "camera[0].amount"),
    (moved({"move": "pan_left"}, {"move": "tilt_up", "amount": -1}), "camera[1].amount"),
    (moved({"move": "pan_left", "amount": NAN}), "camera[0].amount"),
    (moved({"move": "pan_left", "amount": INF}), "camera[0].amount"),
    (moved({"move": "zoom_in", "amount": 0.5}), "camera[0].amount"),
    (moved({"move": "static", "amount": 2}), "camera[0].amount"),
    (moved({"move": "pan_left", "speed": "warp"}), "camera[0].speed"),
    (moved({"move": "pan_left", "start": 0.8, "end": 0.2}), "camera[0].end"),
    (moved({"amount": 3}), "camera[0].move"),
    (moved(*[{"move": "pan_left"}] * 9), "camera"),
    (BALL | {"camera": {"dialect": "kling-2027", "type": "simple"}}, "camera.dialect"),
    (BALL | {"camera": {"dialect": "kling-2026", "type": "twirl"}}, "camera.type"),
    (
        BALL | {"camera": {"dialect": "kling-2025", "type": "simple", "config": {"pan": 11}}},
        "camera.config.pan",
    ),
]
EXTEND: Cases = [
    ({}, "invalid_argument", "video"),
    ({"video": "in:text.mp4"}, "invalid_media", "video"),
    ({"video": "in:torn.mp4"}, "invalid_media", "video"),
    ({"video": "in:ok.png"}, "invalid_media", "video"),
    ({"video": "take_nothing"}, "not_found", "video"),
    ({"video": "/etc/passwd"}, "path_not_allowed", "video"),
    ({"video": "http://192.168.0.1/x.mp4"}, "url_not_allowed", "video"),
    ({"video": "in:ok.mp4", "segments": 0}, "invalid_argument", "segments"),
    ({"video": "in:ok.mp4", "segments": 1, "duration_s": 1}, "invalid_argument", "segments"),
    ({"video": "in:ok.mp4", "duration_s": -1}, "invalid_frames", "duration_s"),
    ({"video": "in:ok.mp4", "duration_s": INF}, "invalid_frames", "duration_s"),
    ({"video": "in:ok.mp4", "frames": 9}, "invalid_argument", "frames"),
    ({"video": "in:ok.mp4", "model": "nope"}, "unknown_model", "model"),
    ({"video": "in:ok.mp4", "camera": "wiggle the flux"}, "invalid_argument", "camera"),
]
MOVE: Cases = [
    ({"camera": "pan left"}, "invalid_argument", "image"),
    (
        {"image": "in:ok.png", "video": "in:ok.mp4", "camera": "pan left"},
        "invalid_argument",
        "image",
    ),
    ({"image": "in:ok.png"}, "invalid_argument", "camera"),
    ({"image": "in:ok.png", "camera": []}, "invalid_argument", "camera"),
    ({"image": "in:ok.png", "camera": None}, "invalid_argument", "camera"),
    ({"image": "in:ok.mp4", "camera": "pan left"}, "invalid_media", "image"),
    ({"video": "in:ok.mp4", "camera": "pan left", "frames": 9}, "invalid_frames", "frames"),
    ({"video": "in:short.mp4", "camera": "pan left"}, "invalid_frames", "video"),
    ({"video": "in:text.mp4", "camera": "pan left"}, "invalid_media", "video"),
]
IMAGE: Cases = [
    ({}, "invalid_argument", "prompt"),
    (BALL | {"aspect_ratio": "21:9"}, "invalid_size", "aspect_ratio"),
    (BALL | {"size": "1x1"}, "invalid_size", "size"),
    (BALL | {"frames": 9}, "invalid_argument", "frames"),
]
WRITING: Cases = [
    ({}, "invalid_script", "script"),
    ({"script": ""}, "invalid_script", "script"),
    ({"script": " \n "}, "invalid_script", "script"),
    ({"script": "!!! ???"}, "invalid_script", "script"),
    ({"script": "a ball. " * 70_000}, "invalid_script", "script"),
    ({"script": 12}, "invalid_script", "script"),
    ({"script": "A ball.", "brief": KETTLE}, "invalid_script", "script"),
    ({"brief": {}}, "invalid_argument", "brief.product"),
    ({"brief": {"product": "kettle"}}, "invalid_argument", "brief.selling_points"),
    ({"brief": KETTLE | {"length_s": -1}}, "invalid_argument", "brief.length_s"),
    ({"brief": KETTLE | {"length_s": NAN}}, "invalid_argument", "brief.length_s"),
    ({"brief": KETTLE | {"length_s": 301}}, "invalid_argument", "brief.length_s"),
    ({"plan": {}}, "invalid_plan", "plan.shots"),
    ({"plan": {"shots": "x"}}, "invalid_plan", "plan.shots"),
    ({"plan": {"shots": [SHOT | {"duration_s": NAN}]}}, "invalid_plan", "plan.shots[0].duration_s"),
    ({"plan": {"shots": [SHOT | {"duration_s": 99}]}}, "invalid_plan", "plan.shots[0].duration_s"),
    (
        {"plan": {"shots": [SHOT | {"camera": [{"move": "spin"}]}]}},
        "invalid_plan",
        "plan.shots[0].camera[0].move",
    ),
    (
        {"plan": {"shots": [SHOT | {"continuity": {"mode": "extend_previous"}}]}},
        "invalid_plan",
        "plan.shots[0].continuity.mode",
    ),
    ({"plan": [1]}, "invalid_plan", "plan"),
    ({"plan": {"shots": [SHOT | {"id": {"x": 1}, "scene_id": ["x"]}]}}, "invalid_plan", "plan"),
    (
        {"plan": {"shots": [SHOT | {"camera": [{"move": []}, {"move": {}}]}]}},
        "invalid_plan",
        "plan",
    ),
    ({"script": "A ball.", "model": "wan9"}, "unknown_model", "model"),
    ({"script": "A ball.", "style": "x" * 301}, "invalid_argument", "style"),
    ({"script": "A ball.", "aspect_ratio": "5:4"}, "invalid_size", "aspect_ratio"),
]
RESHOOT = [{"shot": "S1-010", "op": "reshoot"}]
FILM: Cases = [
    *WRITING,
    ({"script": "A ball.", "aspect_ratio": "21:9"}, "invalid_size", "aspect_ratio"),
    ({"plan": {"aspect_ratio": "21:9", "shots": [SHOT]}}, "invalid_size", "plan.aspect_ratio"),
    (
        {"plan": {"shots": [SHOT | {"duration_s": 0.1}]}},
        "invalid_frames",
        "plan.shots[0].duration_s",
    ),
    ({"plan": {"shots": [SHOT] * 201}}, "invalid_plan", "plan"),
    ({"script": "A ball.", "images": ["in:none.png"]}, "invalid_media", "images[0]"),
    ({"script": "A ball.", "images": ["in:text.mp4"]}, "invalid_media", "images[0]"),
    ({"script": "A ball.", "quality": "best"}, "invalid_argument", "quality"),
    ({"script": "A ball.", "takes": 0}, "invalid_argument", "takes"),
    ({"script": "A ball.", "edits": RESHOOT}, "invalid_argument", "film_id"),
    ({"edits": [{"shot": "S1-010", "op": "explode"}]}, "invalid_argument", "edits[0].op"),
    ({"film_id": "film_nothing", "edits": RESHOOT}, "not_found", "film_id"),
    ({"film_id": "../x"}, "not_found", "film_id"),
]
WORDS: Cases = [
    ({}, "invalid_argument", "prompt"),
    ({"prompt": ""}, "invalid_argument", "prompt"),
    ({"prompt": "x" * 2501}, "invalid_argument", "prompt"),
    (BALL | {"model": "wan9"}, "unknown_model", "model"),
    (BALL | {"camera": "wiggle the flux"}, "invalid_argument", "camera"),
]
VIEW: Cases = [
    ({}, "invalid_argument", "video"),
    ({"video": "take_nothing"}, "not_found", "video"),
    ({"video": "film_nothing"}, "not_found", "video"),
    ({"video": "job_nothing"}, "invalid_media", "video"),
    ({"video": "in:torn.mp4"}, "invalid_media", "video"),
    ({"video": "/etc/passwd"}, "path_not_allowed", "video"),
    ({"video": "in:ok.mp4", "at_s": [99]}, "invalid_argument", "at_s[0]"),
    ({"video": "in:ok.mp4", "at_s": [0, -1]}, "invalid_argument", "at_s[1]"),
    ({"video": "in:ok.mp4", "at_s": [INF]}, "invalid_argument", "at_s[0]"),
    ({"video": "in:ok.mp4", "at_s": 1}, "invalid_argument", "at_s"),
    ({"video": "in:ok.mp4", "at_s": [0] * 9}, "invalid_argument", "at_s"),
    ({"video": "in:ok.png", "at_s": [0]}, "invalid_argument", "at_s"),
]
CHECK: Cases = [
    ({"video": "in:ok.png"}, "invalid_media", "video"),
    ({"video": "in:text.mp4"}, "invalid_media", "video"),
    ({"video": "take_nothing"}, "not_found", "video"),
    ({"video": "in:ok.mp4", "hfov_deg": 4}, "invalid_argument", "hfov_deg"),
    ({"video": "in:ok.mp4", "hfov_deg": NAN}, "invalid_argument", "hfov_deg"),
]
IMPORT: Cases = [
    ({}, "invalid_argument", "source"),
    ({"source": "in:text.mp4"}, "invalid_media", "source"),
    ({"source": "in:torn.png"}, "invalid_media", "source"),
    ({"source": "in:link.png"}, "path_not_allowed", "source"),
    ({"source": "take_nothing"}, "invalid_media", "source"),
    ({"source": "http://169.254.169.254/latest"}, "url_not_allowed", "source"),
    ({"source": "data:image/png;base64,xx"}, "url_not_allowed", "source"),
]
DELETE: Cases = [
    ({"id": "take_nothing"}, "not_found", "id"),
    ({"id": "job_nothing"}, "not_found", "id"),
    ({"id": ""}, "not_found", "id"),
    ({"id": "take_../../x"}, "not_found", "id"),
    ({"id": "film_nothing", "undo": True}, "not_found", "id"),
    ({"id": "x" * 9999}, "invalid_argument", "id"),
]
JOB: Cases = [
    ({}, "invalid_argument", "job_id"),
    ({"job_id": "job_nothing"}, "not_found", "job_id"),
    ({"job_id": "\0"}, "invalid_argument", "job_id"),
    ({"job_id": "\ud800"}, "invalid_argument", "job_id"),
    ({"job_id": [{"\ud800": 1}]}, "invalid_argument", "job_id"),
]
JOBS: Cases = [
    ({"state": "dead"}, "invalid_argument", "state"),
    ({"limit": 0}, "invalid_argument", "limit"),
    ({"limit": 101}, "invalid_argument", "limit"),
    ({"cursor": "zz"}, "invalid_argument", "cursor"),
    ({"cursor": "nan:x"}, "invalid_argument", "cursor"),
]
CASES: list[tuple[str, dict[str, Any], str, str]] = [
    ("generate_video", {}, "invalid_argument", "prompt"),
    ("generate_video", {"negative_prompt": "rain"}, "invalid_argument", "prompt"),
    *[("generate_video", *case) for case in [*MODEL, *CLIP, *LENGTH, *PICTURES]],
    *[("generate_video", a, "invalid_argument", field) for a, field in CAMERA],
    *[("extend_video", *case) for case in EXTEND],
    *[("move_camera", *case) for case in MOVE],
    *[("generate_image", *case) for case in [*MODEL, *IMAGE]],
    *[("make_film", *case) for case in FILM],
    *[("plan_shots", *case) for case in WRITING],
    *[("rewrite_prompt", *case) for case in WORDS],
    *[("view_video", *case) for case in VIEW],
    *[("check_video", *case) for case in CHECK],
    ("list_models", {"model": "wan9"}, "unknown_model", "model"),
    *[("import_media", *case) for case in IMPORT],
    ("export_film", {"film_id": "film_nothing"}, "not_found", "film_id"),
    ("export_film", {"film_id": "take_nothing"}, "not_found", "film_id"),
    ("export_film", {"film_id": "film_x", "format": "avi"}, "invalid_argument", "format"),
    *[("delete_media", *case) for case in DELETE],
    *[("get_job", *case) for case in JOB],
    ("get_job", {"job_id": "job_nothing", "wait_s": 99}, "invalid_argument", "wait_s"),
    *[("list_jobs", *case) for case in JOBS],
    *[("cancel_job", *case) for case in JOB],
    *[("set_priority", {"priority": 1, **a}, code, field) for a, code, field in JOB],
    ("set_priority", {"job_id": "job_nothing", "priority": 0}, "invalid_argument", "priority"),
    ("no_such_verb", {}, "invalid_argument", "verb"),
]


@pytest.mark.parametrize(
    ("verb", "arguments", "code", "field"),
    CASES,
    ids=[f"{verb}-{number}-{field}" for number, (verb, _, _, field) in enumerate(CASES)],
)
def test_a_call_that_cannot_be_honoured_is_refused_with_what_would_be(
    refuse: Refuse, verb: str, arguments: dict[str, Any], code: str, field: str
) -> None:
    body = refuse(verb, arguments)
    assert (body["code"], body["field"]) == (code, field), body
    assert not field or field.split(".")[0].split("[")[0] in body["message"], body
    if arguments.get(field) is not None:
        assert body["value"] is not None, "the wrong value is repeated"
    if code not in ("not_found", "invalid_plan"):
        assert body["allowed"] is not None, body


def test_what_an_object_inside_an_argument_may_hold_is_told(refuse: Refuse) -> None:
    names = ["move", "amount", "speed", "start", "end", "easing"]
    body = refuse("generate_video", BALL | {"camera": [{"move": "pan_left", "amout": 2}]})
    assert (body["field"], body["allowed"]) == ("camera[0].amout", names)
    body = refuse("generate_video", BALL | {"camera": ["pan_left"]})
    assert (body["field"], body["allowed"]) == ("camera[0]", {"an object of": names})


def test_every_verb_has_its_refusals() -> None:
    assert {verb for verb, *_ in CASES} == {*verbs.BY_NAME, "no_such_verb"}


@pytest.mark.parametrize(
    ("lacking", "arguments", "field"),
    [
        ("keyframes", BALL | {"keyframes": [at(1)]}, "keyframes"),
        ("first", {"image": "in:ok.png"}, "image"),
        ("last", {"last_image": "in:ok.png"}, "last_image"),
        ("first+last", {"image": "in:ok.png", "last_image": "in:ok.png"}, "last_image"),
        ("extend", BALL | {"duration_s": 20}, "duration_s"),
        ("text", BALL, "prompt"),
    ],
)
def test_a_mode_that_the_model_lacks_is_refused_by_its_argument(
    refuse: Refuse,
    lone: Studio,
    monkeypatch: pytest.MonkeyPatch,
    lacking: str,
    arguments: dict[str, Any],
    field: str,
) -> None:
    whole = lone.catalog
    less = replace(
        whole.default, name="less", modes=tuple(m for m in whole.default.modes if m != lacking)
    )
    catalog = replace(whole, cards={**whole.cards, "less": less})
    monkeypatch.setattr(Studio, "catalog", property(lambda _: catalog))
    body = refuse("generate_video", arguments | {"model": "less"})
    assert (body["code"], body["field"]) == ("unsupported_mode", field)
    assert lacking not in body["allowed"]


def test_two_requests_with_one_key_are_refused(refuse: Refuse, lone: Studio) -> None:
    key = {"request_key": "mine", "wait_s": 0}
    anyio.run(lambda: verbs.call(lone, "generate_video", {**BALL, **key}))
    body = refuse("generate_video", {"prompt": "another ball", **key})
    assert (body["code"], body["field"], body["value"]) == (
        "request_key_conflict",
        "request_key",
        "mine",
    )
    body = refuse("generate_image", {**BALL, **key})
    assert body["code"] == "request_key_conflict"
