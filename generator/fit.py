"""What fits a machine, how, and at what expected speed: a row for each model and quality.

How it lies in memory is the memory plan's; seconds are measured where this machine has rendered the very same before,
else estimated from counted operations and the matrix peak that this device showed once, else unknown.  Whether the
weights are here does not matter.  torch is loaded where the peak is measured.
Try: shotwright models --fit
"""

import json
import math
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

from shotwright.generator import memory as memories
from shotwright.generator.catalog import Card, Preset
from shotwright.generator.clipspec import REFINE_STEPS
from shotwright.generator.errors import OutOfMemory
from shotwright.generator.memory import Memory, Plan
from shotwright.generator.speed import computed_steps, counted, flops
from shotwright.generator.throughput import Rendering, Sample, estimate
from shotwright.generator.weights import write_json

DEVICES = "devices.json"
"""In the folder of models: chip -> `Peak`, measured once."""
SHARE = 0.35
"""Of a chip's peak in a step: plain diffusers on an H100 by the README of github.com/ModelTC/LightX2V (2025-12-01),
9.77 s for 3.36 PFLOP."""
SIDE = {"cpu": 1024, "cuda": 8192}
"""Of the matrices that are multiplied to see a device's peak."""
MEASURED, ESTIMATED, UNKNOWN = "measured", "estimated", "unknown"


@dataclass(frozen=True)
class Fit:
    """A model's default clip in one quality; plan: None where it does not fit.

    seconds: of one clip on a loaded model, from `source`: measured, estimated, or unknown, which is None.
    why: in words, how it fits and where the seconds come from, or what it needs.
    """

    model: str
    quality: str
    width: int
    height: int
    frames: int
    fits: bool
    plan: Plan | None
    seconds: float | None
    source: str
    why: str

    def body(self) -> dict[str, Any]:
        """As JSON tells it."""
        return {**asdict(self), "plan": None if self.plan is None else self.plan.told()}


@dataclass(frozen=True)
class Peak:
    """What a device showed: operations a second in a product of matrices, in 16 bits on a GPU; bytes a second from the
    machine's memory to it, which is endless on the CPU."""

    flops: float
    copy: float
    torch: str


def table(
    cards: Iterable[Card],
    *,
    device: str,
    models: Path,
    memory: Memory | None = None,
    timed: Callable[[str], Sequence[Sample]] = lambda model: (),
) -> list[Fit]:
    """A row for each card that renders here, and each of its qualities.

    device: "cpu", "cuda:0"; memory: of a GPU to plan for instead of the device's own; timed: what was measured of a
    model on this device, newest first.
    """
    if memory is None and device != "cpu":
        memory = memories.measure(device)
    asked = _Asked(device, models, memory, timed)
    return [
        _row(card, quality, asked)
        for card in cards
        if card.family != "engine"
        for quality in card.quality
    ]


@dataclass(frozen=True)
class _Asked:
    device: str
    models: Path
    memory: Memory | None
    timed: Callable[[str], Sequence[Sample]]


def _row(card: Card, quality: str, asked: _Asked) -> Fit:
    width, height = card.size_of(next(iter(card.sizes)), quality)
    shape = (width, height, card.frames.default)
    try:
        plan = memories.plan_for(card, asked.device, asked.models, clip=shape, memory=asked.memory)
    except OutOfMemory as error:
        return Fit(card.name, quality, *shape, False, None, None, UNKNOWN, error.message)
    work = rendering(shape, card.quality[quality])
    seconds, source, said = _seconds(card, plan, work, asked)
    return Fit(card.name, quality, *shape, True, plan, seconds, source, f"{plan.why}; {said}")


def rendering(shape: tuple[int, int, int], preset: Preset) -> Rendering:
    """A clip (width, height, frames) in a quality."""
    steps = preset.steps + preset.refine * REFINE_STEPS / 2
    return Rendering(*shape, steps, guided=preset.guidance > 1, level=preset.level)


def _seconds(
    card: Card, plan: Plan, work: Rendering, asked: _Asked
) -> tuple[float | None, str, str]:
    """Of one clip, with its source and that in words."""
    way = f"{plan.precision} {plan.offload}"
    samples = [sample for sample in asked.timed(card.name) if sample.plan == way]
    known = estimate(work, samples, card.network)
    if known is not None:
        if not known.scaled:
            return known.render_s, MEASURED, f"{known.samples} renderings here"
        return known.render_s, ESTIMATED, f"carried over from {known.scaled}, measured here"
    if not counted(card):
        return None, UNKNOWN, "not rendered here before, and its operations are not counted"
    if asked.device == "cpu" and asked.memory is not None:
        return None, UNKNOWN, "that GPU is not in this machine"
    return _by_peak(card, plan, work, peak(asked.device, asked.models))


def _by_peak(card: Card, plan: Plan, work: Rendering, peak: Peak) -> tuple[float, str, str]:
    """What the operations take, and at least as long as weights take that come to the device anew each pass."""
    assert card.network is not None
    shape = {"width": work.width, "height": work.height, "frames": work.frames}
    operations = flops(card.network, **shape, guided=work.guided)
    a_step = operations / (peak.flops * SHARE)
    said = (
        f"{operations / 1e12:.0f} TFLOP a step at {SHARE:.0%} of {peak.flops / 1e12:.0f} TFLOP/s, "
        "the matrix peak measured here"
    )
    if plan.offload == "group":
        weights = card.parameters_m["transformer"] * 1e6 * (1 if plan.precision == "fp8" else 2)
        passes = 2 if work.guided and not plan.batched else 1
        coming = weights * passes / peak.copy
        a_step = max(a_step, coming)
        said += f", {coming:.1f} s a step for weights to come at {peak.copy / 1e9:.1f} GB/s"
    seconds = a_step * computed_steps(work.steps, work.level)
    return seconds, ESTIMATED, f"{said}; reading the words and decoding come on top"


# What a device can do


def peak(device: str, models: Path) -> Peak:
    """A device's peak, measured on it once for each torch and kept."""
    import torch

    chip = "cpu" if device == "cpu" else str(torch.cuda.get_device_name(device))
    path = models / DEVICES
    kept: dict[str, Any] = {}
    with suppress(OSError, ValueError, TypeError):
        kept = dict(json.loads(path.read_text(encoding="utf-8")))
        found = Peak(**kept[chip]) if chip in kept else None
        if found is not None and found.torch == torch.__version__:
            return found
    found = measure_peak(device)
    write_json(path, {**kept, chip: asdict(found)})
    return found


def measure_peak(device: str) -> Peak:
    """Multiply two random matrices and copy one, several times; the median of each."""
    import torch

    side = SIDE[torch.device(device).type]
    dtype = torch.float32 if device == "cpu" else torch.bfloat16
    here = torch.randn(side, side, dtype=dtype)
    a, b = here.to(device), torch.randn(side, side).to(device, dtype)
    product = median(_times(device, lambda: a @ b))
    copy = math.inf
    if device != "cpu":
        copy = here.nbytes / median(_times(device, lambda: a.copy_(here)))
    return Peak(2 * side**3 / product, copy, torch.__version__)


def _times(device: str, work: Callable[[], Any]) -> list[float]:
    """Seconds of some runs, after those in which clocks rise and memory is taken."""
    import torch

    def wait() -> None:
        if device != "cpu":
            torch.cuda.synchronize(device)

    times = []
    for _ in range(12):
        wait()
        began = time.perf_counter()
        work()
        wait()
        times.append(time.perf_counter() - began)
    return times[4:]
