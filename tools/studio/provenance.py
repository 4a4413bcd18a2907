"""What a clip says of its origin, read back and compared: what holds, what is missing, what is broken.

A clip is held against its slate where there is one (a take's or film's record in the store, or the
sidecar beside the file), else against what the file says itself.
Try: python -m pytest tests/tools/studio/test_provenance.py
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from shotwright.generator.errors import BadRequest
from shotwright.tools.studio.signing import read_signature
from shotwright.tools.studio.slates import SOURCE_TYPE, Slate, canonical_json, mp4_metadata

AIGC_KEYS = ("Label", "ContentProducer", "ProduceID", "ContentPropagator", "PropagateID")
"""What the object of GB 45438-2025 must hold, beside its two reserved codes."""
MAX_SIDECAR = 1 << 20

State = Literal["holds", "missing", "broken"]


@dataclass(frozen=True)
class Expected:
    """What is known of the clip from elsewhere: from a slate in the store, or a sidecar beside the file."""

    source: Literal["slate", "sidecar"]
    slate_digest: str
    likeness: Mapping[str, str] | None
    label: str


def expected_of(slate: Slate) -> Expected:
    """What a take's slate says of its clip."""
    metadata = mp4_metadata(
        request=slate.request,
        model=slate.model,
        revision=slate.revision,
        seed=slate.seed,
        prompt=slate.prompt,
    )
    label = str(slate.request.get("label", "none"))
    return Expected("slate", metadata["SlateDigest"], slate.likeness, label)


def expected_of_film(record: Mapping[str, Any]) -> Expected:
    """What a film's record says of its clip."""
    label = str(record["look"].get("label", "none"))
    return Expected("slate", record["metadata"]["SlateDigest"], record["likeness"], label)


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
        return Expected("sidecar", found.slate_digest, found.likeness, found.label)
    return None


def provenance(
    path: Path, metadata: Mapping[str, str], count: int, fps: float, known: Expected | None
) -> dict[str, Any]:
    """Everything that the file at `path` says of its origin, and whether it is so.

    metadata: the container's; count: its frames, which are read one by one.
    """
    from shotwright.generator.provenance import read_seal

    seal = read_seal(path)
    sources = [found for found in (metadata.get("DigitalSourceType"), seal.source_type) if found]
    aigc = _aigc([text for text in (metadata.get("AIGC"), seal.aigc) if text])
    facts, slate_state = _slate(metadata, seal.slate_digest, aigc, known)
    picture = _picture(path, count, seal.track, seal.thumbs, known)
    label = _label(path, count, fps)
    signed = read_signature(path)
    states: dict[str, State] = {
        "source_type": _state(bool(sources), set(sources) == {SOURCE_TYPE}),
        "aigc": _state(aigc is not None, all((aigc or {}).get(k) for k in AIGC_KEYS)),
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


def _slate(
    metadata: Mapping[str, str],
    sealed: str | None,
    aigc: Mapping[str, Any] | None,
    known: Expected | None,
) -> tuple[dict[str, Any] | None, State]:
    """What the file says that it was made from, and whether that is what its digest was taken of."""
    stated = {digest for digest in (metadata.get("SlateDigest"), sealed) if digest}
    try:
        facts = json.loads(metadata.get("description", ""))
        digest = hashlib.sha256(canonical_json(facts).encode("ascii")).hexdigest()
        shown = {name: facts.get(name) for name in ("model", "revision", "seed", "prompt")}
    except (ValueError, BadRequest, AttributeError):
        facts, digest, shown = None, None, None
    if not stated and facts is None:
        return None, "missing"
    wanted = stated | ({digest} if digest else set())
    if known is not None:
        wanted.add(known.slate_digest)
    if aigc and metadata.get("SlateDigest"):
        wanted.add(str(aigc.get("ProduceID")))
    if facts is None or not stated:
        return shown, "missing" if len(wanted) == 1 else "broken"
    return {**(shown or {}), "digest": digest}, _state(True, len(wanted) == 1)


def _picture(
    path: Path, count: int, track: str | None, thumbs: str | None, known: Expected | None
) -> dict[str, Any]:
    """Whether the picture is the one that was made: bit for bit, and as an eye would say."""
    from shotwright.generator import provenance as files
    from shotwright.generator.encode import iter_frames
    from shotwright.tools.studio.formats import MAX_FRAME_PIXELS

    against = None if track is None else "file"
    if known is not None and known.likeness:
        track, thumbs, against = known.likeness["track"], known.likeness["thumbs"], known.source
    if against is None or thumbs is None:
        return {"against": None, "identical": None, "same": None, "difference": None}
    try:
        frames = iter_frames(path, max_frames=count, max_pixels=MAX_FRAME_PIXELS)
        away = files.difference(files.thumbs(frames, count), thumbs)
    except BadRequest:
        return {"against": against, "identical": False, "same": False, "difference": None}
    same = away <= files.SAME
    return {
        "against": against,
        "identical": files.track_digest(path) == track,
        "same": same,
        "difference": round(away, 2),
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
