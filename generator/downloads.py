"""Weights from the hub: which files of a repository a card needs, fetched, verified, removed.  Knows no torch.

What is asked of the hub and how bytes come is `hub`'s; where they lie and what is lacking is `weights`'.
Try: python -m pytest tests/generator/test_downloads.py
"""

import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from shotwright.generator.catalog import LORAS, Card
from shotwright.generator.errors import BadRequest, Conflict
from shotwright.generator.hub import (
    COMMIT,
    Hub,
    Listing,
    RemoteFile,
    Told,
    digest_of,
    disk_full,
)
from shotwright.generator.weights import (
    INDEX,
    PINS,
    Need,
    Place,
    State,
    cure,
    file_of,
    find,
    look,
    needs,
    other_class,
    pins,
    refuse,
    repository_of,
    size_in_bytes,
    size_of,
    write_json,
)

SPARE_BYTES = 500 << 20
"""Left free on the disk: a render needs room too."""

_PART = re.compile(r"\w[\w-]*")
_FILE = re.compile(r"\w[\w.-]*")
_WEIGHTS = re.compile(r"(?:diffusion_pytorch_model|model)(?:\.(\w+))?(?:-\d+-of-\d+)?\.safetensors")
_TEXTS = (".json", ".txt", ".model", ".jinja")
_PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle")


@dataclass(frozen=True)
class Removed:
    """bytes: freed; kept: LoRAs that another card here is rendered with too; shared: cards that lost their weights."""

    bytes: int
    kept: tuple[str, ...]
    shared: tuple[str, ...]


def download(
    card: Card,
    need: Need,
    models: Path,
    hub: Hub,
    *,
    told: Told,
    free: Callable[[Path], int] = lambda folder: shutil.disk_usage(folder).free,
) -> State:
    """Bring what is lacking of a need, each file checked against its hash; the state then.

    free: bytes that a folder's disk takes.  Nothing is asked of the hub when all is here.  Raises: BadRequest for a
    source that is on no hub, RenderFailed (model_damaged) for a repository or a folder of the user's that the card
    cannot use, else as `Hub`.
    """
    state = look(need, models)
    if state.kind == "none":
        raise BadRequest(
            f"{state.why}.",
            field="source",
            value=need.source,
            allowed="a folder or .safetensors file of yours, or ORG/NAME of the hub",
            fix=f"mend the source in {card.name}'s card" + (f" or in {LORAS}" if need.lora else ""),
        )
    if state.kind != "hub" and not state.ready:
        raise refuse(
            card.name, state.why, f"put them there, or mend the source in {card.name}'s card"
        )
    if state.kind != "hub" or (state.ready and state.recorded):
        return state
    with _alone(need.source, models, told):
        state = look(need, models)
        if state.ready and state.recorded:  # another process has brought it meanwhile
            return state
        commit = pins(models).get(need.pin, need.revision)
        listing = hub.listing(need.source, commit, told)
        wanted = _wanted(card, need, listing, hub, told)
        place = Place(repository_of(need, models), listing.commit)
        lacking = place.lacking(need, wanted)
        _check_room(place, lacking, free(models))
        told.begin(need.source, sum(file.size for file in lacking))
        for file in lacking:
            if not _here_already(place, file, told):
                try:
                    hub.fetch(listing, file, place.part(file), told)
                except BaseException:
                    if place.came(file):  # the next download goes on with this commit
                        _begun(need, place, wanted, models, told)
                    raise
                place.settle(file)
            _begun(need, place, wanted, models, told)
            place.mark(need, file.path, whole=True)
        _begun(need, place, wanted, models, told)
        shutil.rmtree(place.partial, ignore_errors=True)
        with suppress(OSError):  # another commit may have begun
            place.partial.parent.rmdir()
    return look(need, models)


def _here_already(place: Place, file: RemoteFile, told: Told) -> bool:
    """Whether the snapshot has the file, from another program or another need."""
    path = place.snapshot / file.path
    if size_in_bytes(path) != file.size:
        return False
    if str(digest_of(path, file, told.advance)) == file.digest:
        return True
    told.advance(-file.size)
    return False


def _check_room(place: Place, lacking: list[RemoteFile], free: int) -> None:
    """Raises: DownloadFailed (disk_full) where the files and some room to spare do not fit."""
    absent = [f for f in lacking if size_in_bytes(place.snapshot / f.path) != f.size]
    to_come = sum(file.size - place.came(file) for file in absent)
    if to_come and to_come + SPARE_BYTES > free:
        raise disk_full(
            f"{size_of(to_come)} are to come to {place.repository}, with {size_of(SPARE_BYTES)} to spare, "
            f"and {size_of(free)} are free"
        )


def _begun(
    need: Need, place: Place, wanted: tuple[RemoteFile, ...], models: Path, told: Told
) -> None:
    """Put down what the need consists of, and pin the commit for a card that names none: something of it is here."""
    place.expect(need, wanted)
    if COMMIT.fullmatch(need.revision):
        return
    with _alone("pins", models, told):
        known = pins(models)
        if need.pin not in known:
            write_json(models / PINS, {**known, need.pin: place.commit})


def _wanted(
    card: Card, need: Need, listing: Listing, hub: Hub, told: Told
) -> tuple[RemoteFile, ...]:
    """The files to bring, small ones first: the index of a checkpoint last, so that none looks whole before it is."""
    if need.lora:
        return (_lora_file(card, need, listing),)
    if INDEX not in {file.path for file in listing.files}:
        kinds = {PurePosixPath(file.path).suffix for file in listing.files}
        pickled = kinds.intersection(_PICKLES) and ".safetensors" not in kinds
        raise refuse(
            card.name,
            f"{need.source} holds pickles only, which can run code when they are read"
            if pickled
            else f"{need.source} has no {INDEX}: it is no checkpoint of diffusers",
            "take a repository in the layout of diffusers, with safetensors",
        )
    index = hub.index(listing, told)
    if other := other_class(need, index):
        raise refuse(card.name, other, "mend the family or the source in the card")
    chosen = [file for part in _parts(index) for file in _of_part(card, part, listing)]
    first = sorted(chosen, key=lambda file: file.size)
    return (*first, *(file for file in listing.files if file.path == INDEX))


def _parts(index: Mapping[str, Any]) -> list[str]:
    """The folders that a pipeline consists of; one that it was saved without is [null, null]."""
    return [
        name
        for name, entry in index.items()
        if isinstance(entry, list) and all(entry) and _PART.fullmatch(name)
    ]


def _of_part(card: Card, part: str, listing: Listing) -> list[RemoteFile]:
    """One folder's files: its weights once, as plain ones or else as 16-bit halves, and its texts."""
    inside = {
        name: file
        for file in listing.files
        if file.path == f"{part}/{(name := PurePosixPath(file.path).name)}"
        and _FILE.fullmatch(name)
    }
    by_variant: dict[str | None, list[RemoteFile]] = {}
    for name, file in inside.items():
        if match := _WEIGHTS.fullmatch(name):
            by_variant.setdefault(match[1], []).append(file)
    halves = None not in by_variant
    weights = by_variant.get("fp16" if halves else None, [])
    foreign = sorted(name for name in inside if name.endswith(_PICKLES))
    if not inside or (foreign and not weights):
        raise refuse(
            card.name,
            f"{listing.source} has {part}/{foreign[0]} and no safetensors there; a pickle can run code when it is read"
            if foreign
            else f"{INDEX} of {listing.source} names {part}, and there is no such folder",
            "take a repository that has all parts as safetensors",
        )
    texts = [
        file
        for name, file in inside.items()
        if name.endswith(_TEXTS) and not _of_other_weights(name, halves)
    ]
    return weights + texts


def _of_other_weights(name: str, halves: bool) -> bool:
    """Whether it is an index of shards that are not brought."""
    return ".index." in name and ("safetensors" not in name or ("fp16" in name) != halves)


def _lora_file(card: Card, need: Need, listing: Listing) -> RemoteFile:
    named = [file for file in listing.files if file.path == need.file]
    loose = [file for file in listing.files if re.fullmatch(r"\w[\w.-]*\.safetensors", file.path)]
    found = named if need.file else loose
    safe = need.file.endswith(".safetensors") and not PurePosixPath(need.file).is_absolute()
    if len(found) == 1 and (not need.file or (safe and ".." not in need.file.split("/"))):
        return found[0]
    offered = ", ".join(file.path for file in loose[:8]) or "none"
    raise refuse(
        f"{card.name}'s LoRA {need.lora}",
        f"{need.source} has no file {need.file!r} of safetensors"
        if need.file
        else f"{need.source} has {len(loose)} .safetensors files and not one",
        f"name the file in the card or in loras.toml; there are: {offered}",
    )


def verify(card: Card, need: Need, models: Path, *, told: Told) -> State:
    """Read every file of a need and compare it with its hash, where it was downloaded here and has one.

    What is damaged counts as lacking from then on.
    Raises: RenderFailed (model_damaged) naming the files.
    """
    state = look(need, models)
    if not state.ready or state.folder is None:
        mendable = state.kind != "none" and state.word != "unfit"  # by a download
        raise refuse(card.name, state.why, cure(card) if mendable else "")
    if not state.recorded:
        return state
    with _alone(need.source, models, told):
        damaged = _damaged(need, state.folder, told)
    if damaged:
        raise refuse(card.name, f"{', '.join(damaged)} of {need.source} are damaged", cure(card))
    return state


def _damaged(need: Need, folder: Path, told: Told) -> list[str]:
    """The files whose bytes are not those of their hash; they count as lacking from now on."""
    place = Place(folder.parents[1], folder.name)
    wanted = place.wanted(need)
    told.begin(f"reading {need.source}", sum(file.size for file in wanted))
    damaged = []
    for file in wanted:
        if str(digest_of(place.snapshot / file.path, file, told.advance)) != file.digest:
            place.mark(need, file.path, whole=False)
            damaged.append(file.path)
    return damaged


def remove(card: Card, others: Mapping[str, Card], models: Path, *, told: Told) -> Removed:
    """Take a card's downloaded files away; others: all cards, whose files stay.

    The pin stays: another download brings the same files.  Raises: Conflict for what is not of this folder.
    """
    rest = [other for other in others.values() if other.name != card.name]
    ready = [other for other in rest if _checkpoint_ready(other, models)]
    used = {(need.source, need.key) for other in ready for need in needs(other) if need.lora}
    freed, kept = 0, []
    for need in needs(card):
        if look(need, models).kind != "hub":
            continue
        if need.lora and (need.source, need.key) in used:
            kept.append(need.lora)
            continue
        with _alone(need.source, models, told):
            freed += _remove(need, models)
    lost = [other.name for other in ready if not _checkpoint_ready(other, models)]
    return Removed(freed, tuple(kept), tuple(lost))


def _checkpoint_ready(card: Card, models: Path) -> bool:
    first = next(iter(needs(card)), None)
    return first is not None and look(first, models).ready


def _remove(need: Need, models: Path) -> int:
    """Bytes freed."""
    repository, place = repository_of(need, models), find(need, models)
    if not repository.resolve().is_relative_to(models.resolve()):
        raise Conflict(
            f"{repository} leads out of {models}, and nothing is removed there.",
            field="model",
            value=need.source,
            fix="remove it by hand",
        )
    before = _tree_bytes(repository)
    if place is not None:
        wanted = place.wanted(need)
        gone = [path for f in wanted for path in (place.snapshot / f.path, place.part(f))]
        if need.lora and not wanted and (lora := file_of(need, place.snapshot)) is not None:
            gone = [lora]
        for path in gone:
            path.unlink(missing_ok=True)
        place.forget(need)
        if place.empty and not need.lora:
            shutil.rmtree(place.snapshot, ignore_errors=True)
    _sweep(repository)
    return before - _tree_bytes(repository)


def _sweep(repository: Path) -> None:
    """Remove what no snapshot names any more: blobs of the hub's own cache, and the repository when it is empty."""
    links = [path for path in repository.glob("snapshots/**/*") if path.is_symlink()]
    named = {path.resolve() for path in links}
    for blob in repository.glob("blobs/*"):
        if blob.resolve() not in named:
            blob.unlink()
    kept = (*repository.glob("snapshots/**/*"), *repository.glob("*.json"))
    if not any(path.is_file() for path in kept):
        shutil.rmtree(repository, ignore_errors=True)


def _tree_bytes(folder: Path) -> int:
    """Of the files in a folder, without those that links lead to."""
    return sum(
        path.lstat().st_size for path in folder.rglob("*") if path.is_file() or path.is_symlink()
    )


@contextmanager
def _alone(what: str, models: Path, told: Told) -> Iterator[None]:
    """One process at a time at a repository, or at the pins; who comes second waits, and is told so."""
    from filelock import FileLock, Timeout

    folder = models / ".locks"
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / f"{what.replace('/', '--')}.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        told.say(f"another process is at {what}; waiting for it")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()
