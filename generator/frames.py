"""Pictures and clips as arrays, and the pictures that a clip is given."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Frames = NDArray[np.uint8]
"""uint8 RGB (frames, height, width, 3)."""
Picture = NDArray[np.uint8]
"""uint8 RGB (height, width, 3)."""


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
