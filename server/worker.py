"""The worker: one process a device that executes jobs.  And starting one from a front, exactly once.

Importing this module is light; `run` loads DBOS, and the first render loads torch.
"""

import logging
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from shotwright.generator.errors import BadRequest, Busy
from shotwright.tools.settings import Settings, make_home

if TYPE_CHECKING:
    from shotwright.tools.studio.queue import JobQueue

LOG = logging.getLogger(__name__)

IDLE_S = 900.0
"""A worker that a front started leaves after so long without work, so that the device is free."""
START_S = 60.0
"""How long a front waits for the heartbeat of a worker that it started."""
FILMS = 32
"""Films at once: each only waits for its renders most of the time."""
RUNS_ALREADY = 3
"""Exit status of a worker that finds another of its name at work."""
POLL_S = 0.05
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
    if device is not None and not re.fullmatch(r"cpu|cuda(:\d+)?", device):
        raise BadRequest(
            f"device {device!r} is none; use cpu, cuda or cuda:N.",
            field="device",
            value=device,
            allowed="cpu, cuda, cuda:N",
            fix="leave it out to have it chosen",
        )
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
    worker = _Worker(settings, worker_id, device, idle_s)
    try:
        return worker.serve()
    finally:
        lock.release()
        if worker.unfinished:
            # A render's thread cannot be ended from outside.  Its job is back on the queue and its step leaves nothing
            # half-written, so the process ends as it may at any moment.
            logging.shutdown()
            os._exit(0)


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
        self.unfinished = False
        """Whether a workflow of ours was running when we had to stop."""

    def serve(self) -> int:
        from dbos import DBOS

        from shotwright.tools.studio import workflows
        from shotwright.tools.studio.queue import FORMAT, JsonSerializer

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
        DBOS.register_queue("light", worker_concurrency=FILMS, polling_interval_sec=POLL_S)
        LOG.info("worker %s serves on %s", self.worker_id, self.device)
        try:
            self._watch()
        finally:
            self.unfinished = bool(self.jobs.hand_back(self.worker_id))
            self.jobs.leave(self.worker_id)
            if not self.unfinished:
                DBOS.destroy(workflow_completion_timeout_sec=0)
            self.jobs.close()
        return 0

    def _watch(self) -> None:
        """Beat, replace the dead, end what nothing else ends; until told to stop or idle for long."""
        from sqlalchemy.exc import SQLAlchemyError

        from shotwright.tools.studio.queue import HEARTBEAT_S

        busy_at = time.monotonic()
        while not self.stop.wait(HEARTBEAT_S):
            try:
                self._beat("idle" if self.crew.current_job is None else "busy")
                for workflow in self.jobs.take_over(self.worker_id):
                    LOG.warning("took over %s from a dead worker", workflow)
                for job in self.jobs.sweep():
                    LOG.warning("ended %s, which nothing would have ended", job)
                if self.crew.current_job is not None or self.jobs.unfinished():
                    busy_at = time.monotonic()
                elif self.idle_s is not None and time.monotonic() - busy_at > self.idle_s:
                    # gone for the fronts first: a job that came in this moment is still seen here
                    self.jobs.leave(self.worker_id)
                    if not self.jobs.unfinished():
                        LOG.info("idle for %s s: leaving", self.idle_s)
                        return
            except SQLAlchemyError:
                LOG.exception("the database did not answer; trying again")

    def _beat(self, state: str) -> None:
        self.jobs.beat(
            self.worker_id,
            pid=os.getpid(),
            device=self.crew.device,
            state=state,
            job_id=self.crew.current_job,
        )
