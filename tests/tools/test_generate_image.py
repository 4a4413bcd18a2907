"""generate_image: a take of one frame, and what it is good for."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from shotwright.generator.errors import BadRequest
from shotwright.tools.studio.shown import Shown
from shotwright.tools.studio.slates import read_slate
from shotwright.tools.studio.studio import Studio

Ask = Callable[..., Shown]
Pixels = NDArray[np.uint8]


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


def test_a_reference_picture_is_drawn_anew_and_named_as_the_parent(
    ask: Ask, crewed: Studio, still: str
) -> None:
    asked = {"prompt": "a blue ball in the hills", "image": still, "quality": "draft", "seed": 4}
    plan = ask("generate_image", dry_run=True, **asked).data
    assert plan["effective"]["redraw"] == 0.7 and plan["effective"]["width"] == 64
    (made,) = ask("generate_image", **asked).data["result"]["takes"]
    first, again = (np.asarray(Image.open(path)) for path in (_path(ask, still), made["path"]))
    words = ask("generate_image", prompt=asked["prompt"], size="64x64", quality="draft", seed=4)
    alone = np.asarray(Image.open(words.data["result"]["takes"][0]["path"]))
    assert _apart(first, again) < 0.8 * _apart(first, alone), "its layout is kept"
    assert not np.array_equal(first, again)
    assert made["endpoints"]["first"] is None, "no frame was to show it"
    assert read_slate(crewed.store, made["take_id"]).parents == (still,)


def test_a_picture_becomes_first_last_and_key_frame_of_a_clip_in_one_call(
    ask: Ask, crewed: Studio, small: dict[str, Any], still: str
) -> None:
    key = {"image": still, "at_s": 0.5}
    job = ask("generate_video", image=still, last_image=still, keyframes=[key], **small).data
    (take,) = job["result"]["takes"]
    ends = take["endpoints"]
    for match in (ends["first"], ends["last"], *ends["keyframes"]):
        assert match["pass"], ends
    assert read_slate(crewed.store, take["take_id"]).parents == (still,)


def test_a_model_without_reference_pictures_names_those_with(ask: Ask, still: str) -> None:
    with pytest.raises(BadRequest, match="takes no reference picture") as refused:
        ask("generate_image", prompt="a ball", image=still, model="wan-2.1-vace-1.3b")
    assert refused.value.field == "image" and "kolors" in refused.value.allowed


@pytest.mark.parametrize("prompt", ["a red ball", "一只红球"])
def test_the_image_models_take_words_a_reference_and_numbers_of_pictures(
    ask: Ask, still: str, prompt: str
) -> None:
    for model in ("kolors", "z-image-turbo"):
        asked = {"prompt": prompt, "model": model, "takes": 3, "dry_run": True}
        for quality in ("draft", "standard", "high"):
            plan = ask("generate_image", aspect_ratio="9:16", quality=quality, **asked).data
            assert plan["effective"]["height"] > plan["effective"]["width"]
            assert plan["effective"]["redraw"] is None
        plan = ask("generate_image", image=still, **asked).data
        assert plan["effective"]["redraw"] == 0.6
        assert (plan["effective"]["width"], plan["effective"]["height"]) == (1024, 1024)


def _path(ask: Ask, take_id: str) -> str:
    return str(ask("view_video", video=take_id).data["path"])


def _apart(one: Pixels, other: Pixels) -> float:
    return float(np.abs(one.astype(float) - other).mean())
