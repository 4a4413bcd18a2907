"""How well a frame of a clip shows the picture that was asked for it (first, last or keyframe), and how it moves there.

Try: python -m pytest tests/generator/inspect/test_endpoints.py
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from shotwright.generator.inspect.seams import STILL_PX, WITHIN, mean_flow_px
from shotwright.generator.inspect.ssim import ssim

MIN_SSIM = 0.75
"""A frame that a codec has been through keeps more than this; another picture of the same scene, or
the subject somewhere else, does not."""

OFF_CODEC = 0.02
"""What a frame may lose to the codec's own reconstruction of the picture."""

MOST_OF_P95 = WITHIN
"""A motion beside a given picture beyond this many times the 95th percentile of the others is a jump."""


@dataclass(frozen=True)
class Endpoint:
    """ssim: 0 to 1 against the asked picture; codec_ssim: of what the codec alone makes of it, where that is known."""

    ssim: float
    codec_ssim: float | None
    passed: bool


def score(
    frame: NDArray[np.uint8], reference: NDArray[np.uint8], *, codec_ssim: float | None = None
) -> Endpoint:
    """Compare a frame with what was asked, at the frame's size.

    frame, reference: uint8 RGB (height, width, 3); a larger reference of the same aspect ratio is
    reduced to the frame.
    """
    height, width = frame.shape[:2]
    if reference.shape != frame.shape:
        smaller = cv2.resize(reference, (width, height), interpolation=cv2.INTER_AREA)
        reference = np.asarray(smaller, np.uint8)
    value = ssim(frame, reference)
    least = MIN_SSIM if codec_ssim is None else codec_ssim - OFF_CODEC
    return Endpoint(value, codec_ssim, value >= least)


class Paces:
    """The motion from frame to frame of a clip whose frames come one by one; only the last one is held."""

    def __init__(self) -> None:
        self._last: NDArray[np.uint8] | None = None
        self._flow: list[float] = []

    def add(self, frame: NDArray[np.uint8]) -> None:
        """The next frame, uint8 RGB (height, width, 3)."""
        if self._last is not None:
            self._flow.append(mean_flow_px(self._last, frame))
        self._last = frame

    def beside(self, frame: int) -> float:
        """The larger motion beside frame `frame`, as a multiple of the 95th percentile of the other steps: 1 where
        there are none.
        """
        near = [step for step in (frame - 1, frame) if 0 <= step < len(self._flow)]
        others = [flow for step, flow in enumerate(self._flow) if step not in near]
        if not near or not others:
            return 1.0
        quick = max(float(np.percentile(others, 95)), STILL_PX)
        return max(self._flow[step] for step in near) / quick
