"""view_video: a contact sheet of anything that can be named, and single moments."""

import io
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from shotwright.generator.encode import write_mp4
from shotwright.tools.studio.shown import Shown

Ask = Callable[..., Shown]


def sizes(shown: Shown) -> list[tuple[int, int]]:
    """The pictures' sizes; each is a JPEG under 200 kB."""
    opened = [Image.open(io.BytesIO(data)) for data in shown.pictures]
    assert all(picture.format == "JPEG" for picture in opened)
    assert all(len(data) < 200_000 for data in shown.pictures)
    return [picture.size for picture in opened]


def test_a_take_is_shown_with_its_facts_and_moments(ask: Ask, take: dict[str, Any]) -> None:
    shown = ask("view_video", video=take["take_id"], at_s=[0, 1.125])
    assert len(sizes(shown)) == 3
    assert shown.data["shown"] == [
        {"picture": "contact sheet"},
        {"picture": "frame", "at_s": 0},
        {"picture": "frame", "at_s": 1.125},
    ]
    assert {k: v for k, v in shown.data.items() if k in take} == take
    assert shown.data["video"] == take["take_id"]


def test_a_film_is_shown_with_its_plan_and_moments(ask: Ask, film: dict[str, Any]) -> None:
    shown = ask("view_video", video=film["film_id"], at_s=[1.0])
    assert len(sizes(shown)) == 2
    assert shown.data["plan"] == film["plan"] and shown.data["duration_s"] == film["duration_s"]


def test_footage_by_path_is_shown(ask: Ask, footage: str) -> None:
    shown = ask("view_video", video=footage)
    assert len(sizes(shown)) == 1
    assert (shown.data["width"], shown.data["frames"], shown.data["fps"]) == (160, 30, 24)


def test_an_uploaded_picture_is_shown(ask: Ask, picture: str) -> None:
    upload = ask("import_media", source=picture).data
    shown = ask("view_video", video=upload["upload_id"])
    ((width, height),) = sizes(shown)
    assert abs(width / height - 160 / 96) < 0.02
    assert (shown.data["width"], shown.data["height"]) == (160, 96)


def test_many_large_moments_stay_small_together(ask: Ask, media: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (2, 720, 1280, 3), dtype=np.uint8)
    write_mp4(media / "noise.mp4", noise, fps=Fraction(8), metadata={})
    shown = ask("view_video", video=str(media / "noise.mp4"), at_s=[0, 0.1, 0.2, 0.25])
    assert len(sizes(shown)) == 5
    assert sum(map(len, shown.pictures)) * 4 / 3 < 900_000
