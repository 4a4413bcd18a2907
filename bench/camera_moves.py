"""Ask `mini` for camera moves by each mechanism and print what the camera of the finished clips did.

Each line is a move and a mechanism: clips, and the shares of them whose direction and amount (within a quarter) came
out, whose other axes strayed by less than 15 per cent of the asked, with 95 % intervals.  "planned" is what is chosen.
The way is that of `generate_video`: plan, prompt, rendering, warp, measuring.  Seeds and scenes are none of the
training's.  Ends with the lines of the model card that plans are made by.
Run: python -m bench.camera_moves            (each move once an amount, at the usual size and length, draft quality)
     python -m bench.camera_moves --full     (each move at three amounts, 6 seeds)
"""

import argparse
import itertools
import json
import math
import statistics
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from shotwright.generator.camera import Move, Pose, scaled
from shotwright.generator.catalog import Card, load_catalog
from shotwright.generator.clipspec import ClipSpec
from shotwright.generator.frames import Frames, Given
from shotwright.generator.inspect.camera import (
    MIN_CONFIDENCE,
    STILL,
    STRAY_SHARE,
    TWINS,
    apparent,
    measure,
)
from shotwright.generator.mini.words import lexicon
from shotwright.generator.pipelines import Engine, open_engine
from shotwright.tools.settings import from_environment
from shotwright.tools.studio.mechanisms import (
    AFTER,
    GUIDED,
    TRAINED,
    CameraPlan,
    mechanisms_of,
    plan_camera,
)
from shotwright.tools.studio.moving import moved
from shotwright.tools.studio.resolve import Resolution, Shape, segments_of, words_of

PLANNED = "planned"
NEAR = 0.25
"""How far from the asked amount still is right, as a share of it."""
SIZE, QUALITY, DAYS = (112, 64), "draft", ("day", "sunset")
OTHERS = {"crane": 20.0, "handheld": 1.5}
"""Usual amounts of moves that the card does not name."""


SLIDING = ("truck", "pedestal", "dolly", "orbit", "crane")


@dataclass(frozen=True)
class Clip:
    """One clip: what was asked, who made it, and what share of the asked was reached and strayed.

    told: whether the amount can be told: a slide measured as the turn that it looks like has a direction only.
    """

    move: str
    amount: float
    mechanism: str
    made_by: str
    seed: int
    reached: float
    strayed: float
    confidence: float
    told: bool

    @property
    def sure(self) -> bool:
        return self.confidence >= MIN_CONFIDENCE

    @property
    def direction(self) -> bool:
        return self.reached > 0

    @property
    def near(self) -> bool:
        return abs(self.reached - 1) <= NEAR

    @property
    def right(self) -> bool:
        return self.told and self.near and self.strayed < STRAY_SHARE


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.camera_moves", description=__doc__)
    parser.add_argument("--full", action="store_true", help="three amounts, 6 seeds")
    parser.add_argument("--moves", nargs="+", help="only these")
    ways = [PLANNED, TRAINED, GUIDED, AFTER]
    parser.add_argument("--by", nargs="+", choices=ways, default=ways, help="only these")
    parser.add_argument("--seeds", type=int, help="clips a move and amount")
    parser.add_argument("--model", type=Path, help="a folder of other weights")
    parser.add_argument("--json", type=Path, help="where every clip's figures are written")
    chosen = parser.parse_args(arguments)
    import torch

    torch.set_num_threads(1)
    card = load_catalog().get("mini")
    if chosen.model:
        card = replace(card, source=str(chosen.model))
    engine = open_engine(card, device="cpu", models=Path())
    seeds = chosen.seeds or (6 if chosen.full else 1)
    shares = list(card.camera_shares.values()) if chosen.full else [1.0]
    resting = ("static", "follow", "handheld")
    able = [m for m, by in mechanisms_of(card).items() if len(by) > 1 and m not in resting]
    if unknown := set(chosen.moves or ()) - set(able):
        parser.error(f"--moves {' '.join(sorted(unknown))}: choose from {', '.join(able)}")
    names = chosen.moves or able
    clips: list[Clip] = []
    # seeds outermost: whatever is done when it is stopped shows every move
    for seed, name, share in itertools.product(range(seeds), names, shares):
        kind = Move(name).kind
        usual = card.camera_amounts.get(kind, OTHERS.get(kind, 1.0))
        move = Move(name, amount=scaled(kind, usual, share))
        clips += film(card, engine, move, 7000 + 100 * seed + len(clips), chosen.by)
        if chosen.json:
            chosen.json.write_text(json.dumps([asdict(clip) for clip in clips]), encoding="utf-8")
    print(table(clips))
    print(card_lines(clips))
    return 0


def film(card: Card, engine: Engine, move: Move, seed: int, by: Iterable[str]) -> list[Clip]:
    """The move by every mechanism that can make it; "planned" is the one of them that the plan takes."""
    able = plan(card, move, None)
    found: dict[str, Clip] = {}
    asked_for = [name for name in by if name in able.able or name == PLANNED]
    for name in dict.fromkeys(able.mechanism if name == PLANNED else name for name in asked_for):
        planned = plan(card, move, name)
        frames = render(card, engine, planned, seed)
        motion = measure(frames, hfov_deg=planned.hfov_deg)
        reached, strayed, told = compare(planned.asked or Pose(), motion.total)
        amount = move.amount or 0.0
        sure = motion.confidence
        found[name] = Clip(move.move, amount, name, name, seed, reached, strayed, sure, told)
        print(
            f"{move.move} {amount:g} {name}: {reached:.2f}, stray {strayed:.2f}, "
            f"confidence {motion.confidence:.2f}",
            file=sys.stderr,
            flush=True,
        )
    if PLANNED in asked_for:
        found[PLANNED] = replace(found[able.mechanism], mechanism=PLANNED)
    return [found[name] for name in asked_for]


def plan(card: Card, move: Move, mechanism: str | None) -> CameraPlan:
    return plan_camera(
        card,
        [move],
        frames=card.frames.default,
        start="words",
        segments=1,
        notes=Resolution(),
        mechanism=mechanism,
    )


def render(card: Card, engine: Engine, planned: CameraPlan, seed: int) -> Frames:
    """The finished clip, made as the worker makes it."""
    shape = Shape(*SIZE, (card.frames.default,), 0)
    prompts = []
    for moves in (planned.prompt_moves, said(planned)):
        words = words_of(
            card,
            prompt_of(seed, rests=any(m.kind in SLIDING for m in planned.moves)),
            negative=None,
            rewrite=True,
            image=False,
            moves=moves,
            notes=Resolution(),
            settings=from_environment({}),
            now=False,
        )
        prompts.append(words)
    spec = ClipSpec.from_json(segments_of(card, shape, prompts[0], QUALITY, seed)[0]["spec"])
    clip = engine.render(spec, Given(), lambda *_: None)
    if planned.over is None:
        return clip
    frames = moved(
        clip,
        {**planned.over, "prompt": prompts[1].prompt},
        [spec],
        overlap=0,
        given=Given(),
        render=lambda _, spec, given: engine.render(spec, given, lambda *_: None),
    )
    return np.stack(list(frames))


def said(planned: CameraPlan) -> list[Move]:
    over: dict[str, Any] = planned.over or {}
    return [Move(**move) for move in over.get("said", [])]


def prompt_of(seed: int, *, rests: bool) -> str:
    """A caption without a camera; the same seed the same scene.

    rests: the subject stays where it is, for slides, which are told by how it passes the background.
    """
    rng, known = np.random.default_rng([seed, 77]), lexicon()
    value = {
        factor: known[factor][str(rng.choice(list(known[factor])))][0]
        for factor in ("colour", "subject", "action", "place")
    }
    if rests:
        value["action"] = known["action"]["rests"][0]
    return "a {colour} {subject} {action}, {place}, ".format(**value) + str(rng.choice(DAYS))


def compare(asked: Pose, done: Pose) -> tuple[float, float, bool]:
    """(share of the asked amount that was reached, largest stray as a share of the asked, whether the amount is told).

    On the axis that was asked most, counted in what is still; nothing is reached by less than that.  A slide that was
    measured as the turn it looks like is compared on that turn's axis, and tells no amount.
    """
    wanted, seen = flat(asked), flat(done)
    main = max(wanted, key=lambda axis: abs(wanted[axis]) / STILL[axis])
    free = {axis for axis in wanted if abs(wanted[axis]) <= STILL[axis]}
    told = main not in TWINS or abs(seen[main]) > STILL[main]
    if not told:
        turn = TWINS[main]
        wanted[turn] += apparent(main, wanted[main])
        free -= {turn}
        main = turn
    size = abs(wanted[main]) / STILL[main]
    strayed = max((abs(seen[axis]) / STILL[axis] for axis in free), default=0.0) / size
    moved = abs(seen[main]) > STILL[main]
    return (seen[main] / wanted[main] if moved else 0.0), strayed, told


def flat(pose: Pose) -> dict[str, float]:
    """Axis -> a number that is 0 at rest."""
    values = asdict(pose)
    return {**values, "zoom_ratio": math.log(values["zoom_ratio"])}


def table(clips: Sequence[Clip]) -> str:
    head = "direction          amount             stray"
    lines = [f"{'move':14} {'mechanism':21} {'n':>4}  {head}"]
    for name in dict.fromkeys(clip.mechanism for clip in clips):
        of_it = [clip for clip in clips if clip.mechanism == name]
        moves = dict.fromkeys(clip.move for clip in of_it)
        lines += [line(m, name, [clip for clip in of_it if clip.move == m]) for m in moves]
        lines.append(line("ALL", name, of_it))
        lines.append(line("ALL, sure", name, [clip for clip in of_it if clip.sure]))
        if name == PLANNED:
            makers = Counter(clip.made_by for clip in of_it)
            lines.append(f"  planned is {', '.join(f'{m} in {n}' for m, n in makers.items())}")
    return "\n".join(lines)


def line(move: str, mechanism: str, clips: Sequence[Clip]) -> str:
    """One line; the amount over the clips that tell one."""
    shares = [
        [clip.direction for clip in clips],
        [clip.near for clip in clips if clip.told],
        [clip.strayed < STRAY_SHARE for clip in clips],
    ]
    told = "  ".join(interval(share) for share in shares)
    median = f"median {statistics.median(c.strayed for c in clips):.2f}" if clips else ""
    return f"{move:14} {mechanism:21} {len(clips):4}  {told}  {median}"


def interval(right: Sequence[bool]) -> str:
    """Share and its 95 % interval (Wilson 1927)."""
    if not right:
        return f"{'-':16}"
    n, share, z = len(right), sum(right) / len(right), 1.96
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return f"{share:.2f} [{middle - half:.2f} {middle + half:.2f}]"


def card_lines(clips: Sequence[Clip]) -> str:
    """`[camera.obedience]` of the model card: a share a mechanism and kind, of clips right in direction and amount,
    and astray on no other axis.

    A slide whose amount was not told is not right in amount.
    """
    lines = ["", "[camera.obedience]"]
    for name in (TRAINED, GUIDED, AFTER):
        of_it = [clip for clip in clips if clip.mechanism == name]
        kinds = dict.fromkeys(Move(clip.move).kind for clip in of_it)
        shares = {
            kind: statistics.mean(c.right for c in of_it if Move(c.move).kind == kind)
            for kind in kinds
        }
        told = ", ".join(f"{kind} = {share:.2f}" for kind, share in shares.items())
        lines.append(f'"{name}" = {{ {told} }}')
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
