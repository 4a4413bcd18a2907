"""A clip of a caller is brought to the model's size frame by frame, and a too long one is refused at once."""

from fractions import Fraction
from pathlib import Path

import anyio
import numpy as np
import pytest

from shotwright.generator.encode import iter_frames, read_lossless, read_video, write_mp4
from shotwright.generator.errors import TooLarge
from shotwright.tools.studio import sources
from shotwright.tools.studio.studio import Studio


@pytest.fixture
def clip(tmp_path: Path) -> str:
    """The path of an MP4 of 128x72, 24 a second, 12 frames that grow brighter."""
    frames = np.stack([np.full((72, 128, 3), 40 + 12 * n, np.uint8) for n in range(12)])
    write_mp4(tmp_path / "clip.mp4", frames, fps=Fraction(24), metadata={})
    return str(tmp_path / "clip.mp4")


def test_a_clip_comes_at_the_models_size_and_rate(studio: Studio, clip: str) -> None:
    card = studio.catalog.default

    async def run() -> sources.Source:
        return await sources.clip_for(studio, card, clip, "video", fit="crop")

    source = anyio.run(run)
    frames = read_lossless(studio.store.fetch(source.key)).frames
    assert frames.shape[:3] == (source.frames, source.height, source.width)
    assert source.frames == round(12 / 24 * card.fps)
    assert (source.width, source.height) in card.sizes.values()
    assert {note["field"] for note in source.adjustments} == {"fps", "video"}
    assert np.all(np.diff(frames.mean((1, 2, 3))) > 0)


def test_a_clip_that_would_not_fit_the_memory_is_refused(
    studio: Studio, clip: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "MAX_BYTES", 112 * 64 * 3 * 11)

    async def run() -> None:
        await sources.clip_for(studio, studio.catalog.default, clip, "video", fit="crop")

    with pytest.raises(TooLarge) as caught:
        anyio.run(run)
    error = caught.value
    assert (error.field, error.value, error.allowed) == ("video", 12, "at most 11 frames")


def test_frames_one_by_one_are_those_of_the_whole_clip(clip: str) -> None:
    whole = read_video(Path(clip), max_frames=12, max_pixels=128 * 72).frames
    streamed = iter_frames(Path(clip), max_frames=12, max_pixels=128 * 72, start=5)
    assert np.array_equal(np.stack(list(streamed)), whole[5:])
    with pytest.raises(TooLarge):
        list(iter_frames(Path(clip), max_frames=11, max_pixels=128 * 72))
