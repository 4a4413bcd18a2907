"""`export_film`: media, timelines, subtitles, plan and slates of a film, as a folder, a ZIP or one file."""

import os
import secrets
import shutil
import zipfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

from shotwright.generator.errors import BadRequest
from shotwright.tools.paths import allowed
from shotwright.tools.studio.shown import Shown
from shotwright.tools.studio.studio import Report, Studio
from shotwright.tools.studio.wire import ExportFilm


async def export_film(studio: Studio, a: ExportFilm, report: Report) -> Shown:
    """Write it where nothing is yet; whole or not at all."""
    return Shown(await studio.blocking(_export, studio, a))


def _export(studio: Studio, a: ExportFilm) -> dict[str, Any]:
    record = studio.store.read_record("films", a.film_id)
    places = _targets(studio, a)
    target = next(places)
    draft = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        draft.mkdir() if a.format == "folder" else draft.touch(exist_ok=False)
    except OSError as error:
        raise _unwritable(str(target), error) from error
    try:
        files = _write(studio, record, a.format, draft)
        while not _land(draft, target):
            target = next(places)
    except OSError as error:  # a full disk
        raise _unwritable(str(target), error) from error
    finally:
        if draft.is_dir():
            shutil.rmtree(draft)
        draft.unlink(missing_ok=True)
    sizes = [path.stat().st_size for path in target.rglob("*") if path.is_file()]
    return {
        "film_id": a.film_id,
        "path": str(target),
        "format": a.format,
        "bytes": sum(sizes) if target.is_dir() else target.stat().st_size,
        "files": files,
    }


def _write(studio: Studio, record: dict[str, Any], format: str, draft: Path) -> list[str]:
    """Fill the draft; the names of what is in it."""
    from shotwright.tools.studio.exports.package import contents, file_of, single

    if format not in ("zip", "folder"):
        _put(draft, single(studio.store, record, format))
        return [file_of(format)]
    if format == "folder":
        names = []
        for name, content in contents(studio.store, record):
            (draft / name).parent.mkdir(exist_ok=True)
            _put(draft / name, content)
            names.append(name)
        return names
    # what is stored is compressed already
    with zipfile.ZipFile(draft, "w", zipfile.ZIP_STORED) as archive:
        for name, content in contents(studio.store, record):
            if isinstance(content, Path):
                archive.write(content, name)
            else:
                archive.writestr(name, content)
        return archive.namelist()


def _put(target: Path, content: bytes | Path) -> None:
    if isinstance(content, Path):
        shutil.copyfile(content, target)
    else:
        target.write_bytes(content)


def _land(draft: Path, target: Path) -> bool:
    """Put the whole draft at `target`; False when something is there, also when it came there just now."""
    if draft.is_dir():
        try:
            draft.rename(target)
        except OSError:
            if not target.exists():
                raise
            return False
        return True
    try:
        os.link(draft, target)
    except FileExistsError:
        return False
    except OSError:  # a file system without links
        try:
            out = target.open("xb")
        except FileExistsError:
            return False
        try:
            with out, draft.open("rb") as whole:
                shutil.copyfileobj(whole, out)
        except BaseException:
            target.unlink(missing_ok=True)
            raise
    return True


def _targets(studio: Studio, a: ExportFilm) -> Iterator[Path]:
    """Where to write, never over a file: the path asked for, or numbered names in the data directory."""
    if a.path is not None:
        yield _target(studio, a.path)
        raise _taken(a.path)
    from shotwright.tools.studio.exports.package import file_of

    folder = studio.settings.home / "exports"
    suffix = {"folder": "", "zip": ".zip"}.get(a.format, Path(file_of(a.format)).suffix)
    for number in count(1):
        yield folder / f"{a.film_id}{f'-{number}' if number > 1 else ''}{suffix}"


def _target(studio: Studio, asked: str) -> Path:
    """The path asked for.  Raises BadRequest when it is outside the allowed roots, or taken."""
    try:
        target = Path(asked).expanduser().resolve()
        taken = target.exists()
    except (OSError, ValueError, RuntimeError) as error:
        raise _unwritable(asked, error) from error
    roots = [root.expanduser().resolve() for root in studio.settings.allowed_roots]
    if not allowed(roots, target):
        raise BadRequest(
            f"path {asked} lies outside the allowed roots, or in a hidden folder.",
            code="path_not_allowed",
            field="path",
            value=asked,
            allowed=[str(root) for root in roots],
            fix="choose a path inside them, or set SHOTWRIGHT_ALLOWED_ROOTS",
        )
    if taken:
        raise _taken(asked)
    return target


def _taken(path: str) -> BadRequest:
    return BadRequest(
        f"path {path} exists already.",
        code="conflict",
        field="path",
        value=path,
        allowed="a path that does not exist",
        fix="choose another name",
    )


def _unwritable(path: str, error: Exception) -> BadRequest:
    return BadRequest(
        f"path {path!r} cannot be written ({error}).",
        field="path",
        value=path,
        allowed="a file in a folder that can be written",
        fix="choose another path",
    )
