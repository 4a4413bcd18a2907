"""How long shots last: what the script says, what a speech needs, and the asked length of the film."""
# ruff: noqa: RUF001  (Chinese punctuation is meant)

import math
import re
from dataclasses import dataclass
from typing import Any

from shotwright.prompts import pace
from shotwright.prompts.director.state import State
from shotwright.prompts.director.subjects import happens
from shotwright.prompts.readers import cells

BREATH_S = 0.5
"""Before and after a speech together, so that no word is cut off."""
_NUMBER = r"(\d+(?:\.\d+)?)"
_SECONDS = rf"{_NUMBER}[ -]*(?:seconds?|secs?|s)\b"
_SHOT = (
    re.compile(
        r"(?:\bfor|\blasting|\blasts|\bduration:?|\bholds?)\s*(?:about\s+|another\s+)?" + _SECONDS,
        re.I,
    ),
    # "(30s, red hair)" is an age
    re.compile(rf"[(\[]\s*(?:about\s+)?{_SECONDS}\s*[)\]]", re.I),
    re.compile(r"[(\[]\s*:(\d\d)\s*[)\]]"),  # (:03) in a two-column script
    re.compile(rf"(?:持续|时长|停留|长达|[（(\[【])\s*(?:约|[:：])?\s*{_NUMBER}\s*秒"),
)
_AGE = re.compile(r"\b[A-Z][\w'-]* \([2-9]0s\)\Z")
"""LENA (30s) is a woman and no shot."""
_FILM = (
    re.compile(
        rf"\b{_SECONDS}[ -]+(?:long\s+)?(?:[\w-]+\s+){{0,3}}?"
        r"(?:film|video|ad|advert|advertisement|commercial|clip|movie|spot|trailer|teaser|short|reel)\b",
        re.I,
    ),
    re.compile(
        rf"\b(?:film|video|ad|advert|advertisement|commercial|clip|movie|spot|trailer|teaser)\b[^.!?\n]{{0,60}}?,"
        rf"\s*(?:about\s+)?{_SECONDS}(?=\s*(?:[.!)\n]|$))",
        re.I,
    ),
    re.compile(
        rf"\btotal(?: length| duration| running time| run time)?(?: of| is|:)?\s*{_SECONDS}", re.I
    ),
    re.compile(rf"\b{_SECONDS} (?:in )?total\b(?!ly)", re.I),
    # ':30 TV', "TRT: :30"
    re.compile(
        r"(?<![\d:]):(\d\d)(?![\d:])(?=\s*(?:TV|radio|spot|ad|advert|commercial|film|video|pre-?roll|bumper)\b)"
        r"|\b(?:TRT|length|duration|run(?:ning)? time)\s*:\s*:(\d\d)\b",
        re.I,
    ),
    re.compile(rf"(?:总时长|全片|片长|总长|总共)\s*(?:约|为|是|[:：])?\s*{_NUMBER}\s*秒"),
    re.compile(
        rf"{_NUMBER}\s*秒钟?的?[^，。,.\n\d]{{0,8}}?(?:广告|短片|视频|影片|电影|宣传片|预告片|片子)"
    ),
)


_ONLY_LENGTH = re.compile(
    rf"\W*{_SECONDS} (?:in )?total\W*"
    rf"|\W*(?:in )?(?:the )?total(?: length| duration| running time| run time)?(?: of| is|:)?\s*{_SECONDS}\W*"
    rf"|\W*(?:总时长|全片|片长|总长|总共)\s*(?:约|为|是|[:：])?\s*{_NUMBER}\s*秒钟?\W*",
    re.I,
)


def only_length(sentence: str) -> bool:
    """Whether a sentence says how long the film is and nothing more: there is no picture in it."""
    return bool(_ONLY_LENGTH.fullmatch(sentence))


def asked_length(text: str) -> list[float]:
    """The lengths in seconds that a script asks of the whole film, each once, in order."""
    head = text[:20_000]
    found = [
        (match.start(), float(match[match.lastindex or 1]))
        for pattern in _FILM
        for match in pattern.finditer(head)
    ]
    return list(dict.fromkeys(seconds for _, seconds in sorted(found) if seconds > 0))


_ABOUT = re.compile(
    r"\W*(?:please |can you )?(?:(?:make|create|generate|produce|film|shoot|i want|we need|write)\s+)?(?:me\s+|us\s+)?"
    r"(?:an?|the|this|our)?\s*(?:[\w.-]+\s+){0,6}?"
    r"(?:film|video|ad|advert|advertisement|commercial|clip|movie|spot|trailer|teaser)\b"
    r"|\W*(?:请|帮我|我想要?)?(?:制作|生成|做|拍|创作|来)?(?:一[部个条支段]|这[部个条支段])?"
    r"[^，。,.]{0,16}?(?:广告|短片|视频|影片|电影|宣传片|预告片)",
    re.I,
)


_LEADS = re.compile(
    r"\s*,?\s*(?:of|about|with|showing|that shows|which shows|in which|where|featuring|starring|following|on|for)\s+"
    r"|\s*[，,。]?\s*(?:内容是|内容为|展示了?|展现了?|讲述了?|描绘了?|关于|主题是)?",
    re.I,
)
_ABOUT_ZH = re.compile(r"(?:关于|讲述|展示|描写)(?P<subject>[^，。]{1,20}?)的")


@dataclass(frozen=True)
class Logline:
    """A sentence that asks for a film.  story: where in it the story itself begins, its end where
    there is none; subject: what the film is about, for the pronouns after it.
    """

    story: int
    subject: str


def logline_of(sentence: str) -> Logline | None:
    """How a sentence asks for a film of a length: "A 20-second film about a lighthouse"; None for one
    that does not.

    What follows is the story where it stands after a colon, or says that something happens.
    """
    match = _ABOUT.match(sentence)
    if not match or not asked_length(sentence):
        return None
    about = _ABOUT_ZH.search(match.group())
    lead = _LEADS.match(sentence, match.end())
    begins = lead.end() if lead else match.end()
    colon = re.compile(r"[:：](?!\d)").search(sentence, match.end())
    head = sentence[begins : colon.start() if colon else len(sentence)]
    subject = (about["subject"] if about else head).strip(" .。")
    if colon and re.search(r"\w", sentence[colon.end() :]):
        rest = colon.end() + len(sentence[colon.end() :]) - len(sentence[colon.end() :].lstrip())
        return Logline(rest, subject)
    if not re.search(r"\w", head) or not happens(head):
        return Logline(len(sentence), subject)
    return Logline(begins, "") if lead and lead.group() else None


def plan_length(value: Any, state: State) -> float | None:
    """The length that a title page or a table's head gives."""
    if value is None:
        return None
    try:
        return float(value) if isinstance(value, int | float) else cells.number(str(value))
    except ValueError:
        state.warn(
            "not_understood", f"The length {str(value)[:80]!r} is no number of seconds; left out."
        )
        return None


def told_seconds(text: str, state: State) -> float | None:
    """The seconds that a shot's own words name; the first of several."""
    found = [
        float(m[1])
        for pattern in _SHOT
        for m in pattern.finditer(text)
        if not _AGE.search(text[: m.end()])
    ]
    film = {float(m[m.lastindex or 1]) for pattern in _FILM for m in pattern.finditer(text)}
    found = [seconds for seconds in found if seconds not in film]
    if not found:
        return None
    if len(set(found)) > 1:
        state.warn(
            "duration_conflict",
            f"{text[:80]!r} names {' and '.join(f'{s:g} s' for s in dict.fromkeys(found))} for one "
            f"shot; {found[0]:g} s is planned.",
        )
    return found[0]


def bounded(asked: float, text: str, state: State, min_s: float, max_s: float) -> float:
    """An explicit duration within what a shot can last, said where it changes."""
    used = min(max(asked, min_s), max_s)
    if used != asked:
        state.warn(
            "duration_bounded",
            f"{text[:80]!r} asks for {asked:g} s; a shot here takes {min_s:g} to "
            f"{max_s:g} s, so {used:g} s is planned.",
        )
    return used


def needed(speeches: list[str], shot_s: float, max_s: float) -> float:
    """A shot's seconds where nothing is asked: the usual ones, or as long as its speeches last."""
    if not speeches:
        return shot_s
    spoken = sum(pace.speech_s(text) for text in speeches) + BREATH_S
    return min(max(shot_s, math.ceil(spoken * 10) / 10), max_s)


def fit(
    shots: list[dict[str, Any]],
    fixed: list[bool],
    asked: float | None,
    state: State,
    min_s: float,
    max_s: float,
) -> float | None:
    """Shares the asked length among the shots whose duration is free; returns it where it is met.

    fixed: whether the script itself named a shot's duration.
    """
    if asked is None:
        return None
    free = [shot for shot, kept in zip(shots, fixed, strict=True) if not kept]
    kept_s = math.fsum(shot["duration_s"] for shot, kept in zip(shots, fixed, strict=True) if kept)
    if free:
        before = math.fsum(shot["duration_s"] for shot in free)
        share = max(asked - kept_s, 0.0) / before
        for shot in free:
            shot["duration_s"] = round(min(max(shot["duration_s"] * share, min_s), max_s), 2)
        _spread(free, round(asked - kept_s, 2), min_s, max_s)
    total = round(math.fsum(shot["duration_s"] for shot in shots), 2)
    if abs(total - asked) <= 0.05:
        return total
    reason = "the durations that the script names itself" if not free else "what a shot can last"
    state.warn(
        "length_changed",
        f"The film is asked to last {asked:g} s; its {len(shots)} shots add up to {total:g} s, "
        f"because of {reason} ({min_s:g} to {max_s:g} s a shot).",
    )
    return None


def _spread(shots: list[dict[str, Any]], wanted: float, min_s: float, max_s: float) -> None:
    """Gives what rounding and bounds left over to the shots that can take it, first ones first."""
    for _ in range(3):
        rest = round(wanted - math.fsum(shot["duration_s"] for shot in shots), 2)
        room = [
            s for s in shots if (s["duration_s"] < max_s if rest > 0 else s["duration_s"] > min_s)
        ]
        if not room or abs(rest) < 0.01:
            return
        each = rest / len(room)
        for shot in room:
            shot["duration_s"] = round(min(max(shot["duration_s"] + each, min_s), max_s), 2)
    rest = round(wanted - math.fsum(shot["duration_s"] for shot in shots), 2)
    for shot in shots:
        if min_s <= shot["duration_s"] + rest <= max_s:
            shot["duration_s"] = round(shot["duration_s"] + rest, 2)
            return
