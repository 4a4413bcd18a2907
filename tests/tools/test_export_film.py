"""A film leaves: as a package for an editing program, or as one file, whole and never over another."""

import errno
import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import opentimelineio as otio  # type: ignore[import-untyped]
import pytest

from shotwright.generator.errors import BadRequest
from shotwright.prompts.writers import SUFFIXES
from shotwright.tools.export_film import _export
from shotwright.tools.studio.shown import Shown
from shotwright.tools.studio.studio import Studio
from shotwright.tools.studio.wire import ExportFilm

Ask = Callable[..., Shown]


def test_a_film_is_exported_with_its_takes_plan_and_slates(
    ask: Ask, crewed: Studio, film: dict[str, Any]
) -> None:
    answer = ask("export_film", film_id=film["film_id"]).data
    path = Path(answer["path"])
    assert path.is_relative_to(crewed.settings.home) and answer["bytes"] == path.stat().st_size
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        assert set(archive.namelist()) == set(answer["files"])
        now = ask("view_video", video=film["film_id"]).data
        assert json.loads(archive.read("plan.json")) == now["plan"]
        takes = [take for shot in now["shots"] for take in shot["takes"]]
        for take in takes:
            (clip,) = [n for n in archive.namelist() if n.startswith("takes/") and take in n]
            (slate,) = [n for n in archive.namelist() if n.startswith("slates/") and take in n]
            assert archive.read(clip)[4:8] == b"ftyp"
            for folder in ("sheets/", "posters/"):
                (seen,) = [n for n in archive.namelist() if n.startswith(folder) and take in n]
                assert archive.read(seen)[:3] == b"\xff\xd8\xff", "a JPEG"
            assert json.loads(archive.read(slate))["take_id"] == take
        assert archive.read("film.mp4") == Path(now["path"]).read_bytes()


def test_a_film_is_exported_to_a_path_and_never_over_a_file(
    ask: Ask, media: Path, film: dict[str, Any]
) -> None:
    target = media / "out" / "film.mp4"
    asked = {"film_id": film["film_id"], "format": "mp4", "path": str(target)}
    assert ask("export_film", **asked).data["path"] == str(target)
    first = target.read_bytes()
    assert first[4:8] == b"ftyp"
    with pytest.raises(BadRequest) as caught:
        ask("export_film", **asked)
    assert (caught.value.code, caught.value.field) == ("conflict", "path")
    assert target.read_bytes() == first and len(list(target.parent.iterdir())) == 1


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/etc/film.zip", "path_not_allowed"),
        ("media:/../film.zip", "path_not_allowed"),
        ("media:/away/film.zip", "path_not_allowed"),
        ("media:/scene.png/film.zip", "invalid_argument"),
        ("media:/a\0b.zip", "invalid_argument"),
        ("media:", "conflict"),
    ],
)
def test_a_path_that_may_not_be_written_is_refused(
    ask: Ask, media: Path, picture: str, film: dict[str, Any], path: str, code: str
) -> None:
    away = media / "away"
    if not away.exists():
        away.symlink_to(media.parent)
    with pytest.raises(BadRequest) as caught:
        ask("export_film", film_id=film["film_id"], path=path.replace("media:", str(media)))
    assert (caught.value.code, caught.value.field) == (code, "path")
    assert caught.value.allowed is not None and caught.value.fix


def test_a_folder_holds_what_the_zip_holds_and_its_timeline_finds_the_takes(
    ask: Ask, media: Path, film: dict[str, Any]
) -> None:
    target = media / "package"
    answer = ask("export_film", film_id=film["film_id"], format="folder", path=str(target)).data
    there = {str(path.relative_to(target)) for path in target.rglob("*") if path.is_file()}
    assert there == set(answer["files"])
    assert answer["bytes"] == sum(
        path.stat().st_size for path in target.rglob("*") if path.is_file()
    )
    made = otio.adapters.read_from_file(str(target / "film.otio"))
    for clip in made.find_clips():
        assert (target / clip.media_reference.target_url).is_file()
    assert made.duration().to_seconds() == film["duration_s"]
    checked = ask("check_video", video=str(target / "film.mp4")).data["provenance"]
    assert checked["broken"] == [] and checked["picture"]["against"] == "sidecar"
    with pytest.raises(BadRequest) as caught:
        ask("export_film", film_id=film["film_id"], format="folder", path=str(target))
    assert caught.value.code == "conflict"


def test_the_plan_goes_out_in_every_form_that_a_writer_has_and_is_read_back(
    ask: Ask, film: dict[str, Any], media: Path
) -> None:
    now = ask("view_video", video=film["film_id"]).data["plan"]
    path = Path(ask("export_film", film_id=film["film_id"]).data["path"])
    with zipfile.ZipFile(path) as archive:
        packed = {name: archive.read(name) for name in archive.namelist() if name[:5] == "plan."}
    assert set(packed) == {"plan.json", "plan.md", "plan.csv", "plan.fountain"}
    for format, suffix in SUFFIXES.items():
        answer = ask("export_film", film_id=film["film_id"], format=format).data
        alone = Path(answer["path"])
        assert answer["files"] == [f"plan{suffix}"] and alone.suffix == suffix
        assert alone.read_bytes() == packed[f"plan{suffix}"]
        read = ask("plan_shots", script=alone.read_text(encoding="utf-8")).data
        assert [s["action"] for s in read["plan"]["shots"]] == [s["action"] for s in now["shots"]]
        assert read["plan"] == now or format == "csv", "a table holds the shots alone"


@pytest.mark.parametrize("format", ["otio", "edl", "xml", "srt"])
def test_one_file_of_the_package_can_be_had_alone(
    ask: Ask, crewed: Studio, film: dict[str, Any], format: str
) -> None:
    answer = ask("export_film", film_id=film["film_id"], format=format).data
    path = Path(answer["path"])
    assert path.suffix == f".{format}" and answer["files"] == [f"film.{format}"]
    if format == "otio":
        clip = next(iter(otio.adapters.read_from_file(str(path)).find_clips()))
        assert clip.media_reference.target_url.startswith("file://")


def _film(studio: Studio) -> None:
    """A film's record whose only take is gone."""
    key = studio.store.put_bytes(b"film", "mp4").key
    cut = {
        "at_frame": 0,
        "frames": 8,
        "from_frame": 0,
        "transition": "cut",
        "transition_frames": 0,
    }
    shots = [{"shot": "A", "takes": ["take_gone"], "chosen": "take_gone", "seed": 1, "cut": cut}]
    record = {
        "film_id": "film_1",
        "model": "mini",
        "fps": 8.0,
        "blobs": {"clip": key, "sheet": key, "poster": key},
        "plan": {"title": "One", "shots": [{"id": "A", "action": "a ball", "duration_s": 1.0}]},
        "shots": shots,
    }
    studio.store.write_record("films", "film_1", record)


def test_exports_without_a_path_are_numbered_and_a_deleted_take_is_left_out(studio: Studio) -> None:
    _film(studio)
    export = ExportFilm(film_id="film_1")
    paths = [Path(_export(studio, export)["path"]) for _ in range(3)]
    assert [path.name for path in paths] == ["film_1.zip", "film_1-2.zip", "film_1-3.zip"]
    assert sorted(paths[0].parent.iterdir()) == sorted(paths)
    assert zipfile.ZipFile(paths[0]).namelist() == [
        *("film.mp4", "film.json"),
        *("plan.json", "plan.md", "plan.csv", "plan.fountain", "sheet.jpg", "poster.jpg"),
        *("film.otio", "film.edl", "film.xml"),
    ]


@pytest.mark.skipif(os.name != "posix", reason="modes of files")
def test_an_export_has_the_permissions_of_any_new_file(studio: Studio, tmp_path: Path) -> None:
    _film(studio)
    (tmp_path / "plain").touch()
    target = tmp_path / "film.mp4"
    _export(studio, ExportFilm(film_id="film_1", format="mp4", path=str(target)))
    assert target.stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_a_file_that_comes_while_the_film_is_written_stays(
    studio: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _film(studio)
    target = tmp_path / "film.mp4"

    def copy(source: Path, draft: Path) -> None:
        draft.write_bytes(source.read_bytes())
        target.write_bytes(b"another's")

    monkeypatch.setattr("shotwright.tools.export_film.shutil.copyfile", copy)
    with pytest.raises(BadRequest) as caught:
        _export(studio, ExportFilm(film_id="film_1", format="mp4", path=str(target)))
    assert caught.value.code == "conflict" and target.read_bytes() == b"another's"
    assert [path for path in tmp_path.iterdir() if path.name.startswith(".")] == []


@pytest.mark.parametrize("links", [True, False])
def test_a_disk_that_fills_up_leaves_nothing_and_is_said(
    studio: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, links: bool
) -> None:
    _film(studio)
    full = OSError(errno.ENOSPC, "No space left on device")

    def fill(_source: object, out: Any) -> None:
        out.write_bytes(b"half") if links else out.write(b"half")
        raise full

    def no_links(*_: object) -> None:
        raise OSError(errno.EPERM, "no links here")

    copy = "copyfile" if links else "copyfileobj"
    monkeypatch.setattr(f"shotwright.tools.export_film.shutil.{copy}", fill)
    if not links:
        monkeypatch.setattr("shotwright.tools.export_film.os.link", no_links)
        plain = "shotwright.tools.export_film.shutil.copyfile"
        monkeypatch.setattr(plain, lambda source, out: out.write_bytes(source.read_bytes()))
    target = tmp_path / "film.mp4"
    with pytest.raises(BadRequest, match="No space left") as caught:
        _export(studio, ExportFilm(film_id="film_1", format="mp4", path=str(target)))
    assert caught.value.field == "path" and not target.exists()
    assert [path for path in tmp_path.iterdir() if path.name.startswith(".")] == []
