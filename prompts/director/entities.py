"""What a script names, as values.  No rules."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["person", "animal", "thing"]


@dataclass(frozen=True)
class Entity:
    """Something that a script names: phrase "a red ball", head "ball"."""

    phrase: str
    head: str
    kind: Kind


@dataclass(frozen=True)
class Mentions:
    """What one sentence names.

    subject: what it is about; others: further things it brings in; pronoun: the word that stands
    for the subject, "" where the sentence says no subject at all, None where it names one.
    """

    subject: Entity | None
    others: tuple[Entity, ...] = ()
    pronoun: str | None = None
