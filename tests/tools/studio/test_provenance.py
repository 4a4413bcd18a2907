"""What check_video reads of a clip's origin: what holds, what is missing, what was tampered with."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shotwright.generator.encode import Frames, probe, read_video, write_mp4
from shotwright.tools.studio.assets import Store
from shotwright.tools.studio.filing import Filed, file_take
from shotwright.tools.studio.provenance import (
    Expected,
    expected_of,
    provenance,
    recognised,
    sidecar_of,
)
from shotwright.tools.studio.slates import Slate, mp4_metadata

FACTS: dict[str, Any] = {"model": "mini", "revision": "1", "seed": 7, "prompt": "a kettle"}


def picture(seed: int, count: int = 24) -> Frames:
    """Coloured blobs that drift, uint8 (count, 96, 160, 3)."""
    import cv2

    small = np.random.default_rng(seed).integers(0, 256, (6, 12, 3), dtype=np.uint8)
    large = cv2.resize(small, (240, 96), interpolation=cv2.INTER_CUBIC)
    return np.stack([large[:, 2 * n : 2 * n + 160] for n in range(count)])


def filed(folder: Path, frames: Frames, label: str = "none") -> tuple[Path, Filed, Slate]:
    store = Store(str(folder / "store"), cache=folder)
    request = {"prompt": "a kettle", **({} if label == "none" else {"label": label})}
    made = file_take(
        store,
        frames,
        fps=8,
        label=label,
        metadata=mp4_metadata(request=request, **FACTS),
        preset="veryfast",
        tail=False,
        signer=None,
    )
    size = {
        "width": 160,
        "height": 96,
        "frames": len(frames),
        "fps": 8,
        "duration_s": len(frames) / 8,
    }
    slate = Slate.model_validate(
        {
            "take_id": "take_1",
            "verb": "generate_video",
            "request": request,
            **FACTS,
            **size,
            "blobs": made.blobs,
            "likeness": made.likeness,
            "created_at": "2026-01-01T00:00:00Z",
        }
    )
    return store.fetch(made.blobs.clip), made, slate


def read(path: Path, known: Expected | None = None) -> dict[str, Any]:
    info = probe(path)
    return provenance(path, info.metadata, info.frames, 8, known)


def test_a_clip_of_ours_holds_in_every_mark_but_the_signature(tmp_path: Path) -> None:
    path, _, slate = filed(tmp_path, picture(1))
    for known, against in ((None, "file"), (expected_of(slate), "slate")):
        found = read(path, known)
        assert found["holds"] == ["source_type", "aigc", "slate_digest", "picture"]
        assert (found["missing"], found["broken"]) == (["c2pa"], [])
        assert found["picture"]["against"] == against and found["picture"]["identical"]
        assert found["aigc"]["Label"] == "1" and found["slate"]["seed"] == 7


@pytest.mark.parametrize("label", ["start", "always"])
def test_an_asked_label_is_seen_and_its_loss_noticed(tmp_path: Path, label: str) -> None:
    path, made, slate = filed(tmp_path, picture(1), label)
    found = read(path, expected_of(slate))
    assert found["visible_label"] == label and "visible_label" in found["holds"]
    assert made.blobs.clean is not None
    clean = Store(str(tmp_path / "store"), cache=tmp_path).fetch(made.blobs.clean)
    found = read(clean, expected_of(slate))
    assert found["visible_label"] == "none" and "visible_label" in found["missing"]


def test_a_copy_without_metadata_is_known_by_its_sidecar(tmp_path: Path) -> None:
    path, _, slate = filed(tmp_path, picture(1))
    copy = tmp_path / "copy.mp4"
    frames = read_video(path, max_frames=99, max_pixels=1 << 20).frames
    write_mp4(copy, frames, fps=8, metadata={})
    assert set(read(copy)["missing"]) == {"source_type", "aigc", "slate_digest", "picture", "c2pa"}
    (tmp_path / "copy.json").write_text(slate.model_dump_json(), encoding="utf-8")
    found = read(copy, sidecar_of(copy, lambda place: True))
    assert found["holds"] == ["picture"] and not found["picture"]["identical"]
    assert found["picture"]["against"] == "sidecar"
    assert sidecar_of(copy, lambda place: False) is None, "only what may be read"


def test_another_picture_under_the_same_words_is_broken(tmp_path: Path) -> None:
    _, _, slate = filed(tmp_path / "a", picture(1))
    other, _, _ = filed(tmp_path / "b", picture(2))
    found = read(other, expected_of(slate))
    assert found["broken"] == ["picture"] and found["picture"]["difference"] > 6


def test_changed_words_break_the_digest(tmp_path: Path) -> None:
    metadata = mp4_metadata(request={"prompt": "a kettle"}, **FACTS)
    forged = {**metadata, "description": metadata["description"].replace('"seed": 7', '"seed": 8')}
    path = tmp_path / "a.mp4"
    write_mp4(path, picture(1), fps=8, metadata=forged)
    assert read(path)["broken"] == ["slate_digest"]
    for name, value, mark in (
        (
            "DigitalSourceType",
            "http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture",
            "source_type",
        ),
        ("AIGC", "{", "aigc"),
        ("AIGC", json.dumps({"Label": "1"}), "aigc"),
        ("AIGC", metadata["AIGC"].replace('"Label":"1"', '"Label":"3"'), "aigc"),
    ):
        write_mp4(path, picture(1), fps=8, metadata={**metadata, name: value})
        assert mark in read(path)["broken"]


def test_sidecars_that_are_none_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "takes" / "a.mp4"
    path.parent.mkdir()
    for text in ("", "[]", "{}", '{"film_id": "film_1"}', "\udcff"):
        path.with_suffix(".json").write_bytes(text.encode("utf-8", "surrogateescape"))
        assert sidecar_of(path, lambda place: True) is None
    _, _, slate = filed(tmp_path, picture(1))
    (tmp_path / "slates").mkdir()
    (tmp_path / "slates" / "a.json").write_text(slate.model_dump_json(), encoding="utf-8")
    known = sidecar_of(path, lambda place: True)
    assert known is not None and known.source == "sidecar", "as export_film lays it"


def stored(tmp_path: Path) -> tuple[Store, Frames, dict[str, str]]:
    """A store that knows two takes; the frames of the second and what its file says."""
    store = Store(str(tmp_path / "store"), cache=tmp_path)
    _, _, other = filed(tmp_path, picture(2))
    path, _, slate = filed(tmp_path, picture(1))
    other.model_copy(update={"take_id": "take_0", "seed": 8}).save(store)
    slate.save(store)
    return store, read_video(path, max_frames=99, max_pixels=1 << 20).frames, probe(path).metadata


def checked(store: Store, path: Path) -> dict[str, Any]:
    info = probe(path)
    known = recognised(store, path, info.metadata, info.frames)
    return provenance(path, info.metadata, info.frames, float(info.fps), known)


@pytest.mark.parametrize("keeps", [True, False])
def test_a_copy_is_known_again_by_its_words_or_by_its_picture(tmp_path: Path, keeps: bool) -> None:
    store, frames, metadata = stored(tmp_path)
    copy = tmp_path / "elsewhere" / "copy.mp4"
    copy.parent.mkdir()
    small = np.stack([frame[::2, ::2] for frame in frames])
    write_mp4(copy, small, fps=8, metadata=metadata if keeps else {})
    found = checked(store, copy)
    assert found["picture"]["of"] == "take_1" and found["picture"]["against"] == "store"
    assert "picture" in found["holds"] and not found["picture"]["identical"]
    assert ("slate_digest" in found["holds"]) == keeps and found["broken"] == []


def test_words_of_one_clip_on_the_picture_of_another_are_found_out(tmp_path: Path) -> None:
    store, frames, metadata = stored(tmp_path)
    copy = tmp_path / "copy.mp4"
    write_mp4(copy, frames[:, :, ::-1].copy(), fps=8, metadata=metadata)
    found = checked(store, copy)
    assert found["broken"] == ["picture"] and found["picture"]["of"] == "take_1"


def test_a_trimmed_copy_says_how_much_it_lacks(tmp_path: Path) -> None:
    store, frames, metadata = stored(tmp_path)
    copy = tmp_path / "copy.mp4"
    write_mp4(copy, frames[8:], fps=8, metadata=metadata)
    found = checked(store, copy)
    assert found["broken"] == ["picture"] and found["picture"]["lacks_s"] == 1.0


def test_footage_that_the_store_does_not_know_is_nobody_s(tmp_path: Path) -> None:
    store, frames, metadata = stored(tmp_path)
    copy = tmp_path / "copy.mp4"
    write_mp4(copy, picture(3), fps=8, metadata={})
    assert recognised(store, copy, {}, 24) is None
    named = {**metadata, "SlateDigest": "0" * 64, "AIGC": ""}
    write_mp4(copy, frames, fps=8, metadata=named)
    assert recognised(store, copy, probe(copy).metadata, 24) is None, "it names another's"


def test_a_clip_in_another_container_says_the_same(tmp_path: Path) -> None:
    import av

    store, _, metadata = stored(tmp_path)
    (slate,) = [s for s in store.list_records("takes") if s == "take_1"]
    source = store.fetch(Slate.model_validate(store.read_record("takes", slate)).blobs.clip)
    copy = tmp_path / "copy.mkv"
    with av.open(str(source)) as old, av.open(str(copy), "w") as new:
        video = old.streams.video[0]
        stream = new.add_stream_from_template(video)
        new.metadata.update(metadata)
        for packet in old.demux(video):
            if packet.dts is not None:
                packet.stream = stream
                new.mux(packet)
    found = checked(store, copy)
    assert found["holds"] == ["source_type", "aigc", "slate_digest", "picture"]
