"""Seconds that are foretold from seconds that were timed."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shotwright.generator.catalog import load_catalog
from shotwright.generator.clipspec import ClipSpec
from shotwright.generator.speed import SHORT, computed_steps
from shotwright.generator.throughput import RECENT, Rendering, Sample, estimate

ONE = Rendering(832, 480, 81, steps=30)
WAN = load_catalog().get("wan-2.1-t2v-1.3b").network


def timed(
    denoise_s: float, *, of: Rendering = ONE, load_s: float = 0.0, plan: str = "bf16 none"
) -> Sample:
    return Sample("wan", "a chip", plan, of, load_s, denoise_s, rest_s=10.0)


def test_nothing_is_foretold_before_anything_was_timed() -> None:
    assert estimate(ONE, [], WAN) is None


def test_the_median_of_the_last_few_counts_and_one_slow_one_does_not() -> None:
    samples = [timed(60), timed(600), timed(62), timed(61), timed(63), timed(1), timed(1)]
    found = estimate(ONE, samples, WAN)
    assert found is not None and found.render_s == pytest.approx(62 + 10)
    assert (found.samples, found.scaled) == (RECENT, "")


def test_more_steps_take_their_share_and_are_no_other_setting() -> None:
    found = estimate(replace(ONE, steps=60), [timed(60)], WAN)
    assert found is not None and found.render_s == pytest.approx(120 + 10)
    assert not found.scaled


def test_another_length_is_carried_over_by_counted_operations_and_says_so() -> None:
    longer = replace(ONE, frames=161)
    counted, by_pixels = estimate(longer, [timed(60)], WAN), estimate(longer, [timed(60)])
    assert counted is not None and by_pixels is not None
    assert counted.render_s > by_pixels.render_s, "attention grows with the square"
    assert by_pixels.render_s == pytest.approx(70 * 161 / 81)
    assert "832x480, 81 frames" in counted.scaled


def test_what_was_timed_itself_goes_before_what_is_carried_over() -> None:
    small = replace(ONE, width=416, height=240)
    samples = [timed(60), timed(9, of=small)]
    found = estimate(small, samples, WAN)
    assert found is not None and found.render_s == pytest.approx(9 + 10) and not found.scaled
    near = estimate(replace(small, frames=85), samples, WAN)
    assert near is not None and "416x240" in near.scaled


def test_what_ran_in_another_way_of_loading_does_not_count() -> None:
    samples = [timed(300, plan="bf16 group", load_s=5), timed(60, load_s=40)]
    found = estimate(ONE, samples, WAN)
    assert found is not None and (found.load_s, found.samples) == (5, 1)
    assert found.render_s == pytest.approx(310)


def test_the_fast_level_is_foretold_by_the_steps_it_computes_until_it_is_timed() -> None:
    fast = replace(ONE, level="fast")
    found = estimate(fast, [timed(60)], WAN)
    assert found is not None and found.scaled
    assert found.render_s == pytest.approx(60 * computed_steps(30, "fast") / 30 + 10)
    assert computed_steps(SHORT, "fast") == SHORT
    unknown = estimate(fast, [timed(60)])
    assert unknown is not None and unknown.render_s == pytest.approx(70), "promised is nothing"
    again = estimate(fast, [timed(20, of=fast), timed(60)], WAN)
    assert again is not None and again.render_s == pytest.approx(30) and not again.scaled


@given(st.integers(1, 50), st.floats(0.5, 500), st.sampled_from([WAN, None]))
def test_more_work_never_takes_less_time(steps: int, seconds: float, network: object) -> None:
    samples = [timed(seconds)]
    shape = network if network is WAN else None
    short = estimate(replace(ONE, steps=steps), samples, shape)
    more = estimate(replace(ONE, steps=steps + 1), samples, shape)
    assert short is not None and more is not None and short.render_s < more.render_s


def test_a_clip_says_itself_what_decides() -> None:
    spec = ClipSpec("m", "", "", 64, 64, 9, 8, seed=0, steps=10, guidance=1.0, refine=1)
    assert Rendering.of(spec) == Rendering(64, 64, 9, steps=12, guided=False)
    assert Rendering.of(spec, share=0.01).steps == 1
