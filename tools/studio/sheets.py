"""Pictures for looking at clips: contact sheets, single frames, posters, all JPEG and small.

Knows no store.  A sheet goes to a model inside an answer, so it is under MAX_BYTES whatever it
shows: first the quality gives way, then the size.
Try: python -m pytest tests/tools/studio/test_sheets.py
"""

import io
import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from shotwright.generator.errors import BadRequest

if TYPE_CHECKING:
    from PIL import Image

MAX_BYTES = 200_000
MAX_WIDTH = 1280
MIN_HEIGHT = 160
"""A frame lower than this cannot be judged by a model."""

_CELL_HEIGHT = 360
GAP, LABEL, FONT = 6, 18, 13
_DENSITY = 0.1
"""Bytes a pixel of a JPEG of middling quality: where a large sheet begins to shrink."""
BACK, INK = (24, 24, 24), (230, 230, 230)

Frames = NDArray[np.uint8]
Rate = float | Fraction


def sheet_of(pictures: Frames, labels: Sequence[str]) -> bytes:
    """A JPEG of these pictures, uint8 RGB (n, height, width, 3), each over its label.

    Each is shown at least MIN_HEIGHT high, unless that would pass MAX_WIDTH.
    """
    return small_jpeg(lambda shrink: grid(pictures, labels, shrink=shrink))


def grid(
    pictures: Frames, labels: Sequence[str], *, columns: int | None = None, shrink: float = 1.0
) -> "Image.Image":
    """These pictures in rows, each over its label; shrink: how much lower than usual they may be."""
    height, width = pictures.shape[1:3]
    columns = columns or _columns(len(pictures), width, height)
    rows = math.ceil(len(pictures) / columns)
    cell = _cell((width, height), (MAX_WIDTH - GAP) // columns - GAP, shrink)
    sheet = blank(columns * (cell[0] + GAP) + GAP, rows * (cell[1] + LABEL + GAP) + GAP)
    for place, (picture, label) in enumerate(zip(pictures, labels, strict=True)):
        row, column = divmod(place, columns)
        at = (GAP + column * (cell[0] + GAP), GAP + row * (cell[1] + LABEL + GAP))
        _paste(sheet, picture, cell, at, label)
    return sheet


def film_sheet(
    shots: Sequence[tuple[str, Frames, Rate]],
    *,
    count: int = 4,
    numbers: Sequence[Sequence[int]] | None = None,
) -> bytes:
    """A JPEG with one row a shot: its label, and `count` of its frames from first to last.

    shots: (label, uint8 RGB (frames, height, width, 3), fps); numbers: what number in its shot each
    frame given has, where not all of them are.  Frames are at least MIN_HEIGHT high
    as long as the whole stays under MAX_BYTES; of a film of many shots they are smaller.
    """
    heights, widths = zip(*(frames.shape[1:3] for _, frames, _ in shots), strict=True)
    columns = min(count, max(len(frames) for _, frames, _ in shots))
    columns = min(columns, min(map(_most_columns, widths, heights)))
    room = (MAX_WIDTH - GAP) // columns - GAP

    def draw(shrink: float) -> "Image.Image":
        cells = [_cell(size, room, shrink) for size in zip(widths, heights, strict=True)]
        wide, high = (max(sides) for sides in zip(*cells, strict=True))
        row_height = high + 2 * LABEL + GAP
        sheet = blank(columns * (wide + GAP) + GAP, len(shots) * row_height + GAP)
        for row, (label, frames, fps) in enumerate(shots):
            top = GAP + row * row_height
            write_line(sheet, (GAP, top), label, sheet.width - 2 * GAP)
            for column, number in enumerate(spaced(len(frames), columns)):
                at = (GAP + column * (wide + GAP), top + LABEL)
                named = numbers[row][number] if numbers else number
                _paste(sheet, frames[number], cells[row], at, stamp(named, fps))
        return sheet

    # of many shots the frames are small anyway: drawing them large first would take seconds
    each = MAX_BYTES / _DENSITY / (len(shots) * columns)
    high = math.sqrt(each * heights[0] / widths[0])
    start = high / _CELL_HEIGHT if high > MIN_HEIGHT else high / (5 * MIN_HEIGHT)
    return small_jpeg(draw, shrink=min(1.0, start))


def numbers_at(count: int, fps: Rate, at_s: Sequence[float]) -> list[int]:
    """The numbers of the frames shown at these times in a clip of `count` frames.

    The end of the clip shows the last frame.  Raises: BadRequest for a time outside the clip.
    """
    duration_s = float(count / fps)
    for moment in at_s:
        if not 0 <= moment <= duration_s:
            raise BadRequest(
                f"The clip lasts {duration_s:.3f} s and has nothing at {moment:g} s.",
                fix=f"Ask for times from 0 to {duration_s:.3f}.",
                field="at_s",
                value=moment,
                allowed=[0, duration_s],
            )
    # Just under a frame's first moment, by rounding of the caller's decimals, is that frame.
    return [min(int(moment * fps + 1e-3), count - 1) for moment in at_s]


def still(frame: Frames, *, most: int = MAX_BYTES) -> bytes:
    """One frame, uint8 RGB (height, width, 3), as a JPEG for looking at, under `most` bytes: 160 to 720 high."""
    height, width = frame.shape[:2]
    highest = min(max(height, _CELL_HEIGHT), 2 * _CELL_HEIGHT)
    return small_jpeg(
        lambda shrink: _scaled(frame, _cell((width, height), MAX_WIDTH, shrink, highest)), most
    )


def poster(frame: Frames) -> bytes:
    """One frame, uint8 RGB (height, width, 3), as a JPEG of its own size."""
    from PIL import Image

    return _jpeg(Image.fromarray(frame), 90)


def spaced(total: int, count: int) -> list[int]:
    """Up to `count` numbers out of `total`, evenly spaced, the first and the last among them."""
    return [round(number) for number in np.linspace(0, total - 1, min(count, total))]


def stamp(number: int, fps: Rate) -> str:
    """A frame's number and time, as its label."""
    return f"#{number}  {float(number / fps):.2f} s"


def _columns(count: int, width: int, height: int) -> int:
    """How many frames stand side by side: for a sheet a little wider than high, if they fit."""
    return min(round(math.sqrt(1.3 * count * height / width)) or 1, _most_columns(width, height))


def _most_columns(width: int, height: int) -> int:
    """How many frames fit side by side at MIN_HEIGHT."""
    return max(1, (MAX_WIDTH - GAP) // (math.ceil(width * MIN_HEIGHT / height) + GAP))


def _cell(
    size: tuple[int, int], room: int, shrink: float, highest: int = _CELL_HEIGHT
) -> tuple[int, int]:
    """The width and height at which a frame of this size is shown in a column of this room.

    Small frames grow by a whole factor, which keeps their pixels even.  A `shrink` below 1 asks for
    less height: down to MIN_HEIGHT, and below that when it is less than a fifth.
    """
    width, height = size
    high = max(highest * shrink, MIN_HEIGHT * min(1, 5 * shrink))
    most = min(room / width, high / height)
    whole = math.floor(most)
    scale = whole if whole * height >= MIN_HEIGHT else most
    return max(1, round(width * scale)), max(1, round(height * scale))


def _scaled(frame: Frames, size: tuple[int, int]) -> "Image.Image":
    from PIL import Image

    picture = Image.fromarray(frame)
    return picture if picture.size == size else picture.resize(size, Image.Resampling.LANCZOS)


def blank(width: int, height: int) -> "Image.Image":
    """A dark sheet of this size."""
    from PIL import Image

    return Image.new("RGB", (width, height), BACK)


def _paste(
    sheet: "Image.Image", frame: Frames, size: tuple[int, int], at: tuple[int, int], label: str
) -> None:
    sheet.paste(_scaled(frame, size), at)
    write_line(sheet, (at[0], at[1] + size[1]), label, size[0])


def write_line(
    sheet: "Image.Image",
    at: tuple[int, int],
    text: str,
    room: int,
    ink: tuple[int, int, int] = INK,
) -> None:
    """Write a line of text into `room` pixels, cut short with dots when it is longer."""
    from PIL import ImageDraw, ImageFont

    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(FONT)
    shown = text
    while shown and draw.textlength(shown, font) > room:
        shown = shown.removesuffix("…")[:-1] + "…" if len(shown) > 1 else ""
    draw.text((at[0] + 1, at[1] + 1), shown, ink, font)


def _jpeg(picture: "Image.Image", quality: int) -> bytes:
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=quality, optimize=True)
    return out.getvalue()


def small_jpeg(
    draw: Callable[[float], "Image.Image"], most: int = MAX_BYTES, shrink: float = 1.0
) -> bytes:
    """What `draw` draws at the best quality and size, from `shrink` down, that stay under `most` bytes."""
    while True:
        picture = draw(shrink)
        for quality in (88, 75, 60, 45, 30):
            data = _jpeg(picture, quality)
            if len(data) < most:
                return data
        # Bytes go with the area; a step is never so small that it takes long, nor a leap.
        shrink *= min(0.9, max(0.5, math.sqrt(most / len(data))))
