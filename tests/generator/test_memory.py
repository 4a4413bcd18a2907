"""Memory plans: plain arithmetic on a card's counts, and the models that are held at once."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shotwright.generator.catalog import Card, load_catalog
from shotwright.generator.errors import OutOfMemory
from shotwright.generator.memory import (
    CPU,
    ORDER,
    Memory,
    Plan,
    by_way,
    choose,
    fits,
    floor,
    gguf_of,
    plan_for,
    plans,
    remember,
)

CARDS = [card for card in load_catalog().cards.values() if card.network is not None]
GB = 10**9
SIZE: dict[str, Any] = {"width": 832, "height": 480, "frames": 81}


def device(gigabytes: float, host: float = 128.0) -> Memory:
    return Memory(int(gigabytes * GB * 0.97), int(gigabytes * GB), int(host * GB))


@given(st.sampled_from(CARDS), st.floats(4, 200), st.floats(0, 100))
def test_more_memory_never_means_a_worse_plan(card: Card, less: float, more: float) -> None:
    few, many = (plans(card, device(gb), **SIZE) for gb in (less, less + more))
    assert {(p.precision, p.offload, p.tiling) for p in few} <= {
        (p.precision, p.offload, p.tiling) for p in many
    }
    assert all(p.peak_bytes <= device(less).free for p in few)


@pytest.mark.parametrize(
    ("name", "gigabytes", "offload", "precision"),
    [
        ("wan-2.1-t2v-1.3b", 8, "none", "bf16"),
        ("wan-2.1-t2v-14b", 80, "none", "bf16"),
        ("wan-2.1-t2v-14b", 24, "none", "fp8"),
        ("wan-2.1-t2v-14b", 8, "group", "bf16"),
        ("wan-2.2-t2v-a14b", 80, "none", "bf16"),
        ("wan-2.2-t2v-a14b", 48, "model", "bf16"),
        ("ltx-2", 24, "model", "fp8"),
    ],
)
def test_what_is_chosen_for_a_device(
    name: str, gigabytes: float, offload: str, precision: str
) -> None:
    card = load_catalog().get(name)
    width, height = next(iter(card.sizes.values()))
    frames = card.frames.default
    plan = choose(card, device(gigabytes), width=width, height=height, frames=frames)
    assert (plan.offload, plan.precision) == (offload, precision)
    assert "GB" in plan.why and plan.told()["why"] == plan.why


def test_a_text_encoder_that_does_not_fit_beside_the_network_reads_on_the_cpu() -> None:
    card = load_catalog().get("wan-2.1-t2v-1.3b")
    assert [choose(card, device(gb), **SIZE).text for gb in (8, 24, 80)] == ["cpu", "kept", "kept"]


def test_a_device_that_is_too_small_is_told_what_would_fit() -> None:
    card = load_catalog().get("wan-2.1-t2v-14b")
    with pytest.raises(OutOfMemory) as small:
        choose(card, device(2), **SIZE)
    assert "fewer frames" in small.value.fix and "GB" in small.value.message
    with pytest.raises(OutOfMemory) as nearly:
        choose(card, device(5), **SIZE)
    fit = int(re.findall(r"fewer frames fit, (\d+) of them", nearly.value.fix)[0])
    assert choose(card, device(5), **{**SIZE, "frames": fit})
    with pytest.raises(OutOfMemory):
        choose(card, device(5), **{**SIZE, "frames": fit + card.frames.step})
    with pytest.raises(OutOfMemory, match="of the machine's own memory"):
        choose(card, device(12, host=8), **SIZE)


def test_a_way_that_failed_is_not_taken_again_nor_a_richer_one() -> None:
    card = load_catalog().get("wan-2.1-t2v-1.3b")
    seen = [None, *ORDER[:-1]]
    for below in seen:
        plan = choose(card, device(80), **SIZE, below=below, gguf_mb=900)
        way = (plan.precision, plan.offload, plan.tiling)
        assert below is None or ORDER.index(way) == ORDER.index(below) + 1
    with pytest.raises(OutOfMemory):
        choose(card, device(80), **SIZE, below=ORDER[-1])


def test_a_card_says_by_itself_what_it_takes_or_is_streamed() -> None:
    mini = load_catalog().default
    assert choose(mini, device(8), width=64, height=64, frames=9).offload == "none"
    unknown = replace(mini, memory={})
    assert choose(unknown, device(80), width=64, height=64, frames=9).offload == "group"


def test_out_of_memory_is_remembered_for_a_card_and_device(tmp_path: Path) -> None:
    card = CARDS[0]
    plan = Plan("bf16", "none", False, "kept", 0, "")
    assert floor(tmp_path, card, "cuda:0") is None
    remember(tmp_path, card, "cuda:0", plan)
    assert floor(tmp_path, card, "cuda:0") == ("bf16", "none", False)
    assert floor(tmp_path, card, "cuda:1") is None
    again = plan_for(card, "cuda:0", tmp_path, memory=device(80))
    assert "bf16 none ran out of memory before (plans.json)" in again.why
    # a damaged file, and one that another version wrote, count as none
    for text in ("{ half", "[1]", f'{{"{card.name}@cuda:0": ["bf8", 1]}}'):
        (tmp_path / "plans.json").write_text(text, encoding="utf-8")
        assert floor(tmp_path, card, "cuda:0") is None
    remember(tmp_path, card, "cuda:0", plan)
    assert floor(tmp_path, card, "cuda:0") == ("bf16", "none", False)


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.name)
def test_a_card_tells_what_it_takes_by_precision_and_offload(card: Card) -> None:
    ways = by_way(card)
    assert list(ways) == [
        *("bf16 none", "bf16 model", "fp8 none", "fp8 model", "bf16 group", "fp8 group")
    ]
    assert ways["bf16 none"] >= ways["bf16 model"] >= ways["bf16 group"] >= ways["fp8 group"] > 0
    assert by_way(replace(card, parameters_m={})) == {}


def test_without_a_gpu_a_large_model_says_what_it_needs(tmp_path: Path) -> None:
    cards = load_catalog().cards
    assert plan_for(cards["mini"], "cpu", tmp_path) == CPU
    with pytest.raises(OutOfMemory, match=r"needs a GPU of at least \d+ GB, and there is none"):
        plan_for(cards["wan-2.1-t2v-14b"], "cpu", tmp_path)
    with pytest.raises(OutOfMemory, match="needs a GPU, and there is none"):
        plan_for(cards["kolors"], "cpu", tmp_path)


def test_two_passes_at_once_are_counted_and_made_where_there_is_room() -> None:
    card = load_catalog().get("wan-2.1-t2v-14b")
    large: dict[str, Any] = {"width": 1280, "height": 720, "frames": 81}
    rich, tight = choose(card, device(80), **SIZE), choose(card, device(45), **large)
    assert rich.batched and "two at once" in rich.why and rich.told()["batched"]
    assert not tight.batched and "for want of room" in tight.why
    assert rich.peak_bytes <= rich.usable_bytes
    # a larger clip than the plan was made for
    assert fits(card, rich, **large) and not fits(card, choose(card, device(45), **SIZE), **large)
    assert fits(card, CPU, **large)
    # after an estimate that was too low
    assert not choose(card, device(80), **SIZE, below=ORDER[0]).batched
    # other pipelines make one pass of both themselves, and hold as much in any case
    assert not choose(load_catalog().get("ltx-video"), device(80), **SIZE).batched


def test_a_gguf_file_is_taken_before_blocks_are_streamed(tmp_path: Path) -> None:
    card = load_catalog().get("wan-2.1-t2v-14b")
    few = choose(card, device(16), **SIZE, gguf_mb=9_600)
    assert (few.precision, few.offload) == ("gguf", "none")
    assert few.peak_bytes > 9_600_000_000
    assert choose(card, device(16), **SIZE).offload == "group"
    assert choose(card, device(80), **SIZE, gguf_mb=9_600).precision == "bf16"
    # both experts' files, or none
    two = load_catalog().get("wan-2.2-t2v-a14b")
    folder = tmp_path / "gguf" / two.name
    folder.mkdir(parents=True)
    (folder / "transformer.gguf").write_bytes(b"GGUF")
    assert gguf_of(two, tmp_path) == {}
    (folder / "transformer_2.gguf").write_bytes(b"GGUF")
    assert sorted(gguf_of(two, tmp_path)) == ["transformer", "transformer_2"]
