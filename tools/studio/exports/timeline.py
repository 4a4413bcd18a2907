"""The film as a timeline for an editing program: OpenTimelineIO, CMX 3600 (EDL), Final Cut Pro 7 XML (xmeml).

A clip stands for the part of a take that the film shows; what the take has beyond it is its handle, and
a dissolve lies over it.  A fade goes down to black and up again, and each format has its own words for it: a transition
of its own in OpenTimelineIO, dissolves to and from the reel BL in an EDL, dissolves at the edges of two
clips in xmeml.
An EDL and xmeml count in frames of a rate that studios know.  A film of 8 or 16 frames a second is
written in the smallest of them that divides evenly (24 and 48), so that no cut moves.
Try: python -m pytest tests/tools/studio/exports
"""

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any, Literal, TypeAlias

import opentimelineio as otio  # type: ignore[import-untyped]

from shotwright.tools.studio.cutting import half_fade
from shotwright.tools.studio.slates import Slate

Format = Literal["otio", "edl", "xml"]
ADAPTERS: dict[Format, str] = {"otio": "otio_json", "edl": "cmx_3600", "xml": "fcp_xml"}

RATES = (24, 25, 30, 48, 50, 60)
"""Whole frame rates with a time code of SMPTE."""


def timeline_text(
    record: Mapping[str, Any],
    slates: Mapping[str, Slate],
    place: Callable[[Slate], str],
    format: Format,
) -> str:
    """The film in one of the formats.

    record: the film's; slates: by take id, those that are still there; place: the URL or path of a take's clip.
    """
    made = timeline(record, slates, place)
    if format != "otio":
        made = _conformed(made, _through_reel if format == "edl" else _at_edges)
    options = {"rate": made.global_start_time.rate} if format == "edl" else {}
    text = otio.adapters.write_to_string(made, ADAPTERS[format], **options)
    return str(text)


def timeline(
    record: Mapping[str, Any], slates: Mapping[str, Slate], place: Callable[[Slate], str]
) -> otio.schema.Timeline:
    """The film at its own frame rate, its time code beginning at 0."""
    fps = float(record["fps"])
    made = otio.schema.Timeline(name=_plain(record["plan"].get("title") or record["film_id"]))
    made.global_start_time = otio.opentime.RationalTime(0, fps)
    made.metadata["shotwright"] = {name: record[name] for name in ("film_id", "model")}
    track = otio.schema.Track("V1", kind=otio.schema.TrackKind.Video)
    made.tracks.append(track)
    planned = {shot["id"]: shot for shot in record["plan"].get("shots", [])}
    before: otio.schema.Clip | None = None
    for entry in record["shots"]:
        clip = _clip(entry, planned.get(entry["shot"], {}), slates, place, fps)
        joint = _transition(entry["cut"], before, fps)
        if joint is not None:
            track.append(joint)
        track.append(clip)
        before = clip
    if record["plan"].get("transition_out") == "fade" and before is not None:
        rate = Fraction(fps).limit_denominator(1001)
        if fall := half_fade(round(before.source_range.duration.value), rate):
            track.append(_fade(fall, 0, fps))
    return made


def _clip(
    entry: Mapping[str, Any],
    shot: Mapping[str, Any],
    slates: Mapping[str, Slate],
    place: Callable[[Slate], str],
    fps: float,
) -> otio.schema.Clip:
    slate, cut = slates.get(entry["chosen"]), entry["cut"]
    if slate is None:
        media: otio.core.MediaReference = otio.schema.MissingReference()
    else:
        media = otio.schema.ExternalReference(
            target_url=place(slate), available_range=_range(0, slate.frames, fps)
        )
    source = _plain(shot.get("source", ""))
    facts = {"take_id": entry["chosen"], "seed": entry["seed"], "source": source}
    if slate is not None:
        facts |= {"model": slate.model, "prompt": _plain(slate.prompt), "takes": entry["takes"]}
    clip = otio.schema.Clip(
        name=_plain(entry["shot"]),
        media_reference=media,
        source_range=_range(cut["from_frame"], cut["frames"], fps),
        # reel names in an EDL have eight letters, and every take's id begins alike
        metadata={"shotwright": facts, "cmx_3600": {"reel": entry["chosen"][-8:]}},
    )
    if shot.get("action"):
        clip.markers.append(
            otio.schema.Marker(
                name=_plain(shot["action"]),
                marked_range=_range(cut["from_frame"], 1, fps),
                color=otio.schema.MarkerColor.GREEN,
            )
        )
    return clip


def _transition(
    cut: Mapping[str, Any], before: otio.schema.Clip | None, fps: float
) -> otio.schema.Transition | None:
    """How the shot comes in, as far as the shot before has frames for it."""
    if cut["transition"] == "fade":
        rate = Fraction(fps).limit_denominator(1001)
        shown = 0 if before is None else round(before.source_range.duration.value)
        fall, rise = half_fade(shown, rate), half_fade(cut["frames"], rate)
        if fall + rise == 0:
            return None
        return _fade(fall, rise, fps)
    if cut["transition"] == "cut" or before is None:
        return None
    media = before.media_reference.available_range
    handle = 0.0
    if media is not None:
        handle = (media.end_time_exclusive() - before.source_range.end_time_exclusive()).to_frames()
    length = min(cut["transition_frames"], int(handle))
    if length < 1:
        return None
    # without an alignment of its own, xmeml's writer takes what begins at a cut for a fade from black
    return _dissolve(0, length, fps, {"fcp_xml": {"alignment": "start"}})


def _fade(fall: int, rise: int, fps: float) -> otio.schema.Transition:
    """So many frames down to black before the cut, and up from it after."""
    return otio.schema.Transition(
        name="fade",
        transition_type=otio.schema.TransitionTypes.Custom,
        in_offset=otio.opentime.RationalTime(fall, fps),
        out_offset=otio.opentime.RationalTime(rise, fps),
        metadata={"shotwright": {"through": "black"}},
    )


def _dissolve(
    before: float, after: float, fps: float, metadata: dict[str, Any] | None = None
) -> otio.schema.Transition:
    """A dissolve with so many frames before and after the cut; its name is that of the effect in xmeml."""
    return otio.schema.Transition(
        name="Cross Dissolve",
        transition_type=otio.schema.TransitionTypes.SMPTE_Dissolve,
        in_offset=otio.opentime.RationalTime(before, fps),
        out_offset=otio.opentime.RationalTime(after, fps),
        metadata=metadata,
    )


def conformed_rate(fps: float) -> float:
    """The rate that a time code is written in: the film's own, or the smallest that it divides."""
    own = Fraction(fps).limit_denominator(1001)
    if otio.opentime.RationalTime.is_smpte_timecode_rate(fps):
        return fps
    for rate in RATES:
        if (Fraction(rate) / own).denominator == 1:
            return float(rate)
    return float(min(RATES, key=lambda rate: abs(rate - own)))


Item: TypeAlias = otio.core.Composable


def _conformed(
    made: otio.schema.Timeline, fading: Callable[[Sequence[Item]], list[Item]]
) -> otio.schema.Timeline:
    """A copy in a rate of SMPTE, its fades put as `fading` puts them."""
    made = made.clone()
    rate = conformed_rate(made.global_start_time.rate)
    made.global_start_time = made.global_start_time.rescaled_to(rate)
    items = [item.clone() for item in made.tracks[0]]
    for item in items:
        _rescale(item, rate)
    made.tracks[0][:] = fading(items)
    return made


def _rescale(item: Item, rate: float) -> None:
    if isinstance(item, otio.schema.Transition):
        item.in_offset = item.in_offset.rescaled_to(rate)
        item.out_offset = item.out_offset.rescaled_to(rate)
        return
    item.source_range = _at(item.source_range, rate)
    for marker in item.markers:
        marker.marked_range = _at(marker.marked_range, rate)
    media = item.media_reference
    if media.available_range is not None:
        media.available_range = _at(media.available_range, rate)


def _is_fade(item: Item) -> bool:
    custom = otio.schema.TransitionTypes.Custom
    return isinstance(item, otio.schema.Transition) and item.transition_type == custom


def _through_reel(items: Sequence[Item]) -> list[Item]:
    """Fades as an EDL has them: a dissolve to the reel BL under the end of a shot, and one from it at the next.

    OpenTimelineIO's reader takes no dissolve for the first event, so a film that fades in begins with a black one of
    no length.
    """
    made: list[Item] = []
    for item in items:
        if not _is_fade(item):
            made.append(item)
            continue
        fall, rise, fps = item.in_offset.value, item.out_offset.value, item.in_offset.rate
        if fall:
            _shorten(made, fall)
            made.append(_dissolve(0, fall, fps))
        made.append(
            otio.schema.Clip(
                name="BLACK",
                media_reference=otio.schema.GeneratorReference(generator_kind="black"),
                source_range=_range(0, fall, fps),
                metadata={"cmx_3600": {"reel": "BL"}},
            )
        )
        if rise:
            made.append(_dissolve(0, rise, fps))
    return made


def _shorten(made: Sequence[Item], frames: float) -> None:
    """Take frames off the end of the last clip; a dissolve into it ends where it does."""
    clip = made[-1]
    span = clip.source_range
    left = otio.opentime.RationalTime(span.duration.value - frames, span.duration.rate)
    clip.source_range = otio.opentime.TimeRange(span.start_time, left)
    joint = made[-2] if len(made) > 1 else None
    if isinstance(joint, otio.schema.Transition):
        joint.out_offset = min(joint.out_offset, left)


def _at_edges(items: Sequence[Item]) -> list[Item]:
    """Fades as xmeml has them: one dissolve at a clip's end (end-black), one at the next's begin (start-black)."""
    made: list[Item] = []
    for item in items:
        if not _is_fade(item):
            made.append(item)
            continue
        fps = item.in_offset.rate
        if item.in_offset.value:
            made.append(_dissolve(item.in_offset.value, 0, fps))
        if item.out_offset.value:
            made.append(_dissolve(0, item.out_offset.value, fps))
    return made


def _plain(text: str) -> str:
    """One line of characters that every format can hold: an EDL is made of lines, XML knows no control characters."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _range(start: float, frames: float, fps: float) -> otio.opentime.TimeRange:
    return otio.opentime.TimeRange(
        otio.opentime.RationalTime(start, fps), otio.opentime.RationalTime(frames, fps)
    )


def _at(span: otio.opentime.TimeRange, rate: float) -> otio.opentime.TimeRange:
    return otio.opentime.TimeRange(
        span.start_time.rescaled_to(rate), span.duration.rescaled_to(rate)
    )
