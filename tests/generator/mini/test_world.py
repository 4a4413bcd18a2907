"""The world is drawn exactly: bytes repeat, cameras move pictures the right way, masks and boxes are true."""

import math
from dataclasses import replace
from itertools import combinations, pairwise

import numpy as np
import pytest
import torch

from shotwright.generator.camera import Pose
from shotwright.generator.catalog import load_catalog
from shotwright.generator.frames import Frames
from shotwright.generator.mini import words
from shotwright.generator.mini.world import (
    Scene,
    camera_path,
    coordinates,
    group,
    render,
    render_batch,
    sample_scene,
)
from shotwright.generator.mini.world.scene import (
    AMOUNT_SHARES,
    AMOUNTS,
    FACTORS,
    HFOV_DEG,
    JITTER,
    amount_of,
    choices,
)

SCENE = Scene("red", "ball", "rests", "day", "hills", "clear", "static", "", seed=3)
MOVES = tuple(move for move in words.values("camera") if move != "static")


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


def middle(scene: Scene, poses: list[Pose], size: int = 256) -> np.ndarray:
    """(x, y) of the subject's middle in each frame, in half picture heights from the centre."""
    drawn = render(scene, frames=len(poses), height=size, width=size, poses=poses)
    places = ((np.arange(size) + 0.5) * 2 / size - 1).astype(np.float64)
    mass = drawn.subject.sum((1, 2))
    x = (drawn.subject.sum(1) * places).sum(1) / mass
    y = (drawn.subject.sum(2) * -places).sum(1) / mass
    return np.stack([x, y], 1)


def test_same_arguments_give_the_same_bytes() -> None:
    scene = replace(SCENE, action="bounces", camera="zoom_in")
    assert draw(scene).tobytes() == draw(scene).tobytes()
    assert draw(scene).tobytes() != draw(replace(scene, seed=4)).tobytes()


def test_numpy_and_torch_draw_the_same_picture() -> None:
    rng = np.random.default_rng(1)
    for place, weather in zip(words.values("place"), ("clear", "rain", "snow") * 2, strict=False):
        scenes = [sample_scene(rng, place=place, weather=weather, subject="boat") for _ in range(2)]
        ours, theirs = (
            render_batch(scenes, frames=3, height=48, width=64, put=put)
            for put in (np.asarray, torch.from_numpy)
        )
        assert theirs.frames.dtype == torch.float32
        off = np.abs(ours.frames - theirs.frames.numpy())
        # a hard edge may fall to the other side of a pixel, nothing else may differ
        assert off.mean() < 1e-4 and (off > 0.02).mean() < 1e-3
        assert np.abs(ours.subject - theirs.subject.numpy()).max() < 1e-3
    where = coordinates(scenes, frames=3, rows=6, columns=8)
    same = coordinates(scenes, frames=3, rows=6, columns=8, put=torch.from_numpy)
    assert where.shape[:4] == (2, 3, 6, 8)
    assert np.allclose(where, same.numpy(), atol=1e-4)


def test_clips_drawn_together_are_those_drawn_alone() -> None:
    rng = np.random.default_rng(2)
    scenes = [sample_scene(rng, place="city", subject="car", weather="rain") for _ in range(4)]
    batch = render_batch(scenes, frames=3, height=64, width=64)
    for i, scene in enumerate(scenes):
        alone = render(scene, frames=3, height=64, width=64)
        together = (batch.frames[i] * 255 + 0.5).astype(np.uint8)
        assert np.abs(together.astype(int) - alone.frames).max() <= 1
        assert np.allclose(batch.subject[i], alone.subject, atol=1e-4)
        assert batch.paths[i] == alone.poses


def test_scenes_that_cannot_be_drawn_together_are_refused_and_grouped() -> None:
    scenes = [SCENE, replace(SCENE, place="sea"), replace(SCENE, colour="blue", seed=9)]
    with pytest.raises(ValueError, match="share place, subject and weather"):
        render_batch(scenes, frames=2, height=32, width=32)
    assert sorted(group(scenes).values()) == [[0, 2], [1]]


@pytest.mark.parametrize(("width", "height"), [(64, 64), (112, 64), (64, 112), (80, 64), (64, 80)])
def test_a_rendering_has_the_asked_shape_and_its_ground_truth(width: int, height: int) -> None:
    drawn = render(SCENE, frames=3, height=height, width=width)
    assert drawn.frames.shape == (3, height, width, 3) and drawn.frames.dtype == np.uint8
    assert drawn.subject.shape == (3, height, width) and len(drawn.poses) == 3
    assert 0.02 < drawn.subject.mean() < 0.3


@pytest.mark.parametrize("factor", FACTORS)
def test_every_value_of_a_factor_draws_and_looks_like_no_other(factor: str) -> None:
    car = {name: getattr(SCENE, name) for name in FACTORS} | {"subject": "car"}
    if factor == "amount":
        car["camera"] = "pan_left"
    scenes = {v: Scene(**{**car, factor: v}, seed=3) for v in choices(factor)}
    clips = {value: draw(scene, frames=6).tobytes() for value, scene in scenes.items()}
    assert len(set(clips.values())) == len(clips)


def test_the_world_is_as_rich_as_promised() -> None:
    counts = {factor: len(choices(factor)) for factor in FACTORS}
    assert min(counts[f] for f in ("colour", "subject", "action")) >= 8
    assert counts["place"] >= 5 and counts["time"] >= 4
    assert counts["camera"] == 17 and counts["amount"] == 3


def test_every_subject_has_a_silhouette_of_its_own() -> None:
    masks = {}
    for subject in words.values("subject"):
        drawn = render(replace(SCENE, subject=subject), frames=1, height=128, width=128)
        left, top, right, bottom = drawn.boxes[0]
        cut = torch.from_numpy(drawn.subject[:1, top:bottom, left:right])[None]
        masks[subject] = torch.nn.functional.interpolate(cut, (32, 32), mode="area")[0, 0] > 0.5
    for one, other in combinations(masks, 2):
        a, b = masks[one], masks[other]
        assert (a & b).sum() / (a | b).sum() < 0.9, (one, other)


def test_the_mask_holds_all_that_changes_when_only_the_colour_changes() -> None:
    for subject in words.values("subject"):
        scene = replace(SCENE, subject=subject, camera="roll_cw", action="goes_left")
        drawn = render(scene, frames=5, height=64, width=64)
        other = draw(replace(scene, colour="green"))
        changed = (drawn.frames != other).any(-1)
        assert not changed[drawn.subject == 0].any(), subject
        assert changed[drawn.subject > 0.5].mean() > 0.35, subject


def test_boxes_hold_the_subject_and_nothing_where_it_is_out_of_the_picture() -> None:
    poses = [Pose(), Pose(pan_deg=20), Pose(pan_deg=45)]
    drawn = render(SCENE, frames=3, height=64, width=96, poses=poses)
    for (left, top, right, bottom), mask in zip(drawn.boxes[:2], drawn.subject[:2], strict=True):
        solid = mask > 0.5
        assert solid[top:bottom, left:right].sum() == solid.sum() > 0
        assert solid[top].any() and solid[bottom - 1].any()
        assert solid[:, left].any() and solid[:, right - 1].any()
    assert drawn.boxes[2].tolist() == [0, 0, 0, 0]


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


def test_the_card_has_the_worlds_field_of_view() -> None:
    assert load_catalog().get("mini").hfov_deg == HFOV_DEG


@pytest.mark.parametrize("angle", [-8.0, 4.0, 10.0])
def test_a_turn_displaces_as_a_pinhole_camera_of_the_cards_field_of_view_does(angle: float) -> None:
    scene = replace(SCENE, subject="balloon")  # near the optical axis
    focal = 1 / math.tan(math.radians(load_catalog().get("mini").hfov_deg / 2))
    rest, pan, tilt = middle(scene, [Pose(), Pose(pan_deg=angle), Pose(tilt_deg=angle)])
    x, y = rest / focal  # the ray to the subject at rest
    turn = math.radians(angle)
    expected = focal * math.tan(math.atan(x) - turn)
    assert pan[0] == pytest.approx(expected, abs=0.02)
    assert tilt[1] == pytest.approx(focal * math.tan(math.atan(y) - turn), abs=0.02)


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


def test_a_slide_displaces_the_subject_by_its_share_of_the_distance() -> None:
    focal = 1 / math.tan(math.radians(HFOV_DEG / 2))
    poses = [Pose(), Pose(truck=0.1), Pose(pedestal=-0.1)]
    rest, truck, pedestal = middle(SCENE, poses)
    assert truck - rest == pytest.approx([-0.1 * focal, 0], abs=0.01)
    assert pedestal - rest == pytest.approx([0, 0.1 * focal], abs=0.01)


@pytest.mark.parametrize("way", ["left", "right"])
def test_an_orbit_keeps_the_subject_and_turns_the_background(way: str) -> None:
    path = camera_path(f"orbit_{way}", 3)
    ends = middle(SCENE, [path[0], Pose(), path[-1]])
    assert np.abs(np.diff(ends[:, 0])).max() < 0.25  # it would leave the picture by the turn alone
    swing = path[-1].pan_deg - path[0].pan_deg
    assert swing == pytest.approx(AMOUNTS["orbit"] * (1 if way == "left" else -1))


@pytest.mark.parametrize("move", MOVES)
def test_every_move_goes_its_way_about_the_middle_as_far_as_asked(move: str) -> None:
    kind, _, way = move.partition("_")
    path = camera_path(move, 17)
    assert path[8] == Pose() and len(path) == 17
    first, last = path[0], path[-1]
    spans = {
        "zoom": math.log(last.zoom_ratio / first.zoom_ratio),
        "orbit": -(last.pan_deg - first.pan_deg),
        **{k: getattr(last, k) - getattr(first, k) for k in ("dolly", "truck", "pedestal")},
        **{
            k: getattr(last, f"{k}_deg") - getattr(first, f"{k}_deg")
            for k in ("pan", "tilt", "roll")
        },
    }
    asked = math.log(AMOUNTS[kind]) if kind == "zoom" else AMOUNTS[kind]
    sign = 1 if way in ("right", "up", "cw", "in") else -1
    assert spans[kind] == pytest.approx(sign * asked, rel=1e-6)
    others = {k for k, span in spans.items() if abs(span) > 1e-9} - {kind}
    assert others <= {"orbit": {"pan", "truck"}, "pan": {"orbit"}}.get(kind, set())


@pytest.mark.parametrize("move", MOVES)
def test_slightly_is_less_than_no_word_and_far_is_more(move: str) -> None:
    scenes = [replace(SCENE, camera=move, amount=word) for word in ("slightly", "", "far")]
    amounts = [amount_of(scene) for scene in scenes]
    assert all(amount is not None for amount in amounts)
    slight, usual, far = (float(amount) for amount in amounts if amount is not None)
    # with the jitter of training their ranges still do not meet
    least, most = 1 - JITTER, 1 + JITTER
    assert slight < usual < far
    ranges = [(share * least, share * most) for share in sorted(AMOUNT_SHARES.values())]
    assert all(low[1] < high[0] for low, high in pairwise(ranges))
    steps = [np.abs(np.diff(draw(scene).astype(int), axis=0)).mean() for scene in scenes]
    assert steps[0] < steps[1] < steps[2]


def test_a_resting_camera_has_no_amount_and_one_frame_sits_in_the_middle() -> None:
    assert amount_of(SCENE) is None
    assert camera_path("static", 3) == [Pose()] * 3
    assert camera_path("pan_left", 1) == [Pose()]


@pytest.mark.parametrize(("weather", "least", "most"), [("rain", 0.005, 0.1), ("snow", 0.01, 0.12)])
def test_weather_is_sparse_and_falls(weather: str, least: float, most: float) -> None:
    rain, other = (
        render_batch([replace(SCENE, weather=w)], frames=3, height=96, width=96).frames[0]
        for w in (weather, {"rain": "snow", "snow": "rain"}[weather])
    )
    # rain and snow share the grey sky, so what differs between them is flakes and drops
    touched = (np.abs(rain - other).max(-1) > 0.05).mean()
    assert least < touched < most + least + 0.1
    assert np.abs(np.diff(rain, axis=0)).max() > 0.1


def test_sampled_scenes_hold_known_values_and_obey_what_is_fixed() -> None:
    rng = np.random.default_rng(0)
    scenes = [sample_scene(rng, place="sea") for _ in range(400)]
    assert {s.place for s in scenes} == {"sea"}
    for factor in set(FACTORS) - {"place"}:
        assert {getattr(s, factor) for s in scenes} == set(choices(factor))
    assert all(s.amount == "" for s in scenes if s.camera == "static")
    assert 0.75 < np.mean([s.weather == "clear" for s in scenes]) < 0.95
