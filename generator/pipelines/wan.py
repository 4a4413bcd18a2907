"""The Wan family: text, image and VACE checkpoints of 2.1 and 2.2, one expert or two, and the embedded model.

Which pipeline stands behind a checkpoint is told by the class that it was saved as and by its own configuration.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
import torch
from diffusers import WanImageToVideoPipeline, WanPipeline, WanVACEPipeline
from PIL import Image

from shotwright.generator.clipspec import ClipSpec
from shotwright.generator.errors import BadRequest
from shotwright.generator.frames import Frames, Given
from shotwright.generator.pipelines import OnStep
from shotwright.generator.pipelines.checkpoint import parts_of, read_json
from shotwright.generator.pipelines.control import control_of
from shotwright.generator.pipelines.sampling import Sampler
from shotwright.generator.pipelines.wan_conditions import (
    ConditionedWan,
    MaskedWan,
    TextWan,
    VaceWan,
    with_noise,
)

REFINE_NOISE = 0.6
REFINE_SCHEDULE = 8
"""Steps of the schedule of which a refining pass takes those from `REFINE_NOISE` down."""
GREY = 127
"""VACE's sign for what is to be made."""

TEXT, PICTURES, CONTROL = "WanPipeline", "WanImageToVideoPipeline", "WanVACEPipeline"


class WanEngine(Sampler):
    """A loaded checkpoint of the Wan family."""

    classes: ClassVar[Mapping[str, Any]] = {
        TEXT: WanPipeline,
        PICTURES: WanImageToVideoPipeline,
        CONTROL: WanVACEPipeline,
    }
    guidance_stops = True

    def parts_of(self, class_name: str) -> Mapping[str, str]:
        network = "WanVACETransformer3DModel" if class_name == CONTROL else "WanTransformer3DModel"
        there = parts_of(read_json(self.card.name, self.folder / "model_index.json"))
        return {
            "transformer": network,
            "vae": "AutoencoderKLWan",
            "text_encoder": "UMT5EncoderModel",
            **({"transformer_2": network} if "transformer_2" in there else {}),
        }

    def prepare(self) -> None:
        """The pipelines that take what the checkpoint can be given, on the same components."""
        stock = self.pipeline
        self.kind = type(stock).__name__
        self.tokens_timed = bool(stock.config.get("expand_timesteps"))
        self.text: Any = stock
        self.conditioned: Any = None
        if self.kind == CONTROL:
            self.pipeline = self.text = VaceWan(**stock.components, **_own(stock, "boundary_ratio"))
        elif self.kind == TEXT:
            self.pipeline = self.text = TextWan(
                **stock.components, **_own(stock, "boundary_ratio", "expand_timesteps")
            )
        if self.tokens_timed:
            parts = {k: v for k, v in stock.components.items() if k != "transformer_2"}
            eyes = {"image_encoder": None, "image_processor": None}
            self.conditioned = ConditionedWan(**{**parts, **eyes}, expand_timesteps=True)
        elif self.kind == PICTURES:
            self.conditioned = MaskedWan(**stock.components, **_own(stock, "boundary_ratio"))
        if self.conditioned is not None:
            self.conditioned.set_progress_bar_config(disable=True)
            self.siblings.append(self.conditioned)
            if self.kind == PICTURES:
                self.pipeline = self.conditioned
        self.pipeline.set_progress_bar_config(disable=True)

    def abilities(self) -> frozenset[str]:
        if self.kind == CONTROL:
            return frozenset({"stills", "prefix", "guide", "holes", "camera", "refine"})
        if self.conditioned is not None:
            return frozenset({"stills", "prefix", "guide", "holes", "refine"})
        return frozenset({"guide", "holes", "refine"})

    def check(self, spec: ClipSpec, given: Given) -> None:
        super().check(spec, given)
        told = bool(given.stills) or given.prefix is not None
        if self.kind == PICTURES and not self.tokens_timed and not told:
            raise BadRequest(
                f"{self.card.name} makes clips from pictures only; give it a first one.",
                code="unsupported_mode",
                field="image",
                allowed=list(self.card.modes),
                fix="give image, or choose a model whose modes include text",
            )
        both = getattr(self.pipeline.transformer.config, "pos_embed_seq_len", None) is not None
        if both and len(given.stills) + (given.prefix is not None) < 2:
            raise BadRequest(
                f"{self.card.name} was trained on a first and a last picture; give it both.",
                code="unsupported_mode",
                field="last_image",
                allowed=list(self.card.modes),
                fix="give image and last_image",
            )

    def make(self, spec: ClipSpec, given: Given, on_step: OnStep) -> Frames:
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

        frames = self._sample(spec, given, count, final=not spec.refine)
        for index in range(spec.refine):
            frames = self._sample(
                replace(again, seed=(spec.seed + index + 1) % 2**32),
                replace(given, guide=frames, strength=noise, holes=None),
                count,
                final=index == spec.refine - 1,
            )
        return frames

    def _scheduled(self, spec: ClipSpec, noise: float, *, late: bool) -> Any:
        """The scheduler with the steps set that a guide leaves, see `with_noise`."""
        scheduler = with_noise(self.text.scheduler, noise, late=late)
        scheduler.set_timesteps(spec.steps)
        return scheduler

    def _sample(self, spec: ClipSpec, given: Given, on_step: OnStep, *, final: bool) -> Frames:
        pipeline, extra = self._arguments(spec, given)
        own, steps = pipeline.scheduler, spec.steps
        if given.guide is not None:
            pipeline.scheduler = self._scheduled(spec, given.strength, late=given.holes is None)
            steps = len(pipeline.scheduler.timesteps)
        pipeline.given = given

        def after(pipe: Any, step: int, latents: torch.Tensor) -> torch.Tensor:
            left: torch.Tensor = pipe.ease(pipe.hold(latents, step), step)
            return left

        try:
            return self.film(
                pipeline,
                spec,
                on_step,
                final=final,
                steps=steps,
                after=after,
                num_frames=self._frames_argument(spec.frames),
                **extra,
            )
        finally:
            pipeline.scheduler = own

    def _arguments(self, spec: ClipSpec, given: Given) -> tuple[Any, dict[str, Any]]:
        """The pipeline that takes what is given, and how it is told."""
        if self.kind == CONTROL:
            return self.text, self._control(spec, given)
        if self.conditioned is not None and (not given.empty or self.kind == PICTURES):
            # any picture of the right size will do: `prepare_latents` reads `given`
            return self.conditioned, {"image": torch.zeros(1, 3, spec.height, spec.width)}
        return self.text, {}

    def _control(self, spec: ClipSpec, given: Given) -> dict[str, Any]:
        """VACE's clip and mask: what is given where it is, the path drawn, grey where all is free."""
        shape = (spec.frames, spec.height, spec.width)
        clip = np.full((*shape, 3), GREY, np.uint8)
        free = np.ones(shape, np.float32)
        if given.path:
            still = given.stills.get(0)
            control = control_of(
                still,
                given.path,
                hfov_deg=given.hfov_deg,
                width=spec.width,
                height=spec.height,
            )
            unknown = (control.free > 0.5)[..., None] & (still is not None)
            clip, free = np.where(unknown, np.uint8(GREY), control.frames), control.free
        if given.guide is not None and given.holes is not None:
            clip = np.where((given.holes > 0.5)[..., None], np.uint8(GREY), given.guide)
            free = given.holes
        if given.prefix is not None:
            clip[: len(given.prefix)], free[: len(given.prefix)] = given.prefix, 0
        for frame, picture in given.stills.items():
            clip[frame], free[frame] = picture, 0
        return {
            "video": [Image.fromarray(frame) for frame in clip],
            "mask": [Image.fromarray(np.uint8(255) * (one > 0.5).astype(np.uint8)) for one in free],
        }

    def _frames_argument(self, frames: int) -> int:
        """What to pass as `num_frames` so that the pipeline makes `frames`.

        diffusers 0.42 tests n % factor != 1 and then takes n // factor * factor + 1: with a codec that does not
        compress time (factor 1) the test always holds and n becomes n + 1.
        """
        return frames - 1 if self.text.vae_scale_factor_temporal == 1 else frames


def _own(pipeline: Any, *names: str) -> dict[str, Any]:
    """What a pipeline was configured with, which its components do not hold."""
    return {name: pipeline.config.get(name) for name in names}


open_checkpoint = WanEngine
