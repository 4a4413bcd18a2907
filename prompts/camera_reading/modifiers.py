"""How fast and how far: the speeds, numbers and shares beside a move, and the words left over.

Try: python -m pytest tests/prompts/test_camera_words.py
"""
# ruff: noqa: RUF001  (Chinese punctuation is meant)

import re
from collections.abc import Iterable, Iterator
from functools import cache

from shotwright.generator.camera import PRESET_NAMES
from shotwright.prompts.camera_reading.lexicon import Found, plain, words
from shotwright.prompts.language import CJK

_CJK = re.compile(f"[{CJK}]")
_DEGREES = ("pan", "tilt", "roll", "orbit", "crane", "handheld")
FRACTIONS = ("dolly", "truck", "pedestal")
_SPELLED = {
    "ten": 10, "fifteen": 15, "twenty": 20, "thirty": 30, "forty": 40, "forty five": 45, "sixty": 60, "ninety": 90,
    "one hundred": 100, "a hundred": 100, "one hundred and eighty": 180, "a hundred and eighty": 180,
    "five": 5, "two": 2, "three": 3, "one": 1,
}  # fmt: skip
_NUMBER = (
    r"(\d+(?:\.\d+)?|[零一二两三四五六七八九十百半点]+|(?<![a-z])(?:"
    + "|".join(sorted(_SPELLED, key=len, reverse=True)).replace(" ", r"\s+")
    + r"))"
)
_AMOUNTS = (
    ("degrees", re.compile(_NUMBER + r"\s*(?:degrees?\b|deg\b|°|度)")),
    ("ratio", re.compile(_NUMBER + r"\s*(?:x\b|×|times\b|倍)")),
    ("ratio", re.compile(r"(?<![a-z])[x×]\s*" + _NUMBER)),
    ("percent", re.compile(_NUMBER + r"\s*(?:%|percent\b)")),
)
_SHARES: tuple[tuple[str, re.Pattern[str], float], ...] = (
    (
        "degrees",
        re.compile(r"half (?:a |the )?(?:circle|turn|orbit|way around)|半(?:圈|周)"),
        180.0,
    ),
    ("degrees", re.compile(r"(?:a )?quarter (?:of a )?(?:circle|turn)|四分之一圈"), 90.0),
    (
        "degrees",
        re.compile(r"full (?:circle|turn|orbit|rotation|revolution)|(?:一|整)(?:整)?圈|一周"),
        360.0,
    ),
    ("ratio", re.compile(r"\b(?:twice|double|to twice)\b"), 2.0),
    ("percent", re.compile(r"\bhalf ?way\b|\bhalf the (?:distance|way)\b|一半"), 50.0),
    ("percent", re.compile(r"\ba third of the (?:way|distance)\b|三分之一"), 100 / 3),
    ("percent", re.compile(r"\ba quarter of the (?:way|distance)\b|四分之一(?!圈)"), 25.0),
)
_TOKEN = re.compile(rf"[{CJK}]+|[a-z0-9][a-z0-9.'°%×]*")


@cache
def _speeds() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple(
        (
            speed,
            re.compile(
                rf"(?<![a-z])(?:{said['en']})(?![a-z])(?!\s+(?:motion|mo)\b)|(?:{said['zh']})"
            ),
        )
        for speed, said in words()["speed"].items()
    )


_STOP = re.compile(
    r"[;，。；、\[\]【】,]|\.(?!\d)|\b(?:and|then|while|as|when|before|followed)\b|然后|接着|随后|同时|再"
)


def modifiers(
    flat: str, hit: Found, found: list[Found]
) -> tuple[str | None, float | None, list[tuple[int, int]]]:
    """Speed, amount and where they stand: in the clause of the move, before the next move."""
    place = found.index(hit)
    low = found[place - 1].end if place else 0
    high = found[place + 1].start if place + 1 < len(found) else len(flat)
    stops = list(_STOP.finditer(flat, low, hit.start))
    begin = stops[-1].end() if stops else low
    if stops and not place and not leftovers(flat[:begin]):
        begin = 0  # "Slowly, the camera pans left"
    last = max(end for _, end in hit.spans)
    ends = list(_STOP.finditer(flat, last, high))
    end = ends[0].start() if ends else (high if place + 1 == len(found) else last)
    if (ends and place + 1 == len(found)) or (len(ends) > 1 and ends[0].group() == ","):
        # "lateral track left, slow, through the vines"
        tail = ends[1].start() if len(ends) > 1 else high
        extra = flat[ends[0].end() : tail]
        if extra.strip() and not leftovers(extra) and ends[0].group() in (",", "，", "、"):
            end = tail
    spans: list[tuple[int, int]] = []
    speed = None
    for name, pattern in _speeds():
        for match in pattern.finditer(flat, begin, end):
            if hit.move in PRESET_NAMES and hit.start <= match.start() < hit.end:
                continue  # the "whip" of a whip pan is its name, not its speed
            after = match.start() >= last and match.group() in (
                "slow",
                "fast",
                "quick",
                "soft",
                "gentle",
                "急",
                "缓",
                "慢",
            )
            if after and flat[last : match.start()].strip(" ,，"):
                continue  # "past the slow river"
            speed = speed or name
            spans.append(match.span())
    amount = None
    for unit, value, span in _numbers(flat, begin, end):
        converted = _in_unit(hit.move, unit, value)
        if converted is not None and amount is None:
            amount = converted
            spans.append(span)
    return speed, amount, spans


def _numbers(flat: str, low: int, high: int) -> Iterator[tuple[str, float | None, tuple[int, int]]]:
    for unit, pattern in _AMOUNTS:
        for match in pattern.finditer(flat, low, high):
            yield unit, _value(match.group(1)), match.span()
    for unit, pattern, value in _SHARES:
        for match in pattern.finditer(flat, low, high):
            yield unit, value, match.span()


def _in_unit(move: str, unit: str, value: float | None) -> float | None:
    """The amount of a move, or None where the unit is not the move's."""
    kind = move.partition("_")[0]
    if value is None or move in PRESET_NAMES or move == "rack_focus":
        return None
    if unit == "degrees" and kind in _DEGREES:
        return value
    if unit == "ratio" and kind == "zoom":
        return value
    if unit == "percent" and kind in FRACTIONS:
        return value / 100
    return None


_DIGITS = {c: n for n, c in enumerate("零一二三四五六七八九")} | {"两": 2, "半": 0.5}


def _value(text: str) -> float | None:
    """A number in digits, English or Chinese words, up to 999: 九十 is 90, 一点五 is 1.5."""
    if text[0].isdigit():
        return float(text)
    if text.isascii():
        return float(_SPELLED[re.sub(r"\s+", " ", text)])
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


@cache
def _noise() -> tuple[frozenset[str], re.Pattern[str]]:
    listed = words()["noise"]
    chinese = sorted(listed["zh"], key=len, reverse=True)
    return frozenset(listed["en"]), re.compile("|".join(chinese))


def leftovers(text: str, used: Iterable[tuple[int, int]] = ()) -> list[str]:
    """What is neither used nor noise, as phrases of neighbouring words."""
    english, chinese = _noise()
    masked = list(plain(text))
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
