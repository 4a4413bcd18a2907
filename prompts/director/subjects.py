"""Who or what a sentence is about, and what its pronouns stand for.

Try: python -m pytest tests/prompts/director/test_subjects.py
"""

import re
from dataclasses import dataclass, field

from shotwright.prompts.director import lexicon
from shotwright.prompts.director.chinese import chinese_mentions
from shotwright.prompts.director.english import english_mentions
from shotwright.prompts.director.entities import Entity, Mentions
from shotwright.prompts.language import CJK, detect_language


@dataclass
class Memory:
    """What the script has named so far, the latest last."""

    known: list[Entity] = field(default_factory=list)
    last_subject: Entity | None = None

    def read(self, sentence: str) -> tuple[tuple[Entity, ...], bool]:
        """The entities that a sentence's shot must show, subject first, and whether a pronoun
        stayed open.
        """
        mentions = mentions_of(sentence)
        subject = mentions.subject
        unresolved = False
        if subject is not None:
            subject = self._same(sentence, subject)
        elif mentions.pronoun is not None:
            subject = self._stands_for(mentions.pronoun)
            unresolved = subject is None and mentions.pronoun != ""
        others = tuple(self._same(sentence, other) for other in mentions.others)
        for entity in (*reversed(others), *([subject] if subject else [])):
            if entity in self.known:
                self.known.remove(entity)
            self.known.append(entity)
        if subject is not None:
            self.last_subject = subject
        shown = ([subject] if subject else []) + [other for other in others if other != subject]
        return tuple(shown), unresolved

    def _same(self, sentence: str, entity: Entity) -> Entity:
        """ "the ball" is the red ball named before; "a ball" is another one."""
        if not _is_definite(entity.phrase):
            return entity
        for other in reversed(self.known):
            if other.head == entity.head and not _contradicts(entity.phrase, other.phrase):
                return other
        return entity

    def _stands_for(self, pronoun: str) -> Entity | None:
        latest = [self.last_subject] if self.last_subject else []
        latest += [entity for entity in reversed(self.known) if entity not in latest]
        wanted = _PRONOUN_KINDS.get(pronoun)
        fitting = [entity for entity in latest if not wanted or entity.kind in wanted]
        return next(iter(fitting or latest), None)


_PRONOUN_KINDS: dict[str, tuple[str, ...]] = {
    "it": ("thing", "animal"),
    "its": ("thing", "animal"),
    "she": ("person", "animal"),
    "he": ("person", "animal"),
    "her": ("person", "animal"),
    "his": ("person", "animal"),
    "它": ("thing", "animal"),
    "她": ("person", "animal"),
    "他": ("person", "animal"),
}


def mentions_of(sentence: str) -> Mentions:
    """Subject, further things and pronoun of one sentence."""
    if detect_language(sentence) == "zh":
        return chinese_mentions(sentence)
    return english_mentions(sentence)


def _is_definite(phrase: str) -> bool:
    first = phrase.split()[0].lower()
    return (
        first in ("the", "this", "that", "these", "those")
        or phrase[:1] in "这那"
        or (bool(re.match(f"[{CJK}]", phrase)) and not re.match(r"[一两二三几]", phrase))
    )


def _contradicts(phrase: str, known: str) -> bool:
    """Whether an adjective of the phrase is missing in the known one: the blue box is not the
    red box.
    """
    adjectives = set(lexicon.rules()["kind"]["adjective"])
    words = set(re.findall(r"[a-z'-]+", phrase.lower())) & adjectives
    return bool(words - set(re.findall(r"[a-z'-]+", known.lower())))
