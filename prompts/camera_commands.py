"""Camera moves in the command languages of others, and back: bracket commands, Luma's concepts, words.

Every exporter names what its language cannot say; nothing is dropped in silence.  Numbers of others
(Kling's) are `generator.camera_dialects`.
Source: the command lists of MiniMax's video-01-director and of Luma's concepts/list.
Try: python -m pytest tests/prompts/test_camera_commands.py
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from shotwright.generator.camera import PRESETS, Move, expand
from shotwright.generator.errors import BadRequest
from shotwright.prompts.camera_reading.lexicon import words
from shotwright.prompts.camera_words import describe_camera, parse_camera
from shotwright.prompts.language import Language

T = TypeVar("T")
MOST_COMMANDS = 3
"""Commands that a bracket takes."""


@dataclass(frozen=True)
class Exported(Generic[T]):
    """Moves in another language.  lost: what it has no words for, as "camera[i].field value"."""

    said: T
    lost: tuple[str, ...]


def from_brackets(text: str) -> tuple[list[Move], list[str]]:
    """The moves of bracket commands: those in one bracket together, brackets one after another; and
    what in them was not understood.
    """
    return parse_camera(text)


def to_brackets(moves: Iterable[Move]) -> Exported[str]:
    """ "[Pan left, Zoom in] [Push in]"; presets by their parts."""
    commands = words()["bracket"]
    given, lost = _parts(moves, commands)
    groups = _in_turn(given)
    for group in groups:
        lost += [f"{name}.move {move.move}" for name, move in group[MOST_COMMANDS:]]
    said = " ".join(
        "[" + ", ".join(commands[move.move] for _, move in group[:MOST_COMMANDS]) + "]"
        for group in groups
    )
    lost += _unsaid(given, ("amount", "speed", "easing"))
    lost += _times(groups)
    return Exported(said, tuple(lost))


def from_luma(concepts: Iterable[str]) -> tuple[list[Move], list[str]]:
    """The moves of Luma's concept names, all over the whole clip, and the concepts that are a view
    or an effect.

    Raises: BadRequest for a name that is no concept.
    """
    names = {concept: move for move, concept in words()["luma"].items()}
    views = words()["luma_views"]["names"]
    moves: list[Move] = []
    rest: list[str] = []
    for concept in concepts:
        if concept in names:
            moves.append(Move(names[concept], index=len(moves)))
        elif concept in views:
            rest.append(concept)
        else:
            raise BadRequest(
                f"There is no camera concept {concept!r}.",
                fix="Use one of the concepts named here.",
                field="concepts",
                value=concept,
                allowed=[*names, *views],
            )
    return moves, rest


def to_luma(moves: Iterable[Move]) -> Exported[list[str]]:
    """Concept names; presets that are no concept by their parts."""
    concepts = words()["luma"]
    given, lost = _parts(moves, concepts)
    lost += _unsaid(given, ("amount", "speed", "start", "end", "easing"))
    return Exported([concepts[move.move] for _, move in given], tuple(lost))


def to_words(moves: Iterable[Move], language: Language = "en") -> Exported[str]:
    """Plain words with every amount: "the camera pans left 30 degrees, then zooms in 2x"."""
    given = [(f"camera[{i}]", move) for i, move in enumerate(moves)]
    lost = _unsaid(given, ("easing",)) + _times(_in_turn(given))
    lost += [
        f"{name}.speed {move.speed}"
        for name, move in given
        if move.speed == "medium" or (move.speed and move.move == "static")
    ]
    said = describe_camera((move for _, move in given), language, amounts=True)
    return Exported(said, tuple(lost))


_Named = list[tuple[str, Move]]


def _parts(moves: Iterable[Move], known: dict[str, str]) -> tuple[_Named, list[str]]:
    """The moves that a language has words for, with their places, and the others' names."""
    kept: _Named = []
    lost: list[str] = []
    for i, move in enumerate(moves):
        parts = expand([move]) if move.move in PRESETS and move.move not in known else (move,)
        for part in parts:
            if part.move in known:
                kept.append((f"camera[{i}]", part))
            else:
                lost.append(f"camera[{i}].move {part.move}")
    return kept, lost


def _unsaid(moves: _Named, fields: tuple[str, ...]) -> list[str]:
    plain = Move("static")
    read: Callable[[Move, str], Any] = getattr
    return [
        f"{name}.{field} {read(move, field)}"
        for name, move in moves
        for field in fields
        if read(move, field) != read(plain, field)
    ]


def _in_turn(moves: _Named) -> list[_Named]:
    """Moves that begin together, in the order of their beginnings."""
    starts = sorted({move.start for _, move in moves})
    return [[pair for pair in moves if pair[1].start == start] for start in starts]


def _times(groups: list[_Named]) -> list[str]:
    """The times that are not those of equal turns: what a language without times reads back."""
    return [
        f"{name}.start {move.start:g}, end {move.end:g}"
        for place, group in enumerate(groups)
        for name, move in group
        if abs(move.start - place / len(groups)) > 1e-6
        or abs(move.end - (place + 1) / len(groups)) > 1e-6
    ]
