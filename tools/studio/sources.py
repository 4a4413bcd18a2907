"""A clip that a caller names, made ready for a model: its size, its frame rate, lossless."""

import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from shotwright.generator.catalog import Card
from shotwright.generator.errors import BadRequest, TooLarge
from shotwright.tools.studio import wire
from shotwright.tools.studio.formats import MAX_FRAME_PIXELS
from shotwright.tools.studio.resolve import Resolution, size
from shotwright.tools.studio.studio import Studio

if TYPE_CHECKING:
    from shotwright.generator.frames import Frames
    from shotwright.tools.studio.media import VideoMedia

MAX_FRAMES = 3_000
"""Frames of a source that are read: six minutes at 8 a second, two at 24."""
MAX_BYTES = 2 << 30
"""Bytes of all frames of a source at the model's size, uncompressed: what preparing it may hold."""


@dataclass(frozen=True)
class Source:
    """key: the lossless clip in the store; prompt: of the take it is, or empty."""

    key: str
    frames: int
    width: int
    height: int
    prompt: str
    parents: list[str]
    adjustments: list[dict[str, Any]]


async def clip_for(
    studio: Studio,
    card: Card,
    ref: str,
    name: str,
    *,
    fit: wire.Fit,
    aspect_ratio: str | None = None,
    size: str | None = None,
) -> Source:
    """Read the clip, bring it to one of the card's sizes and its frame rate, keep it losslessly.

    A take's last frames come from its lossless tail, never from the MP4.  Raises BadRequest.
    """
    media = await studio.intake.video(ref, name)
    return await studio.blocking(_prepare, studio, card, media, name, fit, aspect_ratio, size)


def _prepare(
    studio: Studio,
    card: Card,
    media: "VideoMedia",
    name: str,
    fit: wire.Fit,
    aspect_ratio: str | None,
    exact: str | None,
) -> Source:
    from shotwright.generator.encode import iter_frames, read_lossless, write_lossless
    from shotwright.tools.studio.slates import read_slate

    notes, info = Resolution(), media.info
    shape = (info.width, info.height)
    target = size(card, aspect_ratio=aspect_ratio, exact=exact, picture=shape, notes=Resolution())
    _check_length(media, name, target)
    # Each frame is scaled as it is decoded: a minute of 4K would not fit the memory.
    decoded = iter_frames(media.path, max_frames=MAX_FRAMES, max_pixels=MAX_FRAME_PIXELS)
    try:
        fitted, changes = _fitted(decoded, target, fit)
    except BadRequest as error:
        error.field = name
        raise
    prompt, parents = "", []
    if media.take_id is not None:
        slate = read_slate(studio.store, media.take_id)
        prompt, parents = slate.prompt, [slate.take_id]
        if slate.blobs.tail is not None:
            tail = read_lossless(studio.store.fetch(slate.blobs.tail)).frames
            fitted[len(fitted) - len(tail) :] = _fitted(tail, target, fit)[0]
    rate = float(info.fps)
    if rate != card.fps:
        count = max(1, round(len(fitted) / rate * card.fps))
        at = np.minimum(len(fitted) - 1, np.round(np.arange(count) * rate / card.fps)).astype(int)
        fitted = [fitted[place] for place in at]
        notes.adjust("fps", rate, card.fps, f"{card.name} works at {card.fps} frames a second")
    notes.adjustments += [{**change, "field": name} for change in changes]
    frames = np.stack(fitted)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "source.mkv"
        write_lossless(file, frames, card.fps)
        key = studio.store.put(file, "mkv").key
    return Source(key, len(frames), *target, prompt, parents, notes.adjustments)


def _check_length(media: "VideoMedia", name: str, target: tuple[int, int]) -> None:
    """Raises TooLarge, before anything is decoded."""
    frames, most = media.info.frames, min(MAX_FRAMES, MAX_BYTES // (target[0] * target[1] * 3))
    if frames > most:
        raise TooLarge(
            f"{name} has {frames} frames; at {target[0]}x{target[1]} at most {most} are read.",
            field=name,
            value=frames,
            allowed=f"at most {most} frames",
            fix=f"cut it to at most {most} frames, or ask for a smaller size",
        )


def _fitted(
    frames: "Iterable[Frames]", target: tuple[int, int], fit: wire.Fit
) -> tuple[list["Frames"], list[dict[str, Any]]]:
    """Each frame at the target size, and what that changed: of all frames the same, or nothing."""
    from shotwright.tools.studio.media import fit as fit_picture

    pictures, change = [], None
    for frame in frames:
        picture, change = fit_picture(frame, *target, fit)
        pictures.append(picture)
    return pictures, [] if change is None else [change]
