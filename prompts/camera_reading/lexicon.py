"""What the readers of camera words share: the word file, a found move, plain text.

Knows the words (`camera_words.toml`), no grammar.
"""

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal

Subject = Literal["camera", "picture", "person", "thing"]
"""Who acts in a clause; `picture` is what only terms of film can be said of ("the image zooms in")."""


@dataclass(frozen=True)
class Found:
    """Words that may mean a move: the verb or term at [start, end).

    move: a name of `generator.camera`, or rack_focus, or motion (any at all), or whip_pan_left;
    spans: all places of its words, way included; assumed: no side was named, this one is taken;
    denied: a negation stands before it; family: the words that it came from.
    """

    move: str
    start: int
    end: int
    spans: tuple[tuple[int, int], ...] = ()
    family: str = ""
    assumed: bool = False
    denied: bool = False


@cache
def words() -> dict[str, Any]:
    text = files("shotwright.prompts").joinpath("camera_words.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def spaced(pattern: str) -> str:
    """A pattern of the file with its blanks as any white space."""
    return pattern.replace(" ?", r"\s*").replace(" ", r"\s+")


def longest_first(listed: str) -> str:
    """A list of alternatives in which none hides a longer one that begins like it."""
    return "|".join(sorted(listed.split("|"), key=len, reverse=True))


@cache
def _simplified() -> dict[int, int]:
    letters = words()["traditional"]
    return str.maketrans(letters["from"], letters["to"])


def plain(text: str) -> str:
    """Lower case with "-" inside a word and "_" as blanks, traditional letters as simplified ones; every
    position stays where it was.
    """
    lowered = text.lower()
    if len(lowered) != len(text):  # some capitals are two letters when small
        lowered = "".join(c.lower() if len(c.lower()) == 1 else c for c in text)
    lowered = lowered if lowered.isascii() else lowered.translate(_simplified())
    lowered = _ARROW.sub(lambda m: m["a"] + " " * len(m["arrow"]) + m["b"], lowered)
    return re.sub(r"[_\u2011]|(?<=[\w%°])-(?=\w)", " ", lowered).replace("\u2019", "'")


_ARROW = re.compile(
    r"(?<![a-z])(?P<a>l|r|left|right)(?P<arrow>\s*(?:-+>|=+>|\u2192|>)\s*)(?P<b>l|r|left|right)(?![a-z])"
)
""" "dolly L->R" names a way, no turns."""


_QUOTED = re.compile(r"\"[^\"\n]{0,400}\"|“[^”\n]{0,400}”|「[^」\n]{0,400}」|『[^』\n]{0,400}』")


def without_quotes(text: str) -> str:
    """The text with what is spoken or written in it blanked; a text that is one quote is not."""

    def blank(match: re.Match[str]) -> str:
        whole = match.end() - match.start() > 0.9 * len(text.strip())
        return match.group() if whole else "\0" * len(match.group())

    return _QUOTED.sub(blank, text)
