"""How fast and how far: the speeds, numbers and shares beside a move, and the words left over.

Try: python -m pytest tests/prompts/test_camera_words.py
"""
# ruff: noqa: RUF001  (Chinese punctuation is meant)

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from functools import cache

from shotwright.generator.camera import PRESET_NAMES
from shotwright.prompts.camera_reading.lexicon import Found, plain, words
from shotwright.prompts.camera_reading.tables import REACH
from shotwright.prompts.language import CJK

_CJK = re.compile(f"[{CJK}]")
_DEGREES = ("pan", "tilt", "roll", "orbit", "crane", "handheld")
FRACTIONS = ("dolly", "truck", "pedestal")
_UNITS = dict(
    zip(
        ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine"],
        range(1, 10),
        strict=True,
    )
)
_TENS = dict(
    zip(
        ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"],
        range(20, 100, 10),
        strict=True,
    )
)
_BELOW_100 = (
    _UNITS | {"ten": 10, "twelve": 12, "fifteen": 15} | _TENS
    | {f"{tens} {unit}": high + low for tens, high in _TENS.items() for unit, low in _UNITS.items()}
)  # fmt: skip
_SPELLED = _BELOW_100 | {
    "one hundred": 100, "a hundred": 100, "one eighty": 180, "three sixty": 360, "two seventy": 270,
    "one and a half": 1.5, "two and a half": 2.5, "three hundred and sixty": 360, "three hundred sixty": 360,
    **{
        f"{one} hundred {link}{tens}": 100 + n
        for one in ("one", "a") for link in ("", "and ") for tens, n in _BELOW_100.items()
    },
}  # fmt: skip
_NUMBER = (
    r"(\d+(?:\.\d+)?|[零一二两三四五六七八九十百半点]+|(?<![a-z])(?:"
    + "|".join(sorted(_SPELLED, key=len, reverse=True)).replace(" ", r"\s+")
    + r"))"
)
_AMOUNTS = (
    ("degrees", re.compile(_NUMBER + r"\s*(?:degrees?\b|deg\b|°|度)")),
    (
        "degrees",
        re.compile(
            r"(?<![\d.])(\d{2,3})\s+(?=orbit|arc|pan|tilt|spin|rotation|roll|circle|a?round\b)"
        ),
    ),
    (
        "degrees",
        re.compile(
            r"\b(?:orbit|arc|pan|tilt|roll)s?\s+(?:(?:left|right|up|down|c?cw|clockwise)\s+)?"
            r"(\d{2,3})(?=\s*(?:[,;)\]|]|\.(?!\d)|$))"
        ),
    ),
    ("ratio", re.compile(_NUMBER + r"\s*(?:x\b|×|times\b|倍)")),
    ("ratio", re.compile(r"(?<![a-z])[x×]\s*" + _NUMBER)),
    ("ratio", re.compile(r"\bfactor\s+(?:of\s+)?" + _NUMBER)),
    ("ratio", re.compile(r"\b(two|three|four|five|six|eight|ten)\s*fold\b")),
    ("percent", re.compile(_NUMBER + r"\s*(?:%|percent\b)")),
)
_ROUND = "circle|turn|orbit|arc|loop|lap|rotation|revolution"
_SHARES: tuple[tuple[str, re.Pattern[str], float], ...] = (
    (
        "degrees",
        re.compile(rf"half (?:of )?(?:an? |the )?(?:{_ROUND}|way around)|半(?:圈|周)"),
        180.0,
    ),
    (
        "degrees",
        re.compile(rf"three quarters? (?:of (?:an?|the) )?(?:{_ROUND}|way)|四分之三(?:圈|周)"),
        270.0,
    ),
    (
        "degrees",
        re.compile(
            rf"(?<!three )(?:a )?quarter (?:of (?:an?|the) )?(?:{_ROUND})|四分之一(?:圈|周)"
        ),
        90.0,
    ),
    ("degrees", re.compile(r"两圈|twice around"), 720.0),
    (
        "degrees",
        re.compile(rf"(?:full|complete|whole|entire) (?:{_ROUND})|(?:一|整)(?:整)?圈|一周"),
        360.0,
    ),
    ("ratio", re.compile(r"\b(?:twice|double|to twice)\b"), 2.0),
    ("percent", re.compile(r"\bhalf ?way\b|\bhalf the (?:distance|way)\b|一半"), 50.0),
    ("percent", re.compile(r"\ba third of the (?:way|distance)\b|三分之一"), 100 / 3),
    ("percent", re.compile(r"\ba quarter of the (?:way|distance)\b|四分之一(?![圈周])"), 25.0),
)
_COUNTS = re.compile(
    r"[\d零一二两三四五六七八九十百半]|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|twelve|fifteen|"
    r"(?:twen|thir|for|fif|six|seven|eigh|nine)ty|(?:a\s+)?hundred|half|quarters?|third|full|complete|whole|entire|twice|double)|fold\b"
)
"""What every amount holds: most texts hold none."""
_TOKEN = re.compile(rf"[{CJK}]+|[a-z0-9][a-z0-9.'°%×]*")


@cache
def _speeds() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple(
        (
            speed,
            re.compile(
                rf"(?<![a-z])(?<!not\s)(?<!never\s)(?<!n't\s)(?:{said['en']})(?![a-z])(?!\s+(?:motion|mo)\b)|(?:{said['zh']})"
            ),
        )
        for speed, said in words()["speed"].items()
    )


_VERY = re.compile(
    r"\b(?:[a-z]+ly|very|super|really|nice\s+and|dead|oh\s+so|so|extremely|as|possible|can\s+be)\s+(?=[a-z])"
)
_LENGTH = r"(?<![\d.])(\d{1,4}(?:\.\d+)?)\s*"
_MILLIMETRES = re.compile(
    rf"(?:{_LENGTH}(?:mm\b|毫米)|(?<![a-z])(?:from|at)\s+(?:a\s+)?{_LENGTH}|[从由自]\s*{_LENGTH}|{_LENGTH}(?=\s*(?:mm)?(?:to\b|[-–—~→]|->|到|至)))"
    rf"[^.。;；\d]{{1,40}}?{_LENGTH}(?:mm\b|毫米)"
)
FOCAL = re.compile(
    r"(?:from|at)\s+(?P<from>\d{1,4})\s*(?:mm)?\b[^.;]{1,30}?\bto\s+(?P<to>\d{1,4})\s*mm\b"
)
"""A zoom said by its focal lengths."""


def _is_manner(extra: str) -> bool:
    """Whether words between commas only say how fast or how far."""
    if not extra.strip():
        return False
    masked = list(_VERY.sub(lambda m: " " * len(m.group()), extra))
    for _, _, (start, end) in _numbers("".join(masked), 0, len(masked)):
        masked[start:end] = " " * (end - start)
    told = "".join(masked)
    return not leftovers(told) or not leftovers(_ABOUT.sub(" ", told))


_DEGREE = re.compile(
    r"\s+(?:(?:really|very|super|so|pretty|quite|extremely|ever\s+so|nice\s+and|real|dead|too|quite)\s+)+"
)
_PILED = re.compile(
    r"(?:^|\b(?:a|an|one|the|our|with|in|its)\s+)(?P<manner>(?:very\s+|really\s+)?[a-z]+(?:\s+[a-z]+)?)(?:\s*,|\s+(?:and|but))\s*$"
)
_GOING = re.compile(
    r"[,，]?\s*(?:going|moving|flying|travell?ing|turning|running|rolling|gliding|drifting)\s+(?:[a-z]+ly\b|slow\b|fast\b)"
)
"""How a move goes, said after its amount: "half an orbit, 180 degrees, going slowly"."""
_AT_A = re.compile(r"\b(?:at|in)\s+(?:(?:a|an)\s+)?(?:\w+ly\s+)?$")
_PACE = re.compile(
    r"\s+(?:pace|speed|tempo|rate|manner|fashion|way|motion|moves?|circles?|loops?|bursts?|steps?|arcs?|sweeps?)\b"
)
_ABOUT = re.compile(
    r"\b(?:through|about|roughly|almost|nearly|exactly|just|speed|pace|all|way|half|circle|turn|almost|nearly|barely|a)\b"
)
_STOP = re.compile(
    r"[;，。；、\[\]【】,]|\.(?!\d)|\s//?\s|\||\b(?:and|then|while|as|when|before|followed)\b|然后|接着|随后|同时|再"
)


def modifiers(
    flat: str, hit: Found, found: list[Found]
) -> tuple[str | None, float | None, list[tuple[int, int]]]:
    """Speed, amount and where they stand: in the clause of the move, before the next move."""
    place = found.index(hit, bisect_left(found, hit.start, key=lambda f: f.start))
    low = found[place - 1].end if place else 0
    high = found[place + 1].start if place + 1 < len(found) else len(flat)
    stops = list(_STOP.finditer(flat, low, hit.start))
    begin = stops[-1].end() if stops else low
    if stops and not place and not leftovers(flat[:begin]):
        begin = 0  # "Slowly, the camera pans left"
    else:
        for stop in reversed(stops[:-1]):  # "... wheat. Slowly, almost imperceptibly, the camera"
            if not _is_manner(flat[stop.end() : begin].strip(" ,，、")):
                break
            begin = stop.end()
    piled = _PILED.search(flat, low, begin)
    if piled and _is_manner(piled["manner"]):
        begin = piled.start("manner")  # "ends on a slow, steady push in"
    last = max(end for _, end in hit.spans)
    aside = 0
    ends = list(_STOP.finditer(flat, last, high))
    end = ends[0].start() if ends else (high if place + 1 == len(found) else last)
    for number, stop in enumerate(ends):
        # "lateral track left, slow, through the vines"; "orbit it, a quarter circle, 90 degrees, fast"
        final = number + 1 == len(ends)
        if stop.group() not in (",", "，", "、", "and") or (final and place + 1 < len(found)):
            break
        tail = high if final else ends[number + 1].start()
        extra = flat[stop.end() : tail]
        going = _GOING.match(flat, stop.start(), high)
        if going:
            end, aside = going.end(), aside or stop.end()
            break
        if not _is_manner(extra):
            break
        end, aside = tail, aside or stop.end()
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
                "hard",
                "急",
                "缓",
                "慢",
            )
            if _AT_A.search(flat, last, match.start()) and _PACE.match(flat, match.end()):
                after = False  # "truck right at a slow pace"
            if (
                after
                and flat[max(last, aside) : match.start()].removesuffix(" a ").strip(" ,，")
                and not _DEGREE.fullmatch(flat[last : match.start()])
                and not (aside and _is_manner(flat[aside : match.end()]))
            ):
                continue  # "past the slow river"
            speed = speed or name
            spans.append(match.span())
    if speed is None and len(found) == 1:
        speed, named = _field(flat, last)
        spans += named
    if speed is None:
        speed, named = _named_later(flat, hit)
        spans += named
    amount = None
    focal = (
        _MILLIMETRES.search(flat, max(0, hit.start - 90), hit.end + 90)
        if hit.move.startswith("zoom")
        else None
    )
    lengths = [n for n in range(1, 6) if focal and focal[n]]
    if focal and all(float(focal[n]) > 0 for n in lengths):
        ends_of = sorted(float(focal[n]) for n in lengths)
        amount = round(ends_of[1] / ends_of[0], 3)
        spans += [focal.span(n) for n in lengths]
    told = list(_numbers(flat, begin, end))
    if not told and len(found) == 1:
        told = list(_amount_field(flat, hit, last))
    for unit, value, span in told:
        converted = _in_unit(hit.move, unit, value)
        if converted is not None and amount is None:
            amount = converted
            spans.append(span)
    return speed, amount, spans


def _field(flat: str, low: int) -> tuple[str | None, list[tuple[int, int]]]:
    """The speed that a list of settings gives: "move: pedestal up / speed: medium"."""
    for field in _SPEED_FIELD.finditer(flat, low):
        value = str(field.lastgroup)
        for name, pattern in _speeds():
            match = pattern.search(flat, *field.span(value))
            if match:
                return name, [match.span()]
        if field[value].strip() in ("medium", "normal", "中", "中等"):
            return "medium", [field.span(value)]
    wish = _AS_WISHED.search(flat, low)
    told = wish.span(str(wish.lastgroup)) if wish else (0, 0)
    for name, pattern in _speeds():
        match = pattern.search(flat, *told)
        if match:
            return name, [match.span()]
    return None, []


def _amount_field(
    flat: str, hit: Found, low: int
) -> Iterator[tuple[str, float | None, tuple[int, int]]]:
    """The amount that a list of settings gives: "zoom: in; factor: 3x"."""
    unit = "ratio" if hit.move.startswith("zoom") else "degrees"
    for field in _AMOUNT_FIELD.finditer(flat, low):
        yield unit, float(field["value"]), field.span("value")


_SPEED_FIELD = re.compile(
    r"\b(?:speed|pace|tempo|rate|velocity)\W{0,2}\s*[:=]\s*\W?(?P<value>[a-z ]+)"
    r"|(?:速度|节奏)\s*[:：=]\s*(?P<zh>\S{1,4})"
)
_AS_WISHED = re.compile(
    r"\b(?:keep|make|do|take)\s+(?:it|this|that)\s+(?P<value>(?:[a-z]+\s+){0,3}[a-z]+)|"
    r"[\]】]\s*(?P<bracket>[^，。,.]{1,6})[，。,.]|(?:[，,。；;！]|速度|节奏)\s*(?:速度|节奏|动作)?(?:一定|千万)?(?:要|得|放|再)?(?P<zh>(?:很|尽量|非常)?[慢快](?:一?点|些)?)(?=[！。!，,]|$)"
)
_AMOUNT_FIELD = re.compile(
    r"\b(?:factor|ratio|degrees|angle|amount|magnitude|amplitude)\W{0,2}\s*[:=]\s*\W?(?P<value>\d+(?:\.\d+)?)"
)


def _named_later(flat: str, hit: Found) -> tuple[str | None, list[tuple[int, int]]]:
    """The speed that a text gives a move by its name: "pan left, nice and slow on the pan"."""
    kind = hit.move.partition("_")[0]
    for name, said in words()["speed"].items():
        match = re.search(
            rf"\b(?:{said['en']})\s+(?:on|for|with)\s+the\s+{kind}\b",
            flat[hit.end : hit.end + 2 * REACH],
        )
        if match:
            return name, [(match.start() + hit.end, match.end() + hit.end)]
    return None, []


def _numbers(flat: str, low: int, high: int) -> Iterator[tuple[str, float | None, tuple[int, int]]]:
    if not _COUNTS.search(flat, low, high):
        return
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
