"""A linear codec inside a stock `AutoencoderKLWan`: 8x8 patches, 24 channels, exact by construction, no training.

The encoder is the principal components of the world's patches; the decoder is a least-squares map from the 3x3
neighbourhood of noisy latents, which removes the block edges and forgives a sampler's small errors.
Why it fits the stock class: silu(u) - silu(-u) = u carries a linear value through the activation, and one large
constant
channel makes the RMS norm a fixed scale.  Residual branches are zero.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from diffusers import AutoencoderKLWan
from diffusers.models.autoencoders.autoencoder_kl_wan import unpatchify
from numpy.typing import NDArray
from torch import Tensor

from shotwright.generator.mini.world import render, sample_scene

Array = NDArray[np.float64]

PATCH = 8
CHANNELS = 24
WHITENING = 0.5
"""A component of standard deviation s is divided by s ** WHITENING: strong (coarse) components stay strong, so that
denoising settles layout first.  1 would give them all the same weight."""
NOISE = 0.15
"""Noise added to the latents (of mean variance 1) when the decoder is fitted."""
CONSTANT = 200.0
"""Value of the constant channel; the RMS norm's curvature falls with its square."""
WIDTH = 56
"""Channels inside: 24 pairs and the constant, rounded up to a multiple of 8."""


@dataclass(frozen=True)
class Basis:
    """encode: (192, 24), latents = (patch - mean) @ encode; decode: (3, 3, 24, 192) taps and bias (192,)."""

    encode: Array
    mean: Array
    decode: Array
    bias: Array


def fit(*, clips: int = 800, seed: int = 11) -> Basis:
    """Fit both maps on freshly drawn clips (pixels in [-1, 1], patches row-major y, x, rgb)."""
    rng = np.random.default_rng(seed)
    patches = np.concatenate(
        [
            to_patches(render(sample_scene(rng), frames=3, height=64, width=64).frames)
            for _ in range(clips)
        ]
    ).astype(np.float64)  # (n, 8, 8, 192)
    flat = patches.reshape(-1, patches.shape[-1])
    mean = flat.mean(0)
    variance, vectors = np.linalg.eigh(np.cov((flat - mean).T))
    deviation = np.sqrt(variance[::-1][:CHANNELS])
    scale = deviation**WHITENING
    scale *= math.sqrt(np.mean((deviation / scale) ** 2))  # mean variance of the latents: 1
    encode = vectors[:, ::-1][:, :CHANNELS] / scale
    latents = (patches - mean) @ encode
    latents += NOISE * rng.standard_normal(latents.shape)
    context = np.pad(latents, ((0, 0), (1, 1), (1, 1), (0, 0)))  # zeros, as the convolution pads
    rows, cols = latents.shape[1:3]
    features = np.concatenate(
        [context[:, i : i + rows, j : j + cols] for i in range(3) for j in range(3)]
        + [np.ones_like(latents[..., :1])],
        axis=-1,
    ).reshape(len(flat), -1)
    gram = features.T @ features + 1e-2 * np.eye(features.shape[1])
    taps = np.linalg.solve(gram, features.T @ flat)  # (9 * 24 + 1, 192)
    return Basis(encode, mean, taps[:-1].reshape(3, 3, CHANNELS, -1), taps[-1])


def to_patches(frames: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(n, height, width, 3) uint8 -> (n, height / 8, width / 8, 192) in [-1, 1]."""
    n, height, width, _ = frames.shape
    tiles = frames.reshape(n, height // PATCH, PATCH, width // PATCH, PATCH, 3)
    tiles = tiles.transpose(0, 1, 3, 2, 4, 5).reshape(n, height // PATCH, width // PATCH, -1)
    return tiles.astype(np.float32) / 127.5 - 1


def encode_patches(frames: Tensor, matrix: Tensor, bias: Tensor) -> Tensor:
    """Frames (clips, frames, height, width, 3) in [-1, 1] -> latents (clips, 24, frames, height / 8, width / 8)."""
    n, count, height, width, _ = frames.shape
    tiles = frames.reshape(n, count, height // PATCH, PATCH, width // PATCH, PATCH, 3)
    tiles = tiles.permute(0, 1, 2, 4, 3, 5, 6).flatten(4)  # patches row-major y, x, rgb
    return (tiles @ matrix + bias).permute(0, 4, 1, 2, 3)


def build(basis: Basis) -> AutoencoderKLWan:
    """The codec as a stock autoencoder, float32."""
    size = 3 * PATCH * PATCH
    vae = AutoencoderKLWan(
        base_dim=WIDTH,
        decoder_base_dim=WIDTH,
        z_dim=CHANNELS,
        dim_mult=[1],
        num_res_blocks=1,
        temperal_downsample=[],
        is_residual=True,
        in_channels=size,
        out_channels=size,
        patch_size=PATCH,
        latents_mean=[0.0] * CHANNELS,
        latents_std=[1.0] * CHANNELS,
        scale_factor_temporal=1,
        scale_factor_spatial=PATCH,
    )
    order = _channel_order(size)
    encode, mean = np.zeros((size, CHANNELS)), np.zeros(size)
    encode[order], mean[order] = basis.encode, basis.mean
    decode, bias = np.zeros((3, 3, CHANNELS, size)), np.zeros(size)
    decode[..., order], bias[order] = basis.decode, basis.bias
    norm = CONSTANT / math.sqrt(WIDTH)  # what the RMS norm divides by
    pairs = np.concatenate([np.eye(CHANNELS), -np.eye(CHANNELS)])  # (48, 24)
    with torch.no_grad():
        for module in vae.modules():
            kind = type(module).__name__
            if kind == "WanResidualBlock":
                _set(module.conv2)
            elif kind == "WanAttentionBlock":
                _set(module.proj)
        widen, offset = np.zeros((WIDTH, size)), np.zeros(WIDTH)
        widen[: 2 * CHANNELS] = pairs @ encode.T
        offset[: 2 * CHANNELS] = -pairs @ encode.T @ mean
        offset[2 * CHANNELS] = CONSTANT
        _set(vae.encoder.conv_in, widen, offset)
        vae.encoder.norm_out.gamma.fill_(1.0)
        narrow, log_variance = np.zeros((2 * CHANNELS, WIDTH)), np.zeros(2 * CHANNELS)
        narrow[:CHANNELS, : 2 * CHANNELS] = pairs.T * norm
        log_variance[CHANNELS:] = -6.0
        _set(vae.encoder.conv_out, narrow, log_variance)
        _set(vae.quant_conv, np.eye(2 * CHANNELS))
        _set(vae.post_quant_conv, np.eye(CHANNELS))
        widen, offset = np.zeros((WIDTH, CHANNELS)), np.zeros(WIDTH)
        widen[: 2 * CHANNELS] = pairs
        offset[2 * CHANNELS] = CONSTANT
        _set(vae.decoder.conv_in, widen, offset)
        vae.decoder.norm_out.gamma.fill_(1.0)
        _set(vae.decoder.conv_out, bias=bias)
        taps = np.einsum("ijzo,pz->opij", decode, pairs) * norm  # (192, 48, 3, 3)
        vae.decoder.conv_out.weight[:, : 2 * CHANNELS, -1] = torch.from_numpy(taps).float()
    return vae.eval()


def linear_encoder(vae: AutoencoderKLWan) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The encoder read back as (192, 24) matrix and (24,) bias, by encoding unit patches: training skips the network.

    Rows follow `to_patches`.
    """
    size = 3 * PATCH * PATCH
    unit = torch.eye(size).reshape(size, PATCH, PATCH, 3).permute(0, 3, 1, 2)[:, :, None]
    with torch.no_grad():
        bias = vae.encode(torch.zeros(1, 3, 1, PATCH, PATCH)).latent_dist.mode()
        matrix = vae.encode(unit).latent_dist.mode() - bias
    return matrix.reshape(size, CHANNELS).numpy(), bias.reshape(CHANNELS).numpy()


def _channel_order(size: int) -> NDArray[np.int64]:
    """Channel of the patchified picture that holds each (y, x, rgb) value, found by unpatchifying channel numbers."""
    numbers = torch.arange(size, dtype=torch.float32).view(1, size, 1, 1, 1)
    picture = unpatchify(numbers, patch_size=PATCH)[0, :, 0]  # (3, 8, 8)
    return np.asarray(picture.permute(1, 2, 0).reshape(-1).long().numpy())


def _set(conv: Any, weight: Array | None = None, bias: Array | None = None) -> None:
    """Fill a (causal) convolution: `weight` (out, in) on the newest frame's centre tap, zero elsewhere."""
    conv.weight.zero_()
    conv.bias.zero_()
    if weight is not None:
        centre = [side // 2 for side in conv.weight.shape[-2:]]
        index = (slice(None), slice(None)) + ((-1,) if conv.weight.ndim == 5 else ())
        conv.weight[(*index, *centre)] = torch.from_numpy(weight).float()
    if bias is not None:
        conv.bias.copy_(torch.from_numpy(bias).float())
