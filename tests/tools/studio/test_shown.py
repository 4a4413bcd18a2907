"""A job's answer stands although what it made was deleted since."""

from datetime import UTC, datetime
from typing import Any

import anyio

from shotwright.tools.studio.shown import Shown, show_job
from shotwright.tools.studio.slates import Blobs, Slate, read_kept
from shotwright.tools.studio.studio import Studio


def _take(studio: Studio, take_id: str) -> dict[str, Any]:
    blobs = Blobs(
        clip=studio.store.put_bytes(take_id.encode(), "mp4").key,
        sheet=studio.store.put_bytes(b"sheet", "jpg").key,
    )
    slate = Slate(
        take_id=take_id, verb="generate_video", request={}, prompt="p", model="mini", seed=1,
        width=64, height=64, frames=9, fps=8, duration_s=9 / 8, blobs=blobs,
        created_at=datetime(2026, 11, 22, tzinfo=UTC),
    )  # fmt: skip
    slate.save(studio.store)
    return slate.to_take(studio.store, None)


def _show(studio: Studio, result: dict[str, Any]) -> Shown:
    return anyio.run(show_job, studio, {"job_id": "job_1", "result": result})


def test_a_deleted_take_leaves_the_facts_of_its_job(studio: Studio) -> None:
    takes = [_take(studio, "take_1"), _take(studio, "take_2")]
    result = {"takes": takes, "best": "take_1"}
    assert len(_show(studio, result).links) == 2
    studio.store.delete("takes", "take_1")
    shown = _show(studio, result)
    assert shown.data["result"] == result and shown.pictures == []
    assert [link.name for link in shown.links] == ["take_2.mp4"]
    assert [slate.take_id for slate in read_kept(studio.store, ["take_1", "take_2"])] == ["take_2"]


def test_a_deleted_film_leaves_the_facts_of_its_job(studio: Studio) -> None:
    key = studio.store.put_bytes(b"film", "mp4").key
    studio.store.write_record("films", "film_1", {"blobs": {"clip": key, "sheet": key}})
    result = {"film_id": "film_1", "resource_uri": "shotwright://films/film_1", "takes": []}
    assert len(_show(studio, result).links) == len(_show(studio, result).pictures) == 1
    studio.store.delete("films", "film_1")
    shown = _show(studio, result)
    assert (shown.data["result"], shown.pictures, shown.links) == (result, [], [])
