"""Load a checkpoint's pipeline onto a device: found on this machine, checked, split as the memory plan says.

Knows diffusers and the folders of weights; no family beyond the parts that it is told of.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from shotwright.generator.catalog import LORAS, Card
from shotwright.generator.errors import RenderFailed
from shotwright.generator.memory import Plan
from shotwright.generator.pipelines.checkpoint import (
    check_folder,
    check_tensors,
    read_json,
    shapes_of,
)
from shotwright.generator.weights import (
    INDEX,
    State,
    cure,
    file_of,
    look,
    needs,
    other_class,
    refuse,
)

LOW_RANK = ("lora_A.weight", "lora_A.default.weight", "lora_down.weight", "lora.down.weight")
"""How the names of a LoRA's first matrices end, (rank, width of what it reads)."""


def locate(card: Card, models: Path) -> Path:
    """The folder of a card's weights.  Raises: RenderFailed (model_damaged) where they are not on this machine."""
    state = look(needs(card)[0], models)
    if state.folder is None or (state.recorded and not state.ready):
        raise _missing(card, card.name, state)
    return state.folder


def locate_lora(card: Card, name: str, models: Path) -> Path:
    """The safetensors file of one of a card's LoRAs.  Raises: RenderFailed as `locate`."""
    need = next(need for need in needs(card) if need.lora == name)
    state = look(need, models)
    found = None if state.folder is None else file_of(need, state.folder)
    if found is None or not state.ready:
        raise _missing(card, f"{card.name}'s LoRA {name}", state)
    if found.suffix != ".safetensors":
        raise refuse(name, f"{found.name} is no .safetensors file, and a pickle can run code")
    return found


def _missing(card: Card, name: str, state: State) -> RenderFailed:
    mend = (
        f"mend the source in {LORAS} or the card" if state.need.lora else "mend the card's source"
    )
    bring = "" if state.kind == "none" else f"download it ({cure(card)}), or "
    return refuse(name, state.why, bring + mend)


def check(card: Card, models: Path, *, apart: Collection[str] = ()) -> None:
    """Look at a card's weights and those of its LoRAs that are here, without torch and before anything is loaded.

    apart: see `check_checkpoint`.  Raises: RenderFailed (model_damaged) as loading them would.
    """
    if not needs(card):
        return
    check_checkpoint(card, models, apart=apart)
    for need in needs(card)[1:]:
        if need.lora in card.always or look(need, models).folder is not None:
            checked_lora(card, need.lora, models)


def check_checkpoint(card: Card, models: Path, *, apart: Collection[str] = ()) -> None:
    """The same of the checkpoint alone; apart: parts that are read from other files than its own."""
    folder = locate(card, models)
    class_of(card, folder)
    check_folder(card.name, folder, {}, apart=apart)


def checked_lora(card: Card, name: str, models: Path) -> Path:
    """The file of a LoRA that reads what the blocks of the card's network give.  Raises: RenderFailed as `check`."""
    file = locate_lora(card, name, models)
    shapes, width = shapes_of(f"LoRA {name}", file), _width(card, models)
    widths = Counter(
        shape[1] for key, shape in shapes.items() if key.endswith(LOW_RANK) and len(shape) == 2
    )
    # networks that make sound too have narrower blocks beside; what then still does not fit, peft refuses
    if width and widths and not widths[width]:
        found = widths.most_common(1)[0][0]
        raise foreign(card, name, f"it is for blocks {found} wide, and these are {width}")
    return file


def _width(card: Card, models: Path) -> int:
    """Of the network's blocks; 0 where neither the card nor the checkpoint tells it."""
    config = locate(card, models) / "transformer" / "config.json"
    if card.network is not None or not config.is_file():
        return card.network.width if card.network else 0
    read = read_json(card.name, config)
    heads, size = read.get("num_attention_heads"), read.get("attention_head_dim")
    return heads * size if isinstance(heads, int) and isinstance(size, int) else 0


def foreign(card: Card, name: str, reason: str) -> RenderFailed:
    """The error for a LoRA of another base."""
    return refuse(
        f"LoRA {name}",
        f"it does not fit {card.name} ({reason})",
        "take a LoRA that was made for this base",
    )


def class_of(card: Card, folder: Path) -> str:
    """The pipeline class that the checkpoint was saved as.  Raises: RenderFailed for one of another family."""
    index = read_json(card.name, folder / INDEX)
    if other := other_class(needs(card)[0], index):
        raise refuse(card.name, other)
    return str(index["_class_name"])


def load(
    card: Card,
    pipeline_class: Any,
    parts: Mapping[str, str],
    *,
    plan: Plan,
    folder: Path,
    without: tuple[str, ...] = (),
    quantized: Mapping[str, Path] | None = None,
) -> Any:
    """The pipeline, on the CPU still: safetensors only, no remote code, every tensor from a file.

    parts: those with weights -> class name; without: those left out, to be loaded when they are needed; quantized:
    those that are read from a GGUF file instead -> the file.
    Raises: RenderFailed (model_damaged) naming a file or tensor.
    """
    import torch

    from shotwright.generator.pipelines.quantized import networks

    apart = quantized or {}
    classes, parts = parts, {part: name for part, name in parts.items() if part not in apart}
    check_folder(card.name, folder, parts, apart=apart)
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
            **networks(card.name, apart, classes, folder),
        )
    except (OSError, ValueError, RuntimeError, LookupError, TypeError, AttributeError) as error:
        raise refuse(card.name, f"diffusers could not load them ({error})") from error
    for part, loaded in pipeline.components.items():
        if isinstance(loaded, torch.nn.Module) and part not in apart:
            check_tensors(card.name, part, loaded, folder)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def variant_of(folder: Path) -> str | None:
    """fp16 where a part's weights lie there as such only, as some repositories keep them."""
    files = [file.name for file in folder.glob("*.safetensors")]
    return "fp16" if files and all(".fp16" in name for name in files) else None
