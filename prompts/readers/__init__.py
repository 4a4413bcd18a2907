"""Readers: plain text, Fountain, FDX, shot lists in Markdown and CSV, ShotPlan JSON, ad briefs.

`read` tells the format by the text itself; a malformed one is refused with what to do, or read as
far as it goes, with warnings that name what was left.
"""

# ruff: noqa: RUF001  (Chinese punctuation is meant)

import json
import re
from typing import Any, Literal

from shotwright.prompts.readers.brief import Brief, read_brief
from shotwright.prompts.readers.fdx import read_fdx
from shotwright.prompts.readers.fountain import read_fountain
from shotwright.prompts.readers.headings import split_heading
from shotwright.prompts.readers.plain import places_shots, read_plain
from shotwright.prompts.readers.request import read_request
from shotwright.prompts.readers.script import (
    MAX_SCRIPT,
    Element,
    Script,
    bad_script,
    check_script,
    check_words,
    decode,
)
from shotwright.prompts.readers.tables import is_csv, is_markdown_table, read_csv, read_markdown

Format = Literal["plain", "fountain", "fdx", "markdown", "csv", "json", "brief"]


def read(data: bytes | str) -> Script | Brief | dict[str, Any]:
    """A script, an advertisement's brief, or a ShotPlan as its writer sent it (not yet checked).

    Raises: BadRequest(code="invalid_script") for what is empty, too long, binary or broken.
    """
    text = decode(data)
    check_script(text)
    kind = detect_format(text)
    if kind == "json":
        return _read_json(text)
    if kind == "brief" and (brief := read_brief(text) or read_request(text)):
        return brief
    if kind in ("plain", "fountain", "brief"):
        check_words(text)
    readers = {"fountain": read_fountain, "fdx": read_fdx, "csv": read_csv}
    return {**readers, "markdown": read_markdown}.get(kind, read_plain)(text)


def speakers_of(script: Script) -> tuple[str, ...]:
    """The names above or before the speeches of a script, each once."""
    cues = (element.text for element in script.elements if element.kind == "cue")
    names = (re.sub(r"[(（][^)）]*[)）]", "", cue).strip(" ^@:：") for cue in cues)
    return tuple(dict.fromkeys(name for name in names if name))


def detect_format(text: str) -> Format:
    """The format of a text; what looks like none of the others is plain."""
    head = text.lstrip()[:400]
    if re.match(r'(?:\[\s*)?\{\s*(?:"|\})', head):
        return "json"
    if re.match(r"(?:<\?xml|<FinalDraft|<!DOCTYPE|<html|<svg)", head, re.I):
        return "fdx"
    if is_markdown_table(text):
        return "markdown"
    if is_csv(text):
        return "csv"
    if _is_fountain(text) and not (_TITLE_PAGE.match(text) and places_shots(text)):
        return "fountain"
    return "brief" if read_brief(text[:20_000]) or read_request(text) else "plain"


_MARKS = re.compile(
    r"^\.[A-Z\u4e00-\u9fff]|\[\[[^\]\n]{1,40}[:：]|^@\S|^!\S|^> ?[^a-z\n]*[A-Z\u4e00-\u9fff][^a-z\n]*$|^>.*<[ \t]*$",
    re.M,
)
_CUE = re.compile(r"(?:\A|\n[ \t]*\n)[ \t]*[A-Z][A-Z0-9 .'()]{1,40}\n(?=[ \t]*\S)")
_TITLE_PAGE = re.compile(
    r"\s*(?:title|片名)[:：].*\n(?:\S[^\n]*\n|[ \t]+\S[^\n]*\n)*[ \t]*\n", re.I
)


def _is_fountain(text: str) -> bool:
    """A camera note, scene headings on lines of their own, names in capitals above speeches."""
    if _MARKS.search(text) or _TITLE_PAGE.match(text) or len(_CUE.findall(text[:50_000])) > 1:
        return True
    return any(split_heading(line) for line in text.split("\n")[:400])


def _read_json(text: str) -> dict[str, Any]:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise bad_script(
            f"The text begins like a ShotPlan in JSON and is broken: {error}.",
            text[:80],
            fix="Mend the JSON, or send the script as plain text.",
        ) from error
    if isinstance(data, list):
        data = {"shots": data}  # the shots alone
    if isinstance(data, dict) and isinstance(data.get("plan"), dict):
        data = data["plan"]  # the whole answer of plan_shots
    return dict(data)


__all__ = [
    "MAX_SCRIPT",
    "Brief",
    "Element",
    "Format",
    "Script",
    "check_script",
    "decode",
    "detect_format",
    "read",
    "read_brief",
    "read_csv",
    "read_fdx",
    "read_fountain",
    "read_markdown",
    "read_plain",
    "read_request",
    "speakers_of",
]
