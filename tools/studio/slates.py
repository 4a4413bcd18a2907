"""The slate: everything that is known of a take, kept as its record and good to render it again.

Knows no rendering and no jobs.  A slate is written once, after its blobs; the store's `takes/` records are the truth,
which `library` lists and searches.
What an MP4 carries of it is only what the same request always gives.
Try: python -m pytest tests/tools/studio/test_slates.py
"""

import hashlib
import json
import math
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, Field

from shotwright.generator.errors import BadRequest, NotFound
from shotwright.tools.studio.assets import Store
from shotwright.tools.studio.wire import DELIVERY

MAKER = "Shotwright"
SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
"""IPTC's word for media made by a trained model."""
_MEDIA = ("image", "last_image", "images", "video")

_WIRE = (
    "width", "height", "frames", "fps", "duration_s", "seed", "model", "prompt", "adjustments",
    "warnings", "unknown_words", "timings", "camera", "seams", "endpoints",
    "picture", "drift",
)  # fmt: skip


class _Part(BaseModel):
    # A record of a newer version is read as far as it is understood.
    model_config = ConfigDict(frozen=True, extra="ignore")


class Adjustment(_Part):
    """A value that was not used as it was asked, and why."""

    field: str
    asked: Any
    used: Any
    reason: str


class Warned(_Part):
    """Something the caller should know, with a code to act on."""

    code: str
    message: str


class Blobs(_Part):
    """Keys in the store: the clip (MP4), its lossless tail, its contact sheet and poster.

    clean: the clip without the visible label, where it has one: a film puts its own on.
    """

    clip: str
    clean: str | None = None
    tail: str | None = None
    sheet: str | None = None
    poster: str | None = None


class Slate(_Part):
    """The record of one take.

    `request` is the caller's, verbatim, and `verb` the one it was given to: together they render
    again.  `words` are the texts before the compiled `prompt`: the user's `original`, the `text`
    that was to be filmed, and who wrote it (`writer`, `why`, `diff`).  `effective` are the values
    used, `parents` the ids it was made from, `timings` seconds, `camera`, `seams` and `endpoints` as they go over
    the wire, `created_at` ISO 8601 in UTC, `likeness` what the picture is known again by.
    """

    take_id: str
    verb: str
    request: dict[str, Any]
    words: dict[str, Any] = Field(default_factory=dict)
    prompt: str
    negative_prompt: str = ""
    model: str
    revision: str | None = None
    seed: int
    width: int
    height: int
    frames: int
    fps: float
    duration_s: float
    effective: dict[str, Any] = Field(default_factory=dict)
    adjustments: tuple[Adjustment, ...] = ()
    warnings: tuple[Warned, ...] = ()
    unknown_words: tuple[str, ...] = ()
    camera: dict[str, Any] | None = None
    seams: tuple[dict[str, Any], ...] = ()
    endpoints: dict[str, Any] | None = None
    picture: dict[str, Any] | None = None
    drift: dict[str, Any] | None = None
    likeness: dict[str, str] | None = None
    parents: tuple[str, ...] = ()
    timings: dict[str, float] = Field(default_factory=dict)
    versions: dict[str, str] = Field(default_factory=dict)
    blobs: Blobs
    created_at: datetime
    job_id: str | None = None
    film_id: str | None = None

    @property
    def label(self) -> str:
        """Which visible mark the clip carries: the asked one, or that of the clip it was made from."""
        return str(self.effective.get("label", self.request.get("label", "none")))

    def save(self, store: Store) -> None:
        """Make the take visible.  Its blobs must be in the store."""
        store.write_record("takes", self.take_id, self.model_dump(mode="json"))

    def to_take(self, store: Store, base_url: str | None) -> dict[str, Any]:
        """The take as it goes over the wire.

        base_url: where the HTTP front is reached, None without one; then `url` is null, as `path`
        is when the store is a bucket.
        """
        path = store.local_path(self.blobs.clip)
        suffix = self.blobs.clip.rpartition(".")[2]
        facts = self.model_dump(mode="json")
        return {
            "take_id": self.take_id,
            "path": None if path is None else str(path),
            "url": base_url and f"{base_url.rstrip('/')}/files/{quote(self.take_id)}.{suffix}",
            "resource_uri": f"shotwright://takes/{self.take_id}",
            **{name: facts[name] for name in _WIRE},
            "seams": _told([{**seam, **_tries(seam)} for seam in facts["seams"]]),
            "drift": _told(facts["drift"]),
        }


def _tries(seam: dict[str, Any]) -> dict[str, Any]:
    """A seam's tries with what tells them apart: a model reads each of a long clip's."""
    tries = seam.get("tries", ())
    names = ("seed", "shows", "pass")
    return {"tries": [{name: one[name] for name in names} for one in tries]} if tries else {}


def _told(value: Any) -> Any:
    """Figures to four digits; the slate keeps them as they were measured."""
    if isinstance(value, float):
        return float(f"{value:.4g}")
    if isinstance(value, dict):
        return {key: _told(part) for key, part in value.items()}
    return [_told(part) for part in value] if isinstance(value, list) else value


def read_slate(store: Store, take_id: str) -> Slate:
    """The slate of a take.

    Raises: NotFound.
    """
    return Slate.model_validate(store.read_record("takes", take_id))


def read_kept(store: Store, take_ids: Iterable[str]) -> list[Slate]:
    """The slates of those takes that are still there, in their order: any may have been deleted since."""
    kept = []
    for take_id in take_ids:
        with suppress(NotFound):
            kept.append(read_slate(store, take_id))
    return kept


def canonical_json(value: Any) -> str:
    """The one way to write `value` as JSON: keys sorted, no spaces, ASCII, 2.0 as 2.

    Raises: BadRequest for a number that is not finite, or a value that is not JSON.
    """
    try:
        return json.dumps(_canonical(value), sort_keys=True, separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise BadRequest(
            f"The request is not plain JSON: {error}.",
            fix="Use strings, finite numbers, booleans, null, lists and objects only.",
        ) from error


def request_digest(request: Mapping[str, Any]) -> str:
    """SHA-256 in hex of the request's canonical JSON: equal requests, equal digests.

    Raises: BadRequest when it is not JSON.
    """
    return hashlib.sha256(canonical_json(request).encode("ascii")).hexdigest()


def mp4_metadata(
    *, request: Mapping[str, Any], model: str, revision: str | None, seed: int, prompt: str
) -> dict[str, str]:
    """What the MP4 of a take says of itself: the same for the same request, at any time and place.

    It says that the clip is AI-made in IPTC's word and in the `AIGC` object of GB 45438-2025, whose
    Label 1 means "generated".  The request goes in as `shareable` makes it.
    """
    public = shareable(request)
    facts = {
        "request": public,
        "request_digest": request_digest(public),
        "model": model,
        "revision": revision,
        "seed": seed,
        "prompt": prompt,
    }
    produced = hashlib.sha256(canonical_json(facts).encode("ascii")).hexdigest()
    label = {
        "Label": "1",
        "ContentProducer": MAKER,
        "ProduceID": produced,
        "ReservedCode1": "",
        "ContentPropagator": MAKER,
        "PropagateID": produced,
        "ReservedCode2": "",
    }
    return {
        "SlateDigest": produced,
        "title": prompt if len(prompt) <= 80 else f"{prompt[:79]}…",
        "comment": f"AI-generated with {MAKER}, model {model}, seed {seed}.",
        "description": json.dumps(facts, ensure_ascii=False),
        "DigitalSourceType": SOURCE_TYPE,
        "AIGC": json.dumps(label, separators=(",", ":")),
    }


def shareable(request: Mapping[str, Any]) -> dict[str, Any]:
    """The request as a file may carry it: without how it was to be run, files by name only.

    Two calls that differ in nothing else give the same bytes; and a clip that is passed on does not tell its maker's
    folders.
    """

    def named(key: str, value: Any) -> Any:
        if isinstance(value, Mapping):
            return {inner: named(inner, v) for inner, v in value.items()}
        if isinstance(value, list | tuple):
            return [named(key, v) for v in value]
        if key in _MEDIA and isinstance(value, str):
            return PurePath(value.partition("?")[0]).name
        return value

    return {key: named(key, v) for key, v in request.items() if key not in DELIVERY}


def _canonical(value: Any) -> Any:
    if isinstance(value, float) and math.isfinite(value) and value.is_integer():
        return int(value)
    if isinstance(value, Mapping):
        if strange := [key for key in value if not isinstance(key, str)]:
            raise TypeError(f"a key is {strange[0]!r}, not a string")
        return {key: _canonical(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_canonical(inner) for inner in value]
    return value
