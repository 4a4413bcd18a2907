"""The picture being painted, back to front, and the rays of an exact pinhole camera through its pixels.

Arrays are (clips, frames, height, width), with a last axis of 3 where they hold RGB; what differs from clip to clip
alone is (clips, 1, 1, 1).  Runs on numpy and on torch.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import fields
from typing import Any

import numpy as np
from array_api_compat import array_namespace

from shotwright.generator.camera import Pose
from shotwright.generator.mini.world.scene import HFOV_DEG, Scene
from shotwright.generator.mini.world.shapes import Array

Put = Callable[[Any], Array]
"""A numpy array -> the same on the library and device that draw."""

HORIZON = -0.12
"""Height of the horizon at rest: the ground falls away a little, so that the sky has more than half."""
GROUND_Y = -0.36
"""Height of a standing subject's centre."""
SOLE_Y = -0.66
"""Height of the ground under the subject."""
DETAILS = 24
"""Random numbers in [0, 1) that a seed gives to what no word describes."""


class Canvas:
    """Image and subject mask of several clips of one shape, and the rays of their cameras."""

    def __init__(
        self,
        scenes: Sequence[Scene],
        paths: Sequence[Sequence[Pose]],
        moments: Sequence[float],
        size: tuple[int, int],
        put: Put,
    ) -> None:
        """paths: one pose a frame; moments: when each frame is, as a share of the clip."""
        height, width = size
        self.scenes, self.put = scenes, put
        clips, frames = len(scenes), len(moments)
        self.aspect = width / height
        self.focal = self.aspect / math.tan(math.radians(HFOV_DEG / 2))
        details = np.stack([np.random.default_rng(s.seed).random(DETAILS) for s in scenes])
        self._details = put(details.astype(np.float32))
        self.time = put(np.array(moments, np.float32))[None, :, None, None]
        self.xp = array_namespace(self.time)
        self._aim(paths, height, width)
        self.image = put(np.zeros((clips, frames, height, width, 3), np.float32))
        self.mask = put(np.zeros((clips, frames, height, width), np.float32))

    def detail(self, index: int, low: float = 0.0, high: float = 1.0) -> Array:
        """Random number `index` of each clip, in [low, high): (clips, 1, 1, 1)."""
        return self._details[:, index, None, None, None] * (high - low) + low

    def key(self, index: int) -> Array:
        """Random number `index` as an integer below 2**20."""
        return self.xp.astype(self.detail(index) * (1 << 20), self.xp.int64)

    def each(self, value: Callable[[Scene], Any]) -> Array:
        """`value` of each scene, float32: (clips, 1, 1, 1), or (clips, 1, 1, 1, 3) for colours."""
        values = np.array([value(scene) for scene in self.scenes], np.float32)
        return self.put(values)[:, None, None, None]

    def _aim(self, paths: Sequence[Sequence[Pose]], height: int, width: int) -> None:
        """Rays of each frame's pixels: direction x/z and y/z in the resting camera's axes."""
        xp = self.xp
        axis = {
            f.name: self.put(
                np.array([[getattr(p, f.name) for p in path] for path in paths], np.float32)
            )[:, :, None, None]
            for f in fields(Pose)
        }
        ys = self.put(1 - (np.arange(height, dtype=np.float32) + 0.5) * 2 / height)[:, None]
        xs = self.put((np.arange(width, dtype=np.float32) + 0.5) * 2 / width - 1)[None, :]
        pan, tilt, roll = (axis[f"{n}_deg"] * (math.pi / 180) for n in ("pan", "tilt", "roll"))
        x = xs * self.aspect / (self.focal * axis["zoom_ratio"])
        y = ys / (self.focal * axis["zoom_ratio"])
        x, y = x * xp.cos(roll) + y * xp.sin(roll), -x * xp.sin(roll) + y * xp.cos(roll)
        y, z = y * xp.cos(tilt) + xp.sin(tilt), -y * xp.sin(tilt) + xp.cos(tilt)
        x, z = x * xp.cos(pan) + z * xp.sin(pan), -x * xp.sin(pan) + z * xp.cos(pan)
        self.ray = x / z, y / z
        self.axis = axis
        self.density = axis["zoom_ratio"] * (height / 2)

    def layer(self, parallax: float) -> tuple[Array, Array, Array]:
        """Coordinates on the plane at distance 1 / parallax, and pixels a unit there."""
        nearer = 1 - self.axis["dolly"] * parallax
        x = self.focal * (self.ray[0] * nearer + self.axis["truck"] * parallax)
        y = self.focal * (self.ray[1] * nearer + self.axis["pedestal"] * parallax)
        return x, y, self.density / nearer

    def floor(self) -> tuple[Array, Array, Array, Array]:
        """Where each ray meets the ground: x, z (depth, the subject's is 1), distance along the view, and how far
        below the horizon the ray goes (above it where negative; x, z and distance then mean nothing).

        The ground is the plane under the subject's sole whose horizon is at `HORIZON`.
        """
        fall = -HORIZON / self.focal
        drop = -SOLE_Y / self.focal - fall
        below = -(self.ray[1] + fall)
        height = drop + self.axis["pedestal"] + fall * self.axis["dolly"]
        along = height / self.xp.clip(below, min=1e-3)
        x = self.focal * (self.axis["truck"] + self.ray[0] * along)
        return x, self.axis["dolly"] + along, along, below

    def over(self, alpha: Array, colour: Array) -> None:
        """Paint `colour` (RGB on the last axis) with coverage `alpha`."""
        self.image = self.image + alpha[..., None] * (colour - self.image)

    def rgb(self, colour: tuple[float, float, float]) -> Array:
        """One colour for all clips."""
        return self.put(np.array(colour, np.float32))
