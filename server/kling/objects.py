"""A task made through Kling's face, and a job as Kling's task object.  Knows no database."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from shotwright.server.kling import refusals
from shotwright.server.kling.refusals import KlingError
from shotwright.server.kling.translate import Kind

STATES = {
    "queued": "submitted",
    "running": "processing",
    "succeeded": "succeed",
    "failed": "failed",
    "cancelled": "failed",
}
"""Kling's state of a job's; it knows no cancelled ones."""


@dataclass(frozen=True)
class Entry:
    """What is kept of a task beside its job."""

    task_id: str
    path: str
    external_task_id: str | None
    callback_url: str | None
    parent: str | None
    """The take that a continuation continues."""
    created_at: float
    told: str | None = None
    tries: int = 0
    due_at: float | None = None


def taken(external_task_id: str | None) -> KlingError:
    """The refusal of a client's own id that names another task."""
    return KlingError(
        refusals.VALUE, f"external_task_id {external_task_id!r} names another task; use a new one."
    )


Link = Callable[[str, str], str]
"""The address of a file: of a take's id and `mp4` or `png`."""


def shown(entry: Entry, job: dict[str, Any], kind: Kind, link: Link) -> dict[str, Any]:
    """Kling's task object; job: its row.

    `adjustments` and `warnings` in its `task_info` are ours: what was made otherwise than asked, and what to know of
    it, as in every answer of the verbs.
    """
    state = STATES[job["state"]]
    info: dict[str, Any] = {"external_task_id": entry.external_task_id}
    if entry.parent is not None:
        info["parent_video"] = {"id": entry.parent, "url": link(entry.parent, "mp4")}
    task: dict[str, Any] = {
        "task_id": entry.task_id,
        "task_status": state,
        "task_status_msg": job["error"]["message"] if job["error"] else "",
        "task_info": info,
        "created_at": _ms(job["created_at"]),
        "updated_at": _ms(job["ended_at"] or job["started_at"] or job["created_at"]),
    }
    if state != "succeed":
        return task
    takes = job["result"]["takes"]
    info |= {name: takes[0][name] for name in ("adjustments", "warnings")}
    if kind.media == "images":
        listed = [
            {"index": index, "url": link(take["take_id"], "png")}
            for index, take in enumerate(takes)
        ]
    else:
        listed = [
            {
                "id": take["take_id"],
                "url": link(take["take_id"], "mp4"),
                "duration": f"{take['duration_s']:g}",
            }
            for take in takes
        ]
    return {**task, "task_result": {kind.media: listed}}


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
