"""The worker: one process a device that executes jobs.  And starting one from a front, exactly once.

Importing this module is light; `run` loads DBOS, and the first render loads torch.
"""

import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from shotwright.generator.errors import Busy
from shotwright.tools.settings import Settings, make_home

if TYPE_CHECKING:
    from shotwright.tools.studio.queue import JobQueue

LOG = logging.getLogger(__name__)

IDLE_S = 900.0
"""A worker that a front started leaves after so long without work, so that the device is free."""
START_S = 60.0
"""How long a front waits for the heartbeat of a worker that it started."""
RUNS_ALREADY = 3
"""Exit status of a worker that finds another of its name at work."""
POLL_S = 0.02
"""How often the queues are looked at; a look costs about a millisecond on SQLite."""


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
                    return  # alive after all, only late with its heartbeat
                if process.poll() is not None or time.monotonic() > until:
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


def run(
    settings: Settings,
    *,
    name: str | None = None,
    device: str | None = None,
    idle_s: float | None = None,
) -> int:
    """Execute jobs until told to stop, or until idle for `idle_s`.  0, or RUNS_ALREADY.

    name: the worker's stable id; a restarted worker of the same name goes on with what it had begun.
    """
    make_home(settings)
    # One core stays free for fronts: on a loaded 2-core machine two threads were 10 times slower than one, because
    # OpenMP's threads spin while they wait for each other.
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) - 1)))
    device = device or ("cuda:0" if has_gpu() else "cpu")
    worker_id = name or f"{socket.gethostname()}-{device.replace(':', '')}"
    lock = FileLock(settings.home / f"worker-{worker_id}.lock", timeout=0)
    try:
        lock.acquire()
    except Timeout:
        LOG.warning("worker %s runs already", worker_id)
        return RUNS_ALREADY
    try:
        return _Worker(settings, worker_id, device, idle_s).serve()
    finally:
        lock.release()


def has_gpu() -> bool:
    """Whether a driver for an NVIDIA GPU is loaded, without importing torch."""
    return Path("/proc/driver/nvidia/version").exists() or Path("/dev/nvidia0").exists()


class _Worker:
    """One process, one device: DBOS executes, a thread beats."""

    def __init__(
        self, settings: Settings, worker_id: str, device: str, idle_s: float | None
    ) -> None:
        from shotwright.tools.studio.crew import Crew
        from shotwright.tools.studio.queue import JobQueue

        self.settings, self.worker_id, self.device = settings, worker_id, device
        self.idle_s = idle_s
        self.jobs = JobQueue(settings)
        self.crew = Crew(settings, self.jobs, worker_id=worker_id, device=device)
        self.stop = threading.Event()

    def serve(self) -> int:
        from dbos import DBOS

        from shotwright.tools.studio import workflows
        from shotwright.tools.studio.queue import FORMAT, HEARTBEAT_S, JsonSerializer

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self.stop.set())
        workflows.take_place(self.crew)
        DBOS(
            config={
                "name": "shotwright",
                "system_database_url": self.settings.database_url,
                "serializer": JsonSerializer(),
                "executor_id": self.worker_id,
                "application_version": FORMAT,
                "log_level": "WARNING",
                "notification_listener_polling_interval_sec": 0.1,
            }
        )
        self._beat("starting")
        DBOS.launch()
        DBOS.register_queue("render", worker_concurrency=1, polling_interval_sec=POLL_S)
        DBOS.register_queue("light", worker_concurrency=4, polling_interval_sec=POLL_S)
        LOG.info("worker %s serves on %s", self.worker_id, self.device)
        idle_since = time.monotonic()
        try:
            while not self.stop.wait(HEARTBEAT_S):
                busy = self.crew.current_job is not None or self.jobs.unfinished()
                self._beat("busy" if busy else "idle")
                for workflow in self.jobs.take_over(self.worker_id):
                    LOG.warning("took over %s from a dead worker", workflow)
                if busy:
                    idle_since = time.monotonic()
                elif self.idle_s is not None and time.monotonic() - idle_since > self.idle_s:
                    LOG.info("idle for %s s: leaving", self.idle_s)
                    break
        finally:
            DBOS.destroy(workflow_completion_timeout_sec=0)
            self.jobs.leave(self.worker_id)
            self.jobs.close()
        return 0

    def _beat(self, state: str) -> None:
        self.jobs.beat(
            self.worker_id,
            pid=os.getpid(),
            device=self.device,
            state=state,
            job_id=self.crew.current_job,
        )
