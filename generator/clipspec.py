"""What the generator is asked to render: everything resolved, nothing left to choose.

A `ClipSpec` is plain data that goes into the job database; pictures and clips in it are keys of the asset store.
`Given` holds the same pictures as arrays, once the worker has fetched them.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Frames = NDArray[np.uint8]
"""uint8 RGB (frames, height, width, 3)."""
Picture = NDArray[np.uint8]
"""uint8 RGB (height, width, 3)."""


@dataclass(frozen=True)
class ClipSpec:
    """One clip: `frames` pictures of width x height at `fps`, from `prompt` and the given pictures.

    first, last: keys of pictures; keyframes: (frame, key); prefix: key of a lossless clip whose frames are the clip's
    first frames; guide: key of a lossless clip of the same length to start denoising from, `strength` in (0, 1] says
    how
    much noise is put on it (1: nothing of it is left).
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
    first: str | None = None
    last: str | None = None
    keyframes: tuple[tuple[int, str], ...] = ()
    prefix: str | None = None
    guide: str | None = None
    strength: float = 1.0

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> "ClipSpec":
        keyframes = tuple((int(frame), str(key)) for frame, key in data.get("keyframes", ()))
        return ClipSpec(**{**data, "keyframes": keyframes})


@dataclass(frozen=True)
class Given:
    """The pictures of a `ClipSpec` as arrays, already of its size.

    stills: frame -> picture (0 is the first frame, frames - 1 the last); prefix and guide: clips.
    """

    stills: Mapping[int, Picture] = field(default_factory=dict)
    prefix: Frames | None = None
    guide: Frames | None = None
    strength: float = 1.0

    @property
    def empty(self) -> bool:
        return not self.stills and self.prefix is None and self.guide is None
