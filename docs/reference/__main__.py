"""Write the blocks of docs/ that are made from the code, or with --check only compare them.

A block stands between `<!-- made: NAME -->` and `<!-- /made -->`; the words around it are written by hand.

Run: python -m docs.reference [--check]
"""

import sys
from collections.abc import Callable
from pathlib import Path

from docs.reference import camera, cli, http, kling, models, scripts, settings, tools

DOCS = Path(__file__).resolve().parents[1]
Blocks = dict[str, Callable[[], str]]
PAGES: dict[str, Blocks] = {
    "reference/mcp.md": {
        "server": tools.server,
        "overview": tools.overview,
        "tools": tools.tools,
        "shared": tools.shared,
        "parts": tools.parts,
        "answers": tools.answers,
        "resources": tools.resources,
        "player": tools.player,
        "prompts": tools.prompts,
        "tasks": tools.task_facts,
    },
    "reference/http.md": {
        "entry": http.entry,
        "statuses": http.statuses,
        "verbs": http.verbs,
        "reads": http.reads,
        "pages": http.pages,
        "streams": http.streams,
        "kling endpoints": kling.endpoints,
        "kling bodies": kling.bodies,
        "kling refused": kling.refused,
        "kling states": kling.states,
        "kling codes": kling.codes,
        "kling calling": kling.calling,
    },
    "reference/cli.md": {
        "overview": cli.overview,
        "commands": cli.commands,
        "verbs": cli.verbs,
    },
    "reference/settings.md": {"settings": settings.settings},
    "camera.md": {
        "moves": camera.moves,
        "easings": camera.easings,
        "presets": camera.presets,
        "said": camera.said,
        "others": camera.others,
        "kling": camera.kling,
        "mini": camera.mini,
        "axes": camera.axes,
        "verdicts": camera.verdicts,
    },
    "models.md": {
        "overview": models.overview,
        "modes": models.modes,
        "memory": models.memory,
        "each": models.each,
    },
    "scripts.md": {
        "columns": scripts.columns,
        "script": scripts.script,
        "plan": scripts.plan,
        "coverage": scripts.coverage,
    },
}
"""Page -> name of a block -> what makes it."""


def pages() -> dict[Path, str]:
    """Every page, as it should be."""
    paths = {DOCS / name: blocks for name, blocks in PAGES.items()}
    return {
        path: filled(path.read_text(encoding="utf-8"), blocks) for path, blocks in paths.items()
    }


def filled(page: str, blocks: Blocks) -> str:
    """The page with each of the blocks in its place.  Raises: ValueError for a block that has none."""
    for name, block in blocks.items():
        head, start, rest = page.partition(f"<!-- made: {name} -->\n")
        _, end, tail = rest.partition("<!-- /made -->")
        if not start or not end:
            raise ValueError(f"there is no place for the block {name}")
        page = f"{head}{start}\n{block().strip()}\n\n{end}{tail}"
    return page


def main() -> int:
    """The exit code: 1 when --check found a page that is not as it should be."""
    old = []
    for path, text in pages().items():
        if path.read_text(encoding="utf-8") != text:
            old.append(path)
            if "--check" not in sys.argv:
                path.write_text(text, encoding="utf-8")
    for path in old:
        print(path.relative_to(DOCS))
    return 1 if old and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
