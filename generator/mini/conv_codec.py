"""The codec that a GPU has time to train: a stock `AutoencoderKLWan`, eight pixels by four frames a latent.

Trained on whole clips, because one that was trained on five frames drifts after them; subject cells weigh more,
because a plain loss erases small coloured subjects.
"""

import math
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKLWan
from diffusers.models.autoencoders.autoencoder_kl_wan import unpatchify
from torch import Tensor, nn

from shotwright.generator.mini.data import TOGETHER, Draw, sample_scenes
from shotwright.generator.mini.network import save_whole
from shotwright.generator.mini.recipe import Bucket, Recipe

CHANNELS, PATCH = 16, 2
LEARNING_RATE, WARMUP_STEPS = 1.5e-3, 40
SUBJECT_WEIGHT, GRADIENT_WEIGHT, KL_WEIGHT = 4.0, 0.5, 1e-4
REPORT_STEPS, SAVE_STEPS = 100, 50


def build(base: int) -> AutoencoderKLWan:
    """An untrained codec of `base` channels inside."""
    size = 3 * PATCH * PATCH
    return AutoencoderKLWan(
        base_dim=base,
        decoder_base_dim=base,
        z_dim=CHANNELS,
        dim_mult=[1, 2, 2],
        num_res_blocks=1,
        temperal_downsample=[True, True],
        is_residual=True,
        in_channels=size,
        out_channels=size,
        patch_size=PATCH,
        latents_mean=[0.0] * CHANNELS,
        latents_std=[1.0] * CHANNELS,
        scale_factor_temporal=4,
        scale_factor_spatial=8,
    )


def decode(vae: AutoencoderKLWan, latents: Tensor) -> Tensor:
    """As the stock decode, without its clamp, whose gradient is zero outside of [-1, 1]."""
    vae.clear_cache()
    inside = vae.post_quant_conv(latents)
    out = []
    for i in range(inside.shape[2]):
        vae._conv_idx = [0]
        out.append(
            vae.decoder(
                inside[:, :, i : i + 1],
                feat_cache=vae._feat_map,
                feat_idx=vae._conv_idx,
                first_chunk=i == 0,
            )
        )
    vae.clear_cache()
    return torch.as_tensor(unpatchify(torch.cat(out, 2), patch_size=PATCH))


def loss_of(vae: AutoencoderKLWan, frames: Tensor, subject: Tensor) -> tuple[Tensor, Tensor]:
    """Training loss, and the mean squared error that PSNR is made of.

    frames: (clips, 3, frames, height, width) in [-1, 1]; subject: (clips, 1, frames, height, width).
    """
    with torch.autocast(frames.device.type, torch.bfloat16):
        posterior = vae.encode(frames).latent_dist
        made = decode(vae, posterior.sample())
    error = made.float() - frames
    weight = 1 + SUBJECT_WEIGHT * subject
    edges = sum(torch.diff(error, dim=axis).abs().mean() for axis in (3, 4))
    kl = torch.Tensor.float(posterior.kl()).mean() / posterior.mean[0].numel()
    squares = (error**2).mean()
    plain = (error.abs() * weight).mean() + (error**2 * weight).mean()
    return plain + GRADIENT_WEIGHT * edges + KL_WEIGHT * kl, squares


def train(
    out: Path,
    recipe: Recipe,
    device: torch.device,
    say: Callable[[str], None],
    pause_after: float = math.inf,
) -> bool:
    """Train until the recipe's minutes are spent, or `pause_after` of them in this call; resumable from `out/vae.pt`.

    Writes `out/vae` and answers True when it is finished.
    """
    if (out / "vae").exists():
        return True
    torch.manual_seed(0)
    vae = build(recipe.codec_width).to(device)
    optimizer = torch.optim.AdamW(vae.parameters(), lr=LEARNING_RATE, betas=(0.9, 0.95))
    state_file, step, seconds = out / "vae.pt", 0, 0.0
    if state_file.exists():
        state = torch.load(state_file, weights_only=True, map_location=device)
        vae.load_state_dict(state["vae"])
        optimizer.load_state_dict(state["optimizer"])
        step, seconds = state["step"], state["seconds"]
    rng = np.random.default_rng([step, 77])
    draw = _drawer(recipe, device)
    begun, since = seconds, time.monotonic()
    while seconds < recipe.codec_minutes * 60 and seconds - begun < pause_after * 60:
        share = seconds / 60 / recipe.codec_minutes
        rate = min(1.0, (step + 1) / WARMUP_STEPS) * (
            0.05 + 0.475 * (1 + math.cos(math.pi * share))
        )
        for group in optimizer.param_groups:
            group["lr"] = LEARNING_RATE * rate
        scenes = sample_scenes(rng, recipe.codec_batch, TOGETHER)
        parts = [draw.pictures(scenes[i : i + TOGETHER]) for i in range(0, len(scenes), TOGETHER)]
        frames = torch.cat([p[0] for p in parts]).permute(0, 4, 1, 2, 3)
        loss, squares = loss_of(vae, frames, torch.cat([p[1] for p in parts])[:, None])
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        if torch.isfinite(nn.utils.clip_grad_norm_(vae.parameters(), 1.0)):
            optimizer.step()
        step += 1
        now = time.monotonic()
        seconds, since = seconds + now - since, now
        if step % SAVE_STEPS == 0:
            _save(state_file, vae, optimizer, step, seconds)
        if step % REPORT_STEPS == 0:
            left = recipe.codec_minutes - seconds / 60
            psnr = 10 * math.log10(4 / max(squares.item(), 1e-9))
            say(f"codec step {step} min {seconds / 60:.1f} left {left:.1f} psnr {psnr:.2f}")
    finished = seconds >= recipe.codec_minutes * 60
    _save(state_file, vae, optimizer, step, seconds)
    if finished:
        _finish(vae, draw, rng, out / "vae")
    return finished


def _drawer(recipe: Recipe, device: torch.device) -> Draw:
    first = recipe.phases[0][1][0]
    whole = Bucket(
        1.0, max(b.frames for _, phase in recipe.phases for b in phase), first.height, first.width
    )
    return Draw(whole, lambda frames: frames, device)


def _save(
    file: Path, vae: AutoencoderKLWan, optimizer: torch.optim.Optimizer, step: int, seconds: float
) -> None:
    fresh = file.with_suffix(".new")
    torch.save(
        {
            "vae": vae.state_dict(),
            "optimizer": optimizer.state_dict(),
            "step": step,
            "seconds": seconds,
        },
        fresh,
    )
    fresh.replace(file)


@torch.no_grad()
def _finish(vae: AutoencoderKLWan, draw: Draw, rng: np.random.Generator, folder: Path) -> None:
    """Measure mean and deviation of the latents, put them into the configuration, save."""
    sums = []
    for _ in range(8):
        frames, _ = draw.pictures(sample_scenes(rng, 4, 4))
        sums.append(vae.encode(frames.permute(0, 4, 1, 2, 3)).latent_dist.mode().float())
    latents = torch.cat(sums)
    vae.register_to_config(
        latents_mean=latents.mean((0, 2, 3, 4)).tolist(),
        latents_std=latents.std((0, 2, 3, 4)).tolist(),
    )
    save_whole(vae, folder)  # its existence says that it is finished
