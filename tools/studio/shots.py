"""A film's shots as parts: each shot resolved like a clip, takes that need no rendering kept.

Knows the plan and the cards; renders nothing.
"""

import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from shotwright.generator.catalog import Card
from shotwright.generator.errors import BadRequest
from shotwright.prompts.shotplan import Shot, ShotPlan
from shotwright.tools.studio import wire
from shotwright.tools.studio.clips import ClipPlan, effective, plan_clip
from shotwright.tools.studio.continuing import continued
from shotwright.tools.studio.cutting import handle_frames, transitions
from shotwright.tools.studio.mechanisms import RESTING
from shotwright.tools.studio.resolve import Words
from shotwright.tools.studio.slates import request_digest
from shotwright.tools.studio.studio import Studio
from shotwright.tools.studio.writing import target_of

_PICTURE = re.compile(r"(take|upload)_[0-9a-z]+")
SEED_STEP = 1000
"""Seeds of neighbouring shots lie so far apart, so that takes (consecutive seeds) never meet."""


_CHANGES = {"model", "quality", "aspect_ratio", "style", "fit", "label", "plan", "deadline_s"}
"""Arguments after which a shot's takes are no longer takes of the same shot; a new seed leaves them to be chosen."""


@dataclass
class FilmState:
    """What an earlier cut of the film has: per shot its seed, takes, choice and trim; planned_seed: the one that its
    plan said, None where it said none; earlier: the takes that a reshoot leaves to be chosen.
    """

    shots: dict[str, dict[str, Any]] = field(default_factory=dict)

    @staticmethod
    def of(record: dict[str, Any] | None) -> "FilmState":
        if record is None:
            return FilmState()
        said = {shot["id"]: shot.get("seed") for shot in record["plan"]["shots"]}
        return FilmState(
            {s["shot"]: {**s, "planned_seed": said.get(s["shot"])} for s in record["shots"]}
        )


async def plan_parts(
    studio: Studio,
    a: wire.MakeFilm,
    asked: dict[str, Any],
    plan: ShotPlan,
    state: FilmState,
    *,
    bound: Mapping[str, str],
    keyframes_of_all: bool = False,
    level: str | None = None,
) -> tuple[list[dict[str, Any]], list[dict[str, Any]], list[ClipPlan]]:
    """(parts to render, the film's shots in order, the plans behind them).

    bound: shot id -> the picture that it begins with, of those given now.
    keyframes_of_all: also a first frame that is described alone is drawn first.  A last frame always is, and
    the first with it: nothing else leads a clip to a given end.
    level: where it is not the quality's own.
    """
    parts: list[dict[str, Any]] = []
    shots: list[dict[str, Any]] = []
    clips: list[ClipPlan] = []
    base = secrets.randbelow(2**32) if a.seed is None else a.seed
    sources: dict[str, dict[str, Any]] = {}
    there = set(await studio.blocking(studio.store.list_records, "takes"))
    joints = transitions(plan)
    for index, shot in enumerate(plan.shots):
        known = state.shots.get(shot.id, {})
        seed = known.get("seed")
        if shot.seed is not None and shot.seed != known.get("planned_seed"):
            # new, or edited; otherwise what a reshoot chose since stays
            seed = shot.seed
        if seed is None:
            seed = (base + SEED_STEP * index) % 2**32
        given = bound.get(shot.id) if a.images else known.get("image")
        image = given or _picture(None if shot.continuity.mode in _CONTINUING else shot.first_frame)
        asking = _Asking(studio, a, asked, plan, shot, index, seed, image, level)
        keyframes = {}
        if a.quality != "animatic" and (keyframes_of_all or shot.last_frame):
            keyframes = await _keyframes(asking, known, there, parts, clips)
        after = _after(shot, sources) if a.quality != "animatic" else None
        after = after or keyframes.get("first")
        clip = await _clip(asking, after, keyframes.get("last"))
        _check_trim(known.get("trim"), clip, shot, index)
        frames = effective(clip.parts[0])["frames"]
        digest = _digest(clip)
        fps = effective(clip.parts[0])["fps"]
        handle = handle_frames(joints, index, fps)
        end_s = (known.get("trim") or {}).get("end_s")
        spare = 0 if end_s is None else max(0, frames - round(end_s * fps))
        same = known.get("digest") == digest and known.get("handle", 0) + spare >= handle
        kept = [take_id for take_id in known.get("takes", []) if same and take_id in there]
        place = None if kept else len(parts)
        if not kept:
            if handle:
                clip = await _clip(asking, after, keyframes.get("last"), handle)
            clip.notes.warnings = [
                {**warning, "message": f"shot {shot.id}: {warning['message']}"}
                for warning in clip.notes.warnings
            ]
            clips.append(clip)
            parts.extend(clip.parts)
        earlier: list[str] = []
        if not kept and known.get("frames") == frames and known.get("handle", 0) >= handle:
            earlier = [take for take in known.get("earlier", []) if take in there]
        takes = kept or [part["take_id"] for part in clip.parts]
        chosen = known["chosen"] if known.get("chosen") in kept else None
        first = chosen or takes[0]
        handle = known.get("handle", 0) if kept else handle
        sources[shot.id] = {
            "part": place,
            "take_id": first,
            "shot": shot.id,
            "state": [digest, handle, takes.index(first)],
        }
        if after is not None and "shot" in after:
            # a film shows the take that the next shot goes on from, whatever its siblings scored
            before = next(s for s in shots if s["shot"] == after["shot"])
            before["chosen"] = after["take_id"]
        shots.append(
            {
                "shot": shot.id,
                "digest": digest,
                "seed": seed,
                "kept": kept,
                "earlier": [] if _CHANGES & set(asked) else earlier,
                "chosen": chosen,
                "image": given,
                "trim": known.get("trim"),
                "frames": frames,
                "handle": handle,
                "transition": joints[index].kind,
                "keyframes": {
                    name: {"take_id": made["take_id"], "digest": made["state"][0]}
                    for name, made in keyframes.items()
                },
            }
        )
    return parts, shots, clips


def film_warnings(plan: ShotPlan, clips: Sequence[ClipPlan]) -> list[dict[str, str]]:
    """What is to be said of a film's shots before they are made."""
    warnings = [warning for clip in clips for warning in clip.notes.warnings]
    warnings += [
        {
            "code": "transition_dropped",
            "message": f"shot {shot.id} is cut to, not {shot.transition_in}: {joint.why}.",
        }
        for shot, joint in zip(plan.shots, transitions(plan), strict=True)
        if joint.why is not None
    ]
    return warnings


@dataclass(frozen=True)
class _Asking:
    """One shot, and all that is asked of it."""

    studio: Studio
    a: wire.MakeFilm
    asked: dict[str, Any]
    plan: ShotPlan
    shot: Shot
    index: int
    seed: int
    image: str | None
    level: str | None


async def _clip(
    asking: _Asking,
    after: dict[str, Any] | None,
    until: dict[str, Any] | None,
    handle: int = 0,
) -> ClipPlan:
    """The shot as a clip or panel, `handle` frames longer than it is shown."""
    if asking.a.quality == "animatic":
        from shotwright.tools.studio.panels import plan_panel

        try:
            clip = await plan_panel(
                asking.studio,
                asking.a,
                {**asking.asked, "shot": asking.shot.id},
                asking.plan,
                asking.shot,
                seed=asking.seed,
                image=asking.image,
                handle=handle,
            )
        except BadRequest as error:
            _name(asking, error)
            raise
    else:
        clip = await plan_shot(asking, handle=handle, starts=after is not None)
    _start_from(clip, asking.shot, after, until)
    return clip


async def _keyframes(
    asking: _Asking,
    known: dict[str, Any],
    there: set[str],
    parts: list[dict[str, Any]],
    clips: list[ClipPlan],
) -> dict[str, dict[str, Any]]:
    """The pictures that the plan describes as a shot's first and last frame, made before it.

    A picture of the caller's, or the shot before, stands in the place of a description.
    """
    card, shot = asking.studio.catalog.get(asking.a.model), asking.shot
    continues = shot.continuity.mode in _CONTINUING
    wanted = {
        "first": None if asking.image or continues else shot.first_frame,
        "last": None if _picture(shot.last_frame) else shot.last_frame,
    }
    both = "first+last" if asking.image or continues or wanted["first"] else "last"
    needed = {"first": {"image", "first"}, "last": {"image", both}}
    found: dict[str, dict[str, Any]] = {}
    for name, text in wanted.items():
        if not (text or "").strip() or not needed[name] <= set(card.modes):
            continue
        still = shot.model_copy(update={"action": text, "camera": []})
        clip = await plan_shot(replace(asking, shot=still), handle=0, starts=False, picture=True)
        _start_from(clip, shot, None, None)
        del clip.parts[1:]  # one picture for all takes of the shot
        clip.parts[0]["keyframe"] = name
        digest = _digest(clip)
        earlier = known.get("keyframes", {}).get(name, {})
        take_id = clip.parts[0]["take_id"]
        place: int | None = len(parts)
        if earlier.get("digest") == digest and earlier["take_id"] in there:
            take_id, place = earlier["take_id"], None
        else:
            clips.append(clip)
            parts.extend(clip.parts)
        found[name] = {"part": place, "take_id": take_id, "how": "first", "state": [digest, 0, 0]}
    return found


async def plan_shot(
    asking: _Asking, *, handle: int, starts: bool, picture: bool = False
) -> ClipPlan:
    """One shot as a clip, from its picture if it is bound to one; errors name the shot.

    starts: its first frame is a take's, the shot before or a keyframe.  picture: a keyframe itself.
    """
    from shotwright.prompts.dialects import Mode, ShotText, shot_text

    a, plan, shot = asking.a, asking.plan, asking.shot
    card = asking.studio.catalog.get(a.model)
    # what the shot before showed already is rendered with it, and left out
    extends = _CONTINUING.get(shot.continuity.mode) == "extend" and not picture
    lead_s = card.overlap_frames / card.fps if extends else 0.0
    image = None if picture else asking.image
    target = target_of(card, asking.studio.settings.home / "models")
    seconds = shot.duration_s + lead_s
    try:
        text: ShotText = shot_text(plan, shot)
        mode: Mode = "i2v" if image or starts else "t2v"
        compiled = target.compile(text, mode)
        words = Words(
            compiled.prompt,
            compiled.negative or card.negative,
            compiled.unknown_words,
            {"original": shot.source, "text": shot.action},
        )
        request = wire.GenerateVideo(
            prompt=shot.action[: wire.MAX_PROMPT],
            image=image,
            last_image=None if picture else _picture(shot.last_frame),
            model=a.model,
            quality="standard" if a.quality == "animatic" else a.quality,
            aspect_ratio=a.aspect_ratio or plan.aspect_ratio,
            duration_s=seconds + _handle_s(card, seconds, handle),
            seed=asking.seed,
            takes=a.takes,
            fit=a.fit,
            label=a.label,
        )
        clip = await plan_clip(
            asking.studio,
            request,
            {**asking.asked, "shot": shot.id},
            moves=[move.to_move() for move in shot.camera],
            words=words,
            resting=replace(
                words, prompt=target.compile(replace(text, camera=RESTING), mode).prompt
            ),
            starts_from_shot=starts,
            lengths=((1,), 0) if picture else None,
            level=asking.level,
        )
    except BadRequest as error:
        _name(asking, error)
        raise
    for change in clip.notes.adjustments:
        if change["field"] == "duration_s":
            extra = request.duration_s - shot.duration_s if request.duration_s else 0.0
            change.update(asked=shot.duration_s, used=change["used"] - extra)
    clip.notes.warnings += compiled.warnings
    if words.unknown:
        clip.notes.warn("unknown_words", f"{card.name} does not know: {', '.join(words.unknown)}.")
    return clip


def _handle_s(card: Card, duration_s: float, handle: int) -> float:
    """Seconds to ask for beyond the shot, so that at least `handle` frames more come out.

    Not beyond the model's longest clip: for half a second of a dissolve no continuation is rendered;
    the last frame is held instead.
    """
    rule = card.frames
    frames = rule.nearest(duration_s * card.fps)
    if not handle or duration_s * card.fps >= rule.maximum:
        return 0.0
    steps = -(-handle // rule.step) * rule.step
    return (min(rule.maximum, frames + steps) - duration_s * card.fps) / card.fps


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


def _name(asking: _Asking, error: BadRequest) -> None:
    """Tell the error its shot, and the place where the caller said what is wrong."""
    error.message = f"shot {asking.shot.id}: {error.message}"
    error.field = _field_of(asking, error.field)


def _picture(frame: str | None) -> str | None:
    """The id of a take or upload that a plan names as a frame of a shot, where others describe it."""
    return frame if frame is not None and _PICTURE.fullmatch(frame.strip()) else None


def _field_of(asking: _Asking, field: str | None) -> str | None:
    """Where the caller of make_film said what a shot's clip cannot have."""
    a, index, image = asking.a, asking.index, asking.image
    if field is None or field in ("model", "quality"):
        return field
    if field == "image" and image == asking.shot.first_frame:
        return f"plan.shots[{index}].first_frame"
    if field == "image":
        return f"images[{a.images.index(image)}]" if image in a.images else "images"
    if field == "last_image":
        return f"plan.shots[{index}].last_frame"
    if field == "prompt":
        return f"plan.shots[{index}].action"
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
    return None if before is None else {**sources[before], "how": how}


def _start_from(
    clip: ClipPlan, shot: Shot, after: dict[str, Any] | None, until: dict[str, Any] | None
) -> None:
    """Tell the parts whose they are, and the takes that they start from and end in."""
    for part in clip.parts:
        part.update(shot=shot.id, after=after, until=until)
        ends = [end["take_id"] for end in (after, until) if end is not None]
        part["parents"] = [*part["parents"], *ends]
        if after is not None and after["how"] == "extend":
            part["segments"][0] = continued(clip.card, part["segments"][0])


def _digest(clip: ClipPlan) -> str:
    """What decides a shot's pixels: equal digests need no new rendering."""
    names = ("segments", "camera", "given", "label", "panel")
    content = [{name: part.get(name) for name in names} for part in clip.parts]
    ends = [clip.parts[0][name] for name in ("after", "until")]
    states = [None if end is None else [*end["state"], end["how"]] for end in ends]
    return request_digest({"content": content, "ends": states})
