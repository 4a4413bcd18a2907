"""What a writer fixed for a shot in words: camera notes, the cells of a shot list, labels.

The plan's own names are read as they are, other words by the film's vocabulary in both languages;
what is neither is reported and left to the director, never guessed.
"""
# ruff: noqa: RUF001  (Chinese punctuation is meant)

import re
from collections.abc import Mapping
from typing import Any, get_args

from shotwright.generator.camera import Move
from shotwright.generator.errors import BadRequest
from shotwright.prompts.camera_words import denied_moves, parse_camera
from shotwright.prompts.director import lexicon
from shotwright.prompts.director.events import without_amounts
from shotwright.prompts.director.state import State
from shotwright.prompts.plan_check import OPPOSITES
from shotwright.prompts.readers import cells
from shotwright.prompts.shotplan import MAX_MOVES, Angle, CameraMove, Framing, Intent, ShotSize

_NAMED: dict[str, tuple[str, tuple[str, ...]]] = {
    "shot_size": ("size", get_args(ShotSize)),
    "angle": ("angle", get_args(Angle)),
    "framing": ("framing", get_args(Framing)),
    "focus": ("focus", ("deep", "shallow", "rack")),
    "transition_in": ("transition", ("cut", "dissolve", "fade")),
    "intent": ("intent", get_args(Intent)),
    "variation": ("variation", ("small", "medium", "large")),
}


def asked_fields(channel: Mapping[str, str], state: State, where: str) -> dict[str, Any]:
    """The shot's fields that a channel gives; where: names the place in warnings."""
    fields: dict[str, Any] = {}
    for field, words in channel.items():
        still = field == "camera" and words.strip().lower() in _NO_MOVE
        if words.strip().lower() in cells.OPEN and not state.exact and not still:
            continue
        try:
            value = _value(field, words, state, where)
        except (ValueError, TypeError, KeyError):
            value = None
        if field in _LOOKS and not state.exact:
            fields.update(_said_beside(field, words, channel))
        if value is not None:
            fields[field] = value
        elif field in _READ and not (field in _LOOKS and _said_beside(field, words, channel)):
            state.warn(
                "not_understood",
                f"{where}: {field} {words[:80]!r} is not understood; "
                f"{_allowed(field)} It stays in the shot's source.",
            )
    return fields


_LOOKS = ("shot_size", "angle", "framing")
"""Columns that are used for one another: a list's "Framing" may hold "Wide", "OTS" and "Drone"."""


def _said_beside(field: str, words: str, channel: Mapping[str, str]) -> dict[str, str]:
    """The other looks that a cell names, "CU / low" of a size, where no column of theirs does."""
    found: dict[str, str] = {}
    parts = [part for part in re.split(r"\s*[/,;+&，、；]\s*", words) if part.strip()]
    for other in _LOOKS:
        table, allowed = _NAMED[other]
        told = (lexicon.named(table, part, allowed) for part in parts)
        value = next(filter(None, told), None)
        if value is not None and other != field and other not in channel:
            found[other] = value
    return found


_READ = (*_NAMED, "lens_mm", "duration_s", "seed", *cells.LISTS)


def _allowed(field: str) -> str:
    if field in _NAMED:
        return f"Use one of {', '.join(_NAMED[field][1])}."
    if field in ("lens_mm", "duration_s", "seed"):
        return "Give a number."
    return "Write it as in an exported shot list."


def _value(field: str, words: str, state: State, where: str) -> Any:
    if field in _NAMED:
        table, allowed = _NAMED[field]
        parts = [words, *re.split(r"\s*[/,;+&，、；]\s*", words)]
        return next(filter(None, (lexicon.named(table, part, allowed) for part in parts)), None)
    if field in ("lens_mm", "duration_s"):
        return cells.number(words)
    if field == "seed":
        return int(words)
    if field == "camera":
        return _camera(words, state, where)
    if field == "cast":
        cast = cells.decode_list(field, words)
        return [{**part, "character_id": state.person(part["character_id"])} for part in cast]
    if field == "dialogue":
        return [_speech(line, state) for line in cells.decode_list(field, words)]
    if field in cells.LISTS:
        return cells.decode_list(field, words)
    return cells.decode_text(words) if state.exact else words.strip()


def _speech(line: dict[str, Any], state: State) -> dict[str, Any]:
    who = line["character_id"]
    if state.exact:
        return {**line, "character_id": state.person(who or "Narrator")}
    if not who:
        who = "旁白" if state.language == "zh" else "Narrator"
    elif way := cells.delivery(who):
        line = {**line, "delivery": way}
    text = line["text"].strip().strip('"\u201c\u201d「」')
    return {**line, "text": text, "character_id": state.person(who)}


_NO_MOVE = ("none", "no", "no move", "no moves", "no motion", "无", "无运镜", "没有", "不动")
"""A camera cell that says that there is no move."""


def _camera(words: str, state: State, where: str) -> list[dict[str, Any]] | None:
    """Moves in the plan's own names, else in film words; None where no move is in the words."""
    try:
        return list(cells.decode_list("camera", words))
    except ValueError:
        pass
    if words.strip().strip(".。").lower() in _NO_MOVE:
        words = "static"
    moves = camera_moves(words, state, where)
    if not moves and not denied_moves(words):
        # "don't move" is said of the camera here, whatever it is elsewhere
        moves = camera_moves(f"the camera {words}", state, where)
    if not moves and denied_moves(words):
        return []
    return [CameraMove.from_move(move).model_dump() for move in moves] or None


def camera_moves(words: str, state: State, where: str) -> list[Move]:
    """The moves of an explicit camera text, at most two that agree."""
    try:
        moves, _ = parse_camera(words)
    except BadRequest as error:
        state.warn("camera_amount", f"{where}: {error.message} The move keeps its usual amount.")
        moves, _ = parse_camera(without_amounts(words))
    return compatible(moves, state, where)


def compatible(moves: list[Move], state: State, where: str) -> list[Move]:
    """At most two moves, none of which undoes or stops another at the same time."""
    kept: list[Move] = []
    for move in moves:
        clash = any(
            max(move.start, other.start) < min(move.end, other.end)
            and (OPPOSITES.get(move.move) == other.move or "static" in (move.move, other.move))
            for other in kept
        )
        if not clash and len(kept) < MAX_MOVES:
            kept.append(move)
    if len(kept) < len(moves):
        names = ", ".join(move.move for move in moves if move not in kept)
        state.warn(
            "camera_trimmed",
            f"{where} asks for {len(moves)} moves; a shot takes {MAX_MOVES} "
            f"that agree, so it goes without {names}.",
        )
    return kept
