"""extend_video: the whole clip, source included, continued from lossless frames."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shotwright.generator.encode import read_lossless, read_video, write_mp4
from shotwright.tools.studio.pictures import is_marked
from shotwright.tools.studio.shown import Shown
from shotwright.tools.studio.slates import read_slate
from shotwright.tools.studio.studio import Studio

Ask = Callable[..., Shown]


def frames_of(path: str) -> Any:
    return read_video(Path(path), max_frames=500, max_pixels=1 << 20).frames


def test_a_take_is_continued_from_its_lossless_tail(
    ask: Ask, crewed: Studio, take: dict[str, Any]
) -> None:
    job = ask("extend_video", video=take["take_id"], duration_s=1, quality="draft", seed=1).data
    assert job["state"] == "succeeded", job["error"]
    (longer,) = job["result"]["takes"]
    assert longer["frames"] == 9 + 8 and longer["duration_s"] == 17 / 8
    assert (longer["width"], longer["height"], longer["prompt"]) == (64, 64, take["prompt"])

    before, after = frames_of(take["path"]), frames_of(longer["path"])
    assert len(after) == 17
    step = np.abs(after[:9].astype(int) - before).mean()
    assert step < 3, "the source is what it was, up to encoding"

    source = crewed.jobs.plan(job["job_id"])["parts"][0]["source"]["clip"]
    tail = read_slate(crewed.store, take["take_id"]).blobs.tail
    assert tail is not None
    kept = read_lossless(crewed.store.fetch(tail)).frames
    assert np.array_equal(read_lossless(crewed.store.fetch(source)).frames[-len(kept) :], kept)
    assert read_slate(crewed.store, longer["take_id"]).parents == (take["take_id"],)

    (seam,) = longer["seams"]
    assert seam["frame"] == 9 and seam["overlap_frames"] == 5
    assert seam["method"] == "clean latent prefix"
    assert seam["pass"] == (seam["shows"] <= 1)
    assert 1 <= len(seam["tries"]) <= crewed.catalog.default.seam_tries
    assert seam["seed"] in [score["seed"] for score in seam["tries"]]
    assert longer["drift"]["stopped"] is None
    assert [at["frame"] for at in longer["drift"]["curve"]] == [9]


def test_footage_of_another_size_and_rate_is_brought_to_the_models_and_this_is_reported(
    ask: Ask, footage: str
) -> None:
    job = ask(
        "extend_video", video=footage, duration_s=0.5, prompt="a red ball", quality="draft", seed=1
    ).data
    assert job["state"] == "succeeded", job["error"]
    (longer,) = job["result"]["takes"]
    assert (longer["width"], longer["height"], longer["fps"]) == (112, 64, 8)
    assert longer["frames"] == len(frames_of(longer["path"])) == 10 + 4
    changed = {
        change["field"]: (change["asked"], change["used"]) for change in longer["adjustments"]
    }
    assert changed["fps"] == (24.0, 8)
    assert changed["video"] == ("160x96", "112x64")
    again = ask("check_video", video=longer["take_id"]).data["camera"]
    assert len(again["per_frame"]) == 1 + 4, (
        "the footage pans; what goes on from it is judged alone"
    )
    assert again["measured"]["pan_deg"] == pytest.approx(
        longer["camera"]["measured"]["pan_deg"], abs=2
    )


def test_a_clip_of_a_few_frames_is_continued_from_its_last_one_and_this_is_said(
    ask: Ask, crewed: Studio, media: Path, scene: Any
) -> None:
    path = media / "short.mp4"
    frames = np.stack([scene[:64, n : n + 64] for n in range(3)])
    write_mp4(path, frames, fps=8, metadata={})
    plan = ask("extend_video", video=str(path), duration_s=1, prompt="a red ball", dry_run=True)
    assert [w["code"] for w in plan.data["warnings"]][:1] == ["extended_by_last_frame"]
    job = ask(
        "extend_video", video=str(path), duration_s=1, prompt="a red ball", quality="draft", seed=1
    ).data
    assert job["state"] == "succeeded", job["error"]
    (longer,) = job["result"]["takes"]
    (seam,) = longer["seams"]
    assert (seam["frame"], seam["method"], seam["overlap_frames"]) == (3, "last frame", 1)
    assert longer["frames"] == 3 + 8


def test_several_segments_are_made_and_each_seam_and_the_drift_is_told(
    ask: Ask, crewed: Studio, take: dict[str, Any]
) -> None:
    card = crewed.catalog.default
    seconds = (2 * card.frames.maximum - 2 * card.overlap_frames) / card.fps - 3
    job = ask(
        "extend_video", video=take["take_id"], duration_s=seconds, quality="draft", seed=3
    ).data
    assert job["state"] == "succeeded", job["error"]
    (longer,) = job["result"]["takes"]
    first, second = longer["seams"]
    assert first["frame"] == 9 and second["frame"] == 9 + card.frames.maximum - card.overlap_frames
    assert [at["segment"] for at in longer["drift"]["curve"]] == [0, 1]
    assert longer["drift"]["anchor"] and longer["drift"]["limits"]
    assert longer["frames"] == len(frames_of(longer["path"]))
    tail = read_slate(crewed.store, longer["take_id"]).blobs.tail
    assert tail is not None
    assert len(read_lossless(crewed.store.fetch(tail)).frames) == 17


def test_segments_of_the_models_length_are_planned_one_after_another(
    ask: Ask, take: dict[str, Any]
) -> None:
    plan = ask("extend_video", video=take["take_id"], segments=3, dry_run=True).data
    assert plan["effective"]["segments"] == 3
    assert plan["effective"]["frames"] == 3 * (33 - 5), "what is added, without the overlaps"


def test_a_clip_is_continued_with_words_of_its_own(ask: Ask, take: dict[str, Any]) -> None:
    plan = ask("extend_video", video=take["take_id"], prompt="a blue car jumps", dry_run=True).data
    assert "blue car" in plan["effective"]["prompt"]


def test_a_take_with_a_visible_label_is_continued_without_it_and_labelled_anew(
    ask: Ask, small: dict[str, Any], crewed: Studio
) -> None:
    """Its lossless tail carries no mark: half of a clip would have one, and the next would be made from it."""
    words = {"prompt": "a blue cube stands in the city", "seed": 5}
    job = ask("generate_video", **{**small, **words, "frames": 25, "label": "always"}).data
    (labelled,) = job["result"]["takes"]
    assert all(map(is_marked, frames_of(labelled["path"])))
    job = ask("extend_video", video=labelled["take_id"], duration_s=1, quality="draft", seed=1).data
    assert job["state"] == "succeeded", job["error"]
    source = crewed.jobs.plan(job["job_id"])["parts"][0]["source"]["clip"]
    assert not any(map(is_marked, read_lossless(crewed.store.fetch(source)).frames))
    (longer,) = job["result"]["takes"]
    assert all(map(is_marked, frames_of(longer["path"])))
    assert {"field": "label", "asked": "none", "used": "always"}.items() <= longer["adjustments"][
        0
    ].items()
    checked = ask("check_video", video=longer["take_id"]).data["provenance"]
    assert "visible_label" in checked["holds"]

    plain = {"video": labelled["take_id"], "label": "none", "dry_run": True}
    assert not ask("extend_video", **plain).data["adjustments"], "who asks for none gets none"
    moved = ask("move_camera", video=labelled["take_id"], camera="zoom in", dry_run=True).data
    assert [change["field"] for change in moved["adjustments"]][:1] == ["label"]


def test_a_continuation_is_measured_against_the_camera_of_its_words(
    ask: Ask, take: dict[str, Any]
) -> None:
    def camera(**asked: Any) -> Any:
        plan = ask("extend_video", video=take["take_id"], dry_run=True, **asked).data
        return plan["effective"]["camera"]

    assert "static camera" in take["prompt"] and camera()["asked"] is None
    said = camera(prompt="the camera pans right 20 degrees")
    assert said["asked"]["pan_deg"] == 20 and said["mechanism"] == "trained condition"
    assert camera(prompt="the camera pans right", rewrite=False)["mechanism"] == "words"
