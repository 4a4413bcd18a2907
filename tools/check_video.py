"""`check_video`: measure a clip (camera, seams, drift, faults of the picture) and read what it says of its origin."""

from collections.abc import Iterator
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shotwright.generator.errors import BadRequest, NotFound
from shotwright.tools.paths import allowed
from shotwright.tools.studio.formats import MAX_FRAME_PIXELS
from shotwright.tools.studio.looking import begin_of, unmarked
from shotwright.tools.studio.measures import IMPORTED_HFOV_DEG, expected, small
from shotwright.tools.studio.shown import Shown
from shotwright.tools.studio.studio import Report, Studio
from shotwright.tools.studio.watching import Look
from shotwright.tools.studio.wire import CheckVideo

if TYPE_CHECKING:
    from shotwright.generator.frames import Frames
    from shotwright.tools.studio.media import VideoMedia

MAX_FRAMES = 2_000


async def check_video(studio: Studio, a: CheckVideo, report: Report) -> Shown:
    """Measure now; what a take was asked stands beside it."""
    if a.video.startswith("film_"):
        return Shown(await studio.blocking(_film, studio, a))
    media = await studio.intake.video(a.video, "video")
    return Shown(await studio.blocking(_measure, studio, a, media))


def _film(studio: Studio, a: CheckVideo) -> dict[str, Any]:
    """A film: its picture and origin.  Its cuts are no motion of a camera; its takes are measured one by one."""
    from shotwright.generator.encode import probe
    from shotwright.tools.studio.provenance import expected_of_film, provenance

    try:
        record = studio.store.read_record("films", a.video)
    except NotFound as error:
        error.field = "video"
        raise
    path = studio.store.fetch(record["blobs"]["clip"])
    info = probe(path)
    look = Look(fps=float(info.fps))
    for _ in look.through(_small(path, most=info.frames)):
        pass
    return {
        "video": a.video,
        "take_id": None,
        "frames": look.count,
        "fps": float(info.fps),
        "duration_s": info.duration_s,
        "camera": {
            "asked": None,
            "measured": None,
            "hfov_deg": a.hfov_deg or IMPORTED_HFOV_DEG,
            "mechanism": "see the film's takes",
            "confidence": None,
            "verdict": {},
            "per_frame": [],
        },
        "seams": [],
        "endpoints": None,
        "picture": asdict(look.meter.result()),
        "drift": None,
        "provenance": provenance(
            path, info.metadata, look.count, float(info.fps), expected_of_film(record)
        ),
    }


def _measure(studio: Studio, a: CheckVideo, media: "VideoMedia") -> dict[str, Any]:
    from shotwright.generator.encode import probe
    from shotwright.generator.inspect.camera import measure, verdict
    from shotwright.tools.studio.provenance import (
        expected_of,
        provenance,
        recognised,
        sidecar_of,
    )
    from shotwright.tools.studio.slates import read_slate

    if media.info.frames < 2:
        raise BadRequest(
            "the clip has one frame; there is no motion to measure.",
            code="invalid_media",
            field="video",
            value=a.video,
            allowed="2 frames or more",
            fix="choose a clip",
        )
    slate = None if media.take_id is None else read_slate(studio.store, media.take_id)
    known = None if slate is None else expected_of(slate)
    if slate is None:
        roots = [root.expanduser().resolve() for root in studio.settings.allowed_roots]
        known = sidecar_of(Path(media.origin).expanduser(), partial(allowed, roots))
    metadata = probe(media.path).metadata
    known = known or recognised(studio.store, media.path, metadata, media.info.frames)
    planned = (slate.camera or {}) if slate is not None else {}
    hfov_deg = a.hfov_deg or planned.get("hfov_deg") or IMPORTED_HFOV_DEG
    asked = planned.get("asked")
    joins = {} if slate is None else {int(seam["frame"]): seam for seam in slate.seams}
    look = Look(joins, fps=float(media.info.fps))
    begin = begin_of(slate)
    seen = enumerate(look.through(_small(unmarked(media, slate, studio.store))))
    motion = measure((frame for at, frame in seen if at >= begin), hfov_deg=hfov_deg)
    compared = verdict(
        expected(planned),
        motion.total,
        confidence=motion.confidence,
        unclear=motion.unclear,
    )
    return {
        "video": a.video,
        "take_id": media.take_id,
        "frames": look.count,
        "fps": float(media.info.fps),
        "duration_s": media.info.duration_s,
        "camera": {
            "asked": asked,
            **({"own": planned["own"]} if planned.get("own") else {}),
            "measured": asdict(motion.total),
            "hfov_deg": hfov_deg,
            "mechanism": planned.get("mechanism", "unknown"),
            "confidence": motion.confidence,
            "verdict": compared,
            "per_frame": [asdict(pose) for pose in motion.per_frame],
        },
        "seams": _seams(look, joins, found=slate is None),
        "endpoints": None if slate is None else slate.endpoints,
        "picture": asdict(look.meter.result()),
        "drift": look.drift(),
        "provenance": provenance(media.path, metadata, look.count, float(media.info.fps), known),
    }


def _seams(look: Look, known: dict[int, dict[str, Any]], *, found: bool) -> list[dict[str, Any]]:
    """Each seam as measured now: those that a take is known to have; if `found`, jumps that look like one."""
    told = {at: {**known[at], **seam.to_json(), "frame": at} for at, seam in look.seams.items()}
    if found:
        told |= {
            at: {**seam.to_json(), "frame": at, "method": "found", "overlap_frames": None}
            for at, seam in look.found.items()
        }
    return [seam for _, seam in sorted(told.items())]


def _small(path: Path, *, most: int = MAX_FRAMES) -> "Iterator[Frames]":
    """The clip's frames one by one, uint8 RGB, scaled down.  Raises BadRequest naming `video` as they are read."""
    from shotwright.generator.encode import iter_frames

    try:
        for frame in iter_frames(path, max_frames=most, max_pixels=MAX_FRAME_PIXELS):
            yield small(frame)
    except BadRequest as error:
        error.field = "video"
        raise
