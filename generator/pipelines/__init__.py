"""One adapter a model family, all with the same face (`Engine`).

Importing this package loads no torch; `open_engine` does.
"""

import re
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

from shotwright.generator.catalog import FAMILIES, Card
from shotwright.generator.clipspec import ClipSpec
from shotwright.generator.errors import BadRequest
from shotwright.generator.frames import Frames, Given, Picture

OnStep = Callable[[str, int, int], None]
"""Called as (phase, step, steps) with phase denoising or decoding; an exception it raises stops the rendering at once
and leaves the engine usable."""
OnFrames = Callable[[int, Frames], None]
"""Called with each piece of a clip once it is decoded, as (number of its first frame, frames); 0 begins anew.  Told
nothing where the codec decodes a clip at once."""


class Engine(Protocol):
    """A loaded model."""

    card: Card

    def render(
        self, spec: ClipSpec, given: Given, on_step: OnStep, on_frames: OnFrames | None = None
    ) -> Frames:
        """The clip, frames x height x width x 3.  Deterministic in `spec` and `given` on one machine."""

    def read_ahead(self, specs: Sequence[ClipSpec]) -> None:
        """Read the prompts of clips to come, so that a text encoder that does not stay is loaded once for all."""

    def reconstruct(self, picture: Picture) -> Picture:
        """The picture as the codec alone gives it back: no frame that shows it can be better."""

    def told(self) -> dict[str, Any]:
        """How the last clip was made, for its record: memory plan, speed, notes."""

    @property
    def bytes_held(self) -> int:
        """Of weights, on the device and in the machine's memory."""

    def close(self) -> None:
        """Give the device back; the engine is of no use after."""


def devices() -> list[str]:
    """Names of this machine's devices, as a worker is given them.  Loads torch."""
    import torch

    return ["cpu", *(f"cuda:{number}" for number in range(torch.cuda.device_count()))]


def usable_device(asked: str) -> tuple[str, str]:
    """The device to render on, and why: a driver may be there for a torch that cannot use it."""
    import torch

    if asked == "cpu":
        return "cpu", "as asked"
    if torch.cuda.is_available():
        # kernels that are compiled, and whatever names no device, go to the current one
        torch.cuda.set_device(asked)
        return asked, torch.cuda.get_device_name(asked)
    return "cpu", f"{asked} cannot be used: {gpu_trouble()}"


def gpu_trouble() -> str:
    """Why no GPU can be used; empty where one can.  Loads torch."""
    import torch

    built = torch.version.cuda
    if torch.cuda.is_available():
        return ""
    if built is None:
        return f"this torch ({torch.__version__}) is built without CUDA"
    try:
        torch.cuda.init()  # type: ignore[no-untyped-call]
    except RuntimeError as error:
        return trouble_of(str(error), torch.__version__, built)
    return "there is none"


def trouble_of(error: str, torch_version: str, cuda: str) -> str:
    """What torch says when CUDA does not start, in a few words; cuda: that it is built for."""
    old = re.search(r"driver on your system is too old \(found version (\d+)\)", error)
    if old is None:
        return error.strip().splitlines()[0]
    number = int(old[1])  # 12040 is 12.4
    return (
        f"the driver is for CUDA {number // 1000}.{number % 1000 // 10} and too old for this torch "
        f"({torch_version}), which is built for CUDA {cuda}"
    )


def open_engine(card: Card, *, device: str, models: Path) -> Engine:
    """Load the card's weights on `device` ("cpu", "cuda:0").

    models: folder under which downloaded weights are kept.
    Raises: BadRequest for a family without an adapter; RenderFailed (model_damaged) for weights that are not here or
    not whole; OutOfMemory where no way of loading fits.
    """
    if card.family not in FAMILIES:
        raise BadRequest(
            f"card {card.name} names the family {card.family!r}; known are {', '.join(FAMILIES)}.",
            field="family",
            value=card.family,
            allowed=list(FAMILIES),
            fix="mend the card",
        )
    module = import_module(f"shotwright.generator.pipelines.{card.family}")
    engine: Engine = module.open_checkpoint(card, device=device, models=models)
    return engine
