"""Every mode of every family on tiny random checkpoints of the same classes, through the real loading code."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shotwright.generator.camera import Pose
from shotwright.generator.catalog import Card, load_catalog
from shotwright.generator.clipspec import ClipSpec
from shotwright.generator.errors import BadRequest, Cancelled, RenderFailed
from shotwright.generator.frames import Frames, Given
from shotwright.generator.pipelines import Engine, open_engine

# LTX's schedule is made into an array by way of a tensor
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

Opened = Callable[[str], Engine]
PATH = tuple(Pose(pan_deg=2.0 * n, zoom_ratio=1 + 0.05 * n) for n in range(9))
PICTURES = ("kolors", "z_image")
LTX2 = {"spatio_temporal_guidance_blocks": [1], "use_cross_timestep": False}


def ignore(phase: str, step: int, steps: int) -> None:
    pass


def given(mode: str, clip: Frames) -> Given:
    """What each mode is given."""
    found: Mapping[str, Given] = {
        "text": Given(),
        "first": Given({0: clip[0]}),
        "last": Given({8: clip[8]}),
        "first+last": Given({0: clip[0], 8: clip[8]}),
        "keyframes": Given({0: clip[0], 5: clip[5], 8: clip[8]}),
        "extend": Given(prefix=clip[:5]),
        "extend 9": Given(prefix=clip),
        "extend to": Given({8: clip[8]}, prefix=clip[:5]),
        "guide": Given(guide=clip, strength=0.5),
        "first guide": Given({0: clip[0]}, guide=clip, strength=0.5),
        "holes": Given(guide=clip, strength=0.3, holes=holes(clip)),
        "camera": Given({0: clip[0]}, path=PATH, hfov_deg=60.0),
        "camera words": Given(path=PATH, hfov_deg=60.0),
        "extend 9 to": Given({16: clip[8]}, prefix=clip),
        "picture": Given(),
        "picture guide": Given(guide=clip[:1], strength=0.5),
    }
    return found[mode]


def holes(clip: Frames) -> Any:
    free = np.zeros(clip.shape[:3], np.float32)
    free[:, :, 16:] = 1
    return free


MODES = {
    "wan_text": ("text", "guide", "holes", "picture", "picture guide"),
    "wan_two_experts": ("text", "guide", "picture guide"),
    "wan_pictures": ("first", "first+last", "keyframes", "extend", "extend to", "first guide"),
    "wan_eyes": ("first", "extend"),
    "wan_ends": ("first+last", "extend to"),
    "wan_vace": (
        "text",
        "first",
        "first+last",
        "keyframes",
        "extend",
        "extend to",
        "guide",
        "holes",
        "camera",
        "camera words",
    ),
    "wan_timed": (
        "text",
        "first",
        "first+last",
        "keyframes",
        "extend",
        "extend to",
        "guide",
        "holes",
        "picture",
        "picture guide",
    ),
    "skyreels": ("text", "first", "first+last", "extend"),
    "ltx": ("text", "first", "last", "first+last", "keyframes", "extend 9", "extend 9 to"),
    "ltx2": ("text", "first", "last", "first+last", "keyframes", "extend 9", "extend 9 to"),
    "sana_wm": ("first", "camera"),
    "kolors": ("picture", "picture guide"),
    "z_image": ("picture", "picture guide"),
}
ALL = [(name, mode) for name, modes in MODES.items() for mode in modes]


@pytest.fixture(scope="module")
def opened(card_of: Callable[..., Card], tmp_path_factory: pytest.TempPathFactory) -> Opened:
    models = tmp_path_factory.mktemp("models")
    engines: dict[str, Engine] = {}

    def open_(name: str) -> Engine:
        if name not in engines:
            card = card_of(name, pipeline=LTX2 if name == "ltx2" else {})
            engines[name] = open_engine(card, device="cpu", models=models)
        return engines[name]

    return open_


def spec_for(name: str, mode: str, spec_of: Callable[..., ClipSpec]) -> ClipSpec:
    drawn = name in PICTURES or "picture" in mode
    frames = 1 if drawn else 17 if "extend 9" in mode else 9
    steps = 4 if "guide" in mode or name in PICTURES else 2
    side = 64 if name in ("wan_timed", "ltx2", "sana_wm") else 32
    return spec_of(name, frames=frames, steps=steps, width=side, height=side)


def scaled(clip: Frames, side: int) -> Frames:
    return np.kron(clip, np.ones((1, side // 32, side // 32, 1), np.uint8))


@pytest.mark.parametrize(("name", "mode"), ALL, ids=[f"{n} {m}" for n, m in ALL])
def test_a_family_renders_in_a_mode_as_asked_and_alike_whatever_ran_before(
    name: str, mode: str, opened: Opened, spec_of: Callable[..., ClipSpec], clip: Frames
) -> None:
    engine, spec = opened(name), spec_for(name, mode, spec_of)
    seen: list[tuple[str, int, int]] = []
    asked = given(mode, scaled(clip, spec.width))
    made = engine.render(spec, asked, lambda *what: seen.append(what))
    assert made.shape == (spec.frames, spec.height, spec.width, 3) and made.dtype == np.uint8
    assert made.std() > 0
    steps = [step for phase, step, _ in seen if phase == "denoising"]
    assert steps == list(range(len(steps))) and seen[-1] == ("decoding", 0, 1)
    assert {of for phase, _, of in seen if phase == "denoising"} == {steps[-1]}
    if mode in ("text", "picture"):
        engine.render(replace(spec, width=2 * spec.width), asked, ignore)
        other = engine.render(replace(spec, seed=2), asked, ignore)
    else:
        plain = replace(asked, stills={k: 255 - v for k, v in asked.stills.items()})
        if asked.prefix is not None:
            plain = replace(plain, prefix=255 - asked.prefix)
        if asked.guide is not None:
            plain = replace(plain, guide=255 - asked.guide)
        if asked.path and not asked.stills:
            plain = replace(plain, path=PATH[::-1])
        other = engine.render(spec, plain, ignore)
    assert not np.array_equal(made, other), "what is asked and given counts"
    assert np.array_equal(made, engine.render(spec, asked, ignore)), "and nothing of it is left"


REFUSED = [
    ("wan_text", "first", "image"),
    ("wan_text", "extend", "video"),
    ("wan_text", "camera words", "camera"),
    ("wan_pictures", "text", "image"),
    ("wan_pictures", "camera", "camera"),
    ("wan_ends", "first", "last_image"),
    ("wan_timed", "camera", "camera"),
    ("skyreels", "keyframes", "keyframes"),
    ("skyreels", "extend to", "last_image"),
    ("skyreels", "guide", "video"),
    ("ltx", "guide", "video"),
    ("ltx", "extend", "video"),
    ("ltx", "camera", "camera"),
    ("ltx2", "holes", "video"),
    ("sana_wm", "text", "image"),
    ("sana_wm", "first+last", "last_image"),
    ("kolors", "extend", "video"),
    ("z_image", "camera words", "camera"),
]


@pytest.mark.parametrize(
    ("name", "mode", "field"), REFUSED, ids=[f"{n} {m}" for n, m, _ in REFUSED]
)
def test_what_a_checkpoint_cannot_be_given_is_refused_and_not_left_out(
    name: str,
    mode: str,
    field: str,
    opened: Opened,
    spec_of: Callable[..., ClipSpec],
    clip: Frames,
) -> None:
    spec = spec_for(name, mode, spec_of)
    with pytest.raises(BadRequest) as refused:
        opened(name).render(spec, given(mode, scaled(clip, spec.width)), ignore)
    assert refused.value.field == field and refused.value.fix


@pytest.mark.parametrize(
    "name", ["wan_eyes", "wan_vace", "skyreels", "ltx", "ltx2", "sana_wm", "kolors", "z_image"]
)
def test_a_codec_gives_a_picture_back_in_its_size(
    name: str, opened: Opened, spec_of: Callable[..., ClipSpec], clip: Frames
) -> None:
    side = spec_for(name, "first", spec_of).width
    back = opened(name).reconstruct(scaled(clip, side)[0])
    assert back.shape == (side, side, 3) and back.dtype == np.uint8


def test_a_cancelled_rendering_leaves_the_engine_usable(
    opened: Opened, spec_of: Callable[..., ClipSpec], clip: Frames
) -> None:
    for name in ("ltx", "skyreels", "kolors"):
        engine, spec = opened(name), spec_for(name, "text", spec_of)
        before = engine.render(spec, Given(), ignore)

        def stop(phase: str, step: int, steps: int) -> None:
            if step == 1:
                raise Cancelled("enough")

        with pytest.raises(Cancelled):
            engine.render(spec, Given(), stop)
        assert np.array_equal(before, engine.render(spec, Given(), ignore))


def test_arguments_that_a_pipeline_does_not_take_are_an_error(
    card_of: Callable[..., Card], spec_of: Callable[..., ClipSpec], tmp_path: Path
) -> None:
    card = card_of("wan_text", pipeline={"conditioning_scale": 1.0})
    engine = open_engine(card, device="cpu", models=tmp_path)
    with pytest.raises(RenderFailed, match="takes no conditioning_scale"):
        engine.render(spec_of("wan_text"), Given(), ignore)


@pytest.mark.parametrize("name", list(load_catalog().cards))
def test_every_bundled_card_gives_its_pipelines_what_they_take(name: str) -> None:
    card = load_catalog().get(name)
    classes = import_module(f"shotwright.generator.pipelines.{card.family}").open_checkpoint.classes
    for pipeline in classes.values():
        assert card.pipeline.keys() <= inspect.signature(pipeline.__call__).parameters.keys()


def test_a_card_sets_the_scheduler_and_what_that_does_not_have_is_an_error(
    card_of: Callable[..., Card], spec_of: Callable[..., ClipSpec], tmp_path: Path
) -> None:
    plain, shifted = (
        open_engine(card_of("wan_text", scheduler=settings), device="cpu", models=tmp_path)
        for settings in ({}, {"flow_shift": 8.0})
    )
    spec = spec_of("wan_text", steps=3)
    assert not np.array_equal(
        plain.render(spec, Given(), ignore), shifted.render(spec, Given(), ignore)
    )
    with pytest.raises(RenderFailed, match="has no flow_shifts"):
        open_engine(
            card_of("wan_text", scheduler={"flow_shifts": 8.0}), device="cpu", models=tmp_path
        )


def test_a_checkpoint_of_another_family_is_refused_by_its_class(
    card_of: Callable[..., Card], tmp_path: Path
) -> None:
    card = card_of("ltx", family="wan")
    with pytest.raises(RenderFailed, match=r"model_index\.json names LTXPipeline"):
        open_engine(card, device="cpu", models=tmp_path)


def test_weights_that_are_not_here_name_the_command_that_fetches_them(
    card_of: Callable[..., Card], tmp_path: Path
) -> None:
    card = card_of("ltx", source="nobody/nothing")
    with pytest.raises(RenderFailed, match="nobody/nothing is not downloaded yet") as missing:
        open_engine(card, device="cpu", models=tmp_path)
    assert f"shotwright models --download {card.name}" in missing.value.fix
