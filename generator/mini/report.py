"""How the figures of the embedded model are written down: a table, a model card, a contact sheet.

Knows no model and measures nothing.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from shotwright.generator.frames import Frames


@dataclass(frozen=True)
class Figure:
    """One measured number.

    n: clips or comparisons behind it; chance: what guessing gives; ceiling: the same measurement
    on real renders that went through the codec; gate: what a finished model must reach, `at_most`
    turns its sense round.
    """

    key: str
    label: str
    value: float
    n: int
    unit: str = ""
    chance: float | None = None
    ceiling: float | None = None
    gate: float | None = None
    at_most: bool = False

    @property
    def passes(self) -> bool | None:
        """Whether the gate is reached; None where there is none."""
        if self.gate is None:
            return None
        return self.value <= self.gate if self.at_most else self.value >= self.gate

    @property
    def obeyed(self) -> float | None:
        """Share of the way from chance to the ceiling, for figures that have both."""
        if self.chance is None or self.ceiling is None:
            return None
        return (self.value - self.chance) / max(self.ceiling - self.chance, 1e-9)


@dataclass(frozen=True)
class Strip:
    """A row of the contact sheet: a clip and the lines beside it."""

    clip: Frames
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Training:
    """What is known of the run that made the weights."""

    steps: int
    minutes: float
    clips: int
    machine: str


def table(figures: Sequence[Figure]) -> str:
    """A Markdown table of all figures."""
    rows = ["| figure | value | n | chance | ceiling | gate | |", "|---|---|---|---|---|---|---|"]
    for f in figures:
        gate = "" if f.gate is None else f"{'<=' if f.at_most else '>='} {_number(f.gate)}"
        reached = {None: "", True: "reached", False: "**not yet**"}[f.passes]
        value = f"{_number(f.value)} {f.unit}".strip()
        cells = (f.label, value, str(f.n), _number(f.chance), _number(f.ceiling), gate, reached)
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return "nan" if math.isnan(value) else f"{value:.3f}".rstrip("0").rstrip(".")


def failings(figures: Sequence[Figure]) -> list[str]:
    """One sentence for each figure under its gate, and for each factor without a gate that is
    obeyed by less than 0.8.
    """
    found = []
    for f in figures:
        if f.passes is False:
            side = "at most" if f.at_most else "at least"
            text = f"{f.label}: {_number(f.value)} {f.unit}".rstrip()
            text += f", asked is {side} {_number(f.gate)}"
        elif f.passes is None and f.obeyed is not None and f.obeyed < 0.8:
            text = f"{f.label}: {_number(f.value)}, the ceiling is {_number(f.ceiling)}"
        else:
            continue
        found.append(text + (f" (chance is {_number(f.chance)})." if f.chance else "."))
    return found


def model_card(
    figures: Sequence[Figure],
    *,
    parameters: dict[str, int],
    megabytes: float,
    shapes: str,
    sampling: str,
    training: Training | None,
    command: str,
) -> str:
    """The README of the weights' folder.

    parameters: part -> count; shapes: sizes and frame counts in words; sampling: steps and
    guidance in words.
    """
    parts = ", ".join(f"{name} {count / 1e6:.2f} M" for name, count in parameters.items())
    run = "The state of the run was not at hand when this card was written."
    if training is not None:
        run = (
            f"{training.minutes:.0f} minutes on {training.machine}, {training.steps} steps, "
            f"{training.clips / 1000:.0f}k clip presentations, a quarter of them "
            "drawn anew and the rest from the last few hundred."
        )
    under = failings(figures) or ["Nothing measured here is under its gate."]
    versions = ", ".join(f"{name} {version(name)}" for name in ("torch", "diffusers"))
    return _CARD.format(
        parts=parts,
        megabytes=megabytes,
        shapes=shapes,
        sampling=sampling,
        run=run,
        table=table(figures),
        failings="\n".join(f"- {line}" for line in under),
        today=date.today().isoformat(),
        versions=versions,
        command=command,
    )


_CARD = """\
# mini: the embedded model

A text-to-video model of the Wan family, small enough to lie in the repository, for a first look,
for tests and for machines without a GPU. It knows only a toy world: six subjects in six colours
doing six things, in four places at three times of day, under nine camera moves. It is a real
diffusion model: diffusers' own `WanTransformer3DModel`, `AutoencoderKLWan`, `UMT5EncoderModel` and
scheduler, loaded by `WanPipeline.from_pretrained` like any other, with per-token timesteps (Wan 2.2
TI2V), so that given frames stay what they are.

- Parameters: {parts}; {megabytes:.1f} MB in half precision, safetensors.
- Shapes: {shapes}.
- Sampling: {sampling}.
- Words: `generator/mini/words.toml`, English and Chinese; every other word is dropped by the
  tokenizer.

## Data

Pictures that Shotwright draws itself (`generator/mini/world`): layered planes under an exact
pinhole camera, signed-distance shapes. No photograph, no third-party picture and no person's
likeness is in it. Colour, subject, action, time, place and camera are drawn at random, evenly but
for a resting camera, which a fifth of the clips have beyond its share.

## Training

`generator/mini/train.py`. {run}
The codec is not trained: principal components of 8x8 patches and a least-squares decoder, put into
the stock class. Flow matching, loss weighted towards the subject, captions of one token a factor
with words and whole captions dropped; clips with a given first frame, last frame, both, or a
prefix among them. The weights are the moving average.

## Figures

Measured {today} on CPU, one thread, through the same engine that serves requests ({versions}).
"Ceiling" is the same measurement on real renders that went through the codec. The judge
(`generator/mini/judge.py`) is a separate small classifier, trained to say "unclear" of subjects mixed
of several; it forgives smears and flicker that an eye does not, so look at a contact sheet
(`--sheet`) before you trust its shares. Camera moves are measured by registration of pixels,
without a network.

{table}

    {command}

## What it does not obey yet

{failings}

## Limits

- Nothing outside the words above can be asked for; colours are those of the subject, never of the
  place.
- One subject a clip. No people, no writing, no sound.
- 64 pixels on the short side; the codec keeps coarse shapes and loses fine edges.
- The figures hold for these seeds and these counts: with n clips, a share p has a standard error of
  sqrt(p (1 - p) / n).
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
    heights = [max(s.clip.shape[1], line_px * len(s.lines)) + gap for s in strips]
    reach = 5 * (max(s.clip.shape[2] for s in strips) + gap)
    picture = _blank(reach + text_px, sum(heights))
    draw = ImageDraw.Draw(picture)
    font = ImageFont.load_default(size=13)
    top = 0
    for strip, height in zip(strips, heights, strict=True):
        chosen = np.linspace(0, len(strip.clip) - 1, 5).round().astype(int)
        for i, frame in enumerate(strip.clip[chosen]):
            picture.paste(Image.fromarray(frame), (i * (strip.clip.shape[2] + gap), top))
        left = 5 * (strip.clip.shape[2] + gap) + gap
        text = "\n".join(strip.lines)
        draw.multiline_text((left, top), text, fill=(230, 230, 230), font=font, spacing=2)
        top += height
    return picture


def _blank(width: int, height: int) -> Image.Image:
    return Image.new("RGB", (width, height), (24, 24, 28))
