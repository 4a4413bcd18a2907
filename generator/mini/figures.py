"""What the embedded model is measured by: each figure with its n, a 95 % interval and its ceiling on real renders.

Knows which way each figure is better, what a finished model must reach, and when one checkpoint is worse than another.
Knows no model and no picture.
"""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from shotwright.generator.errors import BadRequest

Version = Literal["cpu", "gpu"]
"""What a checkpoint was trained on, which decides what is asked of it."""

Z = 1.959964
"""Standard deviations of a 95 % interval."""
RESAMPLES = 1000
"""Of the bootstrap, always drawn with the same seed."""


@dataclass(frozen=True)
class Kind:
    """What a figure is.

    better: more, less, or real for what should be as on real renders; cpu, gpu: what must be reached, None for nothing;
    chance: what guessing gives; steady: the same on every machine, so that checkpoints can be compared by it.
    """

    label: str
    better: Literal["more", "less", "real"] = "more"
    cpu: float | None = None
    gpu: float | None = None
    unit: str = ""
    chance: float | None = None
    steady: bool = True


KINDS: Mapping[str, Kind] = {
    "vae_db": Kind("codec, PSNR of clear clips", cpu=27, gpu=29, unit="dB"),
    "time": Kind("time of day", cpu=0.95, gpu=0.95, chance=1 / 4),
    "place": Kind("place", cpu=0.95, gpu=0.95, chance=1 / 5),
    "colour": Kind("colour", cpu=0.90, gpu=0.90, chance=1 / 8),
    "subject": Kind("subject", cpu=0.70, gpu=0.85, chance=1 / 8),
    "action": Kind("action", gpu=0.60, chance=1 / 8),
    "camera_family": Kind("camera, nine families, clear weather", cpu=0.70, gpu=0.90, chance=1 / 9),
    "opposites": Kind("camera moves taken for their opposite", "less", gpu=0.01),
    "first_gap_db": Kind(
        "given first frame, PSNR below the codec's", "less", cpu=0.5, gpu=0.5, unit="dB"
    ),
    "last_gap_db": Kind(
        "given last frame, PSNR below the codec's", "less", cpu=0.5, gpu=0.5, unit="dB"
    ),
    "prefix_gap_db": Kind(
        "given prefix, PSNR below the codec's", "less", cpu=0.5, gpu=0.5, unit="dB"
    ),
    "seam_ratio": Kind("step at the seam after a prefix, made / true", "less", cpu=1.3, gpu=1.3),
    "zh_gap": Kind("largest gap between English and Chinese, six factors", "less", gpu=0.05),
    "weather": Kind("weather", chance=1 / 3),
    "orbit": Kind("orbits that go round the right way", chance=1 / 2),
    "camera_amount": Kind("slightly, none or far, of right turns and zooms", chance=1 / 3),
    "vae_spread_db": Kind("codec, best less worst of nine moments", "less", gpu=1.0, unit="dB"),
    "frame_change": Kind("change from frame to frame, 0 to 255", "real"),
    "cell_border": Kind("change across cell borders / inside cells", "real"),
    "repeats": Kind("same seed twice, same bytes", cpu=1, gpu=1),
    "seconds": Kind(
        "longest clip, largest size, one thread", "less", 6, 6, unit="CPU s", steady=False
    ),
    "load_seconds": Kind("loading, after imports", "less", 1, 1, unit="CPU s", steady=False),
}
"""Every figure by its key, in the order of the table."""


@dataclass(frozen=True)
class Figure:
    """One measured number; n: clips or comparisons behind it; nan where there were none."""

    key: str
    value: float
    n: int
    low: float
    high: float
    ceiling: float

    @property
    def kind(self) -> Kind:
        return KINDS[self.key]

    def passes(self, version: Version) -> bool | None:
        """Whether what is asked of this version is reached; None where nothing is."""
        gate: float | None = getattr(self.kind, version)
        if gate is None:
            return None
        return self.value <= gate if self.kind.better == "less" else self.value >= gate


def share(key: str, right: Sequence[bool], right_on_real: Sequence[bool]) -> Figure:
    """How many are right.  Source of the interval: Wilson (1927), which holds at 0 and 1 too."""
    n = len(right)
    if n == 0:
        return Figure(key, math.nan, 0, 0.0, 1.0, math.nan)
    p, z2 = sum(right) / n, Z * Z
    centre = (p + z2 / (2 * n)) / (1 + z2 / n)
    half = Z * math.sqrt(p * (1 - p) / n + z2 / (4 * n * n)) / (1 + z2 / n)
    ceiling = sum(right_on_real) / n
    return Figure(
        key, p, n, max(0.0, min(p, centre - half)), min(1.0, max(p, centre + half)), ceiling
    )


def statistic(
    key: str,
    samples: NDArray[np.float64],
    *,
    ceiling: float,
    of: Callable[[NDArray[np.float64]], float] = lambda rows: float(rows.mean()),
) -> Figure:
    """A statistic of rows of samples, by default their mean, with its bootstrap interval."""
    n = len(samples)
    if n == 0:
        return Figure(key, math.nan, 0, math.nan, math.nan, ceiling)
    rng = np.random.default_rng(0)
    drawn = [of(samples[rng.integers(n, size=n)]) for _ in range(RESAMPLES)]
    low, high = (float(v) for v in np.quantile(drawn, (0.025, 0.975)))
    value = of(samples)
    return Figure(key, value, n, min(low, value), max(high, value), ceiling)


def spanned(key: str, samples: Sequence[float], *, ceiling: float = math.nan) -> Figure:
    """The median of a few timings; low and high are the least and the most of them."""
    return Figure(key, float(np.median(samples)), len(samples), min(samples), max(samples), ceiling)


def to_json(figures: Sequence[Figure]) -> dict[str, dict[str, float | int | None]]:
    """key -> {value, n, low, high, ceiling}; what could not be measured is null."""
    return {
        f.key: {
            name: None if isinstance(number, float) and math.isnan(number) else number
            for name, number in asdict(f).items()
            if name != "key"
        }
        for f in figures
    }


@dataclass(frozen=True)
class Written:
    """What an evaluation's JSON file holds; clips: seed and number of those measured, -1 where it does not say."""

    figures: list[Figure]
    clips: tuple[int, int]


def read(path: Path) -> Written:
    """An evaluation's JSON file.  Raises: BadRequest where the file holds no figure."""
    try:
        data: Any = json.loads(path.read_text(encoding="utf-8"))
        found = [_figure(key, data[key]) for key in KINDS if key in data]
        if not found:
            raise ValueError("no figure in it")
        about = data.get("about", {})
        return Written(found, (int(about.get("seed", -1)), int(about.get("clips", -1))))
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise BadRequest(
            f"{path} holds no evaluation of the embedded model: {error}.",
            field="against",
            value=str(path),
            allowed="a file written by `python -m shotwright.generator.mini.evaluate --json FILE`",
            fix="write it with --json",
        ) from error


def _figure(key: str, data: Mapping[str, Any]) -> Figure:
    names = ("value", "low", "high", "ceiling")
    value, low, high, ceiling = (math.nan if data[n] is None else float(data[n]) for n in names)
    return Figure(key, value, int(data["n"]), low, high, ceiling)


def fallen(new: Sequence[Figure], old: Sequence[Figure]) -> list[str]:
    """Keys of the old figures that the new ones do not hold: worse, by more than both intervals together.

    A checkpoint replaces another only if there are none.  Timings belong to machines and do not count.
    Source: squared distances to the limits added, Newcombe (1998), which for shares is his hybrid score interval.
    """
    by_key = {f.key: f for f in new}
    return [f.key for f in old if _fell(by_key.get(f.key), f)]


def _fell(new: Figure | None, old: Figure) -> bool:
    if not old.kind.steady or math.isnan(old.value):
        return False
    if new is None or math.isnan(new.value):
        return True
    if old.kind.better == "less":
        return new.value - old.value > math.hypot(new.value - new.low, old.high - old.value)
    if old.kind.better == "more":
        return old.value - new.value > math.hypot(new.high - new.value, old.value - old.low)
    farther = abs(new.value - new.ceiling) - abs(old.value - old.ceiling)
    return farther > math.hypot((new.high - new.low) / 2, (old.high - old.low) / 2)
