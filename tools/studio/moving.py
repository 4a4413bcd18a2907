"""The camera moved over a finished clip: each frame warped along the path, then denoised by the model or only cropped.

What is done, and from where it is seen, was planned by `mechanisms`.  Knows frames and an engine's `render`; no jobs.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shotwright.generator.camera import Move, Pose, path
from shotwright.generator.clipspec import ClipSpec
from shotwright.generator.frames import Frames, Given, Picture
from shotwright.tools.studio.mechanisms import AFTER
from shotwright.tools.studio.reels import Reel

Render = Callable[[int, ClipSpec, Given], Frames]
"""Renders a segment by its number."""

FEW_HOLES = 0.002
"""Share of a clip's pixels that may be unknown without a rendering of all steps to imagine them."""

EDGE = 1 / 64
"""Of the short side: how far what was imagined reaches into what is known, and how softly."""


def moved(
    clip: Frames | Reel,
    over: dict[str, Any],
    specs: Sequence[ClipSpec],
    *,
    overlap: int,
    given: Given,
    render: Render,
) -> Iterator[Picture]:
    """The frames of `clip` one by one, as the camera sees them on its way along the path of `over`.

    specs: one a segment; each but the first begins with `overlap` frames of the one before.  given: what the first
    segment was given.  A segment is held at a time, of a crop a frame.
    """
    from shotwright.generator.continuation import fit
    from shotwright.generator.stage import backdrop

    poses = path([Move(**move) for move in over["moves"]], len(clip), seed=over["seed"])
    if over["mechanism"] == AFTER:
        nearer = [replace(p, zoom_ratio=p.zoom_ratio * over["overscan"]) for p in poses]
        for frame, _ in _warped(clip, nearer, over, backdrop(nearer)):
            yield frame
        return
    wall, coming, start = backdrop(poses), iter(clip), 0
    shared: list[Picture] = []
    before: Frames | None = None
    for index, spec in enumerate(specs):
        pictures = [*shared, *islice(coming, spec.frames - len(shared))]
        way = poses[start : start + spec.frames]
        frames, unknown = zip(*_warped(pictures, way, over, wall), strict=True)
        guide, holes = np.stack(frames), np.stack(unknown)
        known = given if before is None else Given(prefix=before)
        guided = replace(
            known,
            guide=guide,
            strength=over["strength"],
            holes=holes if (holes > 0.5).mean() > FEW_HOLES else None,
        )
        made = render(index, replace(spec, prompt=over["prompt"]), guided)
        if over.get("kept"):
            made = _kept(made, guide, holes)
        if before is not None:
            made = fit(made, before=before, overlap=overlap, anchor=None, fps=spec.fps).frames
        yield from made
        start, shared = start + spec.frames - overlap, pictures[spec.frames - overlap :]
        before = (made if before is None else np.concatenate([before, made]))[-overlap:]


def _kept(made: Frames, guide: Frames, holes: NDArray[np.float32]) -> Frames:
    """The warped frames where they are known, what was made elsewhere: denoising holds things back where its cells had
    them, and what slides must slide.

    holes: (frames, height, width), 0 to 1.
    """
    import cv2

    edge = max(1, round(min(guide.shape[1:3]) * EDGE))
    around = np.ones((2 * edge + 1, 2 * edge + 1), np.uint8)
    mixed = np.empty_like(guide)
    for frame, new, old, hole in zip(mixed, made, guide, holes, strict=True):
        share = np.asarray(cv2.GaussianBlur(cv2.dilate(hole, around), (0, 0), edge))[..., None]
        frame[:] = np.clip(np.round(old + share * (new.astype(np.float32) - old)), 0, 255)
    return mixed


def _warped(
    clip: Iterable[Picture], poses: Sequence[Pose], over: dict[str, Any], wall: float
) -> Iterator[tuple[Picture, NDArray[np.float32]]]:
    """Every frame at its pose, and where it shows what no picture knows, 0 to 1.

    wall: how far the back wall is, for poses that slide.
    """
    from shotwright.generator.stage import stages
    from shotwright.generator.warp import warp

    at = Pose(**over["at"])
    slides = any((p.truck, p.pedestal, p.dolly) != (at.truck, at.pedestal, at.dolly) for p in poses)
    staged = stages(clip, wall=wall) if slides else ((picture, None) for picture in clip)
    for (picture, stage), pose in zip(staged, poses, strict=True):
        height, width = picture.shape[:2]
        seen = warp(
            picture,
            [pose],
            hfov_deg=over["hfov_deg"],
            width=width,
            height=height,
            at=at,
            stage=stage,
        )
        yield seen.frames[0], 1 - seen.covered[0]
