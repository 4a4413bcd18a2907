"""The catalogue of model cards, read from TOML and checked.  What a card is, `card` says; loads no torch.

Bundled cards lie in `generator/cards`, a user's own in a folder that the caller names; a card of the same name replaces
the bundled one.  Try: python -m pytest tests/generator/test_catalog.py
"""

import json
import logging
import math
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from importlib.resources import files
from pathlib import Path, PurePosixPath
from typing import Any

from shotwright.generator.card import (
    FAMILIES,
    MODES,
    QUALITIES,
    RATIOS,
    WEIGHT_BYTES,
    Card,
    FrameRule,
    Large,
    Lora,
    Network,
    Preset,
)
from shotwright.generator.errors import BadRequest

__all__ = (
    "FAMILIES",
    "LORAS",
    "WEIGHT_BYTES",
    "Card",
    "Catalog",
    "FrameRule",
    "Large",
    "Lora",
    "Network",
    "Preset",
    "Shelf",
    "load_catalog",
    "parse_card",
)

LOG = logging.getLogger(__name__)

LORAS = "loras.toml"
"""A user's own LoRAs, in the folder of cards: a table a model, a line a LoRA, used in every rendering of it."""


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


class Shelf:
    """The catalogue with a folder of the user's own cards, read again when a file of it is another."""

    def __init__(self, own: Path) -> None:
        self._own = own
        self._read: tuple[frozenset[tuple[str, int, int]], Catalog] | None = None

    @property
    def catalog(self) -> Catalog:
        """As the folder now stands.  Raises: BadRequest for a card that does not read."""
        marks = frozenset(_mark(path) for path in self._own.glob("*.toml"))
        if self._read is None or self._read[0] != marks:
            self._read = marks, load_catalog(self._own)
        return self._read[1]

    @property
    def last(self) -> Catalog:
        """The same, or as it was before a card came to be one that does not read: for those who are in the middle of
        work with another card.  Raises: BadRequest where nothing was read before."""
        try:
            return self.catalog
        except BadRequest as error:
            if self._read is None:
                raise
            LOG.warning("%s Going on with the cards as they were.", error.message)
            return self._read[1]


DEFAULT = "mini"
"""The embedded model, which needs no download."""
PROMPT_KEYS = {"dialect", "max_tokens", "negative"}
EXTEND_KEYS = {"overlap_frames", "ease_frames", "guidance", "seam_tries"}
CAMERA_KEYS = {"trained", "amounts", "shares", "guided", "native", "obedience"}
PARTS = ("transformer", "transformer_2")
"""What a LoRA may be for."""
OFF_SHAPE = 1.2
"""Native sizes are multiples, so that their shapes are a little off; this much is another shape."""
OF_TABLES = (
    PROMPT_KEYS
    | {f"camera_{key}" for key in CAMERA_KEYS}
    | {"overlap_frames", "ease_frames", "extend_guidance", "seam_tries", "always"}
)
"""Fields of a `Card` that its file has in tables, or not at all."""


def load_catalog(own: Path | None = None) -> Catalog:
    """Bundled cards, then those of the folder `own`.  Raises BadRequest for a card that does not read."""
    found: dict[str, Card] = {}
    bundled = files("shotwright.generator").joinpath("cards")
    for entry in sorted(bundled.iterdir(), key=lambda e: e.name):
        if entry.name.endswith(".toml"):
            card = parse_card(entry.read_text(encoding="utf-8"), entry.name, typed=False)
            found[card.name] = card
    if own is not None and own.is_dir():
        for path in sorted(own.glob("*.toml")):
            if path.name != LORAS:
                card = parse_card(_text_of(path), path.name)
                found[card.name] = card
        found = _with_loras(found, own / LORAS)
    return Catalog(dict(sorted(found.items(), key=lambda pair: pair[0] != DEFAULT)))


def _mark(path: Path) -> tuple[str, int, int]:
    """What tells a file that was written again; an editor may just be putting it in its place."""
    try:
        stat = path.stat()
    except OSError:
        return path.name, 0, 0
    return path.name, stat.st_mtime_ns, stat.st_size


def _text_of(path: Path) -> str:
    """Of a user's card; some editors begin a file with a mark of its encoding."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise BadRequest(
            f"model card {path.name} cannot be read: {error}.",
            field="card",
            value=path.name,
            fix="save it as UTF-8 text, or remove it",
        ) from error


def _with_loras(cards: dict[str, Card], path: Path) -> dict[str, Card]:
    """The cards with the LoRAs that a user's file adds: model -> name -> file, or the table of a `Lora`."""
    if not path.is_file():
        return cards
    try:
        asked = tomllib.loads(path.read_text(encoding="utf-8-sig"))
        for model, lines in asked.items():
            _check_lines(model, lines, cards)
            added = {name: _lora(line) for name, line in lines.items()}
            card = cards[model]
            cards[model] = replace(
                card, loras={**card.loras, **added}, always=(*card.always, *added)
            )
    except (tomllib.TOMLDecodeError, KeyError, TypeError, AttributeError, ValueError) as error:
        raise BadRequest(
            f"{path.name} cannot be read: {_reason(error)}; it holds a table a model, in it lines such as "
            'oils = "~/loras/oils.safetensors".',
            field="loras",
            value=path.name,
            allowed=list(cards),
            fix="mend or remove the file",
        ) from error
    return cards


def _check_lines(model: str, lines: Any, cards: Mapping[str, Card]) -> None:
    """Raises: ValueError for a table of no model, or a line that is no LoRA."""
    if model not in cards:
        dotted = next((name for name in cards if name.startswith(f"{model}.")), None)
        why = "is no model" if dotted is None else f'is to be in quotes, ["{dotted}"], for its dots'
        raise ValueError(f"[{model}] {why}")
    if not isinstance(lines, Mapping):
        raise ValueError(f"{model} is no table")
    for name, line in lines.items():
        if not isinstance(line, str | Mapping):
            raise ValueError(f"{name} of {model} is neither a file nor a table")
        told = {"source": line} if isinstance(line, str) else line
        if unknown := sorted(told.keys() - _names(Lora)):
            raise ValueError(f"{name} of {model} has no key {unknown[0]}")
        _check_types(Lora, told, f"{name} of {model}: ")
        _check_lora(f"{name} of {model}", told)


def _lora(line: str | Mapping[str, Any]) -> Lora:
    if isinstance(line, str):
        return Lora(line)
    return Lora(**{**line, "parts": tuple(line.get("parts", ("transformer",)))})


def parse_card(text: str, origin: str, *, typed: bool = True) -> Card:
    """A card from TOML.  Raises BadRequest naming `origin` and the key that is wrong.

    typed: look at each value's type too, which the tests do with the bundled cards: it costs a front's start time.
    """
    try:
        told = _flat(tomllib.loads(text))
        if typed:
            _check_types(Card, told)
            _check_moves(told["camera_trained"])
            for name, line in told["loras"].items():
                _check_lora(f"loras.{name}", line)
        _check_sense(told)
        return _card(told)
    except (tomllib.TOMLDecodeError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadRequest(
            f"model card {origin} cannot be read: {_reason(error)}; compare it with generator/cards/mini.toml.",
            field="card",
            value=origin,
            fix="mend or remove the card",
        ) from error


def _flat(data: dict[str, Any]) -> dict[str, Any]:
    """A card's file as the fields of a `Card`, in plain data."""
    _check_keys(data)
    prompt, camera, extend = data.pop("prompt"), data.pop("camera", {}), data.pop("extend", {})
    renamed = {"guidance": "extend_guidance"}
    return {
        **_BARE,
        **data,
        **prompt,
        **{renamed.get(key, key): value for key, value in extend.items()},
        **{f"camera_{key}": value for key, value in camera.items()},
        "loras": {
            name: {"source": line} if isinstance(line, str) else line
            for name, line in data.get("loras", {}).items()
        },
    }


_BARE: Mapping[str, Any] = {
    "negative": "",
    "limits": [],
    "overlap_frames": 1,
    "ease_frames": 0,
    "extend_guidance": None,
    "seam_tries": 3,
    "camera_trained": [],
    "camera_amounts": {},
}
"""Fields that a card's file may leave out and a `Card` has no value for by itself."""


def _check_types(kind: type[Card] | type[Lora], told: Mapping[str, Any], of: str = "") -> None:
    """Raises: ValueError naming the first value that is of another type than its field."""
    from pydantic import TypeAdapter, ValidationError

    try:
        TypeAdapter(kind).validate_json(json.dumps(told), strict=True)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(step) for step in first["loc"])
        raise ValueError(f"{of}{where}: {first['msg']}") from error


def _check_sense(told: Mapping[str, Any]) -> None:
    """Raises: ValueError for values that contradict one another, or mean nothing."""
    if told["family"] not in FAMILIES:
        raise ValueError(f"family {told['family']!r} is none of {', '.join(FAMILIES)}")
    if told["family"] == "engine" and not told["source"].startswith(("http://", "https://")):
        raise ValueError(f"source {told['source']!r} is no address of an engine, http://…")
    _check_names(told)
    singles = ("fps", "size_multiple", "max_tokens", "overlap_frames", "seam_tries")
    counts = {**{name: told[name] for name in singles}, **told["frames"]}
    counts |= {f"quality.{name}.steps": one["steps"] for name, one in told["quality"].items()}
    if (network := told.get("network")) is not None:
        counts |= {f"network.{side}": network[side] for side in ("width", "ffn", "layers")}
    for name, count in counts.items():
        if name != "offset" and count < 1:
            raise ValueError(f"{name} is {count}, and 1 is the least")
    large = told.get("large")
    if large is not None and large["sizes"].keys() != told["sizes"].keys():
        raise ValueError("large.sizes has other aspect ratios than sizes")
    for table in (told["sizes"], {} if large is None else large["sizes"]):
        for ratio, size in table.items():
            _check_size(ratio, size, told["size_multiple"])
    if large is None and any(preset.get("large") for preset in told["quality"].values()):
        raise ValueError("a quality is large, and there is no table large")
    if not 0 < told["hfov_deg"] < 180:
        raise ValueError(f"hfov_deg is {told['hfov_deg']}, and a lens has between 0 and 180")
    for name, preset in told["quality"].items():
        if not 0 <= preset["guidance"] < math.inf:
            raise ValueError(f"quality.{name}.guidance is {preset['guidance']}, and 0 is the least")
    redraw = told.get("redraw", 0)
    if not 0 <= redraw <= 1 or (redraw > 0) != ("i2i" in told["modes"]):
        raise ValueError("redraw, above 0 and at most 1, belongs to the mode i2i")
    frames, still = FrameRule(**told["frames"]), told.get("still_frames", 1)
    if not frames.legal(frames.default):
        raise ValueError(f"frames.default {frames.default} is no length: {frames.describe()}")
    if still != 1 and not frames.legal(still):
        raise ValueError(f"still_frames {still} is no length of a clip: {frames.describe()}")


def _check_names(told: Mapping[str, Any]) -> None:
    """Raises: ValueError for what has a name that nothing asks for, or lacks what everything asks for."""
    found: list[tuple[str, Iterable[str], Iterable[str]]] = [
        ("mode", told["modes"], MODES),
        ("quality", told["quality"], QUALITIES),
        ("aspect ratio", told["sizes"], RATIOS),
        *(
            (f"LoRA of quality.{name},", preset.get("loras", ()), told["loras"])
            for name, preset in told["quality"].items()
        ),
    ]
    for what, names, known in found:
        if unknown := [name for name in names if name not in known]:
            raise ValueError(f"{what} {unknown[0]!r} is none of {', '.join(known) or 'its loras'}")
    for what, names in (("name", told["name"]), ("modes", told["modes"]), ("sizes", told["sizes"])):
        if not names:
            raise ValueError(f"{what} is empty")
    if lacking := [name for name in QUALITIES if name not in told["quality"]]:
        raise ValueError(f"it has no quality.{lacking[0]}")


def _check_moves(moves: Iterable[str]) -> None:
    """Raises: ValueError for a camera move that there is not."""
    from shotwright.generator.camera import MOVES

    for move in moves:
        if move not in MOVES:
            raise ValueError(f"camera move {move!r} is none of {', '.join(MOVES)}")


def _check_lora(name: str, line: Mapping[str, Any]) -> None:
    """Raises: ValueError for a LoRA of a user's that could not be loaded or would never be used."""
    if not line["source"]:
        raise ValueError(f"{name} has an empty source")
    if (file := PurePosixPath(line.get("file", ""))).is_absolute() or ".." in file.parts:
        raise ValueError(
            f"{name} has the file {line['file']!r}, which is not inside its repository"
        )
    if not math.isfinite(line.get("weight", 1.0)):
        raise ValueError(f"{name} has the weight {line['weight']}")
    parts = line.get("parts", PARTS)
    if not parts or (unknown := [part for part in parts if part not in PARTS]):
        told = repr(unknown[0]) if parts else "none"
        raise ValueError(f"{name} is for {told} of the parts {', '.join(PARTS)}")
    _check_moves([line["move"]] if line.get("move") else [])


def _check_size(ratio: str, size: Sequence[int], multiple: int) -> None:
    """Raises: ValueError for a size that the model cannot have, or of another shape than its aspect ratio."""
    if any(side < 1 or side % multiple for side in size):
        raise ValueError(f"size {ratio} is no multiple of {multiple}")
    across, down = map(int, ratio.split(":"))
    if not 1 / OFF_SHAPE < size[0] * down / (size[1] * across) < OFF_SHAPE:
        raise ValueError(f"size {ratio} has another shape: {size[0]}x{size[1]}")


def _card(told: Mapping[str, Any]) -> Card:
    network, large = told.get("network"), told.get("large")
    lists = ("languages", "modes", "limits", "camera_trained")
    return Card(
        **{
            **told,
            **{name: tuple(told[name]) for name in lists},
            "frames": FrameRule(**told["frames"]),
            "sizes": _sizes(told["sizes"]),
            "quality": {
                name: Preset(**{**preset, "loras": tuple(preset.get("loras", ()))})
                for name, preset in told["quality"].items()
            },
            "network": network and Network(**{**network, "token": tuple(network["token"])}),
            "large": large and Large(**{**large, "sizes": _sizes(large["sizes"])}),
            "loras": {name: _lora(line) for name, line in told["loras"].items()},
        }
    )


def _sizes(table: Mapping[str, Any]) -> dict[str, tuple[int, int]]:
    return {ratio: (int(width), int(height)) for ratio, (width, height) in table.items()}


def _check_keys(data: Mapping[str, Any]) -> None:
    """Raises: ValueError for a key that no table of a card has: a misspelt one would count for nothing."""
    found: list[tuple[str, Any, Any]] = [
        ("prompt", data["prompt"], PROMPT_KEYS),
        ("extend", data.get("extend", {}), EXTEND_KEYS),
        ("camera", data.get("camera", {}), CAMERA_KEYS),
        ("the card", data, (_names(Card) - OF_TABLES) | {"prompt", "extend", "camera"}),
        ("frames", data["frames"], _names(FrameRule)),
        ("network", data.get("network", {}), _names(Network)),
        ("large", data.get("large", {}), _names(Large)),
        *((f"quality.{name}", preset, _names(Preset)) for name, preset in data["quality"].items()),
        *(
            (f"loras.{name}", line, _names(Lora))
            for name, line in data.get("loras", {}).items()
            if not isinstance(line, str)
        ),
    ]
    for name, table, known in found:
        if not isinstance(table, Mapping):
            raise ValueError(f"{name} is no table")
        if unknown := sorted(table.keys() - known):
            raise ValueError(
                f"{name} has no key {unknown[0]}; it may have {', '.join(sorted(known))}"
            )


def _names(kind: Any) -> set[str]:
    return {field.name for field in fields(kind)}


def _reason(error: Exception) -> str:
    return f"it has no {error.args[0]}" if isinstance(error, KeyError) else str(error)
