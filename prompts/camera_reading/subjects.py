"""Who acts in an English clause: the camera, somebody else, or nobody that is named."""

import re

from shotwright.prompts.camera_reading.lexicon import Subject, words
from shotwright.prompts.camera_reading.tables import REACH, Clause, tables
from shotwright.prompts.language import CJK


class State:
    """The subject of the clause at hand, inherited from clause to clause."""

    def __init__(self) -> None:
        self.subject: Subject | None = None
        self.main: Subject | None = None
        self.link = ""

    def enter(self, text: str, clause: Clause) -> None:
        """Take in the next clause."""
        body = text[clause.start : clause.end]
        if not body.strip():
            self.link = clause.link if not self.link or clause.link not in ("", ",") else self.link
            return
        self.link = clause.link
        words_of_link = clause.link.split()
        relative = bool(words_of_link) and words_of_link[-1] in ("that", "which", "who", "whose")
        aside = relative or clause.link in ("while", "as", "when", "because", "where", "if")
        if relative:
            before = text[max(0, clause.start - REACH) : clause.start].rstrip()
            before = before[: -len(clause.link)].rstrip()
            self.subject = "camera" if ends_in_camera(before) else "thing"
            return
        if clause.link in ("then", "and then", ";", "before", ".", "but") and self.main:
            self.subject = self.main
        named = self._named(body, aside)
        if named is None and not aside and self.main is None:
            self.subject = None  # what a clause of time said of others ends with it
        if named is not None:
            self.subject = named
        if not aside and self.subject is not None:
            self.main = self.subject

    def names_camera(self, body: str) -> bool:
        """Whether a clause begins with the camera."""
        lead = tables().lead.match(body)
        return bool(tables().camera.match(body, lead.end() if lead else 0))

    def _named(self, body: str, aside: bool) -> Subject | None:
        t = tables()
        lead = t.lead.match(body)
        rest = body[lead.end() if lead else 0 :]
        if re.fullmatch(r"\s*(?:hand\s*held|static|fixed)\s*", body):
            return None
        if not rest.strip() or (self.subject == "camera" and re.fullmatch(r"\s*[a-z]+\s*", body)):
            return None  # "handheld, shaky, following the boy"
        if re.match(r"(?:it|its)\b", rest):
            return self.subject if self.subject in ("camera", "picture") and not aside else "thing"
        if re.match(
            r"(?:he|she|they|you|i|who|someone|everyone|everybody|nobody|somebody|people)\b", rest
        ):
            return "person"
        found = t.camera.match(rest)
        if found and not re.match(r"\s+of\b.*\b(?:cameras?|film)\b", rest[found.end() :]):
            return "camera"
        if t.picture.match(rest):
            return "picture"
        if re.match(rf"[{CJK}]*(?:镜头|摄影机|摄像机)", rest):
            return "camera"
        first = re.match(r"[a-z']+", rest)
        if first is None or first.group() in tables().goes_on or t.verbs.match(rest):
            return None
        return "thing"


def ends_in_camera(text: str) -> bool:
    found = tables().camera_end.search(text)
    if not found:
        return False
    prop = found.group("before") in words()["en_word"]["props"].split("|")
    near = re.search(
        r"\b(?:to|toward|towards|at|past|from|behind|near|facing|into|front\s+of|beside|by|via|off|before|against|"
        r"holds?|holding|grabs?|drops?|sees?|wipes?|breaks?|lifts|cleans?)\s+(?:the\s+|a\s+|our\s+)?$",
        text[: found.start("noun")],
    )
    return not prop and not near


_CHINESE_WAY = re.compile(r"(?:向|往|朝)[左右上下前后]\s*$")


def who_moves(pre: str, state: State, later: bool) -> str:
    """Who moves: a `Subject`, "goes on" (who acted before, or a command), "named" (a noun: "a slow
    pan"), "noun" (the same in a sentence about something else).
    """
    t = tables()
    pre = _CHINESE_WAY.sub("", pre)
    if re.search(r"\d\s*(?:degrees?|deg|°|x|%)?\s*$", pre) and not t.trail.sub("", pre).strip():
        return "named"  # "90 degree orbit"
    core = t.trail.sub("", pre) if pre.strip() else ""
    lead = t.lead.match(core)
    if lead and lead.end() >= len(core.rstrip()):
        core = ""
    if not core.strip(" ,:-"):
        return "goes on"
    core = core.rstrip()
    if ends_in_camera(core):
        return "camera"
    if t.nominal.search(pre.rstrip() + " ") or t.nominal.search(core + " "):
        tail = re.split(r"\b(?:with|using|via|into|by|through|in|then)\b", core)
        if (
            later
            or (len(tail) > 1 and t.only_nominal.match(tail[-1]))
            or t.only_nominal.match(pre)
            or state.subject in (None, "camera", "picture")
        ):
            return "named"
        return "noun"
    if t.way_before.search(pre):
        return "named"
    start = core[lead.end() if lead else 0 :]
    found = t.camera.match(start)
    if found and not later:
        following = start[found.end() :]
        if not re.match(r"\s+(?:of|for|is\s+held)\b", following) and re.match(
            r"\s*(?:$|,|(?:on|from|in|at|above|below|behind|over|near|inside|high|mounted|attached|positioned|held|"
            r"starting|beginning|suspended|now|perched|placed|low|then|slowly|first|and|tilts?|is|was|will|starts|begins)\b)",
            following,
        ):
            return "camera"
    if found and later:
        return "thing"
    picture = t.picture.match(start)
    if picture and not later and picture.end() == len(start.rstrip()):
        return "picture"
    if start.strip() == "it":
        return state.subject or "thing"
    if re.match(r"(?:he|she|they|you|i|someone|everyone|who)\b", start):
        return "person"
    if state.subject in ("camera",) and tables().goes_on & {
        start.split()[0] if start.split() else ""
    }:
        return "camera" if not later else "thing"
    return "thing"
