"""Plan one new clip: the way from `generate_video`'s arguments to parts, shared by every verb that makes clips."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from shotwright.generator.camera import Move
from shotwright.generator.catalog import Card
from shotwright.generator.clipspec import ClipSpec
from shotwright.generator.errors import BadRequest
from shotwright.tools.studio import wire
from shotwright.tools.studio.continuing import continued, led
from shotwright.tools.studio.mechanisms import (
    AFTER,
    GUIDED,
    CameraPlan,
    Start,
    moves_in,
    plan_camera,
)
from shotwright.tools.studio.resolve import (
    Resolution,
    Shape,
    Words,
    expected_bytes,
    length,
    moves_of,
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

    def dry_run(self, expected_s: float | None) -> dict[str, Any]:
        """The answer of `dry_run`."""
        return {
            "effective": effective(self.parts[0]),
            "adjustments": self.notes.adjustments,
            "warnings": self.notes.warnings,
            "expected_s": expected_s,
            "expected_bytes": expected_bytes(self.parts),
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
        "refine": first["refine"],
        "level": first["level"],
        "quality": part["quality"],
        "camera": part["camera"],
        # how far a reference picture is drawn anew; none where there is none
        "redraw": first["redraw"] or None,
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
    for warning in picture.warnings:
        notes.warn(warning["code"], f"{name}: {warning['message']}")
    return key


async def plan_clip(
    studio: Studio,
    a: wire.GenerateVideo,
    asked: dict[str, Any],
    *,
    moves: Sequence[Move] | None = None,
    words: Words | None = None,
    resting: Words | None = None,
    starts_from_shot: bool = False,
    lengths: tuple[tuple[int, ...], int] | None = None,
    moved: Literal["still", "clip"] | None = None,
    level: str | None = None,
) -> ClipPlan:
    """Resolve everything.  Raises BadRequest; nothing is stored but the fitted pictures.

    moves, words: already compiled (a film's shots); resting: the same words with the camera at rest.
    starts_from_shot: the first frame comes from an earlier take.  lengths: frames of the segments and their overlap,
    where they are not to be chosen; a single frame is a picture, and `image` its reference.  moved: what the camera is
    moved over, instead of a clip that the words describe.  level: where it is not the quality's own.
    """
    card = studio.catalog.get(a.model)
    notes = Resolution()
    is_picture = lengths is not None and lengths[0] == (1,)
    if is_picture:
        card.check_mode("image", "model")
    else:
        _check_mode(card, a, starts_from_shot)
    named = a.image is not None or a.last_image is not None or a.keyframes
    has_picture = named or moved or starts_from_shot
    unsaid = not a.prompt.strip() and words is None and not has_picture
    if unsaid and "prompt" not in a.model_fields_set:
        raise BadRequest(
            "prompt is missing and no picture is given; say what is to be seen.",
            field="prompt",
            value=a.prompt,
            allowed='text, or an image; "" for whatever the model makes',
            fix="write a prompt",
        )
    if unsaid:
        notes.warn(
            "prompt_empty", "the prompt is empty: the model makes whatever it was trained on."
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
        quality=a.quality,
    )
    counts, overlap = lengths or length(card, frames=a.frames, duration_s=a.duration_s, notes=notes)
    shape = Shape(width, height, counts, overlap)
    fitted = partial(place, studio, width=width, height=height, fit=a.fit, notes=notes)
    given: dict[str, Any] = {"first": None, "last": None, "keyframes": []}
    if first is not None:
        given["reference" if is_picture else "first"] = await fitted(first, name="image")
    if last is not None:
        given["last"] = await fitted(last, name="last_image")
    for index, (frame, ref) in enumerate(_keyframes(card, a, shape)):
        name = f"keyframes[{index}].image"
        keyframe = await studio.intake.image(ref, name)
        given["keyframes"].append([frame, await fitted(keyframe, name=name)])
    start: Start = "words" if first is None else "picture"
    if starts_from_shot or last is not None or a.keyframes or is_picture:
        start = "bound"
    spoken: Literal["", "rewritten", "as it is"] = ""
    if moves is None:
        moves = moves_of(a.camera)
        if a.camera is None and a.mechanism is None and not is_picture:
            moves = moves_in(a.prompt, notes)
            spoken = "rewritten" if a.rewrite else "as it is"
        elif a.camera:
            _warn_of_others(a.prompt, moves, notes)
    camera = plan_camera(
        card,
        moves,
        frames=shape.frames,
        start=moved or start,
        segments=len(counts),
        notes=notes,
        seed=a.seed or 0,
        mechanism=a.mechanism,
        spoken=spoken,
    )
    compiled = partial(
        words_of,
        card,
        a.prompt,
        negative=a.negative_prompt,
        rewrite=a.rewrite and not (unsaid and a.camera is None),
        image=first is not None and not is_picture,  # of a redrawn picture the words say all
        settings=studio.settings,
    )
    over = camera.over
    if over is not None and moved == "still":
        over = {**over, "still": given["first"]}
        if over["mechanism"] == AFTER:
            given["first"] = None  # a crop shows no frame of it whole
    if over is not None:
        said = words
        if said is None:
            known = [Move(**move) for move in over["said"]]
            said = await studio.blocking(compiled, moves=known, notes=Resolution(), now=False)
        prompt = said.prompt if over["mechanism"] == GUIDED else None  # a crop needs no words
        over, words = {**over, "prompt": prompt}, resting
    if words is None:
        words = await studio.blocking(
            compiled, moves=camera.prompt_moves, notes=notes, now=a.dry_run
        )
    parts = [
        {
            **part(
                card,
                asked,
                shape,
                words,
                a.quality,
                seed,
                camera,
                given,
                notes,
                label=a.label,
                level=level,
            ),
            "over": over,
            "parents": _takes_of(a),
        }
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
    level: str | None,
) -> dict[str, Any]:
    """One take to be rendered, as JSON."""
    from shotwright.tools.studio.assets import new_id

    segments = [
        continued(card, segment) if index else segment
        for index, segment in enumerate(segments_of(card, shape, words, quality, seed, level=level))
    ]
    for index, frame, key in _placed(shape, given["keyframes"]):
        here = ClipSpec.from_json(segments[index]["spec"]).keyframes
        segments[index] = with_pictures(segments[index], keyframes=(*here, (frame, key)))
    segments[0] = with_pictures(segments[0], first=given["first"])
    if reference := given.get("reference"):
        segments[0] = with_pictures(segments[0], reference=reference, redraw=card.redraw)
    segments[-1] = with_pictures(segments[-1], last=given["last"])
    segments = [
        {**(led(card, segment) if _is_given(segment) else segment), "ease": card.ease_frames}
        for segment in segments
    ]
    return {
        "take_id": new_id("take"),
        "request": asked,
        "seed": seed,
        "quality": quality,
        "segments": segments,
        "camera": camera.to_json(),
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


def _takes_of(a: wire.GenerateVideo) -> list[str]:
    """The takes among the pictures that are given."""
    named = [a.image, a.last_image, *(keyframe.image for keyframe in a.keyframes)]
    return list(dict.fromkeys(ref for ref in named if ref is not None and ref.startswith("take_")))


def _is_given(segment: dict[str, Any]) -> bool:
    """Whether a picture is to be seen in it."""
    spec = ClipSpec.from_json(segment["spec"])
    return bool(spec.first or spec.last or spec.keyframes)


def _placed(shape: Shape, keyframes: Sequence[tuple[int, str]]) -> Iterator[tuple[int, int, str]]:
    """(segment, frame of it, picture) of each keyframe: where its frame is new, and not the overlap of the next."""
    for frame, key in keyframes:
        at, index = frame, 0
        while at >= shape.counts[index]:
            at -= shape.counts[index] - shape.overlap
            index += 1
        yield index, at, key


def _warn_of_others(prompt: str, moves: Sequence[Move], notes: Resolution) -> None:
    """A camera that is given says all; what the prompt says of another one is not made."""
    given = {move.move for move in moves}
    others = dict.fromkeys(m.move for m in moves_in(prompt, Resolution()) if m.move not in given)
    if others:
        notes.warn(
            "camera_given_twice",
            f"the prompt names {', '.join(others)}, and camera says otherwise: only camera is made. "
            "Take the other out of the prompt, or leave camera out.",
        )


def _check_mode(card: Card, a: wire.GenerateVideo, starts_from_shot: bool) -> None:
    if a.keyframes:
        card.check_mode("keyframes", "keyframes")
    if a.last_image is not None and (a.image is not None or starts_from_shot):
        card.check_mode("first+last", "last_image")
    elif a.image is not None or starts_from_shot:
        card.check_mode("first", "image")
    elif a.last_image is not None:
        card.check_mode("last", "last_image")
    else:
        card.check_mode("text", "prompt")


def _keyframes(card: Card, a: wire.GenerateVideo, shape: Shape) -> list[tuple[int, str]]:
    """(frame, picture) of the asked keyframes.  Raises BadRequest for a time outside the clip."""
    found: list[tuple[int, str]] = []
    longest = (shape.frames - 1) / card.fps
    for index, keyframe in enumerate(a.keyframes):
        frame = round(keyframe.at_s * card.fps)
        if frame >= shape.frames:
            raise BadRequest(
                f"keyframes[{index}].at_s {keyframe.at_s:g} is after the last frame, at {longest:g} s.",
                field=f"keyframes[{index}].at_s",
                value=keyframe.at_s,
                allowed=f"0 to {longest:g}",
                fix="choose an earlier time, or a longer duration_s",
            )
        if frame in [f for f, _ in found]:
            raise BadRequest(
                f"keyframes[{index}].at_s {keyframe.at_s:g} is the same frame as another keyframe; "
                f"frames are {1 / card.fps:g} s apart.",
                field=f"keyframes[{index}].at_s",
                value=keyframe.at_s,
                allowed=f"0 to {longest:g}, a frame each",
                fix="move the keyframe, or remove it",
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
