"""The Wan adapter: on the embedded model, and on a tiny random repository with a codec that compresses time."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import (
    AutoencoderKLWan,
    FlowMatchEulerDiscreteScheduler,
    WanPipeline,
    WanTransformer3DModel,
)

from shotwright.generator.catalog import Card, FrameRule, load_catalog
from shotwright.generator.clipspec import ClipSpec
from shotwright.generator.errors import BadRequest, Cancelled, RenderFailed
from shotwright.generator.frames import Frames, Given
from shotwright.generator.mini import text
from shotwright.generator.mini.world import render, sample_scene
from shotwright.generator.pipelines import Engine, open_engine

SPEC = ClipSpec(
    model="mini",
    prompt="a red ball, hills, by day",
    negative_prompt="",
    width=64,
    height=64,
    frames=9,
    fps=8,
    seed=1,
    steps=4,
    guidance=3.0,
)


def ignore(phase: str, step: int, steps: int) -> None:
    pass


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def engine() -> Engine:
    return open_engine(load_catalog().default, device="cpu", models=Path("unused"))


@pytest.fixture(scope="module")
def footage() -> Frames:
    scene = sample_scene(np.random.default_rng(2), camera="pan_left", action="goes_right")
    return render(scene, frames=9, height=64, width=64).frames


def psnr(one: Any, other: Any) -> float:
    error = np.mean((one.astype(np.float64) - other) ** 2)
    return float(10 * np.log10(255**2 / max(error, 1e-9)))


def test_the_same_spec_gives_the_same_bytes_and_another_seed_does_not(engine: Engine) -> None:
    first = engine.render(SPEC, Given(), ignore)
    assert first.shape == (9, 64, 64, 3)
    assert first.dtype == np.uint8
    assert np.array_equal(first, engine.render(SPEC, Given(), ignore))
    assert not np.array_equal(first, engine.render(replace(SPEC, seed=2), Given(), ignore))


def test_every_step_is_reported_then_decoding(engine: Engine) -> None:
    seen: list[tuple[str, int, int]] = []
    engine.render(SPEC, Given(), lambda *what: seen.append(what))
    assert seen == [*(("denoising", step, 4) for step in range(5)), ("decoding", 0, 1)]


def test_raising_in_a_step_stops_at_once_and_the_engine_stays_usable(engine: Engine) -> None:
    before = engine.render(SPEC, Given(), ignore)
    steps: list[int] = []

    def stop(phase: str, step: int, steps_: int) -> None:
        steps.append(step)
        if step == 2:
            raise Cancelled("enough")

    with pytest.raises(Cancelled):
        engine.render(SPEC, Given(), stop)
    assert steps == [0, 1, 2]
    assert np.array_equal(before, engine.render(SPEC, Given(), ignore))


@pytest.mark.parametrize("held", [(0,), (8,), (0, 8), (0, 3, 8)])
def test_given_pictures_stand_at_their_frames(
    engine: Engine, footage: Frames, held: tuple[int, ...]
) -> None:
    made = engine.render(SPEC, Given({frame: footage[frame] for frame in held}), ignore)
    for frame in held:
        assert psnr(made[frame], footage[frame]) > 22
    free = next(frame for frame in (4, 5) if frame not in held)
    assert psnr(made[free], footage[free]) < min(psnr(made[f], footage[f]) for f in held)


def test_a_continuation_begins_with_the_given_frames(engine: Engine, footage: Frames) -> None:
    made = engine.render(SPEC, Given(prefix=footage[:5]), ignore)
    assert psnr(made[:5], footage[:5]) > 22


def test_less_noise_stays_nearer_to_the_guide(engine: Engine, footage: Frames) -> None:
    near, far = (
        engine.render(SPEC, Given({0: footage[0]}, guide=footage, strength=strength), ignore)
        for strength in (0.25, 1.0)
    )
    assert psnr(near, footage) > psnr(far, footage)


def test_one_frame_is_a_picture(engine: Engine) -> None:
    assert engine.render(replace(SPEC, frames=1), Given(), ignore).shape == (1, 64, 64, 3)


@pytest.mark.parametrize("size", [(112, 64), (64, 112), (80, 64)])
def test_native_sizes_come_out_as_asked(engine: Engine, size: tuple[int, int]) -> None:
    spec = replace(SPEC, width=size[0], height=size[1], steps=1)
    assert engine.render(spec, Given(), ignore).shape == (9, size[1], size[0], 3)


def tiny_card(folder: Path, **changes: Any) -> Card:
    return replace(
        load_catalog().default,
        name="tiny",
        source=str(folder),
        frames=FrameRule(4, 1, 5, 33, 9),
        **changes,
    )


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A random repository of TI2V-5B's kind: a residual codec, 16 x 16 x 4, and per-token timesteps."""
    torch.manual_seed(0)
    tokenizer = text.build_tokenizer()
    folder = tmp_path_factory.mktemp("tiny")
    WanPipeline(
        tokenizer=tokenizer,
        text_encoder=text.build_encoder(len(tokenizer)),
        transformer=WanTransformer3DModel(
            patch_size=(1, 2, 2),
            num_attention_heads=2,
            attention_head_dim=24,
            in_channels=16,
            out_channels=16,
            text_dim=text.WIDTH,
            freq_dim=32,
            ffn_dim=64,
            num_layers=1,
            cross_attn_norm=True,
            rope_max_seq_len=64,
        ),
        vae=AutoencoderKLWan(
            base_dim=8,
            z_dim=16,
            dim_mult=[1, 1, 1, 1],
            num_res_blocks=1,
            temperal_downsample=[False, True, True],
            is_residual=True,
            in_channels=12,
            out_channels=12,
            patch_size=2,
            scale_factor_spatial=16,
            scale_factor_temporal=4,
        ),
        scheduler=FlowMatchEulerDiscreteScheduler(shift=3.0),
        expand_timesteps=True,
    ).save_pretrained(folder)
    yield folder


def test_a_checkpoint_that_compresses_time_has_every_mode(tiny: Path, footage: Frames) -> None:
    engine = open_engine(tiny_card(tiny), device="cpu", models=Path("unused"))
    spec = replace(SPEC, model="tiny", width=64, height=64, steps=2)
    for given in (
        Given(),
        Given({0: footage[0]}),
        Given({0: footage[0], 8: footage[8]}),
        Given(prefix=footage[:5]),
        Given({0: footage[0]}, guide=footage, strength=0.5),
    ):
        made = engine.render(spec, given, ignore)
        assert made.shape == (9, 64, 64, 3)
        assert np.array_equal(made, engine.render(spec, given, ignore))


def test_frames_that_the_pipeline_would_round_are_an_error(tiny: Path) -> None:
    engine = open_engine(tiny_card(tiny), device="cpu", models=Path("unused"))
    with pytest.raises(RenderFailed, match="does not match its weights"):
        engine.render(replace(SPEC, frames=10, steps=1), Given(), ignore)


def test_a_family_without_an_adapter_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match="sora"):
        open_engine(tiny_card(tmp_path, family="sora"), device="cpu", models=tmp_path)
