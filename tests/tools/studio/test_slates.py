"""A slate keeps every fact of its take, goes out under its names."""

import json
import math
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shotwright.generator.errors import BadRequest
from shotwright.tools.studio.assets import Store
from shotwright.tools.studio.slates import (
    Blobs,
    Slate,
    canonical_json,
    mp4_metadata,
    read_slate,
    request_digest,
    shareable,
)

CLIP = f"blobs/ab/{'ab' * 32}.mp4"

# 2.0 and 2 are one number to JSON, so floats here have a fraction
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(-1e6, 1e6).filter(lambda x: not x.is_integer())
    | st.text(max_size=8)
)
requests = st.dictionaries(
    st.text(max_size=8),
    st.recursive(
        scalars,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
        max_leaves=8,
    ),
    max_size=4,
)


def _store(folder: Path) -> Store:
    return Store(str(folder / "store"), cache=folder / "cache")


def _slate(take_id: str = "take_1", **changes: Any) -> Slate:
    facts: dict[str, Any] = {
        "take_id": take_id,
        "verb": "generate_video",
        "request": {"prompt": "a red kettle", "camera": [{"move": "pan_left", "amount": 20}]},
        "prompt": "a red kettle on a table, day",
        "model": "mini",
        "seed": 7,
        "width": 112,
        "height": 64,
        "frames": 17,
        "fps": 16.0,
        "duration_s": 17 / 16,
        "blobs": Blobs(clip=CLIP),
        "created_at": datetime(2026, 11, 22, tzinfo=UTC),
    }
    return Slate(**facts | changes)


def _turned(value: Any) -> Any:
    """The same value with the keys of every object the other way round."""
    if isinstance(value, dict):
        return {key: _turned(value[key]) for key in reversed(value)}
    return [_turned(inner) for inner in value] if isinstance(value, list) else value


@settings(max_examples=40, deadline=None)
@given(requests)
def test_canonical_json_says_the_same_and_does_not_depend_on_order(request: dict[str, Any]) -> None:
    assert json.loads(canonical_json(request)) == request
    assert request_digest(_turned(request)) == request_digest(request)


@settings(max_examples=40, deadline=None)
@given(requests, requests)
def test_digests_are_equal_only_for_equal_requests(a: dict[str, Any], b: dict[str, Any]) -> None:
    assert (request_digest(a) == request_digest(b)) == (canonical_json(a) == canonical_json(b))


def test_a_whole_number_has_one_digest_and_true_is_not_one() -> None:
    assert request_digest({"seed": 2}) == request_digest({"seed": 2.0})
    assert request_digest({"seed": 1}) != request_digest({"seed": True})
    for bad in (math.nan, math.inf, {1: 2}, object()):
        with pytest.raises(BadRequest, match="not plain JSON"):
            request_digest({"seed": bad})


def test_a_slate_comes_back_as_it_was_saved(tmp_path: Path) -> None:
    store, slate = _store(tmp_path), _slate(parents=("upload_1",), timings={"denoise": 1.5})
    slate.save(store)
    assert read_slate(store, "take_1") == slate


def test_a_record_of_a_newer_version_is_still_read(tmp_path: Path) -> None:
    store = _store(tmp_path)
    record = _slate().model_dump(mode="json") | {"sound": "later"}
    store.write_record("takes", "take_1", record)
    assert read_slate(store, "take_1") == _slate()


def test_a_take_has_exactly_its_names_on_the_wire(tmp_path: Path) -> None:
    store = _store(tmp_path)
    take = _slate().to_take(store, "http://127.0.0.1:8188/")
    assert list(take) == [
        *("take_id", "path", "url", "resource_uri", "width", "height", "frames", "fps"),
        *("duration_s", "seed", "model", "prompt", "adjustments", "warnings", "unknown_words"),
        *("timings", "camera", "seams", "endpoints", "picture", "drift"),
    ]
    assert take["path"] == str(tmp_path / "store" / CLIP)
    assert take["url"] == "http://127.0.0.1:8188/files/take_1.mp4"
    assert take["resource_uri"] == "shotwright://takes/take_1"
    assert json.loads(json.dumps(take)) == take


def test_a_clip_of_a_dozen_seams_is_told_in_few_words_and_kept_whole(tmp_path: Path) -> None:
    one: dict[str, Any] = {
        "seed": 2**31,
        "colour_step": 0.26520174741744995,
        "ssim": 1.0114528052151897,
    }
    one |= {"motion_jump": 1.9523854011938835, "shows": 0.9761927005969417, "pass": True}
    seam: dict[str, Any] = {
        **one,
        "frame": 93,
        "colour_of_p95": 0.11020404139633509,
        "overlap_frames": 5,
    }
    seam |= {
        "motion_of_p95": 0.9977550478556351,
        "method": "clean latent prefix",
        "tries": [one] * 3,
    }
    age: dict[str, Any] = {
        "frame": 93,
        "colour": 1.5717661625360002,
        "hue_deg": 2.103981299196448,
        "beyond": [],
    }
    age |= dict.fromkeys(("saturation", "contrast", "sharpness"), 0.9727578487878755)
    drift = {"curve": [age] * 13, "stopped": None}
    slate = _slate(seams=(seam,) * 12, drift=drift)
    take = slate.to_take(_store(tmp_path), "http://127.0.0.1:8188/")
    assert len(json.dumps(take)) < 9_000
    assert take["seams"][0]["colour_step"] == 0.2652
    assert take["seams"][0]["tries"] == [{"seed": 2**31, "shows": 0.9762, "pass": True}] * 3
    assert slate.seams[0] == seam


def test_a_take_without_http_or_folder_has_null_there(tmp_path: Path) -> None:
    take = _slate().to_take(Store("s3://studio", cache=tmp_path), None)
    assert take["path"] is None and take["url"] is None


def test_mp4_metadata_says_ai_made_and_names_no_path_of_the_caller() -> None:
    asked = {"prompt": "p", "image": "/home/alice/kettle.png"}
    words = mp4_metadata(request=asked, model="mini", revision="r1", seed=7, prompt="x" * 200)
    assert words["DigitalSourceType"].endswith("/trainedAlgorithmicMedia")
    label = json.loads(words["AIGC"])
    assert label["Label"] == "1" and label["ProduceID"] == label["PropagateID"] != ""
    assert set(label) == {
        *("Label", "ContentProducer", "ProduceID", "ReservedCode1"),
        *("ContentPropagator", "PropagateID", "ReservedCode2"),
    }
    facts = json.loads(words["description"])
    assert (
        facts["request_digest"] == request_digest(shareable(asked)) and facts["prompt"] == "x" * 200
    )
    assert (facts["model"], facts["revision"], facts["seed"]) == ("mini", "r1", 7)
    assert "alice" not in str(words) and len(words["title"]) == 80
    assert words == mp4_metadata(
        request=asked, model="mini", revision="r1", seed=7, prompt="x" * 200
    )
    other = mp4_metadata(request=asked, model="mini", revision="r1", seed=8, prompt="x" * 200)
    assert other["AIGC"] != words["AIGC"]


def test_an_mp4_tells_the_request_but_not_how_it_ran_nor_where_files_lie() -> None:
    request = {
        "prompt": "a ball",
        "image": "/home/me/secret project/ball.png",
        "keyframes": [{"image": "/home/me/b.png", "at_s": 1.0}],
        "wait_s": 3,
        "request_key": "k",
    }
    made = mp4_metadata(request=request, model="mini", revision=None, seed=1, prompt="a ball")
    told = json.loads(made["description"])["request"]
    assert told == {
        "prompt": "a ball",
        "image": "ball.png",
        "keyframes": [{"image": "b.png", "at_s": 1.0}],
    }
    assert "secret" not in json.dumps(made)
    again = mp4_metadata(
        request={**request, "wait_s": 9, "request_key": "other"},
        model="mini",
        revision=None,
        seed=1,
        prompt="a ball",
    )
    assert again == made
