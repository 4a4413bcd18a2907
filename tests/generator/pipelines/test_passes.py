"""Passes of the network: counted in every family, and the two of a guided step made in one, on tiny checkpoints."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from shotwright.generator import memory
from shotwright.generator.catalog import Card, Network
from shotwright.generator.clipspec import ClipSpec
from shotwright.generator.frames import Frames, Given
from shotwright.generator.pipelines.skyreels import SkyReelsEngine
from shotwright.generator.pipelines.wan import WanEngine

TOGETHER = replace(memory.CPU, batched=True)


def ignore(phase: str, step: int, steps: int) -> None:
    pass


def given_to(name: str, clip: Frames) -> Given:
    if name in ("wan_pictures", "wan_eyes"):
        return Given({0: clip[0]})
    return Given({0: clip[0], 8: clip[8]}) if name == "wan_ends" else Given()


@pytest.mark.parametrize(
    "name",
    [
        "wan_text",
        "wan_two_experts",
        "wan_pictures",
        "wan_eyes",
        "wan_ends",
        "wan_vace",
        "wan_timed",
        "skyreels",
    ],
)
def test_both_passes_of_a_guided_step_in_one_make_the_same_clip(
    name: str,
    card_of: Callable[..., Card],
    spec_of: Callable[..., ClipSpec],
    clip: Frames,
    tmp_path: Path,
) -> None:
    side = 64 if name == "wan_timed" else 32
    spec = spec_of(name, steps=4, width=side, height=side)
    kind = SkyReelsEngine if name == "skyreels" else WanEngine
    made, calls = [], []
    for plan in (memory.CPU, TOGETHER):
        engine: Any = kind(card_of(name), device="cpu", models=tmp_path, plan=plan)
        made.append(engine.render(spec, given_to(name, clip), ignore).astype(int))
        calls.append(engine.told()["speed"]["calls"])
    steps = calls[1]["2"]
    assert calls == [{"1": 2 * steps}, {"2": steps}] and steps >= 4
    assert np.abs(made[0] - made[1]).mean() < 0.1 and made[0].std() > 5


def test_streamed_blocks_are_brought_once_for_both_passes(
    card_of: Callable[..., Card], spec_of: Callable[..., ClipSpec], tmp_path: Path
) -> None:
    card, spec = card_of("wan_two_experts"), spec_of("wan_two_experts", steps=4)
    streamed = replace(TOGETHER, precision="bf16", offload="group")
    made = []
    for plan in (replace(streamed, offload="none", batched=False), streamed):
        engine = WanEngine(card, device="cpu", models=tmp_path, plan=plan)
        made.append(engine.render(spec, Given(), ignore).astype(int))
    assert np.abs(made[0] - made[1]).mean() < 1
    assert engine.told()["speed"]["calls"] == {"2": 4}


def test_a_clip_too_large_for_both_at_once_has_them_in_turn(
    card_of: Callable[..., Card], spec_of: Callable[..., ClipSpec], tmp_path: Path
) -> None:
    # so wide that its activations weigh more than the codec's
    shape = Network(width=10**6, ffn=10**6, layers=2, token=(4, 16, 16))
    card = card_of("wan_text", network=shape, parameters_m={"transformer": 0.1, "vae": 0.1})
    small, large = ({"width": side, "height": side, "frames": 9} for side in (32, 48))
    asked = replace(TOGETHER, precision="bf16")
    plans = (replace(asked, usable_bytes=usable) for usable in range(1, 10**10, 10**6))
    plan = next(p for p in plans if memory.fits(card, replace(p, batched=False), **large))
    assert memory.fits(card, plan, **small) and not memory.fits(card, plan, **large)
    engine = WanEngine(card, device="cpu", models=tmp_path, plan=plan)
    for clip, calls in ((large, {"1": 4}), (small, {"2": 2})):
        engine.render(spec_of("wan_text", **clip), Given(), ignore)
        assert engine.told()["speed"]["calls"] == calls
    assert not engine.told()["notes"], "nothing was loaded again"


def test_a_step_that_is_not_guided_has_one_pass(
    card_of: Callable[..., Card], spec_of: Callable[..., ClipSpec], tmp_path: Path
) -> None:
    card = card_of("wan_text")
    engine = WanEngine(card, device="cpu", models=tmp_path, plan=replace(TOGETHER, text="cpu"))
    engine.render(spec_of("wan_text", steps=3, refine=1, guidance=3.0), Given(), ignore)
    assert engine.told()["speed"]["calls"]["2"] == 3, "the refining pass has none"
    # the fast level guides 4 of 5 steps
    engine.render(spec_of("wan_text", steps=5, level="fast"), Given(), ignore)
    assert engine.told()["speed"]["calls"] == {"1": 1, "2": 4}


def test_steps_are_left_out_of_both_passes_alike(
    card_of: Callable[..., Card], spec_of: Callable[..., ClipSpec], tmp_path: Path
) -> None:
    card, spec = card_of("wan_text"), spec_of("wan_text", steps=12, level="fast")
    made = []
    for plan in (memory.CPU, TOGETHER):
        engine = WanEngine(card, device="cpu", models=tmp_path, plan=plan)
        made.append(engine.render(spec, Given(), ignore).astype(int))
        computed, asked = engine.told()["speed"]["passes"]
        assert computed < asked
    # not quite the same steps: the cache begins anew where guidance stops
    assert np.abs(made[0] - made[1]).mean() < 2


def test_a_rendering_that_is_stopped_leaves_nothing_behind(
    card_of: Callable[..., Card], spec_of: Callable[..., ClipSpec], tmp_path: Path
) -> None:
    card, spec = card_of("wan_text"), spec_of("wan_text", steps=4)
    engine = WanEngine(card, device="cpu", models=tmp_path, plan=TOGETHER)
    plain = engine.render(spec, Given(), ignore)

    def stop(phase: str, step: int, steps: int) -> None:
        if step == 2:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        engine.render(spec, Given(), stop)
    assert np.array_equal(plain, engine.render(spec, Given(), ignore))


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@pytest.mark.parametrize(("name", "side"), [("ltx", 32), ("sana_wm", 64), ("kolors", 32)])
def test_the_other_families_ask_for_both_at_once_themselves(
    name: str,
    side: int,
    card_of: Callable[..., Card],
    spec_of: Callable[..., ClipSpec],
    clip: Frames,
    tmp_path: Path,
) -> None:
    from shotwright.generator.pipelines import open_engine

    engine = open_engine(card_of(name), device="cpu", models=tmp_path)
    frames = 1 if name == "kolors" else 9
    spec = spec_of(name, frames=frames, width=side, height=side)
    picture = np.asarray(torch.zeros(side, side, 3, dtype=torch.uint8))
    engine.render(spec, Given({0: picture}) if name == "sana_wm" else Given(), ignore)
    assert engine.told()["speed"]["calls"] == {"2": 2}
