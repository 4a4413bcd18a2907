"""The English word lists as patterns; clauses and verbs.  Knows which words, not what they mean together."""
# ruff: noqa: RUF001  (Chinese punctuation is meant)

import re
from dataclasses import dataclass
from functools import cache

from shotwright.prompts.camera_reading.lexicon import spaced, words
from shotwright.prompts.language import CJK

NUMBER = (
    r"[\d.]+|half|quarters?|full|one|two|three|five|ten|fifteen|twenty|thirty|forty|forty\s+five|sixty|"
    r"ninety|(?:a\s+)?hundred(?:\s+and\s+eighty)?"
)
UNIT = r"degrees?|deg|°|x|×|%|percent|times|turn|circle"


BETWEEN = r"\s+(?:(?:straight|right|well|[a-z]+ly)\s+)?"
"""What parts the words of a verb of several: "backs slowly away"."""


REACH = 90
"""Letters before a move in which it is denied, and in which it is said who makes it."""
PREPOSITION = re.compile(
    r"\s+(?:(?:all\s+)?the\s+way\s+)?(?:across|over|along|around|round|to|toward|towards|onto|from|past|with|on|"
    r"through|between|off|away|into|about|among|by|alongside|for|beyond|upon|against|w/)(?![a-z])"
)


OBJECT = re.compile(
    r"\s+(?:the|a|an|his|her|my|your|their|its|our|this|some|two|three|both|each|every)\b"
)


@dataclass(frozen=True)
class Clause:
    """[start, end) of the text; link: the word or mark before it."""

    start: int
    end: int
    link: str


@dataclass(frozen=True)
class Verb:
    """A verb of a family; form: base, s, ed or ing."""

    family: str
    form: str
    start: int
    end: int


COMMANDS = (
    "hold",
    "keep",
    "trail",
    "chase",
    "tail",
    "pursue",
    "shadow",
    "stay",
    "linger",
    "rise",
    "ascend",
    "descend",
    "lower",
    "lift",
    "climb",
    "sink",
    "drop",
)
IMPERATIVE = (
    "glide",
    "fly",
    "drift",
    "float",
    "creep",
    "soar",
    "swoop",
    "skim",
    "slide",
    "move",
    "travel",
    "ease",
    "inch",
    "widen",
    "tighten",
    "punch",
    "swing",
    "swivel",
    "sweep",
    "pivot",
    "pitch",
    "whip",
    "yaw",
    "zip",
    "crawl",
    "sneak",
    "snake",
    "weave",
    "nose",
    "cruise",
    "coast",
    "sidle",
    "rotate",
    "spin",
    "spiral",
    "wheel",
    "curve",
    "wrap",
    "slew",
    "tip",
    "angle",
    "aim",
)


def inflected(verb: str) -> list[str]:
    """Base, third person, past and -ing form of a regular verb, inflected at its first word: "close:in"."""
    head, colon, particle = verb.partition(":")
    doubled = head + head[-1] if _DOUBLING.fullmatch(head) else head
    third, past, going = head + "s", doubled + "ed", doubled + "ing"
    if head.endswith("e"):
        past, going = head + "d", (head if head.endswith(("ee", "ye", "oe")) else head[:-1]) + "ing"
    elif head.endswith("y") and head[-2] not in "aeiou":
        third, past = head[:-1] + "ies", head[:-1] + "ied"
    elif head.endswith(("s", "x", "z", "sh", "ch")):
        third = head + "es"
    return [form + colon + particle for form in (head, third, past, going)]


_DOUBLING = re.compile(r"[^aeiou]*(?:qu)?[aeiou][^aeiouwxy]")


@dataclass(frozen=True)
class Tables:
    stems: re.Pattern[str]
    verbs: re.Pattern[str]
    forms: dict[str, tuple[str, str]]
    phrases: tuple[tuple[str, re.Pattern[str]], ...]
    idioms: tuple[tuple[str, re.Pattern[str]], ...]
    lookalike: re.Pattern[str]
    motion: re.Pattern[str]
    camera: re.Pattern[str]
    camera_end: re.Pattern[str]
    picture: re.Pattern[str]
    lead: re.Pattern[str]
    trail: re.Pattern[str]
    nominal: re.Pattern[str]
    adjectives: re.Pattern[str]
    only_nominal: re.Pattern[str]
    way_before: re.Pattern[str]
    fill: str
    goes_on: frozenset[str]
    any_verb: re.Pattern[str]
    named_move: re.Pattern[str]
    beside: re.Pattern[str]
    by_camera: re.Pattern[str]
    somewhere: re.Pattern[str]
    moving: re.Pattern[str]
    listed: re.Pattern[str]


@cache
def tables() -> Tables:
    w, word = words(), words()["en_word"]
    forms = {
        form.replace(":", " "): (family, kind)
        for family, entry in w["en"].items()
        for listed in (
            *map(inflected, entry.get("verbs", "").split()),
            *(irregular.split() for irregular in entry.get("irregular", ())),
        )
        for form, kind in reversed(list(zip(listed, ("base", "s", "ed", "ing"), strict=True)))
    }
    verbs = "|".join(sorted(map(re.escape, forms), key=len, reverse=True)).replace(r"\ ", BETWEEN)
    strong = {form.split()[0] for form, (family, _) in forms.items() if w["en"][family]["strength"]}
    going = "|".join(
        form.split()[0]
        for form, (family, kind) in forms.items()
        if kind == "ing" and family in ("travel", "approach", "retreat", "rise", "sink")
    )
    moves = {
        form.split()[0]
        for form, (family, kind) in forms.items()
        if kind == "base" and (w["en"][family]["strength"] or family in ("rise", "sink", "roll"))
    } | {"dutch", "canted", "drift", "glide"}
    phrases = tuple(
        (move, re.compile(rf"(?<![a-z0-9])(?:{'|'.join(map(spaced, listed))})(?![a-z])"))
        for move, listed in w["en_phrase"].items()
    )
    idioms = tuple(
        (move, re.compile(rf"(?<![a-z0-9])(?:{'|'.join(map(spaced, listed))})(?![a-z])"))
        for move, listed in w["en_idiom"].items()
    )
    motion = "|".join(map(spaced, w["en_motion"]["patterns"]))
    adverb, adjective, camera = (spaced(word[n]) for n in ("adverb", "adjective", "camera"))
    auxiliary, soft = spaced(word["auxiliary"]), spaced(word["soft"])
    number = rf"(?:{NUMBER})(?:\s*(?:{UNIT}))?"
    before = rf"(?:(?:the|our|a|an|this|one|your|same|whole|entire|in|with|as)\s+)*(?:(?:{adjective})\s+)*"
    after = r"(?!\s+(?:bag|shop|store|strap|crew|man|woman|team|case|cameras?|phone|flash|rings?|glass)\b|')"
    return Tables(
        goes_on=frozenset(word["goes_on"].split("|")),
        any_verb=re.compile(
            rf"(?<![a-z])(?:(?:{camera}|steadicam|drone|gimbal|frame|view|viewpoint|perspective|shot|pov)\s+"
            rf"(?:(?:{adverb}|{auxiliary})\s+)*(?P<verb>(?!(?:{word['still']})\b)[a-z]{{3,}}(?:s|ing|ed))"
            rf"|(?:have|let|make|want|get|can|could|should|will|would|must|may|might)\s+(?:the|our|your|a)\s+(?:{camera})\s+(?:to\s+)?"
            rf"(?:(?:{adverb})\s+)*(?P<told>(?!(?:{word['still']})\b)[a-z]{{3,}})"
            r"|(?:^|(?<=[.:;,]\s))(?:the\s+)?(?P<bare>camera)(?=\s+(?:[a-z]+ly\s+)?(?:in\s+(?:on|to|close|toward)\b|out\s+(?:to|from)\b|"
            r"(?:up|down)\s+(?:to|past|over|and\s+over|through|from|until|along|into)\b|back\s+(?:to|from|through)\b|(?:back|backwards?|forwards?|closer)\s*(?:[,.]|$)|(?:forward|forwards|closer|"
            r"around|through|into|past|along)\s|left\s+to\s+right|right\s+to\s+left))"
            r"|(?P<hand>yank|shove|hoist|tug|float|wheel|bring|take|carry|send|steer|guide|drive|walk|nudge|haul|drag|ease|back|fly|reverse)(?=\s+(?:the|your|our)\s+"
            rf"(?:{camera}|aircraft|quad|copter|bird)\s+(?:(?:{adverb})\s+)*(?:left|right|up|down|forward|back|in|out|closer|away|toward|past|through|along|across|off)\b)"
            rf"|we(?:'re|'ll)?\s+(?:(?:{adverb}|{auxiliary})\s+)*(?P<ours>(?:walk|run|step|plunge|plung|dip|duck|swim|tumbl|burst|wander|stroll|roam|squeeze|slither|zip|dart|"
            rf"whoosh|nose|ride|fall|slalom|sneak|tiptoe|slink|dash|speed|cruise|climb|spill|funnel|tunnel|emerge|press|journey|sidle|bob|dance|pass|reach|head|make\s+our\s+way)(?:s|es|ing)?))"
            r"(?(hand)|(?(bare)|(?=\s+(?:(?:its|our|an?|the)\s+(?:own\s+)?(?:way|path|course|route|length|line|track)\s+|itself\s+)?(?:[a-z]+ly\s+|headlong\s+|headfirst\s+|low\s+|high\s+)?"
            r"(?:(?:left|right|up|down|for|back|in|out|sky|side)wards?|left|right|up|down|back|in|out|away|closer|nearer|ahead|"
            r"sideways|into|through|towards?|past|along|around|across|between|beneath|under|behind|beside|after)\b)))"
        ),
        by_camera=re.compile(rf"\bby\s+(?:the|our|a|an)\s+(?:[a-z]+\s+)?(?:{camera})\b{after}"),
        somewhere=re.compile(rf"(?<![a-z])(?:we|us|{camera}|{spaced(word['soft'])})\b{after}"),
        # "stays right behind her", "keeps level with the sprinter", "hangs at his shoulder": it follows
        beside=re.compile(
            r"(?<![a-z])(?P<verb>(?:keep|stay|remain|stick|hang|ride|hover|linger|run|walk|fly|sit)(?:s|ing|ed)?|stuck|kept|hung)\s+"
            rf"(?:(?:{adverb}|right|just|close|tight|level|abreast|in\s+step|up|low|high|there|flush|parallel|a\s+few\s+\w+|a\s+step|"
            r"(?:a|two|three)\s+paces?)\s+)*(?:with(?!\s+(?:a|an)\b)|behind|beside|alongside|abreast\s+of|level\s+with|"
            r"(?:at|by|on)\s+(?:his|her|their|its|the\s+\w+'s)\s+(?:side|heels?|shoulders?|elbow|back|flank)|"
            r"on\s+(?:his|her|their|its|the)\s+(?:heels|tail|shoulders?|flank|back(?=\s+as\b)))(?![a-z])"
        ),
        named_move=re.compile(
            rf"(?:\s+(?:{adverb}))*\s+(?:(?:in|on)?to|in|with|through)\s+(?:a|an|its|another|the)\s+(?:(?:{adjective})\s+|"
            rf"(?:left|right)\s+)*(?:{'|'.join(sorted(moves, key=len, reverse=True))})(?![a-z'])(?!\s+of\b)"
        ),
        # nothing but the camera, a term, or a bare command can make a text speak of a move
        stems=re.compile(
            rf"^\s*(?:[a-z]+ly\s+)?(?:{going})\s|"
            rf"(?<![a-z])(?:{'|'.join(sorted(strong))}|(?:{spaced(word['camera'])}|{spaced(word['soft'])}|we)\b|"
            rf"(?:{'|'.join((*IMPERATIVE, *COMMANDS))})(?:\s|[.,;!]|$)|static|still|fixed|locked|tripod|"
            r"shak[iye]|focus|rack|dutch|aircraft|roll(?:s|ing)?\s+(?:to\s+the\s+)?(?:left|right)|"
            r"movement|motion|column|travell?ing|hover|active|gimbal|(?:go|get|come)\s+(?:in\s+)?(?:closer|nearer|wider|round|around)|sticks\s*,|our\s+(?:gaze|eyes|view)|let\s+the\s+eye|revolution|everything|withdrawal|descent|ascent|retreat|advance|hand\s*held|vertigo|zolly|hitchcock|steady|stationary|motionless|clockwise|forward|360|focal|soft|pi\s|z[io]\s|p[ob]\s|blur|filmed|shoulder|"
            r"(?:counter|anti)\s*clockwise|down\s+(?:and\s+)?back|right\s+turn|"
            rf"left\s+turn|on\s+sticks|lock|(?:back|pull|fall)\s+(?:away|off|back)\b|barrel)|[{CJK}]"
        ),
        verbs=re.compile(rf"(?<![a-z0-9'])(?:{verbs})(?![a-z0-9'])"),
        forms=forms,
        phrases=phrases,
        idioms=idioms,
        lookalike=re.compile(
            rf"(?<![a-z0-9])(?:{'|'.join(map(spaced, w['en_lookalike']['patterns']))})(?![a-z])"
        ),
        motion=re.compile(rf"(?<![a-z0-9])(?:{motion})(?![a-z])"),
        # "one long movement toward the altar", "a continuous upward motion"
        moving=re.compile(
            rf"(?:(?<![a-z])(?:a|an|one)\s+|(?<=[:;,.]\s)|^)(?:(?:{adjective})\s+)*(?:(?:(?:up|down|left|right|for|back)wards?\s+)"
            r"(?P<led>movement|motion)(?!\s+(?:of|in|by))|(?P<noun>movement|motion)(?=\s+(?:[a-z]+ly\s+)?"
            r"(?:(?:up|down|left|right|for|back|in|out)wards?|in|back|closer|(?:up|down|toward|towards|into|through|away|past|along)\s+(?:from\s+)?(?:the|a|an|his|her|its|their|our|us|them))\b))"
        ),
        listed=re.compile(
            rf"(?<![a-z])(?:a|an|one)\s+(?:(?:{adjective}),?\s+)*(?:{adjective}),\s+(?:{adjective})\s"
        ),
        camera=re.compile(rf"{before}(?:we(?:'re|'ll|'ve)?\b|(?:{camera})\b{after})"),
        camera_end=re.compile(
            rf"(?:(?P<before>[a-z']+)\s+)?(?P<noun>we(?:'re|'ll|'ve)?|(?:{camera})|镜头|摄影机|摄像机|相机|画面|机位)$"
        ),
        picture=re.compile(
            rf"{before}(?:{soft})\b(?!\s+(?:crew|set|star|director|festival|reel|maker|studio|school)s?\b)"
        ),
        lead=re.compile(
            rf"\s*(?:(?:{adverb}|{auxiliary}|and|then|finally|also|next|where|ok)\b[\s,]*)*"
        ),
        trail=re.compile(
            rf"(?:(?<![a-z])(?:{adverb}|{auxiliary}|also|both|either|{number})\s*|[°%]\s*)*$"
        ),
        nominal=re.compile(
            rf"(?<![a-z])(?:{spaced(word['nominal'])}|{adjective}|{number})\s*$|(?:用|一个|加|接|先|来个?|做|个|再|只要|只用|只有|"
            r"最后|然后|缓慢的?|快速的?|慢慢|轻微的?|配合)\s*$"
        ),
        adjectives=re.compile(rf"(?<![a-z])(?:{adjective}|{number})\s*$"),
        only_nominal=re.compile(
            rf"\s*(?:(?:{spaced(word['nominal'])}|{adjective}|{adverb}|{number}|{camera})(?:\s+|$|(?<=[°%])))*$"
        ),
        way_before=re.compile(
            r"(?<![a-z])(?P<way>east\s+to\s+west|west\s+to\s+east|left\s+to\s+right|right\s+to\s+left|left(?:ward)?|right(?:ward)?|up(?:ward)?s?|"
            r"down(?:ward)?s?|forward|backward|reverse|clockwise|(?:counter|anti)\s*clockwise|lateral|sideways)"
            rf"\s+(?:(?:{adjective}|{adverb})\s+)*$"
        ),
        fill=rf"(?:[\s°%,]*(?:(?:{adverb}|{adjective}|{number}|(?:the|your)\s+(?:camera|gimbal|lens|shot|frame|view|head|cam|drone|slider|angle|aircraft|quad|copter|bird|rig|dolly)|camera|our\s+view|us|it|itself|(?:its|our|a)\s+(?:own\s+)?(?:way|path|course)|by|about|about\s+a|"
        r"some|a|all\s+the\s+way|over(?=\s+to\s+(?:the\s+)?(?:left|right)\b)|(?:a)?round(?=\s+(?:to\s+the\s+)?(?:left|right)\b)|"
        r"back(?=\s+(?:up|down|in|out|left|right|to\s+the\s+(?:left|right))\b)|shots?|moves?|movement|motion|"
        r"headlong|headfirst|right(?=\s+(?:in|out|up|down|back|into|through|over|past|at)\b)|degrees?|at\s+(?:a\s+)?(?:steady|slow|medium|normal|constant|high|brisk)\s+(?:speed|pace)))(?![a-z])\s*)*",
    )


_SIMILE = re.compile(
    r",\s*as\s+(?:if|though)\s+[^,.;]{1,60},(?=\s+[a-z])|,\s*(?:[a-z]+\s+)?(?:as|like)\s+(?:a|an)\s+(?:[a-z]+\s+)?[a-z]+,(?=\s+[a-z])"
)
""" "The camera, patient as a cat, moved ..."."""
_ENTRY = re.compile(
    r"\b(?:pan|tilt|zoom|dolly|truck|pedestal|ped|crane|jib|orbit|roll|push|pull|track|slider)\s*[:=]"
    r"(?=\s*(?:(?:slow|slowly|fast|quick|gentle|smooth|steady)\s+)?(?:to\s+the\s+)?(?:left|right|up|down|in|out|back|forward)\b)"
)
""" "dolly: in", as in a list of settings."""


_AXIS = re.compile(
    r"\b(?:axis|type|move|movement|motion|kind)\W{0,2}\s*[:=]\s*\W?(?P<verb>pan|tilt|roll|zoom|dolly|truck|orbit|crane|pedestal)"
    r"(?P<gap>\W{0,2}\s*[;,/|\n]\s*\W?(?:direction|dir|way|side)\W{0,2}\s*[:=]\s*\W?)(?=[a-z])"
)
""" "axis: roll; direction: clockwise"."""


def _axis(match: re.Match[str]) -> str:
    """The two fields as one command, the words where they stood."""
    at, low = match.start(), match.start("verb")
    return " " * (low - at) + match["verb"] + " " * len(match["gap"])


def _entered(head: str) -> str:
    """The name of a setting as the verb of a command, no letter longer: what a slider does is to truck."""
    return re.sub("slider", "truck ", head).replace(":", " ").replace("=", " ")


def without_lookalikes(text: str, *, places: bool = True) -> str:
    """The text with what only looks like camera words blanked; places: "camera left" too."""
    side = re.compile(r"(?:camera|screen|stage|frame|house)\s+(?:left|right)")

    def blank(match: re.Match[str]) -> str:
        kept = not places and side.match(match.group())
        return match.group() if kept else re.sub(r"\S", "\x01", match.group())

    masked = tables().lookalike.sub(blank, text)
    masked = _SIMILE.sub(lambda m: " " * len(m.group()), masked)
    masked = _AXIS.sub(_axis, masked)
    masked = _ENTRY.sub(lambda m: _entered(m.group()), masked)
    # "a long, slow retreat" is one clause
    return tables().listed.sub(lambda m: m.group().replace(",", " "), masked)
