"""A call with a deadline gets the best that this machine's own timings allow, and is told what was traded."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import pytest

from shotwright.generator.catalog import load_catalog
from shotwright.generator.clipspec import ClipSpec
from shotwright.generator.errors import BadRequest
from shotwright.generator.throughput import Rendering, Sample
from shotwright.tools import verbs
from shotwright.tools.studio.studio import Studio

Plan = Callable[..., dict[str, Any]]
MINI = load_catalog().get("mini")
STANDARD_S = 40.0


@pytest.fixture
def plan(studio: Studio) -> Plan:
    """A dry run of generate_video: 17 frames of 112x64."""

    def call(verb: str = "generate_video", **arguments: Any) -> dict[str, Any]:
        words = {} if verb == "make_film" else {"prompt": "a red ball rests in the hills"}
        arguments = {"dry_run": True, **words, **arguments}
        return anyio.run(verbs.call, studio, verb, arguments).data

    return call


def timed(studio: Studio, model: str = "mini", seconds: float = STANDARD_S) -> None:
    """A worker that has rendered a standard clip in so many seconds, and holds its model."""
    spec = ClipSpec(model, "", "", 112, 64, 17, 8, seed=0, steps=16, guidance=4.0)
    studio.jobs.timings.add(
        "w", Sample(model, "chip", "fp32 none", Rendering.of(spec), 0.0, seconds, 0.0)
    )
    studio.jobs.beat("w", pid=os.getpid(), device="cpu", state="idle", job_id=None)
    studio.jobs.timings.hold("w", "chip", ["mini", "big"])


def changes(planned: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    return {a["field"]: (a["asked"], a["used"]) for a in planned["adjustments"]}


def codes(planned: dict[str, Any]) -> set[str]:
    return {warning["code"] for warning in planned["warnings"]}


def test_what_is_left_open_is_the_best_that_is_done_in_time(studio: Studio, plan: Plan) -> None:
    timed(studio)
    assert plan()["expected_s"] == pytest.approx(STANDARD_S)
    draft = plan(deadline_s=30)
    assert draft["effective"]["quality"] == "draft" and draft["effective"]["steps"] == 8
    assert draft["expected_s"] == pytest.approx(STANDARD_S / 2)
    [change] = draft["adjustments"]
    assert (change["field"], change["asked"], change["used"]) == ("quality", "standard", "draft")
    assert change["reason"] == "standard takes about 40 s here (measured), 30 s are allowed"
    assert not changes(plan(deadline_s=46)), "the usual one is in time"
    [near] = plan(deadline_s=42)["adjustments"]
    assert near["used"] == "draft" and near["reason"].endswith(
        "42 s are allowed, too few to be sure of it"
    )
    assert changes(plan(deadline_s=600)) == {"quality": ("standard", "high")}


def test_what_is_stated_stays_and_the_level_gives_way_before_it(studio: Studio, plan: Plan) -> None:
    timed(studio)
    tight = plan(deadline_s=30, quality="standard", model="mini")
    assert tight["effective"]["quality"] == "standard" and "deadline_tight" in codes(tight)
    spec = ClipSpec("mini", "", "", 112, 64, 17, 8, seed=0, steps=16, guidance=4.0, level="fast")
    studio.jobs.timings.add(
        "w", Sample("mini", "chip", "fp32 none", Rendering.of(spec), 0.0, 22.0, 0.0)
    )
    fast = plan(deadline_s=30, quality="standard", model="mini")
    assert changes(fast) == {"level": ("exact", "fast")} and not codes(fast)
    assert fast["effective"]["level"] == "fast" and fast["effective"]["steps"] == 16


def test_where_nothing_is_quick_enough_it_is_said_what_would_be(studio: Studio, plan: Plan) -> None:
    timed(studio)
    with pytest.raises(BadRequest) as late:
        plan(deadline_s=5)
    assert (late.value.code, late.value.field) == ("deadline_too_short", "deadline_s")
    assert "mini draft takes about 20 s here (measured)" in late.value.message
    enough = float(late.value.fix.split(",")[0].removeprefix("deadline_s="))
    assert plan(deadline_s=enough)["effective"]["quality"] == "draft"


def test_nothing_is_promised_of_a_model_that_was_never_timed(plan: Plan) -> None:
    unknown = plan(deadline_s=5)
    assert unknown["effective"]["quality"] == "standard" and unknown["expected_s"] is None
    assert codes(unknown) == {"deadline_unmeasured"}


def test_jobs_that_are_served_before_are_waited_for(studio: Studio, plan: Plan) -> None:
    timed(studio)
    part = {"segments": [{"spec": _spec(MINI.name), "overlap": 0}]}
    studio.jobs.submit("v", {}, {"parts": [part]}, workflow="render", queue="render")
    found = plan(deadline_s=70)
    assert found["effective"]["quality"] == "draft"
    assert "after 40 s of other jobs" in found["adjustments"][0]["reason"]
    assert plan(deadline_s=70, priority=1)["effective"]["quality"] == "high", "goes first"


def _spec(model: str) -> dict[str, Any]:
    return ClipSpec(model, "", "", 112, 64, 17, 8, seed=0, steps=16, guidance=4.0).to_json()


def test_the_largest_model_that_is_here_and_in_time_is_taken(
    studio: Studio, plan: Plan, settings: Any
) -> None:
    bundled = Path(__file__).parents[2] / "generator/cards/mini.toml"
    text = bundled.read_text(encoding="utf-8").replace('name = "mini"', 'name = "big"')
    text = text.replace("default = 17", "default = 33")  # as long as 776 s
    cards = settings.home / "cards"
    cards.mkdir(parents=True)
    big = text + "\n[parameters_m]\ntransformer = 1300.0\n"
    (cards / "big.toml").write_text(big, encoding="utf-8")
    timed(studio)
    timed(studio, "big", seconds=400)
    # one whose weights are nowhere, and one that was never timed
    timed(studio, "wan-2.1-t2v-14b", seconds=1)
    whole = plan(deadline_s=900)
    assert changes(whole) == {"model": ("mini", "big")} and whole["effective"]["frames"] == 33
    assert "takes about 776 s here (carried over from" in whole["adjustments"][0]["reason"]
    both = {"model": ("mini", "big"), "quality": ("standard", "draft")}
    assert changes(plan(deadline_s=450)) == both
    assert changes(plan(deadline_s=46)) == {}
    assert plan(deadline_s=900, model="mini")["effective"]["model"] == "mini"


def test_what_was_traded_is_told_of_each_take_and_its_request_makes_it_again(
    studio: Studio, plan: Plan
) -> None:
    timed(studio)
    job = plan(deadline_s=30, dry_run=False, wait_s=0)
    [part] = studio.jobs.plan(job["job_id"])["parts"]
    assert part["segments"][0]["spec"]["steps"] == 8
    assert [change["used"] for change in part["adjustments"]] == ["draft"]
    assert part["request"]["quality"] == "draft"
    assert plan(deadline_s=30, dry_run=False, wait_s=0)["attached"], "the same call, the same job"


def test_the_shots_of_a_film_share_its_deadline_and_one_quality(studio: Studio, plan: Plan) -> None:
    timed(studio)
    script = "A red ball rests in the hills. A blue car rests at sea. A white boat rests at sea."
    usual = plan("make_film", script=script)
    job = plan("make_film", script=script, deadline_s=usual["expected_s"], dry_run=False, wait_s=0)
    planned = studio.jobs.plan(job["job_id"])
    assert {part["quality"] for part in planned["parts"]} == {"draft"}
    for part in planned["parts"]:
        assert [c["used"] for c in part["adjustments"] if c["field"] == "quality"] == ["draft"]
    assert planned["film"]["look"]["quality"] == "draft", "a later cut goes on with it"


def test_every_verb_that_renders_keeps_its_deadline(
    studio: Studio, plan: Plan, picture: str, footage: str, tmp_path: Path
) -> None:
    timed(studio)
    for source in (picture, footage):
        (tmp_path / Path(source).name).write_bytes(Path(source).read_bytes())
    still, clip = str(tmp_path / Path(picture).name), str(tmp_path / Path(footage).name)
    dolly = [{"move": "dolly_in", "amount": 0.2}]
    calls: dict[str, dict[str, Any]] = {
        "generate_image": {},
        "extend_video": {"video": clip, "segments": 1},
        "move_camera": {"image": still, "camera": dolly},
        "make_film": {"script": "A red ball rests in the hills. A blue car rests at sea."},
    }
    for verb, arguments in calls.items():
        usual = plan(verb, **arguments)
        found = plan(verb, **arguments, deadline_s=usual["expected_s"])
        assert changes(found)["quality"] == ("standard", "draft"), verb
        assert found["expected_s"] < usual["expected_s"], verb
