"""How a long clip ages: how far each segment of it has gone from the first, as a curve with a limit.

Knows frames only.
Try: python -m pytest tests/generator/inspect/test_ageing.py
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

LIMITS = {"colour": 25.0, "saturation": 2.5, "contrast": 2.5, "sharpness": 3.0}
"""How far is too far: a mean colour this many Delta E away, the others this many times as much or as little.

A pan from ground to sky stays inside.  Of what only ages, codec and model, none may look like another film."""
GREY_CHROMA = 3.0
"""Below this chroma there is no hue to speak of."""


@dataclass(frozen=True)
class Tone:
    """What a stretch of a clip looks like.

    lab: mean colour, CIE LAB; chroma: mean distance from grey; contrast: standard deviation of the lightness;
    sharpness: of its Laplacian, as a share of the contrast.
    """

    lab: tuple[float, float, float]
    chroma: float
    contrast: float
    sharpness: float

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> "Tone":
        return Tone(**{**data, "lab": tuple(data["lab"])})


@dataclass(frozen=True)
class Age:
    """How far a stretch is from the first.  colour: Delta E of the mean; hue_deg: turn of its hue, 0 where none is;
    saturation, contrast, sharpness: ratios, 1 is the same; beyond: the measures past their limit.
    """

    colour: float
    hue_deg: float
    saturation: float
    contrast: float
    sharpness: float
    beyond: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "beyond": list(self.beyond)}


def tone(frames: Iterable[NDArray[np.uint8]]) -> Tone:
    """frames: uint8 RGB (height, width, 3), at least one."""
    seen = []
    for frame in frames:
        lab = np.asarray(cv2.cvtColor(frame.astype(np.float32) / 255, cv2.COLOR_RGB2LAB))
        light = np.ascontiguousarray(lab[..., 0])
        contrast = float(light.std())
        edges = float(cv2.Laplacian(light, cv2.CV_32F).std()) / max(contrast, 1.0)
        chroma = float(np.hypot(lab[..., 1], lab[..., 2]).mean())
        seen.append((*lab.mean((0, 1), dtype=np.float64), chroma, contrast, edges))
    l_mean, a_mean, b_mean, *rest = (float(value) for value in np.mean(seen, axis=0))
    return Tone((l_mean, a_mean, b_mean), *rest)


def age(first: Tone, now: Tone) -> Age:
    """How far `now` has gone from `first`."""
    colour = float(np.linalg.norm(np.subtract(now.lab, first.lab)))
    ratios = {
        "saturation": _ratio(now.chroma, first.chroma, GREY_CHROMA),
        "contrast": _ratio(now.contrast, first.contrast, 1.0),
        "sharpness": _ratio(now.sharpness, first.sharpness, 0.01),
    }
    far = {"colour": colour} | {name: max(r, 1 / r) for name, r in ratios.items()}
    beyond = tuple(name for name, limit in LIMITS.items() if far[name] > limit)
    return Age(colour, _turned_deg(first, now), **ratios, beyond=beyond)


def _ratio(now: float, first: float, least: float) -> float:
    return max(now, least) / max(first, least)


def _turned_deg(first: Tone, now: Tone) -> float:
    """How far the mean colour's hue turned, -180 to 180."""
    hues = []
    for _, a, b in (first.lab, now.lab):
        if math.hypot(a, b) < GREY_CHROMA:
            return 0.0
        hues.append(math.degrees(math.atan2(b, a)))
    return (hues[1] - hues[0] + 180) % 360 - 180
