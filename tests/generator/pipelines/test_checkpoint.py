"""A folder of weights that is not whole is refused by the name of what is wrong, never filled with random numbers."""

import itertools
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from shotwright.generator import memory
from shotwright.generator.catalog import Card, load_catalog
from shotwright.generator.clipspec import ClipSpec
from shotwright.generator.errors import RenderFailed
from shotwright.generator.frames import Given
from shotwright.generator.pipelines import open_engine
from shotwright.generator.pipelines.checkpoint import parts_of
from shotwright.generator.pipelines.z_image import ZImageEngine

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


@pytest.mark.parametrize(
    "name",
    ["wan_two_experts", "wan_eyes", "wan_vace", "skyreels", "ltx", "ltx2", "sana_wm", "kolors", "z_image"],
)  # fmt: skip
def test_every_part_of_every_family_is_refused_by_its_name_where_it_is_not_whole(
    name: str, tiny: Callable[[str], Path], card_of: Callable[..., Card], tmp_path: Path
) -> None:
    whole = tiny(name)
    parts = parts_of(json.loads((whole / "model_index.json").read_text()))
    assert {"vae", "scheduler"} < parts.keys()
    for number, (part, damage) in enumerate(itertools.product(parts, (gone, swap, pickled, half))):
        if damage is not gone and not any((whole / part).glob("*.safetensors")):
            continue
        folder = Path(shutil.copytree(whole, tmp_path / str(number)))
        damage(folder, part)
        with pytest.raises(RenderFailed) as caught:
            open_engine(card_of(name, source=str(folder)), device="cpu", models=tmp_path)
        assert caught.value.code == "model_damaged" and caught.value.fix
        assert part in caught.value.message, damage
        shutil.rmtree(folder)


def gone(folder: Path, part: str) -> None:
    shutil.rmtree(folder / part)


def swap(folder: Path, part: str) -> None:
    edit_json(
        folder / "model_index.json",
        lambda index: index.update({part: ["diffusers", "AutoencoderTiny"]}),
    )


def pickled(folder: Path, part: str) -> None:
    for file in (folder / part).glob("*.safetensors"):
        file.unlink()
        torch.save({}, file.with_suffix(".bin"))


def half(folder: Path, part: str) -> None:
    file = next((folder / part).glob("*.safetensors"))
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def test_an_ltx_checkpoint_of_before_conditions_is_refused_when_it_is_opened(
    tiny: Callable[[str], Path], card_of: Callable[..., Card], tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(tiny("ltx"), tmp_path / "weights"))
    edit_json(
        folder / "scheduler" / "scheduler_config.json",
        lambda config: config.update(use_dynamic_shifting=True),
    )
    with pytest.raises(RenderFailed, match=r"before version 0\.9\.5"):
        open_engine(card_of("ltx", source=str(folder)), device="cpu", models=tmp_path)


def test_an_encoder_may_keep_the_name_of_the_model_that_it_was_cut_from(
    tiny: Callable[[str], Path],
    card_of: Callable[..., Card],
    spec_of: Callable[..., ClipSpec],
    tmp_path: Path,
) -> None:
    folder = Path(shutil.copytree(tiny("z_image"), tmp_path / "weights"))
    headed = folder / "text_encoder" / "config.json"
    edit_json(headed, lambda config: config.update(architectures=["Qwen3ForCausalLM"]))
    file = folder / "text_encoder" / "model.safetensors"
    whole = {**load_file(file), "lm_head.weight": torch.zeros(7, 7)}
    save_file(whole, file, metadata={"format": "pt"})
    card = card_of("z_image", source=str(folder))
    engine = open_engine(card, device="cpu", models=tmp_path)
    spec = spec_of("z_image", frames=1)
    made = engine.render(spec, Given(), lambda *_: None)
    apart = replace(memory.CPU, text="cpu")
    reading = ZImageEngine(card, device="cpu", models=tmp_path, plan=apart)
    assert np.array_equal(made, reading.render(spec, Given(), lambda *_: None))
    edit_json(headed, lambda config: config.update(architectures=["T5ForCausalLM"]))
    with pytest.raises(RenderFailed, match="T5ForCausalLM, not Qwen3Model"):
        open_engine(card, device="cpu", models=tmp_path)
