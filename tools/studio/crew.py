"""The worker's hands: renders parts, finishes takes, joins films.  One object a process, one render at a time.

torch, diffusers, cv2 and av are imported by the method that needs them.  Knows nothing of queues but how to write a
job's progress and end.
"""

import logging
import os
import platform
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import UTC, datetime
from functools import cached_property, lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy.exc import SQLAlchemyError

from shotwright.generator.camera import Move, Pose, path
from shotwright.generator.catalog import Card, Catalog, load_catalog
from shotwright.generator.clipspec import ClipSpec
from shotwright.generator.errors import Cancelled, RenderFailed, ShotwrightError
from shotwright.generator.frames import Frames, Given, Picture
from shotwright.tools.settings import Settings
from shotwright.tools.studio.assets import Store
from shotwright.tools.studio.films import Cut, join
from shotwright.tools.studio.queue import JobQueue, cancelled, overtaken
from shotwright.tools.studio.slates import (
    Adjustment,
    Blobs,
    Slate,
    Warned,
    mp4_metadata,
    read_slate,
)

if TYPE_CHECKING:
    from shotwright.generator.pipelines import Engine

LOG = logging.getLogger(__name__)

TAIL_FRAMES = 17
"""Last frames kept losslessly beside a take: enough for the longest overlap of any card."""
REPORT_EVERY_S = 0.1
PART_POLL_S = 0.1
"""How often a film looks for the end of its next part."""
DENOISING_SHARE = 0.9
"""Share of a segment's progress that denoising is; decoding, encoding and inspection are the rest."""


class Crew:
    """Everything a worker does with its device."""

    def __init__(self, settings: Settings, jobs: JobQueue, *, worker_id: str, device: str) -> None:
        self.settings, self.jobs = settings, jobs
        self.worker_id, self.device = worker_id, device
        self.current_job: str | None = None
        self._engines: dict[str, Engine] = {}
        self._plan = lru_cache(maxsize=16)(self._read_plan)

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
        self.fail(job_id, error)

    def succeed(self, job_id: str, result: Callable[[], dict[str, Any]]) -> None:
        try:
            self.jobs.end(job_id, "succeeded", result=result())
        except ShotwrightError as error:  # a take deleted while its siblings rendered
            self.fail(job_id, error.body())

    def fail(self, job_id: str, error: dict[str, Any]) -> None:
        state = "cancelled" if error["code"] == Cancelled.code else "failed"
        self.jobs.end(job_id, state, error=error)

    # What a job consists of

    def parts(self, job_id: str) -> int:
        return len(self._plan(job_id)["parts"])

    def segments(self, job_id: str, part: int) -> int:
        return len(self._plan(job_id)["parts"][part]["segments"])

    def priority(self, job_id: str) -> int:
        return int(self.jobs.row(job_id)["priority"])

    def dependencies(self, job_id: str) -> dict[int, int | None]:
        """Each part and the earlier part whose take it starts from."""
        parts = self._plan(job_id)["parts"]
        return {i: part["after"]["part"] if part["after"] else None for i, part in enumerate(parts)}

    def by_shot(self, job_id: str, made: dict[int, str]) -> dict[str, list[str]]:
        """Take ids by shot id, in the order of the parts."""
        found: dict[str, list[str]] = {}
        for index, part in enumerate(self._plan(job_id)["parts"]):
            found.setdefault(part["shot"], []).append(made[index])
        return found

    def take(self, take_id: str) -> dict[str, Any]:
        return read_slate(self.store, take_id).to_take(self.store, None)

    # Rendering

    def make_take(self, job_id: str, index: int) -> str:
        """A take of one segment; its id."""
        with self._progress(job_id, index) as progress:
            part = self._plan(job_id)["parts"][index]
            new, timings = self._render(job_id, part, 0, None, progress)
            return self._finish(job_id, part, new, [], timings, progress)

    def make_segment(
        self, job_id: str, index: int, segment: int, before: str | None
    ) -> dict[str, Any]:
        """One segment of a long take, the overlap dropped, kept losslessly: `{key, timings}`."""
        with self._progress(job_id, index) as progress:
            part = self._plan(job_id)["parts"][index]
            new, timings = self._render(job_id, part, segment, before, progress)
            key = self._keep_lossless(new, part["segments"][segment]["spec"]["fps"])
            return {"key": key, "timings": timings}

    def finish_take(self, job_id: str, index: int, made: Sequence[dict[str, Any]]) -> str:
        """A long take from its segments; its id."""
        from shotwright.generator.encode import read_lossless

        with self._progress(job_id, index) as progress:
            part = self._plan(job_id)["parts"][index]
            clips = [read_lossless(self.store.fetch(segment["key"])).frames for segment in made]
            timings = {
                name: round(sum(segment["timings"][name] for segment in made), 3)
                for name in made[0]["timings"]
            }
            joins = np.cumsum([len(clip) for clip in clips])[:-1].tolist()
            return self._finish(job_id, part, np.concatenate(clips), joins, timings, progress)

    def _engine(self, card: Card, progress: "_Progress") -> "Engine":
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
        progress: "_Progress",
    ) -> tuple[Frames, dict[str, float]]:
        """A segment's new frames (the overlap dropped) and how long each phase took."""
        planned = part["segments"][segment]
        spec = ClipSpec.from_json(planned["spec"])
        card = self._card(spec.model)
        began = time.monotonic()
        engine = self._engine(card, progress)
        loaded = time.monotonic()
        given = self._given(job_id, part, segment, before, spec)
        progress.segment(segment, len(part["segments"]))
        ready = time.monotonic()
        if part.get("animatic"):
            frames = self._still_moved(engine, spec, given, part, progress)
        else:
            frames = engine.render(spec, given, progress.step)
        seconds = time.monotonic() - ready
        steps = max(1, round(spec.steps * given.strength))
        work = steps * spec.frames * spec.width * spec.height / 1e6
        with _harmless():
            self.jobs.measure(f"{card.name}@{self.device}", seconds / work)
        timings = {"load_s": loaded - began, "prepare_s": ready - loaded, "render_s": seconds}
        rounded = {name: round(value, 3) for name, value in timings.items()}
        return frames[planned["overlap"] :], rounded

    def _given(
        self, job_id: str, part: dict[str, Any], segment: int, before: str | None, spec: ClipSpec
    ) -> Given:
        """The spec's pictures as arrays, and what the segment continues from."""
        stills: dict[int, Picture] = {frame: self._picture(key) for frame, key in spec.keyframes}
        prefix: Frames | None = None
        overlap = part["segments"][segment]["overlap"]
        if spec.first is not None:
            stills[0] = self._picture(spec.first)
        if spec.last is not None:
            stills[spec.frames - 1] = self._picture(spec.last)
        if before is not None:
            prefix = self._lossless(before)[-overlap:]
        elif part["after"] is not None:
            tail = self._tail_of(part["after"]["take_id"])
            if part["after"]["how"] == "extend":
                prefix = tail[-overlap:]
            else:
                stills[0] = tail[-1]
        elif part["source"] is not None:
            prefix = self._lossless(part["source"]["clip"])[-overlap:]
        warp = part["segments"][segment].get("warp")
        if warp is None:
            return Given(stills, prefix)
        guide = self._guide(warp, spec, stills.get(0))
        return Given({0: guide[0], **stills}, prefix, guide, warp["strength"])

    def _still_moved(
        self,
        engine: "Engine",
        spec: ClipSpec,
        given: Given,
        part: dict[str, Any],
        progress: "_Progress",
    ) -> Frames:
        """An animatic's shot: one picture (given or drawn), moved along the camera's path."""
        picture = given.stills.get(0)
        if picture is None:
            picture = engine.render(replace(spec, frames=1), Given(), progress.step)[0]
        camera = {**part["camera"], "amounts": engine.card.camera_amounts}
        return _moved(picture[None], camera, spec)

    def _guide(self, warp: dict[str, Any], spec: ClipSpec, first: Picture | None) -> Frames:
        """The start picture, or every frame of a clip, moved along the asked path."""
        if warp["clip"] is not None:
            return _moved(self._lossless(warp["clip"])[: spec.frames], warp, spec)
        if first is None:
            raise RenderFailed("a warp needs a start picture.", code="internal", retryable=False)
        return _moved(first[None], warp, spec)

    def _picture(self, key: str) -> Picture:
        from PIL import Image

        return np.asarray(Image.open(self.store.fetch(key)).convert("RGB"))

    def _lossless(self, key: str) -> Frames:
        from shotwright.generator.encode import read_lossless

        return read_lossless(self.store.fetch(key)).frames

    def _tail_of(self, take_id: str) -> Frames:
        slate = read_slate(self.store, take_id)
        if slate.blobs.tail is None:
            raise RenderFailed(f"take {take_id} has no tail.", code="internal", retryable=False)
        return self._lossless(slate.blobs.tail)

    # Finishing

    def _finish(
        self,
        job_id: str,
        part: dict[str, Any],
        frames: Frames,
        joins: list[int],
        timings: dict[str, float],
        progress: "_Progress",
    ) -> str:
        """Encode, inspect and store; the slate is written last, and makes the take visible."""
        from shotwright.tools.studio.pictures import mark
        from shotwright.tools.studio.sheets import contact_sheet, poster

        specs = [ClipSpec.from_json(s["spec"]) for s in part["segments"]]
        card, fps = self._card(specs[0].model), specs[0].fps
        began = time.monotonic()
        progress.say("inspecting")
        start = 0
        if part["source"] is not None:
            source = self._lossless(part["source"]["clip"])
            start, frames = len(source), np.concatenate([source, frames])
            joins = [start, *(start + join for join in joins)]
        found = inspect(part, frames, joins, start=start, fetch=self._picture)
        inspected = time.monotonic()
        self._check(job_id)
        progress.say("encoding")
        tail = self._keep_lossless(frames[-TAIL_FRAMES:], fps)
        shown = mark(frames, part["label"], fps=fps)
        metadata = mp4_metadata(
            request=part["request"],
            model=card.name,
            revision=card.revision,
            seed=part["seed"],
            prompt=specs[0].prompt,
        )
        clip = self._keep_clip(shown, fps, metadata)
        blobs = Blobs(
            clip=clip,
            tail=tail,
            sheet=self.store.put_bytes(contact_sheet(shown, fps=fps), "jpg").key,
            poster=self.store.put_bytes(poster(shown[len(shown) // 2]), "jpg").key,
        )
        timings = {
            **timings,
            "inspect_s": round(inspected - began, 3),
            "encode_s": round(time.monotonic() - inspected, 3),
        }
        self._check(job_id)
        progress.say("storing")
        verb = self.jobs.row(job_id)["verb"]
        Slate(
            take_id=part["take_id"],
            verb=verb,
            request=part["request"],
            prompt=specs[0].prompt,
            negative_prompt=specs[0].negative_prompt,
            model=card.name,
            revision=card.revision,
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
            warnings=tuple(Warned(**w) for w in [*part["warnings"], *found["warnings"]]),
            unknown_words=tuple(part["unknown_words"]),
            camera=found["camera"],
            seams=tuple(found["seams"]),
            endpoints=found["endpoints"],
            parents=tuple(part["parents"]),
            timings=timings,
            versions=versions(self.device),
            blobs=blobs,
            created_at=datetime.now(UTC),
            job_id=job_id,
            film_id=part.get("film_id"),
        ).save(self.store)
        progress.done()
        return str(part["take_id"])

    def _check(self, job_id: str) -> None:
        if (stop := self.stopped(job_id)) is not None:
            raise stop

    def _keep_lossless(self, frames: Frames, fps: int) -> str:
        from shotwright.generator.encode import write_lossless

        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "clip.mkv"
            write_lossless(file, frames, fps)
            return self.store.put(file, "mkv").key

    def _keep_clip(self, frames: Frames, fps: int, metadata: dict[str, str]) -> str:
        """MP4, or PNG when there is one frame."""
        from shotwright.generator.encode import write_mp4
        from shotwright.tools.studio.pictures import png

        if len(frames) == 1:
            return self.store.put_bytes(png(frames[0], metadata), "png").key
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "clip.mp4"
            write_mp4(file, frames, fps=fps, metadata=metadata)
            return self.store.put(file, "mp4").key

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
        return join(self.store, plan, cuts)

    # Progress

    @contextmanager
    def _progress(self, job_id: str, index: int) -> Iterator["_Progress"]:
        self._check(job_id)
        self.current_job = job_id
        try:
            yield _Progress(self, job_id, index, self._plan(job_id)["parts"])
        finally:
            self.current_job = None


def _moved(pictures: Frames, camera: dict[str, Any], spec: ClipSpec) -> Frames:
    """`spec.frames` frames along the path of `camera` (moves, amounts, hfov_deg): of one picture, or of one a frame."""
    from shotwright.generator.warp import warp

    moves = [Move(**move) for move in camera["moves"]]
    poses = path(moves, spec.frames, amounts=camera["amounts"], seed=spec.seed)
    box = {"hfov_deg": camera["hfov_deg"], "width": spec.width, "height": spec.height}
    if len(pictures) == 1:
        return warp(pictures[0], poses, **box).frames
    moved = [warp(one, [pose], **box).frames for one, pose in zip(pictures, poses, strict=True)]
    return np.concatenate(moved)


def unforeseen(error: Exception) -> RenderFailed:
    """What a job ends with when something happened that no error of ours names; the log has the rest."""
    LOG.error("a job met what nobody foresaw", exc_info=error)
    return RenderFailed(
        f"{type(error).__name__}: {error}",
        code="internal",
        fix="see the worker's log",
        retryable=False,
    )


class _Progress:
    """Writes one part's progress, at most ten times a second, and stops the work when the job is cancelled."""

    def __init__(self, crew: Crew, job_id: str, index: int, parts: list[dict[str, Any]]) -> None:
        self.crew, self.job_id, self.index, self.parts = crew, job_id, index, parts
        shots = list(dict.fromkeys(part.get("shot") for part in parts))
        if shots != [None]:
            place = shots.index(parts[index]["shot"]) + 1
            self.prefix = f"shot {place} of {len(shots)}: "
        else:
            self.prefix = f"take {index + 1} of {len(parts)}: " if len(parts) > 1 else ""
        self.share, self.written = 0.0, 0.0
        self.now, self.of = 0, 1
        self.began = time.monotonic()

    def segment(self, now: int, of: int) -> None:
        self.now, self.of = now, of
        self.began = time.monotonic()

    def say(self, phase: str) -> None:
        self._write(phase, None)

    def step(self, phase: str, step: int, steps: int) -> None:
        """The engine's callback: raises to stop within a step."""
        with _harmless():
            stop = None
            stop = self.crew.stopped(self.job_id)
        if stop is not None:
            raise stop
        piece = f"segment {self.now + 1} of {self.of}: " if self.of > 1 else ""
        if phase == "decoding":
            self.share = (self.now + DENOISING_SHARE) / self.of
            self._write(f"{piece}decoding", None)
            return
        self.share = (self.now + DENOISING_SHARE * step / steps) / self.of
        eta = None
        if step:
            # from this segment's own steps: what is left of it, of the segments after it, of the parts after it
            each = (time.monotonic() - self.began) / step
            left = (steps - step) + steps * (self.of - self.now - 1)
            eta = round(each * (left + steps * self.of * (len(self.parts) - self.index - 1)), 2)
        if step in (0, steps) or time.monotonic() - self.written >= REPORT_EVERY_S:
            self._write(f"{piece}denoising {step}/{steps}", eta)

    def done(self) -> None:
        self.share = 1.0
        self._write("stored", None)

    def _write(self, phase: str, eta: float | None) -> None:
        self.written = time.monotonic()
        with _harmless():
            self.crew.jobs.report(
                self.job_id,
                part=self.index,
                parts=len(self.parts),
                phase=self.prefix + phase,
                progress=self.share,
                eta_s=eta,
            )


@contextmanager
def _harmless() -> Iterator[None]:
    """A figure that cannot be written (a database that restarts) does not cost the clip."""
    try:
        yield
    except SQLAlchemyError:
        LOG.exception("a progress or speed was not written")


def inspect(
    part: dict[str, Any],
    frames: Frames,
    joins: Sequence[int],
    *,
    start: int,
    fetch: Callable[[str], Picture],
) -> dict[str, Any]:
    """Measure a finished clip: camera, seams, endpoints, picture faults, beside what was asked.

    start: first frame that was made now; joins: first frame of each continuation.
    """
    from shotwright.generator.inspect.camera import measure, verdict
    from shotwright.generator.inspect.endpoints import score
    from shotwright.generator.inspect.picture import inspect_picture
    from shotwright.generator.inspect.seams import measure_seam

    camera = part["camera"]
    asked = None if camera["asked"] is None else Pose(**camera["asked"])
    facts: dict[str, Any] = {
        "asked": camera["asked"],
        "measured": None,
        "hfov_deg": camera["hfov_deg"],
        "mechanism": camera["mechanism"],
        "verdict": {},
    }
    warnings: list[dict[str, str]] = []
    new = frames[max(0, start - 1) :]
    if len(new) > 1:
        motion = measure(new, hfov_deg=camera["hfov_deg"])
        facts["measured"] = asdict(motion.total)
        facts["verdict"] = verdict(asked or Pose(), motion.total, confidence=motion.confidence)
        if asked is not None and "fail" in facts["verdict"].values():
            axes = ", ".join(axis for axis, v in facts["verdict"].items() if v == "fail")
            warnings.append(
                {
                    "code": "camera_missed",
                    "message": f"the camera did not do what was asked on {axes}; "
                    "try another seed, takes, or a start image.",
                }
            )
        picture = inspect_picture(new)
        if picture.black_frames:
            warnings.append(
                {
                    "code": "black_frames",
                    "message": f"{len(picture.black_frames)} frames are black.",
                }
            )
        if picture.frozen:
            warnings.append(
                {"code": "frozen_frames", "message": f"nothing moves in frames {picture.frozen}."}
            )
    seams = []
    for join_ in joins:
        overlap = part["segments"][-1]["overlap"]
        seam = measure_seam(frames, join_).to_json()
        seams.append({**seam, "method": "clean latent prefix", "overlap_frames": overlap})

    def against(key: str | None, frame: int) -> dict[str, Any] | None:
        if key is None:
            return None
        matched = score(frames[frame], fetch(key))
        return {"ssim": matched.ssim, "pass": matched.passed}

    given = part["given"]
    endpoints = {
        "first": against(given["first"], 0),
        "last": against(given["last"], -1),
        "keyframes": [
            {**(against(key, frame) or {}), "frame": frame} for frame, key in given["keyframes"]
        ],
    }
    return {"camera": facts, "seams": seams, "endpoints": endpoints, "warnings": warnings}


def rank(takes: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """A job's result: the takes in the order asked, and the id of the best.

    Fewest failed measurements (camera axes, seams, endpoints, warnings of the picture) wins; the first of equals.
    """

    def faults(take: dict[str, Any]) -> int:
        camera = sum(
            v in ("fail", "stray") for v in (take["camera"] or {}).get("verdict", {}).values()
        )
        seams = sum(not seam["pass"] for seam in take["seams"])
        ends = take["endpoints"] or {}
        matched = [ends.get("first"), ends.get("last"), *ends.get("keyframes", [])]
        missed = sum(match is not None and not match["pass"] for match in matched)
        pictures = sum(w["code"] in ("black_frames", "frozen_frames") for w in take["warnings"])
        return camera + seams + missed + 2 * pictures

    return {"takes": list(takes), "best": min(takes, key=faults)["take_id"]}


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
