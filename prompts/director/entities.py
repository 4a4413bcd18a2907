"""What a script names, as values.  No rules."""

import re
from dataclasses import dataclass
from typing import Literal

Kind = Literal["person", "animal", "thing"]


@dataclass(frozen=True)
class Entity:
    """Something that a script names: phrase "a red ball", head "ball"."""

    phrase: str
    head: str
    kind: Kind


_MANY = re.compile(
    r"(?:two|three|four|five|six|several|many|some|both|a (?:couple|group|crowd|pair) of)\b"
    r"|.*\b(?:couple|crowd|family|twins|people|children|men|women|friends|kids|boys|girls|students|soldiers|dancers)$"
    r"|[两三四五几群双](?:[个只位名])|一[群对双]|.*们$|.*(?:情侣|夫妇|人群|一家)$",
    re.I,
)


def heads(entity: Entity) -> int:
    """How many somebodies a phrase names: 2 stands for several."""
    return 2 if _MANY.match(entity.phrase) else 1


@dataclass(frozen=True)
class Mentions:
    """What one sentence names.

    subject: what it is about; others: further things it brings in; pronoun: the word that stands
    for the subject, "" where the sentence says no subject at all, None where it names one.
    """

    subject: Entity | None
    others: tuple[Entity, ...] = ()
    pronoun: str | None = None
