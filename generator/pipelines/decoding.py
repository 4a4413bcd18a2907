"""Clips decoded piece by piece, each piece in 8 bits as soon as it is there: no more than one is held in floats.

Of the codecs only Wan's can: it is causal in time and decodes one latent frame after another itself, to put them
together at the end.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from diffusers import AutoencoderKLWan
from diffusers.models.autoencoders.autoencoder_kl_wan import unpatchify
from diffusers.models.autoencoders.vae import DecoderOutput
from torch import Tensor

from shotwright.generator.errors import RenderFailed
from shotwright.generator.frames import Frames

Take = Callable[[Frames], None]


@contextmanager
def in_pieces(codec: Any, take: Take) -> Iterator[None]:
    """While this lasts, what `codec` decodes goes to `take`, and who asked gets one black pixel.

    A codec that cannot, or that is to decode in tiles, which it does each from the first frame to the last, answers
    as ever.
    """
    if not isinstance(codec, AutoencoderKLWan):
        yield
        return
    whole = codec._decode

    def decode(latents: Tensor, return_dict: bool = True) -> Any:
        if codec.use_tiling and _tiled(codec, latents):
            return whole(latents, return_dict=return_dict)
        for piece in _pieces(codec, latents):
            take(shown(piece))
        return DecoderOutput(sample=latents.new_zeros(1, 3, 1, 1, 1))

    # what moves the codec to the device is around `decode`, which calls this
    codec._decode = decode
    try:
        yield
    finally:
        del codec._decode


def _pieces(codec: AutoencoderKLWan, latents: Tensor) -> Iterator[Tensor]:
    """Pixels (1, 3, frames, height, width) from -1 to 1 of one latent frame after another.

    The loop of `AutoencoderKLWan._decode`, diffusers 0.42.
    """
    codec.clear_cache()
    ready = codec.post_quant_conv(latents)
    for frame in range(ready.shape[2]):
        codec._conv_idx = [0]
        piece = codec.decoder(
            ready[:, :, frame : frame + 1],
            feat_cache=codec._feat_map,
            feat_idx=codec._conv_idx,
            first_chunk=frame == 0,
        )
        if codec.config.patch_size is not None:
            piece = unpatchify(piece, patch_size=codec.config.patch_size)
        yield torch.clamp(piece, min=-1.0, max=1.0)
    codec.clear_cache()


def _tiled(codec: AutoencoderKLWan, latents: Tensor) -> bool:
    scale = codec.spatial_compression_ratio
    rows, columns = latents.shape[-2:]
    tall = rows > codec.tile_sample_min_height // scale
    return bool(tall or columns > codec.tile_sample_min_width // scale)


def shown(pixels: Tensor) -> Frames:
    """uint8 frames of pixels (1, 3, frames, height, width) from -1 to 1.

    Raises: RenderFailed where they are no numbers.
    """
    shares = (pixels[0] * 0.5 + 0.5).clamp(0, 1).permute(1, 2, 3, 0).float()
    if not torch.isfinite(shares).all():
        raise no_numbers()
    frames: Frames = (shares * 255).round().to(torch.uint8).cpu().numpy()
    return frames


def no_numbers() -> RenderFailed:
    """What a rendering ends with whose pixels are no numbers."""
    return RenderFailed(
        "the model's numbers ran out of range, and no picture came of it.",
        fix="try another seed; if it fails again, the weights are damaged or their precision too low",
    )
