"""What fits a machine: as the loader would choose it, with seconds that say where they come from."""

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from shotwright.generator import fit, memory
from shotwright.generator.catalog import load_catalog
from shotwright.generator.errors import OutOfMemory
from shotwright.generator.fit import ESTIMATED, MEASURED, UNKNOWN, Fit, table
from shotwright.generator.memory import Memory
from shotwright.generator.throughput import Rendering, Sample

CARDS = load_catalog().cards
GB = 10**9


def stated(gigabytes: float) -> Memory:
    return Memory(int(gigabytes * GB), int(gigabytes * GB), 128 * GB)


def rows_of(name: str, rows: list[Fit]) -> dict[str, Fit]:
    return {row.quality: row for row in rows if row.model == name}


def sample(model: str, work: Rendering, *, plan: str) -> Sample:
    return Sample(model, "a chip", plan, work, load_s=0, denoise_s=work.steps * 2, rest_s=1)


def test_without_a_gpu_the_embedded_model_fits_and_others_say_what_they_need(
    tmp_path: Path,
) -> None:
    rows = table(CARDS.values(), device="cpu", models=tmp_path)
    assert {row.model for row in rows if row.fits} == {"mini"}
    assert {(row.model, row.quality) for row in rows} == {
        (card.name, quality) for card in CARDS.values() for quality in card.quality
    }
    for row in rows:
        if not row.fits:
            assert row.plan is None and row.seconds is None and row.source == UNKNOWN
            assert "needs a GPU" in row.why
    for name in ("wan-2.1-t2v-1.3b", "ltx-2", "wan-2.2-t2v-a14b"):
        least = memory.least_gb(CARDS[name])
        assert least and f"at least {least} GB" in rows_of(name, rows)["draft"].why
        assert table([CARDS[name]], device="cpu", models=tmp_path, memory=stated(least))[0].fits
        under = table([CARDS[name]], device="cpu", models=tmp_path, memory=stated(least - 1))
        assert not under[0].fits
    large = rows_of("wan-2.1-t2v-14b", rows)["high"]
    clip = (large.width, large.height, large.frames)
    least = memory.least_gb(CARDS[large.model], clip)
    assert least and f"at least {least} GB" in large.why, "of its own size, not of the usual one"
    beside: dict[str, Any] = {"device": "cpu", "models": tmp_path}
    assert table([CARDS[large.model]], **beside, memory=stated(least))[2].fits
    assert not table([CARDS[large.model]], **beside, memory=stated(least - 1))[2].fits
    assert not list(tmp_path.iterdir()), "nothing was measured for it"


@pytest.mark.parametrize("gigabytes", [4, 8, 24, 80])
def test_the_plan_is_the_loaders(gigabytes: float, tmp_path: Path) -> None:
    for row in table(CARDS.values(), device="cpu", models=tmp_path, memory=stated(gigabytes)):
        size: dict[str, Any] = {"width": row.width, "height": row.height, "frames": row.frames}
        try:
            plan = memory.choose(CARDS[row.model], stated(gigabytes), **size)
        except OutOfMemory as error:
            assert not row.fits and row.why == error.message
        else:
            assert row.plan == plan and row.why.startswith(plan.why)


def test_a_way_that_ran_out_of_memory_before_is_not_promised(tmp_path: Path) -> None:
    card = CARDS["wan-2.1-t2v-1.3b"]
    rich = table([card], device="cpu", models=tmp_path, memory=stated(80))[0].plan
    assert rich is not None
    memory.remember(tmp_path, card, "cpu", rich)
    again = table([card], device="cpu", models=tmp_path, memory=stated(80))[0].plan
    assert again is not None and again.tiling and not rich.tiling


def test_seconds_are_measured_where_the_very_same_was_rendered(tmp_path: Path) -> None:
    mini = CARDS["mini"]
    width, height = next(iter(mini.sizes.values()))
    work = fit.rendering((width, height, mini.frames.default), mini.quality["draft"])

    def row(work: Rendering, plan: str = "fp32 none") -> Fit:
        timed = [sample("mini", work, plan=plan)]
        return table([mini], device="cpu", models=tmp_path, timed=lambda model: timed)[0]

    same = row(work)
    assert (same.source, same.seconds) == (MEASURED, work.steps * 2 + 1)
    longer = row(replace(work, frames=33))
    assert longer.source == ESTIMATED and "carried over" in longer.why
    assert longer.seconds is not None and longer.seconds < work.steps * 2 + 1
    streamed = row(work, "bf16 group")
    assert streamed.source == UNKNOWN, "what lay in memory in another way says nothing"


def test_seconds_are_estimated_from_operations_and_the_measured_peak() -> None:
    card = CARDS["wan-2.1-t2v-1.3b"]
    peak = fit.Peak(flops=800e12, copy=20e9, torch="2.13.0")
    work = fit.rendering((832, 480, 81), card.quality["standard"])
    plan = memory.choose(card, stated(80), width=832, height=480, frames=81)
    seconds, source, said = fit._by_peak(card, plan, work, peak)
    # 0.283 PFLOP a pass, two passes, 30 steps
    assert seconds == pytest.approx(2 * 0.283e15 * 30 / (800e12 * fit.SHARE), rel=1e-3)
    assert source == ESTIMATED and "800 TFLOP/s" in said and "on top" in said
    large = CARDS["wan-2.1-t2v-14b"]
    small = memory.choose(large, stated(8), width=832, height=480, frames=81)
    slow = fit.Peak(flops=math.inf, copy=10e9, torch="2.13.0")
    streamed, _, told = fit._by_peak(large, small, work, slow)
    passes = 1 if small.batched else 2
    assert small.offload == "group" and "weights to come" in told
    assert streamed == pytest.approx(14288.5e6 * 2 * passes / 10e9 * 30)


def test_what_is_not_counted_is_unknown_and_said_so(tmp_path: Path) -> None:
    uncounted = ["ltx-2", "sana-wm", "kolors", "z-image-turbo"]
    rows = table(
        [CARDS[name] for name in uncounted], device="cpu", models=tmp_path, memory=stated(80)
    )
    assert {row.source for row in rows} == {UNKNOWN}
    assert all("not counted" in row.why for row in rows)


def test_the_peak_is_measured_once_and_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(fit.SIDE, "cpu", 128)
    first = fit.peak("cpu", tmp_path)
    assert first.flops > 0 and first.copy == math.inf
    kept = json.loads((tmp_path / fit.DEVICES).read_text(encoding="utf-8"))
    kept["cpu"]["flops"] = 1.0
    (tmp_path / fit.DEVICES).write_text(json.dumps(kept), encoding="utf-8")
    assert fit.peak("cpu", tmp_path).flops == 1.0
    # what another chip showed stays
    (tmp_path / fit.DEVICES).write_text(json.dumps({"H100": kept["cpu"]}), encoding="utf-8")
    fit.peak("cpu", tmp_path)
    there = json.loads((tmp_path / fit.DEVICES).read_text(encoding="utf-8"))
    assert there.keys() == {"H100", "cpu"}
    kept["cpu"]["torch"] = "another"
    (tmp_path / fit.DEVICES).write_text(json.dumps(kept), encoding="utf-8")
    assert fit.peak("cpu", tmp_path).flops > 1.0
    (tmp_path / fit.DEVICES).write_text("no json", encoding="utf-8")
    assert fit.peak("cpu", tmp_path).flops > 1.0


def test_a_row_is_plain_json(tmp_path: Path) -> None:
    rows = table(CARDS.values(), device="cpu", models=tmp_path, memory=stated(24))
    told = json.loads(json.dumps([row.body() for row in rows]))
    assert {"model", "quality", "fits", "plan", "seconds", "source", "why"} <= told[0].keys()
    assert any(row["plan"] and row["plan"]["peak_mb"] for row in told)
