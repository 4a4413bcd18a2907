"""Wan pipelines that can be given more than diffusers' own: pictures at any frame, a prefix, a clip to start from.

A checkpoint takes pictures in one of three ways: as clean latents at timestep 0 (`ConditionedWan`: per-token timesteps,
Wan 2.2 TI2V and the embedded model), as masked latents beside the noise (`MaskedWan`: the image-to-video checkpoints),
or as a masked clip through a control network (VACE: diffusers' own).  Knows latents; no jobs and no files.
"""

import copy
from typing import Any

import numpy as np
import torch
from diffusers import WanImageToVideoPipeline, WanPipeline, WanVACEPipeline
from diffusers.utils.torch_utils import randn_tensor
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool3d, adaptive_max_pool3d

from shotwright.generator.frames import Frames, Given

HOLE_SHARE = 0.25
"""A latent is imagined anew from this share of holes in its patch on."""

EASE_FROM = 0.35
"""Noise down to which the frame next to a given one is held at it: without it a clip of `mini` would rather begin
somewhere else (the motion across the seams of continuations was 1.6 times the 95th percentile inside the clip, with it
.4).  Lower ones freeze it there: of 12 seams 11 passed the gate at the first try with .35, 10 with .4, 9 with .3."""


class Started:
    """A pipeline whose denoising can start from a clip, with what that clip does not know imagined from pure noise.

    `given` is set before the call.
    """

    given: Given
    held: tuple[Tensor, Tensor, Tensor] | None = None
    """The guide's clean latents, its noise, and 1 where its picture is known; None where all of it is."""

    def start(self: Any, latents: Tensor) -> Tensor:
        """The noise, or the guide with as much of it as the first step takes away."""
        self.held = None
        if self.given.guide is None:
            return latents
        device, dtype = latents.device, latents.dtype
        noise, start = latents, self.encode_frames(self.given.guide, device, dtype)
        sigma = self.scheduler.sigmas[0].to(device, dtype)
        if self.given.holes is not None:
            known = _known(self.given.holes, tuple(latents.shape)).to(device, dtype)
            self.held = start, noise, known
        begun: Tensor = (1 - sigma) * start + sigma * noise
        return begun

    def hold(self: Any, latents: Tensor, step: int) -> Tensor:
        """The latents after a step, the known part of the guide put back at their noise.

        So the holes are imagined from pure noise beside what the guide shows (Avrahami et al., Blended Latent
        Diffusion, 2023); once the noise has fallen to that of `given.strength`, everything is free.
        """
        if self.held is None:
            return latents
        start, noise, known = self.held
        sigma = self.scheduler.sigmas[step + 1].to(latents.device, latents.dtype)
        if sigma < self.given.strength - 1e-4:
            return latents
        return torch.lerp(latents, (1 - sigma) * start + sigma * noise, known)

    def ease(self, latents: Tensor, step: int) -> Tensor:
        """See `ConditionedWan.ease`."""
        return latents

    def encode_frames(self: Any, clip: Frames, device: torch.device, dtype: torch.dtype) -> Tensor:
        """Normalised latents (1, channels, latent frames, height, width) of uint8 frames."""
        pixels = torch.from_numpy(np.ascontiguousarray(clip)).permute(3, 0, 1, 2)[None]
        encoded: Tensor = self.encode_pixels(pixels.to(device) / 127.5 - 1, dtype)
        return encoded

    def encode_pixels(self: Any, pixels: Tensor, dtype: torch.dtype) -> Tensor:
        """The same of pixels (1, 3, frames, height, width) from -1 to 1."""
        latents = self.vae.encode(pixels.to(self.vae.dtype)).latent_dist.mode().to(dtype)
        config, device = self.vae.config, pixels.device
        mean = torch.tensor(config.latents_mean, device=device, dtype=dtype).view(1, -1, 1, 1, 1)
        deviation = torch.tensor(config.latents_std, device=device, dtype=dtype)
        normalised: Tensor = (latents - mean) / deviation.view(1, -1, 1, 1, 1)
        return normalised


class TextWan(Started, WanPipeline):  # type: ignore[misc]
    """`WanPipeline` that can start from a clip."""

    def prepare_latents(self, *arguments: Any, **named: Any) -> Tensor:
        return self.start(super().prepare_latents(*arguments, **named))


class ConditionedWan(Started, WanImageToVideoPipeline):  # type: ignore[misc]
    """`WanImageToVideoPipeline` of per-token timesteps whose `prepare_latents` accepts pictures at any frame.

    The pipeline's own `image` argument is only looked at for its size.
    """

    resting: tuple[Tensor, Tensor, Tensor]
    """Each frame's nearest given one as a clean latent, the noise that the rendering began with, and the noise down to
    which the frame is held there: above 1 where it is free from the start."""

    def prepare_latents(self, image: Tensor, *arguments: Any, **named: Any) -> tuple[Tensor, ...]:
        """Noise, clean latents and mask (1 where generated), each (1, channels or 1, frames, height, width)."""
        latents, device, dtype = _noise(self, arguments)
        temporal, shape = self.vae_scale_factor_temporal, latents.shape
        noise, latents = latents, self.start(latents)
        clean = torch.zeros(shape, device=device, dtype=dtype)
        mask = torch.ones(1, 1, *shape[2:], device=device, dtype=dtype)
        for frame, picture in sorted(self.given.stills.items()):
            at = (frame + temporal - 1) // temporal
            # A latent later than the first covers `temporal` frames: it is given as a still, whose last latent is
            # taken.  The codec encodes 4k + 1 frames at a time, whatever its factor.
            still = np.repeat(picture[None], 1 if at == 0 or temporal == 1 else 5, axis=0)
            clean[:, :, at] = self.encode_frames(still, device, dtype)[:, :, -1]
            mask[:, :, at] = 0
        if self.given.prefix is not None:
            known = self.encode_frames(self.given.prefix, device, dtype)
            clean[:, :, : known.shape[2]] = known
            mask[:, :, : known.shape[2]] = 0
        # a guide says itself where the clip begins
        ease = 0 if self.given.guide is not None else self.given.ease
        nearest, level = easing(mask, ease / temporal)
        self.resting = clean[:, :, nearest], noise, level
        return latents, clean, mask

    def ease(self, latents: Tensor, step: int) -> Tensor:
        """The latents after a step, the frames whose turn has not come put back to their given neighbour at its noise.

        They leave it one after another, so that what is made does not begin somewhere else.
        """
        rest, noise, level = self.resting
        sigma = float(self.scheduler.sigmas[step + 1])
        return torch.where(level < sigma - 1e-4, (1 - sigma) * rest + sigma * noise, latents)


class MaskedWan(Started, WanImageToVideoPipeline):  # type: ignore[misc]
    """`WanImageToVideoPipeline` of masked latents whose `prepare_latents` accepts pictures at any frame, and a prefix.

    With a first picture, or a first and a last one, it prepares what diffusers does.
    """

    def prepare_latents(self, image: Tensor, *arguments: Any, **named: Any) -> tuple[Tensor, ...]:
        """Noise; mask (1, temporal, frames, height, width) beside latents of what is given, grey where nothing is."""
        latents, device, dtype = _noise(self, arguments)
        height, width, frames = arguments[2:5]
        clip = torch.zeros(1, 3, frames, height, width, device=device)
        known = torch.zeros(1, 1, frames, *latents.shape[3:], device=device, dtype=dtype)
        given = {frame: picture[None] for frame, picture in self.given.stills.items()}
        if self.given.prefix is not None:
            given[0] = self.given.prefix
        for frame, pictures in given.items():
            pixels = torch.from_numpy(np.ascontiguousarray(pictures)).permute(3, 0, 1, 2)[None]
            clip[:, :, frame : frame + len(pictures)] = pixels.to(device) / 127.5 - 1
            known[:, :, frame : frame + len(pictures)] = 1
        temporal = self.vae_scale_factor_temporal
        # the first latent stands for one frame and has its mask `temporal` times
        mask = torch.cat([known[:, :, :1].repeat_interleave(temporal, 2), known[:, :, 1:]], 2)
        mask = mask.view(1, -1, temporal, *latents.shape[3:]).transpose(1, 2)
        beside = torch.cat([mask, self.encode_pixels(clip, dtype)], 1)
        return self.start(latents), beside

    def encode_image(self, image: Any, device: torch.device | None = None) -> Tensor:
        """What CLIP sees: the first given picture, and the last one where the checkpoint was trained on both."""
        first, last = ends(self.given)
        pictures = [Image.fromarray(first)]
        if self.transformer.config.pos_embed_seq_len is not None:
            pictures.append(Image.fromarray(last))
        seen: Tensor = super().encode_image(pictures, device)
        return seen


class VaceWan(Started, WanVACEPipeline):  # type: ignore[misc]
    """`WanVACEPipeline` that can start from a clip, for refining passes."""

    def prepare_latents(self, *arguments: Any, **named: Any) -> Tensor:
        return self.start(super().prepare_latents(*arguments, **named))


def ends(given: Given) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """The first and the last of the given pictures."""
    order = sorted(given.stills)
    if given.prefix is not None:
        first = given.prefix[0]
        return first, given.stills[order[-1]] if order else given.prefix[-1]
    return given.stills[order[0]], given.stills[order[-1]]


def _noise(pipeline: Any, arguments: tuple[Any, ...]) -> tuple[Tensor, torch.device, torch.dtype]:
    """Of the arguments of `WanImageToVideoPipeline.prepare_latents` after the image."""
    batch, channels, height, width, frames, dtype, device, generator = arguments[:8]
    spatial, temporal = pipeline.vae_scale_factor_spatial, pipeline.vae_scale_factor_temporal
    shape = (
        batch,
        channels,
        (frames - 1) // temporal + 1,
        height // spatial,
        width // spatial,
    )
    return randn_tensor(shape, generator=generator, device=device, dtype=dtype), device, dtype


def _known(holes: NDArray[np.float32], shape: tuple[int, ...]) -> Tensor:
    """(1, 1, latent frames, rows, columns): 1 where hardly a pixel of a latent's frames is a hole."""
    frames, rows, columns = shape[2:]
    whole = torch.from_numpy(np.ascontiguousarray(holes))[None, None]
    share = adaptive_max_pool3d(
        adaptive_avg_pool3d(whole, (whole.shape[2], rows, columns)), (frames, rows, columns)
    )
    return (share < HOLE_SHARE).float()


def easing(mask: Tensor, reach: float) -> tuple[list[int], Tensor]:
    """Each latent frame's nearest given one, and the noise down to which it is held there, (1, 1, frames, 1, 1).

    mask: 0 where given.  reach: latent frames on either side of a given one that are held for a while.
    """
    free = mask[0, 0, :, 0, 0]
    given = torch.nonzero(free == 0).flatten().tolist()
    level = torch.full_like(free, 2.0)
    if not given:
        return list(range(len(free))), level.view(1, 1, -1, 1, 1)
    nearest = [min(given, key=lambda at: abs(at - frame)) for frame in range(len(free))]
    for frame, at in enumerate(nearest):
        away = abs(at - frame)
        if 0 < away <= reach:
            level[frame] = EASE_FROM + (1 - EASE_FROM) * (away - 1) / reach
    return nearest, level.view(1, 1, -1, 1, 1)


def with_noise(scheduler: Any, strength: float, *, late: bool) -> Any:
    """A copy of the scheduler that stops by at the noise `strength`; late: and starts there.

    Between 0 and 1, in the scheduler's sigmas; where its first is lower, it starts as usual.
    """
    changed = copy.deepcopy(scheduler)
    stock = changed.set_timesteps

    def set_timesteps(*arguments: Any, **named: Any) -> None:
        stock(*arguments, **named)
        sigmas, timesteps = changed.sigmas, changed.timesteps
        before = int((sigmas > strength + 1e-4).sum())
        if before and sigmas[before] < strength - 1e-4:
            there = sigmas.new_tensor([strength])
            # a flow's timestep is its noise in thousandths
            moment = timesteps.new_tensor([strength * scheduler.config.num_train_timesteps])
            sigmas = torch.cat([sigmas[:before], there, sigmas[before:]])
            timesteps = torch.cat([timesteps[:before], moment, timesteps[before:]])
        skip = before if late else 0
        changed.sigmas, changed.timesteps = sigmas[skip:], timesteps[skip:]
        changed.num_inference_steps = len(changed.timesteps)

    changed.set_timesteps = set_timesteps
    return changed
