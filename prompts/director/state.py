"""What carries over from shot to shot: scene, place and time, who is in the film, sizes, sides."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from shotwright.prompts.director import lexicon
from shotwright.prompts.director.english_names import TITLE
from shotwright.prompts.director.entities import Entity
from shotwright.prompts.director.speech import unquoted
from shotwright.prompts.director.subjects import Memory
from shotwright.prompts.language import CJK, Language, detect_language


@dataclass
class State:
    """One film's memory.

    headings: whether the script names its scenes itself, so that a place in a sentence begins none;
    exact: the plan was written out before, and names are its own ids; denied: moves that the script
    forbids; listed: what a shot list calls the scene; others: keys of `characters` that are a second name.
    """

    language: Language
    seed: int
    allowed: Collection[str]
    headings: bool = False
    exact: bool = False
    denied: set[str] = field(default_factory=set)
    names: set[str] = field(default_factory=set)
    given: set[str] = field(default_factory=set)
    called: dict[str, str] = field(default_factory=dict)
    memory: Memory = field(default_factory=Memory)
    place: str | None = None
    place_noun: str | None = None
    int_ext: str | None = None
    time: str | None = None
    weather: str | None = None
    scenes: list[dict[str, Any]] = field(default_factory=list)
    listed: str | None = None
    locations: dict[str, dict[str, Any]] = field(default_factory=dict)
    characters: dict[str, dict[str, Any]] = field(default_factory=dict)
    others: int = 0
    sizes: list[str] = field(default_factory=list)
    shots_in_scene: int = 0
    sides: dict[str, str] = field(default_factory=dict)
    speakers: list[str] = field(default_factory=list)
    setups: dict[str, str] = field(default_factory=dict)
    directions: dict[str, str] = field(default_factory=dict)
    exchanges: int = 0
    warnings: list[dict[str, str]] = field(default_factory=list)

    def warn(self, code: str, message: str) -> None:
        self.warnings.append({"code": code, "message": message})

    def enter_heading(self, line: str) -> None:
        """A heading begins a scene, whatever stood before."""
        heading = lexicon.find_heading(line)
        if heading is None:
            # a forced heading: its words are the place
            place, dash, time = line.rpartition(" - ")
            timed = bool(dash) and lexicon.is_time(time)
            self.place = self.place_noun = (place if timed else line).strip() or "-"
            self.int_ext = None
            self.time = (lexicon.time_key(time) or time.strip().lower()) if timed else self.time
        else:
            self.place = self.place_noun = heading.place
            self.int_ext = heading.int_ext
            if heading.time and not _GOES_ON.fullmatch(heading.time):
                self.time = heading.time
        self.begin_scene(line, line.strip())

    def go_back(self, place: str) -> None:
        """A known place begins a scene again, as its heading told it."""
        known = self.locations.get(place.casefold())
        told = next(
            (s for s in reversed(self.scenes) if known and s["location_id"] == known["id"]), None
        )
        if told is not None and told["slugline"]:
            self.enter_heading(told["slugline"])

    def enter(self, text: str) -> bool:
        """Takes place and time from a sentence; a change of either begins a scene."""
        before = (self.place_noun, self.time)
        text = unquoted(text)
        place, time = lexicon.find_place(text), lexicon.find_time(text)
        if place and place.noun in ("rain", "fog", "fire"):
            place = None  # weather is no place to be
        if (
            place
            and self.scenes
            and (place.is_spot or place.is_subject or lexicon.is_far(text, place))
        ):
            place = None  # a table is in the room before, and who looks at the sea is not in it
        if place and place.noun != self.place_noun:
            self.place, self.place_noun, self.int_ext = place.phrase, place.noun, None
        if time:
            self.time = time.value
        if self.scenes and (self.place_noun, self.time) == before:
            return False
        self.begin_scene(text)
        return True

    def begin_scene(
        self, text: str, slugline: str | None = None, scene_id: str | None = None
    ) -> None:
        self.shots_in_scene = self.exchanges = 0
        self.weather = self.listed = None
        self.sides, self.speakers, self.setups, self.directions = {}, [], {}, {}
        number = len(self.scenes) + 1
        self.scenes.append(
            {
                "id": scene_id or f"S{number}",
                "slugline": slugline if slugline is not None else self._slugline(),
                "location_id": self._location(),
                "time_of_day": self.label(),
                "synopsis": "",
                "language": detect_language(text),
            }
        )

    def label(self) -> str | None:
        """The time of day in the script's language."""
        if self.time is None or self.time not in lexicon.rules()["time"]:
            return self.time
        return lexicon.said("time", self.time, self.language)

    def _slugline(self) -> str:
        place = " ".join(part for part in (self.int_ext, self.place) if part)
        return " - ".join(part for part in (place, self.label()) if part).upper()

    def _location(self) -> str | None:
        if self.place is None or self.place_noun is None:
            return None
        key = self.place_noun.casefold()
        known = self.locations.get(key)
        if known is None:
            known = self.locations[key] = {
                "id": f"L{len(self.locations) + 1}",
                "int_ext": self.int_ext,
                "name": self.place[:200],
            }
        return str(known["id"])

    def character(self, entity: Entity) -> str:
        """The character's id; one entry a phrase, so that each shot pastes the same features."""
        key = name_key(entity.phrase)
        named = entity.phrase[:1].isupper() and len(entity.phrase.split()) <= 3
        if named or key in self.names or key in self.characters:
            return self.person(entity.phrase)
        known = self.characters.get(entity.phrase)
        if known is None:
            # 小明 is a name as a whole, 一个老人 has a noun
            short = bool(_NAME_ZH.fullmatch(entity.phrase)) or entity.phrase.lower() == entity.head
            known = self.characters[entity.phrase] = {
                "id": self._new_id(),
                "name": (entity.phrase if short else entity.head)[:200],
                "static_features": entity.phrase[:2000],
            }
        return str(known["id"])

    def looks(self, entity: Entity, features: str) -> None:
        """Adds the looks that the script gives to somebody who was told by a phrase."""
        known = self.character(entity)
        for character in self.characters.values():
            if character["id"] == known and character["static_features"] == entity.phrase:
                character["static_features"] = f"{entity.phrase}, {features}"[:2000]

    def person(self, name: str, features: str = "") -> str:
        """The id of somebody called by name; features: looks that the script gives."""
        if name in self.given:
            return name
        name = name.strip() or "?"
        key = name_key(name)
        if key in self.called:
            return self.called[key]
        if self.exact:
            self.given.add(name)
            key = name
        known = self.characters.get(key)
        titled = None if known or self.exact else _TITLED.fullmatch(name)
        # UNCLE JOE and JOE who both speak are two people
        if titled and (bare := name_key(titled[1])) not in self.names:
            known = self.characters.get(bare)
            self.called.setdefault(bare, str(known["id"]) if known else self._new_id())
        if known is None and not self.exact:
            # "a red ROBOT" came before, written as a name
            introduced = (c for c in self.characters.values() if c["name"].casefold() == key)
            known = next((c for c in introduced if c["static_features"].endswith(name)), None)
        if known is None and not self.exact and (known := self._in_part(key)):
            self.characters[key] = known
            self.others += 1
            whole = max(name, known["name"], key=len)[:200]
            if known["static_features"] == known["name"]:
                known["static_features"] = whole
            # the name that speaks is the one that the script goes on with
            speaks = [n for n in (name, known["name"]) if name_key(n) in self.names]
            known["name"] = max(speaks, key=len)[:200] if speaks else whole
        if known is None:
            known = self.characters[key] = {
                "id": name[:200] if self.exact else self._new_id(),
                "name": name[:200],
                "static_features": "" if self.exact else name[:2000],
            }
        if features and known["static_features"] in (known["name"], name):
            comma = "，" if re.search(f"[{CJK}]", features) else ", "  # noqa: RUF001
            known["static_features"] = f"{known['static_features']}{comma}{features}"[:2000]
        return str(known["id"])

    def _in_part(self, key: str) -> dict[str, Any] | None:
        """Who is called so in part, ADA and ADA OKAFOR; None where that is nobody, two people, or both speak."""
        found: dict[str, dict[str, Any]] = {}
        for other, character in self.characters.items():
            part, whole = sorted((key, other), key=len)
            name = name_key(character["name"])
            named = name == other or is_part(name, other)  # and not told by a phrase, "a red ball"
            # MARY and MARY ANN who both speak are two, DR. AMY WONG and WONG are not
            both = {part, whole} <= self.names and len(whole.split()) < 3
            if named and is_part(part, whole) and not both:
                found[character["id"]] = character
        return next(iter(found.values())) if len(found) == 1 else None

    def wears(self, character_id: str, key: str) -> None:
        """A shot list names what is worn and has no place for its looks: the key is all of them."""
        for character in self.characters.values():
            if character["id"] == character_id:
                worn = character.get("wardrobe") or {}
                character["wardrobe"] = {key: key, **worn}

    def _new_id(self) -> str:
        return f"C{len(self.characters) - self.others + 1}"

    def preload(self, plan: Mapping[str, Any]) -> None:
        """Takes over what a written plan fixed for the whole film."""
        for character in _dicts(plan.get("characters")):
            self.characters[str(character.get("id"))] = character
            self.given.add(str(character.get("id")))
            self.called.setdefault(
                name_key(str(character.get("name", ""))), str(character.get("id"))
            )
        for location in _dicts(plan.get("locations")):
            self.locations[str(location.get("id"))] = location
        self.scenes += _dicts(plan.get("scenes"))


def _dicts(value: Any) -> list[dict[str, Any]]:
    return (
        [dict(part) for part in value if isinstance(part, Mapping)]
        if isinstance(value, list)
        else []
    )


_GOES_ON = re.compile(
    r"(?:continuous|continued|same(?: time)?|(?:a )?(?:moments? |minutes? |seconds? )?later"
    r"|连续|同时|稍后|片刻后)\W*",
    re.I,
)
"""What a heading says where the time of day stays as it was."""
_TITLED = re.compile(rf"{TITLE}\s+([A-Z][\w'-]+(?: (?-i:[A-Z])[\w'-]+)?)", re.I)
"""Somebody with a title, who is called without it too: Commander Reyes, Reyes."""
_NAME_ZH = re.compile(f"(?![一二两三几这那数])[{CJK}]{{2,3}}")


def is_part(part: str, whole: str) -> bool:
    """Whether a name is a part of another, both as keys: okafor of ada okafor; young ada is not ada."""
    words = whole.split()
    if not 1 < len(words) <= 3 or part not in words or part in lexicon.rules()["kind"]["person"]:
        return False
    return not lexicon.small("another") & set(words) and not any(map(str.isdigit, words))


def name_key(name: str) -> str:
    """One key for MARY, Mary and "Mary's"."""
    plain = re.sub(r"['\u2019]s$", "", name.strip()).casefold()
    return re.sub(rf"[^\w{CJK}]+", " ", plain).strip() or name
