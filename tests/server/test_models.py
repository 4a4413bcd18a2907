"""`shotwright models` on weights, as a person types it: the whole way of a checkpoint, and what is refused."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save

from shotwright.server.main import main
from shotwright.tools.settings import from_environment
from shotwright.tools.studio.queue import JobQueue

ROOT = Path(__file__).parents[2]
CARD = (ROOT / "generator" / "cards" / "mini.toml").read_text(encoding="utf-8")
WEIGHTS = ROOT / "generator" / "mini" / "weights"
RUN = "import sys; from shotwright.server.main import main; sys.exit(main())"
Shotwright = Callable[..., tuple[int, str, str]]


@pytest.fixture
def own(home: Path) -> Path:
    """A user's folder of cards: the embedded model's weights under a name of the hub, and a LoRA of one line."""
    cards = home / "cards"
    cards.mkdir(parents=True)
    text = CARD.replace('name = "mini"', 'name = "world"')
    text = text.replace('"shotwright:mini/weights"', '"tiny/world"')
    text = re.sub(r'^revision = ".*?"', 'revision = ""', text, flags=re.M)
    (cards / "world.toml").write_text(text, encoding="utf-8")
    (cards / "loras.toml").write_text('[world]\noils = "tiny/oils"\n', encoding="utf-8")
    return cards


@pytest.fixture
def typed(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Shotwright:
    """The command in this process: exit code, stdout, stderr."""
    for name in list(os.environ):
        if name.startswith("SHOTWRIGHT_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("SHOTWRIGHT_HOME", str(home))

    def call(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["shotwright", *words])
        code = main()
        return (code, *capsys.readouterr())

    return call


@pytest.fixture
def shotwright(home: Path, hub_server: Any) -> Shotwright:
    """The command in a process of its own, because the hub's address is read when its client is first imported."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("SHOTWRIGHT_", "HF_"))}
    env = {**clean, "SHOTWRIGHT_HOME": str(home), "HF_ENDPOINT": hub_server.url}

    def call(*words: str, **more: str) -> tuple[int, str, str]:
        done = subprocess.run(
            [sys.executable, "-c", RUN, *words],
            capture_output=True,
            encoding="utf-8",
            env={**env, **more},
        )
        return done.returncode, done.stdout, done.stderr

    return call


def test_a_users_card_and_lora_are_downloaded_verified_and_removed(
    shotwright: Shotwright, own: Path, home: Path, hub_server: Any
) -> None:
    files = [WEIGHTS / "model_index.json", *WEIGHTS.glob("*/*")]
    commit = hub_server.put(
        "tiny/world", {file.relative_to(WEIGHTS).as_posix(): file.read_bytes() for file in files}
    )
    oils = {"transformer.blocks.0.attn1.to_q.lora_A.weight": np.zeros((2, 192), np.float32)}
    hub_server.put("tiny/oils", {"oils.safetensors": save(oils)})
    code, out, err = shotwright("models", "world", "--download", HF_TOKEN="secret")
    assert code == 0 and "world is here" in out and "tiny/world: 100 %" in err
    assert "secret" not in out + err
    assert {token for *_, token in hub_server.asked} == {"Bearer secret"}
    code, out, _ = shotwright("models", "--check", "--model", "world", "--json")
    found = json.loads(out)["models"][0]
    assert code == 0 and found["state"] == "ready" and found["loras"]["oils"]["state"] == "ready"
    assert found["revision"] == commit and Path(found["folder"]).is_relative_to(home / "models")
    assert json.loads(shotwright("models", "world", "--json")[1])["models"][0]["weights"] == "ready"
    code, out, _ = shotwright("models", "--verify", "world", "--json")
    assert code == 0 and json.loads(out)["hashed"]
    (Path(found["folder"]) / "vae" / "config.json").write_text("{}", encoding="utf-8")
    code, out, err = shotwright("models", "--verify", "world")
    assert (code, out) == (1, "") and "vae/config.json" in err and "--download world" in err
    code, out, _ = shotwright("models", "--remove", "world", "--json")
    assert code == 0 and json.loads(out)["freed_bytes"] > 8_000_000
    assert not list((home / "models").glob("models--*"))


def test_a_hub_that_is_away_leaves_nothing_half_written(shotwright: Shotwright, home: Path) -> None:
    words = ("models", "--download", "wan-2.1-t2v-1.3b", "--json")
    code, out, err = shotwright(*words, HF_ENDPOINT="http://127.0.0.1:1")
    error = json.loads(out)["error"]
    assert code == 1 and error["code"] == "download_failed" and "HF_ENDPOINT" in error["fix"]
    assert "again in" in err and not list((home / "models").glob("models--*"))
    code, out, _ = shotwright(*words, HF_HUB_OFFLINE="1")
    assert code == 1 and "HF_HUB_OFFLINE" in json.loads(out)["error"]["message"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--check", "--remove", "mini"), "two deeds"),
        (("--download",), "needs the name of a model"),
        (("--download", "sora"), "'sora' is unknown"),
        (("--verify", "kolors"), "not downloaded yet"),
    ],
)
def test_what_cannot_be_done_is_refused(
    typed: Shotwright, words: tuple[str, ...], told: str
) -> None:
    code, out, err = typed("models", *words)
    assert code in (1, 2) and out == "" and told in err and "Traceback" not in err


def test_a_folder_of_the_users_is_verified_by_its_classes_and_headers(
    typed: Shotwright, own: Path, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(WEIGHTS, tmp_path / "mine"))
    card = own / "world.toml"
    card.write_text(card.read_text(encoding="utf-8").replace("tiny/world", str(folder)), "utf-8")
    (own / "loras.toml").unlink()
    code, out, _ = typed("models", "--verify", "world", "--json")
    assert code == 0 and not json.loads(out)["hashed"]
    config = folder / "vae" / "config.json"
    config.write_text(
        config.read_text(encoding="utf-8").replace("AutoencoderKLWan", "Other"), "utf-8"
    )
    code, _, err = typed("models", "--verify", "world")
    assert code == 1 and "vae/config.json is of class Other" in err
    code, out, _ = typed("models", "--check", "world")
    assert code == 1 and "unfit" in out
    shutil.rmtree(folder)
    folder.mkdir()
    code, out, err = typed("models", "--download", "world")
    assert (code, out) == (1, "") and "no weights in" in err and "put them there" in err


def test_a_card_with_an_unknown_key_is_named_with_it(typed: Shotwright, own: Path) -> None:
    code, out, _ = typed("models", "--check", "world")
    assert code == 1 and out.count("missing") == 2
    card = own / "world.toml"
    card.write_text("shoe_size = 44\n" + card.read_text(encoding="utf-8"), encoding="utf-8")
    code, _, err = typed("models", "--check")
    assert code == 2 and "world.toml" in err and "no key shoe_size" in err


def test_the_weights_of_an_engine_elsewhere_are_left_to_it(typed: Shotwright, own: Path) -> None:
    card = own / "world.toml"
    text = card.read_text(encoding="utf-8").replace('family = "wan"', 'family = "engine"')
    card.write_text(text.replace('"tiny/world"', '"http://127.0.0.1:9"'), encoding="utf-8")
    for deed in ("--download", "--verify", "--remove"):
        code, out, err = typed("models", deed, "world")
        assert (code, out) == (2, "") and "by the engine at http://127.0.0.1:9" in err
    assert typed("models", "--check", "world")[0] == 0


def test_weights_that_a_job_is_rendered_with_stay(typed: Shotwright, own: Path, home: Path) -> None:
    jobs = JobQueue(from_environment({}, home=home))
    plan = {"parts": [{"segments": [{"spec": {"model": "world"}}]}]}
    job, _ = jobs.submit("generate_video", {}, plan, workflow="render", queue="render")
    jobs.close()
    code, _, err = typed("models", "--remove", "world")
    assert code == 2 and job in err and "cancel" in err


def test_what_fits_is_told_for_every_quality(typed: Shotwright) -> None:
    code, out, _ = typed("models", "--fit", "mini", "--json")
    found = json.loads(out)
    assert code == 0 and [row["quality"] for row in found["rows"]] == ["draft", "standard", "high"]
    assert all(row["fits"] and row["why"] for row in found["rows"])
    code, out, _ = typed("models", "--fit", "mini")
    assert code == 0 and re.search(r"^mini +\d+x\d+ x \d+ ", out, re.M)
