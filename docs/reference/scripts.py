"""The worked example of scripts.md: the shot plan of a script, made by the director as plan_shots makes it."""

from pathlib import Path
from typing import Any

from docs.reference import markdown as md
from docs.reference.camera import read_as

from shotwright.generator.catalog import load_catalog
from shotwright.prompts.readers import detect_format
from shotwright.prompts.readers.tables import COLUMNS
from shotwright.tools.plan_shots import write_plan
from shotwright.tools.studio.writing import Written

EXAMPLE = Path(__file__).resolve().parents[1] / "examples" / "harbour.fountain"


def script() -> str:
    """The script itself."""
    text = EXAMPLE.read_text(encoding="utf-8")
    assert detect_format(text) == "fountain"
    return f"```text\n{text.strip()}\n```"


def _planned() -> Written:
    return write_plan(
        load_catalog().default,
        script=EXAMPLE.read_text(encoding="utf-8"),
        brief=None,
        plan=None,
        style=None,
        aspect_ratio=None,
        seed=0,
    )


def plan() -> str:
    """Its shots."""
    found = _planned().plan
    names = {character.id: character.name for character in found.characters}
    rows = [
        (
            shot.id,
            shot.action,
            (shot.shot_size or "").replace("_", " "),
            "; ".join(read_as(move.to_move()) for move in shot.camera),
            ", ".join(names[one.character_id] for one in shot.cast),
            shot.transition_in,
        )
        for shot in found.shots
    ]
    return md.table(("shot", "action", "size", "camera", "cast", "begins with"), rows)


def coverage() -> str:
    """Which shot holds which sentence, and what a script supervisor would object to."""
    made = _planned()
    rows = [(str(row["line"]), row["sentence"], row["shot"] or "none") for row in made.coverage]
    return f"{md.table(('line', 'of the script', 'shot'), rows)}\n\n{md.table(('report', ''), _report(made.report))}"


def _report(report: dict[str, Any]) -> list[tuple[str, str]]:
    return [
        (md.code(name), "none" if value in ([], None) else str(value))
        for name, value in report.items()
    ]


def columns() -> str:
    """The columns that a shot list may have."""
    return ", ".join(map(md.code, COLUMNS)) + "."
