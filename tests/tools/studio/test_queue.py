"""Jobs in the database, without a worker."""

import json
import os
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from shotwright.generator.errors import BadRequest, Conflict, NotFound
from shotwright.tools.settings import from_environment
from shotwright.tools.studio.database import JsonSerializer
from shotwright.tools.studio.queue import STALE_S, UNHEARD_S, JobQueue


class Clock:
    """Time that moves when the test says so."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def jobs(tmp_path: Path, clock: Clock) -> Iterator[JobQueue]:
    queue = JobQueue(from_environment({}, home=tmp_path), clock=clock)
    yield queue
    queue.close()


def submit(jobs: JobQueue, prompt: str = "a ball", *, key: str | None = None) -> tuple[str, bool]:
    return jobs.submit(
        "generate_video",
        {"prompt": prompt, "wait_s": 1},
        {"parts": [{}]},
        workflow="render",
        queue="render",
        request_key=key,
    )


def test_a_job_is_queued_with_its_workflow_in_one_write_ahead_file(
    jobs: JobQueue, tmp_path: Path
) -> None:
    job_id, attached = submit(jobs)
    assert not attached
    assert jobs.row(job_id)["state"] == "queued"
    with sqlite3.connect(tmp_path / "shotwright.sqlite") as database:
        assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        found = database.execute(
            "SELECT status, queue_name, serialization FROM workflow_status WHERE workflow_uuid = ?",
            (job_id,),
        ).fetchone()
        inputs = database.execute("SELECT * FROM workflow_input").fetchone()
    assert found == ("ENQUEUED", "render", "shotwright_json")
    assert any(
        isinstance(column, str)
        and column.startswith("{")
        and job_id in json.dumps(json.loads(column))
        for column in inputs
    ), "workflow inputs are JSON, not pickle"


def test_equal_calls_attach_while_the_job_lives_and_start_anew_after_it(jobs: JobQueue) -> None:
    first, _ = submit(jobs)
    assert submit(jobs) == (first, True)
    assert submit(jobs, "another")[0] != first
    jobs.start(first, "w")
    jobs.end(first, "succeeded", result={})
    assert submit(jobs)[0] != first


def test_the_same_call_gets_the_result_that_its_caller_did_not_wait_for(
    jobs: JobQueue, clock: Clock
) -> None:
    first, _ = submit(jobs)
    jobs.left(first)
    jobs.left(first)
    jobs.start(first, "w")
    jobs.end(first, "succeeded", result={})
    assert submit(jobs) == (first, True)
    clock.now += UNHEARD_S / 2
    assert submit(jobs) == (first, True), "nobody has been told yet"
    jobs.heard(first)
    assert submit(jobs)[1] is False


@pytest.mark.parametrize("state", ["failed", "cancelled"])
def test_a_job_that_did_not_succeed_is_made_anew_for_a_caller_that_left(
    jobs: JobQueue, state: str
) -> None:
    first, _ = submit(jobs)
    jobs.left(first)
    jobs.start(first, "w")
    jobs.end(first, state)
    assert submit(jobs)[1] is False


def test_a_request_key_names_one_job_for_ever(jobs: JobQueue) -> None:
    first, _ = submit(jobs, key="k")
    jobs.start(first, "w")
    jobs.end(first, "succeeded", result={})
    assert submit(jobs, key="k") == (first, True)


def test_a_request_key_with_other_arguments_is_a_conflict_that_names_it(jobs: JobQueue) -> None:
    submit(jobs, key="k")
    with pytest.raises(Conflict) as refused:
        submit(jobs, "another", key="k")
    body = refused.value.body()
    assert (body["code"], body["field"], body["value"]) == (
        "request_key_conflict",
        "request_key",
        "k",
    )
    assert len(jobs.page(state=None, limit=10, cursor=None)[0]) == 1


def test_ten_clients_with_one_key_make_one_job(jobs: JobQueue) -> None:
    with ThreadPoolExecutor(10) as pool:
        made = list(pool.map(lambda _: submit(jobs, key="k"), range(10)))
    assert len({job_id for job_id, _ in made}) == 1
    assert [attached for _, attached in made].count(False) == 1


def test_equal_calls_of_many_fronts_at_once_make_one_job(tmp_path: Path) -> None:
    settings = from_environment({}, home=tmp_path)
    fronts = [JobQueue(settings) for _ in range(6)]
    with ThreadPoolExecutor(6) as pool:
        made = list(pool.map(submit, fronts))
    assert len({job_id for job_id, _ in made}) == 1
    for front in fronts:
        front.close()


def test_a_queued_job_past_its_deadline_is_ended_in_the_queue(jobs: JobQueue, clock: Clock) -> None:
    job_id, _ = jobs.submit("v", {}, {}, workflow="render", queue="render", deadline_s=5)
    assert jobs.sweep() == []
    clock.now += 6
    assert jobs.sweep() == [job_id]
    row = jobs.row(job_id)
    assert (row["state"], row["error"]["code"]) == ("failed", "deadline_exceeded")


@pytest.mark.parametrize("status", ["ERROR", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"])
def test_a_job_whose_workflow_gave_up_is_failed(
    jobs: JobQueue, tmp_path: Path, status: str
) -> None:
    job_id, _ = submit(jobs)
    jobs.start(job_id, "w")
    with sqlite3.connect(tmp_path / "shotwright.sqlite") as database:
        query = "UPDATE workflow_status SET status = ? WHERE workflow_uuid = ?"
        database.execute(query, (status, job_id))
    assert jobs.sweep() == [job_id]
    assert jobs.row(job_id)["state"] == "failed"
    assert submit(jobs)[0] != job_id, "nothing attaches to it any more"


def test_a_queued_job_is_cancelled_at_once(jobs: JobQueue) -> None:
    job_id, _ = submit(jobs)
    jobs.cancel(job_id)
    assert jobs.row(job_id)["state"] == "cancelled"
    assert not jobs.start(job_id, "w")


def test_a_running_job_is_told_to_stop(jobs: JobQueue) -> None:
    job_id, _ = submit(jobs)
    assert jobs.start(job_id, "w")
    assert jobs.asked_to_stop(job_id) is None
    jobs.cancel(job_id)
    assert jobs.asked_to_stop(job_id) == "cancelled"


@pytest.mark.parametrize("state", ["succeeded", "failed", "cancelled"])
def test_what_is_still_made_of_an_ended_job_is_told_to_stop(jobs: JobQueue, state: str) -> None:
    job_id, _ = submit(jobs)
    jobs.start(job_id, "w")
    jobs.end(job_id, state)
    assert jobs.asked_to_stop(job_id) == "cancelled", "another shot of a film that failed"


def test_a_deadline_stops_a_job_that_is_late(jobs: JobQueue, clock: Clock) -> None:
    job_id, _ = jobs.submit(
        "generate_video", {}, {}, workflow="render", queue="render", deadline_s=5
    )
    jobs.start(job_id, "w")
    assert jobs.asked_to_stop(job_id) is None
    clock.now += 6
    assert jobs.asked_to_stop(job_id) == "deadline"


def test_progress_is_the_mean_of_the_parts_and_reaches_one_only_at_the_end(jobs: JobQueue) -> None:
    job_id, _ = submit(jobs)
    jobs.start(job_id, "w")
    jobs.report(job_id, part=0, parts=2, phase="denoising 1/2", progress=0.5, eta_s=3.0)
    assert jobs.row(job_id)["progress"] == pytest.approx(0.25)
    jobs.report(job_id, part=0, parts=2, phase="stored", progress=1.0, eta_s=None)
    jobs.report(job_id, part=1, parts=2, phase="stored", progress=1.0, eta_s=None)
    assert jobs.row(job_id)["progress"] < 1
    jobs.end(job_id, "succeeded", result={"takes": []})
    row = jobs.row(job_id)
    assert (row["progress"], row["result"], row["eta_s"]) == (1.0, {"takes": []}, 0.0)


def test_an_ended_job_stays_as_it_ended(jobs: JobQueue) -> None:
    job_id, _ = submit(jobs)
    jobs.start(job_id, "w")
    jobs.end(job_id, "failed", error={"code": "x"})
    jobs.end(job_id, "succeeded", result={})
    jobs.cancel(job_id)
    assert jobs.row(job_id)["state"] == "failed"


def test_only_a_queued_job_changes_its_priority(jobs: JobQueue, tmp_path: Path) -> None:
    job_id, _ = submit(jobs)
    jobs.set_priority(job_id, 1)
    with sqlite3.connect(tmp_path / "shotwright.sqlite") as database:
        query = "SELECT priority FROM workflow_status WHERE workflow_uuid = ?"
        assert database.execute(query, (job_id,)).fetchone() == (1,)
    jobs.start(job_id, "w")
    with pytest.raises(Conflict, match="running"):
        jobs.set_priority(job_id, 9)


def test_pages_of_jobs_hold_each_job_once_newest_first(jobs: JobQueue, clock: Clock) -> None:
    made = []
    for number in range(5):
        clock.now += 1
        made.append(submit(jobs, f"prompt {number}")[0])
    seen: list[str] = []
    cursor = None
    while True:
        rows, cursor = jobs.page(state=None, limit=2, cursor=cursor)
        seen += [row["job_id"] for row in rows]
        if cursor is None:
            break
    assert seen == made[::-1]


@pytest.mark.parametrize("cursor", ["", "x", "1:2:3x"])
def test_a_cursor_that_is_none_is_refused_or_harmless(jobs: JobQueue, cursor: str) -> None:
    if cursor == "1:2:3x":
        assert jobs.page(state=None, limit=2, cursor=cursor) == ([], None)
        return
    with pytest.raises(BadRequest) as refused:
        jobs.page(state=None, limit=2, cursor=cursor)
    assert refused.value.field == "cursor"


def test_an_unknown_job_is_named(jobs: JobQueue) -> None:
    with pytest.raises(NotFound) as refused:
        jobs.row("job_nothing")
    assert (refused.value.field, refused.value.value) == ("job_id", "job_nothing")


def test_a_worker_without_heartbeat_is_dead_and_its_workflow_goes_back_to_its_queue(
    jobs: JobQueue, clock: Clock, tmp_path: Path
) -> None:
    job_id, _ = submit(jobs)
    jobs.beat("gone", pid=1, device="cpu", state="busy", job_id=job_id)
    with sqlite3.connect(tmp_path / "shotwright.sqlite") as database:
        database.execute(
            "UPDATE workflow_status SET status = 'PENDING', executor_id = 'gone' "
            "WHERE workflow_uuid = ?",
            (job_id,),
        )
    jobs.beat("gone", pid=os.getpid(), device="cpu", state="busy", job_id=job_id)
    assert jobs.take_over("here") == []
    clock.now += STALE_S + 1
    jobs.beat("here", pid=os.getpid(), device="cpu", state="idle", job_id=None)
    assert [w["state"] for w in jobs.workers()] == ["dead", "idle"]
    assert jobs.take_over("here") == [job_id]
    assert [w["worker_id"] for w in jobs.workers()] == ["here"]
    with sqlite3.connect(tmp_path / "shotwright.sqlite") as database:
        query = "SELECT status, queue_name FROM workflow_status WHERE workflow_uuid = ?"
        assert database.execute(query, (job_id,)).fetchone() == ("ENQUEUED", "render")


@pytest.mark.parametrize(("killed", "attempts"), [(True, 3), (False, 2)])
def test_a_worker_that_is_told_to_stop_counts_for_no_attempt_of_its_jobs(
    jobs: JobQueue, tmp_path: Path, killed: bool, attempts: int
) -> None:
    job_id, _ = submit(jobs)
    with sqlite3.connect(tmp_path / "shotwright.sqlite") as database:
        database.execute(
            "UPDATE workflow_status SET status = 'PENDING', executor_id = 'w', "
            "recovery_attempts = 3 WHERE workflow_uuid = ?",
            (job_id,),
        )
    assert (jobs.take_over("other") if killed else jobs.hand_back("w")) == [job_id]
    with sqlite3.connect(tmp_path / "shotwright.sqlite") as database:
        query = "SELECT status, recovery_attempts FROM workflow_status WHERE workflow_uuid = ?"
        assert database.execute(query, (job_id,)).fetchone() == ("ENQUEUED", attempts)


@pytest.mark.parametrize(("status", "attempts"), [("PENDING", 0), ("ENQUEUED", 3)])
def test_a_job_that_comes_on_counts_its_attempts_anew(
    jobs: JobQueue, tmp_path: Path, status: str, attempts: int
) -> None:
    """What was taken from its worker in the meantime is another worker's to count."""
    job_id, _ = submit(jobs)
    other, _ = submit(jobs, "another")
    query = "SELECT recovery_attempts FROM workflow_status WHERE workflow_uuid = ?"
    with sqlite3.connect(tmp_path / "shotwright.sqlite") as database:
        database.execute("UPDATE workflow_status SET recovery_attempts = 3, status = ?", (status,))
    jobs.came_on(job_id, f"{job_id}.0")
    with sqlite3.connect(tmp_path / "shotwright.sqlite") as database:
        assert database.execute(query, (job_id,)).fetchone() == (attempts,)
        assert database.execute(query, (other,)).fetchone() == (3,)


def test_a_workflow_that_its_living_worker_lost_goes_back_to_its_queue(
    jobs: JobQueue, tmp_path: Path
) -> None:
    """At the second look: at the first it may just have begun, or be about to end."""
    lost, _ = submit(jobs)
    kept, _ = submit(jobs, "another")
    with sqlite3.connect(tmp_path / "shotwright.sqlite") as database:
        database.execute("UPDATE workflow_status SET status = 'PENDING', executor_id = 'w'")
    jobs.beat("w", pid=os.getpid(), device="cpu", state="busy", job_id=kept)
    jobs.at_work.add(kept)
    assert [jobs.take_over("w"), jobs.take_over("w"), jobs.take_over("w")] == [[], [lost], []]


def test_data_in_the_database_is_json_and_errors_come_back_as_errors() -> None:
    serializer = JsonSerializer()
    assert serializer.deserialize(serializer.serialize({"a": [1, None]})) == {"a": [1, None]}
    error = serializer.deserialize(serializer.serialize(ValueError("no")))
    assert isinstance(error, RuntimeError)
    assert "ValueError: no" in str(error)
