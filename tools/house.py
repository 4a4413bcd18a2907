"""House-keeping verbs: models, media, jobs.  Each is a few lines over the studio."""

import json
from pathlib import Path
from typing import Any

from shotwright.generator.catalog import Card
from shotwright.generator.errors import NotFound
from shotwright.tools.studio import jobs
from shotwright.tools.studio.shown import Shown, show_job
from shotwright.tools.studio.studio import Report, Studio
from shotwright.tools.studio.wire import (
    CancelJob,
    DeleteMedia,
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
    from shotwright.generator.memory import by_way
    from shotwright.tools.studio.mechanisms import mechanisms_of

    cards = studio.catalog.cards.values() if a.model is None else [studio.catalog.get(a.model)]
    default = studio.catalog.default.name
    models = []
    for card in cards:
        facts = card.public()
        # a quarter of a second a card, the first time: other clients are served meanwhile
        facts["camera"]["mechanisms"] = await studio.blocking(mechanisms_of, card)
        facts["memory_plans_mb"] = by_way(card)
        facts["weights"] = await studio.blocking(_weights, card, studio.settings.home / "models")
        models.append({**facts, "default": card.name == default})
    return Shown({"models": models, "camera_moves": list(MOVES), "camera_presets": list(PRESETS)})


def _weights(card: Card, models: Path) -> str:
    """ready, partial, missing or unfit; of an engine elsewhere always ready."""
    from shotwright.generator.weights import look, needs

    return next((look(need, models).word for need in needs(card)), "ready")


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
