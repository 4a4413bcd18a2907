"""When a job will be done: what its parts take on the devices that work here, and what waits before it.

Reads the timings that workers wrote (`timings`); with several kinds of devices the slowest is believed, since any of
them may take the job.  Calls block.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from shotwright.generator.catalog import Catalog
from shotwright.generator.clipspec import ClipSpec
from shotwright.generator.speed import counted
from shotwright.generator.throughput import Estimate, Rendering, estimate, finishing
from shotwright.tools.studio.chains import chains_of

if TYPE_CHECKING:
    from shotwright.tools.studio.queue import JobQueue

Part = Mapping[str, Any]


@dataclass(frozen=True)
class Expected:
    """seconds: of rendering and finishing, and of loading what is not loaded; scaled: from what other size or setting
    that was carried over, empty where this very one was timed."""

    seconds: float
    scaled: str = ""


class Forecast:
    """What the devices that work here are known to take."""

    def __init__(self, jobs: "JobQueue", catalog: Catalog) -> None:
        self._jobs, self._catalog = jobs, catalog
        alive = [w["worker_id"] for w in jobs.workers() if w["state"] != "dead"]
        self._workers = max(1, len(alive))
        self._held = jobs.timings.held(alive)
        self._samples = lru_cache(maxsize=None)(jobs.timings.of)

    def models(self) -> set[str]:
        """Those that something was timed of."""
        return self._jobs.timings.models(self._held)

    def of(self, parts: Sequence[Part]) -> Expected | None:
        """What these parts take as one job; None where nothing was timed of one of its models.

        Chains of a film's shots are rendered side by side where there are workers.
        """
        each = [self._part(part) for part in parts]
        found = [one for one in each if one is not None]
        if len(found) < len(each):
            return None
        chains = chains_of(parts) if _is_film(parts) else [list(range(len(parts)))]
        rows = [sum(found[number].render_s for number in chain) for chain in chains]
        loads = {_model(part): one.load_s for part, one in zip(parts, found, strict=True)}
        seconds = max(max(rows, default=0.0), sum(rows) / self._workers) + sum(loads.values())
        return Expected(seconds, next((one.scaled for one in found if one.scaled), ""))

    def waiting(self, priority: int) -> tuple[float, int]:
        """Seconds until a new job of this priority begins, and how many jobs before it nothing is known of."""
        busy, unknown = [0.0] * self._workers, 0
        for row in self._jobs.live():
            if row["state"] == "queued" and row["priority"] > priority:
                continue
            parts = self._jobs.plan(row["job_id"])["parts"]
            if any("panel" in part for part in parts):
                continue  # drawn beside the renders
            left = row["eta_s"]
            if left is None:
                whole = self.of(parts)
                left = None if whole is None else whole.seconds * (1 - row["progress"])
            unknown += left is None
            if _is_film(parts):
                busy = [seconds + (left or 0.0) for seconds in busy]
            else:
                busy[busy.index(min(busy))] += left or 0.0
        return min(busy), unknown

    def _part(self, part: Part) -> Estimate | None:
        """A part's renderings and its finishing, on the slowest device; load_s is 0 where its model is loaded."""
        model, spec = _model(part), part["segments"][0]["spec"]
        card = self._catalog.cards.get(model)
        frames = sum(segment["spec"]["frames"] - segment["overlap"] for segment in part["segments"])
        take = Rendering(spec["width"], spec["height"], frames, steps=1, guided=False)
        finish = self._alike([take], finishing(model), "")
        works = _renderings(part, 1 if card is None else card.still_frames)
        if "panel" in part:
            found = [self._alike([take], model, "")]
        elif not works:
            found = [Estimate(0.0, 0.0, 0)]  # a crop asks no model
        else:
            found = [self._alike(works, model, chip) for chip in self._held]
        known = [one for one in found if one is not None]
        if not known:
            return None
        slowest = max(known, key=lambda one: one.render_s)
        loaded = all(model in models for models in self._held.values())
        return replace(
            slowest,
            load_s=0.0 if loaded else slowest.load_s,
            render_s=slowest.render_s + (finish.render_s if finish is not None else 0.0),
        )

    def _alike(self, works: Sequence[Rendering], model: str, chip: str) -> Estimate | None:
        """Several renderings of a model, one after another."""
        card = self._catalog.cards.get(model)
        network = card.network if card is not None and counted(card) else None
        found = [estimate(work, self._samples(model, chip), network) for work in works]
        known = [one for one in found if one is not None]
        if not known or len(known) < len(found):
            return None
        scaled = next((one.scaled for one in known if one.scaled), "")
        return replace(known[0], render_s=sum(one.render_s for one in known), scaled=scaled)


def _renderings(part: Part, still: int) -> list[Rendering]:
    """What the model is called for: once at rest and once with the camera moved over it, or one of the two.

    still: frames that are rendered for a picture.
    """
    over = part.get("over") or {}
    times = (over.get("start") not in ("still", "clip")) + (over.get("prompt") is not None)
    specs = [ClipSpec.from_json(segment["spec"]) for segment in part["segments"]]
    return [Rendering.of(spec, share=spec.redraw or 1.0, still=still) for spec in specs] * times


def _model(part: Part) -> str:
    return str(part["segments"][0]["spec"]["model"])


def _is_film(parts: Sequence[Part]) -> bool:
    return any("shot" in part for part in parts)
