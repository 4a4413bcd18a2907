"""The shipped weights, through the engine: what a first version trained on a CPU must do."""

import statistics
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import WanPipeline

from shotwright.generator.catalog import load_catalog
from shotwright.generator.clipspec import ClipSpec
from shotwright.generator.frames import Frames, Given, Picture
from shotwright.generator.mini import judge, trials
from shotwright.generator.pipelines import open_engine
from shotwright.generator.pipelines.wan import WanEngine

CARD = load_catalog().get("mini")
WEIGHTS = Path(str(files("shotwright.generator.mini").joinpath("weights")))
JUDGE = Path(__file__).parents[2] / "data" / "judge.safetensors"
TRIALS = [replace(t, frames=9) for t in trials.trials(CARD, 12, seed=41)]


@pytest.fixture(scope="module")
def engine() -> WanEngine:
    opened = open_engine(CARD, device="cpu", models=WEIGHTS.parent)
    assert isinstance(opened, WanEngine)
    return opened


def render(engine: WanEngine, trial: trials.Trial, given: Given | None = None) -> Frames:
    spec = ClipSpec(
        model="mini",
        prompt=trial.prompt,
        negative_prompt="",
        width=trial.width,
        height=trial.height,
        frames=trial.frames,
        fps=CARD.fps,
        seed=17,
        steps=12,
        guidance=3.0,
    )
    return engine.render(spec, given or Given(), lambda *_: None)


@torch.no_grad()
def through_codec(engine: WanEngine, frames: Frames) -> Frames:
    pipeline: Any = engine.text
    vae = pipeline.vae
    pixels = torch.from_numpy(frames).permute(3, 0, 1, 2)[None] / 127.5 - 1
    back = vae.decode(vae.encode(pixels).latent_dist.mode()).sample[0].permute(1, 2, 3, 0)
    coded: Frames = np.round((back.clamp(-1, 1) + 1).numpy() * 127.5).astype(np.uint8)
    return coded


def test_the_folder_loads_as_a_stock_pipeline_and_is_small() -> None:
    stock: Any = WanPipeline
    pipeline = stock.from_pretrained(WEIGHTS, dtype=torch.float32, local_files_only=True)
    assert pipeline.config.expand_timesteps
    assert sum(f.stat().st_size for f in WEIGHTS.rglob("*") if f.is_file()) <= 40_000_000
    assert not [f for f in WEIGHTS.rglob("*") if f.suffix in (".bin", ".pt", ".pth", ".ckpt")]


def test_real_clips_survive_the_codec(engine: WanEngine) -> None:
    levels = []
    for trial in TRIALS[:5]:
        real = trial.real()
        levels.append(trials.psnr(through_codec(engine, real), real).mean())
    assert statistics.fmean(levels) >= 26


def test_time_and_place_are_as_asked(engine: WanEngine) -> None:
    looking = judge.load(JUDGE)
    right = {"time": 0, "place": 0}
    for trial in TRIALS:
        seen = judge.verdict(looking, render(engine, trial))
        for factor in right:
            right[factor] += seen[factor] == getattr(trial.scene, factor)
    assert min(right.values()) >= 0.9 * len(TRIALS), right


@pytest.mark.parametrize("ends", [(0,), (0, -1), (-1,)])
def test_given_pictures_stay_what_they_are(engine: WanEngine, ends: tuple[int, ...]) -> None:
    trial = TRIALS[0]
    real = trial.real()
    coded = through_codec(engine, real)
    stills: dict[int, Picture] = {end % trial.frames: real[end] for end in ends}
    clip = render(engine, trial, Given(stills))
    at = list(stills)
    gap = trials.psnr(clip[at], real[at]) - trials.psnr(coded[at], real[at])
    assert gap.min() >= -1


def test_a_prefix_stays_what_it_is(engine: WanEngine) -> None:
    trial, overlap = TRIALS[1], CARD.overlap_frames
    real = trial.real()
    clip = render(engine, trial, Given(prefix=real[:overlap]))
    coded = through_codec(engine, real)
    gap = trials.psnr(clip, real)[:overlap] - trials.psnr(coded, real)[:overlap]
    assert gap.min() >= -1


def test_the_same_seed_gives_the_same_clip(engine: WanEngine) -> None:
    assert np.array_equal(render(engine, TRIALS[2]), render(engine, TRIALS[2]))
