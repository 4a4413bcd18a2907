"""Dialogue as SubRip: inside its shot, in order, and in the time of the film."""

import re
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from shotwright.tools.studio.exports.subtitles import subtitles

CUE = re.compile(r"(\d+)\n(\d\d):(\d\d):(\d\d),(\d\d\d) --> (\d\d):(\d\d):(\d\d),(\d\d\d)\n(.+)\n")


def film(fps: float, *shots: tuple[int, list[str]]) -> dict[str, Any]:
    entries, planned, begin = [], [], 0
    for number, (frames, lines) in enumerate(shots):
        cut = {"at_frame": begin, "frames": frames}
        entries.append({"shot": str(number), "cut": cut})
        spoken = [{"character_id": "a", "text": text} for text in lines]
        planned.append({"id": str(number), "dialogue": spoken})
        begin += frames
    return {"fps": fps, "plan": {"shots": planned}, "shots": entries}


def cues(text: str) -> list[tuple[float, float, str]]:
    def seconds(h: str, m: str, s: str, ms: str) -> float:
        return int(h) * 3600 + int(m) * 60 + int(s) + int(ms) / 1000

    return [(seconds(*c[1:5]), seconds(*c[5:9]), c[9]) for c in CUE.findall(text)]


def test_lines_share_their_shot_by_their_length() -> None:
    text = subtitles(film(8, (16, []), (24, ["abcdef", "abc"]), (8, ["你好\n吗"])))
    assert cues(text) == [(2.0, 4.0, "abcdef"), (4.0, 5.0, "abc"), (5.0, 6.0, "你好 吗")]


def test_a_film_without_words_has_none() -> None:
    assert subtitles(film(8, (16, []), (8, ["  "]))) == ""


@given(
    st.sampled_from([8, 16, 24, 30, 24000 / 1001]),
    st.lists(
        st.tuples(
            st.integers(1, 200),
            st.lists(st.sampled_from(["Hi.", "你好。", "A longer line"]), max_size=4),
        ),
        max_size=8,
    ),
)
def test_cues_never_overlap_and_end_with_the_film(
    fps: float, shots: list[tuple[int, list[str]]]
) -> None:
    found = cues(subtitles(film(fps, *shots)))
    times = [moment for start, stop, _ in found for moment in (start, stop)]
    assert times == sorted(times)
    assert not times or times[-1] <= sum(frames for frames, _ in shots) / fps + 0.001
