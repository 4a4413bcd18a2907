"""Stored files over HTTP, with ranges: what a player needs to seek.

A file on this disk goes out through Starlette's own response; one in a bucket is read piece by piece.
"""

import os
import re
from collections.abc import AsyncIterator

from starlette.requests import Request
from starlette.responses import FileResponse, Response, StreamingResponse

from shotwright.generator.errors import BadRequest, NotFound, ShotwrightError
from shotwright.server.guard import error_response
from shotwright.tools.studio.assets import Store
from shotwright.tools.studio.studio import Studio

PIECE = 2**20
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


MEDIA = {"mp4": "video/mp4", "png": "image/png", "jpg": "image/jpeg", "webp": "image/webp"}


def blob_of(store: Store, name: str) -> tuple[str, str]:
    """Key and media type of a name: `<take or film id>.<mp4, png, jpg (its sheet) or poster.jpg>`; `<id>.picture` of
    an uploaded picture or a one-frame take.

    Raises: NotFound, naming what there is.
    """
    id_, _, suffix = name.partition(".")
    there = _there(store, id_)
    if suffix in there:
        key = there[suffix]
        return key, MEDIA.get(key.rpartition(".")[2], "application/octet-stream")
    have = [f"/files/{id_}.{known}" for known in there]
    raise NotFound(
        f"there is no {name[:100]}; use {' or '.join(have)}.",
        field="name",
        value=name[:100],
        allowed=have,
        fix=f"use {have[0]}" if have else "name a take or film",
    )


def _there(store: Store, id_: str) -> dict[str, str]:
    """The names after an id's dot, and the keys behind them."""
    if id_.startswith("upload_"):
        record = store.read_record("uploads", id_)
        return {"picture": record["key"]} if record["kind"] == "image" else {}
    blobs = store.read_record("films" if id_.startswith("film_") else "takes", id_)["blobs"]
    suffix = blobs["clip"].rpartition(".")[2]
    found = {suffix: blobs["clip"], "jpg": blobs.get("sheet"), "poster.jpg": blobs.get("poster")}
    if suffix == "png":
        found["picture"] = blobs["clip"]
    return {known: key for known, key in found.items() if key}


async def send_blob(studio: Studio, request: Request, key: str, name: str, media: str) -> Response:
    """The blob `key` as the file `name`; one Range is honoured.

    Raises: NotFound when the store has no such blob.
    """
    digest = key.rsplit("/", 1)[-1].split(".", 1)[0]
    headers = {
        "etag": f'"{digest}"',
        # A take's bytes are the same for ever, so a player may keep them; a film is cut anew under its name.
        "cache-control": "private, no-cache"
        if name.startswith("film_")
        else "private, max-age=3600",
        "content-disposition": f'inline; filename="{name}"',
        "x-content-type-options": "nosniff",
    }
    size = await studio.blocking(studio.store.size, key)
    span = _span(request, size, digest)
    if span is not None and span[0] >= span[1]:
        return _unsatisfiable(request.headers["range"], size)
    path = studio.store.local_path(key)
    if path is not None:
        stat = await studio.blocking(os.stat, path)
        return FileResponse(path, headers=headers, media_type=media, stat_result=stat)
    start, end = span or (0, size)
    headers |= {"accept-ranges": "bytes", "content-length": str(end - start)}
    if span is not None:
        headers["content-range"] = f"bytes {start}-{end - 1}/{size}"
    body = _pieces(studio, key, start, end) if request.method == "GET" else _nothing()
    return StreamingResponse(body, 206 if span else 200, headers, media_type=media)


def _span(request: Request, size: int, digest: str) -> tuple[int, int] | None:
    """First byte and the one after the last; None for the whole file, which any other kind of Range gets."""
    found = _RANGE.fullmatch(request.headers.get("range", "").replace(" ", ""))
    if not found or found.groups() == ("", ""):
        return None
    if request.headers.get("if-range", f'"{digest}"') != f'"{digest}"':
        return None
    first, last = found.groups()
    if not first:
        return max(0, size - int(last)), size
    return int(first), min(size, int(last) + 1) if last else size


def _unsatisfiable(asked: str, size: int) -> Response:
    error: ShotwrightError = BadRequest(
        f"Range {asked[:100]!r} lies outside the file of {size} bytes.",
        field="Range",
        value=asked[:100],
        allowed=f"bytes=0-{size - 1}",
        fix="ask for bytes inside the file",
    )
    return error_response(error, 416, {"content-range": f"bytes */{size}"})


async def _pieces(studio: Studio, key: str, start: int, end: int) -> AsyncIterator[bytes]:
    for at in range(start, end, PIECE):
        yield await studio.blocking(studio.store.open_range, key, at, min(end, at + PIECE))


async def _nothing() -> AsyncIterator[bytes]:
    return
    yield b""  # makes this an empty async generator
