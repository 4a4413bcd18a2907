"""Measure the embedded model through the engine that serves requests; every figure with its n.

    python -m shotwright.generator.mini.evaluate --model generator/mini/weights --sheet sheet.png

Words are judged by the classifier of `judge.py`, camera moves by registration of pixels; both are
also run on real renders that went through the codec, which is their ceiling.  All seeds are fixed.
"""

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers.utils import logging

from shotwright.generator.catalog import load_catalog
from shotwright.generator.clipspec import ClipSpec
from shotwright.generator.frames import Frames, Given
from shotwright.generator.inspect.camera import measure
from shotwright.generator.mini import judge as judging
from shotwright.generator.mini import report, words
from shotwright.generator.mini.report import Figure, Strip
from shotwright.generator.mini.trials import (
    Trial,
    block_edges,
    camera_word,
    mean_step,
    opposed,
    psnr,
    step_at,
    trials,
)
from shotwright.generator.mini.world.scene import FACTORS
from shotwright.generator.pipelines import open_engine
from shotwright.generator.pipelines.wan import WanEngine

JUDGED = ("time", "place", "colour", "subject", "action")
GATES = {"time": 0.95, "place": 0.95, "colour": 0.90, "subject": 0.80}
CAMERA_GATE = 0.85
CODEC_GATE_DB, SPREAD_GATE_DB = 29.0, 1.0
GIVEN_GATE_DB, SEAM_GATE = -0.5, 1.3
QUALITY = "standard"


@dataclass(frozen=True)
class Outcome:
    """A rendered trial, its real clip after the codec, and what is seen in each."""

    trial: Trial
    clip: Frames
    real: Frames
    seen: dict[str, str]
    seen_real: dict[str, str]


class Evaluation:
    """One model under measurement."""

    def __init__(self, model: Path, judge: Path, clips: int) -> None:
        card = load_catalog().get("mini")
        engine = open_engine(replace(card, source=str(model)), device="cpu", models=model.parent)
        assert isinstance(engine, WanEngine)  # the codec is measured on its own
        self.engine, self.card, self.clips = engine, engine.card, clips
        pipeline: Any = engine.text
        self.parts: dict[str, Any] = pipeline.components
        self.judge = judging.load(judge)
        self.seconds: list[float] = []
        self.strips: list[Strip] = []
        self.records: list[dict[str, Any]] = []

    def run(self) -> list[Figure]:
        """Every figure, in the order of the table."""
        figures = self.codec()
        self._say(f"codec done, {self.clips} clips from text next")
        outcomes = [self._outcome(i, t) for i, t in enumerate(self.text_trials())]
        figures += self.obedience(outcomes)
        figures += self.picture(outcomes)
        figures += self.given()
        figures += self.repeats()
        figures.append(self.speed())
        return figures

    def text_trials(self) -> list[Trial]:
        return trials(self.card, self.clips, seed=99)

    def codec(self) -> list[Figure]:
        """Reconstruction of real clips in every size and in the shortest, default and longest
        length.
        """
        rule = self.card.frames
        lengths = (rule.minimum, rule.default, rule.maximum)
        chosen = trials(self.card, max(10, self.clips // 2), seed=7)
        levels = []
        for i, trial in enumerate(chosen):
            real = replace(trial, frames=lengths[i % 3]).real()
            frames = psnr(self.through_codec(real), real)
            levels.append(frames[np.linspace(0, len(frames) - 1, 9).round().astype(int)])
        over_time = np.mean(levels, 0)  # nine moments of the clip
        return [
            Figure(
                "codec_db",
                "codec PSNR",
                float(over_time.mean()),
                len(chosen),
                "dB",
                gate=CODEC_GATE_DB,
            ),
            Figure(
                "codec_spread_db",
                "codec PSNR, best less worst of nine moments of the clip",
                float(np.ptp(over_time)),
                len(chosen),
                "dB",
                gate=SPREAD_GATE_DB,
                at_most=True,
            ),
        ]

    @torch.no_grad()
    def through_codec(self, frames: Frames) -> Frames:
        """A clip as the model's own autoencoder gives it back."""
        vae = self.parts["vae"]
        pixels = torch.from_numpy(frames).permute(3, 0, 1, 2)[None] / 127.5 - 1
        back = vae.decode(vae.encode(pixels).latent_dist.mode()).sample[0]
        back = (back.permute(1, 2, 3, 0).clamp(-1, 1) + 1) * 127.5
        coded: Frames = np.round(back.numpy()).astype(np.uint8)
        return coded

    def render(self, trial: Trial, seed: int, given: Given | None = None) -> Frames:
        """The engine's clip for a trial, at standard quality."""
        preset = self.card.quality[QUALITY]
        spec = ClipSpec(
            model=self.card.name,
            prompt=trial.prompt,
            negative_prompt=self.card.negative,
            width=trial.width,
            height=trial.height,
            frames=trial.frames,
            fps=self.card.fps,
            seed=seed,
            steps=preset.steps,
            guidance=preset.guidance,
        )
        began = time.thread_time()
        clip = self.engine.render(spec, given or Given(), lambda *_: None)
        self.seconds.append(time.thread_time() - began)
        return clip

    def see(self, clip: Frames) -> dict[str, str]:
        """What a clip shows: the judge's values, the camera by registration."""
        motion = measure(clip, hfov_deg=self.card.hfov_deg)
        word = camera_word(motion.total, self.card.camera_amounts)
        return {**judging.verdict(self.judge, clip), "camera": word}

    def _outcome(self, index: int, trial: Trial) -> Outcome:
        clip, real = self.render(trial, seed=index), self.through_codec(trial.real())
        outcome = Outcome(trial, clip, real, self.see(clip), self.see(real))
        asked = dict(zip(FACTORS, trial.scene.tokens, strict=True))
        wrong = [f"{f}: {outcome.seen[f]}" for f in FACTORS if outcome.seen[f] != asked[f]]
        self.records.append(
            {
                "prompt": trial.prompt,
                "asked": asked,
                "seen": outcome.seen,
                "seen_in_the_real_clip": outcome.seen_real,
            }
        )
        if index < 24:
            first, _, rest = trial.prompt.partition(", ")
            self.strips.append(Strip(clip, (first, rest, *(f"  seen as {w}" for w in wrong))))
        return outcome

    def obedience(self, outcomes: Sequence[Outcome]) -> list[Figure]:
        """Share of clips that show what was asked, a factor, and the camera's opposites."""
        count = len(outcomes)
        figures = []
        for factor in (*JUDGED, "camera"):
            camera = factor == "camera"
            label = "camera, 9 moves, by registration" if camera else f"{factor}, by the judge"
            figures.append(
                Figure(
                    factor,
                    label,
                    self._share(outcomes, factor, "seen"),
                    count,
                    chance=1 / len(words.values(factor)),
                    ceiling=self._share(outcomes, factor, "seen_real"),
                    gate=CAMERA_GATE if camera else GATES.get(factor),
                )
            )
        moving = [o for o in outcomes if o.trial.scene.camera != "static"]
        taken = [
            sum(opposed(o.trial.scene.camera, s["camera"]) for o, s in pairs)
            for pairs in ([(o, o.seen) for o in moving], [(o, o.seen_real) for o in moving])
        ]
        figures.append(
            Figure(
                "camera_opposites",
                "camera moves taken for their opposite",
                taken[0],
                len(moving),
                ceiling=taken[1],
                gate=0,
                at_most=True,
            )
        )
        return figures

    def picture(self, outcomes: Sequence[Outcome]) -> list[Figure]:
        """Two faults that an eye sees at once and the judge forgives: flicker and blocks."""
        measures = {
            "step": ("mean change from frame to frame, 0 to 255", mean_step),
            "blocks": ("change across cell borders, as a multiple of that inside", block_edges),
        }
        return [
            Figure(
                key,
                label,
                statistics.fmean(look(o.clip) for o in outcomes),
                len(outcomes),
                ceiling=statistics.fmean(look(o.real) for o in outcomes),
            )
            for key, (label, look) in measures.items()
        ]

    @staticmethod
    def _share(outcomes: Sequence[Outcome], factor: str, which: str) -> float:
        return statistics.fmean(
            getattr(o, which)[factor] == getattr(o.trial.scene, factor) for o in outcomes
        )

    def given(self) -> list[Figure]:
        """Given frames against the codec's reconstruction of them, and the seam after a prefix."""
        chosen = trials(self.card, max(3, self.clips // 4), seed=123)
        overlap = self.card.overlap_frames
        ways: dict[str, tuple[str, Callable[[Frames], Given], list[int]]] = {
            "first": ("first frame given", lambda r: Given({0: r[0]}), [0]),
            "both": (
                "first and last frame given",
                lambda r: Given({0: r[0], len(r) - 1: r[-1]}),
                [0, -1],
            ),
            "last": ("last frame given", lambda r: Given({len(r) - 1: r[-1]}), [-1]),
            "prefix": (
                f"prefix of {overlap} frames given",
                lambda r: Given(prefix=r[:overlap]),
                list(range(overlap)),
            ),
        }
        gaps: dict[str, list[float]] = {key: [] for key in ways}
        moved: dict[str, list[bool]] = {"first": [], "prefix": []}
        seams: list[tuple[float, float]] = []
        for i, trial in enumerate(chosen):
            real = trial.real()
            coded = self.through_codec(real)
            if i < 2:
                self.strips.append(Strip(real, ("the real clip of the next four", trial.prompt)))
            for key, (label, give, frames) in ways.items():
                clip = self.render(trial, seed=1000 + i, given=give(real))
                gap = psnr(clip[frames], real[frames]) - psnr(coded[frames], real[frames])
                gaps[key].append(float(gap.mean()))
                if key in moved:
                    moved[key].append(self.see(clip)["camera"] == trial.scene.camera)
                if key == "prefix":
                    seams.append((step_at(clip, overlap), step_at(coded, overlap)))
                if i < 2:
                    self.strips.append(Strip(clip, (label, trial.prompt)))
        self._say("given frames done")
        figures = [
            Figure(
                f"given_{key}_db",
                f"{ways[key][0]}: PSNR less the codec's",
                statistics.fmean(values),
                len(values),
                "dB",
                gate=GIVEN_GATE_DB,
            )
            for key, values in gaps.items()
        ]
        figures += [
            Figure(
                f"camera_{key}",
                f"camera, 9 moves, {ways[key][0]}",
                statistics.fmean(values),
                len(values),
                chance=1 / len(words.values("camera")),
            )
            for key, values in moved.items()
        ]
        figures.append(
            Figure(
                "seam_ratio",
                "step at the seam, made / true (of means)",
                float(np.divide(*np.mean(seams, 0))),
                len(seams),
                gate=SEAM_GATE,
                at_most=True,
            )
        )
        return figures

    def repeats(self) -> list[Figure]:
        """Share of byte-equal clips when the same seed is rendered twice."""
        chosen = self.text_trials()[:3]
        same = [
            np.array_equal(self.render(t, seed=i), self.render(t, seed=i))
            for i, t in enumerate(chosen)
        ]
        return [
            Figure(
                "repeats", "same seed twice, identical", statistics.fmean(same), len(same), gate=1
            )
        ]

    def speed(self) -> Figure:
        """CPU seconds of one thread for a clip of the default length at standard quality."""
        return Figure(
            "seconds",
            f"{self.card.frames.default} frames, {QUALITY} quality (median)",
            statistics.median(self.seconds),
            len(self.seconds),
            "CPU s",
        )

    def parameters(self) -> dict[str, int]:
        """Parameter count of each part."""
        names = {"transformer": "transformer", "text encoder": "text_encoder", "codec": "vae"}
        return {
            label: sum(p.numel() for p in self.parts[name].parameters())
            for label, name in names.items()
        }

    @staticmethod
    def _say(message: str) -> None:
        sys.stdout.write(message + "\n")
        sys.stdout.flush()


def training_of(state: Path | None, machine: str) -> report.Training | None:
    """What the training's state file tells of its run."""
    if state is None:
        return None
    saved = torch.load(state, weights_only=True)
    return report.Training(saved["step"], saved["seconds"] / 60, saved["clips"], machine)


def write_card(
    evaluation: Evaluation,
    figures: Sequence[Figure],
    training: report.Training | None,
    path: Path,
    model: Path,
) -> None:
    """Write the model card."""
    card = evaluation.card
    sizes = ", ".join(f"{w}x{h} ({ratio})" for ratio, (w, h) in card.sizes.items())
    preset = card.quality[QUALITY]
    text = report.model_card(
        figures,
        parameters=evaluation.parameters(),
        megabytes=sum(f.stat().st_size for f in model.rglob("*") if f.is_file()) / 1e6,
        shapes=f"{sizes}; {card.frames.describe()} frames, {card.fps} a second",
        sampling=f"{preset.steps} Euler steps, guidance {preset.guidance:g} at {QUALITY} quality",
        training=training,
        command="python -m shotwright.generator.mini.evaluate --model generator/mini/weights "
        f"--clips {evaluation.clips}",
    )
    path.write_text(text, encoding="utf-8")


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line of the module."""
    parser = argparse.ArgumentParser(description="Measure the embedded model.")
    parser.add_argument("--model", type=Path, required=True, help="folder of the pipeline")
    parser.add_argument("--clips", type=int, default=48, help="clips rendered from text alone")
    parser.add_argument("--judge", type=Path, default=Path("tests/data/judge.safetensors"))
    parser.add_argument("--json", type=Path, help="write figures and every verdict here")
    parser.add_argument("--sheet", type=Path, help="write a contact sheet (PNG) here")
    parser.add_argument("--card", type=Path, help="write the model card here")
    parser.add_argument("--state", type=Path, help="the training's state.pt, for the card")
    parser.add_argument("--machine", default="2 CPU cores", help="what it was trained on")
    chosen = parser.parse_args(arguments)
    torch.set_num_threads(1)
    logging.set_verbosity_error()  # one warning a clip otherwise
    evaluation = Evaluation(chosen.model, chosen.judge, chosen.clips)
    figures = evaluation.run()
    sys.stdout.write(report.table(figures) + "\n")
    if chosen.json:
        data = {"figures": [asdict(f) for f in figures], "clips": evaluation.records}
        chosen.json.write_text(json.dumps(data, indent=1), encoding="utf-8")
    if chosen.sheet:
        report.sheet(evaluation.strips, chosen.sheet)
    if chosen.card:
        training = training_of(chosen.state, chosen.machine)
        write_card(evaluation, figures, training, chosen.card, chosen.model)
    return 0


if __name__ == "__main__":
    sys.exit(main())
