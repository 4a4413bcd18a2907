"""`check_video`: measure a clip: camera, seams, black and frozen frames."""

from dataclasses import asdict
from typing import Any

from shotwright.generator.errors import BadRequest
from shotwright.tools.studio.formats import MAX_FRAME_PIXELS
from shotwright.tools.studio.shown import Shown
from shotwright.tools.studio.studio import Report, Studio
from shotwright.tools.studio.wire import CheckVideo

IMPORTED_HFOV_DEG = 50.0
"""Field of view of footage that says nothing of its own: a 39 mm lens on full frame."""
MAX_FRAMES = 2_000
LONG_SIDE_PX = 256
"""Frames are measured at this long side; it is twice what the camera is registered at."""


async def check_video(studio: Studio, a: CheckVideo, report: Report) -> Shown:
    """Measure now; what a take was asked stands beside it."""
    media = await studio.intake.video(a.video, "video")
    return Shown(await studio.blocking(_measure, studio, a, media))


def _measure(studio: Studio, a: CheckVideo, media: Any) -> dict[str, Any]:
    from shotwright.generator.camera import Pose
    from shotwright.generator.inspect.camera import measure, verdict
    from shotwright.generator.inspect.picture import inspect_picture
    from shotwright.generator.inspect.seams import measure_seam
    from shotwright.tools.studio.slates import read_slate

    frames = _decoded(media)
    if len(frames) < 2:
        raise BadRequest(
            "the clip has one frame; there is no motion to measure.",
            code="invalid_media",
            field="video",
            value=a.video,
            allowed="2 frames or more",
            fix="choose a clip",
        )
    slate = None if media.take_id is None else read_slate(studio.store, media.take_id)
    planned = (slate.camera or {}) if slate is not None else {}
    hfov_deg = a.hfov_deg or planned.get("hfov_deg") or IMPORTED_HFOV_DEG
    asked = planned.get("asked")
    motion = measure(frames, hfov_deg=hfov_deg)
    compared = verdict(
        Pose(**asked) if asked else Pose(), motion.total, confidence=motion.confidence
    )
    joins = [] if slate is None else [(s["frame"], s) for s in slate.seams]
    seams = []
    for frame, known in joins:
        seams.append({**known, **measure_seam(frames, frame).to_json()})
    picture = inspect_picture(frames)
    return {
        "video": a.video,
        "take_id": media.take_id,
        "frames": len(frames),
        "fps": float(media.info.fps),
        "duration_s": media.info.duration_s,
        "camera": {
            "asked": asked,
            "measured": asdict(motion.total),
            "hfov_deg": hfov_deg,
            "mechanism": planned.get("mechanism", "unknown"),
            "confidence": motion.confidence,
            "verdict": compared,
            "per_frame": [asdict(pose) for pose in motion.per_frame],
        },
        "seams": seams,
        "endpoints": None if slate is None else slate.endpoints,
        "picture": asdict(picture),
    }


def _decoded(media: Any) -> Any:
    """The clip's frames, uint8 RGB, scaled while they are decoded.  Raises BadRequest naming `video`."""
    import cv2
    import numpy as np

    from shotwright.generator.encode import iter_frames

    scale = min(1.0, LONG_SIDE_PX / max(media.info.width, media.info.height))
    size = (max(1, round(media.info.width * scale)), max(1, round(media.info.height * scale)))
    try:
        frames = iter_frames(media.path, max_frames=MAX_FRAMES, max_pixels=MAX_FRAME_PIXELS)
        return np.stack(
            [
                frame if scale == 1 else cv2.resize(frame, size, interpolation=cv2.INTER_AREA)
                for frame in frames
            ]
        )
    except BadRequest as error:
        error.field = "video"
        raise
