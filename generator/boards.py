"""Storyboard panels drawn from a few facts: where, when, who and how large.  Knows no words and no files.

The canvas is three frames wide and high; the frame at rest is its middle.  The same board gives the
same pixels.
Try: python -m pytest tests/generator/test_animatic.py
"""

import hashlib
import math
import random
from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image, ImageDraw

from shotwright.generator.frames import Picture

Colour = tuple[int, int, int]

SIZES = {
    "extreme_wide": 0.14,
    "wide": 0.34,
    "full": 0.74,
    "medium_wide": 1.05,
    "medium": 1.45,
    "medium_close_up": 2.1,
    "close_up": 3.0,
    "extreme_close_up": 4.6,
    "insert": 3.0,
}
"""Height of a standing figure, in heights of the frame, by the size of the shot."""

HORIZONS = {
    "eye_level": 0.45,
    "low": 0.68,
    "ground": 0.8,
    "high": 0.22,
    "dutch": 0.45,
    "aerial": -0.25,
    "overhead": -1.2,
}
"""Where the horizon lies below the frame's upper edge, in its heights; negative is above the frame."""

PALETTES: dict[str, tuple[Colour, Colour, Colour, Colour]] = {
    # sky at the top, sky at the horizon, ground, what stands far away
    "day": ((132, 176, 206), (208, 222, 226), (150, 152, 128), (120, 136, 128)),
    "dawn": ((120, 138, 178), (236, 196, 170), (132, 122, 110), (110, 104, 116)),
    "dusk": ((70, 70, 116), (226, 142, 96), (98, 84, 82), (70, 60, 74)),
    "night": ((14, 18, 36), (38, 48, 78), (38, 42, 50), (24, 28, 42)),
    "inside": ((176, 166, 150), (198, 188, 170), (126, 106, 88), (150, 136, 118)),
    "inside night": ((58, 54, 62), (78, 70, 70), (52, 44, 42), (44, 40, 46)),
}
_FIGURES: tuple[Colour, ...] = (
    (60, 84, 120),
    (140, 66, 54),
    (70, 104, 74),
    (120, 92, 46),
    (92, 66, 112),
)


@dataclass(frozen=True)
class Figure:
    """Someone or something in the picture; x: -1 at the frame's left edge, 1 at its right."""

    name: str
    x: float = 0.0
    thing: bool = False


@dataclass(frozen=True)
class Board:
    """One panel.  number, facts and action stand on it, lines of `dialogue` one after the other.

    size, angle, palette: names of SIZES, HORIZONS and PALETTES; place: the same text gives the same
    surroundings; over_shoulder: somebody's back frames the picture; foot: rows at the bottom that its words
    leave to a mark.
    """

    number: str
    action: str
    facts: str = ""
    dialogue: tuple[str, ...] = ()
    size: str = "medium"
    angle: str = "eye_level"
    palette: str = "day"
    place: str = ""
    figures: tuple[Figure, ...] = ()
    over_shoulder: bool = False
    foot: int = 0


def draw_board(board: Board, width: int, height: int) -> Picture:
    """The panel's picture without its words, uint8 RGB (3 height, 3 width, 3)."""
    sky, haze, ground, far = PALETTES[board.palette]
    canvas = Image.new("RGB", (3 * width, 3 * height), ground)
    draw = ImageDraw.Draw(canvas)
    level = round(height * (1 + HORIZONS[board.angle]))
    for y in range(max(0, level)):
        draw.line((0, y, 3 * width, y), fill=_between(sky, haze, y / level))
    rng = random.Random(hashlib.sha256(board.place.encode()).digest())
    if board.palette.startswith("inside"):
        _room(draw, rng, width, height, level, far)
    else:
        _country(draw, rng, width, height, level, far, night=board.palette == "night")
    _floor(draw, width, height, level, ground)
    for number, figure in enumerate(board.figures):
        ink = _FIGURES[_hash(figure.name) % len(_FIGURES)]
        place = (width * (1.5 + figure.x / 2), height, width)
        if figure.thing or board.size == "insert":
            _thing(draw, place, SIZES[board.size], ink, beside=len(board.figures) - 1)
        else:
            _person(draw, place, SIZES[board.size], ink, turned=number % 2 == 1)
    if board.over_shoulder:
        _shoulder(draw, width, height, left=not board.figures or board.figures[0].x >= 0)
    picture = np.asarray(canvas)
    return _tilted(picture, 9.0) if board.angle == "dutch" else picture


def _country(
    draw: ImageDraw.ImageDraw,
    rng: random.Random,
    width: int,
    height: int,
    level: int,
    far: Colour,
    *,
    night: bool,
) -> None:
    waves = [(rng.uniform(0.6, 3), rng.uniform(0, 6.3), rng.uniform(0.02, 0.06)) for _ in range(3)]
    hills = [
        (
            x,
            level
            - height * (0.05 + sum(a * (1 + math.sin(f * x / width + p)) for f, p, a in waves)),
        )
        for x in range(0, 3 * width + 8, 8)
    ]
    draw.polygon([(0, level), *hills, (3 * width, level)], fill=far)
    x, y, r = width * rng.uniform(1.1, 1.9), level - height * rng.uniform(0.25, 0.4), height * 0.05
    draw.ellipse((x - r, y - r, x + r, y + r), fill=(226, 226, 214) if night else (250, 240, 204))
    trunk, leaves = _between(far, (0, 0, 0), 0.35), _between(far, (40, 84, 44), 0.45)
    for _ in range(14):
        x, tall = rng.uniform(0, 3 * width), height * rng.uniform(0.08, 0.2)
        draw.rectangle((x - tall / 14, level - tall, x + tall / 14, level + 3), fill=trunk)
        draw.ellipse(
            (x - tall / 3, level - 1.5 * tall, x + tall / 3, level - tall / 2), fill=leaves
        )


def _room(
    draw: ImageDraw.ImageDraw,
    rng: random.Random,
    width: int,
    height: int,
    level: int,
    far: Colour,
) -> None:
    dark = _between(far, (0, 0, 0), 0.3)
    for post in range(0, 3 * width, max(8, width // 6)):
        draw.line((post, 0, post, level), fill=far, width=1)
    for _ in range(7):
        x, wide = rng.uniform(0, 3 * width), width * rng.uniform(0.08, 0.2)
        top = level - height * rng.uniform(0.35, 0.6)
        box = (x, top, x + wide, top + height * rng.uniform(0.15, 0.28))
        draw.rectangle(
            box, fill=_between(far, (200, 214, 226), rng.random() * 0.6), outline=dark, width=3
        )
    draw.rectangle((0, level - height * 0.035, 3 * width, level), fill=dark)


def _floor(draw: ImageDraw.ImageDraw, width: int, height: int, level: int, ground: Colour) -> None:
    """Lines on the ground: towards the vanishing point, and across at equal distances."""
    line, bottom = _between(ground, (0, 0, 0), 0.22), 3 * height
    middle = width * 1.5
    for step in range(-60, 61):
        draw.line(
            (middle + step * 6, level, middle + step * width * 0.45, bottom), fill=line, width=2
        )
    for number in range(1, 16):
        y = level + (bottom - level) / number
        draw.line((0, y, 3 * width, y), fill=line, width=2)


def _person(
    draw: ImageDraw.ImageDraw,
    place: tuple[float, float, float],
    size: float,
    ink: Colour,
    *,
    turned: bool,
) -> None:
    """A standing figure whose head is in the upper third, or whose feet are on the ground when all of it fits."""
    x, height, width = place
    # an upright frame is filled by its width
    tall = size * min(height, 1.15 * width)
    top = (
        height * (1.7 + 0.2 * size) - tall if size < 0.8 else height * (1.16 if size < 2.5 else 1.1)
    )
    head = tall * 0.075
    dark = _between(ink, (0, 0, 0), 0.35)
    skin = _between((222, 184, 150), ink, 0.15)
    leg = tall * 0.07
    for side in (-1, 1):
        foot = x + side * tall * 0.06
        draw.rectangle((foot - leg / 2, top + tall * 0.5, foot + leg / 2, top + tall), fill=dark)
    body = (x - tall * 0.13, top + tall * 0.17, x + tall * 0.13, top + tall * 0.56)
    draw.rounded_rectangle(body, radius=tall * 0.07, fill=ink)
    draw.rectangle((x - head / 2, top + head, x + head / 2, top + tall * 0.2), fill=skin)
    face = (x - head, top, x + head, top + 2.5 * head)
    draw.ellipse(face, fill=skin)
    draw.pieslice((face[0], face[1], face[2], face[3] - head * 0.4), 180, 360, fill=dark)
    way = -1 if turned else 1
    for share in (-0.2, 0.55):
        eye = (x + way * share * head, top + head * 1.35)
        dot = max(1.0, head * 0.1)
        draw.ellipse((eye[0] - dot, eye[1] - dot, eye[0] + dot, eye[1] + dot), fill=(30, 26, 30))


_MOST_SIDE = (0.34, 0.24, 0.17)
"""Half a box's side in widths of the frame: of one alone, of two, of three."""


def _thing(
    draw: ImageDraw.ImageDraw,
    place: tuple[float, float, float],
    size: float,
    ink: Colour,
    *,
    beside: int,
) -> None:
    """A box on the ground, as large as the others beside it leave room for."""
    x, height, width = place
    side = 0.28 * min(size, 1.4) * min(height, 1.15 * width)
    side = min(side, _MOST_SIDE[min(beside, 2)] * width)
    y = height * 1.55
    draw.ellipse(
        (x - side, y + side * 0.7, x + side, y + side * 1.1), fill=_between(ink, (0, 0, 0), 0.6)
    )
    box = (x - side * 0.8, y - side * 0.8, x + side * 0.8, y + side * 0.9)
    draw.rounded_rectangle(
        box, radius=side * 0.25, fill=ink, outline=_between(ink, (0, 0, 0), 0.5), width=4
    )
    light = (x - side * 0.6, y - side * 0.6, x - side * 0.2, y + side * 0.3)
    draw.rounded_rectangle(light, radius=side * 0.15, fill=_between(ink, (255, 255, 255), 0.5))


def _shoulder(draw: ImageDraw.ImageDraw, width: int, height: int, *, left: bool) -> None:
    x = width * (1.08 if left else 1.92)
    dark = (34, 32, 38)
    draw.ellipse((x - width * 0.13, height * 1.25, x + width * 0.13, height * 1.75), fill=dark)
    draw.ellipse((x - width * 0.34, height * 1.62, x + width * 0.34, height * 2.9), fill=dark)


def _tilted(picture: Picture, degrees: float) -> Picture:
    rows, columns = picture.shape[:2]
    turn = cv2.getRotationMatrix2D((columns / 2, rows / 2), degrees, 1.0)
    return np.asarray(
        cv2.warpAffine(picture, turn, (columns, rows), borderMode=cv2.BORDER_REPLICATE), np.uint8
    )


def _between(a: Colour, b: Colour, share: float) -> Colour:
    return (
        round(a[0] + (b[0] - a[0]) * share),
        round(a[1] + (b[1] - a[1]) * share),
        round(a[2] + (b[2] - a[2]) * share),
    )


def _hash(name: str) -> int:
    return hashlib.sha256(name.encode()).digest()[0]
