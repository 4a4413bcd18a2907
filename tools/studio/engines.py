"""The models that a worker has loaded on its device, and the clock that times each rendering on them.

torch and diffusers are imported by the first model that is opened.  Knows no parts, takes or stores.
"""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise

from shotwright.generator.catalog import Card
from shotwright.generator.clipspec import ClipSpec
from shotwright.generator.frames import Frames, Given
from shotwright.generator.memory import at_work, room
from shotwright.generator.pipelines import Engine, OnFrames, OnStep, open_engine, usable_device
from shotwright.generator.residents import Residents
from shotwright.generator.throughput import Rendering, Sample
from shotwright.tools.settings import Settings
from shotwright.tools.studio.progress import harmless
from shotwright.tools.studio.queue import JobQueue

LOG = logging.getLogger(__name__)


class Engines:
    """Loaded models by card, on one device."""

    def __init__(self, settings: Settings, jobs: JobQueue, *, worker_id: str, device: str) -> None:
        """device: as asked; where this torch cannot use it, that of the first model is the CPU."""
        self.settings, self.jobs = settings, jobs
        self.worker_id, self.device = worker_id, device
        self.chip = ""
        self._held: Residents[Engine] = Residents(lambda: room(self.device))
        self._cards: dict[str, Card] = {}
        """With which models were loaded."""
        self._loading_s: dict[str, float] = {}
        """Of models that have not rendered anything yet: how long they took to be read."""
        self._reading_s = 0.0
        """How long the words of the next rendering took."""
        self._forget()

    def get(self, card: Card, say: Callable[[str], None]) -> Engine:
        """The model, loaded if it is not, or was with another card of that name; `say` is told so."""
        if self._cards.get(card.name, card) != card:
            self._held.drop(card.name)
        held, began = set(self._held), time.monotonic()
        try:
            if card.name not in held:
                self._begin(say)
            engine = self._held.get(card.name, at_work(card), lambda: self._opened(card))
            if card.name not in held:
                self._loading_s[card.name] = time.monotonic() - began
            return engine
        finally:
            if set(self._held) != held:
                with harmless():
                    self.jobs.timings.hold(self.worker_id, self.chip, self._held)

    def _begin(self, say: Callable[[str], None]) -> None:
        """Before a model is loaded; the first one tells which device it is."""
        say("loading model")
        if not self.chip:
            self.device, why = usable_device(self.device)
            self.chip = "cpu" if self.device == "cpu" else why
            LOG.info("rendering on %s: %s", self.device, why)

    def read_ahead(self, engine: Engine, specs: Sequence[ClipSpec]) -> None:
        """See `Engine.read_ahead`; counts for the next rendering."""
        began = time.monotonic()
        engine.read_ahead(specs)
        self._reading_s = time.monotonic() - began

    def render(
        self,
        engine: Engine,
        spec: ClipSpec,
        given: Given,
        on_step: OnStep,
        on_frames: OnFrames | None = None,
    ) -> Frames:
        """See `Engine.render`; how long it took is kept for those who ask what the next one will take."""
        clock = Clock(on_step, self._wait)
        frames = engine.render(spec, given, clock.step, on_frames)
        sample = clock.sample(
            spec.model,
            Rendering.of(spec, share=given.share, still=engine.card.still_frames),
            chip=self.chip,
            plan=plan_of(engine),
            loading_s=self._loading_s.pop(spec.model, 0.0),
        )
        self.keep(replace(sample, rest_s=sample.rest_s + self._reading_s))
        self._reading_s = 0.0
        return frames

    def keep(self, sample: Sample) -> None:
        """Write down how long something took."""
        with harmless():
            self.jobs.timings.add(self.worker_id, sample)

    def release(self) -> None:
        """Give the device back."""
        self._held.release()
        self._forget()

    def _wait(self) -> None:
        if self.device != "cpu":
            import torch

            torch.cuda.synchronize(self.device)

    def _opened(self, card: Card) -> Engine:
        self._cards[card.name] = card
        return open_engine(card, device=self.device, models=self.settings.home / "models")

    def _forget(self) -> None:
        with harmless():
            self.jobs.timings.let_go(self.worker_id)


class Clock:
    """Times one rendering by its engine's own steps."""

    def __init__(
        self,
        on_step: OnStep,
        wait: Callable[[], None],
        *,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """wait: until the device has done what it was told, which it does on its own time."""
        self._on_step, self._wait, self._now = on_step, wait, now
        self._began = now()
        self._lost_s = 0.0
        self._ends: list[float] = []
        """When the denoising began, and when each step ended."""

    def step(self, phase: str, step: int, steps: int) -> None:
        """For the engine to call; tells who asked."""
        if phase == "decoding":
            self._wait()
        now = self._now()
        if (phase, step) == ("denoising", 0) and self._ends:
            # out of memory: loaded in a gentler way, and begun anew
            self._lost_s += now - self._began
            self._began, self._ends = now, []
        if phase == "decoding" and len(self._ends) > 1:
            self._ends[-1] = now  # only now the last step is done
        else:
            self._ends.append(now)
        self._on_step(phase, step, steps)

    def sample(
        self, model: str, rendering: Rendering, *, chip: str, plan: str, loading_s: float
    ) -> Sample:
        """Now that it has ended."""
        whole = self._now() - self._began
        steps = [after - before for before, after in pairwise(self._ends)]
        load_s = loading_s + self._lost_s
        # a model's first step is longer by what it compiles and allocates: that belongs to its loading
        excess = max(0.0, steps[0] - max(steps[1:])) if load_s and len(steps) > 1 else 0.0
        denoise_s = sum(steps) or whole
        return Sample(
            model,
            chip,
            plan,
            rendering,
            load_s=load_s + excess,
            denoise_s=denoise_s - excess,
            rest_s=whole - denoise_s,
        )


def plan_of(engine: Engine) -> str:
    """How the model lies on its device, in a few words."""
    memory = engine.told().get("memory") or {}
    return " ".join(str(memory[name]) for name in ("precision", "offload") if name in memory)
