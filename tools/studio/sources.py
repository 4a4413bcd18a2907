"""A clip that a caller names, made ready for a model: its size, its frame rate, lossless."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from shotwright.generator.catalog import Card
from shotwright.generator.errors import BadRequest, TooLarge
from shotwright.tools.studio import wire
from shotwright.tools.studio.filing import TAIL_FRAMES
from shotwright.tools.studio.formats import MAX_FRAME_PIXELS
from shotwright.tools.studio.resolve import Resolution, size
from shotwright.tools.studio.studio import Studio

if TYPE_CHECKING:
    from shotwright.generator.frames import Frames
    from shotwright.tools.studio.media import VideoMedia

MAX_FRAMES = 3_000
"""Frames of a source that are read: six minutes at 8 a second, two at 24."""
MAX_BYTES = 16 << 30
"""Bytes of all frames of a source at the model's size, uncompressed; kept losslessly they take about half on disk."""


@dataclass(frozen=True)
class Source:
    """key: the lossless clip in the store; tail: the key of its last frames; prompt: of the take it is, or empty.
    label: the visible mark that the take carries, which its frames here do not.

    anchor: what the take's own continuations were held to (see `continuing`), None where it has none.
    adjustments, warnings: what was done to the clip.
    """

    key: str
    tail: str
    frames: int
    width: int
    height: int
    prompt: str
    label: str
    parents: list[str]
    anchor: dict[str, Any] | None
    adjustments: list[dict[str, Any]]
    warnings: list[dict[str, str]]

    def labelled(self, asked: dict[str, Any], notes: Resolution) -> str:
        """The visible mark of what is made from this: the one that is `asked` for, else its own, which is noted."""
        if "label" in asked:
            return str(asked["label"])
        notes.adjust("label", "none", self.label, "as the clip that this one is made from")
        return self.label


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

    A take's last frames come from its lossless tail, never from the MP4, the others without its visible mark.
    Raises BadRequest.
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
    from shotwright.generator.encode import has_sound
    from shotwright.tools.studio.filing import keep_lossless
    from shotwright.tools.studio.givens import lossless_of
    from shotwright.tools.studio.slates import read_slate

    notes, info = Resolution(), media.info
    shape = (info.width, info.height)
    if aspect_ratio is None and exact is None and shape in card.native:
        target = shape
    else:
        target = size(
            card, aspect_ratio=aspect_ratio, exact=exact, picture=shape, notes=Resolution()
        )
    _check_length(media, name, target)
    slate = None if media.take_id is None else read_slate(studio.store, media.take_id)
    tail = None
    if slate is not None and slate.blobs.tail is not None:
        tail = lossless_of(studio.store, slate.blobs.tail)
    if slate is not None and slate.blobs.clean is not None:
        media = replace(media, path=studio.store.fetch(slate.blobs.clean))
    source = _Fitting(media, target, fit, card.fps, tail)
    try:
        key = keep_lossless(studio.store, source.frames(), card.fps)
    except BadRequest as error:
        error.field = name
        raise
    if has_sound(media.path):
        notes.warn("sound_dropped", f"the sound of {name} is left out: clips have no sound here.")
    rate = float(info.fps)
    notes.adjust("fps", rate, card.fps, f"{card.name} works at {card.fps} frames a second")
    if source.change is not None:
        notes.adjustments.append({**source.change, "field": name})
    return Source(
        key,
        keep_lossless(studio.store, np.stack(source.last), card.fps),
        source.count,
        *target,
        prompt="" if slate is None else slate.prompt,
        label="none" if slate is None else slate.label,
        parents=[] if slate is None else [slate.take_id],
        anchor=None if slate is None else (slate.drift or {}).get("anchor"),
        adjustments=notes.adjustments,
        warnings=notes.warnings,
    )


class _Fitting:
    """A clip's frames at another size and rate, one by one: a minute of 4K would not fit the memory."""

    def __init__(
        self,
        media: "VideoMedia",
        target: tuple[int, int],
        fit: wire.Fit,
        fps: int,
        tail: "Frames | None",
    ) -> None:
        self.media, self.target, self.fit, self.tail = media, target, fit, tail
        self.change: dict[str, Any] | None = None
        """What fitting did: to all frames the same, or nothing."""
        self.ratio = float(media.info.fps) / fps
        self.count = max(1, round(media.info.frames / self.ratio))
        self.last: deque[Frames] = deque(maxlen=TAIL_FRAMES)

    def frames(self) -> "Iterator[Frames]":
        """Each frame as it is decoded, as often as the new rate shows it; a take's last ones from its lossless tail."""
        made = 0
        for number, frame in enumerate(self._decoded()):
            while made < self.count and self._shown(made) == number:
                picture = self._fitted(frame)
                self.last.append(picture)
                made += 1
                yield picture
        self.count = made  # a file whose header promised more frames than it has

    def _shown(self, number: int) -> int:
        """Which frame of the clip frame `number` of the new rate shows."""
        return min(self.media.info.frames - 1, round(number * self.ratio))

    def _decoded(self) -> "Iterator[Frames]":
        from shotwright.generator.encode import iter_frames

        kept = 0 if self.tail is None else len(self.tail)
        begin = self.media.info.frames - kept
        decoded = iter_frames(self.media.path, max_frames=MAX_FRAMES, max_pixels=MAX_FRAME_PIXELS)
        for number, frame in enumerate(decoded):
            yield frame if self.tail is None or number < begin else self.tail[number - begin]

    def _fitted(self, frame: "Frames") -> "Frames":
        from shotwright.tools.studio.media import fit as fit_picture

        picture, self.change = fit_picture(frame, *self.target, self.fit)
        return picture


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
