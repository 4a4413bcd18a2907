"""What a director decides when the script is silent: size, angle, light, and one gentle move.

Explicit words win always; the rest is chosen by the beat of the sentence with a seeded
`random.Random`.
"""

import random
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from shotwright.generator.camera import Move
from shotwright.prompts.director import lexicon
from shotwright.prompts.language import Language
from shotwright.prompts.shotplan import Angle, Framing, Intent, ShotSize

GENTLE = (
    "static",
    "pan_left",
    "pan_right",
    "tilt_up",
    "tilt_down",
    "zoom_in",
    "zoom_out",
    "dolly_in",
    "follow",
)
"""Moves that the director takes by itself; stronger ones only when the script asks."""

_SIZES: dict[str, tuple[ShotSize, ...]] = {
    "establishing": ("wide", "extreme_wide", "full"),
    "emotion": ("medium_close_up", "close_up"),
    "insert": ("close_up", "insert", "extreme_close_up"),
    "dialogue": ("medium", "medium_close_up", "close_up"),
    "action": ("full", "medium_wide", "medium"),
    "coverage": ("medium", "medium_wide", "medium_close_up"),
}
_FACES = ("medium_close_up", "close_up", "extreme_close_up")
_INTENTS: dict[str, Intent] = {
    "establishing": "establishing",
    "emotion": "reaction",
    "insert": "insert",
    "dialogue": "coverage",
    "action": "action",
    "coverage": "coverage",
}


@dataclass(frozen=True)
class Choice:
    """How one shot is filmed; `moves` is empty only where no move of the allowed ones fits."""

    intent: Intent
    size: ShotSize
    framing: Framing | None
    angle: Angle
    light: str | None
    moves: tuple[Move, ...]
    variation: Literal["small", "medium", "large"] = "medium"


def choose(
    sentence: str,
    *,
    first_of_scene: bool,
    sizes_before: Sequence[str],
    people: int,
    explicit: Sequence[Move],
    allowed: Collection[str],
    time: str | None,
    language: Language,
    rng: random.Random,
    exchange: int | None = None,
) -> Choice:
    """Directs one beat.

    sizes_before: the sizes of the shots before, latest last; people: how many are in the shot;
    explicit: the script's own moves; allowed: the moves that may be taken unasked; time: a key of
    the time table; exchange: of a speech, how many the scene had before it.
    """
    beat = "establishing" if first_of_scene else _beat(sentence, exchange)
    # every draw happens in every case: one explicit word must not reshuffle the other choices
    size = _size(sentence, beat, sizes_before, rng, exchange)
    if people > 1 and size in _FACES and exchange is None and not lexicon.find_size(sentence):
        # a face's size cuts the second one off
        stale = (
            sizes_before[-1]
            if len(sizes_before) > 1 and sizes_before[-1] == sizes_before[-2]
            else ""
        )
        size = "medium_wide" if stale == "medium" else "medium"
    angle = _angle(sentence, beat, rng)
    move = _move(sentence, beat, allowed, rng)
    moves = tuple(explicit) or ((move,) if move else ())
    framing = lexicon.find_framing(sentence)
    # a reverse over the listener's shoulder, until the sizes grow close
    over = beat == "dialogue" and people > 1 and size in ("medium", "medium_close_up")
    shoulder: Framing | None = "over_the_shoulder" if over else None
    return Choice(
        intent=_INTENTS[beat],
        size=size,
        framing=_framing(framing.value) if framing else shoulder,
        angle=angle,
        light=lexicon.find_words("lit", sentence) or _light(time, language),
        moves=moves,
        variation=_variation(sentence, beat),
    )


def _variation(sentence: str, beat: str) -> Literal["small", "medium", "large"]:
    """How much the picture changes: a traveller's much, a face's or a thing's little."""
    if lexicon.has("travel", sentence):
        return "large"
    return "small" if beat in ("dialogue", "emotion", "insert") else "medium"


def _light(time: str | None, language: Language) -> str | None:
    if time is None or time not in lexicon.rules()["time"]:
        return None
    return lexicon.said("time", time, language, "light")


def _framing(value: str) -> Framing:
    names: dict[str, Framing] = {
        "over_the_shoulder": "over_the_shoulder",
        "pov": "pov",
        "two_shot": "two_shot",
    }
    return names[value]


def _beat(sentence: str, exchange: int | None) -> str:
    if exchange is not None:
        return "dialogue"
    for beat in ("emotion", "insert", "action"):
        if lexicon.has(beat, sentence):
            return beat
    return "dialogue" if lexicon.has("speech", sentence) else "coverage"


def _size(
    sentence: str, beat: str, before: Sequence[str], rng: random.Random, exchange: int | None
) -> ShotSize:
    order: tuple[ShotSize, ...] = _SIZES[beat]
    weight = rng.random()
    found = lexicon.find_size(sentence)
    if found:
        return _named_size(found.value)
    # no three equal sizes in a row
    stale = before[-1] if len(before) > 1 and before[-1] == before[-2] else None
    fresh = [size for size in order if size != stale]
    if beat == "establishing":
        vast = lexicon.has("landscape", sentence) and weight < 0.3 and stale != "extreme_wide"
        return "extreme_wide" if vast else fresh[0]
    if exchange is not None:
        # a shot and its reverse have one size; the scene comes closer with every exchange
        wanted = order[min(exchange // 2, len(order) - 1) if exchange < 8 else exchange // 2 % 3]
        return wanted if wanted != stale else fresh[(exchange // 2) % len(fresh)]
    return fresh[int(weight * len(fresh))]


def _named_size(value: str) -> ShotSize:
    sizes: tuple[ShotSize, ...] = get_args(ShotSize)
    return next(size for size in sizes if size == value)


def _angle(sentence: str, beat: str, rng: random.Random) -> Angle:
    angles: tuple[Angle, ...] = (
        "eye_level",
        "low",
        "high",
        "overhead",
        "aerial",
        "dutch",
        "ground",
    )
    dice = rng.random()
    found = lexicon.find_angle(sentence)
    if found:
        return next(angle for angle in angles if angle == found.value)
    if beat == "action" and dice < 0.25:
        return "low"
    return "high" if beat == "establishing" and dice < 0.2 else "eye_level"


def _move(sentence: str, beat: str, allowed: Collection[str], rng: random.Random) -> Move | None:
    """One gentle move that serves the sentence; static when nothing moves the camera."""
    dice = rng.random()
    wanted: list[str] = []
    if beat in ("action", "establishing") and lexicon.has("travel", sentence):
        # going along with the traveller: turned where the way is known, followed where it is not
        side = lexicon.find_side(sentence)
        wanted += [f"pan_{side}"] if side else []
        wanted += ["follow"]
    if lexicon.has("up", sentence):
        wanted.append("tilt_up")
    elif lexicon.has("down", sentence):
        wanted.append("tilt_down")
    if not wanted:
        wanted = _quiet_moves(beat, dice)
    name = next((move for move in [*wanted, "static"] if move in allowed), None)
    if name is None:
        return None
    return Move(name, speed=None if name in ("static", "follow") else "slow")


def _quiet_moves(beat: str, dice: float) -> list[str]:
    if beat == "establishing":
        return [("pan_right", "pan_left", "static", "zoom_out")[int(dice * 4)]]
    if beat == "emotion":
        return ["dolly_in", "zoom_in"] if dice < 0.7 else ["static"]
    if beat == "coverage":
        return [("static", "static", "zoom_in", "dolly_in")[int(dice * 4)], "zoom_in"]
    return ["static"]
