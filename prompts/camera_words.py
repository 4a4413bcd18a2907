"""Words for camera moves, and camera moves as words; English and Chinese.

Knows which words mean which move, nothing of poses or Kling's numbers.
Try: python -m pytest tests/prompts/test_camera_words.py
"""
# ruff: noqa: RUF001  (Chinese punctuation is meant)

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache, lru_cache

from shotwright.generator.camera import PRESETS, Move
from shotwright.prompts.camera_reading import chinese, english
from shotwright.prompts.camera_reading.elsewhere import without_elsewhere
from shotwright.prompts.camera_reading.lexicon import Found, plain, without_quotes, words
from shotwright.prompts.camera_reading.modifiers import FRACTIONS, leftovers, modifiers
from shotwright.prompts.camera_reading.order import in_turns
from shotwright.prompts.language import CJK, Language


@dataclass(frozen=True)
class CameraHit:
    """Words that mean a move: `text[start:end]`; spans: all places of its words; assumed: the words
    name no side and the move's own is one.
    """

    move: str
    start: int
    end: int
    spans: tuple[tuple[int, int], ...]
    assumed: bool = False


@lru_cache(maxsize=4096)
def _read(text: str, explicit: bool) -> tuple[Found, ...]:
    """Both languages' moves in order; in a script bracketed commands are read as explicit, what
    stands after "camera:" as said of the camera, what stands after "avoid:" as denied.
    """
    flat = plain(text)
    if explicit:
        return _both(flat, True)
    found: list[Found] = []
    prose = list(without_quotes(flat))
    for kind, low, high in _zones(flat, "".join(prose)):
        if kind == "object":
            here = flat[low:high].replace('"', " ")
            read = _moved(_both("camera " + here, False), low - len("camera "))
            none = None if read else _NO_MOVEMENT.search(flat, low, high)
            found += [Found("static", *none.span(), (none.span(),), "phrase")] if none else read
            prose[low:high] = " " * (high - low)
            continue
        if kind == "bracket" and _THINGS.search(flat, max(0, low - 40), low):
            continue  # "props: [dolly with crates]"
        if kind == "bracket" and not _PRONOUN.search(flat, low, high):
            read = _moved(_both(flat[low:high], True), low)
        elif kind == "bracket":
            continue
        else:
            said = "镜头 " if re.match(f"\\s*[{CJK}]", flat[low:high]) else "camera "
            read = _moved(_both(said + flat[low:high], False), low - len(said))
        if kind == "told" and _NONE.match(flat, low, high):
            read.append(Found("static", low, high, ((low, high),), "phrase"))
        if kind == "denied":
            read = [replace(f, denied=f.move != "motion") for f in read]
        if read:
            found += read
            prose[low:high] = " " * (high - low)
    here = "".join(prose)
    told = _both(here, False)
    elsewhere = without_elsewhere(here) if told else here  # few sentences speak of the camera
    found += told if elsewhere == here else _both(elsewhere, False)
    return tuple(sorted(found, key=lambda f: f.start))


_NO_MOVEMENT = re.compile(
    r"\"(?:(?:camera )?move(?:ment)?|motion|type|运镜|运动)\"\s*:\s*\"(?:none|无|没有)\""
)
_NONE = re.compile(r"\s*(?:none|off|n/?a|no\s+movement|无|没有)\s*(?:[,;}.。，；(（]|$)")


_THINGS = re.compile(
    r"(?:props?|cast|wardrobe|costumes?|gear|equipment|道具|服装|演员)\W{0,2}\s*[:：=]?\s*[\[【]+$"
)


def _moved(found: Iterable[Found], by: int) -> list[Found]:
    return [
        replace(
            f, start=f.start + by, end=f.end + by, spans=tuple((a + by, b + by) for a, b in f.spans)
        )
        for f in found
    ]


@cache
def _zone_patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
    names = (
        r"(?:camera(?: (?:movement|move|motion|work|direction|notes?))?|cam|movement|movement type|move type|move(?==)|"
        r"(?<![推拉摇移跟升降甩绕定空晃])镜头(?:运动|语言)?|运镜(?:方式)?|摄影|机位)"
    )
    heads = words()["forbidden"]["heads"].replace(" ", r"\s+")
    return (
        re.compile(
            rf"\"{names}\"\s*:\s*\{{(?P<object>[^}}]*)\}}|\"{names}\"\s*:\s*\"(?P<told>[^\"\n]*)\"|<{names}>(?P<tagged>[^<\n]*)"
        ),
        re.compile(
            r"[\[【]{1,2}(?P<bracket>[^\]】]*)[\]】]{1,2}"
            rf"|(?<![a-z])(?:{heads})\s*[:：]\s*(?P<denied>[^\n]*)"
            rf"|(?<![a-z]){names}\s*[:：=]\s*(?P<told>[^\n。.;；|]*)"
        ),
    )


def _zones(flat: str, unquoted: str) -> Iterator[tuple[str, int, int]]:
    """Where a text speaks of the camera and nothing else: in brackets, and after "camera:"."""
    fields, written = _zone_patterns()
    for text, pattern in ((flat, fields), (unquoted, written)):
        for match in pattern.finditer(text):
            kind = str(match.lastgroup)
            yield kind.replace("tagged", "told"), *match.span(kind)


def _both(text: str, explicit: bool) -> tuple[Found, ...]:
    first = english.read(text, explicit=explicit)
    second = chinese.read(text, explicit=explicit, directs=bool(first))
    return tuple(sorted((*first, *second), key=lambda f: f.start))


def _kept(text: str, explicit: bool) -> list[list[Found]]:
    """What the text asks for, moves that run together as one group: denials left out (of any
    motion at all: a camera that stands still), repetitions and a stillness beside moves too.
    """
    read = _read(text, explicit)
    flat = plain(text)
    asked = [
        replace(f, move="static") if f.move == "motion" and f.denied else f
        for f in read
        if f.denied == (f.move == "motion")
    ]
    exception = _EXCEPTION.match(flat)
    if exception and any(f.start < exception.end() and f.move != "static" for f in asked):
        asked = [
            f for f in asked if f.move != "static"
        ]  # "other than a push in, the shot is static"
    return in_turns(flat, asked)


_EXCEPTION = re.compile(
    r"\s*(?:(?:other\s+than|apart\s+from|aside\s+from|except\s+for|save\s+for)\b|除了?)[^,.;，。；]*"
)


def _flat(groups: list[list[Found]]) -> list[Found]:
    return [found for group in groups for found in group]


def _hit(found: Found) -> CameraHit:
    move = "pan_left" if found.move == "whip_pan_left" else found.move
    return CameraHit(move, found.start, found.end, found.spans, found.assumed)


def denied_moves(text: str) -> frozenset[str]:
    """The moves that a text forbids: "no zoom" denies zoom_in and zoom_out; empty where it only
    holds the camera still.
    """
    kinds = {
        f.move.partition("_")[0] for f in _read(text, False) if f.denied and f.move != "motion"
    }
    return frozenset(
        name for name in words()["said"] if name.partition("_")[0] in kinds or name in kinds
    )


def focus_of(text: str) -> str | None:
    """ "rack" where a text asks to rack focus."""
    return (
        "rack" if any(found.move == "rack_focus" for found in _flat(_kept(text, False))) else None
    )


def parse_camera(text: str) -> tuple[list[Move], list[str]]:
    """The moves that an explicit camera text asks for, and what in it was not understood.

    "then" puts moves one after another, separate brackets do too; a comma or "and" lets them run
    together.  A move that names no side ("pan") is read to the right and counted as not understood.
    Raises: BadRequest when a number is beyond what the move can do.
    """
    denied = [span for found in _read(text, True) if found.denied for span in found.spans]
    return _parse(text, _kept(text, True), denied)


def prose_hits(text: str) -> list[CameraHit]:
    """The camera words of a sentence of a script, as `parse_prose` takes them, their numbers
    unread.
    """
    return [_hit(found) for found in _flat(_kept(text, False)) if found.move != "rack_focus"]


def parse_prose(text: str) -> tuple[list[Move], list[CameraHit]]:
    """The moves that a sentence of a script asks for; "the dog follows" is no camera move, "the
    camera follows" is.  A pan without a side goes right, its hit says so.

    Raises: BadRequest when a number is beyond what the move can do.
    """
    return _parse(text, _kept(text, False))[0], prose_hits(text)


def prose_turns(text: str) -> list[list[str]]:
    """The names of the moves that a sentence of a script asks for, turn by turn, rack_focus
    among them.
    """
    return [[_hit(found).move for found in group] for group in _kept(text, False)]


def camera_spans(text: str) -> list[tuple[int, int]]:
    """Where a sentence of a script speaks of the camera: the moves, their speeds and their
    numbers.
    """
    kept = sorted(_flat(_kept(text, False)), key=lambda f: f.start)
    flat = plain(text)
    return [span for f in kept for span in [*f.spans, *modifiers(flat, f, kept)[2]]]


def is_direction(text: str) -> bool:
    """Whether a sentence only says what the camera does: "Pan left.", "缓慢推进。", not "It moves
    left.".
    """
    read = _read(text, False)
    if not read or _PRONOUN.search(plain(text)):
        return False
    used = [*(span for found in read for span in found.spans), *camera_spans(text)]
    return not leftovers(text, used)


_PRONOUN = re.compile(r"\b(?:it|its|he|she|they|his|her|their|i|you)\b|[它他她]")


def says_nothing_more(text: str) -> bool:
    """Whether a text holds no word beside noise: what is left of "A close-up shot." without its
    size.
    """
    return not leftovers(text) and not _PRONOUN.search(plain(text))


def _parse(
    text: str, kept: list[list[Found]], denied: Iterable[tuple[int, int]] = ()
) -> tuple[list[Move], list[str]]:
    flat = plain(text)
    found = sorted(_flat(kept), key=lambda f: f.start)
    groups = [g for g in ([f for f in group if f.move != "rack_focus"] for group in kept) if g]
    moves: list[Move] = []
    used = [*denied, *(span for f in found for span in f.spans if not f.assumed)]
    for place, group in enumerate(groups):
        start, end = place / len(groups), (place + 1) / len(groups)
        for hit in group:
            speed, amount, spans = modifiers(flat, hit, found)
            used += spans
            if hit.move == "whip_pan_left":
                moves.append(_whipped(start, end))
                continue
            moves.append(
                Move(
                    hit.move,
                    amount=amount,
                    speed=speed,
                    start=start,
                    end=end,
                    index=len(moves),
                )
            )
    return moves, leftovers(text, used)


def _whipped(start: float, end: float) -> Move:
    """The whip pan of the presets, to the left."""
    (right,) = PRESETS["whip_pan"]
    span = end - start
    return replace(
        right,
        move="pan_left",
        speed="fast",
        start=start + right.start * span,
        end=start + right.end * span,
    )


def describe_camera(
    moves: Iterable[Move], language: Language = "en", *, amounts: bool = False
) -> str:
    """What the camera does, in the words of film: "the camera slowly pans left, then zooms in";
    "" for no moves.  amounts: say how far, too: "pans left 30 degrees".
    """
    ordered = sorted(moves, key=lambda m: m.start)
    if not ordered:
        return ""
    tell = _english if language == "en" else _chinese
    return tell([(move, _amount_said(move, language) if amounts else "") for move in ordered])


def _english(moves: list[tuple[Move, str]]) -> str:
    text = "the camera"
    for before, (move, amount) in zip([None, *moves], moves, strict=False):
        if before:
            text += ", then" if move.start >= before[0].end else " and"
        adverb = {"slow": " slowly", "fast": " quickly"}.get(move.speed or "", "")
        text += ("" if move.move == "static" else adverb) + " " + _said(move, "en")
        text += f" {amount}" if amount else ""
    return text


def _chinese(moves: list[tuple[Move, str]]) -> str:
    text = "镜头"
    for before, (move, amount) in zip([None, *moves], moves, strict=False):
        if before:
            text += "，然后" if move.start >= before[0].end else "，同时"
        adverb = {"slow": "缓慢", "fast": "快速"}.get(move.speed or "", "")
        text += ("" if move.move == "static" else adverb) + _said(move, "zh") + amount
    return text


def _amount_said(move: Move, language: Language) -> str:
    """ "30 degrees", "1.5x", "20%"; "" for a move without an amount."""
    if move.amount is None:
        return ""
    if move.kind == "zoom":
        return f"{move.amount:g}x" if language == "en" else f"{move.amount:g}倍"
    if move.kind in FRACTIONS:
        return f"{100 * move.amount:g}%"
    return f"{move.amount:g} degrees" if language == "en" else f"{move.amount:g}度"


def _said(move: Move, language: Language) -> str:
    english, chinese = words()["said"][move.move]
    return str(english if language == "en" else chinese)
