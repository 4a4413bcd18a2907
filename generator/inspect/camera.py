"""Measure how the camera of a finished clip moved, and judge it against what was asked.

No learned weights.  Each frame is registered to a key frame by rotation and zoom alone, the motion
that most of the texture follows; a moving subject is an outlier.  In one plane a truck looks like a
pan, a pedestal like a tilt, a dolly like a zoom: only parallax tells them apart (`parallax`).  Where
it does not, `measure` reports turn and zoom, and `verdict` calls the pair ambiguous where a
translation was asked.
Try: python -m pytest tests/generator/inspect/test_camera.py
"""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from shotwright.generator.camera import AXES, Pose
from shotwright.generator.inspect.bars import without_bars
from shotwright.generator.inspect.parallax import tell
from shotwright.generator.inspect.register import (
    Fit,
    Key,
    Pyramid,
    angles_deg,
    nearest_turn,
    pyramid,
    split,
)
from shotwright.generator.inspect.tracks import Tracker
from shotwright.generator.lens import Matrix

MIN_OVERLAP = 0.5
"""A key frame serves while half of it is seen: fewer keys drift less, and what stands still is told
from waves and subjects only over time."""

WORSE = 2.0
WORSE_BY = 0.02
"""A fit whose cost doubles (and rises by this) from one frame to the next slipped: a new key."""

LINKED = 0.45
"""Share of the texture that must agree where a key frame is placed by the one before.  After 13 cuts at most .41 did by
chance; in 32 clips without one, some noisy, at least .71."""

SURE_RAD = math.radians(0.5)
"""Standard error at which a fit is half believed: a third of what counts as still."""

MIN_CONFIDENCE = 0.3
"""Below it every axis is ambiguous.  On 432 drawn clips it takes back one of the 420 measured within
1 degree; on the same clips blurred, flickering and noisy a sixth of those within 1 degree and two
thirds of those more than 3 degrees off."""

AGREED = 0.8
"""Where a slide would explain still more, another turn than was registered is believed only if more than this share of
the points goes along with it, and less of the texture with the registered one."""

FOLLOWS = 0.7
"""A camera that may circle is not taken for one where more of the texture than this goes along with a mere turn; below
it that is often the turn of the subject, which a circling camera keeps in its place."""

AS_ONE = 0.75
"""Share of what a dolly does to the subject that the rest of the picture must not do as well: then it is a zoom.  Of 40
dollies past layers it did at most .4, of 24 zooms of `mini` at least .9."""

ZOOMED = 1.15
"""Ratio of a registered zoom beyond which no circling camera is looked for: a circle keeps its distance."""

REACHED = (0.75, 1.33)
"""Share of the asked amount that passes: a quarter off either way, which the eye does not judge."""

STRAY_SHARE = 0.15
"""Motion on an axis that nobody asked for, as a share of the largest asked, that still passes."""

STILL: Mapping[str, float] = {
    # three per cent of a 50-degree picture, the least that is seen as a move and not as a breath
    "pan_deg": 1.5,
    "tilt_deg": 1.5,
    "roll_deg": 1.5,
    "zoom_ratio": math.log(1.05),
    "truck": 0.03,
    "pedestal": 0.03,
    "dolly": 0.05,
}
"""Per axis, what counts as no motion; zoom by the logarithm of its ratio."""

TWINS: Mapping[str, str] = {"truck": "pan_deg", "pedestal": "tilt_deg", "dolly": "zoom_ratio"}
"""Translations and the rotation or zoom that looks like them in one plane."""

CANCELS = 0.25
"""A pan that undoes all but this share of a truck keeps the subject in place, as an orbit does: what
the background then shows depends on its unknown distance."""


@dataclass(frozen=True)
class CameraMotion:
    """total: the last frame's pose; per_frame: each frame's, relative to the first frame's;
    confidence: 0 to 1, how much of the texture agreed and how certain the angles are; slid: whether
    parallax proves a translation, without which truck, pedestal and dolly are 0; unclear: whether
    a translation may be hidden in what no turn explains."""

    total: Pose
    per_frame: tuple[Pose, ...]
    confidence: float
    slid: bool = False
    unclear: bool = False


def measure(frames: Iterable[NDArray[np.uint8]], *, hfov_deg: float) -> CameraMotion:
    """The camera's pan, tilt, roll and zoom, and where parallax proves them truck, pedestal and dolly.

    frames: uint8 RGB (height, width, 3), at least one, of which few are held; bars around the
    picture are left out.  hfov_deg: horizontal field of view of the first frame.  Translations are fractions of the
    distance of the subject: of the nearest thing in the first frame that has a fiftieth of the
    picture in its middle, a twentieth at an edge, a tenth in a corner.
    A subject or waves that hold more texture than all the rest are followed instead; nearly always
    the confidence then falls below `MIN_CONFIDENCE`.
    """
    frames, share = without_bars(frames)
    hfov_deg = math.degrees(2 * math.atan(share * math.tan(math.radians(hfov_deg / 2))))
    tracker = Tracker()
    turned = measure_turn(_seen(frames, tracker), hfov_deg=hfov_deg)
    if len(turned.per_frame) < 2:
        return turned
    told = tell(tracker.result(), turned.per_frame, hfov_deg=hfov_deg)
    if told is None:
        return turned
    zoomed = abs(math.log(turned.total.zoom_ratio))
    if told.poses and not _as_one(told.poses[-1], turned.total):
        return CameraMotion(told.poses[-1], told.poses, told.agreeing, slid=True)
    follows = turned.confidence >= min(told.agreeing, FOLLOWS)
    if told.circling and not follows and zoomed < math.log(ZOOMED):
        return CameraMotion(told.circling[-1], told.circling, told.agreeing, unclear=True)
    if told.turned and (not told.unclear or told.agreeing > AGREED > turned.confidence):
        return CameraMotion(told.turned[-1], told.turned, told.agreeing, unclear=told.unclear)
    return replace(turned, unclear=told.unclear or bool(told.poses))


def _as_one(slid: Pose, turned: Pose) -> bool:
    """Whether nothing but a dolly was told, and all that is seen grows as if it were a zoom."""
    if (
        max(abs(slid.truck), abs(slid.pedestal)) > STILL["truck"]
        or abs(slid.dolly) <= STILL["dolly"]
    ):
        return False
    return math.log(turned.zoom_ratio) / apparent("dolly", slid.dolly) > AS_ONE


def measure_turn(frames: Iterable[NDArray[np.uint8]], *, hfov_deg: float) -> CameraMotion:
    """Pan, tilt, roll and zoom alone, by registration: a slide shows as the turn or zoom that it looks like.

    Arguments as of `measure`.
    """
    turns, fits, links = _turned(frames, hfov_deg)
    return CameraMotion(turns[-1], turns, _confidence(fits, links) if len(turns) > 1 else 1.0)


def _seen(frames: Iterable[NDArray[np.uint8]], tracker: Tracker) -> Iterator[NDArray[np.uint8]]:
    """The same frames, followed as they go by."""
    for frame in frames:
        tracker.add(frame)
        yield frame


def _turned(
    frames: Iterable[NDArray[np.uint8]], hfov_deg: float
) -> tuple[tuple[Pose, ...], list[Fit], list[float]]:
    """Each frame's pan, tilt, roll and zoom, the fits they come from, and how much of the texture agreed where one key
    frame was placed by another.

    A frame that shows nothing, such as a black one, is passed over: the camera is taken to rest.
    """
    key: Key | None = None
    before: Pyramid | None = None
    key_spin, key_zoom, key_at = np.eye(3), 1.0, 0
    here, step = np.eye(3), np.eye(3)
    poses, fits, links = list[tuple[Matrix, float]](), list[Fit](), list[float]()
    for now, picture in enumerate(pyramid(frame) for frame in frames):
        last = poses[-1] if poses else (np.eye(3), 1.0)
        if picture.blank or key is None or before is None:
            poses.append(last)
            if not picture.blank:
                key, before, key_at = Key(picture, hfov_deg=hfov_deg), picture, now
            continue
        fit = key.register(picture, [nearest_turn(step @ here), here])
        slipped = bool(fits) and fit.cost > WORSE * fits[-1].cost + WORSE_BY
        if now - 1 > key_at and (slipped or key.overlap(fit.turn) < MIN_OVERLAP):
            key_spin, key_zoom = last
            key_at = now - 1
            links.append(fits[-1].agreeing)
            key = Key(before, hfov_deg=hfov_deg, zoom_ratio=key_zoom)
            here = np.eye(3)
            fit = key.register(picture, [nearest_turn(step @ here), here])
        step, here = nearest_turn(fit.turn @ np.linalg.inv(here)), fit.turn
        fits.append(fit)
        spin, zoom = split(fit.turn)
        poses.append((key_spin @ spin, key_zoom * zoom))
        before = picture
    return tuple(Pose(*angles_deg(spin), zoom_ratio=zoom) for spin, zoom in poses), fits, links


def _confidence(fits: list[Fit], links: list[float]) -> float:
    """Agreement of the worst tenth of the frames, reduced by the worst error; 0 where nothing shows.

    One bad frame does no harm unless what follows was placed by it, as after a cut: 0 then too.
    """
    if not fits or min(links, default=1.0) < LINKED:
        return 0.0
    agreeing = float(np.quantile([fit.agreeing for fit in fits], 0.1))
    return agreeing / (1 + (max(fit.error_rad for fit in fits) / SURE_RAD) ** 2)


def verdict(
    asked: Pose, measured: Pose, *, confidence: float, unclear: bool = False
) -> dict[str, str]:
    """What became of each axis, both poses being totals over the clip.

    pass: asked, sign right, amount within `REACHED`; fail: asked and not so; still: neither asked
    nor moved; stray: moved without being asked; ambiguous: a truck and a pan (a pedestal and a
    tilt, a dolly and a zoom) cannot be told apart, or the confidence is below `MIN_CONFIDENCE`.
    confidence, unclear: of the `CameraMotion`.
    """
    if confidence < MIN_CONFIDENCE:
        return dict.fromkeys(AXES, "ambiguous")
    wanted, done = _flat(asked), _flat(measured)
    largest = max(abs(wanted[axis]) / STILL[axis] for axis in AXES)
    words = {axis: _word(axis, wanted[axis], done[axis], largest) for axis in AXES}
    for slide, turn in TWINS.items():
        if abs(wanted[slide]) > STILL[slide] and abs(done[slide]) <= STILL[slide]:
            words[slide], words[turn] = (
                ("ambiguous", "ambiguous")
                if unclear
                else _twins(asked, slide, done[turn], words[turn])
            )
    return words


def _flat(pose: Pose) -> dict[str, float]:
    """Axis -> a number that is 0 at rest and changes sign with the direction."""
    return {
        axis: math.log(pose.zoom_ratio) if axis == "zoom_ratio" else getattr(pose, axis)
        for axis in AXES
    }


def _word(axis: str, wanted: float, done: float, largest: float) -> str:
    still = STILL[axis]
    if abs(wanted) > still:
        return "pass" if REACHED[0] <= done / wanted <= REACHED[1] else "fail"
    # a big move may drag a little of the other axes along
    allowed = max(still, STRAY_SHARE * largest * still)
    return "still" if abs(done - wanted) <= allowed else "stray"


def _twins(asked: Pose, slide: str, done: float, turn_word: str) -> tuple[str, str]:
    """Words for a translation and its twin when only the twin's axis was measured."""
    turn = TWINS[slide]
    slid = apparent(slide, getattr(asked, slide))
    expected = _flat(asked)[turn] + slid
    if abs(expected) <= max(STILL[turn], CANCELS * abs(slid)):
        return "ambiguous", "ambiguous"
    if done * expected > 0 and abs(done) > STILL[turn]:
        return "ambiguous", "ambiguous"
    return "fail", turn_word


def apparent(slide: str, amount: float) -> float:
    """The turn in degrees, or log zoom, that shows the subject as this translation does."""
    if slide == "dolly":
        return -math.log(max(1 - amount, 1e-6))
    return math.degrees(math.atan(amount))
