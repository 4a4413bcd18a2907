"""Films: takes in order.  Joining the chosen takes, and the film's record.

A film's record keeps, for each shot, the shot as planned, the digest of what was rendered for it, its takes and the one
chosen, so that an edited film renders only what changed.
"""

import shutil
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

from shotwright.tools.studio.assets import Store
from shotwright.tools.studio.slates import Slate, mp4_metadata


@dataclass(frozen=True)
class Cut:
    """One shot in the film: its entry in the plan, the chosen take, and all takes there are."""

    shot: dict[str, Any]
    take: Slate
    takes: tuple[str, ...]

    def seconds(self) -> tuple[float, float]:
        """Where the shot starts and ends inside its take."""
        trim = self.shot.get("trim") or {}
        return trim.get("start_s") or 0.0, min(trim.get("end_s") or 1e9, self.take.duration_s)


def join(store: Store, plan: dict[str, Any], cuts: list[Cut]) -> dict[str, Any]:
    """Cut the film, store it and its record; the film's result on the wire."""
    from shotwright.generator.concat import concat
    from shotwright.tools.studio.sheets import film_sheet

    fps = Fraction(cuts[0].take.fps).limit_denominator(1001)
    first = cuts[0].take
    metadata = mp4_metadata(
        request=plan["request"],
        model=first.model,
        revision=first.revision,
        seed=first.seed,
        prompt=plan["plan"].get("title") or "film",
    )
    with tempfile.TemporaryDirectory() as folder:
        pieces = [_piece(store, cut, fps, Path(folder) / f"{i}.mp4") for i, cut in enumerate(cuts)]
        out = Path(folder) / "film.mp4"
        frames = concat(pieces, out, fps=fps, metadata=metadata)
        key = store.put(out, "mp4").key
        rows = [
            (cut.shot["shot"], _frames(piece), fps) for cut, piece in zip(cuts, pieces, strict=True)
        ]
        sheet = store.put_bytes(film_sheet(rows), "jpg").key
    film_id = plan["film_id"]
    record = {
        "film_id": film_id,
        "created_at": datetime.now(UTC).isoformat(),
        "request": plan["request"],
        "look": plan["look"],
        "plan": plan["plan"],
        "writer": plan["writer"],
        "coverage": plan["coverage"],
        "warnings": plan["warnings"],
        "fps": float(fps),
        "frames": frames,
        "duration_s": frames / float(fps),
        "shots": [
            {
                "shot": cut.shot["shot"],
                "digest": cut.shot["digest"],
                "seed": cut.shot["seed"],
                "takes": list(cut.takes),
                "chosen": cut.take.take_id,
                "duration_s": cut.take.duration_s,
                "image": cut.shot.get("image"),
                "trim": cut.shot.get("trim"),
            }
            for cut in cuts
        ],
        "blobs": {"clip": key, "sheet": sheet},
    }
    store.write_record("films", film_id, record)
    return film_answer(store, None, record, [cut.take for cut in cuts])


def film_answer(
    store: Store, base_url: str | None, record: dict[str, Any], takes: list[Slate]
) -> dict[str, Any]:
    """The film as it goes over the wire."""
    film_id = record["film_id"]
    path = store.local_path(record["blobs"]["clip"])
    return {
        "film_id": film_id,
        "path": None if path is None else str(path),
        "url": base_url and f"{base_url}/files/{film_id}.mp4",
        "resource_uri": f"shotwright://films/{film_id}",
        "duration_s": record["duration_s"],
        "plan": record["plan"],
        "writer": record["writer"],
        "coverage": record["coverage"],
        "warnings": record["warnings"],
        "shots": record["shots"],
        "takes": [take.to_take(store, base_url) for take in takes],
    }


def _piece(store: Store, cut: Cut, fps: Fraction, out: Path) -> Path:
    """The shot's MP4: the take's own file, or encoded again when it is trimmed."""
    from shotwright.generator.encode import read_video, write_mp4

    clip = store.fetch(cut.take.blobs.clip)
    start, end = cut.seconds()
    if (start, end) == (0.0, cut.take.duration_s):
        shutil.copyfile(clip, out)
        return out
    frames = read_video(clip, max_frames=cut.take.frames, max_pixels=1 << 24).frames
    kept = frames[round(start * fps) : max(round(start * fps) + 1, round(end * fps))]
    write_mp4(out, kept, fps=fps, metadata={})
    return out


def _frames(piece: Path) -> Any:
    from shotwright.generator.encode import read_video

    return read_video(piece, max_frames=100_000, max_pixels=1 << 24).frames
