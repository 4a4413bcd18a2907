"""What jobs end with that did not succeed, where no model and no part of the work says it itself."""

import logging

from shotwright.generator.errors import Cancelled, RenderFailed
from shotwright.generator.hub import lacks_room

LOG = logging.getLogger(__name__)


def cancelled(job_id: str) -> Cancelled:
    """What a cancelled job ends with."""
    return Cancelled(f"job {job_id} was cancelled.", fix="ask again if it is still wanted")


def overtaken(job_id: str) -> RenderFailed:
    """What a job ends with that is not done by its deadline."""
    return RenderFailed(
        f"job {job_id} was not done before its deadline.",
        code="deadline_exceeded",
        field="deadline_s",
        fix="ask again with a later deadline, a lower quality or a higher priority",
    )


def abandoned(job_id: str) -> RenderFailed:
    """What a job ends with whose workflow gave up: its worker died again and again."""
    return RenderFailed(
        f"job {job_id} was given up: its worker ended each time that it was tried.",
        fix="ask for fewer frames, a smaller size or a lower quality; the worker's log may say why",
        retryable=False,
    )


def unforeseen(error: Exception) -> RenderFailed:
    """What a job ends with when something happened that no error of ours names; the log has the rest."""
    if lacks_room(error):
        return RenderFailed(
            f"the disk has no room for what was made: {error}",
            fix="make room where SHOTWRIGHT_HOME and SHOTWRIGHT_STORE lie, then ask again",
        )
    LOG.error("a job met what nobody foresaw", exc_info=error)
    return RenderFailed(
        f"{type(error).__name__}: {error}",
        code="internal",
        fix="see the worker's log",
        retryable=False,
    )
