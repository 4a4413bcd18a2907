"""A continuation's colours: matched at the seam, held to the anchor, the content left alone."""

import numpy as np
import pytest

from shotwright.generator.continuation import MOST_ANCHORED, fit, mean_lab
from shotwright.generator.frames import Frames
from shotwright.generator.inspect.seams import colour_step
from shotwright.generator.mini.world import render, sample_scene

OVERLAP, FPS = 5, 8.0


def clip(seed: int = 3) -> Frames:
    scene = sample_scene(np.random.default_rng(seed), camera="static", weather="clear", time="day")
    return render(scene, frames=40, height=64, width=64).frames


def shifted(frames: Frames, by: tuple[int, int, int]) -> Frames:
    return np.asarray(np.clip(frames.astype(int) + np.array(by), 0, 255), np.uint8)


def test_a_codecs_shift_of_colour_is_taken_back_everywhere() -> None:
    whole = clip()
    before, rest = whole[:17], whole[12:]
    fitted = fit(shifted(rest, (6, 0, -6)), before=before, overlap=OVERLAP, anchor=None, fps=FPS)
    assert len(fitted.frames) == len(rest) - OVERLAP
    off = np.abs(fitted.frames.astype(int) - rest[OVERLAP:]).mean((1, 2, 3))
    assert off.max() < 2.5, "beside the shift of 6 grey levels in two channels"


def test_a_step_at_the_seam_is_taken_back_and_given_way_to_over_two_seconds() -> None:
    whole = clip()
    before, rest = whole[:17], whole[12:].copy()
    rest[OVERLAP:] = shifted(rest[OVERLAP:], (9, 4, -9))
    raw = colour_step(before[-1], rest[OVERLAP])
    fitted = fit(rest, before=before, overlap=OVERLAP, anchor=None, fps=FPS)
    assert colour_step(before[-1], fitted.frames[0]) < raw / 4
    assert fitted.seam == pytest.approx(raw, rel=0.4)
    last = np.abs(fitted.frames[-1].astype(int) - rest[-1]).mean()
    assert last < 1, "what the model made is left as it is further on"


def test_a_segment_that_has_drifted_is_pulled_to_the_anchor_but_not_all_the_way() -> None:
    whole = clip()
    before, rest = whole[:17], whole[12:].copy()
    anchor = mean_lab(before)
    rest[OVERLAP:] = shifted(rest[OVERLAP:], (14, 0, -14))
    held = fit(rest, before=before, overlap=OVERLAP, anchor=anchor, fps=FPS).frames
    free = fit(rest, before=before, overlap=OVERLAP, anchor=None, fps=FPS).frames

    def away(frames: Frames) -> float:
        return float(np.linalg.norm(mean_lab(frames[-4:]) - anchor))

    assert away(held) < away(free) - 2
    assert away(free) - away(held) <= MOST_ANCHORED + 0.5


def test_what_is_near_the_anchor_is_left_alone() -> None:
    whole = clip()
    before, rest = whole[:17], whole[12:]
    fitted = fit(rest, before=before, overlap=OVERLAP, anchor=mean_lab(before), fps=FPS)
    assert fitted.anchor == 0
    assert np.abs(fitted.frames[-1].astype(int) - rest[-1]).max() <= 1


def test_black_and_white_take_no_colour() -> None:
    before = np.full((8, 16, 16, 3), 120, np.uint8)
    made = np.full((12, 16, 16, 3), 110, np.uint8)
    made[:, :8] = 0
    made[:, 8:10] = 255
    fitted = fit(made, before=before, overlap=OVERLAP, anchor=None, fps=FPS).frames
    assert fitted[:, :8].max() == 0 and fitted[:, 8:10].min() == 255
