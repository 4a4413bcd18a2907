"""The film as a timeline for an editing program: OpenTimelineIO, CMX 3600 (EDL), Final Cut Pro 7 XML (xmeml).

A clip stands for the part of a take that the film shows; what the take has beyond it is its handle, and
a dissolve lies over it.  A dip to black has no word that all three share: it is a transition of its
own in OpenTimelineIO, and a cut with a comment in the other two.
An EDL and xmeml count in frames of a rate that studios know.  A film of 8 or 16 frames a second is
written in the smallest of them that divides evenly (24 and 48), so that no cut moves.
Try: python -m pytest tests/tools/studio/exports
"""

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any, Literal

import opentimelineio as otio  # type: ignore[import-untyped]

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
        made = _conformed(made)
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
    length = cut["transition_frames"]
    if cut["transition"] == "cut" or before is None:
        return None
    if cut["transition"] == "fade":
        half = min(length // 2, cut["frames"] // 2)
        return otio.schema.Transition(
            name="fade",
            transition_type=otio.schema.TransitionTypes.Custom,
            in_offset=otio.opentime.RationalTime(half, fps),
            out_offset=otio.opentime.RationalTime(half, fps),
            metadata={"shotwright": {"through": "black"}},
        )
    media = before.media_reference.available_range
    shown = before.source_range
    handle = 0.0
    if media is not None:
        handle = (media.end_time_exclusive() - shown.end_time_exclusive()).to_frames()
    length = min(length, int(handle))
    if length < 1:
        return None
    return otio.schema.Transition(
        name="dissolve",
        transition_type=otio.schema.TransitionTypes.SMPTE_Dissolve,
        in_offset=otio.opentime.RationalTime(0, fps),
        out_offset=otio.opentime.RationalTime(length, fps),
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


def _conformed(made: otio.schema.Timeline) -> otio.schema.Timeline:
    """A copy in a rate of SMPTE, its fades cuts with a comment."""
    made = made.clone()
    rate = conformed_rate(made.global_start_time.rate)
    made.global_start_time = made.global_start_time.rescaled_to(rate)
    track = made.tracks[0]
    custom = otio.schema.TransitionTypes.Custom
    for index in reversed(range(len(track))):
        item = track[index]
        if isinstance(item, otio.schema.Transition):
            if item.transition_type == custom:
                clip = track[index + 1]
                note = f"FADE THROUGH BLACK, {item.in_offset.rescaled_to(rate).to_frames()} FRAMES EACH SIDE"
                clip.metadata["cmx_3600"]["comments"] = [note]
                clip.markers.append(otio.schema.Marker(name=note, marked_range=_first(clip)))
                del track[index]
            else:
                item.in_offset = item.in_offset.rescaled_to(rate)
                item.out_offset = item.out_offset.rescaled_to(rate)
        else:
            _conform(item, rate)
    for item in track:
        if isinstance(item, otio.schema.Clip):
            for marker in item.markers:
                marker.marked_range = _at(marker.marked_range, rate)
    return made


def _conform(clip: otio.schema.Clip, rate: float) -> None:
    clip.source_range = _at(clip.source_range, rate)
    media = clip.media_reference
    if media.available_range is not None:
        media.available_range = _at(media.available_range, rate)


def _plain(text: str) -> str:
    """One line of characters that every format can hold: an EDL is made of lines, XML knows no control characters."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _first(clip: otio.schema.Clip) -> otio.opentime.TimeRange:
    start = clip.source_range.start_time
    return otio.opentime.TimeRange(start, otio.opentime.RationalTime(1, start.rate))


def _range(start: int, frames: int, fps: float) -> otio.opentime.TimeRange:
    return otio.opentime.TimeRange(
        otio.opentime.RationalTime(start, fps), otio.opentime.RationalTime(frames, fps)
    )


def _at(span: otio.opentime.TimeRange, rate: float) -> otio.opentime.TimeRange:
    return otio.opentime.TimeRange(
        span.start_time.rescaled_to(rate), span.duration.rescaled_to(rate)
    )
