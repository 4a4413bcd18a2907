"""Measure the measuring of cameras: turns and zooms, slides past layers, and what it costs.

Every clip is made here from photographs that ship inside scikit-image and from the drawn world, by cameras that are
known; seeds are fixed.  Run: python -m bench.inspect [clips a row] [words of the rows' names, or cost]
"""

import math
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import cv2
import numpy as np

from bench.footage import (
    PHOTOGRAPHS,
    Layer,
    Pixels,
    blob,
    eased,
    field_px,
    film,
    photograph,
    resting,
    worn,
)
from shotwright.generator.camera import AXES, Pose, compose
from shotwright.generator.inspect.camera import STILL, CameraMotion, measure, verdict

SIZES = ((64, 64), (112, 64), (128, 96), (160, 160), (256, 144), (416, 240), (832, 480))
OFTEN = (0.16, 0.16, 0.16, 0.16, 0.16, 0.15, 0.05)
FRAMES = (9, 13, 17, 25, 33, 49)
TURNS = {"pan": (4, 40), "tilt": (3, 22), "roll": (4, 60), "zoom": (1.08, 2.0)}
SLIDES = {"truck": (0.08, 0.5), "pedestal": (0.06, 0.3), "dolly": (0.1, 0.45)}


@dataclass(frozen=True)
class Take:
    """A clip and what its camera did: `axis` is the one that is judged, the largest of the asked."""

    frames: Pixels
    asked: Pose
    axis: str
    hfov_deg: float
    about: str


@dataclass(frozen=True)
class Result:
    take: str
    share: float  # of the asked amount that was measured
    stray: float  # off on the other axes, in what counts as still there
    words: dict[str, str]
    confidence: float
    found: Pose
    asked: Pose
    axis: str


def field_of(axis: str) -> str:
    return {"zoom": "zoom_ratio"}.get(axis, axis if axis in AXES else f"{axis}_deg")


def amount(pose: Pose, axis: str) -> float:
    value = float(getattr(pose, field_of(axis)))
    return math.log(value) if axis == "zoom" else value


def drawn(rng: np.random.Generator, axis: str, low: float, high: float) -> float:
    """A signed amount, small ones as likely as large ones; of a zoom the ratio."""
    size = math.exp(rng.uniform(math.log(low), math.log(high)))
    if axis == "zoom":
        return size if rng.random() < 0.5 else 1 / size
    return size if rng.random() < 0.5 else -size


def posed(axis: str, value: float, shares: Iterable[float]) -> list[Pose]:
    field = field_of(axis)
    if axis == "zoom":
        return [Pose(zoom_ratio=value ** float(p)) for p in shares]
    return [Pose(**{field: value * float(p)}) for p in shares]


def both(one: list[Pose], other: list[Pose]) -> list[Pose]:
    return [compose(a, b) for a, b in zip(one, other, strict=True)]


def clip_shape(rng: np.random.Generator) -> tuple[int, int, int, float]:
    width, height = SIZES[rng.choice(len(SIZES), p=OFTEN)]
    frames = int(rng.choice(FRAMES))
    return width, height, frames, float(rng.uniform(35, 70))


def turned(seed: int, axis: str, *, subject: bool, second: bool, how: str) -> Take:
    """A photograph that goes on for ever, and a camera that turns or zooms; perhaps something that moves by itself."""
    rng = np.random.default_rng([seed, 11])
    width, height, frames, hfov = clip_shape(rng)
    value = drawn(rng, axis, *TURNS[axis])
    shares = eased(rng, frames)
    poses = posed(axis, value, shares)
    other = ""
    if second:
        other = str(rng.choice([a for a in TURNS if a != axis]))
        low, high = TURNS[other]
        poses = both(poses, posed(other, drawn(rng, other, low, low + (high - low) / 3), shares))
    name = str(rng.choice(PHOTOGRAPHS))
    spans = field_px(hfov) * float(rng.uniform(1.0, 1.8))
    layers = [Layer(photograph(name), spans, 0.0, resting(frames))]
    if subject:
        layers.append(mover(rng, frames, hfov, height / width))
    about = f"{axis} {value:.3g} {other} {name} seed {seed}"
    return filmed(rng, layers, poses, axis, (width, height, hfov), how=how, about=about)


def filmed(
    rng: np.random.Generator,
    layers: list[Layer],
    poses: list[Pose],
    axis: str,
    lens: tuple[int, int, float],
    *,
    how: str,
    about: str,
) -> Take:
    """The clip of a scene, with a fault if one is named.  lens: width, height, horizontal field of view in degrees."""
    width, height, hfov = lens
    frames, covered = film(layers, poses, hfov_deg=hfov, width=width, height=height)
    size = f"{width}x{height}x{len(poses)} hfov {hfov:.0f} cover {covered.max():.2f} {how}"
    frames = worn(frames, how, rng) if how else frames
    return Take(frames, poses[-1], axis, hfov, f"{about} {size}")


def mover(rng: np.random.Generator, frames: int, hfov_deg: float, aspect: float) -> Layer:
    """Something textured that covers 5 to 30 in a hundred of the frame and goes its own way over the far distance."""
    field = field_px(hfov_deg)
    cover = float(rng.uniform(0.05, 0.3))
    slim = float(rng.uniform(0.6, 1.6))
    across = math.sqrt(cover * aspect * slim) * field
    texture = photograph(str(rng.choice(PHOTOGRAPHS)))
    rows = max(8, round(texture.shape[1] / slim))
    texture = np.tile(texture, (3, 1, 1))[:rows]
    columns = texture.shape[1]
    p = np.linspace(-0.5, 0.5, frames)
    way = float(rng.uniform(0, 2 * math.pi))
    far = float(rng.uniform(0.1, 0.6)) * field
    start = rng.uniform(-0.15, 0.15, 2) * field
    sway = 0.05 * field * np.sin(2 * math.pi * p * float(rng.uniform(0, 3)))
    at = np.stack(
        [
            start[0] + far * p * math.cos(way) - sway * math.sin(way),
            start[1] + aspect * far * p * math.sin(way) + sway * math.cos(way),
        ],
        1,
    )
    return Layer(texture, across, 0.0, at, blob(rng, texture.shape[0], columns))


def slid(seed: int, axis: str, *, how: str, second: bool = False) -> Take:
    """A camera that slides past a background, something in between, the subject at distance 1, perhaps a foreground."""
    rng = np.random.default_rng([seed, 12])
    width, height, frames, hfov = clip_shape(rng)
    field, aspect = field_px(hfov), height / width
    value = drawn(rng, axis, *SLIDES[axis])
    shares = eased(rng, frames)
    poses = posed(axis, value, shares)
    other = ""
    if second:
        other = str(rng.choice(["pan", "tilt"]))
        low, high = TURNS[other]
        poses = both(poses, posed(other, drawn(rng, other, low, high / 3), shares))
    layout = str(rng.choice(["subject", "bands", "crowd"]))
    far = float(rng.uniform(2.5, 8))
    middle = float(rng.uniform(1.4, min(3.0, far)))
    layers = layered(rng, layout, (far, middle), frames, field, aspect)
    about = f"{axis} {value:.3g} {other} {layout} far {far:.1f} middle {middle:.1f} seed {seed}"
    return filmed(rng, layers, poses, axis, (width, height, hfov), how=how, about=about)


def layered(
    rng: np.random.Generator,
    layout: str,
    distances: tuple[float, float],
    frames: int,
    field: float,
    aspect: float,
) -> list[Layer]:
    """From far to near, the subject at distance 1 last.

    layout: bands across the picture, or things before a background (subject: one in between; crowd: two); distances:
    of the background and of what is in between; field: width of the picture at distance 1; aspect: height by width.
    """
    far, middle = distances
    background, *others = (photograph(str(name)) for name in rng.permutation(PHOTOGRAPHS))
    layers = [Layer(background, field * 1.4, 1 / far, resting(frames))]
    if layout == "bands":
        for top, distance, texture in ((0.1, middle, others[0]), (-0.4, 1.0, others[1])):
            spans = 3 * field * distance
            tall = spans * texture.shape[0] / texture.shape[1]
            y = top * 0.5 * aspect * field * distance - tall / 2
            mask = np.ones(texture.shape[:2], np.float32)
            layers.append(Layer(texture, spans, 1 / distance, resting(frames, 0, y), mask))
        return layers
    places = [(float(rng.uniform(-0.3, 0.3)), middle, 0.3), (0.0, 1.0, 0.42)]
    if layout == "crowd":
        between = float(rng.uniform(1.2, middle))
        places = [(-0.3, middle, 0.35), (0.3, between, 0.3), (0.0, 1.0, 0.42)]
    for (x, distance, size), texture in zip(places, others, strict=False):
        spans = size * field * distance * float(rng.uniform(0.9, 1.3))
        y = float(rng.uniform(-0.1, 0.1)) * field * distance * aspect
        at = resting(frames, x * field * distance, y)
        mask = blob(rng, *texture.shape[:2])
        layers.append(Layer(texture, spans, 1 / distance, at, mask))
    return layers


def flat(seed: int, axis: str) -> Take:
    """A camera that slides along one plane: nothing shows that it does not turn."""
    rng = np.random.default_rng([seed, 13])
    width, height, frames, hfov = clip_shape(rng)
    value = drawn(rng, axis, *SLIDES[axis])
    poses = posed(axis, value, eased(rng, frames))
    name = str(rng.choice(PHOTOGRAPHS))
    layer = Layer(photograph(name), field_px(hfov) * 1.4, 1.0, resting(frames))
    about = f"{axis} {value:.3g} {name} seed {seed}"
    return filmed(rng, [layer], poses, axis, (width, height, hfov), how="", about=about)


def world(seed: int, axis: str) -> Take:
    """The drawn world, in clear weather, its subject moving."""
    from shotwright.generator.mini.world import render, sample_scene
    from shotwright.generator.mini.world.scene import HFOV_DEG

    rng = np.random.default_rng([seed, 14])
    way = {
        "pan": ("left", "right"),
        "tilt": ("up", "down"),
        "roll": ("cw", "ccw"),
        "zoom": ("in", "out"),
        "truck": ("left", "right"),
        "pedestal": ("up", "down"),
        "dolly": ("in", "out"),
    }[axis]
    scene = sample_scene(rng, camera=f"{axis}_{rng.choice(way)}", weather="clear")
    width, height = ((64, 64), (112, 64), (208, 120))[seed % 3]
    clip = render(scene, frames=int(rng.choice((9, 17, 33))), height=height, width=width)
    first, last = clip.poses[0], clip.poses[-1]
    reach = 1 - first.dolly  # distances from where the clip begins
    asked = Pose(
        last.pan_deg - first.pan_deg,
        last.tilt_deg - first.tilt_deg,
        last.roll_deg - first.roll_deg,
        last.zoom_ratio / first.zoom_ratio,
        (last.truck - first.truck) / reach,
        (last.pedestal - first.pedestal) / reach,
        (last.dolly - first.dolly) / reach,
    )
    about = (
        f"{scene.camera} {scene.amount} {scene.subject} {scene.action} {scene.place} {scene.time}"
        f" {width}x{height}x{len(clip.frames)} seed {seed}"
    )
    return Take(clip.frames, asked, axis, HFOV_DEG, about)


def judged(take: Take) -> Result:
    motion: CameraMotion = measure(take.frames, hfov_deg=take.hfov_deg)
    words = verdict(take.asked, motion.total, confidence=motion.confidence, unclear=motion.unclear)
    share = amount(motion.total, take.axis) / amount(take.asked, take.axis)
    still = {field_of(axis): axis for axis in (*TURNS, *SLIDES)}
    strays = [
        abs(amount(motion.total, axis) - amount(take.asked, axis)) / STILL[field]
        for field, axis in still.items()
        if axis != take.axis
    ]
    return Result(
        take.about,
        share,
        max(strays),
        words,
        motion.confidence,
        motion.total,
        take.asked,
        take.axis,
    )


def interval(hits: int, count: int) -> tuple[float, float]:
    """95 % of a share.  Source: Wilson (1927)."""
    z, p = 1.96, hits / count
    centre = (p + z * z / (2 * count)) / (1 + z * z / count)
    half = z / (1 + z * z / count) * math.sqrt(p * (1 - p) / count + z * z / (4 * count * count))
    return max(0.0, centre - half), min(1.0, centre + half)


def report(name: str, results: list[Result], within: float) -> None:
    n = len(results)
    errors = np.abs([r.share - 1 for r in results])
    sign = sum(r.share > 0 for r in results)
    near = int((errors <= within).sum())
    word = sum(r.words[field_of(r.axis)] == "pass" for r in results)
    vague = sum(r.words[field_of(r.axis)] == "ambiguous" for r in results)
    low, high = interval(sign, n)
    low2, high2 = interval(near, n)
    print(
        f"{name:28} n {n:4}  sign {sign / n:6.1%} [{low:.1%}, {high:.1%}]  within {within:.0%}: {near / n:6.1%}"
        f" [{low2:.1%}, {high2:.1%}]  median error {np.median(errors):6.2%}  pass {word / n:6.1%}"
        f" ambiguous {vague / n:5.1%} stray {np.mean([r.stray > 1 for r in results]):5.1%}",
        flush=True,
    )
    for r in sorted(results, key=lambda r: -abs(r.share - 1)):
        if abs(r.share - 1) > within:
            said = r.words[field_of(r.axis)]
            found = " ".join(f"{axis} {amount(r.found, axis):.2f}" for axis in (*TURNS, *SLIDES))
            print(f"    {r.share:6.2f} sure {r.confidence:.2f} {said:9} {r.take}  [{found}]")


def rows() -> dict[str, tuple[Callable[[int], Take], float]]:
    turns, slides = list(TURNS), list(SLIDES)
    wear = ("grain", "flicker", "exposure", "title", "compressed")

    def turn(**how: bool) -> Callable[[int], Take]:
        given = {"subject": False, "second": False, **how}
        return lambda seed: turned(seed, turns[seed % 4], how="", **given)

    return {
        "turns, photographs": (turn(), 0.1),
        "turns, subject moving": (turn(subject=True), 0.1),
        "turns, two at once": (turn(second=True), 0.1),
        "turns, worn": (
            lambda s: turned(s, turns[s % 4], subject=s % 2 == 0, second=False, how=wear[s % 5]),
            0.1,
        ),
        "turns, drawn world": (lambda s: world(s, turns[s % 4]), 0.1),
        "slides, layers": (lambda s: slid(s, slides[s % 3], how=""), 0.25),
        "slides, worn": (lambda s: slid(s, slides[s % 3], how=wear[s % 5]), 0.25),
        "slides, turning too": (lambda s: slid(s, slides[s % 2], how="", second=True), 0.25),
        "slides, drawn world": (lambda s: world(s, slides[s % 3]), 0.25),
        "slides, one plane": (lambda s: flat(s, slides[s % 3]), 0.25),
    }


def cost() -> None:
    """A long clip of usual size, in CPU seconds, and as a multiple of reducing its frames by area as often."""
    rng = np.random.default_rng(1)
    poses = posed("pan", 25, np.linspace(0, 1, 121))
    background = Layer(photograph("coffee.png"), field_px(50) * 1.5, 0, resting(121))
    layers = [background, mover(rng, 121, 50, 480 / 832)]
    frames, _ = film(layers, poses, hfov_deg=50, width=832, height=480)
    began = time.process_time()
    for frame in frames:
        cv2.resize(frame, (240, 138), interpolation=cv2.INTER_AREA)
    reference = time.process_time() - began
    began = time.process_time()
    measure(frames, hfov_deg=50)
    seconds = time.process_time() - began
    print(
        f"121 frames of 832x480: {seconds:.2f} s of CPU, {seconds / reference:.1f} times their reduction"
    )


def main() -> int:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    chosen = sys.argv[2:]
    for name, (make, within) in rows().items():
        if chosen and not any(word in name for word in chosen):
            continue
        began = time.process_time()
        results = [judged(make(seed)) for seed in range(count)]
        report(name, results, within)
        print(f"    {time.process_time() - began:.1f} s")
    if not chosen or "cost" in chosen:
        cost()
    return 0


if __name__ == "__main__":
    sys.exit(main())
