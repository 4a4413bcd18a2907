"""Memory plans: plain arithmetic on a card's counts, and the models that are held at once."""

import itertools
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
    Residents,
    choose,
    floor,
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
    with pytest.raises(OutOfMemory, match="of the machine's own memory"):
        choose(card, device(12, host=8), **SIZE)


def test_a_way_that_failed_is_not_taken_again_nor_a_richer_one() -> None:
    card = load_catalog().get("wan-2.1-t2v-1.3b")
    seen = [None, *ORDER[:-1]]
    for below in seen:
        plan = choose(card, device(80), **SIZE, below=below)
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
    assert plan_for(card, "cpu", tmp_path) == CPU


class Held:
    """A model that only weighs something."""

    def __init__(self, weight: int) -> None:
        self.bytes_held, self.closed = weight, False

    def close(self) -> None:
        self.closed = True


def test_the_least_recently_used_model_leaves_first() -> None:
    residents: Residents[Held] = Residents(lambda: 10)
    models = {name: Held(4) for name in "abc"}
    for name in ("a", "b", "a", "c"):
        residents.get(name, 4, lambda name=name: models[name])  # type: ignore[misc]
    assert [models[n].closed for n in "abc"] == [False, True, False]
    assert "a" in residents and "b" not in residents
    residents.release()
    assert all(models[n].closed for n in "abc") and "a" not in residents


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.integers(1, 6)), max_size=12))
def test_models_together_never_weigh_more_than_there_is(uses: list[tuple[str, int]]) -> None:
    residents: Residents[Held] = Residents(lambda: 8)
    weights = dict(itertools.islice(dict(uses).items(), 4))
    held = {name: Held(weight) for name, weight in weights.items()}
    for name, _ in uses:
        residents.get(name, weights[name], lambda name=name: held[name])  # type: ignore[misc]
        assert sum(h.bytes_held for n, h in held.items() if n in residents) <= 8
