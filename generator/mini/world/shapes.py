"""Signed distances (negative inside), coverage and noise, on arrays of any array library.

float32 in, float32 out; numpy and torch give the same values but for the last bits.
"""

from typing import Any

from array_api_compat import array_namespace

Array = Any
"""An array of numpy or torch; shapes are said where they matter."""


def circle(x: Array, y: Array, cx: Any, cy: Any, radius: Any) -> Array:
    """Distance to a circle's rim."""
    return hypot(x - cx, y - cy) - radius


def hypot(x: Array, y: Array) -> Array:
    """Length of (x, y)."""
    xp = array_namespace(x, y)
    return xp.sqrt(x * x + y * y)


def box(
    x: Array, y: Array, cx: Any, cy: Any, half_w: float, half_h: float, round_: float = 0
) -> Array:
    """Distance to a box with corners rounded by `round_`.  Source: Quilez, 2D distance functions."""
    xp = array_namespace(x, y)
    dx, dy = xp.abs(x - cx) - (half_w - round_), xp.abs(y - cy) - (half_h - round_)
    outside = hypot(xp.clip(dx, min=0.0), xp.clip(dy, min=0.0))
    return outside + xp.clip(xp.maximum(dx, dy), max=0.0) - round_


def capsule(x: Array, y: Array, a: tuple[Any, Any], b: tuple[Any, Any], radius: float) -> Array:
    """Distance to a thick line from a to b.  Source: Quilez, 2D distance functions."""
    xp = array_namespace(x, y)
    dx, dy = b[0] - a[0], b[1] - a[1]
    along = ((x - a[0]) * dx + (y - a[1]) * dy) / (dx * dx + dy * dy)
    along = xp.clip(along, min=0.0, max=1.0)
    return hypot(x - a[0] - along * dx, y - a[1] - along * dy) - radius


def meet(*distances: Array) -> Array:
    """Distance to what all shapes share."""
    xp = array_namespace(*distances)
    out = distances[0]
    for other in distances[1:]:
        out = xp.maximum(out, other)
    return out


def join(*distances: Array) -> Array:
    """Distance to the union."""
    xp = array_namespace(*distances)
    out = distances[0]
    for other in distances[1:]:
        out = xp.minimum(out, other)
    return out


def coverage(distance: Array, density: Any) -> Array:
    """Share of a pixel inside the shape; density: pixels a unit of distance."""
    xp = array_namespace(distance)
    return xp.clip(0.5 - distance * density, min=0.0, max=1.0)


def lattice(n: Array, key: Array) -> Array:
    """Hash of an integer lattice to [0, 1): the same `n` and `key` (integers below 2**20) give the same value."""
    xp = array_namespace(n)
    h = xp.astype(n, xp.int64) * 73856093 + key * 19349663
    h = (h ^ (h >> 13)) * 1274126177
    h = (h ^ (h >> 16)) & 0xFFFF
    return xp.astype(h, xp.float32) / 65536
