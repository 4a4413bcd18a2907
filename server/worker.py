"""The worker: one process a device that executes jobs.

Importing this module is light; `run` loads DBOS, and the first render loads torch.
"""

import logging
import os
import re
import signal
import socket
import sys
import threading
import time
from pathlib import Path

from filelock import FileLock, Timeout

from shotwright.generator.errors import BadRequest
from shotwright.tools.settings import Settings, make_home
from shotwright.tools.studio.hiring import RUNS_ALREADY

LOG = logging.getLogger(__name__)

FILMS = 32
"""Films at once: each only waits for its renders most of the time."""
POLL_S = 0.05
"""How often the queues are looked at; a look costs about a millisecond on SQLite."""

GIVE_BACK_S = 300.0
"""Idle for so long, a worker that stays lets go of its models: the device is free for others."""


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
    device = ("cuda:0" if has_gpu() else "cpu") if device is None else named(device)
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


def named(device: str) -> str:
    """The device of that name.  Raises: BadRequest for one that this machine does not have.

    Who names a GPU means it, and does not want the CPU in its place: so torch is asked, which takes seconds to load.
    """
    if device == "cpu":
        return device
    allowed, trouble = ["cpu", "cuda", "cuda:N"], ""
    if re.fullmatch(r"cuda(:\d+)?", device):
        from shotwright.generator.pipelines import devices, gpu_trouble

        allowed, trouble = devices(), gpu_trouble()
        found = "cuda:0" if device == "cuda" else device
        if found in allowed:
            return found
    raise BadRequest(
        f"device {device!r} is none of this machine{trouble and f' ({trouble})'}; use {' or '.join(allowed)}.",
        field="device",
        value=device,
        allowed=allowed,
        fix="leave it out to have it chosen; `shotwright doctor` shows what torch sees",
    )


def has_gpu() -> bool:
    """Whether a driver for an NVIDIA GPU is loaded, without importing torch."""
    return Path("/proc/driver/nvidia/version").exists() or Path("/dev/nvidia0").exists()


def memory_of(device: str) -> tuple[int, int]:
    """Bytes used and in all: of the GPU once torch is loaded; of this process and the machine elsewhere."""
    if device.startswith("cuda") and "torch" in sys.modules:
        import torch

        free, total = torch.cuda.mem_get_info(device)
        return total - free, total
    import psutil  # type: ignore[import-untyped]

    return psutil.Process().memory_info().rss, psutil.virtual_memory().total


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
        from shotwright.tools.studio.database import JsonSerializer
        from shotwright.tools.studio.queue import FORMAT

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
                self.jobs.note_memory(self.worker_id, *memory_of(self.crew.device))
                for workflow in self.jobs.take_over(self.worker_id):
                    LOG.warning("took over %s from a dead worker", workflow)
                for job in self.jobs.sweep():
                    LOG.warning("ended %s, which nothing would have ended", job)
                if self.crew.current_job is not None or self.jobs.unfinished():
                    busy_at = time.monotonic()
                if time.monotonic() - busy_at > GIVE_BACK_S:
                    self.crew.give_back()
                if self.idle_s is not None and time.monotonic() - busy_at > self.idle_s:
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
