"""A take's MP4, encoded while its frames are still being decoded.

The same encoder on the same frames: the file is the one that would be written at the end.
"""

import queue
import tempfile
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

from shotwright.generator.frames import Frames, Picture

Pieces = queue.SimpleQueue[Frames | None]
"""Of a clip, in order; None is the end."""


class Early:
    """Takes the pieces of a clip as they come, and encodes them in a thread of its own."""

    def __init__(self, write: Callable[[Path, Iterator[Picture]], None]) -> None:
        """write: the file of these pictures, as it is to be."""
        self._write = write
        self._folder = tempfile.TemporaryDirectory()
        self._pool = ThreadPoolExecutor(1)
        self._pieces: Pieces | None = None
        self._written: Future[None] | None = None

    def take(self, number: int, frames: Frames) -> None:
        """See `pipelines.OnFrames`."""
        if number == 0:
            self._drop()
            self._pieces = queue.SimpleQueue()
            pictures = _pictures(self._pieces)
            self._written = self._pool.submit(self._write, self._file, pictures)
        assert self._pieces is not None
        self._pieces.put(frames)

    def file(self) -> Path | None:
        """Once all pieces came: the file, whole; None where none came.  Raises what writing raised."""
        if self._written is None:
            return None
        self._end()
        self._written.result()
        return self._file

    def close(self) -> None:
        """Drop the file, whole or not."""
        self._drop()
        self._pool.shutdown()
        self._written = None
        self._folder.cleanup()

    @property
    def _file(self) -> Path:
        return Path(self._folder.name) / "clip.mp4"

    def _drop(self) -> None:
        """Whoever cancelled, or began anew, does not wait for what is not encoded yet."""
        if self._pieces is not None:
            with suppress(queue.Empty):
                while True:
                    self._pieces.get_nowait()
        self._end()

    def _end(self) -> None:
        if self._pieces is not None:
            self._pieces.put(None)
            self._pieces = None


@contextmanager
def early(
    frames: int, *, label: str, fps: int, metadata: Mapping[str, str], preset: str
) -> Iterator[Early]:
    """For a clip of so many frames."""
    from shotwright.generator.encode import write_mp4
    from shotwright.tools.studio.pictures import mark

    def write(file: Path, pictures: Iterator[Picture]) -> None:
        shown = mark(pictures, label, frames, fps=fps)
        write_mp4(file, shown, fps=fps, metadata=metadata, preset=preset)

    made = Early(write)
    try:
        yield made
    finally:
        made.close()


def _pictures(pieces: Pieces) -> Iterator[Picture]:
    while (piece := pieces.get()) is not None:
        yield from piece
