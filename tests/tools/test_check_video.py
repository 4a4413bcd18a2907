"""check_video: what is measured in a take, beside what was asked, and in imported footage."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import anyio
import numpy as np
import pytest

from shotwright.generator.encode import write_mp4
from shotwright.tools.check_video import _decoded
from shotwright.tools.studio.shown import Shown
from shotwright.tools.studio.studio import Studio

Ask = Callable[..., Shown]


def test_a_take_is_measured_beside_what_was_asked_of_it(ask: Ask, take: dict[str, Any]) -> None:
    found = ask("check_video", video=take["take_id"]).data
    assert found["take_id"] == take["take_id"] and found["frames"] == 9
    assert found["camera"]["asked"] is None and found["camera"]["mechanism"] == "none"
    assert found["camera"]["hfov_deg"] == take["camera"]["hfov_deg"]
    assert found["endpoints"] == take["endpoints"] and found["seams"] == []
    assert set(found["picture"]) >= {"black_frames", "frozen"}


def test_the_turn_of_footage_is_measured_in_degrees_of_its_field_of_view(
    ask: Ask, footage: str
) -> None:
    found = ask("check_video", video=footage).data
    assert found["take_id"] is None and found["camera"]["hfov_deg"] == 50
    # 29 of 160 pixels go by; 160 pixels are 50 degrees
    assert found["camera"]["measured"]["pan_deg"] == pytest.approx(9.5, rel=0.15)
    assert len(found["camera"]["per_frame"]) in (29, 30)
    narrow = ask("check_video", video=footage, hfov_deg=25).data["camera"]
    assert narrow["measured"]["pan_deg"] == pytest.approx(4.7, rel=0.2)


def test_black_and_frozen_frames_are_found(ask: Ask, media: Path, scene: Any) -> None:
    frames = np.stack([*[scene] * 10, *[scene * 0] * 3, *[scene[:, ::-1]] * 10])
    path = media / "faults.mp4"
    write_mp4(path, frames, fps=Fraction(8), metadata={})
    picture = ask("check_video", video=str(path)).data["picture"]
    assert set(picture["black_frames"]) == {10, 11, 12}
    assert picture["frozen"]


def test_large_footage_is_measured_on_small_frames(studio: Studio, tmp_path: Path) -> None:
    tiles = np.random.default_rng(3).integers(30, 226, (36, 64, 3), dtype=np.uint8)
    wide = np.kron(tiles, np.ones((10, 10, 1), np.uint8)).astype(np.uint8)
    frames = np.stack([np.roll(wide, -4 * n, axis=1) for n in range(5)])
    write_mp4(tmp_path / "large.mp4", frames, fps=Fraction(24), metadata={})
    media = anyio.run(studio.intake.video, str(tmp_path / "large.mp4"), "video")
    assert _decoded(media).shape == (5, 144, 256, 3)
