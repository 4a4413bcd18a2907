"""The job database, opened: SQLite in a file of the home, or PostgreSQL; its tables are made where there are none.

Imports SQLAlchemy and DBOS.
"""

import json
import time
from typing import Any

import sqlalchemy as sa
from dbos import DBOS, Serializer
from filelock import FileLock
from sqlalchemy import event
from sqlalchemy.schema import CreateIndex

from shotwright.tools.settings import Settings, make_home
from shotwright.tools.studio.tables import HOLDINGS, JOBS, METADATA


class JsonSerializer(Serializer):
    """DBOS data as JSON: nothing in the database is executable."""

    def serialize(self, data: Any) -> str:
        if isinstance(data, BaseException):
            data = {"$error": f"{type(data).__name__}: {data}"}
        return json.dumps(data)

    def deserialize(self, serialized_data: str) -> Any:
        data = json.loads(serialized_data)
        if isinstance(data, dict) and set(data) == {"$error"}:
            return RuntimeError(data["$error"])
        return data

    def name(self) -> str:
        return "shotwright_json"


def open_database(settings: Settings) -> sa.Engine:
    """An engine on the job database, which has its tables; SQLite in WAL mode with immediate transactions."""
    engine = _engine(settings)
    there = sa.inspect(engine)
    # of a database that an older version made, one or the other is lacking
    if not (there.has_index(JOBS.name, "shotwright_jobs_state") and there.has_table(HOLDINGS.name)):
        _create_tables(settings, engine)
    return engine


def _engine(settings: Settings) -> sa.Engine:
    if not settings.embedded:
        url = sa.make_url(settings.database_url).set(drivername="postgresql+psycopg")
        return sa.create_engine(url, pool_pre_ping=True)
    make_home(settings)
    engine = sa.create_engine(settings.database_url, connect_args={"check_same_thread": False})

    @event.listens_for(engine, "connect")
    def _connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = "IMMEDIATE"
        connection.execute("PRAGMA busy_timeout=30000")
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute("PRAGMA foreign_keys=ON")

    return engine


def _create_tables(settings: Settings, engine: sa.Engine) -> None:
    """DBOS's tables, then ours; of several processes on a fresh database, one at a time."""
    if settings.embedded:
        with FileLock(settings.home / "database.lock"):
            _migrate(settings, engine)
        return
    # DBOS builds indexes concurrently, which waits for every open transaction: so the lock is tried, not waited for
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        while not connection.execute(sa.text("SELECT pg_try_advisory_lock(7274)")).scalar():
            time.sleep(0.1)
        try:
            _migrate(settings, engine)
        finally:
            connection.execute(sa.text("SELECT pg_advisory_unlock(7274)"))


def _migrate(settings: Settings, engine: sa.Engine) -> None:
    DBOS.migrate(settings.database_url)
    METADATA.create_all(engine)
    with engine.begin() as connection:
        for index in JOBS.indexes:  # of a database older than the index
            connection.execute(CreateIndex(index, if_not_exists=True))
