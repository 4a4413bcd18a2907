"""What no single part of a plan can see: names without a bearer, shots that follow later ones,
durations that do not add up.

Works on raw data, so that it finds its problems beside those of the parts; knows no pydantic.
Time grows linearly with the plan.
"""

import math
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

Problem = dict[str, Any]
"""`{loc: [...], text, value}`, and `allowed` where there is a list to choose from."""

DURATION_SLACK_S = 0.1
"""How far a film's stated length may lie from the sum of its shots: rounding, not a shot."""
_FOLLOWING = (
    "extend_previous",
    "first_frame_from_previous_last",
    "match_action",
    "same_setup",
)
"""Ways to go on that need a shot before."""


def contradictions(plan: Mapping[str, Any]) -> Iterator[Problem]:
    """Ids that stand twice or name nothing, shots that follow later ones, clashing moves, a total
    that the shots do not make.
    """
    ids = {kind: _ids(plan, kind) for kind in ("characters", "locations", "scenes", "shots")}
    for kind, named in ids.items():
        seen: set[str] = set()
        for index, name in named:
            if name in seen:
                yield _problem([kind, index, "id"], name, "stands twice; give each its own id")
            seen.add(name)
    known = {kind: dict.fromkeys(name for _, name in named) for kind, named in ids.items()}
    for index, scene in _items(plan, "scenes"):
        yield from _resolve(scene, ["scenes", index], "location_id", known["locations"])
    wardrobes = _wardrobes(plan)
    earlier: dict[str, None] = {}
    for index, shot in _items(plan, "shots"):
        yield from _shot_contradictions(shot, ["shots", index], known, wardrobes, earlier)
        if isinstance(name := get(shot, "id"), str):
            earlier[name] = None
    yield from _total(plan)


def _shot_contradictions(
    shot: Any,
    loc: list[str | int],
    known: Mapping[str, Collection[str]],
    wardrobes: Mapping[str, list[str]],
    earlier: Collection[str],
) -> Iterator[Problem]:
    yield from _resolve(shot, loc, "scene_id", known["scenes"])
    for kind in ("cast", "dialogue"):
        for index, part in _items(shot, kind):
            yield from _resolve(part, [*loc, kind, index], "character_id", known["characters"])
    shown: set[str] = set()
    for index, part in _items(shot, "cast"):
        name = get(part, "character_id")
        if not isinstance(name, str):
            continue  # the part's own check reports it
        if name in shown:
            where = [*loc, "cast", index, "character_id"]
            yield _problem(where, name, "stands twice in the cast of this shot; leave one out")
        shown.add(name)
        if name in wardrobes:
            yield from _resolve(part, [*loc, "cast", index], "wardrobe_key", wardrobes[name])
    yield from _continuity(get(shot, "continuity"), [*loc, "continuity"], earlier)
    yield from _camera(shot, [*loc, "camera"])
    yield from _blank(shot, loc)


def _continuity(
    continuity: Any, loc: list[str | int], earlier: Collection[str]
) -> Iterator[Problem]:
    source, mode = get(continuity, "from_shot"), get(continuity, "mode")
    if isinstance(source, str) and source not in earlier:
        yield _problem([*loc, "from_shot"], source, "must be the id of an earlier shot", earlier)
    if mode in _FOLLOWING and not earlier:
        yield _problem([*loc, "mode"], mode, "needs an earlier shot; the first shot is a cut")


def _total(plan: Mapping[str, Any]) -> Iterator[Problem]:
    """The film's stated length against the sum of its shots."""
    asked = _seconds(plan)
    each = [_seconds(shot) for _, shot in _items(plan, "shots")]
    if asked is None or not each or any(one is None for one in each):
        return  # a part's own check reports what is no number
    total = math.fsum(one for one in each if one is not None)
    if abs(total - asked) > DURATION_SLACK_S:
        text = (
            f"the {len(each)} shots add up to {total:g} s; change their duration_s, or give "
            f"duration_s as {total:g} or leave it out"
        )
        yield {"loc": ["duration_s"], "text": text, "value": asked, "allowed": [round(total, 3)]}


def _seconds(part: Any) -> float | None:
    value = get(part, "duration_s")
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)


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


def _blank(shot: Any, loc: list[str | int]) -> Iterator[Problem]:
    """Words that say nothing, and an id that is no name of a file."""
    rule = "says nothing; write at least one word"
    if isinstance(words := get(shot, "action"), str) and words and not words.strip():
        yield _problem([*loc, "action"], words, rule)
    for index, speech in _items(shot, "dialogue"):
        if isinstance(words := get(speech, "text"), str) and not words.strip():
            yield _problem([*loc, "dialogue", index, "text"], words, rule)
    name = get(shot, "id")
    if isinstance(name, str) and not _ID.fullmatch(name):
        text = "is no id: it needs a letter or digit, and no slash, no backslash and no leading dot"
        yield _problem([*loc, "id"], name[:80], text)


_ID = re.compile(r"(?!\.)(?=.*\w)[^/\\\x00-\x1f]{1,200}")


def _camera(shot: Any, loc: list[str | int]) -> Iterator[Problem]:
    moves = [
        (index, move)
        for index, move in _items(shot, "camera")
        if isinstance(get(move, "move"), str)
    ]
    # more than a handful is refused for its number; comparing all pairs of thousands serves no one
    moves = moves[:8]
    for n, (_, one) in enumerate(moves):
        for index, other in moves[n + 1 :]:
            if not _overlap(one, other):
                continue
            a, b = get(one, "move"), get(other, "move")
            if OPPOSITES.get(a) == b:
                yield _problem([*loc, index], b, f"undoes {a} at the same time; keep one")
            elif a != b and "static" in (a, b):
                yield _problem([*loc, index], b, f"cannot go with {a} at the same time; keep one")


def _overlap(one: Any, other: Any) -> bool:
    try:
        starts = [float(get(move, "start") or 0) for move in (one, other)]
        ends = [1.0 if (end := get(move, "end")) is None else float(end) for move in (one, other)]
    except (TypeError, ValueError):
        return False  # the part's own check reports it
    return max(starts) < min(ends)


def _resolve(
    part: Any, loc: list[str | int], name: str, known: Collection[str]
) -> Iterator[Problem]:
    value = get(part, name)
    if isinstance(value, str) and value not in known:
        yield _problem([*loc, name], value, "names nothing in the plan", known)


MAX_NAMED = 50
"""Choices that an error lists; a film has more shots than a message should."""


def _problem(
    loc: list[str | int], value: Any, text: str, allowed: Collection[str] | None = None
) -> Problem:
    if allowed is None:
        return {"loc": loc, "text": text, "value": value, "allowed": None}
    shown = list(allowed)[:MAX_NAMED]
    more = f" and {len(allowed) - MAX_NAMED} more" if len(allowed) > MAX_NAMED else ""
    text += f"; allowed: {', '.join(shown) or 'none, leave it out'}{more}"
    return {"loc": loc, "text": text, "value": value, "allowed": shown}


def _wardrobes(plan: Mapping[str, Any]) -> dict[str, list[str]]:
    """The keys of each character's wardrobe."""
    found: dict[str, list[str]] = {}
    for _, character in _items(plan, "characters"):
        if isinstance(name := get(character, "id"), str):
            worn = get(character, "wardrobe")
            found.setdefault(name, list(worn) if isinstance(worn, Mapping) else [])
    return found


def get(part: Any, name: str) -> Any:
    """A field of raw data or of a part already built."""
    return part.get(name) if isinstance(part, Mapping) else getattr(part, name, None)


def _items(part: Any, name: str) -> list[tuple[int, Any]]:
    value = get(part, name)
    return list(enumerate(value)) if isinstance(value, list) else []


def _ids(plan: Mapping[str, Any], kind: str) -> list[tuple[int, str]]:
    return [(i, n) for i, part in _items(plan, kind) if isinstance(n := get(part, "id"), str)]
