"""Coverage: what of a script a plan holds, and what a script supervisor would object to.

Knows text and plan, not who wrote the plan: the director's, an LLM's and a caller's are measured alike.
Try: python -m pytest tests/prompts/test_coverage.py
"""

import math
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from shotwright.prompts import pace
from shotwright.prompts.director.lexicon import is_without
from shotwright.prompts.language import CJK, split_sentences
from shotwright.prompts.shotplan import Shot, ShotPlan

MAX_LISTED = 200
"""Findings of a kind that a report lists."""


@dataclass(frozen=True)
class Line:
    """A sentence of the script and the shots that hold it; line counts from 1."""

    line: int
    text: str
    shots: tuple[str, ...]


@dataclass(frozen=True)
class Coverage:
    """A plan measured against its script.

    lines: every sentence; without_shot: those that no shot holds; unknown_characters: `{name,
    shot}`, who speaks or is named and is nobody of the plan; long_speeches: `{shot, character_id,
    text, speech_s, shot_s}`; direction_flips: `{shot, before, subject, was, is}`; absent_props: `{shot,
    prop}` that must be seen in a shot whose action is without them; planned_s, asked_s: the film's
    length, and the one asked for, if any.
    """

    lines: tuple[Line, ...]
    without_shot: tuple[Line, ...]
    unknown_characters: tuple[dict[str, Any], ...]
    long_speeches: tuple[dict[str, Any], ...]
    direction_flips: tuple[dict[str, Any], ...]
    absent_props: tuple[dict[str, Any], ...]
    planned_s: float
    asked_s: float | None

    def to_json(self) -> dict[str, Any]:
        """The report without the lines themselves."""
        difference = None if self.asked_s is None else round(self.planned_s - self.asked_s, 2)
        return {
            "lines": len(self.lines),
            "without_shot": [asdict(line) for line in self.without_shot[:MAX_LISTED]],
            "unknown_characters": list(self.unknown_characters[:MAX_LISTED]),
            "long_speeches": list(self.long_speeches[:MAX_LISTED]),
            "direction_flips": list(self.direction_flips[:MAX_LISTED]),
            "absent_props": list(self.absent_props[:MAX_LISTED]),
            "planned_s": self.planned_s,
            "asked_s": self.asked_s,
            "difference_s": difference,
        }


def cover(
    plan: ShotPlan,
    script: str = "",
    *,
    speakers: tuple[str, ...] = (),
    asked_s: float | None = None,
) -> Coverage:
    """Measures a plan.

    script: the text that it was made from, "" where there is none; speakers: the names that the
    script lets speak; asked_s: the length that was asked for.
    """
    lines = tuple(_lines(plan, script))
    return Coverage(
        lines=lines,
        without_shot=tuple(line for line in lines if not line.shots),
        unknown_characters=tuple(_unknown(plan, speakers)),
        long_speeches=tuple(_long_speeches(plan)),
        direction_flips=tuple(_flips(plan)),
        absent_props=tuple(
            {"shot": shot.id, "prop": prop}
            for shot in plan.shots
            for prop in shot.props
            if is_without(shot.action, prop)
        ),
        planned_s=round(math.fsum(shot.duration_s for shot in plan.shots), 2),
        asked_s=asked_s if asked_s is not None else plan.duration_s,
    )


def _lines(plan: ShotPlan, script: str) -> Iterator[Line]:
    """Sentences in order; each is looked for from where the one before was found."""
    spans = [(shot.id, _plain(shot.source or shot.action)) for shot in plan.shots]
    words = [set(_words(source)) for _, source in spans]
    number, at, place = 1, 0, 0
    for span in split_sentences(script):
        number += script.count("\n", at, span.start)
        at = span.start
        wanted = _plain(span.text)
        found = _holding(wanted, spans, words, place)
        if found:
            place = found[0]
        yield Line(number, span.text, tuple(spans[n][0] for n in found))


REACH = 12
"""Shots before and after the last one found in which a sentence is looked for first."""


def _holding(
    wanted: str, spans: list[tuple[str, str]], words: list[set[str]], place: int
) -> list[int]:
    """The shots that hold a sentence: word for word, else in parts, one after another."""
    near = range(max(0, place - 2), min(len(spans), place + REACH))
    whole = [n for n in near if wanted in spans[n][1]]
    if whole:
        # the same words may stand in several places: the first not yet passed
        return [next((n for n in whole if n >= place), whole[0])]
    content = set(_words(wanted))
    if not content:
        return [place] if spans else []
    for start in near:
        held: list[int] = []
        left = set(content)
        for n in range(start, min(len(spans), start + REACH)):
            hit = left & words[n]
            if not hit and held:
                break
            if hit and (len(hit) > 1 or len(left) == 1):
                held.append(n)
                left -= hit
            if not left:
                return held
    return [n for n, (_, source) in enumerate(spans) if wanted in source][:1]


def _unknown(plan: ShotPlan, speakers: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    known = {_key(name) for c in plan.characters for name in (c.id, c.name)}
    called = [set(name.split()) for name in known]

    def is_known(name: str) -> bool:
        """Maya is Detective Maya Chen; 小明 is no part of anybody."""
        words = set(_key(name).split())
        return _key(name) in known or (name.isascii() and any(words <= whole for whole in called))

    for name in dict.fromkeys(speakers):
        if not is_known(name):
            yield {"name": name, "shot": None}
    seen: set[str] = set()
    for shot in plan.shots:
        cast = {part.character_id for part in shot.cast}
        for speech in shot.dialogue:
            if speech.delivery == "on_screen" and speech.character_id not in cast:
                yield {"name": speech.character_id, "shot": shot.id}
        for match in _CUE.finditer(shot.action):
            name = match["name"] or match["zh"]
            if name.lower() in _NO_NAMES or name in seen:
                continue
            if not is_known(name):
                seen.add(name)
                yield {"name": name, "shot": shot.id}


_CUE = re.compile(
    r"\b(?P<name>[A-Z][a-z]+(?: [A-Z][a-z]+)?) (?:says|asks|whispers|shouts|replies|answers|yells|smiles|"
    r"laughs|cries|nods|walks|runs|looks|enters|sits|stands|turns)\b"
    rf"|(?<![{CJK}])(?P<zh>[{CJK}]{{2,3}})(?=说[：:])"  # noqa: RUF001
)


_NO_NAMES = ("he", "she", "it", "they", "everyone", "nobody", "someone", "who", "then", "camera")


def _long_speeches(plan: ShotPlan) -> Iterator[dict[str, Any]]:
    """Speech that takes longer than its shot; several speeches of a shot are said one after another."""
    for shot in plan.shots:
        takes = math.fsum(pace.speech_s(speech.text) for speech in shot.dialogue)
        if takes > shot.duration_s + 0.05:
            yield {
                "shot": shot.id,
                "character_id": shot.dialogue[0].character_id,
                "text": " / ".join(speech.text for speech in shot.dialogue)[:200],
                "speech_s": round(takes, 1),
                "shot_s": shot.duration_s,
            }


_AGAINST = {"left_to_right": "right_to_left", "right_to_left": "left_to_right"}


def _flips(plan: ShotPlan) -> Iterator[dict[str, Any]]:
    """A traveller that turns round, or somebody who changes sides, within a scene with nothing
    between; a shot towards or away from the camera is between.
    """
    ways: dict[tuple[str, str], tuple[str, str]] = {}
    sides: dict[tuple[str, str], tuple[str, str]] = {}
    for shot in plan.shots:
        way = shot.continuity.screen_direction
        for subject in _subjects(shot)[:1]:
            where = (shot.scene_id, subject)
            if way in ("towards", "away"):
                ways.pop(where, None)
            elif way is not None:
                before = ways.get(where)
                if before and _AGAINST.get(before[1]) == way:
                    yield _flip(shot, before[0], subject, before[1], way)
                ways[where] = (shot.id, way)
        for part in shot.cast:
            side = _side(part.position or "")
            if side is None:
                continue
            where = (shot.scene_id, part.character_id)
            known = sides.get(where)
            if known and known[1] != side:
                yield _flip(shot, known[0], part.character_id, known[1], side)
            sides[where] = (shot.id, side)


def _flip(shot: Shot, before: str, subject: str, was: str, now: str) -> dict[str, Any]:
    return {"shot": shot.id, "before": before, "subject": subject, "was": was, "is": now}


def _subjects(shot: Shot) -> list[str]:
    return [*(part.character_id for part in shot.cast), *shot.props] or [""]


def _side(position: str) -> str | None:
    left = bool(re.search(r"\bleft\b|左", position, re.I))
    right = bool(re.search(r"\bright\b|右", position, re.I))
    return None if left == right else "left" if left else "right"


CODES = (
    "line_without_shot",
    "unknown_character",
    "speech_too_long",
    "direction_flip",
    "absent_prop",
    "length_differs",
)
"""Codes of a report's warnings."""


def warnings_of(coverage: Coverage) -> list[dict[str, str]]:
    """The report's findings as warnings `{code, message}`, one a finding."""
    found: list[dict[str, str]] = []

    def warn(code: str, message: str) -> None:
        found.append({"code": code, "message": message})

    for line in coverage.without_shot[:MAX_LISTED]:
        warn("line_without_shot", f"No shot holds line {line.line}: {line.text[:120]!r}.")
    for one in coverage.unknown_characters[:MAX_LISTED]:
        where = f" of shot {one['shot']}" if one["shot"] else ""
        warn(
            "unknown_character",
            f"{one['name']}{where} is not among the plan's characters, or not in the shot's cast.",
        )
    for speech in coverage.long_speeches[:MAX_LISTED]:
        warn(
            "speech_too_long",
            f"The speech of shot {speech['shot']} takes {speech['speech_s']:g} s, the shot "
            f"{speech['shot_s']:g} s; make the shot longer or the speech shorter.",
        )
    for flip in coverage.direction_flips[:MAX_LISTED]:
        warn(
            "direction_flip",
            f"{flip['subject'] or 'The picture'} turns from {flip['was']} in shot {flip['before']} to "
            f"{flip['is']} in shot {flip['shot']}; keep the side, or put a neutral shot between.",
        )
    for absent in coverage.absent_props[:MAX_LISTED]:
        warn(
            "absent_prop",
            f"Shot {absent['shot']} is without {absent['prop']} and lists it among its props; leave one "
            "of them out.",
        )
    if coverage.asked_s is not None and abs(coverage.planned_s - coverage.asked_s) > 0.1:
        warn(
            "length_differs",
            f"The plan lasts {coverage.planned_s:g} s; {coverage.asked_s:g} s were asked for.",
        )
    return found


def words_lost(script: str, plan: ShotPlan) -> list[str]:
    """The words, numbers and Chinese characters of a script that a plan holds less often than it."""
    held: Counter[str] = Counter()
    for shot in plan.shots:
        held.update(_words(shot.source))
    asked = Counter(_words(script))
    return [word for word, times in asked.items() if held[word] < times]


def words_unfilmed(script: str, plan: ShotPlan) -> list[str]:
    """The words of a script that stand in no field which is filmed or heard: what is seen, said,
    heard, where, when and how the camera goes.
    """
    held = set(_words(f"{plan.title} {plan.logline or ''} {plan.style}"))
    for shot in plan.shots:
        fields = (shot.action, shot.sound, shot.lighting, shot.weather, shot.time_of_day)
        held.update(w for text in fields if text for w in _words(text))
        held.update(w for speech in shot.dialogue for w in _words(speech.text))
        held.update(w for speech in shot.dialogue for w in _words(speech.parenthetical or ""))
    for scene in plan.scenes:
        held.update(_words(scene.slugline))
    for character in plan.characters:
        held.update(_words(f"{character.name} {character.static_features}"))
    return [word for word in dict.fromkeys(_words(script)) if word not in held]


_TOKEN = re.compile(rf"[{CJK}]|\d+(?:[.,:]\d+)*|[^\W\d_{CJK}]+(?:['\u2019-][^\W\d_{CJK}]+)*")


def _words(text: str) -> list[str]:
    return [match.lower().replace("\u2019", "'") for match in _TOKEN.findall(text)]


def _plain(text: str) -> str:
    return " ".join(text.split())


def _key(name: str) -> str:
    return " ".join(_words(name)) or name.strip().casefold()
