"""The worker's hands: renders parts, finishes takes, joins films.  One object a process, one render at a time.

torch, diffusers, cv2 and av are imported by the method that needs them.  Knows nothing of queues but how to write a
job's progress and end.
"""

import logging
import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime
from functools import cached_property, lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shotwright.generator.catalog import Card, Shelf
from shotwright.generator.clipspec import ClipSpec
from shotwright.generator.errors import Cancelled, OutOfMemory, RenderFailed, ShotwrightError
from shotwright.generator.frames import Frames, Given
from shotwright.generator.throughput import by_hand, finishing
from shotwright.tools.settings import Settings
from shotwright.tools.studio.assets import Store
from shotwright.tools.studio.chains import by_shot, chains_of
from shotwright.tools.studio.continuing import given_piece, keep, make
from shotwright.tools.studio.early import Early, early
from shotwright.tools.studio.endings import cancelled, overtaken, unforeseen
from shotwright.tools.studio.engines import Engines
from shotwright.tools.studio.filing import keep_lossless
from shotwright.tools.studio.films import Cut, join
from shotwright.tools.studio.finishing import finish, metadata_of
from shotwright.tools.studio.givens import before_of, given_of, picture_of, unmoved_of
from shotwright.tools.studio.measures import own_motion
from shotwright.tools.studio.mechanisms import GUIDED
from shotwright.tools.studio.panels import MODEL as PANELS
from shotwright.tools.studio.panels import animated, unreadable
from shotwright.tools.studio.progress import Progress, harmless
from shotwright.tools.studio.queue import JobQueue
from shotwright.tools.studio.ranking import rank
from shotwright.tools.studio.reels import Reel, Stretch
from shotwright.tools.studio.scripting import waits_for_llm, written
from shotwright.tools.studio.signing import signer_of
from shotwright.tools.studio.slates import read_slate
from shotwright.tools.studio.studio import Studio
from shotwright.tools.studio.writing import WORKFLOW_S, writer_of

if TYPE_CHECKING:
    from shotwright.generator.pipelines import Engine

LOG = logging.getLogger(__name__)

Aside = Callable[[], AbstractContextManager[None]]
"""Around work for which the device is not needed."""

MAX_DRAWING = 4
"""Panels drawn at once: each holds its frames in memory."""
TIDY_S = 24 * 3600.0
"""An idle worker rids the store of what nobody names any more, at most so often."""
PART_POLL_S = 0.1
"""How often a film looks for the end of its next part."""


class Crew:
    """Everything a worker does with its device."""

    def __init__(self, settings: Settings, jobs: JobQueue, *, worker_id: str, device: str) -> None:
        self.settings, self.jobs, self.worker_id = settings, jobs, worker_id
        self._at_work: list[str] = []
        self.engines = Engines(settings, jobs, worker_id=worker_id, device=device)
        self._using = threading.Lock()
        self._tidied: float | None = None
        self._plan = lru_cache(maxsize=16)(self._read_plan)
        self.signer = signer_of(settings)

    @property
    def device(self) -> str:
        """What is rendered on."""
        return self.engines.device

    @property
    def current_job(self) -> str | None:
        """The job that is worked on: a render, where an animatic is drawn beside it."""
        return self._at_work[0] if self._at_work else None

    @cached_property
    def store(self) -> Store:
        return Store(self.settings.store, cache=self.settings.home / "cache")

    @cached_property
    def _shelf(self) -> Shelf:
        return Shelf(self.settings.home / "cards")

    def _card(self, name: str) -> Card:
        return self._shelf.last.get(name)

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
        """How many are rendered one after another; one where the camera is moved over a given clip."""
        planned = self._plan(job_id)["parts"][part]
        given = (planned.get("over") or {}).get("start") in ("still", "clip")
        return 1 if given else len(planned["segments"])

    def priority(self, job_id: str) -> int:
        return int(self.jobs.row(job_id)["priority"])

    def is_animatic(self, job_id: str) -> bool:
        """Whether the film's parts are panels, which need no model."""
        return any("panel" in part for part in self._plan(job_id)["parts"])

    def chains(self, job_id: str) -> list[list[int]]:
        """The film's parts in groups: see `chains.chains_of`."""
        return chains_of(self._plan(job_id)["parts"])

    def by_shot(self, job_id: str, made: Sequence[str]) -> dict[str, list[str]]:
        """Take ids by shot id: see `chains.by_shot`."""
        return by_shot(self._plan(job_id)["parts"], made)

    def take(self, take_id: str) -> dict[str, Any]:
        return read_slate(self.store, take_id).to_take(self.store, None)

    # Rendering

    def make_take(self, job_id: str, index: int, *, aside: Aside = nullcontext) -> str:
        """A take of one segment, or of a given clip; its id.

        aside: entered once the device is needed no more, while the take is finished.
        """
        with self._progress(job_id, index) as progress:
            part = self._plan(job_id)["parts"][index]
            if "panel" in part:
                return self._make_panel(job_id, part, progress)
            unmoved = unmoved_of(self.store, part)
            if unmoved is not None:
                return self._move(job_id, part, unmoved, [], {}, progress, aside=aside)
            with self._early(part) as begun:
                new, facts = self._render(job_id, part, 0, (), None, progress, begun=begun)
                made: list[dict[str, Any]] = []
                more: dict[str, Any] = {"stopped": keep(made, facts), "aside": aside}
                rest = (new, made, facts["timings"], progress)
                if part.get("over") is not None:
                    return self._move(job_id, part, *rest, **more)
                return self._finish(job_id, part, *rest, **more, begun=begun)

    def _early(self, part: dict[str, Any]) -> AbstractContextManager[Early | None]:
        """The take's MP4, to be encoded while it is decoded, where its frames are kept as they come: of one rendering
        of a whole clip, that begins nowhere else and is not moved over."""
        spec = ClipSpec.from_json(part["segments"][0]["spec"])
        begins = part["segments"][0]["overlap"] or part["source"] or part.get("over")
        if begins or spec.frames == 1:
            return nullcontext()
        from shotwright.generator.encode import PRESET

        metadata = metadata_of(part, self._card(spec.model).revision)
        shown = {"label": part["label"], "fps": spec.fps}
        return early(spec.frames, **shown, metadata=metadata, preset=PRESET)

    def _make_panel(self, job_id: str, part: dict[str, Any], progress: Progress) -> str:
        """An animatic's take: drawn and moved here, without a model."""
        began = time.monotonic()
        progress.say("drawing")
        drawn = animated(part, partial(picture_of, self.store))
        seconds = time.monotonic() - began
        self.engines.keep(by_hand(PANELS, drawn.moved.shape[:3], seconds))
        timings = {"render_s": round(seconds, 3)}
        part = {**part, "warnings": [*part["warnings"], *unreadable(part)]}
        frames = drawn.moved
        facts: list[dict[str, Any]] = [
            {"frames": len(frames), "seam": None, "age": None, "codec": {}}
        ]
        return self._finish(job_id, part, frames, facts, timings, progress, shown=drawn.shown)

    def make_panels(self, job_id: str) -> list[str]:
        """All takes of an animatic, on several cores: FFmpeg and OpenCV work outside of Python's lock."""
        threads = min(MAX_DRAWING, os.cpu_count() or 1)
        with ThreadPoolExecutor(threads) as pool:
            return list(pool.map(partial(self.make_take, job_id), range(self.parts(job_id))))

    def make_segment(
        self,
        job_id: str,
        index: int,
        segment: int,
        before: Sequence[str],
        anchor: dict[str, Any] | None,
    ) -> dict[str, Any]:
        """One segment of a long take, the overlap dropped, kept losslessly: its facts and `key`.

        before, anchor: keys and anchor of the segments before it, see `before_of` and `make`.
        """
        with self._progress(job_id, index) as progress:
            part = self._plan(job_id)["parts"][index]
            new, facts = self._render(job_id, part, segment, before, anchor, progress)
            key = keep_lossless(self.store, new, part["segments"][segment]["spec"]["fps"])
            return {**facts, "key": key}

    def finish_take(
        self,
        job_id: str,
        index: int,
        made: list[dict[str, Any]],
        stopped: dict[str, Any] | None,
        *,
        aside: Aside = nullcontext,
    ) -> str:
        """A long take from its segments, read from where they lie; its id.

        stopped: the age of the segment that ended it before its time; aside: as for `make_take`.
        """
        with self._progress(job_id, index) as progress:
            part = self._plan(job_id)["parts"][index]
            reel = Reel(
                [Stretch(self.store.fetch(facts["key"]), facts["frames"]) for facts in made]
            )
            timings = {
                name: round(sum(facts["timings"][name] for facts in made), 3)
                for name in made[0]["timings"]
            }
            finished = self._finish if part.get("over") is None else self._move
            more: dict[str, Any] = {"stopped": stopped, "aside": aside}
            return finished(job_id, part, reel, made, timings, progress, **more)

    def give_back(self) -> None:
        """Let go of all loaded models, unless something is at work; and tidy the store, which takes its time."""
        with self._using:
            if not self._at_work:
                self.engines.release()
        now = time.monotonic()
        if self._tidied is None or now - self._tidied > TIDY_S:
            self._tidied = now
            threading.Thread(target=self._tidy, daemon=True).start()

    def _tidy(self) -> None:
        """Remove what was deleted, and the lossless segments of takes that are done, once they are old."""
        try:
            if gone := self.store.purge(datetime.now(UTC)):
                LOG.info("removed %s files that nobody names any more", gone)
        except ShotwrightError:
            LOG.exception("the store was not tidied")

    def _render(
        self,
        job_id: str,
        part: dict[str, Any],
        segment: int,
        made: Sequence[str],
        anchor: dict[str, Any] | None,
        progress: Progress,
        *,
        begun: Early | None = None,
    ) -> tuple[Frames, dict[str, Any]]:
        """A segment's new frames, the overlap dropped; its facts: those of `make`, `frames`, `timings`, `codec`."""
        planned = part["segments"][segment]
        spec = ClipSpec.from_json(planned["spec"])
        card = self._card(spec.model)
        began = time.monotonic()
        engine = self.engines.get(card, progress.say)
        specs = [s["spec"] for p in self._plan(job_id)["parts"] for s in p["segments"]]
        words = [ClipSpec.from_json(s) for s in specs if s["model"] == card.name]
        self.engines.read_ahead(engine, words)
        loaded = time.monotonic()
        before = before_of(self.store, part, made)
        given = given_of(self.store, part, segment, before, spec)
        ready = time.monotonic()
        again = (part.get("over") or {}).get("mechanism") == GUIDED
        pieces = len(part["segments"]) * (2 if again else 1)

        def render(number: int, trial: ClipSpec) -> Frames:
            progress.segment(segment, pieces, attempt=number + 1)
            on_frames = None if begun is None else begun.take
            return self.engines.render(engine, trial, given, progress.step, on_frames)

        found = make(
            planned,
            before=before,
            anchor=anchor or (part["source"] or {}).get("anchor"),
            anchored=(part["source"] or {}).get("anchored", False),
            tries=card.seam_tries,
            render=render,
        )
        timings = {
            "load_s": loaded - began,
            "prepare_s": ready - loaded,
            "render_s": time.monotonic() - ready,
        }
        return found.frames, {
            **found.facts,
            "frames": len(found.frames),
            "timings": {name: round(value, 3) for name, value in timings.items()},
            "codec": self._codec(engine, spec),
            "engine": engine.told(),
        }

    def _codec(self, engine: "Engine", spec: ClipSpec) -> dict[str, float]:
        """By key, how well the codec alone gives back each picture that the segment is given."""
        from shotwright.generator.inspect.ssim import ssim

        keys = {spec.first, spec.last, *(key for _, key in spec.keyframes)} - {None}
        pictures = {key: picture_of(self.store, key) for key in keys if key is not None}
        return {key: ssim(engine.reconstruct(one), one) for key, one in pictures.items()}

    def _move(
        self,
        job_id: str,
        part: dict[str, Any],
        clip: Frames | Reel,
        made: list[dict[str, Any]],
        timings: dict[str, float],
        progress: Progress,
        *,
        stopped: dict[str, Any] | None = None,
        aside: Aside = nullcontext,
    ) -> str:
        """Finish a take whose camera is moved over `clip`.

        made: the facts of the segments that were rendered of it; none of a given clip.
        """
        from shotwright.generator.encode import write_lossless
        from shotwright.tools.studio.moving import moved

        began, over = time.monotonic(), part["over"]
        planned = part["segments"][: len(made) or None]  # a drift may have ended it early
        specs = [ClipSpec.from_json(segment["spec"]) for segment in planned]

        def engine() -> "Engine":
            return self.engines.get(self._card(specs[0].model), progress.say)

        def render(index: int, spec: ClipSpec, given: Given) -> Frames:
            progress.segment(len(made) + index, len(made) + len(specs))
            return self.engines.render(engine(), spec, given, progress.step)

        given = given_of(self.store, part, 0, None, specs[0])
        overlap = planned[-1]["overlap"]
        frames = moved(clip, over, specs, overlap=overlap, given=given, render=render)
        with tempfile.TemporaryDirectory() as folder:
            # not into the store: no step after this one reads it, and it is many times as large as the take
            file = Path(folder) / "moved.mkv"
            write_lossless(file, frames, specs[0].fps)
            guided = over["mechanism"] == GUIDED
            pieces = made or [given_piece(segment, joined=guided) for segment in planned]
            if guided and not made:
                pieces[0]["codec"] = self._codec(engine(), specs[0])
            if over["start"] == "clip":
                own = own_motion(clip, over["hfov_deg"])
                part = {**part, "camera": {**part["camera"], "own": own}}
            timings = {**timings, "move_s": round(time.monotonic() - began, 3)}
            reel = Reel([Stretch(file, len(clip))])
            more: dict[str, Any] = {"stopped": stopped, "aside": aside}
            return self._finish(job_id, part, reel, pieces, timings, progress, **more)

    # Finishing

    def _finish(
        self,
        job_id: str,
        part: dict[str, Any],
        frames: Frames | Reel,
        made: list[dict[str, Any]],
        timings: dict[str, float],
        progress: Progress,
        *,
        shown: Frames | None = None,
        stopped: dict[str, Any] | None = None,
        aside: Aside = nullcontext,
        begun: Early | None = None,
    ) -> str:
        """See `finish`; aside: as for `make_take`."""
        began, spec = time.monotonic(), part["segments"][0]["spec"]
        model, shape = spec["model"], (len(frames), spec["height"], spec["width"])
        with aside():
            finish(
                self.store,
                part,
                frames,
                made,
                job_id=job_id,
                verb=self.jobs.row(job_id)["verb"],
                revision=None if "panel" in part else self._card(model).revision,
                device=self.device,
                timings=timings,
                shown=shown,
                stopped=stopped,
                signer=self.signer,
                say=partial(self._say, job_id, progress),
                begun=begun,
            )
        self.engines.keep(by_hand(finishing(model), shape, time.monotonic() - began))
        progress.done()
        return str(part["take_id"])

    def _say(self, job_id: str, progress: Progress, phase: str) -> None:
        self._check(job_id)
        progress.say(phase)

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
            cuts.append(Cut(shot, chosen, (*takes, *shot.get("earlier", ()))))
        return join(self.store, plan, cuts, signer=self.signer)

    # Progress

    @contextmanager
    def _progress(self, job_id: str, index: int) -> Iterator[Progress]:
        self._check(job_id)
        with self._using:
            self._at_work.append(job_id)
        try:
            yield Progress(self.jobs, self.stopped, job_id, index, self._plan(job_id)["parts"])
        finally:
            self._at_work.remove(job_id)
