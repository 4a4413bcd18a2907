"""Jobs as the caller sees them: submitting, waiting with progress, and the answer on the wire."""

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import anyio
from pydantic import BaseModel

from shotwright.generator.errors import BadRequest
from shotwright.tools.studio.forecast import Forecast
from shotwright.tools.studio.studio import Report, Studio
from shotwright.tools.studio.wire import DELIVERY, ENDED, Call

if TYPE_CHECKING:
    from shotwright.tools.studio.queue import JobQueue

POLL_S = (0.02, 0.2)
"""Time between two looks at a job: at first, and after a few seconds."""


def asked_of(a: BaseModel) -> dict[str, Any]:
    """The arguments as given, those left out left out: they name the request.

    Raises: BadRequest for a plan so deep that it cannot be written down.
    """
    try:
        asked: dict[str, Any] = a.model_dump(mode="json", exclude_unset=True)
    except ValueError as error:
        raise BadRequest(
            f"the arguments cannot be written as JSON: {error}.",
            fix="send them less deeply nested",
        ) from error
    return asked


async def submit(
    studio: Studio,
    verb: str,
    asked: dict[str, Any],
    plan: dict[str, Any],
    *,
    workflow: str,
    queue: str,
    report: Report,
) -> dict[str, Any]:
    """Enqueue `plan` (or find the job of the same call), wait at most `wait_s`, answer the job."""
    jobs = await studio.queue()
    call = Call(**{name: asked[name] for name in DELIVERY if name in asked})
    # first, so that a refusal (no_worker) leaves nothing in the queue
    await studio.ensure_worker()
    job_id, attached = await studio.blocking(
        jobs.submit,
        verb,
        asked,
        plan,
        workflow=workflow,
        queue=queue,
        priority=call.priority,
        deadline_s=call.deadline_s,
        request_key=call.request_key,
    )
    return await wait(studio, job_id, call.wait_s, report, attached=attached)


async def repeated(
    studio: Studio, verb: str, a: BaseModel, report: Report
) -> dict[str, Any] | None:
    """The job that the same call made before (see JobQueue.find), waited for; None when this is a new one.

    Asked before anything is resolved: a picture that is gone by now does not matter to a job that has it.
    """
    if not isinstance(a, Call) or a.dry_run:
        return None
    jobs = await studio.queue()
    job_id = await studio.blocking(jobs.find, verb, asked_of(a), a.request_key)
    if job_id is None:
        return None
    await studio.ensure_worker()
    return await wait(studio, job_id, a.wait_s, report, attached=True)


async def expected_s(studio: Studio, parts: Sequence[dict[str, Any]]) -> float | None:
    """Seconds that these parts take here once they begin; None while one of their models was never timed."""
    queue = await studio.queue()
    found = await studio.blocking(lambda: Forecast(queue, studio.catalog).of(parts))
    return None if found is None else round(found.seconds, 2)


async def wait(
    studio: Studio, job_id: str, wait_s: float, report: Report, *, attached: bool = False
) -> dict[str, Any]:
    """Watch a job until it ends or `wait_s` have passed; a caller that leaves ends only the watching."""
    jobs = await studio.queue()
    try:
        row = await _watch(studio, jobs, job_id, wait_s, report)
    except anyio.get_cancelled_exc_class():
        with anyio.CancelScope(shield=True):
            await studio.blocking(jobs.left, job_id)
        raise
    if row["state"] in ENDED:
        await studio.blocking(jobs.heard, job_id)
    return answer(row, studio.base_url, attached=attached)


async def _watch(
    studio: Studio, jobs: "JobQueue", job_id: str, wait_s: float, report: Report
) -> dict[str, Any]:
    """The job's row once it has ended or `wait_s` have passed."""
    began = checked = time.monotonic()
    told: tuple[float, str] | None = None
    while True:
        row: dict[str, Any] = await studio.blocking(jobs.row, job_id)
        now = time.monotonic()
        if row["state"] in ENDED or now - began >= wait_s:
            return row
        state = (row["progress"], row["phase"])
        if state != told:
            told = state
            await report(*state)
        if now - checked > 5:
            # a worker that died while we wait is replaced; its job goes on after the last finished step
            await studio.ensure_worker()
            checked = now
        pause = POLL_S[0] if now - began < 3 else POLL_S[1]
        await anyio.sleep(min(pause, max(0.0, began + wait_s - now)))


def answer(row: dict[str, Any], base_url: str | None, *, attached: bool = False) -> dict[str, Any]:
    """The job object of the wire from a row of the table; base_url: of the HTTP front, if this is one."""
    return {
        "job_id": row["job_id"],
        "verb": row["verb"],
        "state": row["state"],
        "phase": row["phase"],
        "progress": round(row["progress"], 4),
        "eta_s": row["eta_s"],
        "attached": attached,
        "result": _reachable(row["result"], base_url),
        "error": row["error"],
        "next": _next(row),
    }


def _reachable(result: dict[str, Any] | None, base_url: str | None) -> dict[str, Any] | None:
    """The result with URLs: the worker that wrote it does not know which front will be asked."""
    if result is None or base_url is None:
        return result

    def url(take: dict[str, Any]) -> str:
        return f"{base_url}/files/{take['take_id']}.{'png' if take['frames'] == 1 else 'mp4'}"

    takes = [{**take, "url": url(take)} for take in result["takes"]]
    film = {"url": f"{base_url}/files/{result['film_id']}.mp4"} if "film_id" in result else {}
    return {**result, **film, "takes": takes}


def _next(row: dict[str, Any]) -> dict[str, Any] | None:
    """What a calling model would do now."""
    job_id, result = row["job_id"], row["result"]
    if row["state"] in ("queued", "running"):
        return {"tool": "get_job", "arguments": {"job_id": job_id, "wait_s": 45}}
    if row["state"] != "succeeded" or result is None:
        return None
    if "film_id" in result:
        return {"tool": "view_video", "arguments": {"video": result["film_id"]}}
    return {"tool": "view_video", "arguments": {"video": result["best"]}}
