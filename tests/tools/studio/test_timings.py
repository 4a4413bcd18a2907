"""Timings in the job database, and what is foretold from them."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from shotwright.generator.catalog import load_catalog
from shotwright.generator.clipspec import ClipSpec
from shotwright.generator.throughput import Rendering, Sample, by_hand, finishing
from shotwright.tools.settings import from_environment
from shotwright.tools.studio.forecast import Forecast
from shotwright.tools.studio.queue import JobQueue
from shotwright.tools.studio.timings import KEPT

SPEC = ClipSpec("mini", "", "", 64, 64, 9, 8, seed=0, steps=8, guidance=4.0)
ONE = Sample("mini", "a chip", "bf16 none", Rendering.of(SPEC), 2.0, 10.0, 1.0)
CATALOG = load_catalog()


@pytest.fixture
def jobs(tmp_path: Path) -> Iterator[JobQueue]:
    queue = JobQueue(from_environment({}, home=tmp_path), clock=lambda: 1_000_000.0)
    yield queue
    queue.close()


def part(spec: ClipSpec = SPEC, **more: Any) -> dict[str, Any]:
    return {"segments": [{"spec": spec.to_json(), "overlap": 0}], **more}


def work(jobs: JobQueue, name: str, chip: str = "a chip", models: tuple[str, ...] = ()) -> None:
    """A living worker."""
    jobs.beat(name, pid=os.getpid(), device="cuda:0", state="idle", job_id=None)
    jobs.timings.hold(name, chip, models)


def seconds(jobs: JobQueue, *parts: dict[str, Any]) -> float:
    found = Forecast(jobs, CATALOG).of(parts)
    assert found is not None
    return found.seconds


def queued(jobs: JobQueue, *parts: dict[str, Any], priority: int = 5) -> str:
    plan = {"parts": list(parts)}
    calls = {"workflow": "render", "queue": "render", "priority": priority}
    return jobs.submit("v", {"n": len(jobs.live())}, plan, **calls)[0]  # type: ignore[arg-type]


def test_samples_come_back_as_they_were_the_newest_first_and_old_ones_go(jobs: JobQueue) -> None:
    for number in range(KEPT + 5):
        jobs.timings.add("w", replace(ONE, denoise_s=float(number)))
    jobs.timings.add("w", replace(ONE, chip="another"))
    kept = jobs.timings.of("mini", "a chip")
    assert kept[0] == replace(ONE, denoise_s=KEPT + 4.0) and len(kept) == KEPT
    assert jobs.timings.of("mini", "another") == [replace(ONE, chip="another")]
    assert jobs.timings.models(["a chip"]) == {"mini"} and not jobs.timings.models(["none"])


def test_what_a_worker_holds_is_known_until_it_lets_go_or_leaves(jobs: JobQueue) -> None:
    assert jobs.timings.held(["w"]) == {}
    jobs.timings.add("w", ONE)
    jobs.timings.add("w", by_hand("animatic", (9, 64, 64), 1.0))
    assert jobs.timings.held(["w"]) == {"a chip": frozenset()}, "the last device, nothing on it"
    jobs.timings.hold("w", "a chip", ["mini"])
    jobs.timings.hold("v", "b chip", ["wan"])
    assert jobs.timings.held(["w"]) == {"a chip": {"mini"}}
    assert jobs.timings.held(["w", "v"]) == {"a chip": {"mini"}, "b chip": {"wan"}}
    jobs.timings.let_go("w")
    jobs.leave("v")
    assert jobs.timings.held(["w", "v"]) == {"a chip": frozenset()}


def test_a_model_that_is_not_loaded_is_loaded_first(jobs: JobQueue) -> None:
    assert Forecast(jobs, CATALOG).of([part()]) is None
    jobs.timings.add("w", ONE)
    work(jobs, "w")
    assert seconds(jobs, part()) == pytest.approx(2 + 11)
    assert seconds(jobs, part(), part()) == pytest.approx(2 + 22), "loaded once"
    work(jobs, "w", models=("mini",))
    assert seconds(jobs, part()) == pytest.approx(11)
    jobs.timings.add("w", by_hand(finishing("mini"), (9, 64, 64), 3.0))
    assert seconds(jobs, part()) == pytest.approx(14)


def test_of_several_kinds_of_devices_the_slowest_is_believed(jobs: JobQueue) -> None:
    jobs.timings.add("w", ONE)
    jobs.timings.add("v", replace(ONE, chip="slow", denoise_s=100.0))
    work(jobs, "w", models=("mini",))
    work(jobs, "v", chip="slow", models=("mini",))
    assert seconds(jobs, part()) == pytest.approx(101)


def test_a_film_is_spread_over_the_workers_as_far_as_its_chains_allow(jobs: JobQueue) -> None:
    jobs.timings.add("w", ONE)
    shots = [part(shot=str(n), after=None, until=None) for n in range(4)]
    work(jobs, "w", models=("mini",))
    assert seconds(jobs, *shots) == pytest.approx(44)
    work(jobs, "v", models=("mini",))
    assert seconds(jobs, *shots) == pytest.approx(22)
    chained = [{**shot, "after": {"part": n - 1} if n else None} for n, shot in enumerate(shots)]
    assert seconds(jobs, *chained) == pytest.approx(44)
    assert seconds(jobs, part(), part()) == pytest.approx(22), "takes of a clip are one job"


def test_what_is_served_before_is_waited_for(jobs: JobQueue) -> None:
    jobs.timings.add("w", ONE)
    work(jobs, "w", models=("mini",))
    assert Forecast(jobs, CATALOG).waiting(5) == (0, 0)
    first = queued(jobs, part())
    queued(jobs, part(), part())
    queued(jobs, part(), priority=9)
    queued(jobs, part(replace(SPEC, model="wan-2.1-t2v-1.3b")))
    queued(jobs, part(panel={}))
    waits = Forecast(jobs, CATALOG).waiting
    assert waits(5)[0] == pytest.approx(33) and waits(9)[0] == pytest.approx(44)
    assert waits(5)[1] == 1, "of one nothing is known"
    jobs.start(first, "w")
    jobs.report(first, part=0, parts=1, phase="denoising", progress=0.5, eta_s=4.0)
    assert Forecast(jobs, CATALOG).waiting(5)[0] == pytest.approx(26)
    work(jobs, "v", models=("mini",))
    assert Forecast(jobs, CATALOG).waiting(5)[0] == pytest.approx(4), "of two, the one free first"


def test_a_crop_asks_no_model(jobs: JobQueue) -> None:
    work(jobs, "w")
    over = {"start": "clip", "prompt": None}
    assert seconds(jobs, part(over=over)) == 0
    jobs.timings.add("w", ONE)
    again = {"start": "words", "prompt": "a ball"}
    assert seconds(jobs, part(over=again)) == pytest.approx(2 + 22), "rendered, then moved over"
