"""Draw `docs/pictures/camera`: what every move of the camera looks like, and what is measured of it.

The world that `mini` learns is drawn along the path that the move asks for, measured as any take is, and laid out as
view_video does.  Run: python docs/camera.py
"""

import io
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from shotwright.generator.camera import MOVES, PRESETS, Move, Pose, path, totals
from shotwright.generator.frames import Frames
from shotwright.generator.inspect.camera import measure, verdict
from shotwright.generator.mini.world import Scene, render
from shotwright.generator.mini.world.scene import HFOV_DEG
from shotwright.tools.studio.evidence import CameraTrack, clip_sheet
from shotwright.tools.studio.measures import small
from shotwright.tools.studio.sheets import GAP, small_jpeg

OUT = Path(__file__).parent / "pictures" / "camera"
WIDTH, HEIGHT, FRAMES = 320, 180, 33
MOST_BYTES = 80_000
SCENE = Scene("red", "box", "rests", "day", "mountains", "clear", "static", "", seed=5)
HANDHELD_SEED = 4
UNDRAWN = ("follow",)
"""Asks no motion of the camera itself."""


def main() -> None:
    """Write a picture a kind of move, and one a preset."""
    OUT.mkdir(parents=True, exist_ok=True)
    for name, moves in pictures().items():
        sheets = [Image.open(io.BytesIO(sheet(move))) for move in moves]
        data = small_jpeg(partial(_stacked, sheets), MOST_BYTES)
        (OUT / f"{name}.jpg").write_bytes(data)
        print(name, len(data))


def pictures() -> Mapping[str, Sequence[str]]:
    """File name -> the moves in it: both ways of a move together."""
    found: dict[str, list[str]] = {}
    for move in MOVES:
        if move not in UNDRAWN:
            found.setdefault(Move(move).kind, []).append(move)
    return {**found, **{preset: [preset] for preset in PRESETS}}


def sheet(name: str) -> bytes:
    """First, middle and last frame of a move of its usual amount, and the path that was measured."""
    poses = path([Move(name)], FRAMES, seed=HANDHELD_SEED)
    frames = render(SCENE, frames=FRAMES, height=HEIGHT, width=WIDTH, poses=poses).frames
    strip = np.concatenate([_apart(frames[i]) for i in (0, FRAMES // 2, FRAMES - 1)], 1)
    said = f"{name}: first, middle and last frame"
    return clip_sheet(
        strip[None, :, :-GAP], [said], camera=_track(frames, poses), seams=(), ends=()
    )


def _apart(frame: Frames) -> Frames:
    return np.pad(frame, ((0, 0), (0, GAP), (0, 0)), constant_values=24)


def _track(frames: Frames, poses: Sequence[Pose]) -> CameraTrack:
    motion = measure((small(frame) for frame in frames), hfov_deg=HFOV_DEG)
    told = verdict(
        totals(tuple(poses)),
        motion.total,
        confidence=motion.confidence,
        unclear=motion.unclear,
    )
    return CameraTrack(poses, motion.per_frame, told, "the drawn world")


def _stacked(sheets: Sequence[Image.Image], shrink: float) -> Image.Image:
    width = max(image.width for image in sheets)
    whole = Image.new("RGB", (width, sum(image.height for image in sheets)))
    top = 0
    for image in sheets:
        whole.paste(image, (0, top))
        top += image.height
    return whole.resize((round(width * shrink), round(top * shrink)), Image.Resampling.LANCZOS)


if __name__ == "__main__":
    main()
