"""What the words of a sentence say about time, place, size, angle and beat.

Reads `rules.toml`; knows nothing of shots.  Both languages are searched at once: scripts mix them.
"""
# ruff: noqa: RUF001  (Chinese punctuation is meant)

import re
import tomllib
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

from shotwright.prompts.language import CJK, Language
from shotwright.prompts.readers.headings import split_heading


@cache
def rules() -> dict[str, Any]:
    """The tables of `rules.toml`."""
    path = files("shotwright.prompts.director").joinpath("rules.toml")
    return tomllib.loads(path.read_text(encoding="utf-8"))


@cache
def small(kind: str) -> frozenset[str]:
    """English function words of a kind: determiner, pronoun, stop, ..."""
    return frozenset(rules()["small"][kind].split())


@dataclass(frozen=True)
class Found:
    """A value and the words that say it: `text[start:end]`."""

    value: str
    start: int
    end: int


@lru_cache(maxsize=1024)
def find_time(text: str) -> Found | None:
    """The first time of day; the value is a key of the table, such as sunset."""
    return _first(text, "time")


@lru_cache(maxsize=1024)
def find_size(text: str) -> Found | None:
    return _first(text, "size")


@lru_cache(maxsize=1024)
def find_angle(text: str) -> Found | None:
    return _first(text, "angle")


def find_framing(text: str) -> Found | None:
    return _first(text, "framing")


def find_transition(text: str) -> str | None:
    """dissolve, fade, or fade_out for what ends a picture."""
    found = _first(text, "transition")
    return found.value if found else None


@lru_cache(maxsize=1024)
def has(beat: str, text: str) -> bool:
    """Whether the sentence holds words of a beat: emotion, insert, action, travel, left, right,
    ...
    """
    return bool(_lower("beat")[beat].search(text.lower()))


_ARTICLE = re.compile(r"^(?:an?|the|our)\s+", re.I)


def is_without(text: str, thing: str) -> bool:
    """Whether a text says that a thing is not there: "still without the kettle", 没有水壶."""
    bare = re.escape(_ARTICLE.sub("", thing.strip().rstrip(".。"), count=1))
    lacks = r"(?:\bwithout\b|没有|没带)\s*(?:(?:an?|the|our|any|his|her|their)\s+|一[个只把台件])?"
    return bool(bare) and re.search(lacks + bare, text, re.I) is not None


_ACROSS = re.compile(
    r"\b(?P<a>left|right)(?:[- ]hand side)?(?: of (?:the )?(?:frame|screen|picture))?"
    r"[- ]to[- ](?:the )?(?P<b>left|right)\b"
    r"|(?P<za>左|右)(?:边|侧|方|面)?[^，。；,.]{0,6}?[向到至往朝](?:画面)?(?P<zb>左|右)",
    re.I,
)


def find_side(text: str) -> str | None:
    """Where something goes, left or right; None where nothing or both are said."""
    for match in _ACROSS.finditer(text):
        a, b = match["a"] or match["za"], match["b"] or match["zb"]
        if a.lower() != b.lower():
            return {"左": "left", "右": "right"}.get(b, b.lower())
    right, left = has("right", text), has("left", text)
    return None if right == left else "right" if right else "left"


def said(table: str, value: str, language: Language, key: str = "said") -> str:
    """How a prompt names a value of a table."""
    english, chinese = rules()[table][value][key]
    return str(english if language == "en" else chinese)


def time_key(label: str) -> str | None:
    """The key of a time of day written by anyone: "sunset", "日落", "at night"; None where it is
    not known.
    """
    for key, row in rules()["time"].items():
        if label.strip().lower() in (key, *row["said"], *row["prompt"]):
            return str(key)
    found = find_time(label)
    return found.value if found else None


def _first(text: str, table: str) -> Found | None:
    if not _any_of(table).search(text.lower()):
        return None
    found = [
        Found(value, match.start(), match.end())
        for value, pattern in _table(table).items()
        if (match := pattern.search(text))
    ]
    # of two that overlap the longer names it: "medium close-up" is no close-up
    return min(found, key=lambda f: (_covered(f, found), f.start, f.start - f.end), default=None)


def _covered(one: Found, others: list[Found]) -> bool:
    size = one.end - one.start
    return any(
        other.start <= one.start and one.end <= other.end and other.end - other.start > size
        for other in others
    )


@cache
def _table(table: str) -> dict[str, re.Pattern[str]]:
    """Value -> what says it; a row is its words, or a table that holds them."""
    return {value: re.compile(_words(row), re.I) for value, row in rules()[table].items()}


@cache
def _lower(table: str) -> dict[str, re.Pattern[str]]:
    """The same, of a text in lower case, as the tables are: read twice as fast as when case is ignored."""
    return {value: re.compile(_words(row)) for value, row in rules()[table].items()}


@cache
def _any_of(table: str) -> re.Pattern[str]:
    """What says any value of a table, of a text in lower case: most sentences say none."""
    return re.compile("|".join(f"(?:{_words(row)})" for row in rules()[table].values()))


def _words(row: str | dict[str, str]) -> str:
    if isinstance(row, str):
        return row
    return row["words"] if "words" in row else rf"\b(?:{row['en']})\b|{row['zh']}"


@dataclass(frozen=True)
class Place:
    """A place as the script names it: phrase "a busy street", noun "street".

    is_spot: a part of a place that is already known, such as the floor; is_subject: what the sentence
    is about ("the castle falls"), more than where it is.
    """

    phrase: str
    noun: str
    start: int
    end: int
    is_spot: bool = False
    is_subject: bool = False


def _any(words: list[str]) -> str:
    return "|".join(re.escape(w).replace("\\ ", r"\s+") for w in sorted(words, key=len)[::-1])


@cache
def _place_patterns() -> tuple[re.Pattern[str], ...]:
    place = rules()["place"]
    determiners = "|".join(sorted(small("determiner")))
    glue = "|".join([*place["before"], determiners, "and", "of", "with", "is", "are"])
    # up to three words between determiner and noun, none of them a small word
    noun_after = (
        rf"(?P<phrase>(?:(?:{determiners})\s+)?(?:(?!(?:{glue})\b)[a-z][\w'-]*\s+){{0,3}}?"
        rf"(?P<noun>{_any([*place['en'], *place['shy']])})(?:\s+(?P<more>{_any(place['en'])}))?)\b"
    )
    bold = _any(place["en"])
    return (
        re.compile(rf"\b(?:{'|'.join(place['before'])})\s+(?:of\s+)?{noun_after}", re.I),
        re.compile(
            rf"(?:^|[,;:]\s*|\b(?:a|an|the)\s+)(?P<phrase>(?:{determiners}|)\s*(?P<noun>{bold}))\b",
            re.I,
        ),
        re.compile(rf"(?P<phrase>(?:(?<![{CJK}])[{CJK}]{{1,4}}的)?(?P<noun>{_any(place['zh'])}))"),
    )


@lru_cache(maxsize=1024)
def find_place(text: str) -> Place | None:
    """The first place that a preposition leads to, else one that is named at all."""
    for number, pattern in enumerate(_place_patterns()):
        for match in pattern.finditer(text):
            noun = match.group("noun")
            if "more" in match.groupdict() and match.group("more"):
                noun = match.group("more")
            start, end = match.span("phrase")
            if _SOMEBODY.match(text, end):
                continue
            noun = re.sub(r"\s+", " ", noun.lower())
            is_spot = noun in rules()["place"]["shy"] or noun in _SPOTS_ZH
            acts = number == 1 and bool(_ACTS.match(text, end))
            return Place(match.group("phrase").strip(), noun, start, end, is_spot, acts)
    return None


_SOMEBODY = re.compile(
    r"[ -](?:keeper|worker|owner|guard|man|woman|boy|girl|hand|cat|dog|chair|door)s?\b"
)
"""A lighthouse keeper is no lighthouse."""
_ACTS = re.compile(
    r"\s+(?:\w+ly\s+)?(?!is\b|as\b|across\b|towards\b|always\b|besides\b)\w{2,}(?:s|ed)\b", re.I
)
_SPOTS_ZH = ("空中", "天空", "水中", "水里", "水面", "水下", "云端", "冰面", "桌上", "床上", "地上")
_LOOKED_AT = re.compile(
    r"(?:\b(?:look|gaz|star|glanc|peer|point|squint|wav|shout|watch)(?:s|es|e|ed|ing)?\b[^,.;]{0,20}"
    r"|\b(?:towards?|in the distance|far (?:away|off)|view of|photo of|picture of|painting of|map of)\b[^,.;]{0,12}"
    r"|[看望盯瞧指眺][着向到]?[^，。；]{0,4}|[远][处方][^。；]{0,3}|[向朝往][^，。；]{0,2})\Z",
    re.I,
)


def is_far(text: str, place: Place) -> bool:
    """Whether a place is only looked at or gone towards: nobody is there yet."""
    return bool(_LOOKED_AT.search(text[max(0, place.start - 40) : place.start]))


@dataclass(frozen=True)
class Heading:
    """A scene heading: "EXT. HARBOUR - NIGHT", "内景 厨房 - 夜"."""

    int_ext: str
    place: str
    time: str | None


def find_heading(line: str) -> Heading | None:
    """The scene heading that a line is, or None."""
    slug = split_heading(line)
    if slug is None:
        return None
    if slug.time and not is_time(slug.time):
        place = line.strip()[line.strip().index(slug.place) :]  # INT. HOUSE - KITCHEN
        return Heading(slug.int_ext, place, None)
    return Heading(slug.int_ext, slug.place, slug.time and _heading_time(slug.time))


_WHEN = re.compile(
    r"\d|\b(?:days?|nights?|mornings?|evenings?|afternoons?|noon|later|earlier|before|after|continuous|continued|cont['\u2019]?d|"
    r"same|present|past|future|now|flash(?:back|forward)|dream|intercut|winter|summer|spring|autumn|fall|hours?)\b"
    rf"|[{CJK}]",
    re.I,
)


def is_time(words: str) -> bool:
    """Whether what stands after a heading's dash says when, and is no part of the place."""
    return time_key(words) is not None or bool(_WHEN.search(words))


def _heading_time(time: str) -> str:
    short = {"日": "day", "夜": "night", "晨": "morning", "昏": "dusk"}
    return short.get(time) or time_key(time) or time.lower()


def find_words(table: str, text: str) -> str | None:
    """The first words of a table (weather, lit) in a text, as they stand; not those that it denies."""
    if not _any_of(table).search(text.lower()):
        return None
    for pattern in _table(table).values():
        for match in pattern.finditer(text):
            if not _DENIED.search(text, max(0, match.start() - 40), match.start()):
                return match.group().strip()
    return None


_DENIED = re.compile(
    r"(?:\b(?:no|not|never|without|nor)|n['\u2019]t)\s+(?:any\s+|a\s+|even\s+|the\s+|yet\s+)?\Z|(?:没有?|不再?|无|未)\Z",
    re.I,
)
"""Right before the words: "it does not rain", 没下雨."""


def only_looks(text: str) -> bool:
    """Whether a text says how a picture looks and nothing that is in it: "Slow motion, 4K.", "Low angle."."""
    if len(text) > 200:
        return False
    rest = _lower("look")["words"].sub(" ", lower := text.lower())
    return rest != lower and not re.search(r"\w", rest)


@lru_cache(maxsize=1024)
def only_opens(text: str) -> bool:
    """Whether a fragment tells when, or how large, and nothing that is in the picture that it opens: "Night.",
    "Summer, 1969.", "Wide aerial shot at sunset.", 深夜。"""
    if len(text) > 60 or text.count(" ") > 7:
        return False
    rest = _lower("season")["words"].sub(" ", lower := text.lower())
    for table in ("time", "size"):
        rest = _any_of(table).sub(" ", rest)
    if rest == lower:
        return False
    rest = _lower("look")["words"].sub(" ", rest)
    return not re.search(r"\w", _VIEW.sub(" ", rest))


_VIEW = re.compile(
    r"\b(?:an?|the|in|extreme|wide|medium|close|long|full|shot|view|low|high|next|following|that|this|same)\b"
)
"""What is left of the words for a view when they are read apart: "wide [aerial shot]"."""


def find_kind(table: str, text: str) -> str | None:
    """Which kind of a table (focus, composition, sound) a text speaks of."""
    lower = text.lower()
    return next((kind for kind, words in _lower(table).items() if words.search(lower)), None)


_FINDERS = {"size": "size", "angle": "angle", "framing": "framing"}


def named(table: str, words: str, allowed: Collection[str]) -> str | None:
    """The plan's name for what a cell says: "CU", "close-up" and "特写" are close_up."""
    plain = re.sub(r"[\s_-]+", "_", words.strip().lower()).strip("_.。")
    plain = re.sub(r"(?<=[a-z])\.(?=[a-z])", "", plain)  # M.S.
    if plain in allowed:
        return plain
    short = rules()["short"].get(table, {})
    spaced = plain.replace("_", " ")
    for candidate in (spaced, re.sub(r" ?(?:shot|view|angle|镜头|角度)$", "", spaced)):
        if candidate in short:
            return str(short[candidate])
    if table in _FINDERS:
        found = _first(words, table)
        return found.value if found else None
    if table == "transition" and find_kind(table, words) == "fade_out":
        return "fade"
    return find_kind(table, words) if table in ("focus", "transition") else None
