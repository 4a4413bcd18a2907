"""LTX-Video: words, and pictures or clips as conditions at any frame.

Every clip goes through `LTXConditionPipeline`: it takes all that the family takes, and checkpoints from 0.9.5 on were
trained for it.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from diffusers import LTXConditionPipeline
from diffusers.pipelines.ltx.pipeline_ltx_condition import LTXVideoCondition
from PIL import Image

from shotwright.generator.clipspec import ClipSpec
from shotwright.generator.errors import BadRequest
from shotwright.generator.frames import Frames, Given
from shotwright.generator.pipelines import OnStep
from shotwright.generator.pipelines.sampling import Sampler, to_frames
from shotwright.generator.weights import refuse


class LtxEngine(Sampler):
    """A loaded checkpoint of LTX-Video."""

    classes: ClassVar[Mapping[str, Any]] = {
        "LTXPipeline": LTXConditionPipeline,
        "LTXImageToVideoPipeline": LTXConditionPipeline,
        "LTXConditionPipeline": LTXConditionPipeline,
    }
    parts: ClassVar[Mapping[str, str]] = {
        "transformer": "LTXVideoTransformer3DModel",
        "vae": "AutoencoderKLLTXVideo",
        "text_encoder": "T5EncoderModel",
    }
    embeddings = (
        "prompt_embeds",
        "prompt_attention_mask",
        "negative_prompt_embeds",
        "negative_prompt_attention_mask",
    )
    takes = frozenset({"stills", "prefix"})

    def prepare(self) -> None:
        """Raises: RenderFailed for a checkpoint whose schedule `LTXConditionPipeline` cannot make: of before 0.9.5."""
        if self.pipeline.scheduler.config.get("use_dynamic_shifting"):
            raise refuse(
                self.card.name,
                "its schedule shifts with the size, as before version 0.9.5, which was the first that takes pictures "
                "at any frame",
                "take a checkpoint of LTX-Video 0.9.5 or later",
            )

    def make(self, spec: ClipSpec, given: Given, on_step: OnStep) -> Frames:
        """One call; what is given stands at its frame in full strength."""
        check_prefix(self.card.name, given, self.pipeline.vae_temporal_compression_ratio)
        conditions = [
            LTXVideoCondition(image=Image.fromarray(picture), frame_index=frame)
            for frame, picture in sorted(given.stills.items())
        ]
        if given.prefix is not None:
            clip = [Image.fromarray(frame) for frame in given.prefix]
            conditions.insert(0, LTXVideoCondition(video=clip, frame_index=0))
        output = self.call(
            self.pipeline,
            spec,
            on_step,
            output_type="np",
            frame_rate=spec.fps,
            conditions=conditions or None,
        )
        return to_frames(output.frames[0])


def check_prefix(name: str, given: Given, factor: int) -> None:
    """Raises BadRequest for a prefix that the pipeline would cut to `factor` k + 1 frames without a word."""
    if given.prefix is not None and len(given.prefix) % factor != 1:
        raise BadRequest(
            f"{name} continues from {factor}k+1 frames, not from {len(given.prefix)}.",
            code="invalid_frames",
            field="video",
            value=len(given.prefix),
            allowed=f"{factor}k+1",
            fix="mend overlap_frames of the card",
        )


open_checkpoint = LtxEngine
