"""Other products' camera numbers as moves, and moves as their numbers.  No torch, no words.

Kling swapped the meaning of pan and tilt between its documentation of 2025 and that of 2026, so its
numbers mean something only with the dialect named.
Source: docs.klingai.com, camera_control of text2video, both editions.
Try: python -m pytest tests/generator/test_camera_dialects.py
"""

import math
from collections.abc import Iterable, Mapping
from typing import Any

from shotwright.generator.camera import (
    KLING_PRESETS,
    WAYS,
    Move,
    amount_of,
    number,
    one_of,
    refused,
    scaled,
)

KLING_DIALECTS = ("kling-2025", "kling-2026")
KLING_FIELDS = ("horizontal", "vertical", "pan", "tilt", "roll", "zoom")
KLING_LIMIT = 10.0

_FILM_USAGE = {
    "horizontal": "truck",
    "vertical": "pedestal",
    **{kind: kind for kind in ("pan", "tilt", "roll", "zoom")},
}
_KLING_KINDS: Mapping[str, Mapping[str, str]] = {
    # field -> kind of move; "pan" of kling-2025 turns about x, its "tilt" about y
    "kling-2025": {**_FILM_USAGE, "pan": "tilt", "tilt": "pan"},
    "kling-2026": _FILM_USAGE,
}


def _ways(kind: str) -> tuple[str, str]:
    """The move of a negative number and that of a positive one: a positive zoom goes out."""
    fall, rise = WAYS[kind]
    return (rise, fall) if kind == "zoom" else (fall, rise)


_KLING_TEN: Mapping[str, float] = {
    "pan": 45.0,
    "tilt": 30.0,
    "roll": 45.0,
    "truck": 0.5,
    "pedestal": 0.5,
    "zoom": 2.0,
}
"""What Kling's 10 is in our units; the zoom ratio is 2^(-v/10), so a positive number zooms out."""


def from_kling(kind: str, config: Mapping[str, Any] | None, *, dialect: str) -> tuple[Move, ...]:
    """Kling's camera_control as moves.

    kind: its `type`; config: its six numbers in [-10, 10], exactly one of them not 0 for `simple`,
    absent for the master shots; dialect: kling-2025 (pan turns up and down, tilt left and right) or
    kling-2026 (film usage). Raises: BadRequest naming camera.dialect, camera.type, camera.config or
    one of its numbers.
    """
    one_of("camera.dialect", dialect, KLING_DIALECTS)
    one_of("camera.type", kind, ("simple", *KLING_PRESETS))
    if kind != "simple":
        if config is not None:
            raise refused("camera.config", dict(config), f"nothing with type {kind}: leave it out")
        return (Move(kind),)
    one = "an object with exactly one non-zero number of " + ", ".join(KLING_FIELDS)
    if config is None:
        raise refused("camera.config", None, one)
    for name in config:
        one_of("camera.config", name, KLING_FIELDS)
    numbers = {
        name: number(f"camera.config.{name}", value, -KLING_LIMIT, KLING_LIMIT)
        for name, value in config.items()
    }
    moving = [name for name, value in numbers.items() if value]
    if len(moving) != 1:
        raise refused("camera.config", dict(config), one)
    kind_of_move, value = _KLING_KINDS[dialect][moving[0]], numbers[moving[0]]
    amount = scaled(kind_of_move, _KLING_TEN[kind_of_move], abs(value) / KLING_LIMIT)
    return (Move(_ways(kind_of_move)[value > 0], amount=amount),)


def to_kling(moves: Iterable[Move], dialect: str) -> dict[str, Any]:
    """Moves as Kling's `{type, config}`.

    Raises: BadRequest where Kling has no word for it: several moves, a window, an easing, an amount
    beyond its 10, a kind or a preset it does not know.
    """
    one_of("camera.dialect", dialect, KLING_DIALECTS)
    asked = tuple(moves)
    if len(asked) != 1:
        raise refused("camera", [move.move for move in asked], "exactly one move or master shot")
    move = asked[0]
    if (move.start, move.end, move.easing) != (0.0, 1.0, "linear"):
        raise refused("camera[0]", move.move, "a linear move over the whole clip")
    if move.move in KLING_PRESETS:
        if move.speed not in (None, "medium"):
            raise refused("camera[0].speed", move.speed, "medium")
        return {"type": move.move, "config": None}
    for name, kind in _KLING_KINDS[dialect].items():
        if move.move in _ways(kind):
            value = _kling_number(kind, amount_of(move))
            config = dict.fromkeys(KLING_FIELDS, 0.0)
            config[name] = value if move.move == _ways(kind)[1] else -value
            return {"type": "simple", "config": config}
    known = tuple(way for kind in _KLING_KINDS[dialect].values() for way in _ways(kind))
    raise refused("camera[0].move", move.move, (*known, *KLING_PRESETS))


def _kling_number(kind: str, amount: float) -> float:
    ten = _KLING_TEN[kind]
    value = KLING_LIMIT * (math.log2(amount) if kind == "zoom" else amount / ten)
    # a rounding error above 10 is still 10
    if value > KLING_LIMIT + 1e-9:
        raise refused("camera[0].amount", amount, f"up to {ten:g} ({kind}), which is Kling's 10")
    return min(value, KLING_LIMIT)
