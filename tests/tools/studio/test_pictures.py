"""PNG bytes, and the visible mark."""

import io

import numpy as np
import pytest
from PIL import Image

from shotwright.tools.studio.pictures import mark, png

FRAMES = np.full((24, 64, 112, 3), 90, np.uint8)


@pytest.mark.parametrize(("label", "marked"), [("none", 0), ("start", 16), ("always", 24)])
def test_a_label_marks_the_frames_it_names(label: str, marked: int) -> None:
    shown = mark(FRAMES, label, 24, fps=8)
    touched = [bool((frame != FRAMES[0]).any()) for frame in shown]
    assert touched == [True] * marked + [False] * (24 - marked)
    assert (FRAMES == 90).all(), "the frames given are left alone"


def test_the_mark_is_readable_and_lies_in_the_lower_right_corner() -> None:
    changed = (next(mark(FRAMES, "always", 24, fps=8)) != FRAMES[0]).any(axis=2)
    rows, columns = np.nonzero(changed)
    assert rows.min() > 32 and columns.min() > 56
    assert np.ptp(rows) + 1 >= 8, "at least 8 pixels high"


def test_a_png_keeps_every_value_and_its_words() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    opened = Image.open(io.BytesIO(png(picture, {"title": "kettle, 水壶"})))
    assert np.array_equal(np.asarray(opened), picture)
    assert opened.info["title"] == "kettle, 水壶"
