"""What the evaluation of the embedded model asks for, and plain measures of what comes back.

A `Trial` is a scene with its prompt and its real clip; the functions compare frames and name
moves.  Knows no model and no network.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shotwright.generator.camera import Pose
from shotwright.generator.catalog import Card
from shotwright.generator.frames import Frames
from shotwright.generator.mini import words
from shotwright.generator.mini.world import Scene, render
from shotwright.generator.mini.world.scene import FACTORS

STILL_SHARE = 0.3
"""A clip in which no axis does this share of its card's amount counts as static."""
OPPOSITES = {
    "pan_left": "pan_right",
    "tilt_up": "tilt_down",
    "zoom_in": "zoom_out",
    "roll_cw": "roll_ccw",
}


@dataclass(frozen=True)
class Trial:
    """One scene to render: its real clip is what `render` draws of it."""

    scene: Scene
    frames: int
    width: int
    height: int

    @property
    def prompt(self) -> str:
        """Each value by the first phrase of its list."""
        said = [words.lexicon()[f][getattr(self.scene, f)][0] for f in FACTORS]
        colour, subject, action, hour, place, camera = said
        return f"a {colour} {subject} {action}, {hour}, {place}, {camera}"

    def real(self) -> Frames:
        return render(self.scene, frames=self.frames, height=self.height, width=self.width).frames


def trials(card: Card, count: int, *, seed: int) -> list[Trial]:
    """Scenes with every value of every factor equally often, in the card's sizes and default
    length.
    """
    rng = np.random.default_rng(seed)
    columns = {factor: _balanced(words.values(factor), count, rng) for factor in FACTORS}
    sizes = list(card.sizes.values())
    return [
        Trial(
            Scene(**{f: columns[f][i] for f in FACTORS}, seed=int(rng.integers(1 << 31))),
            card.frames.default,
            *sizes[i % len(sizes)],
        )
        for i in range(count)
    ]


def _balanced(values: Sequence[str], count: int, rng: np.random.Generator) -> list[str]:
    column = [values[i % len(values)] for i in range(count)]
    return [column[i] for i in rng.permutation(count)]


def psnr(a: Frames, b: Frames) -> NDArray[np.float64]:
    """Peak signal-to-noise ratio a frame, in dB, at most 80 (identical frames)."""
    error = ((a.astype(np.float64) - b) ** 2).mean((1, 2, 3))
    return np.asarray(10 * np.log10(255**2 / np.maximum(error, 255**2 * 1e-8)))


def step_at(clip: Frames, frame: int) -> float:
    """Mean absolute difference, 0 to 255, of a frame from the one before it."""
    return float(np.abs(clip[frame].astype(np.float64) - clip[frame - 1]).mean())


def mean_step(clip: Frames) -> float:
    """Mean of all steps of a clip: motion, and flicker on top of it."""
    return float(np.abs(np.diff(clip.astype(np.float64), axis=0)).mean())


def block_edges(clip: Frames, side: int = 8) -> float:
    """How much steeper pixels change across the codec's cell borders than inside: 1 is no blocks."""
    slope = np.abs(np.diff(clip.astype(np.float64), axis=2)).mean((0, 1, 3))
    border = np.arange(len(slope)) % side == side - 1
    return float(slope[border].mean() / max(slope[~border].mean(), 1e-6))


def camera_word(total: Pose, amounts: Mapping[str, float]) -> str:
    """The move that a clip's total motion is nearest to, each axis as a share of its card's
    amount.
    """
    shares = {
        ("pan_left", "pan_right"): total.pan_deg / amounts["pan"],
        ("tilt_down", "tilt_up"): total.tilt_deg / amounts["tilt"],
        ("roll_ccw", "roll_cw"): total.roll_deg / amounts["roll"],
        ("zoom_out", "zoom_in"): math.log(total.zoom_ratio) / math.log(amounts["zoom"]),
    }
    (negative, positive), share = max(shares.items(), key=lambda item: abs(item[1]))
    if abs(share) < STILL_SHARE:
        return "static"
    return positive if share > 0 else negative


def opposed(asked: str, seen: str) -> bool:
    """Whether a move was taken for its opposite."""
    return OPPOSITES.get(asked) == seen or OPPOSITES.get(seen) == asked
