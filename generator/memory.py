"""How a model fits a GPU: precision, offload and tiling, chosen from what is free before anything is loaded.

The plans are plain arithmetic on a card's counts and need no GPU; `measure` asks the device, `apply` does what a plan
says to a loaded pipeline.  torch is imported by the functions that need it.
Try: python -m pytest tests/generator/test_memory.py
"""

import json
import math
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from shotwright.generator.catalog import WEIGHT_BYTES, Card
from shotwright.generator.errors import OutOfMemory
from shotwright.generator.weights import write_json

MB = 1_000_000
RESERVE = 0.08
"""Share of the device that is left: the allocator's fragments, the CUDA context, the compositor of a desktop."""
SMALL_ENCODER_MB = 600
"""A text encoder up to this size stays loaded: reading its answers from disk would cost more than it does."""
BLOCKS_HELD = 2
"""Of a network that is streamed in groups: the block that computes and the one on its way."""
DECODER_WIDEST = 768
"""Values a pixel of the largest tensor while a latent frame is decoded, and ..."""
DECODER_KEPT = 2365
"""... those kept of the frames before: both counted on the meta device on the codec of Wan 2.1; others take less."""
TILE_PX = 256
IN_TURN = ("wan", "skyreels")
"""Families whose pipelines ask for the two passes of a guided step in turn; the others make one of both themselves."""
IN_PIECES = ("wan", "skyreels")
"""Families whose codec hands over a latent frame at a time, unless it decodes in tiles."""
FLOOR = "plans.json"
CPU_MOST_M = 1000
"""Millions of parameters up to which a model is rendered without a GPU: more take hours a clip, and all memory."""


@dataclass(frozen=True)
class Memory:
    """Bytes free and in all on the device, and free in the machine's own memory."""

    free: int
    total: int
    host_free: int


@dataclass(frozen=True)
class Plan:
    """precision: fp32, bf16, fp8 (weights kept in 8 bits, computed in 16) or gguf (as in a file of the user's).
    offload: none, model (one part at a time on the device) or group (blocks streamed while the one before computes).
    text: where prompts are read: kept (the encoder stays loaded), device or cpu (it is loaded for a new prompt and
    given up again).  peak_bytes: what it is expected to take.  why: in words.
    """

    precision: str
    offload: str
    tiling: bool
    text: str
    peak_bytes: int
    why: str
    batched: bool = False
    """Whether the two passes of a guided step are made in one, which holds the activations of both."""
    usable_bytes: int = 0
    """Of the device when it was chosen; 0 where that does not matter."""
    gguf_mb: float = 0.0
    """Megabytes of the GGUF files that were there."""

    def told(self) -> dict[str, Any]:
        """For a take's record."""
        return {
            "precision": self.precision,
            "offload": self.offload,
            "tiling": self.tiling,
            "text": self.text,
            "batched": self.batched,
            "peak_mb": round(self.peak_bytes / MB),
            "why": self.why,
        }


CPU = Plan(
    "fp32",
    "none",
    False,
    "kept",
    0,
    "no GPU: everything in 32 bits in the machine's memory, guided passes in turn",
)

ORDER: tuple[tuple[str, str, bool], ...] = (
    ("bf16", "none", False),
    ("bf16", "none", True),
    ("bf16", "model", True),
    ("fp8", "none", True),
    ("fp8", "model", True),
    ("gguf", "none", True),
    ("gguf", "model", True),
    ("bf16", "group", True),
    ("fp8", "group", True),
)
"""Precision, offload, tiling: the fastest and most exact first.  Parts that take turns cost seconds a clip; 8-bit
weights change the picture a little, those of a GGUF file by as much as it has fewer bits; streamed blocks cost every
step."""


def gguf_of(card: Card, models: Path) -> dict[str, Path]:
    """Part -> GGUF file that the user put there for it, under `models`: gguf/CARD/transformer.gguf, and
    transformer_2.gguf of two experts.  None where one is lacking, or the package that reads them."""
    experts = card.network.experts if card.network else 1
    folder = models / "gguf" / card.name
    found = {part: folder / f"{part}.gguf" for part in ("transformer", "transformer_2")[:experts]}
    there = all(file.is_file() for file in found.values()) and find_spec("gguf") is not None
    return found if there else {}


def plans(
    card: Card, memory: Memory, *, width: int, height: int, frames: int, gguf_mb: float = 0.0
) -> list[Plan]:
    """Every way that fits, the best first; empty where none does.

    gguf_mb: megabytes of GGUF files for its networks; 0 where there are none.  A card without counts gets the gentlest
    way of all, since nothing says that another would do.
    """
    usable = int(min(memory.free, memory.total * (1 - RESERVE)))
    if not _counted(card):
        return _uncounted(card, usable)
    found = []
    for precision, offload, tiling in ORDER:
        if precision == "gguf" and not gguf_mb:
            continue
        way, clip = (precision, offload, tiling), (width, height, frames)
        need = _need(card, way, clip, gguf_mb=gguf_mb)
        host = 0 if offload == "none" else _weights(card, precision, gguf_mb)
        if need > usable or max(host, _encoder(card)) > memory.host_free:
            continue
        text = _text(card, offload, usable - need, usable)
        beside = _encoder(card) if text == "kept" and offload == "none" else 0
        both = _need(card, way, clip, batched=True, gguf_mb=gguf_mb) + beside
        batched = card.family in IN_TURN and both <= usable
        peak = both if batched else need + beside
        why = (
            f"{peak / MB / 1000:.1f} GB of {usable / MB / 1000:.1f} GB usable in {precision}, "
            f"{_WORDS[offload]}{', codec in tiles' if tiling else ''}; prompts read {_READ[text]}"
            f"{_PASSES[batched] if card.family in IN_TURN else ''}"
        )
        found.append(Plan(*way, text, peak, why, batched, usable, gguf_mb))
    return found


def _counted(card: Card) -> bool:
    return card.network is not None and "transformer" in card.parameters_m


def _uncounted(card: Card, usable: int) -> list[Plan]:
    """For a card without counts: as it is, where it says what it takes and that fits; the gentlest way where it says
    nothing."""
    if not card.memory:
        why = f"{card.name}'s sizes are not known: streamed in groups, to be safe"
        return [Plan("bf16", "group", True, "cpu", 0, why)]
    needed = sum(card.memory.values()) * MB
    why = f"{needed / MB / 1000:.1f} GB of {usable / MB / 1000:.1f} GB usable, by its card"
    return [Plan("bf16", "none", False, "kept", needed, why)] if needed <= usable else []


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
_PASSES = {
    True: "; guided passes two at once",
    False: "; guided passes in turn, for want of room",
}


def choose(
    card: Card,
    memory: Memory,
    *,
    width: int,
    height: int,
    frames: int,
    below: tuple[str, str, bool] | None = None,
    gguf_mb: float = 0.0,
) -> Plan:
    """The best plan that fits; gguf_mb: see `plans`.

    below: a way that ran out of memory before: only gentler ones count, and none with two passes at once: more was
    taken than is counted here.
    Raises: OutOfMemory saying what would fit.
    """
    fitting = _fitting(card, memory, (width, height, frames), below, gguf_mb)
    if fitting:
        return fitting[0]
    rule = card.frames
    least = sum(card.memory.values()) * MB
    needs = f"{least / MB / 1000:.1f} GB" if least else "more than there is"
    if _counted(card):
        least = _need(card, ORDER[-1], (width, height, frames))
        needs = f"{least / MB / 1000:.1f} GB even streamed in 8 bits"
    shorter = range(frames - rule.step, rule.minimum - 1, -rule.step)
    sizes = ((width, height, n) for n in shorter)
    fit = next((s[2] for s in sizes if _fitting(card, memory, s, below, gguf_mb)), None)
    raise OutOfMemory(
        f"{card.name} at {width}x{height}x{frames} needs {needs}; "
        f"{memory.free / MB / 1000:.1f} GB of {memory.total / MB / 1000:.1f} GB are free, and "
        f"{memory.host_free / MB / 1000:.1f} GB of the machine's own memory.",
        field="model",
        value=card.name,
        fix="choose a smaller model (shotwright models --fit says which fit), or free the device: of this one "
        + ("not even fewer frames fit" if fit is None else f"fewer frames fit, {fit} of them"),
    )


def _fitting(
    card: Card,
    memory: Memory,
    clip: tuple[int, int, int],
    below: tuple[str, str, bool] | None,
    gguf_mb: float,
) -> list[Plan]:
    """The plans that fit, without those that `choose` must not take."""
    width, height, frames = clip
    fitting = plans(card, memory, width=width, height=height, frames=frames, gguf_mb=gguf_mb)
    if below not in ORDER:
        return fitting
    gentler = set(ORDER[ORDER.index(below) + 1 :])
    before = f"; {below[0]} {below[1]} ran out of memory before ({FLOOR})"
    return [
        replace(p, batched=False, why=p.why.replace(_PASSES[True], _PASSES[False]) + before)
        for p in fitting
        if (p.precision, p.offload, p.tiling) in gentler
    ]


def by_way(card: Card, clip: tuple[int, int, int] | None = None) -> dict[str, int]:
    """Megabytes on the device for a clip by precision and offload, computed from the card's counts; empty without them.
    All but the first decode in tiles; prompts are read apart.  clip: see `plan_for`."""
    if not _counted(card):
        return {}
    clip = clip or (*next(iter(card.sizes.values())), card.frames.default)
    found: dict[str, int] = {}
    for way in ORDER:
        if way[0] != "gguf":
            found.setdefault(f"{way[0]} {way[1]}", round(_need(card, way, clip) / MB))
    return found


def least_gb(card: Card, clip: tuple[int, int, int] | None = None) -> int | None:
    """Gigabytes of the smallest device for a clip; None where the sizes are not known.  clip: see `plan_for`."""
    ways = by_way(card, clip)
    return math.ceil(min(ways.values()) * MB / (1 - RESERVE) / 1e9) if ways else None


def on_cpu(card: Card, clip: tuple[int, int, int] | None = None) -> Plan:
    """The plan without a GPU.  Raises: OutOfMemory for a model that needs one, saying how large."""
    if sum(card.parameters_m.values()) <= CPU_MOST_M:
        return CPU
    least = least_gb(card, clip)
    raise OutOfMemory(
        f"{card.name} needs a GPU{'' if least is None else f' of at least {least} GB'}, and there is none that torch "
        "can use.",
        field="model",
        value=card.name,
        fix="choose a model that runs without one (shotwright models --fit)",
    )


def _networks(card: Card, precision: str, gguf_mb: float) -> float:
    """Megabytes of the network's weights, of both experts where there are two."""
    assert card.network is not None
    if precision == "gguf":
        return gguf_mb
    return card.parameters_m["transformer"] * card.network.experts * WEIGHT_BYTES[precision]


def _weights(card: Card, precision: str, gguf_mb: float) -> int:
    """Bytes of all weights."""
    network = _networks(card, precision, gguf_mb)
    others = sum(n for part, n in card.parameters_m.items() if part != "transformer") * 2
    return int((network + others) * MB)


def _encoder(card: Card) -> int:
    return int(card.parameters_m.get("text_encoder", 0.0) * 2 * MB)


def _need(
    card: Card,
    way: tuple[str, str, bool],
    clip: tuple[int, int, int],
    *,
    batched: bool = False,
    gguf_mb: float = 0.0,
) -> int:
    """Bytes on the device at the worst moment of denoising and decoding; prompts are read apart from them.

    Activations of a block are N (6 d + f) values of 2 bytes, and norms in 32 bits beside them, for each clip of a
    pass: two where guidance's passes are made together.  The codec holds its largest tensor with its input and output,
    and what it keeps of the frames before; its pixels are floats twice, of the whole clip where it does not hand them
    over in pieces.
    """
    assert card.network is not None
    precision, offload, tiling = way
    width, height, frames = clip
    shape = card.network
    tokens = shape.tokens(width, height, frames) * (
        2 if batched or card.family not in IN_TURN else 1
    )
    block = tokens * (6 * shape.width + shape.ffn) * 2 + tokens * shape.width * 4 * 2
    one = _networks(card, precision, gguf_mb) / shape.experts * MB
    codec = card.parameters_m.get("vae", 0.0) * 2 * MB
    eyes = card.parameters_m.get("image_encoder", 0.0) * 2 * MB
    across, down = (min(TILE_PX, width), min(TILE_PX, height)) if tiling else (width, height)
    held = 4 if card.family in IN_PIECES and not tiling else frames
    decoding = across * down * (3 * DECODER_WIDEST + DECODER_KEPT) * 2
    decoding += held * width * height * 3 * (4 + 4)
    if offload == "none":
        return int(one * shape.experts + codec + eyes + max(block, decoding))
    if offload == "model":
        return int(max(one + block, codec + decoding, eyes))
    return int(max(one / shape.layers * BLOCKS_HELD + block, codec + decoding))


def fits(card: Card, plan: Plan, *, width: int, height: int, frames: int) -> bool:
    """Whether a clip has room in a plan that was chosen for another; where nothing is counted, it has."""
    if not plan.usable_bytes or card.network is None:
        return True
    way = (plan.precision, plan.offload, plan.tiling)
    clip = (width, height, frames)
    need = _need(card, way, clip, batched=plan.batched, gguf_mb=plan.gguf_mb)
    beside = _encoder(card) if plan.text == "kept" and plan.offload == "none" else 0
    return need + beside <= plan.usable_bytes


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
    card: Card,
    device: str,
    models: Path,
    *,
    below: tuple[str, str, bool] | None = None,
    clip: tuple[int, int, int] | None = None,
    memory: Memory | None = None,
) -> Plan:
    """The plan for a clip (width, height, frames) on a device, no richer than one that failed there before.

    clip: the card's default one where it is not said; memory: of a GPU, measured where it is not said.
    Raises: OutOfMemory.
    """
    if device == "cpu" and memory is None:
        return on_cpu(card, clip)
    width, height, frames = clip or (*next(iter(card.sizes.values())), card.frames.default)
    worse = below or floor(models, card, device)
    size = {"width": width, "height": height, "frames": frames}
    gguf_mb = sum(file.stat().st_size for file in gguf_of(card, models).values()) / MB
    return choose(card, memory or measure(device), **size, below=worse, gguf_mb=gguf_mb)


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
    return next((way for way in ORDER if list(way) == kept), None)


def remember(models: Path, card: Card, device: str, plan: Plan) -> None:
    """That this plan ran out of memory."""
    from filelock import FileLock

    failed = (plan.precision, plan.offload, plan.tiling)
    models.mkdir(parents=True, exist_ok=True)
    with FileLock(models / f".{FLOOR}.lock"):  # workers of other devices write there too
        write_json(models / FLOOR, {**_floors(models), f"{card.name}@{device}": failed})


def _floors(models: Path) -> dict[str, Any]:
    """Ways by card and device; a file that does not read counts as none, and what it told is found out anew."""
    try:
        return dict(json.loads((models / FLOOR).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return {}


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


def at_work(card: Card) -> int:
    """Bytes of a card at its work in the richest way: its weights, and what its largest default clip takes beside
    them."""
    if not _counted(card):
        return wanted(card)
    needs = [_need(card, ORDER[0], (*size, card.frames.default)) for size in card.native]
    return max(needs) + _encoder(card)
