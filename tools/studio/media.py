"""Everything a caller can name as a picture or a clip: ids, paths, URLs.

Knows no models and no jobs.  What is named is found, checked and put into the store before anything
is enqueued, so a job never meets a missing or a broken file.  Contents are told by their first
bytes, not by their names.
Try: python -m pytest tests/tools/studio/test_media.py
"""

import re
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from anyio import to_thread

from shotwright.generator.errors import BadRequest
from shotwright.tools.paths import allowed
from shotwright.tools.studio.assets import Store
from shotwright.tools.studio.fetch import Fetcher
from shotwright.tools.studio.formats import (
    FIX,
    MAX_IMAGE_BYTES,
    MAX_IMAGE_PIXELS,
    MAX_VIDEO_BYTES,
    Rgb,
    decode_picture,
    invalid,
    kind_of,
    probe_video,
)
from shotwright.tools.studio.slates import read_slate

if TYPE_CHECKING:
    from shotwright.generator.encode import VideoInfo

MAX_REFERENCE = 4096
ID_DIGITS = 24
"""Of a file's SHA-256 in the id of its upload: enough that no other file has them."""

_MEDIA_ID = re.compile(r"(take|upload|film|job)_[0-9a-z]+")
_SCHEME = re.compile(r"(data:|[A-Za-z][A-Za-z0-9+.-]+://)")


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture ready to use: uint8 RGB (height, width, 3), upright, with no alpha.

    digest: SHA-256 of the file it came from, which the store has under `key`.
    origin: what the caller named.  warnings: `{code, message}` of what was changed.
    """

    array: Rgb
    digest: str
    key: str
    width: int
    height: int
    origin: str
    warnings: tuple[dict[str, str], ...] = ()


@dataclass(frozen=True)
class VideoMedia:
    """A clip ready to use: a local file, what it holds, its SHA-256 and its key in the store.

    take_id is there when it is a take of ours.
    """

    path: Path
    info: "VideoInfo"
    digest: str
    key: str
    origin: str
    take_id: str | None = None


@dataclass(frozen=True)
class _Named:
    """A local file that a caller named, and what it is known by."""

    path: Path
    origin: str
    name: str


class Intake:
    """Finds, checks and stores what callers name.

    allowed_roots: the folders whose files may be read; in the user's home, hidden entries may not.
    Every refusal is a BadRequest that carries `field`, the name as given, and what is allowed.
    """

    def __init__(
        self,
        store: Store,
        allowed_roots: tuple[Path, ...],
        *,
        private_urls: bool = False,
        fetcher: Fetcher | None = None,
    ) -> None:
        self._store = store
        self._roots = tuple(root.expanduser().resolve() for root in allowed_roots)
        self._fetcher = fetcher or Fetcher(private_urls=private_urls)

    async def image(self, ref: str, field: str) -> Picture:
        """The picture that `ref` names: an upload, a one-frame take, a path or a URL.

        Raises: BadRequest (invalid_media, path_not_allowed, url_not_allowed), TooLarge, NotFound.
        """
        media = await self.resolve(ref, field, "image")
        assert isinstance(media, Picture)
        return media

    async def video(self, ref: str, field: str) -> VideoMedia:
        """The clip that `ref` names: a take, an upload, a path or a URL.

        Raises: BadRequest (invalid_media, path_not_allowed, url_not_allowed), TooLarge, NotFound.
        """
        media = await self.resolve(ref, field, "video")
        assert isinstance(media, VideoMedia)
        return media

    async def resolve(
        self, ref: str, field: str, want: Literal["image", "video"] | None = None
    ) -> Picture | VideoMedia:
        """The picture or clip that `ref` names; `want` refuses the other kind.

        Raises: BadRequest (invalid_media, path_not_allowed, url_not_allowed), TooLarge, NotFound.
        """
        with _naming(field, ref):
            if found := _MEDIA_ID.fullmatch(ref):
                return await to_thread.run_sync(self._of_id, found[1], ref, want)
            async with self._file(ref, MAX_IMAGE_BYTES if want == "image" else None) as named:
                return await to_thread.run_sync(self._of_file, named, want)

    async def import_media(self, source: str, field: str = "source") -> dict[str, Any]:
        """Keep the picture or clip at a path or URL as an upload, and return its record.

        Raises: as `resolve`.
        """
        with _naming(field, source):
            if found := _MEDIA_ID.fullmatch(source):
                if found[1] == "upload":
                    return await to_thread.run_sync(self._store.read_record, "uploads", source)
                raise invalid(
                    f"{source} is in the studio already", "Use it by its id; nothing is imported."
                )
            async with self._file(source, None) as named:
                return await to_thread.run_sync(self._upload, named)

    async def store_upload(
        self, data: bytes | Path, name: str, field: str = "file"
    ) -> dict[str, Any]:
        """Keep uploaded bytes, or a file that a front has received, and return its record.

        `name` is only remembered.  Raises: BadRequest (invalid_media), TooLarge.
        """
        with _naming(field, name):
            if isinstance(data, Path):
                return await to_thread.run_sync(self._upload, _Named(data, name, name))
            async with self._scratch() as path:
                await to_thread.run_sync(path.write_bytes, data)
                return await to_thread.run_sync(self._upload, _Named(path, name, name))

    # --- finding

    @asynccontextmanager
    async def _file(self, ref: str, max_bytes: int | None) -> AsyncIterator[_Named]:
        """The file that a path or URL names, there until the block ends."""
        if not ref or len(ref) > MAX_REFERENCE:
            raise invalid(
                f"A name of {len(ref)} characters names no file",
                f"Give an id, a path or a URL of 1 to {MAX_REFERENCE} characters.",
            )
        scheme = _SCHEME.match(ref)
        if not scheme:
            path = await to_thread.run_sync(self._checked, ref)
            yield _Named(path, ref, path.name)
        elif scheme[0].lower() in ("http://", "https://"):
            async with self._scratch() as path:
                limit = max_bytes or MAX_VIDEO_BYTES
                final = await self._fetcher.download(ref, path, max_bytes=limit)
                yield _Named(path, ref, final.split("?")[0].rstrip("/").rsplit("/", 1)[-1])
        else:
            raise BadRequest(
                f"{scheme[0]} is not read.",
                code="url_not_allowed",
                fix="Upload the bytes (POST /api/uploads) or save them to a file, and name that.",
                allowed="an id, a path, or an http(s) URL",
            )

    @asynccontextmanager
    async def _scratch(self) -> AsyncIterator[Path]:
        with tempfile.TemporaryDirectory(prefix="shotwright-") as folder:
            yield Path(folder) / "media"

    def _checked(self, ref: str) -> Path:
        """The file at a path; relative ones start where the process was started."""
        try:
            path = Path(ref).expanduser().resolve()
            if not allowed(self._roots, path):
                raise self._outside(ref)
            found, folder = path.is_file(), path.is_dir()
        except (OSError, ValueError, RuntimeError) as error:
            raise invalid(f"{ref[:200]!r} cannot be read ({error})", FIX) from error
        if not found:
            what = "is a folder" if folder else "is not there"
            raise invalid(f"{ref} {what}", FIX)
        return path

    def _outside(self, ref: str) -> BadRequest:
        roots = [str(root) for root in self._roots]
        return BadRequest(
            f"{ref} lies outside the folders that may be read, or in a hidden one.",
            code="path_not_allowed",
            fix=f"Move the file under {' or '.join(roots)}, or upload it;"
            " SHOTWRIGHT_ALLOWED_ROOTS names the folders in place of these.",
            allowed=roots,
        )

    # --- checking and keeping

    def _of_id(self, prefix: str, id: str, want: str | None) -> Picture | VideoMedia:
        if prefix == "take":
            return self._of_take(id, want)
        if prefix != "upload":
            raise invalid(f"{id} is no picture or clip", "Name one of its takes by take_id.")
        record = self._store.read_record("uploads", id)
        _match(record["kind"], want, id)
        path = self._store.fetch(record["key"])
        if record["kind"] == "image":
            array, warnings = decode_picture(path.read_bytes())
            return _picture(array, warnings, record["sha256"], record["key"], id)
        return VideoMedia(path, _info(record), record["sha256"], record["key"], id)

    def _of_take(self, id: str, want: str | None) -> Picture | VideoMedia:
        slate = read_slate(self._store, id)
        key = slate.blobs.clip
        if slate.frames == 1 and want != "video":
            return self._still(id, slate.blobs.tail or key)
        _match("video", want, id)
        info = _info(slate.model_dump())
        path = self._store.fetch(key)
        return VideoMedia(path, info, _digest(key), key, id, id)

    def _still(self, id: str, key: str) -> Picture:
        """The picture of a one-frame take."""
        from shotwright.generator.encode import read_frames

        path = self._store.fetch(key)
        if kind_of(path, id)[0] == "video":
            array = read_frames(path, [0], max_pixels=MAX_IMAGE_PIXELS)[0]
            return _picture(array, (), _digest(key), key, id)
        array, warnings = decode_picture(path.read_bytes())
        return _picture(array, warnings, _digest(key), key, id)

    def _of_file(self, named: _Named, want: str | None) -> Picture | VideoMedia:
        kind, suffix = kind_of(named.path, _clean(named.name))
        _match(kind, want, named.name)
        if kind == "image":
            data = named.path.read_bytes()
            array, warnings = decode_picture(data)
            blob = self._store.put_bytes(data, suffix)
            return _picture(array, warnings, blob.digest, blob.key, named.origin)
        info = probe_video(named.path)
        blob = self._store.put(named.path, suffix)
        path = self._store.fetch(blob.key)
        return VideoMedia(path, info, blob.digest, blob.key, named.origin)

    def _upload(self, named: _Named) -> dict[str, Any]:
        media = self._of_file(named, None)
        record: dict[str, Any] = {
            # by its content: what is sent twice has one name, so that a call that names it can be repeated
            "upload_id": f"upload_{media.digest[:ID_DIGITS]}",
            "kind": "image" if isinstance(media, Picture) else "video",
            "name": _clean(named.name),
            "origin": named.origin,
            "key": media.key,
            "sha256": media.digest,
            "size": self._store.size(media.key),
            "created_at": datetime.now(UTC).isoformat(),
        }
        if isinstance(media, Picture):
            record |= {"width": media.width, "height": media.height}
            record |= {"frames": None, "fps": None, "duration_s": None}
        else:
            info = media.info
            record |= {"width": info.width, "height": info.height, "frames": info.frames}
            record |= {"fps": float(info.fps), "duration_s": info.duration_s}
        self._store.write_record("uploads", record["upload_id"], record)
        return record


def fit(
    image: Rgb,
    width: int,
    height: int,
    how: Literal["crop", "pad", "reframe"],
    field: str = "image",
) -> tuple[Rgb, dict[str, Any] | None]:
    """`image`, uint8 RGB (height, width, 3), at exactly this size, and what was done to it.

    crop: fills the size, cutting the longer side evenly.  pad: all of it, on black.  reframe: all
    of it, on its own blurred enlargement.  The second value is `{field, asked, used, reason}`, None
    when the picture had this size already.
    """
    from PIL import Image, ImageFilter, ImageOps

    had, size, best = image.shape[1::-1], (width, height), Image.Resampling.LANCZOS
    if had == size:
        return image, None
    source = Image.fromarray(image)
    result, reason = ImageOps.contain(source, size, best), "scaled to the size of the clip"
    if result.size != size:
        inner, filled = result, ImageOps.fit(source, size, best)
        place = ((width - inner.width) // 2, (height - inner.height) // 2)
        if how == "crop":
            result, reason = filled, "scaled and cropped around its centre to the clip's shape"
        elif how == "pad":
            result, reason = Image.new("RGB", size), "scaled to fit, the rest black"
            result.paste(inner, place)
        else:
            result = filled.filter(ImageFilter.GaussianBlur(max(size) / 24))
            reason = "scaled to fit, the rest its own blurred enlargement"
            result.paste(inner, place)
    asked = {"field": field, "asked": f"{had[0]}x{had[1]}", "used": f"{width}x{height}"}
    return np.array(result), asked | {"reason": reason}


@contextmanager
def _naming(field: str, ref: str) -> Iterator[None]:
    """Errors of the block carry the argument and the value that the caller gave."""
    try:
        yield
    except BadRequest as error:
        error.field, error.value = field, ref[:200]
        raise


def _match(kind: str, want: str | None, name: str) -> None:
    if want is not None and kind != want:
        is_a, wanted = ("clip", "picture") if kind == "video" else ("picture", "clip")
        raise invalid(
            f"{name} is a {is_a}, not a {wanted}", f"Name a {wanted} here, by id, path or URL."
        )


def _picture(
    array: Rgb, warnings: tuple[dict[str, str], ...], digest: str, key: str, origin: str
) -> Picture:
    height, width = array.shape[:2]
    return Picture(array, digest, key, width, height, origin, warnings)


def _info(facts: dict[str, Any]) -> "VideoInfo":
    """What a record says of its clip."""
    from shotwright.generator.encode import VideoInfo

    fps = Fraction(facts["fps"]).limit_denominator(1001)
    width, height, frames = facts["width"], facts["height"], facts["frames"]
    return VideoInfo(width, height, frames, fps, facts["duration_s"], {})


def _digest(key: str) -> str:
    return key.rsplit("/", 1)[-1].split(".", 1)[0]


def _clean(name: str) -> str:
    """The last part of a file's name, as text that is safe to show."""
    last = re.split(r"[/\\]", name)[-1]
    return "".join(letter for letter in last if letter.isprintable())[:200] or "unnamed"
