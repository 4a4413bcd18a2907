"""The subjects: silhouettes of signed distances, and what the action words mean.  Painted over the scenery."""

import math
from typing import Any

from shotwright.generator.mini.world import palette
from shotwright.generator.mini.world.canvas import GROUND_Y, Canvas
from shotwright.generator.mini.world.shapes import (
    Array,
    box,
    capsule,
    circle,
    coverage,
    hypot,
    meet,
)

AIRBORNE = ("bird", "balloon", "rocket")
RADIUS = (0.29, 0.35)
"""Half height of a subject, in half picture heights: smaller ones vanish in the codec."""


class Subject:
    """Paints one kind of subject; every clip of the canvas shows the same kind."""

    def __init__(self, canvas: Canvas) -> None:
        self.canvas, self.xp = canvas, canvas.xp
        self.kind = canvas.scenes[0].subject
        self.radius = canvas.detail(16, *RADIUS)
        self.airborne = self.kind in AIRBORNE
        self.centre = self._motion()

    def _doing(self, *actions: str) -> Array:
        """1 where the clip's action is one of these, else 0: (clips, 1, 1, 1)."""
        return self.canvas.each(lambda s: s.action in actions)

    def _motion(self) -> tuple[Array, Array, Array]:
        """Centre of the subject and its turn (radians, counter-clockwise), a frame."""
        xp, t = self.xp, self.canvas.time
        air = 1.0 if self.airborne else 0.0
        way = self._doing("goes_right") - self._doing("goes_left")
        x = self.canvas.detail(17, -0.18, 0.18) + way * (1.1 * min(self.canvas.aspect, 1.3)) * (
            t - 0.5
        )
        y = (0.24 if self.airborne else GROUND_Y) + self.canvas.detail(18, -0.05, 0.05) * air
        y = y + self._doing("bounces") * (xp.abs(xp.sin(t * 2 * math.pi)) * 0.5 - 0.15 * air)
        y = y + self._doing("rises") * (t * 0.85 - 0.45 * air - 0.02)
        y = y + self._doing("falls") * ((1 - t) * 0.85 - 0.45 * air - 0.02)
        sway = xp.sin(t * 4 * math.pi)
        x = x + self._doing("sways") * 0.10 * sway
        angle = -t * 2 * math.pi * self._doing("spins") - 0.5 * sway * self._doing("sways")
        return x, y + 0 * x, angle

    def local(self, x: Array, y: Array) -> tuple[Array, Array]:
        """Coordinates of the subject itself: radius 1, facing right."""
        cx, cy, angle = self.centre
        dx, dy = (x - cx) / self.radius, (y - cy) / self.radius
        cos, sin = self.xp.cos(angle), self.xp.sin(angle)
        lx, ly = dx * cos + dy * sin, dy * cos - dx * sin
        return lx * (1 - 2 * self._doing("goes_left")), ly

    def paint(self) -> None:
        """Shadow, then the subject; its pixels go to the canvas's mask."""
        canvas = self.canvas
        x, y, q = canvas.layer(1.0)
        self._shadow()
        lx, ly = self.local(x, y)
        light = canvas.each(lambda s: palette.LIGHT[s.time])
        self.density = q * self.radius
        self.shade = self.xp.clip(0.80 + 0.28 * ly - 0.14 * lx, min=0.45, max=1.25)[..., None]
        self.colour = canvas.each(lambda s: palette.COLOURS[s.colour]) * (0.5 + 0.5 * light)
        self.light = 0.5 + 0.5 * light
        self.pale = canvas.each(lambda s: s.colour == "white")[..., None]
        getattr(self, f"_{self.kind}")(lx, ly)

    def _shadow(self) -> None:
        """On the ground under the subject, fainter the higher it is."""
        canvas = self.canvas
        x, z, _, below = canvas.floor()
        cx, cy, _ = self.centre
        lift = self.xp.clip(cy - GROUND_Y, min=0.0)
        spot = hypot(x - cx, (z - 1) * 2.2) - self.radius * 0.9
        soft = coverage(spot, 6.0) * coverage(-below * canvas.focal, canvas.density)
        canvas.over(soft * 0.42 / (1 + 2.5 * lift), canvas.rgb((0.0, 0.0, 0.03)))

    def _part(self, distance: Array, colour: Any, *, shaded: bool = True) -> None:
        alpha = coverage(distance, self.density)
        tone = colour if not isinstance(colour, tuple) else self.canvas.rgb(colour) * self.light
        self.canvas.over(alpha, tone * self.shade if shaded else tone)
        self.canvas.mask = self.canvas.mask + (1 - self.canvas.mask) * alpha

    def _shine(self, distance: Array, strength: float) -> None:
        self.canvas.over(
            coverage(distance, self.density * 0.4) * strength, self.canvas.rgb((1, 1, 1))
        )

    def _trim(self) -> Array:
        """White, or dark on a white subject."""
        pale, dark = self.canvas.rgb(palette.PALE), self.canvas.rgb(palette.DARK)
        return (pale * (1 - self.pale) + dark * self.pale) * self.light

    def _ball(self, x: Array, y: Array) -> None:
        disc = circle(x, y, 0, 0, 1)
        self._part(disc, self.colour)
        self._part(meet(disc + 0.04, self.xp.abs(x) - 0.15), self._trim())
        self._shine(circle(x, y, -0.38, 0.42, 0.2), 0.5)

    def _box(self, x: Array, y: Array) -> None:
        side = box(x, y, 0, 0, 0.92, 0.92, 0.1)
        self._part(side, self.colour)
        cross = self.xp.minimum(self.xp.abs(x), self.xp.abs(y)) - 0.12
        self._part(meet(side, cross), self.colour * 0.5)

    def _car(self, x: Array, y: Array) -> None:
        self._part(box(x, y, -0.1, 0.28, 0.66, 0.44, 0.24), self.colour * 0.9)
        self._part(box(x, y, -0.1, 0.36, 0.48, 0.22, 0.1), palette.GLASS)
        self._part(box(x, y, -0.1, 0.36, 0.05, 0.22), self.colour * 0.8)
        self._part(box(x, y, 0, -0.2, 1.3, 0.36, 0.18), self.colour)
        for wheel in (-0.7, 0.7):
            self._part(circle(x, y, wheel, -0.58, 0.32), palette.DARK, shaded=False)
            self._part(circle(x, y, wheel, -0.58, 0.14), palette.METAL, shaded=False)
        self._part(circle(x, y, 1.18, -0.1, 0.11), self.canvas.rgb(palette.LAMP), shaded=False)

    def _boat(self, x: Array, y: Array) -> None:
        wide = self.xp.abs(x) * 0.75 - y * 0.5 - 1.05
        self._part(meet(box(x, y, 0, -0.6, 1.35, 0.34, 0.05), wide), self.colour)
        self._part(meet(box(x, y, 0, -0.34, 1.35, 0.07), wide), self._trim())
        self._part(box(x, y, 0, 0.35, 0.05, 0.75), palette.WOOD)
        self._part(meet(0.1 - x, -0.1 - y, x * 0.77 + y * 0.64 - 0.78), palette.PALE)
        self._part(meet(0.1 + x, -0.1 - y, -x * 0.83 + y * 0.56 - 0.6), self.colour * 0.8)

    def _bird(self, x: Array, y: Array) -> None:
        flap = self.xp.sin(self.canvas.time * 25) * 0.55
        tail = meet(self.xp.abs(y - 0.02 * x) * 1.4 + x * 0.5 + 0.25, -1.15 - x)
        self._part(tail, self.colour * 0.7)
        for side in (-1, 1):
            bend = y - flap * self.xp.abs(x) * 0.9 - 0.1
            self._part(hypot(x - side * 0.66, bend * 2.7) - 0.66, self.colour * 0.85)
        self._part(hypot(x, y * 1.8) - 0.64, self.colour)
        self._part(circle(x, y, 0.55, 0.18, 0.3), self.colour)
        self._part(
            meet(self.xp.abs(y - 0.14) * 1.4 + x - 1.15, 0.74 - x), palette.BEAK, shaded=False
        )
        self._part(circle(x, y, 0.62, 0.26, 0.08), palette.DARK, shaded=False)

    def _balloon(self, x: Array, y: Array) -> None:
        self._part(box(x, y, 0, -1.3, 0.045, 0.55), palette.STRING, shaded=False)
        self._part(meet(self.xp.abs(x) + (y + 0.82) * 0.8 - 0.1, -0.98 - y), self.colour * 0.8)
        self._part(hypot(x, (y - 0.15) / 1.18) - 0.88, self.colour)
        self._shine(circle(x, y, -0.32, 0.55, 0.2), 0.6)

    def _rocket(self, x: Array, y: Array) -> None:
        flicker = 0.14 * self.xp.sin(self.canvas.time * 40)
        flame = hypot(x * 1.5, (y + 1.05) / (1.5 + flicker)) - 0.34
        self._part(flame, self.canvas.rgb(palette.FLAME), shaded=False)
        for side in (-1, 1):
            fin = meet(side * x * 0.75 + y * 0.66 + 0.02, -0.98 - y, 0.2 - side * x)
            self._part(fin, self.colour * 0.65)
        bulge = (y + 0.1) * (y + 0.1) * 0.30
        hull = meet((self.xp.abs(x) - 0.46 + bulge) * 0.85, -0.85 - y, y - 1.14)
        self._part(hull, self.colour)
        self._part(meet(hull, 0.52 - y), self._trim())
        self._part(circle(x, y, 0, 0.16, 0.25), palette.METAL)
        self._part(circle(x, y, 0, 0.16, 0.17), palette.GLASS)

    def _robot(self, x: Array, y: Array) -> None:
        swing = 0.18 * self.xp.sin(self.canvas.time * 4 * math.pi)
        dark = self.colour * 0.6
        for side in (-1, 1):
            self._part(box(x, y, side * 0.27, -0.74, 0.16, 0.30, 0.05), dark)
            hand = (side * 0.86, -0.32 + side * swing)
            self._part(capsule(x, y, (side * 0.55, 0.12), hand, 0.12), dark)
        self._part(capsule(x, y, (0.0, 0.85), (0.0, 1.12), 0.05), palette.METAL)
        self._part(circle(x, y, 0, 1.16, 0.11), self.canvas.rgb(palette.LAMP), shaded=False)
        self._part(box(x, y, 0, -0.14, 0.52, 0.42, 0.1), self.colour)
        self._part(box(x, y, 0, -0.12, 0.28, 0.2, 0.05), palette.METAL)
        self._part(box(x, y, 0, 0.60, 0.46, 0.33, 0.14), self.colour)
        for side in (-1, 1):
            self._part(circle(x, y, side * 0.2 + 0.05, 0.63, 0.13), palette.PALE, shaded=False)
            self._part(circle(x, y, side * 0.2 + 0.09, 0.63, 0.065), palette.DARK, shaded=False)
