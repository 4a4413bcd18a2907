"""Draw scenes: layered planes and a ground plane under an exact pinhole camera, signed-distance shapes.

Several clips and all their frames at once, float32, on numpy or on torch (a GPU): the same code.  Layers are planes
that face the resting camera; a layer's parallax is 1 / distance, the subject's is 1.  Ground truth (subject mask and
box, poses, world coordinates) comes with the frames.
Try: python -m pytest tests/generator/mini/test_world.py
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shotwright.generator.camera import Pose
from shotwright.generator.mini.world.canvas import Canvas, Put
from shotwright.generator.mini.world.scene import AMOUNTS, JITTER, Scene, amount_of, camera_path
from shotwright.generator.mini.world.scenery import Scenery
from shotwright.generator.mini.world.shapes import Array
from shotwright.generator.mini.world.subjects import Subject


@dataclass(frozen=True)
class Rendering:
    """A clip and its ground truth.

    frames: uint8 RGB (frames, height, width, 3); subject: float32 (frames, height, width), share of each pixel that
    the subject covers; poses: one a frame.
    """

    frames: NDArray[np.uint8]
    subject: NDArray[np.float32]
    poses: tuple[Pose, ...]

    @property
    def boxes(self) -> NDArray[np.int64]:
        """(frames, 4): left, top, right, bottom of the subject in pixels, right and bottom exclusive; zeros where
        it is out of the picture."""
        found = np.zeros((len(self.subject), 4), np.int64)
        for box, mask in zip(found, self.subject > 0.5, strict=True):
            rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
            if len(rows):
                box[:] = columns[0], rows[0], columns[-1] + 1, rows[-1] + 1
        return found


@dataclass(frozen=True)
class Batch:
    """Clips in the arrays of the library that drew them.

    frames: float32 in [0, 1], (clips, frames, height, width, 3); subject: (clips, frames, height, width).
    """

    frames: Array
    subject: Array
    paths: tuple[tuple[Pose, ...], ...]


def render(
    scene: Scene,
    *,
    frames: int,
    height: int,
    width: int,
    poses: Sequence[Pose] | None = None,
) -> Rendering:
    """Draw `scene` with numpy; the same arguments give the same bytes.

    poses: the camera, one pose a frame; None follows the scene's own camera words with its seeded jitter.
    """
    paths = None if poses is None else [poses]
    batch = render_batch([scene], frames=frames, height=height, width=width, paths=paths)
    pixels = (np.clip(batch.frames[0], 0, 1) * 255 + 0.5).astype(np.uint8)
    return Rendering(pixels, np.clip(batch.subject[0], 0, 1), batch.paths[0])


def render_batch(
    scenes: Sequence[Scene],
    *,
    frames: int,
    height: int,
    width: int,
    shown: Sequence[int] | None = None,
    paths: Sequence[Sequence[Pose]] | None = None,
    put: Put = np.asarray,
) -> Batch:
    """Draw scenes that share place, subject and weather, together.

    shown: which frames of the clip to draw; None draws all.
    put: moves a numpy array to the library and device that draw, such as
    `lambda a: torch.from_numpy(a).to("cuda")`.
    Raises: ValueError where scenes differ in what they must share.
    """
    if len({(s.place, s.subject, s.weather) for s in scenes}) != 1:
        raise ValueError("scenes of one batch share place, subject and weather")
    shown = range(frames) if shown is None else shown
    paths = [_path(s, frames) for s in scenes] if paths is None else paths
    paths = [[path[i] for i in shown] for path in paths]
    canvas = Canvas(scenes, paths, _moments(shown, frames), (height, width), put)
    scenery = Scenery(canvas)
    scenery.before_subject()
    Subject(canvas).paint()
    scenery.after_subject()
    return Batch(
        canvas.xp.clip(canvas.image, min=0.0, max=1.0), canvas.mask, tuple(map(tuple, paths))
    )


def coordinates(
    scenes: Sequence[Scene],
    *,
    frames: int,
    rows: int,
    columns: int,
    shown: Sequence[int] | None = None,
    put: Put = np.asarray,
) -> Array:
    """What a drawn scene knows of each cell of a coarse grid over its picture: (clips, frames, rows, columns, 18).

    x, y of the sky and x, y of the subject's plane where the cell looks (half picture heights), twice the logarithm of
    the magnification there, the subject's own x, y through tanh; then what all cells of a frame share: the moment,
    the camera's pose in shares of `AMOUNTS` (times 4), the subject's centre (times 2) and the sine of its turn.
    A network is taught with it where things are and how they move; the factors make the parts weigh alike.
    """
    shown = range(frames) if shown is None else shown
    paths = [[path[i] for i in shown] for path in (_path(scene, frames) for scene in scenes)]
    canvas = Canvas(scenes, paths, _moments(shown, frames), (rows, columns), put)
    xp, subject = canvas.xp, Subject(canvas)
    sky_x, sky_y, _ = canvas.layer(0.02)
    x, y, density = canvas.layer(1.0)
    cx, cy, angle = subject.centre
    maps = (
        sky_x,
        sky_y,
        x,
        y,
        2 * xp.log(density * (2 / rows)),
        xp.tanh((x - cx) / (2 * subject.radius)),
        xp.tanh((y - cy) / (2 * subject.radius)),
        3 * canvas.time - 1.5,
        *(4 * share for share in _shares(canvas)),
        2 * cx,
        2 * cy,
        xp.sin(angle),
    )
    return xp.stack([part + 0 * x for part in maps], axis=-1)


def _shares(canvas: Canvas) -> list[Array]:
    """The camera's pose in shares of a usual move: seven arrays (clips, frames, 1, 1)."""
    axis, xp = canvas.axis, canvas.xp
    turns = [axis[f"{name}_deg"] / AMOUNTS[name] for name in ("pan", "tilt", "roll")]
    slides = [axis[name] / AMOUNTS[name] for name in ("dolly", "truck", "pedestal")]
    return [*turns, xp.log(axis["zoom_ratio"]) / math.log(AMOUNTS["zoom"]), *slides]


def _moments(shown: Sequence[int], frames: int) -> list[float]:
    return [i / max(frames - 1, 1) for i in shown]


def _path(scene: Scene, frames: int) -> Sequence[Pose]:
    jitter = 1 + JITTER * (2 * np.random.default_rng([scene.seed, 1]).random() - 1)
    return camera_path(scene.camera, frames, amount=amount_of(scene, float(jitter)))


def group(scenes: Sequence[Scene]) -> dict[Any, list[int]]:
    """Which scenes can be drawn together: indices by place, subject and weather."""
    groups: dict[Any, list[int]] = {}
    for index, scene in enumerate(scenes):
        groups.setdefault((scene.place, scene.subject, scene.weather), []).append(index)
    return groups
