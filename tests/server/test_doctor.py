"""The doctor names what is broken and what to do, and asks nothing of a network but a card's own engine."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from shotwright.generator.catalog import load_catalog
from shotwright.generator.errors import RenderFailed
from shotwright.generator.pipelines import gpu_trouble, open_engine, trouble_of
from shotwright.server import doctor
from shotwright.server.doctor import Diagnosis, examine, probe_packages
from shotwright.tools.settings import Settings, from_environment

WELL: dict[str, Any] = {"torch": "2.13.0", "gpus": [], "av": "18.1.0", "missing": []}
GENERATOR = Path(__file__).parents[2] / "generator"
EMBEDDED = GENERATOR / "mini" / "weights"
CARD = (GENERATOR / "cards" / "mini.toml").read_text(encoding="utf-8")


def _examine(settings: Settings, **found: Any) -> Diagnosis:
    facts = {name: value for name, value in {**WELL, **found}.items() if value is not None}
    return examine(settings, probe=lambda: facts)


def _broken(diagnosis: Diagnosis) -> list[str]:
    return [check.name for check in diagnosis.checks if check.needed and not check.ok]


def test_this_machine_is_probed_for_real(tmp_path: Path) -> None:
    diagnosis = examine(from_environment({}, home=tmp_path), probe=probe_packages)
    assert _broken(diagnosis) == [] and diagnosis.ok
    assert [model.name for model in diagnosis.models if model.runs] == ["mini"]
    others = [model for model in diagnosis.models if not model.runs]
    assert others and all("needs a GPU" in model.why and model.fix for model in others)


@pytest.mark.parametrize(
    ("found", "name"),
    [
        ({"torch": None, "torch_error": "ImportError: libcudart.so"}, "torch"),
        ({"av": None, "av_error": "ImportError: no av"}, "codecs"),
        ({"missing": ["libx264 encoder"]}, "codecs"),
    ],
)
def test_a_broken_package_is_named_with_what_to_do(
    tmp_path: Path, found: dict[str, Any], name: str
) -> None:
    diagnosis = _examine(from_environment({}, home=tmp_path), **found)
    assert _broken(diagnosis) == [name] and not diagnosis.ok
    check = next(check for check in diagnosis.checks if check.name == name)
    assert check.fix and str(next(reversed(found.values()))).strip("[]'") in check.found
    if name == "torch":
        assert {(m.runs, m.why) for m in diagnosis.models} == {(False, "torch does not load")}


def test_a_home_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    diagnosis = _examine(from_environment({}, home=tmp_path / "file" / "home"))
    assert _broken(diagnosis) == ["disk", "database", "store"]


def test_a_database_that_does_not_answer_is_named(tmp_path: Path) -> None:
    url = "postgresql://nobody@127.0.0.1:1/none?connect_timeout=1"
    diagnosis = _examine(from_environment({"SHOTWRIGHT_DATABASE_URL": url}, home=tmp_path))
    assert "database" in _broken(diagnosis)


def test_a_gpu_is_told_with_its_memory_and_models_are_measured_against_it(tmp_path: Path) -> None:
    gpus = [{"name": "H100", "memory_mb": 80_000}]
    diagnosis = _examine(from_environment({}, home=tmp_path), gpus=gpus)
    assert "H100, 80000 MB" in next(c.found for c in diagnosis.checks if c.name == "gpu")
    assert diagnosis.models[0].device == "gpu" and diagnosis.models[0].runs
    small = _examine(from_environment({}, home=tmp_path), gpus=[{"name": "toy", "memory_mb": 100}])
    assert not small.models[0].runs and "needs 0.9 GB; 0.1 GB of 0.1 GB" in small.models[0].why


def test_a_gpu_that_is_too_small_says_what_would_fit(tmp_path: Path) -> None:
    gpus = [{"name": "small", "memory_mb": 4_800, "free_mb": 4_700}]
    models = _examine(from_environment({}, home=tmp_path), gpus=gpus).models
    large = next(model for model in models if model.name == "wan-2.1-t2v-14b")
    assert not large.runs and "4.9 GB of 5.0 GB are free" in large.why
    assert "fewer frames fit" in large.fix


def test_a_driver_that_is_too_old_is_one_finding(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "has_gpu", lambda: True)
    # as torch 2.13 says it
    said = (
        "The NVIDIA driver on your system is too old (found version 11040). Please update your GPU "
        "driver by downloading and installing a new version from the URL: http://www.nvidia.com/"
    )
    trouble = trouble_of(said, "2.13.0+cu130", "13.0")
    assert trouble == (
        "the driver is for CUDA 11.4 and too old for this torch (2.13.0+cu130), which is built for CUDA 13.0"
    )
    diagnosis = _examine(from_environment({}, home=tmp_path), gpu_error=trouble)
    gpu = next(check for check in diagnosis.checks if check.name == "gpu")
    assert not gpu.ok and gpu.found == trouble and "update the driver" in gpu.fix
    assert diagnosis.ok, "the embedded model needs none"
    assert trouble_of("CUDA is upset\nat length", "2.13.0", "13.0") == "CUDA is upset"
    assert "built without CUDA" in gpu_trouble() or not gpu_trouble()


def test_a_card_without_its_weights_does_not_run_and_breaks_nothing(tmp_path: Path) -> None:
    cards = tmp_path / "cards"
    cards.mkdir()
    for name, source in (("far", "someone/model"), ("near", str(tmp_path / "weights"))):
        text = CARD.replace('name = "mini"', f'name = "{name}"')
        (cards / f"{name}.toml").write_text(
            text.replace('"shotwright:mini/weights"', f'"{source}"'), encoding="utf-8"
        )
    diagnosis = _examine(from_environment({}, home=tmp_path))
    runs = {model.name: (model.runs, model.why) for model in diagnosis.models}
    assert not runs["far"][0] and "someone/model is not downloaded yet" in runs["far"][1]
    nothing = f"{tmp_path / 'weights'} is neither here nor the id of a repository on the hub"
    assert not runs["near"][0] and nothing in runs["near"][1]
    assert runs["mini"][0] and diagnosis.ok


def test_an_engine_that_does_not_answer_and_words_that_nobody_writes_are_named(
    tmp_path: Path, hub_server: Any
) -> None:
    cards = tmp_path / "cards"
    cards.mkdir()
    sources = {
        "away": "http://127.0.0.1:9",
        "there": f"{hub_server.url}/api/models/a/b/revision/main",
    }
    for name, source in sources.items():
        text = CARD.replace('name = "mini"', f'name = "{name}"')
        text = text.replace('family = "wan"', 'family = "engine"')
        text = text.replace("shotwright:mini/weights", source)
        (cards / f"{name}.toml").write_text(text, encoding="utf-8")
    text = CARD.replace('name = "mini"', 'name = "mute"')
    text = text.replace('dialect = "mini"', 'dialect = "x"')
    (cards / "mute.toml").write_text(text, encoding="utf-8")
    models = {m.name: m for m in _examine(from_environment({}, home=tmp_path)).models}
    assert models["there"].runs and models["there"].device == "engine"
    assert not models["away"].runs and "cannot be reached" in models["away"].why
    assert not models["mute"].runs and "no prompt dialect 'x'" in models["mute"].why


def test_a_card_that_does_not_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "cards").mkdir()
    (tmp_path / "cards" / "odd.toml").write_text("name = ", encoding="utf-8")
    diagnosis = _examine(from_environment({}, home=tmp_path))
    assert _broken(diagnosis) == ["model cards"]


def _own(tmp_path: Path, weights: Path, more: str = "") -> Settings:
    """A home with a card of the user's own, `own`, for weights of the embedded model's kind."""
    cards = tmp_path / "cards"
    cards.mkdir()
    text = CARD.replace('name = "mini"', 'name = "own"')
    text = text.replace('"shotwright:mini/weights"', json.dumps(str(weights))) + more
    (cards / "own.toml").write_text(text, encoding="utf-8")
    return from_environment({}, home=tmp_path)


def _pickled(weights: Path) -> None:
    for file in (weights / "transformer").glob("*.safetensors"):
        file.rename(file.with_suffix(".bin"))


def _cut(weights: Path) -> None:
    file = next((weights / "vae").glob("*.safetensors"))
    file.write_bytes(file.read_bytes()[:100])


def _rename(file: Path, name: str) -> None:
    """Put another class in the place of one."""
    file.write_text(file.read_text(encoding="utf-8").replace(name, "Other"), encoding="utf-8")


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (_pickled, "a pickle, which can run code"),
        (_cut, "is damaged"),
        (lambda weights: _rename(weights / "model_index.json", "WanPipeline"), "names Other"),
        (lambda weights: _rename(weights / "vae" / "config.json", "AutoencoderKLWan"), "of class"),
        (lambda weights: shutil.rmtree(weights / "vae"), "vae is missing"),
    ],
)
def test_weights_that_cannot_be_used_are_told_as_the_loader_tells_them(
    damage: Callable[[Path], None], told: str, tmp_path: Path
) -> None:
    weights = Path(shutil.copytree(EMBEDDED, tmp_path / "weights"))
    damage(weights)
    settings = _own(tmp_path, weights)
    own = next(model for model in _examine(settings).models if model.name == "own")
    assert not own.runs and told in own.why and own.fix
    card = load_catalog(settings.home / "cards").get("own")
    with pytest.raises(RenderFailed) as refused:
        open_engine(card, device="cpu", models=settings.home / "models")
    assert (refused.value.message, refused.value.fix) == (own.why, own.fix)


def test_a_lora_of_another_base_is_told(tmp_path: Path) -> None:
    shape = "\n[network]\nwidth = 128\nffn = 256\nlayers = 2\ntoken = [4, 16, 16]\n"
    settings = _own(tmp_path, EMBEDDED, shape)
    for name, width in (("right", 128), ("wrong", 5120)):
        pairs = {
            f"transformer.blocks.{n}.attn1.to_q.lora_{side}.weight": np.zeros(size, np.float32)
            for n in range(2)
            for side, size in (("A", (4, width)), ("B", (width, 4)))
        }
        save_file(pairs, tmp_path / f"{name}.safetensors")
        lines = f"[own]\n{name} = {json.dumps(str(tmp_path / f'{name}.safetensors'))}\n"
        (tmp_path / "cards" / "loras.toml").write_text(lines, encoding="utf-8")
        own = next(model for model in _examine(settings).models if model.name == "own")
        assert own.runs == (name == "right")
    assert "LoRA wrong" in own.why and "blocks 5120 wide, and these are 128" in own.why
    assert "made for this base" in own.fix


def test_an_unknown_key_of_a_card_is_told(tmp_path: Path) -> None:
    settings = _own(tmp_path, EMBEDDED, "\n[speed]\nfast = true\n")
    told = next(c for c in _examine(settings).checks if c.name == "model cards")
    assert not told.ok and "own.toml" in told.found and "speed" in told.found


def test_the_answer_is_plain_json(tmp_path: Path) -> None:
    body = _examine(from_environment({}, home=tmp_path)).body()
    assert set(body) == {"ok", "checks", "models"}
    assert set(body["checks"][0]) == {"name", "ok", "needed", "found", "fix"}
    assert all(check["fix"] == "" for check in body["checks"] if check["ok"])
