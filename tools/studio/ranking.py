"""Which of several takes is best, by what was measured of them, and why.  Knows takes as they go over the wire."""

import math
import statistics
from collections.abc import Mapping, Sequence
from typing import Any

FAULTS = {"black frames": 2, "frozen frames": 2}
"""What counts more than once: a clip with these is of no use."""
PICTURE = ("sharpness", "flicker", "motion")
LIKELY = 0.1
"""Two takes whose marks differ by less are alike."""


def rank(takes: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """A job's result: the takes in the order asked, the id of the best, and the ranking with its reasons.

    Fewest faults wins (camera axes, seams, endpoints, black and frozen frames, drift); of equals the best mark: seams
    that show least, pictures best matched, sharp, without flicker, and moving about as much as its siblings.
    """
    usual = {name: _usual(takes, name) for name in PICTURE}
    shown = [show for take in takes if (show := _shows(take)) is not None]
    usual["seams"] = statistics.median(shown) if shown else 1.0
    judged = [_judged(take, usual) for take in takes]
    order = sorted(range(len(takes)), key=lambda n: (judged[n]["weight"], -judged[n]["mark"], n))
    ranking = []
    for place, number in enumerate(order, start=1):
        one = judged[number]
        ranking.append(
            {
                "take_id": takes[number]["take_id"],
                "place": place,
                "faults": one["faults"],
                "mark": round(one["mark"], 3),
                "measures": one["measures"],
                "why": _why(one, len(takes)),
            }
        )
    return {"takes": list(takes), "best": ranking[0]["take_id"], "ranking": ranking}


def _usual(takes: Sequence[dict[str, Any]], name: str) -> float:
    values = [take["picture"][name] for take in takes if take.get("picture")]
    return statistics.median(values) if values else 1.0


def _judged(take: dict[str, Any], usual: Mapping[str, float]) -> dict[str, Any]:
    faults = faults_of(take)
    picture = take.get("picture") or {}
    matches = [match["ssim"] for match in _matches(take)]
    shows = _shows(take)
    measures = {name: picture[name] for name in PICTURE if name in picture}
    terms = {
        "seams": 0.0 if shows is None else -_log(shows, usual["seams"], 1e-3),
        "pictures": min(matches) - 1 if matches else 0.0,
        "sharpness": 0.0,
        "flicker": 0.0,
        "motion": 0.0,
    }
    if measures:
        terms["sharpness"] = _log(measures["sharpness"], usual["sharpness"], 1e-3)
        terms["flicker"] = -_log(measures["flicker"], usual["flicker"], 0.1)
        terms["motion"] = -abs(_log(measures["motion"], usual["motion"], 0.1))
    if shows is not None:
        measures["seams"] = shows
    if matches:
        measures["pictures"] = min(matches)
    return {
        "faults": faults,
        "weight": sum(FAULTS.get(fault, 1) for fault in faults),
        "mark": sum(terms.values()),
        "terms": terms,
        "measures": {name: round(value, 4) for name, value in measures.items()},
    }


def _shows(take: Mapping[str, Any]) -> float | None:
    """The worst of a take's seams, as a multiple of the limit; None where it has none."""
    return max((seam["shows"] for seam in take["seams"] if "shows" in seam), default=None)


def faults_of(take: Mapping[str, Any]) -> list[str]:
    """What a take failed in, by name."""
    axes = (take["camera"] or {}).get("verdict", {})
    faults = [f"camera {axis}: {word}" for axis, word in axes.items() if word in ("fail", "stray")]
    faults += [f"seam at frame {seam['frame']}" for seam in take["seams"] if not seam["pass"]]
    faults += ["a given picture is not matched" for match in _matches(take) if not match["pass"]]
    codes = [warning["code"] for warning in take["warnings"]]
    named = {
        "black_frames": "black frames",
        "frozen_frames": "frozen frames",
        "endpoint_jump": "a jump at a given picture",
        "drift_stop": "stopped for drift",
    }
    return faults + [named[code] for code in codes if code in named]


def _matches(take: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    ends = take["endpoints"] or {}
    matched = [ends.get("first"), ends.get("last"), *ends.get("keyframes", [])]
    return [match for match in matched if match is not None]


def _log(value: float, usual: float, least: float) -> float:
    return math.log(max(value, least) / max(usual, least))


def _why(judged: Mapping[str, Any], count: int) -> str:
    """In words: what failed, then what tells it from its siblings."""
    faults = judged["faults"]
    said = "; ".join(dict.fromkeys(faults)) if faults else "nothing failed"
    better = {
        "seams": ("seams show less", "seams show more"),
        "pictures": ("", "given pictures matched less"),
        "sharpness": ("sharper than most", "softer than most"),
        "flicker": ("steadier than most", "flickers more than most"),
        "motion": ("", "moves unlike the others"),
    }
    if count < 2:
        return said
    told = [
        better[name][value < 0] for name, value in judged["terms"].items() if abs(value) > LIKELY
    ]
    return ", ".join([said, *filter(None, told)])
