"""A finished clip's files: encoded, marked as AI-made, and put into the store by content.

Knows no jobs and no slates but their keys.  av and cv2 are imported by the first file.
"""

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from shotwright.generator.errors import BadRequest
from shotwright.generator.frames import Frames, Picture
from shotwright.tools.studio.assets import Store
from shotwright.tools.studio.early import Early
from shotwright.tools.studio.reels import Reel
from shotwright.tools.studio.signing import Signer
from shotwright.tools.studio.slates import Blobs

if TYPE_CHECKING:
    from shotwright.generator.provenance import Likeness

TAIL_FRAMES = 17
"""Last frames kept losslessly beside a take: enough for the longest overlap of any card."""
SHEET_FRAMES = 9
"""Frames on a take's contact sheet."""


@dataclass(frozen=True)
class Filed:
    """Keys of what was stored, what the picture is known again by, and warnings."""

    blobs: Blobs
    likeness: dict[str, str]
    warnings: tuple[dict[str, str], ...] = ()


@dataclass(frozen=True)
class Kept:
    """The key of a clip in the store, its likeness, and warnings."""

    key: str
    likeness: dict[str, str]
    warnings: tuple[dict[str, str], ...] = ()


def file_take(
    store: Store,
    frames: Frames | Reel,
    *,
    fps: int,
    label: str,
    metadata: Mapping[str, str],
    preset: str,
    tail: bool,
    signer: Signer | None,
    begun: Early | None = None,
) -> Filed:
    """Store a take of `frames` with its visible label, its contact sheet and poster.

    Frames are read one by one, in more than one pass.  tail: keep the last losslessly, for what continues from here.
    begun: its MP4, if that was begun while the frames were decoded.
    """
    from shotwright.tools.studio.pictures import mark
    from shotwright.tools.studio.sheets import poster, sheet_of, spaced

    settings: dict[str, Any] = {"preset": preset, "signer": signer, "begun": begun}
    clip = keep_clip(store, frames, label, fps, metadata, **settings)
    clean = None
    if label != "none":
        clean = keep_clip(store, frames, "none", fps, metadata, preset=preset, signer=None).key
    count = len(frames)
    numbers = spaced(count, SHEET_FRAMES)
    seen = {
        number: frame
        for number, frame in enumerate(mark(frames, label, count, fps=fps))
        if number in (*numbers, count // 2)
    }
    labels = [f"#{number}  {number / fps:.2f} s" for number in numbers]
    sheet = sheet_of(np.stack([seen[number] for number in numbers]), labels)
    blobs = Blobs(
        clip=clip.key,
        clean=clean,
        tail=keep_lossless(store, frames[-TAIL_FRAMES:], fps) if tail else None,
        sheet=store.put_bytes(sheet, "jpg").key,
        poster=store.put_bytes(poster(seen[count // 2]), "jpg").key,
    )
    return Filed(blobs, clip.likeness, clip.warnings)


def keep_lossless(store: Store, frames: Frames | Iterator[Picture], fps: int) -> str:
    """The key of these frames, or of those that come one by one, kept bit for bit."""
    from shotwright.generator.encode import write_lossless

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "clip.mkv"
        write_lossless(file, frames, fps)
        return store.put(file, "mkv").key


def keep_clip(
    store: Store,
    frames: Frames | Reel,
    label: str,
    fps: int,
    metadata: Mapping[str, str],
    *,
    preset: str,
    signer: Signer | None,
    begun: Early | None = None,
) -> Kept:
    """An MP4, or a PNG when there is one frame, with the visible label; begun: see `file_take`."""
    from shotwright.generator.encode import write_mp4
    from shotwright.generator.provenance import Likeness, likeness, packet, pixels_digest, thumbs
    from shotwright.tools.studio.pictures import mark, png

    def shown() -> Iterator[Picture]:
        return mark(frames, label, len(frames), fps=fps)

    if len(frames) == 1:
        (picture,) = shown()
        found = Likeness(pixels_digest(picture), thumbs([picture], 1))
        words = {**metadata, "XML:com.adobe.xmp": packet(metadata, found).decode()}
        return Kept(store.put_bytes(png(picture, words), "png").key, asdict(found))
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "clip.mp4"
        written = None if begun is None else begun.file()
        if written is None:
            write_mp4(file, shown(), fps=fps, metadata=metadata, preset=preset)
        else:
            file = written
        found = likeness(file, shown(), len(frames))
        return keep_sealed(store, file, metadata, found, signer=signer)


def keep_sealed(
    store: Store,
    file: Path,
    metadata: Mapping[str, str],
    found: "Likeness",
    *,
    signer: Signer | None,
) -> Kept:
    """An MP4 with its XMP appended, and signed where the user has a certificate.

    A certificate that does not sign costs no clip: it is kept unsigned, with a warning.
    """
    from shotwright.generator.provenance import packet, seal

    seal(file, packet(metadata, found))
    warnings: tuple[dict[str, str], ...] = ()
    if signer is not None:
        signed = file.with_suffix(".signed.mp4")
        try:
            signer.sign(file, signed, title=metadata["title"])
            file = signed
        except BadRequest as error:
            warnings = ({"code": "not_signed", "message": f"{error.message} {error.fix}."},)
    return Kept(store.put(file, "mp4").key, asdict(found), warnings)
