"""The job database on PostgreSQL: the same code, a real server that the test starts on loopback."""

import os
import pwd
import shutil
import socket
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa

from shotwright.generator.errors import Conflict
from shotwright.tools.settings import Settings, from_environment
from shotwright.tools.studio.queue import JobQueue

BINARIES = sorted(Path("/usr/lib/postgresql").glob("*/bin"))

pytestmark = [
    pytest.mark.skipif(not BINARIES, reason="PostgreSQL's server is not installed"),
    pytest.mark.timeout(120),
]


def as_server(command: list[str]) -> list[str]:
    """PostgreSQL refuses to run as root: as root, run as its own user."""
    return ["runuser", "-u", "postgres", "--", *command] if os.geteuid() == 0 else command


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    # its socket path is limited to 107 bytes and its folder must be reachable by its user
    folder = Path("/tmp") / f"shotwright-pg-{os.getpid()}"
    folder.mkdir(mode=0o755)
    if os.geteuid() == 0:
        user = pwd.getpwnam("postgres")
        os.chown(folder, user.pw_uid, user.pw_gid)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    data = folder / "data"
    binary = BINARIES[-1]

    def run(*command: str) -> None:
        # not through pipes: the server would keep them open
        quiet = subprocess.DEVNULL
        subprocess.run(as_server([*command]), check=True, stdout=quiet, stderr=quiet, cwd="/")

    run(f"{binary}/initdb", "-D", str(data), "-A", "trust", "-U", "shotwright", "-N")
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -F"
    control = [f"{binary}/pg_ctl", "-D", str(data), "-w"]
    run(*control, "-o", options, "-l", str(folder / "log"), "start")
    try:
        yield f"postgresql://shotwright@127.0.0.1:{port}/postgres"
    finally:
        run(*control, "-m", "immediate", "stop")
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def settings(url: str, tmp_path: Path) -> Settings:
    return from_environment({"SHOTWRIGHT_DATABASE_URL": url}, home=tmp_path)


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
        queue.clock = lambda: 0.0
    queue.beat("gone", pid=1, device="cpu", state="busy", job_id=job_id)
    queue.clock = lambda: 1e9
    assert queue.take_over("here") == [job_id]
    queue.end(job_id, "succeeded", result={})
    assert queue.page(state="succeeded", limit=5, cursor=None)[0][0]["job_id"] == job_id
    queue.close()
