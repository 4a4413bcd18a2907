"""How a camera move will be made: by the mechanism that serves best, as measured of the model; said before rendering.

A *trained condition* is a word that the model was trained on.  A *guided warp* renders at rest (or takes the given
picture or clip), warps that along the path and denoises from there, so that the model imagines what the warp cannot
know.  A *warp after rendering* renders at rest and only crops, nearer than the frame so that no border shows.
Some checkpoints follow a path by themselves (`NATIVE`).  *Words* are the last way.  Knows the cards; renders nothing.
Try: python -m pytest tests/tools/studio/test_mechanisms.py
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from shotwright.generator.camera import (
    MOVES,
    Move,
    Pose,
    amount_of,
    expand,
    nearest_share,
    path,
    scaled,
    share_of,
    totals,
)
from shotwright.generator.catalog import Card
from shotwright.generator.errors import BadRequest
from shotwright.tools.studio.resolve import Resolution

TRAINED, GUIDED, AFTER = "trained condition", "guided warp", "warp after rendering"
WORDS, NONE = "words", "none"
TRAJECTORY, CONTROL, LORA = "trajectory", "control video", "LoRA"
NATIVE: Mapping[str, str] = {TRAJECTORY: TRAJECTORY, CONTROL: CONTROL, "loras": LORA}
"""What a card's `camera.native` makes the path with: tensors that the checkpoint itself follows, or weights a move."""

Start = Literal["words", "picture", "bound", "still", "clip"]
"""What a clip starts from: words alone; words and a first picture; frames that a warp would contradict (a last frame,
keyframes, the end of another clip); a picture or a clip that is to be moved itself."""

ENOUGH = 0.8
"""Share of clips with direction and amount right, and no other axis astray, from which a mechanism serves,
and a finer one need not be sought."""
TRAINED_TOLERANCE = 0.25
"""A trained amount serves an asked one within this share of it."""
WARP_STRENGTH = 0.15
"""Noise from which warped frames are denoised again: on 8 clips of `mini` .1 and .2 keep the path, .3 loses some."""
SLIGHT_OVERSCAN, MOST_OVERSCAN = 1.12, 1.6
"""Enlarging up to the first costs less picture than a second rendering may change; beyond the other, too much."""
RESTING = (Move("static"),)


@dataclass(frozen=True)
class CameraPlan:
    """How the asked moves will be made.

    prompt_moves: those that go into the prompt of what is rendered first; over: what is done over that clip, None
    where nothing is; seed: of a handheld sway; able: every mechanism that could make this path.
    """

    moves: tuple[Move, ...]
    mechanism: str
    asked: Pose | None
    prompt_moves: tuple[Move, ...]
    hfov_deg: float
    able: tuple[str, ...] = ()
    seed: int = 0
    over: dict[str, Any] | None = None

    def to_json(self) -> dict[str, Any]:
        return {
            "moves": [asdict(move) for move in self.moves],
            "seed": self.seed,
            "mechanism": self.mechanism,
            "mechanisms": list(self.able),
            "asked": None if self.asked is None else asdict(self.asked),
            "hfov_deg": round(self.hfov_deg, 2),
        }


def plan_camera(
    card: Card,
    moves: Sequence[Move],
    *,
    frames: int,
    start: Start,
    segments: int,
    notes: Resolution,
    seed: int = 0,
    mechanism: str | None = None,
    spoken: Literal["", "rewritten", "as it is"] = "",
) -> CameraPlan:
    """Choose the mechanism: the first that serves of those that can make the path, else the best measured.

    segments: how many pieces the clip is rendered in.  mechanism: the one to take, if the caller named one.
    spoken: the moves are only named in a prompt (`moves_in`), and that goes to the model so: no picture is warped.
    Raises: BadRequest for a mechanism that cannot make the path, or has none to make.
    """
    if mechanism is not None and not moves:
        raise BadRequest(
            f"mechanism {mechanism!r} says how a camera is moved, and no camera is given.",
            field="mechanism",
            value=mechanism,
            allowed="with camera",
            fix="give camera, or remove mechanism",
        )
    if not moves:
        return CameraPlan((), NONE, None, (), card.hfov_deg)
    expanded = expand(moves)
    exact = tuple(replace(m, amount=amount_of(m, card.camera_amounts) or None) for m in expanded)
    poses = path(expanded, frames, amounts=card.camera_amounts, seed=seed)
    asked = totals(poses)
    able = _able(card, expanded, poses, start, segments)
    if spoken:
        heard = (TRAINED, WORDS) if spoken == "rewritten" else (WORDS,)
        able = {name: nearer for name, nearer in able.items() if name in heard}
    chosen = _named(mechanism, able, card) if mechanism else _best(card, expanded, able)
    plan = CameraPlan(exact, chosen, asked, (), card.hfov_deg, tuple(able), seed)
    known = tuple(m for m in expanded if m.move in card.camera_trained or not card.camera_trained)
    if chosen == TRAINED:
        return replace(plan, prompt_moves=(_trained(card, expanded[0], notes, bool(spoken)),))
    if chosen in NATIVE.values():
        if chosen == LORA:
            notes.warn(
                "camera_amount",
                f"{card.name} makes this move by a LoRA, as far as that was trained to go; the amount cannot be told.",
            )
        return replace(plan, prompt_moves=known)
    if chosen == WORDS:
        if not spoken or set(expanded) != set(RESTING):
            notes.warn("camera_by_words", _only_words(card, expanded, known, bool(spoken)))
        return replace(plan, prompt_moves=known)
    from shotwright.generator.lens import vantage

    over = {
        "start": start,
        "mechanism": chosen,
        "moves": [asdict(move) for move in exact],
        "said": [asdict(move) for move in known],
        "seed": seed,
        "hfov_deg": card.hfov_deg,
        "strength": WARP_STRENGTH,
        # a given picture is looked at again by the model; a clip's own pixels stay, but those that are drawn larger
        "kept": chosen == GUIDED
        and start in ("words", "clip")
        and any(map(_turns_or_slides, poses)),
        "overscan": _overscan(card, poses) if chosen == AFTER else 1.0,
        # where no first frame is given, the clip is seen from where the path leaves it least
        "at": asdict(vantage(poses) if chosen == AFTER or start in ("words", "clip") else poses[0]),
    }
    if chosen == AFTER:
        notes.adjust(
            "hfov_deg",
            card.hfov_deg,
            round(_field(card.hfov_deg, over), 2),
            f"cropped {over['overscan']:.2f} times nearer, so that no border shows",
        )
    said = () if start in ("still", "clip") else RESTING
    return replace(plan, prompt_moves=said, over=over, hfov_deg=_field(card.hfov_deg, over))


def moves_in(prompt: str, notes: Resolution) -> tuple[Move, ...]:
    """The moves that a prompt names, which its clip is measured against.

    A prompt with a number that a move cannot have goes to the model all the same: that is told, and no number is read.
    """
    from shotwright.prompts.camera_words import parse_prose

    try:
        return tuple(parse_prose(prompt)[0])
    except BadRequest as error:
        notes.warn("camera_amount_by_words", f"in the prompt, {error.message} It is not measured.")
        return tuple(parse_prose(re.sub(r"\d", " ", prompt))[0])


def mechanisms_of(card: Card) -> dict[str, list[str]]:
    """Move -> the mechanisms that make its usual amount, the one taken first: of a clip from words, or from a picture
    where the model needs one."""
    start: Start = "words" if "text" in card.modes else "picture"
    found = {}
    for name in MOVES:
        move = (Move(name),)
        poses = path(move, card.frames.default, amounts=card.camera_amounts)
        able = _able(card, move, poses, start, 1)
        best = _best(card, move, able)
        found[name] = [best, *(other for other in able if other != best)]
    return found


def _able(
    card: Card, moves: Sequence[Move], poses: Sequence[Pose], start: Start, segments: int
) -> dict[str, float]:
    """The mechanisms that can make a path, the finest first, each with how much it enlarges."""
    first, found = moves[0], dict[str, float]()
    given = start in ("still", "clip")
    whole = len(moves) == 1 and (first.start, first.end, first.easing) == (0.0, 1.0, "linear")
    if whole and segments == 1 and first.move in card.camera_trained and not given:
        found[TRAINED] = 1.0
    if segments == 1 and _follows(card, moves, start):
        found[NATIVE[card.camera_native]] = 1.0
    if start != "bound" and (given or any(pose != poses[0] for pose in poses)):
        if card.camera_guided:
            found[GUIDED] = 1.0
        if start != "picture" and not any(_slides(pose) for pose in poses):
            zooms = [pose.zoom_ratio for pose in poses]
            nearest = _overscan(card, poses) * max(zooms) / min(zooms)
            if nearest <= MOST_OVERSCAN:
                found[AFTER] = nearest
    if given and not found:
        raise BadRequest(
            f"{card.name} cannot move the camera over a given picture in this way; it can crop small turns and zooms.",
            code="unsupported_mode",
            field="camera",
            value=[move.move for move in moves],
            allowed="small turns and zooms",
            fix="choose a model whose camera.mechanisms (list_models) have guided warp",
        )
    if not given:
        found[WORDS] = 1.0
    return found


def _follows(card: Card, moves: Sequence[Move], start: Start) -> bool:
    """Whether the checkpoint itself makes a path from such a start: a trajectory needs a picture, a LoRA its move."""
    if card.camera_native == TRAJECTORY:
        return start in ("picture", "still")
    whole = all((move.start, move.end) == (0.0, 1.0) for move in moves)
    by_lora = {lora.move for lora in card.loras.values()} >= {move.move for move in moves}
    able = card.camera_native == CONTROL or (card.camera_native == "loras" and whole and by_lora)
    return able and start in ("words", "picture", "still")


def _turns_or_slides(pose: Pose) -> bool:
    return replace(pose, zoom_ratio=1.0) != Pose()


def _slides(pose: Pose) -> bool:
    return (pose.truck, pose.pedestal, pose.dolly) != (0, 0, 0)


def _overscan(card: Card, poses: Sequence[Pose]) -> float:
    """How much nearer a clip must be taken than its frame, whatever its shape: that of the card's flattest."""
    from shotwright.generator.lens import overscan, vantage

    return max(
        overscan(poses, hfov_deg=card.hfov_deg, width=width, height=height, at=vantage(poses))
        for width, height in card.native
    )


def _best(card: Card, moves: Sequence[Move], able: Mapping[str, float]) -> str:
    """The first that serves, in the order of `able`; a slight crop goes before a second rendering."""
    shares = {name: _obedience(card, name, moves) for name in able if name != WORDS}
    order = list(shares)
    if AFTER in order and able[AFTER] <= SLIGHT_OVERSCAN and GUIDED in order:
        order.remove(AFTER)
        order.insert(order.index(GUIDED), AFTER)
    if not order:
        return WORDS
    serving = [name for name in order if shares[name] >= ENOUGH]
    return serving[0] if serving else max(order, key=lambda name: shares[name])


def _obedience(card: Card, mechanism: str, moves: Sequence[Move]) -> float:
    """The measured share of clips that did as asked, of the least obedient of the moves; 1 where none was measured."""
    if mechanism == TRAINED and not _serves(card, moves[0]):
        return 0.0
    measured = card.camera_obedience.get(mechanism, {})
    return min(measured.get(move.kind, 1.0) for move in moves)


def _named(mechanism: str, able: Mapping[str, float], card: Card) -> str:
    if mechanism not in able:
        raise BadRequest(
            f"{card.name} cannot make this path by {mechanism}; it can by {', '.join(able)}.",
            code="unsupported_mode",
            field="mechanism",
            value=mechanism,
            allowed=list(able),
            fix="leave mechanism out to have the best taken",
        )
    return mechanism


def _only_words(card: Card, asked: Sequence[Move], known: Sequence[Move], spoken: bool) -> str:
    """What is said of moves that nothing but words makes."""
    unknown = sorted({m.move for m in asked} - {m.move for m in known})
    mute = f", and {card.name} knows no words for {', '.join(unknown)}" if unknown else ""
    if spoken:
        named = ", ".join(dict.fromkeys(move.move for move in asked))
        return (
            f"the prompt names a camera move ({named}) that is left to its words{mute}. "
            "Give it in camera to have it made by the model's best mechanism."
        )
    return (
        f"{card.name} has no mechanism for this path here; it is only put into words{mute}. "
        "Give a start image, or use move_camera on the finished clip, to have it made exactly."
    )


def _trained(card: Card, move: Move, notes: Resolution, spoken: bool) -> Move:
    """The move with the amount that the model has a word for."""
    amount = amount_of(move, card.camera_amounts)
    nearest, _ = _nearest(card, move.kind, amount)
    notes.adjust(
        "prompt" if spoken else "camera[0].amount",
        f"{move.move} {amount:g}" if spoken else amount,
        f"{move.move} {nearest:g}" if spoken else nearest,
        f"{card.name} was trained on this amount; "
        + ("given in camera it can be made exactly" if spoken else "a guided warp allows any"),
    )
    return move if nearest == amount else replace(move, amount=nearest)


def _nearest(card: Card, kind: str, amount: float) -> tuple[float, float]:
    """The amount of the card's training that is nearest, and how far off it is as a fraction of it; the asked one where
    the card names none.
    """
    usual = card.camera_amounts.get(kind)
    if usual is None or not amount:
        return amount, 0.0
    name, off = nearest_share(share_of(kind, amount, usual), card.camera_shares)
    return scaled(kind, usual, card.camera_shares[name]), off


def _serves(card: Card, move: Move) -> bool:
    """Whether a trained amount is about the asked one."""
    _, off = _nearest(card, move.kind, amount_of(move, card.camera_amounts))
    return off <= TRAINED_TOLERANCE


def _field(hfov_deg: float, over: Mapping[str, Any]) -> float:
    """Horizontal angle of view of the first frame, in degrees, once the clip is cropped and seen from `at`."""
    zoom = over["overscan"] / over["at"]["zoom_ratio"]
    return math.degrees(2 * math.atan(math.tan(math.radians(hfov_deg / 2)) / zoom))
