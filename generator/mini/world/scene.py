"""What can stand in the world: a scene's values, its random details, and the camera's path through it.

Knows no pixels.  Lengths are in half picture heights at rest; the subject stands at distance 1.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from shotwright.generator.camera import Move, Pose, compose, path
from shotwright.generator.mini import words

HFOV_DEG = 50.0
"""Horizontal field of view of the world's camera at zoom 1, in degrees."""

AMOUNTS = {
    "pan": 20.0,  # degrees, whole clip
    "tilt": 12.0,
    "roll": 30.0,
    "zoom": 1.7,  # focal ratio
    "dolly": 0.42,  # of the subject distance
    "truck": 0.40,
    "pedestal": 0.25,
    "orbit": 28.0,
}
"""How far a camera move goes in one clip when no amount word is said (`mini`'s card repeats these)."""

AMOUNT_SHARES = {"slightly": 0.5, "": 1.0, "far": 1.6}
"""What an amount word makes of the amount: a factor, for zoom an exponent."""

JITTER = 0.12
"""Training clips vary an amount by this share, so that the word means a range."""

FACTORS = ("colour", "subject", "action", "time", "place", "weather", "camera", "amount")
CLEAR_SHARE = 0.82
STATIC_SHARE = 0.12
"""Clips that rest beyond the even share: a camera that nobody mentions is still."""


@dataclass(frozen=True)
class Scene:
    """One value a factor, and `seed` for everything that no word describes.

    amount: slightly, far, or "" for neither; always "" where the camera is static.
    """

    colour: str
    subject: str
    action: str
    time: str
    place: str
    weather: str
    camera: str
    amount: str
    seed: int

    @property
    def tokens(self) -> tuple[str, ...]:
        """The canonical caption: one token a factor, in the order of `FACTORS`; "" says nothing."""
        return tuple(getattr(self, factor) for factor in FACTORS)


def choices(factor: str) -> tuple[str, ...]:
    """What a factor can be: its words and, for the amount, no word."""
    return (*words.values(factor), "") if factor == "amount" else words.values(factor)


def sample_scene(rng: np.random.Generator, **fixed: str) -> Scene:
    """Draw a scene: even shares, but for more clear weather and more resting cameras."""
    chosen = {factor: str(rng.choice(choices(factor))) for factor in FACTORS}
    clear, still = rng.random(2)
    if clear < CLEAR_SHARE:
        chosen["weather"] = "clear"
    if still < STATIC_SHARE:
        chosen["camera"] = "static"
    chosen |= fixed
    if chosen["camera"] == "static":
        chosen["amount"] = ""
    return Scene(**chosen, seed=int(rng.integers(1 << 31)))


def amount_of(scene: Scene, jitter: float = 1.0) -> float | None:
    """How far the scene's camera goes, in its move's unit; None where it rests.

    jitter: a factor, for zoom an exponent.
    """
    kind = scene.camera.partition("_")[0]
    if kind not in AMOUNTS:
        return None
    share = AMOUNT_SHARES[scene.amount] * jitter
    return float(AMOUNTS[kind] ** share if kind == "zoom" else AMOUNTS[kind] * share)


def camera_path(move: str, frames: int, *, amount: float | None = None) -> list[Pose]:
    """The poses of one named move at constant speed, centred so that mid-clip looks at the subject.

    amount: in the move's unit over the whole clip; None takes `AMOUNTS`.  A single frame sits in the middle.
    """
    if move == "static":
        return [Pose()] * frames
    kind = move.partition("_")[0]
    whole = AMOUNTS[kind] if amount is None else amount
    if frames == 1:
        return [Pose()]
    # the path before and the path after the middle: half of the amount each, the first one backwards
    half = whole**0.5 if kind == "zoom" else whole / 2
    after = _from_rest(move, half, frames)
    before = _from_rest(_opposite(move), half, frames)
    steps = [2 * i - (frames - 1) for i in range(frames)]
    return [compose(before[-step] if step < 0 else after[step]) for step in steps]


def _from_rest(move: str, amount: float, frames: int) -> Sequence[Pose]:
    return path([Move(move, amount=amount)], frames)


_OPPOSITES = {
    "left": "right",
    "right": "left",
    "up": "down",
    "down": "up",
    "in": "out",
    "out": "in",
    "cw": "ccw",
    "ccw": "cw",
}


def _opposite(move: str) -> str:
    kind, _, way = move.partition("_")
    return f"{kind}_{_OPPOSITES[way]}"
