"""Measure given first and last frames and keyframes of the embedded model: how well they are met, and what moves there.

Each case is given pictures of a drawn scene that no training saw: its first frame, its last, both, or two keyframes.
Printed are the loss of SSIM against the codec's own reconstruction, and the motion beside a given picture against the
95th percentile inside the clip.  Run: python -m bench.endpoints [--clips 4] [--seed 1] [--full]
"""

import argparse
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from bench.continuation import median, quiet, spec_of, tell
from shotwright.generator.catalog import Card, load_catalog
from shotwright.generator.clipspec import ClipSpec
from shotwright.generator.frames import Frames, Given
from shotwright.generator.inspect.endpoints import MOST_OF_P95, Paces, score
from shotwright.generator.inspect.ssim import ssim
from shotwright.generator.mini.figures import share, statistic
from shotwright.generator.mini.trials import trials
from shotwright.generator.pipelines import Engine, open_engine
from shotwright.tools.studio.continuing import led

FULL_CLIPS = 100
SIDE, FRAMES = 64, 17
CASES: Mapping[str, tuple[int, ...]] = {
    "first": (0,),
    "last": (FRAMES - 1,),
    "first and last": (0, FRAMES - 1),
    "keyframes": (5, 11),
}


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure given pictures of the embedded model.")
    parser.add_argument("--clips", type=int, default=4, help="clips of each case")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--quality", choices=("draft", "standard", "high"), default="draft")
    parser.add_argument("--full", action="store_true", help=f"{FULL_CLIPS} clips of each case")
    chosen = parser.parse_args()
    import torch

    torch.set_num_threads(1)
    card = load_catalog().get("mini")
    engine = open_engine(card, device="cpu", models=Path())
    clips = FULL_CLIPS if chosen.full else chosen.clips
    for case, at in CASES.items():
        found = measured(engine, card, at, clips, chosen.seed, chosen.quality)
        matches = [match for one in found for match in one["matches"]]
        off = np.array([match["codec_ssim"] - match["ssim"] for match in matches])
        tell(f"{case}: SSIM below the codec's own, median", _middle(off))
        tell(f"{case}: SSIM, median", _middle(np.array([match["ssim"] for match in matches])))
        tell(f"{case}: matched within .02 of the codec's", share("", _passed(matches), []))
        calm = [match["motion_of_p95"] <= MOST_OF_P95 for match in matches]
        tell(f"{case}: motion there within the clip's own range", share("", calm, []))
        real = [bool(pace <= MOST_OF_P95) for pace in _real(found)]
        tell(f"{case}: real clips, the same share", share("", real, []))
        pace = np.array([match["motion_of_p95"] for match in matches])
        tell(f"{case}: motion there, of the 95th percentile, median", _middle(pace))
        tell(f"{case}: real clips, the same motion, median", _middle(_real(found)))
        if case == "first":
            alike = np.array([one["last_like_first"] for one in found])
            tell("first: SSIM of the last frame with the first, median", _middle(alike))
            alike = np.array([one["real_last_like_first"] for one in found])
            tell("first: the same in the real clips, median", _middle(alike))
    return 0


def measured(
    engine: Engine, card: Card, at: tuple[int, ...], clips: int, seed: int, quality: str
) -> list[dict[str, Any]]:
    """Each clip's matches, in the order of `at`, and the same of the real clip that the pictures come from."""
    found = []
    for number, trial in enumerate(trials(card, max(clips, 2), seed=seed + 80_000)[:clips]):
        trial = replace(trial, width=SIDE, height=SIDE, frames=FRAMES)
        real = trial.real()
        spec = spec_of(card, trial, quality, seed * 1000 + number)
        given = Given({frame: real[frame] for frame in at}, ease=card.ease_frames)
        planned = ClipSpec.from_json(led(card, {"spec": spec.to_json()})["spec"])
        made = engine.render(planned, given, quiet)
        found.append(
            {
                "matches": _matches(engine, made, real, at),
                "real": [_paces(real).beside(frame) for frame in at],
                "last_like_first": ssim(made[0], made[-1]),
                "real_last_like_first": ssim(real[0], real[-1]),
            }
        )
    return found


def _matches(
    engine: Engine, made: Frames, asked: Frames, at: tuple[int, ...]
) -> list[dict[str, Any]]:
    paces, matches = _paces(made), []
    for frame in at:
        codec = ssim(engine.reconstruct(asked[frame]), asked[frame])
        matched = score(made[frame], asked[frame], codec_ssim=codec)
        matches.append(
            {
                "ssim": matched.ssim,
                "codec_ssim": codec,
                "pass": matched.passed,
                "motion_of_p95": paces.beside(frame),
            }
        )
    return matches


def _paces(clip: Frames) -> Paces:
    paces = Paces()
    for frame in clip:
        paces.add(frame)
    return paces


def _passed(matches: list[dict[str, Any]]) -> list[bool]:
    return [bool(match["pass"]) for match in matches]


def _real(found: list[dict[str, Any]]) -> Any:
    return np.array([pace for one in found for pace in one["real"]])


def _middle(values: Any) -> Any:
    return statistic("", values, ceiling=1.0, of=median)


if __name__ == "__main__":
    sys.exit(main())
