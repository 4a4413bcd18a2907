"""The camera channel: `camera: slow dolly in; size: CU; dur: 5` and the headers of shot lists.

Knows what the fields are called, not what their words mean.
"""
# ruff: noqa: RUF001  (Chinese punctuation is meant)

import re
import tomllib
from functools import cache
from importlib.resources import files


@cache
def _names() -> dict[str, str]:
    path = files("shotwright.prompts.readers").joinpath("headers.toml")
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    return {_plain(name): field for field, names in table.items() for name in (field, *names)}


def _plain(name: str) -> str:
    return re.sub(r"[\s_*`:：.]+", " ", name).strip().lower()


def field_named(name: str) -> str | None:
    """The field that a header or key names: "Shot Size" and 景别 are shot_size; None for others."""
    plain = _plain(name)
    known = _names()
    return known.get(plain) or known.get(re.sub(r"\s*[(（].*[)）]$", "", plain))


_KEPT = re.compile(r"\\(?:u([0-9a-f]{4})|\\)")


def kept(words: str) -> str:
    """Words for a note: what would end a note, a field or a line is written as \\u and four digits."""
    words = words.replace("\\", "\\\\")
    words = re.sub(r"[;；\n\r]|\](?=\]|$)|\[(?=\[)|(?<=/)\*", _coded, words)
    return re.sub(r"^\s|\s$", _coded, words)


def _coded(match: re.Match[str]) -> str:
    return f"\\u{ord(match.group()):04x}"


def parse_note(text: str) -> dict[str, str] | None:
    """The directions of a note, field -> words; None for a note that directs nothing.

    Fields are parted by ";"; "camera: pan left; zoom in" goes on with the camera, since "zoom in" is
    no field.  Words that would break a note are written as in `kept`.
    """
    fields: dict[str, str] = {}
    last: str | None = None
    for piece in re.split(r"[;；]", text):
        match = re.match(r"\s*([^:：=]{1,30})[:：=](.*)$", piece, re.S)
        field = field_named(match[1]) if match else None
        words = piece if field is None else match[2] if match else ""
        words = _KEPT.sub(lambda m: chr(int(m[1], 16)) if m[1] else "\\", words.strip())
        if field is None and last is None:
            return None
        if field is None:
            fields[str(last)] += f"; {words}"
            continue
        fields[field] = f"{fields[field]}; {words}" if field in fields else words
        last = field
    return fields
