"""LTX-2: words, and pictures or clips as conditions; camera moves by a LoRA each.

The checkpoint makes sound beside the picture; it is not kept.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from diffusers import LTX2ConditionPipeline
from diffusers.pipelines.ltx2.pipeline_ltx2_condition import LTX2VideoCondition
from torch import Tensor

from shotwright.generator.clipspec import ClipSpec
from shotwright.generator.frames import Frames, Given
from shotwright.generator.pipelines import OnStep
from shotwright.generator.pipelines.ltx import check_prefix
from shotwright.generator.pipelines.sampling import Sampler, to_frames

PICTURE_CRF = 33
"""Compression of given pictures that LTX-2 and 2.3 were trained with; of `LTX2VideoCondition`'s own documentation."""


class PlacedLtx2(LTX2ConditionPipeline):  # type: ignore[misc]
    """`LTX2ConditionPipeline` whose pictures stand at the very frame that they are given for.

    Its own index counts latents, of 8 frames each, so a last picture would stand up to 7 frames before the end.
    """

    frames: list[int]
    """Of the pictures that do not begin the clip, in order; set before the call."""

    def _prepare_keyframe_coords(self, *arguments: Any, **named: Any) -> Tensor:
        placed = {**named, "pixel_frame_idx": self.frames.pop(0)}
        coordinates: Tensor = super()._prepare_keyframe_coords(*arguments, **placed)
        return coordinates


class Ltx2Engine(Sampler):
    """A loaded checkpoint of LTX-2."""

    classes: ClassVar[Mapping[str, Any]] = {
        "LTX2Pipeline": PlacedLtx2,
        "LTX2ImageToVideoPipeline": PlacedLtx2,
        "LTX2ConditionPipeline": PlacedLtx2,
        "PlacedLtx2": PlacedLtx2,
    }
    parts: ClassVar[Mapping[str, str]] = {
        "transformer": "LTX2VideoTransformer3DModel",
        "vae": "AutoencoderKLLTX2Video",
        "text_encoder": "Gemma3ForConditionalGeneration",
        "connectors": "LTX2TextConnectors",
    }
    embeddings = (
        "prompt_embeds",
        "prompt_attention_mask",
        "negative_prompt_embeds",
        "negative_prompt_attention_mask",
    )
    takes = frozenset({"stills", "prefix", "camera"})

    def make(self, spec: ClipSpec, given: Given, on_step: OnStep) -> Frames:
        """One call; what is given stands at its frame in full strength."""
        pipeline = self.pipeline
        factor = pipeline.vae_temporal_compression_ratio
        check_prefix(self.card.name, given, factor)
        conditions = []
        if given.prefix is not None:
            conditions.append(LTX2VideoCondition(frames=given.prefix, index=0))
        pipeline.frames = sorted(frame for frame in given.stills if frame > 0)
        for frame, picture in sorted(given.stills.items()):
            # a latent that the clip has: the exact frame is told by `PlacedLtx2`
            latent = -(-frame // factor)
            conditions.append(
                LTX2VideoCondition(frames=picture[None], index=latent, crf=PICTURE_CRF)
            )
        output = self.call(
            pipeline,
            spec,
            on_step,
            output_type="np",
            frame_rate=float(spec.fps),
            conditions=conditions or None,
        )
        return to_frames(output.frames[0])


open_checkpoint = Ltx2Engine
