"""Frames survive the files they are kept in, and what is no video is refused by name."""

import time
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shotwright.generator.encode import (
    Frames,
    probe,
    read_frames,
    read_lossless,
    read_video,
    write_lossless,
    write_mp4,
)
from shotwright.generator.errors import BadRequest, TooLarge

PIXELS = 1 << 20


def _clip(count: int = 17, height: int = 64, width: int = 112) -> Frames:
    """A red square that moves right over a blue ramp."""
    frames = np.zeros((count, height, width, 3), np.uint8)
    frames[..., 2] = np.linspace(0, 200, width, dtype=np.uint8)
    for number, frame in enumerate(frames):
        left = number * (width - 20) // max(count - 1, 1)
        frame[20:40, left : left + 20] = (255, 0, 0)
    return frames


def _phone_portrait(path: Path) -> None:
    """Sets the display matrix of the file to a quarter turn clockwise, as phones do."""
    data = path.read_bytes()
    plain = b"".join(n.to_bytes(4, "big") for n in (65536, 0, 0, 0, 65536, 0, 0, 0, 1 << 30))
    turned = b"".join(
        n.to_bytes(4, "big", signed=True) for n in (0, 65536, 0, -65536, 0, 0, 0, 0, 1 << 30)
    )
    at = data.index(plain, data.index(b"tkhd"))
    path.write_bytes(data[:at] + turned + data[at + len(plain) :])


def test_an_mp4_gives_back_its_frames_nearly(tmp_path: Path) -> None:
    frames = _clip()
    write_mp4(tmp_path / "a.mp4", frames, fps=16, metadata={})
    back = read_video(tmp_path / "a.mp4", max_frames=17, max_pixels=PIXELS)
    assert back.frames.shape == frames.shape and back.fps == 16
    assert np.abs(back.frames.astype(int) - frames).mean() < 3


def test_the_same_frames_and_metadata_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a.mp4", "b.mp4"):
        write_mp4(tmp_path / name, _clip(), fps=16, metadata={"title": "kettle", "AIGC": "{}"})
    for name in ("a.mkv", "b.mkv"):
        write_lossless(tmp_path / name, _clip(), 16)
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()
    assert (tmp_path / "a.mkv").read_bytes() == (tmp_path / "b.mkv").read_bytes()
    assert len(list(tmp_path.iterdir())) == 4, "no draft is left behind"


def test_small_moving_pictures_give_the_same_bytes_every_time(tmp_path: Path) -> None:
    tiles = np.random.default_rng(0).integers(0, 256, (8, 14, 3), dtype=np.uint8)
    picture = np.kron(tiles, np.ones((8, 8, 1), np.uint8)).astype(np.uint8)
    frames = np.stack([np.roll(picture, step, axis=1) for step in range(33)])
    made = set()
    for _ in range(8):
        write_mp4(tmp_path / "clip.mp4", frames, fps=8, metadata={})
        made.add((tmp_path / "clip.mp4").read_bytes())
    assert len(made) == 1


def test_an_mp4_is_tagged_bt709_limited_with_its_index_first(tmp_path: Path) -> None:
    write_mp4(tmp_path / "a.mp4", _clip(), fps=Fraction(30000, 1001), metadata={"k": "value"})
    data = (tmp_path / "a.mp4").read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")
    with av.open(tmp_path / "a.mp4") as container:
        stream = container.streams.video[0]
        context = stream.codec_context
        assert (context.name, context.pix_fmt) == ("h264", "yuv420p")
        assert (context.color_primaries, context.color_trc, context.colorspace) == (1, 1, 1)
        assert context.color_range == 1 and stream.average_rate == Fraction(30000, 1001)
        steps = {p.duration for p in container.demux(stream) if p.size}
    assert len(steps) == 1, "constant frame rate"


def test_pure_red_is_converted_with_the_bt709_matrix(tmp_path: Path) -> None:
    frames = np.zeros((2, 64, 64, 3), np.uint8)
    frames[..., 0] = 255
    write_mp4(tmp_path / "red.mp4", frames, fps=16, metadata={})
    with av.open(tmp_path / "red.mp4") as container:
        planes = next(container.decode(video=0)).planes
        yuv = [bytes(plane)[0] for plane in planes]
    assert np.allclose(yuv, (63, 102, 240), atol=1), "BT.601 would give 81, 90, 240"


def test_metadata_keys_of_any_name_come_back(tmp_path: Path) -> None:
    words = {"title": "a kettle", "AIGC": '{"Label":"1"}', "comment": "中文 text", "x:Y": "z"}
    write_mp4(tmp_path / "a.mp4", _clip(), fps=16, metadata=words)
    info = probe(tmp_path / "a.mp4")
    assert words.items() <= info.metadata.items()
    assert (info.width, info.height, info.frames, int(info.fps)) == (112, 64, 17, 16)
    assert info.duration_s == pytest.approx(17 / 16)


@settings(max_examples=25, deadline=None)
@given(
    st.tuples(st.integers(1, 5), st.integers(8, 40), st.integers(8, 40)),
    st.sampled_from([1, 8, 16, 24, 25, Fraction(24000, 1001), Fraction(30000, 1001), 60]),
    st.integers(0, 2**32),
)
def test_a_lossless_file_returns_every_value(
    tmp_path_factory: pytest.TempPathFactory,
    shape: tuple[int, int, int],
    fps: int | Fraction,
    seed: int,
) -> None:
    path = tmp_path_factory.mktemp("lossless") / "tail.mkv"
    frames = np.random.default_rng(seed).integers(0, 256, (*shape, 3), np.uint8)
    write_lossless(path, frames, fps)
    back = read_lossless(path)
    assert np.array_equal(back.frames, frames)
    assert back.fps == fps


def test_seventeen_small_frames_are_written_in_forty_milliseconds(tmp_path: Path) -> None:
    frames, took = _clip(), []
    for _ in range(5):
        begun = time.process_time()
        write_mp4(tmp_path / "a.mp4", frames, fps=16, metadata={})
        took.append(time.process_time() - begun)
    assert min(took) < 0.04


def test_reading_starts_where_asked_and_refuses_more_than_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    write_mp4(path, _clip(), fps=16, metadata={})
    whole = read_video(path, max_frames=17, max_pixels=PIXELS).frames
    assert np.array_equal(
        read_video(path, max_frames=4, max_pixels=PIXELS, start=13).frames, whole[13:]
    )
    assert np.array_equal(read_frames(path, [16, 0, 5], max_pixels=PIXELS), whole[[16, 0, 5]])
    with pytest.raises(TooLarge, match="more than 16 frames"):
        read_video(path, max_frames=16, max_pixels=PIXELS)
    with pytest.raises(TooLarge, match="112x64"):
        read_video(path, max_frames=17, max_pixels=1000)
    with pytest.raises(BadRequest, match="no frame 17"):
        read_video(path, max_frames=17, max_pixels=PIXELS, start=17)
    with pytest.raises(BadRequest, match="no frame 40"):
        read_frames(path, [40], max_pixels=PIXELS)


def test_a_phone_s_turned_clip_comes_upright(tmp_path: Path) -> None:
    frames = np.zeros((3, 64, 112, 3), np.uint8)
    frames[:, :, :56] = (255, 0, 0)  # the left half: on top after a quarter turn clockwise
    path = tmp_path / "a.mp4"
    write_mp4(path, frames, fps=16, metadata={})
    _phone_portrait(path)
    info = probe(path)
    assert (info.width, info.height) == (64, 112)
    back = read_video(path, max_frames=3, max_pixels=PIXELS).frames
    assert back.shape == (3, 112, 64, 3)
    assert back[:, :50, :, 0].min() > 200 and back[:, 62:, :, 0].max() < 50


def test_what_is_no_video_is_refused_with_a_way_out(tmp_path: Path) -> None:
    whole, real = tmp_path / "whole.mp4", tmp_path / "real.mp4"
    noise = np.random.default_rng(0).integers(0, 256, (17, 64, 112, 3), np.uint8)
    write_mp4(real, noise, fps=16, metadata={})
    whole.write_bytes(real.read_bytes()[: real.stat().st_size // 2])
    text = tmp_path / "text.mp4"
    text.write_text("not a video", encoding="utf-8")
    empty = tmp_path / "empty.mp4"
    empty.touch()
    for path in (whole, text, empty, tmp_path / "missing.mp4", tmp_path):
        with pytest.raises(BadRequest) as caught:
            probe(path)
        assert caught.value.code == "invalid_media" and "MP4" in caught.value.fix
    with pytest.raises(BadRequest):
        read_video(text, max_frames=9, max_pixels=PIXELS)
    with pytest.raises(BadRequest):
        read_lossless(text)


def test_a_playlist_may_not_name_other_files(tmp_path: Path) -> None:
    write_mp4(tmp_path / "secret.mp4", _clip(), fps=16, metadata={})
    hls = tmp_path / "list.m3u8"
    hls.write_text("#EXTM3U\n#EXTINF:1,\nsecret.mp4\n#EXT-X-ENDLIST\n", encoding="utf-8")
    concat = tmp_path / "list.mp4"
    concat.write_text("ffconcat version 1.0\nfile secret.mp4\n", encoding="utf-8")
    for path in (hls, concat):
        with pytest.raises(BadRequest):
            probe(path)


def test_odd_sides_and_empty_clips_are_refused_and_leave_nothing(tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match="112x63") as caught:
        write_mp4(tmp_path / "a.mp4", _clip(height=63), fps=16, metadata={})
    assert caught.value.code == "invalid_size" and "112x64" in caught.value.fix
    with pytest.raises(BadRequest) as caught:
        write_lossless(tmp_path / "a.mkv", _clip()[:0], 16)
    assert caught.value.code == "invalid_frames"
    assert list(tmp_path.iterdir()) == []
