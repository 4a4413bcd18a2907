"""The job database on PostgreSQL: the same code, a real server that the test starts on loopback."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import anyio
import pytest
import sqlalchemy as sa

from shotwright.generator.errors import BadRequest, Conflict
from shotwright.tools import verbs
from shotwright.tools.settings import Settings, from_environment
from shotwright.tools.studio.queue import JobQueue
from shotwright.tools.studio.studio import Studio
from shotwright.tools.studio.tables import WORKERS

pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def settings(postgres: str, tmp_path: Path) -> Settings:
    return from_environment({"SHOTWRIGHT_DATABASE_URL": postgres}, home=tmp_path)


def test_fronts_that_meet_an_empty_database_create_it_once(settings: Settings) -> None:
    with ThreadPoolExecutor(4) as pool:
        queues = list(pool.map(lambda _: JobQueue(settings), range(4)))
    for queue in queues:
        assert sa.inspect(queue.engine).has_table("shotwright_jobs")
        queue.close()


def test_jobs_attach_conflict_wait_and_go_back_as_on_sqlite(settings: Settings) -> None:
    queue = JobQueue(settings)

    def submit(number: int) -> tuple[str, bool]:
        return queue.submit(
            "v", {"a": number}, {"parts": [{}]}, workflow="render", queue="render", request_key="k"
        )

    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(submit, [1] * 8))
    job_id = made[0][0]
    assert {found for found, _ in made} == {job_id}
    with pytest.raises(Conflict):
        submit(2)
    queue.set_priority(job_id, 1)
    assert queue.start(job_id, "gone")
    queue.report(job_id, part=0, parts=1, phase="denoising 1/2", progress=0.5, eta_s=1.0)
    assert queue.row(job_id)["progress"] == 0.5
    with queue.engine.begin() as connection:
        connection.execute(
            sa.text(
                "UPDATE dbos.workflow_status SET status = 'PENDING', executor_id = 'gone' "
                "WHERE workflow_uuid = :id"
            ),
            {"id": job_id},
        )
    queue.beat("gone", pid=1, device="cpu", state="busy", job_id=job_id)
    queue.clock = lambda: 1e12
    assert queue.take_over("here") == [], "a machine whose clock is wrong takes nobody for dead"
    with queue.engine.begin() as connection:
        connection.execute(WORKERS.update().values(heartbeat_at=WORKERS.c.heartbeat_at - 60))
    assert queue.take_over("here") == [job_id]
    queue.clock = time.time
    queue.end(job_id, "succeeded", result={})
    assert queue.page(state="succeeded", limit=5, cursor=None)[0][0]["job_id"] == job_id
    queue.close()


def test_a_nul_which_postgresql_does_not_take_is_refused_or_sought_in_vain(
    settings: Settings,
) -> None:
    studio = Studio(settings)
    for verb, named in (
        ("get_job", {"job_id": "job_\0"}),
        ("generate_video", {"prompt": "a ball", "request_key": "\0"}),
    ):
        with pytest.raises(BadRequest, match="NUL"):
            anyio.run(verbs.call, studio, verb, named)
    assert studio.library.page(limit=1, query="\0", model="\0") == ([], None)
    studio.close()
