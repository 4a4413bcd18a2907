"""Whether a folder of weights is whole and what its card says it is, before and after diffusers loads it.

`from_pretrained` fills a missing tensor with random numbers and only logs it, and its own errors name no cure; here
every such folder is refused by the name of the file.  Knows no model family.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from shotwright.generator.errors import RenderFailed

WEIGHTS = ("diffusion_pytorch_model", "model")
"""How diffusers and transformers begin the names of weight files."""


def refuse(name: str, what: str, fix: str = "") -> RenderFailed:
    """The error for a checkpoint that cannot be used; name: the card's."""
    return RenderFailed(
        f"The weights of {name} cannot be used: {what}.",
        code="model_damaged",
        field="model",
        value=name,
        fix=fix or "install them again, or mend the card's source",
        retryable=False,
    )


def check_folder(name: str, folder: Path, expected: Mapping[str, str]) -> None:
    """Look at what lies in `folder` without loading it.

    expected: part -> class name, such as transformer -> WanTransformer3DModel.
    Raises: RenderFailed (model_damaged) naming the file.
    """
    index = read_json(name, folder / "model_index.json")
    for part, class_name in expected.items():
        entry = index.get(part)
        found = entry[1] if isinstance(entry, list) and len(entry) == 2 else None
        if found != class_name:
            raise refuse(name, f"model_index.json has {part} of class {found}, not {class_name}")
        inside = folder / part
        config = read_json(name, inside / "config.json")
        stated = config.get("_class_name") or (config.get("architectures") or [None])[0]
        if stated != class_name:
            raise refuse(name, f"{part}/config.json is of class {stated}, not {class_name}")
        for file in _weight_files(name, inside):
            _open(name, file)


def check_tensors(name: str, part: str, module: Any, folder: Path) -> None:
    """Compare the tensors in the files of one loaded part with those of its module, by name and shape.

    Raises: RenderFailed (model_damaged) naming a tensor.
    """
    found: dict[str, tuple[int, ...]] = {}
    for file in _weight_files(name, folder / part):
        with _open(name, file) as tensors:
            found |= {key: tuple(tensors.get_slice(key).get_shape()) for key in tensors.keys()}  # noqa: SIM118
    tied = set(getattr(module, "_tied_weights_keys", None) or ())
    missing: dict[str, tuple[int, ...]] = {}
    for key, tensor in module.state_dict().items():
        if key in tied or (key not in found and _is_copy(key, tensor, module, found)):
            continue
        if key not in found:
            missing[key] = tuple(tensor.shape)
        elif found[key] != tuple(tensor.shape):
            raise refuse(name, f"{part}'s {key} is {found[key]}, not {tuple(tensor.shape)}")
    surplus = {key: found[key] for key in sorted(found.keys() - module.state_dict().keys() - tied)}
    if sorted(missing.values()) == sorted(surplus.values()):
        return  # none is lacking: transformers gives some tensors other names in files
    for key in missing:
        raise refuse(name, f"{part} lacks the tensor {key}")
    raise refuse(name, f"{part} holds {next(iter(surplus))}, which its config.json does not know")


def _is_copy(key: str, tensor: Any, module: Any, found: Mapping[str, Any]) -> bool:
    """Whether a tensor shares its memory with one that is in the files: saved once, seen twice."""
    return any(
        other != key and other in found and twin.data_ptr() == tensor.data_ptr()
        for other, twin in module.state_dict().items()
    )


def _weight_files(name: str, folder: Path) -> list[Path]:
    files = sorted(f for f in folder.glob("*.safetensors") if f.name.startswith(WEIGHTS))
    if not files:
        pickles = [f.name for f in folder.glob("*.bin")] + [f.name for f in folder.glob("*.pt*")]
        if pickles:
            raise refuse(
                name,
                f"{folder.name} holds {pickles[0]}, a pickle, which can run code when it is read",
                "convert it to safetensors, or choose a repository that has them",
            )
        raise refuse(name, f"{folder.name} holds no .safetensors file")
    for index in folder.glob("*.safetensors.index.json"):
        named = set(read_json(name, index).get("weight_map", {}).values())
        missing = sorted(named - {f.name for f in files})
        if missing:
            raise refuse(name, f"{folder.name}/{missing[0]} is missing")
    return files


def _open(name: str, file: Path) -> Any:
    try:
        return safe_open(file, framework="pt")
    except (SafetensorError, OSError) as error:
        raise refuse(name, f"{file.parent.name}/{file.name} is damaged ({error})") from error


def read_json(name: str, file: Path) -> dict[str, Any]:
    """A JSON object of a checkpoint.  Raises: RenderFailed (model_damaged) naming the file."""
    where = f"{file.parent.name}/{file.name}"
    try:
        read = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise refuse(name, f"{where} is missing") from error
    except (OSError, ValueError) as error:
        raise refuse(name, f"{where} is no JSON ({error})") from error
    if not isinstance(read, dict):
        raise refuse(name, f"{where} is no JSON object")
    return read
