"""Everything that is handed on of a film, file by file: media, timelines, subtitles, plan and slates."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

from shotwright.prompts.shotplan import parse_plan
from shotwright.prompts.writers import SUFFIXES, PlanFormat, write
from shotwright.tools.studio.assets import Store
from shotwright.tools.studio.exports.subtitles import subtitles
from shotwright.tools.studio.exports.timeline import Format, timeline_text
from shotwright.tools.studio.slates import Slate, read_kept

File = tuple[str, bytes | Path]
"""A name in the package, and its content or where that lies."""


def contents(store: Store, record: Mapping[str, Any]) -> Iterator[File]:
    """The whole package.  Its timelines name the takes beside them; takes deleted since are left out.

    A visible label that was asked for goes out with each take: what is passed on must keep it.
    """
    names: dict[str, str] = {}
    slates: dict[str, Slate] = {}
    for place, shot in enumerate(record["shots"], 1):
        for slate in read_kept(store, shot["takes"]):
            slates[slate.take_id] = slate
            suffix = slate.blobs.clip.rpartition(".")[2]
            names[slate.take_id] = f"takes/{place:03d}-{slate.take_id}.{suffix}"
    yield "film.mp4", store.fetch(record["blobs"]["clip"])
    yield "film.json", _json(record)
    for format, suffix in SUFFIXES.items():
        yield f"plan{suffix}", _plan(record, format)
    yield "sheet.jpg", store.fetch(record["blobs"]["sheet"])
    yield "poster.jpg", store.fetch(record["blobs"]["poster"])
    for format in get_args(Format):
        text = timeline_text(record, slates, lambda slate: names[slate.take_id], format)
        yield f"film.{format}", text.encode()
    if spoken := subtitles(record):
        yield "film.srt", spoken.encode()
    for take_id, slate in slates.items():
        name = names[take_id]
        yield name, store.fetch(slate.blobs.clip)
        stem = Path(name).stem
        for folder, key in (("sheets", slate.blobs.sheet), ("posters", slate.blobs.poster)):
            if key is not None:
                yield f"{folder}/{stem}.jpg", store.fetch(key)
        yield f"slates/{stem}.json", slate.model_dump_json(indent=2).encode()


def single(store: Store, record: Mapping[str, Any], format: str) -> bytes | Path:
    """One file of the package.  A timeline alone names the takes where they lie in the store."""
    if format == "mp4":
        return store.fetch(record["blobs"]["clip"])
    if format == "srt":
        return subtitles(record).encode()
    if found := next((known for known in SUFFIXES if known == format), None):
        return _plan(record, found)
    taken = [take_id for shot in record["shots"] for take_id in shot["takes"]]
    slates = {slate.take_id: slate for slate in read_kept(store, taken)}

    def place(slate: Slate) -> str:
        return store.fetch(slate.blobs.clip).as_uri()

    wanted = next(known for known in get_args(Format) if known == format)
    return timeline_text(record, slates, place, wanted).encode()


def file_of(format: str) -> str:
    """The name of the single file of a format."""
    found = next((suffix for known, suffix in SUFFIXES.items() if known == format), None)
    return f"film.{format}" if found is None else f"plan{found}"


def _plan(record: Mapping[str, Any], format: PlanFormat) -> bytes:
    if format == "json":
        return _json(record["plan"])
    return write(parse_plan(record["plan"]), format).encode("utf-8", "surrogatepass")


def _json(value: Any) -> bytes:
    return json.dumps(value, indent=2, ensure_ascii=False).encode("utf-8", "surrogatepass")
