"""Find the cameras that saw points move as they did: least robust distance, over the cameras and where the points are.

A camera has the seven axes of a pose, of which any may be held at rest; a point has a direction and a nearness, one
over its distance, never negative.  Knows no pictures and takes no decision.
Source: Triggs et al., Bundle Adjustment - A Modern Synthesis (2000); loss: Geman & McClure (1985), widened at first.
Try: python -m pytest tests/generator/inspect/test_bundle.py
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

AXES = 7
"""pan, tilt, roll (radians), log zoom, truck, pedestal, dolly (in the unit of one over a nearness)."""
PAN, TILT, ROLL, ZOOM, TRUCK, PEDESTAL, DOLLY = range(AXES)
TURNS, SLIDES = (PAN, TILT, ROLL, ZOOM), (TRUCK, PEDESTAL, DOLLY)
STEPS = 14
WIDENED = 1.5
"""The loss starts at this many median distances and narrows to its own width."""
BEHIND = 0.05
"""A point this little ahead of a camera (of its distance) is taken as ahead: the step back is then large, not wrong."""


@dataclass(frozen=True)
class Sight:
    """Points as cameras saw them.  at: (cameras, points, 2), right and up in focal lengths at rest; seen: (cameras,
    points), where `at` holds; width: of the loss, in focal lengths."""

    at: Floats
    seen: NDArray[np.bool_]
    width: float


@dataclass(frozen=True)
class Bundle:
    """cameras: (cameras, 7), the first at rest; rays: (points, 3), unit directions from the first; near: (points,);
    off: (points,), root mean square distance in widths of the loss; cost: mean over the points, 0 to 1."""

    cameras: Floats
    rays: Floats
    near: Floats
    off: Floats
    cost: float

    def scaled(self, factor: float) -> "Bundle":
        """The same sight in another unit of distance: nearness times the factor."""
        cameras = self.cameras.copy()
        cameras[:, TRUCK:] /= factor
        return Bundle(cameras, self.rays, self.near * factor, self.off, self.cost)


def start(sight: Sight, cameras: Floats) -> Bundle:
    """Points where the cameras that saw them first say, all at distance 1."""
    first = sight.seen.argmax(0)
    at = sight.at[first, np.arange(sight.at.shape[1])]
    camera = cameras[first]
    c = np.concatenate([at / np.exp(camera[:, ZOOM])[:, None], np.ones((len(at), 1))], 1)
    rays = np.einsum("jab,jb->ja", _turns(camera)[0], c)
    rays /= np.linalg.norm(rays, axis=1, keepdims=True)
    count = sight.at.shape[1]
    return Bundle(cameras, rays, np.ones(count), np.ones(count), 1.0)


def adjust(sight: Sight, bundle: Bundle, axes: tuple[int, ...], *, steps: int = STEPS) -> Bundle:
    """The bundle of least cost near the given one; axes: those of the cameras that may move, the others stay."""
    free = np.array([k * AXES + axis for k in range(1, len(sight.at)) for axis in axes], np.int64)
    slides = any(axis in SLIDES for axis in axes)
    damping, wide = 1e-3, math.inf
    residual = _residual(sight, bundle.cameras, bundle.rays, bundle.near)
    rms = _rms(sight, residual)
    for step in range(steps):
        wide = max(sight.width, min(wide * 0.7, WIDENED * float(np.median(rms))))
        e2 = (rms / wide) ** 2
        now = _total(sight, e2)
        weight = sight.seen / (1 + e2) ** 2
        moved = _step(sight, bundle, residual, weight, free, slides, damping)
        after = _residual(sight, moved.cameras, moved.rays, moved.near)
        rms_after = _rms(sight, after)
        then = _total(sight, (rms_after / wide) ** 2)
        if then < now:
            bundle, residual, rms = moved, after, rms_after
            damping = max(damping / 5, 1e-7)
            if now - then < 1e-4 * now and wide == sight.width and step > 3:
                break
        else:
            damping *= 10
            if damping > 1e3:
                break
    off = rms / sight.width
    cost = _total(sight, off**2) / max(int(sight.seen.sum()), 1)
    return Bundle(bundle.cameras, bundle.rays, bundle.near, off, float(cost))


def locate(sight: Sight, bundle: Bundle, cameras: Floats, axes: tuple[int, ...]) -> Floats:
    """The cameras that saw points whose places are known.

    sight, cameras: of any frames; bundle: gives the points and which of them to trust (`off`).
    """
    trust = 1 / (1 + bundle.off**2) ** 2
    for _ in range(6):
        residual = _residual(sight, cameras, bundle.rays, bundle.near)
        e2 = (residual**2).sum(-1) / (3 * sight.width) ** 2
        weight = sight.seen * trust / (1 + e2) ** 2
        by_camera = _slopes(cameras, bundle.rays, bundle.near)[0][..., list(axes)]
        weighted = by_camera * weight[..., None, None]
        normal = np.einsum("kjca,kjcb->kab", weighted, by_camera) + 1e-9 * np.eye(len(axes))
        asked = np.einsum("kjca,kjc->ka", weighted, residual)
        cameras = cameras.copy()
        cameras[:, list(axes)] += np.linalg.solve(normal, asked[..., None])[..., 0]
    return cameras


def _rms(sight: Sight, residual: Floats) -> Floats:
    squared = (residual**2).sum(-1) * sight.seen
    return np.asarray(np.sqrt(squared.sum(0) / np.maximum(sight.seen.sum(0), 1)))


def _total(sight: Sight, e2: Floats) -> float:
    return float((sight.seen.sum(0) * e2 / (1 + e2)).sum())


def _turns(cameras: Floats) -> tuple[Floats, Floats]:
    """Rotations (n, 3, 3) from camera to rest, and their slopes (n, 3, 3, 3) by pan, tilt, roll."""
    p, t, r = cameras[:, PAN], cameras[:, TILT], cameras[:, ROLL]
    one, none = np.ones_like(p), np.zeros_like(p)

    def stacked(rows: list[list[Floats]]) -> Floats:
        return np.moveaxis(np.array(rows), -1, 0)

    cp, sp, ct, st, cr, sr = np.cos(p), np.sin(p), np.cos(t), np.sin(t), np.cos(r), np.sin(r)
    z = stacked([[cr, sr, none], [-sr, cr, none], [none, none, one]])
    x = stacked([[one, none, none], [none, ct, st], [none, -st, ct]])
    y = stacked([[cp, none, sp], [none, one, none], [-sp, none, cp]])
    dz = stacked([[-sr, cr, none], [-cr, -sr, none], [none, none, none]])
    dx = stacked([[none, none, none], [none, -st, ct], [none, -ct, -st]])
    dy = stacked([[-sp, none, cp], [none, none, none], [-cp, none, -sp]])
    return y @ x @ z, np.stack([dy @ x @ z, y @ dx @ z, y @ x @ dz], 1)


def _residual(sight: Sight, cameras: Floats, rays: Floats, near: Floats) -> Floats:
    """(cameras, points, 2): seen minus expected; 0 where not seen."""
    rotations, _ = _turns(cameras)
    world = rays[None] - near[None, :, None] * cameras[:, None, TRUCK:]
    c = np.einsum("kba,kjb->kja", rotations, world)
    expected = c[..., :2] / np.maximum(c[..., 2:], BEHIND) * np.exp(cameras[:, ZOOM])[:, None, None]
    return np.where(sight.seen[..., None], sight.at - expected, 0.0)


def _slopes(cameras: Floats, rays: Floats, near: Floats) -> tuple[Floats, Floats]:
    """How the expected place changes: with the camera (cameras, points, 2, 7), with the point (..., 2, 3): two turns
    of its direction and its nearness."""
    rotations, by_angle = _turns(cameras)
    world = rays[None] - near[None, :, None] * cameras[:, None, TRUCK:]
    c = np.einsum("kba,kjb->kja", rotations, world)
    zoom = np.exp(cameras[:, ZOOM])[:, None]
    ahead = np.maximum(c[..., 2], BEHIND)
    place = c[..., :2] / ahead[..., None]

    def seen(dc: Floats) -> Floats:
        # dc: (cameras, points, 3, n) -> (cameras, points, 2, n)
        moved = dc[..., :2, :] - place[..., :, None] * dc[..., 2:, :]
        return np.asarray(moved * (zoom / ahead)[..., None, None])

    back = np.swapaxes(rotations, 1, 2)
    turned = seen(np.einsum("kiba,kjb->kjai", by_angle, world))
    slid = seen(-near[None, :, None, None] * back[:, None])
    by_camera = np.concatenate([turned, (place * zoom[..., None])[..., None], slid], -1)
    tangents = _tangents(rays)
    aside = np.einsum("kab,jbi->kjai", back, tangents)
    nearer = -np.einsum("kab,kb->ka", back, cameras[:, TRUCK:])
    nearer = np.broadcast_to(nearer[:, None, :, None], (*aside.shape[:3], 1))
    return by_camera, seen(np.concatenate([aside, nearer], -1))


def _tangents(rays: Floats) -> Floats:
    """(points, 3, 2): two directions across each ray."""
    up = np.where(np.abs(rays[:, 1:2]) < 0.9, [[0.0, 1.0, 0.0]], [[1.0, 0.0, 0.0]])
    one = np.cross(up, rays)
    one /= np.linalg.norm(one, axis=1, keepdims=True)
    return np.stack([one, np.cross(rays, one)], -1)


def _step(
    sight: Sight,
    bundle: Bundle,
    residual: Floats,
    weight: Floats,
    free: NDArray[np.int64],
    slides: bool,
    damping: float,
) -> Bundle:
    """One damped Gauss-Newton step; the points are eliminated first."""
    by_camera, by_point = _slopes(bundle.cameras, bundle.rays, bundle.near)
    if not slides:
        by_point = by_point[..., :2]
    count, points = sight.seen.shape
    size = by_point.shape[-1]
    weighted_camera = by_camera * weight[..., None, None]
    weighted_point = by_point * weight[..., None, None]
    # (points, size, size) and its inverse's root
    inner = np.einsum("kjca,kjcb->jab", weighted_point, by_point)
    diagonal = np.einsum("jaa->ja", inner)
    inner = inner + np.einsum("ja,ab->jab", diagonal * damping + 1e-9, np.eye(size))
    cross = np.einsum("kjca,kjcb->jakb", weighted_point, by_camera).reshape(points, size, -1)[
        ..., free
    ]
    inner_asked = np.einsum("kjca,kjc->ja", weighted_point, residual)
    outer = np.zeros((count * AXES, count * AXES))
    blocks = np.einsum("kjca,kjcb->kab", weighted_camera, by_camera)
    for k, block in enumerate(blocks):
        outer[k * AXES : (k + 1) * AXES, k * AXES : (k + 1) * AXES] = block
    outer = outer[np.ix_(free, free)]
    outer[np.diag_indices(len(free))] *= 1 + damping
    outer[np.diag_indices(len(free))] += 1e-9
    asked = np.einsum("kjca,kjc->ka", weighted_camera, residual).reshape(-1)[free]
    half = np.linalg.inv(np.linalg.cholesky(inner))
    cross = half @ cross
    half_asked = np.einsum("jab,jb->ja", half, inner_asked)
    flat = cross.reshape(points * size, -1)
    # no free axis: the points alone
    step = np.linalg.solve(outer - flat.T @ flat, asked - flat.T @ half_asked.reshape(-1))
    moved_points = np.einsum("jba,jb->ja", half, half_asked - np.einsum("jaf,f->ja", cross, step))
    cameras = bundle.cameras.copy()
    cameras.reshape(-1)[free] += np.clip(step, -0.5, 0.5)
    aside = np.clip(moved_points[:, :2], -0.2, 0.2)
    rays = bundle.rays + np.einsum("jab,jb->ja", _tangents(bundle.rays), aside)
    rays /= np.linalg.norm(rays, axis=1, keepdims=True)
    near = bundle.near
    if slides:
        near = np.maximum(near + np.clip(moved_points[:, 2], -1.0, 1.0), 0.0)
    return Bundle(cameras, rays, near, bundle.off, bundle.cost)
