"""A take's end: inspected, encoded, stored, and its slate written, which makes it visible.

Knows frames and the part that was asked for; nothing of models and queues.
"""

import os
import platform
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache, partial
from importlib.metadata import version
from typing import Any

from shotwright.generator.clipspec import ClipSpec
from shotwright.generator.frames import Frames
from shotwright.tools.studio.assets import Store
from shotwright.tools.studio.continuing import drift_of
from shotwright.tools.studio.early import Early
from shotwright.tools.studio.filing import file_take
from shotwright.tools.studio.givens import picture_of
from shotwright.tools.studio.measures import inspect
from shotwright.tools.studio.panels import PRESET as PANEL_PRESET
from shotwright.tools.studio.reels import Reel, Stretch
from shotwright.tools.studio.signing import Signer
from shotwright.tools.studio.slates import Adjustment, Slate, Warned, mp4_metadata

_TOLD = ("original", "text", "writer", "why", "diff")


def finish(
    store: Store,
    part: dict[str, Any],
    frames: Frames | Reel,
    made: list[dict[str, Any]],
    *,
    job_id: str,
    verb: str,
    revision: str | None,
    device: str,
    timings: dict[str, float],
    shown: Frames | None,
    stopped: dict[str, Any] | None,
    signer: Signer | None,
    say: Callable[[str], None],
    begun: Early | None = None,
) -> None:
    """Encode, inspect and store; the slate is written last.

    frames: what was made now, without the source that it continues; made: the facts of its segments; stopped: the age
    of the one that ended it before its time.  shown: what is to be seen, where it is not `frames` themselves (an
    animatic's, with their words).  say: told each phase; what it raises ends the work.  begun: see `file_take`.
    """
    from shotwright.generator.encode import PRESET

    spec, panel = ClipSpec.from_json(part["segments"][0]["spec"]), "panel" in part
    began = time.monotonic()
    say("inspecting")
    start = 0
    if part["source"] is not None:
        start = part["source"]["frames"]
        source = Stretch(store.fetch(part["source"]["clip"]), start)
        frames = Reel([source, frames])
    found = inspect(part, frames, made, start=start, fetch=partial(picture_of, store))
    inspected = time.monotonic()
    say("encoding")
    filed = file_take(
        store,
        frames if shown is None else shown,
        fps=spec.fps,
        label=part["label"],
        metadata=metadata_of(part, revision),
        begun=begun,
        preset=PANEL_PRESET if panel else PRESET,
        tail=not panel,
        signer=signer,
    )
    timings = {
        **timings,
        "inspect_s": round(inspected - began, 3),
        "encode_s": round(time.monotonic() - inspected, 3),
    }
    say("storing")
    warnings = [*part["warnings"], *found["warnings"], *filed.warnings]
    if stopped is not None:
        warnings.append(_stop_of(stopped, len(made), len(part["segments"])))
    Slate(
        take_id=part["take_id"],
        verb=verb,
        request=part["request"],
        words={name: value for name, value in part.get("words", {}).items() if name in _TOLD},
        prompt=spec.prompt,
        negative_prompt=spec.negative_prompt,
        model=spec.model,
        revision=revision,
        seed=part["seed"],
        width=spec.width,
        height=spec.height,
        frames=len(frames),
        fps=spec.fps,
        duration_s=len(frames) / spec.fps,
        effective={
            "quality": part["quality"],
            "steps": spec.steps,
            "guidance": spec.guidance,
            "refine": spec.refine,
            "segments": part["segments"],
            "level": spec.level,
            "label": part["label"],
            "loras": list(spec.loras),
            # how the model was fitted to the device and made faster, of the last segment
            "engine": made[-1].get("engine") if made else None,
            "given": part["given"],
            # how a film's shot joins the one that it continues: no seam of its own frames
            "joined": None if start else made[0]["seam"],
            "camera": {name: part["camera"].get(name, []) for name in ("moves", "seed")},
        },
        adjustments=tuple(Adjustment(**a) for a in part["adjustments"]),
        warnings=tuple(Warned(**w) for w in warnings),
        unknown_words=tuple(part["unknown_words"]),
        camera=found["camera"],
        seams=tuple(found["seams"]),
        endpoints=found["endpoints"],
        picture=found["picture"],
        drift=None if panel else drift_of(made, start, stopped),
        likeness=filed.likeness,
        parents=tuple(part["parents"]),
        timings=timings,
        versions=versions(device),
        blobs=filed.blobs,
        created_at=datetime.now(UTC),
        job_id=job_id,
        film_id=part.get("film_id"),
    ).save(store)


def metadata_of(part: dict[str, Any], revision: str | None) -> dict[str, str]:
    """What a take's MP4 says of itself."""
    spec = ClipSpec.from_json(part["segments"][0]["spec"])
    return mp4_metadata(
        request=part["request"],
        model=spec.model,
        revision=revision,
        seed=part["seed"],
        prompt=spec.prompt,
    )


def _stop_of(stopped: dict[str, Any], made: int, planned: int) -> dict[str, str]:
    """The warning of a continuation that was stopped."""
    return {
        "code": "drift_stop",
        "message": f"made {made} of {planned} segments: segment {stopped['segment'] + 1} had drifted from the first in "
        f"{', '.join(stopped['beyond'])}; continue from here with words of its own, or another seed.",
    }


@lru_cache(maxsize=1)
def versions(device: str) -> dict[str, str]:
    """What rendered: the libraries that decide the pixels, and the device."""
    found = {
        name: version(name) for name in ("shotwright", "torch", "diffusers", "transformers", "av")
    }
    found["python"] = platform.python_version()
    found["device"] = device
    found["threads"] = str(os.environ.get("OMP_NUM_THREADS", os.cpu_count()))
    return found
