"""Tell a camera that slides from one that turns: by parallax, what stands near moving more than what stands far.

In one plane a truck looks like a pan and a dolly like a zoom, so a slide counts as told only where things at three
distances or more go along with it, or where it explains all of two that no turn explains; one thing that moves by
itself is a subject.  Of the cameras that explain the points alike, the one that moves on the fewest axes is taken.
Knows points, not pictures.
Try: python -m pytest tests/generator/inspect/test_parallax.py
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from shotwright.generator.camera import Pose
from shotwright.generator.inspect.bundle import (
    DOLLY,
    PAN,
    PEDESTAL,
    ROLL,
    SLIDES,
    STEPS,
    TILT,
    TRUCK,
    TURNS,
    ZOOM,
    Bundle,
    Floats,
    Sight,
    adjust,
    locate,
    start,
)
from shotwright.generator.inspect.tracks import Tracks

CAMERAS = 9
"""Frames that are solved together; the others are placed among them afterwards."""
KEPT = 0.6
"""The next of them comes no later than when this share of the last one's points is left."""
POINTS = 360
"""At most: more cost time and tell nothing new."""
FOLLOWED = 0.75
"""Share of the points that must live on from frame to frame: below it the picture is made anew rather than moved, and
what happens to stay says nothing.  Clips of `mini` that flicker lie at .3 to .75, drawn and filmed ones above .8."""
BROKEN = 0.15
"""And this share of them at every single step: nothing ties what is before a cut or a flash to what comes after.  Of 8
cuts at most .09 lived on; of drawn, noisy, blurred and coarsely coded clips without one at least .58."""
FEWEST = 24
"""Points below which nothing is told."""
WIDTH_PX = 0.3
"""Width of the loss in pixels of the followed picture: three times what a point is usually off."""
BETTER = 0.05
"""A slide must lower the cost (0 to 1) by this: an eighteenth of the points, or all of them by a little."""
LOST = 0.3
"""A turn of this cost is looked for from rest as well: what it began from may be a subject's."""
ALIKE = 0.012
"""An axis without which the cost rises no more than this did not move."""
ALIKE_SHARE = 0.06
"""The same as a share of the cost: where much is unexplained, more of it is chance."""
REVERSED = 0.08
"""Slides with far and near exchanged look nearly the same; that in which the top of the picture is nearer than its
middle must lower the cost by this."""
FELT = (0.02, 0.02, 0.02, 0.04, 0.03, 0.03, 0.05)
"""Per axis, the least motion that counts as one; of slides at the distance of what is near."""
FITS = 2.0
"""Widths within which a point goes along."""
EXPLAINED = 0.65
"""Share of what no turn explains that a slide must: the rest are subjects.  Slides that were seen in 40 turns with
subjects and waves explained .1 to .6."""
EXPLAINED_ALONE = 0.5
"""The same of a slide that needs no turn, which has less to fit with: at most .4 was seen in turns."""
MOST_AXES = 3
"""An orbit and a crane take three; what needs more is fitted to whatever the points do."""
EXPLAINED_CIRCLING = 0.3
"""As `EXPLAINED`, for believing the turn alone of a camera that circles what it slides past."""
CIRCLES = 0.4
"""How far off, as a share, the turn may be that keeps in its place what the camera slides past."""
GRID = 32
REACH = 1 / 12
"""Points speak for the part of the picture around them, so far in widths of it, and not for one each: what stands near
is often smooth, with few points.  Counted in so many cells across."""
GROUP = 0.05
"""Share of the picture that makes a distance of its own."""
BIN = 0.1
"""Of the largest nearness: what a point must know its own to."""
BINS = 20
PART = 0.5
"""Between two distances there is at most this share of what each has: errors alone lie around one."""
BETWEEN = 0.1
BETWEEN_EDGE = 0.2
"""A ground has no distances but all of them: this share of the picture, so far inside the range, is a third."""
UNEVEN = 0.07
"""What a ground may differ by from a plane, of the largest nearness: water of its own motion differs by twice that."""
DEEP = 0.3
"""Share of the largest nearness that lies between far and near: less is one plane, whose slide is not told."""
NEAR_SHARE = 0.96
CENTRAL = 0.7
"""The subject is what this share of the picture is farther than, weighing less towards the edges, as a bell this wide
in half sides: the nearest thing that has a fiftieth of the picture in the middle, or a tenth in a corner."""
ALONG = 0.25
"""Nearness within this of the subject's is the subject's."""
SEEN_PX = 0.7
"""The farther of two distances must itself move by this: behind a subject on its own way, before a camera at rest, it
does not."""
FAR_BETTER = 0.02
"""Its turn must cost this much more than its slide; no less, where it is a turn too small to count."""


@dataclass(frozen=True)
class Told:
    """What the points say.  poses: one a frame where a slide is told, in fractions of the subject's distance, else
    none; unclear: whether a slide would explain more than a turn does, though nothing proves it; agreeing: share of the
    points that go along with the poses, or with the turn; turned: the poses of a camera that only turns and zooms,
    where the points say another than they were given; circling: the turns alone of a camera that would circle what
    stands in front, where that slide explains much and nothing proves it: what is behind turns so either way."""

    poses: tuple[Pose, ...]
    agreeing: float
    unclear: bool
    turned: tuple[Pose, ...]
    circling: tuple[Pose, ...] = ()


def tell(tracks: Tracks, turns: Sequence[Pose], *, hfov_deg: float) -> Told | None:
    """Whether the camera slid, and how far; None where too few points are seen to say anything.

    turns: what a camera that only turns and zooms would have done, one pose a frame, to begin from.
    """
    seen = ~np.isnan(tracks.at[..., 0])
    alive, followed = seen[:-1].sum(1), (seen[:-1] & seen[1:]).sum(1)
    if followed.sum() < FOLLOWED * alive.sum():
        return None
    if ((alive >= FEWEST) & (followed < BROKEN * alive)).any():
        return Told((), 0.0, True, ())
    chosen = _cameras(seen)
    points = _points(seen[chosen])
    if len(points) < FEWEST:
        return None
    half = math.tan(math.radians(hfov_deg / 2))
    at = np.nan_to_num(tracks.at.astype(np.float64)) * (half, -half)
    pixel = tracks.pixel * half
    sight = Sight(at[chosen][:, points], seen[chosen][:, points], WIDTH_PX * pixel)
    dense = np.array([_vector(turns[k]) for k in chosen])
    given = adjust(sight, start(sight, dense), ())
    turned = adjust(sight, given, TURNS)
    if turned.cost > LOST:
        again = adjust(sight, start(sight, np.zeros_like(dense)), TURNS)
        turned = min(turned, again, key=_cost)
    slid, axes = _slid(sight, turned)
    every = Sight(at[:, points], seen[:, points], sight.width)
    along = float((turned.off < FITS).mean())
    here: tuple[Pose, ...] = ()
    if turned.cost < given.cost - BETTER:
        here = _everywhere(every, turned, chosen, TURNS)
    if slid is None:
        return Told((), along, False, here)
    with_it = float((slid.off < FITS).mean())
    explained = (with_it - along) / (1 - along + 1e-9)
    least = EXPLAINED if set(axes) & set(TURNS) else EXPLAINED_ALONE
    if explained < least or not _proved(sight, slid, axes, pixel):
        if explained > EXPLAINED_CIRCLING and _circles(slid) and _upright(slid):
            way = _everywhere(every, slid, chosen, axes)
            turning = tuple(replace(pose, truck=0.0, pedestal=0.0, dolly=0.0) for pose in way)
            return Told((), with_it, True, here, turning)
        return Told((), along, True, here)
    slid = slid.scaled(1 / _subject(sight, slid, half))
    return Told(_everywhere(every, slid, chosen, axes), with_it, False, here)


def _cameras(seen: NDArray[np.bool_]) -> list[int]:
    """Frames far enough apart for parallax and near enough to share most points, the first and the last among them."""
    last = len(seen) - 1
    step = max(1, math.ceil(last / (CAMERAS - 1)))
    chosen = [0]
    while chosen[-1] < last:
        now = chosen[-1]
        enough = KEPT * seen[now].sum()
        far = now + 1
        while far < min(last, now + step) and (seen[far + 1] & seen[now]).sum() >= enough:
            far += 1
        chosen.append(far)
    return chosen


def _points(seen: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Those seen by at least two cameras; of too many, some of every time and place."""
    count = seen.sum(0)
    usable = np.flatnonzero(count >= min(3, len(seen)))
    if len(usable) <= POINTS:
        return usable
    order = usable[np.argsort(-count[usable], kind="stable")]
    # what stands near is soon out of sight: only a third are chosen for having been seen long
    most = order[: POINTS // 3]
    rest = np.sort(order[POINTS // 3 :])
    evenly = rest[np.linspace(0, len(rest) - 1, POINTS - len(most)).astype(int)]
    return np.sort(np.concatenate([most, evenly]))


def _slid(sight: Sight, turned: Bundle) -> tuple[Bundle | None, tuple[int, ...]]:
    """The simplest camera with a slide that explains the points as well as any, and its axes; or none."""
    every = (*TURNS, *SLIDES)
    rest = np.zeros_like(turned.cameras)
    only = adjust(sight, start(sight, rest), SLIDES)
    best = adjust(sight, only, every)
    if best.cost > turned.cost - BETTER or best.cost > 0.3:
        best = min(best, adjust(sight, turned, every), key=_cost)
    if best.cost > LOST or not _upright(best):
        best = min(best, adjust(sight, _mirrored(best), every, steps=2 * STEPS), key=_doubt)
    if best.cost > turned.cost - BETTER:
        return None, ()
    alike, upright = max(ALIKE, ALIKE_SHARE * best.cost), _upright(best)
    if only.cost <= best.cost + alike and _upright(only) >= upright:
        bundle, axes = only, tuple[int, ...](SLIDES)
    else:
        bundle, axes = best, every
    for axis in (ZOOM, ROLL, TILT, PAN, PEDESTAL, TRUCK, DOLLY):
        if axis not in axes:
            continue
        fewer = tuple(a for a in axes if a != axis)
        if not set(fewer) & set(SLIDES):
            continue
        cameras = bundle.cameras.copy()
        cameras[:, axis] = 0
        held = Bundle(cameras, bundle.rays, bundle.near, bundle.off, bundle.cost)
        without = adjust(sight, held, fewer)
        if without.cost <= min(bundle.cost, best.cost) + alike and _upright(without) >= upright:
            bundle, axes = without, fewer
    return bundle, axes


def _doubt(slid: Bundle) -> float:
    return slid.cost + (0 if _upright(slid) else REVERSED)


def _mirrored(slid: Bundle) -> Bundle:
    """Far for near: the camera slides the other way and turns back, which in narrow views looks nearly the same."""
    good = slid.off < FITS
    nearest = float(np.quantile(slid.near[good] if good.any() else slid.near, 0.95))
    cameras = slid.cameras.copy()
    for slide, turn in ((TRUCK, PAN), (PEDESTAL, TILT)):
        cameras[:, turn] += np.arctan(nearest * cameras[:, slide])
        cameras[:, slide] *= -1
    cameras[:, DOLLY] = 0
    near = np.maximum(nearest - slid.near, 0)
    return Bundle(cameras, slid.rays, near, slid.off, slid.cost)


def _cost(bundle: Bundle) -> float:
    return bundle.cost


def _proved(sight: Sight, slid: Bundle, axes: tuple[int, ...], pixel: float) -> bool:
    """Whether more than one thing on its own way speaks for the slide."""
    turns = bool(set(axes) & set(TURNS))
    if len(_felt(slid, axes)) > MOST_AXES or (turns and not _upright(slid)):
        return False
    moved = _moved(sight, slid)  # per unit of nearness
    good = (slid.off < FITS) & (moved > 0)
    if good.sum() < FEWEST:
        return False
    largest = float(np.quantile(slid.near[good], 0.97))
    # points that moved too little to say how far they are, are left out
    good &= moved * largest * BIN > WIDTH_PX * pixel
    if good.sum() < FEWEST or largest <= 0:
        return False
    near, area = slid.near[good] / largest, _areas(sight)[good]
    area /= area.sum()
    if _distances(near, area) >= 3:
        return True
    order = np.argsort(near)
    ends = np.searchsorted(np.cumsum(area[order]), (GROUP, 1 - GROUP))
    low, high = near[order[np.minimum(ends, len(near) - 1)]]
    if high - low < DEEP:
        return False
    inside = np.abs(near - (low + high) / 2) < (0.5 - BETWEEN_EDGE) * (high - low)
    if area[inside].sum() > BETWEEN and _uneven(slid.rays[good][inside], near[inside]) < UNEVEN:
        return True
    if turns:
        return False
    far = good.copy()
    far[good] = near < (low + high) / 2
    if float(np.median((moved * slid.near)[far])) < SEEN_PX * pixel:
        return False
    if TRUCK not in axes and PEDESTAL not in axes:
        return True
    alone = Sight(sight.at[:, far], sight.seen[:, far], sight.width)
    turn = adjust(alone, start(alone, np.zeros_like(slid.cameras)), TURNS)
    own = slid.off[far] ** 2
    better = turn.cost - float((own / (1 + own)).mean())
    if better > FAR_BETTER:
        return True
    return better > -FAR_BETTER and float(np.abs(turn.cameras).max()) < FELT[PAN]


def _areas(sight: Sight) -> Floats:
    """(points,): the share of the picture that is nearest to each point, as far as `REACH`; of all cameras together."""
    wide, high = np.abs(sight.at[sight.seen]).max(0)
    rows = max(2, round(GRID * high / wide))
    x, y = (side * (np.arange(n) * 2 + 1 - n) / n for side, n in ((wide, GRID), (high, rows)))
    places = np.stack(np.meshgrid(x, y), -1).reshape(-1, 1, 2)
    area = np.full(sight.at.shape[1], 1e-6)  # a point among others has no cell, but is somewhere
    for at, seen in zip(sight.at, sight.seen, strict=True):
        if seen.any():
            far = ((places - at[seen]) ** 2).sum(-1)
            nearest = far.argmin(1)[far.min(1) < (2 * REACH * wide) ** 2]
            area[seen] += np.bincount(nearest, minlength=int(seen.sum()))
    return np.asarray(area / area.sum())


def _uneven(rays: Floats, near: Floats) -> float:
    """How far half of the nearnesses are from one plane; of a plane they change evenly across the picture."""
    place = rays / rays[:, 2:]
    plane = np.linalg.lstsq(place, near, rcond=None)[0]
    return float(np.median(np.abs(near - place @ plane)))


def _distances(near: Floats, area: Floats) -> int:
    """How many distances the points stand at; near: (points,), of which the largest is about 1; area: their shares."""
    counts, _ = np.histogram(np.minimum(near, 1.0), bins=BINS, range=(0, 1), weights=area)
    found, extreme, climbing = 0, 0.0, True
    for count in (*counts, 0.0):
        if climbing:
            extreme = max(extreme, count)
            if extreme >= GROUP and count <= PART * extreme:
                found, extreme, climbing = found + 1, count, False
        else:
            extreme = min(extreme, count)
            if count >= GROUP and extreme <= PART * count:
                extreme, climbing = count, True
    return found


def _felt(slid: Bundle, axes: tuple[int, ...]) -> list[int]:
    """Those of the axes that moved by more than counts as still."""
    nearest = float(np.quantile(slid.near, 0.9))
    units = np.array([1, 1, 1, 1, nearest, nearest, nearest])
    far = np.abs(slid.cameras).max(0) * units
    return [axis for axis in axes if far[axis] > FELT[axis]]


def _circles(slid: Bundle) -> bool:
    """Whether the camera turns about as far back as keeps what it slides past in its place, and does not zoom."""
    nearest = float(np.quantile(slid.near, 0.9))
    last = slid.cameras[np.abs(slid.cameras[:, SLIDES]).sum(1).argmax()]
    if abs(last[ZOOM]) > FELT[ZOOM]:
        return False
    turns = last[[PAN, TILT]]
    back = np.arctan2(-nearest * last[[TRUCK, PEDESTAL]], 1 - nearest * last[DOLLY])
    off = float(np.abs(turns - back).max())
    return float(np.abs(back).max()) > FELT[PAN] and off < CIRCLES * float(np.abs(back).max())


def _upright(slid: Bundle) -> bool:
    """Whether what stands in the middle is no farther than what stands at the top."""
    good = (slid.off < FITS) & (slid.rays[:, 2] > 0.1)
    if not good.any():
        return True
    place = slid.rays[good, :2] / slid.rays[good, 2:]
    near = slid.near[good] / slid.rays[good, 2]
    x, y = np.abs(place[:, 0]), place[:, 1]
    wide, high = float(np.quantile(x, 0.95)), np.quantile(y, (0.05, 0.95))
    tall = float(high[1] - high[0]) / 2 + 1e-9
    y = (y - float(high.mean())) / tall
    top, middle = y > 0.5, (x < wide / 2) & (np.abs(y) < 0.5)
    if not top.any() or not middle.any():
        return True
    near = np.minimum(near, np.quantile(near, 0.97))
    return bool(near[middle].mean() >= near[top].mean())


def _moved(sight: Sight, slid: Bundle) -> Floats:
    """(points,): how far each unit of nearness moved a point while it was seen, in focal lengths."""
    slide = np.where(sight.seen[..., None], slid.cameras[:, None, TRUCK:], np.nan)
    aside = slide[..., :2] - slid.rays[None, :, :2] / slid.rays[None, :, 2:] * slide[..., 2:]
    span = np.nanmax(aside, 0) - np.nanmin(aside, 0)
    return np.asarray(np.hypot(span[:, 0], span[:, 1]))


def _subject(sight: Sight, slid: Bundle, half: float) -> float:
    """Nearness, along the first view, of the subject: of the nearest thing that has a fiftieth of the picture in its
    middle, a twentieth at an edge, a tenth in a corner.  A ground counts as the part of it that has as much."""
    good = (slid.off < FITS) & (slid.rays[:, 2] > 0.1)
    early = good & sight.seen[0]
    good = early if early.sum() >= FEWEST else good
    rays = slid.rays[good]
    place = rays[:, :2] / rays[:, 2:]
    rows = np.abs(sight.at[0][sight.seen[0]][:, 1]).max(initial=half / 4)
    first = Sight(sight.at[:1], sight.seen[:1], sight.width) if early.sum() >= FEWEST else sight
    bell = np.exp(-((place / (half, rows)) ** 2).sum(1) / (2 * CENTRAL**2))
    weight = _areas(first)[good] * bell
    near = slid.near[good] / rays[:, 2]
    # who moved little does not know how far it is
    error = sight.width / np.maximum(_moved(sight, slid)[good], 1e-9)
    weight /= 1 + (error / (ALONG * float(np.quantile(near, 0.9)) + 1e-9)) ** 2
    weight /= weight.sum()
    order = np.argsort(near)
    share = np.cumsum(weight[order])
    front = min(int(np.searchsorted(share, NEAR_SHARE)), len(near) - 1)
    found = max(float(near[order[front]]), 1e-6)
    # to the middle of the group there: the quantile alone picks its nearest errors
    for _ in range(3):
        group = np.abs(near / found - 1) < ALONG
        if group.any():
            found = float(np.average(near[group], weights=weight[group]))
    return found


def _everywhere(
    sight: Sight, bundle: Bundle, chosen: list[int], axes: tuple[int, ...]
) -> tuple[Pose, ...]:
    """A pose for every frame; sight: of all frames."""
    frames = np.arange(len(sight.at))
    guess = np.stack([np.interp(frames, chosen, column) for column in bundle.cameras.T], 1)
    cameras = locate(sight, bundle, guess, axes) if len(chosen) < len(frames) else guess
    cameras[chosen] = bundle.cameras
    return tuple(_pose(camera) for camera in cameras)


def _vector(pose: Pose) -> list[float]:
    turn = [math.radians(a) for a in (pose.pan_deg, pose.tilt_deg, pose.roll_deg)]
    return [*turn, math.log(pose.zoom_ratio), pose.truck, pose.pedestal, pose.dolly]


def _pose(camera: Floats) -> Pose:
    pan, tilt, roll = (math.degrees(camera[axis]) for axis in (PAN, TILT, ROLL))
    slide = (float(camera[axis]) for axis in SLIDES)
    return Pose(pan, tilt, roll, math.exp(camera[ZOOM]), *slide)
