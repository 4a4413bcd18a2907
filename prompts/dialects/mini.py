"""The embedded model's dialect: one canonical phrase a factor, from `words.toml`.

"A red ball rolls over the hills at sunset" becomes "a red ball goes right, hills, at sunset, static
camera"; what no phrase covers is reported.  Knows the lexicon, not the tokenizer: a test runs the
two against each other.
"""

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from shotwright.generator.camera import Move
from shotwright.generator.mini import words
from shotwright.prompts.camera_words import camera_spans
from shotwright.prompts.dialects.base import Compiled, Mode, ShotText
from shotwright.prompts.language import CJK

_SAID = {
    "goes_left": "goes left",
    "goes_right": "goes right",
    "static": "static camera",
    "day": "by day",
    "sunset": "at sunset",
    "night": "at night",
    "roll_cw": "camera rolls clockwise",
    "roll_ccw": "camera rolls counterclockwise",
}
"""Values whose canonical phrase is not simply their name."""


@dataclass(frozen=True)
class Hit:
    """Words that name a value: `text[start:end]`."""

    factor: str
    value: str
    start: int
    end: int
    words: str

    @property
    def is_way(self) -> bool:
        """Whether the words name left or right themselves; "drives" alone goes right by habit."""
        return any(side in self.words.lower() for side in ("left", "right", "左", "右"))


class MiniDialect:
    """Canonical captions."""

    def compile(self, text: ShotText, mode: Mode) -> Compiled:
        """The same caption in both modes: the model was trained with the whole caption beside a
        first frame.
        """
        spoken = ". ".join(part for part in (text.subject, text.action) if part)
        context = ". ".join(part for part in (text.place, text.time) if part)
        hits = find_phrases(spoken)
        chosen = _choose(hits)
        for hit in find_phrases(context):
            if hit.factor in ("place", "time"):
                chosen.setdefault(hit.factor, hit)
        camera = _camera(text.camera, chosen.pop("camera", None))
        # only the user's own words: a place or time carried over was judged in its own shot
        told = ". ".join(part for part in (text.action, text.style) if part)
        kept = {(hit.factor, hit.value) for hit in chosen.values()}
        return Compiled(
            prompt=caption(
                {f: h.value for f, h in chosen.items()} | ({"camera": camera} if camera else {})
            ),
            unknown_words=_unknown(told, kept),
            negative="",
        )


def caption(values: dict[str, str]) -> str:
    """Canonical English for factor -> value; factors may be missing."""
    noun = " ".join(values[f] for f in ("colour", "subject") if f in values)
    if "subject" in values:
        noun = f"a {noun}"
    action = _said(values["action"]) if "action" in values else ""
    parts = [
        " ".join(part for part in (noun, action) if part),
        values.get("place", ""),
        _said(values["time"]) if "time" in values else "",
        _camera_said(values["camera"]) if "camera" in values else "",
    ]
    return ", ".join(part for part in parts if part)


def find_phrases(text: str) -> list[Hit]:
    """Every phrase of the lexicon in the text, longest first where they overlap, in the order of
    the text.
    """
    taken: list[Hit] = []
    for factor, value, pattern in _patterns():
        for match in pattern.finditer(text):
            if all(match.end() <= hit.start or hit.end <= match.start() for hit in taken):
                taken.append(Hit(factor, value, match.start(), match.end(), match.group()))
    return sorted(taken, key=lambda hit: hit.start)


@cache
def _patterns() -> list[tuple[str, str, re.Pattern[str]]]:
    """(factor, value, pattern), longest phrase first: the order in which the tokenizer replaces
    them.
    """
    phrases = [
        (phrase, factor, value)
        for factor, group in words.lexicon().items()
        for value, listed in group.items()
        for phrase in listed
    ]
    phrases.sort(key=lambda entry: -len(entry[0]))
    return [(factor, value, _pattern(phrase)) for phrase, factor, value in phrases]


def _pattern(phrase: str) -> re.Pattern[str]:
    escaped = re.escape(phrase).replace("\\ ", r"\s+")
    if re.search(f"[{CJK}]", phrase):
        return re.compile(escaped)
    return re.compile(rf"(?<![A-Za-z0-9]){escaped}(?![A-Za-z0-9])", re.I)


def _choose(hits: list[Hit]) -> dict[str, Hit]:
    """One hit a factor: the first of each, but the colour that stands nearest to the first
    subject.
    """
    chosen: dict[str, Hit] = {}
    for hit in hits:
        chosen.setdefault(hit.factor, hit)
    action = chosen.get("action")
    if action and _is_habit(action):
        # "drives to the left": the way wins over the verb
        ways = (hit for hit in hits if hit.value in _WAYS and hit.is_way)
        chosen["action"] = next(ways, action)
    subject = chosen.get("subject")
    colours = [hit for hit in hits if hit.factor == "colour"]
    if subject and colours:
        # a colour belongs to the noun after it: "a red ball and a blue box"
        before = [c for c in colours if c.end <= subject.start]
        others = [h for h in hits if h.factor == "subject" and h != subject]
        after = [
            c
            for c in colours
            if c.start >= subject.end and not any(c.end <= other.start for other in others)
        ]
        near = before[-1:] or after[:1]
        chosen.pop("colour")
        if near:
            chosen["colour"] = near[0]
    return chosen


_WAYS = ("goes_left", "goes_right")


def _is_habit(hit: Hit) -> bool:
    return hit.value in _WAYS and not hit.is_way


def _camera(moves: tuple[Move, ...], written: Hit | None) -> str | None:
    """The camera's value: a single move that the model has a word for; without moves, what the
    text says.
    """
    if moves:
        known = len(moves) == 1 and moves[0].move in words.values("camera")
        return moves[0].move if known else None
    return written.value if written else None


def _said(value: str) -> str:
    return _SAID.get(value, value)


def _camera_said(value: str) -> str:
    """A phrase of the lexicon after "camera": "camera pans left"."""
    if value in _SAID:
        return _SAID[value]
    verb, _, way = value.partition("_")
    return f"camera {verb}s {way}"


def _unknown(text: str, kept: set[tuple[str, str]]) -> tuple[str, ...]:
    """Content words that no phrase covers, and the phrases whose value lost its factor to
    another.
    """
    masked = list(text)
    dropped: list[tuple[int, str]] = []
    for start, end in camera_spans(text):
        masked[start:end] = "\0" * (end - start)
    for hit in find_phrases(text):
        if masked[hit.start] == "\0":
            continue
        masked[hit.start : hit.end] = "\0" * (hit.end - hit.start)
        covered = _is_habit(hit) and any(("action", way) in kept for way in _WAYS)
        if hit.factor != "camera" and (hit.factor, hit.value) not in kept and not covered:
            dropped.append((hit.start, text[hit.start : hit.end]))
    rest = "".join(masked)
    found = sorted([*dropped, *_english_words(rest), *_chinese_words(rest)])
    return tuple(dict.fromkeys(word.lower() for _, word in found))


@cache
def _stops() -> dict[str, str]:
    text = files("shotwright.prompts.dialects").joinpath("stops.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


@cache
def _english_stops() -> frozenset[str]:
    return frozenset(_stops()["en"].split())


@cache
def _chinese_stops() -> re.Pattern[str]:
    return re.compile(_stops()["zh"])


def _english_words(text: str) -> Iterable[tuple[int, str]]:
    for match in re.finditer(r"[A-Za-z\u00c0-\u024f]+(?:['\u2019-][A-Za-z\u00c0-\u024f]+)*", text):
        if (
            match.group().lower().replace("\u2019", "'") not in _english_stops()
            and len(match.group()) > 1
        ):
            yield match.start(), match.group()


def _chinese_words(text: str) -> Iterable[tuple[int, str]]:
    blanked = _chinese_stops().sub(lambda m: "\0" * len(m.group()), text)
    for match in re.finditer(f"[{CJK}]+", blanked):
        yield match.start(), match.group()
