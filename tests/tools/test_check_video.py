"""check_video: what is measured in a take, beside what was asked, and in imported footage."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import anyio
import numpy as np
import pytest

from shotwright.generator.encode import probe, read_video, write_mp4
from shotwright.generator.errors import NotFound
from shotwright.generator.provenance import likeness, packet, seal
from shotwright.tools.check_video import _small
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
    found = ask("check_video", video=str(path)).data
    assert set(found["picture"]["black_frames"]) == {10, 11, 12}
    assert found["picture"]["frozen"]
    assert [(seam["frame"], seam["method"]) for seam in found["seams"]] == [
        (10, "found"),
        (13, "found"),
    ]


def test_large_footage_is_measured_on_small_frames(studio: Studio, tmp_path: Path) -> None:
    tiles = np.random.default_rng(3).integers(30, 226, (36, 64, 3), dtype=np.uint8)
    wide = np.kron(tiles, np.ones((10, 10, 1), np.uint8)).astype(np.uint8)
    frames = np.stack([np.roll(wide, -4 * n, axis=1) for n in range(5)])
    write_mp4(tmp_path / "large.mp4", frames, fps=Fraction(24), metadata={})
    media = anyio.run(studio.intake.video, str(tmp_path / "large.mp4"), "video")
    assert [frame.shape for frame in _small(media.path)] == [(144, 256, 3)] * 5


def test_a_take_and_a_film_say_where_they_come_from(
    ask: Ask, take: dict[str, Any], film: dict[str, Any], footage: str
) -> None:
    for name in (take["take_id"], film["film_id"]):
        found = ask("check_video", video=name).data["provenance"]
        assert found["broken"] == [] and found["picture"]["identical"]
        assert {"source_type", "aigc", "slate_digest", "picture"} <= set(found["holds"])
        assert found["picture"]["against"] == "slate"
    foreign = ask("check_video", video=footage).data["provenance"]
    assert foreign["holds"] == [] and foreign["broken"] == []


def test_a_film_is_checked_whole_and_its_cuts_are_no_camera(ask: Ask, film: dict[str, Any]) -> None:
    found = ask("check_video", video=film["film_id"]).data
    assert found["frames"] == round(film["duration_s"] * 8) and found["camera"]["measured"] is None
    with pytest.raises(NotFound) as caught:
        ask("check_video", video="film_nothing")
    assert caught.value.field == "video"


def test_a_copy_of_a_take_that_was_painted_over_is_found_out(
    ask: Ask, take: dict[str, Any], media: Path
) -> None:
    info = probe(Path(take["path"]))
    frames = read_video(Path(take["path"]), max_frames=99, max_pixels=1 << 20).frames
    painted = frames.copy()
    painted[:, :32] = 255
    path = media / "painted.mp4"
    metadata = {k: v for k, v in info.metadata.items() if k[:1].isupper() or k == "description"}
    write_mp4(path, painted, fps=8, metadata=metadata)
    seal(path, packet(metadata, likeness(Path(take["path"]), frames, len(frames))))
    assert ask("check_video", video=str(path)).data["provenance"]["broken"] == ["picture"]
