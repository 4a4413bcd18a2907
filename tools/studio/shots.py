"""A film's shots as parts: each shot resolved like a clip, takes that need no rendering kept.

Knows the plan and the cards; renders nothing.
"""

import secrets
from dataclasses import dataclass, field
from typing import Any

from shotwright.generator.errors import BadRequest
from shotwright.prompts.shotplan import Shot, ShotPlan
from shotwright.tools.studio import wire
from shotwright.tools.studio.clips import ClipPlan, effective, plan_clip, warp_start
from shotwright.tools.studio.resolve import Words
from shotwright.tools.studio.slates import request_digest
from shotwright.tools.studio.studio import Studio

SEED_STEP = 1000
"""Seeds of neighbouring shots lie so far apart, so that takes (consecutive seeds) never meet."""


@dataclass
class FilmState:
    """What an earlier cut of the film has: per shot its seed, takes, choice and trim."""

    shots: dict[str, dict[str, Any]] = field(default_factory=dict)

    @staticmethod
    def of(record: dict[str, Any] | None) -> "FilmState":
        return FilmState({} if record is None else {s["shot"]: dict(s) for s in record["shots"]})


async def plan_parts(
    studio: Studio, a: wire.MakeFilm, asked: dict[str, Any], plan: ShotPlan, state: FilmState
) -> tuple[list[dict[str, Any]], list[dict[str, Any]], list[ClipPlan]]:
    """(parts to render, the film's shots in order, the plans behind them)."""
    parts: list[dict[str, Any]] = []
    shots: list[dict[str, Any]] = []
    clips: list[ClipPlan] = []
    base = secrets.randbelow(2**32) if a.seed is None else a.seed
    digests: dict[str, str] = {}
    sources: dict[str, dict[str, Any]] = {}
    there = set(await studio.blocking(studio.store.list_records, "takes"))
    for index, shot in enumerate(plan.shots):
        known = state.shots.get(shot.id, {})
        seed = known.get("seed")
        if seed is None:
            seed = shot.seed if shot.seed is not None else (base + SEED_STEP * index) % 2**32
        image = known.get("image")
        if a.images:
            image = a.images[index] if index < len(a.images) else None
        clip = await plan_shot(studio, a, asked, plan, shot, index, seed, image)
        after = _after(shot, sources)
        _start_from(clip, shot, after)
        _check_trim(known.get("trim"), clip, shot, index)
        digest = digests[shot.id] = _digest(clip, digests)
        kept = known.get("takes", []) if known.get("digest") == digest else []
        kept = [take_id for take_id in kept if take_id in there]
        place = None if kept else len(parts)
        if not kept:
            clips.append(clip)
            parts.extend(clip.parts)
        takes = kept or [part["take_id"] for part in clip.parts]
        chosen = known["chosen"] if known.get("chosen") in kept else None
        first = chosen or takes[0]
        sources[shot.id] = {"part": place, "take_id": first, "nth": takes.index(first)}
        if after is not None:
            # a film shows the take that the next shot goes on from, whatever its siblings scored
            before = next(s for s in shots if s["shot"] == after["shot"])
            before["chosen"] = after["take_id"]
        shots.append(
            {
                "shot": shot.id,
                "digest": digest,
                "seed": seed,
                "kept": kept,
                "chosen": chosen,
                "image": image,
                "trim": known.get("trim"),
            }
        )
    return parts, shots, clips


async def plan_shot(
    studio: Studio,
    a: wire.MakeFilm,
    asked: dict[str, Any],
    plan: ShotPlan,
    shot: Shot,
    index: int,
    seed: int,
    image: str | None,
) -> ClipPlan:
    """One shot as a clip, from `image` if it is bound to one; errors name the shot."""
    from shotwright.prompts.dialects import compile_prompt, shot_text

    card = studio.catalog.get(a.model)
    how = _CONTINUING.get(shot.continuity.mode)
    from_shot = how is not None
    # what the shot before showed already is rendered with it, and left out
    lead_s = card.overlap_frames / card.fps if how == "extend" else 0.0
    compiled = compile_prompt(
        shot_text(plan, shot), dialect=card.dialect, mode="i2v" if image or from_shot else "t2v"
    )
    words = Words(
        compiled.prompt, compiled.negative or card.negative, tuple(compiled.unknown_words)
    )
    animatic = a.quality == "animatic"
    request = wire.GenerateVideo(
        prompt=shot.action[: wire.MAX_PROMPT],
        image=image,
        model=a.model,
        quality="draft" if a.quality == "animatic" else a.quality,
        aspect_ratio=a.aspect_ratio or plan.aspect_ratio,
        duration_s=shot.duration_s + lead_s,
        seed=seed,
        takes=1 if animatic else a.takes,
        fit=a.fit,
        label=a.label,
    )
    try:
        clip = await plan_clip(
            studio,
            request,
            {**asked, "shot": shot.id},
            moves=[move.to_move() for move in shot.camera],
            words=words,
            starts_from_shot=from_shot,
        )
    except BadRequest as error:
        error.message = f"shot {shot.id}: {error.message}"
        error.field = _field_of(a, error.field, index)
        raise
    for change in clip.notes.adjustments:
        if change["field"] == "duration_s":
            change.update(asked=shot.duration_s, used=change["used"] - lead_s)
    clip.notes.warnings += compiled.warnings
    if words.unknown:
        clip.notes.warn("unknown_words", f"{card.name} does not know: {', '.join(words.unknown)}.")
    for part in clip.parts:
        part["animatic"] = animatic
        warp_start(clip, part)
    return clip


def _check_trim(trim: dict[str, Any] | None, clip: ClipPlan, shot: Shot, index: int) -> None:
    """Raises BadRequest when an earlier cut's trim leaves nothing of the shot as it is now."""
    seconds = effective(clip.parts[0])["duration_s"]
    if trim is not None and (trim["start_s"] or 0.0) >= seconds:
        raise BadRequest(
            f"shot {shot.id} is trimmed to start at {trim['start_s']:g} s, and would now last "
            f"{seconds:g} s; trim it anew.",
            code="invalid_plan",
            field=f"plan.shots[{index}].duration_s",
            value=shot.duration_s,
            allowed=f"above {trim['start_s']:g}",
            fix="add an edit with op trim, or make the shot longer",
        )


def _field_of(a: wire.MakeFilm, field: str | None, index: int) -> str | None:
    """Where the caller of make_film said what a shot's clip cannot have."""
    if field is None or field in ("model", "quality"):
        return field
    if field == "image":
        return f"images[{index}]"
    if field == "aspect_ratio":
        return field if a.aspect_ratio else "plan.aspect_ratio"
    return f"plan.shots[{index}].{field}"


_CONTINUING = {"first_frame_from_previous_last": "first", "extend_previous": "extend"}


def _after(shot: Shot, sources: dict[str, dict[str, Any]]) -> dict[str, Any] | None:
    """The take that a shot starts from, and how."""
    how = _CONTINUING.get(shot.continuity.mode)
    if how is None:
        return None
    before = shot.continuity.from_shot or (list(sources)[-1] if sources else None)
    if before is None:
        return None
    return {**sources[before], "how": how, "shot": before}


def _start_from(clip: ClipPlan, shot: Shot, after: dict[str, Any] | None) -> None:
    """Tell the parts whose they are and which take they start from."""
    for part in clip.parts:
        part.update(shot=shot.id, after=after)
        if after is not None:
            part["parents"] = [after["take_id"]]
            if after["how"] == "extend":
                part["segments"][0]["overlap"] = clip.card.overlap_frames


def _digest(clip: ClipPlan, digests: dict[str, str]) -> str:
    """What decides a shot's pixels: equal digests need no new rendering."""
    content = [
        {name: part[name] for name in ("segments", "camera", "given", "label", "animatic")}
        for part in clip.parts
    ]
    after = clip.parts[0]["after"]
    before = None if after is None else [digests[after["shot"]], after["how"], after["nth"]]
    return request_digest({"content": content, "after": before})
