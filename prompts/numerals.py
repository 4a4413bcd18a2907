"""Numbers as a text writes them: digits, English and Chinese number words.  Knows nothing of what they count."""
# ruff: noqa: RUF001  (Chinese zero and the multiplication sign are meant)

import re
from collections.abc import Iterator

from shotwright.prompts.language import CJK

_ENGLISH = {
    word: value
    for value, word in enumerate(
        [
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
            "thirteen",
            "fourteen",
            "fifteen",
            "sixteen",
            "seventeen",
            "eighteen",
            "nineteen",
        ],
        start=2,
    )
}
_TENS = {
    word: value * 10
    for value, word in enumerate(
        ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"], start=2
    )
}
_ENGLISH |= _TENS | {"dozen": 12, "hundred": 100, "thousand": 1000}
_WORDS = re.compile(
    rf"\b(?:({'|'.join(_TENS)})[- ]({'|'.join(_ENGLISH)})|({'|'.join(_ENGLISH)}|half a)[- ](dozen|hundred|thousand)"
    rf"|({'|'.join(_ENGLISH)}))s?\b",
    re.I,
)
_DIGITS = re.compile(
    r"(?<![\w.])\d+(?:[.,:]\d+)*(?![\w])|(?<![\w.])\d+(?:\.\d+)?(?=[A-Za-z%°×])|(?<=[A-Za-z-])\d+"
)
_CHINESE = {c: n for n, c in enumerate("零一二三四五六七八九")} | {"两": 2, "〇": 0}
_UNITS = {"十": 10, "百": 100, "千": 1000}
_COUNTED = re.compile(
    rf"(?<!第)(?<![{CJK}]千)([一二两三四五六七八九十百千零〇]+)(?=[个只条艘辆位名架匹头颗朵片座把张群对双杯盏台块枚株棵间幅本支根人年岁秒天层度倍遍次声])"
)


def numbers_in(text: str) -> Iterator[tuple[str, str]]:
    """(value, the words as written) of each number; "a" and 一 count as no number."""
    for match in _DIGITS.finditer(text):
        yield _plain(match.group()), match.group()
    for match in _WORDS.finditer(text):
        tens, unit, times, lot, alone = (part and part.lower() for part in match.groups())
        if lot:  # "two dozen", "half a dozen"
            value = _ENGLISH[lot] // 2 if times == "half a" else _ENGLISH[times] * _ENGLISH[lot]
        else:
            value = _TENS[tens] + _ENGLISH[unit] if tens else _ENGLISH[alone]
        yield str(value), match.group()
    for match in _COUNTED.finditer(text):
        value = chinese_number(match.group(1))
        if value > 1:
            yield str(value), match.group(1)


def chinese_number(numeral: str) -> int:
    """二十五 -> 25, 两 -> 2; a row of bare digits is read as such."""
    total, digit = 0, 0
    if not any(c in _UNITS for c in numeral):
        return int("".join(str(_CHINESE[c]) for c in numeral))
    for c in numeral:
        if c in _UNITS:
            total += (digit or 1) * _UNITS[c]
            digit = 0
        else:
            digit = _CHINESE[c]
    return total + digit


def _plain(digits: str) -> str:
    """2.50 -> 2.5, 1,000 -> 1000; a time of day stays as it is."""
    if ":" in digits:
        return digits
    bare = re.sub(r",(?=\d{3}\b)", "", digits).replace(",", ".")
    if bare.count(".") != 1:
        return bare
    return bare.rstrip("0").rstrip(".")
