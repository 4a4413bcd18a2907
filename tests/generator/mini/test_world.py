"""The world is drawn exactly: bytes repeat, cameras move pictures the right way, masks are true."""

from dataclasses import replace

import numpy as np
import pytest

from shotwright.generator.camera import Pose
from shotwright.generator.frames import Frames
from shotwright.generator.mini import words
from shotwright.generator.mini.world import Scene, camera_path, render, sample_scene
from shotwright.generator.mini.world.scene import AMOUNTS, FACTORS

SCENE = Scene("red", "ball", "rests", "day", "hills", "static", seed=3)


def draw(scene: Scene, frames: int = 5, height: int = 64, width: int = 64) -> Frames:
    return render(scene, frames=frames, height=height, width=width).frames


def shift(before: Frames, after: Frames) -> tuple[int, int]:
    """How far content moved, in pixels (right, down): the shift of least mean difference."""
    reach, best = 8, (0, 0)
    a, b = (f.astype(float).mean(-1) for f in (before, after))
    inside = (slice(reach, -reach),) * 2
    least = np.inf
    for dy in range(-reach, reach + 1):
        for dx in range(-reach, reach + 1):
            error = np.abs(np.roll(a, (dy, dx), (0, 1)) - b)[inside].mean()
            if error < least:
                least, best = error, (dx, dy)
    return best


def test_same_arguments_give_the_same_bytes() -> None:
    scene = replace(SCENE, action="bounces", camera="zoom_in")
    assert draw(scene).tobytes() == draw(scene).tobytes()
    assert draw(scene).tobytes() != draw(replace(scene, seed=4)).tobytes()


@pytest.mark.parametrize(("width", "height"), [(64, 64), (112, 64), (64, 112), (80, 64), (64, 80)])
def test_a_rendering_has_the_asked_shape_and_its_ground_truth(width: int, height: int) -> None:
    drawn = render(SCENE, frames=3, height=height, width=width)
    assert drawn.frames.shape == (3, height, width, 3) and drawn.frames.dtype == np.uint8
    assert drawn.subject.shape == (3, height, width) and len(drawn.poses) == 3
    assert 0.02 < drawn.subject.mean() < 0.3


@pytest.mark.parametrize("factor", FACTORS)
def test_every_value_of_a_factor_draws_and_looks_like_no_other(factor: str) -> None:
    car = dict(zip(FACTORS, replace(SCENE, subject="car").tokens, strict=True))
    scenes = {v: Scene(**{**car, factor: v}, seed=3) for v in words.values(factor)}
    clips = {value: draw(scene).tobytes() for value, scene in scenes.items()}
    assert len(set(clips.values())) == len(clips)


def test_the_mask_holds_all_that_changes_when_only_the_colour_changes() -> None:
    for subject in words.values("subject"):
        scene = replace(SCENE, subject=subject, camera="roll_cw", action="goes_left")
        drawn = render(scene, frames=5, height=64, width=64)
        other = draw(replace(scene, colour="green"))
        changed = (drawn.frames != other).any(-1)
        assert not changed[drawn.subject == 0].any(), subject
        assert changed[drawn.subject > 0.5].mean() > 0.4, subject


@pytest.mark.parametrize(
    ("camera", "expected"),
    [
        ("pan_right", (-1, 0)),
        ("pan_left", (1, 0)),
        ("tilt_up", (0, 1)),
        ("tilt_down", (0, -1)),
        ("static", (0, 0)),
    ],
)
def test_pan_right_moves_content_left_and_tilt_up_moves_it_down(
    camera: str, expected: tuple[int, int]
) -> None:
    clip = draw(replace(SCENE, camera=camera, place="city"))
    moved = shift(clip[1], clip[2])
    assert tuple(np.sign(moved)) == expected


def test_zoom_in_enlarges_the_subject_and_zoom_out_shrinks_it() -> None:
    for camera, grows in (("zoom_in", True), ("zoom_out", False)):
        drawn = render(replace(SCENE, camera=camera), frames=5, height=64, width=64)
        areas = drawn.subject.sum((1, 2))
        assert (np.diff(areas) > 0).all() == grows and (np.diff(areas) < 0).all() != grows


def test_a_camera_rolled_half_round_turns_the_picture_upside_down() -> None:
    poses = [Pose(), Pose(roll_deg=180)]
    drawn = render(SCENE, frames=2, height=64, width=64, poses=poses)
    turned = drawn.frames[1, ::-1, ::-1].astype(int)
    assert np.abs(turned - drawn.frames[0]).max() <= 2
    assert drawn.poses == tuple(poses)


def test_rolling_clockwise_turns_the_picture_counterclockwise() -> None:
    drawn = render(SCENE, frames=2, height=64, width=64, poses=[Pose(), Pose(roll_deg=90)])
    turned = np.rot90(drawn.frames[0], 1).astype(int)  # rot90 turns counterclockwise
    assert np.abs(turned - drawn.frames[1]).max() <= 2


def test_given_poses_replace_the_scenes_own_camera() -> None:
    scene = replace(SCENE, camera="pan_left")
    resting = render(scene, frames=3, height=64, width=64, poses=[Pose()] * 3).frames
    assert resting.tobytes() == draw(replace(SCENE, camera="static"), frames=3).tobytes()


def test_a_dolly_enlarges_near_things_more_than_far_ones_and_a_zoom_both_alike() -> None:
    scene = replace(SCENE, place="sea", subject="balloon")
    poses = [Pose(), Pose(dolly=0.3), Pose(zoom_ratio=1 / 0.7)]
    drawn = render(scene, frames=3, height=64, width=64, poses=poses)
    rest, dolly, zoom = drawn.subject.sum((1, 2))
    assert dolly == pytest.approx(zoom, rel=0.02) and dolly > 1.4 * rest
    assert np.abs(drawn.frames[1].astype(int) - drawn.frames[2]).mean() > 2  # parallax


def test_a_named_path_covers_its_amount_and_is_centred() -> None:
    pan = camera_path("pan_right", 17)
    assert pan[-1].pan_deg - pan[0].pan_deg == pytest.approx(AMOUNTS["pan"])
    assert pan[8] == Pose()
    zoom = camera_path("zoom_out", 17)
    assert zoom[0].zoom_ratio / zoom[-1].zoom_ratio == pytest.approx(AMOUNTS["zoom"])


def test_sampled_scenes_hold_known_values_and_obey_what_is_fixed() -> None:
    rng = np.random.default_rng(0)
    scenes = [sample_scene(rng, place="sea") for _ in range(200)]
    assert {s.place for s in scenes} == {"sea"}
    for factor in ("colour", "subject", "action", "time", "camera"):
        assert {getattr(s, factor) for s in scenes} == set(words.values(factor))
