"""What a clip says of its origin, read back and compared: what holds, what is missing, what is broken.

A clip is held against its slate where there is one: a take's or film's record in the store, or the sidecar beside the
file; for a file that came from elsewhere, the record whose digest it names, or, where it names none, whose picture it
shows.  Else it is held against what the file says itself.
Try: python -m pytest tests/tools/studio/test_provenance.py
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import ValidationError

from shotwright.generator.errors import BadRequest, NotFound
from shotwright.tools.studio.assets import Store
from shotwright.tools.studio.signing import read_signature
from shotwright.tools.studio.slates import MAKER, SOURCE_TYPE, Slate, canonical_json, mp4_metadata

if TYPE_CHECKING:
    from shotwright.generator.provenance import Seal

AIGC_KEYS = ("Label", "ContentProducer", "ProduceID", "ContentPropagator", "PropagateID")
"""What the object of GB 45438-2025 must hold, beside its two reserved codes."""
MAX_SIDECAR = 1 << 20
MAX_RECORDS = 2_000
"""Newest takes and films of the store that a file from elsewhere is compared with."""
ALIKE = 3.0
"""Difference of thumbnails up to which a file that names nothing is taken for a clip of the store: half of what is the
same for one that does.  Poor re-encoding makes 0.3 to 3."""

State = Literal["holds", "missing", "broken"]


@dataclass(frozen=True)
class Expected:
    """What is known of the clip from elsewhere: from its slate, from a sidecar beside the file, or from the record of
    the store that it was recognised as.
    """

    source: Literal["slate", "sidecar", "store"]
    id: str
    slate_digest: str
    likeness: Mapping[str, str] | None
    label: str
    duration_s: float


def expected_of(slate: Slate) -> Expected:
    """What a take's slate says of its clip."""
    metadata = mp4_metadata(
        request=slate.request,
        model=slate.model,
        revision=slate.revision,
        seed=slate.seed,
        prompt=slate.prompt,
    )
    return Expected(
        *("slate", slate.take_id, metadata["SlateDigest"], slate.likeness, slate.label),
        duration_s=slate.duration_s,
    )


def expected_of_film(record: Mapping[str, Any]) -> Expected:
    """What a film's record says of its clip."""
    label, digest = str(record["look"].get("label", "none")), record["metadata"]["SlateDigest"]
    return Expected(
        *("slate", str(record["film_id"]), digest, record["likeness"], label),
        duration_s=float(record["duration_s"]),
    )


def sidecar_of(path: Path, may_read: Callable[[Path], bool]) -> Expected | None:
    """What the slate beside a file says: of the same name, or in the folder `slates` as `export_film` lays it."""
    for name in (path.with_suffix(".json"), path.parent.parent / "slates" / f"{path.stem}.json"):
        try:
            place = name.resolve()
            if not may_read(place) or place.stat().st_size > MAX_SIDECAR:
                continue
            data = json.loads(place.read_text(encoding="utf-8"))
            found = expected_of_film(data) if "film_id" in data and "take_id" not in data else None
            found = found or expected_of(Slate.model_validate(data))
        except (OSError, ValueError, ValidationError, KeyError, TypeError, AttributeError):
            continue
        return replace(found, source="sidecar")
    return None


def recognised(
    store: Store, path: Path, metadata: Mapping[str, str], count: int
) -> Expected | None:
    """The take or film of the store that a file from elsewhere is a copy of, however it was changed.

    It is the one that the file names by its digest; where the file names none, its metadata lost, the one whose picture
    is most like its own.  metadata: the container's; count: its frames.
    """
    from shotwright.generator.encode import iter_frames
    from shotwright.generator.provenance import difference, read_seal, thumbs
    from shotwright.tools.studio.formats import MAX_FRAME_PIXELS

    said, seal = _folded(metadata), read_seal(path)
    aigc = _aigc([text for text in (said.get("aigc"), seal.aigc) if text]) or {}
    named = {said.get("slatedigest"), seal.slate_digest, aigc.get("ProduceID")} - {None, ""}
    if named:
        return next((known for known in _kept(store) if known.slate_digest in named), None)
    try:
        seen = thumbs(iter_frames(path, max_frames=count, max_pixels=MAX_FRAME_PIXELS), count)
    except BadRequest:
        return None
    near, away = None, ALIKE
    for known in _kept(store):
        if known.likeness and (found := difference(seen, known.likeness["thumbs"])) <= away:
            near, away = known, found
    return near


def _kept(store: Store) -> Iterator[Expected]:
    """What the store's newest films and takes say; pictures are none of them."""
    for kind in ("films", "takes"):
        for id in store.list_records(kind)[:MAX_RECORDS]:
            with suppress(
                NotFound, ValidationError, KeyError
            ):  # deleted since, or of an older version
                record = store.read_record(kind, id)
                known = (
                    expected_of_film(record)
                    if kind == "films"
                    else expected_of(Slate.model_validate(record))
                )
                if record["frames"] > 1:
                    yield replace(known, source="store")


def provenance(
    path: Path, metadata: Mapping[str, str], count: int, fps: float, known: Expected | None
) -> dict[str, Any]:
    """Everything that the file at `path` says of its origin, and whether it is so.

    metadata: the container's; count: its frames, which are read one by one.
    """
    from shotwright.generator.provenance import read_seal

    said, seal = _folded(metadata), read_seal(path)
    sources = [found for found in (said.get("digitalsourcetype"), seal.source_type) if found]
    aigc = _aigc([text for text in (said.get("aigc"), seal.aigc) if text])
    facts, slate_state = _slate(said, seal.slate_digest, aigc, known)
    picture = _picture(path, count, fps, seal, known)
    label = _label(path, count, fps)
    signed = read_signature(path)
    states: dict[str, State] = {
        "source_type": _state(bool(sources), set(sources) == {SOURCE_TYPE}),
        "aigc": _state(aigc is not None, _is_aigc(aigc or {})),
        "slate_digest": slate_state,
        "picture": _state(picture["same"] is not None, bool(picture["same"])),
        "c2pa": _state(signed["state"] not in ("none", "unknown"), signed["state"] != "Invalid"),
    }
    if known is not None and known.label != "none":
        states["visible_label"] = _state(label != "none", label in (known.label, "always"))
    return {
        **{
            state: [name for name, found in states.items() if found == state]
            for state in ("holds", "missing", "broken")
        },
        "source_type": sources[0] if sources else None,
        "aigc": aigc,
        "slate": facts,
        "picture": picture,
        "visible_label": label,
        "c2pa": signed,
    }


def _folded(metadata: Mapping[str, str]) -> dict[str, str]:
    """Names in small letters: Matroska writes all of them large."""
    return {name.casefold(): value for name, value in metadata.items()}


def _state(there: bool, right: bool) -> State:
    if not there:
        return "missing"
    return "holds" if right else "broken"


def _aigc(texts: Sequence[str]) -> dict[str, Any] | None:
    """The `AIGC` object; {} when it is there and cannot be read, or two of them differ."""
    if not texts:
        return None
    found = []
    for text in texts:
        try:
            data = json.loads(text)
            data = data.get("AIGC", data)
            found.append({str(key): str(value)[:500] for key, value in data.items()})
        except (ValueError, AttributeError):
            return {}
    return found[0] if all(one == found[0] for one in found) else {}


def _is_aigc(found: Mapping[str, Any]) -> bool:
    """Whether an `AIGC` object says all that it must: made by an AI, or that it may be; of ours, only the first."""
    labels = ("1",) if found.get("ContentProducer") == MAKER else ("1", "2", "3")
    return all(found.get(key) for key in AIGC_KEYS) and found["Label"] in labels


def _slate(
    said: Mapping[str, str],
    sealed: str | None,
    aigc: Mapping[str, Any] | None,
    known: Expected | None,
) -> tuple[dict[str, Any] | None, State]:
    """What the file says that it was made from, and whether that is what its digest was taken of."""
    stated = {digest for digest in (said.get("slatedigest"), sealed) if digest}
    try:
        facts = json.loads(said.get("description", ""))
        digest = hashlib.sha256(canonical_json(facts).encode("ascii")).hexdigest()
        shown = {name: facts.get(name) for name in ("model", "revision", "seed", "prompt")}
    except (ValueError, BadRequest, AttributeError):
        facts, digest, shown = None, None, None
    if not stated and facts is None:
        return None, "missing"
    wanted = stated | ({digest} if digest else set())
    if known is not None:
        wanted.add(known.slate_digest)
    if aigc and said.get("slatedigest"):
        wanted.add(str(aigc.get("ProduceID")))
    if facts is None or not stated:
        return shown, "missing" if len(wanted) == 1 else "broken"
    return {**(shown or {}), "digest": digest}, _state(True, len(wanted) == 1)


def _picture(
    path: Path, count: int, fps: float, seal: "Seal", known: Expected | None
) -> dict[str, Any]:
    """Whether the picture is the one that was made: bit for bit, and as an eye would say.

    lacks_s: how much longer the clip of the slate is; below 0, how much shorter.
    """
    from shotwright.generator import provenance as files
    from shotwright.generator.encode import iter_frames
    from shotwright.tools.studio.formats import MAX_FRAME_PIXELS

    track, thumbs, lacks_s = seal.track, seal.thumbs, 0.0
    found = {"against": None if track is None else "file", "of": None}
    if known is not None and known.likeness:
        track, thumbs = known.likeness["track"], known.likeness["thumbs"]
        found = {"against": known.source, "of": known.id}
        lacks_s = known.duration_s - count / fps
        # a container's rounded rate makes no difference of a frame
        lacks_s = round(lacks_s, 3) if abs(lacks_s) > max(1.5 / fps, 0.01 * count / fps) else 0.0
    if thumbs is None or found["against"] is None:
        unknown = dict.fromkeys(("identical", "same", "difference", "lacks_s"))
        return {"against": None, "of": None, **unknown}
    try:
        frames = iter_frames(path, max_frames=count, max_pixels=MAX_FRAME_PIXELS)
        away = files.difference(files.thumbs(frames, count), thumbs)
    except BadRequest:
        return {**found, "identical": False, "same": False, "difference": None, "lacks_s": lacks_s}
    return {
        **found,
        "identical": files.track_digest(path) == track,
        "same": away <= files.SAME and not lacks_s,
        "difference": round(away, 2),
        "lacks_s": lacks_s,
    }


def _label(path: Path, count: int, fps: float) -> str:
    """Which visible mark the clip carries: none, start, or always."""
    from shotwright.generator.encode import read_frames
    from shotwright.tools.studio.formats import MAX_FRAME_PIXELS
    from shotwright.tools.studio.pictures import is_marked, marked_frames

    start = marked_frames("start", count, fps)
    numbers = sorted({0, start - 1, (start + count - 1) // 2, count - 1})
    pictures = read_frames(path, numbers, max_pixels=MAX_FRAME_PIXELS)
    seen = {number: is_marked(frame) for number, frame in zip(numbers, pictures, strict=True)}
    if all(seen.values()):
        return "always"
    return "start" if seen[0] and seen[start - 1] else "none"
