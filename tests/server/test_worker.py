"""Worker processes: starting exactly one, dying, going on where they were, handing over.

Real subprocesses on the embedded model: a process is what is tested here.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import anyio
import pytest
import sqlalchemy as sa

from shotwright.generator.errors import BadRequest
from shotwright.server.worker import named
from shotwright.tools import verbs
from shotwright.tools.settings import Settings, from_environment
from shotwright.tools.studio import hiring
from shotwright.tools.studio.queue import JobQueue
from shotwright.tools.studio.studio import Studio

pytestmark = pytest.mark.timeout(240)

Hire = Callable[[str], BaseProcess]
SMALL: dict[str, Any] = {"size": "64x64", "frames": 9, "quality": "draft", "seed": 1}
SHOTS = ("a red ball rests in the hills", "a blue car rests in the city", "a white boat rests")
THREE: dict[str, Any] = {
    "title": "Three",
    "aspect_ratio": "1:1",
    "shots": [{"action": action, "duration_s": 1.125} for action in SHOTS],
}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return from_environment({}, home=tmp_path / "home")


@pytest.fixture
def jobs(settings: Settings) -> Iterator[JobQueue]:
    queue = JobQueue(settings)
    yield queue
    queue.close()


@pytest.fixture
def hire(settings: Settings, employ: Any) -> Iterator[Hire]:
    """Start a worker of a name as its own process; all are ended with the test."""
    hired: list[BaseProcess] = []

    def start(name: str) -> BaseProcess:
        hired.append(employ(settings, name))
        return hired[-1]

    yield start
    for process in hired:
        process.kill()
        process.join()


def call(settings: Settings, verb: str, **arguments: Any) -> dict[str, Any]:
    studio = Studio(settings)
    try:
        return anyio.run(verbs.call, studio, verb, arguments).data
    finally:
        studio.close()


def until(condition: Callable[[], bool], *, seconds: float = 120) -> None:
    """Look until something is so, for a bounded time."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come to be"
        time.sleep(0.02)


def rendering(jobs: JobQueue, film: dict[str, Any], shot: int) -> bool:
    """Whether a film's worker is at this shot of three; one that moves its camera has two renderings."""
    phase = str(jobs.row(film["job_id"])["phase"])
    return phase.startswith(f"shot {shot} of 3: ") and "denoising" in phase


def test_a_worker_killed_in_the_second_shot_goes_on_there_when_restarted(
    settings: Settings, jobs: JobQueue, hire: Hire
) -> None:
    film = call(settings, "make_film", plan=THREE, quality="draft", seed=1, wait_s=0)
    first = hire("cpu")
    # the second is rendered while the first is finished
    until(lambda: rendering(jobs, film, 2))
    until(lambda: jobs.part_ended(f"{film['job_id']}.0"))
    first.kill()
    first.join()
    store = call_store(settings)
    stamps = {take: store.read_record("takes", take) for take in store.list_records("takes")}
    assert len(stamps) in (1, 2), "the first shot's take is there, no other is half there"
    assert jobs.row(film["job_id"])["state"] == "running"
    query = sa.text("SELECT recovery_attempts FROM workflow_status WHERE workflow_uuid = :id")
    with jobs.engine.connect() as connection:
        assert connection.execute(query, {"id": film["job_id"]}).scalar() == 0, "it came on"

    hire("cpu")
    until(lambda: jobs.row(film["job_id"])["state"] not in ("queued", "running"))
    row = jobs.row(film["job_id"])
    assert row["state"] == "succeeded", row["error"]
    assert len(row["result"]["takes"]) == 3
    again = {take: store.read_record("takes", take) for take in stamps}
    assert again == stamps, "not rendered again"
    assert row["result"]["takes"][0]["take_id"] in stamps


def test_the_job_of_a_worker_that_never_comes_back_goes_to_another(
    settings: Settings, jobs: JobQueue, hire: Hire
) -> None:
    job = call(settings, "generate_video", prompt="red ball", wait_s=0, **SMALL)
    first = hire("one")
    until(lambda: "denoising" in jobs.row(job["job_id"])["phase"])
    first.kill()
    first.join()
    hire("two")
    until(lambda: jobs.row(job["job_id"])["state"] not in ("queued", "running"))
    row = jobs.row(job["job_id"])
    assert row["state"] == "succeeded", row["error"]
    assert row["worker_id"] == "two"
    assert [w["worker_id"] for w in jobs.workers()] == ["two"]


def test_a_running_job_is_cancelled_within_a_denoising_step(
    settings: Settings, jobs: JobQueue, hire: Hire
) -> None:
    job = call(settings, "generate_video", prompt="red ball", quality="high", frames=33, wait_s=0)
    hire("cpu")
    until(lambda: "denoising" in jobs.row(job["job_id"])["phase"])
    call(settings, "cancel_job", job_id=job["job_id"])
    until(lambda: jobs.row(job["job_id"])["state"] == "cancelled")
    assert jobs.row(job["job_id"])["error"]["code"] == "cancelled"
    assert call_store(settings).list_records("takes") == []
    # the same worker renders the next job
    after = call(settings, "generate_video", prompt="red ball", wait_s=0, **SMALL)
    until(lambda: jobs.row(after["job_id"])["state"] not in ("queued", "running"))
    assert jobs.row(after["job_id"])["state"] == "succeeded", jobs.row(after["job_id"])["error"]


def test_a_worker_told_to_stop_hands_its_job_back(
    settings: Settings, jobs: JobQueue, hire: Hire
) -> None:
    film = call(settings, "make_film", plan=THREE, quality="high", seed=1, wait_s=0)
    first = hire("cpu")
    until(lambda: rendering(jobs, film, 1))
    first.terminate()
    first.join(60)
    assert first.exitcode == 0
    assert jobs.workers() == []
    assert jobs.row(film["job_id"])["state"] == "running"

    hire("another")
    until(lambda: rendering(jobs, film, 1))
    # its two other shots still wait in the queue, and the film ends all the same
    call(settings, "cancel_job", job_id=film["job_id"])
    until(lambda: jobs.row(film["job_id"])["state"] == "cancelled")
    assert call_store(settings).list_records("takes") == []


def test_a_job_is_rendered_while_the_one_before_is_finished_and_both_outlive_a_kill(
    settings: Settings, jobs: JobQueue, hire: Hire
) -> None:
    asked = [
        call(settings, "generate_video", prompt=words, wait_s=0, **SMALL)
        for words in ("red ball", "blue car", "white boat")
    ]
    before, after, last = (job["job_id"] for job in asked)
    first = hire("cpu")

    seen: list[dict[str, Any]] = []

    def beside() -> bool:
        # the last first: it may begin after the others are looked at, and not before
        seen[:] = [jobs.row(job_id) for job_id in (last, before, after)]
        finished = seen[1]["phase"] in ("inspecting", "encoding", "storing", "stored")
        return finished and "denoising" in str(seen[2]["phase"])

    until(beside)
    assert seen[0]["state"] == "queued", "one is rendered at a time"
    first.kill()
    first.join()
    hire("cpu")
    ended = ("succeeded", "failed", "cancelled")
    until(lambda: all(jobs.row(job["job_id"])["state"] in ended for job in asked))
    assert [jobs.row(job["job_id"])["state"] for job in asked] == ["succeeded"] * 3
    assert len(call_store(settings).list_records("takes")) == 3


def test_fronts_that_start_at_once_start_one_worker(settings: Settings, jobs: JobQueue) -> None:
    def front(_: int) -> None:
        own = JobQueue(settings)
        hiring.launch(settings, own)
        own.close()

    try:
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(front, range(4)))
        alive = [w for w in jobs.workers() if w["state"] != "dead"]
        assert len(alive) == 1
        log = (settings.home / "worker.log").read_text(encoding="utf-8")
        assert log.count("serves on") <= 1
        assert "runs already" not in log
    finally:
        for found in jobs.workers():
            os.kill(found["pid"], signal.SIGTERM)
    until(lambda: not jobs.workers())


def test_a_second_worker_of_the_same_name_leaves(
    settings: Settings, jobs: JobQueue, hire: Hire
) -> None:
    hire("cpu")
    until(lambda: bool(jobs.workers()))
    command = [sys.executable, "-m", "shotwright.server.main", "worker", "--name", "cpu"]
    environment = {**os.environ, **settings.environment()}
    assert (
        subprocess.run([*command, "--device", "cpu"], env=environment, timeout=120).returncode == 3
    )


def test_the_shots_of_a_film_are_rendered_by_two_workers_and_a_chain_by_one(
    settings: Settings, jobs: JobQueue, hire: Hire
) -> None:
    hire("one")
    hire("two")
    # serving, both: else the first could be done with everything before the other begins
    until(lambda: [worker["state"] for worker in jobs.workers()] == ["idle", "idle"])
    shots = [
        {"id": "A", "action": "a red ball rests in the hills", "duration_s": 1.125},
        {"id": "B", "action": "a blue car rests at sea", "duration_s": 1.125},
        {
            "id": "C",
            "action": "the red ball rests",
            "duration_s": 1.125,
            "continuity": {"mode": "first_frame_from_previous_last", "from_shot": "A"},
        },
    ]
    plan = {"title": "Two", "aspect_ratio": "1:1", "shots": shots}
    job_id = call(settings, "make_film", plan=plan, quality="draft", seed=1, wait_s=0)["job_id"]
    until(lambda: jobs.row(job_id)["state"] not in ("queued", "running"), seconds=200)
    row = jobs.row(job_id)
    assert row["state"] == "succeeded", row["error"]
    query = sa.text("SELECT executor_id FROM workflow_status WHERE workflow_uuid LIKE :chains")
    with jobs.engine.connect() as connection:
        done_by = connection.execute(query, {"chains": f"{job_id}.%"}).scalars().all()
    # A with C after it, and B
    assert sorted(done_by) == ["one", "two"]
    for take, colour in zip(row["result"]["takes"], ("red", "blue", "red"), strict=True):
        assert colour in take["prompt"], "in the film's order"
    assert row["result"]["duration_s"] == pytest.approx(3 * 1.125, abs=0.3)


@pytest.mark.parametrize("device", ["tpu", "cuda:99", "cuda:", "cuda:one", "CPU", ""])
def test_a_device_that_is_not_there_is_named(device: str) -> None:
    with pytest.raises(BadRequest) as wrong:
        named(device)
    assert wrong.value.field == "device" and "cpu" in wrong.value.allowed
    assert named("cpu") == "cpu"


def call_store(settings: Settings) -> Any:
    return Studio(settings).store
