"""Plans done to loaded pipelines, running out of memory, weights that are found, on tiny checkpoints and the CPU."""

import shutil
import weakref
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from shotwright.generator import memory
from shotwright.generator.catalog import Card, Large, load_catalog
from shotwright.generator.clipspec import ClipSpec
from shotwright.generator.errors import OutOfMemory, RenderFailed
from shotwright.generator.frames import Given
from shotwright.generator.pipelines import open_engine
from shotwright.generator.pipelines.embeddings import Embeddings
from shotwright.generator.pipelines.loading import locate
from shotwright.generator.pipelines.wan import WanEngine
from shotwright.generator.weights import PINS

PLAIN = memory.Plan("bf16", "none", False, "kept", 0, "asked by a test")


def ignore(phase: str, step: int, steps: int) -> None:
    pass


@pytest.mark.parametrize(
    ("plan", "same"),
    [
        (replace(PLAIN, offload="group"), 0.0),
        (replace(PLAIN, tiling=True), 0.0),
        (replace(PLAIN, text="cpu"), 0.0),
        (replace(PLAIN, precision="fp8"), 12.0),
    ],
    ids=["streamed in groups", "in tiles", "encoder apart", "8 bits"],
)
def test_a_plan_changes_where_things_lie_and_not_what_is_made(
    plan: memory.Plan,
    same: float,
    card_of: Callable[..., Card],
    spec_of: Callable[..., ClipSpec],
    tmp_path: Path,
) -> None:
    card, spec = card_of("wan_text"), spec_of("wan_text")
    plain, fitted = (
        WanEngine(card, device="cpu", models=tmp_path, plan=p).render(spec, Given(), ignore)
        for p in (PLAIN, plan)
    )
    differs = np.abs(plain.astype(int) - fitted).mean()
    assert differs <= same and (differs > 0) == (same > 0)


def test_eight_bit_weights_take_half(
    card_of: Callable[..., Card], spec_of: Callable[..., ClipSpec], tmp_path: Path
) -> None:
    card = card_of("wan_text")
    sixteen, eight = (
        WanEngine(card, device="cpu", models=tmp_path, plan=replace(PLAIN, precision=precision))
        for precision in ("bf16", "fp8")
    )
    blocks = [
        sum(
            t.numel() * t.element_size()
            for t in e.pipeline.transformer.blocks[0].attn1.parameters()
        )
        for e in (sixteen, eight)
    ]
    assert blocks[1] < 0.6 * blocks[0] and eight.bytes_held < sixteen.bytes_held


def test_out_of_memory_steps_down_once_tells_and_remembers(
    card_of: Callable[..., Card], spec_of: Callable[..., ClipSpec], tmp_path: Path
) -> None:
    card, spec = card_of("wan_text"), spec_of("wan_text")
    engine = WanEngine(card, device="cpu", models=tmp_path, plan=PLAIN)
    full: list[Any] = []

    def fails(*_: Any) -> None:
        full.append(1)
        raise torch.OutOfMemoryError("the device is full")

    engine.pipeline.transformer.register_forward_pre_hook(fails)
    made = engine.render(spec, Given(), ignore)
    assert made.shape[0] == 9 and len(full) == 1
    assert engine.plan == memory.plan_for(card, "cpu", tmp_path)
    assert "out of memory in bf16 none" in engine.told()["notes"][0]
    assert memory.floor(tmp_path, card, "cpu") == ("bf16", "none", False)
    # where there is no gentler way it is said, with what would help
    engine.pipeline.transformer.register_forward_pre_hook(fails)
    with pytest.raises(OutOfMemory) as small:
        engine.render(spec, Given(), ignore)
    assert "fewer frames" in small.value.fix


@pytest.mark.parametrize("seam", ["apply", "read ahead", "codec"])
def test_out_of_memory_before_and_after_a_rendering_steps_down_too(
    seam: str,
    card_of: Callable[..., Card],
    spec_of: Callable[..., ClipSpec],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    card, spec = card_of("wan_text"), spec_of("wan_text")
    place = {"apply": memory, "read ahead": Embeddings, "codec": WanEngine}[seam]
    name = {"apply": "apply", "read ahead": "ahead", "codec": "_through_codec"}[seam]
    real, full = getattr(place, name), [True]

    def fails(*arguments: Any, **named: Any) -> Any:
        if full:
            full.pop()
            raise torch.OutOfMemoryError("the device is full")
        return real(*arguments, **named)

    monkeypatch.setattr(place, name, fails)
    apart = replace(PLAIN, text="cpu" if seam == "read ahead" else "kept")
    engine = WanEngine(card, device="cpu", models=tmp_path, plan=apart)
    engine.read_ahead([spec])
    made = engine.render(spec, Given(), ignore)
    engine.reconstruct(made[0])
    assert not full and made.shape[0] == 9
    assert "out of memory in bf16 none" in engine.told()["notes"][0]
    assert memory.floor(tmp_path, card, "cpu") == ("bf16", "none", False)


def test_a_model_that_no_way_of_loading_fits_leaves_nothing_and_is_tried_anew(
    card_of: Callable[..., Card],
    spec_of: Callable[..., ClipSpec],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    card, spec = card_of("wan_text"), spec_of("wan_text")
    tried: list[Any] = []

    def fails(pipeline: Any, *_: Any) -> None:
        tried.append(weakref.ref(pipeline.transformer))
        raise torch.OutOfMemoryError("the device is full")

    engine = WanEngine(card, device="cpu", models=tmp_path, plan=replace(PLAIN, text="cpu"))
    with monkeypatch.context() as full:
        full.setattr(memory, "apply", fails)
        with pytest.raises(OutOfMemory, match="does not fit the device: the device is full"):
            WanEngine(card, device="cpu", models=tmp_path, plan=PLAIN)
        engine.close()
        with pytest.raises(OutOfMemory):
            engine.render(spec, Given(), ignore)
    assert len(tried) == 3 and not any(network() for network in tried), "the next plan, once"
    engine.read_ahead([spec])
    assert engine.render(spec, Given(), ignore).shape[0] == 9


def test_a_clip_larger_than_the_plan_was_made_for_is_fitted_anew(
    card_of: Callable[..., Card], spec_of: Callable[..., ClipSpec], tmp_path: Path
) -> None:
    shape = load_catalog().get("wan-2.1-t2v-1.3b").network
    card = card_of("wan_text", network=shape, parameters_m={"transformer": 0.1, "vae": 0.1})
    engine = WanEngine(card, device="cpu", models=tmp_path, plan=replace(PLAIN, usable_bytes=1))
    engine.render(spec_of("wan_text"), Given(), ignore)
    assert engine.plan == memory.CPU
    assert engine.told()["notes"][0].startswith("fitted anew for 32x32x9: no GPU")
    # the next one that has room in the usual way is made in that again, whatever ran before
    engine._usual = PLAIN
    engine.render(spec_of("wan_text"), Given(), ignore)
    assert engine.told()["notes"] == [] and engine._usual is engine.plan
    engine._usual = replace(PLAIN, usable_bytes=1)
    # and a device that was full for a moment leaves the engine of use
    engine.close()
    assert engine.render(spec_of("wan_text"), Given(), ignore).shape[0] == 9


def test_the_first_downloaded_revision_is_the_one_that_is_used(
    card_of: Callable[..., Card], tiny: Callable[[str], Path], tmp_path: Path
) -> None:
    card = card_of("wan_text", source="some/where", revision="")
    kept = tmp_path / "models--some--where" / "snapshots"
    for revision in ("aaa", "bbb"):
        (kept / revision).mkdir(parents=True)
    with pytest.raises(RenderFailed, match="some/where is not downloaded yet"):
        locate(card, tmp_path)
    (tmp_path / PINS).write_text('{"some/where": "bbb"}', encoding="utf-8")
    assert locate(card, tmp_path) == kept / "bbb"
    assert locate(replace(card, revision="aaa"), tmp_path) == kept / "aaa"
    with pytest.raises(RenderFailed):
        locate(replace(card, revision="ccc"), tmp_path)


def test_weights_kept_in_sixteen_bits_only_are_found(
    card_of: Callable[..., Card],
    spec_of: Callable[..., ClipSpec],
    tiny: Callable[[str], Path],
    tmp_path: Path,
) -> None:
    folder = Path(shutil.copytree(tiny("wan_text"), tmp_path / "weights"))
    for part, name in (("transformer", "diffusion_pytorch_model"), ("text_encoder", "model")):
        file = folder / part / f"{name}.safetensors"
        file.rename(file.with_name(f"{name}.fp16.safetensors"))
    card, spec = card_of("wan_text"), spec_of("wan_text")
    plain = open_engine(card, device="cpu", models=tmp_path).render(spec, Given(), ignore)
    halved = replace(card, source=str(folder))
    for plan in (memory.CPU, replace(memory.CPU, text="cpu")):
        engine = WanEngine(halved, device="cpu", models=tmp_path, plan=plan)
        assert np.array_equal(plain, engine.render(spec, Given(), ignore))


@pytest.mark.parametrize("name", ["wan_timed", "wan_pictures", "skyreels", "z_image"])
def test_a_closed_engine_holds_nothing_any_more(
    name: str, card_of: Callable[..., Card], tmp_path: Path
) -> None:
    engine: Any = open_engine(card_of(name), device="cpu", models=tmp_path)
    assert engine.bytes_held > 0
    network = weakref.ref(engine.pipeline.transformer)
    engine.close()
    assert engine.bytes_held == 0 and network() is None


def test_the_larger_native_size_has_its_own_schedule(
    card_of: Callable[..., Card], spec_of: Callable[..., ClipSpec], tmp_path: Path
) -> None:
    large = Large({"1:1": (64, 64)}, {"flow_shift": 9.0})
    sizes = {"1:1": (32, 32)}
    card = card_of("wan_text", sizes=sizes, scheduler={"flow_shift": 2.0}, large=large)
    engine = WanEngine(card, device="cpu", models=tmp_path)
    small = engine.render(spec_of("wan_text"), Given(), ignore)
    assert engine.text.scheduler.config.flow_shift == 2.0
    wide = engine.render(spec_of("wan_text", width=64, height=64), Given(), ignore)
    assert engine.text.scheduler.config.flow_shift == 9.0 and wide.shape[1:3] == (64, 64)
    assert np.array_equal(small, engine.render(spec_of("wan_text"), Given(), ignore))


@pytest.mark.parametrize("refine", [0, 2])
def test_frames_are_told_as_they_are_decoded_of_the_last_pass_alone(
    refine: int, card_of: Callable[..., Card], spec_of: Callable[..., ClipSpec], tmp_path: Path
) -> None:
    engine = WanEngine(card_of("wan_text"), device="cpu", models=tmp_path)
    told: list[tuple[int, Any]] = []
    made = engine.render(
        spec_of("wan_text", refine=refine), Given(), ignore, lambda *piece: told.append(piece)
    )
    assert [number for number, _ in told] == [0, 1, 5]
    assert np.array_equal(np.concatenate([frames for _, frames in told]), made)
    # and no more once nobody asks
    engine.render(spec_of("wan_text"), Given(), ignore)
    assert len(told) == 3
