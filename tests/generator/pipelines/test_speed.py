"""Speed: counted operations, kernels as measured, and steps that were really skipped, on tiny checkpoints."""

import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import (
    LTXVideoTransformer3DModel,
    SkyReelsV2Transformer3DModel,
    WanTransformer3DModel,
    WanVACETransformer3DModel,
)
from torch.utils.flop_counter import FlopCounterMode

from shotwright.generator import speed
from shotwright.generator.catalog import Card, load_catalog
from shotwright.generator.clipspec import ClipSpec
from shotwright.generator.frames import Frames, Given
from shotwright.generator.pipelines import open_engine
from shotwright.generator.pipelines.sampling import Sampler


def ignore(phase: str, step: int, steps: int) -> None:
    pass


@pytest.mark.parametrize(
    ("name", "layers"),
    [
        ("wan-2.1-t2v-1.3b", 30),
        ("wan-2.1-t2v-14b", 40),
        ("wan-2.2-ti2v-5b", 2),
        ("wan-2.1-i2v-14b-480p", 2),
        ("wan-2.1-vace-1.3b", 2),
        ("skyreels-v2-df-14b-540p", 2),
    ],
)
def test_the_formula_counts_what_the_network_does(name: str, layers: int) -> None:
    card = load_catalog().get(name)
    assert card.network is not None and speed.counted(card)
    shape = replace(card.network, layers=layers, control_layers=min(1, card.network.control_layers))
    (width, height), frames = next(iter(card.sizes.values())), card.frames.default
    pictures = "i2v" in name
    channels = 48 if "5b" in name else 16
    settings: dict[str, Any] = {
        "num_attention_heads": shape.width // 128,
        "ffn_dim": shape.ffn,
        "num_layers": layers,
        "in_channels": 36 if pictures else channels,
        "out_channels": channels,
    }
    more: dict[str, Any] = {}
    kind = SkyReelsV2Transformer3DModel if card.family == "skyreels" else WanTransformer3DModel
    rows, columns = (
        2 * side // token for side, token in zip((height, width), shape.token[1:], strict=True)
    )
    clip = (shape.tokens(width, height, frames) * 4 // (rows * columns), rows, columns)
    with torch.device("meta"):
        if pictures:
            settings |= {"image_dim": 1280, "added_kv_proj_dim": shape.width}
            more["encoder_hidden_states_image"] = torch.empty(1, 257, 1280)
        if shape.control_layers:
            kind = WanVACETransformer3DModel
            settings |= {"vace_layers": [0], "vace_in_channels": 96}
            more["control_hidden_states"] = torch.empty(1, 96, *clip)
        network = kind(**settings)
        latents = torch.empty(1, settings["in_channels"], *clip)
        with FlopCounterMode(display=False) as counter:
            network(latents, torch.zeros(1), torch.empty(1, 512, 4096), **more)
    counted = speed.flops(shape, width=width, height=height, frames=frames)
    # not of the blocks: reading words, time and patches, writing, a picture's 257 tokens that CLIP saw; beside two
    # blocks that is more than beside all
    assert counted == pytest.approx(counter.get_total_flops(), rel=2e-4 if layers > 2 else 1e-2)
    twice = speed.flops(shape, width=width, height=height, frames=frames, guided=True)
    assert twice == 2 * counted


def test_the_formula_counts_the_other_family_too() -> None:
    card = load_catalog().get("ltx-video")
    assert card.network is not None and speed.counted(card)
    shape = replace(card.network, layers=2)
    (width, height), frames = next(iter(card.sizes.values())), card.frames.default
    clip = {"num_frames": (frames - 1) // 8 + 1, "height": height // 32, "width": width // 32}
    with torch.device("meta"):
        network = LTXVideoTransformer3DModel(num_layers=2)
        latents = torch.empty(1, shape.tokens(width, height, frames), 128)
        words = torch.empty(1, shape.text_tokens, 4096)
        with FlopCounterMode(display=False) as counter, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # diffusers copies a tensor where this device warns
            network(latents, words, torch.zeros(1, 1), None, **clip)
    counted = speed.flops(shape, width=width, height=height, frames=frames)
    assert counted == pytest.approx(counter.get_total_flops(), rel=1e-2)


def test_kernels_are_measured_and_what_cannot_run_says_why() -> None:
    found = speed.probe_attention(
        "cpu", heads=2, size=16, tokens=64, names=("native", "_native_math", "flash", "no_such")
    )
    by_name = {kernel.name: kernel for kernel in found}
    assert by_name["native"].differs < 1e-5 and by_name["_native_math"].differs < 1e-5
    assert by_name["flash"].refused and by_name["no_such"].refused
    assert set(by_name["native"].told()) == {"name", "ms", "differs"}
    assert by_name["flash"].told()["refused"]
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
    """Grows with each pass through the insides of a last block, whatever the cache says."""
    passes: list[int] = []
    for network in speed.networks_of(engine.pipeline):
        blocks = getattr(network, "blocks", None) or network.transformer_blocks
        blocks[-1].attn1.to_q.register_forward_hook(lambda *_: passes.append(1))
    return passes


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@pytest.mark.parametrize(
    "name",
    ["wan_text", "wan_vace", "wan_timed", "wan_two_experts", "wan_pictures", "skyreels", "ltx"],
)
def test_fast_really_skips_steps_and_exact_none(
    name: str, engines: Callable[[str], Sampler], spec_of: Callable[..., ClipSpec], clip: Frames
) -> None:
    engine = engines(name)
    given = Given({0: clip[0]}) if name == "wan_pictures" else Given()
    side = 64 if name == "wan_timed" else 32
    exact = spec_of(name, steps=12, frames=9, width=side, height=side)
    passes = block_passes(engine)
    plain = engine.render(exact, given, ignore)
    whole = len(passes)
    passes.clear()
    fast = engine.render(replace(exact, level="fast"), given, ignore)
    told = engine.told()["speed"]
    computed, asked = told["passes"]
    assert len(passes) == computed < asked <= whole
    assert computed >= asked / 2, "at least half of the passes are computed"
    assert told["level"] == "fast"
    assert told["deviation"] > 0, "what was foreseen was compared with what was computed"
    assert told["notes"] == ([speed.NOT_CUT_SHORT] if name == "ltx" else [])
    assert not np.array_equal(plain, fast)
    passes.clear()
    assert np.array_equal(plain, engine.render(exact, given, ignore)), "nothing of it is left"
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


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@pytest.mark.parametrize(
    ("name", "side", "frames"),
    [("ltx2", 64, 9), ("sana_wm", 64, 9), ("kolors", 64, 1), ("z_image", 64, 1)],
)
def test_a_network_that_the_cache_does_not_know_is_left_alone_and_says_so(
    name: str,
    side: int,
    frames: int,
    engines: Callable[[str], Sampler],
    spec_of: Callable[..., ClipSpec],
) -> None:
    engine = engines(name)
    assert not any(speed.caches(network) for network in speed.networks_of(engine.pipeline))
    spec = spec_of(name, steps=9, width=side, height=side, frames=frames, level="fast")
    grey = np.full((side, side, 3), 128, np.uint8)
    given = Given({0: grey}) if name == "sana_wm" else Given()
    fast = engine.render(spec, given, ignore)
    told = engine.told()["speed"]
    assert told["notes"] == [speed.NOT_CUT_SHORT, "no step cache acts on this network"]
    assert told["passes"] is None
    assert np.array_equal(fast, engine.render(replace(spec, level="exact"), given, ignore))


@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")
def test_compiled_kernels_are_kept_where_another_process_looks(
    engines: Callable[[str], Sampler], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from torch._inductor.runtime.cache_dir_utils import cache_dir

    monkeypatch.delenv("TORCHINDUCTOR_CACHE_DIR", raising=False)
    network = WanTransformer3DModel.from_config(engines("wan_text").pipeline.transformer.config)
    assert speed.compile_blocks(network, tmp_path / "compiled")
    assert all(block._compiled_call_impl is not None for block in network.blocks)
    assert cache_dir() == str(tmp_path / "compiled"), "torch has long been imported"
    # one that is asked for goes before
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path / "own"))
    assert not speed.compile_blocks(torch.nn.Linear(2, 2), tmp_path / "compiled")
    assert cache_dir() == str(tmp_path / "own")


def test_short_schedules_are_computed_whole(
    engines: Callable[[str], Sampler], spec_of: Callable[..., ClipSpec]
) -> None:
    engine = engines("ltx2")
    engine.render(spec_of("ltx2", steps=2, width=64, height=64, level="fast"), Given(), ignore)
    assert "too few" in engine.told()["speed"]["notes"][-1]


def test_a_level_that_is_none_is_refused(
    card_of: Callable[..., Card], spec_of: Callable[..., ClipSpec], tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match="level 'quick'"):
        replace(load_catalog().default.quality["draft"], level="quick")
