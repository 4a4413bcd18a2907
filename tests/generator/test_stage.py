"""The guess of a picture's depth: the subject is found, and near things pass far ones."""

import numpy as np

from shotwright.generator.camera import Move, Pose, path
from shotwright.generator.lens import vantage
from shotwright.generator.mini.world import render, sample_scene
from shotwright.generator.mini.world.scene import HFOV_DEG
from shotwright.generator.stage import guess, stages
from shotwright.generator.warp import warp

HEIGHT, WIDTH = 96, 168


def test_the_subject_of_most_drawn_pictures_is_found() -> None:
    rng, shares = np.random.default_rng(9), []
    for _ in range(12):
        scene = sample_scene(rng, camera="static", weather="clear", action="rests")
        drawn = render(scene, frames=1, height=HEIGHT, width=WIDTH)
        found, truth = guess(drawn.frames[0]), drawn.subject[0] > 0.5
        if not found.empty:
            both = (found.subject > 0.5) & truth
            shares.append(both.sum() / ((found.subject > 0.5) | truth).sum())
    assert len(shares) >= 10
    assert np.median(shares) > 0.6


def test_a_picture_without_a_subject_is_an_empty_stage_that_nothing_is_missing_from() -> None:
    picture = np.full((48, 64, 3), 120, np.uint8)
    found = guess(picture)
    assert found.empty and not found.hidden.any()
    seen = warp(picture, [Pose(dolly=0.2)], hfov_deg=50, width=64, height=48, stage=found)
    assert seen.covered.min() > 0.9


def test_what_lies_behind_the_subject_is_made_up_and_said_so() -> None:
    picture = np.full((64, 64, 3), (90, 140, 200), np.uint8)
    picture[26:50, 24:40] = (220, 30, 40)
    found = guess(picture)
    inside = found.hidden > 0.99
    assert inside[30:46, 28:36].all() and not inside[:, :12].any()
    assert np.abs(found.behind[inside].astype(int) - (90, 140, 200)).mean() < 12


def test_a_slide_past_a_stage_is_nearer_to_the_truth_than_past_one_plane() -> None:
    rng, better = np.random.default_rng(3), 0
    for move in ("truck_right", "truck_left", "dolly_in", "dolly_out"):
        scene = sample_scene(rng, camera="static", weather="clear", action="rests")
        poses = path([Move(move, amount=0.35)], 2)
        at = vantage(poses)
        picture = render(scene, frames=1, height=HEIGHT, width=WIDTH, poses=[at]).frames[0]
        drawn = render(scene, frames=2, height=HEIGHT, width=WIDTH, poses=poses).frames
        errors = []
        for stage in (guess(picture), None):
            seen = warp(
                picture, poses, hfov_deg=HFOV_DEG, width=WIDTH, height=HEIGHT, at=at, stage=stage
            )
            known = seen.covered > 0.9
            errors.append(np.abs(seen.frames.astype(int) - drawn)[known].mean())
        better += errors[0] < errors[1]
    assert better >= 3


def test_a_turn_is_exact_whatever_the_stage() -> None:
    scene = sample_scene(np.random.default_rng(3), camera="static", weather="clear")
    picture = render(scene, frames=1, height=HEIGHT, width=WIDTH).frames[0]
    poses = path([Move("pan_left"), Move("zoom_in")], 3)
    one, other = (
        warp(picture, poses, hfov_deg=HFOV_DEG, width=WIDTH, height=HEIGHT, stage=stage).frames
        for stage in (guess(picture), None)
    )
    assert np.array_equal(one, other)


def test_a_frame_without_a_subject_keeps_the_stage_before_it() -> None:
    shown = np.full((64, 64, 3), (90, 140, 200), np.uint8)
    shown[26:50, 24:40] = (220, 30, 40)
    gone = np.full((64, 64, 3), (90, 140, 200), np.uint8)
    found = [stage for _, stage in stages([shown, shown, gone], wall=3)]
    assert not found[0].empty and found[2] is found[1] is found[0]
    assert next(stages([gone, shown], wall=3))[1].empty


def test_a_subject_that_is_found_in_part_only_keeps_its_outline() -> None:
    whole = np.full((64, 64, 3), (90, 140, 200), np.uint8)
    whole[26:50, 24:40] = (220, 30, 40)
    part = whole.copy()
    part[26:40, 24:40] = (100, 145, 195)
    one, other = (stage for _, stage in stages([whole, part], wall=3))
    assert other is one
