"""The vocabulary of the embedded model's world, read from `words.toml`.

Knows phrases and values, nothing of pictures.  Import is light: no numpy, no torch.
"""

import tomllib
from functools import cache
from importlib.resources import files


@cache
def lexicon() -> dict[str, dict[str, tuple[str, ...]]]:
    """Factor -> value -> its phrases, in the file's order."""
    text = files("shotwright.generator.mini").joinpath("words.toml").read_text(encoding="utf-8")
    return {
        factor: {value: tuple(phrases) for value, phrases in values.items()}
        for factor, values in tomllib.loads(text).items()
    }


def values(factor: str) -> tuple[str, ...]:
    """The values of one factor, in the file's order."""
    return tuple(lexicon()[factor])


def tokens() -> tuple[str, ...]:
    """Every value of every factor: the vocabulary of canonical captions."""
    return tuple(value for group in lexicon().values() for value in group)
