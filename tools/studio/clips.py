"""Plan one new clip: the way from `generate_video`'s arguments to parts, shared by every verb that makes clips."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from shotwright.generator.camera import Move
from shotwright.generator.catalog import Card
from shotwright.generator.errors import BadRequest
from shotwright.tools.studio import wire
from shotwright.tools.studio.resolve import (
    WARP_STRENGTH,
    CameraPlan,
    Resolution,
    Shape,
    Words,
    expected,
    length,
    moves_of,
    plan_camera,
    seeds,
    segments_of,
    size,
    with_pictures,
    words_of,
)
from shotwright.tools.studio.studio import Studio

if TYPE_CHECKING:
    from shotwright.tools.studio.media import Picture


@dataclass(frozen=True)
class ClipPlan:
    """Parts to render, and what to say about them before."""

    card: Card
    parts: list[dict[str, Any]]
    notes: Resolution

    def dry_run(self, speed: float | None) -> dict[str, Any]:
        """The answer of `dry_run`."""
        seconds, size_bytes = expected(self.card, self.parts, speed)
        return {
            "effective": effective(self.parts[0]),
            "adjustments": self.notes.adjustments,
            "warnings": self.notes.warnings,
            "expected_s": seconds,
            "expected_bytes": size_bytes,
        }


def effective(part: dict[str, Any]) -> dict[str, Any]:
    """The values that a part will be rendered with."""
    specs = [segment["spec"] for segment in part["segments"]]
    frames = sum(s["frames"] for s in specs) - sum(s["overlap"] for s in part["segments"])
    first = specs[0]
    return {
        "model": first["model"],
        "prompt": first["prompt"],
        "negative_prompt": first["negative_prompt"],
        "width": first["width"],
        "height": first["height"],
        "frames": frames,
        "fps": first["fps"],
        "duration_s": frames / first["fps"],
        "segments": len(specs),
        "seed": part["seed"],
        "steps": first["steps"],
        "guidance": first["guidance"],
        "quality": part["quality"],
        "camera": part["camera"],
    }


async def place(
    studio: Studio,
    picture: "Picture",
    *,
    width: int,
    height: int,
    fit: wire.Fit,
    name: str,
    notes: Resolution,
) -> str:
    """Fit a picture to the clip, store it losslessly, answer its key."""

    def work() -> tuple[str, dict[str, Any] | None]:
        from shotwright.tools.studio.media import fit as fit_picture
        from shotwright.tools.studio.pictures import png

        fitted, change = fit_picture(picture.array, width, height, fit)
        return studio.store.put_bytes(png(fitted), "png").key, change

    key, change = await studio.blocking(work)
    if change is not None:
        notes.adjustments.append({**change, "field": name})
    return key


async def plan_clip(
    studio: Studio,
    a: wire.GenerateVideo,
    asked: dict[str, Any],
    *,
    moves: Sequence[Move] | None = None,
    words: Words | None = None,
    starts_from_shot: bool = False,
    picture: bool = False,
    warp: bool = False,
) -> ClipPlan:
    """Resolve everything.  Raises BadRequest; nothing is stored but the fitted pictures.

    moves, words: already compiled (a film's shots).  starts_from_shot: the first frame comes from an earlier take.
    picture: a single frame.  warp: the camera is to be made by a warp, whatever the model was trained on.
    """
    card = studio.catalog.get(a.model)
    notes = Resolution()
    _check_mode(card, a, starts_from_shot)
    has_picture = a.image is not None or a.last_image is not None or warp or starts_from_shot
    if not a.prompt.strip() and words is None and not has_picture:
        raise BadRequest(
            "prompt is empty and no picture is given; say what is to be seen.",
            field="prompt",
            value=a.prompt,
            allowed="text, or an image",
            fix="write a prompt",
        )
    first = None if a.image is None else await studio.intake.image(a.image, "image")
    last = None if a.last_image is None else await studio.intake.image(a.last_image, "last_image")
    shape_of = first or last
    width, height = size(
        card,
        aspect_ratio=a.aspect_ratio,
        exact=a.size,
        picture=None if shape_of is None else (shape_of.width, shape_of.height),
        notes=notes,
    )
    counts, overlap = (
        ((1,), 0)
        if picture
        else length(card, frames=a.frames, duration_s=a.duration_s, notes=notes)
    )
    if warp and len(counts) > 1:
        longest = card.frames.maximum / card.fps
        raise BadRequest(
            f"a camera path is made in one clip of {card.name}, up to {longest:g} s; ask for a "
            "shorter one.",
            code="invalid_frames",
            field="duration_s",
            value=a.duration_s,
            allowed=f"up to {longest:g}",
            fix=f"duration_s={longest:g}",
        )
    shape = Shape(width, height, counts, overlap)
    fitted = partial(place, studio, width=width, height=height, fit=a.fit, notes=notes)
    given: dict[str, Any] = {"first": None, "last": None, "keyframes": []}
    if first is not None:
        given["first"] = await fitted(first, name="image")
    if last is not None:
        given["last"] = await fitted(last, name="last_image")
    for index, (frame, ref) in enumerate(_keyframes(card, a, shape)):
        name = f"keyframes[{index}].image"
        keyframe = await studio.intake.image(ref, name)
        given["keyframes"].append([frame, await fitted(keyframe, name=name)])
    camera = plan_camera(
        card,
        moves_of(a.camera) if moves is None else moves,
        frames=shape.frames,
        still=first is not None or warp,
        segments=len(counts),
        notes=notes,
        seed=a.seed or 0,
        warp=warp,
    )
    if words is None:
        words = await studio.blocking(
            words_of,
            card,
            a.prompt,
            negative=a.negative_prompt,
            rewrite=a.rewrite,
            image=first is not None,
            moves=camera.prompt_moves,
            notes=notes,
            settings=studio.settings,
            now=a.dry_run,
        )
    parts = [
        part(card, asked, shape, words, a.quality, seed, camera, given, notes, label=a.label)
        for seed in seeds(a.seed, a.takes)
    ]
    return ClipPlan(card, parts, notes)


def part(
    card: Card,
    asked: dict[str, Any],
    shape: Shape,
    words: Words,
    quality: str,
    seed: int,
    camera: CameraPlan,
    given: dict[str, Any],
    notes: Resolution,
    *,
    label: str,
) -> dict[str, Any]:
    """One take to be rendered, as JSON."""
    from shotwright.tools.studio.assets import new_id

    segments = segments_of(card, shape, words, quality, seed)
    segments[0] = with_pictures(
        segments[0],
        first=given["first"],
        keyframes=tuple((frame, key) for frame, key in given["keyframes"]),
    )
    segments[-1] = with_pictures(segments[-1], last=given["last"])
    return {
        "take_id": new_id("take"),
        "request": asked,
        "seed": seed,
        "quality": quality,
        "segments": segments,
        "camera": camera.to_json(card.hfov_deg),
        "given": given,
        "label": label,
        "words": words.told,
        "unknown_words": list(words.unknown),
        "adjustments": notes.adjustments,
        "warnings": notes.warnings,
        "parents": [],
        "source": None,
        "after": None,
    }


def warp_start(plan: ClipPlan, part: dict[str, Any], clip: str | None = None) -> None:
    """Where the camera is made by a guided warp, tell the segment what to start from."""
    if part["camera"]["mechanism"] == "guided warp":
        part["segments"][0]["warp"] = {
            "moves": part["camera"]["moves"],
            "amounts": dict(plan.card.camera_amounts),
            "hfov_deg": plan.card.hfov_deg,
            "strength": WARP_STRENGTH,
            "clip": clip,
        }


def _check_mode(card: Card, a: wire.GenerateVideo, starts_from_shot: bool) -> None:
    if a.keyframes:
        card.check_mode("keyframes", "keyframes")
    if a.image is not None and a.last_image is not None:
        card.check_mode("first+last", "last_image")
    elif a.image is not None or starts_from_shot:
        card.check_mode("first", "image")
    elif a.last_image is not None:
        card.check_mode("last", "last_image")
    else:
        card.check_mode("text", "prompt")


def _keyframes(card: Card, a: wire.GenerateVideo, shape: Shape) -> list[tuple[int, str]]:
    """(frame, picture) of the asked keyframes.  Raises BadRequest for a time outside the clip's first segment."""
    found: list[tuple[int, str]] = []
    longest = (shape.counts[0] - 1) / card.fps
    for index, keyframe in enumerate(a.keyframes):
        frame = round(keyframe.at_s * card.fps)
        if frame >= shape.counts[0] or frame in [f for f, _ in found]:
            raise BadRequest(
                f"keyframes[{index}].at_s {keyframe.at_s:g} is not a frame of its own between 0 and "
                f"{longest:g} s; choose another time.",
                field=f"keyframes[{index}].at_s",
                value=keyframe.at_s,
                allowed=f"0 to {longest:g}, a frame each",
                fix="move the keyframe, or make the clip shorter",
            )
        end = None
        if a.image is not None and frame == 0:
            end = "image"
        elif a.last_image is not None and frame == shape.frames - 1:
            end = "last_image"
        if end is not None:
            raise BadRequest(
                f"keyframes[{index}] and {end} both say what frame {frame} shows; give one of them.",
                field=f"keyframes[{index}].at_s",
                value=keyframe.at_s,
                allowed=f"another time, or no {end}",
                fix=f"remove the keyframe or {end}",
            )
        found.append((frame, keyframe.image))
    return found
