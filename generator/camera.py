"""Camera moves, in film usage and physical units, as per-frame poses.  No torch, no words.

Signs: pan right, tilt up, roll clockwise (of the camera: the picture turns the other way), truck
right, pedestal up and dolly in are positive; they are motions of the camera itself.  Angles are
degrees, zoom is a focal ratio above 0, truck, pedestal and dolly are fractions of the subject
distance, along the axes of the camera at rest.
Try: python -m pytest tests/generator/test_camera.py
"""

import math
import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import InitVar, dataclass, fields, replace
from typing import Any

from shotwright.generator.errors import BadRequest


@dataclass(frozen=True)
class Pose:
    """Where the camera is and looks, relative to its rest position."""

    pan_deg: float = 0.0
    tilt_deg: float = 0.0
    roll_deg: float = 0.0
    zoom_ratio: float = 1.0
    truck: float = 0.0
    pedestal: float = 0.0
    dolly: float = 0.0


AXES = tuple(field.name for field in fields(Pose))

MOVES = (
    "static",
    "pan_left",
    "pan_right",
    "tilt_up",
    "tilt_down",
    "roll_cw",
    "roll_ccw",
    "zoom_in",
    "zoom_out",
    "dolly_in",
    "dolly_out",
    "truck_left",
    "truck_right",
    "pedestal_up",
    "pedestal_down",
    "orbit_left",
    "orbit_right",
    "crane_up",
    "crane_down",
    "follow",
    "handheld",
)
"""The moves that have a path of their own; `follow` and `static` have an empty one."""

KLING_PRESETS = ("down_back", "forward_up", "right_turn_forward", "left_turn_forward")
PRESET_NAMES = (*KLING_PRESETS, "dolly_zoom", "whip_pan")

EASINGS: Mapping[str, Callable[[float], float]] = {
    "linear": lambda p: p,
    "ease_in": lambda p: p * p,
    "ease_out": lambda p: p * (2 - p),
    "ease_in_out": lambda p: p * p * (3 - 2 * p),
}
"""Share of the move done at share `p` of its time; all run from 0 to 1 and never back."""

SPEEDS: Mapping[str, float] = {"slow": 0.5, "medium": 1.0, "fast": 1.5}
"""What a speed word makes of the medium amount: a factor, for zoom an exponent."""

MEDIUM_AMOUNTS: Mapping[str, float] = {
    "pan": 20.0,  # degrees; two fifths of a 50-degree picture leave it, the subject stays
    "tilt": 12.0,
    "roll": 20.0,
    "zoom": 1.5,
    "dolly": 1 / 3,  # enlarges the subject as the zoom does: 1 - 1 / 1.5
    "truck": 0.3,
    "pedestal": 0.2,
    "orbit": 30.0,
    "crane": 20.0,
    "handheld": 0.6,  # degrees of sway; 1.2 % of a 50-degree picture
}

MAX_AMOUNTS: Mapping[str, float] = {
    "pan": 180.0,
    "tilt": 80.0,  # the zenith itself has no up
    "roll": 360.0,
    "zoom": 8.0,
    "dolly_in": 0.9,  # 1 would be inside the subject
    "dolly_out": 4.0,
    "truck": 2.0,
    "pedestal": 2.0,
    "orbit": 180.0,
    "crane": 80.0,
    "handheld": 5.0,
}


def _scaled(kind: str, amount: float, share: float) -> float:
    return float(amount**share) if kind == "zoom" else amount * share


DEFAULT_AMOUNTS: Mapping[str, Mapping[str, float]] = {
    kind: {speed: _scaled(kind, medium, share) for speed, share in SPEEDS.items()}
    for kind, medium in MEDIUM_AMOUNTS.items()
}
"""How far a move goes when only its speed is given: kind -> speed -> amount."""


@dataclass(frozen=True)
class Move:
    """One thing the camera does.

    move: one of `MOVES` or a preset's name; amount: the whole move, above 0: degrees (pan, tilt,
    roll, orbit, crane, handheld sway), focal ratio above 1 (zoom, both ways), fraction of the
    subject distance (dolly, truck, pedestal); speed: slow, medium or fast, picks the amount where
    none is given; start, end: fractions of the clip; index: the place in the caller's list, named
    in errors only.
    Raises: BadRequest with the field's name, such as camera[0].amount.
    """

    move: str
    amount: float | None = None
    speed: str | None = None
    start: float = 0.0
    end: float = 1.0
    easing: str = "linear"
    index: InitVar[int] = 0

    def __post_init__(self, index: int) -> None:
        where = f"camera[{index}]"
        _one_of(f"{where}.move", self.move, (*MOVES, *PRESET_NAMES))
        if self.speed is not None:
            _one_of(f"{where}.speed", self.speed, tuple(SPEEDS))
        _one_of(f"{where}.easing", self.easing, tuple(EASINGS))
        for name in ("start", "end"):
            _number(f"{where}.{name}", getattr(self, name), 0.0, 1.0)
        if not self.start < self.end:
            raise _bad(f"{where}.end", self.end, f"a fraction above start ({self.start}), up to 1")
        if self.amount is not None:
            self._check_amount(f"{where}.amount")

    def _check_amount(self, field: str) -> None:
        most = MAX_AMOUNTS.get(self.move, MAX_AMOUNTS.get(self.kind))
        if most is None:
            raise _bad(field, self.amount, f"nothing: {self.move} takes no amount, only a speed")
        least = 1.0 if self.kind == "zoom" else 0.0
        _number(field, self.amount, least, most)
        if self.amount == least:
            raise _bad(field, self.amount, f"a number above {least:g}, up to {most:g}")

    @property
    def kind(self) -> str:
        """The move without its direction: pan, zoom, handheld; a preset is its own kind."""
        return self.move if self.move in PRESET_NAMES else self.move.partition("_")[0]


def _bad(field: str, value: object, allowed: object) -> BadRequest:
    text = ", ".join(map(str, allowed)) if isinstance(allowed, tuple) else str(allowed)
    return BadRequest(
        f"{field} is {value!r}; allowed: {text}.",
        fix=f"Give {field} as: {text}.",
        field=field,
        value=value,
        allowed=list(allowed) if isinstance(allowed, tuple) else allowed,
    )


def _one_of(field: str, value: object, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise _bad(field, value, allowed)


def _number(field: str, value: object, least: float, most: float) -> float:
    """A finite number in [least, most]; a bool or a text is none."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        raise _bad(field, value, f"a number from {least:g} to {most:g}")
    return float(value)


PRESETS: Mapping[str, tuple[Move, ...]] = {
    # Kling: "descends and moves back", "moves forward and tilts up", "rotates, then advances".
    "down_back": (Move("pedestal_down"), Move("dolly_out")),
    "forward_up": (Move("dolly_in"), Move("tilt_up")),
    # A dolly keeps to the axes at rest, so advancing where a 30-degree turn looks is both dolly and
    # truck (tan 30).
    "right_turn_forward": (
        Move("pan_right", amount=30.0, end=0.5),
        Move("dolly_in", amount=0.3, start=0.5),
        Move("truck_right", amount=0.173, start=0.5),
    ),
    "left_turn_forward": (
        Move("pan_left", amount=30.0, end=0.5),
        Move("dolly_in", amount=0.3, start=0.5),
        Move("truck_left", amount=0.173, start=0.5),
    ),
    # The subject keeps its size within 4 % while the background grows away from it.
    "dolly_zoom": (Move("dolly_in", amount=1 / 3), Move("zoom_out", amount=1.5)),
    "whip_pan": (Move("pan_right", amount=45.0, start=0.35, end=0.65, easing="ease_in_out"),),
}
"""Named combinations, at medium speed: Kling's four master shots and two of the cinema's."""


def expand(moves: Iterable[Move]) -> tuple[Move, ...]:
    """Presets replaced by their moves; a preset's speed, window and easing act on its parts."""
    return tuple(
        part for move in moves for part in (_parts(move) if move.move in PRESETS else (move,))
    )


def _parts(preset: Move) -> Iterable[Move]:
    span = preset.end - preset.start
    for part in PRESETS[preset.move]:
        amount = part.amount
        if amount is not None:
            amount = _scaled(part.kind, amount, SPEEDS[preset.speed or "medium"])
        yield replace(
            part,
            amount=amount,
            speed=preset.speed,
            start=preset.start + part.start * span,
            end=preset.start + part.end * span,
            easing=part.easing if preset.easing == "linear" else preset.easing,
        )


def path(
    moves: Iterable[Move],
    frames: int,
    *,
    amounts: Mapping[str, float] | None = None,
    seed: int = 0,
) -> tuple[Pose, ...]:
    """The pose of every frame relative to the first frame's, so `path(...)[0] == Pose()`.

    amounts: kind -> medium amount of a model's card, instead of `DEFAULT_AMOUNTS`; seed: of the
    handheld sway.
    Moves compose axis by axis: angles and distances add, zoom ratios multiply.  The subject stands
    at distance 1: `orbit_right` carries the camera to the right around it, panning left; `crane_up`
    carries it up over it, tilting down.  `handheld` sways pan and tilt by at most the amount and
    roll by half of it, and comes back at the end.  `follow` asks no motion of the camera's own: the
    subject stays framed, the model moves the background.
    Raises: BadRequest if dolly_in moves add up to 1 or more: the camera would be inside the subject.
    """
    if frames < 1:
        raise _bad("frames", frames, "1 or more")
    parts = expand(moves)
    tracks = [_track(move, amount_of(move, amounts), seed + i) for i, move in enumerate(parts)]
    ahead = sum(amount_of(move, amounts) for move in parts if move.move == "dolly_in")
    if ahead >= 1:
        raise _bad("camera", [move.move for move in parts], "dolly_in adding up to less than 1")
    shares = [i / max(frames - 1, 1) for i in range(frames)]
    return tuple(compose(*(track(share) for track in tracks)) for share in shares)


def amount_of(move: Move, amounts: Mapping[str, float] | None = None) -> float:
    """The amount a plain move has: its own, else its speed's of the card, else of the table; 0 if
    it has none."""
    if move.amount is not None:
        return move.amount
    speed = move.speed or "medium"
    if amounts and move.kind in amounts:
        return _scaled(move.kind, amounts[move.kind], SPEEDS[speed])
    return DEFAULT_AMOUNTS[move.kind][speed] if move.kind in DEFAULT_AMOUNTS else 0.0


def compose(*poses: Pose) -> Pose:
    """Angles and distances added, zoom ratios multiplied."""
    sums = {name: math.fsum(getattr(pose, name) for pose in poses) for name in AXES}
    return Pose(**{**sums, "zoom_ratio": math.prod(pose.zoom_ratio for pose in poses)})


def _track(move: Move, amount: float, seed: int) -> Callable[[float], Pose]:
    """The pose of one move as a function of the share of the clip."""
    kind, direction = move.kind, move.move.partition("_")[2]
    sign = 1.0 if direction in ("right", "up", "cw", "in") else -1.0
    sway = _sway(amount, seed) if kind == "handheld" else None

    def pose(t: float) -> Pose:
        p = EASINGS[move.easing](min(max((t - move.start) / (move.end - move.start), 0.0), 1.0))
        if sway:
            return sway(p)
        return _pose(kind, sign * amount * p, amount ** (sign * p) if kind == "zoom" else 1.0)

    return pose


def _pose(kind: str, value: float, ratio: float) -> Pose:
    if value == 0 or kind in ("static", "follow"):
        return Pose()
    turn = math.radians(value)
    if kind == "orbit":
        return Pose(pan_deg=-value, truck=math.sin(turn), dolly=1 - math.cos(turn))
    if kind == "crane":
        return Pose(tilt_deg=-value, pedestal=math.sin(turn), dolly=1 - math.cos(turn))
    if kind == "zoom":
        return Pose(zoom_ratio=ratio)
    return Pose(**{kind if kind in AXES else f"{kind}_deg": value})


def _sway(amplitude: float, seed: int) -> Callable[[float], Pose]:
    """Low-frequency sway in degrees, at most `amplitude` an axis, 0 at both ends of its window."""
    rng = random.Random(seed)
    # Whole cycles a clip, slow ones stronger; each term runs within +-share / 2 of its mean.
    waves = {
        axis: [(cycles, share, rng.uniform(0, 2 * math.pi)) for cycles, share in _SWAY]
        for axis in ("pan", "tilt", "roll")
    }

    def value(axis: str, p: float) -> float:
        return amplitude * math.fsum(
            share / 2 * (math.sin(2 * math.pi * cycles * p + phase) - math.sin(phase))
            for cycles, share, phase in waves[axis]
        )

    def pose(p: float) -> Pose:
        if p in (0.0, 1.0):
            return Pose()
        return Pose(value("pan", p), value("tilt", p), value("roll", p) / 2)

    return pose


_SWAY = ((1, 0.5), (2, 0.3), (3, 0.2))
"""Cycles over the clip and share of the amplitude of the handheld sway; the shares add up to 1."""


def totals(path: tuple[Pose, ...]) -> Pose:
    """Where the path ends relative to its first frame: what a take reports as asked."""
    return path[-1]


KLING_DIALECTS = ("kling-2025", "kling-2026")
KLING_FIELDS = ("horizontal", "vertical", "pan", "tilt", "roll", "zoom")
KLING_LIMIT = 10.0

_KLING_AXES: Mapping[str, Mapping[str, tuple[str, str, str]]] = {
    # field -> (kind, negative move, positive move); "pan" of kling-2025 turns about x, its "tilt"
    # about y
    "kling-2025": {
        "horizontal": ("truck", "truck_left", "truck_right"),
        "vertical": ("pedestal", "pedestal_down", "pedestal_up"),
        "pan": ("tilt", "tilt_down", "tilt_up"),
        "tilt": ("pan", "pan_left", "pan_right"),
        "roll": ("roll", "roll_ccw", "roll_cw"),
        "zoom": ("zoom", "zoom_in", "zoom_out"),
    },
    "kling-2026": {
        "horizontal": ("truck", "truck_left", "truck_right"),
        "vertical": ("pedestal", "pedestal_down", "pedestal_up"),
        "pan": ("pan", "pan_left", "pan_right"),
        "tilt": ("tilt", "tilt_down", "tilt_up"),
        "roll": ("roll", "roll_ccw", "roll_cw"),
        "zoom": ("zoom", "zoom_in", "zoom_out"),
    },
}

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
    _one_of("camera.dialect", dialect, KLING_DIALECTS)
    _one_of("camera.type", kind, ("simple", *KLING_PRESETS))
    if kind != "simple":
        if config is not None:
            raise _bad("camera.config", dict(config), f"nothing with type {kind}: leave it out")
        return (Move(kind),)
    one = "an object with exactly one non-zero number of " + ", ".join(KLING_FIELDS)
    if config is None:
        raise _bad("camera.config", None, one)
    for name in config:
        _one_of("camera.config", name, KLING_FIELDS)
    numbers = {
        name: _number(f"camera.config.{name}", value, -KLING_LIMIT, KLING_LIMIT)
        for name, value in config.items()
    }
    moving = [name for name, number in numbers.items() if number]
    if len(moving) != 1:
        raise _bad("camera.config", dict(config), one)
    axis, negative, positive = _KLING_AXES[dialect][moving[0]]
    number = numbers[moving[0]]
    amount = _scaled(axis, _KLING_TEN[axis], abs(number) / KLING_LIMIT)
    return (Move(negative if number < 0 else positive, amount=amount),)


def to_kling(moves: Iterable[Move], dialect: str) -> dict[str, Any]:
    """Moves as Kling's `{type, config}`.

    Raises: BadRequest where Kling has no word for it: several moves, a window, an easing, an amount
    beyond its 10, a kind or a preset it does not know.
    """
    _one_of("camera.dialect", dialect, KLING_DIALECTS)
    asked = tuple(moves)
    if len(asked) != 1:
        raise _bad("camera", [move.move for move in asked], "exactly one move or master shot")
    move = asked[0]
    if (move.start, move.end, move.easing) != (0.0, 1.0, "linear"):
        raise _bad("camera[0]", move.move, "a linear move over the whole clip")
    if move.move in KLING_PRESETS:
        if move.speed not in (None, "medium"):
            raise _bad("camera[0].speed", move.speed, "medium")
        return {"type": move.move, "config": None}
    for name, (kind, negative, positive) in _KLING_AXES[dialect].items():
        if move.move in (negative, positive):
            number = _kling_number(kind, amount_of(move))
            config = dict.fromkeys(KLING_FIELDS, 0.0)
            return {"type": "simple", "config": {**config, name: number * _sign(move, positive)}}
    known = tuple(m for _, *pair in _KLING_AXES[dialect].values() for m in pair)
    raise _bad("camera[0].move", move.move, (*known, *KLING_PRESETS))


def _sign(move: Move, positive: str) -> float:
    return 1.0 if move.move == positive else -1.0


def _kling_number(kind: str, amount: float) -> float:
    ten = _KLING_TEN[kind]
    number = KLING_LIMIT * (math.log2(amount) if kind == "zoom" else amount / ten)
    # a rounding error above 10 is still 10
    if number > KLING_LIMIT + 1e-9:
        raise _bad("camera[0].amount", amount, f"up to {ten:g} ({kind}), which is Kling's 10")
    return min(number, KLING_LIMIT)
