"""Who is in a shot and where: cast, speakers, the side of the line that each keeps in a scene.

The 180-degree rule: once somebody stands left in a scene, the camera never crosses over, so they
stay left in every shot of it and look right.
"""
# ruff: noqa: RUF001  (Chinese punctuation is meant)

import itertools
import re
from collections.abc import Iterable, Iterator
from typing import Any

from shotwright.prompts.director import lexicon
from shotwright.prompts.director.beats import Beat, lacks
from shotwright.prompts.director.entities import Entity, heads
from shotwright.prompts.director.events import Event, without_camera
from shotwright.prompts.director.speech import said_in
from shotwright.prompts.director.state import State, name_key
from shotwright.prompts.director.subjects import mentions_of
from shotwright.prompts.language import CJK, split_sentences
from shotwright.prompts.readers import cells

_WORDS = {
    "en": {
        "left": "left of frame",
        "right": "right of frame",
        "behind": "in the foreground, from behind",
    },
    "zh": {"left": "画面左侧", "right": "画面右侧", "behind": "前景，背对镜头"},
}
_FACING = {"en": {"left": "right", "right": "left"}, "zh": {"left": "面向右", "right": "面向左"}}
_NOT_SEEN = frozenset(
    [
        "camera",
        "shot",
        "scene",
        "frame",
        "lens",
        "view",
        "film",
        "video",
        "clip",
        "footage",
        "angle",
        "close-up",
    ]
)
"""Nouns that a script's sentences are about without being in the picture."""
_WHOSE = re.compile(r"\b(?:his|her)\b(?! own\b)|[他她](?=的|手|脸|身|脚|头)", re.I)
_THEY = re.compile(r"\W*(?:(?:then|and|now)[, ]+)*they\b|[他她它]们", re.I)
MAX_NAMES = 400
"""Names that are looked for in every sentence."""
_EXTENSION = re.compile(r"[(（]([^)）]*)[)）]")
_FEATURES = re.compile(
    rf"(?P<name>[A-Z][A-Za-z'.-]+(?: [A-Z][A-Za-z'.-]+)?|[{CJK}·]{{2,4}})\s*[(（](?P<looks>[^)）]{{2,80}})[)）]"
    r"|(?P<cap>[A-Z][A-Za-z'-]+(?: [A-Z][A-Za-z'-]+)?), (?P<said>(?:an? |late |early |mid-?|in (?:his|her|their) "
    r"|\d{1,2}(?:s\b|\b))[^.;!?\n]{2,80}?),(?= )"
    rf"|(?P<zh>(?<![{CJK}])[{CJK}·]{{2,4}})，(?P<zsaid>(?:\d{{1,3}}|[一二三四五六七八九十]{{1,3}})岁[^。；！？\n]{{0,80}})"
)


_LOOKS_ZH = re.compile(
    r"(?:身?穿|戴|留|身着|披|一头|短发|长发|[^，]{0,3}(?:头发|眼睛|胡子|脸|个子|身高|瘦|胖|高|矮))"
)


def _looks_zh(said: str) -> str:
    """Age, clothes and features, up to the first clause that says what is done."""
    clauses = said.split("，")
    return "，".join([clauses[0], *itertools.takewhile(_LOOKS_ZH.match, clauses[1:])])


def speaker_name(cue: str) -> tuple[str, str, str | None]:
    """(name, delivery, what else the brackets say) of a cue: "MARY (V.O.) (CONT'D)"."""
    how, rest = "on_screen", []
    for note in _EXTENSION.findall(cue):
        if way := cells.delivery(note):
            how = way
        elif not re.fullmatch(
            r"(?i)\W*(?:cont'?d?|continued|续|more)\W*", note.replace("\u2019", "'")
        ):
            rest.append(note.strip())
    name = re.sub(r"\s+", " ", _EXTENSION.sub("", cue)).strip(" ^@:：")
    if way := cells.delivery(name):
        how = way
    return name or cue.strip(), how, "; ".join(rest) or None


def names_of(events: Iterable[Event]) -> list[str]:
    """Everyone who speaks under a name, in order."""
    found = dict.fromkeys(speaker_name(e.who)[0] for e in events if e.kind == "speech")
    return list(found)


def names_pattern(names: Iterable[str]) -> re.Pattern[str] | None:
    """Finds the names of a script in its sentences, as written and with a capital."""
    forms = {
        form for name in list(names)[:MAX_NAMES] for form in (name, name.title()) if len(name) > 1
    }
    if not forms:
        return None
    listed = "|".join(re.escape(form) for form in sorted(forms, key=len, reverse=True))
    return re.compile(rf"(?:(?<![A-Za-z0-9])|(?<=[{CJK}]))(?:{listed})(?![A-Za-z0-9])")


class Stage:
    """The people of a film's shots.

    names: those who speak somewhere in the script; called: those whose names it tells by their form.
    """

    def __init__(self, state: State, names: list[str], called: Iterable[str] = ()) -> None:
        self.state = state
        self.known = names_pattern([*names, *called])
        self.keys = state.names = {name_key(name) for name in names}
        self.seen: list[str] = []

    def entities(self, beat: Beat, action: str = "") -> tuple[list[Entity], list[Entity]]:
        """(people and animals, things) that the beat's sentences show, subject first.

        action: what a shot list says is seen, instead.
        """
        people: dict[str, Entity] = {}
        things: dict[str, Entity] = {}
        told = [event.text for event in beat.sentences]
        for sentence in [span.text for span in split_sentences(action)] or told:
            text = without_camera(said_in(sentence)[1])
            for match in _FEATURES.finditer(text):
                self._looks(match)
                if match["zh"]:
                    # age and clothes are no subject: who, then what is done
                    done = text[match.end("zh") + 1 + len(_looks_zh(match["zsaid"])) :]
                    text = text[: match.end("zh")] + done.lstrip("，")
                    people[match["zh"]] = Entity(match["zh"], match["zh"], "person")
                    self.state.memory.hear(match["zh"])
            shown, unresolved = self.state.memory.read(_EXTENSION.sub("", text))
            if unresolved and not beat.speeches:
                self.state.warn(
                    "unresolved_pronoun",
                    f"Nothing before {sentence[:200]!r} says what its pronoun stands for; name it.",
                )
            for entity in shown:
                if (
                    entity.head in _NOT_SEEN
                    or lacks(entity.phrase)
                    or lexicon.find_words("weather", entity.phrase)
                ):
                    continue
                called = name_key(entity.phrase) in self.state.characters
                person = called or entity.kind != "thing" or name_key(entity.phrase) in self.keys
                (people if person else things)[entity.phrase] = entity
            self._named(text, people, things)
            if _THEY.match(text) and sum(map(heads, people.values())) < 2:
                people.update((one.phrase, one) for one in self.state.memory.latest(2))
            if not people and (whose := _WHOSE.search(text)):
                owner = self.state.memory.stands_for(whose.group().lower()[:3].strip())
                if owner is not None and owner.kind != "thing":
                    people[owner.phrase] = owner
        return list(people.values()), list(things.values())

    def _named(self, text: str, people: dict[str, Entity], things: dict[str, Entity]) -> None:
        """Adds who is called by name to the people of a sentence; a name is no thing."""
        found = list(dict.fromkeys(self.known.findall(text))) if self.known else []
        for name in found:
            if any(re.match(rf"{re.escape(name)}(?:的|['’]s )", phrase) for phrase in people):
                continue  # 小明的妈妈 is in the picture, and 小明 is not
            for phrase in [p for p in people if p != name and _runs_on(p, name)]:
                del people[phrase]
            if not any(name_key(p) == name_key(name) for p in people):
                people[name] = Entity(name, name.lower(), "person")
            for phrase in [p for p in things if p.startswith(name)]:
                del things[phrase]
            for phrase in [p for p in (*things, *people) if p != name and p.endswith(name)]:
                things.pop(phrase, None)
                people.pop(phrase, None)
                self.state.person(name, phrase.removesuffix(name))  # 女侦探林晓
        memory = self.state.memory
        for name in reversed(found):
            if re.match(f"[{CJK}]", name):
                memory.hear(name)
                if memory.last_subject and _runs_on(memory.last_subject.phrase, name):
                    memory.last_subject = Entity(name, name, "person")

    def _looks(self, match: re.Match[str]) -> None:
        name = match["name"] or match["cap"] or match["zh"]
        looks = match["looks"] or match["said"] or _looks_zh(match["zsaid"])
        if cells.delivery(looks) or (match["cap"] and name_key(name) not in self.keys):
            return
        if match["name"] and name_key(name) not in self.keys and not re.search(r"\d|,|，", looks):
            return
        self.state.person(name, looks.strip())

    def speeches(self, beat: Beat, people: list[Entity]) -> list[dict[str, Any]]:
        """The beat's dialogue, of cues and of quotes."""
        found: list[dict[str, Any]] = []
        for event in beat.events:
            if event.kind == "speech":
                name, how, more = speaker_name(event.who)
                found.append(
                    {
                        "character_id": self.state.person(name),
                        "text": re.sub(r"\s*\n\s*", " ", event.text),
                        "parenthetical": "; ".join(filter(None, [more, event.how])) or None,
                        "delivery": how,
                    }
                )
            elif event.kind == "sentence":
                found += self._quoted(event.text, people)
        for event in beat.speeches:
            self.state.memory.hear(speaker_name(event.who)[0])
        for speech in found:
            if speech["character_id"] not in self.state.speakers[-1:]:
                self.state.speakers.append(speech["character_id"])
        return found

    def _quoted(self, sentence: str, people: list[Entity]) -> Iterator[dict[str, Any]]:
        speeches, rest = said_in(sentence)
        for said in speeches:
            who = self._speaker(said.who, rest, people)
            if who is None:
                self.state.warn(
                    "unknown_speaker",
                    f"Nothing says who speaks {said.text[:80]!r}; write it as NAME: words.",
                )
                continue
            yield {"character_id": who, "text": said.text, "parenthetical": None}

    def _speaker(self, named: str | None, rest: str, people: list[Entity]) -> str | None:
        if named and named[0].isupper():
            return self.state.person(named)
        if named:
            entities, _ = self.state.memory.read(named + " speaks.")
            if entities:
                return self.state.character(entities[0])
        if re.search(r"\w", rest):
            called = self.known.search(rest) if self.known else None
            if called and re.match(f"[{CJK}]", called.group()):
                return self.state.person(called.group())
            said = mentions_of(rest).subject
            if said is not None and (zh := re.match(f"[{CJK}]", said.phrase)):
                return self.state.person(said.phrase) if zh else None
            if people:
                return self.state.character(people[0])
            if self.state.memory.last_subject is not None:
                return self.state.character(self.state.memory.last_subject)
            return None
        # a quote by itself answers: the other of two speakers, else the one before
        before = self.state.speakers
        if len(before) > 1:
            return before[-2]
        if before:
            return before[-1]
        return self.state.character(people[0]) if people else None

    def cast(
        self, people: list[Entity], speeches: list[dict[str, Any]], over: bool, partners: int
    ) -> list[dict[str, Any]]:
        """Everyone in the shot, with the side that they keep; over: from behind a listener."""
        state = self.state
        words = _WORDS[state.language]
        ids = [state.character(entity) for entity in people]
        talking = [
            s["character_id"] for s in speeches if s.get("delivery", "on_screen") == "on_screen"
        ]
        shown = list(dict.fromkeys([*talking, *ids]))
        sided = bool(talking) and (partners > 1 or len(state.speakers) > 1 or len(shown) > 1)
        cast = []
        for name in shown:
            if sided and name not in state.sides:
                taken = set(state.sides.values())
                free = [side for side in ("left", "right") if side not in taken]
                state.sides[name] = free[0] if free else "right"
            side = state.sides.get(name)
            cast.append(
                {
                    "character_id": name,
                    "position": words[side] if side else None,
                    "facing": _FACING[state.language][side] if side else None,
                }
            )
        if speeches and not shown and state.speakers:
            # a voice from elsewhere: the picture stays with who hears it
            voices = {speech["character_id"] for speech in speeches}
            cast += [
                {"character_id": name, "position": None, "facing": None}
                for name in [n for n in reversed(self.seen) if n not in voices][:1]
            ]
        self.seen = [*[n for n in self.seen if n not in shown], *shown][-8:]
        listener = self._listener(talking)
        comma = "，" if state.language == "zh" else ", "
        if over and listener and listener not in shown:
            taken = set(state.sides.values())
            side = state.sides.setdefault(listener, "left" if "right" in taken else "right")
            cast.append(
                {
                    "character_id": listener,
                    "position": f"{words[side]}{comma}{words['behind']}",
                    "facing": _FACING[state.language][side],
                }
            )
        return cast

    def _listener(self, talking: list[str]) -> str | None:
        others = [name for name in reversed(self.state.speakers) if name not in talking]
        return others[0] if others else None

    def told_sides(self, text: str) -> None:
        """ "Mary on the left": the script itself says where somebody is."""
        for match in re.finditer(
            r"(?P<who>[A-Z][\w'-]+)\s+(?:\w+\s+){0,2}?(?:on|at) the (?P<side>left|right)\b"
            rf"|(?P<zh>[{CJK}]{{2,3}}?)(?:站|坐|位于|在)?(?:在|于)?(?:画面)?(?P<zside>左|右)(?:边|侧)",
            text,
        ):
            name = name_key(match["who"] or match["zh"])
            known = self.state.characters.get(name)
            if known is not None:
                side = match["side"] or {"左": "left", "右": "right"}[match["zside"]]
                self.state.sides[str(known["id"])] = side


def _runs_on(phrase: str, name: str) -> bool:
    """Whether a Chinese phrase is a name with what follows it: 李雷和韩梅梅, but not 小明的妈妈."""
    rest = phrase.removeprefix(name)
    return rest != phrase and bool(re.match(f"(?!的)[{CJK}]", rest))


def screen_direction(state: State, text: str, subject: str | None) -> str | None:
    """The way a traveller goes: said, or kept from the shot before in the scene."""
    side = lexicon.find_side(text)
    if side:
        way = "left_to_right" if side == "right" else "right_to_left"
        if subject:
            state.directions[subject] = way
        return way
    if subject and lexicon.has("travel", text):
        return state.directions.get(subject)
    return None


__all__ = ["Stage", "names_of", "names_pattern", "screen_direction", "speaker_name"]
