"""Jobs: what was asked, how far it is, what came out.  One table beside DBOS's own, in the same database.

DBOS keeps the workflows durable; this table is what fronts read.  A job's row and its workflow are written in one
transaction, so neither is ever there without the other.  Knows nothing of pictures.
Imports SQLAlchemy and DBOS (0.7 s): load it at the first verb that needs a job.
"""

import json
import os
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from functools import cached_property
from typing import Any

import sqlalchemy as sa
from dbos import DBOSClient

from shotwright.generator.errors import BadRequest, Busy, Conflict, NotFound
from shotwright.tools.settings import Settings
from shotwright.tools.studio.database import JsonSerializer, open_database
from shotwright.tools.studio.endings import abandoned, cancelled, overtaken
from shotwright.tools.studio.slates import request_digest
from shotwright.tools.studio.tables import HOLDINGS, JOBS, MEMORY, PARTS, UNHEARD, WORKERS
from shotwright.tools.studio.timings import Timings
from shotwright.tools.studio.wire import ENDED

FORMAT = "2"
"""Version of the workflows: a worker goes on only with workflows of its own version."""
FACTS = [column for column in JOBS.c if column.name != "plan"]
"""What fronts read of a job; the plan can be large and is the worker's."""
MAX_WAITING = 1000
"""Jobs that may wait at once; one more is refused."""
UNHEARD_S = 3600.0
"""How long the result of a job whose caller left waits for the same call to come again."""
HEARTBEAT_S = 1.0
STALE_S = 10.0
"""A worker that has not written its heartbeat for so long is taken for dead."""


class JobQueue:
    """The job database, as fronts and workers use it.  Calls block; async callers put them in a thread."""

    def __init__(self, settings: Settings, *, clock: Callable[[], float] = time.time) -> None:
        self.settings, self.clock = settings, clock
        self.engine = open_database(settings)
        self.at_work: set[str] = set()
        """Workflows that run in this process."""
        self._idle: set[str] = set()

    @cached_property
    def timings(self) -> Timings:
        return Timings(self.engine)

    @cached_property
    def client(self) -> DBOSClient:
        return DBOSClient(system_database_engine=self.engine, serializer=JsonSerializer())

    def close(self) -> None:
        if "client" in self.__dict__:
            self.client.destroy()
        self.engine.dispose()

    # What fronts do

    def find(self, verb: str, arguments: dict[str, Any], request_key: str | None) -> str | None:
        """The job that the same call already made, if any: by key for ever, by arguments while it is alive, and for
        `UNHEARD_S` after it succeeded where its caller left before and nobody has been told since.

        Raises Conflict for a key used with other arguments.
        """
        with self.engine.connect() as connection:
            return self._find(connection, _digest(verb, arguments), request_key)

    def _find(self, connection: sa.Connection, digest: str, request_key: str | None) -> str | None:
        if request_key is None:
            alive = sa.select(JOBS.c.job_id).where(
                JOBS.c.digest == digest,
                JOBS.c.state.in_(("queued", "running")),
                JOBS.c.cancel.is_(False),
            )
            unheard = (
                sa.select(JOBS.c.job_id)
                .join(UNHEARD, UNHEARD.c.job_id == JOBS.c.job_id)
                .where(
                    JOBS.c.digest == digest,
                    JOBS.c.state == "succeeded",
                    JOBS.c.ended_at > self.clock() - UNHEARD_S,
                )
                .limit(1)
            )
            found = connection.execute(alive).scalar() or connection.execute(unheard).scalar()
            return None if found is None else str(found)
        row = connection.execute(
            sa.select(JOBS.c.job_id, JOBS.c.digest).where(JOBS.c.request_key == request_key)
        ).first()
        if row is None:
            return None
        if row.digest != digest:
            raise Conflict(
                f"request_key {request_key!r} was used with other arguments, by job {row.job_id}; "
                "use a new key for a new request.",
                code="request_key_conflict",
                field="request_key",
                value=request_key,
                fix="use a new request_key, or repeat the first call exactly",
            )
        return str(row.job_id)

    def submit(
        self,
        verb: str,
        arguments: dict[str, Any],
        plan: dict[str, Any],
        *,
        workflow: str,
        queue: str,
        priority: int = 5,
        deadline_s: float | None = None,
        request_key: str | None = None,
    ) -> tuple[str, bool]:
        """Enqueue a job, or find the one that the same call made: (job_id, attached).

        Raises Conflict (key), Busy (queue full).
        """
        digest, now = _digest(verb, arguments), self.clock()
        # made before the write lock is held: it wants a connection, and those who wait for the lock may have them all
        client = self.client
        try:
            with self.engine.begin() as connection:
                self._alone(connection, digest)
                found = self._find(connection, digest, request_key)
                if found is not None:
                    return found, True
                self._check_room(connection)
                job_id = f"job_{uuid.uuid4().hex[:20]}"
                connection.execute(
                    JOBS.insert().values(
                        job_id=job_id,
                        verb=verb,
                        arguments=json.dumps(arguments),
                        digest=digest,
                        request_key=request_key,
                        plan=json.dumps(plan),
                        priority=priority,
                        state="queued",
                        phase="queued",
                        progress=0.0,
                        cancel=False,
                        deadline_at=None if deadline_s is None else now + deadline_s,
                        created_at=now,
                    )
                )
                client.enqueue_in_transaction(
                    connection,
                    {
                        "queue_name": queue,
                        "workflow_name": workflow,
                        "workflow_id": job_id,
                        "priority": priority,
                        "app_version": FORMAT,
                    },
                    job_id,
                )
                return job_id, False
        except sa.exc.IntegrityError:
            # another front wrote the same key between our look and our insert (PostgreSQL)
            found = self.find(verb, arguments, request_key)
            if found is None:
                raise
            return found, True

    def _alone(self, connection: sa.Connection, digest: str) -> None:
        """From here to the transaction's end no other front looks for, or makes, this job."""
        if self.settings.embedded:
            # sqlite3 takes the write lock at the first statement that writes, were it nothing
            connection.execute(JOBS.delete().where(sa.false()))
        else:
            lock = sa.text("SELECT pg_advisory_xact_lock(hashtext(:digest))")
            connection.execute(lock, {"digest": digest})

    def _check_room(self, connection: sa.Connection) -> None:
        waiting = connection.execute(
            sa.select(sa.func.count()).select_from(JOBS).where(JOBS.c.state == "queued")
        ).scalar_one()
        if waiting >= MAX_WAITING:
            raise Busy(
                f"{waiting} jobs wait already, which is the limit; try again when some are done.",
                field="queue",
                value=waiting,
                allowed=MAX_WAITING,
                fix="wait, or cancel jobs that are not needed",
            )

    def left(self, job_id: str) -> None:
        """Its caller has gone without an answer: the same call asked again is meant for this job."""
        with suppress(sa.exc.IntegrityError), self.engine.begin() as connection:  # known already
            connection.execute(UNHEARD.insert().values(job_id=job_id))

    def heard(self, job_id: str) -> None:
        """Somebody is told how it ended."""
        known = sa.select(UNHEARD.c.job_id).where(UNHEARD.c.job_id == job_id)
        with self.engine.connect() as connection:
            if connection.execute(known).first() is None:
                return
        with self.engine.begin() as connection:
            connection.execute(UNHEARD.delete().where(UNHEARD.c.job_id == job_id))

    def row(self, job_id: str) -> dict[str, Any]:
        """The job's row without its plan, JSON parsed: it is looked at again and again.  Raises NotFound."""
        return self._read(job_id, FACTS)

    def plan(self, job_id: str) -> dict[str, Any]:
        """What the job is to do.  Raises NotFound."""
        plan: dict[str, Any] = self._read(job_id, [JOBS.c.plan])["plan"]
        return plan

    def replan(self, job_id: str, plan: dict[str, Any]) -> None:
        """Let the job do this instead; none of its parts has begun."""
        with self.engine.begin() as connection:
            connection.execute(
                JOBS.update().where(JOBS.c.job_id == job_id).values(plan=json.dumps(plan))
            )

    def _read(self, job_id: str, columns: list[sa.Column[Any]]) -> dict[str, Any]:
        with self.engine.connect() as connection:
            row = connection.execute(sa.select(*columns).where(JOBS.c.job_id == job_id)).first()
        if row is None:
            raise NotFound(
                f"job_id {job_id!r} names no job; list_jobs shows those that there are.",
                field="job_id",
                value=job_id,
                allowed="a job_id that list_jobs shows",
                fix="call list_jobs",
            )
        return _parsed(row)

    def page(
        self, *, state: str | None, limit: int, cursor: str | None
    ) -> tuple[list[dict[str, Any]], str | None]:
        """Rows newest first, without plans, and the cursor of the next page."""
        query = sa.select(*FACTS).order_by(JOBS.c.created_at.desc(), JOBS.c.job_id.desc())
        if state is not None:
            query = query.where(JOBS.c.state == state)
        if cursor is not None:
            created, _, job_id = cursor.partition(":")
            try:
                before = float(created)
            except ValueError:
                raise BadRequest(
                    f"cursor {cursor!r} is not one of list_jobs; start without one.",
                    field="cursor",
                    value=cursor,
                    fix="leave the cursor out",
                ) from None
            query = query.where(
                sa.tuple_(JOBS.c.created_at, JOBS.c.job_id) < sa.tuple_(before, job_id)
            )
        with self.engine.connect() as connection:
            rows = [_parsed(row) for row in connection.execute(query.limit(limit + 1))]
        if len(rows) <= limit:
            return rows, None
        last = rows[limit - 1]
        return rows[:limit], f"{last['created_at']!r}:{last['job_id']}"

    def live(self) -> list[dict[str, Any]]:
        """Where each job stands that is queued or runs, in the order in which they will be served."""
        names = ("job_id", "state", "phase", "progress", "eta_s", "priority")
        query = (
            sa.select(*(JOBS.c[name] for name in names))
            .where(JOBS.c.state.in_(("queued", "running")))
            .order_by(JOBS.c.state.desc(), JOBS.c.priority, JOBS.c.created_at)
        )
        with self.engine.connect() as connection:
            return [dict(row._mapping) for row in connection.execute(query)]

    def moments(self) -> dict[str, tuple[str, str, float]]:
        """State, phase and progress of each job that lives or ended in the last minute, to see what changed."""
        fresh = sa.or_(JOBS.c.state.in_(("queued", "running")), JOBS.c.ended_at > self.clock() - 60)
        query = sa.select(JOBS.c.job_id, JOBS.c.state, JOBS.c.phase, JOBS.c.progress).where(fresh)
        with self.engine.connect() as connection:
            return {
                row.job_id: (row.state, row.phase, row.progress)
                for row in connection.execute(query)
            }

    def cancel(self, job_id: str) -> None:
        """Cancel: at once when queued, within a denoising step when running; nothing happens to an ended job."""
        self.row(job_id)
        now = self.clock()
        with self.engine.begin() as connection:
            dropped = connection.execute(
                JOBS.update()
                .where(JOBS.c.job_id == job_id, JOBS.c.state == "queued")
                .values(
                    cancel=True,
                    state="cancelled",
                    phase="cancelled",
                    ended_at=now,
                    error=json.dumps(cancelled(job_id).body()),
                )
            ).rowcount
            connection.execute(
                JOBS.update()
                .where(JOBS.c.job_id == job_id, JOBS.c.state == "running")
                .values(cancel=True, phase="cancelling")
            )
        if dropped:
            self.client.cancel_workflow(job_id)

    def set_priority(self, job_id: str, priority: int) -> None:
        """Move a queued job.  Raises Conflict for one that runs or has ended."""
        state = self.row(job_id)["state"]
        with self.engine.begin() as connection:
            changed = connection.execute(
                JOBS.update()
                .where(JOBS.c.job_id == job_id, JOBS.c.state == "queued")
                .values(priority=priority)
            ).rowcount
            if changed:
                connection.execute(
                    sa.text(
                        f"UPDATE {self._table('workflow_status')} SET priority = :p "
                        "WHERE workflow_uuid = :id"
                    ),
                    {"p": priority, "id": job_id},
                )
        if not changed:
            raise Conflict(
                f"job {job_id} is {state}; only a queued job can change its place.",
                field="job_id",
                value=job_id,
                allowed="queued",
                fix="let it run, or cancel it",
            )

    # What workers do

    def start(self, job_id: str, worker_id: str) -> bool:
        """Mark as running; False when the job has ended or is to be cancelled before it began."""
        with self.engine.begin() as connection:
            connection.execute(
                JOBS.update()
                .where(JOBS.c.job_id == job_id, JOBS.c.state == "queued")
                .values(state="running", phase="starting", started_at=self.clock())
            )
            return bool(
                connection.execute(
                    JOBS.update()
                    .where(JOBS.c.job_id == job_id, JOBS.c.state == "running")
                    .values(worker_id=worker_id)
                ).rowcount
            )

    def report(
        self,
        job_id: str,
        *,
        part: int,
        parts: int,
        phase: str,
        progress: float,
        eta_s: float | None,
    ) -> None:
        """Write how far one of the job's parts is (0 to 1); the job's progress is their mean."""
        with self.engine.begin() as connection:
            changed = connection.execute(
                PARTS.update()
                .where(PARTS.c.job_id == job_id, PARTS.c.part == part)
                .values(progress=progress)
            ).rowcount
            if not changed:
                connection.execute(
                    PARTS.insert().values(job_id=job_id, part=part, progress=progress)
                )
            done = connection.execute(
                sa.select(sa.func.sum(PARTS.c.progress)).where(PARTS.c.job_id == job_id)
            ).scalar_one()
            connection.execute(
                JOBS.update()
                .where(JOBS.c.job_id == job_id, JOBS.c.state == "running", JOBS.c.cancel.is_(False))
                .values(phase=phase, progress=min(0.999, float(done) / parts), eta_s=eta_s)
            )

    def asked_to_stop(self, job_id: str) -> str | None:
        """ "cancelled" or "deadline" when the job must not go on.

        What is still made of a job that has ended (a film of which another shot failed) is no longer wanted either.
        """
        query = sa.select(JOBS.c.cancel, JOBS.c.state, JOBS.c.deadline_at)
        with self.engine.connect() as connection:
            row = connection.execute(query.where(JOBS.c.job_id == job_id)).one()
        if row.cancel or row.state in ENDED:
            return "cancelled"
        if row.deadline_at is not None and self.clock() > row.deadline_at:
            return "deadline"
        return None

    def end(
        self,
        job_id: str,
        state: str,
        *,
        result: dict[str, Any] | None = None,
        error: dict[str, Any] | None = None,
    ) -> None:
        """Write the end; an ended job stays as it ended."""
        values: dict[str, Any] = {
            "state": state,
            "phase": state,
            "eta_s": None,
            "ended_at": self.clock(),
            "result": None if result is None else json.dumps(result),
            "error": None if error is None else json.dumps(error),
        }
        if state == "succeeded":
            values.update(progress=1.0, eta_s=0.0)
        with self.engine.begin() as connection:
            connection.execute(
                JOBS.update()
                .where(JOBS.c.job_id == job_id, JOBS.c.state.not_in(ENDED))
                .values(values)
            )
            connection.execute(PARTS.delete().where(PARTS.c.job_id == job_id))

    def beat(
        self, worker_id: str, *, pid: int, device: str, state: str, job_id: str | None
    ) -> None:
        """Write the worker's heartbeat."""
        values = {
            "pid": pid,
            "device": device,
            "state": state,
            "heartbeat_at": self._moment(),
            "job_id": job_id,
        }
        with self.engine.begin() as connection:
            changed = connection.execute(
                WORKERS.update().where(WORKERS.c.worker_id == worker_id).values(values)
            ).rowcount
            if not changed:
                connection.execute(WORKERS.insert().values(worker_id=worker_id, **values))

    def note_memory(self, worker_id: str, used_bytes: int, total_bytes: int) -> None:
        """Keep how full the worker's device is."""
        with self.engine.begin() as connection:
            connection.execute(MEMORY.delete().where(MEMORY.c.worker_id == worker_id))
            connection.execute(
                MEMORY.insert().values(
                    worker_id=worker_id, used_bytes=used_bytes, total_bytes=total_bytes
                )
            )

    def memory(self) -> dict[str, tuple[int, int]]:
        """Bytes used and in all of each worker's device."""
        with self.engine.connect() as connection:
            rows = connection.execute(sa.select(MEMORY)).all()
        return {row.worker_id: (row.used_bytes, row.total_bytes) for row in rows}

    def leave(self, worker_id: str) -> None:
        """Forget a worker that ends in good order."""
        with self.engine.begin() as connection:
            for table in (MEMORY, HOLDINGS, WORKERS):
                connection.execute(table.delete().where(table.c.worker_id == worker_id))

    def workers(self) -> list[dict[str, Any]]:
        """All workers; one whose heartbeat is stale has the state dead."""
        with self.engine.connect() as connection:
            now = float(connection.execute(sa.select(self._moment())).scalar_one())
            rows = connection.execute(sa.select(WORKERS).order_by(WORKERS.c.worker_id)).all()
        found = []
        for row in rows:
            age = max(0.0, now - row.heartbeat_at)
            alive = age < STALE_S and (not self.settings.embedded or _runs(row.pid))
            found.append(
                {
                    "worker_id": row.worker_id,
                    "pid": row.pid,
                    "device": row.device,
                    "state": row.state if alive else "dead",
                    "heartbeat_age_s": round(age, 3),
                    "job_id": row.job_id,
                }
            )
        return found

    def _moment(self) -> sa.ColumnElement[Any]:
        """Now, in seconds, of the one clock that heartbeats are written and read by: several machines' differ."""
        if self.settings.embedded:
            return sa.literal(self.clock())
        return sa.extract("epoch", sa.func.clock_timestamp())

    def take_over(self, worker_id: str) -> list[str]:
        """Put the unfinished workflows of dead and forgotten workers back on their queues, and the caller's own that
        it has lost; the workflows' ids.

        worker_id: the caller's own, which is never taken for dead.  Finished steps are not run again.
        """
        found = self.workers()
        live = [w["worker_id"] for w in found if w["state"] != "dead"]
        moved = self._requeue("executor_id NOT IN :names", [worker_id, *live])
        for worker in found:
            if worker["state"] == "dead" and worker["worker_id"] != worker_id:
                self.leave(worker["worker_id"])
        return moved + self._take_up(worker_id)

    def _take_up(self, worker_id: str) -> list[str]:
        """Put back what counts as running here and does not.

        DBOS lets go of a workflow whose end it could not write: the disk was full, or the database away.  Only what
        was so at the last look too: a workflow may just begin or end.
        """
        query = sa.text(
            f"SELECT workflow_uuid FROM {self._table('workflow_status')} "
            "WHERE status = 'PENDING' AND executor_id = :worker"
        )
        with self.engine.connect() as connection:
            ours = set(connection.execute(query, {"worker": worker_id}).scalars())
        idle = ours - self.at_work
        lost, self._idle = idle & self._idle, idle - self._idle
        return self._requeue("workflow_uuid IN :names", sorted(lost)) if lost else []

    def hand_back(self, worker_id: str) -> list[str]:
        """Put a worker's own unfinished workflows back on their queues, when it must stop.

        They had no part in that: it does not count among the attempts after which they are given up.
        """
        uncounted = ", recovery_attempts = recovery_attempts - 1"
        return self._requeue("executor_id IN :names", [worker_id], also=uncounted)

    def came_on(self, *workflow_ids: str) -> None:
        """A step of theirs is done: they begin to count their attempts anew, so that a long film outlives a bad night.

        Written where the step ran, for a worker that dies may be followed by itself as well as by another.
        """
        change = sa.text(
            f"UPDATE {self._table('workflow_status')} SET recovery_attempts = 0 "
            "WHERE workflow_uuid IN :ids AND status = 'PENDING' AND recovery_attempts > 0"
        ).bindparams(sa.bindparam("ids", expanding=True))
        with self.engine.begin() as connection:
            connection.execute(change, {"ids": list(workflow_ids)})

    def _requeue(self, whose: str, names: list[str], *, also: str = "") -> list[str]:
        """Only what is still pending for those executors: two workers that see one death move a workflow once.

        also: what else is set; DBOS counts attempts, so that a job that kills its worker each time ends.
        """
        table = self._table("workflow_status")
        with self.engine.begin() as connection:
            query = sa.text(
                f"SELECT workflow_uuid FROM {table} WHERE status = 'PENDING' AND {whose}"
            ).bindparams(sa.bindparam("names", expanding=True))
            ids = [str(id_) for id_ in connection.execute(query, {"names": names}).scalars()]
            change = sa.text(
                f"UPDATE {table} SET status = 'ENQUEUED', owner_xid = NULL, started_at_epoch_ms = NULL{also} "
                f"WHERE workflow_uuid = :id AND status = 'PENDING' AND {whose}"
            ).bindparams(sa.bindparam("names", expanding=True))
            return [
                id_
                for id_ in ids
                if connection.execute(change, {"id": id_, "names": names}).rowcount
            ]

    def _table(self, name: str) -> str:
        """One of DBOS's tables, in its schema."""
        return name if self.settings.embedded else f"dbos.{name}"

    def sweep(self) -> list[str]:
        """End the jobs that nothing will end any more: late in the queue, or their workflow gave up; their ids."""
        late = sa.select(JOBS.c.job_id).where(
            JOBS.c.state == "queued", JOBS.c.deadline_at < self.clock()
        )
        given_up = sa.text(
            f"SELECT j.job_id FROM shotwright_jobs j JOIN {self._table('workflow_status')} w "
            "ON w.workflow_uuid = j.job_id WHERE j.state IN ('queued', 'running') AND w.status IN "
            "('ERROR', 'CANCELLED', 'MAX_RECOVERY_ATTEMPTS_EXCEEDED')"
        )
        with self.engine.connect() as connection:
            overdue = [str(id_) for id_ in connection.execute(late).scalars()]
            lost = [str(id_) for id_ in connection.execute(given_up).scalars()]
        for job_id in overdue:
            self.client.cancel_workflow(job_id)
            self.end(job_id, "failed", error=overtaken(job_id).body())
        for job_id in lost:
            asked = self.asked_to_stop(job_id) == "cancelled"
            error = cancelled(job_id) if asked else abandoned(job_id)
            self.end(job_id, "cancelled" if asked else "failed", error=error.body())
        return [*overdue, *lost]

    def part_ended(self, workflow_id: str) -> bool:
        """Whether a film's part has come to an end, of whatever kind; read without leaving a trace in DBOS."""
        query = sa.text(
            f"SELECT status FROM {self._table('workflow_status')} WHERE workflow_uuid = :id"
        )
        with self.engine.connect() as connection:
            status = connection.execute(query, {"id": workflow_id}).scalar()
        return status not in (None, "PENDING", "ENQUEUED", "DELAYED")

    def drop_parts(self, job_id: str) -> None:
        """Take the parts of a film that have not begun off their queue."""
        query = sa.text(
            f"SELECT workflow_uuid FROM {self._table('workflow_status')} "
            "WHERE workflow_uuid LIKE :pattern AND status = 'ENQUEUED'"
        )
        with self.engine.connect() as connection:
            waiting = connection.execute(query, {"pattern": f"{job_id}.%"}).scalars().all()
        for workflow_id in waiting:
            self.client.cancel_workflow(str(workflow_id))

    def unfinished(self) -> bool:
        """Whether any job is queued or runs."""
        with self.engine.connect() as connection:
            found = sa.select(JOBS.c.job_id).where(JOBS.c.state.in_(("queued", "running"))).limit(1)
            return connection.execute(found).first() is not None


def _runs(pid: int) -> bool:
    """Whether a process of this machine is there."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _digest(verb: str, arguments: dict[str, Any]) -> str:
    """What makes two calls the same: everything but how long they wait."""
    ignored = ("wait_s", "request_key")
    return request_digest(
        {"verb": verb, "arguments": {k: v for k, v in arguments.items() if k not in ignored}}
    )


def _parsed(row: sa.Row[Any]) -> dict[str, Any]:
    data = dict(row._mapping)
    for name in ("arguments", "plan", "result", "error"):
        if data.get(name) is not None:
            data[name] = json.loads(data[name])
    return data
