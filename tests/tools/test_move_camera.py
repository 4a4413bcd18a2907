"""move_camera: a still or a clip, warped along a path and rendered from it; the motion is measured."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import anyio
import numpy as np
import pytest

from shotwright.generator.catalog import load_catalog
from shotwright.generator.encode import read_video, write_mp4
from shotwright.tools import verbs
from shotwright.tools.move_camera import _lengths
from shotwright.tools.studio.shown import Shown
from shotwright.tools.studio.slates import Blobs, Slate
from shotwright.tools.studio.studio import Studio

Ask = Callable[..., Shown]


def test_a_still_is_moved_along_the_path_and_measured(ask: Ask, still: str) -> None:
    path = [{"move": "pan_right", "amount": 16}]
    job = ask("move_camera", image=still, camera=path, frames=9, quality="draft", seed=1).data
    assert job["state"] == "succeeded", job["error"]
    (take,) = job["result"]["takes"]
    camera = take["camera"]
    assert camera["mechanism"] in ("guided warp", "warp after rendering")
    assert camera["asked"]["pan_deg"] == 16
    assert camera["measured"]["pan_deg"] > 2, "the camera turned right"
    assert 30 < camera["hfov_deg"] <= 50 and "pan_deg" in camera["verdict"]
    assert take["frames"] == 9


def test_a_clip_keeps_its_length_and_content_and_gets_the_move(ask: Ask, footage: str) -> None:
    job = ask("move_camera", video=footage, camera="zoom in", quality="draft", seed=1).data
    assert job["state"] == "succeeded", job["error"]
    (take,) = job["result"]["takes"]
    assert take["camera"]["mechanism"] == "guided warp"
    assert take["camera"]["asked"]["zoom_ratio"] > 1
    assert take["camera"]["own"]["pan_deg"] > 2, "the footage pans by itself"
    assert take["camera"]["verdict"]["pan_deg"] != "stray", "which is no fault of the move"
    checked = ask("check_video", video=take["take_id"]).data["camera"]
    assert checked["own"] == take["camera"]["own"]
    assert len(read_video(Path(take["path"]), max_frames=99, max_pixels=1 << 20).frames) == 9
    changed = {change["field"]: (change["asked"], change["used"]) for change in take["adjustments"]}
    assert changed["frames"] == (10, 9), "cut to the model's frame rule"
    assert changed["fps"] == (24.0, 8)


def test_two_moves_after_one_another_are_one_path(ask: Ask, still: str) -> None:
    path = [
        {"move": "dolly_in", "amount": 0.2, "end": 0.5},
        {"move": "truck_left", "amount": 0.1, "start": 0.5},
    ]
    plan = ask("move_camera", image=still, camera=path, dry_run=True).data
    asked = plan["effective"]["camera"]["asked"]
    assert (asked["dolly"], asked["truck"]) == (0.2, -0.1)


def test_klings_numbers_mean_what_their_dialect_says(ask: Ask, still: str) -> None:
    def asked(dialect: str) -> dict[str, Any]:
        camera = {"dialect": dialect, "type": "simple", "config": {"pan": 10}}
        plan = ask("move_camera", image=still, camera=camera, dry_run=True).data
        found: dict[str, Any] = plan["effective"]["camera"]["asked"]
        return found

    older, newer = asked("kling-2025"), asked("kling-2026")
    assert (abs(older["tilt_deg"]), older["pan_deg"]) == (30, 0), "pan was tilt until 2026"
    assert (abs(newer["pan_deg"]), newer["tilt_deg"]) == (45, 0)


def test_a_clip_longer_than_the_models_longest_is_moved_in_segments(
    ask: Ask, media: Path, scene: Any
) -> None:
    path = media / "long.mp4"
    frames = np.stack([scene[:64, n : n + 64] for n in range(40)])
    write_mp4(path, frames, fps=8, metadata={})
    plan = ask("move_camera", video=str(path), camera="pan left", dry_run=True).data["effective"]
    assert (plan["segments"], plan["frames"]) == (2, 37)
    roll = [{"move": "roll_cw", "amount": 6}]
    job = ask("move_camera", video=str(path), camera=roll, seed=1).data
    assert job["state"] == "succeeded", job["error"]
    (take,) = job["result"]["takes"]
    assert take["camera"]["mechanism"] == "warp after rendering" and take["frames"] == 37
    assert take["seams"] == [], "a crop joins nothing"
    assert take["endpoints"] == {"first": None, "last": None, "keyframes": []}


@pytest.mark.parametrize(
    ("frames", "lengths"),
    [(9, (9,)), (12, (9,)), (33, (33,)), (36, (33,)), (37, (33, 9)), (66, (33, 33, 9))],
)
def test_the_end_of_a_clip_is_cut_to_the_frame_rule(frames: int, lengths: tuple[int, ...]) -> None:
    assert _lengths(load_catalog().get("mini"), frames) == lengths


def test_a_take_with_longer_words_than_a_caller_may_write_is_moved(
    studio: Studio, tmp_path: Path
) -> None:
    write_mp4(tmp_path / "clip.mp4", np.zeros((9, 64, 64, 3), np.uint8), fps=8, metadata={})
    Slate(
        take_id="take_film",
        verb="make_film",
        request={},
        prompt="A red ball rolls through green hills. " * 100,
        model="mini",
        seed=7,
        width=64,
        height=64,
        frames=9,
        fps=8.0,
        duration_s=9 / 8,
        blobs=Blobs(clip=studio.store.put(tmp_path / "clip.mp4", "mp4").key),
        created_at=datetime.now(UTC),
    ).save(studio.store)

    async def ask() -> Shown:
        asked = {"video": "take_film", "camera": "pan left", "dry_run": True}
        return await verbs.call(studio, "move_camera", asked)

    shown = anyio.run(ask)
    assert shown.data["effective"]["frames"] == 9
