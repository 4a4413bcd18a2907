"""The Wan family through diffusers' own pipeline classes.

Models with per-token timesteps (`expand_timesteps`: Wan 2.2 TI2V and the embedded model) take given pictures as clean
latents at timestep 0; the stock image pipeline offers that for the first frame only, `ConditionedWan` for any frame.
Knows nothing of jobs or files but the weights' folder.
"""

import copy
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import WanImageToVideoPipeline, WanPipeline
from diffusers.utils import logging as diffusers_logging
from diffusers.utils.torch_utils import randn_tensor
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool3d, adaptive_max_pool3d

from shotwright.generator.catalog import Card
from shotwright.generator.clipspec import ClipSpec
from shotwright.generator.errors import BadRequest, OutOfMemory, RenderFailed, ShotwrightError
from shotwright.generator.frames import Frames, Given, Picture
from shotwright.generator.pipelines import OnStep
from shotwright.generator.pipelines.checkpoint import check_folder, check_tensors, refuse

HOLE_SHARE = 0.25
"""A latent is imagined anew from this share of holes in its patch on."""

EASE_FROM = 0.4
"""Noise down to which the frame next to a given one is held at it.  On 6 clips of `mini` each, the motion beside a
given first frame, a last one, both, keyframes was 2.1, 2.0, 1.5, 1.1 times the 95th percentile inside the clip without
it and .7, .9, .9, .7 with it (real clips: .9, 1.0, .9, .8); across the seams of continuations about 1.4 and .5."""

REFINE_NOISE = 0.6
REFINE_SCHEDULE = 8
"""Steps of the schedule of which a refining pass takes those from `REFINE_NOISE` down."""


class ConditionedWan(WanImageToVideoPipeline):  # type: ignore[misc]
    """`WanImageToVideoPipeline` whose `prepare_latents` accepts pictures at any frame and a clip to start from.

    `given` is set before the call; the pipeline's own `image` argument is only looked at for its size.
    """

    given: Given
    resting: tuple[Tensor, Tensor, Tensor]
    """Each frame's nearest given one as a clean latent, the noise that the rendering began with, and the noise down to
    which the frame is held there: above 1 where it is free from the start."""
    held: tuple[Tensor, Tensor, Tensor] | None = None
    """The guide's clean latents, its noise, and 1 where its picture is known; None where all of it is."""

    def prepare_latents(self, image: Tensor, *arguments: Any, **named: Any) -> tuple[Tensor, ...]:
        """Noise, clean latents and mask (1 where generated), each (1, channels or 1, frames, height, width)."""
        batch, channels, height, width, frames, dtype, device, generator = arguments[:8]
        temporal, spatial = self.vae_scale_factor_temporal, self.vae_scale_factor_spatial
        shape = (
            batch,
            channels,
            (frames - 1) // temporal + 1,
            height // spatial,
            width // spatial,
        )
        latents = randn_tensor(shape, generator=generator, device=device, dtype=dtype)
        self.held = None
        if self.given.guide is not None:
            noise, start = latents, self._encode(self.given.guide, device, dtype)
            sigma = self.scheduler.sigmas[0].to(device, dtype)
            latents = (1 - sigma) * start + sigma * noise
            if self.given.holes is not None:
                self.held = start, noise, self._known(self.given.holes, shape).to(device, dtype)
        clean = torch.zeros(shape, device=device, dtype=dtype)
        mask = torch.ones(1, 1, *shape[2:], device=device, dtype=dtype)
        for frame, picture in sorted(self.given.stills.items()):
            at = (frame + temporal - 1) // temporal
            # A latent later than the first covers `temporal` frames: it is given as a still, whose last latent is
            # taken.  The codec encodes 4k + 1 frames at a time, whatever its factor.
            still = np.repeat(picture[None], 1 if at == 0 or temporal == 1 else 5, axis=0)
            clean[:, :, at] = self._encode(still, device, dtype)[:, :, -1]
            mask[:, :, at] = 0
        if self.given.prefix is not None:
            known = self._encode(self.given.prefix, device, dtype)
            clean[:, :, : known.shape[2]] = known
            mask[:, :, : known.shape[2]] = 0
        # a guide says itself where the clip begins
        ease = 0 if self.given.guide is not None else self.given.ease
        nearest, level = _easing(mask, ease / temporal)
        self.resting = clean[:, :, nearest], latents, level
        return latents, clean, mask

    def ease(self, latents: Tensor, step: int) -> Tensor:
        """The latents after a step, the frames whose turn has not come put back to their given neighbour at its noise.

        They leave it one after another, so that what is made does not begin somewhere else.
        """
        rest, noise, level = self.resting
        sigma = float(self.scheduler.sigmas[step + 1])
        return torch.where(level < sigma - 1e-4, (1 - sigma) * rest + sigma * noise, latents)

    def hold(self, latents: Tensor, step: int) -> Tensor:
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

    def _known(self, holes: NDArray[np.float32], shape: tuple[int, ...]) -> Tensor:
        """(1, 1, latent frames, rows, columns): 1 where hardly a pixel of a latent's frames is a hole."""
        frames, rows, columns = shape[2:]
        whole = torch.from_numpy(np.ascontiguousarray(holes))[None, None]
        share = adaptive_max_pool3d(
            adaptive_avg_pool3d(whole, (whole.shape[2], rows, columns)), (frames, rows, columns)
        )
        return (share < HOLE_SHARE).float()

    def _encode(self, clip: Frames, device: torch.device, dtype: torch.dtype) -> Tensor:
        """Normalised latents (1, channels, latent frames, height, width) of uint8 frames."""
        pixels = torch.from_numpy(np.ascontiguousarray(clip)).permute(3, 0, 1, 2)[None]
        pixels = pixels.to(device, self.vae.dtype) / 127.5 - 1  # (1, 3, frames, height, width)
        latents = self.vae.encode(pixels).latent_dist.mode().to(dtype)
        config = self.vae.config
        mean = torch.tensor(config.latents_mean, device=device, dtype=dtype).view(1, -1, 1, 1, 1)
        deviation = torch.tensor(config.latents_std, device=device, dtype=dtype)
        normalised: Tensor = (latents - mean) / deviation.view(1, -1, 1, 1, 1)
        return normalised


class WanEngine:
    """A loaded checkpoint of the Wan family."""

    def __init__(self, card: Card, pipeline: WanPipeline) -> None:
        self.card, self.text = card, pipeline
        self.text.set_progress_bar_config(disable=True)
        self.conditioned: ConditionedWan | None = None
        if pipeline.config.expand_timesteps:
            parts = {k: v for k, v in pipeline.components.items() if k != "transformer_2"}
            self.conditioned = ConditionedWan(
                **parts, image_encoder=None, image_processor=None, expand_timesteps=True
            )
            self.conditioned.set_progress_bar_config(disable=True)

    def render(self, spec: ClipSpec, given: Given, on_step: OnStep) -> Frames:
        """See `Engine.render`.  Raises OutOfMemory, RenderFailed, and whatever `on_step` raises."""
        try:
            return self._render(spec, given, on_step)
        except ShotwrightError:
            raise
        except torch.OutOfMemoryError as error:
            raise OutOfMemory(
                f"{spec.width}x{spec.height}x{spec.frames} does not fit the device: {error}",
                fix="ask for fewer frames, a smaller size or a lower quality",
            ) from error
        except (RuntimeError, ValueError) as error:
            raise RenderFailed(
                f"{self.card.name} failed: {error}",
                fix="try another seed or model",
                retryable=False,
            ) from error

    @torch.no_grad()
    def reconstruct(self, picture: Picture) -> Picture:
        """See `Engine.reconstruct`."""
        vae = self.text.vae
        pixels = torch.from_numpy(np.ascontiguousarray(picture)).permute(2, 0, 1)[None, :, None]
        pixels = pixels.to(self.text.device, vae.dtype) / 127.5 - 1  # (1, 3, 1, height, width)
        shown = vae.decode(vae.encode(pixels).latent_dist.mode(), return_dict=False)[0][0, :, 0]
        back = (shown.float().clamp(-1, 1) + 1) * 127.5
        return np.asarray(back.round().byte().permute(1, 2, 0).cpu().numpy())

    def _render(self, spec: ClipSpec, given: Given, on_step: OnStep) -> Frames:
        """Sample, then refine: noise put on and taken off again contracts the faults of sampling (Xu et al., Restart
        Sampling, 2023); without guidance, whose errors are among them.
        """
        # no more noise than a guide was given: its path is to stay
        noise = REFINE_NOISE if given.guide is None else min(REFINE_NOISE, given.strength)
        again = replace(spec, steps=REFINE_SCHEDULE, guidance=1.0)
        one = len(self._scheduled(again, noise, late=True).timesteps)
        done, total = 0, 0

        def count(phase: str, step: int, steps: int) -> None:
            nonlocal done, total
            total = total or steps + spec.refine * one
            if phase == "denoising":
                on_step(phase, done + step, total)
                done += steps if step == steps else 0
            elif done == total:
                on_step(phase, step, steps)

        frames = self._sample(spec, given, count)
        for index in range(spec.refine):
            frames = self._sample(
                replace(again, seed=(spec.seed + index + 1) % 2**32),
                replace(given, guide=frames, strength=noise, holes=None),
                count,
            )
        return frames

    def _scheduled(self, spec: ClipSpec, noise: float, *, late: bool) -> Any:
        """The scheduler with the steps set that a guide leaves, see `_with_noise`."""
        scheduler = _with_noise(self.text.scheduler, noise, late=late)
        scheduler.set_timesteps(spec.steps)
        return scheduler

    def _sample(self, spec: ClipSpec, given: Given, on_step: OnStep) -> Frames:
        pipeline: Any = self.text
        extra: dict[str, Any] = {}
        scheduler, steps = self.text.scheduler, spec.steps
        if not given.empty:
            pipeline = self._conditioned(given)
            # any picture of the right size will do: ConditionedWan.prepare_latents reads `given`
            extra["image"] = torch.zeros(1, 3, spec.height, spec.width)
            if given.guide is not None:
                scheduler = self._scheduled(spec, given.strength, late=given.holes is None)
                steps = len(scheduler.timesteps)
        pipeline.scheduler = scheduler
        done = 0

        def step_end(pipe: Any, step: int, timestep: Any, values: dict[str, Any]) -> dict[str, Any]:
            nonlocal done
            done = step + 1
            on_step("denoising", done, pipe.num_timesteps)
            if done == pipe.num_timesteps:
                on_step("decoding", 0, 1)
            if not given.empty:
                values["latents"] = pipe.ease(pipe.hold(values["latents"], step), step)
            return values

        try:
            on_step("denoising", 0, steps)
            output = pipeline(
                prompt=spec.prompt,
                negative_prompt=spec.negative_prompt,
                width=spec.width,
                height=spec.height,
                num_frames=self._frames_argument(spec.frames),
                num_inference_steps=spec.steps,
                guidance_scale=spec.guidance,
                generator=torch.Generator("cpu").manual_seed(spec.seed),
                max_sequence_length=self.card.max_tokens,
                callback_on_step_end=step_end,
                output_type="np",
                **extra,
            )
        finally:
            pipeline.maybe_free_model_hooks()
        frames: Frames = np.round(np.clip(output.frames[0], 0, 1) * 255).astype(np.uint8)
        if frames.shape != (spec.frames, spec.height, spec.width, 3):
            raise RenderFailed(
                f"{self.card.name} answered {frames.shape}, asked was {spec.frames} frames "
                f"of {spec.width}x{spec.height}; its card does not match its weights.",
                fix="mend the card's frame rule or sizes",
                retryable=False,
            )
        return frames

    def _conditioned(self, given: Given) -> ConditionedWan:
        if self.conditioned is None:
            raise BadRequest(
                f"{self.card.name} takes no pictures: its checkpoint has one timestep for all tokens.",
                code="unsupported_mode",
                field="image",
                allowed=["text"],
                fix="choose a model whose modes include first",
            )
        self.conditioned.given = given
        return self.conditioned

    def _frames_argument(self, frames: int) -> int:
        """What to pass as `num_frames` so that the pipeline makes `frames`.

        diffusers 0.42 tests n % factor != 1 and then takes n // factor * factor + 1: with a codec that does not
        compress
        time (factor 1) the test always holds and n becomes n + 1.
        """
        return frames - 1 if self.text.vae_scale_factor_temporal == 1 else frames


def _easing(mask: Tensor, reach: float) -> tuple[list[int], Tensor]:
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


def _with_noise(scheduler: Any, strength: float, *, late: bool) -> Any:
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


PARTS = {
    "transformer": "WanTransformer3DModel",
    "vae": "AutoencoderKLWan",
    "text_encoder": "UMT5EncoderModel",
}
"""What a checkpoint of the family is made of."""


def load(card: Card, *, device: str, models: Path) -> WanEngine:
    """Load with `from_pretrained`: safetensors only, no remote code; float32 on the CPU, bfloat16 on a GPU."""
    dtype = torch.float32 if device == "cpu" else torch.bfloat16
    # it warns at every clip that it rounds the frame count, which `_frames_argument` has taken into account
    diffusers_logging.set_verbosity_error()
    source, local = locate(card)
    if local:
        check_folder(card.name, Path(source), PARTS)
    try:
        pipeline = WanPipeline.from_pretrained(
            source,
            dtype=dtype,
            use_safetensors=True,
            local_files_only=local,
            **({} if local else {"revision": card.revision, "cache_dir": str(models)}),
        )
    except (OSError, ValueError, RuntimeError, LookupError, TypeError, AttributeError) as error:
        raise refuse(card.name, f"diffusers could not load them ({error})") from error
    if local:
        for part in ("transformer", "vae", "text_encoder"):
            check_tensors(card.name, part, getattr(pipeline, part), Path(source))
    pipeline.to(device)
    return WanEngine(card, pipeline)


def locate(card: Card) -> tuple[str, bool]:
    """Folder or hub id of the weights, and whether it is a folder."""
    scheme, _, inside = card.source.partition(":")
    if scheme == "shotwright":
        return str(files("shotwright.generator").joinpath(inside)), True
    path = Path(card.source).expanduser()
    return (str(path), True) if path.is_dir() else (card.source, False)
