"""Whether the join of a continuation shows: colour, structure and motion against the clip's own.

Knows frames only, not how they were joined.
Try: python -m pytest tests/generator/inspect/test_seams.py
"""

from dataclasses import asdict, dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from shotwright.generator.errors import BadRequest
from shotwright.generator.inspect.ssim import luma, ssim

AROUND = 16
"""Steps on either side that the seam is compared with: two seconds at 8 a second."""

JUST_SEEN = 1.0
"""A mean LAB step (CIE 1976, Delta E) below this is not seen by anyone, whatever the clip does."""

COLOUR_FACTOR = 2.5
"""A colour step beyond this many medians of the steps inside the clip is a jump: in nine of ten
drawn clips 95 % of the steps are smaller."""

SSIM_SHARE = 0.9
"""The two frames at the seam keep at least this share of the similarity that neighbours have."""

UNLIKE = 0.05
"""An SSIM below this says that two pictures are unlike, and no more."""

WITHIN = 1.25
"""Steps of colour and motion at the seam are at most this many times the 95th percentile of those inside the clip."""

MOTION_BAND = (0.4, 2.0)
"""Mean flow at the seam in medians: below it a frame is shown twice, above it some are missing."""

STILL_PX = 0.25
"""Flow that a still clip shows by noise alone, at the working size; medians are not taken below."""

FLOW_SIDE_PX = 128
"""Long side at which flow is taken: the dense flow costs about 2 ms a pair there."""


@dataclass(frozen=True)
class Seam:
    """The join between frames `frame` - 1 and `frame`.

    colour_step: mean LAB difference, Delta E; ssim: of the two frames, as a share of the median
    between neighbours; motion_jump: mean flow across the seam, as a multiple of the median
    flow (1 is the clip's own pace, 0 a frozen frame); colour_of_p95, motion_of_p95: both steps as multiples of the
    95th percentile inside the clip; shows: the worst of all measures as a multiple of its limit; passed: none of them
    is beyond it.
    """

    frame: int
    colour_step: float
    ssim: float
    motion_jump: float
    colour_of_p95: float
    motion_of_p95: float
    shows: float
    passed: bool

    def to_json(self) -> dict[str, Any]:
        """As it goes over the wire, where `passed` is called pass."""
        facts = asdict(self)
        facts["pass"] = facts.pop("passed")
        return facts


def measure_seam(frames: NDArray[np.uint8], at: int) -> Seam:
    """Measure the seam before frame `at`.

    frames: uint8 RGB (frames, height, width, 3), the whole clip or some seconds around the seam.
    Raises: BadRequest if `at` leaves fewer than two frames on a side: nothing to compare with.
    """
    if not 2 <= at <= len(frames) - 2:
        raise BadRequest(
            f"A seam at frame {at} of {len(frames)} has not two frames on either side.",
            fix="Measure a seam further inside the clip.",
            field="at",
            value=at,
            allowed=f"2 to {len(frames) - 2}",
        )
    first, last = max(1, at - AROUND), min(len(frames) - 1, at + AROUND)
    steps = [step for step in range(first, last + 1) if step != at]
    colour: dict[int, float] = {}
    alike: dict[int, float] = {}
    flow: dict[int, float] = {}
    for step in (*steps, at):
        before, after = frames[step - 1], frames[step]
        colour[step] = colour_step(before, after)
        alike[step] = ssim(before, after)
        flow[step] = mean_flow_px(before, after)
    similarity = max(alike[at], UNLIKE) / max(_median(alike, steps), UNLIKE)
    jump = max(flow[at], STILL_PX) / max(_median(flow, steps), STILL_PX)
    colour_p95, flow_p95 = (max(_p95(values, steps), 1e-6) for values in (colour, flow))
    shows = max(
        colour[at] / max(JUST_SEEN, COLOUR_FACTOR * _median(colour, steps)),
        SSIM_SHARE / similarity,
        MOTION_BAND[0] / jump,
        jump / MOTION_BAND[1],
        colour[at] / max(JUST_SEEN, WITHIN * colour_p95),
        flow[at] / max(STILL_PX, WITHIN * flow_p95),
    )
    return Seam(
        frame=at,
        colour_step=colour[at],
        ssim=similarity,
        motion_jump=jump,
        colour_of_p95=colour[at] / colour_p95,
        motion_of_p95=flow[at] / flow_p95,
        shows=shows,
        passed=shows <= 1,
    )


def _p95(values: dict[int, float], steps: list[int]) -> float:
    return float(np.percentile([values[step] for step in steps], 95))


def _median(values: dict[int, float], steps: list[int]) -> float:
    return float(np.median([values[step] for step in steps]))


def colour_step(before: NDArray[np.uint8], after: NDArray[np.uint8]) -> float:
    """Difference of the two frames' mean colours in CIE LAB: moving content hardly changes it."""
    means = [
        np.asarray(cv2.cvtColor(frame.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)).mean((0, 1))
        for frame in (before, after)
    ]
    return float(np.linalg.norm(means[1] - means[0]))


def mean_flow_px(before: NDArray[np.uint8], after: NDArray[np.uint8]) -> float:
    """Mean length of the dense flow, in pixels at a long side of `FLOW_SIDE_PX`."""
    one, other = (_small(frame) for frame in (before, after))
    flow = np.zeros((*one.shape, 2), np.float32)
    flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST).calc(one, other, flow)
    return float(np.linalg.norm(flow, axis=-1).mean())


def _small(frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
    grey = luma(frame).astype(np.uint8)
    scale = FLOW_SIDE_PX / max(grey.shape)
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(grey, None, fx=scale, fy=scale, interpolation=how), np.uint8)
