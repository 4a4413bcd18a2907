"""What can stand in the world: a scene's values, its random details, and the camera's path through it.

Knows no pixels.  Lengths are in half picture heights at rest; the subject stands at distance 1.
"""

from dataclasses import dataclass

import numpy as np

from shotwright.generator.camera import Pose
from shotwright.generator.mini import words

HFOV_DEG = 50.0
"""Horizontal field of view of the world's camera at zoom 1, in degrees."""

AMOUNTS = {
    "pan": 22.0,  # degrees, whole clip
    "tilt": 12.0,
    "roll": 35.0,
    "zoom": 1.8,  # focal ratio
}
"""How far a named camera move goes in one clip (the card of `mini` repeats these)."""

JITTER = 0.15
"""Training clips vary an amount by this share, so that the word means a range."""

FACTORS = ("colour", "subject", "action", "time", "place", "camera")


@dataclass(frozen=True)
class Scene:
    """One value a factor, and `seed` for everything that no word describes."""

    colour: str
    subject: str
    action: str
    time: str
    place: str
    camera: str
    seed: int

    @property
    def tokens(self) -> tuple[str, ...]:
        """The canonical caption: one token a factor."""
        return tuple(getattr(self, factor) for factor in FACTORS)


def sample_scene(rng: np.random.Generator, **fixed: str) -> Scene:
    """Draw a scene; a fifth of them have a resting camera beyond its even share."""
    chosen = {factor: str(rng.choice(words.values(factor))) for factor in FACTORS}
    if rng.random() < 0.2:
        chosen["camera"] = "static"
    return Scene(**{**chosen, **fixed}, seed=int(rng.integers(1 << 31)))


def camera_path(move: str, frames: int, *, amount: float | None = None) -> list[Pose]:
    """The poses of one named move at constant speed, centred so that mid-clip looks at the subject.

    amount: degrees or focal ratio over the whole clip; None takes `AMOUNTS`.
    """
    if move == "static":
        return [Pose()] * frames
    kind, _, direction = move.partition("_")
    total = AMOUNTS[kind] if amount is None else amount
    sign = 1.0 if direction in ("right", "up", "in", "cw") else -1.0
    # -1/2 .. 1/2 over the clip; a single frame sits in the middle
    phase = [0.0] if frames == 1 else [i / (frames - 1) - 0.5 for i in range(frames)]
    if kind == "zoom":
        return [Pose(zoom_ratio=total ** (sign * p)) for p in phase]
    return [Pose(**{f"{kind}_deg": sign * total * p}) for p in phase]
