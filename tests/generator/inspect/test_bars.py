import cv2
import numpy as np
import pytest

from shotwright.generator.frames import Frames, Picture
from shotwright.generator.inspect.bars import HELD, bars, without_bars
from shotwright.generator.mini.world import Scene, render

TOWN = Scene("blue", "box", "rests", "day", "city", "clear", "pan_left", "", 11)


def framed(frames: Frames, rows: int, columns: int, level: int = 0) -> Frames:
    """The middle of the frames, the rest a bar's one colour."""
    height, width = frames.shape[1:3]
    out = np.full_like(frames, level)
    inner = (slice(None), slice(rows, height - rows), slice(columns, width - columns))
    out[inner] = frames[inner]
    return out


def town(frames: int = 1) -> Frames:
    return render(TOWN, frames=frames, height=144, width=256).frames


@pytest.mark.parametrize("level", [0, 16, 255])
@pytest.mark.parametrize(("rows", "columns"), [(0, 0), (18, 0), (0, 50), (12, 30)])
def test_bars_are_found_with_the_row_that_a_coder_mixes(
    rows: int, columns: int, level: int
) -> None:
    (frame,) = framed(town(), rows, columns, level)
    assert bars(frame) == (rows and rows + 1, columns and columns + 1)


def night() -> Picture:
    """A moon over nothing: dark to every side, and no bar."""
    y, x = np.mgrid[:144, :256]
    disc = (y - 72) ** 2 + (x - 128) ** 2 < 50**2
    return np.asarray(disc[..., None] * np.array([200, 200, 180]), np.uint8)


def sky() -> Picture:
    """Flat above and flat below, of two colours."""
    frame = np.full((144, 256, 3), 200, np.uint8)
    frame[100:] = 40
    return frame


@pytest.mark.parametrize("frame", [night(), sky(), np.zeros((144, 256, 3), np.uint8)])
def test_what_is_only_flat_towards_the_edge_is_no_bar(frame: Picture) -> None:
    assert bars(frame) == (0, 0)


def test_subtitles_in_a_bar_leave_it_one() -> None:
    (frame,) = framed(town(), 20, 0)
    cv2.putText(frame, "Where are we going?", (30, 139), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (255,) * 3)
    assert bars(frame) == (21, 0)


def test_bars_of_two_widths_lose_what_both_have() -> None:
    (frame,) = framed(town(), 10, 0)
    frame[:20] = 0
    assert bars(frame) == (11, 0)


def test_in_a_fade_from_black_bars_are_looked_for_where_it_is_lit() -> None:
    clip = framed(town(30), 20, 0)
    faded = (clip * np.linspace(0, 1, 30)[:, None, None, None]).astype(np.uint8)
    inner, share = without_bars(iter(faded))
    assert share == 1
    assert [frame.shape for frame in inner] == [(102, 256, 3)] * 30


def test_of_a_clip_that_stays_dark_no_frame_is_lost() -> None:
    black = np.zeros((HELD + 5, 40, 64, 3), np.uint8)
    inner, share = without_bars(black)
    assert share == 1 and len(list(inner)) == HELD + 5


def test_what_is_left_of_the_width_is_told() -> None:
    inner, share = without_bars(framed(town(3), 0, 63))
    assert share == 0.5 and next(inner).shape == (144, 128, 3)
