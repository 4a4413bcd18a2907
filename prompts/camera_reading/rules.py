"""Whether an English verb means the camera, by its strength, its form and who acts.

The strengths are explained at the head of `camera_words.toml`.
"""

import re
from typing import Any

from shotwright.prompts.camera_reading.subjects import State
from shotwright.prompts.camera_reading.tables import IMPERATIVE, OBJECT, PREPOSITION, Verb, tables

_BY = re.compile(
    r"\b(?:start|begin|open|finish|end|conclude|close)(?:s|ing|ning)?\s+by\s+(?:[a-z]+ly\s+)?$"
)
_ON_GEAR = re.compile(
    r"^[^.,;]{0,30}?\b(?:on|with)\s+(?:the|a|our)\s+(?:camera|lens|slider|gimbal|jib|steadicam|glidecam|camera\s+dolly|camera\s+crane)\b"
)
_PASSIVE = re.compile(r"\b(?:is|are|being|gets|be)\s+(?:[a-z]+ly\s+)?$")
_UPON = re.compile(r"\s+(?:in|out|back|closer)\s+(?:on|upon|from|toward|towards)\b")
_I = re.compile(
    r"(?:^|\s)i(?:'ll|'m|'d)?\s+(?:(?:[a-z]+ly|then|will|would|just|love|like|want|need|plan|hope|prefer|wish|going|could|"
    r"can|might|maybe|to)\s+)*$"
)
_DESCRIBED = re.compile(
    r"\s*(?!(?:they|we|you|people|men|women|children|police|crowd|and|to|the|his|her|their|not)\b)[a-z]{2,}[^s\W]\s+(?:[a-z]{3,}[^s\W]\s+)?"
)
"""One unknown word before a term of film: "grainy zoom in on a hand"."""
_OF_THINGS = ("orbit", "wrap", "rotate", "travel", "rise", "sink", "roll", "turn")
_ATTRIBUTE = re.compile(
    r"\s+(?!(?:(?:up|down|left|right|for|back|in|out|sky)wards?|the|a|an|his|her|their|its|our|this|that|each|every|it|him|them|in|out|up|down|left|right|back|away|off|on|"
    r"around|round|about|along|across|past|over|through|into|onto|to|toward|towards|from|with|for|at|by|between|behind|"
    r"beside|above|below|alongside|sideways|itself|ahead|after|together|level|parallel|overhead|near|against|until|before|"
    r"beyond|beneath|underneath|under|among|within|outside|off|or|deeper|upside|forward|forwards|backward|backwards|closer|nearer|clockwise|counterclockwise|anticlockwise|"
    r"counter|anti|and|while|as|then|until|very|so|inside|straight|high|low|one|two|half|full|shot|shots|move|moves)\b)[a-z]+(?<!ly)\b"
)
"""A noun right after a form in -ing: "orbiting debris"."""
_MUST = re.compile(r"\b(?:must|should|shall|has\s+to|have\s+to|needs?\s+to)\s+(?:[a-z]+ly\s+)?$")
_AS_IT_DOES = re.compile(
    r"\b(?:camera|lens|shot|frame|view|we)\s+(?:[a-z]+ly\s+)?(?:takes?|ends?|finish(?:es)?|goes?|keeps?|spends?|begins?|starts?|opens?|"
    r"closes?|wastes?|comes?)\b[^,.;]{0,30}$"
)
_SHOWN = re.compile(
    r"\s+(?:the|each|every|her|his|their)\s+(?!gravel|river|stream|silt|creek|gold|sand|water|film)(?![^.;]*\bfor\b)"
)
"""What is panned like "the faces of the jury", not like "the river for gold"."""
_DETERMINED = re.compile(
    r"\b(?:the|his|her|their|its|my|your|this|that|these|those|every|each|some|any|no|two|three|of)\s+"
    r"(?:(?:left|right|far|near|opposite|other|river)\s+)?$"
)
_A_NOUN = re.compile(r"\b(?:a|an|one)\s+(?:\w+\s+){0,2}$")
_ITS_PREY = re.compile(
    r"\s+(?:the|a|an|her|his|him|them|it|their|its|us|every|each|along|close|behind|after|[a-z]+ly)\b"
)
_THE_CAMERA = re.compile(r"\s+(?:the|your|our)\s+(?:camera|drone|gimbal|rig|jib|lens)\b")


def accepted(
    text: str,
    verb: Verb,
    way: str | None,
    objects: bool,
    who: str,
    pre: str,
    entry: dict[str, Any],
    state: State,
) -> bool:
    """Whether these words mean the camera; the rules stand in the head of `camera_words.toml`."""
    strength: int = entry["strength"]
    if (
        verb.family == "chase"
        and verb.form == "s"
        and who != "camera"
        and not _ITS_PREY.match(text, verb.end)
    ):
        return False  # "shadows travelling across the wall"
    if verb.family == "track" and _ON_A.search(pre):
        return False  # "the camera, on a circular track, orbits her"
    if verb.family == "rise" and text.startswith("mounted", verb.start):
        return False  # "mounted on a slider"
    if verb.family == "pan" and way == "out" and objects:
        return False  # "pan out the schedule"
    if _BESIDE.search(pre) and verb.family in ("dolly", "crane", "truck", "pedestal"):
        return False
    if strength == 0 and verb.form == "base" and _DETERMINED.search(pre):
        return False  # "zoom onto the fly on his nose"
    prepositional = bool(PREPOSITION.match(text, verb.end))
    if verb.form == "ing" and verb.family in _OF_THINGS and _ATTRIBUTE.match(text, verb.end):
        return False
    named = way is not None or verb.family in ("approach", "retreat")
    if named and not objects and _ON_GEAR.match(text[verb.end : verb.end + 60]):
        return True  # "I'd pull back on the slider"
    if verb.form == "ing" and _BY.search(pre):
        told = way is not None and not objects and state.subject is None
        return told or state.subject == "camera"  # "and finish by rising above the roofs"
    if who == "goes on" and verb.form in ("base", "ing") and _THE_CAMERA.match(text, verb.end):
        return state.subject != "person"  # "move the camera left"
    if who == "goes on":
        if state.subject == "camera":
            return not (verb.form == "base" and strength == 0 and way is None and objects)
        if state.subject == "picture" and strength:
            return True
        return _commanded(text, verb, way, objects, prepositional, strength, state)
    if who == "camera":
        moved = re.fullmatch(r"(?:drop|lower|lift|raise)\w*", text[verb.start : verb.end])
        return not (moved and objects and way is None)  # "we dropped the zoom"
    if verb.family == "whip" and verb.form == "base" and who != "person":
        return True  # nobody else's word
    if verb.form == "ed" and strength and _PASSIVE.search(pre):
        return way is not None and _UPON.match(text, verb.end) is not None
    if (
        who == "nobody"
        and strength == 1
        and verb.form == "base"
        and verb.family in ("push", "pull")
    ):
        return way in ("in", "out") and not objects  # "it should pull back"
    if who == "nobody" and strength and verb.form == "s" and _THEN_FILMS.search(text, verb.end):
        return True  # "It follows the girl to the carousel, then circles her"
    if who == "nobody" and strength == 2:
        return way in ("in", "out", "left", "right") and not objects  # "maybe it could zoom out"
    if who == "thing" and verb.family == "orbit" and _DESCRIBED.fullmatch(pre):
        # "POI orbit at 40 m around the lighthouse"
        return verb.form == "base" and (
            way is not None
            or bool(re.match(r"\s+(?:a?round|at\s+\d)|\s*(?:[,.;]|$)", text[verb.end :]))
        )
    if who == "thing" and strength == 2 and verb.form == "base" and _DESCRIBED.fullmatch(pre):
        return way in ("in", "out", "left", "right", "up", "down") and not objects
    timed = state.link in ("when", "once", "after") and state.main == "camera"
    if who == "thing" and strength == 2 and verb.form == "base" and timed:
        return way is not None and not objects  # "tilt up, and when the bell rings pan left"
    if who in ("person", "thing") and strength == 2 and _MUST.search(pre):
        return way is not None and not objects and verb.form == "base"
    if who == "person" and strength == 2 and _I.search(pre):
        return way is not None and not objects and verb.form == "base"
    if who == "picture" and verb.family in ("follow", "track"):
        return False  # "the film follows three sisters"
    if who == "picture":
        return strength > 0 or (way in ("cw", "ccw") and verb.family in ("rotate", "roll", "turn"))
    if (
        way == "with"
        and verb.form == "base"
        and strength == 2
        and who in ("named", "noun", "thing")
    ):
        return False  # "a dolly with red hair"
    if who == "named":
        return (
            way is not None
            and strength == 0
            and state.subject == "camera"
            and verb.form == "base"
            and not objects
        ) or _named(text, verb, way, objects, pre, strength, state)
    if who == "thing" and verb.form == "ing" and strength == 2 and state.subject == "camera":
        # "the camera takes its time panning right"
        return _AS_IT_DOES.search(pre) is not None and (way is not None or prepositional)
    if who in ("noun", "thing") and verb.form == "base" and strength and _A_NOUN.search(pre):
        named = who == "noun" and strength == 2 and _a_film_noun(text, verb, pre)
        return named or (
            way is not None and not objects
        )  # "an abrupt zoom in": no verb stands so after "an"
    if who == "noun":
        # a noun within a sentence about something else: "she gives it a slow push in"
        named = verb.form == "base" and strength == 2
        return named and ((way is not None and not objects) or _a_film_noun(text, verb, pre))
    return False


_A_GLIDE = re.compile(
    r"(?:[^.;:]*[.;:])*\s*(?:(?:with|in|then)\s+)?(?:(?:a|one)\s+(?:(?:lateral|sideways)\s+)?|(?:lateral|sideways)\s+)(?:glide|creep|drift|slide|float|swoop|movement|motion)"
)
"""What nobody but the camera does at the head of a text."""


def _a_film_noun(text: str, verb: Verb, pre: str) -> bool:
    """ "You get a single zoom during this rally": no pan on a stove is slow."""
    return bool(_FILM_ADJECTIVE.search(pre)) and not re.match(
        r"\s+(?:of|for|lens|calls?|meetings?|trucks?|[a-z]+s)\b", text[verb.end :]
    )


_FILM_ADJECTIVE = re.compile(
    r"\b(?:slow|quick|fast|gentle|smooth|steady|subtle|gradual|single|slow\s+and\s+steady|lazy|rapid)\s+$"
)


_IN_A = re.compile(r"\bin\s+(?:a|an)\s+(?:\w+\s+)?$")


_ON_A = re.compile(r"\b(?:on|along|off)\s+(?:a|an|the|its|our)\s+(?:\w+\s+)?$")
_BESIDE = re.compile(
    r"\b(?:beside|behind|near|by|against|under|at|past|next\s+to|around|inside)\s+(?:a|an|the)\s+(?:\w+\s+)?$"
)
"""Where a dolly is a thing that stands about."""
_DONE = re.compile(
    r"\b(?:do|does|doing|perform|performs|execute|executes|try)\s+(?:a|an|one)\s+(?:\w+\s+)?$"
)


def _named(
    text: str, verb: Verb, way: str | None, objects: bool, pre: str, strength: int, state: State
) -> bool:
    """A noun: "a slow pan left", "with a push in", "slow drift right"."""
    described = bool(tables().adjectives.search(tables().way_before.sub("", pre)))
    described = described or (strength == 0 and bool(tables().way_before.search(pre)))
    told = bool(re.match(r"\s+(?:shots?|moves?|movements?|motion|effect)\b", text[verb.end :]))
    if verb.form == "s":
        return strength == 2 and described and way is not None
    if verb.form == "ed":
        return False
    if verb.family == "truck" and way in ("left", "right") and objects:
        return False
    if strength == 2:
        if verb.form == "ing":
            return way is not None or told or described
        if objects and not described and re.search(r"\b(?:the|his|her|their|its)\s*$", pre):
            return False
        if verb.family == "crane" and way == "toward" and not described:
            return False  # "a crane on the building site"
        if way is not None or told or verb.family == "whip":
            return True
        ahead = re.match(
            r"\s+(?:across|along|around|from|to|toward|towards|onto|over|of\s+the)\b",
            text[verb.end :],
        )
        ahead = ahead or (_DONE.search(pre) if verb.family in ("pan", "tilt", "zoom") else None)
        return (described and not re.search(r"\b(?:hot|big|small|long|old)\s*$", pre)) or bool(
            ahead
        )
    if told and verb.family in (
        "orbit", "rise", "sink", "roll", "rotate", "travel", "push", "pull", "approach", "retreat",
    ):  # fmt: skip
        return True
    if verb.family == "barrel_roll":
        return state.subject in (None, "camera")
    if strength == 1:
        if verb.family == "orbit" and re.search(r"\bthe\s+$", pre) and not described:
            return way is not None  # "the orbit of Mars"
        if verb.family == "orbit" and state.subject in ("thing", "person") and _IN_A.search(pre):
            return False  # "a ballerina spins in a circle around her partner"
        if verb.family == "follow":
            return described and verb.form == "base"
        if verb.family == "orbit":
            return (
                (described or bool(_REQUESTED.search(pre)))
                or way is not None
                or bool(re.match(r"\s+(?:a?round|about|of)\b", text[verb.end :]))
            ) and (verb.form == "base")
        if verb.family == "track":
            return way is not None or (described and verb.form == "base")
        return way is not None and not objects
    if verb.family == "lap":
        return verb.form == "base"
    if verb.family in _ASKED_FOR and verb.form == "base" and _REQUESTED.search(pre):
        return _as_asked(text, verb, way, objects)
    if verb.family == "travel" and not described:
        # "a slide into the pool" is no camera's
        sliding = way == "toward" and text.startswith("slide", verb.start)
        glides = not sliding and bool(_A_GLIDE.fullmatch(text[: verb.end]))
        return way is not None and not objects and glides
    if verb.family == "shake":
        return described and bool(re.match(r"\s*(?:$|[,.;)\]]|and\b|camera)", text[verb.end :]))
    if not described or verb.form != "base":
        return False
    if objects and not text[verb.start : verb.end].endswith(" on"):
        return False  # but "a slow move in on his face"
    one_way = verb.family in ("rise", "sink", "approach", "retreat")
    return way is not None or (one_way and not _OF_OTHERS.match(text, verb.end))


_REQUESTED = re.compile(
    r"(?:\b(?:give\s+(?:me|us)|use|add|try|do|need|want|like|get|insert|(?:shot|scene|film|clip|sequence|spot|video)\s+"
    r"(?:opens?|begins?|starts?|ends?|closes?|finish(?:es)?)\s+(?:with|on))|^\s*(?:opens?|begins?|starts?|ends?|finish(?:es)?)\s+(?:with|on))"
    r"\s+(?:an?|one)\s+(?:[a-z]+\s+){0,2}$"
)
"""Who asks for a move names it: "give me a slide left"."""
_ASKED_FOR = ("travel", "roll", "rotate", "rise", "sink", "approach", "retreat", "turn", "sweep")


def _as_asked(text: str, verb: Verb, way: str | None, objects: bool) -> bool:
    """ "give me a slide left", "opens with a descent to the street"."""
    if way is not None and not objects:
        return True
    if verb.family == "approach":
        return text[verb.start : verb.end].endswith((" on", " in"))
    return verb.family in ("rise", "sink", "retreat") and bool(_ALONG_THE.match(text, verb.end))


_UP_OR_DOWN = re.compile(
    r"\s+(?:(?:straight|slowly|[a-z]+ly)\s+)?(?:(?:to|above|over|past|through|toward|towards|into|with|beyond)\s+"
    r"(?!(?:his|her|their|my|its)\s+(?:feet|knees|seat|chair)|the\s+(?:occasion|challenge|floor\s+to\s+speak)|power|fame)|up\b|down\b|until\b)"
)
_THEN_FILMS = re.compile(
    r"\b(?:then|before|and)\s+(?:it\s+)?(?:[a-z]+ly\s+)?(?:pans?|tilts?|zooms?|circl(?:es|ing)|orbits?|cranes|dollies|booms|pulls\s+back|pushes\s+in|"
    r"panning|tilting|zooming|orbiting|pulling\s+back|pushing\s+in)\b"
)
_ALONG_THE = re.compile(r"\s+(?:over|above|past|to|toward|from|down|along)\s+(?:the|a|his|her)\b")
_OF_OTHERS = re.compile(
    r"\s+(?:(?:of|by)(?!\s+(?:the|our)\s+(?:camera|lens|drone)\b)|for|in|into(?!\s+(?:the|a|an|his|her|its|their)\b)|through\s+[a-z]+\s*[.,;])"
)
"""What makes a descent or a climb somebody's: "a slow descent into madness"."""


def _commanded(
    text: str,
    verb: Verb,
    way: str | None,
    objects: bool,
    prepositional: bool,
    strength: int,
    state: State,
) -> bool:
    """A verb without a subject in a text that has not spoken of the camera."""
    rest = text[verb.end :]
    told = bool(re.match(r"\s+(?:shots?|moves?|movements?|motion|effect)\b", rest))
    shown = verb.family == "pan" and bool(_SHOWN.match(rest))
    fresh = state.subject is None or state.link in (".", ":", "!", "?", ";", "then", "\n", "|")
    joined = state.link in ("and", "or", "nor") and state.subject is not None
    if strength == 2:
        if verb.form == "base":
            if joined and state.subject == "person" and not state.wished:
                return False
            if verb.family == "truck" and way in ("left", "right") and objects and state.subject:
                return False
            return (
                way is not None
                or told
                or prepositional
                or verb.family == "whip"
                or (fresh and shown)
            )
        if verb.form == "s":
            then = state.link in ("then", "and then", ";") and state.main in (None, "camera")
            return way is not None and not objects and (state.subject is None or then)
        if verb.form == "ing":
            return (
                (way is not None or prepositional or told or shown)
                and state.subject != "person"
                and not joined
            )
        return False
    if verb.form in ("s", "ed") or joined:
        return False
    if verb.form == "ing":
        if verb.family in ("rise", "sink") and state.subject is None and fresh:
            return bool(_UP_OR_DOWN.match(rest))
        if strength == 0 or verb.family == "follow":
            return (
                fresh
                and verb.family in ("follow", "chase", "travel", "rise", "approach", "retreat")
                and (
                    verb.family in ("follow", "approach", "retreat")
                    or (way is not None and not objects)
                )
                and state.subject is None
            )
        if verb.family in ("push", "pull"):
            return way is not None and not objects and state.subject != "person"
        return state.subject is None or way is not None
    return _imperative(text, verb, way, objects, fresh, state)


def _imperative(
    text: str, verb: Verb, way: str | None, objects: bool, fresh: bool, state: State
) -> bool:
    """ "Push in on the safe", "Follow the dog", "Glide through the arch"; not "Pull out a chair"."""
    rest = text[verb.end :]
    if re.match(r"\s+your\b", rest):
        return False
    if verb.family in ("push", "pull"):
        return way is not None and not objects
    if verb.family == "follow":
        return (fresh and bool(re.match(r"\s+\w", rest))) or not rest.strip(" .,;")
    if verb.family == "track":
        return way is not None or (
            bool(re.match(r"\s+(?:with|alongside|behind|the|her|him|them)\b", rest)) and fresh
        )
    if verb.family == "strafe":
        return way is not None and not objects
    if way in ("cw", "ccw") and verb.family != "orbit":
        return fresh and not OBJECT.match(
            text, verb.end
        )  # "Roll counterclockwise as the verdict is read"
    if verb.family == "roll" and way in ("left", "right"):
        return (
            fresh and not objects and not re.search(r"\b(?:left|right)\s+(?:hand\s+)?side\b", rest)
        )
    if verb.family == "orbit":
        return way is not None or bool(
            (state.link in ("", ".", ":", "\n", "|") and re.match(r"\s*(?:[,.;:|]|$)", rest))
            or re.match(r"\s+(?:around|the|a|his|her|slowly|him|them|it)\b|\s+shot|\s*$", rest)
            or (state.link == "," and re.match(r"\s*[,.;:)]", rest))
        )
    if not fresh:
        return False
    if verb.family == "barrel_roll":
        return True
    if verb.family == "retreat":
        return bool(
            re.match(
                r"\s+(?:[a-z]+ly\s+)?(?:from|down|along|through|out|across)\b|\s+[a-z]+ly\s*[,.;]|\s*[,.;]|\s*$",
                rest,
            )
        )
    if verb.family == "hold":
        return bool(
            re.match(
                r"\s+(?:on|at)\s+(?:the|her|his|a|an|their|this)\b|\s+(?:here|there|still|steady|for\s+(?:a|an|one|two|three|four|five|six|eight|ten|\d+)\s+\w+)\b|\s*[.;,!]|\s*$",
                rest,
            )
        )
    if verb.family in ("widen", "punch"):
        return way is not None and not objects
    if verb.family == "chase":
        return (
            fresh
            and not text.startswith("lead", verb.start)
            and bool(re.match(r"\s+(?:the|her|him|them)\b", rest))
        )
    if verb.family == "keep":
        return text[verb.start : verb.end].count(" ") > 1 or bool(
            re.match(r"\s+(?:with|behind|beside)?\s*(?:the|her|his|him|them|a)\b", rest)
        )
    if verb.family in ("rise", "sink"):
        return bool(
            re.match(
                r"\s+(?:straight\s+|[a-z]+ly\s+)*(?:[a-z]+ly\s*[,.]|and\s+(?:tilt|pan|push|pull|orbit|look|move)\b|while\b|until|vertically|up|down|beside|alongside|past|beyond|out|with|behind|between|around|off|above|over|through|into|from|to|toward|towards|along)\b",
                rest,
            )
        )
    if verb.family == "approach":
        return text[verb.start : verb.end].startswith(
            ("move", "close", "home", "zero", "push", "creep", "sneak")
        )
    if verb.family in ("travel", "turn", "sweep", "look", "cant", "whips", "rotate", "wrap"):
        command = text[verb.start : verb.end] in IMPERATIVE or tables().somewhere.search(text)
        return bool(command) and way is not None and not objects
    return False
