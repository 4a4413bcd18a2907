"""House-keeping: models, media in, films out, what is thrown away and brought back."""

import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from shotwright.generator.errors import BadRequest, NotFound
from shotwright.tools.house import _brief, _export
from shotwright.tools.studio.shown import Shown
from shotwright.tools.studio.studio import Studio
from shotwright.tools.studio.wire import ExportFilm

Ask = Callable[..., Shown]


def test_models_say_what_they_can_do(ask: Ask) -> None:
    answer = ask("list_models").data
    (mini,) = [model for model in answer["models"] if model["default"]]
    assert mini["name"] == "mini" and "extend" in mini["modes"]
    assert mini["frames"]["maximum"] == 33 and mini["sizes"]["16:9"] == "112x64"
    assert "pan_left" in answer["camera_moves"] and "dolly_zoom" in answer["camera_presets"]
    assert ask("list_models", model="mini").data["models"] == [mini]


def test_a_picture_is_kept_as_an_upload_and_serves_by_its_id(
    ask: Ask, media: Path, picture: str
) -> None:
    copy = media / "copy.png"
    copy.write_bytes(Path(picture).read_bytes())
    upload = ask("import_media", source=str(copy)).data
    copy.unlink()
    assert upload["kind"] == "image" and (upload["width"], upload["height"]) == (160, 96)
    plan = ask("generate_video", image=upload["upload_id"], dry_run=True).data
    assert plan["effective"]["width"] == 112
    assert ask("import_media", source=upload["upload_id"]).data == upload


def test_footage_is_kept_with_what_it_holds(ask: Ask, footage: str) -> None:
    upload = ask("import_media", source=footage).data
    assert (upload["kind"], upload["frames"], upload["fps"]) == ("video", 30, 24)
    assert ask("check_video", video=upload["upload_id"]).data["frames"] == 30


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


def test_what_is_deleted_is_gone_until_it_is_brought_back(
    ask: Ask, crewed: Studio, footage: str
) -> None:
    upload = ask("import_media", source=footage).data["upload_id"]
    assert ask("delete_media", id=upload).data["deleted"] is True
    with pytest.raises(NotFound) as caught:
        ask("view_video", video=upload)
    assert "delete_media" in caught.value.fix
    assert upload not in crewed.store.list_records("uploads")
    assert ask("delete_media", id=upload, undo=True).data["deleted"] is False
    assert ask("view_video", video=upload).data["frames"] == 30


def test_a_film_outlives_a_deleted_take(ask: Ask, film: dict[str, Any]) -> None:
    now = ask("view_video", video=film["film_id"]).data
    chosen = now["shots"][0]["chosen"]
    ask("delete_media", id=chosen)
    try:
        seen = ask("view_video", video=film["film_id"]).data
        assert chosen not in [take["take_id"] for take in seen["takes"]]
        edits = [{"shot": "A", "op": "trim", "end_s": 0.5}]
        plan = ask("make_film", film_id=film["film_id"], edits=edits, dry_run=True).data
        assert plan["effective"]["renders"] == 0, "its sibling is there"
    finally:
        ask("delete_media", id=chosen, undo=True)


def _film(studio: Studio) -> None:
    """A film's record whose only take is gone."""
    key = studio.store.put_bytes(b"film", "mp4").key
    blobs = {"clip": key, "sheet": key}
    shots = [{"takes": ["take_gone"], "chosen": "take_gone"}]
    record = {"film_id": "film_1", "blobs": blobs, "plan": {}, "shots": shots}
    studio.store.write_record("films", "film_1", record)


def test_exports_without_a_path_are_numbered_and_a_deleted_take_is_left_out(studio: Studio) -> None:
    _film(studio)
    export = ExportFilm(film_id="film_1")
    paths = [Path(_export(studio, export)["path"]) for _ in range(3)]
    assert [path.name for path in paths] == ["film_1.zip", "film_1-2.zip", "film_1-3.zip"]
    assert sorted(paths[0].parent.iterdir()) == sorted(paths)
    assert zipfile.ZipFile(paths[0]).namelist() == [
        *("film.mp4", "film.json", "plan.json", "sheet.jpg")
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

    monkeypatch.setattr("shotwright.tools.house.shutil.copyfile", copy)
    with pytest.raises(BadRequest) as caught:
        _export(studio, ExportFilm(film_id="film_1", format="mp4", path=str(target)))
    assert caught.value.code == "conflict" and target.read_bytes() == b"another's"
    assert [path for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_lists_of_jobs_keep_what_names_a_result_and_not_what_makes_it_long() -> None:
    take = {"take_id": "take_1", "path": "a.mp4", "url": None, "duration_s": 1.0}
    film = {"film_id": "film_1", "path": "f.mp4", "url": None, "duration_s": 1.0, "best": "take_1"}
    heavy = {"plan": {"shots": [1]}, "shots": [1], "coverage": [1], "warnings": [1]}
    result = {**film, **heavy, "takes": [{**take, "camera": {"asked": None}}]}
    assert _brief({"job_id": "job_1", "result": result})["result"] == {**film, "takes": [take]}
    assert _brief({"job_id": "job_2", "result": None}) == {"job_id": "job_2", "result": None}
