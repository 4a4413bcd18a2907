"""How well a frame of a clip shows the picture that was asked for it (first, last or keyframe).

Try: python -m pytest tests/generator/inspect/test_endpoints.py
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from shotwright.generator.inspect.ssim import ssim

MIN_SSIM = 0.75
"""A frame that a codec has been through keeps more than this; another picture of the same scene, or
the subject somewhere else, does not."""


@dataclass(frozen=True)
class Endpoint:
    """ssim: 0 to 1 against the asked picture."""

    ssim: float
    passed: bool


def score(frame: NDArray[np.uint8], reference: NDArray[np.uint8]) -> Endpoint:
    """Compare a frame with what was asked, at the frame's size.

    frame, reference: uint8 RGB (height, width, 3); a larger reference of the same aspect ratio is
    reduced to the frame.
    """
    height, width = frame.shape[:2]
    if reference.shape != frame.shape:
        smaller = cv2.resize(reference, (width, height), interpolation=cv2.INTER_AREA)
        reference = np.asarray(smaller, np.uint8)
    value = ssim(frame, reference)
    return Endpoint(value, value >= MIN_SSIM)
