"""What was measured of a clip, drawn under its contact sheet: the camera's path, the seams, the ends.

Knows pictures and figures; no store and no measuring.
Try: python -m pytest tests/tools/studio/test_evidence.py
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from shotwright.generator.camera import AXES, Pose
from shotwright.tools.studio.sheets import (
    GAP,
    INK,
    LABEL,
    MAX_WIDTH,
    Frames,
    blank,
    grid,
    small_jpeg,
    write_line,
)

if TYPE_CHECKING:
    from PIL import Image, ImageDraw

MAX_SEAMS = 3
"""Seams shown: those that failed first, then the first ones."""
PLOT_HEIGHT, PLOT_WIDTH, LINE_PX = 118, 300, 3
NARROWEST = 640
"""Width of a sheet below which its plots cannot be read."""
PAIR_SHRINK = 0.45
"""Height of the pictures of a pair, of that of a frame alone: so low that two pairs stand side by side."""
MEANT: Mapping[str, str] = {
    "pass": "pass",
    "fail": "fail: not what was asked",
    "stray": "stray: moved, and nobody asked for it",
    "still": "still",
    "ambiguous": "ambiguous: may be another move, or none",
}
ASKED, MEASURED, GRID = (250, 200, 80), (90, 190, 255), (70, 70, 70)
GOOD, BAD = (120, 220, 130), (255, 110, 100)
MEANING: Mapping[str, tuple[str, str, str]] = {
    # axis -> its name, its unit, what up in the plot is
    "pan_deg": ("pan", "°", "right"),
    "tilt_deg": ("tilt", "°", "up"),
    "roll_deg": ("roll", "°", "clockwise"),
    "zoom_ratio": ("zoom", "x", "in"),
    "truck": ("truck", "", "right"),
    "pedestal": ("pedestal", "", "up"),
    "dolly": ("dolly", "", "in"),
}
SPAN: Mapping[str, float] = {"pan_deg": 4.0, "tilt_deg": 4.0, "roll_deg": 4.0, "zoom_ratio": 0.15}
"""Least height of a plot, in its unit (logarithm of a zoom): less motion than this looks flat."""
SLIDE_SPAN = 0.1
LOOKS_LIKE: Mapping[str, str] = {"truck": "pan_deg", "pedestal": "tilt_deg", "dolly": "zoom_ratio"}
"""The turn that a slide looks like where nothing stands before anything else."""


@dataclass(frozen=True)
class CameraTrack:
    """The camera of a clip, a pose a frame; asked: None where nothing was asked.

    verdict: axis -> its word; mechanism: how the move was made; begin: the frame of the clip that it begins at.
    own: what the camera of the clip that it was moved over did itself, on top of which the asked comes.
    """

    asked: Sequence[Pose] | None
    measured: Sequence[Pose]
    verdict: Mapping[str, str]
    mechanism: str
    begin: int = 0
    own: Pose | None = None

    @property
    def shown(self) -> list[str]:
        """The axes worth a plot: asked for or strayed on, else pan, tilt and zoom.

        Beside a slide that is not told, the turn that it looks like.
        """
        moving = [axis for axis in AXES if self.verdict.get(axis, "still") != "still"]
        asked = [axis for axis in AXES if self.asked and _far(axis, self.asked)]
        told = [
            axis
            for axis in AXES
            if axis in asked or (axis in moving and self.verdict[axis] != "ambiguous")
        ]
        told += [LOOKS_LIKE[axis] for axis in asked if self._untold(axis)]
        return list(dict.fromkeys(told)) or [
            axis for axis in ("pan_deg", "tilt_deg", "zoom_ratio") if axis in AXES
        ]

    def _untold(self, axis: str) -> bool:
        return axis in LOOKS_LIKE and self.verdict.get(axis) == "ambiguous"


@dataclass(frozen=True)
class Pair:
    """Two pictures to be compared, uint8 RGB of one size, what each is, and what was found."""

    one: Frames
    other: Frames
    labels: tuple[str, str]
    good: bool
    found: str


def clip_sheet(
    pictures: Frames,
    labels: Sequence[str],
    *,
    camera: CameraTrack | None,
    seams: Sequence[Pair],
    ends: Sequence[Pair],
) -> bytes:
    """A JPEG of a clip's frames and, under them, what was measured: each part under a line that says what it is."""

    def draw(shrink: float) -> "Image.Image":
        parts = [("", grid(pictures, labels, shrink=shrink))]
        width = max(NARROWEST, parts[0][1].width)
        if camera is not None:
            parts.append((_camera_line(camera), _plots(camera, width)))
        if seams:
            parts.append(
                (
                    "seams: the last frame before each, and the first after it",
                    _pairs(seams, width, shrink),
                )
            )
        if ends:
            parts.append(
                ("given pictures, and the frames made of them", _pairs(ends, width, shrink))
            )
        return _stacked(parts, width)

    return small_jpeg(draw)


def _camera_line(camera: CameraTrack) -> str:
    first = f"frame #{camera.begin}" if camera.begin else "first frame"
    if camera.asked is None:
        return f"camera: none asked; measured in blue, from {first} to last"
    return f"camera by {camera.mechanism}: asked in yellow (dashed), measured in blue, from {first} to last"


def _far(axis: str, poses: Sequence[Pose]) -> bool:
    values = [_value(axis, pose) for pose in poses]
    return max(values) - min(values) > 1e-6


def _value(axis: str, pose: Pose) -> float:
    """What is plotted: the number itself, of a zoom its logarithm."""
    return math.log(pose.zoom_ratio) if axis == "zoom_ratio" else float(getattr(pose, axis))


def _said(axis: str, pose: Pose) -> str:
    unit, value = MEANING[axis][1], getattr(pose, axis)
    if axis == "zoom_ratio":
        return f"{value:.2f}{unit}"
    return f"{value:+.1f}{unit}" if unit else f"{value:+.2f}"


def figures(camera: CameraTrack, axis: str) -> str:
    """What was asked and measured on an axis, in words, over its plot."""
    name, _, up = MEANING[axis]
    wanted = "" if camera.asked is None else f"asked {_said(axis, camera.asked[-1])}, "
    if wanted and camera.own and abs(_value(axis, camera.own)) > SPAN.get(axis, SLIDE_SPAN) / 10:
        wanted += f"the clip's own {_said(axis, camera.own)}, "
    return f"{name} ({up} is up): {wanted}measured {_said(axis, camera.measured[-1])}"


def _plots(camera: CameraTrack, width: int) -> "Image.Image":
    """One plot an axis, side by side and in rows."""
    across = max(1, (width - GAP) // (PLOT_WIDTH + GAP))
    shown = camera.shown
    across = min(across, len(shown))
    wide = (width - GAP) // across - GAP
    rows = math.ceil(len(shown) / across)
    high = PLOT_HEIGHT + 2 * LABEL
    picture = blank(width, rows * (high + GAP))
    for number, axis in enumerate(shown):
        row, column = divmod(number, across)
        _plot(picture, (GAP + column * (wide + GAP), row * (high + GAP)), wide, camera, axis)
    return picture


def _plot(
    picture: "Image.Image", at: tuple[int, int], width: int, camera: CameraTrack, axis: str
) -> None:
    from PIL import ImageDraw

    word = camera.verdict.get(axis, "")
    if camera.asked is None and word == "stray":
        word = ""  # nobody asked for anything: what is measured is all there is to say
    write_line(picture, at, figures(camera, axis), width)
    colour = {"pass": GOOD, "still": GOOD, "fail": BAD, "stray": BAD}.get(word, INK)
    left, top = at[0], at[1] + LABEL
    draw = ImageDraw.Draw(picture)
    draw.rectangle((left, top, left + width - 1, top + PLOT_HEIGHT), outline=GRID)
    curves = [(camera.measured, MEASURED, False)]
    if camera.asked is not None:
        curves.insert(0, (camera.asked, ASKED, True))
    values = [_value(axis, pose) for poses, _, _ in curves for pose in poses]
    low, high = min(*values, 0.0), max(*values, 0.0)
    spare = max(0.0, SPAN.get(axis, SLIDE_SPAN) - (high - low)) / 2
    low, high = low - spare, high + spare

    def place(poses: Sequence[Pose]) -> list[tuple[float, float]]:
        inner = PLOT_HEIGHT - 16
        return [
            (
                left + 8 + (width - 17) * number / max(len(poses) - 1, 1),
                top + 8 + inner * (high - _value(axis, pose)) / (high - low),
            )
            for number, pose in enumerate(poses)
        ]

    zero = top + 8 + (PLOT_HEIGHT - 16) * high / (high - low)
    draw.line(((left + 1, zero), (left + width - 2, zero)), GRID)
    for poses, ink, dashed in curves:
        _line(draw, place(poses), ink, dashed)
    if word:
        write_line(picture, (left, top + PLOT_HEIGHT), MEANT.get(word, word), width, colour)


def _line(
    draw: "ImageDraw.ImageDraw",
    points: list[tuple[float, float]],
    ink: tuple[int, int, int],
    dashed: bool,
) -> None:
    if not dashed:
        draw.line(points, ink, LINE_PX)
        return
    # dashes of even length, whatever the frames
    at = np.array(points)
    ways = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(at, axis=0).T))])
    for begin in np.arange(0.0, ways[-1], 10.0):
        ends = [[float(np.interp(w, ways, at[:, i])) for i in (0, 1)] for w in (begin, begin + 6)]
        draw.line([tuple(end) for end in ends], ink, LINE_PX)


def _pairs(pairs: Sequence[Pair], width: int, shrink: float) -> "Image.Image":
    """Each pair side by side over what was found of it; as many pairs across as fit."""
    images = []
    for pair in pairs:
        two = grid(
            np.stack([pair.one, pair.other]),
            pair.labels,
            columns=2,
            shrink=min(shrink, PAIR_SHRINK),
        )
        picture = blank(max(two.width, 240), two.height + LABEL)
        picture.paste(two, (0, 0))
        colour = GOOD if pair.good else BAD
        write_line(picture, (GAP, two.height - GAP), pair.found, picture.width - GAP, colour)
        images.append(picture)
    across = max(1, width // max(image.width for image in images))
    wide, high = (max(getattr(image, side) for image in images) for side in ("width", "height"))
    sheet = blank(width, math.ceil(len(images) / across) * high)
    for number, image in enumerate(images):
        row, column = divmod(number, across)
        sheet.paste(image, (column * wide, row * high))
    return sheet


def _stacked(parts: Sequence[tuple[str, "Image.Image"]], width: int) -> "Image.Image":
    """Pictures under each other, each under its line."""
    width = min(MAX_WIDTH, max(width, *(picture.width for _, picture in parts)))
    heights = [picture.height + (LABEL + GAP if line else 0) for line, picture in parts]
    sheet, top = blank(width, sum(heights) + GAP), 0
    for (line, picture), height in zip(parts, heights, strict=True):
        if line:
            write_line(sheet, (GAP, top + GAP // 2), line, width - 2 * GAP)
        sheet.paste(picture, (0, top + height - picture.height))
        top += height
    return sheet
