"""House-keeping: models, media in, what is thrown away and brought back."""

import errno
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import pytest

from shotwright.generator.errors import NotFound, ShotwrightError
from shotwright.tools import verbs
from shotwright.tools.house import _brief
from shotwright.tools.studio.shown import Shown
from shotwright.tools.studio.studio import Studio

Ask = Callable[..., Shown]


def test_models_say_what_they_can_do(ask: Ask) -> None:
    answer = ask("list_models").data
    (mini,) = [model for model in answer["models"] if model["default"]]
    assert mini["name"] == "mini" and "extend" in mini["modes"] and mini["weights"] == "ready"
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


def test_lists_of_jobs_keep_what_names_a_result_and_not_what_makes_it_long() -> None:
    take = {"take_id": "take_1", "path": "a.mp4", "url": None, "duration_s": 1.0}
    film = {"film_id": "film_1", "path": "f.mp4", "url": None, "duration_s": 1.0, "best": "take_1"}
    heavy = {"plan": {"shots": [1]}, "shots": [1], "coverage": [1], "warnings": [1]}
    result = {**film, **heavy, "takes": [{**take, "camera": {"asked": None}}]}
    assert _brief({"job_id": "job_1", "result": result})["result"] == {**film, "takes": [take]}
    assert _brief({"job_id": "job_2", "result": None}) == {"job_id": "job_2", "result": None}


def test_a_full_disk_is_no_fault_of_the_program(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("shotwright.tools.studio.media.Intake.import_media", full)

    async def ask() -> None:
        await verbs.call(studio, "import_media", {"source": "/a.png"})

    with pytest.raises(ShotwrightError, match="No space left") as caught:
        anyio.run(ask)
    assert caught.value.retryable and "make room" in caught.value.fix
