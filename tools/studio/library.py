"""What has been made, listed and searched fast: one indexed table beside the jobs, drawn from the store's records.

The records stay the truth.  The table follows them by their names and dates before it is read, so nothing that writes a
take has to know of it, an old data directory fills it by itself, and dropping it loses nothing.
Imports SQLAlchemy.  Try: python -m pytest tests/tools/studio/test_library.py
"""

import json
import logging
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.schema import CreateIndex, CreateTable

from shotwright.generator.errors import BadRequest, NotFound, ShotwrightError
from shotwright.tools.studio.assets import Store

LOG = logging.getLogger(__name__)

Kind = Literal["clip", "picture", "shot", "film"]
KINDS: tuple[Kind, ...] = ("clip", "picture", "shot", "film")
"""A clip asked for by itself, a picture, a take of a film's shot, a film."""

BATCH = 200
AT_ONCE = 400
"""So many new records are read before an answer; the rest while others are answered (an old directory of thousands)."""
SETTLED_S = 2.0
"""A folder changed less long ago may change again without a new date."""
BUCKET_S = 10.0
"""A bucket is listed again after so long: it has no date of its own."""
MAX_WORDS = 20_000
"""Characters of a record that are searched."""

ENTRIES = sa.Table(
    "shotwright_library",
    sa.MetaData(),
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("moment", sa.Text, nullable=False),
    sa.Column("dated", sa.Text, nullable=False),
    sa.Column("words", sa.Text, nullable=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("model", sa.Text, nullable=False),
    sa.Column("seed", sa.BigInteger),
    sa.Column("width", sa.Integer, nullable=False),
    sa.Column("height", sa.Integer, nullable=False),
    sa.Column("duration_s", sa.Float, nullable=False),
    sa.Column("warnings", sa.Integer, nullable=False),
    sa.Column("poster", sa.Boolean, nullable=False),
    sa.Index("shotwright_library_moment", "moment"),
    sa.Index("shotwright_library_kind", "kind", "moment"),
)
_SHOWN = [c for c in ENTRIES.c if c.name not in ("words", "dated", "moment")]


@dataclass(frozen=True)
class Entry:
    """One take or film as a list shows it; warnings: how many there are; poster: whether it has one."""

    id: str
    kind: Kind
    title: str
    model: str
    seed: int | None
    width: int
    height: int
    duration_s: float
    warnings: int
    poster: bool


class Library:
    """The table of one store in one database.  Calls block; safe in threads."""

    def __init__(self, store: Store, engine: sa.Engine) -> None:
        self._store, self._engine = store, engine
        self._lock = threading.Lock()
        self._listed: dict[str, tuple[float | None, float]] = {}
        self._had: dict[str, dict[str, str]] = {}
        self._rest: threading.Thread | None = None
        with engine.begin() as connection:
            connection.execute(CreateTable(ENTRIES, if_not_exists=True))
            for index in ENTRIES.indexes:
                connection.execute(CreateIndex(index, if_not_exists=True))

    def page(
        self,
        *,
        limit: int,
        cursor: str | None = None,
        query: str | None = None,
        kinds: Iterable[Kind] = KINDS,
        model: str | None = None,
    ) -> tuple[list[Entry], str | None]:
        """At most `limit` entries, newest first, and the cursor of the next page, None after the last.

        query: words that all stand in the record (prompt, request, slate, id); case does not count.
        Raises: BadRequest for a limit below 1 or a cursor that is none.
        """
        self.follow()
        chosen = self._where(query, kinds, model)
        if limit < 1:
            raise BadRequest(
                f"A page holds at least 1 entry, not {limit}.",
                fix="Ask for 1 or more.",
                field="limit",
                value=limit,
                allowed="1 or more",
            )
        if cursor is not None:
            prefix, _, moment = cursor.partition("_")
            if prefix not in ("take", "film") or not moment:
                raise BadRequest(
                    f"{cursor[:80]!r} is not a cursor of this list.",
                    fix="Give the cursor of the last answer, or none for the first page.",
                    field="cursor",
                    value=cursor[:80],
                    allowed="the cursor of an earlier answer",
                )
            chosen = [*chosen, ENTRIES.c.moment < _plain(moment)]
        found = sa.select(*_SHOWN).where(*chosen).order_by(ENTRIES.c.moment.desc())
        with self._engine.connect() as connection:
            rows = connection.execute(found.limit(limit + 1)).all()
        entries = [Entry(**row._mapping) for row in rows[:limit]]
        return entries, entries[-1].id if len(rows) > limit else None

    def entry(self, id: str) -> Entry | None:
        """One entry, as far as the table has followed."""
        with self._engine.connect() as connection:
            row = connection.execute(sa.select(*_SHOWN).where(ENTRIES.c.id == _plain(id))).first()
        return None if row is None else Entry(**row._mapping)

    def count(
        self,
        *,
        query: str | None = None,
        kinds: Iterable[Kind] = KINDS,
        model: str | None = None,
    ) -> int:
        """How many there are, as far as the table has followed."""
        found = sa.select(sa.func.count()).select_from(ENTRIES)
        with self._engine.connect() as connection:
            return int(
                connection.execute(found.where(*self._where(query, kinds, model))).scalar_one()
            )

    def models(self) -> list[str]:
        """The models whose work is there."""
        with self._engine.connect() as connection:
            found = (
                sa.select(ENTRIES.c.model)
                .where(ENTRIES.c.model != "")
                .distinct()
                .order_by(ENTRIES.c.model)
            )
            return [str(name) for name in connection.execute(found).scalars()]

    def _where(
        self, query: str | None, kinds: Iterable[Kind], model: str | None
    ) -> list[sa.ColumnElement[bool]]:
        chosen = [
            ENTRIES.c.words.contains(word, autoescape=True)
            for word in _plain(query or "").lower().split()
        ]
        wanted = sorted(set(kinds))
        if set(wanted) != set(KINDS):
            chosen.append(ENTRIES.c.kind.in_(wanted))
        if model:
            chosen.append(ENTRIES.c.model == _plain(model))
        return chosen

    # Following the store

    def follow(self) -> None:
        """Take in what came, changed or went since the last look; of very much, the newest now."""
        with self._lock:
            if self._rest is not None and self._rest.is_alive():
                return
            fresh = [
                (kind, id, dated)
                for kind in ("films", "takes")
                for id, dated in self._changes(kind)
            ]
            fresh.sort(key=lambda new: _moment(new[1]), reverse=True)
            self._read(fresh[:AT_ONCE])
            if fresh[AT_ONCE:]:
                self._rest = threading.Thread(
                    target=self._read, args=(fresh[AT_ONCE:],), daemon=True
                )
                self._rest.start()

    def settled(self) -> bool:
        """Whether everything that was found is in the table."""
        return self._rest is None or not self._rest.is_alive()

    def settle(self) -> None:
        """Wait until it is."""
        if self._rest is not None:
            self._rest.join()

    def _changes(self, kind: str) -> list[tuple[str, str]]:
        """(id, date) of records that the table has not as they are; those that went are forgotten here."""
        now, changed = time.time(), self._store.changed_at(kind)
        seen, at = self._listed.get(kind, (None, 0.0))
        if (changed is not None and seen == changed) or (changed is None and now - at < BUCKET_S):
            return []
        dates = self._dates(kind)
        known = self._known(kind)
        gone = sorted(known.keys() - dates.keys())
        with self._engine.begin() as connection:
            for batch in _batches(gone):
                connection.execute(ENTRIES.delete().where(ENTRIES.c.id.in_(batch)))
        for id in gone:
            del known[id]
        still = changed is not None and now - changed > SETTLED_S
        self._listed[kind] = (changed if still else None, now)
        return [(id, dated) for id, dated in dates.items() if known.get(id) != dated]

    def _dates(self, kind: str) -> dict[str, str]:
        """The records that there are; only films are written anew under their name, so takes need no date."""
        if kind == "films":
            return self._store.dated_records(kind)
        return dict.fromkeys(self._store.list_records(kind), "")

    def _known(self, kind: str) -> dict[str, str]:
        """What the table has of this kind, id and date; read once, then kept."""
        if kind not in self._had:
            stored = sa.select(ENTRIES.c.id, ENTRIES.c.dated).where(
                ENTRIES.c.id.startswith(f"{kind[:-1]}_")
            )
            with self._engine.connect() as connection:
                self._had[kind] = {row.id: row.dated for row in connection.execute(stored)}
        return self._had[kind]

    def _read(self, fresh: list[tuple[str, str, str]]) -> None:
        for batch in _batches(fresh):
            rows = [row for row in (self._row(*new) for new in batch) if row is not None]
            try:
                with self._engine.begin() as connection:
                    connection.execute(
                        ENTRIES.delete().where(ENTRIES.c.id.in_([row["id"] for row in rows]))
                    )
                    if rows:
                        connection.execute(ENTRIES.insert(), rows)
            except sa.exc.IntegrityError:
                LOG.info("another process has just read the same records")
            except sa.exc.SQLAlchemyError:
                self._had.clear()
                self._listed.clear()  # the next look finds these again
                raise
            for kind, id, dated in batch:
                self._had[kind][id] = dated

    def _row(self, kind: str, id: str, dated: str) -> dict[str, Any] | None:
        try:
            record = self._store.read_record(kind, id)
        except NotFound:  # deleted since it was listed
            return None
        except ShotwrightError as error:
            LOG.warning("%s is left out of the library: %s", id, error)
            record = {}
        facts = _film(record) if kind == "films" else _take(record)
        words = json.dumps(facts.pop("searched"), ensure_ascii=False)
        return {
            "id": id,
            "moment": _moment(id),
            "dated": dated,
            "words": _plain(f"{id} {words}".lower()[:MAX_WORDS]),
            "model": str(record.get("model") or ""),
            "width": int(record.get("width") or 0),
            "height": int(record.get("height") or 0),
            "duration_s": float(record.get("duration_s") or 0.0),
            "warnings": len(record.get("warnings") or ()),
            "poster": bool((record.get("blobs") or {}).get("poster")),
            **facts,
        }


def _take(record: dict[str, Any]) -> dict[str, Any]:
    asked = record.get("request") or {}
    kind = "picture" if record.get("frames") == 1 else "clip"
    told = ("model", "prompt", "request", "words", "verb", "seed", "film_id", "parents")
    title = asked.get("prompt") or record.get("prompt") or ""
    return {
        "kind": "shot" if record.get("film_id") else kind,
        "title": _plain(str(title)[:300]),
        "seed": record.get("seed"),
        "searched": {name: record.get(name) for name in told},
    }


def _film(record: dict[str, Any]) -> dict[str, Any]:
    plan = record.get("plan") or {}
    shots = [[shot.get("action"), shot.get("source")] for shot in plan.get("shots") or ()]
    return {
        "kind": "film",
        "title": _plain(str(plan.get("title") or "film")[:300]),
        "seed": None,
        "searched": [record.get("model"), plan.get("title"), plan.get("style"), shots],
    }


def _moment(id: str) -> str:
    return id.partition("_")[2]


def _plain(text: str) -> str:
    """Text that every database takes: no half of a surrogate pair, no NUL."""
    return text.encode("utf-8", "replace").decode("utf-8").replace("\0", "")


def _batches(items: list[Any]) -> Iterable[list[Any]]:
    return (items[at : at + BATCH] for at in range(0, len(items), BATCH))
