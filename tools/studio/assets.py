"""The store of assets: files named by their content, and the JSON records that make them visible.

Knows no pixels and no jobs.  A blob lies at `blobs/ab/<sha256>.<suffix>`, a record at
`<kind>/<id>.json` (kinds takes, films, uploads, trash).  Blobs are written first and the record
last, each in one step, so a take is there whole or not at all.  Records are the only index:
nothing has to be rebuilt.

A folder is written through a draft, fsync and rename.  A bucket (`s3://bucket/prefix`, by s3fs)
shows an object only when its upload has ended.  All calls block: on an event loop, use a thread.
Try: python -m pytest tests/tools/studio/test_assets.py

ShotwrightError
  + StoreFault                  the folder or bucket failed (full disk, no access)
"""

import hashlib
import json
import os
import re
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from shotwright.generator.errors import BadRequest, NotFound, ShotwrightError

KINDS = {"takes": "take", "films": "film", "uploads": "upload"}
"""The kinds of record and the prefix of their ids; `trash` holds deleted ones of any kind."""

KEEP_DAYS = 7
"""How long a deleted record, or a blob that no record names, is kept."""

_ID = re.compile(r"(take|film|upload)_[0-9a-z]{1,64}")
_KEY = re.compile(r"blobs/[0-9a-f]{2}/[0-9a-f]{64}\.[0-9a-z]{1,8}")
_DIGITS = "0123456789abcdefghjkmnpqrstvwxyz"  # in the order of ASCII, so that ids sort by time
_CHUNK = 1 << 20


class StoreFault(ShotwrightError):
    """The folder or bucket failed; nothing is half-written, and the call may be repeated."""

    retryable = True


@dataclass(frozen=True)
class Blob:
    """A stored file: its SHA-256 in hex, its key in the store, its size in bytes."""

    digest: str
    key: str
    size: int


def new_id(prefix: str) -> str:
    """A new id: 11 digits of time (microseconds), then 10 of chance; later ids sort later."""
    moment = time.time_ns() // 1000
    return f"{prefix}_{_base32(moment, 11)}{_base32(secrets.randbits(50), 10)}"


class Store:
    """A folder (a path or file:// URL) or a bucket (s3://bucket/prefix) of blobs and records.

    cache: a folder for what was fetched from a bucket.
    Raises: StoreFault when the folder or bucket fails; BadRequest for a URL of another kind.
    """

    def __init__(self, url: str, *, cache: Path) -> None:
        self.url = url
        self._cache = cache
        scheme = urlsplit(url).scheme if "://" in url else "file"
        if scheme not in ("file", "s3"):
            raise BadRequest(
                f"{scheme}:// is not a store.",
                fix="Set SHOTWRIGHT_STORE to a folder, file:///folder or s3://bucket/prefix.",
                field="SHOTWRIGHT_STORE",
                value=url,
                allowed=["a folder", "file://", "s3://"],
            )
        self._fault_types: tuple[type[Exception], ...] = (OSError,)
        self._folder: Path | None = None
        if scheme == "file":
            plain = unquote(urlsplit(url).path) if "://" in url else url
            self._folder = Path(plain).expanduser().absolute()
        self._root = str(self._folder) if self._folder else url.removeprefix("s3://").rstrip("/")

    # --- blobs

    def put(self, path: Path, suffix: str) -> Blob:
        """Keep the file at `path`, which stays where it is, under its content."""
        with self._faults("keep a file"):
            if self._folder is None:
                size = path.stat().st_size
                with path.open("rb") as source:
                    digest = hashlib.file_digest(source, "sha256").hexdigest()
                key = _key(digest, suffix)
                # Even where it is: a fresh date keeps purge() away from it.
                self._fs.put_file(str(path), self._at(key))
                return Blob(digest, key, size)
            with self._draft() as draft:
                digest = _copy(path, draft)
                size = draft.stat().st_size
                key = _key(digest, suffix)
                self._land(draft, key)
            return Blob(digest, key, size)

    def put_bytes(self, data: bytes, suffix: str) -> Blob:
        """Keep `data` under its content."""
        digest = hashlib.sha256(data).hexdigest()
        key = _key(digest, suffix)
        with self._faults("keep a file"):
            self._write(key, data)
        return Blob(digest, key, len(data))

    def fetch(self, key: str) -> Path:
        """A local file with the content of `key`; from a bucket it is downloaded once.

        Raises: NotFound when the store has no such blob.
        """
        local = self.local_path(key)
        if local is not None:
            if not local.is_file():
                raise _no_blob(key)
            return local
        cached = self._cache / key
        with self._faults("fetch a file", key):
            if cached.is_file():
                os.utime(cached)
                return cached
            cached.parent.mkdir(parents=True, exist_ok=True)
            draft = cached.with_name(f".{cached.name}.{secrets.token_hex(4)}")
            try:
                self._fs.get_file(self._at(key), str(draft))
                os.replace(draft, cached)
            finally:
                draft.unlink(missing_ok=True)
        return cached

    def open_range(self, key: str, start: int, end: int) -> bytes:
        """The bytes of `key` from `start` up to, not including, `end`; fewer at the file's end.

        Raises: NotFound when the store has no such blob.
        """
        with self._faults("read a file", key):
            return bytes(self._fs.cat_file(self._at(_checked_key(key)), start=start, end=end))

    def size(self, key: str) -> int:
        """The size of `key` in bytes.

        Raises: NotFound when the store has no such blob.
        """
        with self._faults("read a file", key):
            return int(self._fs.info(self._at(_checked_key(key)))["size"])

    def local_path(self, key: str) -> Path | None:
        """Where the blob lies on this machine's disk; None when the store is a bucket."""
        _checked_key(key)
        return self._folder / key if self._folder else None

    # --- records

    def write_record(self, kind: str, id: str, data: dict[str, Any]) -> None:
        """Make `data`, a JSON object, the record of `id`: what it names must be stored before."""
        name = _record(kind, id)
        text = json.dumps(data, ensure_ascii=False, allow_nan=False, indent=1)
        with self._faults("write a record"):
            self._write(name, text.encode("utf-8", "surrogatepass"))

    def read_record(self, kind: str, id: str) -> dict[str, Any]:
        """The record of `id`.

        Raises: NotFound, which says so when it lies in the trash.
        """
        data = self._read(_record(kind, id))
        if data is None:
            raise self._missing(kind, id)
        return data

    def list_records(self, kind: str) -> list[str]:
        """The ids of all records of this kind, newest first; reads no record."""
        if kind not in KINDS and kind != "trash":
            raise _unknown_kind(kind)
        with self._faults("list records"):
            if self._folder:
                try:
                    names = os.listdir(self._folder / kind)
                except FileNotFoundError:
                    return []
            else:
                names = [found.rsplit("/", 1)[-1] for found in self._fs.find(self._at(kind))]
        ids = (name.removesuffix(".json") for name in names if name.endswith(".json"))
        return sorted((id for id in ids if _ID.fullmatch(id)), key=_moment, reverse=True)

    def dated_records(self, kind: str) -> dict[str, str]:
        """The ids of all records of this kind, each with when it was last written; reads no record."""
        with self._faults("list records"):
            if self._folder:
                try:
                    with os.scandir(self._folder / kind) as entries:
                        dated = [(entry.name, str(entry.stat().st_mtime_ns)) for entry in entries]
                except FileNotFoundError:
                    return {}
            else:
                found = self._fs.find(self._at(kind), detail=True).items()
                dated = [
                    (name.rsplit("/", 1)[-1], str(info["LastModified"])) for name, info in found
                ]
        ids = ((name.removesuffix(".json"), date) for name, date in dated)
        return {id: date for id, date in ids if _ID.fullmatch(id)}

    def changed_at(self, kind: str) -> float | None:
        """When a record of this kind last came, changed or went; None where the store cannot tell (a bucket)."""
        if self._folder is None:
            return None
        try:
            return (self._folder / kind).stat().st_mtime
        except OSError:
            return 0.0

    def delete(self, kind: str, id: str, now: datetime | None = None) -> dict[str, Any]:
        """Move the record of `id` to the trash and return it as it lies there.

        It is `{kind, deleted_at, record}`; `restore` undoes it until `purge`.
        Raises: NotFound when there is no such record.
        """
        deleted = {
            "kind": kind,
            "deleted_at": (now or datetime.now(UTC)).isoformat(),
            "record": self.read_record(kind, id),
        }
        # The trash first: a crash between the two leaves the take visible, never lost.
        self.write_record("trash", id, deleted)
        with self._faults("delete a record"):
            self._remove(_record(kind, id))
        return deleted

    def restore(self, id: str) -> dict[str, Any]:
        """Take the record of `id` out of the trash and return it.

        Raises: NotFound when it is not in the trash.
        """
        deleted = self.read_record("trash", id)
        self.write_record(deleted["kind"], id, deleted["record"])
        with self._faults("restore a record"):
            self._remove(_record("trash", id))
        record: dict[str, Any] = deleted["record"]
        return record

    def purge(self, now: datetime, keep_days: int = KEEP_DAYS) -> int:
        """Remove what was deleted, and unnamed blobs that are older, `keep_days` before `now`.

        Returns how many blobs went.  Blobs are listed before records are read and dated again
        before they go: one put meanwhile, or just now for a record still to come, stays.
        """
        limit = now - timedelta(days=keep_days)
        with self._faults("clear the trash"):
            old = [key for key, dated in self._blobs().items() if dated < limit]
            named: set[str] = set()
            # The trash on both sides: a record that is deleted or restored meanwhile is seen once.
            for kind in ("trash", *KINDS, "trash"):
                for id in self.list_records(kind):
                    text = self._text(_record(kind, id)) or ""
                    if kind == "trash" and _deleted_at(text) < limit:
                        self._remove(_record("trash", id))
                    else:
                        named.update(_KEY.findall(text))
            gone = [key for key in old if key not in named and self._modified(key) < limit]
            for key in gone:
                self._remove(key)
            self._sweep(limit)
        return len(gone)

    # --- underneath

    @cached_property
    def _fs(self) -> Any:
        """The file system of fsspec; loaded at first need, so that a front starts without it."""
        try:
            import fsspec  # type: ignore[import-untyped]

            # Other processes write too: a listing must never be remembered.
            if self._folder is None:
                options = {"use_listings_cache": False, "skip_instance_cache": True}
                bucket = fsspec.filesystem("s3", **options)
                from botocore.exceptions import BotoCoreError  # type: ignore[import-untyped]

                self._fault_types = (OSError, BotoCoreError)
                return bucket
            return fsspec.filesystem("file")
        except ImportError as error:
            raise BadRequest(
                "An s3:// store needs the package s3fs.",
                fix="Run `pip install s3fs`, or set SHOTWRIGHT_STORE to a folder.",
                field="SHOTWRIGHT_STORE",
                value=self.url,
                allowed=["a folder", "s3:// with s3fs installed"],
            ) from error

    def _at(self, name: str) -> str:
        return f"{self._root}/{name}"

    def _made(self, name: str) -> Path:
        """The path of `name` in the folder; its parent exists then."""
        path = Path(self._root, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    @contextmanager
    def _draft(self) -> Iterator[Path]:
        """A file in the store's own file system, gone at the end unless it was renamed."""
        draft = self._made(f"drafts/{secrets.token_hex(8)}")
        try:
            yield draft
        finally:
            draft.unlink(missing_ok=True)

    def _write(self, name: str, data: bytes) -> None:
        if self._folder is None:
            self._fs.pipe_file(self._at(name), data)
            return
        with self._draft() as draft:
            with draft.open("wb") as out:
                out.write(data)
                out.flush()
                os.fsync(out.fileno())
            self._land(draft, name)

    def _land(self, draft: Path, name: str) -> None:
        """Give a finished draft its name, for good; a blob that is there already is only dated."""
        target = self._made(name)
        if name.startswith("blobs/") and target.exists():
            os.utime(target)
        else:
            os.replace(draft, target)
            _sync_folder(target.parent)

    def _text(self, name: str) -> str | None:
        try:
            return bytes(self._fs.cat_file(self._at(name))).decode("utf-8", "surrogatepass")
        except FileNotFoundError:
            return None

    def _read(self, name: str) -> dict[str, Any] | None:
        with self._faults("read a record"):
            text = self._text(name)
        try:
            data = None if text is None else json.loads(text)
        except ValueError as error:
            raise StoreFault(
                f"The record {name} is damaged: {error}.",
                fix=f"Restore {name} in the store from a copy, or remove it.",
                retryable=False,
            ) from error
        return data

    def _remove(self, name: str) -> None:
        # Another process may have removed it already: that is what was wanted.
        try:
            self._fs.rm_file(self._at(name))
        except FileNotFoundError:
            return

    def _blobs(self) -> dict[str, datetime]:
        """The keys of all blobs, and when each was last put."""
        blobs = {}
        for name, info in self._fs.find(self._at("blobs"), detail=True).items():
            key = name[name.rfind("blobs/") :]
            if _KEY.fullmatch(key):
                # S3 gives a datetime, a folder seconds.
                dated = info.get("LastModified") or datetime.fromtimestamp(info["mtime"], UTC)
                blobs[key] = dated
        return blobs

    def _modified(self, key: str) -> datetime:
        try:
            moment: datetime = self._fs.modified(self._at(key))
        except FileNotFoundError:
            return datetime.max.replace(tzinfo=UTC)
        return moment

    def _sweep(self, limit: datetime) -> None:
        """Drafts that a killed process left, and what was not fetched from the cache for long."""
        for place in (Path(self._root, "drafts") if self._folder else None, self._cache / "blobs"):
            for path in place.rglob("*") if place and place.is_dir() else ():
                if path.is_file() and path.stat().st_mtime < limit.timestamp():
                    path.unlink(missing_ok=True)

    def _missing(self, kind: str, id: str) -> NotFound:
        what = id.split("_", 1)[0]
        trashed = None if kind == "trash" else self._read(_record("trash", id))
        if trashed:
            message = f"{id} was deleted on {trashed['deleted_at'][:10]}."
            fix = f"Undo it with delete_media within {KEEP_DAYS} days of that, or name another."
        else:
            message = f"There is no {what} {id}."
            fix = f"Name a {what}_id from the answer of an earlier call."
        return NotFound(message, fix=fix, field=f"{what}_id", value=id, allowed=f"a {what}_id")

    @contextmanager
    def _faults(self, doing: str, key: str | None = None) -> Iterator[None]:
        """Faults of the disk or bucket in the block become errors of ours."""
        try:
            yield
        except FileNotFoundError as error:
            if key is None:
                raise self._fault(doing, error) from error
            raise _no_blob(key) from error
        except self._fault_types as error:
            raise self._fault(doing, error) from error

    def _fault(self, doing: str, error: Exception) -> StoreFault:
        fix = (
            f"Check that there is free space and write access at {self._root}"
            if self._folder
            else f"Check the bucket's address, its credentials and access to {self.url}"
        )
        return StoreFault(f"The store could not {doing}: {error}.", fix=f"{fix}, then ask again.")


def _base32(number: int, digits: int) -> str:
    return "".join(_DIGITS[number >> 5 * place & 31] for place in reversed(range(digits)))


def _moment(id: str) -> str:
    return id.split("_", 1)[1]  # the trash holds ids of several prefixes


def _key(digest: str, suffix: str) -> str:
    return _checked_key(f"blobs/{digest[:2]}/{digest}.{suffix.lstrip('.').lower()}")


def _checked_key(key: str) -> str:
    if not _KEY.fullmatch(key):
        raise ValueError(f"not the key of a blob: {key!r}")
    return key


def _record(kind: str, id: str) -> str:
    """The name of a record in the store; an id can reach nothing else."""
    found = _ID.fullmatch(id)
    if kind not in KINDS and kind != "trash":
        raise _unknown_kind(kind)
    prefix = KINDS.get(kind, "take, film or upload")
    if not found or (kind in KINDS and found[1] != prefix):
        raise NotFound(
            f"{id[:80]!r} is not the id of a {prefix}.",
            fix=f"Ids of this kind begin with {prefix}_ and are given by an earlier call.",
            field=f"{KINDS.get(kind, 'take')}_id",
            value=id[:80],
            allowed=f"{prefix}_ and letters or digits",
        )
    return f"{kind}/{id}.json"


def _unknown_kind(kind: str) -> ValueError:
    return ValueError(f"no kind of record: {kind!r}; there are {[*KINDS, 'trash']}")


def _no_blob(key: str) -> NotFound:
    return NotFound(
        f"The store has no file {key}.",
        fix="The take it belongs to was removed for good; render or import it again.",
        value=key,
    )


def _deleted_at(text: str) -> datetime:
    """When a record in the trash was deleted; damaged ones count as fresh and are kept."""
    try:
        return datetime.fromisoformat(json.loads(text)["deleted_at"])
    except (ValueError, KeyError, TypeError):
        return datetime.max.replace(tzinfo=UTC)


def _copy(path: Path, draft: Path) -> str:
    """Copy a file to `draft`, on disk for good, and return the SHA-256 of what was copied."""
    digest = hashlib.sha256()
    with path.open("rb") as source, draft.open("wb") as out:
        while chunk := source.read(_CHUNK):
            digest.update(chunk)
            out.write(chunk)
        out.flush()
        os.fsync(out.fileno())
    return digest.hexdigest()


def _sync_folder(folder: Path) -> None:
    """Make a rename in `folder` survive a power cut; Windows does so by itself."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
