"""The doctor names what is broken and what to do, and asks nothing of a network."""

from pathlib import Path
from typing import Any

import pytest

from shotwright.generator.catalog import load_catalog
from shotwright.server.doctor import Diagnosis, examine, missing_weights, probe_packages
from shotwright.tools.settings import Settings, from_environment

WELL: dict[str, Any] = {"torch": "2.13.0", "gpus": [], "av": "18.1.0", "missing": []}
CARD = (Path(__file__).parents[2] / "generator" / "cards" / "mini.toml").read_text(encoding="utf-8")


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
    assert others and all("not downloaded" in model.why for model in others)


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
    assert not small.models[0].runs and "needs 910 MB of 100 MB" in small.models[0].why


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
    assert runs["far"] == (False, "someone/model is not downloaded yet")
    assert runs["near"] == (False, f"no weights in {tmp_path / 'weights'}")
    assert runs["mini"][0] and diagnosis.ok


def test_a_card_that_does_not_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "cards").mkdir()
    (tmp_path / "cards" / "odd.toml").write_text("name = ", encoding="utf-8")
    diagnosis = _examine(from_environment({}, home=tmp_path))
    assert _broken(diagnosis) == ["model cards"]


def test_only_safetensors_are_weights(tmp_path: Path) -> None:
    card = load_catalog().get("mini")
    assert missing_weights(card, tmp_path) == ""


def test_the_answer_is_plain_json(tmp_path: Path) -> None:
    body = _examine(from_environment({}, home=tmp_path)).body()
    assert set(body) == {"ok", "checks", "models"}
    assert set(body["checks"][0]) == {"name", "ok", "needed", "found", "fix"}
    assert all(check["fix"] == "" for check in body["checks"] if check["ok"])
