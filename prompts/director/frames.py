"""What a sentence says of its shot's first and last picture: "opens on a red door", "until the cup is empty".

Knows one sentence; who a pronoun means is for the caller to say.
Try: python -m pytest tests/prompts/director/test_frames.py
"""
# ruff: noqa: RUF001  (Chinese punctuation is meant)

import re

from shotwright.prompts.director.speech import unquoted
from shotwright.prompts.director.subjects import happens

_SHOWS = r"(?:camera|shot|scene|film|movie|video|clip|spot|ad|commercial|picture|pan|tilt|move|zoom|we|it all|story)"
_JOINED = r"(?:^|[,;:]\s*(?:and\s+|then\s+|finally\s+|now\s+)*|\b(?:and|then)\s+(?:finally\s+)?)"
_LAST = re.compile(
    rf"\b{_SHOWS}\b[^.;]{{0,80}}?\b(?:ends?|ending|finish(?:es|ing)?|settl(?:es?|ing)|com(?:es?|ing)\s+to\s+rest|"
    r"land(?:s|ing)?|clos(?:es?|ing))\s+(?:up\s+)?(?:on|with)\s+(?P<shown>.+)"
    rf"|(?!\s*close\s){_JOINED}(?:ends?|ending|finish(?:es|ing)?|clos(?:es?|ing)|settl(?:es?|ing))\s+(?:on|with)\s+(?P<joined>.+)"
    r"|\b(?:last|final|closing|end)\s+(?:frame|image|shot|picture)\s*(?:is|shows|of|:|=)\s*(?P<named>.+)"
    r"|\buntil\s+(?P<until>.+)"
    r"|定格(?:在|于|为)(?P<held>[^，。；！]+)"
    r"|(?:镜头|画面|影片|短片|视频)[^，。；]{0,12}?(?:停留?|落|结束|收)(?:在|于)(?P<rests>[^，。；！]+)"
    r"|以(?P<with>[^，。；]{1,30}?)(?:结束|收尾|作结|结尾)"
    r"|(?:最后一[帧幕]|[尾末]帧|(?:结尾|最后)的?画面)(?:是|为|[：:])?(?P<frame>[^，。；！]+)"
    r"|直[到至](?P<up_to>[^，。；！]+)",
    re.I,
)
_FIRST = re.compile(
    rf"\b{_SHOWS}\b\s+(?:\w+ly\s+)?(?:opens?|starts?|begins?)\s+(?:up\s+)?(?:on|with|from)\s+(?P<shown>.+)"
    rf"|{_JOINED}(?:opens?|opening|starts?|starting|begins?|beginning)\s+(?:up\s+)?(?:on|with)\s+(?P<joined>.+)"
    r"|\b(?:first|opening)\s+(?:frame|image|shot|picture)\s*(?:is|shows|of|:|=)\s*(?P<named>.+)"
    r"|(?:开场|开头)(?:画面)?(?:是|为|于|[：:])(?P<opening>[^，。；！]+)"
    r"|(?:镜头|画面|影片|短片|视频)从(?![左右上下远近高低前后][边侧方处]?[向往到至])(?P<begins>[^，。；]{1,30}?)(?:开始|[起摇推拉移升])"
    r"|以(?P<with>[^，。；]{1,30}?)(?:开场|开头)"
    r"|(?:首帧|第一帧|起始画面)(?:是|为|[：:])?(?P<frame>[^，。；！]+)",
    re.I,
)
_GOES_ON = re.compile(
    r"\s*(?:[,;]|[.!?](?:\s|$)|\b(?:and|then|before|until)\s+(?:then|slowly|pans?|tilts?|push(?:es)?|pulls?|zooms?|moves?|"
    r"tracks?|ends?|finish(?:es)?|settles?|drifts?|rises?|follows?|cranes?|doll(?:y|ies)|orbits?|we|it|the\s+camera)\b"
    r"|\b(?:then|before|until|ending)\b)",
    re.I,
)
_AFTERWARDS = re.compile(
    r"\b(?:then|before|and\s+(?:goes|walks|runs|drinks|leaves|turns))\b|然后|接着|再", re.I
)
_NO_PICTURE = re.compile(
    r"\W*(?:(?:mon|tues|wednes|thurs|fri|satur|sun)days?|\d+|time|schedule|budget|a\s+high\s+note|tears)\b\W*$",
    re.I,
)
_DONE = re.compile(r"[了空满完亮黑干尽散]$|消失$|不见$")


def first_frame_of(sentence: str) -> str | None:
    """The picture that a sentence's shot begins with, in its words; None where it names none."""
    match = _FIRST.search(unquoted(sentence))
    return None if match is None else _picture(_said(match))


def last_frame_of(sentence: str) -> str | None:
    """The picture or state that a sentence's shot ends with, in its words; None where it names none.

    "until six" tells a time and no picture, "until the sugar melts, then drinks" no end.
    """
    text = unquoted(sentence)
    match = _LAST.search(text)
    if match is None:
        return None
    until = match["until"] or match["up_to"]
    if until is None:
        return _picture(_said(match))
    if _AFTERWARDS.search(until) or not (happens(until) or _DONE.search(until.strip(" 。为止"))):
        return None
    return _picture(until.removesuffix("为止"))


def _said(match: re.Match[str]) -> str:
    return next(filter(None, match.groupdict().values()), "")


def _picture(words: str) -> str | None:
    words = re.sub(r"\s+", " ", _GOES_ON.split(words)[0]).strip(" ,.;:!?，。；：！？…")
    return None if not words or _NO_PICTURE.fullmatch(words) else words


_PRONOUN = re.compile(r"(?:it|he|she|they)\b|[它他她]们?", re.I)


def about(picture: str, subject: str | None) -> str:
    """The picture with the subject's name for its first pronoun: "it stops" of a ball is "a ball stops"."""
    found = _PRONOUN.match(picture)
    if subject is None or found is None:
        return picture
    return subject + picture[found.end() :]
