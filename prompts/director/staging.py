"""Who is in a shot and where: cast, speakers, the side of the line that each keeps in a scene.

The 180-degree rule: once somebody stands left in a scene, the camera never crosses over, so they
stay left in every shot of it and look right.
"""
# ruff: noqa: RUF001  (Chinese punctuation is meant)

import re
from collections.abc import Iterable, Iterator
from typing import Any

from shotwright.prompts.director import lexicon
from shotwright.prompts.director.beats import Beat, lacks
from shotwright.prompts.director.entities import Entity, heads
from shotwright.prompts.director.events import Event, without_camera
from shotwright.prompts.director.looks import CALLED, FEATURES, looks_en, looks_of, looks_zh
from shotwright.prompts.director.speech import said_in
from shotwright.prompts.director.state import State, is_part, name_key
from shotwright.prompts.director.subjects import happens, mentions_of
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
_THEY = re.compile(r"\W*(?:(?:then|and|now)[, ]+)*they\b|[他她它]们|\W*[两二俩]人", re.I)
_IT_WAS = re.compile(r"\W*it(?:['\u2019]s| is| was| has been| had been)\b", re.I)
"""A sentence of a time or a weather: its pronoun stands for nobody."""
_BOTH = re.compile("[两二俩]人")
_AGES = ("young", "younger", "older", "teen", "teenage", "baby", "child", "adult")
MAX_NAMES = 400
"""Names that are looked for in every sentence."""
_EXTENSION = re.compile(r"[(（]([^)）]*)[)）]")


def speaker_name(cue: str) -> tuple[str, str, str | None]:
    """(name, delivery, what else the brackets say) of a cue: "MARY (V.O.) (CONT'D)"."""
    how, rest = "on_screen", []
    for note in _EXTENSION.findall(cue):
        way, more = cells.manner(note)
        how = way or how
        if not re.fullmatch(
            r"(?i)\W*(?:cont'?d?|continued|续|more)?\W*", more.replace("\u2019", "'")
        ):
            rest.append(more.strip())
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
        self.scene = 0
        self.told: str | None = None
        self.acted: Entity | None = None

    def entities(self, beat: Beat, action: str = "") -> tuple[list[Entity], list[Entity]]:
        """(people and animals, things) that the beat's sentences show, subject first.

        action: what a shot list says is seen, instead.
        """
        people: dict[str, Entity] = {}
        things: dict[str, Entity] = {}
        self.acted = self.state.memory.last_subject
        told = [
            event.text
            for event in beat.sentences
            if not (lexicon.only_looks(event.text) or lexicon.only_opens(event.text))
        ]
        for sentence in [span.text for span in split_sentences(action)] or told:
            text = without_camera(said_in(sentence)[1])
            for match in list(FEATURES.finditer(text)):
                looks = looks_en(match, text) if match["cap"] else match["looks"] or ""
                taken = self._looks(match, looks)
                aside = match["more"] or (looks if match["cap"] else None)
                if taken and aside:
                    # "ANNA, a tall sailor, walks" has one person in it
                    text = text.replace(f", {aside},", "", 1)
                if match["zh"]:
                    # age and clothes are no subject: who, then what is done
                    done = text[match.end("zh") + 1 + len(looks_zh(match["zsaid"])) :]
                    text = text[: match.end("zh")] + done.lstrip("，")
                    people[match["zh"]] = Entity(match["zh"], match["zh"], "person")
                    self.state.memory.hear(match["zh"])
            for match in list(CALLED.finditer(text)):
                text = self._christened(text, match, people)
            shown, unresolved = self.state.memory.read(_EXTENSION.sub("", text))
            if unresolved and not beat.speeches and not _IT_WAS.match(text):
                self.state.warn(
                    "unresolved_pronoun",
                    f"Nothing before {sentence[:200]!r} says what its pronoun stands for; name it.",
                )
            for entity in shown:
                if (
                    entity.head in _NOT_SEEN
                    or "  " in entity.phrase  # around what was said of the camera
                    or lacks(entity.phrase)
                    or _is_place(entity, text)
                    or lexicon.find_words("weather", entity.phrase)
                ):
                    continue
                called = name_key(entity.phrase) in self.state.characters
                person = called or entity.kind != "thing" or name_key(entity.phrase) in self.keys
                (people if person else things)[entity.phrase] = entity
                if person and (looks := looks_of(entity, sentence)):
                    self.state.looks(entity, looks)
            self._named(text, people, things)
            if _THEY.match(text) and sum(map(heads, people.values())) < 2:
                both = [
                    one for one in self.state.memory.latest(3) if not _BOTH.fullmatch(one.phrase)
                ]
                if len(both) > 1:
                    people = {k: one for k, one in people.items() if not _BOTH.fullmatch(k)}
                people.update((one.phrase, one) for one in both[-2:])
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
            other = next((p for p in (*people, *things) if _another(p, name)), None)
            if other is not None:
                things.pop(other, None)  # young Ada is in the picture, and ADA is not
                people.setdefault(other, Entity(other, other.lower(), "person"))
                continue
            for phrase in [p for p in people if p != name and _runs_on(p, name)]:
                del people[phrase]
            if any(_is_named(p) and is_part(name_key(name), name_key(p)) for p in people):
                continue  # ADA of ADA OKAFOR
            if not any(name_key(p) == name_key(name) for p in people):
                people[name] = Entity(name, name.lower(), "person")
            for phrase in [p for p in people if p != name and _is_same(p, name, text)]:
                del people[phrase]
            runs_on = re.compile(rf"[{CJK}]{re.escape(name)}[^的]")  # 护士小陈跟在后面
            for phrase in [p for p in things if p.startswith(name) or runs_on.search(p)]:
                del things[phrase]
            for phrase in [p for p in (*things, *people) if p != name and p.endswith(name)]:
                things.pop(phrase, None)
                if entity := people.pop(phrase, None):
                    self.state.memory.rename(entity, name)
                if re.match(f"[{CJK}]", phrase):
                    self.state.person(name, phrase.removesuffix(name))  # 女侦探林晓
                elif re.match(r"(?i)an? [^,]+ ", phrase):
                    self.state.person(name, phrase.removesuffix(name) + name.lower())  # a red ROBOT
        memory = self.state.memory
        for name in reversed(found):
            memory.hear(name)
            last = memory.last_subject.phrase if memory.last_subject else ""
            if _runs_on(last, name) or (last == name and re.match(f"[{CJK}]", name)):
                memory.last_subject = Entity(name, name, "person")

    def _christened(self, text: str, match: re.Match[str], people: dict[str, Entity]) -> str:
        """The text with "a little red fox named Pim" as Pim, who looks like that."""
        phrase, name = match["phrase"], match["name"] or match["caps"]
        told = mentions_of(phrase + ".").subject
        if told is None or told.kind == "thing":
            return text
        self.state.person(name, phrase[0].lower() + phrase[1:])
        people[name] = Entity(name, name.lower(), "person")
        self.state.memory.hear(name)
        return text.replace(match.group(), name, 1)

    def _looks(self, match: re.Match[str], told: str) -> bool:
        """Whether the looks were taken as those of somebody who is called so; told: those in English."""
        name = match["name"] or match["cap"] or match["zh"]
        looks = told or looks_zh(match["zsaid"])
        known = name_key(name) in self.keys or name_key(name) in self.state.characters
        if match["cap"] and happens(match["said"]):
            return False  # behind ANNA, a dog barks
        aged = re.match(r"\d{1,2}s?(?:,|$)", looks)  # Leo, 7, a striped shirt
        if cells.delivery(looks) or (match["cap"] and not (known or aged or name.isupper())):
            return False
        if match["name"] and not known and not re.search(r"\d|,|，", looks):
            return False
        self.state.person(name, ", ".join(filter(None, [looks.strip(), match["more"]])))
        return True

    def speeches(self, beat: Beat, people: list[Entity]) -> list[dict[str, Any]]:
        """The beat's dialogue, of cues and of quotes."""
        found: list[dict[str, Any]] = []
        for event in beat.events:
            if event.kind == "speech":
                name, how, more = speaker_name(event.who)
                way, manner = cells.manner(event.how)
                found.append(
                    {
                        "character_id": self.state.person(name),
                        "text": re.sub(r"\s*\n\s*", " ", event.text),
                        "parenthetical": "; ".join(filter(None, [more, manner])) or None,
                        "delivery": way or how,
                    }
                )
            elif event.kind == "sentence":
                found += self._quoted(event, people)
        for event in beat.speeches:
            self.state.memory.hear(speaker_name(event.who)[0])
            self._heard(self.state.person(speaker_name(event.who)[0]))
        return found

    def _heard(self, who: str) -> None:
        if who not in self.state.speakers[-1:]:
            self.state.speakers.append(who)

    def _quoted(self, event: Event, people: list[Entity]) -> Iterator[dict[str, Any]]:
        speeches, rest = said_in(event.text)
        if event.opens or (people and self.state.character(people[0]) != self.told):
            self.told = None
        goes_on = self.told if not re.search(r"\w", rest) else None
        for said in speeches:
            if goes_on and said.who is None:
                who: str | None = goes_on  # '"No," said Ann, sitting down. "Never."'
            elif said.then and not event.opens and self.acted and self.acted.kind == "person":
                who = self.state.character(self.acted)
            else:
                who = self._speaker(said.who, rest, people)
            if who is None:
                self.state.warn(
                    "unknown_speaker",
                    f"Nothing says who speaks {said.text[:80]!r}; write it as NAME: words.",
                )
                continue
            self._heard(who)
            if said.who is not None or goes_on:
                self.told = who
            yield {"character_id": who, "text": said.text, "parenthetical": None}

    def _speaker(self, named: str | None, rest: str, people: list[Entity]) -> str | None:
        if named and named[0].isupper():
            self.state.memory.hear(named)
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
            last = self.state.memory.last_subject
            return self.state.character(last) if last and last.kind != "thing" else None
        return self._answering(people)

    def _answering(self, people: list[Entity]) -> str | None:
        """Who says a quote that stands by itself: who acted since the last speech, the other of two
        speakers, the other one there, else the one before.
        """
        before, memory = self.state.speakers, self.state.memory
        if self.acted is not None and self.acted.kind == "person":
            who = self.state.character(self.acted)
            if who not in before[-1:]:
                return who
        if len(before) > 1:
            return before[-2]
        there = [one for one in memory.latest(2) if one.kind == "person"] or people[:1]
        others = [who for one in there if (who := self.state.character(one)) not in before]
        return next(iter([*others, *before]), None)

    def cast(
        self, people: list[Entity], speeches: list[dict[str, Any]], over: bool, partners: int
    ) -> list[dict[str, Any]]:
        """Everyone in the shot, with the side that they keep; over: from behind a listener."""
        state = self.state
        if self.scene != len(state.scenes):
            # nobody of the scene before hears a voice
            self.scene, self.seen = len(state.scenes), []
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
                state.sides[name] = self._free_side(name)
            cast.append(self._placed(name))
        if speeches and not shown and state.speakers:
            # a voice from elsewhere: the picture stays with who hears it
            away = {s["character_id"] for s in speeches if s.get("delivery") == "off_screen"}
            cast += [
                self._placed(name) for name in [n for n in reversed(self.seen) if n not in away][:1]
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

    def _free_side(self, name: str) -> str:
        """The side where nobody is, else across from whom somebody new speaks to."""
        sides = self.state.sides
        free = [side for side in ("left", "right") if side not in sides.values()]
        partner = next((n for n in reversed(self.state.speakers) if n != name and n in sides), None)
        if free or partner is None:
            return free[0] if free else "right"
        return "left" if sides[partner] == "right" else "right"

    def _placed(self, name: str) -> dict[str, Any]:
        """Somebody of the cast on the side that they keep, if they have one."""
        side, language = self.state.sides.get(name), self.state.language
        return {
            "character_id": name,
            "position": _WORDS[language][side] if side else None,
            "facing": _FACING[language][side] if side else None,
        }

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


def _is_place(entity: Entity, text: str) -> bool:
    """Whether a text only names where the scene plays, "An empty platform.": that is round the picture."""
    if entity.kind != "thing" or happens(text):
        return False
    place = lexicon.find_place(f"in {entity.phrase}")
    return place is not None and place.noun == entity.head and not place.is_spot


def _another(phrase: str, name: str) -> bool:
    """Whether a phrase is a name with a word that makes another person of it: Young Daniel."""
    words = name_key(phrase).split()
    if words[0] in ("old", "little") and not phrase.isupper() and not name.isupper():
        return False  # Old Tom is Tom
    return words[1:] == name_key(name).split() and words[0] in _AGES


def _is_same(phrase: str, name: str, text: str) -> bool:
    """Whether a phrase only says who a name is: granddaughter of "his granddaughter Lily", 奶奶 of 老奶奶."""
    if re.match(f"[{CJK}]", phrase):
        return name.endswith(phrase) and text.count(phrase) == text.count(name)
    return re.search(rf"\b{re.escape(phrase)} {re.escape(name)}\b", text) is not None


def _is_named(phrase: str) -> bool:
    """Whether every word of a phrase has a capital, as in a name."""
    return all(word[:1].isupper() for word in phrase.split())


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
