"""The tables of models.md: what the bundled cards say, and what the memory plans make of a GPU."""

from docs.reference import markdown as md

from shotwright.generator.catalog import Card, Preset, load_catalog
from shotwright.generator.memory import Memory, Plan, plans
from shotwright.tools.studio.mechanisms import mechanisms_of

GPU_GB = (8, 12, 16, 24, 48, 80)
HOST_GB = 64
GIB = 2**30
PLACED = {
    "none": ("whole", "all of it on the GPU"),
    "model": ("in turns", "text encoder, network and codec take turns on the GPU: seconds a clip"),
    "group": ("streamed", "the network's blocks come to the GPU as needed: costs every step"),
}
"""Where the parts lie -> its name in the table, and what that means."""
KEPT = {
    "bf16": ("", ""),
    "fp8": (
        "8 bits",
        "the network's weights are kept in 8 bits and computed in 16: the picture changes a little",
    ),
}
"""How weights are kept, likewise."""
NO = ("no", "does not fit: fewer frames, a smaller size, or another model")
MODES = {
    "text": "from words",
    "first": "from a first picture",
    "last": "to a last picture",
    "first+last": "from one picture to another",
    "keyframes": "through pictures at given times",
    "extend": "continues clips",
    "image": "makes pictures",
    "i2i": "draws a reference picture anew: its layout stays",
}


def _cards() -> list[Card]:
    return list(load_catalog().cards.values())


def overview() -> str:
    """One row a card."""
    rows = [
        (
            md.linked(card.name),
            ", ".join(card.modes),
            _parameters(card),
            _default(card),
            card.licence,
        )
        for card in _cards()
    ]
    return md.table(("model", "modes", "parameters", "clip as it comes", "licence"), rows)


def _parameters(card: Card) -> str:
    if not (network := card.parameters_m.get("transformer")):
        return "not known" if not card.memory else "small"
    experts = card.network.experts if card.network else 1
    times = f"{experts} x " if experts > 1 else ""
    return f"{times}{network / 1000:.1f} billion"


def _default(card: Card) -> str:
    width, height = next(iter(card.sizes.values()))
    if card.frames.maximum == 1:
        return f"{width}x{height}, a picture"
    frames = card.frames.default
    return f"{width}x{height}, {frames} frames, {frames / card.fps:.1f} s"


def memory() -> str:
    """The plan of each card on each size of GPU."""
    rows = [(md.linked(card.name), *(_way(card, size) for size in GPU_GB)) for card in _cards()]
    legend = [pair for pair in (*PLACED.values(), *KEPT.values(), NO) if pair[0]]
    head = ("model", *(f"{size} GB" for size in GPU_GB))
    return f"{md.table(head, rows)}\n\n{md.table(('here', 'means'), legend)}"


def _way(card: Card, gigabytes: int) -> str:
    if (plan := _plan(card, gigabytes)) is None:
        return NO[0]
    return ", ".join(filter(None, [PLACED[plan.offload][0], KEPT[plan.precision][0]]))


def _plan(card: Card, gigabytes: int) -> Plan | None:
    width, height = next(iter(card.sizes.values()))
    room = Memory(gigabytes * GIB, gigabytes * GIB, HOST_GB * GIB)
    found = plans(card, room, width=width, height=height, frames=card.frames.default)
    return found[0] if found else None


def modes() -> str:
    """What the modes are called."""
    known = {mode for card in _cards() for mode in card.modes}
    assert known <= MODES.keys(), f"not told: {known - MODES.keys()}"
    rows = [(md.code(name), told) for name, told in MODES.items() if name in known]
    return md.table(("mode", "the model"), rows)


def each() -> str:
    """Everything that a card says."""
    return "\n\n".join(_card(card) for card in _cards())


def _card(card: Card) -> str:
    sizes = ", ".join(f"{ratio} {w}x{h}" for ratio, (w, h) in card.sizes.items())
    rule = (
        "a picture"
        if card.frames.maximum == 1
        else f"{card.frames.describe()}, at {card.fps} a second"
    )
    steps = ", ".join(_steps(name, preset) for name, preset in card.quality.items())
    rows = [
        ("weights", f"{md.code(card.source)}{f', {_weights(card)}' if _weights(card) else ''}"),
        (
            "licence",
            f"{card.licence} ({_read(card, 'licence')})"
            if "licence" in card.read
            else card.licence,
        ),
        (
            "prompts",
            f"{', '.join(card.languages)}; dialect {md.code(card.dialect)}, up to {card.max_tokens} tokens",
        ),
        ("modes", ", ".join(card.modes)),
        ("frames", rule),
        ("sizes", sizes),
        ("steps", steps),
        ("camera", _camera(card)),
        ("LoRAs", ", ".join(map(md.code, sorted(card.loras)))),
        ("limits", "; ".join(card.limits)),
    ]
    told = md.table(("", ""), [row for row in rows if row[1]])
    return f"### {card.name}\n\n{card.title}.\n\n{told}"


def _read(card: Card, field: str) -> str:
    return f"read in: {card.read[field]}"


def _weights(card: Card) -> str:
    sizes = card.weights_mb
    return ", ".join(f"{size / 1000:.1f} GB in {name}" for name, size in sizes.items())


def _steps(name: str, preset: Preset) -> str:
    more = [f"{preset.refine} refining"] if preset.refine else []
    more += [preset.level] if preset.level != "exact" else []
    return " ".join([name, str(preset.steps), *([f"({', '.join(more)})"] if more else [])])


def _camera(card: Card) -> str:
    """The mechanisms, and the moves that each is the first choice for, of a clip from words."""
    if card.frames.maximum == 1:
        return ""
    first: dict[str, list[str]] = {}
    for move, able in mechanisms_of(card).items():
        first.setdefault(able[0], []).append(move)
    told = [f"{name}: {', '.join(map(md.code, moves))}" for name, moves in first.items()]
    own = [f"with a first picture its own {card.camera_native}"] if card.camera_native else []
    return "; ".join(own + told)
