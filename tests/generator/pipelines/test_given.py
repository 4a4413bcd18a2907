"""What is given reaches the network as the tensors that it was trained on: masks, latents, control clips, experts."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import WanImageToVideoPipeline
from PIL import Image
from torch import Tensor

from shotwright.generator.camera import Move, path
from shotwright.generator.catalog import Card
from shotwright.generator.clipspec import ClipSpec
from shotwright.generator.frames import Frames, Given
from shotwright.generator.pipelines import open_engine
from shotwright.generator.pipelines.control import control_of, intrinsics, trajectory
from shotwright.generator.pipelines.sana_wm import SUBJECT_DISTANCE
from shotwright.generator.pipelines.wan import GREY
from shotwright.generator.pipelines.wan_conditions import MaskedWan

Opened = Callable[..., Any]


def ignore(phase: str, step: int, steps: int) -> None:
    pass


@pytest.fixture
def opened(card_of: Callable[..., Card], tmp_path: Path) -> Opened:
    def open_(name: str, **changes: Any) -> Any:
        return open_engine(card_of(name, **changes), device="cpu", models=tmp_path)

    return open_


def inputs_of(network: Any) -> list[dict[str, Any]]:
    """Grows with the named arguments of each call of a network."""
    seen: list[dict[str, Any]] = []
    network.register_forward_pre_hook(lambda _, a, named: seen.append(named), with_kwargs=True)
    return seen


def latents_of(pipeline: Any, clip: Frames) -> Tensor:
    latents: Tensor = pipeline.encode_frames(clip, torch.device("cpu"), torch.float32)
    return latents


@pytest.mark.parametrize("ends", [(0,), (0, 8)])
def test_masked_latents_are_those_that_diffusers_prepares(
    ends: tuple[int, ...], opened: Opened, clip: Frames
) -> None:
    engine = opened("wan_pictures")
    ours: MaskedWan = engine.conditioned
    stock = WanImageToVideoPipeline(**ours.components, boundary_ratio=0.9)
    pixels = engine.pixels(clip[list(ends)], torch.float32)[0].permute(1, 0, 2, 3)
    generator = torch.Generator().manual_seed(3)
    last = pixels[1:2] if len(ends) > 1 else None
    common = (1, 16, 32, 32, 9, torch.float32, torch.device("cpu"))
    theirs = stock.prepare_latents(pixels[:1], *common, generator, None, last)
    ours.given = Given({frame: clip[frame] for frame in ends})
    made = ours.prepare_latents(pixels[:1], *common, torch.Generator().manual_seed(3))
    assert torch.equal(made[0], theirs[0])
    assert torch.equal(made[1][:, :4], theirs[1][:, :4].float()), "the mask"
    assert torch.allclose(made[1], theirs[1], atol=1e-5)


def test_a_prefix_is_masked_as_known_frame_by_frame(opened: Opened, clip: Frames) -> None:
    engine = opened("wan_pictures")
    ours: MaskedWan = engine.conditioned
    ours.given = Given({8: clip[8]}, prefix=clip[:5])
    common = (1, 16, 32, 32, 9, torch.float32, torch.device("cpu"), torch.Generator())
    beside = ours.prepare_latents(torch.zeros(1, 3, 32, 32), *common)[1]
    mask = beside[0, :4, :, 0, 0].T.flatten()[3:]  # the first frame's stands four times
    assert mask.tolist() == [1, 1, 1, 1, 1, 0, 0, 0, 1]


def test_a_timed_prefix_stays_in_the_clip_and_has_timestep_nought(
    opened: Opened, spec_of: Callable[..., ClipSpec], clip: Frames
) -> None:
    engine = opened("wan_timed")
    large = np.kron(clip, np.ones((1, 2, 2, 1), np.uint8))
    seen = inputs_of(engine.pipeline.transformer)
    engine.render(spec_of("wan_timed", width=64, height=64), Given(prefix=large[:5]), ignore)
    known = latents_of(engine.conditioned, large[:5])
    for call in seen:
        assert torch.allclose(call["hidden_states"][:, :, :2], known, atol=1e-5)
        times = call["timestep"].view(3, -1)
        assert (times[:2] == 0).all() and (times[2] > 0).all()


def test_vace_keeps_what_is_given_and_makes_the_rest(
    opened: Opened, spec_of: Callable[..., ClipSpec], clip: Frames
) -> None:
    engine = opened("wan_vace")
    told = engine._control(spec_of("wan_vace"), Given({8: clip[8]}, prefix=clip[:5]))
    video, mask = (
        np.stack([np.asarray(frame) for frame in told[name]]) for name in ("video", "mask")
    )
    assert np.array_equal(video[:5], clip[:5]) and np.array_equal(video[8], clip[8])
    assert (video[5:8] == GREY).all()
    assert [int(m) for m in mask.max((1, 2))] == [0] * 5 + [255] * 3 + [0]
    assert np.array_equal(mask.min((1, 2)), mask.max((1, 2)))


@pytest.mark.parametrize("pictured", [True, False])
def test_vaces_control_clip_is_the_path(
    pictured: bool, opened: Opened, spec_of: Callable[..., ClipSpec], clip: Frames
) -> None:
    engine, along = opened("wan_vace"), path([Move("pan_right", amount=20)], 9)
    still = {0: clip[0]} if pictured else {}
    given = Given(still, path=along, hfov_deg=60.0)
    told = engine._control(spec_of("wan_vace"), given)
    drawn = control_of(still.get(0), along, hfov_deg=60.0, width=32, height=32)
    for frame, mask, want, free in zip(
        told["video"], told["mask"], drawn.frames, drawn.free, strict=True
    ):
        unknown = free > 0.5
        assert np.array_equal(np.asarray(mask) > 0, unknown)
        seen = np.asarray(frame)
        if pictured:
            assert np.array_equal(seen[~unknown], want[~unknown]) and (seen[unknown] == GREY).all()
        else:
            assert np.array_equal(seen, want)


def test_vaces_network_sees_the_control_clip(
    opened: Opened, spec_of: Callable[..., ClipSpec], clip: Frames
) -> None:
    engine = opened("wan_vace")
    seen = inputs_of(engine.pipeline.transformer)
    engine.render(spec_of("wan_vace"), Given(prefix=clip), ignore)
    # all is given: the part that stays is the clip, the part that is made is grey
    control, kept = seen[0]["control_hidden_states"], latents_of(engine.pipeline, clip)
    grey = engine.pipeline.encode_pixels(torch.zeros(1, 3, *clip.shape[:3]), torch.float32)
    assert torch.allclose(control[:, :16], kept, atol=1e-5)
    assert torch.allclose(control[:, 16:32], grey, atol=1e-5)
    assert control[:, 32:].abs().max() == 0, "nothing is masked as free"


@pytest.mark.parametrize("pictured", [True, False])
def test_vaces_network_sees_the_path(
    pictured: bool, opened: Opened, spec_of: Callable[..., ClipSpec], clip: Frames
) -> None:
    engine, along = opened("wan_vace"), path([Move("pan_right", amount=20)], 9)
    seen = inputs_of(engine.pipeline.transformer)
    still = {0: clip[0]} if pictured else {}
    engine.render(spec_of("wan_vace"), Given(still, path=along, hfov_deg=60.0), ignore)
    drawn = control_of(still.get(0), along, hfov_deg=60.0, width=32, height=32)
    free = torch.from_numpy(drawn.free > 0.5)[None, None].float()
    frames = np.where(drawn.free[..., None] > 0.5, GREY, drawn.frames) if pictured else drawn.frames
    pixels = engine.pixels(frames.astype(np.uint8), torch.float32)
    kept, made = (
        engine.pipeline.encode_pixels(part, torch.float32)
        for part in (pixels * (1 - free), pixels * free)
    )
    control = seen[0]["control_hidden_states"]
    assert torch.allclose(control[:, :16], kept, atol=1e-4)
    assert torch.allclose(control[:, 16:32], made, atol=1e-4)
    # a channel for each pixel of an 8 x 8 patch; of nine frames those in the middle of each latent's
    patches = [torch.nn.functional.pixel_unshuffle(free[:, 0, n : n + 1], 8)[0] for n in (1, 4, 7)]
    assert torch.equal(control[0, 32:], torch.stack(patches, 1))


def test_the_trajectory_given_to_the_network_is_the_path(
    opened: Opened, spec_of: Callable[..., ClipSpec], clip: Frames
) -> None:
    engine, along = opened("sana_wm"), path([Move("orbit_right"), Move("zoom_in")], 9)
    large = np.kron(clip, np.ones((1, 2, 2, 1), np.uint8))
    told: list[dict[str, Any]] = []
    stock = engine.pipeline._build_camera_kwargs

    def watched(c2w: Any, lens: Any, *more: Any, **named: Any) -> Any:
        told.append({"c2w": c2w, "lens": lens})
        return stock(c2w, lens, *more, **named)

    engine.pipeline._build_camera_kwargs = watched
    given = Given({0: large[0]}, path=along, hfov_deg=60.0)
    engine.render(spec_of("sana_wm", width=64, height=64), given, ignore)
    assert np.allclose(told[0]["c2w"], trajectory(along, subject_distance=SUBJECT_DISTANCE))
    assert np.allclose(told[0]["lens"], intrinsics(along, hfov_deg=60.0, width=64, height=64))


@pytest.mark.parametrize(("name", "boundary"), [("wan_two_experts", 875), ("wan_pictures", 900)])
def test_the_expert_for_much_noise_ends_at_its_boundary(
    name: str, boundary: int, opened: Opened, spec_of: Callable[..., ClipSpec], clip: Frames
) -> None:
    engine = opened(name, pipeline={"guidance_scale_2": 2.0})
    much, little = (
        inputs_of(getattr(engine.pipeline, part)) for part in ("transformer", "transformer_2")
    )
    given = Given({0: clip[0]}) if name == "wan_pictures" else Given()
    engine.render(spec_of(name, steps=6), given, ignore)
    assert much and little and len(much) + len(little) == 12
    assert min(float(call["timestep"]) for call in much) >= boundary
    assert max(float(call["timestep"]) for call in little) < boundary


def test_ltx2s_pictures_stand_at_their_very_frame(
    opened: Opened, spec_of: Callable[..., ClipSpec], clip: Frames
) -> None:
    engine = opened("ltx2", pipeline={"spatio_temporal_guidance_blocks": [1]})
    large = np.kron(clip, np.ones((1, 2, 2, 1), np.uint8))
    seen = inputs_of(engine.pipeline.transformer)
    spec = spec_of("ltx2", width=64, height=64, frames=17, fps=8)
    engine.render(spec, Given({0: large[0], 16: large[8]}), ignore)
    times = seen[0]["video_coords"][0, 0]  # (tokens, begin and end) in seconds
    assert times[-4:].tolist() == [[2.0, 2.125]] * 4


def test_clip_sees_the_given_pictures(
    opened: Opened, spec_of: Callable[..., ClipSpec], clip: Frames
) -> None:
    engine = opened("wan_ends")
    seen = inputs_of(engine.pipeline.transformer)
    engine.render(spec_of("wan_ends", steps=1), Given({0: clip[0], 8: clip[8]}), ignore)
    pictures = [Image.fromarray(clip[0]), Image.fromarray(clip[8])]
    both = WanImageToVideoPipeline.encode_image(engine.pipeline, pictures)
    assert torch.allclose(seen[0]["encoder_hidden_states_image"], both)
