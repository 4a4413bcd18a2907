"""What a clip's sheet shows beside its frames: its camera's path, its seams, what became of its given pictures.

Knows slates and the store.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from shotwright.generator.camera import Move, Pose, path
from shotwright.generator.frames import Picture
from shotwright.tools.studio.assets import Store
from shotwright.tools.studio.evidence import MAX_SEAMS, CameraTrack, Pair
from shotwright.tools.studio.formats import MAX_FRAME_PIXELS
from shotwright.tools.studio.givens import picture_of
from shotwright.tools.studio.measures import IMPORTED_HFOV_DEG, small, thinned
from shotwright.tools.studio.slates import Slate

if TYPE_CHECKING:
    from shotwright.tools.studio.media import VideoMedia

MAX_ENDS = 4


def unmarked(media: "VideoMedia", slate: Slate | None, store: Store) -> Path:
    """The clip to be measured: a take's without its visible mark, which stands still whatever the camera does."""
    if slate is None or slate.blobs.clean is None:
        return media.path
    return store.fetch(slate.blobs.clean)


def track_of(media: "VideoMedia", slate: Slate | None, store: Store) -> CameraTrack | None:
    """The camera's path as asked and as it is measured now, of a continuation without what it continues.

    None for fewer than two frames.
    """
    from shotwright.generator.encode import iter_frames
    from shotwright.generator.inspect.camera import measure, verdict

    count = media.info.frames
    if count < 2:
        return None
    begin = begin_of(slate)
    tracked = thinned(begin, count)

    clip = unmarked(media, slate, store)

    def seen() -> Iterator[Picture]:
        frames = iter_frames(clip, max_frames=count, max_pixels=MAX_FRAME_PIXELS)
        for number, frame in enumerate(frames):
            if number in tracked:
                yield small(frame)

    camera: Mapping[str, Any] = (slate.camera or {}) if slate is not None else {}
    motion = measure(seen(), hfov_deg=camera.get("hfov_deg") or IMPORTED_HFOV_DEG)
    asked = None if slate is None else _asked(slate, len(motion.per_frame))
    told = camera.get("verdict")
    if not told:
        told = verdict(Pose(), motion.total, confidence=motion.confidence, unclear=motion.unclear)
    own = Pose(**camera["own"]) if camera.get("own") else None
    return CameraTrack(asked, motion.per_frame, told, camera.get("mechanism", ""), begin, own)


def begin_of(slate: Slate | None) -> int:
    """The frame that a take's camera is measured from: the last one of what it continues, else the first."""
    segments = [] if slate is None else slate.effective.get("segments") or []
    if slate is None or not segments or not segments[0]["overlap"] or not slate.seams:
        return 0
    # a film's shot that continues another holds nothing of it: how it joins is told elsewhere
    if slate.effective.get("joined") is not None:
        return 0
    return min(int(seam["frame"]) for seam in slate.seams) - 1


def _asked(slate: Slate, count: int) -> tuple[Pose, ...] | None:
    """The asked path, a pose a frame."""
    kept = slate.effective.get("camera") or {}
    moves = [Move(**move) for move in kept.get("moves", [])]
    if not moves or (slate.camera or {}).get("asked") is None:
        return None
    return path(moves, count, seed=kept.get("seed") or 0)


def seams_of(slate: Slate | None) -> list[dict[str, Any]]:
    """The seams to be shown: those that failed first."""
    seams = [] if slate is None else sorted(slate.seams, key=lambda seam: bool(seam["pass"]))
    return seams[:MAX_SEAMS]


def seam_pairs(slate: Slate | None, frames: Mapping[int, Picture], fps: float) -> list[Pair]:
    """The last frame before and the first after each seam that is shown."""
    return [
        Pair(
            frames[seam["frame"] - 1],
            frames[seam["frame"]],
            (
                f"#{seam['frame'] - 1}  before",
                f"#{seam['frame']}  {seam['frame'] / fps:.2f} s  after",
            ),
            bool(seam["pass"]),
            f"{'pass' if seam['pass'] else 'fail'}: colour step {seam['colour_step']:.1f}, "
            f"likeness {seam['ssim']:.2f}, motion jump {seam['motion_jump']:.1f}",
        )
        for seam in seams_of(slate)
    ]


def ends_of(slate: Slate | None) -> list[tuple[str, int, str, dict[str, Any]]]:
    """(name, frame, key of the given picture, its match) of every picture that the clip was given."""
    if slate is None or slate.endpoints is None:
        return []
    given, ends = slate.effective.get("given") or {}, slate.endpoints
    found = []
    if given.get("first") and ends.get("first"):
        found.append(("first", 0, given["first"], ends["first"]))
    if given.get("last") and ends.get("last"):
        found.append(("last", slate.frames - 1, given["last"], ends["last"]))
    for (frame, key), match in zip(
        given.get("keyframes", []), ends.get("keyframes", []), strict=False
    ):
        found.append(("keyframe", frame, key, match))
    return found[:MAX_ENDS]


def end_pairs(slate: Slate | None, frames: Mapping[int, Picture], store: Store) -> list[Pair]:
    """Each given picture beside the frame that was made of it."""
    pairs = []
    for name, frame, key, match in ends_of(slate):
        made = frames[frame]
        asked = _sized(picture_of(store, key), made)
        told = f"{'pass' if match['pass'] else 'fail'}: likeness {match['ssim']:.2f}"
        pairs.append(Pair(asked, made, (f"{name} picture", f"frame #{frame}"), match["pass"], told))
    return pairs


def _sized(picture: Picture, like: Picture) -> Picture:
    from PIL import Image

    if picture.shape == like.shape:
        return picture
    size = (like.shape[1], like.shape[0])
    return np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.LANCZOS), np.uint8)
