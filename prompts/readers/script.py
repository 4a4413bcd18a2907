"""A script as its reader found it: elements in order, each a piece of the text, word for word.

Knows no format and no film grammar: readers make it, the director films it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from shotwright.generator.errors import BadRequest
from shotwright.prompts.language import CJK

Kind = Literal[
    "heading",  # begins a scene
    "action",  # what is seen, in sentences
    "cue",  # who speaks; parenthetical and dialogue follow
    "parenthetical",
    "dialogue",
    "transition",
    "note",  # a note: directions for the camera, or the writer's remark
    "shot",  # begins a shot that the writer has already decided
    "sound",
    "aside",  # not filmed: sections, synopses, page breaks
]

MAX_SCRIPT = 500_000
"""Characters of a script: three feature films."""


@dataclass(frozen=True)
class Element:
    """A piece of a script: `script.source[start:end]`.

    text: what of it is to be read, without its marks; channel: directions, field -> words.
    """

    kind: Kind
    text: str
    start: int
    end: int
    channel: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Script:
    """A script that was read.

    text: the source with notes and comments blanked, position for position; plan: what the
    writer fixed for the whole film, in the ShotPlan's own fields; exact: whether the shots are a
    plan that was written out before, so that nothing is to be added.
    """

    source: str
    text: str
    elements: tuple[Element, ...]
    format: str
    plan: Mapping[str, Any] = field(default_factory=dict)
    exact: bool = False
    warnings: tuple[dict[str, str], ...] = ()


def bad_script(
    message: str, value: object, *, fix: str, allowed: object = None, field: str = "script"
) -> BadRequest:
    """A script that cannot be read."""
    return BadRequest(
        message,
        code="invalid_script",
        fix=fix,
        field=field,
        value=value,
        allowed=allowed or f"1 to {MAX_SCRIPT} characters of text",
    )


def decode(data: bytes | str) -> str:
    """A script's text, line ends as "\\n".

    Raises: BadRequest(code="invalid_script") for what is no text.
    """
    text = data if isinstance(data, str) else _decoded(data)
    text = text.removeprefix("\ufeff")
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    strange = _BINARY.findall(text[:100_000])
    if "\0" in text or len(strange) > 0.02 * min(len(text), 100_000):
        raise bad_script(
            "The script is binary data, not text.",
            repr(text[:40]),
            fix="Send the script's text: plain, Fountain, FDX, Markdown, CSV or JSON in UTF-8.",
        )
    return text


_BINARY = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ufffd\ud800-\udfff]")


def _decoded(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", errors="replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        pass
    try:
        # the usual encoding of Chinese text that is no UTF-8
        return data.decode("gb18030")
    except UnicodeDecodeError:
        return data.decode("utf-8", errors="replace")


def check_script(text: str) -> None:
    """Raises: BadRequest(code="invalid_script") for a script without a word, or a book."""
    if len(text) > MAX_SCRIPT:
        raise bad_script(
            f"The script has {len(text)} characters; at most {MAX_SCRIPT} are taken.",
            len(text),
            fix="Split the script and make one film of each part.",
        )
    if not any(c.isalnum() for c in text):
        raise bad_script(
            "The script is empty.",
            text[:100],
            fix="Send at least one sentence that says what is seen.",
        )


MAX_WORD = 2_000
_RUN = re.compile(rf"[^\s{CJK}\u3000-\u303f\uff00-\uffef]{{{MAX_WORD},}}")


MAX_SENTENCES = 20_000
"""Sentences and lines of a script: the shots of ten feature films."""
_ENDS = re.compile(r"[.!?。！？；\n]+")  # noqa: RUF001


def check_words(text: str) -> None:
    """Raises: BadRequest(code="invalid_script") for a run of characters that is data, no word, for
    nothing but addresses, for rows of values under no header, and for more sentences than a film has shots.
    """
    if _ADDRESSES.fullmatch(text):
        raise bad_script(
            f"The script is nothing but an address, {text.strip()[:80]!r}; no page is fetched.",
            text.strip()[:80],
            fix="Send the words that stand there: what is seen and what happens.",
        )
    if _VALUES.fullmatch(text.strip()) and len({row.count(",") for row in text.split()}) == 1:
        raise bad_script(
            "The script is rows of values under no header; which column says what is not told.",
            text.strip()[:40],
            fix="Put a header over the rows (shot, action, camera, dialogue, duration), or write sentences.",
        )
    if (count := sum(1 for _ in _ENDS.finditer(text))) > MAX_SENTENCES:
        raise bad_script(
            f"The script has {count} sentences and lines; at most {MAX_SENTENCES} are taken.",
            count,
            fix="Split the script and make one film of each part.",
            allowed=f"at most {MAX_SENTENCES} sentences and lines",
        )
    if match := _RUN.search(text):
        raise bad_script(
            f"The script holds a run of {len(match.group())} characters without a space; that is data, "
            "not text.",
            match.group()[:40],
            fix="Leave the data out and send the words of the script.",
        )


_ADDRESSES = re.compile(r"\s*(?:(?:[a-z][a-z0-9+.-]{1,9}://|www\.)\S+\s*)+", re.I)
_VALUES = re.compile(r"[\w.+-]+(?:,[\w.+-]+)+(?:\s*\n[\w.+-]+(?:,[\w.+-]+)+)+")
""" "foo,bar" in two rows and more: a single such line is a list of things to see."""


def tidy(text: str) -> str:
    """Words with single spaces, without a screenplay's emphasis marks."""
    text = _EMPHASIS.sub(r"\2", text) if "*" in text or "_" in text else text
    text = _ESCAPED.sub(r"\1", text) if "\\" in text else text
    return re.sub(r"\s+", " ", text).strip()


_EMPHASIS = re.compile(r"(?<![\\\w])(\*{1,3}|_)(?=[^\s*_])([^*_\n]{0,300}?[^\s*_\\])\1(?!\w)")
_ESCAPED = re.compile(r"\\([*_\[\]\\/!@~>#=.])")


_TITLE = re.compile(
    r"\s*(?P<line>(?P<quoted>[\"\u201c\u300a](?P<title>[^\"\u201c\u201d\u300a\u300b\n]{1,60})[\"\u201d\u300b])"
    rf"[ \t]*(?:[\u7b2c(\uff08][\d{CJK}]{{1,6}}[)\uff09]?)?"
    r"|(?P<plain>[A-Z][a-z'\u2019]+"
    r"(?: (?:[A-Z][\w'\u2019]*|\d+|a|an|and|at|by|for|from|in|of|on|or|the|to|with)){1,8}))"
    r"[ \t]*\n[ \t]*\n(?=\s*\S)"
)
"""A line over the text that names it, in quotes or with a capital to each word: The Fox Who Lost Her Shadow."""


_CAPITALS = re.compile(
    r"\s*(?P<line>(?P<title>(?!FADE|CUT|INT\b|EXT\b|OPEN|CLOSE)[A-Z][A-Z'\u2019]+(?: [A-Z\d'\u2019&]+){1,6}))"
    r"[ \t]*\n[ \t]*\n(?=\s*\S)"
)


def title_line(text: str, *, capitals: bool = False) -> tuple[str, int, int] | None:
    """(the title, where its line stands) of a text that begins with one; capitals: it may be in them."""
    if capitals and (whole := _CAPITALS.match(text)):
        return whole["title"], whole.start("line"), whole.end("line")
    match = _TITLE.match(text)
    if match is None or (
        match["quoted"] and re.search(r"[.,!?\u2026\u3002\uff01\uff1f]$", match["title"])
    ):
        return None  # what is spoken ends with a mark
    raised = [word for word in (match["plain"] or "").split() if word[0].isupper()]
    if match["plain"] and (len(raised) < 2 or match["plain"].isupper()):
        return None
    return (match["title"] or match["plain"]).strip(), match.start("line"), match.end("line")
