"""Whether a folder of weights is whole and what its card says it is, before and after diffusers loads it.

`from_pretrained` fills a missing tensor with random numbers and only logs it, and its own errors name no cure; here
every such folder is refused by the name of the file.  Knows no model family.
"""

import json
import re
from collections import Counter
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from shotwright.generator.weights import refuse

WEIGHTS = ("diffusion_pytorch_model", "model")
"""How diffusers and transformers begin the names of weight files."""
WEIGHTLESS = ("Tokenizer", "Processor", "Scheduler", "FeatureExtractor")
"""In the names of classes that have no weights."""
_HEAD = re.compile(r"(?=For[A-Z]|Model|Encoder|Text|Vision)")
"""Where the name of a class of transformers goes on from its family's."""


def check_folder(
    name: str, folder: Path, expected: Mapping[str, str], *, apart: Collection[str] = ()
) -> None:
    """Look at what lies in `folder` without loading it: every part that its index names, but for those `apart`.

    expected: part -> class name, such as transformer -> WanTransformer3DModel; other parts may be of any class.
    Raises: RenderFailed (model_damaged) naming the file.
    """
    parts = parts_of(read_json(name, folder / "model_index.json"))
    for part, class_name in expected.items():
        if parts.get(part) != class_name:
            raise refuse(
                name, f"model_index.json has {part} of class {parts.get(part)}, not {class_name}"
            )
    for part in parts.keys() - set(apart):
        _check_part(name, folder / part, parts[part])


def _check_part(name: str, folder: Path, class_name: str) -> None:
    """Whether a part's configuration reads and, where its class has weights, all their files begin as they should."""
    if not folder.is_dir():
        raise refuse(name, f"the folder {folder.name} is missing")
    for file in sorted(folder.glob("*config.json")):
        read_json(name, file)
    if any(word in class_name for word in WEIGHTLESS):
        return
    config = read_json(name, folder / "config.json")
    stated = str(config.get("_class_name") or (config.get("architectures") or [None])[0])
    # transformers reads one model with or without its head, and repositories keep the name of either
    same = stated if "_class_name" in config else _HEAD.split(stated)[0]
    if same not in (class_name, _HEAD.split(class_name)[0]):
        raise refuse(name, f"{folder.name}/config.json is of class {stated}, not {class_name}")
    for file in _weight_files(name, folder):
        _open(name, file)


def parts_of(index: Mapping[str, Any]) -> dict[str, str]:
    """Part -> class name, of a model_index.json: those that the checkpoint has."""
    return {
        part: str(entry[1])
        for part, entry in index.items()
        if isinstance(entry, list) and len(entry) == 2 and entry[1]
    }


def check_tensors(name: str, part: str, module: Any, folder: Path) -> None:
    """Compare the tensors in the files of one loaded part with those of its module, by name and shape.

    Raises: RenderFailed (model_damaged) naming a tensor.
    """
    found: dict[str, tuple[int, ...]] = {}
    for file in _weight_files(name, folder / part):
        found |= shapes_of(name, file)
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
    # none is lacking where the shapes agree: transformers gives some tensors other names in files
    lacking = Counter(missing.values()) - Counter(surplus.values())
    spare = len(surplus) > len(missing)
    if not lacking and (not spare or hasattr(module.config, "architectures")):
        return  # and an encoder that was cut from a whole model leaves the rest of its file alone
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


def shapes_of(name: str, file: Path) -> dict[str, tuple[int, ...]]:
    """The tensors of a file, of which only the head is read.  Raises: RenderFailed (model_damaged)."""
    with _open(name, file) as tensors:
        return {key: tuple(tensors.get_slice(key).get_shape()) for key in tensors.keys()}  # noqa: SIM118


def _open(name: str, file: Path) -> Any:
    try:
        return safe_open(file, framework="np")  # of which only heads are read: without torch
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
