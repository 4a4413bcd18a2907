"""Weights on this machine: where a card's lie, and what is lacking.  Asks no hub, knows no torch.

A repository of the hub lies in the folder of models as in the hub's own cache, `models--ORG--NAME/snapshots/COMMIT`;
beside that are a record of its files, `COMMIT.json`, and while they come `partial/COMMIT`.  `pins.json` says which
commit was downloaded first of a source that a card names no commit of: every later download takes the same.
Try: python -m pytest tests/generator/test_downloads.py
"""

import json
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from shotwright.generator.catalog import Card
from shotwright.generator.errors import BadRequest, RenderFailed
from shotwright.generator.hub import RemoteFile

PINS = "pins.json"
"""In the folder of models: hub id, with @ and the card's branch or tag where it names one -> commit."""
INDEX = "model_index.json"
CLASSES: Mapping[str, tuple[str, ...]] = {
    "wan": ("WanPipeline", "WanImageToVideoPipeline", "WanVACEPipeline"),
    "ltx": ("LTXPipeline", "LTXImageToVideoPipeline", "LTXConditionPipeline"),
    "ltx2": ("LTX2Pipeline", "LTX2ImageToVideoPipeline", "LTX2ConditionPipeline", "PlacedLtx2"),
    "skyreels": (
        "SkyReelsV2DiffusionForcingPipeline",
        "SkyReelsV2DiffusionForcingImageToVideoPipeline",
        "SkyReelsV2DiffusionForcingVideoToVideoPipeline",
    ),
    "sana_wm": ("SanaWMPipeline",),
    "kolors": ("KolorsPipeline",),
    "z_image": ("ZImagePipeline",),
}
"""What a family's checkpoints may be saved as: the keys of its adapter's `classes`, here without torch."""

_HUB_ID = re.compile(r"\w[\w.-]*/\w[\w.-]*")
_COMMIT = re.compile(r"\w[\w.-]*")
_ANY = "*"


@dataclass(frozen=True)
class Need:
    """What a card is rendered with: its checkpoint, or a LoRA, which has a name.

    classes: of which the checkpoint may be, any where there are none; file: of the LoRA, in its source.
    """

    source: str
    revision: str = ""
    classes: tuple[str, ...] = ()
    lora: str = ""
    file: str = ""

    @property
    def key(self) -> str:
        """In a record: one repository may hold the checkpoint of one card and LoRAs of others."""
        return self.file or (_ANY if self.lora else "")

    @property
    def pin(self) -> str:
        """In the pins."""
        return f"{self.source}@{self.revision}" if self.revision else self.source


@dataclass(frozen=True)
class State:
    """How a need stands on this machine.

    kind: embedded, own (the user's files), hub, or none for a source that is nothing here and no hub id.
    folder: the checkpoint's, or the LoRA's file's; None where nothing is there.  why: what keeps it from use.
    total_bytes: of all its files, 0 where that is not known.  recorded: whether their hashes are known.
    """

    need: Need
    kind: str
    folder: Path | None
    why: str = ""
    revision: str = ""
    lacking: tuple[str, ...] = ()
    lacking_bytes: int = 0
    total_bytes: int = 0
    recorded: bool = False

    @property
    def ready(self) -> bool:
        return not self.why

    @property
    def word(self) -> str:
        """ready, partial, missing, or unfit: it is here and cannot be used."""
        if self.ready:
            return "ready"
        if self.folder is None:
            return "missing"
        return "partial" if self.lacking else "unfit"


def refuse(name: str, what: str, fix: str = "") -> RenderFailed:
    """The error for weights that cannot be used; name: the card's."""
    return RenderFailed(
        f"The weights of {name} cannot be used: {what}.",
        code="model_damaged",
        field="model",
        value=name,
        fix=fix or "install them again, or mend the card's source",
        retryable=False,
    )


def needs(card: Card) -> list[Need]:
    """The checkpoint first, then the LoRAs by name; none where an engine elsewhere renders."""
    if card.family == "engine":
        return []
    loras = sorted(card.loras.items())
    return [
        Need(card.source, card.revision, CLASSES.get(card.family, ())),
        *(Need(lora.source, lora=name, file=lora.file) for name, lora in loras),
    ]


def look(need: Need, models: Path) -> State:
    """Whether it can be loaded, by names and sizes; nothing is read whole and no hub asked."""
    scheme, _, inside = need.source.partition(":")
    if scheme == "shotwright":
        folder = Path(str(files("shotwright.generator").joinpath(inside)))
        return State(need, "embedded", folder, _unfit(need, folder))
    own = Path(os.path.expanduser(need.source))  # which leaves the home of nobody as it is
    if own.exists():
        return State(need, "own", own, _unfit(need, own))
    if not _on_hub(need.source):
        why = f"{need.source} is neither here nor the id of a repository on the hub"
        return State(need, "none", None, why)
    place = find(need, models)
    if place is None:
        return State(need, "hub", None, f"{need.source} is not downloaded yet")
    wanted = place.wanted(need)
    if not wanted:  # brought by another program, in the hub's own layout, if it is here at all
        if not place.snapshot.is_dir() or (need.file and not file_of(need, place.snapshot)):
            return State(
                need, "hub", None, f"{need.source} {need.file}".strip() + " is not downloaded yet"
            )
        return State(need, "hub", place.snapshot, _unfit(need, place.snapshot), place.commit)
    lacking = place.lacking(need, wanted)
    total = sum(file.size for file in wanted)
    to_come = sum(file.size - place.came(file) for file in lacking)
    named = ", ".join(file.path for file in lacking[:3]) + (", …" if len(lacking) > 3 else "")
    why = (
        f"the download of {need.source} has not ended: {size_of(to_come)} of {size_of(total)} are to come "
        f"({len(lacking)} of {len(wanted)} files: {named})"
    )
    return State(
        need,
        "hub",
        place.snapshot,
        why if lacking else _unfit(need, place.snapshot),
        place.commit,
        tuple(file.path for file in lacking),
        to_come,
        total,
        recorded=True,
    )


def file_of(need: Need, folder: Path) -> Path | None:
    """A LoRA's file: the one named, else the only one there."""
    if folder.is_file():
        return folder
    if need.file:
        return folder / need.file if (folder / need.file).is_file() else None
    found = sorted(folder.glob("*.safetensors"))
    return found[0] if len(found) == 1 else None


def _unfit(need: Need, folder: Path) -> str:
    """Why what lies in a folder cannot be used; empty when a look says that it can."""
    if need.lora:
        found = file_of(need, folder)
        named = need.file or "one .safetensors file"
        return "" if found is not None else f"{folder} does not hold {named}"
    if not (folder / INDEX).is_file():
        return f"no weights in {folder}"
    try:
        index = json.loads((folder / INDEX).read_text(encoding="utf-8"))
    except ValueError as error:
        return f"{folder / INDEX} is no JSON ({error})"
    if other := other_class(need, index):
        return other
    return "" if any(folder.rglob("*.safetensors")) else f"no safetensors in {folder}"


def other_class(need: Need, index: Any) -> str:
    """What is wrong with a checkpoint of another family than the card's; empty for one of the same."""
    found = index.get("_class_name") if isinstance(index, dict) else None
    if not need.classes or found in need.classes:
        return ""
    return f"{INDEX} names {found}, and the card's family has {', '.join(need.classes)}"


def _on_hub(source: str) -> bool:
    return bool(_HUB_ID.fullmatch(source)) and not source.endswith(".safetensors")


def find(need: Need, models: Path) -> "Place | None":
    """Where a repository lies, or has begun to: the commit that the card names, else the pinned one."""
    repository = repository_of(need, models)
    commit = pins(models).get(need.pin, need.revision)
    if not commit:
        # nothing says which: only where there is no choice
        found = sorted(repository.glob("snapshots/*"))
        commit = found[0].name if len(found) == 1 else ""
    if not _COMMIT.fullmatch(commit):
        return None  # it names a folder: a path in a card would lead out of here
    place = Place(repository, commit)
    return place if place.snapshot.is_dir() or place.record.is_file() else None


def repository_of(need: Need, models: Path) -> Path:
    """As the hub's own cache names it."""
    return models / f"models--{need.source.replace('/', '--')}"


def pins(models: Path) -> dict[str, str]:
    """As `PINS` tells.  Raises: BadRequest for a file that does not read."""
    path = models / PINS
    try:
        return dict(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else {}
    except (ValueError, TypeError) as error:
        raise BadRequest(
            f"{path} cannot be read: {error}; it holds one JSON object, hub id -> commit.",
            field="pins",
            value=str(path),
            fix="mend or remove the file",
        ) from error


class Place:
    """One commit of a repository on this machine."""

    def __init__(self, repository: Path, commit: str) -> None:
        self.repository, self.commit = repository, commit
        self.snapshot = repository / "snapshots" / commit
        self.partial = repository / "partial" / commit
        self.record = repository / f"{commit}.json"

    def wanted(self, need: Need) -> list[RemoteFile]:
        """The files that a need was found to consist of; empty where no download was begun."""
        told = self._read()["needs"].get(need.key, {})
        return [RemoteFile(path, f["size"], f["digest"]) for path, f in told.items()]

    def expect(self, need: Need, wanted: tuple[RemoteFile, ...]) -> None:
        """Put down what a need consists of; what is known to be whole stays so."""
        told = self._read()
        known = told["needs"].get(need.key, {})
        told["needs"][need.key] = {
            file.path: {
                "size": file.size,
                "digest": file.digest,
                "whole": bool(known.get(file.path, {}).get("whole"))
                and known[file.path]["digest"] == file.digest,
            }
            for file in wanted
        }
        self._write(told)

    def mark(self, need: Need, path: str, *, whole: bool) -> None:
        """Whether the file's bytes were found to be those of its hash."""
        told = self._read()
        told["needs"][need.key][path]["whole"] = whole
        self._write(told)

    def lacking(self, need: Need, wanted: Iterable[RemoteFile]) -> list[RemoteFile]:
        """Those that are not there, were not found whole once, or have another size now."""
        known = self._read()["needs"].get(need.key, {})
        return [
            file
            for file in wanted
            if not known.get(file.path, {}).get("whole")
            or size_in_bytes(self.snapshot / file.path) != file.size
        ]

    def part(self, file: RemoteFile) -> Path:
        return self.partial / f"{file.path}.part"

    def came(self, file: RemoteFile) -> int:
        """Bytes of an unfinished file."""
        return min(file.size, max(0, size_in_bytes(self.part(file))))

    def settle(self, file: RemoteFile) -> None:
        """Put a file that came whole into its place."""
        target = self.snapshot / file.path
        target.parent.mkdir(parents=True, exist_ok=True)
        with self.part(file).open("rb+") as part:
            os.fsync(part.fileno())
        self.part(file).replace(target)

    def forget(self, need: Need) -> None:
        """Take a need out of the record, and the record away with the last."""
        told = self._read()
        told["needs"].pop(need.key, None)
        if told["needs"]:
            self._write(told)
        else:
            self.record.unlink(missing_ok=True)

    @property
    def empty(self) -> bool:
        """Whether no need is recorded to have files here."""
        return not self._read()["needs"]

    def _read(self) -> dict[str, Any]:
        """The record; one that does not read counts as none, and the files are hashed anew."""
        try:
            told = json.loads(self.record.read_text(encoding="utf-8"))
            return {"revision": self.commit, "needs": dict(told["needs"])}
        except (OSError, ValueError, LookupError, TypeError):
            return {"revision": self.commit, "needs": {}}

    def _write(self, told: dict[str, Any]) -> None:
        write_json(self.record, told)


def cure(card: Card) -> str:
    """What brings a card's weights."""
    return f"shotwright models --download {card.name}"


def size_in_bytes(path: Path) -> int:
    """-1 where there is no file."""
    try:
        return path.stat().st_size
    except OSError:
        return -1


def size_of(count: int) -> str:
    """Bytes in words."""
    for unit, size in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if count >= size:
            return f"{count / size:.3g} {unit}"
    return f"{count} bytes"


def write_json(path: Path, data: Any) -> None:
    """At once or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.write_text(json.dumps(data, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    beside.replace(path)
