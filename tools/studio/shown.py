"""A verb's answer as every front shows it: the facts, pictures for a model's eyes, links to the files."""

from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from shotwright.generator.errors import NotFound
from shotwright.tools.studio.studio import Studio


@dataclass(frozen=True)
class Link:
    """A file that belongs to the answer."""

    uri: str
    name: str
    mime_type: str
    size: int | None


@dataclass(frozen=True)
class Shown:
    """data: the structured answer; pictures: JPEG bytes, each under 200 kB; links: the clips."""

    data: dict[str, Any]
    pictures: list[bytes] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)


async def show_job(studio: Studio, job: dict[str, Any]) -> Shown:
    """A job with the contact sheet of its best take, or of its film, once it has succeeded."""
    result = job["result"]
    if result is None:
        return Shown(job)
    if "film_id" in result:
        return await studio.blocking(_film, studio, job, result)
    return await studio.blocking(_takes, studio, job, result)


def _film(studio: Studio, job: dict[str, Any], result: dict[str, Any]) -> Shown:
    shown = Shown(job)
    with suppress(NotFound):  # deleted since: the facts stay
        blobs = studio.store.read_record("films", result["film_id"])["blobs"]
        name = f"{result['film_id']}.mp4"
        shown.links.append(link(studio, result["resource_uri"], name, blobs["clip"]))
        shown.pictures.append(studio.store.fetch(blobs["sheet"]).read_bytes())
    return shown


def _takes(studio: Studio, job: dict[str, Any], result: dict[str, Any]) -> Shown:
    from shotwright.tools.studio.slates import read_slate

    shown = Shown(job)
    for take in result["takes"]:
        with suppress(NotFound):  # deleted since: the facts stay
            blobs = read_slate(studio.store, take["take_id"]).blobs
            name = f"{take['take_id']}.{blobs.clip.rsplit('.', 1)[-1]}"
            shown.links.append(link(studio, take["resource_uri"], name, blobs.clip))
            if take["take_id"] == result["best"] and blobs.sheet is not None:
                shown.pictures.append(studio.store.fetch(blobs.sheet).read_bytes())
    return shown


def link(studio: Studio, uri: str, name: str, key: str) -> Link:
    mime = "image/png" if key.endswith(".png") else "video/mp4"
    return Link(uri, name, mime, studio.store.size(key))
