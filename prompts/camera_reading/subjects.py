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
        self.aside = False
        self.mentioned = False
        self.resumes = False
        self.wished = False

    def enter(self, text: str, clause: Clause) -> None:
        """Take in the next clause."""
        body = text[clause.start : clause.end]
        if not body.strip():
            self.resumes = self.resumes or clause.link == "and"
            self.link = clause.link if not self.link or clause.link not in ("", ",") else self.link
            return
        self.link = clause.link
        words_of_link = clause.link.split()
        relative = bool(words_of_link) and words_of_link[-1] in ("that", "which", "who", "whose")
        aside = relative or clause.link in _ASIDES
        if relative:
            before = text[max(0, clause.start - REACH) : clause.start].rstrip()
            before = before[: -len(clause.link)].rstrip(" ,")
            self.subject = "camera" if ends_in_camera(before) else "thing"
            return
        if (
            clause.link.startswith(":")
            and self.subject != "camera"
            and _HEADED.search(text, max(0, clause.start - 80), clause.start)
        ):
            self.subject = self.main = None  # "Third person cinematic: following her"
        if clause.link in ("then", "and then", ";", "before", ".", "but") and self.main:
            self.subject = self.main
        named = self._named(body, aside)
        if clause.link not in ("and", "or", "then"):
            self.wished = bool(_WISHES.match(body))
        self.mentioned = bool(re.search(r"\bcamera\b", body))
        if named is None and not aside and self.main is None:
            self.subject = None  # what a clause of time said of others ends with it
        if named is not None:
            self.subject = named
        self.aside = aside
        if not aside and self.subject is not None:
            self.main = self.subject

    def led_into(self, text: str, clause: Clause) -> None:
        """Give a participle at the head of a sentence the subject that comes after it: "Rotating
        around the statue, the camera reveals a crack".
        """
        leads = _LEADS.match(text, clause.start, clause.end)
        comma = _MAIN.match(text, clause.end) if leads else None
        if comma is None:
            return
        after = text[comma.end() : comma.end() + REACH]
        if self.names_camera(after):
            self.subject = "camera"
        elif self.names_other(after):
            self.subject = "thing"  # "Gliding forward, the swan ..."

    def names_camera(self, body: str) -> bool:
        """Whether a clause begins with the camera."""
        lead = tables().lead.match(body)
        return bool(tables().camera.match(body, lead.end() if lead else 0))

    def names_other(self, body: str) -> bool:
        """Whether a clause begins with somebody or something else, and goes on to say what it does."""
        lead = tables().lead.match(body)
        rest = body[lead.end() if lead else 0 :]
        return bool(
            re.match(r"(?:he|she|they|i|it|(?:the|a|an|his|her)\s+\w+\s+\w+s)\b", rest)
        ) and not (self.names_camera(body))

    def _named(self, body: str, aside: bool) -> Subject | None:
        t = tables()
        body = _SLATE.sub("", body)
        lead = t.lead.match(body)
        rest = body[lead.end() if lead else 0 :]
        where = _IN_THE_SHOT.match(rest)
        rest = rest[where.end() :] if where and where.end() < len(rest) else rest
        if _GEAR.search(body):
            return "camera"  # "for the closer I take the gimbal and ..."
        polite = _POLITE.match(body)
        rest = body[polite.end() :] if polite else rest
        if (_COMMAND.match(rest) or _COMMAND.match(body.strip())) and not aside:
            return "camera"
        if _MANNER.match(body):
            return "camera" if not aside else None
        if aside and self.main == "camera" and re.match(r"it\s+(?:does|goes)\s*(?:so\s*)?$", rest):
            return "camera"  # "glides forward and, as it does, tilts down"
        if (
            self.resumes
            and not aside
            and self.aside
            and self.main == "camera"
            and t.verbs.match(rest)
        ):
            self.resumes = False
            return "camera"  # "follows her and, when she stops, circles her"
        if not aside and self.aside and self.main == "camera" and _FINITE.match(rest):
            return "camera"  # "the camera holds while she dances, pans left"
        if not rest.strip() or (self.subject == "camera" and re.fullmatch(r"\s*[a-z]+\s*", body)):
            return None  # "handheld, shaky, following the boy"
        if aside and self.main == "camera" and re.match(r"you\b", rest):
            return "camera"  # "zoom in as you pan right"
        if self.mentioned and re.match(r"it\s+(?:should|must|needs|has\s+to|could|can)\b", rest):
            return "camera"  # "why is the camera moving? it should be still"
        if re.match(r"(?:it|its)\b", rest):
            if not aside and "camera" in (self.subject, self.main):
                return "camera"
            return self.subject if self.subject == "picture" and not aside else "thing"
        if re.match(
            r"(?:he|she|they|you|i|who|someone|everyone|everybody|nobody|somebody|people)\b", rest
        ):
            return "person"
        found = t.camera.match(rest)
        if found and not re.match(r"\s+of\b.*\b(?:cameras?|film)\b", rest[found.end() :]):
            return "camera"
        if t.picture.match(rest) and not _MOVE_ON.match(rest):
            return "picture"
        if re.match(rf"[{CJK}]*(?:镜头|摄影机|摄像机)", rest):
            return "camera"
        if _REQUEST.match(rest) or re.match(r"(?:don't|do\s+not|never)\b", rest):
            return None
        if self.main == "camera" and any(idiom.match(rest) for _, idiom in t.idioms):
            return None  # "then traces a half circle around the throne"
        first = re.match(r"[a-z']+", rest)
        if first is None or first.group() in tables().goes_on or t.verbs.match(rest):
            return None
        return "thing"


def ends_in_camera(text: str, *, acts: bool = False) -> bool:
    """Whether a text ends in the camera as what acts, not as a thing that somebody holds.

    acts: a finite verb follows.
    """
    found = tables().camera_end.search(text)
    if not found:
        return False
    prop = found.group("before") in words()["en_word"]["props"].split("|")
    near = re.search(
        r"\b(?:to|toward|towards|at|past|from|behind|near|facing|into|front\s+of|beside|by|via|off|before|against|"
        rf"{'holding' if acts else 'holds?|holding|grabs?|drops?|sees?|wipes?|breaks?|lifts|cleans?'})"
        r"\s+(?:the\s+|a\s+|our\s+)?$",
        text[: found.start("noun")],
    )
    return not prop and not near


_MAIN = re.compile(r"[^,.;:!?]{0,120},\s*")
_HEADED = re.compile(r"(?:^|[\n.;|])[^.,;:!?|]{1,40}:\s*$")
_ASIDES = ("while", "as", "when", "because", "where", "if", "until", "so", "once")
_WISHES = re.compile(
    r"\s*(?:[a-z]+\s+){0,2}?(?:i|we)(?:'d|'ll|\s+(?:would|will|want|need|could|can|might|plan|hope))\b"
)
""" "I'd love to begin at the hem and tilt up": who makes the film speaks."""
_LEADS = re.compile(
    r"\s*(?:(?:[a-z]+ly|then|still|once|as|after|when)\s+)*(?:[a-z]+ing\b|it\s+has\s+(?:finished|stopped|done)\b)"
)
_MANNER = re.compile(
    r"\s*(?:hand\s*held|static|fixed|locked\s+off|steadicam|gimbal|on\s+sticks)(?:\s+(?:throughout|all\s+the\s+way|the\s+whole\s+\w+|only|shot|"
    r"camera|footage))?\s*$"
)
_REQUEST = re.compile(
    r"(?:please\s+|maybe\s+|just\s+|ok\s+|so\s+|can\s+you\s+|could\s+you\s+|would\s+you\s+)*(?:give|show|get|do|add|try|make|"
    r"use|put|need|want|love|prefer|include|insert|let's)\s+(?:me|us|it|this|in|a|an|one|the\s+shot|him|her|them)\b"
)
"""What asks for a shot is not its subject: "give me a 360 degree orbit"."""
_POLITE = re.compile(
    r"\s*(?:[a-z]+\s+){0,3}?(?:can|could|would|will|if)\s+(?:you|u|ya)\s+(?:please\s+|just\s+|maybe\s+|also\s+)*"
)
_IT = re.compile(
    r"(?:^|\s)(?:make|have|let|get|want|need|can|could|would|should|maybe|perhaps|so)\s+it(?:\s+to)?$"
)
_IN_THE_SHOT = re.compile(
    r"(?:in|for|during)\s+(?:this|the|our|that)\s+(?:\w+\s+)?(?:shot|scene|clip|video|film|sequence|take)\s+"
    r"(?=(?:he|she|they|the|a|an|his|her|you|i|we)\b)"
)
_FINITE = re.compile(
    r"(?:pans|tilts|zooms|dollies|trucks|cranes|pedestals|booms)\s+(?:slowly\s+)?(?:left|right|up|down|in|out|back|to|onto)\b"
)
_COMMAND = re.compile(
    r"(?:cut\s+(?:to|outside|inside|back|in|away)|open(?:ing)?\s+(?:on|with|tight|wide)|(?:start(?:ing)?|begin(?:ning)?)\s+(?:on|at|with|tight|wide|low|high|from)|"
    r"hover|end\s+on|find\s+the)\b"
)
"""What is told to whoever makes the shot."""
_GEAR = re.compile(
    r"(?<![a-z])(?:i|we)(?:'ll)?\s+(?:take|use|grab|put|fly|run|bring|pick\s+up|ride)\s+(?:the|a|my|our)\s+"
    r"(?:gimbal|camera|steadicam|drone|slider|dolly|jib|glidecam|crane)\b"
)
_MOVE_ON = re.compile(
    r"(?:move|film)\s+(?:in|out|left|right|up|down|back|forward|closer|along|through|past|toward)"
)
_SLATE = re.compile(
    r"^\s*(?:(?:(?:sc|scene|shot|slate|take|tk|frame|panel|setup|t)\.?\s*#?\d+[a-z]?|\d+[a-z])\s+)+"
)
"""What a shot is numbered by: "Sc 2 T6 zoom in"."""
_CREW = re.compile(r"^\s*(?:(?:the|our|a)\s+)?(?:operator|dolly)$")
_FROM_A_PLACE = re.compile(r"^\s*from\s+(?:the|a|an|his|her|their)\s+(?:[a-z]+\s+){1,3}$")
_CHINESE_MANNER = re.compile(
    r"(?:慢速|快速|中速|缓慢|缓缓|慢慢|匀速|急速|迅速|轻轻|轻微|稍微|先|再|然后|最后|接着|随后|用|做|加|来个?|一个|的|地)+\s*$"
)
_CHINESE_WAY = re.compile(r"(?:向|往|朝)[左右上下前后]\s*$")


_TIMES = ("when", "once", "as", "after", "before", "until", "while")
_AND_THEN_IT = re.compile(
    r"[a-z]+\s+[a-z]+(?:s|ed|\s+(?:in|out|up|down|off|on|over))(?<!sees)(?<!hears)(?<!lets)(?<!makes)(?<!saw)\s+(?:it|we)$"
)
_WISH = re.compile(
    r"(?:(?:^|[,.;:]\s*)\s*(?:we\s+|i\s+)?|\b(?:i|we)(?:'d|\s+would)?\s+)(?:really\s+|just\s+)?"
    r"(?:love|like|want|need|prefer|fancy|looking\s+for|after)\s+(?:a|an|one)\s+(?:[a-z0-9]+\s+){0,4}$"
)


def who_moves(pre: str, state: State, later: bool, acts: bool = False) -> str:
    """Who moves: a `Subject`, "nobody" for an "it" of nothing, "goes on" (who acted before,
    or a command), "named" (a noun: "a slow pan"), "noun" (the same in a sentence about something else).
    """
    t = tables()
    pre = _FROM_A_PLACE.sub("", _SLATE.sub("", pre)) if not later else pre
    pre = _CHINESE_MANNER.sub("", _CHINESE_WAY.sub("", pre))
    if re.search(r"\d\s*(?:degrees?|deg|°|x|%)?\s*$", pre) and not t.trail.sub("", pre).strip():
        return "named"  # "90 degree orbit"
    core = t.trail.sub("", pre) if pre.strip() else ""
    polite = _POLITE.match(pre)
    core = core[polite.end() :] if polite else core
    lead = t.lead.match(core)
    if lead and lead.end() >= len(core.rstrip()):
        core = ""
    if not core.strip(" ,:-"):
        counted = re.search(r"\b(?:one|full|half|quarter|two|three)\s+(?:[a-z]+\s+)?$", pre)
        return "named" if counted else "goes on"  # "one full orbit"
    core = core.rstrip()
    if later and state.subject == "camera" and re.search(r"\sit$", core):
        return "camera"  # "after the camera tilts down to the floor it pushes in"
    if state.main == "camera" and state.link in _TIMES and _AND_THEN_IT.search(core):
        return "camera"  # "and when the bell rings it pans left"
    if state.subject == "camera" and re.fullmatch(
        r"\s*it\s+(?:has|is|have)\s+(?:finished|stopped|done)", core
    ):
        return "camera"  # "once it has finished panning left, the camera ..."
    if re.search(r"\b(?:does|do)\s+it$", core) and state.main == "camera":
        return "camera"  # "only when she leaves does it pull back"
    if re.fullmatch(r"\s*\x01+(?:\s+\x01+)*", core) and not later and not acts:
        return "named"  # "slow-motion push in"
    if _IT.search(core) and state.subject != "person":
        return "camera"  # "make it zoom out", "can you have it creep closer"
    if core.strip() == "it":
        return state.subject or "nobody"
    if ends_in_camera(core, acts=acts):
        return "camera"
    if state.subject == "camera" and not later and _CREW.search(core):
        return "camera"
    if not acts and _WISH.search(pre):
        return "named"
    if t.nominal.search(pre.rstrip() + " ") or t.nominal.search(core + " "):
        tail = re.split(r"\b(?:with|using|via|into|by|through|in|then)\b", core)
        if (
            later
            or (len(tail) > 1 and t.only_nominal.match(tail[-1]))
            or t.only_nominal.match(pre)
            or state.subject in (None, "camera", "picture")
            or _WISH.search(pre)
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
    if state.aside and state.main == "camera" and start.strip() == "you":
        return "camera"
    if re.match(r"(?:he|she|they|you|i|someone|everyone|who)\b", start):
        return "person"
    if state.subject in ("camera",) and tables().goes_on & {
        start.split()[0] if start.split() else ""
    }:
        return "camera" if not later else "thing"
    return "thing"
