"""generate_video: from words, pictures at the start, the end and between, and beyond the model's longest clip."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from shotwright.generator.encode import read_video
from shotwright.tools.studio.shown import Shown

Ask = Callable[..., Shown]


def made(shown: Shown) -> list[dict[str, Any]]:
    """The takes of a job that succeeded."""
    job = shown.data
    assert job["state"] == "succeeded", job["error"]
    takes: list[dict[str, Any]] = job["result"]["takes"]
    return takes


def frames_of(take: dict[str, Any]) -> Any:
    return read_video(Path(take["path"]), max_frames=500, max_pixels=1 << 20).frames


def test_words_alone_make_a_clip_that_is_what_the_answer_says(take: dict[str, Any]) -> None:
    frames = frames_of(take)
    assert frames.shape == (take["frames"], take["height"], take["width"], 3) == (9, 64, 64, 3)
    assert take["duration_s"] == 9 / 8 and take["fps"] == 8
    assert take["prompt"] and take["model"] == "mini" and take["url"] is None
    assert take["camera"]["mechanism"] == "none" and take["camera"]["asked"] is None
    assert take["endpoints"] == {"first": None, "last": None, "keyframes": []}
    assert take["seams"] == []
    assert {"render_s", "encode_s", "inspect_s"} <= set(take["timings"])


def test_the_same_request_gives_the_same_bytes(
    ask: Ask, take: dict[str, Any], small: dict[str, Any]
) -> None:
    asked = {"prompt": "a red ball rests in the hills", "seed": 7, **small}
    (again,) = made(ask("generate_video", **asked, request_key="the ball again"))
    assert again["take_id"] != take["take_id"]
    assert again["path"] == take["path"], "files are shared by content"


@pytest.mark.parametrize(
    ("given", "mechanisms"),
    [
        ({"image"}, {"first"}),
        ({"last_image"}, {"last"}),
        ({"image", "last_image", "keyframes"}, {"first", "last", "keyframes"}),
    ],
)
def test_given_pictures_stand_where_they_were_asked(
    ask: Ask, still: str, small: dict[str, Any], given: set[str], mechanisms: set[str]
) -> None:
    pictures: dict[str, Any] = dict.fromkeys(given - {"keyframes"}, still)
    if "keyframes" in given:
        pictures["keyframes"] = [{"image": still, "at_s": 0.5}]
    (take,) = made(ask("generate_video", prompt="a red ball", seed=2, **pictures, **small))
    ends = take["endpoints"]
    assert {name for name, found in ends.items() if found} == mechanisms
    found = [match for match in (ends["first"], ends["last"], *ends["keyframes"]) if match]
    assert all(0.5 < match["ssim"] <= 1 and match["pass"] in (True, False) for match in found)
    assert [match["frame"] for match in ends["keyframes"]] == ([4] if "keyframes" in given else [])


def test_a_picture_of_another_shape_is_fitted_and_this_is_reported(ask: Ask, picture: str) -> None:
    plan = ask("generate_video", image=picture, dry_run=True).data
    assert (plan["effective"]["width"], plan["effective"]["height"]) == (112, 64)
    changed = {change["field"]: change for change in plan["adjustments"]}
    assert changed["image"]["asked"] == "160x96" and changed["image"]["used"] == "112x64"
    assert changed["aspect_ratio"]["used"] == "16:9"


def test_a_duration_beyond_the_longest_is_made_by_continuation_and_says_so(
    ask: Ask, small: dict[str, Any]
) -> None:
    asked = {k: v for k, v in small.items() if k != "frames"}
    (take,) = made(ask("generate_video", prompt="a red ball", duration_s=5.1, seed=3, **asked))
    assert len(frames_of(take)) == take["frames"] == 41
    assert take["duration_s"] == pytest.approx(5.1, abs=0.25)
    (seam,) = take["seams"]
    assert set(seam) >= {
        *("frame", "colour_step", "ssim", "motion_jump", "pass", "method", "overlap_frames")
    }
    assert seam["frame"] == 33 and seam["overlap_frames"] == 5
    assert "made_by_continuation" in {warning["code"] for warning in take["warnings"]}
    (change,) = [a for a in take["adjustments"] if a["field"] == "duration_s"]
    assert (change["asked"], change["used"]) == (5.1, take["duration_s"])


def test_two_takes_are_kept_and_the_best_is_named(ask: Ask, small: dict[str, Any]) -> None:
    shown = ask("generate_video", prompt="a red ball", takes=2, seed=2**32 - 1, **small)
    takes = made(shown)
    assert [take["seed"] for take in takes] == [2**32 - 1, 0]
    assert shown.data["result"]["best"] in {take["take_id"] for take in takes}
    assert len(shown.pictures) == 1 and len(shown.links) == 2


def test_a_label_burns_a_mark_into_the_corner_and_nowhere_else(
    ask: Ask, take: dict[str, Any], small: dict[str, Any]
) -> None:
    asked = {"prompt": "a red ball rests in the hills", "seed": 7, **small}
    (marked,) = made(ask("generate_video", **asked, label="always"))
    change = np.abs(frames_of(marked).astype(int) - frames_of(take)).max(axis=(0, 3))
    assert change[40:, 40:].max() > 60 and change[:32, :32].max() < 30


def test_a_trained_move_goes_into_the_prompt_and_is_measured(
    ask: Ask, small: dict[str, Any]
) -> None:
    asked = {"camera": "pan left", "mechanism": "trained condition", "seed": 4}
    (take,) = made(ask("generate_video", prompt="a red ball", **asked, **small))
    camera = take["camera"]
    assert camera["mechanism"] == "trained condition" and "pans left" in take["prompt"]
    assert camera["asked"]["pan_deg"] < 0 and camera["hfov_deg"] == 50
    assert set(camera["measured"]) == set(camera["asked"])
    assert set(camera["verdict"].values()) <= {"pass", "fail", "still", "stray", "ambiguous"}


def test_a_path_that_no_word_names_is_warped_and_measured(ask: Ask, small: dict[str, Any]) -> None:
    path = [{"move": "roll_cw", "amount": 20}]
    (take,) = made(
        ask("generate_video", prompt="a red ball in the city", camera=path, seed=4, **small)
    )
    camera = take["camera"]
    assert camera["mechanism"] == "guided warp" and camera["asked"]["roll_deg"] == 20
    assert camera["measured"]["roll_deg"] == pytest.approx(20, abs=8)
    assert "static" in take["prompt"], "what is rendered first is at rest"


def test_a_move_that_the_model_can_only_be_told_is_put_into_words_and_warned_of(ask: Ask) -> None:
    follow = [{"move": "follow"}]
    plan = ask("generate_video", prompt="a red ball", camera=follow, dry_run=True).data
    camera = plan["effective"]["camera"]
    assert camera["mechanism"] == "words" and camera["mechanisms"] == ["words"]
    assert "camera_by_words" in {warning["code"] for warning in plan["warnings"]}


def test_a_picture_between_needs_no_words_and_what_was_done_to_it_is_told(
    ask: Ask, media: Path, scene: Any
) -> None:
    path = media / "cut_out.png"
    alpha = np.full((*scene.shape[:2], 1), 255, np.uint8)
    alpha[:20] = 0
    Image.fromarray(np.concatenate([scene, alpha], 2)).save(path)
    between = [{"image": str(path), "at_s": 1}]
    plan = ask("generate_video", keyframes=between, dry_run=True).data
    (warning,) = plan["warnings"]
    assert warning["code"] == "alpha_on_black" and "keyframes[0].image" in warning["message"]


def test_a_camera_in_the_prompt_alone_is_asked_too(ask: Ask) -> None:
    plan = ask("generate_video", prompt="slow zoom in on a red ball", dry_run=True).data
    camera = plan["effective"]["camera"]
    assert camera["mechanism"] == "trained condition" and camera["asked"]["zoom_ratio"] > 1
    assert "zooms in slightly" in plan["effective"]["prompt"]
    still = ask("generate_video", prompt="a red ball, camera pans", camera=[], dry_run=True).data
    assert still["effective"]["camera"]["asked"] is None, "the camera argument says all"


def test_a_camera_that_is_given_says_all_and_another_in_the_prompt_is_told(ask: Ask) -> None:
    prompt, moves = "a red ball, the camera zooms in", [{"move": "pan_left"}]
    plan = ask("generate_video", prompt=prompt, camera=moves, dry_run=True).data
    (told,) = [w for w in plan["warnings"] if w["code"] == "camera_given_twice"]
    assert "zoom_in" in told["message"]
    same = ask("generate_video", prompt="a red ball, pan left", camera=moves, dry_run=True).data
    assert "camera_given_twice" not in {w["code"] for w in same["warnings"]}


def test_a_dry_run_answers_the_plan_and_makes_no_job(ask: Ask, take: dict[str, Any]) -> None:
    before = ask("list_jobs", limit=100).data["jobs"]
    plan = ask("generate_video", prompt="a flying ball", seed=1, dry_run=True).data
    assert set(plan) == {"effective", "adjustments", "warnings", "expected_s", "expected_bytes"}
    assert plan["effective"]["frames"] == 17 and plan["effective"]["seed"] == 1
    assert plan["expected_s"] > 0 and plan["expected_bytes"] > 0
    assert ask("list_jobs", limit=100).data["jobs"] == before


def test_an_empty_prompt_is_unconditional_and_said_to_be(ask: Ask) -> None:
    planned = ask("generate_video", prompt="", dry_run=True).data
    assert planned["effective"]["prompt"] == ""
    assert "prompt_empty" in {warning["code"] for warning in planned["warnings"]}


def test_a_prompt_can_be_sent_as_it_is(ask: Ask) -> None:
    prompt = "RED ball, 4k, trending"
    plan = ask("generate_video", prompt=prompt, rewrite=False, dry_run=True).data
    assert plan["effective"]["prompt"] == prompt
    compiled = ask("generate_video", prompt=prompt, dry_run=True).data
    assert compiled["effective"]["prompt"] != prompt
    assert "unknown_words" in {warning["code"] for warning in compiled["warnings"]}


def test_a_job_that_is_late_for_its_deadline_fails_and_says_so(
    ask: Ask, small: dict[str, Any]
) -> None:
    job = ask("generate_video", prompt="a late ball", deadline_s=0.001, **small).data
    assert (job["state"], job["error"]["code"]) == ("failed", "deadline_exceeded")
    assert job["result"] is None and job["error"]["fix"]
