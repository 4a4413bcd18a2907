"""A long clip's frames, read from where they lie as often as they are asked for; none is held.

Knows files and arrays, no store and no jobs.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import overload

import numpy as np

from shotwright.generator.frames import Frames, Picture


@dataclass(frozen=True)
class Stretch:
    """The first `frames` frames in a lossless file."""

    file: Path
    frames: int


class Reel:
    """Stretches one after another, with what an array of frames offers: `len`, iteration, some frames by number."""

    def __init__(self, pieces: "Sequence[Stretch | Frames | Reel]") -> None:
        self._pieces = pieces
        counts = [p.frames if isinstance(p, Stretch) else len(p) for p in pieces]
        self._begins = [sum(counts[:n]) for n in range(len(pieces))]
        self._count = sum(counts)

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Picture]:
        return self.since(0)

    def since(self, start: int) -> Iterator[Picture]:
        """The frames from number `start` to the end."""
        from shotwright.generator.encode import iter_lossless

        for piece, begin in zip(self._pieces, self._begins, strict=True):
            count = piece.frames if isinstance(piece, Stretch) else len(piece)
            skip = max(0, start - begin)
            if skip >= count:
                continue
            if isinstance(piece, Stretch):
                yield from islice(iter_lossless(piece.file, start=skip), count - skip)
            elif isinstance(piece, Reel):
                yield from piece.since(skip)
            else:
                yield from piece[skip:]

    @overload
    def __getitem__(self, numbers: int) -> Picture: ...
    @overload
    def __getitem__(self, numbers: slice | Sequence[int]) -> Frames: ...
    def __getitem__(self, numbers: int | slice | Sequence[int]) -> Frames:
        """The frame of this number, or those: these are held, and read in one pass over what lies from the first on."""
        if isinstance(numbers, int):
            return np.asarray(self[[numbers]][0], np.uint8)
        if isinstance(numbers, slice):
            numbers = range(self._count)[numbers]
        wanted = [range(self._count)[number] for number in numbers]
        found: dict[int, Picture] = {}
        for number, frame in enumerate(self.since(min(wanted)), start=min(wanted)):
            if number in wanted:
                found[number] = frame
            if number == max(wanted):
                break
        return np.stack([found[number] for number in wanted])
