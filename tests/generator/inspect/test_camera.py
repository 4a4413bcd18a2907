import math
from pathlib import Path

import cv2
import numpy as np
import pytest
import skimage.data

from shotwright.generator.camera import AXES, Move, Pose, path, totals
from shotwright.generator.frames import Frames, Picture
from shotwright.generator.inspect.camera import MIN_CONFIDENCE, measure, verdict
from shotwright.generator.lens import camera_matrix, homography
from shotwright.generator.mini import words
from shotwright.generator.mini.world import Scene, render, sample_scene
from shotwright.generator.mini.world.scene import HFOV_DEG

SURE = 0.9
MAIN = {"pan": "pan_deg", "tilt": "tilt_deg", "roll": "roll_deg", "zoom": "zoom_ratio"}
SIZES = ((64, 64), (64, 112))


def flat(pose: Pose) -> dict[str, float]:
    """Degrees and log ratio: 0 at rest."""
    numbers = {axis: float(getattr(pose, axis)) for axis in AXES}
    return {**numbers, "zoom_ratio": math.log(pose.zoom_ratio)}


def relative(poses: tuple[Pose, ...]) -> Pose:
    first, last = poses[0], poses[-1]
    return Pose(
        last.pan_deg - first.pan_deg,
        last.tilt_deg - first.tilt_deg,
        last.roll_deg - first.roll_deg,
        last.zoom_ratio / first.zoom_ratio,
    )


@pytest.mark.parametrize("move", [m for m in words.values("camera") if m.partition("_")[0] in MAIN])
def test_drawn_moves_are_measured_with_sign_and_amount(move: str) -> None:
    axis = MAIN[move.partition("_")[0]]
    rng = np.random.default_rng(7)
    shares = []
    for i, place in enumerate(("hills", "city", "desert", "hills")):
        scene = sample_scene(rng, camera=move, place=place, weather="clear")
        height, width = SIZES[i % 2]
        clip = render(scene, frames=(9, 17, 33)[i % 3], height=height, width=width)
        motion = measure(clip.frames, hfov_deg=HFOV_DEG)
        wanted, found = flat(relative(clip.poses)), flat(motion.total)
        shares.append(found[axis] / wanted[axis])
        words_ = verdict(relative(clip.poses), motion.total, confidence=motion.confidence)
        assert words_[axis] in ("pass", "ambiguous")
        assert "stray" not in words_.values()
        assert len(motion.per_frame) == len(clip.frames)
        assert motion.per_frame[0] == Pose()
    assert all(0.9 < share < 1.1 for share in shares)
    assert 0.97 < np.median(shares) < 1.03


@pytest.mark.parametrize("action", words.values("action"))
def test_a_moving_subject_is_not_taken_for_the_camera(action: str) -> None:
    rng = np.random.default_rng(3)
    for place in ("hills", "city", "desert"):
        scene = sample_scene(rng, camera="static", action=action, place=place)
        clip = render(scene, frames=17, height=64, width=64)
        motion = measure(clip.frames, hfov_deg=HFOV_DEG)
        assert set(verdict(Pose(), motion.total, confidence=1).values()) == {"still"}
        assert motion.confidence > MIN_CONFIDENCE


def test_a_subject_over_a_third_of_the_frame_is_hardly_ever_called_the_camera() -> None:
    close_up = [Pose(zoom_ratio=2.4, tilt_deg=-6)] * 17
    called, still = 0, 0
    for subject, action in (("box", "bounces"), ("ball", "spins"), ("box", "rises")):
        for place in ("hills", "city", "desert"):
            scene = Scene("red", subject, action, "day", place, "clear", "static", "", 5)
            clip = render(scene, frames=17, height=64, width=64, poses=close_up)
            assert clip.subject.mean((1, 2)).max() > 0.3
            motion = measure(clip.frames, hfov_deg=25)
            judged = verdict(Pose(), motion.total, confidence=motion.confidence).values()
            called += "stray" in judged
            still += set(judged) == {"still"}
    # the sky behind is smooth: once in nine the subject holds more texture than the rest
    assert called <= 1
    assert still >= 3


def test_a_pan_with_a_roll_and_a_zoom_is_measured_on_all_three() -> None:
    moves = [Move("pan_right", amount=20), Move("roll_cw", amount=8), Move("zoom_in", amount=1.2)]
    poses = path(moves, 5)
    scene = Scene("green", "car", "goes_left", "day", "city", "clear", "static", "", 2)
    clip = render(scene, frames=5, height=240, width=416, poses=list(poses))
    motion = measure(clip.frames, hfov_deg=HFOV_DEG)
    wanted, found = flat(totals(poses)), flat(motion.total)
    assert found == pytest.approx(wanted, abs=0.5)
    assert motion.confidence > 0.5


def test_a_whip_pan_is_followed() -> None:
    poses = path([Move("whip_pan")], 17)
    scene = Scene("red", "car", "rests", "day", "city", "clear", "static", "", 5)
    clip = render(scene, frames=17, height=64, width=112, poses=list(poses))
    motion = measure(clip.frames, hfov_deg=HFOV_DEG)
    assert motion.total.pan_deg == pytest.approx(45, abs=2)


def test_noise_alone_is_not_believed() -> None:
    frames = np.random.default_rng(0).integers(0, 255, (9, 64, 64, 3), np.uint8)
    assert measure(frames, hfov_deg=50).confidence < MIN_CONFIDENCE


def test_one_frame_stands_still() -> None:
    motion = measure(np.zeros((1, 64, 64, 3), np.uint8), hfov_deg=50)
    assert (motion.total, motion.per_frame, motion.confidence) == (Pose(), (Pose(),), 1.0)


def photograph(name: str) -> Picture:
    """Out of scikit-image's wheel; nothing is downloaded."""
    read = cv2.imread(str(Path(skimage.data.__file__).parent / name))
    assert read is not None
    return np.asarray(cv2.cvtColor(read, cv2.COLOR_BGR2RGB), np.uint8)


def panned(degrees: float, frames: int, name: str = "coffee.png") -> Frames:
    poses = path([Move("pan_right" if degrees > 0 else "pan_left", amount=abs(degrees))], frames)
    picture = cv2.resize(photograph(name)[:342, :600], (384, 219))
    homographies = [homography(pose, hfov_deg=80, width=384, height=219) for pose in poses]
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    turned = [cv2.warpPerspective(picture, h, (384, 219), flags=flags) for h in homographies]
    return np.stack(turned)[:, 54:164, 96:288].astype(np.uint8)


PANNED_HFOV_DEG = 2 * math.degrees(math.atan(math.tan(math.radians(40)) / 2))


@pytest.mark.parametrize(
    "light",
    [
        (1.0, 1.0, 1.0, 1.0, 1.0),
        (1.0, 0.8, 1.1, 0.75, 0.9),
        (0.6, 0.7, 0.8, 0.9, 1.0),
        (1.0, 1.0, 0.0, 1.0, 1.0),
    ],
)
def test_a_photograph_is_followed_through_flicker_fades_and_black_frames(
    light: tuple[float, ...],
) -> None:
    frames = panned(12, 5) * np.array(light)[:, None, None, None]
    motion = measure(frames.astype(np.uint8), hfov_deg=PANNED_HFOV_DEG)
    assert motion.total.pan_deg == pytest.approx(12, rel=0.03)
    assert abs(motion.total.tilt_deg) < 0.3
    assert motion.confidence > MIN_CONFIDENCE


@pytest.mark.parametrize("other", ["astronaut.png", "chelsea.png"])
def test_no_camera_is_believed_across_a_cut_nor_a_slide_across_a_flash(other: str) -> None:
    before = panned(12, 13)
    cut = measure(np.concatenate([before, panned(12, 13, other)]), hfov_deg=PANNED_HFOV_DEG)
    assert cut.confidence < MIN_CONFIDENCE
    before[6] = 255
    flash = measure(before, hfov_deg=PANNED_HFOV_DEG)
    assert flash.total.pan_deg == pytest.approx(12, rel=0.03)
    assert flash.confidence > MIN_CONFIDENCE
    assert (flash.slid, flash.unclear) == (False, True)


@pytest.mark.parametrize("wide", [True, False])
def test_bars_around_the_picture_do_not_hold_the_camera(wide: bool) -> None:
    poses = path([Move("zoom_in", amount=1.4)], 13)
    picture = cv2.resize(photograph("coffee.png"), (256, 144))
    turned = [homography(pose, hfov_deg=50, width=256, height=144) for pose in poses]
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    frames = np.stack([cv2.warpPerspective(picture, h, (256, 144), flags=flags) for h in turned])
    if wide:
        frames[:, :24] = frames[:, -24:] = 0
    else:
        frames[:, :, :60] = frames[:, :, -60:] = 0
    motion = measure(frames.astype(np.uint8), hfov_deg=50)
    assert motion.total.zoom_ratio == pytest.approx(1.4, rel=0.01)
    assert motion.confidence > SURE


def test_two_frames_suffice_and_frozen_ones_are_still() -> None:
    frames = panned(-6, 2)
    motion = measure(frames, hfov_deg=PANNED_HFOV_DEG)
    assert motion.total.pan_deg == pytest.approx(-6, rel=0.03)
    frozen = measure(frames[[0] * 9], hfov_deg=PANNED_HFOV_DEG)
    assert set(verdict(Pose(), frozen.total, confidence=frozen.confidence).values()) == {"still"}


def test_a_clip_that_shows_nothing_is_not_believed() -> None:
    assert measure(np.zeros((5, 64, 64, 3), np.uint8), hfov_deg=50).confidence == 0


@pytest.mark.parametrize(
    "pose",
    [Pose(truck=0.25), Pose(pedestal=-0.2), Pose(dolly=0.3), Pose(dolly=-0.3)],
)
def test_a_camera_that_slides_past_layers_is_told_by_its_parallax(pose: Pose) -> None:
    frames = layered(pose, 9)
    motion = measure(frames, hfov_deg=HFOV_DEG)
    assert motion.slid
    words_ = verdict(pose, motion.total, confidence=motion.confidence, unclear=motion.unclear)
    moved = {axis for axis in AXES if getattr(pose, axis) != getattr(Pose(), axis)}
    assert words_ == {axis: "pass" if axis in moved else "still" for axis in AXES}
    opposite = Pose(truck=-pose.truck, pedestal=-pose.pedestal, dolly=-pose.dolly)
    failed = verdict(opposite, motion.total, confidence=motion.confidence)
    assert {failed[axis] for axis in moved} == {"fail"}


def layered(pose: Pose, frames: int) -> Frames:
    """A background at distance 5, a wall at 2 and a subject at 1; 160 x 96."""
    width, height = 160, 96
    lens = camera_matrix(HFOV_DEG, width, height)
    focal_px = lens[0, 0]
    walls = (
        (photograph("coffee.png"), 0.2, None),
        (photograph("chelsea.png"), 0.5, (0, -30, 300, 40)),
        (photograph("astronaut.png")[:, ::-1], 1.0, (0, 0, 64, 60)),
    )
    shown = np.zeros((frames, height, width, 3), np.uint8)
    for i in range(frames):
        p = i / (frames - 1)
        for picture, near, place in walls:
            x, y, wide, high = place or (0, 0, 240, 160)
            texture = cv2.resize(picture, (wide, high), interpolation=cv2.INTER_AREA)
            scale = 1 / (1 - near * pose.dolly * p)
            left = width / 2 + (x - near * pose.truck * p * focal_px) * scale - wide / 2 * scale
            top = height / 2 + (near * pose.pedestal * p * focal_px - y) * scale - high / 2 * scale
            affine = np.array([[scale, 0, left], [0, scale, top]])
            size = (width, height)
            border = cv2.BORDER_REFLECT_101 if place is None else cv2.BORDER_CONSTANT
            seen = cv2.warpAffine(texture, affine, size, borderMode=border)
            mask = cv2.warpAffine(np.ones((high, wide), np.uint8), affine, size)
            here = (mask > 0) | (place is None)
            shown[i][here] = np.asarray(seen, np.uint8)[here]
    return shown


def test_a_slide_that_may_be_hidden_is_ambiguous() -> None:
    seen = verdict(Pose(dolly=0.3), Pose(), confidence=SURE, unclear=True)
    assert (seen["dolly"], seen["zoom_ratio"]) == ("ambiguous", "ambiguous")
    assert verdict(Pose(dolly=0.3), Pose(), confidence=SURE)["dolly"] == "fail"
    assert (
        verdict(Pose(pan_deg=9), Pose(pan_deg=9), confidence=SURE, unclear=True)["pan_deg"]
        == "pass"
    )


def test_verdict_words() -> None:
    asked = Pose(pan_deg=20)
    assert verdict(asked, Pose(pan_deg=18), confidence=SURE)["pan_deg"] == "pass"
    assert verdict(asked, Pose(pan_deg=-18), confidence=SURE)["pan_deg"] == "fail"
    assert verdict(asked, Pose(pan_deg=9), confidence=SURE)["pan_deg"] == "fail"
    assert verdict(asked, Pose(), confidence=SURE)["pan_deg"] == "fail"
    assert verdict(asked, Pose(pan_deg=20, roll_deg=5), confidence=SURE)["roll_deg"] == "stray"
    assert verdict(asked, Pose(pan_deg=20, roll_deg=1), confidence=SURE)["roll_deg"] == "still"
    assert set(verdict(Pose(), Pose(), confidence=SURE)) == set(AXES)
    assert set(verdict(asked, asked, confidence=0.1).values()) == {"ambiguous"}


def test_a_truck_that_shows_as_a_pan_is_ambiguous_and_one_that_does_not_show_fails() -> None:
    asked = Pose(truck=0.3)
    seen = verdict(asked, Pose(pan_deg=15), confidence=SURE)
    assert (seen["truck"], seen["pan_deg"]) == ("ambiguous", "ambiguous")
    unseen = verdict(asked, Pose(), confidence=SURE)
    assert (unseen["truck"], unseen["pan_deg"]) == ("fail", "still")
    wrong = verdict(Pose(dolly=0.3), Pose(zoom_ratio=0.7), confidence=SURE)
    assert (wrong["dolly"], wrong["zoom_ratio"]) == ("fail", "stray")


def test_an_orbit_cannot_be_judged_from_one_plane() -> None:
    asked = totals(path([Move("orbit_right")], 9))
    judged = verdict(asked, Pose(), confidence=SURE)
    assert (judged["truck"], judged["pan_deg"]) == ("ambiguous", "ambiguous")
