"""Jobs as a caller meets them: one key one job, equal calls one job, waiting, lists, places, ends."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import pytest

from shotwright.generator.errors import Conflict
from shotwright.tools import verbs
from shotwright.tools.studio.shown import Shown
from shotwright.tools.studio.studio import Studio

Ask = Callable[..., Shown]


@pytest.fixture
def call(studio: Studio) -> Callable[..., dict[str, Any]]:
    """Call a verb where no worker is, without waiting."""

    def call(verb: str, **arguments: Any) -> dict[str, Any]:
        return anyio.run(lambda: verbs.call(studio, verb, arguments)).data

    return call


def ball(call: Callable[..., dict[str, Any]], **more: Any) -> dict[str, Any]:
    return call("generate_video", prompt="a ball", **{"wait_s": 0, **more})


def test_a_key_gives_the_same_job_for_the_same_call_and_refuses_another(
    call: Callable[..., dict[str, Any]],
) -> None:
    first = ball(call, request_key="k")
    again = ball(call, request_key="k", wait_s=0.01)
    assert again["job_id"] == first["job_id"] and again["attached"] is True
    assert first["attached"] is False
    with pytest.raises(Conflict) as caught:
        ball(call, request_key="k", seed=1)
    assert caught.value.code == "request_key_conflict" and caught.value.value == "k"
    assert len(call("list_jobs")["jobs"]) == 1


def test_a_repeated_call_finds_its_job_although_its_picture_is_gone(
    call: Callable[..., dict[str, Any]], tmp_path: Path, picture: str
) -> None:
    path = tmp_path / "once.png"
    path.write_bytes(Path(picture).read_bytes())
    first = ball(call, image=str(path), request_key="k")
    path.unlink()
    assert ball(call, image=str(path), request_key="k")["job_id"] == first["job_id"]


def test_equal_calls_attach_while_the_job_lives_and_others_do_not(
    call: Callable[..., dict[str, Any]],
) -> None:
    first = ball(call)
    assert ball(call, wait_s=0.01)["job_id"] == first["job_id"]
    assert ball(call, seed=1)["job_id"] != first["job_id"]
    call("cancel_job", job_id=first["job_id"])
    assert ball(call)["job_id"] != first["job_id"]


def test_waiting_for_a_job_ends_when_the_time_is_up(call: Callable[..., dict[str, Any]]) -> None:
    job = ball(call)
    waited = call("get_job", job_id=job["job_id"], wait_s=0.2)
    assert waited["state"] == "queued" and waited["next"]["tool"] == "get_job"


def test_jobs_are_listed_newest_first_in_pages(call: Callable[..., dict[str, Any]]) -> None:
    made = [ball(call, seed=seed)["job_id"] for seed in range(5)]
    seen: list[str] = []
    cursor = None
    while True:
        page = call("list_jobs", limit=2, **({"cursor": cursor} if cursor else {}))
        assert len(page["jobs"]) <= 2
        seen += [job["job_id"] for job in page["jobs"]]
        cursor = page["cursor"]
        if cursor is None:
            break
    assert seen == made[::-1]
    assert call("list_jobs", state="succeeded") == {"jobs": [], "cursor": None}
    assert len(call("list_jobs", state="queued")["jobs"]) == 5


def test_a_page_of_long_answers_holds_fewer_jobs(
    call: Callable[..., dict[str, Any]], studio: Studio
) -> None:
    made = [ball(call, seed=seed)["job_id"] for seed in range(4)]
    for job_id in made:
        studio.jobs.start(job_id, "w")
        studio.jobs.end(job_id, "succeeded", result={"takes": [], "best": "x" * 100_000})
    first = call("list_jobs")
    assert [job["job_id"] for job in first["jobs"]] == made[:1:-1]
    rest = call("list_jobs", cursor=first["cursor"])
    assert [job["job_id"] for job in rest["jobs"]] == made[1::-1] and rest["cursor"] is None


def test_a_queued_job_is_cancelled_at_once_and_for_good(
    call: Callable[..., dict[str, Any]],
) -> None:
    job_id = ball(call)["job_id"]
    assert call("cancel_job", job_id=job_id)["state"] == "cancelled"
    assert call("cancel_job", job_id=job_id)["state"] == "cancelled", "asking twice is no error"
    assert call("get_job", job_id=job_id)["next"] is None


def test_only_a_queued_job_changes_its_place(
    call: Callable[..., dict[str, Any]], studio: Studio
) -> None:
    job_id = ball(call)["job_id"]
    assert call("set_priority", job_id=job_id, priority=1)["state"] == "queued"
    assert studio.jobs.row(job_id)["priority"] == 1
    call("cancel_job", job_id=job_id)
    with pytest.raises(Conflict) as caught:
        call("set_priority", job_id=job_id, priority=2)
    assert (caught.value.code, caught.value.field) == ("conflict", "job_id")


def test_a_running_job_is_cancelled_and_leaves_no_take(ask: Ask, crewed: Studio) -> None:
    before = crewed.store.list_records("takes")
    asked = {"prompt": "a red ball", "quality": "high", "frames": 33, "seed": 1}
    job_id = ask("generate_video", **asked, wait_s=0).data["job_id"]
    reached = anyio.Event()

    async def cancel_when_it_runs() -> dict[str, Any]:
        async def report(progress: float, message: str) -> None:
            if "denoising" in message and not reached.is_set():
                reached.set()
                await verbs.call(crewed, "cancel_job", {"job_id": job_id})

        waiting = {"job_id": job_id, "wait_s": 50}
        return (await verbs.call(crewed, "get_job", waiting, report)).data

    job = anyio.run(cancel_when_it_runs)
    assert reached.is_set()
    assert (job["state"], job["error"]["code"], job["result"]) == ("cancelled", "cancelled", None)
    assert crewed.store.list_records("takes") == before


def test_a_job_tells_where_it_is_and_when_it_will_be_done(ask: Ask, small: dict[str, Any]) -> None:
    told: list[tuple[float, str]] = []

    async def report(progress: float, message: str) -> None:
        told.append((progress, message))

    job = ask("generate_video", report, prompt="a yellow boat", seed=1, **small).data
    assert job["state"] == "succeeded" and job["progress"] == 1 and job["eta_s"] == 0
    assert [progress for progress, _ in told] == sorted(progress for progress, _ in told)
    assert job["next"]["tool"] == "view_video"
    assert job["next"]["arguments"] == {"video": job["result"]["best"]}
