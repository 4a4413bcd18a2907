"""Films: takes in order.  Joining the chosen takes, and the film's record.

A film's record keeps, for each shot, the shot as planned, the digest of what was rendered for it, its takes and the one
chosen, so that an edited film renders only what changed; and where the shot stands in the film, for an editor.
"""

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from shotwright.generator.frames import Frames, Picture
from shotwright.tools.studio.assets import Store
from shotwright.tools.studio.cutting import Kind, Piece, frames_of, overlap_of
from shotwright.tools.studio.filing import keep_sealed
from shotwright.tools.studio.panels import MODEL, PRESET
from shotwright.tools.studio.signing import Signer
from shotwright.tools.studio.slates import Slate, mp4_metadata

SHEET_FRAMES = 4
"""Frames of a shot on the film's sheet."""
SHEET_HEIGHT = 360
"""They are kept this high at most, so that a film of many large shots fits into memory."""

_OF_THE_PLAN = (
    "request",
    "look",
    "plan",
    "writer",
    "coverage",
    "report",
    "story",
    "plan_warnings",
)
"""What a film's record keeps of the plan that made it; the last three only where a script was told."""


@dataclass(frozen=True)
class Cut:
    """One shot in the film: its entry in the plan, the chosen take, and all takes there are."""

    shot: dict[str, Any]
    take: Slate
    takes: tuple[str, ...]

    def span(self) -> tuple[int, int]:
        """First frame of the take that is shown, and the one after the last."""
        trim = self.shot.get("trim") or {}
        start = round((trim.get("start_s") or 0.0) * self.take.fps)
        stop = self.shot["frames"]
        if trim.get("end_s") is not None:
            stop = round(trim["end_s"] * self.take.fps)
        start = min(start, self.take.frames - 1)
        return start, max(start + 1, min(stop, self.take.frames))


def join(
    store: Store, plan: dict[str, Any], cuts: list[Cut], *, signer: Signer | None
) -> dict[str, Any]:
    """Cut the film, store it and its record; the film's result on the wire."""
    fps = Fraction(cuts[0].take.fps).limit_denominator(1001)
    first, label = cuts[0].take, plan["look"].get("label", "none")
    metadata = mp4_metadata(
        request=plan["request"],
        model=first.model,
        revision=first.revision,
        seed=first.seed,
        prompt=plan["plan"].get("title") or "film",
    )
    pieces = [_piece(store, plan, cuts, index) for index in range(len(cuts))]
    total = sum(piece.frames for piece in pieces)
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "film.mp4"
        _cut(pieces, out, fps=fps, metadata=metadata, label=label, panels=first.model == MODEL)
        seen = _Seen(pieces, fps)
        kept = keep_sealed(store, out, metadata, seen.look_at(out, total), signer=signer)
        sheet = store.put_bytes(seen.sheet([cut.shot["shot"] for cut in cuts]), "jpg").key
        poster = store.put_bytes(seen.poster(), "jpg").key
    film_id = plan["film_id"]
    record = {
        "film_id": film_id,
        "created_at": datetime.now(UTC).isoformat(),
        **{name: plan[name] for name in _OF_THE_PLAN if name in plan},
        "why": plan.get("why", ""),
        "diff": plan.get("diff"),
        "warnings": [*plan["warnings"], *kept.warnings],
        "fps": float(fps),
        "frames": total,
        "duration_s": float(total / fps),
        "width": first.width,
        "height": first.height,
        "model": first.model,
        "shots": _entries(cuts, pieces, fps),
        "likeness": kept.likeness,
        "metadata": metadata,
        "blobs": {"clip": kept.key, "sheet": sheet, "poster": poster},
    }
    store.write_record("films", film_id, record)
    return film_answer(store, None, record, [cut.take for cut in cuts])


def film_answer(
    store: Store, base_url: str | None, record: dict[str, Any], takes: list[Slate]
) -> dict[str, Any]:
    """The film as it goes over the wire."""
    film_id = record["film_id"]
    poster = record["blobs"].get("poster")
    return {
        "film_id": film_id,
        "path": _path(store, record["blobs"]["clip"]),
        "url": base_url and f"{base_url}/files/{film_id}.mp4",
        "resource_uri": f"shotwright://films/{film_id}",
        "duration_s": record["duration_s"],
        "plan": record["plan"],
        "writer": record["writer"],
        "coverage": record["coverage"],
        "report": record.get("report", {}),
        "why": record.get("why", ""),
        "diff": record.get("diff"),
        "warnings": record["warnings"],
        "shots": record["shots"],
        "poster": poster and _path(store, poster),
        "sheet": _path(store, record["blobs"]["sheet"]),
        "takes": [
            {
                **take.to_take(store, base_url),
                "sheet": take.blobs.sheet and _path(store, take.blobs.sheet),
                "poster": take.blobs.poster and _path(store, take.blobs.poster),
            }
            for take in takes
        ],
    }


def _path(store: Store, key: str) -> str | None:
    path = store.local_path(key)
    return None if path is None else str(path)


def _piece(store: Store, plan: dict[str, Any], cuts: Sequence[Cut], index: int) -> Piece:
    """The shot as it stands in the film, between its neighbours; without the label of its own take."""
    cut = cuts[index]
    start, stop = cut.span()
    ends: Kind = plan["plan"].get("transition_out", "cut")
    after: Kind = cuts[index + 1].shot["transition"] if index + 1 < len(cuts) else ends
    blobs = cut.take.blobs
    return Piece(
        clip=store.fetch(blobs.clean or blobs.clip),
        total=cut.take.frames,
        start=start,
        stop=stop,
        enter=cut.shot["transition"],
        leave=after,
    )


def _cut(
    pieces: Sequence[Piece],
    out: Path,
    *,
    fps: Fraction,
    metadata: dict[str, str],
    label: str,
    panels: bool,
) -> None:
    """Write the film: pieces that stand in it as they are are copied, the others encoded again."""
    from shotwright.generator import encode
    from shotwright.generator.concat import concat
    from shotwright.tools.studio.pictures import marked_frames

    preset = PRESET if panels else encode.PRESET
    marked = marked_frames(label, sum(piece.frames for piece in pieces), float(fps))
    files, begin = [], 0
    for number, piece in enumerate(pieces):
        before = pieces[number - 1] if number else None
        if piece.whole and begin >= marked:
            files.append(piece.clip)
        else:
            frames = _marked(frames_of(piece, before, fps), marked - begin)
            files.append(out.with_name(f"{number}.mp4"))
            encode.write_mp4(files[-1], frames, fps=fps, metadata={}, preset=preset)
        begin += piece.frames
    concat(files, out, fps=fps, metadata=metadata)


def _marked(frames: Iterator[Picture], count: int) -> Iterator[Picture]:
    """The frames, the first `count` of them with the visible mark."""
    from shotwright.tools.studio.pictures import mark_of, put_mark

    for number, frame in enumerate(frames):
        if number < count:
            frame = frame.copy()
            put_mark(frame, mark_of(frame.shape[1], frame.shape[0]))
        yield frame


class _Seen:
    """One look through a finished film: some frames of each shot, and its likeness."""

    def __init__(self, pieces: Sequence[Piece], fps: Fraction) -> None:
        from shotwright.tools.studio.sheets import spaced

        self.fps = fps
        self.begins = [sum(p.frames for p in pieces[:n]) for n in range(len(pieces))]
        self.numbers = [spaced(piece.frames, SHEET_FRAMES) for piece in pieces]
        self.pictures: dict[int, Picture] = {}
        self.middle = self.begins[0] + pieces[0].frames // 2
        self.large: Picture | None = None

    def look_at(self, film: Path, total: int) -> Any:
        """Decode the film once; its likeness."""
        from shotwright.generator.encode import iter_frames
        from shotwright.generator.provenance import likeness

        wanted = {b + n for b, ns in zip(self.begins, self.numbers, strict=True) for n in ns}

        def frames() -> Iterator[Picture]:
            found = iter_frames(film, max_frames=total, max_pixels=1 << 24)
            for number, frame in enumerate(found):
                if number in wanted:
                    self.pictures[number] = _small(frame)
                if number == self.middle:
                    self.large = frame
                yield frame

        return likeness(film, frames(), total)

    def sheet(self, labels: Sequence[str]) -> bytes:
        """A row of frames a shot."""
        from shotwright.tools.studio.sheets import film_sheet

        rows: list[tuple[str, Frames, Fraction]] = [
            (label, np.stack([self.pictures[begin + n] for n in numbers]), self.fps)
            for label, begin, numbers in zip(labels, self.begins, self.numbers, strict=True)
        ]
        return film_sheet(rows, count=SHEET_FRAMES, numbers=self.numbers)

    def poster(self) -> bytes:
        """The middle of the first shot, which is the widest of its scene."""
        from shotwright.tools.studio.sheets import poster

        assert self.large is not None
        return poster(self.large)


def _small(frame: Picture) -> Picture:
    import cv2

    height, width = frame.shape[:2]
    if height <= SHEET_HEIGHT:
        return frame
    size = (round(width * SHEET_HEIGHT / height), SHEET_HEIGHT)
    return np.asarray(cv2.resize(frame, size, interpolation=cv2.INTER_AREA), np.uint8)


def _entries(cuts: Sequence[Cut], pieces: Sequence[Piece], fps: Fraction) -> list[dict[str, Any]]:
    """The shots as the record keeps them."""
    entries, begin = [], 0
    for number, (cut, piece) in enumerate(zip(cuts, pieces, strict=True)):
        overlap = overlap_of(pieces[number - 1] if number else None, piece, fps)
        kept = ("shot", "digest", "seed", "frames", "handle", "keyframes", "image", "trim")
        entries.append(
            {
                **{name: cut.shot.get(name) for name in kept},
                "takes": list(cut.takes),
                "chosen": cut.take.take_id,
                "duration_s": cut.take.duration_s,
                "cut": {
                    "at_frame": begin,
                    "frames": piece.frames,
                    "from_frame": piece.start,
                    "transition": piece.enter,
                    "transition_frames": overlap,
                },
            }
        )
        begin += piece.frames
    return entries
