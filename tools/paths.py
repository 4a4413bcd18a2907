"""Which files of this machine a caller may name.  One rule for reading and for writing."""

from collections.abc import Iterable
from pathlib import Path


def allowed(roots: Iterable[Path], path: Path) -> bool:
    """Whether one of the roots opens the path; all are resolved.

    Hidden entries below the user's home (keys, settings, histories) are closed, unless the root lies in them itself:
    `~/.local/share/shotwright` is open when it is a root, `~/.ssh` is not because `~` or `/` is one.
    """
    home = Path.home().resolve()
    return any(path.is_relative_to(root) and _seen_from(root, path, home) for root in roots)


def _seen_from(root: Path, path: Path, home: Path) -> bool:
    if not path.is_relative_to(home):
        return True
    inner = (path, *path.parents)[: len(path.parts) - len(home.parts)]
    return all(root.is_relative_to(step) for step in inner if step.name.startswith("."))


def default_roots(data: Path, start: Path | None) -> tuple[Path, ...]:
    """The home folder, the data directory and the start folder; the last unless it is or holds the home."""
    home = Path.home()
    wide = start is None or start.parent == start or home.resolve().is_relative_to(start.resolve())
    return (home, data) if wide or start is None else (home, data, start)
