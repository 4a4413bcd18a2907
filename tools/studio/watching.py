"""One pass over any clip: its picture, its drift and its seams, known or found.  Holds a few seconds of it, never all.

Knows frames only; cv2 is imported by the first look.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import Any

import numpy as np

from shotwright.generator.frames import Picture
from shotwright.tools.studio.continuing import TONE_FRAMES

STRETCH_S = 4.0
"""A clip's drift is told in stretches of this length: a segment of most models."""
JUMP = 4.0
"""A change from one frame to the next beyond this many medians of those around it is looked at as a seam."""
QUIET = 2
"""On both sides of a join one of so many steps is small: in a whip pan they are all large."""
LEAST_JUMP = 4.0
"""Mean change in grey levels below which nothing is looked at: noise has medians near 0."""
MOST_FOUND = 32
"""Of footage cut faster than that the rest is counted only."""


class Look:
    """What is seen of a clip as its frames go by: `count`, `meter`, `seams`, `found`, `drift`.

    joins: frames at which seams are known to be.
    """

    def __init__(self, joins: Iterable[int] = (), *, fps: float = 8.0) -> None:
        from shotwright.generator.inspect.ageing import Tone
        from shotwright.generator.inspect.picture import PictureMeter
        from shotwright.generator.inspect.seams import AROUND, Seam

        self.count, self.meter = 0, PictureMeter()
        self.seams: dict[int, Seam] = {}
        self.found: dict[int, Seam] = {}
        self.jumps = 0
        self._joins = set(joins)
        self._around = AROUND
        self._recent: deque[Picture] = deque(maxlen=2 * AROUND + 2)
        self._changes: deque[float] = deque(maxlen=2 * AROUND + 1)
        self._stretch = max(TONE_FRAMES, round(STRETCH_S * fps))
        self._sampled: list[Picture] = []
        self._tones: list[tuple[int, Tone]] = []

    def through(self, frames: Iterable[Picture]) -> Iterator[Picture]:
        """The same frames, looked at as they go by: small ones, uint8 RGB (height, width, 3)."""
        for frame in frames:
            self._see(frame)
            yield frame
        for at in range(max(2, self.count - self._around), self.count - 1):
            self._judge(at)
        self._close_stretch()

    def drift(self) -> dict[str, Any] | None:
        """How far each stretch is from the first; None for a clip of one stretch."""
        from shotwright.generator.inspect.ageing import LIMITS, age

        if len(self._tones) < 2:
            return None
        (_, first), *later = self._tones
        curve = [
            {"segment": number, "frame": at, **age(first, now).to_json()}
            for number, (at, now) in enumerate(later, start=1)
        ]
        return {"anchor": asdict(first), "limits": dict(LIMITS), "curve": curve, "stopped": None}

    def _see(self, frame: Picture) -> None:
        if self._recent:
            self._changes.append(float(np.abs(frame.astype(np.int16) - self._recent[-1]).mean()))
        self.meter.add(frame)
        self._recent.append(frame)
        if self.count and self.count % self._stretch == 0:
            self._close_stretch()
        if self.count % max(1, self._stretch // TONE_FRAMES) == 0:
            self._sampled.append(frame)
        self.count += 1
        if self.count > self._around + 1:
            self._judge(self.count - 1 - self._around)

    def _close_stretch(self) -> None:
        from shotwright.generator.inspect.ageing import tone

        if self._sampled:
            begin = (self.count - 1) // self._stretch * self._stretch
            self._tones.append((begin, tone(self._sampled)))
            self._sampled = []

    def _judge(self, at: int) -> None:
        """Measure the step before frame `at`, if a seam is known there or it looks like one."""
        from shotwright.generator.inspect.seams import measure_seam

        first = self.count - len(self._recent)
        if not 2 <= at - first <= len(self._recent) - 2:
            return
        if at not in self._joins and not self._jumps_at(at - first - 1):
            return
        near = np.stack(self._recent)[max(0, at - first - self._around - 1) :]
        seam = measure_seam(near, at - first - max(0, at - first - self._around - 1))
        if at in self._joins:
            self.seams[at] = seam
        elif not seam.passed:
            self.jumps += 1
            if len(self.found) < MOST_FOUND:
                self.found[at] = seam

    def _jumps_at(self, index: int) -> bool:
        changes = list(self._changes)[-(len(self._recent) - 1) :]
        before, after = changes[:index], changes[index + 1 :]
        beside = max(min(before[-QUIET:]), min(after[:QUIET]))
        usual = max(float(np.median(before + after)), beside)
        return changes[index] > max(LEAST_JUMP, JUMP * usual)
