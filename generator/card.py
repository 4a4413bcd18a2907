"""A model card: what one model is and may be asked for.  Plain data with its own rules; knows no files, no torch.

Try: python -m pytest tests/generator/test_catalog.py
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from shotwright.generator.errors import BadRequest

FAMILIES = ("wan", "ltx", "ltx2", "skyreels", "sana_wm", "kolors", "z_image", "engine")
"""Each with an adapter of that name in `pipelines`; engine: a program elsewhere that is spoken to over HTTP."""
MODES = ("text", "first", "last", "first+last", "keyframes", "extend", "image", "i2i")
QUALITIES = ("draft", "standard", "high")
RATIOS = ("16:9", "9:16", "1:1", "4:3", "3:4", "21:9")
LEVELS = ("exact", "fast")
"""exact: what plain diffusers gives, within the noise of bfloat16; fast: with caches and 8-bit weights too."""
WEIGHT_BYTES: Mapping[str, float] = {"bf16": 2.0, "fp8": 1.0}
"""Bytes a parameter of the network; encoders and codecs stay in bf16."""


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
    """Sampling settings of one quality; refine, level and loras: see `ClipSpec`; large: at the larger native size."""

    steps: int
    guidance: float
    refine: int = 0
    level: str = "exact"
    loras: tuple[str, ...] = ()
    large: bool = False

    def __post_init__(self) -> None:
        if self.level not in LEVELS:
            raise ValueError(f"level {self.level!r} is none of {', '.join(LEVELS)}")


@dataclass(frozen=True)
class Large:
    """A second native size of a checkpoint, for qualities that say so and where it is asked for by its numbers.

    scheduler: values of the scheduler's configuration at this size, beside the card's own.
    """

    sizes: Mapping[str, tuple[int, int]]
    scheduler: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Lora:
    """Weights that change a model a little, for its own base only.

    source: a safetensors file, or a hub id with `file` in it; parts: the networks it is for, of two experts.
    move: the camera move that it makes, if that is what it is for.
    """

    source: str
    file: str = ""
    weight: float = 1.0
    move: str = ""
    parts: tuple[str, ...] = ("transformer",)


@dataclass(frozen=True)
class Network:
    """The shape of a diffusion transformer: what its memory and its operations are counted from.

    width, ffn, layers: of the blocks; token: frames, rows and columns of pixels that one token stands for;
    text_tokens: that its cross-attention reads; experts: networks of that shape, of which one works at a time;
    control_layers: further blocks beside them, which read a control video.
    """

    width: int
    ffn: int
    layers: int
    token: tuple[int, int, int]
    text_tokens: int = 512
    experts: int = 1
    control_layers: int = 0

    def tokens(self, width: int, height: int, frames: int) -> int:
        """Of one clip; `width` and `height` in pixels."""
        span, rows, columns = self.token
        return ((frames - 1) // span + 1) * (height // rows) * (width // columns)


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
    camera_native: str = ""
    """What the checkpoint itself follows: trajectory, control video or loras; empty where it has no such input."""
    redraw: float = 0.0
    """Mode i2i: how far a reference picture is drawn anew, from 0 (not at all) to 1 (nothing of it is left), as the
    family's pipeline counts it: noise for Wan, a share of the steps for the image families."""
    still_frames: int = 1
    """A picture is the first frame of a clip of so many: a model that learnt from clips draws single frames badly."""
    parameters_m: Mapping[str, float] = field(default_factory=dict)
    """Millions of parameters by part: transformer (one expert's), text_encoder, vae, image_encoder."""
    network: Network | None = None
    pipeline: Mapping[str, Any] = field(default_factory=dict)
    """Further arguments of the pipeline's call."""
    scheduler: Mapping[str, Any] = field(default_factory=dict)
    """Values of the scheduler's configuration, instead of those in the checkpoint's file."""
    large: Large | None = None
    loras: Mapping[str, Lora] = field(default_factory=dict)
    always: tuple[str, ...] = ()
    """LoRAs of the user's, used in every rendering."""
    read: Mapping[str, str] = field(default_factory=dict)
    """Where source, licence and numbers were read: field -> place."""

    @property
    def weights_mb(self) -> dict[str, int]:
        """Megabytes of all weights by precision of the network; empty where no counts are known."""
        experts = self.network.experts if self.network else 1
        network = self.parameters_m.get("transformer", 0.0) * experts
        others = sum(n for part, n in self.parameters_m.items() if part != "transformer")
        if not network:
            return {}
        return {name: round(network * size + others * 2) for name, size in WEIGHT_BYTES.items()}

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

    @property
    def native(self) -> list[tuple[int, int]]:
        """All native (width, height)."""
        return [*self.sizes.values(), *(self.large.sizes.values() if self.large else ())]

    def scheduler_at(self, width: int, height: int) -> dict[str, Any]:
        """Values of the scheduler's configuration at a size, instead of those in the checkpoint's file."""
        if self.large is None or (width, height) not in self.large.sizes.values():
            return dict(self.scheduler)
        return {**self.scheduler, **self.large.scheduler}

    def size_of(self, aspect_ratio: str, quality: str | None = None) -> tuple[int, int]:
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
        if self.large is None or quality is None or not self.quality[quality].large:
            return self.sizes[aspect_ratio]
        return self.large.sizes[aspect_ratio]

    def natives_of(self, aspect_ratio: str) -> list[tuple[int, int]]:
        """All native (width, height) of an aspect ratio.  Raises BadRequest for one the model has not."""
        usual = self.size_of(aspect_ratio)
        return [usual] if self.large is None else [usual, self.large.sizes[aspect_ratio]]

    def check_size(self, size: str) -> tuple[int, int]:
        """(width, height) of "WxH" if it is one of the native sizes.  Raises BadRequest."""
        allowed = [f"{w}x{h}" for w, h in self.native]
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
            "large_sizes": {
                ratio: f"{w}x{h}"
                for ratio, (w, h) in (self.large.sizes if self.large else {}).items()
            },
            "quality": {name: asdict(p) for name, p in self.quality.items()},
            "prompt_dialect": self.dialect,
            "camera": {
                "hfov_deg": self.hfov_deg,
                "native": self.camera_native or None,
                "trained": list(self.camera_trained),
                "amounts": dict(self.camera_amounts),
                "shares": dict(self.camera_shares),
                "obedience": {name: dict(by) for name, by in self.camera_obedience.items()},
            },
            "redraw": self.redraw or None,
            "loras": sorted(self.loras),
            "memory_mb": {**self.memory, **self.weights_mb},
            "limits": list(self.limits),
        }
