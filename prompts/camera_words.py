"""Words for camera moves, and camera moves as words; English and Chinese.

Knows which words mean which move (`camera_words.toml`), nothing of poses or Kling's numbers.
Try: python -m pytest tests/prompts/test_camera_words.py
"""
# ruff: noqa: RUF001  (Chinese punctuation is meant)

import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from shotwright.generator.camera import PRESET_NAMES, Move
from shotwright.prompts.language import CJK, Language

_CJK = re.compile(f"[{CJK}]")
_DEGREES = ("pan", "tilt", "roll", "orbit", "crane", "handheld")
_FRACTIONS = ("dolly", "truck", "pedestal")
_NUMBER = r"(\d+(?:\.\d+)?|[零一二两三四五六七八九十百半点]+)"
_AMOUNTS = (
    ("degrees", re.compile(_NUMBER + r"\s*(?:degrees?\b|deg\b|°|度)")),
    ("ratio", re.compile(_NUMBER + r"\s*(?:x\b|×|times\b|倍)")),
    ("ratio", re.compile(r"[x×]\s*" + _NUMBER)),
    ("percent", re.compile(_NUMBER + r"\s*(?:%|percent\b)")),
)
_NEGATION = re.compile(
    r"(?:\b(?:no|not|don't|do not|doesn't|does not|without|never|avoid)"
    r"(?:\s+(?:any|the|a|camera))*\s*"
    r"|(?:不要|不|别|无|没有|禁止))$"
)
_TOKEN = re.compile(rf"[{CJK}]+|[a-z0-9][a-z0-9.'°%×]*")


@dataclass(frozen=True)
class CameraHit:
    """Words that mean a move: `text[start:end]`; spoken is whether they mean it without the
    camera being named.
    """

    move: str
    start: int
    end: int
    spoken: bool


@cache
def _words() -> dict[str, Any]:
    text = files("shotwright.prompts").joinpath("camera_words.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def _regex(pattern: str) -> re.Pattern[str]:
    """A pattern of the file; `@` takes the fillers of its language, a space any white space."""
    chinese = bool(_CJK.search(pattern))
    filler = _words()["filler"]["zh" if chinese else "en"].strip()
    # optional before "@": a Chinese pattern may begin with it, and must not begin with white space
    between = rf"(?:(?:{filler})\s*){{0,3}}" if chinese else rf"(?:(?:{filler})\s+){{0,5}}"
    pattern = pattern.replace(" ?", r"\s*").replace(" ", r"\s+").replace("@", between)
    return re.compile(pattern if chinese else rf"(?<![a-z0-9])(?:{pattern})(?![a-z0-9'])")


@cache
def _patterns() -> tuple[tuple[str, bool, re.Pattern[str]], ...]:
    return tuple(
        (move, kind == "plain", _regex(pattern))
        for move, kinds in _words()["move"].items()
        for kind, listed in kinds.items()
        for pattern in (*listed, *([move.replace("_", " ")] if kind == "camera" else ()))
    )


@cache
def _speeds() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple(
        (speed, re.compile(rf"(?<![a-z])(?:{words['en']})(?![a-z])|{words['zh']}"))
        for speed, words in _words()["speed"].items()
    )


@cache
def _connectives() -> re.Pattern[str]:
    listed = _words()["connect"]
    return re.compile(rf"\b(?:{'|'.join(listed['en'])})\b|{'|'.join(listed['zh'])}|;|；|->|→")


@cache
def _noise() -> tuple[frozenset[str], re.Pattern[str]]:
    listed = _words()["noise"]
    chinese = sorted(listed["zh"], key=len, reverse=True)
    return frozenset(listed["en"]), re.compile("|".join(chinese))


def _plain(text: str) -> str:
    """Lower case with "-" and "_" as spaces; every position stays where it was."""
    lowered = "".join(c.lower() if len(c.lower()) == 1 else c for c in text)
    return re.sub(r"[_\u2011]|(?<=\w)-(?=\w)", " ", lowered).replace("\u2019", "'")


def find_hits(text: str) -> list[CameraHit]:
    """All camera words in order, longest first where they overlap, those that are denied left
    out.
    """
    plain = _plain(text)
    found = [
        CameraHit(move, match.start(), match.end(), spoken)
        for move, spoken, pattern in _patterns()
        for match in pattern.finditer(plain)
        if match.group().strip()
    ]
    taken: list[CameraHit] = []
    for hit in sorted(found, key=lambda h: (h.start - h.end, not h.spoken, h.start)):
        if all(hit.end <= other.start or other.end <= hit.start for other in taken):
            taken.append(hit)
    taken.sort(key=lambda h: h.start)
    return [hit for hit in taken if not _NEGATION.search(plain[: hit.start].rstrip() + " ")]


def parse_camera(text: str) -> tuple[list[Move], list[str]]:
    """The moves that an explicit camera text asks for, and what in it was not understood.

    "then" puts moves one after another, separate brackets do too; a comma or "and" lets them run
    together.
    Raises: BadRequest when a number is beyond what the move can do.
    """
    return _parse(text, find_hits(text))


def parse_prose(text: str) -> tuple[list[Move], list[CameraHit]]:
    """The moves that a sentence of a script asks for; "the dog follows" is no camera move, "the
    camera follows" is.

    Raises: BadRequest when a number is beyond what the move can do.
    """
    hits = _in_prose(text, find_hits(text))
    return _parse(text, hits)[0], hits


def camera_spans(text: str) -> list[tuple[int, int]]:
    """Where a sentence of a script speaks of the camera: the moves, their speeds and their
    numbers.
    """
    hits = _in_prose(text, find_hits(text))
    plain = _plain(text)
    return [
        span for hit in hits for span in [(hit.start, hit.end), *_modifiers(plain, hit, hits)[2]]
    ]


_CAMERA_NOUN = re.compile(r"\bcamera\b|镜头(?![前里中下])|摄影机|摄像机|机位|运镜")


def _in_prose(text: str, hits: list[CameraHit]) -> list[CameraHit]:
    if hits and _directs(text, hits):
        return hits
    bracketed = [(m.start(), m.end()) for m in re.finditer(r"[\[【][^\]】]*[\]】]", text)]
    accepted: list[CameraHit] = []
    for hit in hits:
        anchors = [m.end() for m in _CAMERA_NOUN.finditer(_plain(text)) if m.end() <= hit.start]
        anchors += [other.end for other in accepted]
        near = bool(anchors) and not _leftovers(text[max(anchors) : hit.start])
        inside = any(a <= hit.start and hit.end <= b for a, b in bracketed)
        if hit.spoken or near or inside:
            accepted.append(hit)
    return accepted


_PRONOUN = re.compile(r"\b(?:it|its|he|she|they|his|her|their|i|you)\b|[它他她]")
_COMMANDED = ("dolly_in", "dolly_out", "orbit_left", "orbit_right", "follow", "handheld")
"""Moves whose bare Chinese word commands a camera; a bare 上升 or 向左移动 tells of the subject."""


def is_direction(text: str) -> bool:
    """Whether a sentence only says what the camera does: "Pan left.", "缓慢推进。", not "It moves
    left.".
    """
    hits = find_hits(text)
    return bool(hits) and _directs(text, hits)


def says_nothing_more(text: str) -> bool:
    """Whether a text holds no word beside noise: what is left of "A close-up shot." without its
    size.
    """
    return not _leftovers(text) and not _PRONOUN.search(_plain(text))


def _directs(text: str, hits: list[CameraHit]) -> bool:
    plain = _plain(text)
    used = [(hit.start, hit.end) for hit in hits]
    numbers = [m.span() for _, pattern in _AMOUNTS for m in pattern.finditer(plain)]
    if _PRONOUN.search(plain) or _leftovers(text, used + numbers):
        return False
    if _CAMERA_NOUN.search(plain):
        return True
    return all(hit.spoken or _is_command(plain[hit.start : hit.end], hit.move) for hit in hits)


def _is_command(words: str, move: str) -> bool:
    """ "push in" is one, "rises" tells of something; so does most bare Chinese."""
    if _CJK.search(words):
        return move in _COMMANDED
    return not re.match(r"\w+(?:s|ing)\b", words)


def _parse(text: str, hits: list[CameraHit]) -> tuple[list[Move], list[str]]:
    plain = _plain(text)
    groups: list[list[CameraHit]] = []
    for hit in hits:
        between = plain[groups[-1][-1].end : hit.start] if groups else ""
        later = bool(_connectives().search(between)) or "]" in between or "】" in between
        if not groups or later:
            groups.append([])
        groups[-1].append(hit)
    moves: list[Move] = []
    used = [(hit.start, hit.end) for hit in hits]
    for place, group in enumerate(groups):
        for hit in group:
            speed, amount, spans = _modifiers(plain, hit, hits)
            used += spans
            moves.append(
                Move(
                    hit.move,
                    amount=amount,
                    speed=None if amount is not None else speed,
                    start=place / len(groups),
                    end=(place + 1) / len(groups),
                    index=len(moves),
                )
            )
    return moves, _leftovers(text, used)


def _modifiers(
    plain: str, hit: CameraHit, hits: list[CameraHit]
) -> tuple[str | None, float | None, list[tuple[int, int]]]:
    """Speed, amount and where they stand: inside the words of the move, else before the next
    one.
    """
    n = hits.index(hit)
    low = hits[n - 1].end if n else 0
    high = hits[n + 1].start if n + 1 < len(hits) else len(plain)
    before, after = plain[low : hit.start], plain[hit.end : high]
    if n:
        # "pan left slowly, zoom in": what stands before the comma belongs to the pan
        cut = max(before.rfind(c) for c in ",;.，；。、[")
        low += max(cut, _last_word(before, ("and", "then", "while")), 0)
    if n + 1 < len(hits):
        cuts = [c for c in (after.find(x) for x in ",;.，；。、]") if c >= 0]
        joint = re.search(r"\b(?:and|then|while|followed)\b|然后|接着|随后|同时|再", after)
        high = hit.end + min([*cuts, joint.start() if joint else len(after), len(after)])
        if not cuts and not joint:
            high = hit.end
    window = plain[low:high]
    if hit.move in PRESET_NAMES:
        # the "whip" of a whip pan is its name, not its speed
        own = hit.end - hit.start
        window = plain[low : hit.start] + " " * own + plain[hit.end : high]
    spans: list[tuple[int, int]] = []
    speed = None
    for name, pattern in _speeds():
        for match in pattern.finditer(window):
            speed = speed or name
            spans.append((low + match.start(), low + match.end()))
    amount = None
    for unit, pattern in _AMOUNTS:
        for match in pattern.finditer(window):
            value = _in_unit(hit.move, unit, _value(match.group(1)))
            if value is not None and amount is None:
                amount = value
                spans.append((low + match.start(), low + match.end()))
    return speed, amount, spans


def _last_word(text: str, words: tuple[str, ...]) -> int:
    return max((m.end() for w in words for m in re.finditer(rf"\b{w}\b", text)), default=-1)


def _in_unit(move: str, unit: str, value: float | None) -> float | None:
    """The amount of a move, or None where the unit is not the move's."""
    kind = move.partition("_")[0]
    if value is None or move in PRESET_NAMES:
        return None
    if unit == "degrees" and kind in _DEGREES:
        return value
    if unit == "ratio" and kind == "zoom":
        return value
    if unit == "percent" and kind in _FRACTIONS:
        return value / 100
    return None


_DIGITS = {c: n for n, c in enumerate("零一二三四五六七八九")} | {"两": 2, "半": 0.5}


def _value(text: str) -> float | None:
    """A number in digits or Chinese, up to 999: 九十 is 90, 一点五 is 1.5."""
    if text[0].isdigit():
        return float(text)
    whole, _, decimals = text.partition("点")
    value, pending = 0.0, 0.0
    for c in whole:
        if c in "十百":
            value += (pending or 1) * (10 if c == "十" else 100)
            pending = 0
        else:
            pending = _DIGITS.get(c, 0)
    value += pending
    for place, c in enumerate(decimals, 1):
        value += _DIGITS.get(c, 0) / 10**place
    return value or None


def _leftovers(text: str, used: Iterable[tuple[int, int]] = ()) -> list[str]:
    """What is neither used nor noise, as phrases of neighbouring words."""
    english, chinese = _noise()
    masked = list(_plain(text))
    for start, end in used:
        masked[start:end] = "\0" * (end - start)
    for _, pattern in _speeds():
        for match in pattern.finditer("".join(masked)):
            masked[match.start() : match.end()] = "\0" * (match.end() - match.start())
    phrases: list[str] = []
    for run in re.split(r"[^\w\s.'°%×-]+|\.(?!\d)", "".join(masked)):
        tokens = [
            piece
            for token in _TOKEN.findall(run)
            for piece in (chinese.sub(" ", token).split() if _CJK.match(token) else (token,))
        ]
        while tokens and tokens[0] in english:
            tokens.pop(0)
        while tokens and tokens[-1] in english:
            tokens.pop()
        if tokens:
            phrases.append(" ".join(tokens))
    return phrases


def describe_camera(moves: Iterable[Move], language: Language = "en") -> str:
    """What the camera does, in the words of film: "the camera slowly pans left, then zooms in";
    "" for no moves.
    """
    ordered = sorted(moves, key=lambda m: m.start)
    if not ordered:
        return ""
    return _english(ordered) if language == "en" else _chinese(ordered)


def _english(moves: list[Move]) -> str:
    text = "the camera"
    for previous, move in _pairs(moves):
        if previous:
            text += ", then" if move.start >= previous.end else " and"
        adverb = {"slow": " slowly", "fast": " quickly"}.get(move.speed or "", "")
        text += ("" if move.move == "static" else adverb) + " " + _said(move, "en")
    return text


def _chinese(moves: list[Move]) -> str:
    text = "镜头"
    for previous, move in _pairs(moves):
        if previous:
            text += "，然后" if move.start >= previous.end else "，同时"
        adverb = {"slow": "缓慢", "fast": "快速"}.get(move.speed or "", "")
        text += ("" if move.move == "static" else adverb) + _said(move, "zh")
    return text


def _pairs(moves: list[Move]) -> Iterator[tuple[Move | None, Move]]:
    return zip([None, *moves[:-1]], moves, strict=True)


def _said(move: Move, language: Language) -> str:
    english, chinese = _words()["said"][move.move]
    return str(english if language == "en" else chinese)
