"""What is asked of the director beside the script: look, length of shots, seed, moves.  No rules."""

from collections.abc import Collection
from dataclasses import dataclass

from shotwright.prompts.director.choices import GENTLE


@dataclass(frozen=True)
class Terms:
    """How a script is to be directed.

    style, aspect_ratio: None takes the script's own, 16:9 where it names none; shot_s: seconds of a
    shot whose words name no duration; min_s, max_s: the bounds of one that does; moves: what the
    director may choose where the script is silent (a model's own moves), the script's words are
    obeyed beyond them; length_s: of the whole film, None takes what the script says of it.
    """

    style: str | None = None
    aspect_ratio: str | None = None
    shot_s: float = 2.0
    min_s: float = 1.0
    max_s: float = 15.0
    seed: int = 0
    moves: Collection[str] = GENTLE
    length_s: float | None = None
