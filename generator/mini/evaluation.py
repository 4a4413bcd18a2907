"""One model under measurement: clips from captions, given frames, the codec, and what is seen in each.

Words are judged by the classifier of `judge.py`, camera moves by registration of pixels; both also look at real renders
of the same scenes that went through the codec, which is their ceiling.  Rendered through the engine that serves
requests.  Writes nothing: see `evaluate.py`.
"""

import math
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray

from shotwright.generator.catalog import Card, Preset
from shotwright.generator.clipspec import ClipSpec
from shotwright.generator.errors import BadRequest
from shotwright.generator.frames import Frames, Given
from shotwright.generator.mini import figures as counting
from shotwright.generator.mini import judge as judging
from shotwright.generator.mini.figures import Figure
from shotwright.generator.mini.report import Strip
from shotwright.generator.mini.trials import (
    Trial,
    block_edges,
    family,
    in_clear_weather,
    mean_step,
    opposed,
    psnr,
    see_camera,
    step_at,
    trials,
)
from shotwright.generator.pipelines import open_engine
from shotwright.generator.pipelines.wan import WanEngine

Floats = NDArray[np.float64]
JUDGED = ("time", "place", "colour", "subject", "action")
PAIRED = (*JUDGED, "camera_family")
"""What English and Chinese captions are compared by."""
TURNS = ("pan", "tilt", "roll", "zoom")
SWEPT = (*PAIRED, "opposites", "camera_amount", "frame_change", "cell_border")
MOMENTS = 9


@dataclass(frozen=True)
class Outcome:
    """A rendered trial, its real clip after the codec, and what is seen in each and in the Chinese one."""

    trial: Trial
    clip: Frames
    seen: dict[str, str]
    seen_real: dict[str, str]
    seen_zh: dict[str, str] | None
    likelihood: float
    look: tuple[float, float]
    look_real: tuple[float, float]

    @property
    def asked(self) -> dict[str, str]:
        scene = self.trial.scene
        asked = {factor: str(getattr(scene, factor)) for factor in judging.FACTORS}
        return {**asked, "camera_family": family(scene.camera) or "", "amount": scene.amount}

    def right(self, factor: str, seen: dict[str, str]) -> bool:
        return seen[factor] == self.asked[factor]

    @property
    def paired(self) -> tuple[str, ...]:
        """The factors of `PAIRED` that can be right here: no camera in rain, and none of the nine for an orbit."""
        return PAIRED if self.trial.clear and self.asked["camera_family"] else JUDGED

    @property
    def wrong(self) -> list[str]:
        return [factor for factor in self.paired if not self.right(factor, self.seen)]

    @property
    def score(self) -> tuple[int, float]:
        """What sheets are sorted by: fewer factors wrong, then how sure the judge is of those asked."""
        return -len(self.wrong), self.likelihood


class Evaluation:
    """One model under measurement.

    card: its `source` is the folder that is measured; clips: rendered from text, every second one in Chinese too; say:
    takes a line of progress.
    """

    def __init__(
        self,
        card: Card,
        judge: Path,
        *,
        clips: int,
        seed: int,
        quality: str,
        say: Callable[[str], None],
    ) -> None:
        if not judge.is_file():
            raise BadRequest(
                f"There is no judge at {judge}: it lies with the tests, outside the wheel.",
                field="judge",
                value=str(judge),
                allowed="a file that `python -m shotwright.generator.mini.judge` wrote",
                fix="run in a checkout of the repository, or give --judge FILE",
            )
        self.card, self.clips, self.seed, self.say = card, clips, seed, say
        self.preset = card.quality[quality]
        self.engine = self._open()
        self.judge = judging.load(judge)
        self.spent: list[float] = []  # CPU seconds of each clip
        self.strips: list[Strip] = []
        self.records: list[dict[str, Any]] = []

    def _open(self) -> WanEngine:
        engine = open_engine(self.card, device="cpu", models=Path())
        assert isinstance(engine, WanEngine)  # the codec is measured on its own
        return engine

    @property
    def parts(self) -> dict[str, Any]:
        """The pipeline's components by name."""
        pipeline: Any = self.engine.text
        found: dict[str, Any] = pipeline.components
        return found

    def run(self) -> list[Figure]:
        """Every figure, in the order of the table."""
        found = self.codec()
        self.say(f"codec done; {self.clips} clips from captions next")
        outcomes = self.outcomes(chinese=True)
        found += self.obedience(outcomes) + self.picture(outcomes) + [self.languages(outcomes)]
        self._keep(outcomes)
        self.say("words done; given frames next")
        found += self.given()
        found += [self.repeats(), self.seconds(), self.load_seconds()]
        order = list(counting.KINDS)
        return sorted(found, key=lambda figure: order.index(figure.key))

    def at(self, preset: Preset) -> tuple[float, list[Figure], list[Frames]]:
        """Median CPU seconds a clip, the figures of words and pictures, and the clips, with other settings."""
        self.preset, self.spent = preset, []
        outcomes = self.outcomes(chinese=False)
        found = self.obedience(outcomes) + self.picture(outcomes)
        clips = [outcome.clip for outcome in outcomes]
        return statistics.median(self.spent), [f for f in found if f.key in SWEPT], clips

    def codec(self) -> list[Figure]:
        """Reconstruction of clear real clips in every size and in the shortest, default and longest length."""
        rule = self.card.frames
        lengths = (rule.minimum, rule.default, rule.maximum)
        levels = []
        for i, trial in enumerate(trials(self.card, max(3, self.clips // 4), seed=self.seed + 1)):
            real = replace(in_clear_weather(trial), frames=lengths[i % 3]).real()
            frames = psnr(self.through_codec(real), real)
            levels.append(frames[np.linspace(0, len(frames) - 1, MOMENTS).round().astype(int)])
        over_time = np.array(levels)  # (clips, nine moments of each)
        mean = float(over_time.mean())
        return [
            counting.statistic("vae_db", over_time, ceiling=mean),
            counting.statistic(
                "vae_spread_db", over_time, ceiling=0.0, of=lambda v: float(np.ptp(v.mean(0)))
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

    def render(
        self,
        trial: Trial,
        seed: int,
        given: Given | None = None,
        language: Literal["en", "zh"] = "en",
        guidance: float | None = None,
    ) -> Frames:
        """The engine's clip for a trial; guidance: where it is not the preset's."""
        spec = ClipSpec(
            model=self.card.name,
            prompt=trial.prompt(language),
            negative_prompt=trial.negative,
            width=trial.width,
            height=trial.height,
            frames=trial.frames,
            fps=self.card.fps,
            seed=seed,
            steps=self.preset.steps,
            guidance=self.preset.guidance if guidance is None else guidance,
            refine=self.preset.refine,
            level=self.preset.level,
        )
        began = time.thread_time()
        clip = self.engine.render(spec, given or Given(), lambda *_: None)
        self.spent.append(time.thread_time() - began)
        return clip

    def see(self, trial: Trial, clip: Frames) -> dict[str, str]:
        """What a clip shows: the judge's values, and in clear weather the camera's."""
        camera = see_camera(clip, self.card) if trial.clear else {}
        return {**judging.verdict(self.judge, clip), "camera_family": "", **camera}

    def outcomes(self, *, chinese: bool) -> list[Outcome]:
        """Every trial rendered, its real clip, and what is seen in them."""
        chosen = trials(self.card, self.clips, seed=self.seed)
        # every second one in Chinese too: the falling weather is among the others
        return [self._outcome(i, trial, chinese) for i, trial in enumerate(chosen)]

    def _outcome(self, index: int, trial: Trial, chinese: bool) -> Outcome:
        seed = 1000 * self.seed + index
        clip, real = self.render(trial, seed), self.through_codec(trial.real())
        asked = {factor: getattr(trial.scene, factor) for factor in judging.FACTORS}
        return Outcome(
            trial=trial,
            clip=clip,
            seen=self.see(trial, clip),
            seen_real=self.see(trial, real),
            seen_zh=self.see(trial, self.render(trial, seed, language="zh")) if chinese else None,
            likelihood=judging.likelihood(self.judge, clip, asked),
            look=(mean_step(clip), block_edges(clip)),
            look_real=(mean_step(real), block_edges(real)),
        )

    def obedience(self, outcomes: Sequence[Outcome]) -> list[Figure]:
        """Shares of clips that show what was asked, a factor; cameras in clear weather only."""
        found = [_share(f, outcomes, f) for f in (*JUDGED, "weather")]
        clear = [o for o in outcomes if o.trial.clear]
        named = [o for o in clear if family(o.trial.scene.camera)]
        found.append(_share("camera_family", named, "camera_family"))
        moving = [o for o in named if o.trial.scene.camera != "static"]
        taken = [
            [opposed(o.asked["camera_family"], seen["camera_family"]) for o, seen in pairs]
            for pairs in ([(o, o.seen) for o in moving], [(o, o.seen_real) for o in moving])
        ]
        found.append(counting.share("opposites", *taken))
        orbits = [o for o in clear if not family(o.trial.scene.camera)]
        round_ = [
            [o.trial.scene.camera == seen["orbit"] for o, seen in pairs]
            for pairs in ([(o, o.seen) for o in orbits], [(o, o.seen_real) for o in orbits])
        ]
        found.append(counting.share("orbit", *round_))
        turned = [
            o
            for o in moving
            if o.trial.scene.camera.partition("_")[0] in TURNS and o.right("camera_family", o.seen)
        ]
        found.append(_share("camera_amount", turned, "amount"))
        return found

    def picture(self, outcomes: Sequence[Outcome]) -> list[Figure]:
        """Two faults that an eye sees at once and the judge forgives: flicker and blocks."""
        looks = np.array([o.look for o in outcomes])
        real = np.array([o.look_real for o in outcomes]).mean(0)
        return [
            counting.statistic(key, looks[:, i], ceiling=float(real[i]))
            for i, key in enumerate(("frame_change", "cell_border"))
        ]

    def languages(self, outcomes: Sequence[Outcome]) -> Figure:
        """The largest difference, over six factors, of the shares that English and Chinese reach on the same
        seeds; the camera is compared where it is seen.
        """
        rows = [
            [
                float(o.right(f, o.seen)) - float(o.right(f, o.seen_zh))
                if f in o.paired
                else math.nan
                for f in PAIRED
            ]
            for o in outcomes
            if o.seen_zh is not None
        ]
        return counting.statistic("zh_gap", np.array(rows), ceiling=0.0, of=_largest_gap)

    def given(self) -> list[Figure]:
        """Given frames against the codec's reconstruction of them, and the seam after a prefix: both as in any clip."""
        overlap, ease = self.card.overlap_frames, self.card.ease_frames
        gaps: dict[str, list[float]] = {"first_gap_db": [], "last_gap_db": [], "prefix_gap_db": []}
        steps = []
        for i, trial in enumerate(trials(self.card, max(2, self.clips // 4), seed=self.seed + 2)):
            real = trial.real()
            ideal = psnr(self.through_codec(real), real)
            ends = self.render(trial, i, Given({0: real[0], len(real) - 1: real[-1]}, ease=ease))
            lost = ideal - psnr(ends, real)
            gaps["first_gap_db"].append(float(lost[0]))
            gaps["last_gap_db"].append(float(lost[-1]))
            before = Given(prefix=real[:overlap], ease=ease)
            after = self.render(trial, i, before, guidance=self.card.extend_guidance)
            gaps["prefix_gap_db"].append(float((ideal - psnr(after, real))[:overlap].mean()))
            steps.append((step_at(after, overlap), step_at(self.through_codec(real), overlap)))
            if i < 2:
                named = (real, "the real clip"), (ends, "first and last given"), (after, "prefix")
                self.strips += [Strip(clip, (label, trial.prompt())) for clip, label in named]
        found = [counting.statistic(k, np.array(v), ceiling=0.0) for k, v in gaps.items()]
        seam = counting.statistic("seam_ratio", np.array(steps), ceiling=1.0, of=_ratio_of_means)
        return [*found, seam]

    def repeats(self) -> Figure:
        """Share of byte-equal clips when the same seed is rendered twice."""
        chosen = [replace(t, frames=self.card.frames.minimum) for t in trials(self.card, 2, seed=1)]
        same = [np.array_equal(self.render(t, 5), self.render(t, 5)) for t in chosen]
        return counting.share("repeats", same, [True] * len(same))

    def seconds(self) -> Figure:
        """CPU seconds of one thread for the longest clip at the largest size."""
        width, height = max(self.card.sizes.values(), key=lambda size: size[0] * size[1])
        trial = replace(
            trials(self.card, 1, seed=1)[0],
            frames=self.card.frames.maximum,
            width=width,
            height=height,
        )
        self.render(trial, 0)
        return counting.spanned("seconds", self.spent[-1:])

    def load_seconds(self) -> Figure:
        """CPU seconds to load the folder again, everything imported."""
        spent = []
        for _ in range(3):
            began = time.process_time()
            self._open()
            spent.append(time.process_time() - began)
        return counting.spanned("load_seconds", spent)

    def _keep(self, outcomes: Sequence[Outcome]) -> None:
        """Records of all clips, and strips of the best, the median and the worst."""
        self.records = [
            {
                "prompt": o.trial.prompt(),
                "prompt_zh": o.trial.prompt("zh"),
                "asked": {**o.asked, "camera": o.trial.scene.camera},
                "seen": o.seen,
                "seen_zh": o.seen_zh,
                "seen_in_the_real_clip": o.seen_real,
            }
            for o in outcomes
        ]
        ranked = sorted(outcomes, key=lambda o: o.score, reverse=True)
        each = min(8, len(ranked) // 3 or 1)
        middle = max(0, len(ranked) // 2 - each // 2)
        groups = {
            "best": ranked[:each],
            "median": ranked[middle : middle + each],
            "worst": ranked[-each:],
        }
        for name, group in groups.items():
            for o in group:
                lines = [f"{name}: {o.trial.prompt()}", *(f"  seen {o.seen[f]}" for f in o.wrong)]
                self.strips.append(Strip(o.clip, tuple(lines)))


def _share(key: str, outcomes: Sequence[Outcome], factor: str) -> Figure:
    right = [o.right(factor, o.seen) for o in outcomes]
    return counting.share(key, right, [o.right(factor, o.seen_real) for o in outcomes])


def _largest_gap(rows: Floats) -> float:
    """Of the columns' means, those of no number left out."""
    seen = ~np.isnan(rows)
    means = np.where(seen, rows, 0).sum(0) / np.maximum(seen.sum(0), 1)
    return float(np.abs(means).max())


def _ratio_of_means(rows: Floats) -> float:
    made, true = rows.mean(0)
    return float(made / max(true, 1e-9))
