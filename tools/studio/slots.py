"""A worker's one place on the render queue, given up while a take is finished, so that the next job has the device.

DBOS counts the workflows of a queue that run in this process, and starts the next one when there is room.  A workflow
that leaves the count goes on as it was: should the worker die, it and the one that took its place go back on the queue.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_ASIDE = threading.Semaphore(1)
"""One take is finished aside at a time: more would hold their frames in memory, where finishing is the slower."""


@contextmanager
def given_up(queue: str) -> Iterator[None]:
    """While this lasts, the workflow that runs here has no place on `queue`; it needs the device no more."""
    from dbos import DBOS

    workflow = DBOS.workflow_id
    if workflow is None or not _ASIDE.acquire(blocking=False):
        yield
        return
    running = _running()
    try:
        left = running is not None and _leaves(running, workflow, queue)
        yield
    finally:
        if running is not None and left:
            # DBOS takes it off itself when the workflow ends
            running.add(workflow, queue)
        _ASIDE.release()


def _running() -> Any:
    """DBOS's count of the workflows that run here; None where a later version keeps it otherwise."""
    from dbos import _dbos

    try:
        running = _dbos._get_dbos_instance()._active_workflows_set
    except AttributeError:
        return None
    return running if hasattr(running, "_remove") and hasattr(running, "add") else None


def _leaves(running: Any, workflow: str, queue: str) -> bool:
    """Whether it had a place; one that did not come from the queue has none."""
    try:
        running._remove(workflow, (queue, None))
    except (KeyError, ValueError):
        return False
    return True
