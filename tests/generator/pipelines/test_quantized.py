"""Networks from GGUF files, which the tests write with gguf's own writer for a tiny checkpoint."""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import gguf
import numpy as np
import pytest
import torch
from diffusers import WanTransformer3DModel

from shotwright.generator import memory
from shotwright.generator.catalog import Card
from shotwright.generator.clipspec import ClipSpec
from shotwright.generator.errors import RenderFailed
from shotwright.generator.frames import Given
from shotwright.generator.pipelines.wan import WanEngine

PLAIN = memory.Plan("bf16", "none", False, "kept", 0, "asked by a test")
ORIGINAL = {
    "condition_embedder.time_embedder.linear_1": "time_embedding.0",
    "condition_embedder.time_embedder.linear_2": "time_embedding.2",
    "condition_embedder.text_embedder.linear_1": "text_embedding.0",
    "condition_embedder.text_embedder.linear_2": "text_embedding.2",
    "condition_embedder.time_proj": "time_projection.1",
    "attn1": "self_attn",
    "attn2": "cross_attn",
    ".to_out.0.": ".o.",
    ".to_q.": ".q.",
    ".to_k.": ".k.",
    ".to_v.": ".v.",
    "proj_out": "head.head",
    "ffn.net.0.proj": "ffn.0",
    "ffn.net.2": "ffn.2",
    "norm2": "norm3",
}
"""Names of diffusers -> those of the checkpoint's authors, which published files have."""


def ignore(phase: str, step: int, steps: int) -> None:
    pass


def authors(name: str) -> str:
    for ours, theirs in ORIGINAL.items():
        name = name.replace(ours, theirs)
    if name == "scale_shift_table":
        return "head.modulation"
    return name.replace("scale_shift_table", "modulation")


def write(path: Path, tensors: Mapping[str, torch.Tensor]) -> None:
    """Matrices in 8 bits, the rest in 32."""
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = gguf.GGUFWriter(str(path), "wan")
    for name, tensor in tensors.items():
        values = tensor.float().numpy()
        if tensor.dim() == 2 and tensor.shape[-1] % 32 == 0:
            eight = gguf.GGMLQuantizationType.Q8_0
            writer.add_tensor(name, gguf.quantize(values, eight), raw_dtype=eight)
        else:
            writer.add_tensor(name, values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


@pytest.fixture(scope="module")
def wide(
    card_of: Callable[..., Card],
    tiny: Callable[[str], Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> Card:
    """A tiny checkpoint whose matrices are a multiple of 32 wide, the unit of GGUF's 8 bits."""
    folder = Path(shutil.copytree(tiny("wan_text"), tmp_path_factory.mktemp("wide") / "weights"))
    config = dict(WanTransformer3DModel.load_config(folder / "transformer"))
    torch.manual_seed(3)
    network = WanTransformer3DModel.from_config({**config, "attention_head_dim": 32})
    network.save_pretrained(folder / "transformer")
    return replace(card_of("wan_text"), name="wide", source=str(folder))


def made_of(card: Card) -> WanTransformer3DModel:
    return WanTransformer3DModel.from_pretrained(card.source, subfolder="transformer")


@pytest.mark.parametrize("naming", [authors, str], ids=["original names", "diffusers'"])
def test_a_network_in_a_gguf_file_makes_nearly_the_same_clip(
    naming: Callable[[str], str], wide: Card, spec_of: Callable[..., ClipSpec], tmp_path: Path
) -> None:
    file = tmp_path / "gguf" / "wide" / "transformer.gguf"
    write(file, {naming(k): v for k, v in made_of(wide).state_dict().items()})
    spec = spec_of("wide", steps=3)
    plain = WanEngine(wide, device="cpu", models=tmp_path, plan=PLAIN)
    packed = WanEngine(
        wide, device="cpu", models=tmp_path, plan=replace(PLAIN, precision="gguf", batched=True)
    )
    differs = np.abs(
        plain.render(spec, Given(), ignore).astype(int) - packed.render(spec, Given(), ignore)
    ).mean()
    assert 0 < differs < 6
    assert packed.bytes_held < plain.bytes_held
    assert "weights of a GGUF file: near the exact level, not of it" in packed.told()["notes"]


def test_a_gguf_file_of_another_network_or_a_broken_one_is_refused(
    wide: Card, tmp_path: Path
) -> None:
    plan = replace(PLAIN, precision="gguf")
    file = tmp_path / "gguf" / "wide" / "transformer.gguf"
    tensors = dict(made_of(wide).state_dict())
    del tensors["blocks.1.ffn.net.2.weight"]
    write(file, tensors)
    with pytest.raises(RenderFailed, match="lacks tensors of the transformer"):
        WanEngine(wide, device="cpu", models=tmp_path, plan=plan)
    file.write_bytes(file.read_bytes()[:200])
    with pytest.raises(RenderFailed, match="gguf cannot be read"):
        WanEngine(wide, device="cpu", models=tmp_path, plan=plan)
