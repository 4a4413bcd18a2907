"""Measure the embedded model through the engine that serves requests; every figure with its n and interval.

    python -m shotwright.generator.mini.evaluate --seed 1 --clips 48 --json figures.json --sheet sheet.png
    python -m shotwright.generator.mini.evaluate --figures new.json --against old.json   # exit 1: keep the old
    python -m shotwright.generator.mini.evaluate --clips 48 --sweep 8x1 8x3 20x3 --json sweep.json
    python -m shotwright.generator.mini.evaluate --clips 68 --sweep 16x4 16x4@fast  # what the fast level changes

What is measured, and how, stands in `evaluation.py`.  Captions are written by `world/captions.py`, which training
never sees.  The same seed asks for the same clips.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
from diffusers.utils import logging as diffusers_logging
from transformers.utils import logging as transformers_logging

from shotwright.generator.catalog import Preset, load_catalog
from shotwright.generator.errors import BadRequest, ShotwrightError
from shotwright.generator.frames import Frames
from shotwright.generator.mini import figures as counting
from shotwright.generator.mini import report
from shotwright.generator.mini.console import say
from shotwright.generator.mini.evaluation import Evaluation
from shotwright.generator.mini.figures import Figure, Written
from shotwright.generator.pipelines.loading import locate

GRID = ("4x1", "8x1", "8x3", "12x3", "20x1", "20x2", "20x3", "20x5", "40x3", "40x4")
"""Steps and guidance that `--sweep` tries by itself."""
JUDGE = Path(__file__).resolve().parents[2] / "tests" / "data" / "judge.safetensors"
"""Lies with the tests of a checkout, not in the wheel."""


def write_card(evaluation: Evaluation, found: Sequence[Figure], chosen: argparse.Namespace) -> None:
    """Write the model card to `chosen.card`."""
    card, preset = evaluation.card, evaluation.preset
    folder = locate(card, Path())
    sizes = ", ".join(f"{w}x{h} ({ratio})" for ratio, (w, h) in card.sizes.items())
    names = {"transformer": "transformer", "text encoder": "text_encoder", "codec": "vae"}
    text = report.model_card(
        found,
        version=chosen.version,
        parameters={
            label: sum(p.numel() for p in evaluation.parts[name].parameters())
            for label, name in names.items()
        },
        megabytes=sum(f.stat().st_size for f in folder.rglob("*") if f.is_file()) / 1e6,
        shapes=f"{sizes}; {card.frames.describe()} frames, {card.fps} a second",
        sampling=f"Euler, {report.sampling(preset)} at {chosen.quality} quality",
        training=report.training(chosen.curve, chosen.machine),
        command="python -m shotwright.generator.mini.evaluate "
        f"--seed {chosen.seed} --clips {chosen.clips} --json figures.json",
    )
    chosen.card.write_text(text, encoding="utf-8")


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line of the module; 1 where a figure fell below `--against`, 2 for a wrong argument."""
    parser = _parser()
    chosen = parser.parse_args(arguments)
    torch.set_num_threads(1)
    diffusers_logging.set_verbosity_error()  # one warning a clip otherwise
    diffusers_logging.disable_progress_bar()
    transformers_logging.disable_progress_bar()
    try:
        return _run(chosen)
    except ShotwrightError as error:
        parser.error(f"{error.message} {error.fix}".strip())


def _run(chosen: argparse.Namespace) -> int:
    if chosen.model and not chosen.model.is_dir():
        raise BadRequest(
            f"There is no folder {chosen.model}.",
            field="model",
            value=str(chosen.model),
            allowed="the folder of a finished model",
            fix="give --model OUT/model of a training",
        )
    for file in (chosen.json, chosen.card, chosen.sheet):
        if file:
            file.parent.mkdir(parents=True, exist_ok=True)
    old = counting.read(chosen.against) if chosen.against else None
    given = counting.read(chosen.figures) if chosen.figures else None
    if old:
        _check_same_clips(old, given, chosen)
    report.training(chosen.curve, chosen.machine)  # refused before the work rather than after it
    evaluation = None
    if chosen.figures is None or chosen.card:
        card = load_catalog().get("mini")
        if chosen.model:
            card = replace(card, source=str(chosen.model))
        evaluation = Evaluation(
            card,
            chosen.judge,
            clips=chosen.clips,
            seed=chosen.seed,
            quality=chosen.quality,
            say=say,
        )
    if evaluation and chosen.sweep is not None:
        return _sweep(evaluation, [_preset(text) for text in chosen.sweep or GRID], chosen.json)
    found = given.figures if given else []
    if evaluation and not given:
        found = evaluation.run()
        if chosen.json:
            about = {"model": Path(evaluation.card.source).name, "date": date.today().isoformat()}
            asked = {name: getattr(chosen, name) for name in ("seed", "clips", "quality")}
            data = {**counting.to_json(found), "about": {**about, **asked}}
            _write(chosen.json, {**data, "clips": evaluation.records})
        if chosen.sheet:
            report.sheet(evaluation.strips, chosen.sheet)
    say(report.table(found, chosen.version))
    if evaluation and chosen.card:
        write_card(evaluation, found, chosen)
    if old is None:
        return 0
    say(report.comparison(found, old.figures))
    return 1 if counting.fallen(found, old.figures) else 0


def _check_same_clips(old: Written, given: Written | None, chosen: argparse.Namespace) -> None:
    """Refuse to compare figures of other clips.  Raises BadRequest."""
    new = given.clips if given else (chosen.seed, chosen.clips)
    if new != old.clips:
        raise BadRequest(
            f"{chosen.against} was measured on seed and clips {old.clips}, the new figures on {new}; "
            "only the same clips compare.",
            field="against",
            value=str(chosen.against),
            allowed="an evaluation of the same --seed and --clips",
            fix=f"--seed {old.clips[0]} --clips {old.clips[1]}",
        )


def _sweep(evaluation: Evaluation, presets: Sequence[Preset], path: Path | None) -> int:
    """Print a line a preset, and write them; seconds are CPU seconds a clip of the default length.

    apart: from the clips of the first preset, relative L2 of the pixels about mid-grey, the median over the clips.
    """
    rows: list[dict[str, Any]] = []
    first: list[Frames] = []
    for preset in presets:
        seconds, found, clips = evaluation.at(preset)
        first = first or clips
        apart = median(map(_apart, clips, first))
        say(report.sweep_row(preset, seconds, found) + f"; apart from the first {apart:.3f}")
        rows.append(
            {
                "steps": preset.steps,
                "guidance": preset.guidance,
                "refine": preset.refine,
                "level": preset.level,
                "seconds": seconds,
                "apart": apart,
                "figures": counting.to_json(found),
            }
        )
        if path:
            _write(path, {"sweep": rows})
    return 0


def _apart(clip: Frames, other: Frames) -> float:
    a, b = clip.astype(np.float32) - 127.5, other.astype(np.float32) - 127.5
    return float(np.linalg.norm(a - b) / np.linalg.norm(b))


def _preset(text: str) -> Preset:
    """STEPSxGUIDANCE or STEPSxGUIDANCExREFINE, such as 20x3 or 20x3x1; with @fast at that level."""
    try:
        numbers, at, level = text.partition("@")
        steps, guidance, *refine = numbers.split("x")
        if len(refine) > 1 or (at and not level):
            raise ValueError(text)
        passes = int(refine[0]) if refine else 0
        return Preset(int(steps), float(guidance), passes, level or "exact")
    except ValueError as error:
        raise BadRequest(
            f"{text!r} is no preset; write steps x guidance x refining passes, such as 20x3, 20x3x1 or 20x3@fast.",
            field="sweep",
            value=text,
            allowed="STEPSxGUIDANCE or STEPSxGUIDANCExREFINE, and @fast",
            fix="--sweep 8x1 20x3",
        ) from error


def _write(path: Path, data: dict[str, Any]) -> None:
    path.write_text(json.dumps(data, indent=1, ensure_ascii=False), encoding="utf-8")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Measure the embedded model.")
    add = parser.add_argument
    add("--seed", type=_natural, default=1, help="of scenes, captions and noise")
    add(
        "--clips",
        type=_positive,
        default=48,
        help="clips rendered from text, in English and in Chinese",
    )
    add("--json", type=Path, help="write figures and every verdict here")
    add("--model", type=Path, help="folder of the pipeline; else the package's own weights")
    add("--judge", type=Path, default=JUDGE, help="weights of the judge")
    add("--quality", choices=("draft", "standard", "high"), default="standard")
    add("--sheet", type=Path, help="write a contact sheet (PNG) here: best, median, worst")
    add("--figures", type=Path, help="take the figures from this JSON instead of measuring")
    add("--against", type=Path, help="JSON of the standing checkpoint; exit 1 if a figure fell")
    add(
        "--sweep",
        nargs="*",
        metavar="STEPSxGUIDANCE[xREFINE][@fast]",
        help="figures against sampling presets",
    )
    add("--card", type=Path, help="write the model card here")
    add("--version", choices=("cpu", "gpu"), default="cpu", help="which version's gates to ask")
    add("--curve", type=Path, help="curve.jsonl of the training, for the card")
    add("--machine", default="2 CPU cores", help="what it was trained on, for the card")
    return parser


def _natural(text: str) -> int:
    if not text.isdecimal() or int(text) >= 1_000_000:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 0 to 999999")
    return int(text)


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number of at least 1")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
