"""SkyReels-V2 Diffusion Forcing: words, a first picture, first and last, and continuation from many frames.

One checkpoint stands behind three pipelines of diffusers, on the same parts.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from diffusers import (
    SkyReelsV2DiffusionForcingImageToVideoPipeline,
    SkyReelsV2DiffusionForcingPipeline,
    SkyReelsV2DiffusionForcingVideoToVideoPipeline,
)
from PIL import Image

from shotwright.generator.clipspec import ClipSpec
from shotwright.generator.errors import BadRequest
from shotwright.generator.frames import Frames, Given
from shotwright.generator.pipelines import OnStep
from shotwright.generator.pipelines.sampling import Sampler, to_frames

HISTORY_NOISE = 20
"""Noise on the frames that are continued, in thousandths: the recommendation in the pipeline's documentation."""


class SkyReelsEngine(Sampler):
    """A loaded Diffusion Forcing checkpoint."""

    classes: ClassVar[Mapping[str, Any]] = {
        "SkyReelsV2DiffusionForcingPipeline": SkyReelsV2DiffusionForcingPipeline,
        "SkyReelsV2DiffusionForcingImageToVideoPipeline": SkyReelsV2DiffusionForcingPipeline,
        "SkyReelsV2DiffusionForcingVideoToVideoPipeline": SkyReelsV2DiffusionForcingPipeline,
    }
    parts: ClassVar[Mapping[str, str]] = {
        "transformer": "SkyReelsV2Transformer3DModel",
        "vae": "AutoencoderKLWan",
        "text_encoder": "UMT5EncoderModel",
    }
    takes = frozenset({"stills", "prefix"})
    guidance_stops = True

    def prepare(self) -> None:
        """The pipelines for pictures and for clips on the same parts."""
        parts = self.pipeline.components
        self.pictured = SkyReelsV2DiffusionForcingImageToVideoPipeline(**parts)
        self.continued = SkyReelsV2DiffusionForcingVideoToVideoPipeline(**parts)
        self.siblings += [self.pictured, self.continued]
        for pipeline in self.siblings:
            pipeline.set_progress_bar_config(disable=True)

    def check(self, spec: ClipSpec, given: Given) -> None:
        super().check(spec, given)
        inside = set(given.stills) - {0, spec.frames - 1}
        without = bool(given.stills) and 0 not in given.stills
        if inside or without or (given.stills and given.prefix is not None):
            raise BadRequest(
                f"{self.card.name} takes a first picture, a first and a last one, or frames to continue, and these "
                "alone.",
                code="unsupported_mode",
                field="keyframes" if inside else "last_image",
                value=sorted(given.stills),
                allowed=["first", "first+last", "extend"],
                fix="leave the other pictures out",
            )

    def make(self, spec: ClipSpec, given: Given, on_step: OnStep) -> Frames:
        """One call of the pipeline that takes what is given."""
        # the whole clip in one window: longer ones are continued by whoever asks
        common: dict[str, Any] = {"fps": spec.fps, "base_num_frames": spec.frames}
        if given.prefix is not None:
            return self._continue(spec, given.prefix, on_step, common)
        if not given.stills:
            return self.film(self.pipeline, spec, on_step, **common)
        pictures: dict[str, Any] = {"image": Image.fromarray(given.stills[0])}
        if spec.frames - 1 in given.stills and spec.frames > 1:
            pictures["last_image"] = Image.fromarray(given.stills[spec.frames - 1])
        return self.film(self.pictured, spec, on_step, **common, **pictures)

    def _continue(
        self, spec: ClipSpec, prefix: Frames, on_step: OnStep, common: dict[str, Any]
    ) -> Frames:
        devices = [] if self.device == "cpu" else [self.device]
        with torch.random.fork_rng(devices):
            # the noise on the history is drawn from the global generator, whatever generator is given
            torch.manual_seed(spec.seed)
            output = self.call(
                self.continued,
                spec,
                on_step,
                output_type="np",
                **common,
                video=[Image.fromarray(frame) for frame in prefix],
                overlap_history=len(prefix),
                addnoise_condition=HISTORY_NOISE,
            )
        # it answers the given frames, then the new clip, which begins with the same frames again
        return to_frames(output.frames[0][len(prefix) :])


open_checkpoint = SkyReelsEngine
