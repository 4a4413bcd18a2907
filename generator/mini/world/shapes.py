"""Signed distances (negative inside) and the noise of the world.  float32 arrays in, float32 out."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def circle(x: Array, y: Array, cx: Any, cy: Any, radius: Any) -> Array:
    """Distance to a circle's rim."""
    return np.asarray(np.sqrt((x - cx) ** 2 + (y - cy) ** 2) - radius)


def box(
    x: Array, y: Array, cx: Any, cy: Any, half_w: float, half_h: float, round_: float = 0
) -> Array:
    """Distance to a box with corners rounded by `round_`.  Source: Quilez, 2D distance functions."""
    dx, dy = np.abs(x - cx) - (half_w - round_), np.abs(y - cy) - (half_h - round_)
    outside = np.sqrt(np.maximum(dx, 0) ** 2 + np.maximum(dy, 0) ** 2)
    return np.asarray(outside + np.minimum(np.maximum(dx, dy), 0) - round_)


def slab(x: Array, y: Array, a: float, b: float, c: float, *, mirrored: bool = False) -> Array:
    """Half plane a x + b y < c; `mirrored` takes |x|."""
    return np.asarray(a * (np.abs(x) if mirrored else x) + b * y - c)


def coverage(distance: Array, density: Any) -> Array:
    """Share of a pixel inside the shape; density: pixels a unit of distance."""
    return np.asarray(np.clip(0.5 - distance * density, 0, 1), np.float32)


def lattice(n: Array, key: int) -> Array:
    """Hash of an integer lattice to [0, 1): the same `n` and `key` give the same value."""
    h = np.asarray(n, np.int64) * 73856093 + key * 19349663
    h = (h ^ (h >> 13)) * 1274126177
    return np.asarray(((h ^ (h >> 16)) & 0xFFFF) / np.float32(65536), np.float32)
