"""The vocabulary of the embedded model's world, read from `words.toml`.

Knows phrases and values, nothing of pictures.  Import is light: no numpy, no torch.
"""

import tomllib
from collections.abc import Mapping
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


@cache
def phrases() -> tuple[tuple[str, str, str], ...]:
    """(phrase, factor, value), longest first: the order in which they are looked for in a text.

    Of equally long ones places go first: 街上|升空 is no 上升.
    """
    listed = (
        (phrase, factor, value)
        for factor, group in lexicon().items()
        for value, listed in group.items()
        for phrase in listed
    )
    return tuple(sorted(listed, key=lambda entry: (-len(entry[0]), entry[1] != "place")))


def values(factor: str) -> tuple[str, ...]:
    """The values of one factor, in the file's order."""
    return tuple(lexicon()[factor])


def tokens() -> tuple[str, ...]:
    """Every value of every factor: the vocabulary of canonical captions."""
    return tuple(value for group in lexicon().values() for value in group)


SETTLED = ("colour", "time", "place")
"""Factors that the model obeys without being pushed: what a caption says of them is its negative prompt too.

Guidance then pushes only along the rest, which is hard: who, what they do, and the camera.
"""
TIMID = ("dolly", "pedestal")
"""Moves that the model makes too small: their negative prompt holds a camera at rest, too.

Of 94 clips the camera was right in 68 instead of 44; trucks and turns gained nothing, and turned too far.
"""


def pushed_from(said: Mapping[str, str]) -> dict[str, str]:
    """What the negative prompt says, of what the caption does: factor -> value."""
    settled = {factor: said[factor] for factor in SETTLED if factor in said}
    timid = said.get("camera", "").partition("_")[0] in TIMID
    return settled | ({"camera": "static"} if timid else {})
