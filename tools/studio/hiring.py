"""Starting a worker from a front, exactly once; it outlives the front.

Knows nothing of what a worker does: it runs the program's own `worker` command.
"""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from shotwright.generator.errors import Busy
from shotwright.tools.settings import Settings

if TYPE_CHECKING:
    from shotwright.tools.studio.queue import JobQueue

IDLE_S = 900.0
"""A worker that a front started leaves after so long without work, so that the device is free."""
START_S = 60.0
"""How long a front waits for the heartbeat of a worker that it started."""
RUNS_ALREADY = 3
"""Exit status of a worker that finds another of its name at work."""


def launch(settings: Settings, jobs: "JobQueue") -> None:
    """Start a worker when none is alive; of several fronts at once, one does.  Returns when it is alive.

    Raises: Busy (no_worker) when it does not come up.
    """
    if _alive(jobs) or not settings.embedded:
        return
    try:
        with FileLock(settings.home / "launch.lock", timeout=START_S):
            if _alive(jobs):
                return
            process = _spawn(settings)
            until = time.monotonic() + START_S
            while not _alive(jobs):
                if process.poll() == RUNS_ALREADY:
                    # one that is just leaving, or late with its heartbeat: look again
                    time.sleep(0.5)
                    process = _spawn(settings)
                if process.poll() not in (None, RUNS_ALREADY) or time.monotonic() > until:
                    raise Busy(
                        f"the worker did not start; its log is {_log(settings)}.",
                        code="no_worker",
                        fix="run `shotwright doctor`, then `shotwright worker` to see why",
                    )
                time.sleep(0.05)
    except Timeout:
        raise Busy(
            "another process has been starting a worker for a minute.",
            code="no_worker",
            fix="run `shotwright worker` by hand to see why",
        ) from None


def _alive(jobs: "JobQueue") -> bool:
    return any(worker["state"] != "dead" for worker in jobs.workers())


def _log(settings: Settings) -> Path:
    return settings.home / "worker.log"


def _spawn(settings: Settings) -> "subprocess.Popen[bytes]":
    """A worker that outlives this process and shares nothing with it but the settings."""
    with _log(settings).open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "shotwright.server.main", "worker", "--idle-s", str(IDLE_S)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={**os.environ, **settings.environment()},
            start_new_session=True,
            cwd=settings.home,
        )
    # collects its exit status should it end before us
    threading.Thread(target=process.wait, daemon=True).start()
    return process
