"""The texts that models read: instructions as MCP prompts, guides as resources, and what an LLM of our own is told.

Each is a Markdown file with a short front matter (`title`, `description`); `{name}` marks what a
caller fills in.
"""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

NAMES = (
    "storyboard",
    "direct_shot",
    "camera_guide",
    "llm_form",
    "llm_plan",
    "llm_repair",
    "llm_rewrite",
)
"""The first three are for a calling model, `llm_…` for the one that Shotwright asks itself."""


@dataclass(frozen=True)
class About:
    """What a list of prompts shows of one."""

    title: str
    description: str


def load(name: str) -> str:
    """The text itself, without its front matter.  Raises: KeyError for a name that is not in
    `NAMES`.
    """
    return _parts(name)[1]


def about(name: str) -> About:
    """Title and description.  Raises: KeyError for a name that is not in `NAMES`."""
    return _parts(name)[0]


@cache
def _parts(name: str) -> tuple[About, str]:
    if name not in NAMES:
        raise KeyError(f"there is no text {name!r}; there are {', '.join(NAMES)}")
    text = files("shotwright.prompts.texts").joinpath(f"{name}.md").read_text(encoding="utf-8")
    _, front, body = text.split("---\n", 2)
    fields = dict(line.split(": ", 1) for line in front.strip().splitlines())
    return About(fields["title"], fields["description"]), body.strip() + "\n"
