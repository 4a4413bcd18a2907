"""Camera moves, in film usage and physical units, as per-frame poses.  No torch, no words, no other
product's numbers (`camera_dialects`).

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
    "pan": 360.0,
    "tilt": 80.0,  # the zenith itself has no up
    "roll": 360.0,
    "zoom": 8.0,
    "dolly_in": 0.9,  # 1 would be inside the subject
    "dolly_out": 4.0,
    "truck": 2.0,
    "pedestal": 2.0,
    "orbit": 360.0,  # once around
    "crane": 80.0,
    "handheld": 5.0,
}


def scaled(kind: str, amount: float, share: float) -> float:
    """A share of a move: of its degrees or its way; of its logarithm for a zoom."""
    return float(amount**share) if kind == "zoom" else amount * share


DEFAULT_AMOUNTS: Mapping[str, Mapping[str, float]] = {
    kind: {speed: scaled(kind, medium, share) for speed, share in SPEEDS.items()}
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
        one_of(f"{where}.move", self.move, (*MOVES, *PRESET_NAMES))
        if self.speed is not None:
            one_of(f"{where}.speed", self.speed, tuple(SPEEDS))
        one_of(f"{where}.easing", self.easing, tuple(EASINGS))
        for name in ("start", "end"):
            number(f"{where}.{name}", getattr(self, name), 0.0, 1.0)
        if not self.start < self.end:
            raise refused(
                f"{where}.end", self.end, f"a fraction above start ({self.start}), up to 1"
            )
        if self.amount is not None:
            self._check_amount(f"{where}.amount")

    def _check_amount(self, field: str) -> None:
        most = MAX_AMOUNTS.get(self.move, MAX_AMOUNTS.get(self.kind))
        if most is None:
            raise refused(field, self.amount, f"nothing: {self.move} takes no amount, only a speed")
        least = 1.0 if self.kind == "zoom" else 0.0
        number(field, self.amount, least, most)
        if self.amount == least:
            raise refused(field, self.amount, f"a number above {least:g}, up to {most:g}")

    @property
    def kind(self) -> str:
        """The move without its direction: pan, zoom, handheld; a preset is its own kind."""
        return self.move if self.move in PRESET_NAMES else self.move.partition("_")[0]


def refused(field: str, value: object, allowed: object) -> BadRequest:
    """The error for a value that is not allowed; allowed: a tuple of values, or words."""
    text = ", ".join(map(str, allowed)) if isinstance(allowed, tuple) else str(allowed)
    return BadRequest(
        f"{field} is {value!r}; allowed: {text}.",
        fix=f"Give {field} as: {text}.",
        field=field,
        value=value,
        allowed=list(allowed) if isinstance(allowed, tuple) else allowed,
    )


def one_of(field: str, value: object, allowed: tuple[str, ...]) -> None:
    """Raises: BadRequest unless the value is one of those allowed."""
    if value not in allowed:
        raise refused(field, value, allowed)


def number(field: str, value: object, least: float, most: float) -> float:
    """A finite number in [least, most]; a bool or a text is none.  Raises: BadRequest."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        raise refused(field, value, f"a number from {least:g} to {most:g}")
    return float(value)


WAYS: Mapping[str, tuple[str, str]] = {
    # kind of an axis of a pose -> move of a fall, move of a rise
    "pan": ("pan_left", "pan_right"),
    "tilt": ("tilt_down", "tilt_up"),
    "roll": ("roll_ccw", "roll_cw"),
    "zoom": ("zoom_out", "zoom_in"),
    "truck": ("truck_left", "truck_right"),
    "pedestal": ("pedestal_down", "pedestal_up"),
    "dolly": ("dolly_out", "dolly_in"),
}

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
            amount = scaled(part.kind, amount, SPEEDS[preset.speed or "medium"])
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
    Raises: BadRequest if the dolly moves reach 1 at any time: the camera would be inside the
    subject.
    """
    if frames < 1:
        raise refused("frames", frames, "1 or more")
    parts = expand(moves)
    tracks = [_track(move, amount_of(move, amounts), seed + i) for i, move in enumerate(parts)]
    _check_distance(parts, tracks)
    shares = [i / max(frames - 1, 1) for i in range(frames)]
    return tuple(compose(*(track(share) for track in tracks)) for share in shares)


def _check_distance(parts: Iterable[Move], tracks: Iterable[Callable[[float], Pose]]) -> None:
    dollies = [pair for pair in zip(parts, tracks, strict=True) if pair[0].kind == "dolly"]
    # easings never turn back, so the nearest point is where a move begins or ends
    times = {time for move, _ in dollies for time in (move.start, move.end)}
    if any(math.fsum(track(time).dolly for _, track in dollies) >= 1 for time in times):
        raise refused(
            "camera", [move.move for move, _ in dollies], "dollies that add up to less than 1"
        )


def amount_of(move: Move, amounts: Mapping[str, float] | None = None) -> float:
    """The amount a plain move has: its own, else its speed's of the card, else of the table; 0 if
    it has none."""
    if move.amount is not None:
        return move.amount
    speed = move.speed or "medium"
    if amounts and move.kind in amounts:
        return scaled(move.kind, amounts[move.kind], SPEEDS[speed])
    return DEFAULT_AMOUNTS[move.kind][speed] if move.kind in DEFAULT_AMOUNTS else 0.0


def share_of(kind: str, amount: float, usual: float) -> float:
    """How many times the usual amount an amount is; zooms are compared by their exponents."""
    return math.log(amount) / math.log(usual) if kind == "zoom" else amount / usual


def nearest_share(share: float, shares: Mapping[str, float]) -> tuple[str, float]:
    """The name of the nearest of the shares that a model was trained on, and how far off it is, as a
    fraction of it.
    """
    off = {name: abs(share / trained - 1) for name, trained in shares.items()}
    name = min(off, key=off.__getitem__)
    return name, off[name]


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


@dataclass(frozen=True)
class Key:
    """A pose that the camera has at a time; at: fraction of the clip; easing: of the way to it."""

    at: float
    pose: Pose
    easing: str = "linear"


def keyframed(keys: Iterable[Key]) -> tuple[Move, ...]:
    """The moves that take the camera from pose to pose: `path` of them holds every key's pose,
    relative to the first one's, at its time.

    keys: two or more, in order of time; before the first and after the last the camera holds still.
    Raises: BadRequest naming keys[i].at where times do not rise within 0 to 1, keys[i].easing, or
    camera[i].amount where one step is more than a move may be.
    """
    given = tuple(keys)
    if len(given) < 2:
        raise refused("keys", len(given), "two or more poses")
    moves: list[Move] = []
    for i, key in enumerate(given):
        number(f"keys[{i}].at", key.at, 0.0, 1.0)
        one_of(f"keys[{i}].easing", key.easing, tuple(EASINGS))
        if not i:
            continue
        before = given[i - 1]
        if not before.at < key.at:
            raise refused(f"keys[{i}].at", key.at, f"a time after {before.at}, up to 1")
        for axis in AXES:
            old, new = getattr(before.pose, axis), getattr(key.pose, axis)
            if old == new:
                continue
            kind = axis.partition("_")[0]
            fall, rise = WAYS[kind]
            amount = max(new / old, old / new) if kind == "zoom" else abs(new - old)
            moves.append(
                Move(
                    rise if new > old else fall,
                    amount=amount,
                    start=before.at,
                    end=key.at,
                    easing=key.easing,
                    index=len(moves),
                )
            )
    return tuple(moves)


FILM_WIDTH_MM = 36.0
"""Width of the 35-mm frame that focal lengths are told for."""


def focal_mm(pose: Pose, *, hfov_deg: float) -> float:
    """Focal length at a pose, in millimetres on the 35-mm frame; hfov_deg: the angle of view at
    rest, below 180.
    """
    return FILM_WIDTH_MM / 2 / math.tan(math.radians(hfov_deg) / 2) * pose.zoom_ratio
