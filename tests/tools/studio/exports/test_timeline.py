"""Timelines that an editing program reads: every format is parsed back, at every frame rate."""

from pathlib import Path
from typing import Any, get_args

import opentimelineio as otio  # type: ignore[import-untyped]
import pytest

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


def slates(film: dict[str, Any]) -> dict[str, Slate]:
    fps = film["fps"]
    found = {}
    for number, shot in enumerate(film["shots"]):
        frames = shot["cut"]["frames"] + (round(HANDLE_S * fps) if number == 0 else 0)
        facts = {"take_id": shot["chosen"], "verb": "make_film", "request": {}, "prompt": "x"}
        size = {"width": 64, "height": 64, "frames": frames, "fps": fps, "seed": 1, "model": "mini"}
        rest = {
            "duration_s": frames / fps,
            "blobs": {"clip": "x"},
            "created_at": "2026-01-01T00:00:00Z",
        }
        found[shot["chosen"]] = Slate.model_validate({**facts, **size, **rest})
    return found


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
    clips = list(made.find_clips())
    assert [clip.name for clip in clips] == ["S1-00", "S1-10", "S1-20", "S1-30"]
    seconds = [clip.source_range.duration.to_seconds() for clip in clips]
    assert seconds == pytest.approx([round(s * fps) / fps for s in SECONDS])
    assert made.duration().to_seconds() == pytest.approx(sum(seconds))
    starts = [
        clip.transformed_time_range(clip.source_range, made.tracks).start_time for clip in clips
    ]
    assert [start.to_seconds() for start in starts] == pytest.approx(
        [shot["cut"]["at_frame"] / fps for shot in record(fps)["shots"]]
    )


@pytest.mark.parametrize("format", get_args(Format))
def test_a_dissolve_begins_at_the_cut_and_lies_over_the_handle(format: Format) -> None:
    made = back(record(24), format)
    track = made.tracks[0]
    smpte = otio.schema.TransitionTypes.SMPTE_Dissolve
    (joint,) = [
        item
        for item in track
        if isinstance(item, otio.schema.Transition) and item.transition_type == smpte
    ]
    assert (joint.in_offset.to_seconds(), joint.out_offset.to_seconds()) == (0, 0.5)
    assert [track.index(joint) - 1, track.index(joint) + 1] == [
        index for index, item in enumerate(track) if getattr(item, "name", "") in ("S1-00", "S1-10")
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


def test_a_fade_keeps_its_length_in_otio_and_is_a_comment_elsewhere() -> None:
    film = record(8)
    made = back(film, "otio")
    joints = [item for item in made.tracks[0] if isinstance(item, otio.schema.Transition)]
    fade = next(joint for joint in joints if joint.name == "fade")
    assert (fade.in_offset.value, fade.out_offset.value) == (4, 4)
    edl = timeline_text(film, slates(film), lambda s: s.take_id, "edl")
    assert "FADE THROUGH BLACK, 12 FRAMES EACH SIDE" in edl, "12 of 24 a second"


def test_an_edl_has_a_reel_for_every_take_and_no_line_of_the_plan_s_own() -> None:
    edl = timeline_text(record(24), slates(record(24)), lambda s: f"{s.take_id}.mp4", "edl")
    events = [line.split() for line in edl.splitlines() if line[:3].isdigit()]
    assert {event[1] for event in events} == {f"00000{n:03d}" for n in range(4)}
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
