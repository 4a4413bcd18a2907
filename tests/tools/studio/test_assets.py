"""What is stored is whole or absent, on a folder and on a bucket alike."""

import errno
import hashlib
import os
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from shotwright.generator.errors import BadRequest, NotFound
from shotwright.tools.studio.assets import Store, StoreFault, new_id


@pytest.fixture(scope="module")
def bucket() -> Iterator[str]:
    """A bucket on an S3 server of our own, on loopback; yields its URL."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import boto3  # type: ignore[import-untyped]
        from moto.moto_server.threaded_moto_server import ThreadedMotoServer
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    settings = {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in settings.items():
            patch.setenv(name, value)
        boto3.client("s3").create_bucket(Bucket="studio")
        yield "s3://studio"
    server.stop()


@pytest.fixture(params=["folder", "bucket"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    if request.param == "folder":
        return Store(str(tmp_path / "store"), cache=tmp_path / "cache")
    url: str = request.getfixturevalue("bucket")
    return Store(f"{url}/{tmp_path.name}", cache=tmp_path / "cache")


def _file(folder: Path, data: bytes) -> Path:
    path = folder / "source.bin"
    path.write_bytes(data)
    return path


def _later(days: float) -> datetime:
    return datetime.now(UTC) + timedelta(days=days)


def test_a_blob_is_named_by_its_content_and_comes_back(store: Store, tmp_path: Path) -> None:
    data = os.urandom(3000)
    blob = store.put(_file(tmp_path, data), ".MP4")
    assert blob.digest == hashlib.sha256(data).hexdigest() and blob.size == 3000
    assert blob.key == f"blobs/{blob.digest[:2]}/{blob.digest}.mp4"
    assert store.put_bytes(data, "mp4") == blob
    assert store.fetch(blob.key).read_bytes() == data
    assert store.fetch(blob.key).read_bytes() == data, "from the cache now"
    assert store.open_range(blob.key, 10, 20) == data[10:20]
    assert store.open_range(blob.key, 2990, 9999) == data[2990:]
    assert store.size(blob.key) == 3000


def test_a_record_is_listed_newest_first_and_comes_back(store: Store) -> None:
    assert store.list_records("takes") == []
    ids = [new_id("take") for _ in range(5)]
    for id in ids:
        store.write_record("takes", id, {"take_id": id, "prompt": "a kettle, 水壶 \ud800"})
    store.write_record("films", new_id("film"), {})
    assert store.list_records("takes") == ids[::-1]
    assert store.read_record("takes", ids[2]) == {
        "take_id": ids[2],
        "prompt": "a kettle, 水壶 \ud800",
    }


def test_a_deleted_take_can_be_restored(store: Store) -> None:
    id = new_id("take")
    store.write_record("takes", id, {"prompt": "a kettle"})
    assert store.delete("takes", id)["kind"] == "takes"
    assert store.list_records("takes") == [] and store.list_records("trash") == [id]
    with pytest.raises(NotFound, match="was deleted on 20"):
        store.read_record("takes", id)
    assert store.restore(id) == {"prompt": "a kettle"}
    assert store.list_records("takes") == [id] and store.list_records("trash") == []
    with pytest.raises(NotFound):
        store.restore(id)
    with pytest.raises(NotFound, match="There is no take take_0"):
        store.delete("takes", "take_0")


def test_purge_removes_only_what_nobody_names_and_is_old(store: Store) -> None:
    kept, shared, gone = (store.put_bytes(os.urandom(9), "mp4").key for _ in range(3))
    first, second = new_id("take"), new_id("take")
    store.write_record("takes", first, {"blobs": {"clip": kept, "tail": shared}})
    store.write_record("takes", second, {"blobs": {"clip": gone, "tail": shared}})
    store.delete("takes", second)
    assert store.purge(_later(6)) == 0
    assert store.restore(second)["blobs"]["clip"] == gone
    store.delete("takes", second)
    assert store.purge(_later(8)) == 1
    assert store.list_records("trash") == []
    assert store.size(kept) == store.size(shared) == 9
    with pytest.raises(NotFound):
        store.size(gone)
    with pytest.raises(NotFound):
        store.open_range(gone, 0, 1)


def test_a_fresh_blob_without_a_record_survives_a_purge(store: Store) -> None:
    key = store.put_bytes(b"put, but its record is still to come", "mp4").key
    assert store.purge(_later(0)) == 0
    assert store.size(key) == 36


@pytest.mark.parametrize(
    "id",
    [
        "../../etc/passwd",
        "take_",
        "take_A",
        "take_a/b",
        "film_1",
        "",
        "take_1\n",
        "take_" + "a" * 65,
    ],
)
def test_an_id_reaches_nothing_but_its_record(tmp_path: Path, id: str) -> None:
    store = Store(str(tmp_path), cache=tmp_path)
    with pytest.raises(NotFound) as caught:
        store.read_record("takes", id)
    assert caught.value.field == "take_id" and "take_" in caught.value.fix


def test_a_key_reaches_nothing_but_blobs(store: Store) -> None:
    for reach in (store.fetch, store.size, store.local_path):
        with pytest.raises(ValueError, match="not the key of a blob"):
            reach("../secret")
    with pytest.raises(ValueError, match="not the key of a blob"):
        store.put_bytes(b"", "../mp4")


def test_two_writers_of_the_same_content_agree(store: Store, tmp_path: Path) -> None:
    path = _file(tmp_path, os.urandom(1 << 18))
    with ThreadPoolExecutor(4) as pool:
        blobs = set(pool.map(lambda _: store.put(path, "mp4"), range(4)))
    assert len(blobs) == 1
    assert store.fetch(blobs.pop().key).read_bytes() == path.read_bytes()


def _full_disk(*_: Any) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def _half_written(fill: Callable[[], object], patch: pytest.MonkeyPatch, name: str) -> None:
    with patch.context() as broken:
        broken.setattr(os, name, _full_disk)
        with pytest.raises(StoreFault, match="No space left") as caught:
            fill()
    assert "free space" in caught.value.fix and caught.value.retryable


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_full_disk_leaves_nothing_half_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    store = Store((tmp_path / "store").as_uri(), cache=tmp_path / "cache")
    source, id = _file(tmp_path, b"clip"), new_id("take")
    _half_written(lambda: store.put(source, "mp4"), monkeypatch, step)
    _half_written(lambda: store.put_bytes(b"clip", "mp4"), monkeypatch, step)
    store.put(source, "mp4")
    _half_written(lambda: store.write_record("takes", id, {}), monkeypatch, step)
    assert store.list_records("takes") == []
    left = [path for path in (tmp_path / "store").rglob("*") if path.is_file()]
    assert [path.suffix for path in left] == [".mp4"], "the blob alone, and no draft"


def test_a_writer_killed_in_the_middle_leaves_the_old_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(str(tmp_path), cache=tmp_path / "cache")
    id = new_id("take")
    store.write_record("takes", id, {"version": 1})
    _half_written(lambda: store.write_record("takes", id, {"version": 2}), monkeypatch, "replace")
    assert store.read_record("takes", id) == {"version": 1}


def test_drafts_of_a_killed_process_are_swept(tmp_path: Path) -> None:
    store = Store(str(tmp_path), cache=tmp_path / "cache")
    store.put_bytes(b"clip", "mp4")
    (tmp_path / "drafts" / "left").write_bytes(b"half")
    store.purge(_later(0))
    assert (tmp_path / "drafts" / "left").exists(), "its writer may live"
    store.purge(_later(8))
    assert not (tmp_path / "drafts" / "left").exists()


def test_a_damaged_record_is_named(tmp_path: Path) -> None:
    store = Store(str(tmp_path), cache=tmp_path / "cache")
    store.write_record("takes", "take_1", {})
    (tmp_path / "takes" / "take_1.json").write_text("{", encoding="utf-8")
    with pytest.raises(StoreFault, match=r"takes/take_1\.json is damaged"):
        store.read_record("takes", "take_1")


def test_a_folder_knows_its_paths_and_a_bucket_has_none(tmp_path: Path, bucket: str) -> None:
    key = f"blobs/00/{'0' * 64}.mp4"
    folder = Store(str(tmp_path / "a b"), cache=tmp_path)
    assert folder.local_path(key) == tmp_path / "a b" / key
    assert Store((tmp_path / "a b").as_uri(), cache=tmp_path).local_path(key) == (
        folder.local_path(key)
    )
    assert Store(bucket, cache=tmp_path).local_path(key) is None
    for store in (folder, Store(bucket, cache=tmp_path)):
        with pytest.raises(NotFound):
            store.fetch(key)
    assert not list(tmp_path.rglob("*.mp4*"))


def test_a_bucket_out_of_reach_says_what_to_check(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with pytest.raises(StoreFault) as caught:
        Store("s3://studio", cache=tmp_path).write_record("takes", "take_1", {})
    assert "credentials" in caught.value.fix and caught.value.retryable


def test_a_bucket_without_s3fs_says_what_to_install(tmp_path: Path) -> None:
    program = """
import sys
from pathlib import Path
from shotwright.generator.errors import BadRequest
from shotwright.tools.studio.assets import Store
sys.modules["s3fs"] = None
try:
    Store("s3://studio", cache=Path(".")).list_records("takes")
except BadRequest as error:
    sys.exit(error.fix)
"""
    ran = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert "pip install s3fs" in ran.stderr


def test_a_store_of_another_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match="ftp:// is not a store"):
        Store("ftp://host/x", cache=tmp_path)


def test_ids_sort_by_time_and_differ() -> None:
    first = new_id("take")
    time.sleep(0.001)  # the clock's step on some systems
    ids = [first, *(new_id("take") for _ in range(1000))]
    assert len(set(ids)) == 1001 and first == min(ids)
    assert all(len(id) == len("take_") + 21 for id in ids)


def test_listing_ten_thousand_takes_reads_none(tmp_path: Path) -> None:
    store = Store(str(tmp_path), cache=tmp_path / "cache")
    (tmp_path / "takes").mkdir()
    for _ in range(10_000):
        (tmp_path / "takes" / f"{new_id('take')}.json").touch()
    begun = time.process_time()
    assert len(store.list_records("takes")) == 10_000
    assert time.process_time() - begun < 0.5
