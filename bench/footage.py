"""Footage whose camera is known: photographs under an exact pinhole, layers of known depth, subjects on their own way.

The photographs are those that ship inside scikit-image; nothing is downloaded.  A layer is a picture on a plane that
faces the camera at rest, at distance 1 / nearness; nearness 0 is the far distance, which only turns and zooms.
Try: python -m bench.inspect 1
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from shotwright.generator.camera import Pose
from shotwright.generator.lens import Matrix, camera_matrix, rotation

PHOTOGRAPHS = (
    "astronaut.png",
    "camera.png",
    "chelsea.png",
    "coffee.png",
    "coins.png",
    "grass.png",
    "gravel.png",
    "brick.png",
    "hubble_deep_field.jpg",
    "ihc.png",
    "motorcycle_left.png",
    "page.png",
    "rocket.jpg",
)

Pixels = NDArray[np.uint8]
Path2 = NDArray[np.float64]


@dataclass(frozen=True)
class Layer:
    """texture: uint8 RGB (H, W, 3); spans: its width on the plane at distance 1, in focal lengths; mask: float32
    (H, W), or None where the texture goes on for ever, mirrored; at: (frames, 2), where its centre is, in focal
    lengths, right and up."""

    texture: Pixels
    spans: float
    nearness: float
    at: Path2
    mask: NDArray[np.float32] | None = None


@cache
def photograph(name: str) -> Pixels:
    """uint8 RGB (height, width, 3) out of scikit-image's wheel."""
    import skimage.data

    # opened as a file: its own loader looks for a registry of downloads
    read = cv2.imread(str(Path(skimage.data.__file__).parent / name), cv2.IMREAD_COLOR)
    return np.asarray(cv2.cvtColor(read, cv2.COLOR_BGR2RGB), np.uint8)


def film(
    layers: Sequence[Layer], poses: Sequence[Pose], *, hfov_deg: float, width: int, height: int
) -> tuple[Pixels, NDArray[np.float32]]:
    """The frames (frames, height, width, 3), and the share of each that the last layer covers.

    layers: from far to near.
    """
    lens = camera_matrix(hfov_deg, width, height)
    scaled = [_scaled(layer, lens[0, 0]) for layer in layers]
    frames = np.empty((len(poses), height, width, 3), np.uint8)
    covered = np.zeros(len(poses), np.float32)
    for i, pose in enumerate(poses):
        for layer in scaled:
            there = _to_texture(layer, pose, layer.at[i], lens)
            flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
            seen = cv2.warpPerspective(
                layer.texture,
                there,
                (width, height),
                flags=flags,
                borderMode=cv2.BORDER_REFLECT_101,
            )
            if layer.mask is None:
                frames[i] = seen
                continue
            flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
            share = np.asarray(cv2.warpPerspective(layer.mask, there, (width, height), flags=flags))
            mixed = frames[i] + (seen.astype(np.float32) - frames[i]) * share[..., None]
            frames[i] = np.clip(mixed + 0.5, 0, 255).astype(np.uint8)
            covered[i] = share.mean()
    return frames, covered


def _scaled(layer: Layer, focal_px: float) -> Layer:
    """The layer with a texel a pixel at rest, as a lens would show it."""
    scale = layer.spans * focal_px / layer.texture.shape[1]
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    size = (
        max(8, round(layer.texture.shape[1] * scale)),
        max(8, round(layer.texture.shape[0] * scale)),
    )
    texture = np.asarray(cv2.resize(layer.texture, size, interpolation=how), np.uint8)
    mask = None if layer.mask is None else np.asarray(cv2.resize(layer.mask, size), np.float32)
    return Layer(texture, layer.spans, layer.nearness, layer.at, mask)


def _to_texture(layer: Layer, pose: Pose, at: Path2, lens: Matrix) -> Matrix:
    """From a pixel of the frame to one of the texture.  Source: as generator/warp.py, by the same rays."""
    near = layer.nearness
    move = np.array(
        [
            [1 - near * pose.dolly, 0, near * pose.truck],
            [0, 1 - near * pose.dolly, near * pose.pedestal],
            [0, 0, 1],
        ]
    )
    rows, columns = layer.texture.shape[:2]
    texels = columns / layer.spans
    onto = np.array(
        [
            [texels, 0, (columns - 1) / 2 - texels * at[0]],
            [0, -texels, (rows - 1) / 2 + texels * at[1]],
            [0, 0, 1],
        ]
    )
    zoom = np.diag([1 / pose.zoom_ratio, 1 / pose.zoom_ratio, 1.0])
    return np.asarray(onto @ move @ rotation(pose) @ zoom @ np.linalg.inv(lens))


def blob(rng: np.random.Generator, rows: int, columns: int) -> NDArray[np.float32]:
    """The outline of something: an ellipse, a box or a round box, soft over two pixels."""
    y, x = np.mgrid[-1 : 1 : rows * 1j, -1 : 1 : columns * 1j]
    power = float(rng.choice([2, 4, 20]))
    distance = (np.abs(x) ** power + np.abs(y) ** power) ** (1 / power)
    return np.asarray(np.clip((0.97 - distance) * min(rows, columns) / 4, 0, 1), np.float32)


def resting(frames: int, x: float = 0.0, y: float = 0.0) -> Path2:
    return np.tile(np.array([x, y]), (frames, 1))


def eased(rng: np.random.Generator, frames: int) -> NDArray[np.float64]:
    """Share of a move done in each frame: linear, or eased at either or both ends."""
    p = np.linspace(0, 1, frames)
    return np.asarray([p, p * p, p * (2 - p), p * p * (3 - 2 * p)][int(rng.integers(4))])


def worn(frames: Pixels, how: str, rng: np.random.Generator) -> Pixels:
    """The same clip with a fault of real footage: grain, flicker, compressed, fade, title, exposure."""
    out = frames.astype(np.float32)
    count, height, width = frames.shape[:3]
    if how == "grain":
        out += rng.normal(0, 6, out.shape).astype(np.float32)
    elif how == "flicker":
        out *= rng.uniform(0.9, 1.1, (count, 1, 1, 1)).astype(np.float32)
    elif how == "exposure":
        out *= np.linspace(0.7, 1.1, count, dtype=np.float32)[:, None, None, None]
    elif how == "title":
        out = frames.copy()
        for frame in out:
            cv2.putText(
                frame,
                "A TITLE",
                (width // 12, height * 5 // 6),
                cv2.FONT_HERSHEY_SIMPLEX,
                width / 200,
                (255, 255, 255),
                max(1, width // 100),
                cv2.LINE_AA,
            )
    elif how == "compressed":
        return _compressed(frames)
    return np.asarray(np.clip(out, 0, 255), np.uint8)


def _compressed(frames: Pixels) -> Pixels:
    """Through this project's own MP4 and back."""
    import tempfile

    from shotwright.generator.encode import iter_frames, write_mp4

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "clip.mp4"
        write_mp4(path, frames, fps=24, metadata={}, preset="veryfast")
        return np.stack(list(iter_frames(path, max_frames=len(frames), max_pixels=1 << 22)))


def field_px(hfov_deg: float) -> float:
    """Width of the picture at distance 1."""
    return 2 * math.tan(math.radians(hfov_deg / 2))
