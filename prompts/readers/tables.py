"""Shot lists -> script: CSV (any delimiter) and Markdown tables, English and Chinese headers.

Each row is a shot that its writer has decided; empty cells are the director's.
"""
# ruff: noqa: RUF001  (Chinese punctuation is meant)

import bisect
import csv
import io
import itertools
import json
import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Any

from shotwright.prompts.readers.cells import OPEN
from shotwright.prompts.readers.channel import field_named
from shotwright.prompts.readers.rows import unpacked
from shotwright.prompts.readers.script import Element, Script, bad_script

COLUMNS = (
    "shot",
    "scene",
    "place",
    "shot_size",
    "angle",
    "framing",
    "lens_mm",
    "camera",
    "duration_s",
    "action",
    "dialogue",
    "sound",
    "cast",
    "props",
    "lighting",
    "time_of_day",
    "weather",
    "color",
    "focus",
    "composition",
    "transition_in",
    "first_frame",
    "last_frame",
    "continuity",
    "setup_id",
    "intent",
    "variation",
    "negative",
    "seed",
    "source",
)
"""The columns of a written shot list, in order; a list with all of them is a plan written out."""
MAX_ROWS = 5_000
_RULE = re.compile(r"\s*\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?\s*")
_KEPT = re.compile(r"<!-- shotwright (\{.*?\}) -->", re.S)
_KEYED = re.compile(r"\s*(?:[-*]\s+)?\**(?P<key>[^:：|*\n]{1,30})\**[:：]\**\s*(?P<value>.*\S)\s*")


def header_fields(cells: Sequence[str]) -> list[str | None]:
    """The fields that a header row names; the same name twice is the first's."""
    seen: set[str] = set()
    fields: list[str | None] = []
    for cell in cells:
        field = field_named(cell) or _field_in_parts(cell)
        if field in seen:
            field = None
        if field:
            seen.add(field)
        fields.append(field)
    return fields


def _field_in_parts(cell: str) -> str | None:
    """The field of a header that names several: "VO / Dialogue", "Camera & Movement"; the first of `_BEFORE`."""
    cell = re.sub(r"(?:方式|情况|要求|描述|说明|内容|设计|安排)\s*$", "", cell)
    parts = {
        field_named(part) for part in re.split(r"[/&+,，、]|\band\b|[与和及]", cell) if part.strip()
    }
    return next((field for field in (*_BEFORE, *COLUMNS) if field in parts), None)


_BEFORE = ("action", "dialogue", "camera", "duration_s", "shot_size")
"""Of two fields in one header the one whose words are wanted most."""


def is_header(cells: Sequence[str]) -> bool:
    """A row of a shot list's headings: what is seen, and at least one thing more."""
    fields = {field for field in header_fields(cells) if field}
    return len(fields) >= 2 and bool(fields & {"action", "shot_size", "camera", "dialogue"})


def read_csv(text: str) -> Script:
    """Raises: BadRequest(code="invalid_script") for a table without known headers, or none at all."""
    try:
        rows = _aligned(text) or _whole_rows(text)
    except csv.Error as error:
        raise bad_script(
            f"The CSV table is broken: {error}.", text[:80], fix="Export the shot list again."
        ) from error
    return _script(rows, "csv", {})


def read_markdown(text: str) -> Script:
    """Markdown with one or more tables; headings and "key: value" lines around them speak of the
    film.

    Raises: BadRequest(code="invalid_script") for tables without known headers.
    """
    plan: dict[str, Any] = {}
    kept = _KEPT.search(text)
    damaged = False
    if kept:
        try:
            plan = dict(json.loads(kept[1]))
        except ValueError:
            damaged = True
        text = text[: kept.start()] + text[kept.end() :]
    rows, others = _table_rows(text.split("\n"))
    _around(others, plan)
    script = _script(rows, "markdown", plan, exact=kept is not None and not damaged)
    if not damaged:
        return script
    warning = {
        "code": "note_unread",
        "message": "The comment with the plan's parts is damaged and was left out.",
    }
    return Script(**{**script.__dict__, "warnings": (*script.warnings, warning)})


def _table_rows(lines: list[str]) -> tuple[list[list[str]], list[str]]:
    """(the rows of the shot list, its header first; the lines around it).

    A table with the same columns goes on with the list; one with others is no part of it.
    """
    rows: list[list[str]] = []
    others: list[str] = []
    inside = narrow = False
    for line, after in zip(lines, [*lines[1:], ""], strict=True):
        cells = _cells(line) if line.count("|") >= 2 or ("|" in line and narrow) else []
        if not cells and "|" in line and "|" in after and _is_rule(after):
            cells = _cells(line)
            narrow = is_header(cells)  # two columns without marks at the ends: VIDEO | AUDIO
            cells = cells if narrow else []
        if not cells:
            narrow = False
            inside = False
            if line.strip():
                others.append(line)
        elif _is_rule(after) and not _is_rule(line):
            same = bool(rows) and header_fields(rows[0]) == header_fields(cells)
            inside = same or (not rows and is_header(cells))
            if inside and not same:
                rows.append(cells)
            elif not inside:
                others.append(line)
        elif inside and not (_is_rule(line) and rows[-1] == rows[0]):
            rows.append(cells)
        elif not inside and not _is_rule(line):
            others.append(line)
    return rows, others


def _is_rule(line: str) -> bool:
    return "-" in line and bool(_RULE.fullmatch(line))


def _cells(line: str) -> list[str]:
    """A row's cells; a pipe after a backslash is a character."""
    row = line.strip().removeprefix("|").removesuffix("|")
    return [_unescaped(cell) for cell in _CELL.findall(row)]


_CELL = re.compile(r"(?:^|(?<=\|))((?:[^\\|]|\\.|\\$)*)(?=\||$)")


def is_csv(text: str) -> bool:
    """Whether the first line is a shot list's header, or the rows of one without a header follow."""
    if _aligned(text):
        return True
    first = text.lstrip().split("\n", 1)[0][:2000]
    if not any(mark in first for mark in ",;\t|，"):
        return False
    try:
        return is_header(_csv_rows(first)[0]) or _is_headless(text.lstrip())
    except (csv.Error, IndexError):
        return False


def _is_headless(text: str) -> bool:
    """Rows of equally many cells, one column of which is numbers or times and another words: no prose."""
    rows = _csv_rows("\n".join(text.split("\n", 20)[:20]).replace("，", ","))
    if len(rows) < 2 or len(rows[0]) < 3 or len({len(row) for row in rows}) > 1:
        return False
    columns = [
        [bool(_NUMERIC.fullmatch(cell)) for cell in column] for column in zip(*rows, strict=True)
    ]
    return any(map(all, columns)) and not all(map(any, columns))


_NUMERIC = re.compile(r"\W*[A-Z]?\d[\d.:]*[A-Z]?\s*(?:s|secs?|seconds?|秒)?\W*", re.I)


def _aligned(text: str) -> list[list[str]] | None:
    """The rows of a table whose columns only spaces keep apart; None for other text."""
    lines = [line for line in text.split("\n") if line.strip(" -=+_")]
    if len(lines) < 2 or len(lines[0]) > 2000 or re.search(r"[,;\t|，]", lines[0]):
        return None
    cells = _CELL_ALIGNED.findall(lines[0])
    if len(cells) < 3 or not is_header(cells):
        return None
    heads = [_columns(lines[0])[match.start()] for match in _CELL_ALIGNED.finditer(lines[0])]
    rows = [cells]
    numbered = header_fields(cells)[0] in ("shot", "scene")
    for line in lines[1:]:
        row = _CELL_ALIGNED.findall(line)
        if len(row) != len(cells) and not (row := _cut(line, heads)):
            return None
        if numbered and not row[0] and len(rows) > 1:  # the row before goes on
            row = [" ".join(filter(None, pair)) for pair in zip(rows.pop(), row, strict=True)]
        rows.append(row)
    return rows


_CELL_ALIGNED = re.compile(r"\S+(?:[ \u3000]\S+)*")
SLACK = 3
"""How far from its header, in columns, a cell may begin: tables written by hand are not quite straight."""


def _columns(line: str) -> list[int]:
    """In which column of a terminal each character stands; a Chinese one takes two."""
    wide = [2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in line]
    return [0, *itertools.accumulate(wide)]


def _cut(line: str, heads: Sequence[int]) -> list[str]:
    """A row's cells, each where its header stands; none where a word runs across two columns."""
    columns = _columns(line)
    words = [(m.end(1), len(m[1])) for m in re.finditer(r"(\s*)\S+", line)]
    cuts = [0]
    for head in heads[1:]:
        near = [
            (abs(columns[at] - head), at)
            for at, gap in words
            if at > cuts[-1]
            and abs(columns[at] - head) <= SLACK
            and (gap > 1 or columns[at] == head or _NUMERIC.fullmatch(line[at:]))
        ]
        at = min(near)[1] if near else bisect.bisect_left(columns, head)
        if not near and line[at - 1 : at + 1].strip():
            return []
        cuts.append(min(at, len(line)))
    return [line[low:high].strip() for low, high in itertools.pairwise([*cuts, len(line)])]


def is_markdown_table(text: str) -> bool:
    """Whether a table with a shot list's header stands in the text, or nothing but a table."""
    lines = text.split("\n")
    if (
        len(lines) > 1
        and _is_rule(lines[1])
        and all(re.match(r"\s*(?:\||$)", one) for one in lines)
    ):
        return True
    for line, after in itertools.pairwise(lines):
        if "|" in line and "|" in after and _RULE.fullmatch(after) and "-" in after:
            return is_header(line.strip().strip("|").split("|"))
    return False


def _whole_rows(text: str) -> list[list[str]]:
    """The rows of a table whose quotes are closed; one that is not would swallow the rows after it.

    Raises: BadRequest(code="invalid_script"), csv.Error.
    """
    try:
        return _csv_rows(text, strict=True)
    except csv.Error as error:
        if "unexpected end of data" not in str(error):
            return _csv_rows(text)  # "red" ball: a quote inside a cell is text
        raise bad_script(
            "A quote of the CSV table is opened and never closed; the rows after it cannot be told "
            "apart.",
            text[:80],
            fix='Close the quote, or write a quote inside a cell as "".',
        ) from error


def _csv_rows(text: str, *, strict: bool = False) -> list[list[str]]:
    first = text.lstrip().split("\n", 1)[0]
    delimiter = max(",;\t|", key=first.count)
    csv.field_size_limit(1_000_000)
    reader = csv.reader(io.StringIO(text.lstrip(), newline=""), delimiter=delimiter, strict=strict)
    return [row for row in reader if any(cell.strip() for cell in row)]


def _script(
    rows: list[list[str]], kind: str, plan: dict[str, Any], *, exact: bool = False
) -> Script:
    if not rows or not is_header(rows[0]):
        found = ", ".join(rows[0])[:200] if rows else "nothing"
        raise bad_script(
            f"The shot list's first row names no known columns; it holds: {found}.",
            found,
            fix="Name the columns, such as shot, size, camera, duration, action, dialogue "
            "(镜号, 景别, 运镜, 时长, 画面内容, 台词).",
            allowed=list(COLUMNS),
        )
    if len(rows) - 1 > MAX_ROWS:
        raise bad_script(
            f"The shot list has {len(rows) - 1} rows; at most {MAX_ROWS} are taken.",
            len(rows) - 1,
            fix="Split the list and make one film of each part.",
            allowed=f"1 to {MAX_ROWS} rows",
        )
    fields = header_fields(rows[0])
    warnings = list(_header_warnings(rows[0], fields))
    written = exact or list(fields) == list(COLUMNS)
    elements: list[Element] = []
    lines: list[str] = []
    at = 0
    for number, row in enumerate(rows[1:], 2):
        if len(row) > len(fields):
            warnings.append(
                {
                    "code": "row_too_long",
                    "message": f"Row {number} has {len(row)} cells for {len(fields)} columns; the "
                    "last ones are kept in its source only.",
                }
            )
        cells = {f: cell for f, cell in zip(fields, row, strict=False) if f and cell.strip()}
        cells = cells if written else unpacked(cells)
        line = " | ".join(cell.strip() for cell in row if cell.strip())
        lines.append(line)
        if written or _has_picture(cells):
            elements.append(Element("shot", "", at, at + len(line), cells))
        else:
            elements.append(Element("aside", line, at, at + len(line)))
            warnings.append(
                {
                    "code": "row_without_picture",
                    "message": f"Row {number} ({line[:80]!r}) says nothing that is seen or heard and "
                    "makes no shot; fill its description, or leave the row out.",
                }
            )
        at += len(line) + 1
    source = "\n".join(lines)
    if not elements:
        raise bad_script(
            "The shot list has a header and no rows.", rows[0], fix="Send at least one shot."
        )
    if all(element.kind == "aside" for element in elements):
        raise bad_script(
            "No row of the shot list says what is seen or heard.",
            lines[0][:80],
            fix="Fill the description, dialogue or sound of at least one row.",
            field="script row 2.description",
        )
    return Script(source, source, tuple(elements), kind, plan, written, tuple(warnings))


def _has_picture(row: dict[str, str]) -> bool:
    return any(
        row.get(field, "").strip().lower() not in ("", *OPEN)
        for field in ("action", "dialogue", "first_frame", "last_frame", "sound")
    )


def _header_warnings(
    header: Sequence[str], fields: Sequence[str | None]
) -> Iterator[dict[str, str]]:
    for name, field in zip(header, fields, strict=True):
        if field is None and name.strip():
            yield {
                "code": "column_unknown",
                "message": f"The column {name.strip()[:60]!r} is not known (or stands twice); its cells "
                "are kept in each shot's source.",
            }


def _around(lines: list[str], plan: dict[str, Any]) -> None:
    """Title and "key: value" lines; what is already known is the writer's own."""
    rest: list[str] = []
    for line in lines:
        if title := re.match(r"\s*#\s+(.*\S)", line):
            plan.setdefault("title", title[1])
            continue
        keyed = _KEYED.fullmatch(line)
        field = field_named(keyed["key"]) if keyed else None
        if keyed and field in ("title", "style", "aspect_ratio", "logline", "duration_s"):
            plan.setdefault(str(field), keyed["value"])
        elif not re.match(r"\s*#{2,}\s", line):
            rest.append(line.strip())
    if rest and "logline" not in plan:
        plan["logline"] = " ".join(rest)


def _unescaped(cell: str) -> str:
    return re.sub(r"<br>|\\([|\\<])", lambda m: "\n" if m.group() == "<br>" else m[1], cell.strip())
