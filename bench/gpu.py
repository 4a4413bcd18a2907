"""Measure what a GPU makes of one model: plain diffusers, the exact level and the fast one, in one run.

The weights are random, which is enough for speed.

Of each: seconds a step, operations a second from those that are counted, the share of the matrix peak that this chip
shows in the same run, decoding and encoding, peak memory, and how far the latents are from plain diffusers'.  Then, as
asked: what a step's time is made of, memory plans for smaller devices, and a queue of jobs against a bare loop.
Plain is `from_pretrained` in bfloat16 on the device, guided, no offload, no tiles, the attention that is the default.
Of pictures random weights say nothing.  Times are of device events after a warm-up.

Results are written as they come: FOLDER/CARD.json, and a table as docs/performance.md has them, FOLDER/CARD.md.
Needs torch with CUDA, diffusers, transformers, tokenizers, safetensors, accelerate, av, psutil, numpy, pillow and what
they need, on a machine without a network from wheels; the queue needs all of Shotwright.
Run: python -m bench.gpu [--card wan-2.1-t2v-1.3b] [--size 832x480x81] [--steps 20] [--out build/gpu]
     [--parts levels,profile,plans,queue]; python -m bench.gpu --tiny tries the same paths on a CPU.
"""

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

import diffusers
import torch
from diffusers import WanPipeline
from diffusers.utils import logging as diffusers_logging

from bench.random_weights import card_of, save
from bench.timed import Case, Run, call, engine_of, name_of, peak_mb, rendered, reset, wait
from shotwright.generator import memory
from shotwright.generator.catalog import load_catalog
from shotwright.generator.clipspec import ClipSpec
from shotwright.generator.encode import write_mp4
from shotwright.generator.errors import OutOfMemory
from shotwright.generator.fit import measure_peak
from shotwright.generator.frames import Frames, Given
from shotwright.generator.memory import Memory
from shotwright.generator.pipelines import open_engine
from shotwright.generator.speed import SHORT

PARTS = ("levels", "profile", "plans")
BUDGETS_GB = (8, 12, 16, 24, 48)
OTHER_KERNEL = {"cuda": "_native_efficient", "cpu": "_native_math"}
"""Another attention kernel for the same sums: how far it takes plain's own latents is the noise of bfloat16."""
KINDS = {
    "attention": ("attention", "flash", "fmha", "sdpa"),
    "matmul": (
        *("triton_tem", "triton_mm", "gemm", "nvjet", "cutlass", "wgmma"),
        *("addmm", "matmul", "::mm", "::bmm", "linear"),
    ),
    "norm and elementwise": (
        *("norm", "elementwise", "triton", "reduce", "copy", "cat", "silu", "gelu", "softmax"),
        *("::add", "::mul", "::sub", "::div", "::mean", "::pow", "::rsqrt", "::to", "memcpy"),
    ),
}
"""Words in the names of kernels; the first that meets one counts."""


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Measure what a GPU makes of one model.")
    parser.add_argument("--card", default="wan-2.1-t2v-1.3b")
    parser.add_argument("--size", help="WIDTHxHEIGHTxFRAMES; the card's default clip if left out")
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--parts", default=",".join(PARTS), help="of levels,profile,plans,queue")
    parser.add_argument("--out", type=Path, default=Path("build/gpu"))
    parser.add_argument("--device", default="cuda:0" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--tiny", action="store_true", help="the same paths with a tiny network")
    chosen = parser.parse_args(arguments)
    diffusers_logging.disable_progress_bar()
    with tempfile.TemporaryDirectory() as folder:
        card = card_of("tiny" if chosen.tiny else chosen.card)
        clip = (*next(iter(card.sizes.values())), card.frames.default)
        if chosen.size:
            width, height, frames = (int(side) for side in chosen.size.split("x"))
            clip = (width, height, frames)
        saved = save(card, Path(folder) / "weights", device=chosen.device)
        case = Case(saved, clip, chosen.steps, chosen.device, Path(folder) / "models")
        results = Results(case, chosen.out)
        for part in chosen.parts.split(","):
            _PARTS[part](case, results)
    print(f"written: {results.path}")
    return 0


class Results:
    """What was measured, on disk after each figure."""

    def __init__(self, case: Case, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / f"{case.card.name}.json"
        self.found: dict[str, Any] = {
            "card": case.card.name,
            "clip": "x".join(str(side) for side in case.clip),
            "steps": case.steps,
            "weights": "random",
            "device": name_of(case.device),
            "torch": torch.__version__,
            "diffusers": diffusers.__version__,
            "date": datetime.now(UTC).date().isoformat(),
            "tflop_a_step": case.a_step() / 1e12,
            "peak_tflops": measure_peak(case.device).flops / 1e12,
        }
        self.keep()

    def keep(self, **more: Any) -> None:
        """Add figures and print them."""
        self.found |= more
        self.path.write_text(json.dumps(self.found, indent=1) + "\n", encoding="utf-8")
        self.path.with_suffix(".md").write_text(table(self.found), encoding="utf-8")
        for name, value in more.items():
            print(f"{name}: {json.dumps(value)}", flush=True)


# Levels


def levels(case: Case, results: Results) -> None:
    """Plain diffusers, then both levels against it; one pipeline on the device at a time."""
    plain, other, most_mb = _plain(case)
    noise = _off(other, plain.latents)
    results.keep(plain=_figures(case, plain, results, most_mb), other_kernel_off=noise)
    engine = engine_of(case, memory.plan_for(case.card, case.device, case.models))
    for level in ("exact", "fast"):
        began = time.perf_counter()
        rendered(case, engine, case.spec(level, min(case.steps, SHORT + 2)))
        warm_up_s = time.perf_counter() - began
        reset(case)
        run = rendered(case, engine, case.spec(level))
        figures = _figures(case, run, results, peak_mb(case))
        told = engine.told()
        results.keep(
            **{
                level: {
                    **figures,
                    "off_plain": _off(run.latents, plain.latents),
                    "faster_a_step": _mean(plain.steps) / _mean(run.steps),
                    "faster_in_all": plain.total_s / run.total_s,
                    "encode_s": _encode(run.frames, case.card.fps),
                    "warm_up_s": warm_up_s,
                    "memory": told["memory"]["why"],
                    "speed": told["speed"],
                }
            }
        )
    kernels = [
        {"name": k.name, "ms": None if k.refused else k.seconds * 1e3, "refused": k.refused}
        for k in engine.speed.kernels
    ]
    results.keep(kernels=kernels)
    engine.close()


def _mean(steps: list[float]) -> float:
    """Not the median: in the fast level steps differ."""
    return sum(steps) / len(steps)


def _plain(case: Case) -> tuple[Run, Any, float | None]:
    """The run, the latents by another attention kernel, and peak memory in MB."""
    pipeline: Any = WanPipeline.from_pretrained(case.card.source, dtype=case.dtype)
    pipeline.to(case.device).set_progress_bar_config(disable=True)
    call(case, pipeline, 2)
    reset(case)
    run = call(case, pipeline, case.steps)
    peak = peak_mb(case)
    pipeline.transformer.set_attention_backend(OTHER_KERNEL[torch.device(case.device).type])
    other = call(case, pipeline, case.steps).latents
    pipeline.transformer.reset_attention_backend()
    del pipeline
    reset(case)
    return run, other, peak


def _figures(case: Case, run: Run, results: Results, most_mb: float | None) -> dict[str, Any]:
    seconds = median(run.steps)
    rate = case.a_step() / seconds / 1e12
    return {
        "seconds_a_step": seconds,
        "tflops": rate,
        "share_of_peak": rate / results.found["peak_tflops"],
        "denoise_s": sum(run.steps),
        "decode_s": run.decode_s,
        "total_s": run.total_s,
        "peak_mb": most_mb,
    }


def _off(one: Any, other: Any) -> float:
    """Relative L2."""
    return float((one - other).norm() / other.norm())


def _encode(frames: Frames | None, fps: int) -> float:
    assert frames is not None
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        write_mp4(Path(folder) / "clip.mp4", frames, fps=fps, metadata={})
        return time.perf_counter() - began


# Profile


def profile(case: Case, results: Results) -> None:
    """What the time of an exact step is made of, by kinds of kernels, and the longest of them."""
    from torch.profiler import ProfilerActivity
    from torch.profiler import profile as recording

    engine = engine_of(case, memory.plan_for(case.card, case.device, case.models))
    rendered(case, engine, case.spec("exact", 2))
    cuda = case.device != "cpu"
    activities = [ProfilerActivity.CUDA] if cuda else [ProfilerActivity.CPU]
    frames = case.clip[2]
    with recording(activities=activities) as recorded, torch.no_grad():
        # latents are what a step gives: the codec is not in it
        engine.call(
            engine.text,
            case.spec("exact", 2),
            _silent,
            output_type="latent",
            num_frames=frames,
        )
        wait(case)
    times: Counter[str] = Counter()
    for event in recorded.key_averages():
        times[event.key] += event.self_device_time_total if cuda else event.self_cpu_time_total
    engine.close()
    whole = sum(times.values()) or 1.0
    kinds: Counter[str] = Counter()
    for name, spent in times.items():
        kinds[kind_of(name)] += spent
    results.keep(
        profile={
            "shares": {kind: spent / whole for kind, spent in kinds.most_common()},
            "longest": [[name[:120], spent / whole] for name, spent in times.most_common(12)],
        }
    )


def kind_of(name: str) -> str:
    """Of a kernel or an operation, by its name."""
    small = name.lower()
    return next((k for k, words in KINDS.items() if any(w in small for w in words)), "other")


# Memory plans


def plans(case: Case, results: Results) -> None:
    """For smaller devices, as a limit makes them of this one: the plan, whether it holds, seconds a step."""
    found: list[dict[str, Any]] = []
    for budget in BUDGETS_GB:
        found.append({"budget_gb": budget, **_within(case, budget)})
        results.keep(plans=list(found))


def _within(case: Case, budget: int) -> dict[str, Any]:
    import psutil  # type: ignore[import-untyped]

    size = budget * 10**9
    width, height, frames = case.clip
    room = Memory(size, size, psutil.virtual_memory().available)
    try:
        plan = memory.choose(case.card, room, width=width, height=height, frames=frames)
    except OutOfMemory as error:
        return {"plan": None, "holds": False, "why": error.message}
    told = {"plan": plan.told(), "way": f"{plan.precision} {plan.offload}"}
    with _limited(case, size):
        try:
            engine = engine_of(case, plan)
            rendered(case, engine, case.spec("exact", 2))
            reset(case)
            run = rendered(case, engine, case.spec("exact", 3))
        except (OutOfMemory, torch.OutOfMemoryError) as error:
            return {**told, "holds": False, "why": str(error).splitlines()[0]}
        stepped_down = [note for note in engine.notes if "out of memory" in note]
        peak = peak_mb(case)
        engine.close()
    return {
        **told,
        "holds": not stepped_down,
        "why": "; ".join(stepped_down),
        "peak_mb": peak,
        "seconds_a_step": median(run.steps),
    }


@contextmanager
def _limited(case: Case, size: int) -> Iterator[None]:
    if case.device == "cpu":
        yield
        return
    reset(case)
    whole = torch.cuda.get_device_properties(case.device).total_memory
    torch.cuda.set_per_process_memory_fraction(min(1.0, size / whole), case.device)
    try:
        yield
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0, case.device)


# Queue


def queue(case: Case, results: Results) -> None:
    """Clips a second through the job queue and a worker, against the same renderings one after another."""
    from bench.queue_rate import JOBS, served

    job_s, spec = served(case.card)
    card = load_catalog().default if case.card.name == "tiny" else case.card
    engine = open_engine(card, device=case.device, models=case.models)
    bare = []
    for seed in range(JOBS + 1):
        began = time.perf_counter()
        engine.render(replace(ClipSpec.from_json(spec), seed=seed), Given(), _silent)
        wait(case)
        bare.append(time.perf_counter() - began)
    engine.close()
    bare_s = sum(bare[1:]) / JOBS
    results.keep(queue={"job_s": job_s, "bare_s": bare_s, "rate": bare_s / job_s, "spec": spec})


def _silent(phase: str, step: int, steps: int) -> None:
    return


# The table


def table(found: dict[str, Any]) -> str:
    """Markdown for docs/performance.md."""
    lines = [
        f"{found['card']}, {found['clip']}, {found['steps']} steps, random weights; {found['device']}, "
        f"torch {found['torch']}, diffusers {found['diffusers']}, {found['date']}; "
        f"{found['tflop_a_step']:.1f} TFLOP a step, matrix peak {found['peak_tflops']:.0f} TFLOP/s",
        "",
        "| | s a step | TFLOP/s | of the peak | decode s | encode s | in all s | peak MB | off plain |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for level in ("plain", "exact", "fast"):
        if level in found:
            row = found[level]
            cells = [
                *(f"{row['seconds_a_step']:.3g}", f"{row['tflops']:.3g}"),
                *(f"{row['share_of_peak']:.0%}", f"{row['decode_s']:.3g}"),
                *(f"{row['encode_s']:.3g}" if "encode_s" in row else "", f"{row['total_s']:.3g}"),
                "" if row["peak_mb"] is None else f"{row['peak_mb']:.0f}",
                f"{row['off_plain']:.2g}" if "off_plain" in row else "",
            ]
            lines.append(f"| {level} | {' | '.join(cells)} |")
    if "plans" in found:
        lines += ["", "| budget GB | plan | holds | s a step | peak MB |", "|---|---|---|---|---|"]
        for row in found["plans"]:
            step = f"{row['seconds_a_step']:.3g}" if "seconds_a_step" in row else ""
            peak = row.get("peak_mb")
            lines.append(
                f"| {row['budget_gb']} | {row.get('way', 'none')} | {'yes' if row['holds'] else 'no'} | {step} | "
                f"{'' if peak is None else f'{peak:.0f}'} |"
            )
    return "\n".join(lines) + "\n"


_PARTS: dict[str, Callable[[Case, Results], None]] = {
    "levels": levels,
    "profile": profile,
    "plans": plans,
    "queue": queue,
}


if __name__ == "__main__":
    sys.exit(main())
