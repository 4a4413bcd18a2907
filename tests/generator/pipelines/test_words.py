"""Prompts read by an encoder that does not stay, and LoRAs: of presets, of the user's, of camera moves."""

import itertools
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from shotwright.generator import memory
from shotwright.generator.camera import Move
from shotwright.generator.catalog import Card, Lora, load_catalog
from shotwright.generator.clipspec import ClipSpec
from shotwright.generator.errors import BadRequest, RenderFailed
from shotwright.generator.frames import Frames, Given
from shotwright.generator.pipelines import open_engine
from shotwright.generator.pipelines.kolors import KolorsEngine
from shotwright.generator.pipelines.ltx import LtxEngine
from shotwright.generator.pipelines.sampling import Sampler
from shotwright.generator.pipelines.skyreels import SkyReelsEngine
from shotwright.generator.pipelines.wan import WanEngine

pytestmark = [
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:Already found a `peft_config`:UserWarning"),
    pytest.mark.filterwarnings("ignore:Adapter odd was active:UserWarning"),
]
APART = replace(memory.CPU, text="cpu")
FAMILIES: dict[str, type[Sampler]] = {
    "wan_text": WanEngine,
    "skyreels": SkyReelsEngine,
    "ltx": LtxEngine,
    "kolors": KolorsEngine,
}


def ignore(phase: str, step: int, steps: int) -> None:
    pass


@pytest.mark.parametrize("name", FAMILIES)
def test_an_encoder_that_does_not_stay_reads_a_prompt_once_and_alike(
    name: str, card_of: Callable[..., Card], spec_of: Callable[..., ClipSpec], tmp_path: Path
) -> None:
    card = card_of(name)
    spec = spec_of(name, frames=1 if name == "kolors" else 9)
    kept = FAMILIES[name](card, device="cpu", models=tmp_path)
    apart = FAMILIES[name](card, device="cpu", models=tmp_path, plan=APART)
    assert apart.pipeline.text_encoder is None
    assert np.array_equal(kept.render(spec, Given(), ignore), apart.render(spec, Given(), ignore))
    assert apart.pipeline.text_encoder is None
    files = list((tmp_path / "prompts").iterdir())
    written = [file.stat().st_ino for file in files]
    again = FAMILIES[name](card, device="cpu", models=tmp_path, plan=APART)
    again.render(replace(spec, seed=9), Given(), ignore)
    assert [file.stat().st_ino for file in (tmp_path / "prompts").iterdir()] == written
    again.render(replace(spec, prompt="another ball"), Given(), ignore)
    assert len(list((tmp_path / "prompts").iterdir())) == len(files) + 1


def test_the_prompts_of_a_film_are_read_by_one_loading_of_the_encoder(
    card_of: Callable[..., Card], spec_of: Callable[..., ClipSpec], tmp_path: Path
) -> None:
    engine = WanEngine(card_of("wan_text"), device="cpu", models=tmp_path, plan=APART)
    loaded: list[str] = []
    stock = engine.prompts._encoder
    engine.prompts._encoder = lambda: loaded.append("once") or stock()  # type: ignore[func-returns-value,method-assign]
    specs = [spec_of("wan_text", prompt=f"shot {n}") for n in range(3)]
    engine.read_ahead([*specs, specs[0]])
    assert loaded == ["once"] and len(list((tmp_path / "prompts").iterdir())) == 3
    for spec in specs:
        engine.render(spec, Given(), ignore)
    engine.read_ahead(specs)
    assert loaded == ["once"]


def lora_of(network: Any, path: Path, *, rank: int = 2, prefix: str = "transformer.") -> Path:
    """A random LoRA of a network's attention."""
    generator, tensors = torch.Generator().manual_seed(4), {}
    for name, module in network.named_modules():
        if name.endswith("attn1.to_q"):
            rows, columns = module.weight.shape
            a, b = (torch.randn(s, generator=generator) for s in ((rank, columns), (rows, rank)))
            tensors[f"{prefix}{name}.lora_A.weight"] = a
            tensors[f"{prefix}{name}.lora_B.weight"] = b
    save_file(tensors, path)
    return path


@pytest.fixture
def lora(card_of: Callable[..., Card], tmp_path: Path) -> Path:
    engine = FAMILIES["wan_text"](card_of("wan_text"), device="cpu", models=tmp_path)
    return lora_of(engine.pipeline.transformer, tmp_path / "oils.safetensors")


def test_a_lora_works_where_it_is_asked_for_and_leaves_nothing_behind(
    lora: Path, card_of: Callable[..., Card], spec_of: Callable[..., ClipSpec], tmp_path: Path
) -> None:
    card = card_of("wan_text", loras={"oils": Lora(str(lora), weight=0.5)})
    engine, spec = open_engine(card, device="cpu", models=tmp_path), spec_of("wan_text")
    plain = engine.render(spec, Given(), ignore)
    painted = engine.render(replace(spec, loras=("oils",)), Given(), ignore)
    assert not np.array_equal(plain, painted)
    assert np.array_equal(plain, engine.render(spec, Given(), ignore))
    always = replace(card, always=("oils",))
    users = open_engine(always, device="cpu", models=tmp_path)
    assert np.array_equal(painted, users.render(spec, Given(), ignore))
    with pytest.raises(BadRequest, match="has no LoRA ink"):
        engine.render(replace(spec, loras=("ink",)), Given(), ignore)


def test_a_users_lora_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "loras.toml").write_text('[mini]\noils = "~/oils.safetensors"\n', "utf-8")
    card = load_catalog(tmp_path).get("mini")
    assert card.always == ("oils",) and card.loras["oils"].source == "~/oils.safetensors"
    for text, told in (
        ('[sora]\noils = "x"\n', r"\[sora\] is no model"),
        ('[wan-2.1-t2v-1.3b]\noils = "x"\n', r'\[wan-2\] is to be in quotes, \["wan-2\.1'),
        ('[mini]\noils.v2 = "x"\n', "oils of mini has no key v2"),
        ("[mini]\noils = 3\n", "oils of mini is neither"),
        ('mini = "x"\n', "mini is no table"),
        ("[mini]\noils = {}\n", "source"),
        ("[mini\n", "line 1"),
    ):
        (tmp_path / "loras.toml").write_text(text, "utf-8")
        with pytest.raises(BadRequest, match=r"loras\.toml") as wrong:
            load_catalog(tmp_path)
        assert re.search(told, wrong.value.message), wrong.value.message


def test_a_lora_for_another_base_is_refused_by_name(
    lora: Path, card_of: Callable[..., Card], spec_of: Callable[..., ClipSpec], tmp_path: Path
) -> None:
    card = card_of("skyreels", loras={"oils": Lora(str(lora))})
    foreign = lora_of(torch.nn.ModuleDict(), tmp_path / "empty.safetensors")
    wide = torch.nn.Module()
    wide.add_module("blocks", torch.nn.ModuleList([torch.nn.Module()]))
    wide.blocks[0].add_module("attn1", torch.nn.ModuleDict({"to_q": torch.nn.Linear(99, 99)}))  # type: ignore[index,union-attr]
    other = lora_of(wide, tmp_path / "wide.safetensors")
    half, cut = tmp_path / "half.safetensors", tmp_path / "cut.safetensors"
    save_file({key: t for key, t in load_file(lora).items() if "lora_A" in key}, half)
    cut.write_bytes(lora.read_bytes()[:-8])
    for path in (foreign, other, half, cut):
        engine = open_engine(
            replace(card, loras={"oils": Lora(str(path))}), device="cpu", models=tmp_path
        )
        with pytest.raises(RenderFailed, match="LoRA oils") as refused:
            engine.render(spec_of("skyreels", loras=("oils",)), Given(), ignore)
        assert refused.value.code == "model_damaged"


def test_a_device_that_is_full_while_a_lora_comes_does_not_accuse_it(
    lora: Path,
    card_of: Callable[..., Card],
    spec_of: Callable[..., ClipSpec],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    card = card_of("wan_text", loras={"oils": Lora(str(lora))}, always=("oils",))
    plan = replace(memory.CPU, precision="bf16")
    engine = WanEngine(card, device="cpu", models=tmp_path, plan=plan)

    def fails(*_: Any, **__: Any) -> None:
        raise torch.OutOfMemoryError("the device is full")

    monkeypatch.setattr(engine.pipeline, "load_lora_weights", fails)
    engine.render(spec_of("wan_text"), Given(), ignore)
    assert "out of memory in bf16 none" in engine.told()["notes"][0]


def test_after_a_refused_lora_others_still_work(
    lora: Path, card_of: Callable[..., Card], spec_of: Callable[..., ClipSpec], tmp_path: Path
) -> None:
    tensors = load_file(lora)
    last = max(name for name in tensors if name.endswith("lora_B.weight"))
    tensors[last] = torch.zeros(len(tensors[last]) + 8, 2)  # all fits but one
    save_file(tensors, tmp_path / "odd.safetensors")
    loras = {"oils": Lora(str(lora)), "odd": Lora(str(tmp_path / "odd.safetensors"))}
    engine = open_engine(card_of("wan_text", loras=loras), device="cpu", models=tmp_path)
    spec = spec_of("wan_text")
    plain = engine.render(spec, Given(), ignore)
    painted = engine.render(replace(spec, loras=("oils",)), Given(), ignore)
    with pytest.raises(RenderFailed, match="size mismatch"):
        engine.render(replace(spec, loras=("odd",)), Given(), ignore)
    assert np.array_equal(plain, engine.render(spec, Given(), ignore))
    assert np.array_equal(painted, engine.render(replace(spec, loras=("oils",)), Given(), ignore))


def test_each_of_two_experts_may_have_its_own_lora(
    lora: Path, card_of: Callable[..., Card], spec_of: Callable[..., ClipSpec], tmp_path: Path
) -> None:
    experts = ("transformer", "transformer_2")
    loras = {name: Lora(str(lora), parts=(name,)) for name in experts}
    card = card_of("wan_two_experts", loras={**loras, "both": Lora(str(lora), parts=experts)})
    engine = open_engine(card, device="cpu", models=tmp_path)
    spec = spec_of("wan_two_experts", steps=6)

    def painted(*names: str) -> Frames:
        return engine.render(replace(spec, loras=names), Given(), ignore)

    made = [painted(*names) for names in ((), ("transformer",), ("transformer_2",), ("both",))]
    for one, other in itertools.combinations(made, 2):
        assert not np.array_equal(one, other)
    assert np.array_equal(made[3], painted(*experts)) and np.array_equal(made[0], painted())


def test_a_lora_that_is_a_pickle_or_missing_is_refused(
    card_of: Callable[..., Card], spec_of: Callable[..., ClipSpec], tmp_path: Path
) -> None:
    (tmp_path / "bad.ckpt").write_bytes(b"x")
    for source, message in ((str(tmp_path / "bad.ckpt"), "pickle"), ("no/where", "not downloaded")):
        card = card_of("wan_text", loras={"oils": Lora(source)})
        engine = open_engine(card, device="cpu", models=tmp_path)
        with pytest.raises(RenderFailed, match=message):
            engine.render(spec_of("wan_text", loras=("oils",)), Given(), ignore)


def test_a_camera_move_is_made_by_its_lora(
    card_of: Callable[..., Card], spec_of: Callable[..., ClipSpec], tmp_path: Path
) -> None:
    blocks = {"spatio_temporal_guidance_blocks": [1]}
    network = open_engine(
        card_of("ltx2", pipeline=blocks), device="cpu", models=tmp_path
    ).pipeline.transformer  # type: ignore[attr-defined]
    made = lora_of(network, tmp_path / "in.safetensors", prefix="diffusion_model.")
    other = lora_of(network, tmp_path / "out.safetensors", rank=3, prefix="diffusion_model.")
    loras = {
        "nearer": Lora(str(made), move="dolly_in"),
        "farther": Lora(str(other), move="dolly_out"),
    }
    card = card_of("ltx2", pipeline=blocks, camera_native="loras", loras=loras)
    engine: Any = open_engine(card, device="cpu", models=tmp_path)
    active: list[list[str]] = []
    engine.pipeline.transformer.register_forward_pre_hook(
        lambda *_: active.append(engine.pipeline.get_active_adapters())
    )
    spec = spec_of("ltx2", width=64, height=64)
    still = engine.render(spec, Given(), ignore)
    nearer = engine.render(spec, Given(moves=(Move("dolly_in"),)), ignore)
    assert not np.array_equal(still, nearer) and active[-1] == ["nearer"]
    farther = engine.render(spec, Given(moves=(Move("dolly_out"),)), ignore)
    assert active[-1] == ["farther"] and not np.array_equal(farther, nearer)
    assert np.array_equal(still, engine.render(spec, Given(), ignore))
    for move in (Move("pan_left"), Move("dolly_in", end=0.5)):
        with pytest.raises(BadRequest, match="has no LoRA for"):
            engine.render(spec, Given(moves=(move,)), ignore)
