"""What is measured in a finished take, beside what was asked of it.

Knows frames and what was asked of them; no jobs and no store.  cv2 is imported by the first measuring.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from shotwright.generator.camera import Pose, compose
from shotwright.generator.frames import Frames, Picture
from shotwright.tools.studio.continuing import seams_of
from shotwright.tools.studio.reels import Reel

if TYPE_CHECKING:
    from shotwright.generator.inspect.camera import CameraMotion

LONG_SIDE_PX = 256
"""Motion is measured at this long side; it is twice what the camera is registered at."""
IMPORTED_HFOV_DEG = 50.0
"""Field of view of footage that says nothing of its own: a 39 mm lens on full frame."""
MOST_TRACKED = 240
"""Frames that a camera's path is measured at: a longer clip's are thinned, since time and memory grow with them."""


def inspect(
    part: dict[str, Any],
    frames: Frames | Reel,
    made: list[dict[str, Any]],
    *,
    start: int,
    fetch: Callable[[str], Picture],
) -> dict[str, Any]:
    """Measure a finished clip: camera, seams, endpoints, picture faults, beside what was asked.

    made: the facts of its segments; start: first frame that was made now.  Frames are looked at one by one.
    """
    from shotwright.generator.inspect.camera import measure
    from shotwright.generator.inspect.endpoints import Paces
    from shotwright.generator.inspect.picture import PictureMeter

    camera = part["camera"]
    given = part["given"]
    wanted = wanted_frames(given, len(frames))
    meter, paces = PictureMeter(), Paces()
    kept: dict[int, Picture] = {}
    tracked = thinned(max(0, start - 1), len(frames))

    def looked_at() -> Iterator[Picture]:
        begin = max(0, start - 1)
        new = frames.since(begin) if isinstance(frames, Reel) else iter(frames[begin:])
        for number, frame in enumerate(new, start=begin):
            if number in wanted:
                kept[number] = frame
            reduced = small(frame)
            meter.add(reduced)
            if wanted:
                paces.add(reduced)
            if number in tracked:
                yield reduced

    motion: CameraMotion | None = None
    if len(frames) - start > 1 or start:
        motion = measure(looked_at(), hfov_deg=camera["hfov_deg"])
    else:
        for _ in looked_at():
            pass
    picture = asdict(meter.result())
    facts = _camera(camera, motion)
    seams = seams_of(made, start)
    if part.get("over") is not None:  # the camera moved over what the gate had seen
        seams = [{**seam, **_again(frames, seam["frame"])} for seam in seams]
    codec = {key: value for segment in made for key, value in segment["codec"].items()}
    endpoints = _endpoints(given, len(frames), kept, paces, fetch, codec)
    warnings = [] if motion is None else [*_missed(facts), *_faults(picture)]
    warnings += [*_shown(seams), *_unmatched(endpoints)]
    return {
        "camera": facts,
        "seams": seams,
        "endpoints": endpoints,
        "picture": picture,
        "warnings": warnings,
    }


def thinned(begin: int, end: int) -> set[int]:
    """Numbers from `begin` to `end` - 1, evenly, the last among them: at most MOST_TRACKED, and the first."""
    stride = math.ceil((end - begin) / MOST_TRACKED) or 1
    return {begin, *range(end - 1, begin - 1, -stride)}


def small(frame: Picture) -> Picture:
    """The frame at the size at which it is measured, uint8 RGB."""
    import cv2

    height, width = frame.shape[:2]
    scale = LONG_SIDE_PX / max(height, width)
    if scale >= 1:
        return frame
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(frame, size, interpolation=cv2.INTER_AREA), np.uint8)


def wanted_frames(given: Mapping[str, Any], count: int) -> set[int]:
    """The frames that were to show given pictures."""
    ends = {0: given["first"], count - 1: given["last"]}
    return {frame for frame, key in ends.items() if key} | {
        frame for frame, _ in given["keyframes"]
    }


def _camera(camera: Mapping[str, Any], motion: "CameraMotion | None") -> dict[str, Any]:
    from shotwright.generator.inspect.camera import verdict

    facts: dict[str, Any] = {
        "asked": camera["asked"],
        "measured": None,
        "hfov_deg": camera["hfov_deg"],
        "mechanism": camera["mechanism"],
        "verdict": {},
    }
    if motion is not None:
        facts["measured"] = asdict(motion.total)
        if "own" in camera:
            facts["own"] = camera["own"]
        facts["verdict"] = verdict(
            expected(facts), motion.total, confidence=motion.confidence, unclear=motion.unclear
        )
    return facts


def expected(camera: Mapping[str, Any]) -> Pose:
    """What a camera is to show: what was asked of it, on top of what the clip that it was moved over did itself."""
    return compose(*(Pose(**camera[name]) for name in ("asked", "own") if camera.get(name)))


def own_motion(clip: Frames | Reel, hfov_deg: float) -> dict[str, Any]:
    """The motion of the camera that filmed a given clip, over the whole of it."""
    from shotwright.generator.inspect.camera import measure

    tracked = thinned(0, len(clip))
    seen = (small(frame) for number, frame in enumerate(clip) if number in tracked)
    return asdict(measure(seen, hfov_deg=hfov_deg).total)


def _again(frames: Frames | Reel, at: int) -> dict[str, Any]:
    """A seam as it stands in the finished clip."""
    from shotwright.generator.inspect.seams import AROUND, measure_seam

    first = max(0, at - AROUND - 1)
    near = frames[first : at + AROUND + 1]
    return {**measure_seam(near, at - first).to_json(), "frame": at}


def _endpoints(
    given: Mapping[str, Any],
    count: int,
    kept: Mapping[int, Picture],
    paces: Any,
    fetch: Callable[[str], Picture],
    codec: Mapping[str, float],
) -> dict[str, Any]:
    """How each given picture is matched, and how the clip moves there."""
    from shotwright.generator.inspect.endpoints import score

    def against(key: str | None, frame: int) -> dict[str, Any] | None:
        if key is None:
            return None
        matched = score(kept[frame], fetch(key), codec_ssim=codec.get(key))
        return {
            "ssim": matched.ssim,
            "codec_ssim": matched.codec_ssim,
            "motion_of_p95": paces.beside(frame),
            "pass": matched.passed,
        }

    return {
        "first": against(given["first"], 0),
        "last": against(given["last"], count - 1),
        "keyframes": [
            {**(against(key, frame) or {}), "frame": frame} for frame, key in given["keyframes"]
        ],
    }


def _missed(camera: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    if camera["asked"] is not None and "fail" in camera["verdict"].values():
        axes = ", ".join(axis for axis, v in camera["verdict"].items() if v == "fail")
        yield {
            "code": "camera_missed",
            "message": f"the camera did not do what was asked on {axes}; "
            "try another seed, takes, or a start image.",
        }


def _faults(picture: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    if picture["black_frames"]:
        message = f"{len(picture['black_frames'])} frames are black."
        yield {"code": "black_frames", "message": message}
    if picture["frozen"]:
        message = f"nothing moves in frames {picture['frozen']}."
        yield {"code": "frozen_frames", "message": message}


def _shown(seams: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, str]]:
    at = ", ".join(str(seam["frame"]) for seam in seams if not seam["pass"])
    if at:
        yield {
            "code": "seam_shows",
            "message": f"the join at frame {at} may be seen, the best of all tries; takes, or another seed, "
            "may do better.",
        }


def _unmatched(endpoints: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    from shotwright.generator.inspect.endpoints import MOST_OF_P95

    named = {"first frame": endpoints["first"], "last frame": endpoints["last"]}
    named |= {f"keyframe at frame {match['frame']}": match for match in endpoints["keyframes"]}
    for name, match in named.items():
        if match is not None and match["motion_of_p95"] > MOST_OF_P95:
            yield {
                "code": "endpoint_jump",
                "message": f"the picture jumps at the {name}, {match['motion_of_p95']:.1f} times the clip's quickest "
                "motion; give more time, or pictures that are nearer to each other.",
            }
