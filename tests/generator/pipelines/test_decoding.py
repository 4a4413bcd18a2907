"""Decoding piece by piece: the same bits as diffusers' own whole, on tiny codecs of every kind of Wan's."""

import gc
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import AutoencoderKL, AutoencoderKLWan
from diffusers.video_processor import VideoProcessor

from shotwright.generator.errors import RenderFailed
from shotwright.generator.frames import Frames
from shotwright.generator.pipelines.decoding import in_pieces, shown
from shotwright.generator.pipelines.sampling import to_frames

SMALL: dict[str, Any] = {
    "base_dim": 8,
    "z_dim": 16,
    "dim_mult": [1, 1, 1, 1],
    "num_res_blocks": 1,
    "temperal_downsample": [False, True, True],
}
RESIDUAL: dict[str, Any] = {
    "is_residual": True,
    "in_channels": 12,
    "out_channels": 12,
    "patch_size": 2,
    "scale_factor_spatial": 16,
}


def codec(**changes: Any) -> AutoencoderKLWan:
    torch.manual_seed(1)
    return AutoencoderKLWan(**{**SMALL, **changes}).eval()


def latents(frames: int, side: int = 4) -> torch.Tensor:
    return torch.randn(1, 16, frames, side, side, generator=torch.Generator().manual_seed(2))


def whole(made: AutoencoderKLWan, asked: torch.Tensor) -> Frames:
    """As a pipeline of diffusers does it."""
    pixels = made.decode(asked, return_dict=False)[0]
    return to_frames(VideoProcessor().postprocess_video(pixels, output_type="np")[0])


@pytest.mark.parametrize("changes", [{}, RESIDUAL], ids=["2.1", "2.2 TI2V"])
@torch.no_grad()
def test_pieces_put_together_are_the_whole_bit_for_bit(changes: dict[str, Any]) -> None:
    made, asked = codec(**changes), latents(4)
    expected = whole(made, asked)
    pieces: list[Frames] = []
    with in_pieces(made, pieces.append):
        (left,) = made.decode(asked, return_dict=False)
    assert [len(piece) for piece in pieces] == [1, 4, 4, 4]
    assert np.array_equal(np.concatenate(pieces), expected)
    assert left.numel() == 3
    assert np.array_equal(whole(made, asked), expected), "nothing of it is left"


@torch.no_grad()
def test_tiles_and_other_codecs_are_decoded_whole() -> None:
    tiled = codec()
    tiled.enable_tiling(32, 32, 16, 16)
    pieces: list[Frames] = []
    with in_pieces(tiled, pieces.append):
        assert tiled.decode(latents(2, side=6)).sample.shape == (1, 3, 5, 48, 48)
        # what is no larger than a tile is not cut
        tiled.decode(latents(2))
    assert [len(piece) for piece in pieces] == [1, 4]
    other = AutoencoderKL()
    with in_pieces(other, pieces.append):
        assert other.decode(torch.zeros(1, 4, 8, 8)).sample.shape == (1, 3, 8, 8)
    assert len(pieces) == 2


@torch.no_grad()
def test_no_more_than_a_piece_is_held_in_floats() -> None:
    made = codec()
    held: list[int] = []

    def take(piece: Frames) -> None:
        rows, columns = piece.shape[1:3]
        gc.collect()
        pictures = [
            t
            for t in gc.get_objects()
            if type(t) is torch.Tensor and t.shape[-2:] == (rows, columns) and t.dim() == 5
        ]
        held.append(sum(t.shape[2] for t in pictures if t.shape[1] == 3))

    with in_pieces(made, take):
        made.decode(latents(6))
    assert max(held) <= 8 and held[-1] == held[2], "flat in the length of the clip"


def test_pixels_that_are_no_numbers_are_refused() -> None:
    with pytest.raises(RenderFailed, match="out of range"):
        shown(torch.full((1, 3, 1, 8, 8), torch.nan))
