"""The worker's hands, where no model is needed."""

import os
import time
from collections.abc import Iterator

import pytest

from shotwright.tools.settings import Settings
from shotwright.tools.studio.assets import KEEP_DAYS
from shotwright.tools.studio.crew import Crew
from shotwright.tools.studio.queue import JobQueue


@pytest.fixture
def crew(settings: Settings) -> Iterator[Crew]:
    jobs = JobQueue(settings)
    yield Crew(settings, jobs, worker_id="w", device="cpu")
    jobs.close()


def test_an_idle_worker_rids_the_store_of_old_segments_once_a_day(crew: Crew) -> None:
    def segment(content: bytes, days: float) -> str:
        blob = crew.store.put_bytes(content, "mkv")
        path, dated = crew.store.local_path(blob.key), time.time() - days * 86400
        assert path is not None
        os.utime(path, (dated, dated))
        return str(path)

    old, fresh = segment(b"old", KEEP_DAYS + 1), segment(b"fresh", KEEP_DAYS - 1)
    crew.give_back()
    until = time.monotonic() + 30
    while os.path.exists(old):
        assert time.monotonic() < until
        time.sleep(0.01)
    assert os.path.exists(fresh)
    older = segment(b"later", KEEP_DAYS + 1)
    crew.give_back()
    time.sleep(0.1)
    assert os.path.exists(older), "it is looked through once a day, not each second"
