import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from shotwright.generator.inspect.ssim import ssim


def noise(seed: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return np.random.default_rng(seed).integers(0, 256, (48, 64, 3), np.uint8)


@given(st.integers(0, 99), st.integers(100, 199))
def test_ssim_is_1_for_equal_symmetric_and_near_0_for_unrelated_pictures(a: int, b: int) -> None:
    one, other = noise(a), noise(b)
    assert ssim(one, one) == 1
    assert ssim(one, other) == ssim(other, one)
    assert abs(ssim(one, other)) < 0.2


def test_ssim_of_two_flat_pictures_is_their_luminance_term() -> None:
    dark, bright = (np.full((32, 32, 3), level, np.uint8) for level in (50, 100))
    c1 = (0.01 * 255) ** 2
    expected = (2 * 50 * 100 + c1) / (50**2 + 100**2 + c1)
    assert abs(ssim(dark, bright) - expected) < 1e-9
