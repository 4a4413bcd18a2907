"""What the evaluation of the embedded model asks for, and plain measures of what comes back.

A `Trial` is a scene with its captions and its real clip; the functions compare frames and name
moves.  Knows no model and no network.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from shotwright.generator.camera import Pose, nearest_share
from shotwright.generator.catalog import Card
from shotwright.generator.frames import Frames
from shotwright.generator.inspect.camera import measure_turn
from shotwright.generator.inspect.drift import Drift, drift
from shotwright.generator.mini import words
from shotwright.generator.mini.world import Scene, render
from shotwright.generator.mini.world.captions import caption
from shotwright.generator.mini.world.scene import AMOUNT_SHARES, FACTORS, choices

TURNED_SHARE = 0.25
"""A clip in which no axis turns by this share of its card's amount is looked at for slides; half of
what "slightly" asks."""
SLID = {"right": 0.3, "down": 0.2, "growth": 0.2}
"""How far content drifts in a usual truck, pedestal and dolly of the world (half picture heights, log
of the size); chosen on 216 renders, of whose slides and rests 84 in 100 are then named rightly."""
SLID_SHARE = 0.2
RESTING_SHARE = 0.5
"""A clip in which this much of the texture stays has a resting camera, whatever its subject does."""
ORBITED_DEG = 1.5

FAMILIES = {"truck": "pan", "pedestal": "tilt", "dolly": "zoom"}
"""Slides count with the turn or zoom that they look like: a small flat picture hardly tells them apart."""
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

    def prompt(self, language: Literal["en", "zh"] = "en") -> str:
        """A caption of the scene, always the same one."""
        return caption(self.scene, np.random.default_rng([self.scene.seed, 7]), language)

    @property
    def negative(self) -> str:
        """What the engine is given as the negative prompt, see `words.pushed_from`."""
        said = dict(zip(FACTORS, self.scene.tokens, strict=True))
        return " ".join(words.pushed_from(said).values())

    def real(self) -> Frames:
        return render(self.scene, frames=self.frames, height=self.height, width=self.width).frames

    @property
    def clear(self) -> bool:
        """Whether nothing falls that registration could follow instead of the camera."""
        return self.scene.weather == "clear"


def trials(card: Card, count: int, *, seed: int) -> list[Trial]:
    """Scenes with every value of every factor equally often, in the card's sizes and default
    length; one in six has rain or snow.
    """
    rng = np.random.default_rng([seed, 31])
    columns = {factor: _balanced(choices(factor), count, rng) for factor in FACTORS}
    sizes = list(card.sizes.values())
    made = []
    for i in range(count):
        values = {factor: column[i] for factor, column in columns.items()}
        values["weather"] = {5: "rain", 11: "snow"}.get(i % 12, "clear")
        if values["camera"] == "static":
            values["amount"] = ""
        scene = Scene(**values, seed=int(rng.integers(1 << 31)))
        made.append(Trial(scene, card.frames.default, *sizes[i % len(sizes)]))
    return made


def in_clear_weather(trial: Trial) -> Trial:
    return replace(trial, scene=replace(trial.scene, weather="clear"))


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


def family(move: str) -> str | None:
    """The class of a move among nine: its own name, or that of the turn it looks like; None for an orbit."""
    kind, _, way = move.partition("_")
    if kind == "orbit":
        return None
    return f"{FAMILIES.get(kind, kind)}_{way}" if way else move


def see_camera(clip: Frames, card: Card) -> dict[str, str]:
    """What the camera of a clip seems to do: `camera_family`, one of nine, `orbit`, the way round in
    which the background turns about something that stays, and `amount`, how far by the nearest word.
    """
    total = measure_turn(clip, hfov_deg=card.hfov_deg).total
    turned, share = turned_word(total, card.camera_amounts)
    seen = turned if share >= TURNED_SHARE else slid_word(drift(clip))
    nearest, _ = nearest_share(share, AMOUNT_SHARES)
    # who goes round to the right looks back to the left
    way = "" if abs(total.pan_deg) < ORBITED_DEG else "left" if total.pan_deg > 0 else "right"
    return {"camera_family": seen, "orbit": f"orbit_{way}".rstrip("_"), "amount": nearest}


def turned_word(total: Pose, amounts: Mapping[str, float]) -> tuple[str, float]:
    """The turn or zoom that a clip's total motion is nearest to, and its share of the card's amount."""
    shares = {
        ("pan_left", "pan_right"): total.pan_deg / amounts["pan"],
        ("tilt_down", "tilt_up"): total.tilt_deg / amounts["tilt"],
        ("roll_ccw", "roll_cw"): total.roll_deg / amounts["roll"],
        ("zoom_out", "zoom_in"): math.log(total.zoom_ratio) / math.log(amounts["zoom"]),
    }
    (negative, positive), share = max(shares.items(), key=lambda item: abs(item[1]))
    return (positive if share > 0 else negative), abs(share)


def slid_word(seen: Drift) -> str:
    """The slide that a drift is nearest to, by the name of its family."""
    shares = {
        ("pan_right", "pan_left"): seen.right / SLID["right"],
        ("tilt_down", "tilt_up"): seen.down / SLID["down"],
        ("zoom_out", "zoom_in"): seen.growth / SLID["growth"],
    }
    (negative, positive), share = max(shares.items(), key=lambda item: abs(item[1]))
    if abs(share) < SLID_SHARE or seen.resting > RESTING_SHARE:
        return "static"
    return positive if share > 0 else negative


def opposed(asked: str, seen: str) -> bool:
    """Whether a family was taken for its opposite."""
    return OPPOSITES.get(asked) == seen or OPPOSITES.get(seen) == asked
