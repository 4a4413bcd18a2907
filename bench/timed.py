"""Renderings of one model as they are timed: by plain diffusers, and by an engine, on a device's own clock."""

import gc
import platform
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from shotwright.generator.catalog import Card
from shotwright.generator.clipspec import ClipSpec
from shotwright.generator.frames import Frames, Given
from shotwright.generator.memory import MB, Plan
from shotwright.generator.pipelines.wan import WanEngine
from shotwright.generator.speed import flops

PROMPT = "a red ball rolls over the hills by day"
GUIDANCE = 5.0
SEED = 1


@dataclass(frozen=True)
class Case:
    """clip: width, height, frames; models: an empty folder for what engines keep."""

    card: Card
    clip: tuple[int, int, int]
    steps: int
    device: str
    models: Path

    @property
    def dtype(self) -> torch.dtype:
        return torch.float32 if self.device == "cpu" else torch.bfloat16

    def spec(self, level: str, steps: int | None = None) -> ClipSpec:
        width, height, frames = self.clip
        return ClipSpec(
            model=self.card.name,
            prompt=PROMPT,
            negative_prompt="blurred",
            width=width,
            height=height,
            frames=frames,
            fps=self.card.fps,
            seed=SEED,
            steps=steps or self.steps,
            guidance=GUIDANCE,
            level=level,
        )

    def a_step(self) -> float:
        """Operations of a guided step."""
        assert self.card.network is not None
        width, height, frames = self.clip
        return flops(self.card.network, width=width, height=height, frames=frames, guided=True)


@dataclass
class Run:
    """One rendering as it was timed: seconds of each step, of decoding to frames, of all; latents as they were decoded,
    on the CPU."""

    steps: list[float]
    decode_s: float
    total_s: float
    latents: Any
    frames: Frames | None = None


def call(case: Case, pipeline: Any, steps: int) -> Run:
    clock = Clock(case.device)

    def ended(pipe: Any, step: int, moment: Any, arguments: dict[str, Any]) -> dict[str, Any]:
        clock.mark()
        return arguments

    width, height, frames = case.clip
    with decoded(pipeline.vae) as latents:
        clock.mark()
        pipeline(
            prompt=PROMPT,
            negative_prompt="blurred",
            width=width,
            height=height,
            num_frames=frames,
            num_inference_steps=steps,
            guidance_scale=GUIDANCE,
            generator=torch.Generator("cpu").manual_seed(SEED),
            max_sequence_length=case.card.max_tokens,
            callback_on_step_end=ended,
            output_type="np",
        )
        clock.mark()
    return _run(clock, latents)


def engine_of(case: Case, plan: Plan) -> WanEngine:
    return WanEngine(case.card, device=case.device, models=case.models, plan=plan)


def rendered(case: Case, engine: WanEngine, spec: ClipSpec) -> Run:
    clock = Clock(case.device)

    def on_step(phase: str, step: int, steps: int) -> None:
        if phase == "denoising" and step:
            clock.mark()

    with decoded(engine.pipeline.vae) as latents:
        clock.mark()
        frames = engine.render(spec, Given(), on_step)
        clock.mark()
    return replace(_run(clock, latents), frames=frames)


def _run(clock: "Clock", latents: list[Any]) -> Run:
    """Of marks at the beginning, after each step, and at the end; the first step has reading the words in it."""
    spans = clock.seconds()
    return Run(spans[1:-1] or spans[:1], spans[-1], sum(spans), latents[-1])


class Clock:
    """Moments on a device's own time."""

    def __init__(self, device: str) -> None:
        self._device = device
        self._marks: list[Any] = []

    def mark(self) -> None:
        if self._device == "cpu":
            self._marks.append(time.perf_counter())
            return
        event = torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call]
        event.record()
        self._marks.append(event)

    def seconds(self) -> list[float]:
        """Between one mark and the next."""
        pairs = list(zip(self._marks, self._marks[1:], strict=False))
        if self._device == "cpu":
            return [after - before for before, after in pairs]
        torch.cuda.synchronize()
        return [before.elapsed_time(after) / 1e3 for before, after in pairs]


@contextmanager
def decoded(codec: Any) -> Iterator[list[Any]]:
    """The latents that a codec is given while this lasts, on the CPU."""
    seen: list[Any] = []
    through = codec.decode

    def decode(latents: Any, *arguments: Any, **named: Any) -> Any:
        seen.append(latents.detach().float().cpu())
        return through(latents, *arguments, **named)

    codec.decode = decode
    try:
        yield seen
    finally:
        codec.decode = through


def wait(case: Case) -> None:
    if case.device != "cpu":
        torch.cuda.synchronize(case.device)


def reset(case: Case) -> None:
    gc.collect()
    if case.device != "cpu":
        torch.cuda.synchronize(case.device)
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats(case.device)


def peak_mb(case: Case) -> float | None:
    """Most that torch held on the device since the last reset; none is told of the CPU."""
    return None if case.device == "cpu" else torch.cuda.max_memory_allocated(case.device) / MB


def name_of(device: str) -> str:
    if device == "cpu":
        return f"{platform.machine()} CPU, {torch.get_num_threads()} threads"
    return str(torch.cuda.get_device_name(device))
