import cv2
import numpy as np

from shotwright.generator.inspect.endpoints import MOST_OF_P95, Paces, score
from shotwright.generator.mini.world import Scene, render

SCENE = Scene("red", "car", "goes_right", "day", "city", "clear", "static", "", 3)


def test_a_frame_passes_against_itself_and_a_soft_copy_and_fails_against_another() -> None:
    first, last = render(SCENE, frames=2, height=64, width=112).frames
    small = cv2.resize(first, (70, 40), interpolation=cv2.INTER_AREA)
    soft = np.asarray(cv2.resize(small, (112, 64), interpolation=cv2.INTER_CUBIC), np.uint8)
    other = render(
        Scene("red", "car", "rests", "night", "hills", "clear", "static", "", 9),
        frames=1,
        height=64,
        width=112,
    ).frames[0]
    assert score(first, first).ssim == 1
    assert score(soft, first).passed
    assert not score(other, first).passed
    assert score(last, first).ssim < score(soft, first).ssim


def test_a_larger_reference_is_reduced_to_the_frame() -> None:
    small, large = (
        render(SCENE, frames=1, height=height, width=width).frames[0]
        for height, width in ((64, 112), (128, 224))
    )
    assert score(small, large).passed


def test_a_frame_is_held_to_what_the_codec_makes_of_the_picture() -> None:
    clip = render(SCENE, frames=9, height=64, width=64).frames
    soft = np.asarray(cv2.GaussianBlur(clip[0], (0, 0), 0.8), np.uint8)
    alone = score(soft, clip[0])
    assert score(soft, clip[0], codec_ssim=alone.ssim + 0.01).passed
    assert not score(soft, clip[0], codec_ssim=alone.ssim + 0.05).passed
    assert score(soft, clip[0], codec_ssim=0.9).codec_ssim == 0.9


def test_a_jump_beside_a_given_picture_is_beyond_the_clips_own_motion() -> None:
    clip = render(SCENE, frames=17, height=64, width=64).frames.copy()
    calm, jumping = Paces(), Paces()
    for frame in clip:
        calm.add(frame)
    clip[-1] = np.roll(clip[-1], 12, axis=1)
    for frame in clip:
        jumping.add(frame)
    assert calm.beside(16) < MOST_OF_P95 < jumping.beside(16)
    assert jumping.beside(0) < MOST_OF_P95
    assert Paces().beside(0) == 1
