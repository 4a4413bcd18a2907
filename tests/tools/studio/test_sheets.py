"""Sheets are small in bytes, large enough to judge, and show the first and the last frame."""

import io
import time
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from shotwright.generator.errors import BadRequest
from shotwright.tools.studio.sheets import (
    Frames,
    film_sheet,
    numbers_at,
    poster,
    sheet_of,
    spaced,
    stamp,
    still,
)


def _grey(count: int, height: int = 64, width: int = 112) -> Frames:
    """Frame number n is evenly grey, of value 10 n."""
    values = np.arange(count, dtype=np.uint8)[:, None, None, None] * 10
    return np.broadcast_to(values, (count, height, width, 3)).copy()


def _noise(count: int, height: int, width: int) -> Frames:
    return np.random.default_rng(0).integers(0, 256, (count, height, width, 3), np.uint8)


def _open(jpeg: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(jpeg))
    assert image.format == "JPEG"
    return image


def _sheet(frames: Frames, *, fps: Fraction = Fraction(16), count: int = 9) -> bytes:
    """The sheet that a take is filed with."""
    numbers = spaced(len(frames), count)
    return sheet_of(frames[numbers], [stamp(number, fps) for number in numbers])


def _shown(sheet: Image.Image, value: int) -> tuple[int, int]:
    """The width and height of the area of this grey."""
    near = np.abs(np.asarray(sheet.convert("L")).astype(int) - value) <= 2
    rows, columns = near.mean(1) > 0.05, near.mean(0) > 0.05
    return int(columns.sum()), int(rows.sum())


def test_a_sheet_of_a_small_clip_shows_it_three_times_as_large() -> None:
    sheet = _open(_sheet(_grey(17)))
    assert sheet.width == 3 * (112 * 3 + 6) + 6, "three columns of 336 pixels"
    values = {_shown(sheet, 160), _shown(sheet, 100)}
    assert values == {(336, 192)}


def test_first_and_last_frames_are_always_among_the_chosen() -> None:
    assert spaced(17, 9) == [0, 2, 4, 6, 8, 10, 12, 14, 16]
    assert spaced(81, 9)[0] == 0 and spaced(81, 9)[-1] == 80
    assert spaced(4, 9) == [0, 1, 2, 3] and spaced(1, 9) == [0]


@settings(max_examples=15, deadline=None)
@given(
    st.integers(1, 12),
    st.sampled_from([(64, 112), (112, 64), (64, 64), (48, 112), (480, 832), (720, 1280)]),
    st.integers(1, 9),
)
def test_a_sheet_keeps_its_limits_for_any_clip(
    count: int, size: tuple[int, int], shown: int
) -> None:
    data = _sheet(_noise(count, *size), fps=Fraction(24000, 1001), count=shown)
    sheet = _open(data)
    assert len(data) < 200_000 and sheet.width <= 1280
    assert sheet.height >= 160


@pytest.mark.parametrize(
    "size", [(64, 112), (112, 64), (64, 64), (64, 149), (720, 1280), (90, 700)]
)
def test_frames_are_at_least_160_high(size: tuple[int, int]) -> None:
    frames = np.full((9, *size, 3), 200, np.uint8)
    sheet = _open(_sheet(frames))
    rows = (np.abs(np.asarray(sheet.convert("L")).astype(int) - 200) <= 2).mean(1) > 0.3
    heights = np.diff(np.flatnonzero(np.diff(np.pad(rows, 1).astype(int))))[::2]
    assert heights.min() >= 160 and sheet.width <= 1280


def test_a_very_wide_clip_keeps_the_width_instead() -> None:
    assert _open(_sheet(_noise(3, 64, 1024))).width <= 1280


def test_a_sheet_of_a_small_clip_is_drawn_quickly() -> None:
    frames = _noise(17, 64, 112)
    _sheet(frames)
    begun = time.process_time()
    _sheet(frames)
    assert time.process_time() - begun < 1


def test_a_time_shows_the_frame_of_that_moment() -> None:
    assert numbers_at(17, 16, [0, 0.0625, 0.06, 0.99, 1.0625]) == [0, 1, 0, 15, 16]
    # every frame is found by its own stamp, rounded to hundredths or not
    assert numbers_at(17, Fraction(24000, 1001), [n * 1001 / 24000 for n in range(17)]) == list(
        range(17)
    )
    for number, value in zip(numbers_at(17, 16, [0.5, 1.0]), (80, 160), strict=True):
        data = still(_grey(17)[number])
        picture = _open(data)
        assert abs(np.asarray(picture).mean() - value) < 2
        assert picture.height >= 160 and len(data) < 200_000


@pytest.mark.parametrize("moment", [-0.1, 1.07, float("nan")])
def test_a_time_outside_the_clip_is_refused(moment: float) -> None:
    with pytest.raises(BadRequest) as caught:
        numbers_at(17, 16, [0, moment])
    assert caught.value.field == "at_s" and caught.value.allowed == [0, 17 / 16]


def test_a_film_sheet_has_a_row_for_each_shot() -> None:
    shots = [("1: a kettle", _grey(17), 16), ("2: " + "a long label " * 40, _grey(5), 16)]
    one, two = (_open(film_sheet(shots[:count])) for count in (1, 2))
    assert two.height > 1.8 * one.height and two.width == one.width <= 1280
    mixed = film_sheet([*shots, ("3", _grey(9, 112, 64), Fraction(24))])
    assert len(mixed) < 200_000


def test_a_film_of_many_noisy_shots_still_fits() -> None:
    shots = [(f"shot {number}", _noise(3, 64, 112), 16) for number in range(24)]
    assert len(film_sheet(shots)) < 200_000


def test_a_poster_has_the_size_of_the_frame() -> None:
    assert _open(poster(_noise(1, 64, 112)[0])).size == (112, 64)
