"""Whatever a caller names is found, checked and stored, or refused with a way out."""

import io
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import anyio
import httpx
import numpy as np
import pytest
from PIL import Image

from shotwright.generator.encode import Frames, write_lossless, write_mp4
from shotwright.generator.errors import CODES, BadRequest, NotFound
from shotwright.tools.studio.assets import Store
from shotwright.tools.studio.fetch import Fetcher
from shotwright.tools.studio.media import Intake, Picture, VideoMedia, fit
from shotwright.tools.studio.slates import Blobs, Slate

T = TypeVar("T")

NOISE = np.random.default_rng(0).integers(0, 256, (5, 64, 112, 3), np.uint8)


def _run(call: Callable[..., Awaitable[T]], *arguments: Any) -> T:
    async def run() -> T:
        return await call(*arguments)

    return anyio.run(run)


def _refusal(call: Callable[..., Awaitable[object]], *arguments: Any) -> BadRequest:
    """The error of a call, which must be complete."""
    with pytest.raises(BadRequest) as caught:
        _run(call, *arguments)
    error = caught.value
    assert error.code in CODES and error.message and error.fix and error.allowed
    assert error.field == arguments[1] and error.value == arguments[0][:200]
    return error


def _png(frame: Frames = NOISE[0]) -> bytes:
    out = io.BytesIO()
    Image.fromarray(frame).save(out, "PNG")
    return out.getvalue()


def _studio(tmp_path: Path) -> tuple[Intake, Store, Path]:
    """An intake, its store, and the folder that callers may read; it holds a.png and a.mp4."""
    store, folder = Store(str(tmp_path / "store"), cache=tmp_path / "cache"), tmp_path / "open"
    folder.mkdir()
    (folder / "a.png").write_bytes(_png())
    write_mp4(folder / "a.mp4", NOISE, fps=16, metadata={})
    return Intake(store, (folder,)), store, folder


def _take(store: Store, folder: Path, take_id: str, frames: Frames) -> Slate:
    write_mp4(folder / "take.mp4", frames, fps=16, metadata={})
    write_lossless(folder / "take.mkv", frames, 16)
    blobs = Blobs(
        clip=store.put(folder / "take.mp4", "mp4").key,
        tail=store.put(folder / "take.mkv", "mkv").key,
    )
    count, height, width = frames.shape[:3]
    slate = Slate(
        take_id=take_id, verb="generate_video", request={}, prompt="p", model="mini", seed=1,
        width=width, height=height, frames=count, fps=16, duration_s=count / 16, blobs=blobs,
        created_at=datetime(2026, 11, 22, tzinfo=UTC),
    )  # fmt: skip
    slate.save(store)
    return slate


def _kept(store: Store) -> int:
    """How many files there are in the store."""
    return sum(path.is_file() for path in Path(store.url).rglob("*"))


def test_a_picture_by_path_is_stored_and_decoded(tmp_path: Path) -> None:
    intake, store, folder = _studio(tmp_path)
    picture = _run(intake.image, str(folder / "a.png"), "image")
    assert np.array_equal(picture.array, NOISE[0])
    assert (picture.width, picture.height, picture.origin) == (112, 64, str(folder / "a.png"))
    assert store.fetch(picture.key).read_bytes() == _png() and picture.digest in picture.key


def test_a_clip_by_path_is_stored_and_probed(tmp_path: Path) -> None:
    intake, store, folder = _studio(tmp_path)
    clip = _run(intake.video, str(folder / "a.mp4"), "video")
    (folder / "a.mp4").unlink()
    assert clip.path.is_file() and clip.path == store.fetch(clip.key)
    assert (clip.info.width, clip.info.height, clip.info.frames, clip.info.duration_s) == (
        *(112, 64, 5),
        5 / 16,
    )
    assert clip.take_id is None


def test_resolve_tells_pictures_from_clips(tmp_path: Path) -> None:
    intake, _, folder = _studio(tmp_path)
    assert isinstance(_run(intake.resolve, str(folder / "a.png"), "source"), Picture)
    assert isinstance(_run(intake.resolve, str(folder / "a.mp4"), "source"), VideoMedia)


def test_the_other_kind_is_refused(tmp_path: Path) -> None:
    intake, store, folder = _studio(tmp_path)
    error = _refusal(intake.image, str(folder / "a.mp4"), "image")
    assert error.code == "invalid_media" and "is a clip, not a picture" in error.message
    error = _refusal(intake.video, str(folder / "a.png"), "video")
    assert "is a picture, not a clip" in error.message
    assert _kept(store) == 0


def test_broken_and_missing_files_are_refused_and_nothing_is_kept(tmp_path: Path) -> None:
    intake, store, folder = _studio(tmp_path)
    (folder / "half.png").write_bytes(_png()[:4000])
    whole = (folder / "a.mp4").read_bytes()
    (folder / "half.mp4").write_bytes(whole[: len(whole) // 2])
    (folder / "text.mp4").write_text("not a video", encoding="utf-8")
    for name in ("half.png", "none.png", "text.mp4", ".", "a.png/x", "x" * 300, "n\0l"):
        assert _refusal(intake.image, f"{folder}/{name}", "image").code == "invalid_media"
    for name in ("half.mp4", "none.mp4", "text.mp4"):
        assert _refusal(intake.video, f"{folder}/{name}", "video").code == "invalid_media"
    for empty in ("", "x" * 5000):
        assert _refusal(intake.video, empty, "video").code == "invalid_media"
    assert _kept(store) == 0


def test_a_path_outside_the_roots_is_refused_whether_it_exists_or_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    intake, _, folder = _studio(tmp_path)
    (tmp_path / "secret.png").write_bytes(_png())
    (folder / "link.png").symlink_to(tmp_path / "secret.png")
    (folder / "folder").symlink_to(tmp_path)
    monkeypatch.chdir(folder)
    for ref in (
        *(f"{tmp_path}/secret.png", f"{tmp_path}/none.png", f"{folder}/../secret.png"),
        *(f"{folder}/link.png", f"{folder}/folder/secret.png", "../secret.png", "/dev/zero"),
        *("~/kettle.png", f"{tmp_path}/opened/a.png"),
    ):
        error = _refusal(intake.image, ref, "image")
        assert error.code == "path_not_allowed" and error.allowed == [str(folder)]
        assert str(folder) in error.fix


def test_a_relative_path_starts_in_the_start_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    intake, _, folder = _studio(tmp_path)
    monkeypatch.chdir(folder)
    assert _run(intake.image, "a.png", "image").width == 112


def test_hidden_entries_of_the_home_are_closed_unless_a_root_names_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for place in (".ssh", ".data/studio", "pictures"):
        (tmp_path / place).mkdir(parents=True)
        (tmp_path / place / "a.png").write_bytes(_png())
    intake = Intake(
        Store(str(tmp_path / "store"), cache=tmp_path),
        (Path("~"), tmp_path / ".data" / "studio"),
    )
    assert _run(intake.image, "~/pictures/a.png", "image").width == 112
    assert _run(intake.image, "~/.data/studio/a.png", "image").width == 112
    assert _refusal(intake.image, "~/.ssh/a.png", "image").code == "path_not_allowed"
    assert _refusal(intake.image, "~/pictures/../.ssh/a.png", "image").code == "path_not_allowed"


def test_urls_of_other_kinds_are_refused_with_a_way_out(tmp_path: Path) -> None:
    intake, store, _ = _studio(tmp_path)
    for ref in ("data:image/png;base64,AAAA", "file:///etc/passwd", "s3://b/k", "ftp://h/x"):
        error = _refusal(intake.image, ref, "last_image")
        assert error.code == "url_not_allowed" and "pload" in error.fix
    for ref in ("http://127.0.0.1:8188/files/take_1.mp4", "HTTP://localhost/x"):
        assert _refusal(intake.video, ref, "video").code == "url_not_allowed"
    assert _kept(store) == 0


def test_a_picture_by_url_is_told_by_its_content(tmp_path: Path) -> None:
    async def resolve(host: str, port: int) -> list[str]:
        return ["93.184.216.34"]

    def answer(request: httpx.Request) -> httpx.Response:
        data = _png() if request.url.path == "/a.mp4" else b"<html>"
        return httpx.Response(200, stream=httpx.ByteStream(data))

    _, store, folder = _studio(tmp_path)
    fetcher = Fetcher(resolve=resolve, transport=httpx.MockTransport(answer))
    intake = Intake(store, (folder,), fetcher=fetcher)
    assert _run(intake.image, "https://a.example/a.mp4", "image").width == 112
    assert _refusal(intake.image, "https://a.example/b.png", "image").code == "invalid_media"
    record = _run(intake.import_media, "https://a.example/a.mp4?key=1")
    assert (record["kind"], record["name"]) == ("image", "a.mp4")


def test_an_import_is_kept_and_named_by_its_id(tmp_path: Path) -> None:
    intake, store, folder = _studio(tmp_path)
    record = _run(intake.import_media, str(folder / "a.mp4"))
    assert (record["kind"], record["name"], record["duration_s"]) == ("video", "a.mp4", 5 / 16)
    assert (record["width"], record["height"], record["frames"], record["fps"]) == (112, 64, 5, 16)
    assert record["size"] == (folder / "a.mp4").stat().st_size
    upload = record["upload_id"]
    assert store.read_record("uploads", upload) == record
    assert _run(intake.import_media, upload) == record
    clip = _run(intake.video, upload, "video")
    assert (clip.info.frames, float(clip.info.fps), clip.digest) == (5, 16.0, record["sha256"])
    assert "is a clip" in _refusal(intake.image, upload, "image").message


def test_uploaded_bytes_are_checked_like_files(tmp_path: Path) -> None:
    intake, store, folder = _studio(tmp_path)
    record = _run(intake.store_upload, _png(), "../../my\nkettle.png")
    assert record["name"] == "mykettle.png" and record["kind"] == "image"
    assert record["frames"] is record["duration_s"] is None
    assert np.array_equal(_run(intake.image, record["upload_id"], "image").array, NOISE[0])
    received = _run(intake.store_upload, folder / "a.mp4", "b.mp4")
    both = {received["upload_id"], record["upload_id"]}
    assert received["kind"] == "video" and set(store.list_records("uploads")) == both
    again = _run(intake.store_upload, _png(), "kettle.png")  # a call that names it can be repeated
    assert again["upload_id"] == record["upload_id"]
    with pytest.raises(BadRequest) as caught:
        _run(intake.store_upload, b"#!/bin/sh", "kettle.png")
    assert (caught.value.field, caught.value.value) == ("file", "kettle.png")
    assert caught.value.message.startswith("kettle.png is neither")
    assert len(store.list_records("uploads")) == 2


def test_a_take_is_a_clip_with_its_tail_and_one_frame_of_it_a_picture(tmp_path: Path) -> None:
    intake, store, folder = _studio(tmp_path)
    slate = _take(store, folder, "take_1", NOISE)
    clip = _run(intake.video, "take_1", "video")
    assert (clip.take_id, clip.key) == ("take_1", slate.blobs.clip)
    assert clip.info.frames == 5 and clip.info.fps == 16
    assert "is a clip" in _refusal(intake.image, "take_1", "image").message
    _take(store, folder, "take_2", NOISE[:1])
    assert np.array_equal(_run(intake.image, "take_2", "image").array, NOISE[0])
    assert _run(intake.video, "take_2", "video").info.frames == 1
    assert "already" in _refusal(intake.import_media, "take_1", "source").message


def test_an_unknown_id_is_refused_in_the_argument_that_named_it(tmp_path: Path) -> None:
    intake, store, _ = _studio(tmp_path)
    for ref in ("take_0", "upload_0"):
        error = _refusal(intake.image, ref, "last_image")
        assert isinstance(error, NotFound) and error.code == "not_found"
    for ref in ("film_0", "job_0"):
        assert "take_id" in _refusal(intake.video, ref, "video").fix
    assert _kept(store) == 0


def test_fit_gives_the_size_and_says_what_it_did() -> None:
    tall = np.zeros((200, 100, 3), np.uint8)
    tall[:100] = (255, 0, 0)
    for how in ("crop", "pad", "reframe"):
        fitted, done = fit(tall, 112, 64, how, "last_image")
        assert fitted.shape == (64, 112, 3) and fitted.flags.writeable and done is not None
        assert (done["field"], done["asked"], done["used"]) == ("last_image", "100x200", "112x64")
    crop, pad, reframe = (fit(tall, 112, 64, how)[0] for how in ("crop", "pad", "reframe"))
    assert crop[4, 4].tolist() == crop[4, 100].tolist() == [255, 0, 0]
    assert pad[4, 4].tolist() == [0, 0, 0] and pad[4, 56].tolist() == [255, 0, 0]
    assert reframe[4, 4, 0] > 100 and reframe[4, 56].tolist() == [255, 0, 0]


def test_fit_only_scales_the_same_shape_and_leaves_the_same_size() -> None:
    same, done = fit(NOISE[0], 112, 64, "crop")
    assert same is NOISE[0] or np.array_equal(same, NOISE[0])
    assert done is None
    large = np.full((1080, 1890, 3), 90, np.uint8)
    scaled, done = fit(large, 112, 64, "pad")
    assert done is not None and "scaled to the size" in done["reason"]
    assert (scaled == 90).all(), "no black bar for a ratio that is the same"
