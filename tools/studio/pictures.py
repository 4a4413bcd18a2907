"""Single pictures: lossless PNG bytes, and the visible mark of AI-made frames."""

import io
import math
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shotwright.generator.frames import Picture

MARK_S = 2.0
"""With label=start the mark stands this long."""
MARK, MARK_LONG = "AI生成", "AI生成 · AI-generated"
MARK_SHARE = 0.05
"""Height of its letters, as a share of the frame's shorter side."""


def png(picture: NDArray[np.uint8], metadata: Mapping[str, str] | None = None) -> bytes:
    """PNG of uint8 RGB (height, width, 3); metadata goes into text chunks."""
    from PIL import Image
    from PIL.PngImagePlugin import PngInfo

    info = PngInfo()
    for name, value in (metadata or {}).items():
        info.add_itxt(name, value)
    out = io.BytesIO()
    Image.fromarray(picture).save(out, "PNG", pnginfo=info)
    return out.getvalue()


def mark(frames: Iterable[Picture], label: str, count: int, *, fps: float) -> Iterator[Picture]:
    """Write MARK into the lower right corner: of no frame (none), of the first two seconds (start), of all (always).

    frames: uint8 RGB (height, width, 3), `count` of them, one by one; those given are left as they are.
    """
    marked = marked_frames(label, count, fps)
    for number, frame in enumerate(frames):
        if number < marked:
            frame = frame.copy()
            put_mark(frame, mark_of(frame.shape[1], frame.shape[0]))
        yield frame


def marked_frames(label: str, count: int, fps: float) -> int:
    """How many of a clip's first frames carry the mark: GB 45438-2025 asks for two seconds at least."""
    return {"none": 0, "start": min(count, math.ceil(MARK_S * fps)), "always": count}[label]


@lru_cache(maxsize=8)
def mark_of(width: int, height: int) -> NDArray[np.uint8]:
    """The mark of a frame of this size, uint8 RGB: white on a dark plate.

    GB 45438-2025 wants both words, "AI" and "生成" (generated), in letters at least 5 % of the shorter side high; in
    English too where it takes less than half of the width.  Never below 8 pixels, where nothing can be read.
    """
    from PIL import Image, ImageDraw

    from shotwright.generator.captions import font

    least = max(8, math.ceil(min(height, width) * MARK_SHARE))
    size = least
    while _box("AI", font(size, "Bold"))[3] - _box("AI", font(size, "Bold"))[1] < least:
        size += 1
    face = font(size, "Bold")
    text = MARK_LONG if face.getlength(MARK_LONG) < width * 0.45 else MARK
    left, top, right, bottom = _box(text, face)
    pad = max(2, least // 3)
    plate = Image.new("RGB", (round(right - left) + 2 * pad, round(bottom - top) + 2 * pad))
    ImageDraw.Draw(plate).text((pad - left, pad - top), text, font=face, fill=(255, 255, 255))
    return np.asarray(plate)


def mark_rows(width: int, height: int) -> int:
    """Rows at the bottom of a frame that the mark takes, with what is left free around it."""
    rows = len(mark_of(width, height))
    return rows + 2 * (rows // 4)


def put_mark(frame: NDArray[np.uint8], plate: NDArray[np.uint8]) -> None:
    """Write the mark into a frame, uint8 RGB (height, width, 3), in place."""
    frame[_corner(frame, plate)] = plate


def is_marked(frame: NDArray[np.uint8]) -> bool:
    """Whether a frame, uint8 RGB (height, width, 3), carries the mark where `mark` puts it."""
    plate = mark_of(frame.shape[1], frame.shape[0])
    found = frame[_corner(frame, plate)].astype(np.int16)
    # a re-encoded mark differs by a few levels, a picture that happens to be there by dozens
    return found.shape == plate.shape and float(np.abs(found - plate).mean()) < 24


def _corner(frame: NDArray[np.uint8], plate: NDArray[np.uint8]) -> tuple[slice, slice]:
    height, width = frame.shape[:2]
    gap = plate.shape[0] // 4
    rows, columns = plate.shape[:2]
    return (
        slice(max(0, height - gap - rows), height - gap),
        slice(max(0, width - gap - columns), width - gap),
    )


def _box(text: str, face: Any) -> tuple[float, float, float, float]:
    from PIL import Image, ImageDraw

    return ImageDraw.Draw(Image.new("L", (1, 1))).textbbox((0, 0), text, font=face)
