"""How far a job is: what a worker writes of one part while it works, and where it learns that it must stop."""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from shotwright.generator.errors import ShotwrightError
from shotwright.tools.studio.queue import JobQueue

LOG = logging.getLogger(__name__)

REPORT_EVERY_S = 0.1
DENOISING_SHARE = 0.9
"""Share of a segment's progress that denoising is; decoding, encoding and inspection are the rest."""


class Progress:
    """Writes one part's progress, at most ten times a second, and stops the work when the job is cancelled.

    stopped: why a job must not go on, if it must not.
    """

    def __init__(
        self,
        jobs: JobQueue,
        stopped: Callable[[str], ShotwrightError | None],
        job_id: str,
        index: int,
        parts: list[dict[str, Any]],
    ) -> None:
        self.jobs, self.stopped = jobs, stopped
        self.job_id, self.index, self.parts = job_id, index, parts
        shots = list(dict.fromkeys(part.get("shot") for part in parts))
        if shots != [None]:
            place = shots.index(parts[index]["shot"]) + 1
            self.prefix = f"shot {place} of {len(shots)}: "
        else:
            self.prefix = f"take {index + 1} of {len(parts)}: " if len(parts) > 1 else ""
        self.share, self.written = 0.0, 0.0
        self.now, self.of, self.attempt = 0, 1, 1
        self.began = time.monotonic()

    def segment(self, now: int, of: int, *, attempt: int = 1) -> None:
        """What is rendered next; attempt: above 1 where it is rendered again for its seam."""
        self.now, self.of, self.attempt = now, of, attempt
        self.began = time.monotonic()

    def say(self, phase: str) -> None:
        self._write(phase, None)

    def step(self, phase: str, step: int, steps: int) -> None:
        """The engine's callback: raises to stop within a step."""
        with harmless():
            stop = None
            stop = self.stopped(self.job_id)
        if stop is not None:
            raise stop
        piece = f"segment {self.now + 1} of {self.of}: " if self.of > 1 else ""
        if self.attempt > 1:
            piece += f"try {self.attempt}: "
        if phase == "decoding":
            self._reach((self.now + DENOISING_SHARE) / self.of)
            self._write(f"{piece}decoding", None)
            return
        self._reach((self.now + DENOISING_SHARE * step / steps) / self.of)
        eta = None
        if step:
            # from this segment's own steps: what is left of it, of the segments after it, of the parts after it
            each = (time.monotonic() - self.began) / step
            left = (steps - step) + steps * (self.of - self.now - 1)
            eta = round(each * (left + steps * self.of * (len(self.parts) - self.index - 1)), 2)
        if step in (0, steps) or time.monotonic() - self.written >= REPORT_EVERY_S:
            self._write(f"{piece}denoising {step}/{steps}", eta)

    def _reach(self, share: float) -> None:
        """Another try takes nothing back of what was told."""
        self.share = max(self.share, share)

    def done(self) -> None:
        self.share = 1.0
        self._write("stored", None)

    def _write(self, phase: str, eta: float | None) -> None:
        self.written = time.monotonic()
        with harmless():
            self.jobs.report(
                self.job_id,
                part=self.index,
                parts=len(self.parts),
                phase=self.prefix + phase,
                progress=self.share,
                eta_s=eta,
            )


@contextmanager
def harmless() -> Iterator[None]:
    """A figure that cannot be written (a database that restarts) does not cost the clip."""
    try:
        yield
    except SQLAlchemyError:
        LOG.exception("a progress or speed was not written")
