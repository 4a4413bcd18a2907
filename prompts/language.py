"""Which language a text is in, and where its sentences end.  English and Chinese; knows no
grammar.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Language = Literal["en", "zh"]

CJK = r"\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
"""Chinese letters, as the inside of a character class."""

_CJK = re.compile(f"[{CJK}]")
_LETTER = re.compile(f"[{CJK}A-Za-z\u00c0-\u024f]")
_SHARE = 0.3  # a Chinese script full of product names is still Chinese


def detect_language(text: str) -> Language:
    """zh when more than 0.3 of the letters are Chinese, else en."""
    letters = len(_LETTER.findall(text))
    return "zh" if letters and len(_CJK.findall(text)) / letters > _SHARE else "en"


@dataclass(frozen=True)
class Span:
    """A piece of a text, word for word: `text == whole[start:end]`."""

    text: str
    start: int
    end: int


_OPENERS = {
    "\u201c": "\u201d",
    "\u300c": "\u300d",
    "\u300e": "\u300f",
    "(": ")",
    "\uff08": "\uff09",
    "[": "]",
}
_CLOSERS = "*\"'\u201d\u2019\u300d\u300f)\uff09]"
_QUOTE_REACH = 500  # a quote that runs longer was probably never closed
_ENDS = ".!?\u2026\u3002\uff01\uff1f\uff1b\uff61"
_MARK = re.compile("[" + re.escape("".join(_OPENERS) + _ENDS + '"') + "\n]")
"""Where something may open, close or end."""
_CHINESE_ENDS = "\u3002\uff01\uff1f\uff1b\uff61"
_TITLE = re.compile(
    r"(?:mrs?|ms|dr|prof|st|[sj]r|mt|no|vs|fig|vol|gen|col|lt|sgt|capt|rev|hon|approx|dept|e\.g|i\.e|cf"
    r"|int|ext)",
    re.I,
)
"""Never the end of a sentence."""
_LATE = re.compile(r"(?:etc|[ap]\.m|u\.[sk]|inc|ltd|co|ft|min|sec)", re.I)
"""The end of a sentence only before a capital letter."""
_WRAPPED = 60  # a line this long was wrapped by an editor, a shorter one was ended by its writer
_WORD_BEFORE = re.compile(r"(?<![0-9])[A-Za-z](?:[A-Za-z.]*[A-Za-z])?$")
_NUMBERED = re.compile(r"(?:^|\n|[.!?][ \t])[ \t]*\d{1,3}$")
_BULLET = re.compile(r"[ \t]*(?:[-*\u2022]|\d+[.)])[ \t]")


def split_sentences(text: str) -> list[Span]:
    """Sentences in order, verbatim; everything but white space lies in exactly one of them.

    Quotes and brackets stay whole; "Mr.", "3.5" and "well... no" do not end a sentence; an empty
    line does, and a short line, and each line of Chinese.
    """
    found: list[tuple[int, int]] = []
    start = 0
    for end in [*_boundaries(text), len(text)]:
        piece = text[start:end]
        trimmed = piece.strip()
        if trimmed:
            at = start + len(piece) - len(piece.lstrip())
            if not any(c.isalnum() for c in trimmed) and found:
                # a stray "..." or "*" belongs to the sentence before it
                found[-1] = (found[-1][0], at + len(trimmed))
            else:
                found.append((at, at + len(trimmed)))
        start = end
    return [Span(text[start:end], start, end) for start, end in found]


def _boundaries(text: str) -> Iterator[int]:
    """Positions right after the end of a sentence."""
    i, sentence_start = 0, 0
    straight = _straight_quotes(text)
    while found := _MARK.search(text, i):
        i = found.start()
        close = straight.get(i, -1)
        if close < 0 and text[i] in _OPENERS:
            close = text.find(_OPENERS[text[i]], i + 1, i + _QUOTE_REACH)
        if close > 0:
            i = _after_quote(text, sentence_start, i, close)
            if i < 0:
                i = sentence_start = close + 1
                yield i
        elif text[i] == "\n" and _line_ends(text, i):
            i = sentence_start = i + 1
            yield i
        elif text[i] in _ENDS and (end := _sentence_end(text, i)):
            i = sentence_start = end
            yield i
        else:
            i += 1


def _straight_quotes(text: str) -> dict[int, int]:
    """Opening -> closing position of \"...\" pairs, paragraph by paragraph; an odd paragraph has
    none.
    """
    pairs: dict[int, int] = {}
    at = 0
    for paragraph in re.split(r"(\n\s*\n)", text):
        found = [at + m.start() for m in re.finditer('"', paragraph)]
        if len(found) % 2 == 0:
            pairs.update(zip(found[::2], found[1::2], strict=True))
        at += len(paragraph)
    return pairs


def _after_quote(text: str, sentence_start: int, opened: int, closed: int) -> int:
    """Where to read on after a quote; -1 when the sentence ends with it."""
    inner_end = text[closed - 1]
    before = sentence_start < opened and not text[sentence_start:opened].isspace()
    rest = _next(text, closed + 1, _BLANK)
    if inner_end not in _ENDS or text[opened] in "([\uff08":
        return closed + 1
    if not rest or rest == "\n":
        return -1
    if _TAG_ZH.match(text, closed + 1):
        return closed + 1
    # 'He said: "Go!" Then ...' ends here, '"Go!" he said.' does not
    return -1 if before and (rest.isupper() or bool(_CJK.match(rest))) else closed + 1


_TAG_ZH = re.compile(f"[{CJK}]{{1,8}}?[说问喊答道叫吼念骂](?:道|着)?[。！？，]")  # noqa: RUF001
"""Who has said the words before: 他喊。"""
_TAG = re.compile(
    r"[ \t]+(?:(?:[A-Z][\w.'-]*|he|she|they|we|the|an?)\s+(?:[\w'-]+\s+){0,3}?)?"
    r"(?:said|says?|ask(?:s|ed)?|whisper(?:s|ed)|shout(?:s|ed)|repli(?:es|ed)|answer(?:s|ed)|yell(?:s|ed)|"
    r"mutter(?:s|ed)|murmur(?:s|ed)|add(?:s|ed)|call(?:s|ed)|cries|cried|begs|begged)\b"
)
"""The same in English, after a single quote: 'Are you coming?' Tom shouted."""


def _line_ends(text: str, i: int) -> bool:
    begin = text.rfind("\n", 0, i) + 1
    end = text.find("\n", i + 1)
    line, following = text[begin:i].strip(), text[i + 1 : len(text) if end < 0 else end]
    if not line or not following.strip() or _BULLET.match(following):
        return True
    return len(line) < _WRAPPED or bool(_CJK.search(line[-2:]))


def _sentence_end(text: str, i: int) -> int:
    """The position after the sentence that ends at `i`, closing quotes included; 0 when it does
    not end.
    """
    j = i
    while j < len(text) and text[j] in _ENDS:
        j += 1
    marks = text[i:j]
    while j < len(text) and text[j] in _CLOSERS:
        j += 1
    if any(mark in _CHINESE_ENDS for mark in marks) or j == len(text):
        return j
    if marks.startswith("\u2026\u2026") or (_CJK.match(text[i - 1 : i]) and "." not in marks):
        return j
    if not text[j].isspace() or (text[j - 1] in "'\u2019" and _TAG.match(text, j)):
        return 0
    following = _next(text, j, _SPACE)
    if following.islower() and marks != "?" and marks != "!":
        return 0
    return 0 if marks == "." and _abbreviation(text[max(0, i - 20) : i], following) else j


_BLANK = re.compile(r"[ \t]*")
_SPACE = re.compile(r"\s*")


def _next(text: str, at: int, skipped: re.Pattern[str]) -> str:
    """The first character after what is skipped at `at`; "" at the end."""
    found = skipped.match(text, at)
    end = found.end() if found else at
    return text[end : end + 1]


def _abbreviation(before: str, following: str) -> bool:
    """Whether the full stop after `before` (the 20 characters before it) ends no sentence."""
    if _NUMBERED.search(before):
        return True
    found = _WORD_BEFORE.search(before)
    if not found:
        return False
    word = found.group()
    if _LATE.fullmatch(word):
        return not following.isupper() or word in ("U.S", "U.K")
    return bool(_TITLE.fullmatch(word)) or (len(word) == 1 and word.isupper() and word != "I")
