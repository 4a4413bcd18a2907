"""The shipped weights, through the engine: what a first version trained on a CPU must do."""

import statistics
import time
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from diffusers import WanPipeline

from shotwright.generator.catalog import load_catalog
from shotwright.generator.frames import Frames, Given, Picture
from shotwright.generator.mini import evaluate, judge, trials, words
from shotwright.generator.mini.evaluation import Evaluation
from shotwright.generator.pipelines import open_engine

CARD = load_catalog().get("mini")
WEIGHTS = Path(str(files("shotwright.generator.mini").joinpath("weights")))
TRIALS = [
    replace(trials.in_clear_weather(trial), frames=9) for trial in trials.trials(CARD, 12, seed=41)
]


@pytest.fixture(scope="module")
def model() -> Evaluation:
    """The shipped model under the measures of its evaluation, sampled as a draft."""
    return Evaluation(CARD, evaluate.JUDGE, clips=1, seed=1, quality="draft", say=lambda _: None)


@pytest.fixture(scope="module")
def clips(model: Evaluation) -> list[Frames]:
    return [model.render(trial, seed=17) for trial in TRIALS]


def test_the_folder_loads_as_a_stock_pipeline_and_is_small() -> None:
    stock: Any = WanPipeline
    pipeline = stock.from_pretrained(WEIGHTS, local_files_only=True)
    assert pipeline.config.expand_timesteps
    assert sum(f.stat().st_size for f in WEIGHTS.rglob("*") if f.is_file()) <= 40_000_000
    assert not [f for f in WEIGHTS.rglob("*") if f.suffix in (".bin", ".pt", ".pth", ".ckpt")]


def test_its_configurations_name_no_path_of_a_machine() -> None:
    for file in WEIGHTS.rglob("*.json"):
        assert '"_name_or_path": "/' not in file.read_text(encoding="utf-8"), file


def test_its_tokenizer_knows_the_words_of_the_world(model: Evaluation) -> None:
    tokenizer = model.parts["tokenizer"]
    unknown = {
        phrase
        for phrase, _, value in words.phrases()
        if tokenizer.tokenize(phrase) != [f"<{value}>"]
    }
    assert unknown == set()


def test_the_model_card_says_which_version_it_is() -> None:
    card = (WEIGHTS / "README.md").read_text(encoding="utf-8")
    assert ("CPU version" in card) != ("GPU version:" in card)
    assert "## What it does not obey yet" in card


def test_real_clips_survive_the_codec(model: Evaluation) -> None:
    levels = []
    for trial in TRIALS[:5]:
        real = trial.real()
        levels.append(trials.psnr(model.through_codec(real), real).mean())
    assert statistics.fmean(levels) >= 26


LEAST = {"time": 0.9, "place": 0.85, "colour": 0.85, "subject": 0.7}
"""Shares of twelve short drafts: what the evaluation measured less a margin."""


def test_scenes_are_as_asked(model: Evaluation, clips: list[Frames]) -> None:
    right = dict.fromkeys(LEAST, 0)
    for trial, clip in zip(TRIALS, clips, strict=True):
        seen = judge.verdict(model.judge, clip)
        for factor in right:
            right[factor] += seen[factor] == getattr(trial.scene, factor)
    assert all(right[f] >= least * len(TRIALS) for f, least in LEAST.items()), right


def test_cameras_move_as_asked_far_more_often_than_by_chance(
    model: Evaluation, clips: list[Frames]
) -> None:
    asked = [(trials.family(t.scene.camera), c) for t, c in zip(TRIALS, clips, strict=True)]
    seen = [(a, trials.see_camera(c, CARD)["camera_family"]) for a, c in asked if a]
    right = sum(a == s for a, s in seen)
    assert right >= 0.45 * len(seen) and sum(trials.opposed(a, s) for a, s in seen) <= 1, seen


@pytest.mark.parametrize("ends", [(0,), (0, -1), (-1,)])
def test_given_pictures_stay_what_they_are(model: Evaluation, ends: tuple[int, ...]) -> None:
    trial = TRIALS[0]
    real = trial.real()
    coded = model.through_codec(real)
    stills: dict[int, Picture] = {end % trial.frames: real[end] for end in ends}
    clip = model.render(trial, 17, Given(stills))
    at = list(stills)
    gap = trials.psnr(clip[at], real[at]) - trials.psnr(coded[at], real[at])
    assert gap.min() >= -1


def test_a_prefix_stays_what_it_is(model: Evaluation) -> None:
    trial, overlap = TRIALS[1], CARD.overlap_frames
    real = trial.real()
    clip = model.render(trial, 17, Given(prefix=real[:overlap]))
    coded = model.through_codec(real)
    gap = trials.psnr(clip, real)[:overlap] - trials.psnr(coded, real)[:overlap]
    assert gap.min() >= -1


def test_the_same_seed_gives_the_same_clip(model: Evaluation, clips: list[Frames]) -> None:
    assert np.array_equal(model.render(TRIALS[2], 17), clips[2])


def test_it_loads_within_a_second_of_processor_time_once_everything_is_imported(
    model: Evaluation,
) -> None:
    began = time.process_time()
    open_engine(CARD, device="cpu", models=WEIGHTS.parent)
    assert time.process_time() - began <= 1
