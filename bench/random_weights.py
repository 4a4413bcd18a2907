"""Checkpoints of a card's full size with random weights, saved as diffusers saves them, so that they load as any other.

What a network computes takes as long whatever its numbers are; what it draws is noise.  The configuration is the card's
(width, ffn, layers, token), the rest the defaults of diffusers' classes, which are those of Wan 2.1, and for the codec
of Wan 2.2 the values below; that the parameters come out as the card counts them is checked.  In the place of the text
encoder, of 11 GB, stands one layer of the same class, as wide: it gives random prompt embeddings.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from diffusers import (
    AutoencoderKLWan,
    UniPCMultistepScheduler,
    WanPipeline,
    WanTransformer3DModel,
)
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast, UMT5Config, UMT5EncoderModel

from shotwright.generator.catalog import Card, FrameRule, Network, load_catalog

HEAD = 128
"""Numbers a head of every Wan network."""
RESIDUAL_CODEC = {
    "base_dim": 160,
    "decoder_base_dim": 256,
    "z_dim": 48,
    "is_residual": True,
    "in_channels": 12,
    "out_channels": 12,
    "patch_size": 2,
    "scale_factor_spatial": 16,
    "scale_factor_temporal": 4,
    "latents_mean": [0.0] * 48,
    "latents_std": [1.0] * 48,
}
"""Of Wan 2.2 TI2V-5B: diffusers' scripts/convert_wan_to_diffusers.py, but for the latents' mean and spread."""
TINY_CODEC = {"base_dim": 8, "num_res_blocks": 1, "dim_mult": [1, 1, 1, 1]}


def card_of(name: str) -> Card:
    """A text-to-video card of the Wan family, or `tiny`: a network of a few thousand parameters, for tests."""
    if name != "tiny":
        card = load_catalog().get(name)
        if card.family != "wan" or card.network is None or "text" not in card.modes:
            raise SystemExit(f"{name} is no Wan model that makes clips from words alone")
        return card
    like = load_catalog().get("wan-2.1-t2v-1.3b")
    return replace(
        like,
        name="tiny",
        sizes={"1:1": (64, 64)},
        size_multiple=16,
        frames=FrameRule(4, 1, 5, 33, 9),
        max_tokens=32,
        network=Network(48, 64, 2, (4, 16, 16), text_tokens=32),
        parameters_m={"transformer": 0.06, "text_encoder": 0.02, "vae": 0.1},
    )


def save(card: Card, folder: Path, *, device: str) -> Card:
    """Save a checkpoint of the card's size in `folder`; the card with that as its source."""
    assert card.network is not None
    tiny = card.name == "tiny"
    experts = [_network(card, device) for _ in range(card.network.experts)]
    counted = sum(p.numel() for p in experts[0].parameters()) / 1e6
    if not tiny and abs(counted / card.parameters_m["transformer"] - 1) > 1e-3:
        raise SystemExit(f"{counted:.1f} million parameters are not those of {card.name}")
    with _made_on(device):
        codec = AutoencoderKLWan(**_codec(card))
        words = UMT5EncoderModel(
            UMT5Config(
                vocab_size=260,
                d_model=experts[0].config.text_dim,
                d_kv=64,
                d_ff=64,
                num_layers=1,
                num_heads=4,
                pad_token_id=0,
            )
        )
    more: dict[str, Any] = (
        {"transformer_2": experts[1], "boundary_ratio": 0.875} if len(experts) > 1 else {}
    )
    WanPipeline(
        tokenizer=_tokenizer(),
        text_encoder=words,
        vae=codec,
        transformer=experts[0],
        scheduler=UniPCMultistepScheduler(
            **{"prediction_type": "flow_prediction", "use_flow_sigmas": True, **card.scheduler}
        ),
        expand_timesteps=codec.config.is_residual,
        **more,
    ).save_pretrained(folder)
    return replace(card, source=str(folder))


def _network(card: Card, device: str) -> WanTransformer3DModel:
    shape = card.network
    assert shape is not None
    head = HEAD if shape.width % HEAD == 0 else 24
    channels = _codec(card).get("z_dim", 16)
    with _made_on(device):
        return WanTransformer3DModel(
            num_attention_heads=shape.width // head,
            attention_head_dim=head,
            ffn_dim=shape.ffn,
            num_layers=shape.layers,
            in_channels=channels,
            out_channels=channels,
            **({"text_dim": 32, "freq_dim": 32} if card.name == "tiny" else {}),
        )


def _codec(card: Card) -> dict[str, Any]:
    assert card.network is not None
    if card.name == "tiny":
        return TINY_CODEC
    return RESIDUAL_CODEC if card.network.token == (4, 32, 32) else {}


@contextmanager
def _made_on(device: str) -> Iterator[None]:
    """Random numbers are drawn where they are fastest drawn, and in 16 bits."""
    usual = torch.get_default_dtype()
    torch.set_default_dtype(torch.float32 if device == "cpu" else torch.bfloat16)
    try:
        with torch.device(device):
            yield
    finally:
        torch.set_default_dtype(usual)


def _tokenizer() -> PreTrainedTokenizerFast:
    """Bytes as tokens, with an end."""
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {name: n for n, name in enumerate(["<pad>", "</s>", "<unk>", *letters])}
    made = Tokenizer(models.BPE(vocabulary, [], unk_token="<unk>"))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.post_processor = processors.TemplateProcessing(
        single="$A </s>", special_tokens=[("</s>", 1)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=made, pad_token="<pad>", eos_token="</s>", unk_token="<unk>"
    )
