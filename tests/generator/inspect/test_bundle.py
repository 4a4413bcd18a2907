import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shotwright.generator.inspect.bundle import (
    DOLLY,
    PAN,
    SLIDES,
    TRUCK,
    TURNS,
    ZOOM,
    Floats,
    Sight,
    adjust,
    locate,
    start,
)

WIDTH = 2e-3


def sight(cameras: Floats, *, near: Floats, seed: int = 0) -> Sight:
    """Points all over the picture as these cameras see them, nothing hidden, a little noise."""
    rng = np.random.default_rng(seed)
    points = np.stack([rng.uniform(-0.45, 0.45, near.size), rng.uniform(-0.3, 0.3, near.size)], -1)
    at = []
    for pan, _, _, zoom, truck, _, dolly in cameras:
        ahead = np.stack(
            [
                points[:, 0] - near * truck,
                points[:, 1],
                1 - near * dolly,
            ]
        )
        turn = np.array([[np.cos(pan), 0, -np.sin(pan)], [0, 1, 0], [np.sin(pan), 0, np.cos(pan)]])
        x, y, z = turn @ ahead
        at.append(np.stack([x / z, y / z], -1) * np.exp(zoom))
    seen = np.ones((len(cameras), near.size), np.bool_)
    return Sight(np.array(at) + rng.normal(0, WIDTH / 6, (*seen.shape, 2)), seen, WIDTH)


def path(axis: int, amount: float) -> Floats:
    cameras = np.zeros((5, 7))
    cameras[:, axis] = np.linspace(0, amount, 5)
    return cameras


@settings(max_examples=12, deadline=None)
@given(st.sampled_from([PAN, ZOOM]), st.floats(-0.4, 0.4))
def test_a_turn_is_found_though_a_fifth_of_the_points_go_their_own_way(
    axis: int, amount: float
) -> None:
    seen = sight(path(axis, amount), near=np.zeros(80))
    seen.at[:, :16, 0] += np.linspace(0, 0.3, 5)[:, None]
    found = adjust(seen, start(seen, np.zeros((5, 7))), TURNS)
    assert found.cameras[-1, axis] == pytest.approx(amount, abs=0.01)
    assert (found.off[16:] < 2).all()


@settings(max_examples=12, deadline=None)
@given(st.sampled_from([TRUCK, DOLLY]), st.floats(0.1, 0.4), st.booleans())
def test_a_slide_past_three_distances_is_found_with_the_distances(
    axis: int, amount: float, back: bool
) -> None:
    near = np.repeat([0.2, 0.5, 1.0], 30)
    amount = -amount if back else amount
    seen = sight(path(axis, amount), near=near)
    found = adjust(seen, start(seen, np.zeros((5, 7))), SLIDES)
    found = found.scaled(1 / float(np.median(found.near[60:])))
    assert found.cameras[-1, axis] == pytest.approx(amount, rel=0.1)
    assert np.median(found.near[:30]) == pytest.approx(0.2, abs=0.05)


def test_cameras_between_are_placed_by_the_points() -> None:
    cameras = path(TRUCK, 0.3)
    seen = sight(cameras, near=np.repeat([0.2, 0.5, 1.0], 30))
    ends = Sight(seen.at[[0, 4]], seen.seen[[0, 4]], WIDTH)
    found = adjust(ends, start(ends, np.zeros((2, 7))), (TRUCK,))
    placed = locate(seen, found, np.linspace(found.cameras[0], found.cameras[1], 5) * 0.8, (TRUCK,))
    share = placed[:, TRUCK] / placed[-1, TRUCK]
    assert share == pytest.approx(np.linspace(0, 1, 5), abs=0.01)
