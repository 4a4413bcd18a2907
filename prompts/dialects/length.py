"""How long a prompt is for a model: counted by the checkpoint's own tokenizer, else bounded from above.

The tokenizers' packages are imported only by the count that needs them; neither loads torch.
"""

import math
import re
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from shotwright.prompts.language import CJK

CountedBy = Literal["tokenizer", "upper bound"]

BOUND = "one token for two letters of a word, one for each sign, two for each Chinese letter"
"""The stated bound.  Trained tokenizers need about one token for four letters of English."""


def length_of(prompt: str, tokenizer: Path | None) -> tuple[int, CountedBy]:
    """(tokens, how they were counted).

    tokenizer: the folder beside a checkpoint's text encoder; the end token counts.
    """
    if tokenizer is not None:
        for name, load in (("tokenizer.json", _fast), ("spiece.model", _pieces)):
            path = tokenizer / name
            if path.is_file():
                return load(path, path.stat().st_mtime_ns)(prompt), "tokenizer"
    return upper_bound(prompt), "upper bound"


def upper_bound(prompt: str) -> int:
    """More tokens than any of the families' tokenizers makes of ordinary text."""
    chinese = len(re.findall(f"[{CJK}]", prompt))
    rest = re.sub(f"[{CJK}]", " ", prompt)
    words = re.findall(r"[^\W\d_]+", rest)
    signs = len(re.findall(r"[\d_]|[^\w\s]", rest))
    return sum(math.ceil(len(word) / 2) for word in words) + signs + 2 * chinese + 1


@lru_cache(maxsize=4)
def _fast(path: Path, changed: int) -> Any:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return lambda prompt: len(tokenizer.encode(prompt).ids)


@lru_cache(maxsize=4)
def _pieces(path: Path, changed: int) -> Any:
    from sentencepiece import SentencePieceProcessor

    pieces = SentencePieceProcessor(model_file=str(path))
    return lambda prompt: len(pieces.encode(prompt)) + 1  # the end token
