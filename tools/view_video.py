"""`view_video`: a contact sheet of a clip or film with what was measured of it, and frames at asked times."""

from typing import TYPE_CHECKING, Any

from shotwright.generator.errors import BadRequest, NotFound
from shotwright.tools.studio.formats import MAX_FRAME_PIXELS
from shotwright.tools.studio.shown import Shown
from shotwright.tools.studio.studio import Report, Studio
from shotwright.tools.studio.wire import ViewVideo

if TYPE_CHECKING:
    from shotwright.tools.studio.media import VideoMedia
    from shotwright.tools.studio.slates import Slate

SHOWN_FRAMES = 9
MOMENTS_BYTES = 460_000
"""Bytes of all single frames of an answer: with the sheet, in base64 and with the facts it stays under 1 MB."""


async def view_video(studio: Studio, a: ViewVideo, report: Report) -> Shown:
    """Look at a take, a film, an upload or a file."""
    if a.video.startswith("film_"):
        return await studio.blocking(_film, studio, a)
    media = await studio.intake.resolve(a.video, "video")
    return await studio.blocking(_clip, studio, a, media)


def _film(studio: Studio, a: ViewVideo) -> Shown:
    from shotwright.tools.studio.films import film_answer
    from shotwright.tools.studio.slates import read_kept

    try:
        record = studio.store.read_record("films", a.video)
    except NotFound as error:
        error.field = "video"
        raise
    takes = read_kept(studio.store, (shot["chosen"] for shot in record["shots"]))
    sheet = studio.store.fetch(record["blobs"]["sheet"]).read_bytes()
    moments = _moments(studio.store.fetch(record["blobs"]["clip"]), a.at_s, record["duration_s"])
    facts = film_answer(studio.store, studio.base_url, record, takes)
    return Shown({**facts, "shown": _shown(1, a.at_s)}, [sheet, *moments])


def _clip(studio: Studio, a: ViewVideo, media: Any) -> Shown:
    from shotwright.tools.studio.media import Picture
    from shotwright.tools.studio.sheets import numbers_at, still
    from shotwright.tools.studio.slates import read_slate

    if isinstance(media, Picture):
        _no_moments(a)
        facts = {"video": a.video, "width": media.width, "height": media.height, "frames": 1}
        if a.video.startswith("take_"):
            facts |= read_slate(studio.store, a.video).to_take(studio.store, studio.base_url)
        return Shown({**facts, "shown": _shown(1, [])}, [still(media.array)])
    info = media.info
    _moments_inside(a.at_s, info.duration_s)
    facts = {
        "video": a.video,
        "width": info.width,
        "height": info.height,
        "frames": info.frames,
        "fps": float(info.fps),
        "duration_s": info.duration_s,
        "seams": [],
    }
    slate = None if media.take_id is None else read_slate(studio.store, media.take_id)
    if slate is not None:
        facts |= slate.to_take(studio.store, studio.base_url)
    sheet = _sheet(studio, media, slate)
    at = numbers_at(info.frames, info.fps, a.at_s) if a.at_s else []
    return Shown({**facts, "shown": _shown(1, a.at_s)}, [sheet, *_stills(media.path, at)])


def _sheet(studio: Studio, media: "VideoMedia", slate: "Slate | None") -> bytes:
    """The clip's frames, and under them what was measured."""
    from shotwright.generator.encode import read_frames
    from shotwright.tools.studio import looking
    from shotwright.tools.studio.evidence import clip_sheet
    from shotwright.tools.studio.sheets import spaced, stamp

    info, fps = media.info, float(media.info.fps)
    numbers = spaced(info.frames, SHOWN_FRAMES)
    joints = [n for seam in looking.seams_of(slate) for n in (seam["frame"] - 1, seam["frame"])]
    ends = [frame for _, frame, _, _ in looking.ends_of(slate)]
    wanted = sorted({*numbers, *joints, *ends})
    read = read_frames(media.path, wanted, max_pixels=MAX_FRAME_PIXELS)
    frames = dict(zip(wanted, read, strict=True))
    return clip_sheet(
        read[[wanted.index(number) for number in numbers]],
        [stamp(number, fps) for number in numbers],
        camera=looking.track_of(media, slate, studio.store),
        seams=looking.seam_pairs(slate, frames, fps),
        ends=looking.end_pairs(slate, frames, studio.store),
    )


def _moments(path: Any, at_s: list[float], duration_s: float) -> list[bytes]:
    from shotwright.generator.encode import probe
    from shotwright.tools.studio.sheets import numbers_at

    if not at_s:
        return []
    _moments_inside(at_s, duration_s)
    info = probe(path)
    return _stills(path, numbers_at(info.frames, info.fps, at_s))


def _stills(path: Any, numbers: list[int]) -> list[bytes]:
    from shotwright.generator.encode import read_frames
    from shotwright.tools.studio.sheets import MAX_BYTES, still

    if not numbers:
        return []
    most = min(MAX_BYTES, MOMENTS_BYTES // len(numbers))
    frames = read_frames(path, numbers, max_pixels=MAX_FRAME_PIXELS)
    return [still(frame, most=most) for frame in frames]


def _moments_inside(at_s: list[float], duration_s: float) -> None:
    for index, moment in enumerate(at_s):
        if moment > duration_s:
            raise BadRequest(
                f"at_s[{index}] {moment:g} is after the clip's end; use 0 to {duration_s:g}.",
                field=f"at_s[{index}]",
                value=moment,
                allowed=f"0 to {duration_s:g}",
                fix="choose a time inside the clip",
            )


def _no_moments(a: ViewVideo) -> None:
    if a.at_s:
        raise BadRequest(
            "a picture has no times; leave at_s out.",
            field="at_s",
            value=a.at_s,
            allowed=[],
            fix="remove at_s",
        )


def _shown(sheets: int, at_s: list[float]) -> list[dict[str, Any]]:
    """What the pictures of the answer are, in their order."""
    return [{"picture": "contact sheet"}] * sheets + [
        {"picture": "frame", "at_s": moment} for moment in at_s
    ]
