"""House-keeping verbs: models, media, films out, jobs.  Each is a few lines over the studio."""

import json
import os
import secrets
import shutil
import zipfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

from shotwright.generator.errors import BadRequest, NotFound
from shotwright.tools.paths import allowed
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

PAGE_BYTES = 500_000
"""A page of jobs stays below this, with fewer jobs than asked for if need be: an answer is under 1 MB."""


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
    places = _targets(studio, a)
    clip = studio.store.fetch(record["blobs"]["clip"])
    target = next(places)
    draft = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        draft.touch(exist_ok=False)
    except OSError as error:
        raise _unwritable(str(target), error) from error
    try:
        files = ["film.mp4"]
        if a.format == "mp4":
            shutil.copyfile(clip, draft)
        else:
            files = _zip(studio, record, clip, draft)
        while not _land(draft, target):
            target = next(places)
    finally:
        draft.unlink(missing_ok=True)
    return {
        "film_id": a.film_id,
        "path": str(target),
        "format": a.format,
        "bytes": target.stat().st_size,
        "files": files,
    }


def _land(draft: Path, target: Path) -> bool:
    """Put the whole draft at `target`; False when something is there, also when it came there just now."""
    try:
        os.link(draft, target)
    except FileExistsError:
        return False
    except OSError:  # a file system without links
        try:
            with draft.open("rb") as whole, target.open("xb") as out:
                shutil.copyfileobj(whole, out)
        except FileExistsError:
            return False
    return True


def _targets(studio: Studio, a: ExportFilm) -> Iterator[Path]:
    """Where to write, never over a file: the path asked for, or numbered names in the data directory."""
    if a.path is not None:
        yield _target(studio, a.path)
        raise _taken(a.path)
    folder = studio.settings.home / "exports"
    for number in count(1):
        yield folder / f"{a.film_id}{f'-{number}' if number > 1 else ''}.{a.format}"


def _target(studio: Studio, asked: str) -> Path:
    """The path asked for.  Raises BadRequest when it is outside the allowed roots, or taken."""
    try:
        target = Path(asked).expanduser().resolve()
        taken = target.exists()
    except (OSError, ValueError, RuntimeError) as error:
        raise _unwritable(asked, error) from error
    roots = [root.expanduser().resolve() for root in studio.settings.allowed_roots]
    if not allowed(roots, target):
        raise BadRequest(
            f"path {asked} lies outside the allowed roots, or in a hidden folder.",
            code="path_not_allowed",
            field="path",
            value=asked,
            allowed=[str(root) for root in roots],
            fix="choose a path inside them, or set SHOTWRIGHT_ALLOWED_ROOTS",
        )
    if taken:
        raise _taken(asked)
    return target


def _taken(path: str) -> BadRequest:
    return BadRequest(
        f"path {path} exists already.",
        code="conflict",
        field="path",
        value=path,
        allowed="a path that does not exist",
        fix="choose another name",
    )


def _unwritable(path: str, error: Exception) -> BadRequest:
    return BadRequest(
        f"path {path!r} cannot be written ({error}).",
        field="path",
        value=path,
        allowed="a file in a folder that can be written",
        fix="choose another path",
    )


def _zip(studio: Studio, record: dict[str, Any], clip: Path, name: Path) -> list[str]:
    from shotwright.tools.studio.slates import read_kept

    with zipfile.ZipFile(name, "w", zipfile.ZIP_STORED) as archive:
        archive.write(clip, "film.mp4")
        archive.writestr("film.json", json.dumps(record, indent=2, ensure_ascii=False))
        archive.writestr("plan.json", json.dumps(record["plan"], indent=2, ensure_ascii=False))
        sheet = studio.store.fetch(record["blobs"]["sheet"])
        archive.write(sheet, "sheet.jpg")
        for place, shot in enumerate(record["shots"], 1):
            for slate in read_kept(studio.store, shot["takes"]):
                stem = f"{place:03d}-{slate.take_id}"
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
    limit = a.limit
    while True:
        rows, cursor = await studio.blocking(
            queue.page, state=a.state, limit=limit, cursor=a.cursor
        )
        shown = [_brief(jobs.answer(row, studio.base_url)) for row in rows]
        size = len(json.dumps(shown))
        if size <= PAGE_BYTES or limit == 1:
            return Shown({"jobs": shown, "cursor": cursor})
        limit = max(1, min(limit - 1, limit * PAGE_BYTES // size))


_LISTED = ("film_id", "take_id", "path", "url", "duration_s", "best")
"""What a list keeps of a result and of its takes; `get_job` has the rest."""


def _brief(job: dict[str, Any]) -> dict[str, Any]:
    """The job without what makes a page long: plan, shots, coverage, and the facts of each take."""
    result = job["result"]
    if result is None:
        return job
    takes = [{name: take[name] for name in _LISTED if name in take} for take in result["takes"]]
    kept = {name: result[name] for name in _LISTED if name in result}
    return {**job, "result": {**kept, "takes": takes}}


async def cancel_job(studio: Studio, a: CancelJob, report: Report) -> Shown:
    """Stop a job: at once when queued, within one denoising step when it runs."""
    queue = await studio.queue()
    await studio.blocking(queue.cancel, a.job_id)
    if (await studio.blocking(queue.row, a.job_id))["state"] == "running":
        # should its worker have died, the next one ends it
        await studio.ensure_worker()
    return Shown(jobs.answer(await studio.blocking(queue.row, a.job_id), studio.base_url))


async def set_priority(studio: Studio, a: SetPriority, report: Report) -> Shown:
    """Move a queued job forward or back."""
    queue = await studio.queue()
    await studio.blocking(queue.set_priority, a.job_id, a.priority)
    return Shown(jobs.answer(await studio.blocking(queue.row, a.job_id), studio.base_url))
