"""One adapter a model family, all with the same face (`Engine`).

Importing this package loads no torch; `open_engine` does.
"""

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Protocol

from shotwright.generator.catalog import Card
from shotwright.generator.clipspec import ClipSpec
from shotwright.generator.errors import BadRequest
from shotwright.generator.frames import Frames, Given, Picture

OnStep = Callable[[str, int, int], None]
"""Called as (phase, step, steps) with phase denoising or decoding; an exception it raises stops the rendering at once
and leaves the engine usable."""

FAMILIES = {"wan": "shotwright.generator.pipelines.wan"}


class Engine(Protocol):
    """A loaded model."""

    card: Card

    def render(self, spec: ClipSpec, given: Given, on_step: OnStep) -> Frames:
        """The clip, frames x height x width x 3.  Deterministic in `spec` and `given` on one machine."""

    def reconstruct(self, picture: Picture) -> Picture:
        """The picture as the codec alone gives it back: no frame that shows it can be better."""


def usable_device(asked: str) -> tuple[str, str]:
    """The device to render on, and why: a driver may be there for a torch that cannot use it."""
    import torch

    if asked == "cpu":
        return "cpu", "as asked"
    if torch.cuda.is_available():
        return asked, torch.cuda.get_device_name(asked)
    return "cpu", f"this torch ({torch.__version__}) cannot use {asked}"


def open_engine(card: Card, *, device: str, models: Path) -> Engine:
    """Load the card's weights on `device` ("cpu", "cuda:0").

    models: folder under which downloaded weights are kept.  Raises BadRequest for a family without an adapter.
    """
    if card.family not in FAMILIES:
        raise BadRequest(
            f"card {card.name} names the family {card.family!r}; known are {', '.join(FAMILIES)}.",
            field="family",
            value=card.family,
            allowed=list(FAMILIES),
            fix="mend the card",
        )
    module = import_module(FAMILIES[card.family])
    engine: Engine = module.load(card, device=device, models=models)
    return engine
