"""Who or what a sentence is about, and what its pronouns stand for.

Try: python -m pytest tests/prompts/director/test_subjects.py
"""

import re
from dataclasses import dataclass, field
from functools import cache
from itertools import islice

from shotwright.prompts.director import lexicon
from shotwright.prompts.director.chinese import chinese_happens, chinese_mentions
from shotwright.prompts.director.english import acts, english_happens, english_mentions
from shotwright.prompts.director.entities import Entity, Mentions
from shotwright.prompts.language import CJK, detect_language


@dataclass
class Memory:
    """What the script has named so far, the latest last.

    known: with the number of the sentence that named it last; sentences: read so far; proper: words
    that the script writes with a capital where no sentence begins, and its speakers.
    """

    known: dict[Entity, int] = field(default_factory=dict)
    sentences: int = 0
    heads: dict[str, list[Entity]] = field(default_factory=dict)
    genders: dict[str, str] = field(default_factory=dict)
    last_subject: Entity | None = None
    proper: set[str] = field(default_factory=set)

    def read(self, sentence: str) -> tuple[tuple[Entity, ...], bool]:
        """The entities that a sentence's shot must show, subject first, and whether a pronoun
        stayed open.
        """
        self.sentences += 1
        mentions = mentions_of(sentence)
        subject = mentions.subject
        if subject is not None and not self._is_called(subject, sentence):
            subject = None
        unresolved = False
        if subject is not None:
            subject = self._same(sentence, subject)
        elif mentions.pronoun or (mentions.pronoun == "" and happens(sentence)):
            # "Rain." says no subject either, and is not about the one before
            subject = self.stands_for(mentions.pronoun)
            unresolved = subject is None and mentions.pronoun != ""
        others = tuple(self._same(sentence, other) for other in mentions.others)
        for entity in (*reversed(others), *([subject] if subject else [])):
            self._remember(entity)
        if subject is not None:
            self.last_subject = subject
        shown = ([subject] if subject else []) + [other for other in others if other != subject]
        return tuple(shown), unresolved

    def _is_called(self, subject: Entity, sentence: str) -> bool:
        """A capital opens every sentence: a word alone is a name where more speaks for it."""
        word = subject.phrase
        if subject.kind != "person" or not word[:1].isupper() or not word.isascii():
            return True
        if re.search("-[a-z]", word):
            return False  # Dishwasher-safe
        if " " in word or word.casefold() in self.proper or _born(word.lower()):
            return True
        if word.lower() in lexicon.rules()["kind"]["person"]:
            return True
        return acts(word, sentence)

    def hear(self, name: str) -> None:
        """Somebody speaks: a pronoun may mean them from now on."""
        self._remember(Entity(name, name.lower(), "person"))

    def rename(self, entity: Entity, name: str) -> None:
        """Who was only described turned out to have a name, by which pronouns mean them from now on."""
        if self.known.pop(entity, None) is not None:
            self.heads[entity.head].remove(entity)
        self.hear(name)
        if self.last_subject == entity:
            self.last_subject = Entity(name, name.lower(), "person")

    def latest(self, count: int) -> list[Entity]:
        """The people and animals named last, the earlier first."""
        recent = (e for e in islice(reversed(self.known), REACH) if e.kind != "thing")
        return list(islice(recent, count))[::-1]

    def _remember(self, entity: Entity) -> None:
        """Makes the entity the latest of all, and of those that are called so."""
        if entity in self.known:
            del self.known[entity]
            self.heads[entity.head].remove(entity)
        self.known[entity] = self.sentences
        called = self.heads.setdefault(entity.head, [])
        called.append(entity)
        if len(called) > REACH:
            self.known.pop(called.pop(0), None)

    def _same(self, sentence: str, entity: Entity) -> Entity:
        """ "the ball" is the red ball named before; "a ball" is another one."""
        if not _is_definite(entity.phrase):
            return entity
        for other in reversed(self.heads.get(entity.head, [])):
            if not _contradicts(entity.phrase, other.phrase):
                return other
        if entity.kind != "thing" and re.fullmatch(f"[{CJK}]{{1,2}}", entity.phrase):
            # 猫 is the 机械猫 named before
            recent = islice(reversed(self.known), REACH)
            called = (e for e in recent if e.kind == entity.kind and e.head.endswith(entity.head))
            return next(called, entity)
        return entity

    def stands_for(self, pronoun: str) -> Entity | None:
        """Whom or what a pronoun means here."""
        latest = [self.last_subject] if self.last_subject else []
        recent = islice(reversed(self.known), REACH)
        latest += [entity for entity in recent if entity != self.last_subject]
        wanted = _PRONOUN_KINDS.get(pronoun)
        fitting = [entity for entity in latest if not wanted or entity.kind in wanted]
        gender = _GENDERS.get(pronoun)
        if gender is not None:
            born = {e: self.genders.get(e.head, _born(e.head)) for e in fitting}
            known = [e for e in fitting if born[e] == gender]
            unknown = [e for e in fitting if born[e] is None]
            last = unknown[0] if unknown and unknown[0] == self.last_subject else None
            if last is not None and last.kind == "person":
                # who acted last may be either; only somebody named with them is meant before them
                since = self.known.get(last, 0)
                known = [e for e in known if self.known.get(e, 0) >= since]
            fitting = known or [e for e in unknown if e.kind == "person"] or unknown
            if fitting:
                self.genders[fitting[0].head] = gender
            else:
                latest = [e for e in latest if e not in born]
        return next(iter(fitting or latest), None)


REACH = 30
"""How far back a pronoun or a "the" reaches, in things named."""
_GENDERS = {"she": "f", "her": "f", "he": "m", "his": "m", "她": "f", "他": "m"}


@cache
def _gendered(gender: str) -> frozenset[str]:
    return frozenset(lexicon.rules()["gender"][gender].split())


def _born(head: str) -> str | None:
    """The gender that a noun or a first name itself has, a Chinese one by its last letter."""
    if head in _gendered("f") or _HER.search(head):
        return "f"
    return "m" if head in _gendered("m") or _HIS.search(head) else None


_HER = re.compile(
    f"(?:女孩|女士|小姐|太太|夫人|阿姨|奶奶|婆婆|大妈|大娘|大姐|[{CJK}][姐妹嫂婶姨妈]"
    f"|[{CJK}][珍芳娜丽娟秀霞玲婷琳瑶莹薇倩珊雯颖蕾妍彤梅兰])$"
)
_HIS = re.compile(
    f"(?:男孩|先生|爷爷|大爷|大叔|大哥|[{CJK}][哥叔伯爷弟]|[{CJK}][强军刚伟勇磊涛斌鹏雷])$"
)


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
    told = english_mentions(sentence)
    if opening := _OPENS_ZH.match(sentence):
        # 小明 walks in; 他点了 2 coffees
        chinese = chinese_mentions(opening["zh"])
        subject = chinese.subject
        if subject is not None and opening["does"]:
            subject = Entity(subject.phrase, subject.head, "person")
        return Mentions(subject, told.others, chinese.pronoun)
    return told


_OPENS_ZH = re.compile(rf"\W*(?P<zh>[{CJK}]+)(?P<does> (?:\w+ly )?[a-z]+(?:s|ed|ing)\b)?")


def happens(text: str) -> bool:
    """Whether a text says that something happens, beside naming it."""
    if detect_language(text) == "zh":
        return chinese_happens(text)
    return english_happens(text)


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
