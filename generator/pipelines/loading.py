"""Load a checkpoint's pipeline onto a device: found on this machine, checked, split as the memory plan says.

Knows diffusers and the folders of weights; no family beyond the parts that it is told of.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from shotwright.generator.catalog import Card, Lora
from shotwright.generator.errors import RenderFailed
from shotwright.generator.memory import Plan
from shotwright.generator.pipelines.checkpoint import (
    check_folder,
    check_tensors,
    read_json,
    refuse,
)

PINS = "pins.json"
"""In the folder of downloaded weights: hub id -> revision that was downloaded first, for cards that name none."""


@dataclass(frozen=True)
class Loaded:
    """pipeline: on its device; plan: how it fits there; folder: where its weights lie."""

    pipeline: Any
    plan: Plan
    folder: Path


def locate(card: Card, models: Path) -> Path:
    """The folder of a card's weights.  Raises: RenderFailed (model_damaged) where they are not on this machine."""
    scheme, _, inside = card.source.partition(":")
    if scheme == "shotwright":
        return Path(str(files("shotwright.generator").joinpath(inside)))
    own = Path(card.source).expanduser()
    found = own if own.is_dir() else snapshot(card.source, card.revision, models)
    if found is None:
        raise _missing(card.name, f"{card.source} is not on this machine", card.source, models)
    return found


def locate_lora(card: Card, name: str, models: Path) -> Path:
    """The safetensors file of one of a card's LoRAs.  Raises: RenderFailed as `locate`."""
    lora = card.loras[name]
    own = Path(lora.source).expanduser()
    if own.is_file():
        found: Path | None = own
    else:
        folder = own if own.is_dir() else snapshot(lora.source, "", models)
        found = None if folder is None else _only_weights(folder, lora)
    if found is None or not found.is_file():
        what = f"{lora.source} {lora.file} is not here"
        raise _missing(f"{card.name}'s LoRA {name}", what, lora.source, models)
    if found.suffix != ".safetensors":
        raise refuse(name, f"{found.name} is no .safetensors file, and a pickle can run code")
    return found


def _only_weights(folder: Path, lora: Lora) -> Path | None:
    if lora.file:
        return folder / lora.file
    candidates = sorted(folder.glob("*.safetensors"))
    return candidates[0] if len(candidates) == 1 else None


def _missing(name: str, what: str, source: str, models: Path) -> RenderFailed:
    cure = f"download it (hf download {source} --cache-dir {models}), or mend the card's source"
    return refuse(name, what, cure)


def snapshot(source: str, revision: str, models: Path) -> Path | None:
    """Where the hub's cache layout under `models` keeps a repository: the revision named, else the pinned one."""
    folder = models / f"models--{source.replace('/', '--')}" / "snapshots"
    wanted = revision or pins(models).get(source, "")
    if wanted:
        return folder / wanted if (folder / wanted).is_dir() else None
    # nothing says which: only where there is no choice
    found = sorted(folder.glob("*")) if folder.is_dir() else []
    return found[0] if len(found) == 1 else None


def pins(models: Path) -> dict[str, str]:
    """Hub id -> revision, as first downloaded."""
    path = models / PINS
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else {}


def class_of(card: Card, folder: Path) -> str:
    """The pipeline class that the checkpoint was saved as."""
    return str(read_json(card.name, folder / "model_index.json").get("_class_name"))


def load(
    card: Card,
    pipeline_class: Any,
    parts: Mapping[str, str],
    *,
    plan: Plan,
    folder: Path,
    without: tuple[str, ...] = (),
) -> Any:
    """The pipeline, on the CPU still: safetensors only, no remote code, every tensor from a file.

    parts: those with weights -> class name; without: those left out, to be loaded when they are needed.
    Raises: RenderFailed (model_damaged) naming a file or tensor.
    """
    import torch

    check_folder(card.name, folder, parts)
    halves = any(variant_of(folder / part) for part in parts)
    dtype = torch.float32 if plan.precision == "fp32" else torch.bfloat16
    try:
        pipeline = pipeline_class.from_pretrained(
            folder,
            dtype=dtype,
            use_safetensors=True,
            local_files_only=True,
            # where some part has them only, diffusers takes the others as they are
            **({"variant": "fp16"} if halves else {}),
            **dict.fromkeys(without),
        )
    except (OSError, ValueError, RuntimeError, LookupError, TypeError, AttributeError) as error:
        raise refuse(card.name, f"diffusers could not load them ({error})") from error
    for part in parts.keys() - set(without):
        check_tensors(card.name, part, getattr(pipeline, part), folder)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def variant_of(folder: Path) -> str | None:
    """fp16 where a part's weights lie there as such only, as some repositories keep them."""
    files = [file.name for file in folder.glob("*.safetensors")]
    return "fp16" if files and all(".fp16" in name for name in files) else None
