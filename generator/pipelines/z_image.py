"""Z-Image: pictures from Chinese and English words, and from a picture and words."""

import math
from collections.abc import Mapping
from typing import Any, ClassVar

from diffusers import ZImageImg2ImgPipeline, ZImagePipeline

from shotwright.generator.pipelines.pictures import PictureSampler


class ZImageEngine(PictureSampler):
    """A loaded checkpoint of Z-Image."""

    classes: ClassVar[Mapping[str, Any]] = {"ZImagePipeline": ZImagePipeline}
    redrawing = ZImageImg2ImgPipeline
    rounding = math.ceil
    parts: ClassVar[Mapping[str, str]] = {
        "transformer": "ZImageTransformer2DModel",
        "vae": "AutoencoderKL",
        "text_encoder": "Qwen3Model",
    }
    embeddings = ()  # its embeddings are lists of a length each, which the encoder's pipeline alone can put together


open_checkpoint = ZImageEngine
