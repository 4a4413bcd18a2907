"""A take's MP4 that is encoded while it is decoded is, byte for byte, the one that is written at the end."""

import threading
from pathlib import Path

import numpy as np
import pytest

from shotwright.generator.encode import write_mp4
from shotwright.generator.errors import BadRequest
from shotwright.generator.frames import Frames
from shotwright.tools.studio.early import early
from shotwright.tools.studio.pictures import mark

META = {"title": "a take"}
HOW = {"fps": 8, "metadata": META, "preset": "medium"}


def clip(frames: int = 17, seed: int = 0) -> Frames:
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (frames, 64, 64, 3), dtype=np.uint8)


def at_the_end(path: Path, frames: Frames) -> bytes:
    write_mp4(path, mark(frames, "start", len(frames), fps=8), **HOW)  # type: ignore[arg-type]
    return path.read_bytes()


def test_pieces_that_are_encoded_as_they_come_give_the_same_file(tmp_path: Path) -> None:
    frames = clip()
    expected = at_the_end(tmp_path / "whole.mp4", frames)
    with early(len(frames), label="start", **HOW) as begun:  # type: ignore[arg-type]
        assert begun.file() is None, "nothing came yet"
        for start, stop in ((0, 1), (1, 5), (5, 17)):
            begun.take(start, frames[start:stop])
        file = begun.file()
        assert file is not None and file.read_bytes() == expected
    assert not file.exists()


def test_a_rendering_that_begins_anew_is_encoded_anew(tmp_path: Path) -> None:
    frames = clip(9, seed=1)
    expected = at_the_end(tmp_path / "whole.mp4", frames)
    with early(9, label="start", **HOW) as begun:  # type: ignore[arg-type]
        begun.take(0, clip(5))
        begun.take(0, frames)
        file = begun.file()
        assert file is not None and file.read_bytes() == expected


def test_one_that_is_given_up_leaves_no_thread_and_no_file() -> None:
    before = threading.active_count()
    with (
        pytest.raises(InterruptedError),
        early(9, label="none", **HOW) as begun,  # type: ignore[arg-type]
    ):
        begun.take(0, clip(5))
        raise InterruptedError
    assert threading.active_count() == before and begun.file() is None


def test_what_cannot_be_encoded_is_told_where_it_is_wanted() -> None:
    with early(2, label="none", **HOW) as begun:  # type: ignore[arg-type]
        begun.take(0, clip(2)[:, :63])
        with pytest.raises(BadRequest, match="cannot be an MP4"):
            begun.file()
