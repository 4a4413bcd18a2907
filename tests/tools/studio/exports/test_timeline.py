"""Timelines that an editing program reads: every format is parsed back, at every frame rate."""

from pathlib import Path
from typing import Any, get_args
from xml.etree import ElementTree

import opentimelineio as otio  # type: ignore[import-untyped]
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shotwright.tools.studio.exports.timeline import (
    ADAPTERS,
    Format,
    conformed_rate,
    timeline_text,
)
from shotwright.tools.studio.slates import Slate

SECONDS = (2.0, 1.5, 3.0, 1.0)
KINDS = ("fade", "dissolve", "cut", "fade")
HANDLE_S = 0.5


def record(fps: int, kinds: tuple[str, ...] = KINDS) -> dict[str, Any]:
    """A film of four shots, the first with a handle."""
    shots: list[dict[str, Any]] = []
    begin = 0
    for number, (seconds, kind) in enumerate(zip(SECONDS, kinds, strict=True)):
        frames = round(seconds * fps)
        cut = {
            "at_frame": begin,
            "frames": frames,
            "from_frame": 0,
            "transition": kind,
            "transition_frames": {"cut": 0, "dissolve": fps // 2, "fade": fps}[kind],
        }
        take = f"take_000000000000000000{number:03d}"
        shots.append(
            {"shot": f"S1-{number}0", "chosen": take, "takes": [take], "seed": 1, "cut": cut}
        )
        begin += frames
    plan = {
        "title": 'Tom & "Jerry" <1>\n第一集',
        "shots": [
            {"id": shot["shot"], "action": f"action\x0b\n{n} \ud800", "source": "line"}
            for n, shot in enumerate(shots)
        ],
    }
    return {"film_id": "film_1", "model": "mini", "fps": float(fps), "plan": plan, "shots": shots}


def slates(film: dict[str, Any], handle_s: float = 0.0) -> dict[str, Slate]:
    """handle_s: what all takes but the first have beyond their shot."""
    fps = film["fps"]
    found = {}
    for number, shot in enumerate(film["shots"]):
        frames = shot["cut"]["frames"] + round((handle_s if number else HANDLE_S) * fps)
        facts = {"take_id": shot["chosen"], "verb": "make_film", "request": {}, "prompt": "x"}
        size = {"width": 64, "height": 64, "frames": frames, "fps": fps, "seed": 1, "model": "mini"}
        rest = {
            "duration_s": frames / fps,
            "blobs": {"clip": "x"},
            "created_at": "2026-01-01T00:00:00Z",
        }
        found[shot["chosen"]] = Slate.model_validate({**facts, **size, **rest})
    return found


def is_black(clip: Any) -> bool:
    return isinstance(clip.media_reference, otio.schema.GeneratorReference)


def back(film: dict[str, Any], format: Format, known: dict[str, Slate] | None = None) -> Any:
    text = timeline_text(
        film, slates(film) if known is None else known, lambda s: f"takes/{s.take_id}.mp4", format
    )
    options = {"rate": conformed_rate(film["fps"])} if format == "edl" else {}
    found = otio.adapters.read_from_string(text, ADAPTERS[format], **options)
    if isinstance(found, otio.schema.Timeline):
        return found
    return next(one for one in found if isinstance(one, otio.schema.Timeline))


@pytest.mark.parametrize("format", get_args(Format))
@pytest.mark.parametrize("fps", [8, 16, 24, 25, 30])
def test_each_shot_lasts_in_the_timeline_as_long_as_in_the_film(format: Format, fps: int) -> None:
    made = back(record(fps), format)
    clips = [clip for clip in made.find_clips() if not is_black(clip)]
    assert [clip.name for clip in clips] == ["S1-00", "S1-10", "S1-20", "S1-30"]
    seconds = [clip.source_range.duration.to_seconds() for clip in clips]
    planned = [round(s * fps) / fps for s in SECONDS]
    if format == "edl":  # the shot ends under the black that it dissolves to
        seconds[2] += round(0.5 * fps) / fps
    assert seconds == pytest.approx(planned)
    assert made.duration().to_seconds() == pytest.approx(sum(planned))
    starts = [
        clip.transformed_time_range(clip.source_range, made.tracks).start_time for clip in clips
    ]
    assert [start.to_seconds() for start in starts] == pytest.approx(
        [shot["cut"]["at_frame"] / fps for shot in record(fps)["shots"]]
    )


@pytest.mark.parametrize("format", get_args(Format))
def test_a_dissolve_begins_at_the_cut_and_lies_over_the_handle(format: Format) -> None:
    made = back(record(24, ("cut", "dissolve", "cut", "cut")), format)
    track = made.tracks[0]
    (joint,) = [item for item in track if isinstance(item, otio.schema.Transition)]
    assert joint.transition_type == otio.schema.TransitionTypes.SMPTE_Dissolve
    assert (joint.in_offset.to_seconds(), joint.out_offset.to_seconds()) == (0, 0.5)
    assert [track.index(joint) - 1, track.index(joint) + 1] == [
        index for index, item in enumerate(track) if getattr(item, "name", "") in ("S1-00", "S1-10")
    ]


def test_a_dissolve_in_xmeml_is_no_fade_from_black() -> None:
    film = record(24)
    text = timeline_text(film, slates(film), lambda s: s.take_id, "xml")
    joints = ElementTree.fromstring(text).iter("transitionitem")
    assert [joint.findtext("alignment") for joint in joints] == [
        *("start-black", "start", "end-black", "start-black")
    ]


def test_a_shot_without_a_handle_is_cut_and_a_lost_take_is_a_gap_to_fill() -> None:
    film = record(24, ("cut", "cut", "dissolve", "cut"))
    made = back(film, "otio")  # a track lives as long as its timeline
    items = [type(item).__name__ for item in made.tracks[0]]
    assert items == ["Clip"] * 4, "the second shot has no frames beyond its end"
    made = back(film, "otio", {})
    lost = made.tracks[0][0]
    assert isinstance(lost.media_reference, otio.schema.MissingReference)
    assert lost.source_range.duration.to_seconds() == 2


def test_a_fade_in_otio_is_one_transition_through_black() -> None:
    film = record(8, ("fade", "cut", "cut", "fade"))
    film["shots"][2]["cut"]["frames"] = 3  # too short for half a second
    made = back(film, "otio")
    joints = [item for item in made.tracks[0] if isinstance(item, otio.schema.Transition)]
    assert [(j.name, j.in_offset.value, j.out_offset.value) for j in joints] == [
        ("fade", 0, 4),
        ("fade", 1, 4),
    ]


def test_a_fade_in_an_edl_is_a_dissolve_to_the_reel_bl_and_one_from_it() -> None:
    film = record(8)
    edl = timeline_text(film, slates(film), lambda s: s.take_id, "edl")
    events = [line.split()[1:] for line in edl.splitlines() if line[:3].isdigit()]
    assert ["BL", "V", "D", "012"] in [event[:4] for event in events], "12 of 24 a second"
    assert [event[:4] for event in events[-2:]] == [
        ["BL", "V", "C", "00:00:00:12"],
        ["00000003", "V", "D", "012"],
    ]
    made = back(film, "edl")
    shown = [
        (is_black(item), item.source_range.duration.value)
        for item in made.tracks[0]
        if isinstance(item, otio.schema.Clip)
    ]
    assert shown == [(True, 0), (False, 48), (False, 36), (False, 60), (True, 12), (False, 24)]


def test_a_fade_in_xmeml_lies_at_the_edges_of_both_clips() -> None:
    made = back(record(24), "xml")
    track = made.tracks[0]
    offsets = [
        (joint.in_offset.value, joint.out_offset.value)
        for joint in track
        if isinstance(joint, otio.schema.Transition)
    ]
    assert offsets == [(0, 12), (0, 12), (12, 0), (0, 12)]
    assert [type(item).__name__ for item in track][-4:] == [
        *("Clip", "Transition", "Transition", "Clip")
    ]


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(1, 40), st.sampled_from(["cut", "dissolve", "fade"])),
        min_size=1,
        max_size=6,
    ),
    st.sampled_from([8, 16, 24, 30]),
)
def test_every_joint_of_short_shots_is_read_back_and_nothing_moves(
    shots: list[tuple[int, str]], fps: int
) -> None:
    film = record(fps)
    begin, pattern = 0, film["shots"][0]
    film["shots"] = []
    for number, (frames, kind) in enumerate(shots):
        take = f"take_{number:024d}"
        length = {"cut": 0, "dissolve": min(fps // 2, frames), "fade": fps}[kind]
        cut: dict[str, Any] = {"at_frame": begin, "frames": frames, "from_frame": 0}
        cut |= {"transition": kind, "transition_frames": length}
        film["shots"].append(
            pattern | {"shot": f"S{number}", "chosen": take, "takes": [take], "cut": cut}
        )
        begin += frames
    known = slates(film, handle_s=0.5)
    for format in get_args(Format):
        made = back(film, format, known)
        assert made.duration().to_seconds() == pytest.approx(begin / fps)
        starts = [
            clip.transformed_time_range(clip.source_range, made.tracks).start_time.to_seconds()
            for clip in made.find_clips()
            if not is_black(clip)
        ]
        assert starts == pytest.approx([s["cut"]["at_frame"] / fps for s in film["shots"]])


def test_an_edl_has_a_reel_for_every_take_and_no_line_of_the_plan_s_own() -> None:
    edl = timeline_text(record(24), slates(record(24)), lambda s: f"{s.take_id}.mp4", "edl")
    events = [line.split() for line in edl.splitlines() if line[:3].isdigit()]
    assert {event[1] for event in events} == {"BL", *(f"00000{n:03d}" for n in range(4))}
    assert edl.splitlines()[0].startswith("TITLE: Tom")
    assert all(line[:3].isdigit() or line[:1] in ("*", "T", "") for line in edl.splitlines())


@pytest.mark.parametrize(
    ("fps", "rate"), [(8, 24), (16, 48), (24, 24), (12, 24), (25, 25), (30, 30), (10, 30)]
)
def test_a_rate_without_a_time_code_is_written_in_one_that_it_divides(fps: int, rate: int) -> None:
    assert conformed_rate(fps) == rate


def test_the_names_of_clips_lead_to_the_media(tmp_path: Path) -> None:
    clip = next(iter(back(record(16), "xml").find_clips()))
    assert clip.media_reference.target_url.endswith("takes/take_000000000000000000000.mp4")
    assert clip.media_reference.available_range.duration.to_seconds() == 2.5


@pytest.mark.parametrize("format", get_args(Format))
def test_a_film_that_fades_out_at_its_end_does_in_every_format(format: Format) -> None:
    film = record(24, ("cut", "cut", "cut", "cut"))
    film["plan"]["transition_out"] = "fade"
    text = timeline_text(film, slates(film, 1.0), lambda slate: f"{slate.take_id}.mp4", format)
    track = otio.adapters.read_from_string(text, ADAPTERS[format]).tracks[0]
    last = [item for item in track if isinstance(item, otio.schema.Transition)][-1]
    length = last.in_offset + last.out_offset
    assert length.to_seconds() == pytest.approx(0.5)
    assert track.duration().to_seconds() == pytest.approx(sum(SECONDS), abs=0.05)
