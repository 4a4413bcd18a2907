"""Answers kept by what was asked, so that a job that is done again, or an edited film, asks nothing twice.

Plain files of a folder; losing them costs a question.
"""

import hashlib
import json
import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

MOST = 1000
"""Answers in a folder; the oldest go."""


def key_of(*content: Any) -> str:
    """A name for a question: equal content, equal name."""
    written = json.dumps(content, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(written.encode("utf-8")).hexdigest()


def kept(folder: Path, key: str) -> dict[str, Any] | None:
    """The answer to the same question; None where there is none that reads."""
    try:
        data = json.loads((folder / f"{key}.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return data if isinstance(data, dict) else None


def keep(folder: Path, key: str, data: dict[str, Any]) -> None:
    """Write an answer whole or not at all; a folder that takes none is no reason to fail."""
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        number, draft = tempfile.mkstemp(dir=folder, suffix=".part")
        with os.fdopen(number, "w", encoding="utf-8") as file:
            json.dump(data, file, ensure_ascii=False)
        os.replace(draft, folder / f"{key}.json")
        answers = sorted(folder.glob("*.json"), key=lambda path: path.stat().st_mtime)
        for old in answers[:-MOST]:
            old.unlink(missing_ok=True)
