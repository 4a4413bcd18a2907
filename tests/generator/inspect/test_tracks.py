import cv2
import numpy as np
from numpy.typing import NDArray

from shotwright.generator.frames import Frames
from shotwright.generator.inspect.tracks import Tracker, Tracks

RNG = np.random.default_rng(0)
COARSE = RNG.integers(0, 256, (40, 60, 3), dtype=np.uint8)
PICTURE = np.asarray(cv2.resize(COARSE, (360, 240), interpolation=cv2.INTER_CUBIC), np.uint8)


def sliding(frames: int, step: int) -> Frames:
    """160 x 128 windows that go right over the picture: what they show goes left."""
    return np.stack([PICTURE[40:168, 60 + step * i : 220 + step * i] for i in range(frames)])


def followed(frames: Frames) -> Tracks:
    tracker = Tracker()
    for frame in frames:
        tracker.add(frame)
    return tracker.result()


def moved_px(tracks: Tracks) -> NDArray[np.float32]:
    """Of the points seen throughout, from the first frame to the last."""
    through = ~np.isnan(tracks.at[..., 0]).any(0)
    assert through.sum() > 20
    return np.asarray((tracks.at[-1] - tracks.at[0])[through] / tracks.pixel, np.float32)


def test_points_go_where_the_picture_goes() -> None:
    moved = moved_px(followed(sliding(7, 3)))
    # a few near the edge were found late
    assert np.quantile(np.abs(moved - (-18, 0)), 0.95) < 0.3


def test_flicker_is_no_motion() -> None:
    light = np.array([1, 0.7, 1.1, 0.8, 0.6])[:, None, None, None]
    still = np.clip(sliding(5, 0) * light, 0, 255).astype(np.uint8)
    assert np.abs(moved_px(followed(still))).max() < 0.3


def test_hardly_a_point_survives_a_cut() -> None:
    clip = np.concatenate([sliding(4, 1), sliding(4, 1)[:, ::-1, ::-1]])
    seen = ~np.isnan(followed(clip).at[..., 0])
    assert (seen[3] & seen[4]).sum() < 0.2 * seen[3].sum()
    assert seen[7].sum() > 20


def test_an_even_picture_has_no_points() -> None:
    assert followed(np.full((3, 64, 64, 3), 90, np.uint8)).at.shape == (3, 0, 2)
