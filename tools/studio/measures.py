"""What is measured in a finished take, and which of several takes is best.

Knows frames and what was asked of them; no jobs and no store.  cv2 is imported by the first measuring.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from shotwright.generator.camera import Pose
from shotwright.generator.frames import Frames, Picture


def inspect(
    part: dict[str, Any],
    frames: Frames,
    joins: Sequence[int],
    *,
    start: int,
    fetch: Callable[[str], Picture],
) -> dict[str, Any]:
    """Measure a finished clip: camera, seams, endpoints, picture faults, beside what was asked.

    start: first frame that was made now; joins: first frame of each continuation.
    """
    from shotwright.generator.inspect.camera import measure, verdict
    from shotwright.generator.inspect.endpoints import score
    from shotwright.generator.inspect.picture import inspect_picture
    from shotwright.generator.inspect.seams import measure_seam

    camera = part["camera"]
    asked = None if camera["asked"] is None else Pose(**camera["asked"])
    facts: dict[str, Any] = {
        "asked": camera["asked"],
        "measured": None,
        "hfov_deg": camera["hfov_deg"],
        "mechanism": camera["mechanism"],
        "verdict": {},
    }
    warnings: list[dict[str, str]] = []
    new = _small(frames[max(0, start - 1) :])
    if len(new) > 1:
        motion = measure(new, hfov_deg=camera["hfov_deg"])
        facts["measured"] = asdict(motion.total)
        facts["verdict"] = verdict(asked or Pose(), motion.total, confidence=motion.confidence)
        if asked is not None and "fail" in facts["verdict"].values():
            axes = ", ".join(axis for axis, v in facts["verdict"].items() if v == "fail")
            warnings.append(
                {
                    "code": "camera_missed",
                    "message": f"the camera did not do what was asked on {axes}; "
                    "try another seed, takes, or a start image.",
                }
            )
        picture = inspect_picture(new)
        if picture.black_frames:
            warnings.append(
                {
                    "code": "black_frames",
                    "message": f"{len(picture.black_frames)} frames are black.",
                }
            )
        if picture.frozen:
            warnings.append(
                {"code": "frozen_frames", "message": f"nothing moves in frames {picture.frozen}."}
            )
    seams = []
    for join_ in joins:
        overlap = part["segments"][-1]["overlap"]
        seam = measure_seam(frames, join_).to_json()
        seams.append({**seam, "method": "clean latent prefix", "overlap_frames": overlap})

    def against(key: str | None, frame: int) -> dict[str, Any] | None:
        if key is None:
            return None
        matched = score(frames[frame], fetch(key))
        return {"ssim": matched.ssim, "pass": matched.passed}

    given = part["given"]
    endpoints = {
        "first": against(given["first"], 0),
        "last": against(given["last"], -1),
        "keyframes": [
            {**(against(key, frame) or {}), "frame": frame} for frame, key in given["keyframes"]
        ],
    }
    return {"camera": facts, "seams": seams, "endpoints": endpoints, "warnings": warnings}


LONG_SIDE_PX = 256
"""Motion is measured at this long side; it is twice what the camera is registered at."""


def _small(frames: Frames) -> Frames:
    import cv2

    height, width = frames.shape[1:3]
    scale = LONG_SIDE_PX / max(height, width)
    if scale >= 1:
        return frames
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.stack([cv2.resize(f, size, interpolation=cv2.INTER_AREA) for f in frames])


def rank(takes: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """A job's result: the takes in the order asked, and the id of the best.

    Fewest failed measurements (camera axes, seams, endpoints, warnings of the picture) wins; the first of equals.
    """

    def faults(take: dict[str, Any]) -> int:
        camera = sum(
            v in ("fail", "stray") for v in (take["camera"] or {}).get("verdict", {}).values()
        )
        seams = sum(not seam["pass"] for seam in take["seams"])
        ends = take["endpoints"] or {}
        matched = [ends.get("first"), ends.get("last"), *ends.get("keyframes", [])]
        missed = sum(match is not None and not match["pass"] for match in matched)
        pictures = sum(w["code"] in ("black_frames", "frozen_frames") for w in take["warnings"])
        return camera + seams + missed + 2 * pictures

    return {"takes": list(takes), "best": min(takes, key=faults)["take_id"]}
