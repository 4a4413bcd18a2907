"""extend_video: the whole clip, source included, continued from lossless frames."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from shotwright.generator.encode import read_lossless, read_video
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
    assert seam["pass"] in (True, False) and 0 <= seam["ssim"] <= 1


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


def test_segments_of_the_models_length_are_planned_one_after_another(
    ask: Ask, take: dict[str, Any]
) -> None:
    plan = ask("extend_video", video=take["take_id"], segments=3, dry_run=True).data
    assert plan["effective"]["segments"] == 3
    assert plan["effective"]["frames"] == 3 * (33 - 5), "what is added, without the overlaps"


def test_a_clip_is_continued_with_words_of_its_own(ask: Ask, take: dict[str, Any]) -> None:
    plan = ask("extend_video", video=take["take_id"], prompt="a blue car jumps", dry_run=True).data
    assert "blue car" in plan["effective"]["prompt"]
