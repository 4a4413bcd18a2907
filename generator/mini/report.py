"""How the figures of the embedded model are written down: a table, a comparison, a model card, a contact sheet.

Knows no model and measures nothing.
"""

import json
import math
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version as version_of
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from shotwright.generator.catalog import Preset
from shotwright.generator.errors import BadRequest
from shotwright.generator.frames import Frames
from shotwright.generator.mini.figures import Figure, Version, fallen

CURVE_ROWS = 12
"""Rows of a training curve in the card."""
TEXT_COLUMNS = 40
"""Letters of a line beside a strip."""


@dataclass(frozen=True)
class Strip:
    """A row of the contact sheet: a clip and the lines beside it."""

    clip: Frames
    lines: tuple[str, ...]


def table(figures: Sequence[Figure], version: Version) -> str:
    """A Markdown table of all figures; the gates are those of the version."""
    rows = [
        "| figure | value | 95 % | n | chance | on real renders | asked | |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for f in figures:
        gate: float | None = getattr(f.kind, version)
        asked = "" if gate is None else f"{_side(f)} {_number(gate)}"
        reached = {None: "", True: "reached", False: "**not yet**"}[f.passes(version)]
        cells = (
            f.kind.label,
            f"{_number(f.value)} {f.kind.unit}".strip(),
            f"{_number(f.low)} to {_number(f.high)}",
            str(f.n),
            _number(f.kind.chance),
            _number(f.ceiling),
            asked,
            reached,
        )
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


def _side(figure: Figure) -> str:
    return "<=" if figure.kind.better == "less" else ">="


def _number(value: float | None) -> str:
    if value is None or math.isnan(value):
        return ""
    return f"{value:.3f}".rstrip("0").rstrip(".")


def comparison(new: Sequence[Figure], old: Sequence[Figure]) -> str:
    """A Markdown table of the new figures beside the standing ones, and which fell."""
    lost = fallen(new, old)
    by_key = {f.key: f for f in new}
    rows = ["| figure | standing | new | 95 % of the new | |", "|---|---|---|---|---|"]
    for f in old:
        fresh = by_key.get(f.key)
        value, span = "missing", ""
        if fresh is not None:
            value, span = _number(fresh.value), f"{_number(fresh.low)} to {_number(fresh.high)}"
        word = "**fell**" if f.key in lost else "" if f.kind.steady else "shown only"
        rows.append(f"| {f.kind.label} | {_number(f.value)} | {value} | {span} | {word} |")
    rows += [
        "",
        f"Keep the standing checkpoint: {', '.join(lost)} fell." if lost else "No figure fell.",
    ]
    return "\n".join(rows)


def sweep_row(preset: Preset, seconds: float, figures: Sequence[Figure]) -> str:
    """One line: the preset, CPU seconds a clip, and each figure."""
    told = ", ".join(f"{f.key} {_number(f.value)}" for f in figures)
    return f"{sampling(preset)}: {seconds:.2f} CPU s a clip; {told}"


def sampling(preset: Preset) -> str:
    """A preset in words."""
    words = f"{preset.steps} steps, guidance {preset.guidance:g}"
    words += f", refined {preset.refine} times" if preset.refine else ""
    return words if preset.level == "exact" else f"{words}, {preset.level}"


def failings(figures: Sequence[Figure], version: Version) -> list[str]:
    """One sentence for each figure that does not reach what is asked of the version, and for each
    share without a gate that covers less than 0.8 of the way from chance to its ceiling.
    """
    found = []
    for f in figures:
        kind, passes = f.kind, f.passes(version)
        if passes is False:
            side = "at most" if kind.better == "less" else "at least"
            gate = getattr(kind, version)
            text = f"{kind.label}: {_number(f.value)} {kind.unit}".rstrip()
            text += f", asked is {side} {_number(gate)}"
        elif passes is None and kind.chance is not None and _obeyed(f, kind.chance) < 0.8:
            text = f"{kind.label}: {_number(f.value)}, on real renders {_number(f.ceiling)}"
        else:
            continue
        found.append(text + (f" (chance is {_number(kind.chance)})." if kind.chance else "."))
    return found


def _obeyed(figure: Figure, chance: float) -> float:
    if math.isnan(figure.value):
        return 1.0
    return (figure.value - chance) / max(figure.ceiling - chance, 1e-9)


def model_card(
    figures: Sequence[Figure],
    *,
    version: Version,
    parameters: dict[str, int],
    megabytes: float,
    shapes: str,
    sampling: str,
    training: str,
    command: str,
) -> str:
    """The README of the weights' folder.

    version: what it was trained on; parameters: part -> count; shapes: sizes and frame counts in
    words; sampling: steps and guidance in words; training: Markdown about the run and its curve.
    """
    under = failings(figures, version) or ["Nothing measured here is under what is asked of it."]
    return _CARD.format(
        version=_VERSIONS[version],
        parts=", ".join(f"{name} {count / 1e6:.2f} M" for name, count in parameters.items()),
        megabytes=megabytes,
        shapes=shapes,
        sampling=sampling,
        training=training,
        table=table(figures, version),
        failings="\n".join(f"- {line}" for line in under),
        today=date.today().isoformat(),
        versions=", ".join(f"{name} {version_of(name)}" for name in ("torch", "diffusers")),
        command=command,
    )


def training(curve: Path | None, machine: str) -> str:
    """What the card says of the run: its length, and the curve that it wrote, evenly thinned.

    curve: JSON lines of step, minutes, clips, loss, held_out and rise_percent a factor; None where it is not at hand.
    Raises: BadRequest where the file is no such curve.
    """
    if curve is None:
        return "The record of the run was not at hand when this card was written."
    try:
        rows = [json.loads(line) for line in curve.read_text(encoding="utf-8").splitlines()]
        last = rows[-1]
        chosen = sorted({round(i) for i in np.linspace(0, len(rows) - 1, CURVE_ROWS)})
        names = ["step", "minutes", "clips", "loss", "held_out"]
        factors = list(last["rise_percent"])
        lines = [names + factors, ["---"] * len(names + factors)]
        lines += [
            [str(row[n]) for n in names] + [str(row["rise_percent"][f]) for f in factors]
            for row in (rows[i] for i in chosen)
        ]
        text = (
            f"{last['minutes']:.0f} minutes on {machine}, {last['step']} steps, "
            f"{last['clips'] / 1000:.0f}k clip presentations (`generator/mini/train.py`). The columns of "
            "the factors say by how many per cent one wrong word raises the held-out loss: 0 is not obeyed."
        )
    except (OSError, ValueError, KeyError, IndexError, TypeError) as error:
        raise BadRequest(
            f"{curve} holds no training curve: {error!r}.",
            field="curve",
            value=str(curve),
            allowed="curve.jsonl of a training's folder",
            fix="give --curve OUT/curve.jsonl",
        ) from error
    return text + "\n\n" + "\n".join(f"| {' | '.join(line)} |" for line in lines)


_VERSIONS = {
    "cpu": "This is the CPU version: trained on a few processor cores, and asked for less than the GPU version.",
    "gpu": "This is the GPU version: trained on one GPU.",
}

_CARD = """\
# mini: the embedded model

A text-to-video model of the Wan family, small enough to lie in the repository, for a first look,
for tests and for machines without a GPU. It knows only a toy world: eight subjects in eight colours
doing eight things, in five places at four times of day, now and then in rain or snow, under
seventeen camera moves of three amounts each. It is a real diffusion model: diffusers' own
`WanTransformer3DModel`, `AutoencoderKLWan`, `UMT5EncoderModel` and scheduler, loaded by
`WanPipeline.from_pretrained` like any other, with per-token timesteps (Wan 2.2 TI2V), so that given
frames stay what they are.

**{version}**

- Parameters: {parts}; {megabytes:.1f} MB in half precision, safetensors.
- Shapes: {shapes}.
- Sampling: {sampling}.
- Words: `generator/mini/words.toml`, English and Chinese; every other word is dropped by the
  tokenizer, and an empty caption is an unconditional one.

## Data

Pictures that Shotwright draws itself (`generator/mini/world`): layered planes and a ground under an
exact pinhole camera, signed-distance shapes. No photograph, no third-party picture and no person's
likeness is in it. Colour, subject, action, time, place, camera and its amount are drawn at random,
evenly but for more clear weather and more resting cameras.

## Training

{training}

Flow matching with the loss weighted towards the subject; captions of one token a value, with words and
whole captions left out; most clips as nine frames of a longer one; a fifth of the clips with given frames.
A head that is thrown away asks the second block where each token looks and how camera and subject move,
which the renderer knows. Muon and AdamW; the weights are the moving average. In the run of the committed
CPU weights that head was asked for coordinates only up to 43,000 clips, for the movements too from there on;
from minute 101 on batches were a third larger, prefixes commoner, and nine-frame clips kept to the end;
from minute 225 on the recipe was `camera`: moves that were seldom obeyed came oftener, and the subject weighed less.
The negative prompt repeats the caption's colour, time and place (`words.SETTLED`), so that guidance acts on the rest;
for dollies and pedestals it also says that the camera rests (`words.TIMID`).

## Figures

Measured {today} on CPU, one thread, through the same engine that serves requests ({versions}), with
captions and seeds that training never saw. "On real renders" is the same measurement on the real
clips of the same scenes after the codec, and the intervals are Wilson's for shares and bootstrapped
for the rest. The judge (`generator/mini/judge.py`) is a separate small classifier, trained to say
"unclear" of subjects mixed of several; it forgives smears and flicker that an eye does not, so look
at a contact sheet (`--sheet`) before you trust its shares. Camera moves are measured by registration
of pixels, without a network, in clear weather; a slide counts with the turn it looks like.

{table}

    {command}

## What it does not obey yet

{failings}

## Limits

- Nothing outside the words above can be asked for; colours are those of the subject, never of the
  place.
- One subject a clip. No people, no writing, no sound.
- The codec keeps coarse shapes and loses fine edges.
"""


def sheet(strips: Sequence[Strip], path: Path) -> None:
    """Write a PNG in two columns: a strip is five frames evenly spread, and text on the right."""
    half = (len(strips) + 1) // 2
    columns = [_column(part) for part in (strips[:half], strips[half:]) if part]
    picture = _blank(sum(c.width for c in columns), max(c.height for c in columns))
    left = 0
    for column in columns:
        picture.paste(column, (left, 0))
        left += column.width
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.save(path)


def _column(strips: Sequence[Strip]) -> Image.Image:
    """Strips below each other, at the size of their pixels."""
    gap, text_px, line_px = 4, 270, 17
    texts = [
        [part for line in s.lines for part in textwrap.wrap(line, TEXT_COLUMNS)] for s in strips
    ]
    heights = [
        max(s.clip.shape[1], line_px * len(lines)) + gap
        for s, lines in zip(strips, texts, strict=True)
    ]
    reach = 5 * (max(s.clip.shape[2] for s in strips) + gap)
    picture = _blank(reach + text_px, sum(heights))
    draw = ImageDraw.Draw(picture)
    font = ImageFont.load_default(size=13)
    top = 0
    for strip, lines, height in zip(strips, texts, heights, strict=True):
        chosen = np.linspace(0, len(strip.clip) - 1, 5).round().astype(int)
        for i, frame in enumerate(strip.clip[chosen]):
            picture.paste(Image.fromarray(frame), (i * (strip.clip.shape[2] + gap), top))
        left = 5 * (strip.clip.shape[2] + gap) + gap
        draw.multiline_text(
            (left, top), "\n".join(lines), fill=(230, 230, 230), font=font, spacing=2
        )
        top += height
    return picture


def _blank(width: int, height: int) -> Image.Image:
    return Image.new("RGB", (width, height), (24, 24, 28))
