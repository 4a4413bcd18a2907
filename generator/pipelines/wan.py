"""The Wan family through diffusers' own pipeline classes.

Models with per-token timesteps (`expand_timesteps`: Wan 2.2 TI2V and the embedded model) take given pictures as clean
latents at timestep 0; the stock image pipeline offers that for the first frame only, `ConditionedWan` for any frame.
Knows nothing of jobs or files but the weights' folder.
"""

import copy
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import WanImageToVideoPipeline, WanPipeline
from diffusers.utils import logging as diffusers_logging
from diffusers.utils.torch_utils import randn_tensor
from torch import Tensor

from shotwright.generator.catalog import Card
from shotwright.generator.clipspec import ClipSpec
from shotwright.generator.errors import BadRequest, OutOfMemory, RenderFailed, ShotwrightError
from shotwright.generator.frames import Frames, Given
from shotwright.generator.pipelines import OnStep
from shotwright.generator.pipelines.checkpoint import check_folder, check_tensors, refuse


class ConditionedWan(WanImageToVideoPipeline):  # type: ignore[misc]
    """`WanImageToVideoPipeline` whose `prepare_latents` accepts pictures at any frame and a clip to start from.

    `given` is set before the call; the pipeline's own `image` argument is only looked at for its size.
    """

    given: Given

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
        if self.given.guide is not None:
            sigma = self.scheduler.sigmas[0].to(device, dtype)
            latents = (1 - sigma) * self._encode(self.given.guide, device, dtype) + sigma * latents
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
        return latents, clean, mask

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

    def _render(self, spec: ClipSpec, given: Given, on_step: OnStep) -> Frames:
        pipeline: Any = self.text
        extra: dict[str, Any] = {}
        scheduler = self.text.scheduler
        if not given.empty:
            pipeline = self._conditioned(given)
            # any picture of the right size will do: ConditionedWan.prepare_latents reads `given`
            extra["image"] = torch.zeros(1, 3, spec.height, spec.width)
            if given.guide is not None:
                scheduler = _late_start(self.text.scheduler, given.strength)
        pipeline.scheduler = scheduler
        done = 0

        def step_end(pipe: Any, step: int, timestep: Any, values: dict[str, Any]) -> dict[str, Any]:
            nonlocal done
            done = step + 1
            on_step("denoising", done, pipe.num_timesteps)
            if done == pipe.num_timesteps:
                on_step("decoding", 0, 1)
            return values

        try:
            on_step("denoising", 0, spec.steps)
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


def _late_start(scheduler: Any, strength: float) -> Any:
    """A copy of the scheduler that leaves out the first (1 - strength) of the steps."""
    late = copy.deepcopy(scheduler)
    stock = late.set_timesteps

    def set_timesteps(*arguments: Any, **named: Any) -> None:
        stock(*arguments, **named)
        count = len(late.timesteps)
        skip = count - max(1, round(count * strength))
        late.timesteps, late.sigmas = late.timesteps[skip:], late.sigmas[skip:]

    late.set_timesteps = set_timesteps
    return late


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
