"""Join MP4 files of the same encoder settings without encoding again: packets are copied, times shifted."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path

import av

from shotwright.generator.errors import RenderFailed


def concat(
    sources: Sequence[Path], out: Path, *, fps: Fraction, metadata: Mapping[str, str]
) -> int:
    """Write `sources` one after the other to `out`; the number of frames.

    All must be H.264 of the same size, made by `write_mp4`.  `out` appears when it is whole.
    Raises: RenderFailed when a file differs in size or codec.
    """
    draft = out.with_suffix(".part.mp4")
    options = {"movflags": "+faststart+use_metadata_tags", "fflags": "+bitexact"}
    frames = 0
    with av.open(str(draft), "w", format="mp4", options=options) as target:
        target.metadata.update(metadata)
        stream, shape = None, None
        for path in sources:
            with av.open(str(path)) as source:
                video = source.streams.video[0]
                found = (
                    video.codec_context.name,
                    video.width,
                    video.height,
                    video.codec_context.extradata,
                )
                if stream is None:
                    stream, shape = target.add_stream_from_template(video), found
                elif found != shape:
                    raise RenderFailed(
                        f"{path.name} is {found[1]}x{found[2]} {found[0]}, unlike the clips before it.",
                        fix="render all shots of a film in one size",
                        retryable=False,
                    )
                base = video.time_base
                if base is None:
                    raise RenderFailed(f"{path.name} has no time base.", retryable=False)
                offset = round(Fraction(frames) / fps / base)
                for packet in source.demux(video):
                    if packet.pts is None or packet.dts is None:
                        continue  # the flushing packet at the end
                    packet.pts, packet.dts = packet.pts + offset, packet.dts + offset
                    packet.stream = stream
                    target.mux(packet)
                    frames += 1
    draft.replace(out)
    return frames
