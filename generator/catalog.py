"""Model cards: what each model is and may be asked for, read from TOML.  Knows no torch and loads no weights.

Bundled cards lie in `generator/cards`, a user's own in a folder that the caller names; a card of the same name replaces
the bundled one.  Try: python -m pytest tests/generator/test_catalog.py
"""

import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

from shotwright.generator.errors import BadRequest


@dataclass(frozen=True)
class FrameRule:
    """Legal frame counts: offset + k * step from minimum to maximum; a single frame is a picture."""

    step: int
    offset: int
    minimum: int
    maximum: int
    default: int

    def legal(self, frames: int) -> bool:
        return self.minimum <= frames <= self.maximum and (frames - self.offset) % self.step == 0

    def nearest(self, frames: float) -> int:
        """The legal count nearest to `frames`, within the limits."""
        count = self.offset + round((frames - self.offset) / self.step) * self.step
        return min(self.maximum, max(self.minimum, count))

    def describe(self) -> str:
        return f"{self.step}k+{self.offset} from {self.minimum} to {self.maximum}"


@dataclass(frozen=True)
class Preset:
    """Sampling settings of one quality; refine: see `ClipSpec`."""

    steps: int
    guidance: float
    refine: int = 0


@dataclass(frozen=True)
class Card:
    """One model: data, not code."""

    name: str
    title: str
    family: str
    source: str
    revision: str
    licence: str
    languages: tuple[str, ...]
    modes: tuple[str, ...]
    fps: int
    size_multiple: int
    hfov_deg: float
    limits: tuple[str, ...]
    frames: FrameRule
    sizes: Mapping[str, tuple[int, int]]
    quality: Mapping[str, Preset]
    dialect: str
    max_tokens: int
    negative: str
    overlap_frames: int
    ease_frames: int
    """Frames over which a clip leaves the pictures that it is given, where the model would rather begin elsewhere."""
    extend_guidance: float | None
    """Guidance of a continuation: the less, the more what is continued counts beside the words; None is as usual."""
    seam_tries: int
    """Seeds that a continuation is rendered with, at most, until its seam does not show."""
    camera_trained: tuple[str, ...]
    camera_amounts: Mapping[str, float]
    camera_shares: Mapping[str, float] = field(default_factory=lambda: {"usual": 1.0})
    camera_guided: bool = False
    camera_obedience: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    memory: Mapping[str, int] = field(default_factory=dict)

    def trained_amounts(self, kind: str) -> tuple[float, ...]:
        """How far this kind of move goes in the model's training, one amount a word; none where it is not said."""
        usual = self.camera_amounts.get(kind)
        if usual is None:
            return ()
        shares = self.camera_shares.values()
        return tuple(usual**share if kind == "zoom" else usual * share for share in shares)

    def check_mode(self, mode: str, asked_by: str) -> None:
        """Raises BadRequest when the model cannot do `mode`; `asked_by` is the argument that wants it."""
        if mode not in self.modes:
            raise BadRequest(
                f"{self.name} cannot do {mode}; it can do {', '.join(self.modes)}. "
                "Leave the argument out or choose another model (list_models).",
                code="unsupported_mode",
                field=asked_by,
                value=mode,
                allowed=list(self.modes),
                fix=f"remove {asked_by} or choose a model whose modes include {mode}",
            )

    def check_frames(self, frames: int) -> int:
        """`frames` if the card's rule allows it.  Raises BadRequest with the nearest legal counts."""
        if not self.frames.legal(frames):
            near = self.frames.nearest(frames)
            raise BadRequest(
                f"frames {frames} is off {self.name}'s rule {self.frames.describe()}; use {near}, "
                "or give duration_s to take the nearest legal count.",
                code="invalid_frames",
                field="frames",
                value=frames,
                allowed=self.frames.describe(),
                fix=f"frames={near}",
            )
        return frames

    def size_of(self, aspect_ratio: str) -> tuple[int, int]:
        """Native (width, height) of an aspect ratio.  Raises BadRequest for one the model has not."""
        if aspect_ratio not in self.sizes:
            raise BadRequest(
                f"aspect_ratio {aspect_ratio} is not one of {self.name}'s; "
                f"use one of {', '.join(self.sizes)}.",
                code="invalid_size",
                field="aspect_ratio",
                value=aspect_ratio,
                allowed=list(self.sizes),
                fix=f"aspect_ratio={next(iter(self.sizes))}",
            )
        return self.sizes[aspect_ratio]

    def check_size(self, size: str) -> tuple[int, int]:
        """(width, height) of "WxH" if it is one of the native sizes.  Raises BadRequest."""
        allowed = [f"{w}x{h}" for w, h in self.sizes.values()]
        if size not in allowed:
            raise BadRequest(
                f"size {size} is not one of {self.name}'s; use one of {', '.join(allowed)}.",
                code="invalid_size",
                field="size",
                value=size,
                allowed=allowed,
                fix=f"size={allowed[0]}",
            )
        width, height = size.split("x")
        return int(width), int(height)

    def public(self) -> dict[str, Any]:
        """What `list_models` tells about it."""
        return {
            "name": self.name,
            "title": self.title,
            "family": self.family,
            "source": self.source,
            "revision": self.revision,
            "licence": self.licence,
            "languages": list(self.languages),
            "modes": list(self.modes),
            "frames": {
                "rule": self.frames.describe(),
                "minimum": self.frames.minimum,
                "maximum": self.frames.maximum,
                "default": self.frames.default,
            },
            "fps": self.fps,
            "sizes": {ratio: f"{w}x{h}" for ratio, (w, h) in self.sizes.items()},
            "quality": {name: asdict(p) for name, p in self.quality.items()},
            "prompt_dialect": self.dialect,
            "camera": {
                "hfov_deg": self.hfov_deg,
                "trained": list(self.camera_trained),
                "amounts": dict(self.camera_amounts),
                "shares": dict(self.camera_shares),
                "obedience": {name: dict(by) for name, by in self.camera_obedience.items()},
            },
            "memory_mb": dict(self.memory),
            "limits": list(self.limits),
        }


@dataclass(frozen=True)
class Catalog:
    """All cards by name; the first is the default model."""

    cards: Mapping[str, Card]

    @property
    def default(self) -> Card:
        return next(iter(self.cards.values()))

    def get(self, name: str | None) -> Card:
        """The card named, or the default.  Raises BadRequest for an unknown name."""
        if name is None:
            return self.default
        if name not in self.cards:
            raise BadRequest(
                f"model {name!r} is unknown; use one of {', '.join(self.cards)}.",
                code="unknown_model",
                field="model",
                value=name,
                allowed=list(self.cards),
                fix="call list_models",
            )
        return self.cards[name]


def load_catalog(own: Path | None = None) -> Catalog:
    """Bundled cards, then those of the folder `own`.  Raises BadRequest for a card that does not read."""
    found: dict[str, Card] = {}
    bundled = files("shotwright.generator").joinpath("cards")
    for entry in sorted(bundled.iterdir(), key=lambda e: e.name):
        if entry.name.endswith(".toml"):
            card = parse_card(entry.read_text(encoding="utf-8"), entry.name)
            found[card.name] = card
    if own is not None and own.is_dir():
        for path in sorted(own.glob("*.toml")):
            card = parse_card(path.read_text(encoding="utf-8"), path.name)
            found[card.name] = card
    return Catalog(found)


def parse_card(text: str, origin: str) -> Card:
    """A card from TOML.  Raises BadRequest naming `origin` and the key that is wrong."""
    try:
        data = tomllib.loads(text)
        prompt, camera = data.pop("prompt"), data.pop("camera", {})
        extend = data.pop("extend", {})
        for ratio, size in data["sizes"].items():
            if any(side % data["size_multiple"] for side in size):
                raise ValueError(f"size {ratio} is no multiple of {data['size_multiple']}")
        return Card(
            **{
                **data,
                "languages": tuple(data["languages"]),
                "modes": tuple(data["modes"]),
                "limits": tuple(data.get("limits", ())),
                "frames": FrameRule(**data["frames"]),
                "sizes": {ratio: (int(w), int(h)) for ratio, (w, h) in data["sizes"].items()},
                "quality": {name: Preset(**preset) for name, preset in data["quality"].items()},
            },
            dialect=prompt["dialect"],
            max_tokens=prompt["max_tokens"],
            negative=prompt.get("negative", ""),
            overlap_frames=extend.get("overlap_frames", 1),
            ease_frames=extend.get("ease_frames", 0),
            extend_guidance=extend.get("guidance"),
            seam_tries=extend.get("seam_tries", 3),
            camera_trained=tuple(camera.get("trained", ())),
            camera_amounts=dict(camera.get("amounts", {})),
            camera_shares=dict(camera.get("shares", {"usual": 1.0})),
            camera_guided=bool(camera.get("guided", False)),
            camera_obedience={
                mechanism: dict(shares) for mechanism, shares in camera.get("obedience", {}).items()
            },
        )
    except (tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
        raise BadRequest(
            f"model card {origin} cannot be read: {error!r}; compare it with generator/cards/mini.toml.",
            field="card",
            value=origin,
            fix="mend or remove the card",
        ) from error
