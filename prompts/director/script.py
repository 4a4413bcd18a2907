"""A script in plain text -> a shot plan, by rules.  Deterministic and offline; the user's words are
kept.

One shot a sentence.  A sentence that only directs ("Pan left.", a scene heading) joins its
neighbour's shot.
Try: python -m pytest tests/prompts/director/test_script.py
"""
# ruff: noqa: RUF001  (Chinese punctuation is meant)

import random
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any

from shotwright.generator.camera import Move
from shotwright.generator.errors import BadRequest
from shotwright.prompts.camera_words import (
    CameraHit,
    is_direction,
    parse_prose,
    says_nothing_more,
)
from shotwright.prompts.director import lexicon
from shotwright.prompts.director.choices import GENTLE, choose
from shotwright.prompts.director.entities import Entity
from shotwright.prompts.director.subjects import Memory
from shotwright.prompts.language import Language, Span, detect_language, split_sentences
from shotwright.prompts.plan_check import OPPOSITES
from shotwright.prompts.shotplan import MAX_MOVES, CameraMove, ShotPlan, parse_plan

MAX_SCRIPT = 20_000
"""Characters of a script."""


@dataclass(frozen=True)
class Covered:
    """Which shot holds a sentence of the script."""

    sentence: str
    shot: str


@dataclass(frozen=True)
class Direction:
    """A directed script: every sentence is in exactly one shot's `source`.  warnings: `{code,
    message}`.
    """

    plan: ShotPlan
    coverage: tuple[Covered, ...]
    warnings: tuple[dict[str, str], ...]


@dataclass(frozen=True)
class _Beat:
    """The sentences of one shot: `main` is what happens, the others direct it."""

    sentences: tuple[Span, ...]
    main: Span
    source: str


@dataclass
class _State:
    """What carries over from sentence to sentence."""

    language: Language
    rng_seed: int
    allowed: Collection[str]
    memory: Memory = field(default_factory=Memory)
    place: str | None = None
    place_noun: str | None = None
    int_ext: str | None = None
    time: str | None = None
    scenes: list[dict[str, Any]] = field(default_factory=list)
    locations: dict[str, dict[str, Any]] = field(default_factory=dict)
    characters: dict[str, dict[str, Any]] = field(default_factory=dict)
    sizes: list[str] = field(default_factory=list)
    shots_in_scene: int = 0
    warnings: list[dict[str, str]] = field(default_factory=list)

    def warn(self, code: str, message: str) -> None:
        self.warnings.append({"code": code, "message": message})


def direct(
    script: str,
    *,
    style: str | None = None,
    aspect_ratio: str = "16:9",
    shot_s: float = 2.0,
    seed: int = 0,
    min_s: float = 1.0,
    max_s: float = 15.0,
    moves: Collection[str] = GENTLE,
) -> Direction:
    """Directs a plain-text script, English or Chinese.

    shot_s: seconds of a shot whose sentence names no duration; min_s, max_s: the bounds of one that
    does; moves: what the director may choose where the script is silent (a model's own moves), the
    script's words are obeyed beyond them.
    Raises: BadRequest(code="invalid_script") for an empty script or one over 20,000 characters,
    BadRequest(code="invalid_plan") for an aspect ratio or a duration that no plan takes.
    """
    _check(script)
    state = _State(detect_language(script), seed, moves)
    shots: list[dict[str, Any]] = []
    coverage: list[Covered] = []
    for index, beat in enumerate(_beats(script)):
        shot = _shot(state, beat, index, shot_s, min_s, max_s)
        shots.append(shot)
        coverage += [Covered(span.text, shot["id"]) for span in beat.sentences]
    plan = parse_plan(
        {
            "title": _title(script),
            "language": state.language,
            "style": style or "",
            "aspect_ratio": aspect_ratio,
            "characters": list(state.characters.values()),
            "locations": list(state.locations.values()),
            "scenes": state.scenes,
            "shots": shots,
        }
    )
    return Direction(plan, tuple(coverage), tuple(state.warnings))


def _check(script: str) -> None:
    if not any(c.isalnum() for c in script):
        raise BadRequest(
            "The script is empty.",
            code="invalid_script",
            fix="Send at least one sentence that says what is seen.",
            field="script",
            value=script[:100],
            allowed=f"1 to {MAX_SCRIPT} characters",
        )
    if len(script) > MAX_SCRIPT:
        raise BadRequest(
            f"The script has {len(script)} characters; at most {MAX_SCRIPT} are taken.",
            code="invalid_script",
            fix="Split the script and make one film of each part.",
            field="script",
            value=len(script),
            allowed=f"1 to {MAX_SCRIPT} characters",
        )


def _title(script: str) -> str:
    spans = split_sentences(script)
    first = next((span.text for span in spans if not _is_heading(span)), spans[0].text)
    line = re.sub(r"\s+", " ", first).strip(" .。!！?？")
    return line if len(line) <= 60 else line[:59] + "…"


def _beats(script: str) -> Iterator[_Beat]:
    """Groups of sentences, one a shot; a sentence that only directs goes with the one before, a
    heading with the next.
    """
    groups: list[list[Span]] = []
    waiting: list[Span] = []
    for span in split_sentences(script):
        heading = lexicon.find_heading(span.text) is not None
        if heading or (_only_directs(span.text) and (waiting or not groups)):
            waiting.append(span)
        elif _only_directs(span.text):
            groups[-1].append(span)
        else:
            groups.append([*waiting, span])
            waiting = []
    if waiting:
        # a heading or direction that nothing follows
        if groups:
            groups[-1] += waiting
        else:
            groups.append(waiting)
    for group in groups:
        main = next(
            (s for s in group if not _only_directs(s.text) and not _is_heading(s)), group[0]
        )
        yield _Beat(tuple(group), main, script[group[0].start : group[-1].end])


def _is_heading(span: Span) -> bool:
    return lexicon.find_heading(span.text) is not None


def _only_directs(sentence: str) -> bool:
    """Whether a sentence says nothing but how to film: "Pan left.", "Close-up."."""
    size = lexicon.find_size(sentence)
    if size is None:
        return is_direction(sentence)
    rest = sentence[: size.start] + " " + sentence[size.end :]
    return says_nothing_more(rest) or is_direction(rest)


def without_amounts(text: str) -> str:
    """The text with the numbers of camera moves blanked, whatever they are."""
    return re.sub(
        r"[\d.]+\s*(?:degrees?|deg|°|度|x\b|×|%|倍)", lambda match: " " * len(match.group()), text
    )


def _shot(
    state: _State, beat: _Beat, index: int, shot_s: float, min_s: float, max_s: float
) -> dict[str, Any]:
    said = " ".join(span.text for span in beat.sentences)
    first_of_scene = _enter(state, beat)
    entities, unresolved = state.memory.read(beat.main.text)
    if unresolved:
        state.warn(
            "unresolved_pronoun",
            f"Nothing before {beat.main.text!r} says what its pronoun stands for; name it.",
        )
    people = [entity for entity in entities if entity.kind != "thing"]
    explicit, hits = _explicit_moves(state, beat)
    choice = choose(
        said,
        first_of_scene=first_of_scene,
        sizes_before=state.sizes,
        people=len(people),
        explicit=explicit,
        allowed=state.allowed,
        time=state.time,
        language=state.language,
        rng=random.Random(f"{state.rng_seed}:{index}"),
    )
    state.sizes.append(choice.size)
    scene = state.scenes[-1]
    scene["synopsis"] = scene["synopsis"] or beat.main.text[:200]
    state.shots_in_scene = 1 if first_of_scene else state.shots_in_scene + 1
    return {
        "id": f"{scene['id']}-{10 * state.shots_in_scene:03d}",
        "scene_id": scene["id"],
        "setup_id": f"{scene['id']}-{choice.size}-{choice.angle}",
        "duration_s": _duration(state, said, shot_s, min_s, max_s),
        "source": beat.source,
        "intent": choice.intent,
        "shot_size": choice.size,
        "framing": choice.framing,
        "angle": choice.angle,
        "camera": [CameraMove.from_move(move).model_dump() for move in choice.moves],
        "cast": [{"character_id": _character(state, entity)} for entity in people],
        "props": [entity.phrase for entity in entities if entity.kind == "thing"],
        "action": _action(beat.main.text, hits),
        "lighting": choice.light,
        "time_of_day": _label(state),
        "transition_in": lexicon.find_transition(said) or "cut",
        "continuity": {"mode": "cut", "screen_direction": _screen_direction(said)},
    }


def _enter(state: _State, beat: _Beat) -> bool:
    """Takes place and time from the beat; a change of either begins a scene.  Returns whether
    one begins.
    """
    before = (state.place_noun, state.time)
    for span in beat.sentences:
        heading = lexicon.find_heading(span.text)
        if heading:
            state.place = state.place_noun = heading.place
            state.int_ext = heading.int_ext
            state.time = heading.time or state.time
            continue
        place, time = lexicon.find_place(span.text), lexicon.find_time(span.text)
        if place and place.noun != state.place_noun and not (state.place and place.is_spot):
            state.place, state.place_noun, state.int_ext = place.phrase, place.noun, None
        if time:
            state.time = time.value
    if state.scenes and (state.place_noun, state.time) == before:
        return False
    state.scenes.append(
        {
            "id": f"S{len(state.scenes) + 1}",
            "slugline": _slugline(state),
            "location_id": _location(state),
            "time_of_day": _label(state),
            "synopsis": "",
            "language": detect_language(beat.source),
        }
    )
    return True


def _label(state: _State) -> str | None:
    """The time of day in the script's language."""
    if state.time is None or state.time not in lexicon.rules()["time"]:
        return state.time
    return lexicon.said("time", state.time, state.language)


def _slugline(state: _State) -> str:
    place = " ".join(part for part in (state.int_ext, state.place) if part)
    return " - ".join(part for part in (place, _label(state)) if part).upper()


def _location(state: _State) -> str | None:
    if state.place is None or state.place_noun is None:
        return None
    known = state.locations.get(state.place_noun)
    if known is None:
        known = state.locations[state.place_noun] = {
            "id": f"L{len(state.locations) + 1}",
            "int_ext": state.int_ext,
            "name": state.place[:200],
        }
    return str(known["id"])


def _character(state: _State, entity: Entity) -> str:
    """The character's id; one entry a phrase, so that each shot pastes the same features."""
    known = state.characters.get(entity.phrase)
    if known is None:
        known = state.characters[entity.phrase] = {
            "id": f"C{len(state.characters) + 1}",
            "name": (entity.phrase if entity.phrase.lower() == entity.head else entity.head)[:200],
            "static_features": entity.phrase,
        }
    return str(known["id"])


def _explicit_moves(state: _State, beat: _Beat) -> tuple[list[Move], list[CameraHit]]:
    """The script's own camera moves, and their places in the main sentence."""
    moves: list[Move] = []
    main_hits: list[CameraHit] = []
    for span in beat.sentences:
        try:
            found, hits = parse_prose(span.text)
        except BadRequest as error:
            state.warn(
                "camera_amount", f"{span.text!r}: {error.message} The move keeps its usual amount."
            )
            found, hits = parse_prose(without_amounts(span.text))[0], []
        moves += [move for move in found if all(move.move != other.move for other in moves)]
        if span == beat.main:
            main_hits = hits
    kept = _compatible(moves)
    if len(kept) < len(moves):
        names = ", ".join(move.move for move in moves if move not in kept)
        state.warn(
            "camera_trimmed",
            f"{beat.source!r} asks for {len(moves)} moves; a shot takes {MAX_MOVES} "
            f"that agree, so {names} is left out.",
        )
    return kept, main_hits


def _compatible(moves: list[Move]) -> list[Move]:
    """At most two moves, none of which undoes or stops another at the same time."""
    kept: list[Move] = []
    for move in moves:
        clash = any(
            max(move.start, other.start) < min(move.end, other.end)
            and (OPPOSITES.get(move.move) == other.move or "static" in (move.move, other.move))
            for other in kept
        )
        if not clash and len(kept) < MAX_MOVES:
            kept.append(move)
    return kept


def _action(sentence: str, hits: list[CameraHit]) -> str:
    """The sentence word for word, without the brackets that hold camera commands."""

    def command(match: re.Match[str]) -> str:
        inside = any(match.start() <= hit.start and hit.end <= match.end() for hit in hits)
        return "" if inside else match.group()

    return re.sub(r"\s*[\[【][^\]】]*[\]】]", command, sentence).strip() or sentence


def _screen_direction(text: str) -> str | None:
    right, left = lexicon.has("right", text), lexicon.has("left", text)
    if right == left:
        return None
    return "left_to_right" if right else "right_to_left"


_DURATIONS = (
    re.compile(
        r"(?:\bfor|\blasting|\blasts|\bduration:?|[(\[])\s*(?:about\s+)?"
        r"(\d+(?:\.\d+)?)[ -]*(?:seconds?|secs?|s)\b",
        re.I,
    ),
    re.compile(r"(?:持续|时长|停留|[（(\[【])\s*(?:约|[:：])?\s*(\d+(?:\.\d+)?)\s*秒"),
)


def _duration(state: _State, text: str, shot_s: float, min_s: float, max_s: float) -> float:
    """Seconds that the text names, within the bounds, else `shot_s`."""
    found = next((m for pattern in _DURATIONS if (m := pattern.search(text))), None)
    if found is None:
        return shot_s
    asked = float(found.group(1))
    used = min(max(asked, min_s), max_s)
    if used != asked:
        state.warn(
            "duration_bounded",
            f"{text[:80]!r} asks for {asked:g} s; a shot here takes {min_s:g} to "
            f"{max_s:g} s, so {used:g} s is planned.",
        )
    return used
