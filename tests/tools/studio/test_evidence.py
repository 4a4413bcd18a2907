"""What was measured, drawn under a contact sheet: small enough for an answer, and every part of it there."""

import io
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from PIL import Image

from shotwright.generator.camera import Move, Pose, path
from shotwright.generator.mini.world import render, sample_scene
from shotwright.tools.studio.evidence import ASKED, MEASURED, CameraTrack, Pair, clip_sheet, figures
from shotwright.tools.studio.sheets import MAX_BYTES, MAX_WIDTH, Frames, stamp

SCENE = sample_scene(np.random.default_rng(4), camera="static", weather="clear", action="rests")
ASKED_PATH = path([Move("pan_left", amount=20)], 9)


def clip(width: int, height: int) -> Frames:
    return render(SCENE, frames=9, height=height, width=width).frames


def track(measured: Sequence[Pose] = ASKED_PATH, word: str = "pass") -> CameraTrack:
    return CameraTrack(ASKED_PATH, measured, {"pan_deg": word}, "guided warp")


def sheet(
    frames: Frames, *, camera: CameraTrack | None = None, seams: int = 0, ends: int = 0
) -> Frames:
    one = Pair(frames[4], frames[5], ("#4  before", "#5  after"), False, "fail: colour step 9.0")
    data = clip_sheet(
        frames,
        [stamp(number, 8) for number in range(len(frames))],
        camera=camera,
        seams=[one] * seams,
        ends=[one] * ends,
    )
    assert len(data) < MAX_BYTES
    picture = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
    assert picture.shape[1] <= MAX_WIDTH
    return picture


def inked(picture: Frames, ink: tuple[int, int, int]) -> int:
    """Pixels of about this hue: a thin line of a JPEG is paler than it was drawn."""
    hue = np.array(ink) - np.mean(ink)
    apart = picture - picture.mean(axis=2, keepdims=True)
    alike = (apart * hue).sum(axis=2) / np.linalg.norm(hue)
    return int((alike > 50).sum())


def test_every_part_makes_the_sheet_higher_at_small_and_large_sizes() -> None:
    for width, height in ((64, 64), (480, 272)):
        frames = clip(width, height)
        parts = [
            sheet(frames),
            sheet(frames, camera=track()),
            sheet(frames, camera=track(), seams=2),
            sheet(frames, camera=track(), seams=2, ends=3),
        ]
        heights = [part.shape[0] for part in parts]
        assert heights == sorted(set(heights))


def test_the_asked_path_and_the_measured_one_are_drawn_apart() -> None:
    frames = np.zeros((9, 64, 64, 3), np.uint8)
    apart = sheet(frames, camera=track(path([Move("pan_left", amount=8)], 9), "fail"))
    without = sheet(frames)
    for ink in (ASKED, MEASURED):
        assert inked(apart, ink) > inked(without, ink) + 100


def test_a_clip_that_nobody_asked_a_camera_of_shows_what_was_measured() -> None:
    frames = np.zeros((9, 64, 64, 3), np.uint8)
    alone = sheet(frames, camera=CameraTrack(None, ASKED_PATH, {"pan_deg": "pass"}, ""))
    assert inked(alone, MEASURED) > 100 and inked(alone, ASKED) == 0


def test_what_the_moved_clip_did_itself_is_told_beside_what_was_asked() -> None:
    moved = replace(track(), own=Pose(tilt_deg=8, zoom_ratio=1.001))
    assert figures(moved, "tilt_deg") == (
        "tilt (up is up): asked +0.0°, the clip's own +8.0°, measured +0.0°"
    )
    assert "own" not in figures(moved, "zoom_ratio") + figures(track(), "tilt_deg")


def test_axes_are_shown_that_were_asked_or_strayed_and_no_others() -> None:
    told = {"pan_deg": "pass", "roll_deg": "stray", "zoom_ratio": "still"}
    assert CameraTrack(ASKED_PATH, ASKED_PATH, told, "words").shown == ["pan_deg", "roll_deg"]
    resting = (Pose(),) * 9
    assert CameraTrack(None, resting, {}, "").shown == ["pan_deg", "tilt_deg", "zoom_ratio"]


def test_beside_a_slide_that_is_not_told_stands_the_turn_that_it_looks_like() -> None:
    slide = path([Move("dolly_in", amount=0.4)], 9)
    told = {"dolly": "ambiguous", "zoom_ratio": "ambiguous"}
    assert CameraTrack(slide, slide, told, "words").shown == ["dolly", "zoom_ratio"]
    assert CameraTrack(slide, slide, {"dolly": "pass"}, "words").shown == ["dolly"]
