"""A run of seconds with the real parts: it learns, survives a kill, and leaves a stock pipeline."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import WanPipeline

from shotwright.generator.catalog import load_catalog
from shotwright.generator.clipspec import ClipSpec
from shotwright.generator.frames import Given
from shotwright.generator.mini import train, words
from shotwright.generator.pipelines import open_engine

# torch says once that a float32 RMS norm under bfloat16 autocast takes the slow path; it is small
pytestmark = pytest.mark.filterwarnings("ignore:Mismatch dtype:UserWarning")

TOY_BUCKET = train.TOY[0][1][0]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a toy run of two seconds."""
    out = tmp_path_factory.mktemp("toy")
    assert train.main(["--out", str(out), "--minutes", "0.03", "--toy"]) == 0
    return out


def steps_done(out: Path) -> int:
    return int(torch.load(out / "state.pt", weights_only=True)["step"])


def test_the_folder_of_a_run_loads_as_a_stock_pipeline(finished: Path) -> None:
    stock: Any = WanPipeline
    pipeline = stock.from_pretrained(finished / "model", dtype=torch.float32)
    assert pipeline.config.expand_timesteps
    assert type(pipeline.transformer).__name__ == "WanTransformer3DModel"
    assert type(pipeline.vae).__name__ == "AutoencoderKLWan"
    assert pipeline.tokenizer("red car")["input_ids"] == [train.TOKEN_ID[t] for t in ("red", "car")]


def test_the_engine_renders_from_the_folder_of_a_run(finished: Path) -> None:
    card = replace(load_catalog().get("mini"), source=str(finished / "model"))
    spec = ClipSpec("mini", "red car", "", 64, 64, 9, 8, seed=1, steps=2, guidance=3.0)
    clip = open_engine(card, device="cpu", models=finished).render(spec, Given(), lambda *_: None)
    assert clip.shape == (9, 64, 64, 3) and clip.dtype == np.uint8


def test_four_steps_lower_the_loss_on_held_out_clips(tmp_path: Path) -> None:
    trainer = train.Trainer(tmp_path, 1.0, toy=True)
    clean, share, ids = train.Pool(TOY_BUCKET, trainer.encoder, np.random.default_rng(9), 8).draw()

    @torch.no_grad()
    def loss() -> float:
        torch.manual_seed(3)
        free, sigma = torch.ones(len(clean), 1, 5, 1, 1), torch.linspace(0.3, 0.95, len(clean))
        return train.flow_loss(trainer.network, clean, share, ids, free, sigma).mean().item()

    before = loss()
    for _ in range(4):
        trainer._train_step(TOY_BUCKET)
    assert loss() < 0.97 * before


def test_a_killed_run_goes_on_from_its_last_state(finished: Path) -> None:
    before = steps_done(finished)
    command = [sys.executable, "-u", "-m", "shotwright.generator.mini.train"]
    run = subprocess.Popen(
        [*command, "--out", str(finished), "--minutes", "60", "--toy"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert run.stdout is not None
    assert run.stdout.readline().startswith(f"resumed at step {before}")
    run.kill()
    run.wait()
    run.stdout.close()
    assert steps_done(finished) == before
    spent = torch.load(finished / "state.pt", weights_only=True)["seconds"]
    assert train.main(["--out", str(finished), "--minutes", str((spent + 1) / 60), "--toy"]) == 0
    assert steps_done(finished) > before


def test_a_half_written_state_is_not_read(tmp_path: Path) -> None:
    trainer = train.Trainer(tmp_path, 1.0, toy=True)
    trainer._train_step(TOY_BUCKET)
    trainer.save()
    (tmp_path / "state.new").write_bytes(b"cut short")
    resumed = train.Trainer(tmp_path, 1.0, toy=True)
    assert resumed.step == 1
    for mine, saved in zip(resumed.network.parameters(), trainer.network.parameters(), strict=True):
        assert torch.equal(mine, saved)


def test_only_generated_frames_count_in_the_loss() -> None:
    torch.manual_seed(0)
    network = train.Network()  # its output starts at zero, so the loss is the target's square
    clean, share = torch.zeros(2, 16, 5, 8, 8), torch.zeros(2, 1, 5, 8, 8)
    clean[:, :, 0] = 10
    ids, sigma = torch.full((2, 6), 2), torch.full((2,), 0.5)
    free = torch.ones(2, 1, 5, 1, 1)
    assert train.flow_loss(network, clean, share, ids, free, sigma).mean() > 10
    free[:, :, 0] = 0
    loss = train.flow_loss(network, clean, share, ids, free, sigma).mean().item()
    assert loss == pytest.approx(1, abs=0.1)  # the variance of the noise


def test_some_clips_have_their_ends_or_a_prefix_given_and_no_clip_all_of_it() -> None:
    free = train.sample_given(400, 17, np.random.default_rng(0))[:, 0, :, 0, 0]
    assert (free.sum(1) > 0).all()
    patterns = {tuple((1 - row).nonzero().flatten().tolist()) for row in free}
    assert {(), (0,), (0, 16), (16,), tuple(range(5)), tuple(range(9))} == patterns


def test_every_value_has_its_own_number() -> None:
    assert sorted(train.TOKEN_ID.values()) == list(range(2, 2 + len(words.tokens())))
