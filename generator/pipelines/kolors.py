"""Kolors: pictures from Chinese and English words, and from a picture and words."""

import math
import warnings
from collections.abc import Mapping
from typing import Any, ClassVar

from shotwright.generator.errors import RenderFailed
from shotwright.generator.pipelines.pictures import PictureSampler

with warnings.catch_warnings():
    # the text encoder's module still asks for torch.jit.script
    warnings.simplefilter("ignore", DeprecationWarning)
    from diffusers import KolorsImg2ImgPipeline, KolorsPipeline
    from diffusers.pipelines.kolors import ChatGLMModel

PROMPT_TOKENS = 256
"""`KolorsPipeline` checks the length that it is given and then uses its own."""


class KolorsEngine(PictureSampler):
    """A loaded checkpoint of Kolors."""

    classes: ClassVar[Mapping[str, Any]] = {"KolorsPipeline": KolorsPipeline}
    redrawing = KolorsImg2ImgPipeline
    rounding = math.floor
    parts: ClassVar[Mapping[str, str]] = {
        "unet": "UNet2DConditionModel",
        "vae": "AutoencoderKL",
        "text_encoder": ChatGLMModel.__name__,
    }
    embeddings = (
        "prompt_embeds",
        "negative_prompt_embeds",
        "pooled_prompt_embeds",
        "negative_pooled_prompt_embeds",
    )

    def prepare(self) -> None:
        """Raises: RenderFailed for a card with another prompt length than the pipeline reads whatever it is told."""
        if self.card.max_tokens != PROMPT_TOKENS:
            raise RenderFailed(
                f"Kolors reads prompts of {PROMPT_TOKENS} tokens; {self.card.name} says {self.card.max_tokens}.",
                fix=f"max_tokens = {PROMPT_TOKENS}",
                retryable=False,
            )
        super().prepare()


open_checkpoint = KolorsEngine
