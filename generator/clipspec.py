"""What the generator is asked to render: everything resolved, nothing left to choose.

A `ClipSpec` is plain data that goes into the job database; pictures and clips in it are keys of the asset store.
Import is light: fronts build these.  `frames.Given` holds the same pictures as arrays, once the worker has fetched
them.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

REFINE_STEPS = 4
"""About how many steps a refining pass takes."""


@dataclass(frozen=True)
class ClipSpec:
    """One clip: `frames` pictures of width x height at `fps`, from `prompt` and the given pictures.

    first, last: keys of pictures; keyframes: (frame, key).  reference: key of a picture that is drawn anew, `redraw`
    far (0 to 1, see the card's); it is no frame of the clip.  refine: passes after the sampling that put noise on the
    clip again and take it off without guidance.  level: exact or fast, see `speed`; loras: names on the model's card.
    """

    model: str
    prompt: str
    negative_prompt: str
    width: int
    height: int
    frames: int
    fps: int
    seed: int
    steps: int
    guidance: float
    refine: int = 0
    first: str | None = None
    last: str | None = None
    keyframes: tuple[tuple[int, str], ...] = ()
    reference: str | None = None
    redraw: float = 0.0
    level: str = "exact"
    loras: tuple[str, ...] = ()

    @property
    def work(self) -> float:
        """Steps of the network, a step of a refining pass as half of one: it has no guidance."""
        return self.steps + self.refine * REFINE_STEPS / 2

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> "ClipSpec":
        keyframes = tuple((int(frame), str(key)) for frame, key in data.get("keyframes", ()))
        loras = tuple(str(name) for name in data.get("loras", ()))
        return ClipSpec(**{**data, "keyframes": keyframes, "loras": loras})
