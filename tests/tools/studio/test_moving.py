"""The camera moved over a clip: cropped without a border, or denoised again piece by piece from the warped frames."""

from dataclasses import replace
from typing import Any

import cv2
import numpy as np

from shotwright.generator.camera import Move
from shotwright.generator.catalog import Card, load_catalog
from shotwright.generator.clipspec import ClipSpec
from shotwright.generator.frames import Frames, Given
from shotwright.generator.mini.world import render, sample_scene
from shotwright.tools.studio.mechanisms import AFTER, GUIDED, Start, plan_camera
from shotwright.tools.studio.moving import moved
from shotwright.tools.studio.resolve import Resolution

CARD: Card = load_catalog().default
SPEC = ClipSpec("mini", "at rest", "", 64, 64, 9, 8, seed=1, steps=8, guidance=4.0)
SCENE = sample_scene(np.random.default_rng(2), camera="static", weather="clear", action="rests")


def clip(frames: int) -> Frames:
    return render(SCENE, frames=frames, height=64, width=64).frames


def over(*moves: Move, frames: int, mechanism: str, start: Start = "words") -> dict[str, Any]:
    planned = plan_camera(
        CARD,
        moves,
        frames=frames,
        start=start,
        segments=1,
        notes=Resolution(),
        mechanism=mechanism,
    )
    assert planned.over is not None
    return {**planned.over, "prompt": "the camera moves"}


def run(
    footage: Frames,
    way: dict[str, Any],
    specs: list[ClipSpec],
    given: Given,
    calls: list[tuple[int, ClipSpec, Given]],
    overlap: int = 0,
) -> Frames:
    """The moved clip; the renderer gives the guide back and writes down what it was asked."""

    def render(index: int, spec: ClipSpec, given: Given) -> Frames:
        calls.append((index, spec, given))
        assert given.guide is not None
        return given.guide

    return np.stack(list(moved(footage, way, specs, overlap=overlap, given=given, render=render)))


def test_a_crop_shows_no_border_and_asks_no_model() -> None:
    calls: list[tuple[int, ClipSpec, Given]] = []
    way = over(Move("roll_cw", amount=8), frames=9, mechanism=AFTER)
    white = np.full((9, 64, 64, 3), 255, np.uint8)
    white[:, 1:-1, 1:-1] = 100
    made = run(white, way, [SPEC], Given(), calls)
    assert not calls
    assert made.shape == white.shape and way["overscan"] > 1
    assert (made == 100).mean() > 0.98, "nothing of the edge is left but what a pixel of it blurs"


def test_a_guided_warp_says_what_is_to_be_imagined_and_names_the_move() -> None:
    calls: list[tuple[int, ClipSpec, Given]] = []
    way = over(Move("pan_left", amount=20), frames=9, mechanism=GUIDED)
    run(clip(9), way, [SPEC], Given(), calls)
    ((_, spec, given),) = calls
    assert spec.prompt == "the camera moves" and given.strength < 0.3
    assert given.holes is not None
    # seen from the middle of its way, a pan to the left begins beyond the right edge
    assert given.holes[0][:, -1].min() > 0.5 and given.holes[0][:, 0].max() < 0.5
    assert given.holes[-1][:, 0].min() > 0.5


def test_a_zoom_into_a_clip_leaves_nothing_to_imagine() -> None:
    calls: list[tuple[int, ClipSpec, Given]] = []
    way = over(Move("zoom_in", amount=1.5), frames=9, mechanism=GUIDED)
    run(clip(9), way, [SPEC], Given(), calls)
    assert calls[0][2].holes is None


def test_a_first_picture_stays_the_first_frame() -> None:
    way = over(Move("pan_left", amount=20), frames=9, mechanism=GUIDED, start="picture")
    footage = clip(9)
    given = Given({0: footage[0]})
    calls: list[tuple[int, ClipSpec, Given]] = []
    made = run(footage, way, [SPEC], given, calls)
    assert np.array_equal(made[0], footage[0])
    assert 0 in calls[0][2].stills


def test_a_long_clip_is_moved_segment_by_segment_each_from_the_end_of_the_one_before() -> None:
    calls: list[tuple[int, ClipSpec, Given]] = []
    way = over(Move("pan_left", amount=30), frames=21, mechanism=GUIDED)
    specs = [SPEC, replace(SPEC, seed=2, frames=17)]
    made = run(clip(21), way, specs, Given(), calls, overlap=5)
    assert len(made) == 21
    assert [index for index, _, _ in calls] == [0, 1]
    assert calls[0][2].prefix is None
    prefix = calls[1][2].prefix
    assert prefix is not None and np.array_equal(prefix, made[4:9])


def test_a_slide_over_a_clip_keeps_what_the_warp_knows_and_imagines_the_rest() -> None:
    footage = clip(9)
    way = over(Move("orbit_left", amount=20), frames=9, mechanism=GUIDED)
    guides: list[Given] = []

    def black(index: int, spec: ClipSpec, given: Given) -> Frames:
        guides.append(given)
        return np.zeros_like(footage)

    made = np.stack(list(moved(footage, way, [SPEC], overlap=0, given=Given(), render=black)))
    guide, holes = guides[0].guide, guides[0].holes
    assert guide is not None and holes is not None
    far = np.stack([cv2.dilate(hole, np.ones((15, 15), np.uint8)) for hole in holes]) == 0
    assert far.any() and np.array_equal(made[far], guide[far])
    assert made[holes == 1].mean() < 0.3 * guide[holes == 1].mean()


def test_a_given_picture_is_never_laid_over_what_the_model_made_of_it() -> None:
    assert not over(Move("orbit_left"), frames=9, mechanism=GUIDED, start="picture")["kept"]
    assert over(Move("pan_left"), frames=9, mechanism=GUIDED)["kept"]
    # pixels that are drawn larger have no detail of their own
    assert not over(Move("zoom_in"), frames=9, mechanism=GUIDED)["kept"]
