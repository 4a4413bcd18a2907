"""The tasks that were made through Kling's face: one table beside the jobs.

Which endpoint made which job, the client's own id of it, and where it wants to be called.  Imports SQLAlchemy and
DBOS; calls block.
"""

import sqlalchemy as sa

from shotwright.server.kling import refusals
from shotwright.server.kling.objects import Entry, taken
from shotwright.server.kling.refusals import KlingError
from shotwright.tools.studio.queue import JobQueue

TASKS = sa.Table(
    "shotwright_kling_tasks",
    sa.MetaData(),
    sa.Column("task_id", sa.Text, primary_key=True),
    sa.Column("path", sa.Text, nullable=False),
    sa.Column("external_task_id", sa.Text, unique=True),
    sa.Column("callback_url", sa.Text),
    sa.Column("parent", sa.Text),
    sa.Column("created_at", sa.Float, nullable=False),
    # of the callback: the state told last, failed tries since, and when to look again; null is never
    sa.Column("told", sa.Text),
    sa.Column("tries", sa.Integer, nullable=False),
    sa.Column("due_at", sa.Float, index=True),
    sa.Index("shotwright_kling_created", "path", "created_at"),
)


class Tasks:
    """The table, in the job database."""

    def __init__(self, jobs: JobQueue) -> None:
        self.jobs = jobs
        TASKS.create(jobs.engine, checkfirst=True)

    def add(self, entry: Entry) -> Entry:
        """Keep it; the one that is there already where the same call came twice.

        Raises: KlingError for an external id that names another task.
        """
        try:
            with self.jobs.engine.begin() as connection:
                connection.execute(TASKS.insert().values(**vars(entry)))
        except sa.exc.IntegrityError:
            try:
                return self.find(entry.path, entry.task_id)
            except KlingError:
                raise taken(entry.external_task_id) from None
        return entry

    def find(self, path: str, id_: str) -> Entry:
        """By task id, or else the client's own.  Raises: KlingError 1203."""
        query = (
            sa.select(TASKS)
            .where(
                TASKS.c.path == path,
                sa.or_(TASKS.c.task_id == id_, TASKS.c.external_task_id == id_),
            )
            .order_by(TASKS.c.task_id != id_)
        )
        with self.jobs.engine.connect() as connection:
            # PostgreSQL takes no NUL in a text
            row = None if "\0" in id_ else connection.execute(query).first()
        if row is None:
            raise KlingError(
                refusals.RESOURCE,
                f"{id_[:100]!r} names no task of /v1/{path}; give its task_id or external_task_id.",
            )
        return Entry(**row._mapping)

    def page(self, path: str, number: int, size: int) -> list[Entry]:
        """The `number`-th page, from 1, newest first."""
        query = (
            sa.select(TASKS)
            .where(TASKS.c.path == path)
            .order_by(TASKS.c.created_at.desc(), TASKS.c.task_id.desc())
            .offset((number - 1) * size)
            .limit(size)
        )
        with self.jobs.engine.connect() as connection:
            return [Entry(**row._mapping) for row in connection.execute(query)]

    def due(self, now: float, limit: int) -> list[Entry]:
        """Those whose callback is to be looked at."""
        query = sa.select(TASKS).where(TASKS.c.due_at <= now).order_by(TASKS.c.due_at).limit(limit)
        with self.jobs.engine.connect() as connection:
            return [Entry(**row._mapping) for row in connection.execute(query)]

    def claim(self, entry: Entry, until: float) -> bool:
        """Take a due callback, so that no other front sends it meanwhile; it is due again at `until`."""
        with self.jobs.engine.begin() as connection:
            return bool(
                connection.execute(
                    TASKS.update()
                    .where(TASKS.c.task_id == entry.task_id, TASKS.c.due_at == entry.due_at)
                    .values(due_at=until)
                ).rowcount
            )

    def settle(self, task_id: str, *, told: str | None, tries: int, due_at: float | None) -> None:
        """Write what became of a callback."""
        with self.jobs.engine.begin() as connection:
            connection.execute(
                TASKS.update()
                .where(TASKS.c.task_id == task_id)
                .values(told=told, tries=tries, due_at=due_at)
            )
