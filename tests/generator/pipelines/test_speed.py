"""Speed: counted operations, kernels as measured, and steps that were really skipped, on tiny checkpoints."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import WanTransformer3DModel
from torch.utils.flop_counter import FlopCounterMode

from shotwright.generator import speed
from shotwright.generator.catalog import Card, load_catalog
from shotwright.generator.clipspec import ClipSpec
from shotwright.generator.frames import Given
from shotwright.generator.pipelines import open_engine
from shotwright.generator.pipelines.sampling import Sampler


def ignore(phase: str, step: int, steps: int) -> None:
    pass


@pytest.mark.parametrize(
    ("name", "size", "channels"),
    [("wan-2.1-t2v-1.3b", (832, 480, 81), 16), ("wan-2.2-ti2v-5b", (1280, 704, 121), 48)],
)
def test_the_formula_counts_what_the_network_does(
    name: str, size: tuple[int, int, int], channels: int
) -> None:
    shape = load_catalog().get(name).network
    assert shape is not None
    width, height, frames = size
    with torch.device("meta"):
        network = WanTransformer3DModel(
            num_attention_heads=shape.width // 128,
            ffn_dim=shape.ffn,
            num_layers=1,
            in_channels=channels,
            out_channels=channels,
        )
        rows, columns = (
            2 * side // token for side, token in zip((height, width), shape.token[1:], strict=True)
        )
        clip = torch.empty(1, channels, (frames - 1) // 4 + 1, rows, columns)
        with FlopCounterMode(display=False) as counter:
            network(clip, torch.zeros(1), torch.empty(1, 512, 4096))
    blocks = counter.get_flop_counts()["WanTransformer3DModel.blocks.0"]
    one = replace(shape, layers=1)
    counted = speed.flops(one, width=width, height=height, frames=frames)
    assert counted == pytest.approx(sum(blocks.values()), rel=1e-3)
    twice = speed.flops(one, width=width, height=height, frames=frames, guided=True)
    assert twice == 2 * counted


def test_kernels_are_measured_and_what_cannot_run_says_why() -> None:
    found = speed.probe_attention(
        "cpu", heads=2, size=16, tokens=64, names=("native", "_native_math", "flash", "no_such")
    )
    by_name = {kernel.name: kernel for kernel in found}
    assert by_name["native"].differs < 1e-5 and by_name["_native_math"].differs < 1e-5
    assert by_name["flash"].refused and by_name["no_such"].refused
    assert {found[0].name, found[1].name} == {"native", "_native_math"}
    assert found[0].seconds <= found[1].seconds


@pytest.fixture(scope="module")
def engines(
    card_of: Callable[..., Card], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Sampler]:
    opened: dict[str, Any] = {}

    def engine(name: str) -> Sampler:
        if name not in opened:
            models = tmp_path_factory.mktemp("models")
            card = card_of(
                name, pipeline={"spatio_temporal_guidance_blocks": [1]} if name == "ltx2" else {}
            )
            opened[name] = open_engine(card, device="cpu", models=models)
        return opened[name]  # type: ignore[no-any-return]

    return engine


def block_passes(engine: Sampler) -> list[int]:
    """Grows with each pass through the insides of the last block, whatever the cache says."""
    passes: list[int] = []
    network = engine.pipeline.transformer
    blocks = getattr(network, "blocks", None) or network.transformer_blocks
    blocks[-1].attn1.to_q.register_forward_hook(lambda *_: passes.append(1))
    return passes


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@pytest.mark.parametrize("name", ["wan_text", "wan_vace", "wan_timed", "skyreels", "ltx"])
def test_fast_really_skips_steps_and_exact_none(
    name: str, engines: Callable[[str], Sampler], spec_of: Callable[..., ClipSpec]
) -> None:
    engine = engines(name)
    side = 64 if name == "wan_timed" else 32
    exact = spec_of(name, steps=12, frames=9, width=side, height=side)
    passes = block_passes(engine)
    plain = engine.render(exact, Given(), ignore)
    whole = len(passes)
    passes.clear()
    fast = engine.render(replace(exact, level="fast"), Given(), ignore)
    told = engine.told()["speed"]
    computed, asked = told["passes"]
    assert len(passes) == computed < asked <= whole
    assert computed >= asked / 2, "at least half of the passes are computed"
    assert told["level"] == "fast" and not told["notes"]
    assert not np.array_equal(plain, fast)
    passes.clear()
    assert np.array_equal(plain, engine.render(exact, Given(), ignore)), "nothing of it is left"
    assert len(passes) == whole and engine.told()["speed"]["passes"] is None


def test_guidance_stops_where_the_pipeline_asks_each_step(
    engines: Callable[[str], Sampler], spec_of: Callable[..., ClipSpec]
) -> None:
    engine = engines("wan_text")
    spec = spec_of("wan_text", steps=5, level="fast")
    passes = block_passes(engine)
    engine.render(spec, Given(), ignore)
    # 4 of 5 steps twice, the last once; 5 steps are too few for the cache
    assert len(passes) == 9 and engine.told()["speed"]["guided_steps"] == 4


def test_a_network_that_the_cache_does_not_know_is_left_alone_and_says_so(
    engines: Callable[[str], Sampler], spec_of: Callable[..., ClipSpec]
) -> None:
    engine = engines("ltx2")
    assert not speed.caches(engine.pipeline.transformer)
    spec = spec_of("ltx2", steps=9, width=64, height=64, level="fast")
    assert np.array_equal(
        engine.render(spec, Given(), ignore),
        engine.render(replace(spec, level="exact"), Given(), ignore),
    )
    engine.render(spec, Given(), ignore)
    assert engine.told()["speed"]["notes"] == ["no step cache acts on this network"]


def test_short_schedules_are_computed_whole(
    engines: Callable[[str], Sampler], spec_of: Callable[..., ClipSpec]
) -> None:
    engine = engines("ltx2")
    engine.render(spec_of("ltx2", steps=2, width=64, height=64, level="fast"), Given(), ignore)
    assert "too few" in engine.told()["speed"]["notes"][0]


def test_a_level_that_is_none_is_refused(
    card_of: Callable[..., Card], spec_of: Callable[..., ClipSpec], tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match="level 'quick'"):
        replace(load_catalog().default.quality["draft"], level="quick")
