"""Networks read from GGUF files, whose weights stay in few bits and are unpacked layer by layer as they are used."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import diffusers
import torch

from shotwright.generator.weights import refuse


def networks(
    name: str, found: Mapping[str, Path], classes: Mapping[str, str], folder: Path
) -> dict[str, Any]:
    """Part -> network.

    name: the card's; found: part -> GGUF file, with the tensors' original names or diffusers' own; classes: part ->
    class name; folder: of the checkpoint, whose configurations count.
    Raises: RenderFailed (model_damaged) naming the file.
    """
    made = {}
    for part, file in found.items():
        kind = getattr(diffusers, classes[part])
        try:
            network = kind.from_single_file(
                str(file),
                config=str(folder),
                subfolder=part,
                quantization_config=diffusers.GGUFQuantizationConfig(compute_dtype=torch.bfloat16),
                dtype=torch.bfloat16,
                local_files_only=True,
            )
        except (OSError, ValueError, RuntimeError, LookupError, TypeError, AttributeError) as error:
            # diffusers leaves what the file lacks on the meta device, and then stumbles over it
            lacks = "meta tensor" in str(error)
            why = f"lacks tensors of the {part}" if lacks else f"cannot be read ({error})"
            raise refuse(
                name,
                f"{file.name} {why}",
                "take a GGUF file of this very checkpoint, or remove it",
            ) from error
        made[part] = network
    return made
