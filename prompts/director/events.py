"""A script's elements as events in order: sentences, speeches, directions.  Long sentences in pieces.

Knows what a sentence is and whether it only directs; chooses nothing.
"""
# ruff: noqa: RUF001  (Chinese punctuation is meant)

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

from shotwright.generator.camera import Move
from shotwright.generator.errors import BadRequest
from shotwright.prompts.camera_words import (
    CameraHit,
    camera_spans,
    denied_moves,
    is_direction,
    parse_prose,
    says_nothing_more,
)
from shotwright.prompts.director import lexicon
from shotwright.prompts.director.speech import unquoted
from shotwright.prompts.language import CJK, split_sentences
from shotwright.prompts.readers import Element, Script
from shotwright.prompts.readers.script import tidy

EventKind = Literal[
    "heading",
    "sentence",
    "direction",
    "speech",
    "transition",
    "note",
    "shot",
    "sound",
    "aside",
    "hold",  # "Beat.": the picture before it goes on
]
MAX_WORDS = 40
"""Words of a sentence that one shot takes; a longer one goes on in the next shot."""
MAX_CHARACTERS = 80
"""The same in Chinese."""


@dataclass(frozen=True)
class Event:
    """One thing that a script says, at `script.source[start:end]`.

    paragraph: events of one paragraph share a number; who, how: of a speech; channel: directions;
    opens: whether a line of the script begins with it.
    """

    kind: EventKind
    text: str
    start: int
    end: int
    paragraph: int = 0
    who: str = ""
    how: str = ""
    channel: Mapping[str, str] = field(default_factory=dict)
    opens: bool = False


def events_of(script: Script) -> Iterator[Event]:
    """The script in order; a note stands right after the sentence that it was written into."""
    speaking: Element | None = None
    heard = False
    manner: list[Element] = []
    waiting: list[Event] = []
    for number, element in enumerate(script.elements):
        if element.kind in ("note", "shot", "aside") and waiting:
            # inside the paragraph before: nothing of it may be told before its place
            done = [event for event in waiting if event.start < element.start]
            waiting = waiting[len(done) :]
            yield from done
        elif waiting:
            yield from waiting
            waiting = []
        if element.kind == "cue":
            if speaking is not None and not heard:
                yield _silent(speaking, manner, number)
            speaking, manner, heard = element, [], False
        elif element.kind == "parenthetical":
            manner.append(element)
        elif element.kind == "dialogue" and speaking is not None:
            yield _speech(speaking, manner, element, number)
            manner, heard = [], True
        elif element.kind == "action":
            if speaking is not None and not heard:
                yield _silent(speaking, manner, number)
            speaking, manner = None, []
            waiting = list(_sentences(script, element, number))
        else:
            if element.kind not in ("note", "aside"):
                if speaking is not None and not heard:
                    yield _silent(speaking, manner, number)
                speaking, manner = None, []
            yield Event(
                _as_event(element.kind),
                tidy(element.text),
                element.start,
                element.end,
                number,
                channel=element.channel,
                opens=script.text[max(0, element.start - 1) : element.start] in ("", "\n"),
            )
    yield from waiting
    if speaking is not None and not heard:
        yield _silent(speaking, manner, len(script.elements))


def _as_event(kind: str) -> EventKind:
    names: dict[str, EventKind] = {
        "heading": "heading",
        "transition": "transition",
        "note": "note",
        "shot": "shot",
        "sound": "sound",
    }
    return names.get(kind, "aside")


def _speech(cue: Element, manner: list[Element], said: Element, number: int) -> Event:
    start = min(element.start for element in (*manner, said, cue) if element.start <= said.start)
    text = said.text.strip()
    how = [tidy(element.text) for element in manner]
    if aside := _MANNER.match(text):
        how.append(aside[1].strip())
        text = text[aside.end() :]
    if quoted := _IN_QUOTES.fullmatch(text):
        text = quoted["words"]
    return Event("speech", text, start, said.end, number, who=tidy(cue.text), how="; ".join(how))


_IN_QUOTES = re.compile(
    r"[\u201c\u300c\"](?P<words>[^\u201c\u201d\u300c\u300d\"]+)[\u201d\u300d\"]"
)
"""A line that is put in quotes as a whole."""
_MANNER = re.compile(r"[(（]([^()（）\n]{1,60})[)）]\s*(?=\S)")
"""How a line is spoken, before its words: "（微笑）你好。"."""


def _silent(cue: Element, manner: list[Element], number: int) -> Event:
    """A name with nothing said after it is read as what is seen."""
    end = max(element.end for element in (cue, *manner))
    return Event("sentence", tidy(cue.text), cue.start, end, number)


def _sentences(script: Script, element: Element, number: int) -> Iterator[Event]:
    text = script.text[element.start : element.end]
    plain = script.format == "plain"
    for span in split_sentences(text):
        for start, end in _pieces(span.text):
            piece = span.text[start:end]
            bare = _STARS.sub(r"\2", piece).strip()
            words = bare if plain else tidy(re.sub(r"(?m)^\s*[!~]", "", piece))
            if not words:
                continue
            at = element.start + span.start
            kind: EventKind = "sentence"
            if script.exact:
                pass  # a plan that was written out: "Beat." is what its writer has seen
            elif plain and lexicon.find_heading(words):
                kind = "heading"
            elif is_cut(words):
                kind = "transition"
            elif _LENGTH.fullmatch(words):
                kind = "note"
            elif len(words) < 40 and _HOLD.fullmatch(words):
                kind = "hold"
            elif only_directs(words):
                kind = "direction"
            opens = start == 0 and text[: span.start].rstrip(" \t")[-1:] in ("", "\n")
            yield Event(kind, words, at + start, at + end, number, opens=opens)


_STARS = re.compile(r"(?<![\\\w*])(\*{1,3})(?=[^\s*])([^*\n]{1,300}?)(?<=[^\s*])\1(?![\w*])")
"""Marks of emphasis around words: *Wide shot.*"""


@dataclass(frozen=True)
class CameraSaid:
    """What a sentence says of the camera; problem: why its numbers cannot be taken."""

    moves: tuple[Move, ...]
    hits: tuple[CameraHit, ...]
    problem: str | None = None


@lru_cache(maxsize=1024)
def camera_of(text: str) -> CameraSaid:
    """The camera words of a sentence, looked for once: several rules ask for them."""
    try:
        moves, hits = parse_prose(text)
    except BadRequest as error:
        moves, hits = parse_prose(without_amounts(text))
        return CameraSaid(tuple(moves), (), error.message)
    return CameraSaid(tuple(moves), tuple(hits))


def without_amounts(text: str) -> str:
    """The text with the numbers of camera moves blanked, whatever they are."""
    return re.sub(
        r"[\d.]+\s*(?:degrees?|deg|°|度|x\b|×|%|倍)", lambda match: " " * len(match.group()), text
    )


def only_directs(sentence: str) -> bool:
    """Whether a sentence says nothing but how to film: "Pan left.", "Close-up."."""
    if len(sentence) > 300:
        return False
    size = lexicon.find_size(sentence)
    if size is None:
        said = camera_of(sentence)
        speaks = said.hits or said.problem or denied_moves(sentence)
        return bool(speaks) and is_direction(sentence)
    rest = sentence[: size.start] + " " + sentence[size.end :]
    return says_nothing_more(rest) or is_direction(rest)


_CUT = re.compile(
    r"(?:(?:SMASH |MATCH |JUMP |HARD |QUICK |INTER)?CUT(?:S)?(?: BACK)? TO(?: BLACK| WHITE)?|FADE (?:IN|OUT|UP)"
    r"|FADE TO (?:BLACK|WHITE)|(?:DISSOLVE|WIPE|IRIS) (?:TO|OUT|IN)"
    r"|INTERCUT\b[^a-z\n]*|BACK TO [A-Z][^a-z\n]*"
    r"|(?:(?:BEGIN|START|END)(?: OF)? )?(?:MONTAGE|SERIES OF SHOTS|FLASHBACK|INTERCUT|DREAM SEQUENCE)\b[^a-z\n]*"
    r"|(?:MOMENTS |MINUTES |HOURS |DAYS )?LATER"
    r"|\[(?:(?:FADE|CUT|DISSOLVE|SMASH CUT)\b[^a-z\n\]]*|(?:AD|COMMERCIAL) BREAK)\]"
    r"|(?i:\W*the end|fin|end of (?:film|act \w+))|END|END CREDITS)\s*[.:…!]*\W*"
    r"|(?i:(?:(?:and )?(?:then )?(?:the )?(?:screen|picture|image|scene|film|movie|we) (?:then )?(?:\w+ly )?)?"
    r"(?:fades? (?:in|out|(?:out )?to (?:black|white)|(?:in |up )?from black)|cuts? to black))\s*[.:…]*"
    r"|(?:画面|屏幕)(?:渐渐|慢慢|逐渐|缓缓|最后)?地?(?:变黑|全黑|渐暗|暗下来?|黑屏)[。.]?"
    r"|(?:画面)?(?:渐渐|慢慢|逐渐|缓缓)?(?:切至|切到|切入|淡入|淡出|叠化|溶至|溶接|化入|化出|闪回|闪白|黑场|转场|划像|渐隐|渐显)[:：。]?"
    r"|[（(【]?(?:全?剧终|全片?完|完|终|[本第][一二三四五六七八九十百\d]{0,4}集(?:完|终)|未完待续|闪回(?:开始|结束)?|回忆(?:开始|结束)?"
    r"|黑屏|黑场|转场|切至?|片头|片尾|蒙太奇)[)）】]?[。.!！]?"
)
"""A line that only says how one picture gives way to the next, or that there is none."""
_LENGTH = re.compile(
    r"[(\[（](?::\d\d|\d{1,3}(?:\.\d+)?\s*(?:s|secs?|seconds?|秒))[)\]）]\W*", re.I
)
"""How long the picture before it lasts, and nothing more: "A cat sleeps. (5s)"."""
_HOLD = re.compile(
    r"\(?(?:an? )?(?:(?:long|short|brief|small|another|silent) )*(?:beat|pause)(?: of silence)?\)?\s*[.…]*"
    r"|intro\.?|outro\.?|verse \d\.?|(?:pre-)?chorus\.?|\((?:more|continued|cont['\u2019]d)\)|CONTINUED:?"
    r"|[(（]?(?:停顿|沉默|静默|静场)(?:片刻|数秒|良久)?[)）]?[。.…]*",
    re.I,
)
"""A mark of time for who speaks, or of a page's end: nothing new is seen."""


def is_cut(line: str) -> bool:
    """Whether a line is "CUT TO:", "FADE OUT." or "THE END" and nothing more."""
    return len(line) < 80 and bool(_CUT.fullmatch(line))


@lru_cache(maxsize=1024)
def without_camera(text: str) -> str:
    """The text, position for position, with what it says of the camera blanked."""
    if not camera_of(text).hits:
        return text
    shown = list(text)
    for start, end in camera_spans(text):
        shown[start:end] = " " * (end - start)
    return "".join(shown)


_WHOLE_FILM = re.compile(
    r"\b(?:in|for|during|across|throughout|over)\s+(?:this|the|our|my)\s+(?:whole\s+|entire\s+|full\s+)?"
    r"(?:film|video|clip|movie|ad|advert|commercial|spot|trailer|teaser|piece)\b"
    r"|\bthroughout\b|\bat any (?:point|time)\b|\bfrom start to (?:end|finish)\b|\bin any shot\b"
    r"|(?:在)?(?:全片|全程|整部?[片影电视][片影频]?|整个(?:视频|影片|短片|片子|电影|广告)|(?:这部?|本)(?:短片|影片|片子?|视频))"
    r"(?:当?中|里)?(?:都|均)?|始终|从头到尾|自始至终",
    re.I,
)


def rules_film(sentence: str) -> tuple[frozenset[str], bool] | None:
    """(forbidden moves, whether the camera stands still) of a sentence that says nothing but what
    the camera never does in the whole film; None for any other.
    """
    if len(sentence) > 300 or not _WHOLE_FILM.search(sentence):
        return None
    rest = _WHOLE_FILM.sub(" ", sentence)
    denied, moves = denied_moves(rest), camera_of(rest).moves
    still = bool(moves) and all(move.move == "static" for move in moves)
    if not (denied or still) or (moves and not still) or not is_direction(rest):
        return None
    return denied, still


_UNIT = re.compile(rf"[{CJK}]|[^\W_]+(?:['\u2019-][^\W_]+)*|[,;:，；：、。—…]|\n")
_SPACE_ZH = re.compile(rf"(?<=[{CJK}\u201d\u300d])[ \u3000]+(?=[{CJK}])")
_CLAUSE = re.compile(r"[,;:，；：、。—…\n]")
_QUOTE_NEXT = re.compile(r"\s*[\"\u201c\u2018\u300c\u300e\u00ab\u201e]")
_JOINT = frozenset(
    ["and", "then", "while", "as", "but", "so", "before", "after", "until", "when", "because"]
)


def _spaced(sentence: str) -> list[int]:
    """Where a Chinese text that has spaces for stops begins anew: 雨停了 猫醒了 它看着窗外."""
    if not _SPACE_ZH.search(sentence):
        return []
    words = unquoted(sentence)
    cuts = [match.end() for match in _SPACE_ZH.finditer(sentence)]
    long = all(len(part) >= 4 for part in _SPACE_ZH.split(sentence))
    return cuts if len(cuts) > 1 and long and not re.search("[，。；！？,;]", words) else []


def _pieces(sentence: str) -> list[tuple[int, int]]:
    """(start, end) of the parts that a shot takes each, cut at clauses where there are any."""
    if spaced := _spaced(sentence):
        return list(zip([0, *spaced], [*spaced, len(sentence)], strict=True))
    if len(sentence) <= MAX_CHARACTERS:
        return [(0, len(sentence))]
    cuts: list[int] = []
    size, since, clause = 0.0, 0, -1
    for match in _UNIT.finditer(sentence):
        unit = match.group()
        if _CLAUSE.fullmatch(unit):
            # a colon before a quote parts what is written from where
            if size > 0.4 and not _QUOTE_NEXT.match(sentence, match.end()):
                clause = match.end()
            continue
        if unit.lower() in _JOINT and size > 0.4:
            clause = match.start()
        chinese = len(unit) == 1 and not unit.isascii()
        size += 1 / (MAX_CHARACTERS if chinese else MAX_WORDS)
        if size > 1:
            cut = clause if clause > since else match.start()
            cuts.append(cut)
            size, since, clause = 0.0 if cut == match.start() else 0.3, cut, -1
    return list(zip([0, *cuts], [*cuts, len(sentence)], strict=True))
