"""What stands around the subject: sky, far and near layers, ground, weather.  Painted in that order."""

import math
from typing import Any

from shotwright.generator.mini.world import palette
from shotwright.generator.mini.world.canvas import HORIZON, Canvas
from shotwright.generator.mini.world.shapes import (
    Array,
    box,
    capsule,
    circle,
    coverage,
    hypot,
    join,
    lattice,
    meet,
)

CLOUDS = 3


class Scenery:
    """Paints one place; every clip of the canvas shows the same place and weather."""

    def __init__(self, canvas: Canvas) -> None:
        self.canvas, self.xp = canvas, canvas.xp
        self.place, self.weather = canvas.scenes[0].place, canvas.scenes[0].weather
        self.light = canvas.each(lambda s: palette.LIGHT[s.time])
        self.horizon = canvas.each(lambda s: palette.SKY[s.time][1])
        self.phase = [canvas.detail(i, 0, 2 * math.pi) for i in range(4)]
        self.keys = [canvas.key(i) for i in range(4, 7)]
        low = canvas.each(lambda s: s.time in ("sunset", "dawn"))
        height = canvas.detail(8, 0.46, 0.72) * (1 - low) + canvas.detail(8, 0.06, 0.20) * low
        self.sun = canvas.detail(7, -0.8, 0.8) * canvas.aspect, height

    def before_subject(self) -> None:
        """Everything behind the subject and under it."""
        self._sky()
        self._far()
        self._near()
        self._ground()

    def after_subject(self) -> None:
        """What falls between the subject and the camera."""
        if self.weather != "clear":
            self._falling()

    def lit(self, colour: tuple[float, float, float]) -> Array:
        """A colour in the light of each clip's time."""
        return self.canvas.rgb(colour) * self.light

    def _sky(self) -> None:
        canvas, xp = self.canvas, self.xp
        x, y, q = canvas.layer(0.02)
        top = canvas.each(lambda s: palette.SKY[s.time][0])
        k = xp.clip((y - HORIZON) / 1.4, min=0.0, max=1.0)[..., None]
        canvas.image = self.horizon * (1 - k) + top * k
        overcast = 0.0 if self.weather == "clear" else 0.55
        if overcast:
            grey = self.lit((0.72, 0.75, 0.80))
            canvas.image = canvas.image * (1 - overcast) + grey * overcast
        sun = canvas.each(lambda s: palette.SUN[s.time])
        disc = circle(x, y, *self.sun, 0.15)
        canvas.over(xp.exp(-xp.clip(disc, min=0.0) * 5) * (0.5 - overcast / 2), sun)
        canvas.over(coverage(disc, q) * (1 - overcast), sun)
        self._stars(x, y, q)
        self._clouds()

    def _stars(self, x: Array, y: Array, q: Array) -> None:
        canvas, xp = self.canvas, self.xp
        column, row = xp.floor(x / 0.34), xp.floor(y / 0.34)
        cell = column * 57 + row
        dx = (x / 0.34 - column - 0.2 - 0.6 * lattice(cell, self.keys[0])) * 0.34
        dy = (y / 0.34 - row - 0.2 - 0.6 * lattice(cell, self.keys[1])) * 0.34
        night = canvas.each(lambda s: s.time == "night" and s.weather == "clear")
        seen = xp.astype(lattice(cell, self.keys[2]) < 0.5, xp.float32)
        glow = coverage(hypot(dx, dy) - 0.02, q) * seen * night * 0.8
        canvas.over(glow, canvas.rgb(palette.PALE))

    def _clouds(self) -> None:
        canvas, xp = self.canvas, self.xp
        x, y, _ = canvas.layer(0.06)
        colour = canvas.each(lambda s: palette.CLOUD[s.time][0])
        dense = canvas.each(lambda s: palette.CLOUD[s.time][1])
        density = 0.0 * x
        for i in range(CLOUDS):
            cx = canvas.detail(9 + i, -1.3, 1.3) * canvas.aspect
            cy = canvas.detail(12 + i, 0.30, 0.85)
            u, v = (x - cx) / 0.42, (y - cy) / 0.13
            v = v + 0.5 * xp.abs(u) * xp.astype(v < 0, xp.float32)  # flat underneath
            density = xp.maximum(density, xp.exp(-(u * u + v * v)))
        canvas.over(xp.clip(density * 1.6 - 0.3, min=0.0, max=1.0) * dense, colour)

    def _far(self) -> None:
        xp, phase = self.xp, self.phase
        x, y, q = self.canvas.layer(0.3)
        y = y - HORIZON
        haze = 0.45 * self.horizon
        tone = self.lit(palette.FAR[self.place]) * 0.6 + haze
        if self.place == "city":
            edge = y - (0.16 + 0.40 * lattice(xp.floor(x / 0.3), self.keys[0]))
        elif self.place == "sea":
            edge = y - (0.10 * xp.sin(x * 1.3 + phase[0]) - 0.02)
        elif self.place == "desert":
            edge = (y - 0.16 - 0.18 * xp.abs(xp.sin(x * 1.5 + phase[0]))) * 0.8
        elif self.place == "mountains":
            ridge = (
                0.30
                + 0.24 * _triangle(xp, x * 0.85 + phase[0])
                + 0.10 * _triangle(xp, x * 2.3 + phase[1])
            )
            edge = (y - ridge) * 0.75
            self.canvas.over(coverage(edge, q), tone)
            snow = meet(edge, (0.36 + 0.05 * _triangle(xp, x * 7) - y) * 0.75)
            self.canvas.over(coverage(snow, q), self.lit(palette.SNOWCAP) * 0.75 + haze * 0.5)
            return
        else:
            edge = y - 0.22 - 0.14 * xp.sin(x * 2.1 + phase[0])
            edge = (edge - 0.06 * xp.sin(x * 4.7 + phase[1])) * 0.85
        self.canvas.over(coverage(edge, q), tone)

    def _near(self) -> None:
        x, y, q = self.canvas.layer(0.6)
        paint = {
            "city": self._houses,
            "hills": self._trees,
            "desert": self._cacti,
            "mountains": self._pines,
            "sea": self._lighthouse,
        }
        paint[self.place](x, y - HORIZON, q)

    def _plots(self, x: Array, width: float, spread: float = 0.4) -> tuple[Array, Array, Array]:
        """One thing a plot: distance from its middle, its size in [0, 1), and the plot's number."""
        xp = self.xp
        plot = xp.floor(x / width)
        middle = 0.5 - spread / 2 + spread * lattice(plot, self.keys[1])
        return (x / width - plot - middle) * width, lattice(plot, self.keys[0]), plot

    def _houses(self, x: Array, y: Array, q: Array) -> None:
        canvas, xp = self.canvas, self.xp
        lot = xp.floor(x / 0.52)
        height = 0.24 + 0.5 * lattice(lot, self.keys[1])
        wall = meet((xp.abs(x / 0.52 - lot - 0.5) - 0.42) * 0.52, y - height)
        shade = (0.8 + 0.5 * lattice(lot, self.keys[0] + 7))[..., None]
        canvas.over(coverage(wall, q), self.lit(palette.NEAR["city"]) * shade)
        wx, wy = x / 0.13, y / 0.15
        pane = meet(xp.abs(wx - xp.floor(wx) - 0.5) - 0.25, xp.abs(wy - xp.floor(wy) - 0.5) - 0.25)
        by_day = canvas.each(lambda s: s.time in ("day", "dawn"))
        roll = lattice(xp.floor(wx) * 31 + xp.floor(wy), self.keys[1] + 3)
        lit = xp.astype(roll < 0.75 + by_day, xp.float32)
        glass = coverage(pane * 0.13, q) * coverage(wall + 0.05, q) * lit * 0.85
        tone = by_day[..., None]
        canvas.over(
            glass,
            canvas.rgb(palette.WINDOW_DAY) * tone + canvas.rgb(palette.WINDOW_LIT) * (1 - tone),
        )

    def _trees(self, x: Array, y: Array, q: Array) -> None:
        xp = self.xp
        hill = (y - 0.05 - 0.08 * xp.sin(x * 1.6 + self.phase[2])) * 0.95
        self.canvas.over(coverage(hill, q), self.lit(palette.NEAR["hills"]))
        dx, size, _ = self._plots(x, 0.55)
        size = 0.85 + 0.5 * size
        trunk = box(dx, y, 0, 0.12, 0.028, 0.12)
        self.canvas.over(coverage(trunk, q), self.lit(palette.TRUNK))
        crown = hypot(dx, (y - 0.06 - 0.25 * size) / 1.25) - 0.14 * size
        self.canvas.over(coverage(crown, q), self.lit(palette.LEAVES))

    def _pines(self, x: Array, y: Array, q: Array) -> None:
        xp = self.xp
        slope = (y - 0.04 - 0.06 * xp.sin(x * 1.3 + self.phase[2])) * 0.95
        self.canvas.over(coverage(slope, q), self.lit(palette.NEAR["mountains"]))
        dx, size, _ = self._plots(x, 0.72)
        height = 0.30 + 0.24 * size
        for share in (1.0, 0.72):
            crown = meet(
                xp.abs(dx) * 0.93 + (y - height) * 0.36 * share, 0.30 * (1 - share) + 0.02 - y
            )
            self.canvas.over(coverage(crown, q), self.lit(palette.PINE) * (2 - share))

    def _cacti(self, x: Array, y: Array, q: Array) -> None:
        xp = self.xp
        dune = (y - 0.04 - 0.07 * xp.sin(x * 2.3 + self.phase[2])) * 0.9
        self.canvas.over(coverage(dune, q), self.lit(palette.NEAR["desert"]))
        dx, _, _ = self._plots(x, 0.75)
        stem = box(dx, y, 0, 0.16, 0.05, 0.22, 0.05)
        elbow = box(dx, y, 0.08, 0.16, 0.09, 0.032, 0.02)
        arm = box(dx, y, 0.15, 0.22, 0.032, 0.09, 0.03)
        self.canvas.over(coverage(join(stem, elbow, arm), q), self.lit(palette.CACTUS))

    def _lighthouse(self, x: Array, y: Array, q: Array) -> None:
        """One island with a lighthouse every few widths."""
        xp = self.xp
        dx, _, _ = self._plots(x, 3.6, spread=0.3)
        rock = hypot(dx / 2.2, y + 0.02) - 0.11
        self.canvas.over(coverage(rock, q), self.lit(palette.NEAR["sea"]))
        tower = meet(xp.abs(dx) * 0.99 - 0.075 + y * 0.06, y - 0.42, -y)
        stripe = xp.astype(xp.sin(y * 30) > 0, xp.float32)[..., None]
        tone = self.lit(palette.PALE) * stripe + self.lit((0.85, 0.2, 0.2)) * (1 - stripe)
        self.canvas.over(coverage(tower, q), tone)
        self.canvas.over(
            coverage(box(dx, y, 0, 0.46, 0.07, 0.05, 0.02), q), self.canvas.rgb(palette.LAMP)
        )

    def _ground(self) -> None:
        canvas, xp, t = self.canvas, self.xp, self.canvas.time
        x, z, along, below = canvas.floor()
        phase = self.phase[3]
        fade = 1 / (1 + (along / 2.2) ** 2)  # texture finer than a pixel is none
        colour = self.lit(palette.GROUND[self.place])
        if self.place == "sea":
            tint = 0.09 * xp.sin(z * 9 - t * 5 + xp.sin(x * 2.2 + phase)) + 0.05 * xp.sin(
                x * 5 + z * 5 + t * 6
            )
        elif self.place == "desert":
            tint = 0.07 * xp.sin(x * 2.6 + 3.0 * z + xp.sin(z * 4 + phase) * 1.5)
        elif self.place == "hills":
            tint = 0.08 * _square(xp, xp.sin(x * 2.4 + phase))
        elif self.place == "mountains":
            tint = 0.07 * xp.sin(x * 3.1 + phase) * xp.sin(z * 5 + phase)
        else:
            tint = 0.03 * xp.sin(x * 4 + phase)
        shade = 0.80 + 0.26 * xp.clip(below * canvas.focal, min=0.0, max=1.0) + tint * fade
        horizon = coverage(-below * canvas.focal, canvas.density)
        haze = xp.exp(-xp.clip(below, min=0.0) * canvas.focal * 9) * 0.35
        tone = colour * shade[..., None]
        if self.place == "city":
            tone = self._road(tone, x, z, along)
        if self.place == "sea":
            tone = tone + self._glitter(below)[..., None] * canvas.each(
                lambda s: palette.SUN[s.time]
            )
        tone = tone + haze[..., None] * (self.horizon - tone)
        canvas.over(horizon, tone)

    def _road(self, tone: Array, x: Array, z: Array, along: Array) -> Array:
        """Asphalt under the subject, with a dashed line before it."""
        density = self.canvas.density / along
        asphalt = coverage(self.xp.abs(z - 0.95) - 0.22, density)[..., None]
        tone = tone + asphalt * (self.lit(palette.ROAD) - tone)
        dash = self.xp.astype(self.xp.sin(x * 6 + self.phase[3]) > -0.2, self.xp.float32)
        line = (coverage(self.xp.abs(z - 0.85) - 0.018, density) * dash)[..., None]
        return tone + line * (self.lit(palette.PAINT) - tone)

    def _glitter(self, below: Array) -> Array:
        """The sun's road on the water, under the sun wherever the camera looks."""
        xp = self.xp
        x, y, _ = self.canvas.layer(0.02)
        wave = 0.6 + 0.4 * xp.sin(y * 34 + self.canvas.time * 14 + self.phase[3])
        spread = 0.10 + 0.35 * xp.clip(below * self.canvas.focal, min=0.0)
        u = (x - self.sun[0]) / spread
        return xp.exp(-u * u) * wave * (0.35 if self.weather == "clear" else 0.1)

    def _falling(self) -> None:
        """Rain or snow, sparse and large, on a plane that hangs between subject and camera."""
        canvas, xp, t = self.canvas, self.xp, self.canvas.time
        x, y, q = canvas.layer(0.8)
        if self.weather == "rain":
            x, y = x + 0.25 * y, y + t * 4.0
            width, height, colour = 0.40, 0.80, palette.RAIN
        else:
            x, y = x + 0.08 * xp.sin(t * 5 + self.phase[0]), y + t * 1.1
            width, height, colour = 0.52, 0.52, palette.PALE
        column = xp.floor(x / width)
        y = y + lattice(column, self.keys[1]) * height
        row = xp.floor(y / height)
        cell = column * 131 + row
        dx = (x / width - column - 0.5 - 0.4 * (lattice(cell, self.keys[0]) - 0.5)) * width
        dy = (y / height - row - 0.5) * height
        if self.weather == "rain":
            drop = capsule(dx, dy, (0.0, -0.10), (0.0, 0.10), 0.018)
            strength = 0.55
        else:
            drop = hypot(dx, dy) - 0.05
            strength = 0.95
        canvas.over(coverage(drop, q) * strength, self.lit(colour) * 0.4 + 0.6 * canvas.rgb(colour))


def _triangle(xp: Any, x: Array) -> Array:
    """Triangle wave of period 2 pi in [-1, 1], with sharp peaks."""
    u = x / (2 * math.pi)
    return 1 - 4 * xp.abs(u - xp.floor(u) - 0.5)


def _square(xp: Any, x: Array) -> Array:
    """A sine made steeper: soft stripes."""
    return xp.clip(x * 3, min=-1.0, max=1.0)
