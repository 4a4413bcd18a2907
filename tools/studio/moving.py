"""The camera moved over a finished clip: each frame warped along the path, then denoised by the model or only cropped.

What is done, and from where it is seen, was planned by `mechanisms`.  Knows frames and an engine's `render`; no jobs.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shotwright.generator.camera import Move, Pose, path
from shotwright.generator.clipspec import ClipSpec
from shotwright.generator.frames import Frames, Given
from shotwright.tools.studio.mechanisms import AFTER

Render = Callable[[int, ClipSpec, Given], Frames]
"""Renders a segment by its number."""

FEW_HOLES = 0.002
"""Share of a clip's pixels that may be unknown without a rendering of all steps to imagine them."""


def moved(
    clip: Frames,
    over: dict[str, Any],
    specs: Sequence[ClipSpec],
    *,
    overlap: int,
    given: Given,
    render: Render,
) -> Frames:
    """`clip` as the camera sees it on its way along the path of `over`.

    specs: one a segment, of what is rendered first; each but the first begins with `overlap` frames of the one
    before.  given: what the first segment was given.
    """
    poses = path([Move(**move) for move in over["moves"]], len(clip), seed=over["seed"])
    if over["mechanism"] == AFTER:
        nearer = [replace(p, zoom_ratio=p.zoom_ratio * over["overscan"]) for p in poses]
        return _warped(clip, nearer, over)[0]
    guide, holes = _warped(clip, poses, over)
    made = guide[:0]
    for index, spec in enumerate(specs):
        start = len(made) - overlap if index else 0
        span = slice(start, start + spec.frames)
        imagined = holes[span] if (holes[span] > 0.5).mean() > FEW_HOLES else None
        known = Given(prefix=made[start:]) if index else given
        spec = replace(spec, prompt=over["prompt"])
        guided = replace(known, guide=guide[span], strength=over["strength"], holes=imagined)
        made = np.concatenate([made[:start], render(index, spec, guided)])
    return made


def _warped(
    clip: Frames, poses: Sequence[Pose], over: dict[str, Any]
) -> tuple[Frames, NDArray[np.float32]]:
    """Every frame at its pose, and where it shows what no picture knows."""
    from shotwright.generator.stage import Stage, stages
    from shotwright.generator.warp import warp

    height, width = clip.shape[1:3]
    at = Pose(**over["at"])
    slides = any((p.truck, p.pedestal, p.dolly) != (at.truck, at.pedestal, at.dolly) for p in poses)
    found: list[Stage] | list[None] = stages(clip) if slides else [None] * len(clip)
    frames, holes = [], []
    for picture, stage, pose in zip(clip, found, poses, strict=True):
        seen = warp(
            picture,
            [pose],
            hfov_deg=over["hfov_deg"],
            width=width,
            height=height,
            at=at,
            stage=stage,
        )
        frames.append(seen.frames)
        holes.append(1 - seen.covered)
    return np.concatenate(frames), np.concatenate(holes)
