"""Writing this installation into the configuration of MCP hosts, and taking it out again.

A plan is made first and shown as a diff.  Only the entry `shotwright` is touched: other entries and comments keep their
bytes, what was there before is kept beside the file, and a file that does not read is left alone, by name.
"""

import difflib
import os
import shutil
import sys
import tempfile
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shotwright.generator.errors import BadRequest, ShotwrightError
from shotwright.server import jsonc
from shotwright.server.hosts import HOSTS, Host, checked, config_file, entry, installed

NAME = "shotwright"
BACKUP = ".before-shotwright"
"""Added to the name of a file for the copy of how it was."""


@dataclass(frozen=True)
class Change:
    """What becomes of one file: text `before` and `after`, None where there is (to be) none."""

    host: str
    file: Path
    before: str | None = None
    after: str | None = None
    error: ShotwrightError | None = None

    @property
    def needed(self) -> bool:
        return self.error is None and self.before != self.after

    def diff(self) -> str:
        """What is added and removed, as `diff -u` says it."""
        old, new = (text.splitlines() if text else [] for text in (self.before, self.after))
        name = str(self.file)
        return "\n".join(difflib.unified_diff(old, new, name, name, lineterm="", n=2))

    def body(self) -> dict[str, Any]:
        """The change as --json prints it."""
        return {
            "host": self.host,
            "file": str(self.file),
            "needed": self.needed,
            "diff": self.diff() if self.needed else "",
            "error": self.error.body() if self.error else None,
        }


def chosen(hosts: list[str], environment: Mapping[str, str] | None = None) -> dict[str, Path]:
    """The files of these hosts; with none named, of those that this machine has.  Raises BadRequest."""
    env = os.environ if environment is None else environment
    files = {
        host: config_file(checked(host), home=Path.home(), platform=sys.platform, environment=env)
        for host in (hosts or HOSTS)
    }
    there = files if hosts else {h: file for h, file in files.items() if installed(h, file)}
    if not there:
        raise BadRequest(
            f"none of {', '.join(HOSTS)} was found on this machine.",
            field="host",
            allowed=list(HOSTS),
            fix="name one with --host, or paste what `shotwright config` prints",
        )
    return there


def plan(host: str, file: Path, *, undo: bool = False) -> Change:
    """What setup, or its undoing, would do to the file; that it does not read stands in the answer."""
    before = None
    # what a link leads to; one that leads to itself stays, and is told as what cannot be read
    file = Path(os.path.realpath(file)) if file.is_symlink() else file
    try:
        before = _read(file)
        kept = _read(_backup(file))
        after = (
            _undone(HOSTS[host], before, kept)
            if undo
            else _written(HOSTS[host], before, entry(host))
        )
    except (ValueError, OSError) as error:
        return Change(host, file, before, before, _unreadable(HOSTS[host], file, error))
    except BadRequest as error:
        error.message = f"{file}: {error.message} It was left as it is."
        return Change(host, file, before, before, error)
    return Change(host, file, before, after)


def carry_out(change: Change, *, undo: bool = False) -> None:
    """Write the file anew, whole or not at all.  Raises BadRequest when it has changed since, or cannot be written."""
    file = change.file
    try:
        if _read(file) != change.before:
            raise BadRequest(
                f"{file} was changed by another program in this moment.",
                field="file",
                value=str(file),
                fix="close the host and run it again",
            )
        if change.after is None:
            file.unlink()
        else:
            if change.before is not None and not undo and not _backup(file).exists():
                shutil.copy2(file, _backup(file))
            _replace(file, change.after)
        if undo:
            _backup(file).unlink(missing_ok=True)
    except OSError as error:
        raise BadRequest(
            f"{file} cannot be written: {error.strerror}.",
            field="file",
            value=str(file),
            fix="paste what `shotwright config` prints",
        ) from error


def _backup(file: Path) -> Path:
    return file.with_name(file.name + BACKUP)


def _read(file: Path) -> str | None:
    """The text with its own line ends and byte-order mark; None for no file."""
    try:
        return file.read_bytes().decode("utf-8")
    except FileNotFoundError:
        return None


def _replace(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    number, scratch = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)
    try:
        with os.fdopen(number, "wb") as out:
            out.write(text.encode("utf-8"))
        if file.exists():
            shutil.copymode(file, scratch)
        os.replace(scratch, file)
    finally:
        Path(scratch).unlink(missing_ok=True)


def _written(host: Host, text: str | None, value: dict[str, Any]) -> str:
    """The text with our entry in it."""
    mark, bare = _unmarked(text)
    if _entry_in(host, bare) == value:
        return text or ""
    if host.form == "toml":
        return mark + _put_toml(host, bare, value)
    return mark + jsonc.put(bare, host.table, NAME, value, lenient=host.lenient)


def _undone(host: Host, text: str | None, kept: str | None) -> str | None:
    """The text as it was before setup; with other changes made since, only without our entry."""
    if text is None:
        return None
    mark, bare = _unmarked(text)
    ours = _entry_in(host, bare)
    if ours is None:
        return text
    if kept is not None:
        if _written(host, kept, ours) == text:
            return kept
        earlier = _entry_in(host, _unmarked(kept)[1])
        if earlier is not None:
            return _written(host, text, earlier)
    elif _written(host, None, ours) == text:  # the file is ours, and nothing else is in it
        return None
    if host.form == "toml":
        return mark + _drop_toml(host, bare)
    return mark + jsonc.drop(bare, host.table, NAME, lenient=host.lenient)


def _unmarked(text: str | None) -> tuple[str, str]:
    """The byte-order mark that Windows editors write, and the text without it."""
    return ("\ufeff", text[1:]) if text and text.startswith("\ufeff") else ("", text or "")


def _entry_in(host: Host, text: str) -> Any:
    """Our entry as the text has it, or None.  Raises ValueError for a text that does not read."""
    if host.form == "toml":
        data: Any = tomllib.loads(text)
    else:
        data = jsonc.read(text, lenient=host.lenient).value
    table = data.get(host.table) if isinstance(data, dict) else None
    return table.get(NAME) if isinstance(table, dict) else None


def _put_toml(host: Host, text: str, value: dict[str, Any]) -> str:
    import tomlkit

    known = tomllib.loads(text).get(host.table, {})
    if not isinstance(known, dict):
        raise BadRequest(
            f"{host.table} is no table.",
            field=host.table,
            allowed="a TOML table",
            fix="mend the file by hand",
        )
    if NAME not in known:
        block = tomlkit.dumps({host.table: {NAME: value}}).removeprefix(f"[{host.table}]\n")
        gap = "" if not text else "\n" if text.endswith("\n") else "\n\n"
        longer = text + _same_lines(text, gap + block)
        try:
            if tomllib.loads(longer)[host.table] == {**known, NAME: value}:
                return longer
        except tomllib.TOMLDecodeError:  # the servers stand in an inline table, or in dotted keys
            pass
    document = tomlkit.parse(text)
    servers: Any = document[host.table]
    servers[NAME] = value
    return _same_lines(text, tomlkit.dumps(document))


def _drop_toml(host: Host, text: str) -> str:
    import tomlkit

    document = tomlkit.parse(text)
    servers: Any = document[host.table]
    del servers[NAME]
    return tomlkit.dumps(document)


def _same_lines(old: str, new: str) -> str:
    """`new` with the line ends of `old`."""
    return new.replace("\r\n", "\n").replace("\n", "\r\n") if "\r\n" in old else new


def _unreadable(host: Host, file: Path, error: Exception) -> BadRequest:
    return BadRequest(
        f"{file} is not valid {host.form.upper()} ({error}); it was left as it is."
        if isinstance(error, ValueError)
        else f"{file} cannot be read ({error}).",
        field="file",
        value=str(file),
        allowed=f"{host.form.upper()} that {host.title} can read",
        fix="mend the file and run `shotwright setup` again",
    )
