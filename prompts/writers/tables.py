"""A plan as a shot list: CSV, and Markdown with the film's head."""

import csv
import io
import re

from shotwright.prompts.readers.tables import COLUMNS
from shotwright.prompts.shotplan import ShotPlan
from shotwright.prompts.writers.rows import kept_parts, shot_cells

_TITLES = {
    "shot_size": "size",
    "duration_s": "duration",
    "transition_in": "transition",
    "lens_mm": "lens",
}


def write_csv(plan: ShotPlan) -> str:
    """One row a shot, RFC 4180; a spreadsheet opens it."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow([_TITLES.get(name, name) for name in COLUMNS])
    for shot in plan.shots:
        cells = shot_cells(plan, shot)
        writer.writerow([cells[name] for name in COLUMNS])
    return out.getvalue()


def write_markdown(plan: ShotPlan) -> str:
    """Title, style, characters, and the shots as a table; columns that no shot fills are left out.

    A comment at the end keeps what a table has no place for.
    """
    lines = [f"# {_flat(plan.title)}", ""]
    for name, words in (
        ("Logline", plan.logline),
        ("Style", plan.style),
        ("Aspect ratio", plan.aspect_ratio),
    ):
        if words:
            lines.append(f"- **{name}:** {_flat(words)}")
    lines += [f"- {_flat(f'{c.name}: {c.static_features}')}" for c in plan.characters]
    rows = [shot_cells(plan, shot) for shot in plan.shots]
    used = [name for name in COLUMNS if any(row[name] for row in rows)]
    lines += ["", _row([_TITLES.get(name, name) for name in used]), _row(["---"] * len(used))]
    lines += [_row([_cell(row[name]) for name in used]) for row in rows]
    kept = kept_parts(plan).replace("-->", "--\\u003e")  # would end the comment
    return "\n".join([*lines, "", f"<!-- shotwright {kept} -->", ""])


def _row(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _cell(words: str) -> str:
    escaped = re.sub(r"([|\\<])", r"\\\1", words)
    return escaped.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "<br>")


def _flat(words: str) -> str:
    return re.sub(r"([|\\<])", r"\\\1", " ".join(words.split()))
