"""generate_image: a take of one frame, and what it is good for."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from shotwright.tools.studio.shown import Shown

Ask = Callable[..., Shown]


def test_a_picture_is_a_png_that_says_it_is_made(ask: Ask, still: str) -> None:
    shown = ask("view_video", video=still)
    with Image.open(Path(shown.data["path"])) as picture:
        assert picture.format == "PNG" and picture.size == (64, 64)
        said = picture.info
        assert np.asarray(picture).std() > 5, "something is seen"
    assert "trainedAlgorithmicMedia" in said["DigitalSourceType"]
    assert json.loads(said["AIGC"])["Label"] == "1"
    assert shown.data["frames"] == 1 and len(shown.pictures) == 1


def test_an_answer_links_the_png_and_shows_a_sheet(ask: Ask) -> None:
    shown = ask("generate_image", prompt="a blue car", size="64x64", quality="draft", seed=2)
    (link,) = shown.links
    assert link.mime_type == "image/png" and link.name.endswith(".png")
    assert len(shown.pictures) == 1
    assert shown.data["result"]["takes"][0]["camera"]["measured"] is None
