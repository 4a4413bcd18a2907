"""Measure continuations of the embedded model: how often a seam stays within the clip's own range, and a long film.

Seams: each clip (half of them rendered, half drawn, as imported footage would be) is continued by one segment, as a job
would do it, gate and all.  Long film: a real worker continues one take by many segments; its memory is watched, the
drift curve printed, and the judge of the evaluation says what the last segment shows.  Scenes and noise come from seeds
that no training drew.  Run: python -m bench.continuation [--clips 8] [--segments 3] [--seed 1] [--full]
"""

import argparse
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import numpy as np

from shotwright.generator.catalog import Card, load_catalog
from shotwright.generator.clipspec import ClipSpec
from shotwright.generator.frames import Frames, Given
from shotwright.generator.inspect.seams import WITHIN
from shotwright.generator.mini.figures import share, statistic
from shotwright.generator.mini.trials import Trial, trials
from shotwright.generator.pipelines import Engine, open_engine
from shotwright.tools.settings import Settings, from_environment
from shotwright.tools.studio.continuing import continued, make

JUDGE = Path(__file__).parents[1] / "tests" / "data" / "judge.safetensors"
FULL = {"clips": 100, "segments": 40}
"""What the figures of a release are measured on: 40 segments of 33 frames add 1120 frames, 140 s."""
SIDE, FRAMES, ADDED = 64, 17, 21
JUDGED = ("colour", "time", "place")


def main() -> int:
    chosen = _arguments()
    card = load_catalog().get("mini")
    seams = measure_seams(card, chosen.clips, chosen.seed, chosen.quality)
    tell_seams(seams)
    if chosen.segments:
        long_film(chosen.segments, chosen.seed, chosen.quality)
    return 0


def measure_seams(card: Card, clips: int, seed: int, quality: str) -> list[dict[str, Any]]:
    """The seam of each continued clip, with `rendered` and the number of its tries."""
    import torch

    torch.set_num_threads(1)
    engine = open_engine(card, device="cpu", models=Path())
    found = []
    for number, trial in enumerate(trials(card, max(clips, 2), seed=seed + 70_000)[:clips]):
        trial = replace(trial, width=SIDE, height=SIDE, frames=FRAMES)
        rendered = number % 2 == 0
        spec = spec_of(card, trial, quality, seed * 1000 + number)
        source = engine.render(spec, Given(), quiet) if rendered else trial.real()
        planned: dict[str, Any] = {
            "spec": replace(spec, frames=ADDED, seed=spec.seed + 500).to_json()
        }
        planned = continued(card, planned)
        prefix = source[-planned["overlap"] :]
        given = Given(prefix=prefix, ease=card.ease_frames)
        made = make(
            planned,
            before=source,
            anchor=None,
            anchored=True,
            tries=card.seam_tries,
            render=partial(_try, engine, given),
        )
        seam = made.facts["seam"]
        found.append({**seam, "rendered": rendered, "scene": asdict(trial.scene)})
        print(
            f"  clip {number}: {'rendered' if rendered else 'drawn':8} tries {len(seam['tries'])}, "
            f"colour {seam['colour_of_p95']:.2f}, motion {seam['motion_of_p95']:.2f} of the 95th percentile, "
            f"shows {seam['shows']:.2f}",
            flush=True,
        )
    return found


def _try(engine: Engine, given: Given, number: int, spec: ClipSpec) -> Frames:
    return engine.render(spec, given, quiet)


def quiet(phase: str, step: int, steps: int) -> None:
    """Say nothing."""


def spec_of(card: Card, trial: Trial, quality: str, seed: int) -> ClipSpec:
    """A trial's clip at `quality`."""
    preset = card.quality[quality]
    return ClipSpec(
        model=card.name,
        prompt=trial.prompt(),
        negative_prompt=trial.negative,
        width=trial.width,
        height=trial.height,
        frames=trial.frames,
        fps=card.fps,
        seed=seed,
        steps=preset.steps,
        guidance=preset.guidance,
    )


def tell_seams(seams: Sequence[dict[str, Any]]) -> None:
    """Print the shares within range, all together and by what was continued."""
    for name, group in (
        ("all", seams),
        ("rendered", [s for s in seams if s["rendered"]]),
        ("drawn", [s for s in seams if not s["rendered"]]),
    ):
        if not group:
            continue
        both = [max(s["colour_of_p95"], s["motion_of_p95"]) <= WITHIN for s in group]
        first = [s["tries"][0]["pass"] for s in group]
        tell(f"seams within {WITHIN} of the 95th percentile, {name}", share("", both, []))
        tell(f"seams that pass the gate, {name}", share("", [s["pass"] for s in group], []))
        tell(f"seams that pass it at the first try, {name}", share("", first, []))
        for measure in ("colour_of_p95", "motion_of_p95", "ssim"):
            values = np.array([s[measure] for s in group])
            tell(f"{measure}, median, {name}", statistic("", values, ceiling=1.0, of=median))


def median(values: Any) -> float:
    return float(np.median(values))


def tell(label: str, figure: Any) -> None:
    """One figure: value, 95 % interval, n."""
    print(f"{label:58} {figure.value:7.3f}  [{figure.low:.3f}, {figure.high:.3f}]  n={figure.n}")


def long_film(segments: int, seed: int, quality: str) -> None:
    """One take continued by many segments on a worker of its own; prints memory, drift and what the end shows."""
    from bench.__main__ import working

    with tempfile.TemporaryDirectory() as folder:
        settings = from_environment({}, home=Path(folder) / "home")
        with working(settings) as jobs:
            (worker,) = jobs.workers()
            with watched(worker["pid"]) as memory:
                take = anyio.run(_extended, settings, segments, seed, quality)
        tell_film(take, memory)


async def _extended(settings: Settings, segments: int, seed: int, quality: str) -> dict[str, Any]:
    from shotwright.tools import verbs
    from shotwright.tools.studio.studio import Studio, silent

    studio = Studio(settings)

    async def call(verb: str, **arguments: Any) -> dict[str, Any]:
        job = (await verbs.call(studio, verb, arguments, silent)).data
        while job["state"] in ("queued", "running"):
            again = {"job_id": job["job_id"], "wait_s": 50}
            job = (await verbs.call(studio, "get_job", again, silent)).data
            print(f"  {job['phase']}", flush=True)
        if job["state"] != "succeeded":
            raise SystemExit(f"the job failed: {job['error']}")
        best: dict[str, Any] = job["result"]["takes"][0]
        return best

    prompt = "a red ball bounces in the hills by day"
    size = f"{SIDE}x{SIDE}"
    first = await call("generate_video", prompt=prompt, size=size, quality=quality, seed=seed)
    take = await call(
        "extend_video", video=first["take_id"], segments=segments, quality=quality, seed=seed
    )
    studio.close()
    return {**take, "file": Path(take["path"]).read_bytes()}


@contextmanager
def watched(pid: int) -> Iterator[list[float]]:
    """Megabytes that a process holds, looked at twice a second while the block runs."""
    import psutil  # type: ignore[import-untyped]

    held: list[float] = []
    over, process = threading.Event(), psutil.Process(pid)

    def look() -> None:
        while not over.wait(0.5):
            held.append(process.memory_info().rss / 1e6)

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield held
    finally:
        over.set()
        thread.join()


def tell_film(take: dict[str, Any], memory: Sequence[float]) -> None:
    """Print what became of the long film."""
    from shotwright.generator.encode import iter_frames

    with tempfile.NamedTemporaryFile(suffix=".mp4") as file:
        file.write(take["file"])
        file.flush()
        frames = np.stack(list(iter_frames(Path(file.name), max_frames=5000, max_pixels=1 << 20)))
    print(f"frames {take['frames']}, {take['duration_s']:g} s, stopped: {take['drift']['stopped']}")
    held = np.array(memory)
    quarter = max(1, len(held) // 4)
    print(
        f"worker's memory, MB: second quarter at most {held[quarter : 2 * quarter].max(initial=0):.0f}, "
        f"last quarter at most {held[-quarter:].max(initial=0):.0f}, all at most {held.max(initial=0):.0f}"
    )
    print("segment  frame  colour  hue_deg  saturation  contrast  sharpness")
    for at in take["drift"]["curve"]:
        print(
            f"{at['segment']:7} {at['frame']:6} {at['colour']:7.2f} {at['hue_deg']:8.1f} "
            f"{at['saturation']:11.2f} {at['contrast']:9.2f} {at['sharpness']:10.2f}"
        )
    within = [max(s["colour_of_p95"], s["motion_of_p95"]) <= WITHIN for s in take["seams"]]
    tell("seams of the long film within range", share("", within, []))
    print("shown by the first and by the last two seconds, in the judge's eyes:")
    for name, (first, last) in shown_by(frames).items():
        print(f"  {name}: {first}, {last}{'' if first == last else '   CHANGED'}")


def shown_by(frames: Frames) -> dict[str, tuple[str, str]]:
    """Colour of the subject, time and place: of the first and of the last FRAMES frames."""
    from shotwright.generator.mini import judge

    seeing = judge.load(JUDGE)
    first, last = (judge.verdict(seeing, part) for part in (frames[:FRAMES], frames[-FRAMES:]))
    return {name: (first[name], last[name]) for name in JUDGED}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure continuations of the embedded model.")
    parser.add_argument("--clips", type=int, default=8, help="clips that are continued once")
    parser.add_argument("--segments", type=int, default=3, help="of the long film; 0 for none")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--quality", choices=("draft", "standard", "high"), default="draft")
    parser.add_argument("--full", action="store_true", help=f"as for a release: {FULL}")
    chosen = parser.parse_args()
    if chosen.full:
        vars(chosen).update(FULL)
    return chosen


if __name__ == "__main__":
    sys.exit(main())
