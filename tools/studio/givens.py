"""What a segment is given: pictures and clips of the store as arrays, and what it continues from.

Knows the store and the parts of a job; no queue and no model.
"""

from typing import Any

import numpy as np

from shotwright.generator.camera import Move, path
from shotwright.generator.clipspec import ClipSpec
from shotwright.generator.errors import RenderFailed
from shotwright.generator.frames import Frames, Given, Picture
from shotwright.tools.studio.assets import Store
from shotwright.tools.studio.slates import read_slate


def given_of(
    store: Store, part: dict[str, Any], segment: int, before: str | None, spec: ClipSpec
) -> Given:
    """The spec's pictures as arrays, and what the segment continues from.

    before: key of the lossless frames of the segment before this one.
    """
    stills: dict[int, Picture] = {frame: picture_of(store, key) for frame, key in spec.keyframes}
    prefix: Frames | None = None
    overlap = part["segments"][segment]["overlap"]
    if spec.first is not None:
        stills[0] = picture_of(store, spec.first)
    if spec.last is not None:
        stills[spec.frames - 1] = picture_of(store, spec.last)
    if before is not None:
        prefix = lossless_of(store, before)[-overlap:]
    elif part["after"] is not None:
        tail = _tail_of(store, part["after"]["take_id"])
        if part["after"]["how"] == "extend":
            prefix = tail[-overlap:]
        else:
            stills[0] = tail[-1]
    elif part["source"] is not None:
        prefix = lossless_of(store, part["source"]["clip"])[-overlap:]
    if part.get("until") and segment == len(part["segments"]) - 1:
        stills[spec.frames - 1] = _tail_of(store, part["until"]["take_id"])[-1]
    warp = part["segments"][segment].get("warp")
    if warp is None:
        return Given(stills, prefix)
    guide = _guide(store, warp, spec, stills.get(0))
    return Given({0: guide[0], **stills}, prefix, guide, warp["strength"])


def _guide(store: Store, warp: dict[str, Any], spec: ClipSpec, first: Picture | None) -> Frames:
    """The start picture, or every frame of a clip, moved along the asked path."""
    if warp["clip"] is not None:
        return _moved(lossless_of(store, warp["clip"])[: spec.frames], warp, spec)
    if first is None:
        raise RenderFailed("a warp needs a start picture.", code="internal", retryable=False)
    return _moved(first[None], warp, spec)


def picture_of(store: Store, key: str) -> Picture:
    """The picture of a key, uint8 RGB (height, width, 3)."""
    from PIL import Image

    return np.asarray(Image.open(store.fetch(key)).convert("RGB"))


def lossless_of(store: Store, key: str) -> Frames:
    """The frames of a lossless file."""
    from shotwright.generator.encode import read_lossless

    return read_lossless(store.fetch(key)).frames


def _tail_of(store: Store, take_id: str) -> Frames:
    slate = read_slate(store, take_id)
    if slate.blobs.tail is None:
        raise RenderFailed(f"take {take_id} has no tail.", code="internal", retryable=False)
    return lossless_of(store, slate.blobs.tail)


def _moved(pictures: Frames, camera: dict[str, Any], spec: ClipSpec) -> Frames:
    """`spec.frames` frames along the path of `camera` (moves, amounts, hfov_deg): of one picture, or of one a frame."""
    from shotwright.generator.warp import warp

    moves = [Move(**move) for move in camera["moves"]]
    poses = path(moves, spec.frames, amounts=camera["amounts"], seed=spec.seed)
    box = {"hfov_deg": camera["hfov_deg"], "width": spec.width, "height": spec.height}
    if len(pictures) == 1:
        return warp(pictures[0], poses, **box).frames
    moved = [warp(one, [pose], **box).frames for one, pose in zip(pictures, poses, strict=True)]
    return np.concatenate(moved)
