"""How the shots of a film meet: cut, dissolve, fade; and the frames that come of it, one by one.

A dissolve begins at the cut and lasts DISSOLVE_S: the shot before goes on under it with frames of its
own, its handle, which were rendered beyond its end.  A fade takes FADE_S: half of it the shot before
goes down to black, half of it the next comes up.  Neither makes the film longer or shorter.
Knows the plan and the takes; no jobs.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Literal

import numpy as np

from shotwright.generator.frames import Picture
from shotwright.prompts.shotplan import Shot, ShotPlan

DISSOLVE_S = 0.5
FADE_S = 1.0

Kind = Literal["cut", "dissolve", "fade"]


@dataclass(frozen=True)
class Joint:
    """How a shot comes in; why: why it does not come in as the plan says, None where it does."""

    kind: Kind
    why: str | None = None


def transitions(plan: ShotPlan) -> list[Joint]:
    """The joint before each shot.

    A shot that goes on in the picture of the shot before it is cut to: there is nothing to dissolve.
    """
    joints = []
    for index, shot in enumerate(plan.shots):
        kind: Kind = shot.transition_in
        before = plan.shots[index - 1].id if index else None
        if kind == "dissolve" and before is None:
            joints.append(Joint("cut", "there is no shot before it"))
        elif kind != "cut" and goes_on(shot) and shot.continuity.from_shot in (None, before):
            joints.append(Joint("cut", f"it goes on in the picture of {before}"))
        else:
            joints.append(Joint(kind))
    return joints


def goes_on(shot: Shot) -> bool:
    """Whether a shot begins in the picture that another one ended in."""
    return shot.continuity.mode in ("extend_previous", "first_frame_from_previous_last")


def handle_frames(joints: Sequence[Joint], index: int, fps: float) -> int:
    """How many frames a shot needs beyond its end."""
    dissolves = index + 1 < len(joints) and joints[index + 1].kind == "dissolve"
    return round(DISSOLVE_S * fps) if dissolves else 0


@dataclass(frozen=True)
class Piece:
    """A shot in the film: frames `start` up to, not including, `stop` of its clip of `total` frames.

    enter: how it comes in; leave: how the next one does.
    """

    clip: Path
    total: int
    start: int
    stop: int
    enter: Kind = "cut"
    leave: Kind = "cut"

    @property
    def frames(self) -> int:
        return self.stop - self.start

    @property
    def whole(self) -> bool:
        """Whether the clip stands in the film as it is, frame by frame."""
        return (self.start, self.stop) == (0, self.total) and self.enter == "cut" == self.as_left

    @property
    def as_left(self) -> Kind:
        """Leaving by a dissolve changes nothing before the cut."""
        return "fade" if self.leave == "fade" else "cut"


def overlap_of(before: Piece | None, after: Piece, fps: Fraction) -> int:
    """How many frames the transition between two pieces has, of both sides together; the first has no side before."""
    if after.enter == "dissolve":
        return min(round(DISSOLVE_S * fps), after.frames)
    if after.enter == "fade":
        return (half_fade(before.frames, fps) if before else 0) + half_fade(after.frames, fps)
    return 0


def half_fade(frames: int, fps: Fraction) -> int:
    """How many frames of a shot of `frames` go down to black, or come up from it."""
    return min(round(FADE_S / 2 * fps), frames // 2)


def frames_of(piece: Piece, before: Piece | None, fps: Fraction) -> Iterator[Picture]:
    """The piece's frames as they stand in the film, uint8 RGB (height, width, 3), one by one."""
    own = _read(piece.clip, piece.start, piece.frames)
    under: Iterator[Picture] = iter(())
    length = 0
    if piece.enter == "dissolve" and before is not None:
        length = overlap_of(before, piece, fps)
        under = _handle(before, length)
    rise = half_fade(piece.frames, fps) if piece.enter == "fade" else 0
    fall = half_fade(piece.frames, fps) if piece.leave == "fade" else 0
    for number, picture in enumerate(own):
        if number < length:
            picture = _mix(next(under), picture, (number + 1) / (length + 1))
        level = min(1.0, (number + 1) / (rise + 1) if rise else 1.0)
        if fall:
            level = min(level, (piece.frames - number) / (fall + 1))
        yield picture if level == 1.0 else _mix(np.zeros_like(picture), picture, level)


def _handle(piece: Piece, length: int) -> Iterator[Picture]:
    """What comes after the piece's end; its last frame is held where its clip has no more."""
    frames = _read(piece.clip, piece.stop - 1, 1 + min(length, piece.total - piece.stop))
    last = next(frames)
    for last in frames:
        yield last
    while True:
        yield last


def _read(clip: Path, start: int, count: int) -> Iterator[Picture]:
    from shotwright.generator.encode import iter_frames

    return islice(iter_frames(clip, max_frames=1 << 20, max_pixels=1 << 24, start=start), count)


def _mix(under: Picture, over: Picture, share: float) -> Picture:
    """`share` of the picture over, the rest of the one under."""
    mixed = under + (over.astype(np.float32) - under) * np.float32(share)
    return np.asarray(np.rint(mixed), np.uint8)
