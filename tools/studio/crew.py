"""The worker's hands: renders parts, finishes takes, joins films.  One object a process, one render at a time.

torch, diffusers, cv2 and av are imported by the method that needs them.  Knows nothing of queues but how to write a
job's progress and end.
"""

import logging
import os
import platform
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cached_property, lru_cache, partial
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np

from shotwright.generator.catalog import Card, Catalog, load_catalog
from shotwright.generator.clipspec import ClipSpec
from shotwright.generator.errors import Cancelled, OutOfMemory, RenderFailed, ShotwrightError
from shotwright.generator.frames import Frames
from shotwright.tools.settings import Settings
from shotwright.tools.studio.assets import Store
from shotwright.tools.studio.filing import file_take, keep_lossless
from shotwright.tools.studio.films import Cut, join
from shotwright.tools.studio.givens import given_of, lossless_of, picture_of
from shotwright.tools.studio.measures import inspect, rank
from shotwright.tools.studio.panels import MODEL as PANELS
from shotwright.tools.studio.panels import PRESET as PANEL_PRESET
from shotwright.tools.studio.panels import animated, unreadable
from shotwright.tools.studio.progress import Progress, harmless
from shotwright.tools.studio.queue import JobQueue, cancelled, overtaken
from shotwright.tools.studio.scripting import waits_for_llm, written
from shotwright.tools.studio.signing import signer_of
from shotwright.tools.studio.slates import (
    Adjustment,
    Slate,
    Warned,
    mp4_metadata,
    read_slate,
)
from shotwright.tools.studio.studio import Studio
from shotwright.tools.studio.writing import WORKFLOW_S, writer_of

if TYPE_CHECKING:
    from shotwright.generator.pipelines import Engine

LOG = logging.getLogger(__name__)

_TOLD = ("original", "text", "writer", "why", "diff")
MAX_DRAWING = 4
"""Panels drawn at once: each holds its frames in memory."""
PART_POLL_S = 0.1
"""How often a film looks for the end of its next part."""


class Crew:
    """Everything a worker does with its device."""

    def __init__(self, settings: Settings, jobs: JobQueue, *, worker_id: str, device: str) -> None:
        self.settings, self.jobs = settings, jobs
        self.worker_id, self.device = worker_id, device
        self._at_work: list[str] = []
        self._engines: dict[str, Engine] = {}
        self._plan = lru_cache(maxsize=16)(self._read_plan)
        self.signer = signer_of(settings)

    @property
    def current_job(self) -> str | None:
        """The job that is worked on: a render, where an animatic is drawn beside it."""
        return self._at_work[0] if self._at_work else None

    @cached_property
    def store(self) -> Store:
        return Store(self.settings.store, cache=self.settings.home / "cache")

    @cached_property
    def catalog(self) -> Catalog:
        return load_catalog(self.settings.home / "cards")

    def _card(self, name: str) -> Card:
        """The card; the catalogue is read again for one that was added since."""
        if name not in self.catalog.cards:
            self.catalog = load_catalog(self.settings.home / "cards")
        return self.catalog.get(name)

    # A job's beginning and end

    def _read_plan(self, job_id: str) -> dict[str, Any]:
        return self.jobs.plan(job_id)

    def begin(self, job_id: str) -> bool:
        """Mark the job as running here; False when it has ended already."""
        if not self.jobs.start(job_id, self.worker_id):
            return False
        if (stop := self.stopped(job_id)) is not None:
            self.fail(job_id, stop.body())
            return False
        return True

    def stopped(self, job_id: str) -> ShotwrightError | None:
        """Why the job must not go on, if it must not."""
        why = self.jobs.asked_to_stop(job_id)
        if why is None:
            return None
        return cancelled(job_id) if why == "cancelled" else overtaken(job_id)

    @contextmanager
    def ending(self, job_id: str) -> Iterator[None]:
        """Whatever goes wrong in a workflow, its job ends."""
        try:
            yield
        except Exception as error:
            self.give_up(job_id, unforeseen(error).body())

    def await_part(self, job_id: str, workflow_id: str) -> ShotwrightError | None:
        """Wait until a film's part has ended; or why the film must not go on, its waiting parts dropped."""
        while not self.jobs.part_ended(workflow_id):
            if (stop := self.stopped(job_id)) is not None:
                self.jobs.drop_parts(job_id)
                return stop
            time.sleep(PART_POLL_S)
        return None

    def give_up(self, job_id: str, error: dict[str, Any]) -> None:
        """Fail a job of several parts: those that have not begun are not begun."""
        self.jobs.drop_parts(job_id)
        if error["code"] in (RenderFailed.code, OutOfMemory.code):
            way_out = "or make the film with quality=animatic, which needs no model"
            error = {**error, "fix": f"{error['fix']}; {way_out}" if error["fix"] else way_out}
        self.fail(job_id, error)

    def succeed(self, job_id: str, result: Callable[[], dict[str, Any]]) -> None:
        try:
            self.jobs.end(job_id, "succeeded", result=result())
        except ShotwrightError as error:  # a take deleted while its siblings rendered
            self.fail(job_id, error.body())

    def fail(self, job_id: str, error: dict[str, Any]) -> None:
        state = "cancelled" if error["code"] == Cancelled.code else "failed"
        self.jobs.end(job_id, state, error=error)

    # Writing

    def to_be_written(self, job_id: str) -> bool:
        """Whether an LLM is to write the job's prompts, or its film's plan, before it renders."""
        return waits_for_llm(self._plan(job_id))

    def write(self, job_id: str) -> None:
        """Put what the LLM writes in the place of what the rules wrote; those stay where it fails."""
        plan = self._plan(job_id)
        with harmless():
            self.jobs.report(
                job_id,
                part=0,
                parts=len(plan["parts"]),
                phase="an LLM writes",
                progress=0.0,
                eta_s=None,
            )
        writer = writer_of(self.settings, seconds=WORKFLOW_S, watch=lambda: self._check(job_id))
        self.jobs.replan(job_id, written(Studio(self.settings), plan, writer))
        self._plan.cache_clear()

    # What a job consists of

    def parts(self, job_id: str) -> int:
        return len(self._plan(job_id)["parts"])

    def segments(self, job_id: str, part: int) -> int:
        return len(self._plan(job_id)["parts"][part]["segments"])

    def priority(self, job_id: str) -> int:
        return int(self.jobs.row(job_id)["priority"])

    def is_animatic(self, job_id: str) -> bool:
        """Whether the film's parts are panels, which need no model."""
        return any("panel" in part for part in self._plan(job_id)["parts"])

    def chains(self, job_id: str) -> list[list[int]]:
        """The film's parts in groups: see `chains_of`."""
        return chains_of(self._plan(job_id)["parts"])

    def by_shot(self, job_id: str, made: Sequence[str]) -> dict[str, list[str]]:
        """Take ids by shot id, in the order of the parts; keyframes are no takes of a shot."""
        found: dict[str, list[str]] = {}
        for index, part in enumerate(self._plan(job_id)["parts"]):
            if "keyframe" not in part:
                found.setdefault(part["shot"], []).append(made[index])
        return found

    def take(self, take_id: str) -> dict[str, Any]:
        return read_slate(self.store, take_id).to_take(self.store, None)

    # Rendering

    def make_take(self, job_id: str, index: int) -> str:
        """A take of one segment; its id."""
        with self._progress(job_id, index) as progress:
            part = self._plan(job_id)["parts"][index]
            if "panel" in part:
                return self._make_panel(job_id, part, progress)
            new, timings = self._render(job_id, part, 0, None, progress)
            return self._finish(job_id, part, new, [], timings, progress)

    def _make_panel(self, job_id: str, part: dict[str, Any], progress: Progress) -> str:
        """An animatic's take: drawn and moved here, without a model."""
        began = time.monotonic()
        progress.say("drawing")
        drawn = animated(part, partial(picture_of, self.store))
        seconds = time.monotonic() - began
        with harmless():
            self.jobs.measure(f"{PANELS}@{self.device}", seconds / (drawn.moved[..., 0].size / 1e6))
        timings = {"render_s": round(seconds, 3)}
        part = {**part, "warnings": [*part["warnings"], *unreadable(part)]}
        return self._finish(job_id, part, drawn.moved, [], timings, progress, shown=drawn.shown)

    def make_panels(self, job_id: str) -> list[str]:
        """All takes of an animatic, on several cores: FFmpeg and OpenCV work outside of Python's lock."""
        threads = min(MAX_DRAWING, os.cpu_count() or 1)
        with ThreadPoolExecutor(threads) as pool:
            return list(pool.map(partial(self.make_take, job_id), range(self.parts(job_id))))

    def make_segment(
        self, job_id: str, index: int, segment: int, before: str | None
    ) -> dict[str, Any]:
        """One segment of a long take, the overlap dropped, kept losslessly: `{key, timings}`."""
        with self._progress(job_id, index) as progress:
            part = self._plan(job_id)["parts"][index]
            new, timings = self._render(job_id, part, segment, before, progress)
            key = keep_lossless(self.store, new, part["segments"][segment]["spec"]["fps"])
            return {"key": key, "timings": timings}

    def finish_take(self, job_id: str, index: int, made: Sequence[dict[str, Any]]) -> str:
        """A long take from its segments; its id."""
        with self._progress(job_id, index) as progress:
            part = self._plan(job_id)["parts"][index]
            clips = [lossless_of(self.store, segment["key"]) for segment in made]
            timings = {
                name: round(sum(segment["timings"][name] for segment in made), 3)
                for name in made[0]["timings"]
            }
            joins = np.cumsum([len(clip) for clip in clips])[:-1].tolist()
            return self._finish(job_id, part, np.concatenate(clips), joins, timings, progress)

    def _engine(self, card: Card, progress: Progress) -> "Engine":
        if card.name not in self._engines:
            progress.say("loading model")
            from shotwright.generator.pipelines import open_engine, usable_device

            self.device, why = usable_device(self.device)
            LOG.info("rendering on %s: %s", self.device, why)
            self._engines.clear()  # one resident model
            self._engines[card.name] = open_engine(
                card, device=self.device, models=self.settings.home / "models"
            )
        return self._engines[card.name]

    def _render(
        self,
        job_id: str,
        part: dict[str, Any],
        segment: int,
        before: str | None,
        progress: Progress,
    ) -> tuple[Frames, dict[str, float]]:
        """A segment's new frames (the overlap dropped) and how long each phase took."""
        planned = part["segments"][segment]
        spec = ClipSpec.from_json(planned["spec"])
        card = self._card(spec.model)
        began = time.monotonic()
        engine = self._engine(card, progress)
        loaded = time.monotonic()
        given = given_of(self.store, part, segment, before, spec)
        progress.segment(segment, len(part["segments"]))
        ready = time.monotonic()
        frames = engine.render(spec, given, progress.step)
        seconds = time.monotonic() - ready
        steps = max(1, round(spec.steps * given.strength))
        work = steps * spec.frames * spec.width * spec.height / 1e6
        with harmless():
            self.jobs.measure(f"{card.name}@{self.device}", seconds / work)
        timings = {"load_s": loaded - began, "prepare_s": ready - loaded, "render_s": seconds}
        rounded = {name: round(value, 3) for name, value in timings.items()}
        return frames[planned["overlap"] :], rounded

    # Finishing

    def _finish(
        self,
        job_id: str,
        part: dict[str, Any],
        frames: Frames,
        joins: list[int],
        timings: dict[str, float],
        progress: Progress,
        *,
        shown: Frames | None = None,
    ) -> str:
        """Encode, inspect and store; the slate is written last, and makes the take visible.

        shown: what is to be seen, where it is not `frames` themselves (an animatic's, with their words).
        """
        from shotwright.generator.encode import PRESET

        specs = [ClipSpec.from_json(s["spec"]) for s in part["segments"]]
        fps, panel = specs[0].fps, "panel" in part
        model = specs[0].model
        revision = None if panel else self._card(model).revision
        began = time.monotonic()
        progress.say("inspecting")
        start = 0
        if part["source"] is not None:
            source = lossless_of(self.store, part["source"]["clip"])
            start, frames = len(source), np.concatenate([source, frames])
            joins = [start, *(start + join for join in joins)]
        found = inspect(part, frames, joins, start=start, fetch=partial(picture_of, self.store))
        inspected = time.monotonic()
        self._check(job_id)
        progress.say("encoding")
        metadata = mp4_metadata(
            request=part["request"],
            model=model,
            revision=revision,
            seed=part["seed"],
            prompt=specs[0].prompt,
        )
        filed = file_take(
            self.store,
            frames if shown is None else shown,
            fps=fps,
            label=part["label"],
            metadata=metadata,
            preset=PANEL_PRESET if panel else PRESET,
            tail=not panel,
            signer=self.signer,
        )
        timings = {
            **timings,
            "inspect_s": round(inspected - began, 3),
            "encode_s": round(time.monotonic() - inspected, 3),
        }
        self._check(job_id)
        progress.say("storing")
        warnings = [*part["warnings"], *found["warnings"], *filed.warnings]
        Slate(
            take_id=part["take_id"],
            verb=self.jobs.row(job_id)["verb"],
            request=part["request"],
            words={name: value for name, value in part.get("words", {}).items() if name in _TOLD},
            prompt=specs[0].prompt,
            negative_prompt=specs[0].negative_prompt,
            model=model,
            revision=revision,
            seed=part["seed"],
            width=frames.shape[2],
            height=frames.shape[1],
            frames=len(frames),
            fps=fps,
            duration_s=len(frames) / fps,
            effective={
                "quality": part["quality"],
                "steps": specs[0].steps,
                "guidance": specs[0].guidance,
                "segments": part["segments"],
                "given": part["given"],
            },
            adjustments=tuple(Adjustment(**a) for a in part["adjustments"]),
            warnings=tuple(Warned(**w) for w in warnings),
            unknown_words=tuple(part["unknown_words"]),
            camera=found["camera"],
            seams=tuple(found["seams"]),
            endpoints=found["endpoints"],
            likeness=filed.likeness,
            parents=tuple(part["parents"]),
            timings=timings,
            versions=versions(self.device),
            blobs=filed.blobs,
            created_at=datetime.now(UTC),
            job_id=job_id,
            film_id=part.get("film_id"),
        ).save(self.store)
        progress.done()
        return str(part["take_id"])

    def _check(self, job_id: str) -> None:
        if (stop := self.stopped(job_id)) is not None:
            raise stop

    # Films

    def assemble_film(self, job_id: str, made: dict[str, list[str]]) -> dict[str, Any]:
        """Join the best take of every shot in the plan's order; the film's record is written last."""
        self._check(job_id)
        plan = self._plan(job_id)["film"]
        cuts: list[Cut] = []
        for shot in plan["shots"]:
            takes = [*shot["kept"], *made.get(shot["shot"], [])]
            slates = [read_slate(self.store, take_id) for take_id in takes]
            best = shot["chosen"] or rank([self.take(s.take_id) for s in slates])["best"]
            chosen = next(s for s in slates if s.take_id == best)
            cuts.append(Cut(shot, chosen, tuple(takes)))
        return join(self.store, plan, cuts, signer=self.signer)

    # Progress

    @contextmanager
    def _progress(self, job_id: str, index: int) -> Iterator[Progress]:
        self._check(job_id)
        self._at_work.append(job_id)
        try:
            yield Progress(self.jobs, self.stopped, job_id, index, self._plan(job_id)["parts"])
        finally:
            self._at_work.remove(job_id)


def chains_of(parts: Sequence[dict[str, Any]]) -> list[list[int]]:
    """Numbers of parts in groups, each in order: one that starts from another's take is in the group of that one."""
    chains: list[list[int]] = []
    for index, part in enumerate(parts):
        befores = {end["part"] for name in ("after", "until") if (end := part.get(name))}
        joined = [chain for chain in chains if befores & set(chain)]
        merged = sorted([index, *(number for chain in joined for number in chain)])
        chains = [*(chain for chain in chains if chain not in joined), merged]
    return sorted(chains)


def unforeseen(error: Exception) -> RenderFailed:
    """What a job ends with when something happened that no error of ours names; the log has the rest."""
    LOG.error("a job met what nobody foresaw", exc_info=error)
    return RenderFailed(
        f"{type(error).__name__}: {error}",
        code="internal",
        fix="see the worker's log",
        retryable=False,
    )


@lru_cache(maxsize=1)
def versions(device: str) -> dict[str, str]:
    """What rendered: the libraries that decide the pixels, and the device."""
    found = {
        name: version(name) for name in ("shotwright", "torch", "diffusers", "transformers", "av")
    }
    found["python"] = platform.python_version()
    found["device"] = device
    found["threads"] = str(os.environ.get("OMP_NUM_THREADS", os.cpu_count()))
    return found
