"""Loaded models, and the clock that times a rendering."""

from dataclasses import replace

import pytest

from shotwright.generator.catalog import load_catalog
from shotwright.generator.clipspec import ClipSpec
from shotwright.generator.frames import Given
from shotwright.generator.throughput import Rendering
from shotwright.tools.settings import Settings
from shotwright.tools.studio.engines import Clock, Engines
from shotwright.tools.studio.queue import JobQueue

RENDERING = Rendering(64, 64, 9, steps=3)


class Hands:
    """A clock's hands that the test moves."""

    def __init__(self) -> None:
        self.at, self.told, self.waited = 100.0, 0, 0

    def now(self) -> float:
        return self.at

    def tell(self, phase: str, step: int, steps: int) -> None:
        self.told += 1

    def wait(self) -> None:
        self.waited += 1


def run(clock: Clock, hands: Hands, *events: tuple[str, float]) -> None:
    step = -1
    for phase, after_s in events:
        hands.at += after_s
        step = 0 if phase == "anew" else step + 1
        clock.step("decoding" if phase == "decoding" else "denoising", step, 3)


def test_the_first_step_of_a_loaded_model_costs_what_the_others_do() -> None:
    hands = Hands()
    clock = Clock(hands.tell, hands.wait, now=hands.now)
    run(clock, hands, ("step", 2), ("step", 9), ("step", 4), ("step", 5), ("decoding", 1))
    hands.at += 3
    cold = clock.sample("m", RENDERING, chip="c", plan="p", loading_s=20.0)
    assert cold.load_s == pytest.approx(20 + 9 - 6), "what it compiled is loading"
    assert cold.denoise_s == pytest.approx(19 - 3) and cold.rest_s == pytest.approx(2 + 3)
    warm = clock.sample("m", RENDERING, chip="c", plan="p", loading_s=0.0)
    assert warm.load_s == 0 and warm.denoise_s == pytest.approx(19)
    assert (hands.told, hands.waited) == (5, 1)


def test_what_ran_out_of_memory_counts_as_loading() -> None:
    hands = Hands()
    clock = Clock(hands.tell, hands.wait, now=hands.now)
    run(clock, hands, ("step", 1), ("step", 7), ("anew", 30), ("step", 6), ("decoding", 0))
    hands.at += 2
    sample = clock.sample("m", RENDERING, chip="c", plan="p", loading_s=0.0)
    assert (sample.load_s, sample.denoise_s) == (38, 6) and sample.rest_s == pytest.approx(2)


def test_an_engine_that_tells_no_steps_is_timed_as_a_whole() -> None:
    hands = Hands()
    clock = Clock(hands.tell, hands.wait, now=hands.now)
    hands.at += 8
    sample = clock.sample("m", RENDERING, chip="c", plan="", loading_s=0.0)
    assert (sample.denoise_s, sample.rest_s) == (8, 0)


def test_a_worker_tells_what_it_holds_and_times_what_it_renders_until_it_gives_it_back(
    settings: Settings,
) -> None:
    jobs = JobQueue(settings)
    engines = Engines(settings, jobs, worker_id="w", device="cpu")
    card, said = load_catalog().get("mini"), list[str]()
    spec = ClipSpec("mini", "", "", 64, 64, 9, 8, seed=0, steps=2, guidance=4.0)
    for _ in range(2):
        engine = engines.get(card, said.append)
        engines.render(engine, spec, Given(), lambda *_: None)
    assert said == ["loading model"] and jobs.timings.held(["w"]) == {"cpu": {"mini"}}
    warm, cold = jobs.timings.of("mini", "cpu")
    assert warm.load_s == 0 < cold.load_s and min(warm.denoise_s, warm.rest_s) > 0
    assert (warm.rendering, warm.plan) == (Rendering.of(spec), "fp32 none")
    mended = engines.get(replace(card, limits=("mended",)), said.append)
    assert mended is not engine and engine.bytes_held == 0 and said == ["loading model"] * 2
    engines.release()
    assert jobs.timings.held(["w"]) == {"cpu": set()} and engine.bytes_held == 0
    jobs.close()
