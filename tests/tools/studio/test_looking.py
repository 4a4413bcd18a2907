"""What a take's sheet shows beside its frames is read from its slate and measured from its file."""

import io
from dataclasses import asdict
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

import anyio
import numpy as np
import pytest
from PIL import Image

from shotwright.generator.camera import Move, path
from shotwright.generator.encode import write_mp4
from shotwright.generator.frames import Frames
from shotwright.generator.mini.world import render, sample_scene
from shotwright.tools.studio.looking import end_pairs, ends_of, seam_pairs, seams_of, track_of
from shotwright.tools.studio.pictures import png
from shotwright.tools.studio.slates import Blobs, Slate
from shotwright.tools.studio.studio import Studio, silent
from shotwright.tools.studio.wire import ViewVideo
from shotwright.tools.view_video import view_video

MOVES = (Move("pan_left", amount=12),)


@pytest.fixture
def footage() -> Frames:
    scene = sample_scene(np.random.default_rng(4), camera="static", weather="clear", action="rests")
    return render(scene, frames=9, height=64, width=112, poses=path(MOVES, 9)).frames


@pytest.fixture
def slate(studio: Studio, footage: Frames, tmp_path: Path) -> Slate:
    """A take of 9 frames that pans, with a given first picture and a seam before frame 5."""
    file = tmp_path / "clip.mp4"
    write_mp4(file, footage, fps=Fraction(8), metadata={})
    first = studio.store.put_bytes(png(footage[0]), "png").key
    seam = {"frame": 5, "colour_step": 0.4, "ssim": 0.9, "motion_jump": 1.0, "pass": False}
    made = Slate(
        take_id="take_0123456789abcdef",
        verb="generate_video",
        request={},
        prompt="",
        model="mini",
        seed=1,
        width=112,
        height=64,
        frames=9,
        fps=8,
        duration_s=9 / 8,
        effective={
            "given": {"first": first, "last": None, "keyframes": [[4, first]]},
            "camera": {"moves": [asdict(move) for move in MOVES], "seed": 0},
        },
        camera={
            "asked": asdict(path(MOVES, 9)[-1]),
            "hfov_deg": 50.0,
            "mechanism": "guided warp",
            "verdict": {"pan_deg": "pass"},
        },
        seams=(seam, {**seam, "frame": 7, "pass": True}),
        endpoints={
            "first": {"ssim": 0.97, "pass": True},
            "last": None,
            "keyframes": [{"frame": 4, "ssim": 0.31, "pass": False}],
        },
        blobs=Blobs(clip=studio.store.put(file, "mp4").key),
        created_at=datetime.now(UTC),
    )
    made.save(studio.store)
    return made


def media_of(studio: Studio, slate: Slate) -> Any:
    return anyio.run(studio.intake.resolve, slate.take_id, "video")


def test_the_asked_path_stands_beside_the_one_that_is_measured_in_the_file(
    studio: Studio, slate: Slate
) -> None:
    track = track_of(media_of(studio, slate), slate, studio.store)
    assert track is not None and track.asked is not None and track.mechanism == "guided warp"
    assert len(track.asked) == len(track.measured) == 9
    assert track.asked[-1].pan_deg == -12
    assert track.measured[-1].pan_deg == pytest.approx(-12, abs=1.5)
    assert track.shown[0] == "pan_deg"


def test_a_marked_take_is_measured_without_its_mark(
    studio: Studio, slate: Slate, tmp_path: Path
) -> None:
    still = tmp_path / "still.mp4"
    write_mp4(still, np.full((9, 64, 64, 3), 90, np.uint8), fps=Fraction(8), metadata={})
    blobs = Blobs(clip=studio.store.put(still, "mp4").key, clean=slate.blobs.clip)
    marked = slate.model_copy(update={"blobs": blobs})
    marked.save(studio.store)
    track = track_of(media_of(studio, marked), marked, studio.store)
    assert track is not None and track.measured[-1].pan_deg == pytest.approx(-12, abs=1.5)


def test_footage_that_nobody_asked_anything_of_has_a_measured_path_alone(
    studio: Studio, slate: Slate
) -> None:
    track = track_of(media_of(studio, slate), None, studio.store)
    assert track is not None and track.asked is None and track.verdict["pan_deg"] == "stray"


def test_failed_seams_come_first_and_show_the_frames_on_both_sides(
    slate: Slate, footage: Frames
) -> None:
    assert [seam["frame"] for seam in seams_of(slate)] == [5, 7]
    first, _ = seam_pairs(slate, dict(enumerate(footage)), 8)
    assert np.array_equal(first.one, footage[4]) and np.array_equal(first.other, footage[5])
    assert not first.good and first.found.startswith("fail")


def test_given_pictures_stand_beside_the_frames_made_of_them(
    studio: Studio, slate: Slate, footage: Frames
) -> None:
    assert [(name, frame) for name, frame, _, _ in ends_of(slate)] == [
        ("first", 0),
        ("keyframe", 4),
    ]
    first, keyframe = end_pairs(slate, dict(enumerate(footage)), studio.store)
    assert np.array_equal(first.one, footage[0]) and first.good and not keyframe.good


def test_the_sheet_of_a_take_shows_more_than_its_frames(studio: Studio, slate: Slate) -> None:
    def high(video: str) -> int:
        shown = anyio.run(view_video, studio, ViewVideo(video=video), silent)
        assert shown.data["shown"] == [{"picture": "contact sheet"}]
        (data,) = shown.pictures
        assert len(data) < 200_000
        return int(Image.open(io.BytesIO(data)).height)

    bare = slate.model_copy(
        update={"take_id": "take_fedcba9876543210", "seams": (), "endpoints": None}
    )
    bare.save(studio.store)
    assert high(slate.take_id) > high(bare.take_id) + 300


def test_the_path_of_a_continuation_begins_where_it_does(studio: Studio, slate: Slate) -> None:
    effective = {**slate.effective, "segments": [{"overlap": 5}], "joined": None}
    longer = slate.model_copy(update={"effective": effective})
    track = track_of(media_of(studio, slate), longer, studio.store)
    assert track is not None and track.begin == 4
    assert len(track.measured) == 9 - 4
    assert track.asked is not None and len(track.asked) == 9 - 4
