"""Single pictures: lossless PNG bytes, and the visible mark of AI-made frames."""

import io
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

MARK_S = 2.0
"""With label=start the mark stands this long."""


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


def mark(frames: NDArray[np.uint8], label: str, *, fps: float) -> NDArray[np.uint8]:
    """Write "AI" into the lower right corner: of no frame (none), of the first two seconds (start), of all (always).

    The letters are 5 % of the shorter side high, at least 8 pixels, white on a dark plate: the least GB 45438-2025
    asks.
    """
    if label == "none":
        return frames
    from PIL import Image, ImageDraw, ImageFont

    count, height, width = frames.shape[:3]
    last = count if label == "always" else min(count, round(MARK_S * fps))
    size = max(8, round(min(height, width) * 0.05))
    font = ImageFont.load_default(size)
    marked = frames.copy()
    for index in range(last):
        picture = Image.fromarray(marked[index])
        draw = ImageDraw.Draw(picture)
        left, top, right, bottom = draw.textbbox((0, 0), "AI", font=font)
        x, y = width - (right - left) - size // 2, height - (bottom - top) - size // 2
        pad = max(1, size // 4)
        plate = (x - pad, y - pad, x + right - left + pad, y + bottom - top + pad)
        draw.rectangle(plate, fill=(0, 0, 0))
        draw.text((x - left, y - top), "AI", font=font, fill=(255, 255, 255))
        marked[index] = np.asarray(picture)
    return marked
