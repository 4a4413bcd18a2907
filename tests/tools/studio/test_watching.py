"""One pass over a long clip: its seams, known and found, and its drift, a few seconds of it held at a time."""

import tracemalloc
from collections.abc import Iterator

import numpy as np

from shotwright.generator.frames import Frames, Picture
from shotwright.tools.studio.watching import Look

SMALL = np.random.default_rng(3).integers(30, 226, (9, 16, 3), dtype=np.uint8)
TILES = np.kron(SMALL, np.ones((4, 4, 1), np.uint8)).astype(np.uint8)


def moving(count: int, *, dark_from: int) -> Iterator[Picture]:
    for number in range(count):
        yield np.roll(TILES if number < dark_from else TILES // 4, number, axis=1)


def watched(frames: Iterator[Picture] | Frames, *joins: int) -> Look:
    look = Look(joins)
    for _ in look.through(frames):
        pass
    return look


def test_of_a_long_clip_only_a_few_seconds_are_held() -> None:
    tracemalloc.start()
    look = watched(moving(800, dark_from=400), 400)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert look.count == 800 and most < 3_000_000, "the whole clip has 5.5 million bytes"
    assert not look.seams[400].passed and look.found == {}
    assert look.meter.result().black_frames == []


def test_a_jump_that_nobody_told_of_is_found() -> None:
    look = watched(moving(60, dark_from=31))
    assert list(look.found) == [31] and look.seams == {}
    assert watched(moving(60, dark_from=99)).found == {}


def test_a_whip_pan_is_no_row_of_seams_and_a_flash_is_one() -> None:
    step = [0] * 20 + [5] * 12 + [0] * 20
    whip = np.stack([np.roll(TILES, at, axis=1) for at in np.cumsum(step)])
    assert watched(whip).found == {}
    whip[10] = TILES // 4
    assert 10 in watched(whip).found


def test_seams_near_the_ends_are_measured_with_what_there_is() -> None:
    look = watched(moving(20, dark_from=99), 3, 17)
    assert set(look.seams) == {3, 17} and look.seams[3].passed


def test_drift_is_told_in_stretches_and_of_a_short_clip_not_at_all() -> None:
    assert watched(moving(20, dark_from=99)).drift() is None
    drift = watched(moving(100, dark_from=64)).drift()
    assert drift is not None
    assert [at["frame"] for at in drift["curve"]] == [32, 64, 96]
    assert drift["curve"][0]["beyond"] == [] and "colour" in drift["curve"][1]["beyond"]
