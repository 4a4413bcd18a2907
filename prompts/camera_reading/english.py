"""Which English words of a text mean a camera move: verbs, their ways, and who does them.

Reads clause by clause.  A verb of film needs no subject ("pan left"), any other needs the camera as
its subject ("the camera rises"); with another subject neither counts ("she pans for gold").
Try: python -m pytest tests/prompts/test_camera_words.py
"""
# ruff: noqa: RUF001  (Chinese punctuation is meant)

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from shotwright.prompts.camera_reading.candidates import candidates
from shotwright.prompts.camera_reading.ellipsis import elliptic
from shotwright.prompts.camera_reading.lexicon import Found, words
from shotwright.prompts.camera_reading.modifiers import FOCAL
from shotwright.prompts.camera_reading.negation import is_denied
from shotwright.prompts.camera_reading.rules import accepted
from shotwright.prompts.camera_reading.subjects import State, who_moves
from shotwright.prompts.camera_reading.tables import (
    OBJECT,
    REACH,
    Clause,
    Verb,
    tables,
    without_lookalikes,
)
from shotwright.prompts.camera_reading.taken_back import without_asides
from shotwright.prompts.camera_reading.ways import way_after, way_before

_BOUNDARY = re.compile(
    r"(?:(?<!\d)[.:]|[.:](?!\d)|[,;!?()\[\]\"“”\n—–…|+\0，。；：！？、（）【】])+|(?<!\bw)/+|\s-+\s|->|→"
    r"|\b(?:and\s+then|(?:and\s+)?after\s+(?:that|this|which)|and|then|while|whilst|as|when|before|after|until|but|that|which|who|whose|where|because|so|"
    r"once|plus|or|nor|whereas|if)\b"
    r"|\bwith(?=\s+(?:the|our|a)\s+(?:\w+\s+)?(?:camera|lens|shot|frame)\b)"
)


def read(text: str, *, explicit: bool) -> list[Found]:
    """Every move that the words name, denied ones included, in order; specials as in `Found`.

    text: as `plain` makes it; explicit: the text speaks of the camera and nothing else.
    """
    if not explicit and not tables().stems.search(text):
        return []
    masked = without_asides(without_lookalikes(text, places=not explicit))
    found: list[Found] = []
    state = State()
    waiting = candidates(masked)
    for clause in _clauses(masked):
        state.enter(masked, clause)
        if _AT_HEAD.search(masked, max(0, clause.start - 20), clause.start):
            state.led_into(masked, clause)
        mine = []
        while waiting and waiting[-1].start < clause.end:
            mine.append(waiting.pop())
        found += _read_clause(masked, clause, mine, state, explicit, found)
    if _ON_CRANE.search(masked):
        lifts = {"pedestal_up": "crane_up", "pedestal_down": "crane_down"}
        found = [replace(f, move=lifts.get(f.move, f.move)) for f in found]
    return [replace(f, denied=f.denied or is_denied(masked, f, found)) for f in found]


def _clauses(text: str) -> Iterator[Clause]:
    start, link = 0, ""
    for match in _BOUNDARY.finditer(text):
        yield Clause(start, match.start(), link)
        link = match.group().strip() or ","
        start, link = match.end(), "then" if link.startswith(_AFTER) else link
    yield Clause(start, len(text), link)


_AT_HEAD = re.compile(
    r"(?:^|[.!?;:\n])\s*(?:(?:right|just|only|[a-z]+ly)\s+)?(?:after|once|before|while|when|as)?\s*$"
)
"""Where a sentence begins: "After circling her, the camera ..."."""
_BY_MEANS = re.compile(r"\b(?:by|via|on|using)\s+(?:means\s+of\s+)?(?:a\s+|the\s+)?(?:[a-z]+\s+)?$")
_ON_CRANE = re.compile(
    r"\b(?:on|from|with|by|off)\s+(?:a|the|our)?\s*(?:camera\s+)?(?:crane|jib|technocrane|boom\s+arm)\b(?!\s+(?:hook|cabin|driver))"
)
_A_MOVE_OF_IT = re.compile(r"\s+(?:moves?|movement|motion)")
""" "a crane move down": no second verb."""
_AFTER = ("after that", "after this", "after which", "and after")


def _read_clause(
    text: str,
    clause: Clause,
    hits: list[Found | Verb],
    state: State,
    explicit: bool,
    before: list[Found],
) -> list[Found]:
    """The moves of one clause; before: those of the clauses before it."""
    found: list[Found] = []
    taken = clause.start
    for place, hit in enumerate(hits):
        if hit.start < taken:
            continue
        if isinstance(hit, Found):
            turning = (found or before)[-1:]
            if (
                hit.move.startswith("orbit")
                and turning
                and turning[0].family in ("pan", "turn", "rotate")
            ):
                continue  # "pans a full 360 degrees around the cave"
            found.append(_turned(text, hit, clause))
        else:
            # a way belongs to the verb before it, not to one further on
            limit = next(
                (
                    c.start
                    for c in hits[place + 1 :]
                    if isinstance(c, Verb) and not _A_MOVE_OF_IT.fullmatch(text, hit.end, c.end)
                ),
                clause.end,
            )
            last = found[-2:] or before[-4:]
            made = _move(
                text,
                hit,
                clause,
                taken,
                limit,
                state,
                explicit,
                bool(found),
                last,
            )
            if made is None:
                continue
            whole = found or before
            told = _how_it_goes(text, clause, hit, made, whole[-1]) if whole else None
            if told:
                whole[-1] = told
                taken = max(end for _, end in told.spans)
                continue
            found.append(made)
        taken = max(end for _, end in found[-1].spans)
        if state.subject in (None, "thing"):
            state.subject = state.main = "camera"  # what follows a command goes on with it
    if not found and before:
        again = elliptic(text, clause, before[-1])
        if again and clause.link == "," and _sideless(text, before[-1]):
            # "an arc shot around the couple, clockwise" is one move
            spans = (*before[-1].spans, *again.spans)
            before[-1] = replace(before[-1], move=again.move, spans=spans, assumed=False)
            return []
        return [again] if again else []
    return found


def _how_it_goes(text: str, clause: Clause, hit: Verb, made: Found, last: Found) -> Found | None:
    """The move before this one where this one only tells which way round it goes ("a half circle
    around it, moving left") or by what means ("creeps in by slow zoom").
    """
    spans = (*last.spans, *made.spans)
    if (
        hit.form == "ing"
        and clause.link in (",", "and")
        and made.family in ("travel", "turn", "rotate")
        and last.move.startswith("orbit")
        and _sideless(text, last)
        and made.move.endswith(("left", "right", "cw"))
    ):
        side = "left" if made.move.endswith(("left", "_cw")) else "right"
        return replace(last, move="orbit_" + side, spans=spans)
    optical = hit.family == "zoom" and last.start >= clause.start
    if optical and last.move in _DOLLIES and _BY_MEANS.search(text, last.end, hit.start):
        return replace(last, move=last.move.replace("dolly", "zoom"), spans=spans)
    tilted = (
        hit.family == "tilt"
        and last.move.startswith("pedestal")
        and last.family != "pedestal"  # a term of film, and a move of its own
        and last.start >= clause.start
    )
    if tilted and _WITH_A.search(text, last.end, hit.start) and made.move[4:] == last.move[8:]:
        return replace(last, move=made.move, spans=spans)  # "climbs the tower with an upward tilt"
    return None


_WITH_A = re.compile(r"\b(?:with|in|by)\s+(?:a|an|one)\s+(?:[a-z]+\s+){0,3}$")
_DOLLIES = ("dolly_in", "dolly_out")
_SINKING = ("pedestal_down", "crane_down")


def _sideless(text: str, hit: Found) -> bool:
    told = " ".join(text[start:end] for start, end in hit.spans)
    return hit.family in (*SIDED, "orbit") and not _SIDE.search(told)


_SIDE = re.compile(r"\b(?:left|right|up|down|in|out|clockwise|ccw|cw|forward|back|east|west)")


def _entry(family: str) -> dict[str, Any]:
    """What the word file says of a family; of an idiom (".tilt_up") its one move."""
    move = family.removeprefix(".")
    ways = words()["en"]["orbit"]["ways"] if move.startswith("orbit") else {}
    idiom = {"strength": 0, "ways": ways, "none": move}
    entry: dict[str, Any] = words()["en"].get(family, idiom)
    return entry


def _turned(text: str, term: Found, clause: Clause) -> Found:
    """A tracking shot "to the left" or "forward" is a truck or a dolly."""
    if term.move == "roll_cw" and not _SIDE.search(text, term.start, term.end):
        side, where = way_after(text, term.end, clause.end, words()["en"]["roll"]["ways"])
        if side in ("left", "ccw") and where:  # "dutch the camera 15 degrees to the left"
            return replace(term, move="roll_ccw", spans=(*term.spans, where))
    if term.move != "follow":
        return term
    way, span = way_before(text, clause.start, term.start)
    if way is None:
        way, span = way_after(text, term.end, clause.end, words()["en"]["track"]["ways"])
    ways = words()["en"]["track"]["ways"]
    if way == "side":  # "a lateral tracking shot to the left"
        told, where = way_after(text, term.end, clause.end, ways)
        way, span = (told, where) if told in ("left", "right") else (way, span)
    move = ways.get(way) if way else None
    if move is None or span is None:
        return term
    return replace(term, move=move, spans=(*term.spans, span), assumed=way == "side")


def _move(
    text: str,
    verb: Verb,
    clause: Clause,
    taken: int,
    limit: int,
    state: State,
    explicit: bool,
    later: bool,
    before: list[Found],
) -> Found | None:
    """What a verb says that the camera does, or None; taken: where the words before it end; before:
    the last moves before it.
    """
    entry = _entry(verb.family)
    ways: dict[str, str] = entry["ways"]
    if before and verb.form == "ing" and _US.match(text, verb.end):
        return None  # "the lens tightens, drawing us to the face"
    if _LIKE_A.search(_said_before(text, verb)) or _GEAR_IN_HAND.search(_said_before(text, verb)):
        return None
    if verb.family == "orbit" and _A_FIGURE.match(text, verb.end):
        return None  # "a half circle orbit"
    if verb.family == "hold" and _HELD.match(text, verb.end):
        return None
    if verb.family == "travel" and _ELSEWHERE.match(text, verb.start):
        return None
    if entry["strength"] < 2 and tables().named_move.match(text, verb.end):
        return None  # "eases into a tilt": the tilt is the move
    way, span = way_after(text, verb.end, limit, ways)
    if way is None and verb.form != "s":
        way, span = way_before(text, taken, verb.start)
        way = way if way in ways else None
    if way in ("along", "toward") and verb.form == "base":
        ahead, where = way_before(text, taken, verb.start)
        if ahead in ("left", "right", "in", "out") and ahead in ways:
            way, span = ahead, where  # "a leftward slide past the mirrors"
    side = _RIGHT_AWAY.match(text, verb.end) if verb.family in ("pan", "truck") else None
    if verb.family in ("dolly", "travel"):
        side = _RIGHT_BEHIND.match(text, verb.end)
    if side and way != "right":
        way, span = "right", side.span("way")  # "pan right into the kitchen"
    pre = text[max(taken, verb.start - 2 * REACH) : verb.start]
    close = not verb.family.startswith(".") and _objects(text, verb, way, span)
    if way and way.startswith("around_"):
        move = words()["en"]["orbit"]["ways"][way.removeprefix("around_")]
    else:
        move = ways[way] if way else entry.get("none")
    if move == "tilt_up" and way is None and before and before[-1].move in _SINKING:
        move = "tilt_down"  # "drifts down, tilting slowly" looks where it goes
    focal = FOCAL.search(text, verb.start, clause.end) if verb.family == "zoom" else None
    if focal and way not in ("in", "out"):
        move = "zoom_in" if float(focal["from"]) < float(focal["to"]) else "zoom_out"
        return Found(move, verb.start, verb.end, ((verb.start, verb.end),), verb.family)
    if way in ("cw", "ccw") and _PICTURE.search(pre):
        # `generator.camera` rolls the camera, and the picture turns the other way
        move = {"roll_cw": "roll_ccw", "roll_ccw": "roll_cw"}.get(str(move), move)
    if move is None and (explicit or before or state.subject == "camera"):
        ends = before and _THEN_BARE.search(pre) and _ENDS.match(text, verb.end)
        bare = ends or (verb.family != "roll" and _BARE.match(text, verb.end) and _WE.search(pre))
        alone = explicit and _MANNERED.fullmatch(pre) and _BARE.match(text, verb.end)
        noun = alone or (_A_MOVE.search(pre) and verb.form == "base")
        move = _NOUNS.get(verb.family) if noun or bare else None
    if move is None or (way is None and verb.family == "zoom" and _PASSING.match(text, verb.end)):
        return None
    spans = ((verb.start, verb.end), *((span,) if way and span else ()))
    assumed = way in ("along", "side") or (way is None and verb.family in SIDED)
    found = Found(move, verb.start, verb.end, spans, verb.family, assumed)
    if explicit and _of_others(text, verb, way, pre, entry):
        return None
    told = (verb.end, clause.end) if verb.form == "ed" else (0, 0)
    if tables().by_camera.search(text, *told):
        return found  # "she is followed by the camera"
    if explicit or is_denied(text, found, before):
        return found
    if (
        verb.form == "ing"
        and taken == clause.start
        and verb.family == "track"
        and _PRINTS.match(text, verb.end)
    ):
        return None
    if verb.form == "ing" and taken == clause.start and _PLURAL.match(text, verb.end):
        return None  # "Orbiting satellites drift": a thing is named so
    who = who_moves(pre, state, later, verb.form == "s")
    held = before and before[-1].move == "handheld" and not before[-1].denied
    if held and who == "goes on" and verb.family == "follow" and verb.form == "ing":
        return found  # "I want it handheld, following her"
    if way is None and verb.family in _NOUNS:
        return found if who in ("named", "camera", "goes on") else None
    goes_along = verb.form == "ing" and not _IN_THE_END.search(pre) and state.link != "then"
    if verb.family == "follow" and goes_along and before and before[-1].family in _TURNS:
        return None  # "tilts up, following the kite"
    if (
        later
        and verb.family in ("follow", "chase", "hold", "keep", "track")
        and (re.search(r"\bto\s*$", pre) or (verb.form == "ing" and verb.family == "hold"))
    ):
        return None  # "tilts up to follow the kite" is a tilt
    return found if accepted(text, verb, way, close, who, pre, entry, state) else None


_RIGHT_AWAY = re.compile(
    r"\s+(?:slowly\s+|quickly\s+)?(?P<way>right)\s+(?:into|through|toward|towards|onto|past|up\s+to|across)\b"
)
_RIGHT_BEHIND = re.compile(
    r"\s+(?:slowly\s+|quickly\s+)?(?P<way>right)\s+behind\s+(?:the|a|some)\s+(?:[a-z]+\s+)?[a-z]+s\b"
)
"""What stands in a row is passed on the right, what runs is followed: "right behind the shelves"."""
_A_FIGURE = re.compile(r"\s+(?:orbits?|arcs?|revolutions?)\b")
_PICTURE = re.compile(r"\b(?:image|picture|video|screen)\s+(?:[a-z]+ly\s+|is\s+|then\s+)*$")
_IN_THE_END = re.compile(r"\b(?:finally|eventually|lastly|then|before|now)\s+(?:[a-z]+ly\s+)?$")
_US = re.compile(r"\s+(?:us|the\s+viewer|the\s+audience|the\s+eye)\b")


def _said_before(text: str, verb: Verb) -> str:
    """The words before a verb, as far as one looks for what they make of it."""
    return text[max(0, verb.start - 40) : verb.start]


_LIKE_A = re.compile(
    r"(?<!more\s)(?<!would\s)(?<!'d\s)(?<!we\s)(?<!\bi\s)\blike\s+(?:a|an|the)\s+(?:[a-z]+\s+)?$"
)
_GEAR_IN_HAND = re.compile(
    r"\b(?:push|pull|roll|wheel|carr|rent|load|build|lay|assembl|unload|return|hir)(?:y|ies|es|s|ed|ied|ing|e)?\s+(?:a|an|the|his|her|their)\s+$"
)
"""Equipment that somebody handles: "the crew pushes a dolly down the corridor"."""
_HELD = re.compile(
    r"\s+(?:the\s+|this\s+|that\s+|your\s+|its\s+)?(?:altitude|height|speed|course|heading|distance|nothing|no|focus|attention|breath|hands?)\b"
)
"""What is held while the camera moves: "yaw left, hold altitude"."""
_ELSEWHERE = re.compile(
    r"(?:go|goes|going|went|come|comes|coming|get|gets)\s+(?:back\s+)?(?:to|from)\b(?!\s+(?:the\s+)?(?:left|right))"
)
"""Where a programme goes: "we go to commercials"."""
_BARE = re.compile(r"\s*(?:[.,;]|$|(?:until|and)\b)")
_THEN_BARE = re.compile(r"^\W*(?:then\W+)?(?:(?:very|just|ever)\s+|so\s+|[a-z]+ly\W+)*$")
_ENDS = re.compile(r"\s*(?:[.;!]|$)")
_WE = re.compile(r"\b(?:we|camera|lens)\s+(?:[a-z]+ly\s+|then\s+)*$")
"""Who pushes, with no way named: "we push until it fills the frame"."""
_NOUNS = {"push": "dolly_in", "pull": "dolly_out", "roll": "roll_cw"}
_MANNERED = re.compile(
    r"\W*(?:camera\W+)?(?:(?:[a-z]+ly|slow|fast|quick|gentle|slight|subtle|smooth|steady)\s+)+"
)
"""All that a cell for the camera says before a move: "slow push"."""
_A_MOVE = re.compile(
    r"\b(?:(?:just|only|except\s+for|with|but|and)\s+(?:a|an|one)|(?:a|an|one)\s+(?:[a-z]+ly\s+)?"
    r"(?:slow|gentle|slight|subtle|smooth|gradual|steady|soft|small|tiny|quick|fast|long|final|single|barely\s+perceptible|"
    r"imperceptible|creeping|continuous))\s+(?:slow\s+|gentle\s+|slight\s+|smooth\s+)*$"
)
"""Before a push or a pull without a way, where the text speaks of the camera."""
_PRINTS = re.compile(
    r"\s+(?:[a-z]+\s+)?(?:prints?|footprints?|scents?|numbers?|parcels?|orders?)\b"
)
_PLURAL = re.compile(
    r"\s+(?!shots|moves|movements|always|camera|[a-z]+wards|sideways)[a-z]{3,}[^s\W]s\s+(?!in|on|at|to|from|with|across|along|around|as|and|or|"
    r"through|over|up|down|left|right|past|towards?|into|by|slowly|while|then|of)[a-z]+"
)


def _of_others(text: str, verb: Verb, way: str | None, pre: str, entry: dict[str, Any]) -> bool:
    """Whether a camera text speaks of somebody else here: "as he drops", "he sees the drop"."""
    if re.search(r"\b(?:he|she|they|who|someone|everyone|people)\s+(?:[a-z]+ly\s+)?$", pre):
        return True
    noun = re.search(r"\b(?:the|his|her|their|its|this|that)\s+$", pre)
    return bool(noun) and entry["strength"] == 0 and way is None and verb.form == "base"


_PASSING = re.compile(r"\s+(?:past|by|off|along|around|across|down|up)\b")
"""Where cars zoom."""
_TURNS = (
    "pan",
    "tilt",
    "zoom",
    "whip",
    "travel",
    "truck",
    "dolly",
    "push",
    "pull",
    "rise",
    "sink",
    "crane",
    "look",
    "turn",
    "sweep",
)
SIDED = ("pan", "tilt", "truck", "dolly", "rotate", "pedestal")
"""Families that are not told apart from a noun, or have no side of their own, without a way."""


def _objects(text: str, verb: Verb, way: str | None, span: tuple[int, int] | None) -> bool:
    """Whether the verb takes an object as other things do: "pulls out a chair", "the truck left the
    yard".
    """
    if span is None or way is None:
        return bool(OBJECT.match(text, verb.end))
    word = text[span[0] : span[1]].split()[-1]
    if word in ("in", "out", "back", "off", "up", "down", "left", "right", "away"):
        return bool(OBJECT.match(text, span[1]))
    return False
