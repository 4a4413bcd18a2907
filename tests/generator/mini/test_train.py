"""A run of seconds with the real parts: it learns, survives a kill, and leaves a stock pipeline."""

import os
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import WanPipeline, WanTransformer3DModel

from shotwright.generator.catalog import load_catalog
from shotwright.generator.clipspec import ClipSpec
from shotwright.generator.frames import Given
from shotwright.generator.mini import network, train, words
from shotwright.generator.mini.data import TOKEN_ID, Draw, Pool, camera_shares, sample_scenes
from shotwright.generator.mini.recipe import CPU, GPU, RECIPES, TOY, Bucket
from shotwright.generator.mini.world.scene import FACTORS
from shotwright.generator.pipelines import open_engine

# torch says once that a float32 RMS norm under bfloat16 autocast takes the slow path; it is small
pytestmark = pytest.mark.filterwarnings("ignore:Mismatch dtype:UserWarning")

CPU_DEVICE = torch.device("cpu")


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a toy run of two seconds."""
    out = tmp_path_factory.mktemp("toy")
    assert train.main(["--out", str(out), "--minutes", "0.03", "--recipe", "toy"]) == 0
    return out


def toy_trainer(out: Path) -> train.Trainer:
    return train.Trainer(out, 1.0, TOY, CPU_DEVICE, None)


def steps_done(out: Path) -> int:
    return int(torch.load(out / "state.pt", weights_only=True)["step"])


def test_the_folder_of_a_run_loads_as_a_stock_pipeline(finished: Path) -> None:
    stock: Any = WanPipeline
    pipeline = stock.from_pretrained(finished / "model", dtype=torch.float32)
    assert pipeline.config.expand_timesteps
    assert type(pipeline.transformer).__name__ == "WanTransformer3DModel"
    assert type(pipeline.vae).__name__ == "AutoencoderKLWan"
    assert pipeline.tokenizer("red car")["input_ids"] == [TOKEN_ID[t] for t in ("red", "car")]


def test_a_saved_model_names_no_path_of_the_machine(finished: Path) -> None:
    for file in (finished / "model").rglob("*.json"):
        assert str(finished) not in file.read_text(encoding="utf-8"), file


def test_the_engine_renders_from_the_folder_of_a_run(finished: Path) -> None:
    card = replace(load_catalog().get("mini"), source=str(finished / "model"))
    spec = ClipSpec("mini", "red car", "", 64, 64, 9, 8, seed=1, steps=2, guidance=3.0)
    clip = open_engine(card, device="cpu", models=finished).render(spec, Given(), lambda *_: None)
    assert clip.shape == (9, 64, 64, 3) and clip.dtype == np.uint8


def test_the_trained_network_and_the_saved_one_answer_alike(finished: Path) -> None:
    trainer = toy_trainer(finished)
    stock: Any = WanTransformer3DModel
    saved = stock.from_pretrained(finished / "model" / "transformer").float()
    latents, words_in = torch.randn(1, 24, 5, 8, 8), torch.randn(1, 12, 128)
    timesteps = torch.rand(1, 5 * 16) * 1000
    trainer.average.show(5, tuple(range(5)))
    with torch.no_grad():
        mine = trainer.average.transformer(latents, timesteps, words_in, return_dict=False)[0]
        theirs = saved(latents, timesteps, words_in, return_dict=False)[0]
    # half precision rounds the weights
    assert torch.allclose(mine, theirs, atol=2e-2)


def test_frames_that_are_skipped_keep_their_positions() -> None:
    positions = network.Network(TOY, 24).positions
    whole = positions.whole(torch.zeros(1, 24, 17, 8, 8))
    positions.frames, positions.moments = 17, (0, 4, 16)
    for part, table in zip(positions(torch.zeros(1, 24, 3, 8, 8)), whole, strict=True):
        chosen = table.unflatten(1, (17, 16))[:, [0, 4, 16]]
        assert torch.equal(part, chosen.flatten(1, 2))


def test_a_few_steps_lower_the_loss_on_held_out_clips(tmp_path: Path) -> None:
    trainer = toy_trainer(tmp_path)
    bucket = TOY.phases[1][1][0]
    clips = Pool(Draw(bucket, trainer.encode, CPU_DEVICE), np.random.default_rng(9), 8, 1.0).take(4)

    @torch.no_grad()
    def loss() -> float:
        torch.manual_seed(3)
        free, sigma = torch.ones(4, 1, 9, 1, 1), torch.linspace(0.3, 0.95, 4)
        trainer._show(trainer.network, bucket)
        latents, share = clips.latents.float(), clips.share.float()
        return (
            network.flow_loss(trainer.network, latents, share, clips.ids, free, sigma).mean().item()
        )

    before = loss()
    for _ in range(24):
        trainer._train_step(bucket, 0.0)
    assert loss() < 0.96 * before


def test_a_codec_that_compresses_time_is_trained_and_used(tmp_path: Path) -> None:
    arguments = ["--out", str(tmp_path), "--minutes", "0.02", "--recipe", "toy-conv"]
    assert train.main(arguments) == 0
    stock: Any = WanPipeline
    vae = stock.from_pretrained(tmp_path / "model").vae
    assert vae.config.scale_factor_temporal == 4
    latents = vae.float().encode(torch.zeros(1, 3, 9, 64, 64)).latent_dist.mode()
    assert latents.shape == (1, 16, 3, 8, 8)
    state = torch.load(tmp_path / "state.pt", weights_only=True)
    assert state["optimizers"] == [] and state["network"]["guide.1.weight"].dtype == torch.float16


def test_the_gpu_recipe_fits_its_files() -> None:
    made = network.Network(GPU, 16)
    millions = sum(p.numel() for p in made.parameters()) / 1e6
    assert 2 * 2 * millions < 60  # megabytes: two sets of half-precision weights
    assert 2 * sum(p.numel() for p in made.transformer.parameters()) < 30e6


def test_a_run_goes_on_from_a_finished_model(finished: Path, tmp_path: Path) -> None:
    model = finished / "model"
    trainer = train.Trainer(tmp_path, 1.0, TOY, CPU_DEVICE, model)
    stock: Any = WanTransformer3DModel
    saved = stock.from_pretrained(model / "transformer").float().state_dict()
    for name, weight in trainer.network.transformer.state_dict().items():
        assert torch.equal(weight, saved[name]), name


def test_a_killed_run_goes_on_from_its_last_state(finished: Path) -> None:
    before = steps_done(finished)
    command = [sys.executable, "-u", "-m", "shotwright.generator.mini.train"]
    run = subprocess.Popen(
        [*command, "--out", str(finished), "--minutes", "60", "--recipe", "toy"],
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
    more = ["--minutes", str((spent + 1) / 60), "--recipe", "toy"]
    assert train.main(["--out", str(finished), *more]) == 0
    assert steps_done(finished) > before


def test_a_half_written_state_is_not_read(tmp_path: Path) -> None:
    trainer = toy_trainer(tmp_path)
    trainer._train_step(TOY.phases[1][1][0], 0.0)
    trainer.save()
    (tmp_path / "state.new").write_bytes(b"cut short")
    resumed = toy_trainer(tmp_path)
    assert resumed.step == 1
    for mine, saved in zip(resumed.network.parameters(), trainer.network.parameters(), strict=True):
        assert torch.equal(mine, saved)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--out", __file__], "is a file"),
        (["--start", "nowhere"], "nowhere holds no finished model"),
        (["--device", "abacus"], "'abacus' is none"),
        (["--minutes", "nan"], "--minutes is missing or not above 0"),
        (["--pause-after", "nan"], "--pause-after is not above 0"),
    ],
)
def test_what_training_cannot_begin_with_is_said_in_a_line(
    arguments: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    usual = ["--recipe", "toy", "--minutes", "1", "--out", str(tmp_path / "run")]
    with pytest.raises(SystemExit):
        train.main([*usual, *arguments])
    assert said in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_a_state_that_is_none_is_left_as_it_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "state.pt").write_bytes(b"no state")
    with pytest.raises(SystemExit):
        train.main(["--recipe", "toy", "--minutes", "1", "--out", str(tmp_path)])
    assert "state.pt is damaged, or of another recipe" in capsys.readouterr().err
    assert (tmp_path / "state.pt").read_bytes() == b"no state"


def test_a_pause_ends_one_piece_and_not_the_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--out", str(tmp_path), "--minutes", "60", "--recipe", "toy"]
    assert train.main([*arguments, "--pause-after", "0.01"]) == 0
    assert "paused" in capsys.readouterr().out
    assert (tmp_path / "model" / "model_index.json").exists()


def test_a_codec_that_is_trained_pauses_and_goes_on(tmp_path: Path) -> None:
    recipe = replace(RECIPES["toy-conv"], codec_minutes=0.02)
    said: list[str] = []
    assert not train.make_codec(tmp_path, recipe, CPU_DEVICE, said.append, pause_after=0.001)
    assert (tmp_path / "vae.pt").exists() and not (tmp_path / "vae").exists()
    assert train.make_codec(tmp_path, recipe, CPU_DEVICE, said.append)
    assert (tmp_path / "vae" / "config.json").exists()


def test_two_processes_hold_the_same_weights(tmp_path: Path) -> None:
    script = tmp_path / "both.py"
    script.write_text(
        "import sys, pathlib, torch, torch.distributed as dist\n"
        "from shotwright.generator.mini import train\n"
        "from shotwright.generator.mini.recipe import TOY\n"
        "torch.set_num_threads(1)\n"
        "dist.init_process_group('gloo')\n"
        "out = pathlib.Path(sys.argv[1])\n"
        "run = train.Trainer(out, 1.0, TOY, torch.device('cpu'), None)\n"
        "run._train_step(TOY.phases[1][1][0], 0.0)\n"
        "total = sum(p.double().abs().sum() for p in run.network.parameters())\n"
        "(out / f'sum{dist.get_rank()}').write_text(repr(float(total)))\n"
        "dist.destroy_process_group()\n"
    )
    command = [
        sys.executable,
        "-m",
        "torch.distributed.run",
        "--standalone",
        "--nproc-per-node",
        "2",
    ]
    subprocess.run(
        [*command, str(script), str(tmp_path)],
        check=True,
        capture_output=True,
        timeout=200,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1"},
    )
    assert (tmp_path / "sum0").read_text() == (tmp_path / "sum1").read_text()


def test_only_generated_frames_count_in_the_loss() -> None:
    torch.manual_seed(0)
    made = network.Network(TOY, 24)  # its output starts at zero: the loss is the target's square
    made.show(5, tuple(range(5)))
    clean, share = torch.zeros(2, 24, 5, 8, 8), torch.zeros(2, 1, 5, 8, 8)
    clean[:, :, 0] = 10
    ids, sigma = torch.full((2, len(FACTORS)), 2), torch.full((2,), 0.5)
    free = torch.ones(2, 1, 5, 1, 1)
    assert network.flow_loss(made, clean, share, ids, free, sigma).mean() > 10
    free[:, :, 0] = 0
    loss = network.flow_loss(made, clean, share, ids, free, sigma).mean().item()
    assert loss == pytest.approx(1, abs=0.1)  # the variance of the noise


def test_the_loss_weighs_the_subjects_cells_as_much_as_it_is_told() -> None:
    made = network.Network(TOY, 24)
    made.show(5, tuple(range(5)))
    clean, share = torch.zeros(2, 24, 5, 8, 8), torch.zeros(2, 1, 5, 8, 8)
    clean[..., 0], share[..., 0] = 10, 1  # the subject stands in one of eight columns
    ids, sigma = torch.full((2, len(FACTORS)), 2), torch.full((2,), 0.5)
    free = torch.ones(2, 1, 5, 1, 1)
    for weight in (0.0, 2.0, 6.0):
        loss = network.flow_loss(made, clean, share, ids, free, sigma, weight).mean().item()
        expected = ((1 + weight) * 101 + 7) / (8 + weight)
        assert loss == pytest.approx(expected, rel=0.05)


def test_cameras_are_drawn_as_often_as_a_recipe_says() -> None:
    shares = camera_shares((("static", 1.0), ("dolly", 2.0)))
    assert shares == {"static": 0.2, "dolly_in": 0.4, "dolly_out": 0.4}
    scenes = sample_scenes(np.random.default_rng(0), 1000, 4, shares)
    counts = Counter(scene.camera for scene in scenes)
    assert set(counts) == set(shares)
    for move, share in shares.items():
        assert counts[move] / 1000 == pytest.approx(share, abs=0.05)


def test_a_recipe_that_weighs_cameras_knows_every_one() -> None:
    for recipe in RECIPES.values():
        if recipe.cameras:
            assert set(camera_shares(recipe.cameras)) == set(words.values("camera"))


def given_patterns(bucket: Bucket, temporal: int = 1) -> set[tuple[int, ...]]:
    free = train.sample_given(400, bucket, np.random.default_rng(0), temporal)[:, 0, :, 0, 0]
    assert (free.sum(1) > 0).all()
    return {tuple((1 - row).nonzero().flatten().tolist()) for row in free}


def test_some_clips_have_their_ends_or_a_prefix_given_and_no_clip_all_of_it() -> None:
    five = tuple(range(5))
    assert given_patterns(Bucket(1, 17, 64, 64)) == {(), (0,), (0, 16), (16,), five}
    assert given_patterns(Bucket(1, 33, 64, 64, "spread")) == {(), (0,), (0, 8), (8,)}
    assert given_patterns(Bucket(1, 33, 64, 64, "prefix")) == {five}
    assert given_patterns(Bucket(1, 1, 64, 64)) == {()}


def test_a_last_frame_is_given_to_a_codec_of_four_frames_only_where_the_clip_ends_still() -> None:
    assert given_patterns(Bucket(1, 17, 64, 64), temporal=4) == {(), (0,), (0, 1)}
    assert given_patterns(Bucket(1, 17, 64, 64, "tail"), temporal=4) == {(4,), (0, 4)}


def test_every_bucket_shows_its_first_and_its_last_frame() -> None:
    for recipe in RECIPES.values():
        for _, buckets in recipe.phases:
            for bucket in buckets:
                assert bucket.moments[0] == 0 and bucket.moments[-1] == bucket.frames - 1
                assert len(bucket.moments) % 4 == 1
    assert Bucket(1, 33, 64, 64, "spread").moments == tuple(range(0, 33, 4))
    assert CPU.temporal == 1 and GPU.temporal == 4


def test_every_value_has_its_own_number() -> None:
    assert sorted(TOKEN_ID.values()) == list(range(2, 2 + len(words.tokens())))
