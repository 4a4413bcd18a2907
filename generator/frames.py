"""Pictures and clips as arrays, and the pictures that a clip is given."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from shotwright.generator.camera import Move, Pose

Frames = NDArray[np.uint8]
"""uint8 RGB (frames, height, width, 3)."""
Picture = NDArray[np.uint8]
"""uint8 RGB (height, width, 3)."""


@dataclass(frozen=True)
class Given:
    """The pictures of a `ClipSpec` as arrays, already of its size.

    stills: frame -> picture (0 is the first frame, frames - 1 the last); prefix and guide: clips.
    ease: frames beside a given one over which the clip leaves it, for models that would rather begin somewhere else.
    strength: the noise, 0 to 1, that a guide is denoised from.  holes: float32 (frames, height, width), the share of
    each pixel of the guide that is not known and is to be imagined; None where all of it is known.
    path: the camera's pose at every frame, for a model that follows one; moves: what it was made of; hfov_deg: the
    angle of view of its first frame.
    """

    stills: Mapping[int, Picture] = field(default_factory=dict)
    prefix: Frames | None = None
    guide: Frames | None = None
    strength: float = 1.0
    ease: int = 0
    holes: NDArray[np.float32] | None = None
    path: tuple[Pose, ...] = ()
    moves: tuple[Move, ...] = ()
    hfov_deg: float = 50.0

    @property
    def empty(self) -> bool:
        return not self.stills and self.prefix is None and self.guide is None

    @property
    def share(self) -> float:
        """Share of the steps that is computed: all of them where something is to be imagined."""
        return 1.0 if self.guide is None or self.holes is not None else self.strength
