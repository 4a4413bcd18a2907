"""Words burnt into frames: wrapped, in a font that has Chinese, over a dark band.

Knows no model and no files but the font's.  Noto Sans CJK comes with a package, so that an
animatic looks the same on every machine; a character that it has no glyph for is named by `missing`.
Try: python -m pytest tests/generator/test_captions.py
"""
# ruff: noqa: RUF001  (Chinese punctuation is meant)

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from shotwright.generator.boards import Board
from shotwright.generator.frames import Frames

SIMPLIFIED_CHINESE = 2
"""Number of the face in Noto's collection; it holds the Latin, Japanese and Korean letters too."""

_BAND = 150
"""How dark a band is, of 255: the picture behind it is still seen."""
_INK, _SPEECH = (235, 235, 235), (255, 226, 120)
MAX_ROWS = 400
"""Rows of a speech that are shown at all: a quarter of an hour of it."""
_MOST_BOTTOM = 0.5
"""Share of the height that words at the bottom may take."""
_WIDE = r"[\u2e80-\u9fff\uac00-\ud7ff\uf900-\ufaff\uff00-\uffef\u3000-\u303f]"
_TOKEN = re.compile(rf"{_WIDE}|[^\s\u2e80-\u9fff\uac00-\ud7ff\uf900-\ufaff\uff00-\uffef]+|\s+")
_CLOSING = "，。！？；：、）》」』】”’…,.!?;:)"


@dataclass(frozen=True)
class Words:
    """Bands of words, as they lie over a frame: (top row, keep, add), keep and add uint16 (rows, width, 3).

    A pixel becomes (pixel * keep + add) / 256.
    """

    bands: tuple[tuple[int, NDArray[np.uint16], NDArray[np.uint16]], ...]

    def burn(self, frames: Frames) -> None:
        """Write the words into `frames`, uint8 RGB (n, height, width, 3), in place."""
        for top, keep, add in self.bands:
            rows = slice(top, top + len(keep))
            for frame in frames:
                frame[rows] = (frame[rows] * keep + add) >> 8


def captions(
    board: Board, frames: int, *, width: int, height: int
) -> Iterator[tuple[int, int, Words]]:
    """(first frame, frame after the last, words) for the whole shot; lines of dialogue follow one another.

    What is longer than two rows follows in pieces, each for its share of the letters; number, facts and action stand
    throughout.
    """
    size, room = _type(width, height)
    rows = [wrapped(line, room, font(size, "Bold"), MAX_ROWS) for line in board.dialogue]
    said = [tuple(lines[n : n + 2]) for lines in rows for n in range(0, len(lines), 2)] or [()]
    ends = np.cumsum([max(1, sum(map(len, piece))) for piece in said])
    cuts = [0, *(round(frames * end / ends[-1]) for end in ends)]
    for piece, (start, stop) in zip(said, pairwise(cuts), strict=True):
        if stop > start:
            yield start, stop, _words(board, piece, width, height)


def missing(text: str) -> str:
    """The characters of `text` that the font has no glyph for, each once."""
    drawn = font(16)
    nothing = bytes(drawn.getmask("\U0010fffd"))
    seen = dict.fromkeys(letter for letter in text if not letter.isspace())
    return "".join(c for c in seen if bytes(drawn.getmask(c)) in (nothing, b""))


@lru_cache(maxsize=16)
def font(size: int, weight: str = "Regular") -> ImageFont.FreeTypeFont:
    """Noto Sans CJK at `size` pixels."""
    path = files("manimgx_fonts_cjk") / "NotoSansCJK-VF.otf.ttc"
    face = ImageFont.truetype(str(path), size, index=SIMPLIFIED_CHINESE)
    face.set_variation_by_name(weight)
    return face


def wrapped(text: str, room: float, face: ImageFont.FreeTypeFont, most: int) -> list[str]:
    """`text` in at most `most` lines of `room` pixels, the last cut short with dots when it is longer.

    Chinese breaks between any two characters, but no line begins with a closing mark.
    """
    lines = [""]
    for token in _tokens(text):
        if face.getlength(lines[-1] + token.rstrip()) <= room:
            lines[-1] += token if lines[-1] else token.lstrip()
        else:
            lines += _split(token.strip(), room, face)
    lines = [line.rstrip() for line in lines if line.strip()]
    if len(lines) > most:
        last = lines[most - 1]
        while last and face.getlength(last + "…") > room:
            last = last[:-1]
        lines = [*lines[: most - 1], last.rstrip() + "…"]
    return lines


def _tokens(text: str) -> list[str]:
    tokens: list[str] = []
    for token in _TOKEN.findall(" ".join(text.split())):
        if tokens and token in _CLOSING:
            tokens[-1] += token
        else:
            tokens.append(token)
    return tokens


def _split(token: str, room: float, face: ImageFont.FreeTypeFont) -> list[str]:
    """A word in pieces of at most `room` pixels: an address or a row of letters has no place to break."""
    pieces = [""]
    for letter in token:
        if pieces[-1] and face.getlength(pieces[-1] + letter) > room:
            pieces.append("")
        pieces[-1] += letter
    return pieces


def _type(width: int, height: int) -> tuple[int, int]:
    """(size of the letters, width of a row) in pixels."""
    size = max(12, round(min(width, height) * 0.047))
    return size, width - 2 * (size // 2)


def _words(board: Board, spoken: Sequence[str], width: int, height: int) -> Words:
    size, room = _type(width, height)
    plain, bold = font(size), font(size, "Bold")
    pad = size // 2
    sheet = Image.new("RGBA", (width, height))
    draw = ImageDraw.Draw(sheet)
    step = round(size * 1.35)
    number = wrapped(board.number, room, bold, 1)[0]
    after = bold.getlength(number) + size
    facts = wrapped(board.facts, room - after, plain, 2)
    head = step * max(1, len(facts)) + pad
    draw.rectangle((0, 0, width, head), fill=(0, 0, 0, _BAND))
    draw.text((pad, pad / 2), number, font=bold, fill=(*_INK, 255))
    for row, text in enumerate(facts):
        draw.text((pad + after, pad / 2 + row * step), text, font=plain, fill=(*_INK, 255))
    fitting = int((height * _MOST_BOTTOM - pad) / step) - len(spoken)
    action = wrapped(board.action, room, plain, max(1, min(3, fitting)))
    below = [(text, plain, _INK) for text in action] + [(text, bold, _SPEECH) for text in spoken]
    begin = height - step * len(below) - pad - board.foot
    draw.rectangle((0, begin - pad // 2, width, height), fill=(0, 0, 0, _BAND))
    for row, (text, face, ink) in enumerate(below):
        draw.text((pad, begin + row * step), text, font=face, fill=(*ink, 255))
    return Words(tuple(_band(sheet, *rows) for rows in ((0, head + 1), (begin - pad // 2, height))))


def _band(
    sheet: Image.Image, top: int, bottom: int
) -> tuple[int, NDArray[np.uint16], NDArray[np.uint16]]:
    pixels = np.asarray(sheet)[top:bottom].astype(np.uint16)
    alpha = pixels[..., 3:] * 256 // 255
    keep = np.broadcast_to(256 - alpha, pixels[..., :3].shape)
    return top, np.ascontiguousarray(keep), pixels[..., :3] * alpha
