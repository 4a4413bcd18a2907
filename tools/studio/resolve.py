"""From a verb's arguments to parts: everything chosen before a job exists, each change reported.

A part is one take to be rendered, as plain JSON: which take id and seed, which segments (`ClipSpec`s), what camera and
pictures were asked.  Knows the cards and the words; renders nothing.
"""

import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from shotwright.generator.camera import Move
from shotwright.generator.camera_dialects import from_kling
from shotwright.generator.catalog import Card
from shotwright.generator.clipspec import ClipSpec
from shotwright.generator.errors import BadRequest
from shotwright.prompts.dialects import Mode
from shotwright.prompts.rewriter import rewrite as rewrite_prompt
from shotwright.tools.settings import Settings
from shotwright.tools.studio import wire
from shotwright.tools.studio.writing import said_of, target_of, writer_of


@dataclass
class Resolution:
    """What was chosen so far, and what had to be changed."""

    adjustments: list[dict[str, Any]] = field(default_factory=list)
    warnings: list[dict[str, str]] = field(default_factory=list)

    def adjust(self, name: str, asked: Any, used: Any, reason: str) -> None:
        if asked != used:
            self.adjustments.append({"field": name, "asked": asked, "used": used, "reason": reason})

    def warn(self, code: str, message: str) -> None:
        self.warnings.append({"code": code, "message": message})


@dataclass(frozen=True)
class Shape:
    """Size and length of a clip; counts: frames of each segment, the overlap of later ones included."""

    width: int
    height: int
    counts: tuple[int, ...]
    overlap: int

    @property
    def frames(self) -> int:
        return sum(self.counts) - self.overlap * (len(self.counts) - 1)


def size(
    card: Card,
    *,
    aspect_ratio: str | None,
    exact: str | None,
    picture: tuple[int, int] | None,
    notes: Resolution,
    quality: str | None = None,
) -> tuple[int, int]:
    """(width, height): as asked, else nearest to the given picture's shape, else the card's first size.

    quality: where it has a native size of its own, that is taken, and told.
    """
    if exact is not None:
        chosen = card.check_size(exact)
        if aspect_ratio is not None and chosen not in card.natives_of(aspect_ratio):
            raise BadRequest(
                f"size {exact} and aspect_ratio {aspect_ratio} contradict each other on {card.name}; "
                "give one of them.",
                code="invalid_size",
                field="size",
                value=exact,
                allowed="{}x{}".format(*card.size_of(aspect_ratio)),
                fix="remove size or aspect_ratio",
            )
        return chosen
    ratio = aspect_ratio or next(iter(card.sizes))
    if aspect_ratio is None and picture is not None:
        shape = picture[0] / picture[1]
        ratio = min(card.sizes, key=lambda r: abs(card.sizes[r][0] / card.sizes[r][1] / shape - 1))
        notes.adjust("aspect_ratio", None, ratio, "nearest to the given picture's shape")
    usual, width, height = card.size_of(ratio), *card.size_of(ratio, quality)
    if usual != (width, height):
        reason = f"{quality} quality is {card.name}'s larger native size"
        notes.adjust("size", None, f"{width}x{height}", reason)
    return width, height


def length(
    card: Card,
    *,
    frames: int | None,
    duration_s: float | None,
    notes: Resolution,
) -> tuple[tuple[int, ...], int]:
    """Frame counts of the segments and their overlap.  Raises BadRequest: see the card's frame rule."""
    rule = card.frames
    if frames is not None and duration_s is not None:
        raise BadRequest(
            "frames and duration_s both say how long the clip is; give one of them.",
            code="invalid_frames",
            field="frames",
            value=frames,
            allowed="frames or duration_s",
            fix="remove duration_s",
        )
    if frames is not None:
        return (card.check_frames(frames),), 0
    if duration_s is None:
        return (rule.default,), 0
    wanted = duration_s * card.fps
    if wanted < rule.minimum - 0.5:
        raise BadRequest(
            f"duration_s {duration_s:g} is below {card.name}'s shortest clip; use at least "
            f"{rule.minimum / card.fps:g}.",
            code="invalid_frames",
            field="duration_s",
            value=duration_s,
            allowed=f"{rule.minimum / card.fps:g} or more",
            fix=f"duration_s={rule.minimum / card.fps:g}",
        )
    counts: tuple[int, ...] = (rule.nearest(wanted),)
    overlap = 0
    if wanted > rule.maximum + rule.step / 2:
        card.check_mode("extend", "duration_s")
        overlap = card.overlap_frames
        counts = (rule.maximum, *pieces(card, wanted - rule.maximum, overlap))
        notes.warn(
            "made_by_continuation",
            f"{duration_s:g} s is longer than {card.name}'s {rule.maximum / card.fps:g} s: made in "
            f"{len(counts)} segments, each continuing the one before.",
        )
    used = (sum(counts) - overlap * (len(counts) - 1)) / card.fps
    notes.adjust("duration_s", duration_s, used, f"nearest to the frame rule {rule.describe()}")
    return counts, overlap


def pieces(card: Card, wanted: float, overlap: int, *, lead: int | None = None) -> tuple[int, ...]:
    """Frame counts of continuations that together add about `wanted` frames; each contains the overlap.

    lead: that of the first one, where it differs.
    """
    rule = card.frames
    counts: list[int] = []
    while wanted > rule.step / 2 or not counts:
        shared = overlap if counts or lead is None else lead
        shortest = max(rule.minimum, rule.nearest(shared + rule.step))
        counts.append(max(shortest, rule.nearest(min(wanted + shared, rule.maximum))))
        wanted -= counts[-1] - shared
    return tuple(counts)


def moves_of(camera: wire.Camera | None) -> tuple[Move, ...]:
    """The moves that a `camera` argument means.  Raises BadRequest naming the part that is not understood."""
    if camera is None:
        return ()
    if isinstance(camera, str):
        from shotwright.prompts.camera_words import parse_camera

        found, unknown = parse_camera(camera)
        if unknown or not found:
            raise BadRequest(
                f"camera {camera!r} is not understood"
                + (f" at {', '.join(unknown)}" if unknown else "")
                + '; say for example "slow pan left" or give a list of moves.',
                field="camera",
                value=camera,
                allowed="moves by name, words, bracket commands or a Kling camera_control",
                fix="read shotwright://guide/camera",
            )
        return tuple(found)
    if isinstance(camera, wire.KlingCamera):
        return from_kling(camera.type, camera.config, dialect=camera.dialect)
    return tuple(
        Move(
            move=item.move,
            amount=item.amount,
            speed=item.speed,
            start=item.start,
            end=item.end,
            easing=item.easing,
            index=index,
        )
        for index, item in enumerate(camera)
    )


def seeds(seed: int | None, takes: int) -> list[int]:
    """One seed a take: consecutive from `seed`, or from a drawn one."""
    first = secrets.randbelow(2**32) if seed is None else seed
    return [(first + i) % 2**32 for i in range(takes)]


@dataclass(frozen=True)
class Words:
    """The prompt as compiled for the model.

    told: the texts before it, for the take's record; where its "write" is true, the worker asks the LLM that is set.
    """

    prompt: str
    negative: str
    unknown: tuple[str, ...]
    told: dict[str, Any] = field(default_factory=dict)


def words_of(
    card: Card,
    prompt: str,
    *,
    negative: str | None,
    rewrite: bool,
    image: bool,
    moves: Sequence[Move],
    notes: Resolution,
    settings: Settings,
    now: bool,
) -> Words:
    """Compile `prompt` for the card's dialect, or send it as it is.

    now: ask the LLM here, where one is set; else by rules, and the worker asks it.  Raises BadRequest
    (unsupported_language) where neither is to write a language that the model reads.
    """
    usual = card.negative if negative is None else negative
    if not rewrite:
        return Words(prompt, usual, (), {"original": prompt, "text": prompt, "writer": "caller"})
    writer = writer_of(settings) if prompt.strip() else None
    mode: Mode = "i2v" if image else "t2v"
    later = {
        "write": writer is not None and not now,
        "mode": mode,
        "moves": [asdict(move) for move in moves],
        "negative": negative,
    }
    try:
        made = rewrite_prompt(
            prompt,
            dialect=target_of(card, settings.home / "models"),
            mode=mode,
            moves=moves,
            writer=writer if now else None,
        )
    except BadRequest as error:
        if error.code != "unsupported_language" or not later["write"]:
            raise
        return Words(prompt, usual, (), {"original": prompt, **later})  # the LLM translates it
    notes.warnings += said_of(card, made)
    if negative is None:
        negative = made.negative or card.negative
    return Words(made.prompt, negative, made.unknown_words, {**made.told(), **later})


def segments_of(
    card: Card, shape: Shape, words: Words, quality: str, seed: int, *, level: str | None = None
) -> list[dict[str, Any]]:
    """The segments of one take; the first may get pictures, later ones continue.

    level: where it is not the quality's own.
    """
    preset = card.quality[quality]
    return [
        {
            "spec": ClipSpec(
                model=card.name,
                prompt=words.prompt,
                negative_prompt=words.negative,
                width=shape.width,
                height=shape.height,
                frames=count,
                fps=card.fps,
                # each segment its own noise, the same for the same request
                seed=(seed + 7919 * index) % 2**32,
                steps=preset.steps,
                guidance=preset.guidance,
                refine=preset.refine,
                level=level or preset.level,
                loras=preset.loras,
            ).to_json(),
            "overlap": shape.overlap if index else 0,
        }
        for index, count in enumerate(shape.counts)
    ]


def with_pictures(segment: dict[str, Any], **pictures: Any) -> dict[str, Any]:
    """A segment whose spec has the given `first`, `last`, `keyframes`."""
    spec = replace(ClipSpec.from_json(segment["spec"]), **pictures)
    return {**segment, "spec": spec.to_json()}


def expected_bytes(parts: Sequence[dict[str, Any]]) -> int:
    """What the takes of `parts` weigh: H.264 at about 0.12 byte a pixel, plus the lossless tail."""
    specs = [segment["spec"] for part in parts for segment in part["segments"]]
    pixels: int = sum(spec["width"] * spec["height"] * spec["frames"] for spec in specs)
    return round(0.15 * pixels)
