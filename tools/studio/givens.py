"""What a segment is given: pictures and clips of the store as arrays, and what it continues from.

Knows the store and the parts of a job; no queue and no model.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from shotwright.generator.camera import Move, path
from shotwright.generator.clipspec import ClipSpec
from shotwright.generator.errors import RenderFailed
from shotwright.generator.frames import Frames, Given, Picture
from shotwright.tools.studio.assets import Store
from shotwright.tools.studio.continuing import LAST_FRAME
from shotwright.tools.studio.filing import TAIL_FRAMES
from shotwright.tools.studio.mechanisms import LORA, NATIVE
from shotwright.tools.studio.reels import Reel, Stretch
from shotwright.tools.studio.slates import read_slate


def given_of(
    store: Store, part: dict[str, Any], segment: int, before: Frames | None, spec: ClipSpec
) -> Given:
    """The spec's pictures as arrays, and what the segment continues from.

    before: the last frames of what it continues, of `before_of`.
    """
    planned = part["segments"][segment]
    if spec.reference is not None:
        return Given(guide=picture_of(store, spec.reference)[None], strength=spec.redraw)
    stills: dict[int, Picture] = {frame: picture_of(store, key) for frame, key in spec.keyframes}
    prefix: Frames | None = None
    if spec.first is not None:
        stills[0] = picture_of(store, spec.first)
    if spec.last is not None:
        stills[spec.frames - 1] = picture_of(store, spec.last)
    if before is not None and planned.get("method") == LAST_FRAME:
        stills[0] = before[-1]
    elif before is not None:
        prefix = before[-planned["overlap"] :]
    elif segment == 0 and part["after"] is not None:
        stills[0] = _tail_of(store, part["after"]["take_id"])[-1]
    if part.get("until") and segment == len(part["segments"]) - 1:
        stills[spec.frames - 1] = _tail_of(store, part["until"]["take_id"])[-1]
    return Given(stills, prefix, ease=planned.get("ease", 0), **_filmed(part, spec.frames))


def _filmed(part: dict[str, Any], frames: int) -> dict[str, Any]:
    """The camera's part of `Given`, where the checkpoint follows a path or has a LoRA for the move."""
    camera = part.get("camera") or {}
    if camera.get("mechanism") not in NATIVE.values():
        return {}
    moves = tuple(Move(**move) for move in camera["moves"])
    if camera["mechanism"] == LORA:
        return {"moves": moves}
    return {"path": path(moves, frames, seed=camera["seed"]), "hfov_deg": camera["hfov_deg"]}


def before_of(store: Store, part: dict[str, Any], made: Sequence[str]) -> Frames | None:
    """The last frames, at most TAIL_FRAMES, of what a segment continues; None where it begins something.

    made: keys of the segments before it, as many as hold so many frames.
    """
    clips = [lossless_of(store, key) for key in made]
    if sum(map(len, clips)) < TAIL_FRAMES:
        if part["source"] is not None:
            clips.insert(0, lossless_of(store, part["source"]["tail"]))
        elif part["after"] is not None and part["after"]["how"] == "extend":
            clips.insert(0, _tail_of(store, part["after"]["take_id"]))
    return np.concatenate(clips)[-TAIL_FRAMES:] if clips else None


def unmoved_of(store: Store, part: dict[str, Any]) -> Frames | Reel | None:
    """The clip that the camera is moved over, where that is given and not rendered."""
    over, planned = part.get("over") or {}, part["segments"]
    frames = sum(segment["spec"]["frames"] - segment["overlap"] for segment in planned)
    if over.get("start") == "clip":
        return Reel([Stretch(store.fetch(over["clip"]), frames)])
    if over.get("start") == "still":
        picture = picture_of(store, over["still"])
        return np.broadcast_to(picture, (frames, *picture.shape))
    return None


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
