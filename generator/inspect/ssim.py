"""Structural similarity of two pictures, on luma.

Source: Wang, Bovik, Sheikh, Simoncelli, Image Quality Assessment (2004): Gaussian window of sigma
1.5, K1 = 0.01, K2 = 0.03.
Try: python -m pytest tests/generator/inspect/test_ssim.py
"""

import cv2
import numpy as np
from numpy.typing import NDArray

WINDOW = (11, 11)
SIGMA_PX = 1.5
C1, C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2


def ssim(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    """Mean SSIM, 1 for equal pictures, about 0 for unrelated ones.

    one, other: uint8 RGB (height, width, 3) of one size.
    """
    a, b = luma(one), luma(other)
    mean_a, mean_b = _window(a), _window(b)
    variance_a = _window(a * a) - mean_a**2
    variance_b = _window(b * b) - mean_b**2
    covariance = _window(a * b) - mean_a * mean_b
    top = (2 * mean_a * mean_b + C1) * (2 * covariance + C2)
    bottom = (mean_a**2 + mean_b**2 + C1) * (variance_a + variance_b + C2)
    return float((top / bottom).mean())


def luma(image: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Grey levels 0 to 255, float64: SSIM subtracts nearly equal squares."""
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.float64)


def _window(image: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(cv2.GaussianBlur(image, WINDOW, SIGMA_PX))
