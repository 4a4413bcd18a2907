"""What no single part of a plan can see: names without a bearer, shots that follow later ones.

Works on raw data, so that it finds its problems beside those of the parts; knows no pydantic.
"""

from collections.abc import Iterator, Mapping
from typing import Any

Problem = dict[str, Any]
"""`{loc: [...], text, value}`, and `allowed` where there is a list to choose from."""


def contradictions(plan: Mapping[str, Any]) -> Iterator[Problem]:
    """Ids that stand twice or name nothing, shots that follow later ones, clashing moves."""
    ids = {kind: _ids(plan, kind) for kind in ("characters", "locations", "scenes", "shots")}
    for kind, named in ids.items():
        seen: set[str] = set()
        for index, name in named:
            if name in seen:
                yield _problem([kind, index, "id"], name, "stands twice; give each its own id")
            seen.add(name)
    known = {kind: [name for _, name in named] for kind, named in ids.items()}
    for index, scene in _items(plan, "scenes"):
        yield from _resolve(scene, ["scenes", index], "location_id", known["locations"])
    earlier: list[str] = []
    for index, shot in _items(plan, "shots"):
        yield from _shot_contradictions(plan, shot, ["shots", index], known, earlier)
        if isinstance(name := get(shot, "id"), str):
            earlier.append(name)


def _shot_contradictions(
    plan: Mapping[str, Any],
    shot: Any,
    loc: list[str | int],
    known: dict[str, list[str]],
    earlier: list[str],
) -> Iterator[Problem]:
    yield from _resolve(shot, loc, "scene_id", known["scenes"])
    for kind in ("cast", "dialogue"):
        for index, part in _items(shot, kind):
            yield from _resolve(part, [*loc, kind, index], "character_id", known["characters"])
    for index, part in _items(shot, "cast"):
        wardrobe = _wardrobe(plan, get(part, "character_id"))
        if wardrobe is not None:
            yield from _resolve(part, [*loc, "cast", index], "wardrobe_key", wardrobe)
    yield from _continuity(get(shot, "continuity"), [*loc, "continuity"], earlier)
    yield from _camera(shot, [*loc, "camera"])


def _continuity(continuity: Any, loc: list[str | int], earlier: list[str]) -> Iterator[Problem]:
    source, mode = get(continuity, "from_shot"), get(continuity, "mode")
    if isinstance(source, str) and source not in earlier:
        yield _problem([*loc, "from_shot"], source, "must be the id of an earlier shot", earlier)
    if mode in ("extend_previous", "first_frame_from_previous_last") and not earlier:
        yield _problem([*loc, "mode"], mode, "needs an earlier shot; the first shot is a cut")


OPPOSITES = {
    f"{kind}_{a}": f"{kind}_{b}"
    for kind, *pair in (
        ("pan", "left", "right"),
        ("tilt", "up", "down"),
        ("roll", "cw", "ccw"),
        ("zoom", "in", "out"),
        ("dolly", "in", "out"),
        ("truck", "left", "right"),
        ("pedestal", "up", "down"),
        ("orbit", "left", "right"),
        ("crane", "up", "down"),
    )
    for a, b in (pair, pair[::-1])
}
"""Move -> the move that undoes it."""


def _camera(shot: Any, loc: list[str | int]) -> Iterator[Problem]:
    moves = [
        (index, move)
        for index, move in _items(shot, "camera")
        if isinstance(get(move, "move"), str)
    ]
    for n, (_, one) in enumerate(moves):
        for index, other in moves[n + 1 :]:
            if not _overlap(one, other):
                continue
            a, b = get(one, "move"), get(other, "move")
            if OPPOSITES.get(a) == b:
                yield _problem([*loc, index], b, f"undoes {a} at the same time; keep one")
            elif "static" in (a, b):
                yield _problem([*loc, index], b, f"cannot go with {a} at the same time; keep one")


def _overlap(one: Any, other: Any) -> bool:
    try:
        starts = [float(get(move, "start") or 0) for move in (one, other)]
        ends = [1.0 if (end := get(move, "end")) is None else float(end) for move in (one, other)]
    except (TypeError, ValueError):
        return False  # the part's own check reports it
    return max(starts) < min(ends)


def _resolve(part: Any, loc: list[str | int], name: str, known: list[str]) -> Iterator[Problem]:
    value = get(part, name)
    if isinstance(value, str) and value not in known:
        yield _problem([*loc, name], value, "names nothing in the plan", known)


def _problem(
    loc: list[str | int], value: Any, text: str, allowed: list[str] | None = None
) -> Problem:
    if allowed is not None:
        text += f"; allowed: {', '.join(allowed) or 'none, leave it out'}"
    shown = None if allowed is None else list(allowed)  # the caller's list may grow
    return {"loc": loc, "text": text, "value": value, "allowed": shown}


def _wardrobe(plan: Mapping[str, Any], character_id: Any) -> list[str] | None:
    for _, character in _items(plan, "characters"):
        if get(character, "id") == character_id:
            worn = get(character, "wardrobe")
            return list(worn) if isinstance(worn, Mapping) else []
    return None


def get(part: Any, name: str) -> Any:
    """A field of raw data or of a part already built."""
    return part.get(name) if isinstance(part, Mapping) else getattr(part, name, None)


def _items(part: Any, name: str) -> list[tuple[int, Any]]:
    value = get(part, name)
    return list(enumerate(value)) if isinstance(value, list) else []


def _ids(plan: Mapping[str, Any], kind: str) -> list[tuple[int, str]]:
    return [(i, n) for i, part in _items(plan, kind) if isinstance(n := get(part, "id"), str)]
