"""The codec is linear, exact in the stock class, and good enough at every size that is shipped."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import AutoencoderKLWan

from shotwright.generator.catalog import load_catalog
from shotwright.generator.frames import Frames
from shotwright.generator.mini import codec
from shotwright.generator.mini.world import render, sample_scene

SIZES = sorted(load_catalog().get("mini").sizes.values())


@pytest.fixture(scope="module")
def vae() -> Any:
    return codec.build(codec.fit(clips=150))


def clips(count: int, frames: int, width: int, height: int) -> list[Frames]:
    rng = np.random.default_rng(5000 + width)
    return [
        render(sample_scene(rng), frames=frames, height=height, width=width).frames
        for _ in range(count)
    ]


def pixels(clip: Frames) -> torch.Tensor:
    return torch.from_numpy(clip).permute(3, 0, 1, 2)[None] / 127.5 - 1


@torch.no_grad()
def psnr(vae: Any, clip: Frames) -> np.ndarray:
    """dB a frame."""
    asked = pixels(clip)
    back = vae.decode(vae.encode(asked).latent_dist.mode()).sample
    error = ((back - asked) ** 2).mean((0, 1, 3, 4)).numpy()  # of a range of 2
    return np.asarray(10 * np.log10(4 / error))


def test_encoding_is_the_linear_map_that_training_uses(vae: Any) -> None:
    clip = clips(1, 5, 112, 64)[0]
    matrix, bias = codec.linear_encoder(vae)
    by_hand = codec.to_patches(clip) @ matrix + bias
    with torch.no_grad():
        latents = vae.encode(pixels(clip)).latent_dist.mode()
    assert np.abs(latents[0].permute(1, 2, 3, 0).numpy() - by_hand).max() < 0.03


def test_latents_have_mean_variance_one(vae: Any) -> None:
    matrix, bias = codec.linear_encoder(vae)
    latents = [codec.to_patches(clip) @ matrix + bias for clip in clips(40, 2, 64, 64)]
    assert np.stack(latents).reshape(-1, codec.CHANNELS).var(0).mean() == pytest.approx(1, abs=0.25)


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_held_out_clips_come_back_with_at_least_26_db(vae: Any, width: int, height: int) -> None:
    assert np.mean([psnr(vae, clip).mean() for clip in clips(12, 5, width, height)]) >= 26


def test_quality_does_not_drift_over_the_longest_clip(vae: Any) -> None:
    clip = render(
        sample_scene(np.random.default_rng(8), action="rests", camera="static"),
        frames=33,
        height=64,
        width=64,
    ).frames
    frames = psnr(vae, clip)
    assert frames.max() - frames.min() < 1


def test_it_saves_and_loads_as_a_stock_autoencoder(vae: Any, tmp_path: Path) -> None:
    vae.save_pretrained(tmp_path)
    stock: Any = AutoencoderKLWan
    loaded = stock.from_pretrained(tmp_path).eval()
    clip = clips(1, 5, 64, 64)[0]
    assert np.array_equal(psnr(vae, clip), psnr(loaded, clip))
    assert loaded.config.scale_factor_temporal == 1 and loaded.config.scale_factor_spatial == 8


def test_patches_are_cut_row_by_row() -> None:
    clip = np.random.default_rng(0).integers(0, 256, (1, 16, 24, 3), dtype=np.uint8)
    patches = codec.to_patches(clip)
    assert patches.shape == (1, 2, 3, 192)
    tile = patches[0, 1, 2].reshape(8, 8, 3)
    assert np.allclose(tile, clip[0, 8:, 16:].astype(np.float32) / 127.5 - 1)
