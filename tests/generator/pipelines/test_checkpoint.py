"""A folder of weights that is not whole is refused by the name of what is wrong, never filled with random numbers."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from shotwright.generator.catalog import load_catalog
from shotwright.generator.errors import RenderFailed
from shotwright.generator.pipelines import open_engine

WEIGHTS = Path(__file__).parents[3] / "generator" / "mini" / "weights"
TRANSFORMER = "transformer/diffusion_pytorch_model.safetensors"


def opened(folder: Path) -> object:
    card = replace(load_catalog().default, source=str(folder))
    return open_engine(card, device="cpu", models=folder)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the embedded model, to be damaged."""
    return Path(shutil.copytree(WEIGHTS, tmp_path / "weights"))


def edit_json(file: Path, change: Callable[[dict[str, object]], None]) -> None:
    content = json.loads(file.read_text())
    change(content)
    file.write_text(json.dumps(content))


def test_a_whole_folder_opens(folder: Path) -> None:
    assert opened(folder)


def cut(folder: Path) -> None:
    data = (folder / TRANSFORMER).read_bytes()
    (folder / TRANSFORMER).write_bytes(data[: len(data) // 2])


def drop_weights(folder: Path) -> None:
    (folder / "vae" / "diffusion_pytorch_model.safetensors").unlink()


def pickle_weights(folder: Path) -> None:
    (folder / TRANSFORMER).unlink()
    torch.save({}, folder / "transformer" / "diffusion_pytorch_model.bin")


def drop_index(folder: Path) -> None:
    (folder / "model_index.json").unlink()


def garble_index(folder: Path) -> None:
    (folder / "model_index.json").write_text("{")


def drop_config(folder: Path) -> None:
    (folder / "transformer" / "config.json").unlink()


def other_pipeline(folder: Path) -> None:
    edit_json(
        folder / "model_index.json",
        lambda index: index.update(transformer=["diffusers", "LTXVideoTransformer3DModel"]),
    )


def other_architecture(folder: Path) -> None:
    edit_json(
        folder / "vae" / "config.json", lambda config: config.update(_class_name="AutoencoderKL")
    )


def lose_a_tensor(folder: Path) -> None:
    tensors = load_file(folder / TRANSFORMER)
    del tensors["proj_out.weight"]
    save_file(tensors, folder / TRANSFORMER, metadata={"format": "pt"})


def reshape_a_tensor(folder: Path) -> None:
    tensors = load_file(folder / TRANSFORMER)
    tensors["proj_out.bias"] = tensors["proj_out.bias"][:-1].clone()
    save_file(tensors, folder / TRANSFORMER, metadata={"format": "pt"})


@pytest.mark.parametrize(
    ("damage", "named"),
    [
        (cut, "transformer/diffusion_pytorch_model.safetensors is damaged"),
        (drop_weights, "vae holds no .safetensors file"),
        (pickle_weights, "a pickle"),
        (drop_index, "model_index.json is missing"),
        (garble_index, "model_index.json is no JSON"),
        (drop_config, "transformer/config.json is missing"),
        (other_pipeline, "LTXVideoTransformer3DModel, not WanTransformer3DModel"),
        (other_architecture, "AutoencoderKL, not AutoencoderKLWan"),
        (lose_a_tensor, "lacks the tensor proj_out.weight"),
        (reshape_a_tensor, "proj_out.bias"),
    ],
)
def test_a_damaged_folder_is_refused_and_the_damage_is_named(
    folder: Path, damage: Callable[[Path], None], named: str
) -> None:
    damage(folder)
    with pytest.raises(RenderFailed) as caught:
        opened(folder)
    assert caught.value.code == "model_damaged"
    assert named in caught.value.message
    assert not caught.value.retryable


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RenderFailed, match=r"model_index\.json is missing"):
        opened(tmp_path)
