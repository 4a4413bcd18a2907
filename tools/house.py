"""House-keeping verbs: models, media, films out, jobs.  Each is a few lines over the studio."""

import json
import shutil
import tempfile
import zipfile
from pathlib import Path
from typing import Any

from shotwright.generator.errors import BadRequest, NotFound
from shotwright.tools.studio import jobs
from shotwright.tools.studio.shown import Shown, show_job
from shotwright.tools.studio.studio import Report, Studio
from shotwright.tools.studio.wire import (
    CancelJob,
    DeleteMedia,
    ExportFilm,
    GetJob,
    ImportMedia,
    ListJobs,
    ListModels,
    SetPriority,
)


async def list_models(studio: Studio, a: ListModels, report: Report) -> Shown:
    """All cards, or one."""
    from shotwright.generator.camera import MOVES, PRESETS

    cards = studio.catalog.cards.values() if a.model is None else [studio.catalog.get(a.model)]
    default = studio.catalog.default.name
    models = [{**card.public(), "default": card.name == default} for card in cards]
    return Shown({"models": models, "camera_moves": list(MOVES), "camera_presets": list(PRESETS)})


async def import_media(studio: Studio, a: ImportMedia, report: Report) -> Shown:
    """Keep a picture or clip as an upload."""
    return Shown(await studio.intake.import_media(a.source, "source"))


async def delete_media(studio: Studio, a: DeleteMedia, report: Report) -> Shown:
    """Put a take, film or upload into the trash, or bring it back; what is older than 7 days goes for good."""
    return Shown(await studio.blocking(_delete, studio, a))


def _delete(studio: Studio, a: DeleteMedia) -> dict[str, Any]:
    from datetime import UTC, datetime

    kind = a.id.partition("_")[0] + "s"
    if kind not in ("takes", "films", "uploads"):
        raise NotFound(
            f"id {a.id!r} names no take, film or upload.",
            field="id",
            value=a.id,
            allowed="take_…, film_… or upload_…",
            fix="use an id that a verb answered",
        )
    try:
        if a.undo:
            studio.store.restore(a.id)
        else:
            studio.store.delete(kind, a.id)
            studio.store.purge(datetime.now(UTC))
    except NotFound as error:
        error.field, error.value = "id", a.id
        raise
    return {"id": a.id, "deleted": not a.undo, "undo_days": 7}


async def export_film(studio: Studio, a: ExportFilm, report: Report) -> Shown:
    """Write the film as MP4, or with its takes, plan and slates as one ZIP."""
    return Shown(await studio.blocking(_export, studio, a))


def _export(studio: Studio, a: ExportFilm) -> dict[str, Any]:
    record = studio.store.read_record("films", a.film_id)
    target = _target(studio, a)
    clip = studio.store.fetch(record["blobs"]["clip"])
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=target.parent, suffix=".part", delete=False) as draft:
            name = Path(draft.name)
    except OSError as error:
        raise _unwritable(str(target), error) from error
    try:
        files = ["film.mp4"]
        if a.format == "mp4":
            shutil.copyfile(clip, name)
        else:
            files = _zip(studio, record, clip, name)
        name.replace(target)
    finally:
        name.unlink(missing_ok=True)
    size = target.stat().st_size
    return {
        "film_id": a.film_id,
        "path": str(target),
        "format": a.format,
        "bytes": size,
        "files": files,
    }


def _target(studio: Studio, a: ExportFilm) -> Path:
    """Where to write: inside the allowed roots, never over an existing file."""
    if a.path is None:
        return studio.settings.home / "exports" / f"{a.film_id}.{a.format}"
    try:
        target = Path(a.path).expanduser().resolve()
        taken = target.exists()
    except (OSError, ValueError, RuntimeError) as error:
        raise _unwritable(a.path, error) from error
    roots = [root.resolve() for root in studio.settings.allowed_roots]
    home = Path.home().resolve()
    inside = [root for root in roots if target.is_relative_to(root)]
    hidden = inside == [home] and any(
        part.startswith(".") for part in target.relative_to(home).parts
    )
    if not inside or hidden:
        raise BadRequest(
            f"path {a.path} lies outside the allowed roots.",
            code="path_not_allowed",
            field="path",
            value=a.path,
            allowed=[str(root) for root in roots],
            fix="choose a path inside them, or set SHOTWRIGHT_ALLOWED_ROOTS",
        )
    if taken:
        raise BadRequest(
            f"path {a.path} exists already.",
            code="conflict",
            field="path",
            value=a.path,
            allowed="a path that does not exist",
            fix="choose another name",
        )
    return target


def _unwritable(path: str, error: Exception) -> BadRequest:
    return BadRequest(
        f"path {path!r} cannot be written ({error}).",
        field="path",
        value=path,
        allowed="a file in a folder that can be written",
        fix="choose another path",
    )


def _zip(studio: Studio, record: dict[str, Any], clip: Path, name: Path) -> list[str]:
    from shotwright.tools.studio.slates import read_slate

    with zipfile.ZipFile(name, "w", zipfile.ZIP_STORED) as archive:
        archive.write(clip, "film.mp4")
        archive.writestr("film.json", json.dumps(record, indent=2, ensure_ascii=False))
        archive.writestr("plan.json", json.dumps(record["plan"], indent=2, ensure_ascii=False))
        sheet = studio.store.fetch(record["blobs"]["sheet"])
        archive.write(sheet, "sheet.jpg")
        for place, shot in enumerate(record["shots"], 1):
            for take_id in shot["takes"]:
                slate = read_slate(studio.store, take_id)
                stem = f"{place:03d}-{take_id}"
                archive.write(studio.store.fetch(slate.blobs.clip), f"takes/{stem}.mp4")
                archive.writestr(f"slates/{stem}.json", slate.model_dump_json(indent=2))
        return archive.namelist()


async def get_job(studio: Studio, a: GetJob, report: Report) -> Shown:
    """The job as it is, or as it is after at most `wait_s`."""
    job = await jobs.wait(studio, a.job_id, a.wait_s, report)
    if job["state"] in ("queued", "running"):
        await studio.ensure_worker()
    return await show_job(studio, job)


async def list_jobs(studio: Studio, a: ListJobs, report: Report) -> Shown:
    """Jobs, newest first."""
    queue = await studio.queue()
    rows, cursor = await studio.blocking(queue.page, state=a.state, limit=a.limit, cursor=a.cursor)
    return Shown({"jobs": [jobs.answer(row, studio.base_url) for row in rows], "cursor": cursor})


async def cancel_job(studio: Studio, a: CancelJob, report: Report) -> Shown:
    """Stop a job: at once when queued, within one denoising step when it runs."""
    queue = await studio.queue()
    await studio.blocking(queue.cancel, a.job_id)
    return Shown(jobs.answer(await studio.blocking(queue.row, a.job_id), studio.base_url))


async def set_priority(studio: Studio, a: SetPriority, report: Report) -> Shown:
    """Move a queued job forward or back."""
    queue = await studio.queue()
    await studio.blocking(queue.set_priority, a.job_id, a.priority)
    return Shown(jobs.answer(await studio.blocking(queue.row, a.job_id), studio.base_url))
