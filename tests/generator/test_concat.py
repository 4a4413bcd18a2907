"""Joining MP4 files by their packets."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from shotwright.generator.concat import concat
from shotwright.generator.encode import probe, read_video, write_mp4
from shotwright.generator.errors import RenderFailed


def clip(path: Path, level: int, *, frames: int = 9, width: int = 64) -> Path:
    ramp = np.linspace(0, 40, frames).astype(np.uint8)[:, None, None, None]
    write_mp4(path, np.full((frames, 48, width, 3), level, np.uint8) + ramp, fps=8, metadata={})
    return path


def test_joined_clips_play_one_after_the_other(tmp_path: Path) -> None:
    parts = [clip(tmp_path / f"{i}.mp4", level) for i, level in enumerate((20, 90, 160))]
    out = tmp_path / "film.mp4"
    assert concat(parts, out, fps=Fraction(8), metadata={"title": "three"}) == 27
    info = probe(out)
    assert (info.frames, float(info.fps), info.duration_s) == (27, 8.0, 27 / 8)
    assert info.metadata["title"] == "three"
    limits = {"max_frames": 100, "max_pixels": 1 << 20}
    joined = read_video(out, **limits).frames
    apart = np.concatenate([read_video(part, **limits).frames for part in parts])
    assert np.array_equal(joined, apart)


def test_clips_of_different_sizes_are_refused_and_leave_no_film(tmp_path: Path) -> None:
    parts = [clip(tmp_path / "a.mp4", 20), clip(tmp_path / "b.mp4", 20, width=80)]
    with pytest.raises(RenderFailed, match="80x48"):
        concat(parts, tmp_path / "film.mp4", fps=Fraction(8), metadata={})
    assert not (tmp_path / "film.mp4").exists()
