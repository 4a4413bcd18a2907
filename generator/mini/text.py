"""The embedded model's tokenizer and text encoder, both stock classes that `WanPipeline` loads by itself.

The tokenizer turns every phrase of `words.toml`, English or Chinese, into one token and drops the rest; the encoder
is a
UMT5 of no layers (embedding table and final norm), so a caption is a bag of values: order and omission do not matter.
"""

import re

import torch
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers
from transformers import PreTrainedTokenizerFast, UMT5Config, UMT5EncoderModel

from shotwright.generator.mini import words

MAX_TOKENS = 12
"""Prompts are padded to this length with zero vectors; the pipelines must be called with the same number."""
WIDTH = 128

_CJK = re.compile(r"[\u3400-\u9fff]")


def build_tokenizer() -> PreTrainedTokenizerFast:
    """Phrases -> `<value>` tokens; text that no phrase covers is dropped."""
    phrases = [(phrase.lower(), value) for phrase, _, value in words.phrases()]
    phrases += [(token, token) for token in words.tokens()]
    steps: list[normalizers.Normalizer] = [normalizers.NFKC(), normalizers.Lowercase()]
    for phrase, value in phrases:
        pattern = re.escape(phrase).replace("\\ ", r"\s+")
        if not _CJK.search(phrase):
            # not inside another word, and not inside a token made by a longer phrase
            pattern = rf"(?<![\w<]){pattern}(?![\w>])"
        steps.append(normalizers.Replace(Regex(pattern), f" <{value}> "))
    vocabulary = {"<pad>": 0, "<unk>": 1}
    for token in words.tokens():
        vocabulary[f"<{token}>"] = len(vocabulary)
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.normalizer = normalizers.Sequence(steps)
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(r"<\w+>"), "removed", invert=True)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="<pad>",
        unk_token="<unk>",
        model_max_length=MAX_TOKENS,
    )


def build_encoder(vocabulary: int) -> UMT5EncoderModel:
    """A UMT5 encoder of no layers; parameters are the embedding table (vocabulary, 128) and a norm."""
    config = UMT5Config(
        vocab_size=vocabulary,
        d_model=WIDTH,
        d_kv=32,
        d_ff=256,
        num_layers=0,
        num_heads=4,
        feed_forward_proj="gated-gelu",
        dropout_rate=0.0,
        pad_token_id=0,
        eos_token_id=1,
        decoder_start_token_id=0,
    )
    encoder = UMT5EncoderModel(config)
    torch.nn.init.normal_(encoder.shared.weight)
    return encoder
