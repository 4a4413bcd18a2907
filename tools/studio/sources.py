"""A clip that a caller names, made ready for a model: its size, its frame rate, lossless."""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from shotwright.generator.catalog import Card
from shotwright.tools.studio import wire
from shotwright.tools.studio.resolve import Resolution, size
from shotwright.tools.studio.studio import Studio

if TYPE_CHECKING:
    from shotwright.generator.frames import Frames
    from shotwright.tools.studio.media import VideoMedia

MAX_FRAMES = 3_000
"""Frames of a source that are read: six minutes at 8 a second, two at 24."""
MAX_PIXELS = 4096 * 2304


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
    from shotwright.generator.encode import read_lossless, read_video, write_lossless
    from shotwright.tools.studio.slates import read_slate

    notes = Resolution()
    frames = read_video(media.path, max_frames=MAX_FRAMES, max_pixels=MAX_PIXELS).frames
    prompt, parents = "", []
    if media.take_id is not None:
        slate = read_slate(studio.store, media.take_id)
        prompt, parents = slate.prompt, [slate.take_id]
        if slate.blobs.tail is not None:
            tail = read_lossless(studio.store.fetch(slate.blobs.tail)).frames
            frames = np.concatenate([frames[: len(frames) - len(tail)], tail])
    rate = float(media.info.fps)
    if rate != card.fps:
        count = max(1, round(len(frames) / rate * card.fps))
        at = np.minimum(len(frames) - 1, np.round(np.arange(count) * rate / card.fps)).astype(int)
        frames = frames[at]
        notes.adjust("fps", rate, card.fps, f"{card.name} works at {card.fps} frames a second")
    height, width = frames.shape[1:3]
    target = size(
        card, aspect_ratio=aspect_ratio, exact=exact, picture=(width, height), notes=Resolution()
    )
    if (width, height) != target:
        frames, change = _fitted(frames, target, fit)
        notes.adjustments.append({**change, "field": name})
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "source.mkv"
        write_lossless(file, frames, card.fps)
        key = studio.store.put(file, "mkv").key
    return Source(key, len(frames), *target, prompt, parents, notes.adjustments)


def _fitted(
    frames: "Frames", target: tuple[int, int], fit: wire.Fit
) -> tuple["Frames", dict[str, Any]]:
    from shotwright.tools.studio.media import fit as fit_picture

    fitted = [fit_picture(frame, *target, fit) for frame in frames]
    return np.stack([picture for picture, _ in fitted]), dict(fitted[0][1] or {})
