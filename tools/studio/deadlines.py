"""What a deadline leaves: the best model, quality and level that are done in time by this machine's own timings.

Best first: the largest model, then its quality, then its level.  What the caller states is never changed, and what was
changed is told.  Knows plans by their parts only.
"""

import math
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeVar

from shotwright.generator import weights
from shotwright.generator.catalog import Card, Catalog
from shotwright.generator.clipspec import ClipSpec
from shotwright.generator.errors import BadRequest
from shotwright.tools.studio import wire
from shotwright.tools.studio.forecast import Expected, Forecast
from shotwright.tools.studio.resolve import Resolution, length
from shotwright.tools.studio.studio import Studio

QUALITIES = ("high", "standard", "draft")
SPARE = 1.1
"""Half of all renderings take longer than the median: so much more must fit."""


UNTIMED = "deadline_queue"


class Planned(Protocol):
    """A job as it was resolved: its parts, and what is said of it."""

    @property
    def parts(self) -> list[dict[str, Any]]: ...
    @property
    def notes(self) -> Resolution: ...


Asking = TypeVar(
    "Asking",
    wire.GenerateVideo,
    wire.ExtendVideo,
    wire.MoveCamera,
    wire.GenerateImage,
    wire.MakeFilm,
)
Plan = TypeVar("Plan", bound=Planned)
Make = Callable[[Asking, dict[str, Any], str | None], Awaitable[Plan]]
"""Resolves a call: (its arguments, those that it was given, level where it is not the quality's own)."""


@dataclass(frozen=True)
class Setting:
    """level: None for the quality's own."""

    model: str
    quality: str
    level: str | None = None


async def in_time(
    studio: Studio, a: Asking, asked: dict[str, Any], make: Make[Asking, Plan]
) -> Plan:
    """The call resolved, so that it is done by its deadline if it has one.

    Raises: BadRequest (deadline_too_short) where something was left open and nothing of it is quick enough.
    """
    plan = await make(a, asked, None)
    if a.deadline_s is None or a.quality == "animatic" or not plan.parts:
        return plan
    queue = await studio.queue()
    forecast = await studio.blocking(Forecast, queue, studio.catalog)
    wait_s, unknown = await studio.blocking(forecast.waiting, a.priority)
    choice = _Choice(studio.catalog, forecast, a, plan.parts, a.deadline_s, wait_s)
    if unknown:
        plan.notes.warn(
            UNTIMED,
            f"{unknown} jobs that are served before this one were never timed here, and count as no time.",
        )
    ready = await studio.blocking(_ready, studio, forecast)
    settings = list(options(a, studio.catalog, ready))
    for setting in settings:
        if not await studio.blocking(choice.fits, setting):
            continue
        if setting == choice.usual:
            return plan
        told = {} if setting.quality == a.quality else {"quality": setting.quality}
        if setting.model != choice.usual.model:
            told["model"] = setting.model
        changed = a.model_copy(update=told)
        try:
            made = await make(changed, {**asked, **told}, setting.level)
        except BadRequest:
            if setting.model == choice.usual.model:
                raise
            continue  # another model that cannot do what is asked
        # a model's own lengths may be longer than those of the usual one
        there = replace(choice, a=changed, parts=made.parts)
        if await studio.blocking(there.fits, setting):
            made.notes.warnings.extend(w for w in plan.notes.warnings if w["code"] == UNTIMED)
            await studio.blocking(there.tell, setting, choice.usual, made.notes)
            return made
    await studio.blocking(choice.give_up, settings, plan.notes)
    return plan


def options(a: wire.Look | wire.MakeFilm, catalog: Catalog, ready: set[str]) -> Iterator[Setting]:
    """What the call leaves open, the best first; ready: models that could be taken instead of the usual one."""
    usual = catalog.get(a.model)
    cards = [usual]
    if a.model is None and getattr(a, "film_id", None) is None:  # a film goes on with its own
        others = [card for card in catalog.cards.values() if card.name in ready - {usual.name}]
        cards = sorted([usual, *others], key=_millions, reverse=True)
    for card in cards:
        stated = "quality" in a.model_fields_set
        for quality in (a.quality,) if stated else QUALITIES:
            if quality in card.quality:
                yield Setting(card.name, quality)
                if card.quality[quality].level == "exact":
                    yield Setting(card.name, quality, "fast")


def _millions(card: Card) -> float:
    """Of parameters, all experts counted."""
    experts = card.network.experts if card.network else 1
    counts = card.parameters_m
    return sum(n * (experts if part == "transformer" else 1) for part, n in counts.items())


def _ready(studio: Studio, forecast: Forecast) -> set[str]:
    """Models that were timed here and whose weights are here still; elsewhere the workers know."""
    cards = [studio.catalog.cards[name] for name in forecast.models() & set(studio.catalog.cards)]
    if not studio.settings.embedded:
        return {card.name for card in cards}
    models = studio.settings.home / "models"
    return {
        card.name
        for card in cards
        if all(weights.look(need, models).ready for need in weights.needs(card) if not need.lora)
    }


@dataclass(frozen=True)
class _Choice:
    """The parts as they are usually made, and the time there is for them."""

    catalog: Catalog
    forecast: Forecast
    a: wire.Look | wire.MakeFilm
    parts: list[dict[str, Any]]
    deadline_s: float
    wait_s: float

    @property
    def usual(self) -> Setting:
        return Setting(self.catalog.get(self.a.model).name, self.a.quality)

    def fits(self, setting: Setting) -> bool:
        found = self._expected(setting)
        return found is not None and found.seconds * SPARE + self.wait_s <= self.deadline_s

    def tell(self, setting: Setting, usual: Setting, notes: Resolution) -> None:
        """Say what was chosen in the place of what is usual, and why."""
        one = self._expected(setting)
        if setting.model != usual.model:
            why = f"the largest model here that is done in time: {self._said(setting.model, one)}"
            notes.adjust("model", usual.model, setting.model, why)
        if setting.quality != usual.quality:
            better = QUALITIES.index(setting.quality) < QUALITIES.index(usual.quality)
            shown = setting if better else Setting(setting.model, usual.quality)
            why = self._said(shown.quality, self._expected(shown))
            notes.adjust("quality", usual.quality, setting.quality, why)
        if setting.level is not None:
            exact = self._expected(replace(setting, level=None))
            why = self._said("the exact level", exact)
            notes.adjust("level", "exact", setting.level, why)

    def give_up(self, settings: Sequence[Setting], notes: Resolution) -> None:
        """Nothing fits.  Raises: BadRequest where model or quality are open; else, or where nothing is known, it is
        warned: who states both knows what they ask, and an estimate is no reason to refuse it.
        """
        usual = self._expected(self.usual)
        if usual is None:
            notes.warn(
                "deadline_unmeasured",
                f"{self.usual.model} has rendered nothing on this machine yet, so that it is not known whether "
                f"{_seconds(self.deadline_s)} are enough; the job ends then, done or not.",
            )
            return
        # of this model alone: another may lack what else is asked
        ways = [setting for setting in settings if setting.model == self.usual.model]
        times = {way: one for way in ways if (one := self._expected(way)) is not None}
        way = min(times, key=lambda way: times[way].seconds)
        needed = math.ceil(times[way].seconds * SPARE + self.wait_s)
        said = self._said(" ".join(filter(None, (way.model, way.quality, way.level))), times[way])
        if len({(setting.model, setting.quality) for setting in settings}) == 1:
            notes.warn("deadline_tight", f"{said}: the job will probably end before it is done.")
            return
        raise BadRequest(
            f"nothing that is left open is quick enough: {said}.",
            code="deadline_too_short",
            field="deadline_s",
            value=self.deadline_s,
            allowed=f"{needed} or more",
            fix=f"deadline_s={needed}, or fewer frames, takes or shots",
        )

    def _expected(self, setting: Setting) -> Expected | None:
        """How long the parts take in a setting; None where that is not known, or the model has no such length."""
        card, source = self.catalog.get(setting.model), self.catalog.get(self.a.model)
        try:
            return self.forecast.of([recast(p, source, card, setting) for p in self.parts])
        except BadRequest:
            return None

    def _said(self, what: str, one: Expected | None) -> str:
        if one is None:
            return f"{what} was never timed here"
        how = f"carried over from {one.scaled}" if one.scaled else "measured"
        wait = f" after {_seconds(self.wait_s)} of other jobs" if self.wait_s else ""
        whole, longest = one.seconds + self.wait_s, one.seconds * SPARE + self.wait_s
        near = ", too few to be sure of it" if whole <= self.deadline_s < longest else ""
        return (
            f"{what} takes about {_seconds(one.seconds)} here ({how}){wait}, "
            f"{_seconds(self.deadline_s)} are allowed{near}"
        )


def recast(part: dict[str, Any], source: Card, card: Card, setting: Setting) -> dict[str, Any]:
    """A part of `source` as `card` would make it, as far as its time goes.

    Raises: BadRequest for a length that the model does not make.
    """
    preset = card.quality[setting.quality]
    segments = part["segments"]
    specs = [ClipSpec.from_json(segment["spec"]) for segment in segments]
    overlaps = [segment["overlap"] for segment in segments]
    width, height, counts = specs[0].width, specs[0].height, [spec.frames for spec in specs]
    if card.name != source.name:
        shape = width / height
        width, height = min(card.sizes.values(), key=lambda s: abs(s[0] / s[1] / shape - 1))
        whole = sum(counts) - sum(overlaps)
        if whole > 1:
            lengths, overlap = length(
                card, frames=None, duration_s=whole / specs[0].fps, notes=Resolution()
            )
            counts, overlaps = list(lengths), [0] + [overlap] * (len(lengths) - 1)
    made = replace(
        specs[0],
        model=card.name,
        width=width,
        height=height,
        steps=preset.steps,
        guidance=preset.guidance,
        refine=preset.refine,
        level=setting.level or preset.level,
    )
    return {
        **part,
        "segments": [
            {"spec": replace(made, frames=frames).to_json(), "overlap": overlap}
            for frames, overlap in zip(counts, overlaps, strict=True)
        ],
    }


def _seconds(value: float) -> str:
    return f"{value:.0f} s" if value >= 10 else f"{value:.2g} s"
