"""How long a rendering will take, from renderings that were timed on the same device: plain arithmetic, no torch.

Knows nothing of where samples are kept: whoever asks hands them over, newest first.
Try: python -m pytest tests/generator/test_throughput.py
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from shotwright.generator.catalog import Network
from shotwright.generator.clipspec import ClipSpec
from shotwright.generator.speed import computed_steps, flops

RECENT = 5
"""Samples whose median counts: one that ran beside other work does not."""


@dataclass(frozen=True)
class Rendering:
    """What decides how long a rendering takes; steps: of the network, see `ClipSpec.work`."""

    width: int
    height: int
    frames: int
    steps: float
    guided: bool = True
    level: str = "exact"

    @staticmethod
    def of(spec: ClipSpec, *, share: float = 1.0, still: int = 1) -> "Rendering":
        """share: of the steps that are taken, where the clip starts from another one; still: frames that are rendered
        for a picture (see `Card.still_frames`)."""
        steps = max(1.0, spec.work * share)
        frames = still if spec.frames == 1 else spec.frames
        shape = (spec.width, spec.height, frames)
        return Rendering(*shape, steps, guided=spec.guidance > 1, level=spec.level)

    @property
    def pixels(self) -> int:
        """Of all frames."""
        return self.width * self.height * self.frames


@dataclass(frozen=True)
class Sample:
    """One rendering as it was timed, or another piece of work that grows with the pixels.

    chip: the device's own name; plan: how the model lay there (precision, offload).
    load_s: until the model ran at its pace (read, moved, compiled), 0 where it was loaded already; denoise_s: of all
    steps; rest_s: reading the words and decoding.
    """

    model: str
    chip: str
    plan: str
    rendering: Rendering
    load_s: float
    denoise_s: float
    rest_s: float


def by_hand(work: str, shape: tuple[int, int, int], seconds: float) -> Sample:
    """A piece of the worker's own work, without a model and a device; shape: frames, height, width."""
    frames, height, width = shape
    pixels = Rendering(width, height, frames, steps=1, guided=False)
    return Sample(work, "", "", pixels, load_s=0.0, denoise_s=seconds, rest_s=0.0)


def finishing(model: str) -> str:
    """Under which name it is kept how long a model's takes are inspected, encoded and stored."""
    return f"finishing {model}"


@dataclass(frozen=True)
class Estimate:
    """load_s: for a model that is not loaded yet; render_s: the rest; samples: how many it rests on.

    scaled: in words, from what other size or setting it was carried over; empty where this very one was timed.
    """

    load_s: float
    render_s: float
    samples: int
    scaled: str = ""


def estimate(
    asked: Rendering, samples: Sequence[Sample], network: Network | None = None
) -> Estimate | None:
    """From a model's samples on one device, newest first; None where there are none.

    What ran as the newest did counts: a model that had to be streamed since does not become fast again.  Of those, the
    ones of this very size and setting, else the nearest, carried over by the operations that the model's card counts,
    or by pixels where it counts none.
    """
    alike = [sample for sample in samples if sample.plan == samples[0].plan]
    if not alike:
        return None
    wanted = _setting(asked)
    nearest = min(alike, key=lambda s: _distance(s.rendering, asked, network)).rendering
    used = [s for s in alike if _setting(s.rendering) == _setting(nearest)][:RECENT]
    render_s = median(
        s.denoise_s * _work(asked, network) / _work(s.rendering, network)
        + s.rest_s * asked.pixels / s.rendering.pixels
        for s in used
    )
    loads = [sample.load_s for sample in alike if sample.load_s > 0][:RECENT]
    same = _setting(nearest) == wanted
    return Estimate(
        median(loads) if loads else 0.0, render_s, len(used), "" if same else _said(nearest)
    )


def _setting(one: Rendering) -> tuple[object, ...]:
    """What must be alike for a time a step to be the same; in the fast level steps differ among themselves."""
    shape = (one.width, one.height, one.frames, one.guided, one.level)
    return shape if one.level == "exact" else (*shape, one.steps)


def _distance(
    one: Rendering, other: Rendering, network: Network | None
) -> tuple[bool, bool, float]:
    ratio = _work(one, network) / _work(other, network)
    return (
        _setting(one) != _setting(other),
        (one.level, one.guided) != (other.level, other.guided),
        max(ratio, 1 / ratio),
    )


def _work(one: Rendering, network: Network | None) -> float:
    """Operations of all steps; in pixels where the network's shape is not known.

    Of the fast level only the steps count that are computed: so far as the network is counted, it is one whose steps
    can be left out.
    """
    if network is None:
        return one.steps * one.pixels * (2 if one.guided else 1)
    steps = computed_steps(one.steps, one.level)
    shape = {"width": one.width, "height": one.height, "frames": one.frames}
    return steps * flops(network, **shape, guided=one.guided)


def _said(one: Rendering) -> str:
    level = "" if one.level == "exact" else f", {one.level}"
    frames = "a picture" if one.frames == 1 else f"{one.frames} frames"
    return f"{one.width}x{one.height}, {frames}{level}"
