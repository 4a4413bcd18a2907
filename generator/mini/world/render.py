"""Draw a scene: layered planes under an exact pinhole camera, signed-distance shapes, one-pixel edges.

All frames of a clip at once, float32 numpy.  Layers are planes that face the resting camera; a layer's parallax is
1 / distance, the subject's is 1.  Ground truth (subject mask, poses) comes with the frames.
Try: python -m pytest tests/generator/mini/test_world.py
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shotwright.generator.camera import Pose
from shotwright.generator.mini.world import palette
from shotwright.generator.mini.world.scene import AMOUNTS, HFOV_DEG, JITTER, Scene, camera_path
from shotwright.generator.mini.world.shapes import box, circle, coverage, lattice, slab

Array = NDArray[Any]
F32 = np.float32

HORIZON = F32(-0.12)
GROUND_Y = F32(-0.36)
"""Height of a standing subject's centre."""


@dataclass(frozen=True)
class Rendering:
    """A clip and its ground truth.

    frames: uint8 RGB (frames, height, width, 3); subject: float32 (frames, height, width), share of each pixel that
    the subject covers; poses: one a frame.
    """

    frames: NDArray[np.uint8]
    subject: NDArray[np.float32]
    poses: tuple[Pose, ...]


def render(
    scene: Scene,
    *,
    frames: int,
    height: int,
    width: int,
    poses: list[Pose] | None = None,
) -> Rendering:
    """Draw `scene`; the same arguments give the same bytes.

    poses: the camera, one pose a frame; None follows the scene's own camera word with its seeded jitter.
    """
    rng = np.random.default_rng(scene.seed)
    jitter = float(rng.uniform(1 - JITTER, 1 + JITTER))
    if poses is None:
        poses = camera_path(scene.camera, frames, amount=_jittered(scene.camera, jitter))
    canvas = _Canvas(scene, rng, poses, height, width)
    canvas.sky()
    canvas.far()
    canvas.near()
    canvas.ground()
    canvas.subject()
    pixels = (np.clip(canvas.image, 0, 1) * 255 + 0.5).astype(np.uint8)
    return Rendering(pixels, np.clip(canvas.mask, 0, 1), tuple(poses))


def _jittered(move: str, jitter: float) -> float | None:
    kind = move.partition("_")[0]
    if kind not in AMOUNTS:
        return None
    return float(AMOUNTS[kind] ** jitter if kind == "zoom" else AMOUNTS[kind] * jitter)


class _Canvas:
    """The picture being painted, back to front, and the rays through its pixels."""

    def __init__(
        self, scene: Scene, rng: np.random.Generator, poses: list[Pose], height: int, width: int
    ) -> None:
        self.scene, self.rng = scene, rng
        self.aspect = width / height
        self.focal = F32(self.aspect / math.tan(math.radians(HFOV_DEG / 2)))
        count = len(poses)
        self.time = np.linspace(0, 1, count, dtype=F32)[:, None, None]
        self.image = np.empty((count, height, width, 3), F32)
        self.mask = np.zeros((count, height, width), F32)
        self.light = np.array(palette.LIGHT[scene.time], F32)
        self._aim(poses, height, width)
        # Every random detail is drawn here, in one order, whatever the scene holds.
        self.phase = rng.uniform(0, 2 * math.pi, 4).astype(F32)
        self.keys = [int(k) for k in rng.integers(1 << 20, size=3)]
        self.sun = (
            F32(rng.uniform(-0.8, 0.8) * self.aspect),
            F32(rng.uniform(0.10, 0.25) if scene.time == "sunset" else rng.uniform(0.45, 0.75)),
        )
        self.radius = F32(rng.uniform(0.28, 0.34))
        self.offset = (F32(rng.uniform(-0.2, 0.2)), F32(rng.uniform(-0.05, 0.05)))

    def _aim(self, poses: list[Pose], height: int, width: int) -> None:
        """Rays of each frame's pixels: direction x/z and y/z in the resting camera's axes."""
        axis = {
            name: np.array([getattr(pose, name) for pose in poses], F32)[:, None, None]
            for name in Pose.__dataclass_fields__
        }
        ys = (1 - (np.arange(height, dtype=F32) + 0.5) * 2 / height)[None, :, None]
        xs = ((np.arange(width, dtype=F32) + 0.5) * 2 / width - 1)[None, None, :] * F32(self.aspect)
        pan, tilt, roll = (np.radians(axis[f"{n}_deg"]) for n in ("pan", "tilt", "roll"))
        x = xs / (self.focal * axis["zoom_ratio"])
        y = ys / (self.focal * axis["zoom_ratio"])
        x, y = x * np.cos(roll) + y * np.sin(roll), -x * np.sin(roll) + y * np.cos(roll)
        y, z = y * np.cos(tilt) + np.sin(tilt), -y * np.sin(tilt) + np.cos(tilt)
        x, z = x * np.cos(pan) + z * np.sin(pan), -x * np.sin(pan) + z * np.cos(pan)
        self.ray = x / z, y / z
        self.axis = axis
        self.density = F32(height / 2) * axis["zoom_ratio"]

    def layer(self, parallax: float) -> tuple[Array, Array, Array]:
        """Coordinates on the plane at distance 1 / parallax, and pixels a unit there."""
        p = F32(parallax)
        nearer = 1 - self.axis["dolly"] * p
        x = self.focal * (self.ray[0] * nearer + self.axis["truck"] * p)
        y = self.focal * (self.ray[1] * nearer + self.axis["pedestal"] * p)
        return x, y, self.density / nearer

    def over(self, alpha: Array, colour: Any) -> None:
        """Paint `colour` (RGB, or an array of it) with coverage `alpha` (frames, height, width)."""
        alpha = alpha[..., None]
        self.image *= 1 - alpha
        self.image += alpha * np.asarray(colour, F32)

    def sky(self) -> None:
        scene = self.scene
        x, y, q = self.layer(0.02)
        top, bottom = (np.array(c, F32) for c in palette.SKY[scene.time])
        k = np.clip((y - HORIZON) / 1.4, 0, 1)[..., None]
        self.image[:] = bottom * (1 - k) + top * k
        disc = circle(x, y, *self.sun, 0.14)
        self.over(np.exp(-np.maximum(disc, 0) * 6) * F32(0.45), palette.SUN[scene.time])
        self.over(coverage(disc, q), palette.SUN[scene.time])

    def far(self) -> None:
        place, phase = self.scene.place, self.phase
        x, y, q = self.layer(0.3)
        if place == "city":
            edge = y - HORIZON - (0.15 + 0.40 * lattice(np.floor(x / 0.3), self.keys[0]))
        elif place == "sea":
            edge = y - HORIZON - (0.09 * np.sin(x * 1.3 + phase[0]) - 0.03)
        elif place == "desert":
            edge = (y - HORIZON - 0.18 - 0.16 * np.abs(np.sin(x * 1.7 + phase[0]))) * 0.8
        else:
            edge = y - HORIZON - 0.22 - 0.14 * np.sin(x * 2.1 + phase[0])
            edge = (edge - 0.06 * np.sin(x * 4.7 + phase[1])) * 0.85
        haze = 0.4 * np.array(palette.SKY[self.scene.time][1], F32) / np.maximum(self.light, 0.01)
        self.over(coverage(edge, q), (np.array(palette.FAR[place], F32) * 0.6 + haze) * self.light)

    def near(self) -> None:
        x, y, q = self.layer(0.6)
        {
            "city": self._houses,
            "hills": self._trees,
            "desert": self._cacti,
            "sea": lambda *_: None,
        }[self.scene.place](x, y, q)

    def _houses(self, x: Array, y: Array, q: Array) -> None:
        lot = np.floor(x / 0.46)
        height = 0.22 + 0.5 * lattice(lot, self.keys[1])
        wall = np.maximum((np.abs(x / 0.46 - lot - 0.5) - 0.42) * 0.46, y - HORIZON - height)
        shade = (0.75 + 0.6 * lattice(lot, self.keys[0] + 7))[..., None]
        self.over(coverage(wall, q), np.array(palette.NEAR["city"], F32) * self.light * shade)
        wx, wy = x / 0.115, (y - HORIZON) / 0.13
        pane = np.maximum(
            np.abs(wx - np.floor(wx) - 0.5) - 0.26, np.abs(wy - np.floor(wy) - 0.5) - 0.26
        )
        by_day = self.scene.time == "day"
        lit = lattice(np.floor(wx) * 31 + np.floor(wy), self.keys[1] + 3) < (
            1.1 if by_day else 0.75
        )
        glass = coverage(pane * 0.115, q) * coverage(wall + 0.05, q) * lit * F32(0.85)
        self.over(glass, palette.WINDOW_DAY if by_day else palette.WINDOW_LIT)

    def _trees(self, x: Array, y: Array, q: Array) -> None:
        hill = (y - HORIZON - 0.05 - 0.08 * np.sin(x * 1.6 + self.phase[2])) * 0.95
        self.over(coverage(hill, q), np.array(palette.NEAR["hills"], F32) * self.light)
        plot = np.floor(x / 0.5)
        dx = (x / 0.5 - plot - 0.3 - 0.4 * lattice(plot, self.keys[1])) * 0.5
        size = 0.8 + 0.5 * lattice(plot, self.keys[0])
        base = HORIZON + F32(0.06)
        trunk = box(dx, y, 0, base + 0.06, 0.025, 0.12)
        self.over(coverage(trunk, q), np.array(palette.TRUNK, F32) * self.light)
        crown = np.sqrt(dx**2 + ((y - base - 0.25 * size) / 1.25) ** 2) - 0.13 * size
        self.over(coverage(crown, q), np.array(palette.LEAVES, F32) * self.light)

    def _cacti(self, x: Array, y: Array, q: Array) -> None:
        dune = (y - HORIZON - 0.04 - 0.07 * np.sin(x * 2.3 + self.phase[2])) * 0.9
        self.over(coverage(dune, q), np.array(palette.NEAR["desert"], F32) * self.light)
        plot = np.floor(x / 0.7)
        dx = (x / 0.7 - plot - 0.3 - 0.4 * lattice(plot, self.keys[1])) * 0.7
        stem = box(dx, y, 0, HORIZON + 0.14, 0.045, 0.20, 0.04)
        elbow = box(dx, y, 0.08, HORIZON + 0.14, 0.09, 0.03, 0.02)
        arm = box(dx, y, 0.15, HORIZON + 0.20, 0.028, 0.09, 0.02)
        cactus = np.minimum(stem, np.minimum(elbow, arm))
        self.over(coverage(cactus, q), np.array(palette.CACTUS, F32) * self.light)

    def ground(self) -> None:
        place, phase, t = self.scene.place, self.phase[3], self.time
        x, y, q = self.layer(1.0)
        tint = np.sin(x * 6.3 + phase) * 0.07
        if place == "sea":
            tint = np.sin(x * 5 + t * 5 + phase + np.sin(y * 9)) * 0.06
            tint = tint + np.sin(y * 26 + t * 9) * 0.05
        elif place == "city":
            line = np.abs(y - HORIZON + 0.62) < 0.035
            tint = np.where(line, (np.sin(x * 7 + phase) > 0) * 0.5, tint * 0.3)
        elif place == "desert":
            tint = np.sin(x * 4 + np.sin(y * 7 + phase) * 1.5) * 0.06
        depth = np.clip(HORIZON - y, 0, 1)
        colour = np.array(palette.GROUND[place], F32) * self.light
        self.over(coverage(y - HORIZON, q), colour * (0.78 + 0.35 * depth + tint)[..., None])

    def subject(self) -> None:
        scene, radius = self.scene, self.radius
        airborne = scene.subject in ("bird", "balloon")
        x, y, q = self.layer(1.0)
        cx, cy, angle = self._motion(airborne)
        if not airborne:
            sole = GROUND_Y - radius * F32(0.95)
            shadow = np.sqrt((x - cx) ** 2 + ((y - sole) * 3.2) ** 2) - radius * 0.85
            self.over(coverage(shadow, 7) * 0.35 * coverage(y - HORIZON, q), (0, 0, 0))
        dx, dy = x - cx, y - cy
        lx = (dx * np.cos(angle) + dy * np.sin(angle)) / radius
        ly = (-dx * np.sin(angle) + dy * np.cos(angle)) / radius
        if scene.action == "goes_left":
            lx = -lx
        colour = np.array(palette.COLOURS[scene.colour], F32) * (0.35 + 0.65 * self.light)
        shade = np.clip(0.80 + 0.28 * ly - 0.14 * lx, 0.45, 1.25)[..., None]
        white = np.array((0.95, 0.95, 0.95), F32) * (0.3 + 0.7 * self.light)
        brush = _Brush(self, q * radius, shade, colour, white)
        getattr(brush, scene.subject)(lx, ly, self.time)

    def _motion(self, airborne: bool) -> tuple[Array, Array, Array]:
        """Centre of the subject and its turn, a frame: what the action word means."""
        t = self.time
        x = self.offset[0] + F32(0) * t
        y = (F32(0.30) if airborne else GROUND_Y) + self.offset[1] + F32(0) * t
        angle = F32(0) * t
        action = self.scene.action
        if action in ("goes_left", "goes_right"):
            sign = -1 if action == "goes_left" else 1
            x = x + F32(sign * 1.1 * min(self.aspect, 1.3)) * (t - F32(0.5))
        elif action == "bounces":
            y = y + np.abs(np.sin(t * F32(2 * math.pi))) * F32(0.5) - F32(0.15 if airborne else 0)
        elif action == "rises":
            y = y + t * F32(0.85) - F32(0.45 if airborne else 0.05)
        elif action == "spins":
            angle = -t * F32(2 * math.pi)
        return x, y, angle


@dataclass(frozen=True)
class _Brush:
    """Paints one subject in its own coordinates: radius 1, facing right."""

    canvas: _Canvas
    density: Array
    shade: Array
    colour: Array
    white: Array

    def part(self, distance: Array, colour: Any, *, lit: bool = True) -> None:
        alpha = coverage(distance, self.density)
        tone = np.asarray(colour, F32) * (self.shade if lit else F32(1))
        self.canvas.over(alpha, tone)
        self.canvas.mask += (1 - self.canvas.mask) * alpha

    def shine(self, distance: Array, strength: float) -> None:
        self.canvas.over(coverage(distance, self.density * 0.4) * F32(strength), (1, 1, 1))

    def ball(self, x: Array, y: Array, t: Array) -> None:
        disc = circle(x, y, 0, 0, 1)
        self.part(disc, self.colour)
        pale = self.canvas.scene.colour == "white"
        self.part(np.maximum(disc + 0.04, np.abs(x) - 0.14), palette.DARK if pale else self.white)
        self.shine(circle(x, y, -0.35, 0.42, 0.2), 0.5)

    def box(self, x: Array, y: Array, t: Array) -> None:
        side = box(x, y, 0, 0, 0.9, 0.9, 0.12)
        self.part(side, self.colour)
        self.part(np.maximum(side, np.minimum(np.abs(x), np.abs(y)) - 0.11), self.colour * 0.5)

    def car(self, x: Array, y: Array, t: Array) -> None:
        self.part(box(x, y, -0.1, 0.28, 0.62, 0.42, 0.22), self.colour * 0.9)
        self.part(box(x, y, -0.1, 0.36, 0.46, 0.22, 0.1), palette.GLASS)
        self.part(box(x, y, 0, -0.2, 1.25, 0.36, 0.16), self.colour)
        for wheel in (-0.68, 0.68):
            self.part(circle(x, y, wheel, -0.55, 0.3), palette.DARK, lit=False)
            self.part(circle(x, y, wheel, -0.55, 0.13), palette.HUB, lit=False)
        self.part(circle(x, y, 1.15, -0.1, 0.1), palette.LAMP, lit=False)

    def boat(self, x: Array, y: Array, t: Array) -> None:
        hull = np.maximum(
            box(x, y, 0, -0.55, 1.3, 0.34, 0.05), slab(x, y, 0.7, -0.45, 1.0, mirrored=True)
        )
        self.part(hull, self.colour)
        self.part(box(x, y, 0, 0.35, 0.05, 0.7), palette.WOOD)
        sail = np.maximum(np.maximum(0.1 - x, -0.08 - y), x * 0.77 + y * 0.64 - 0.75)
        self.part(sail, self.white)

    def bird(self, x: Array, y: Array, t: Array) -> None:
        flap = np.sin(t * 25) * 0.55
        for side in (-1, 1):
            bend = y - flap * np.abs(x) * 0.9 - 0.1
            wing = np.sqrt((x - side * 0.62) ** 2 + (bend * 2.9) ** 2) - 0.62
            self.part(wing, self.colour * 0.85)
        self.part(np.sqrt(x**2 + (y * 1.9) ** 2) - 0.6, self.colour)
        self.part(circle(x, y, 0.55, 0.16, 0.27), self.colour)
        beak = np.maximum(np.abs(y - 0.14) * 1.6 + x - 1.05, 0.72 - x)
        self.part(beak, palette.BEAK, lit=False)
        self.part(circle(x, y, 0.62, 0.24, 0.075), palette.DARK, lit=False)

    def balloon(self, x: Array, y: Array, t: Array) -> None:
        self.part(box(x, y, 0, -1.3, 0.04, 0.6), palette.STRING, lit=False)
        self.part(np.sqrt(x**2 + ((y - 0.15) / 1.18) ** 2) - 0.85, self.colour)
        self.shine(circle(x, y, -0.3, 0.55, 0.18), 0.6)
