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
from shotwright.generator.pipelines.wan_conditions import EASE_FROM, easing

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


def test_a_picture_is_the_first_frame_of_a_short_clip(engine: Engine) -> None:
    still = engine.render(replace(SPEC, frames=1), Given(), ignore)
    clip = engine.render(SPEC, Given(), ignore)
    assert still.shape[0] == 1 and np.array_equal(still[0], clip[0])


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


def test_refining_passes_are_reported_as_steps_of_one_rendering(engine: Engine) -> None:
    seen: list[tuple[str, int, int]] = []
    engine.render(replace(SPEC, refine=2), Given(), lambda *what: seen.append(what))
    steps = [step for phase, step, _ in seen if phase == "denoising"]
    total = seen[0][2]
    assert steps == sorted(steps) and set(steps) == set(range(total + 1)) and total > 4
    assert seen[-1] == ("decoding", 0, 1)
    assert {count for phase, _, count in seen if phase == "denoising"} == {total}


def test_a_refined_clip_flickers_less_and_keeps_what_was_given(
    engine: Engine, footage: Frames
) -> None:
    def change(clip: Frames) -> float:
        return float(np.abs(np.diff(clip.astype(np.float64), axis=0)).mean())

    plain = engine.render(SPEC, Given(), ignore)
    refined = engine.render(replace(SPEC, refine=2), Given(), ignore)
    assert change(refined) < change(plain)
    held = engine.render(replace(SPEC, refine=2), Given({0: footage[0]}), ignore)
    assert psnr(held[0], footage[0]) > 22


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


def test_an_eased_clip_leaves_what_it_is_given_frame_by_frame(
    engine: Engine, footage: Frames
) -> None:
    still = np.repeat(footage[4:5], 5, axis=0)
    free = engine.render(SPEC, Given(prefix=still), ignore)
    eased = engine.render(SPEC, Given(prefix=still, ease=8), ignore)
    for frame in (6, 7):
        assert psnr(eased[frame], still[0]) > psnr(free[frame], still[0]) + 1
    assert psnr(eased[5], still[0]) > psnr(eased[8], still[0])
    assert np.array_equal(eased[:5], free[:5])


def test_frames_far_from_every_given_one_are_free_from_the_start() -> None:
    mask = torch.ones(1, 1, 9, 1, 1)
    mask[:, :, [0, 8]] = 0
    nearest, level = easing(mask, 2)
    assert nearest == [0, 0, 0, 0, 0, 8, 8, 8, 8]
    assert [float(v) for v in level.flatten()[[1, 2, 3, 7]]] == pytest.approx(
        [EASE_FROM, (1 + EASE_FROM) / 2, 2, EASE_FROM]
    )
    assert float(easing(mask, 0)[1].min()) > 1


def test_a_picture_comes_back_as_the_codec_alone_gives_it(engine: Engine, footage: Frames) -> None:
    made = engine.render(SPEC, Given({0: footage[0]}), ignore)
    assert np.abs(engine.reconstruct(footage[0]).astype(int) - made[0]).max() <= 1


def test_less_noise_stays_nearer_to_the_guide(engine: Engine, footage: Frames) -> None:
    near, far = (
        engine.render(SPEC, Given({0: footage[0]}, guide=footage, strength=strength), ignore)
        for strength in (0.25, 1.0)
    )
    assert psnr(near, footage) > psnr(far, footage)


def test_what_a_guide_does_not_know_is_imagined_and_the_rest_stays(
    engine: Engine, footage: Frames
) -> None:
    guide, holes = footage.copy(), np.zeros(footage.shape[:3], np.float32)
    guide[:, :, 32:], holes[:, :, 32:] = 0, 1
    made = engine.render(SPEC, Given(guide=guide, strength=0.15, holes=holes), ignore)
    # the codec alone gives these frames back with 22 dB and more
    assert psnr(made[:, :, :24], footage[:, :, :24]) > 18
    assert made[:, :, 40:].mean() > 40, "no black is left of the half that the guide did not know"


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
