"""A reel reads like an array of frames, holds none, and crosses its pieces."""

import tracemalloc
from pathlib import Path

import numpy as np

from shotwright.generator.encode import write_lossless
from shotwright.tools.studio.reels import Reel, Stretch

FRAMES = np.random.default_rng(0).integers(0, 256, (30, 16, 24, 3), dtype=np.uint8)


def reel(folder: Path) -> Reel:
    write_lossless(folder / "a.mkv", FRAMES[:12], 8)
    write_lossless(folder / "b.mkv", FRAMES[12:20], 8)
    first = Reel([Stretch(folder / "a.mkv", 12), Stretch(folder / "b.mkv", 8)])
    return Reel([first, FRAMES[20:]])


def test_a_reel_gives_the_frames_that_an_array_would(tmp_path: Path) -> None:
    made = reel(tmp_path)
    assert len(made) == 30
    assert np.array_equal(np.stack(list(made)), FRAMES)
    assert np.array_equal(np.stack(list(made.since(11))), FRAMES[11:])
    assert np.array_equal(made[-5:], FRAMES[-5:])
    assert np.array_equal(made[[0, 25, 13, 13]], FRAMES[[0, 25, 13, 13]])
    assert np.array_equal(made[-1], FRAMES[-1])


def test_a_long_reel_is_read_without_being_held(tmp_path: Path) -> None:
    frames = (np.zeros((90, 160, 3), np.uint8) + n % 200 for n in range(400))
    write_lossless(tmp_path / "long.mkv", (np.asarray(f, np.uint8) for f in frames), 8)
    made = Reel([Stretch(tmp_path / "long.mkv", 400)] * 2)
    tracemalloc.start()
    assert sum(1 for _ in made) == 800
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 2_000_000, "all of it has 34 million bytes"
