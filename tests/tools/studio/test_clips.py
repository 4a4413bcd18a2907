"""Where given pictures go when a clip is made in several segments."""

from shotwright.tools.studio.clips import _placed
from shotwright.tools.studio.resolve import Shape


def test_a_keyframe_goes_to_the_segment_in_which_its_frame_is_new() -> None:
    shape = Shape(64, 64, (33, 33, 9), 5)
    asked = [(0, "a"), (32, "b"), (33, "c"), (60, "d"), (61, "e"), (64, "f")]
    assert shape.frames == 65
    assert list(_placed(shape, asked)) == [
        (0, 0, "a"),
        (0, 32, "b"),
        (1, 5, "c"),
        (1, 32, "d"),
        (2, 5, "e"),
        (2, 8, "f"),
    ]
