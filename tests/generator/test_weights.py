"""Where weights lie and what is lacking, told without a hub and without torch."""

import json
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from shotwright.generator.catalog import FAMILIES, Card, load_catalog
from shotwright.generator.errors import BadRequest
from shotwright.generator.weights import CLASSES, PINS, look, needs, size_of

COMMIT = "c" * 40


def card_of(source: str, **changes: str) -> Card:
    told: dict[str, Any] = {"name": "world", "source": source, "revision": "", **changes}
    return replace(load_catalog().default, **told)


def put(folder: Path, class_name: str = "WanPipeline") -> None:
    """What a look takes for a checkpoint."""
    (folder / "vae").mkdir(parents=True)
    (folder / "vae" / "diffusion_pytorch_model.safetensors").write_bytes(b"")
    (folder / "model_index.json").write_text(json.dumps({"_class_name": class_name}), "utf-8")


def seen(card: Card, models: Path) -> tuple[str, str]:
    state = look(needs(card)[0], models)
    return state.word, state.why


@pytest.mark.parametrize("family", sorted({*FAMILIES} - {"engine"}))
def test_the_classes_that_are_told_without_torch_are_the_adapters(family: str) -> None:
    adapter = import_module(f"shotwright.generator.pipelines.{family}").open_checkpoint
    assert set(CLASSES[family]) == set(adapter.classes)


def test_a_folder_of_the_users_is_used_as_it_is(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    put(folder)
    assert seen(card_of(str(folder)), tmp_path) == ("ready", "")
    word, why = seen(card_of(str(folder), family="ltx"), tmp_path)
    assert word == "unfit" and "names WanPipeline" in why and "LTXPipeline" in why
    (folder / "model_index.json").write_text("[]", encoding="utf-8")
    assert seen(card_of(str(folder)), tmp_path)[0] == "unfit"
    (folder / "model_index.json").unlink()
    assert "no weights in" in seen(card_of(str(folder)), tmp_path)[1]


@pytest.mark.parametrize("source", ["~nobody/weights", "./here", "a/b/c", "loras/oils.safetensors"])
def test_a_source_that_is_nothing_here_and_no_id_of_a_hub_is_told_so(
    source: str, tmp_path: Path
) -> None:
    word, why = seen(card_of(source), tmp_path)
    assert word == "missing" and source in why and "neither here nor" in why


def test_the_commit_is_the_cards_else_the_pinned_one_else_the_only_one(tmp_path: Path) -> None:
    snapshots = tmp_path / "models--tiny--world" / "snapshots"
    put(snapshots / COMMIT)
    assert look(needs(card_of("tiny/world"))[0], tmp_path).revision == COMMIT
    put(snapshots / ("d" * 40))
    assert seen(card_of("tiny/world"), tmp_path)[0] == "missing"
    (tmp_path / PINS).write_text(
        json.dumps({"tiny/world": "d" * 40, "tiny/world@stable": COMMIT}), encoding="utf-8"
    )
    for revision, commit in (("", "d" * 40), ("stable", COMMIT), (COMMIT, COMMIT)):
        need = needs(card_of("tiny/world", revision=revision))[0]
        assert look(need, tmp_path).revision == commit
    assert seen(card_of("tiny/world", revision="e" * 40), tmp_path)[0] == "missing"


def test_pins_that_do_not_read_are_named(tmp_path: Path) -> None:
    (tmp_path / PINS).write_text("{", encoding="utf-8")
    with pytest.raises(BadRequest, match=r"pins\.json cannot be read"):
        look(needs(card_of("tiny/world"))[0], tmp_path)


def test_an_engine_elsewhere_needs_nothing_here() -> None:
    assert needs(card_of("http://127.0.0.1:30000", family="engine")) == []


def test_sizes_are_told_in_words() -> None:
    assert [size_of(n) for n in (0, 999, 1500, 2_340_000, 28_600_000_000)] == [
        "0 bytes", "999 bytes", "1.5 kB", "2.34 MB", "28.6 GB",
    ]  # fmt: skip
