"""How long renderings took on each device, and what is loaded there: kept in the job database, for every front.

Workers write, fronts read; what is made of it is `generator.throughput`'s.  Imports SQLAlchemy.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict

import sqlalchemy as sa

from shotwright.generator.throughput import Rendering, Sample
from shotwright.tools.studio.tables import HOLDINGS, TIMINGS

KEPT = 60
"""Samples of a model on a device; older ones go."""


class Timings:
    """The two tables in one database.  Calls block."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def add(self, worker_id: str, sample: Sample) -> None:
        """Keep a sample, and of its model on its device only the newest."""
        alike = sa.and_(TIMINGS.c.model == sample.model, TIMINGS.c.chip == sample.chip)
        newest = (
            sa.select(TIMINGS.c.number)
            .where(alike)
            .order_by(TIMINGS.c.number.desc())
            .offset(KEPT - 1)
            .limit(1)
        )
        with self._engine.begin() as connection:
            connection.execute(
                TIMINGS.insert().values(
                    worker_id=worker_id,
                    model=sample.model,
                    chip=sample.chip,
                    sample=json.dumps(asdict(sample)),
                )
            )
            connection.execute(
                TIMINGS.delete().where(alike, TIMINGS.c.number < newest.scalar_subquery())
            )

    def of(self, model: str, chip: str) -> list[Sample]:
        """What was timed of a model on a device, newest first."""
        query = (
            sa.select(TIMINGS.c.sample)
            .where(TIMINGS.c.model == model, TIMINGS.c.chip == chip)
            .order_by(TIMINGS.c.number.desc())
        )
        with self._engine.connect() as connection:
            return [_read(text) for text in connection.execute(query).scalars()]

    def models(self, chips: Iterable[str]) -> set[str]:
        """The names that anything was timed of on one of these devices."""
        query = sa.select(TIMINGS.c.model).where(TIMINGS.c.chip.in_(list(chips))).distinct()
        with self._engine.connect() as connection:
            return set(connection.execute(query).scalars())

    def hold(self, worker_id: str, chip: str, models: Iterable[str]) -> None:
        """Tell what is loaded on a worker's device."""
        with self._engine.begin() as connection:
            connection.execute(HOLDINGS.delete().where(HOLDINGS.c.worker_id == worker_id))
            connection.execute(
                HOLDINGS.insert().values(
                    worker_id=worker_id, chip=chip, models=json.dumps(sorted(models))
                )
            )

    def let_go(self, worker_id: str) -> None:
        """Nothing is loaded by this worker any more."""
        with self._engine.begin() as connection:
            connection.execute(HOLDINGS.delete().where(HOLDINGS.c.worker_id == worker_id))

    def held(self, worker_ids: Iterable[str]) -> dict[str, frozenset[str]]:
        """By device, the models that are loaded on it by one of these workers.

        Without such a worker, or before its first rendering: the device of the last one that was timed, nothing on it.
        """
        known = sa.select(HOLDINGS).where(HOLDINGS.c.worker_id.in_(list(worker_ids)))
        last = (
            sa.select(TIMINGS.c.chip)
            .where(TIMINGS.c.chip != "")
            .order_by(TIMINGS.c.number.desc())
            .limit(1)
        )
        found: dict[str, frozenset[str]] = {}
        with self._engine.connect() as connection:
            for row in connection.execute(known):
                found[row.chip] = found.get(row.chip, frozenset()) | set(json.loads(row.models))
            if not found and (chip := connection.execute(last).scalar()) is not None:
                found[chip] = frozenset()
        return found


def _read(text: str) -> Sample:
    facts = json.loads(text)
    return Sample(**{**facts, "rendering": Rendering(**facts["rendering"])})
