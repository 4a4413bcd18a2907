"""Frames to files and back: MP4 for people, a lossless file for the next shot.

Knows no models, jobs or store.  An MP4 is H.264, yuv420p, BT.709 limited range, constant frame
rate, index first; one encoder thread, so that the same frames and metadata give the same bytes.
A lossless file is FFV1 in Matroska and returns every RGB value.  FFmpeg follows references inside
playlists, so files are opened with a short list of formats and no network.
Try: python -m pytest tests/generator/test_encode.py
"""

import os
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain
from pathlib import Path

import av
import numpy as np
from av.container import InputContainer
from av.video.reformatter import (
    ColorPrimaries,
    ColorRange,
    Colorspace,
    ColorTrc,
    Interpolation,
    VideoReformatter,
)
from av.video.stream import VideoStream
from numpy.typing import NDArray

from shotwright.generator.errors import BadRequest, TooLarge

CRF = 14
"""x264's constant quality: below about 16 the loss is not seen, and seams are measured after it."""

PRESET = "medium"
"""x264's preset for what a model rendered: its time is nothing beside the model's."""

FORMATS = ("mov", "matroska", "avi", "mpegts", "mpeg", "flv", "ogg", "asf")
"""Containers that are read; playlists (HLS, concat, DASH) are not: they name other files."""

# Exact rounding and full chroma: 8-bit colours survive the way there and back within one step.
_SCALING = (
    Interpolation.BICUBIC
    | Interpolation.ACCURATE_RND
    | Interpolation.BITEXACT
    | Interpolation.FULL_CHR_H_INP
    | Interpolation.FULL_CHR_H_INT
)

Frames = NDArray[np.uint8]


@dataclass(frozen=True)
class Clip:
    """Decoded frames, uint8 RGB, shape (frames, height, width, 3), at `fps` per second."""

    frames: Frames
    fps: Fraction


@dataclass(frozen=True)
class VideoInfo:
    """What a video file holds, as it is shown (turned, when the file says so).

    `fps` is the mean rate; `frames` are counted, not taken from the header; `metadata` is the
    file's own.
    """

    width: int
    height: int
    frames: int
    fps: Fraction
    duration_s: float
    metadata: dict[str, str]


def write_mp4(
    path: Path,
    frames: Frames | Iterator[Frames],
    *,
    fps: int | Fraction,
    metadata: Mapping[str, str],
    preset: str = PRESET,
) -> None:
    """Encode `frames`, uint8 RGB (frames, height, width, 3), or one by one; `path` appears when it is whole.

    preset: x264's; files that are to be joined without encoding again need the same one.
    Raises: BadRequest (invalid_size) for an odd width or height, (invalid_frames) for no frame.
    """
    if isinstance(frames, np.ndarray):
        _check_frames(frames)
        frames = iter(frames)
    first = next(frames)
    height, width = first.shape[:2]
    if width % 2 or height % 2:
        raise BadRequest(
            f"{width}x{height} cannot be an MP4: yuv420p halves both sides.",
            code="invalid_size",
            fix=f"Use even sides, such as {width + width % 2}x{height + height % 2}.",
            field="size",
            value=f"{width}x{height}",
            allowed="even width and height",
        )
    to_yuv = VideoReformatter()
    pictures = (
        to_yuv.reformat(
            av.VideoFrame.from_ndarray(frame, format="rgb24"),
            format="yuv420p",
            src_color_range=ColorRange.JPEG,
            dst_colorspace=Colorspace.ITU709,
            dst_color_range=ColorRange.MPEG,
            dst_color_trc=ColorTrc.BT709,
            dst_color_primaries=ColorPrimaries.BT709,
            interpolation=_SCALING,
            threads=1,
        )
        for frame in chain([first], frames)
    )
    with (
        _whole(path) as draft,
        av.open(
            str(draft),
            "w",
            format="mp4",
            options={"movflags": "+faststart+use_metadata_tags", "fflags": "+bitexact"},
        ) as out,
    ):
        out.metadata.update(metadata)
        # x264's fast lookahead reads beyond small pictures: 33 moving frames of 64x64 came out in 34
        # variants of 60.  Its exact one costs no time that could be measured, and agrees everywhere.
        options = {"crf": str(CRF), "preset": preset, "x264-params": "cpu-independent=1"}
        stream = out.add_stream("libx264", rate=fps, options=options)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        context = stream.codec_context
        context.color_primaries, context.color_trc = ColorPrimaries.BT709, ColorTrc.BT709
        context.colorspace, context.color_range = Colorspace.ITU709, ColorRange.MPEG
        _mux(out, stream, pictures, Fraction(fps))


def write_lossless(path: Path, frames: Frames | Iterator[Frames], fps: int | Fraction) -> None:
    """Keep `frames`, uint8 RGB (frames, height, width, 3), or one by one, exactly; `path` appears when whole.

    Sides are at least 8 pixels: FFV1 cuts each picture into slices, with a checksum each.

    Raises: BadRequest (invalid_frames) for no frame.
    """
    if isinstance(frames, np.ndarray):
        _check_frames(frames)
        frames = iter(frames)
    first = next(frames)
    # FFV1 codes 8-bit RGB as bgr0 with a reversible colour transform; packing to it is a copy.
    pictures = (
        av.VideoFrame.from_ndarray(frame, format="rgb24").reformat(format="bgr0", threads=1)
        for frame in chain([first], frames)
    )
    with (
        _whole(path) as draft,
        av.open(str(draft), "w", format="matroska", options={"fflags": "+bitexact"}) as out,
    ):
        stream = out.add_stream("ffv1", rate=fps, options={"level": "3", "slicecrc": "1"})
        stream.height, stream.width, stream.pix_fmt = *first.shape[:2], "bgr0"
        _mux(out, stream, pictures, Fraction(fps))


def read_lossless(path: Path) -> Clip:
    """Every frame of a file of `write_lossless`, bit for bit.

    Raises: BadRequest (invalid_media) when the file is missing or damaged.
    """
    frames = np.stack(list(iter_lossless(path)))
    with _opened(path) as (_, stream):
        return Clip(frames, _rate(path, stream))


def iter_lossless(path: Path, *, start: int = 0) -> Iterator[Frames]:
    """The same frames one by one, uint8 RGB (height, width, 3), from number `start` on.

    Raises while it is read: as `read_lossless`.
    """
    with _opened(path) as (container, stream):
        for number, frame in enumerate(_decoded(path, container, stream)):
            if number >= start:
                yield np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)


def read_video(path: Path, *, max_frames: int, max_pixels: int, start: int = 0) -> Clip:
    """The frames of a video from number `start` to the end.

    max_pixels: width times height.  Frames of a variable rate come as they are, at the mean rate.
    Raises: BadRequest (invalid_media) for what is no video, damaged, or has no frame `start`;
    TooLarge for more than `max_frames` frames from `start` on, or larger ones.
    """
    frames = iter_frames(path, max_frames=max_frames, max_pixels=max_pixels, start=start)
    pictures = np.stack(list(frames))
    with _opened(path) as (_, stream):
        return Clip(pictures, _rate(path, stream))


def iter_frames(
    path: Path, *, max_frames: int, max_pixels: int, start: int = 0
) -> Iterator[Frames]:
    """The same frames one by one, uint8 RGB (height, width, 3), so that a long clip is never held whole.

    Raises while it is read: as `read_video`.
    """
    with _opened(path) as (container, stream):
        number = -1
        for number, frame in enumerate(_decoded(path, container, stream)):
            if number >= start + max_frames:
                raise TooLarge(
                    f"{path.name} has more than {max_frames} frames from frame {start} on.",
                    fix=f"Cut it to at most {max_frames} frames.",
                    value=path.name,
                    allowed=f"at most {max_frames} frames",
                )
            if number >= start:
                yield _rgb(path, frame, max_pixels)
        if number < start:
            raise _invalid(path, f"it has no frame {start}")


def read_frames(path: Path, numbers: Sequence[int], *, max_pixels: int) -> Frames:
    """The frames with these numbers, in their order, uint8 RGB (len(numbers), height, width, 3).

    Holds no more than these in memory, so that a long clip can be looked at.
    Raises: BadRequest (invalid_media) for what is no video, damaged or shorter; TooLarge for
    larger frames.
    """
    wanted, last = set(numbers), max(numbers)
    found: dict[int, Frames] = {}
    with _opened(path) as (container, stream):
        for number, frame in enumerate(_decoded(path, container, stream)):
            if number in wanted:
                found[number] = _rgb(path, frame, max_pixels)
            if number == last:
                return np.stack([found[number] for number in numbers])
    raise _invalid(path, f"it has no frame {last}")


def has_sound(path: Path) -> bool:
    """Whether a video file has an audio stream.  Raises: BadRequest (invalid_media) for what is no video."""
    with _opened(path) as (container, _):
        return bool(container.streams.audio)


def probe(path: Path) -> VideoInfo:
    """What a video file holds.  Reads the file through once and decodes its first frame.

    Raises: BadRequest (invalid_media) for what is no video, is damaged or ends early.
    """
    with _opened(path) as (container, stream):
        first = next(_decoded(path, container, stream), None)
        if first is None:
            raise _invalid(path, "no frame could be decoded")
        turned = first.rotation % 180 == 90
        rate, metadata, promised = _rate(path, stream), dict(container.metadata), stream.frames
        width, height = first.width, first.height
    with _opened(path) as (container, stream):
        frames = hidden = 0
        for packet in container.demux(stream):
            if packet.is_corrupt:
                raise _invalid(path, f"it is damaged after frame {frames}")
            hidden += bool(packet.size and packet.is_discard)
            frames += bool(packet.size and not packet.is_discard)
    if frames + hidden < promised:
        raise _invalid(path, f"it ends early, after {frames} of {promised} frames")
    return VideoInfo(
        width=height if turned else width,
        height=width if turned else height,
        frames=frames,
        fps=rate,
        duration_s=float(frames / rate),
        metadata=metadata,
    )


def _check_frames(frames: Frames) -> None:
    if frames.ndim != 4 or frames.shape[-1] != 3 or frames.dtype != np.uint8 or not len(frames):
        raise BadRequest(
            f"A clip is uint8 (frames, height, width, 3), not {frames.dtype} {frames.shape}.",
            code="invalid_frames",
            fix="Give at least one RGB frame of 8 bits.",
            field="frames",
            value=list(frames.shape),
            allowed="(1 or more, height, width, 3)",
        )


@contextmanager
def _whole(path: Path) -> Iterator[Path]:
    """A name to write to beside `path`; the file takes its place when the block ends well."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        yield draft
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def _mux(
    out: av.container.OutputContainer,
    stream: VideoStream,
    pictures: Iterable[av.VideoFrame],
    fps: Fraction,
) -> None:
    stream.codec_context.thread_count = 1  # more threads cut slices differently: other bytes
    for number, picture in enumerate(pictures):
        picture.pts, picture.time_base = number, 1 / fps
        out.mux(stream.encode(picture))
    out.mux(stream.encode(None))


@contextmanager
def _opened(path: Path) -> Iterator[tuple[InputContainer, VideoStream]]:
    """The file and its picture track; FFmpeg's errors in the block become invalid_media."""
    options = {"format_whitelist": ",".join(FORMATS), "protocol_whitelist": "file"}
    try:
        with av.open(f"file:{path}", options=options) as container:
            if not container.streams.video:
                raise _invalid(path, "it has no picture track")
            yield container, container.streams.video[0]
    except av.FFmpegError as error:
        raise _invalid(path, f"it cannot be read ({error.strerror or error})") from error


def _decoded(path: Path, container: InputContainer, stream: VideoStream) -> Iterator[av.VideoFrame]:
    for frame in container.decode(stream):
        if frame.is_corrupt:
            raise _invalid(path, "a frame in it is damaged")
        yield frame


def _rgb(path: Path, frame: av.VideoFrame, max_pixels: int) -> Frames:
    """The frame as it is shown, uint8 RGB (height, width, 3)."""
    if frame.width * frame.height > max_pixels:
        raise TooLarge(
            f"{path.name} has frames of {frame.width}x{frame.height}.",
            fix=f"Scale it to at most {max_pixels} pixels a frame.",
            value=f"{frame.width}x{frame.height}",
            allowed=f"at most {max_pixels} pixels a frame",
        )
    matrix = frame.colorspace
    if matrix not in (Colorspace.ITU709, Colorspace.BT2020, 5, 6, 7):
        # Untagged: the field's habit is BT.709 for high definition and BT.601 below.
        matrix = Colorspace.ITU709 if frame.height >= 720 else Colorspace.ITU601
    picture = frame.reformat(
        format="rgb24",
        src_colorspace=matrix,
        dst_color_range=ColorRange.JPEG,
        interpolation=_SCALING,
        threads=1,
    ).to_ndarray()
    # rotation is counter-clockwise, as np.rot90 turns
    return np.ascontiguousarray(np.rot90(picture, frame.rotation // 90))


def _rate(path: Path, stream: VideoStream) -> Fraction:
    rate = stream.average_rate or stream.guessed_rate
    if not rate:
        raise _invalid(path, "it has no frame rate")
    # Matroska keeps nanoseconds, so 30000/1001 comes back a hair off.
    return Fraction(rate).limit_denominator(1001)


def _invalid(path: Path, why: str) -> BadRequest:
    return BadRequest(
        f"{path.name} is not a usable video: {why}.",
        code="invalid_media",
        fix="Give an MP4, MOV, MKV, WebM or AVI file that plays in an ordinary player.",
        value=path.name,
        allowed="a video file",
    )
