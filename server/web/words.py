"""The studio's words in English and Chinese.  English is the key; `words/zh.json` holds the Chinese.

Knows no pages.  Try: python -m pytest tests/server/web/test_pages.py
"""

import json
import re
from collections.abc import Callable
from functools import cache
from importlib.resources import files
from typing import Literal

Language = Literal["en", "zh"]


@cache
def chinese() -> dict[str, str]:
    """English text -> Chinese text."""
    text = (files("shotwright.server.web") / "words" / "zh.json").read_text(encoding="utf-8")
    found: dict[str, str] = json.loads(text)
    return found


def chosen(cookie: str | None, accepted: str | None) -> Language:
    """The visitor's own choice, else the first of the browser's languages that we speak."""
    if cookie in ("en", "zh"):
        return "zh" if cookie == "zh" else "en"
    for entry in (accepted or "").split(","):
        tag = entry.strip().lower()[:2]
        if tag in ("en", "zh"):
            return "zh" if tag == "zh" else "en"
    return "en"


def translator(language: Language) -> Callable[..., str]:
    """t("{n} takes", n=3) in the language; text without a translation stays English."""
    table = chinese() if language == "zh" else {}

    def translate(text: str, **values: object) -> str:
        found = table.get(text, text)
        return found.format(**values) if values else found

    return translate


_STEP = re.compile(r"(shot|take|segment) (\d+) of (\d+): |try (\d+): ")


def phase(text: str, language: Language) -> str:
    """A job's phase, such as "shot 2 of 3: denoising 4/8", in the language."""
    if language == "en":
        return text
    t, table = translator(language), chinese()

    def step(found: re.Match[str]) -> str:
        if found[4]:
            return t("try {n}: ", n=found[4])
        return t("{piece} {n} of {all}: ", piece=t(found[1]), n=found[2], all=found[3])

    pieces = _STEP.match(text)
    said = _STEP.sub(step, text[: pieces.end()]) if pieces else ""
    rest = text[pieces.end() :] if pieces else text
    if _STEP.match(rest):
        return said + phase(rest, language)
    word, space, figures = rest.partition(" ")
    return said + (table.get(rest) or table.get(word, word) + space + figures)
