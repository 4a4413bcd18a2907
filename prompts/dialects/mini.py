"""The embedded model's dialect: one canonical phrase a factor, from `words.toml`.

"A red ball rolls over the hills at sunset" becomes "a red ball goes right, hills, at sunset"; what no
phrase covers is reported.  How far the camera goes is said by one of three words, slightly, none or
far: the nearest, with a warning where none is near.  Knows the lexicon, not the tokenizer: a test
runs the two against each other.
"""
# ruff: noqa: RUF001  (Chinese punctuation is meant)

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from shotwright.generator.camera import Move, amount_of, nearest_share, scaled, share_of
from shotwright.generator.mini import words
from shotwright.prompts.camera_reading.lexicon import without_quotes
from shotwright.prompts.camera_words import camera_spans, denied_moves, prose_hits
from shotwright.prompts.dialects.base import Compiled, Mode, ShotText
from shotwright.prompts.language import CJK
from shotwright.prompts.rewrite_check import NO

_SAID = {
    "goes_left": "goes left",
    "goes_right": "goes right",
    "static": "static camera",
    "day": "by day",
    "sunset": "at sunset",
    "night": "at night",
    "dawn": "at dawn",
    "clear": "clear sky",
    "rain": "in the rain",
    "snow": "in the snow",
    "roll_cw": "camera rolls clockwise",
    "roll_ccw": "camera rolls counterclockwise",
    "dolly_in": "camera dollies in",
    "dolly_out": "camera dollies out",
}
"""Values whose canonical phrase is not simply their name."""

_NEAR = 0.25
"""An amount this share off a trained one still passes for it: so much the eye does not judge, and
the measured verdict allows it too."""


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
        first frame.  Words that it does not know leave an empty caption, which is unconditional.
        """
        scene = ". ".join(part for part in (text.subject, text.action) if part)
        chosen = _choose(scene_phrases(scene), scene)
        for factor, told in (("place", text.place), ("time", text.time), ("weather", text.light)):
            for hit in find_phrases(told):
                if hit.factor == factor:
                    chosen.setdefault(factor, hit)
        written, how_far = chosen.pop("camera", None), chosen.pop("amount", None)
        camera, warnings = _camera(text, written, how_far)
        said = {factor: hit.value for factor, hit in chosen.items()} | camera
        # only the user's own words: a place or time carried over was judged in its own shot
        told = ". ".join(part for part in (text.action, text.style) if part)
        return Compiled(
            prompt=caption(said),
            unknown_words=_unknown(told, set(said.items())),
            negative=caption(words.pushed_from(said)),
            warnings=warnings,
        )


def caption(values: Mapping[str, str]) -> str:
    """Canonical English for factor -> value; factors may be missing, and an amount may be ""."""
    noun = " ".join(values[f] for f in ("colour", "subject") if f in values)
    if "subject" in values:
        noun = f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"
    action, time, weather = (_said(values.get(f, "")) for f in ("action", "time", "weather"))
    camera = _camera_said(values["camera"]) if "camera" in values else ""
    parts = [
        " ".join(part for part in (noun, action) if part),
        values.get("place", ""),
        time,
        weather,
        " ".join(part for part in (camera, values.get("amount", "")) if part),
    ]
    return ", ".join(part for part in parts if part)


def scene_phrases(text: str) -> list[Hit]:
    """Phrases that name a value, but not those in which the camera does something: "the camera
    turns to the left" tells nothing of the subject, a bare "rise" does.
    """
    of_camera = [hit.spans for hit in prose_hits(text)]
    denied = _denials(text)
    unspoken = without_quotes(text)

    def tells(hit: Hit) -> bool:
        if hit.factor in ("camera", "amount"):
            return unspoken[hit.start] != "\0"  # who is heard to say "zoom out" moves no camera
        of_others = any(_belongs(text, hit, spans) for spans in of_camera)
        return not of_others and not any(start < hit.start < end for start, end in denied)

    return [hit for hit in find_phrases(text) if tells(hit)]


def _denials(text: str) -> list[tuple[int, int]]:
    """Where a text says what is not there: "no cars", 没有汽车; what the camera must not do aside."""
    known = {hit.start: hit.end for hit in find_phrases(text)}
    of_camera = camera_spans(text)
    spans = []
    for match in NO.finditer(text):
        if any(start <= match.start() < end for start, end in known.items()):
            continue  # "no clouds" is a phrase of the lexicon
        end = (_DENIED.match(text, match.end()) or match).end()
        said = text[match.start() : end]
        ends = end > match.end() and not denied_moves(said)
        if ends and not any(a < end and match.start() < b for a, b in of_camera):
            spans.append((match.start(), end))
    return spans


_DENIED = re.compile(
    rf"\s*(?:(?:a|an|any|the|other|more|single|of)\s+)*[a-z][a-z'’-]*"
    r"(?:\s+(?!(?:at|in|on|under|over|by|near|with|and|but|or|to|from|of|is|are|while|as|the|a)\b)[a-z][a-z'’-]*){0,2}"
    rf"|\s*(?:任何|其他|一个|一点)?[{CJK}]{{1,6}}",
    re.I,
)
"""What a negation reaches: the nouns behind it, up to a preposition."""
_CAMERA = re.compile(r"\bcamera\b|镜头|摄影机|摄像机|机位", re.I)
_SENTENCE = re.compile(r"[.;!?\n。；！？]")


def _belongs(text: str, hit: Hit, spans: Iterable[tuple[int, int]]) -> bool:
    """Whether a phrase is among the words of a camera move, and not all of them by chance."""
    if all(end <= hit.start or hit.end <= start for start, end in spans):
        return False
    whole = all(hit.start <= start and end <= hit.end for start, end in spans)
    sentence = _SENTENCE.split(text[: hit.start])[-1]
    return not whole or bool(_CAMERA.search(sentence))


def find_phrases(text: str) -> list[Hit]:
    """Every phrase of the lexicon in the text, longest first where they overlap, in the order of
    the text.
    """
    found: list[Hit] = []
    taken = bytearray(len(text))
    for match in _OTHER_WORDS.finditer(text):
        taken[match.start() : match.end()] = b"\1" * len(match.group())
    for factor, value, pattern in _patterns():
        for match in pattern.finditer(text):
            start, end = match.span()
            if not any(taken[start:end]):
                taken[start:end] = b"\1" * (end - start)
                found.append(Hit(factor, value, start, end, match.group()))
    return sorted(found, key=lambda hit: hit.start)


_OTHER_WORDS = re.compile(
    r"[月地星全寰眼]球|球(?:员|场|门|迷|队|赛)|船(?:长|员|舱|票|坞)|鸟(?:巢|笼|窝)|夜莺|雨(?:伞|衣|靴|刷)|红绿灯|红(?:酒|茶|豆|包)"
    r"|黄(?:河|山|豆|瓜|油|金)|白(?:酒|菜|领|板)|蓝莓|绿(?:茶|豆|植)|紫菜|粉(?:丝|笔|末)|橙(?:汁|子)"
)
"""Words that hold a phrase of the lexicon and mean something else: 月球 is no ball."""


@cache
def _patterns() -> list[tuple[str, str, re.Pattern[str]]]:
    """(factor, value, pattern), longest phrase first: the order in which the tokenizer replaces
    them.
    """
    return [(factor, value, _pattern(phrase)) for phrase, factor, value in words.phrases()]


def _pattern(phrase: str) -> re.Pattern[str]:
    escaped = re.escape(phrase).replace("\\ ", r"\s+")
    if re.search(f"[{CJK}]", phrase):
        return re.compile(escaped)
    return re.compile(rf"(?<![A-Za-z0-9]){escaped}(?![A-Za-z0-9])", re.I)


_OF_ANOTHER = re.compile(
    r"\s+(?!(?:and|in|on|at|by|as|or|under|over|with|that|which|while|but)\b)[a-z]"
    rf"|色?(?:的(?=[{CJK}])|(?!的)[{CJK}])",
    re.I,
)
_IS = re.compile(
    r"(?:\b(?:is|are|was|were|painted|colou?red|turns?)\s+(?:(?:\w+ly|bright|dark|light|deep|all)\s+)*|是)\Z",
    re.I,
)


def _of_another(colour: Hit, text: str) -> bool:
    """Whether a colour is of what is named right after it: "under a blue sky", not "that is blue and rolls"."""
    said = text[max(0, colour.start - 40) : colour.start]
    return bool(_OF_ANOTHER.match(text, colour.end)) and not _IS.search(said)


def _choose(hits: list[Hit], text: str) -> dict[str, Hit]:
    """One hit a factor: the first of each, but the colour that stands nearest to the first
    subject; text: that they are of.
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
            if c.start >= subject.end
            and not any(c.end <= other.start for other in others)
            and not _of_another(c, text)
        ]
        near = before[-1:] or after[:1]
        chosen.pop("colour")
        if near:
            chosen["colour"] = near[0]
    return chosen


_WAYS = ("goes_left", "goes_right")


def _is_habit(hit: Hit) -> bool:
    return hit.value in _WAYS and not hit.is_way


def _camera(
    text: ShotText, written: Hit | None, how_far: Hit | None
) -> tuple[dict[str, str], tuple[dict[str, str], ...]]:
    """Camera and amount, where the model has words for them, and what it cannot say.

    A single move of its world is said, with the nearest amount; without moves, what the text says.
    """
    if not text.camera:
        heard = [hit.move for hit in prose_hits(text.action)]
        move = written.value if written and not heard else heard[0] if len(heard) == 1 else ""
        if move not in words.values("camera"):
            return {}, ()
        amount = {"amount": how_far.value} if how_far and move != "static" else {}
        return {"camera": move, **amount}, ()
    if len(text.camera) != 1 or text.camera[0].move not in words.values("camera"):
        return {}, ()
    word, warnings = _amount(text.camera[0])
    return {"camera": text.camera[0].move, **({"amount": word} if word else {})}, warnings


def _amount(move: Move) -> tuple[str, tuple[dict[str, str], ...]]:
    """The word for how far a move goes, and a warning where no trained amount is near."""
    # here, and not above: the world brings numpy, which reading a lexicon does not need
    from shotwright.generator.mini.world.scene import AMOUNT_SHARES, AMOUNTS

    usual = AMOUNTS.get(move.kind)
    if usual is None:
        return "", ()
    asked = amount_of(move, AMOUNTS)
    word, off = nearest_share(share_of(move.kind, asked, usual), AMOUNT_SHARES)
    if off <= _NEAR:
        return word, ()
    trained = {w: scaled(move.kind, usual, share) for w, share in AMOUNT_SHARES.items()}
    message = (
        f"{move.move} by {asked:g} is far from every amount that the model was trained on "
        f"({', '.join(f'{t:.3g}' for t in trained.values())}); it is asked for {trained[word]:.3g}, "
        "the nearest. Give a start image, or use move_camera, to have it made exactly."
    )
    return word, ({"code": "camera_amount_by_words", "message": message},)


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
        of_camera = masked[hit.start] == "\0"
        masked[hit.start : hit.end] = "\0" * (hit.end - hit.start)
        if of_camera:
            continue
        covered = _is_habit(hit) and any(("action", way) in kept for way in _WAYS)
        if hit.factor != "camera" and (hit.factor, hit.value) not in kept and not covered:
            dropped.append((hit.start, text[hit.start : hit.end]))
    for start, end in _denials(text):
        # a denial is one thing: "cars" of "no cars" would tell the contrary
        dropped = [(at, word) for at, word in dropped if not start <= at < end]
        dropped.append((start, text[start:end].strip()))
        masked[start:end] = "\0" * (end - start)
    for word in _FORBIDDEN_MOVE.finditer(text):
        if denied_moves(word.group()):
            masked[word.start() : word.end()] = "\0" * (word.end() - word.start())
    rest = "".join(masked)
    found = sorted([*dropped, *_english_words(rest), *_chinese_words(rest)])
    return tuple(dict.fromkeys(word.lower() for _, word in found))


_FORBIDDEN_MOVE = re.compile(r"[^.;,!?\n。；，！？]+")
"""A clause, which may only say what the camera must not do."""


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
    for match in re.finditer(
        r"\d+(?:[.,:]\d+)*[%°]?[A-Za-z]*|[A-Za-z\u00c0-\u024f]+(?:['\u2019-][A-Za-z\u00c0-\u024f]+)*",
        text,
    ):
        if match.group().lower().replace("\u2019", "'") not in _english_stops() and (
            len(match.group()) > 1 or match.group() in "23456789"
        ):
            yield match.start(), match.group()


def _chinese_words(text: str) -> Iterable[tuple[int, str]]:
    blanked = _chinese_stops().sub(lambda m: "\0" * len(m.group()), text)
    for match in re.finditer(f"[{CJK}]+", blanked):
        yield match.start(), match.group()
