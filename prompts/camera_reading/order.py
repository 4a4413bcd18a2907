"""Which moves of a text run together, which come one after another, and which say the same.

Knows the words of order (then, while, before), nothing of how moves are recognised.
"""
# ruff: noqa: RUF001, RUF002  (Chinese punctuation is meant)

import re
from dataclasses import replace
from functools import cache
from itertools import pairwise

from shotwright.generator.camera import PRESET_NAMES
from shotwright.prompts.camera_reading.lexicon import Found, words
from shotwright.prompts.camera_reading.taken_back import without_taken_back


def in_turns(flat: str, asked: list[Found]) -> list[list[Found]]:
    """The moves asked for as groups that run together, in the order in which they are made; a
    repetition, a stillness beside moves, a tripod under them and what is taken back are left out.
    """
    asked = without_taken_back(flat, asked)
    if any(f.move not in ("static", "rack_focus") for f in asked):
        asked = [f for f in asked if f.move != "static" or not _only_mounted(flat, f)]
    kept: list[Found] = []
    later, together = _connectives()
    named = bool(_HITCHCOCK.search(flat))
    before = 0
    for found in asked:
        if kept and not later.search(flat, before, found.start):
            joined = bool(together.search(flat, before, found.start))
            kept[-1:] = _merged(kept[-1], found, joined, named)
        else:
            kept.append(found)
        before = found.end
    groups = _groups(flat, kept)
    moving = [
        [
            found
            for found in group
            if found.move != "static" or all(o.move in ("static", "rack_focus") for o in group)
        ]
        for group in groups
    ]
    steady: list[list[Found]] = []
    for group in filter(None, moving):
        said = {f.move for f in (*group, *(steady[-1] if steady else ()))}
        if steady and said in ({"static"}, {"handheld"}):
            steady[-1] = [*steady[-1], *group]  # said twice
        else:
            steady.append(group)
    return _unmade([_whole(_once(group)) for group in steady])


def _only_mounted(flat: str, hit: Found) -> bool:
    """Whether a stillness is a tripod named beside a move: "50mm, tripod, pan left"; not one that
    has its own time: "a still tripod frame for three seconds, then a push in".
    """
    said = flat[hit.start : hit.end]
    timed = _THEN.search(flat) or _TIMED.search(flat)
    return bool(_MOUNT.search(said)) and not (_STILL.search(said) and timed)


def _whole(group: list[Found]) -> list[Found]:
    """A group with a dolly zoom without the two moves that it is made of."""
    if not any(f.move == "dolly_zoom" for f in group):
        return group
    whole = next(f for f in group if f.move == "dolly_zoom")
    return [f for f in group if f is whole or f.move not in _DOLLY_ZOOM]


def _unmade(groups: list[list[Found]]) -> list[list[Found]]:
    """The groups without one that only tells how a dolly zoom beside it is made: "zoom in while
    dollying out: a proper dolly zoom".
    """
    if not any(f.move == "dolly_zoom" for group in groups for f in group):
        return groups
    made = {"dolly_zoom", "zoom", "dolly"}
    kinds = [
        {f.move if f.move == "dolly_zoom" else f.move.partition("_")[0] for f in g} for g in groups
    ]
    return [g for g, kind in zip(groups, kinds, strict=True) if kind != made - {"dolly_zoom"}]


_DOLLY_ZOOM = ("dolly_zoom", "dolly_in", "dolly_out", "zoom_in", "zoom_out")


def _once(group: list[Found]) -> list[Found]:
    """A group with one stillness and one shaking, however often they are said."""
    kept: list[Found] = []
    for found in group:
        again = next((k for k in kept if k.move == found.move in ("static", "handheld")), None)
        if again is None:
            kept.append(found)
        else:
            kept[kept.index(again)] = replace(again, spans=(*again.spans, *found.spans))
    return kept


def _merged(one: Found, other: Found, joined: bool, named: bool) -> list[Found]:
    """Two hits as one where they say the same: "a tracking shot follows", "a crane shot descends"; joined: a
    "while" stands between; named: the text speaks of Hitchcock ("his old trick, dollying in while zooming out").
    """
    spans = (*one.spans, *other.spans)
    if (
        one.move.startswith("orbit")
        and other.move.startswith("orbit")
        and other.family == "orbit_right"
    ):
        return [replace(one, spans=spans)]  # 绕着古塔向左环绕 and 边绕边上升
    kind = one.move.partition("_")[0]
    if (
        one.assumed
        and not other.assumed
        and kind == other.move.partition("_")[0] in (*_SIDED, "truck")
    ):
        return [replace(other, start=one.start, spans=spans)]  # "a lateral slide, leftwards"
    if other.assumed and not one.assumed and kind == other.move.partition("_")[0] in _SIDED:
        return [replace(one, spans=spans)]  # "tips downward, a sixty degree tilt"
    if one.move == other.move:
        return [replace(one, spans=spans)]
    if {one.move, other.move} in (
        {"dolly_in", "zoom_out"},
        {"dolly_out", "zoom_in"},
    ) and one.family != "widen":
        return [replace(one, move="dolly_zoom", spans=spans)] if joined and named else [one, other]
    if one.family == "widen" and other.move in ("dolly_out", "pedestal_up", "crane_up"):
        return [other]  # "the view widens as the camera withdraws"
    if one.move.startswith("crane") and other.move.startswith("pedestal"):
        return [replace(one, move=other.move.replace("pedestal", "crane"), spans=spans)]
    return [one, other]


@cache
def _connectives() -> tuple[re.Pattern[str], re.Pattern[str]]:
    listed = words()["connect"]
    english = listed["en"].replace(" ", r"\s+")
    return (
        re.compile(
            rf"\b(?:{english})\b|(?:{listed['zh']})|;|；|->|→|[.。](?!\d)|[\]】]|\}},\s*\{{"
        ),
        re.compile(
            rf"\b(?:{'|'.join(w for w in listed['together'].split('|') if w.isascii())})\b|"
            + "|".join(w for w in listed["together"].split("|") if not w.isascii()).replace(
                " ", r"\s+"
            )
        ),
    )


def _groups(flat: str, found: list[Found]) -> list[list[Found]]:
    """Moves that run together; a "then" begins the next group, and so does what undoes a move."""
    later, together = _connectives()
    gaps = [flat[one.end : other.start] for one, other in pairwise(found)]
    in_order = bool(_IN_ORDER.search(flat)) or (
        len(gaps) > 1 and all(_COMMANDS.fullmatch(gap) for gap in gaps)
    )
    groups: list[list[Found]] = []
    for place, hit in enumerate(found):
        if groups:
            # "push in, pan right, then tilt up" is three in turn
            following = found[place + 1].start if place + 1 < len(found) else hit.end
            listed = _THEN.search(flat, hit.end, following) and _COMMA.fullmatch(
                flat,
                flat.rfind(",", 0, hit.start)
                if "," in flat[groups[-1][-1].end : hit.start]
                else hit.start - 1,
                hit.start,
            )
            between = flat[groups[-1][-1].end : hit.start]
            same = _last(together, between) > _last(later, between)
            listed_bare = _BARE.fullmatch(flat, max(e for _, e in groups[-1][-1].spans), hit.start)
            undone = not listed_bare and any(_opposed(other.move, hit.move) for other in groups[-1])
            whips = not same and (
                hit.family.startswith("whip") or groups[-1][-1].family.startswith("whip")
            )
            arrived = _ARRIVES.search(between) or _AT_LAST.match(flat, hit.end)
            holds = _HOLDS.match(flat, hit.start) and not same and hit.move == "static"
            turn = _turn(flat, groups[-1][-1], hit)
            if turn < 0:
                groups.insert(-1, [hit])
                continue
            if (
                not undone
                and not whips
                and not (listed or in_order)
                and not holds
                and not turn
                and (same or not (later.search(between) or arrived))
            ):
                groups[-1].append(hit)
                continue
        groups.append([hit])
    return groups


def _turn(flat: str, one: Found, other: Found) -> int:
    """1 where the text says that one comes before the other, -1 after it, 0 where it does not say so: "after
    pushing in, tilt up", "before pushing in, tilt up", "tilt up after pushing in", 推近之前，先上摇.
    """
    before = flat[max(0, one.start - 40) : one.start]
    between = flat[one.end : other.start]
    if _ENUMERATED.search(between):
        return 1
    led = _LED.search(before)
    if led and re.search(r"[,，]|\bit\s+$", between):
        return -1 if led.group("word") in ("before", "prior to") else 1
    if re.search(r"^[^，,到至]{0,6}(?:之前|以前)[，,]", between):
        return -1
    return (
        -1
        if re.search(
            r"\bafter\s+(?:(?:the\s+camera|it|we|you)\s+)?(?:ha(?:s|ve|ving)\s+)?(?:\w+ly\s+)?$",
            between,
        )
        else 0
    )


_ENUMERATED = re.compile(
    r"(?:^|[\s,(（，])(?:\d\s*[).）、:]|[②③④⑤]|(?:第[二三四]|其次))|\b(?:second|third)(?:ly)?\s*[,:]|»|=>|\s>\s"
)
_LED = re.compile(
    r"(?:^|[.;,!?]\s*|\bthen\s+)(?:\w+ly\s+|just\s+|right\s+)?(?P<word>before|prior\s+to|after|once|having)\s+[^,.;]*$"
)
_HOLDS = re.compile(
    r"(?:(?:then|and|,)\s*)*(?:(?:the\s+)?(?:camera|shot|it)\s+)?(?:holds?|stops?|freezes?|stays?|lingers?|locks?|comes?\s+to|rests?|settles?)\b(?!\s+(?:with|close|low|tight|behind))|停|定|静"
)
_ARRIVES = re.compile(
    r"\bto\s+(?!the\s+(?:left|right)|left|right|reveal|show|follow|find)[a-z' ]+(?:\band\b|,\s*$)|[到至][^，。]{1,12}并"
)
"""A move that is told where it ends has ended when the next one begins."""


_HITCHCOCK = re.compile(r"hitchcock|vertigo|zolly|jaws|希区柯克|眩晕")
_SIDED = ("pan", "tilt", "roll")
_MOUNT = re.compile(r"tripod|sticks|三脚架")
_AT_LAST = re.compile(r"[^,.;，。；]{0,12}\b(?:at\s+the\s+(?:very\s+)?end|at\s+last)\b")
_IN_ORDER = re.compile(
    r"\bin\s+(?:that|this)\s+order\b|\bone\s+after\s+(?:the\s+other|another)\b|依次|按顺序|按这个顺序"
)
_COMMANDS = re.compile(
    r"[^,.;]*\b(?:to|from|on|at|across|past|over|into|towards?|off|along|around|through|up|down|of)\s+\w[^,.;]*,\s*(?:and\s+)?"
)
"""What stands between commands in a list: "tilt up from the mat, pan left to the window, push in on the boy"."""
_STILL = re.compile(r"still|static|locked|fixed|固定|静")
_TIMED = re.compile(r"\b(?:until|once|when|before|after|end(?:s|ing)?|go(?:es)?\s+to)\b|直到|等")
_THEN = re.compile(r"\b(?:then|finally|lastly)\b|然后|最后")
_BARE = re.compile(r"\s*[,，、]\s*")
_COMMA = re.compile(r"\s*[,，]\s*(?:slowly\s+|slow\s+)?")


def _last(pattern: re.Pattern[str], text: str) -> int:
    """Where the last match begins, -1 for none."""
    return max((m.start() for m in pattern.finditer(text)), default=-1)


def _opposed(one: str, other: str) -> bool:
    kind = one.partition("_")[0]
    return one != other and kind == other.partition("_")[0] and one not in PRESET_NAMES
