"""Writers: a ShotPlan as JSON, Markdown, CSV, or Fountain with camera notes.

What `readers.read` makes of each is the same plan: of JSON, Markdown and Fountain all of it, of CSV its
shots (a table has no place for the looks of characters).
"""

from collections.abc import Callable
from typing import Literal

from shotwright.prompts.shotplan import ShotPlan
from shotwright.prompts.writers.fountain import write_fountain
from shotwright.prompts.writers.tables import write_csv, write_markdown

PlanFormat = Literal["json", "markdown", "csv", "fountain"]


def write_json(plan: ShotPlan) -> str:
    """The plan itself, indented."""
    return plan.model_dump_json(indent=2) + "\n"


WRITERS: dict[PlanFormat, Callable[[ShotPlan], str]] = {
    "json": write_json,
    "markdown": write_markdown,
    "csv": write_csv,
    "fountain": write_fountain,
}
SUFFIXES: dict[PlanFormat, str] = {
    "json": ".json",
    "markdown": ".md",
    "csv": ".csv",
    "fountain": ".fountain",
}


def write(plan: ShotPlan, kind: PlanFormat) -> str:
    """A plan in one of the formats."""
    return WRITERS[kind](plan)


__all__ = [
    "SUFFIXES",
    "WRITERS",
    "PlanFormat",
    "write",
    "write_csv",
    "write_fountain",
    "write_json",
    "write_markdown",
]
