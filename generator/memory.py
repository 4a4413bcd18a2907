"""How a model fits a GPU: precision, offload and tiling, chosen from what is free before anything is loaded.

The plans are plain arithmetic on a card's counts and need no GPU; `measure` asks the device, `apply` does what a plan
says to a loaded pipeline.  torch is imported by the functions that need it.
Try: python -m pytest tests/generator/test_memory.py
"""

import json
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from shotwright.generator.catalog import WEIGHT_BYTES, Card
from shotwright.generator.errors import OutOfMemory

MB = 1_000_000
RESERVE = 0.08
"""Share of the device that is left: the allocator's fragments, the CUDA context, the compositor of a desktop."""
SMALL_ENCODER_MB = 600
"""A text encoder up to this size stays loaded: reading its answers from disk would cost more than it does."""
BLOCKS_HELD = 2
"""Of a network that is streamed in groups: the block that computes and the one on its way."""
DECODER_CHANNELS = 96
"""Of the widest layer at full resolution in the codecs of the Wan family; the others' are narrower."""
TILE_PX = 256
FLOOR = "plans.json"


@dataclass(frozen=True)
class Memory:
    """Bytes free and in all on the device, and free in the machine's own memory."""

    free: int
    total: int
    host_free: int


@dataclass(frozen=True)
class Plan:
    """precision: fp32, bf16 or fp8 (weights kept in 8 bits, computed in 16); offload: none, model (one part at a time
    on the device) or group (blocks streamed while the one before computes); text: where prompts are read: kept (the
    encoder stays loaded), device or cpu (it is loaded for a new prompt and given up again); peak_bytes: what it is
    expected to take; why: in words.
    """

    precision: str
    offload: str
    tiling: bool
    text: str
    peak_bytes: int
    why: str

    def told(self) -> dict[str, Any]:
        """For a take's record."""
        return {
            "precision": self.precision,
            "offload": self.offload,
            "tiling": self.tiling,
            "text": self.text,
            "peak_mb": round(self.peak_bytes / MB),
            "why": self.why,
        }


CPU = Plan(
    "fp32", "none", False, "kept", 0, "no GPU: everything in 32 bits in the machine's memory"
)

ORDER: tuple[tuple[str, str, bool], ...] = (
    ("bf16", "none", False),
    ("bf16", "none", True),
    ("bf16", "model", True),
    ("fp8", "none", True),
    ("fp8", "model", True),
    ("bf16", "group", True),
    ("fp8", "group", True),
)
"""Precision, offload, tiling: the fastest and most exact first.  Parts that take turns cost seconds a clip; 8-bit
weights change the picture a little; streamed blocks cost every step."""


def plans(card: Card, memory: Memory, *, width: int, height: int, frames: int) -> list[Plan]:
    """Every way that fits, the best first; empty where none does.

    A card without counts gets the gentlest way of all, since nothing says that another would do.
    """
    usable = int(min(memory.free, memory.total * (1 - RESERVE)))
    if card.network is None or "transformer" not in card.parameters_m:
        return [_uncounted(card, usable)]
    found = []
    for precision, offload, tiling in ORDER:
        need = _need(card, precision, offload, tiling, (width, height, frames))
        host = 0 if offload == "none" else _weights(card, precision)
        if need > usable or max(host, _encoder(card)) > memory.host_free:
            continue
        text = _text(card, offload, usable - need, usable)
        peak = need + (_encoder(card) if text == "kept" and offload == "none" else 0)
        why = (
            f"{need / MB / 1000:.1f} GB of {usable / MB / 1000:.1f} GB usable in {precision}, "
            f"{_WORDS[offload]}{', codec in tiles' if tiling else ''}; prompts read {_READ[text]}"
        )
        found.append(Plan(precision, offload, tiling, text, peak, why))
    return found


def _uncounted(card: Card, usable: int) -> Plan:
    """For a card without counts: as it is, where it says what it takes and that fits; else the gentlest way."""
    needed = sum(card.memory.values()) * MB
    if card.memory and needed <= usable:
        why = f"{needed / MB / 1000:.1f} GB of {usable / MB / 1000:.1f} GB usable, by its card"
        return Plan("bf16", "none", False, "kept", needed, why)
    why = f"{card.name}'s sizes are not known: streamed in groups, to be safe"
    return Plan("bf16", "group", True, "cpu", 0, why)


def _text(card: Card, offload: str, left: int, usable: int) -> str:
    """Where prompts are read; left: bytes that the rest of the plan leaves on the device."""
    encoder = _encoder(card)
    if encoder <= SMALL_ENCODER_MB * MB or (offload == "none" and encoder <= left):
        return "kept"
    # while the network is on the device, the encoder has only what is left beside it
    room = left if offload == "none" else usable
    return "device" if encoder <= room else "cpu"


_WORDS = {
    "none": "all on the device",
    "model": "parts taking turns on the device",
    "group": "blocks streamed to the device as they are needed",
}
_READ = {
    "kept": "by an encoder that stays",
    "device": "on the device once and kept on disk",
    "cpu": "on the CPU once and kept on disk",
}


def choose(
    card: Card,
    memory: Memory,
    *,
    width: int,
    height: int,
    frames: int,
    below: tuple[str, str, bool] | None = None,
) -> Plan:
    """The best plan that fits.

    below: a way that ran out of memory before: only gentler ones count.
    Raises: OutOfMemory saying what would fit.
    """
    fitting = plans(card, memory, width=width, height=height, frames=frames)
    if below in ORDER:
        gentler = set(ORDER[ORDER.index(below) + 1 :])
        fitting = [p for p in fitting if (p.precision, p.offload, p.tiling) in gentler]
    if fitting:
        return fitting[0]
    precision, offload, tiling = ORDER[-1]
    least = _need(card, precision, offload, tiling, (width, height, frames))
    raise OutOfMemory(
        f"{card.name} at {width}x{height}x{frames} needs {least / MB / 1000:.1f} GB even when it is streamed in 8 "
        f"bits; {memory.free / MB / 1000:.1f} GB of {memory.total / MB / 1000:.1f} GB are free, and "
        f"{memory.host_free / MB / 1000:.1f} GB of the machine's own memory.",
        field="model",
        value=card.name,
        fix="ask for fewer frames or a smaller size, choose a smaller model, or free the device",
    )


def _weights(card: Card, precision: str) -> int:
    """Bytes of all weights."""
    assert card.network is not None
    network = card.parameters_m["transformer"] * card.network.experts * WEIGHT_BYTES[precision]
    others = sum(n for part, n in card.parameters_m.items() if part != "transformer") * 2
    return int((network + others) * MB)


def _encoder(card: Card) -> int:
    return int(card.parameters_m.get("text_encoder", 0.0) * 2 * MB)


def _need(
    card: Card, precision: str, offload: str, tiling: bool, clip: tuple[int, int, int]
) -> int:
    """Bytes on the device at the worst moment of denoising and decoding; prompts are read apart from them.

    Activations of a block are N (6 d + f) values of 2 bytes, and norms in 32 bits beside them; a codec's widest layer
    is as large as the picture, a latent frame (4 frames) at a time, with its input and output.
    """
    assert card.network is not None
    width, height, frames = clip
    shape = card.network
    tokens = shape.tokens(width, height, frames)
    block = tokens * (6 * shape.width + shape.ffn) * 2 + tokens * shape.width * 4 * 2
    one = card.parameters_m["transformer"] * WEIGHT_BYTES[precision] * MB
    codec = card.parameters_m.get("vae", 0.0) * 2 * MB
    eyes = card.parameters_m.get("image_encoder", 0.0) * 2 * MB
    across, down = (min(TILE_PX, width), min(TILE_PX, height)) if tiling else (width, height)
    decoding = 4 * across * down * DECODER_CHANNELS * 2 * 3 + frames * width * height * 3 * (4 + 4)
    if offload == "none":
        return int(one * shape.experts + codec + eyes + max(block, decoding))
    if offload == "model":
        return int(max(one + block, codec + decoding, eyes))
    return int(max(one / shape.layers * BLOCKS_HELD + block, codec + decoding))


# On the device


def measure(device: str) -> Memory:
    """What is free on a CUDA device now."""
    import psutil  # type: ignore[import-untyped]
    import torch

    free, total = torch.cuda.mem_get_info(device)
    # what torch's own allocator holds without using it is free for us
    idle = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    return Memory(free + idle, total, psutil.virtual_memory().available)


def plan_for(
    card: Card, device: str, models: Path, *, below: tuple[str, str, bool] | None = None
) -> Plan:
    """The plan for a card's default clip on a device, no richer than one that failed there before."""
    if device == "cpu":
        return CPU
    width, height = next(iter(card.sizes.values()))
    worse = below or floor(models, card, device)
    frames = card.frames.default
    return choose(card, measure(device), width=width, height=height, frames=frames, below=worse)


def apply(pipeline: Any, plan: Plan, device: str) -> None:
    """Do to a pipeline what its plan says.  It lies on the CPU, in 16 bits."""
    import torch

    if plan.precision == "fp8":
        for part in ("transformer", "transformer_2", "unet"):
            if (network := getattr(pipeline, part, None)) is not None:
                network.enable_layerwise_casting(
                    storage_dtype=torch.float8_e4m3fn, compute_dtype=torch.bfloat16
                )
    if plan.tiling and hasattr(pipeline.vae, "enable_tiling"):
        pipeline.vae.enable_tiling()
    if plan.offload == "none":
        pipeline.to(device)
    elif plan.offload == "model":
        pipeline.enable_model_cpu_offload(device=device)
    else:
        pipeline.enable_group_offload(
            onload_device=torch.device(device),
            offload_type="block_level",
            num_blocks_per_group=1,
            use_stream=device != "cpu",
            record_stream=device != "cpu",
            # pinning all weights would double what the machine must hold
            low_cpu_mem_usage=True,
        )


def floor(models: Path, card: Card, device: str) -> tuple[str, str, bool] | None:
    """The way that ran out of memory for this card on this device, if one did."""
    kept = _floors(models).get(f"{card.name}@{device}")
    return (str(kept[0]), str(kept[1]), bool(kept[2])) if kept else None


def remember(models: Path, card: Card, device: str, plan: Plan) -> None:
    """That this plan ran out of memory."""
    kept = {**_floors(models), f"{card.name}@{device}": (plan.precision, plan.offload, plan.tiling)}
    models.mkdir(parents=True, exist_ok=True)
    (models / FLOOR).write_text(json.dumps(kept, indent=1), encoding="utf-8")


def _floors(models: Path) -> dict[str, Any]:
    path = models / FLOOR
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else {}


# Several models


def room(device: str) -> int:
    """Bytes that loaded models may hold together on a device."""
    if device == "cpu":
        import psutil

        return int(psutil.virtual_memory().total) // 2
    import torch

    return int(torch.cuda.mem_get_info(device)[1] * (1 - RESERVE))


def wanted(card: Card) -> int:
    """Bytes of a card's weights as they are read; 0 where it does not tell."""
    return max(card.weights_mb.values(), default=sum(card.memory.values())) * MB


class Resident(Protocol):
    """A loaded model."""

    @property
    def bytes_held(self) -> int: ...

    def close(self) -> None: ...


Model = TypeVar("Model", bound=Resident)


class Residents(Generic[Model]):
    """Loaded models by name, the least recently used given up first when another needs the room."""

    def __init__(self, budget: Callable[[], int]) -> None:
        """budget: bytes that models may hold together, asked anew each time."""
        self._budget = budget
        self._held: OrderedDict[str, Model] = OrderedDict()

    def get(self, name: str, needed: int, open_: Callable[[], Model]) -> Model:
        """The model of that name, opened if it is not held; others leave until `needed` bytes fit."""
        if name not in self._held:
            while self._held and self._bytes() + needed > self._budget():
                self._held.popitem(last=False)[1].close()
            self._held[name] = open_()
        self._held.move_to_end(name)
        return self._held[name]

    def __contains__(self, name: str) -> bool:
        return name in self._held

    def release(self) -> None:
        """Give everything back."""
        while self._held:
            self._held.popitem(last=False)[1].close()

    def _bytes(self) -> int:
        return sum(model.bytes_held for model in self._held.values())
