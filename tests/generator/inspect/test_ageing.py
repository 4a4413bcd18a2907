"""How far a segment has gone from the first: each measure by itself, and the limits."""

import cv2
import numpy as np
import pytest

from shotwright.generator.frames import Frames
from shotwright.generator.inspect.ageing import Age, Tone, age, tone
from shotwright.generator.mini.world import render, sample_scene


def clip(seed: int, camera: str = "static") -> Frames:
    scene = sample_scene(np.random.default_rng(seed), camera=camera, weather="clear", time="day")
    return render(scene, frames=17, height=64, width=64).frames


def from_first(frames: Frames) -> Age:
    return age(tone(clip(3)), tone(frames))


def test_the_same_clip_has_not_aged() -> None:
    same = from_first(clip(3))
    assert (same.colour, same.hue_deg, same.beyond) == (0, 0, ())
    assert same.saturation == same.contrast == same.sharpness == 1


@pytest.mark.parametrize("camera", ["pan_left", "tilt_up", "zoom_in"])
def test_a_camera_that_moves_is_no_drift(camera: str) -> None:
    for seed in range(4):
        moved = clip(seed, camera)
        assert age(tone(moved[:8]), tone(moved[-8:])).beyond == ()


def test_each_drift_is_named_by_its_measure() -> None:
    whole = clip(3)
    grey = np.repeat(whole.mean(3, keepdims=True), 3, axis=3).astype(np.uint8)
    assert "saturation" in from_first(grey).beyond
    flat = (whole * 0.1 + 120).astype(np.uint8)
    assert "contrast" in from_first(flat).beyond
    soft = np.stack([cv2.GaussianBlur(frame, (0, 0), 4) for frame in whole]).astype(np.uint8)
    assert "sharpness" in from_first(soft).beyond
    red = np.clip(whole * np.array([1.0, 0.4, 0.4]), 0, 255).astype(np.uint8)
    drifted = from_first(red)
    assert "colour" in drifted.beyond and abs(drifted.hue_deg) > 20


def test_a_tone_comes_back_from_json() -> None:
    here = tone(clip(3))
    assert Tone.from_json({**vars(here), "lab": list(here.lab)}) == here
