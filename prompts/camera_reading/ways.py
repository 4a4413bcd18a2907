"""The way that the words around an English verb name: left, in, around ..."""

import re
from functools import cache

from shotwright.prompts.camera_reading.tables import tables

_LEFT = r"(?:to(?:wards?)?\s+)?(?:the\s+|its\s+|our\s+|screen\s+|frame\s+|camera\s+)*left(?:wards?)?(?:\s+hand\s+side)?"
_RIGHT = _LEFT.replace("left", "right")
_CHINESE_WAY = "(?:向|往|朝)%s(?:侧|边)?"
_ALOFT = r"(?:sky|skies|heavens|ceiling|roof|rooftops?|stars?|moon|sun|clouds?|canopy|treetops?|rafters|top)"
_NO_RIGHT = (
    r"(?!\s+(?:up\s+(?:to|against|close)|behind|into|now|there|here|away|next|in\s+front|before|after|through|"
    r"above|beside|angle|hand)\b)"
)
_WAYS: tuple[tuple[str, str], ...] = (
    ("right", r"l\s*(?:to|->|>|/)?\s*r(?![a-z])"),
    ("left", r"r\s*(?:to|->|>|/)?\s*l(?![a-z])"),
    ("right", r"(?:from\s+)?(?:the\s+)?left(?:\s+hand\s+side)?\s+(?:to\s+(?:the\s+)?)?right"),
    ("left", r"(?:from\s+)?(?:the\s+)?right(?:\s+hand\s+side)?\s+(?:to\s+(?:the\s+)?)?left"),
    ("ccw", r"(?:counter|anti)\s*clockwise|ccw"),
    ("cw", r"clockwise|cw"),
    (
        "left",
        _LEFT
        + r"(?!\s+(?:open|alone|behind(?!\s+(?:the|a|his|her))|over\s+from)\b)|"
        + _CHINESE_WAY % "左",
    ),
    ("right", _RIGHT + _NO_RIGHT + "|" + _CHINESE_WAY % "右"),
    ("up", r"u(?=\s*(?:[,.;/)\]]|$)|\s+(?:at|past|to|over)\b)"),
    ("down", r"d(?=\s*(?:[,.;/)\]]|$)|\s+(?:at|past|to|over)\b)"),
    ("left", r"l(?=\s*(?:[,.;/)\]]|$)|\s+(?:at|past|along|to|across|with|over)\b)"),
    ("right", r"r(?=\s*(?:[,.;/)\]]|$)|\s+(?:at|past|along|to|across|with|over)\b)"),
    (
        "in",
        rf"right\s+up\s+to|up\s+to(?!\s+(?:the\s+)?(?:{_ALOFT}\b|\d|(?:a\s+)?(?:hundred|two|three|four|five|six|seven|eight|nine|ten|twelve|fifteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)\b|eye\s+(?:level|height)|head\s+height|height))|up\s+close",
    ),
    (
        "toward",
        r"along\s+(?:the|a)\s+(?:\w+\s+){1,2}(?:toward|towards)(?=\s)|"
        r"down\s+(?:the|a|this|that|an)\s+(?:\w+\s+){0,2}?(?:halls?|hallway|corridor|street|aisle|alley|alleyway|road|"
        r"tunnel|path|lane|nave|row|track|passage|avenue|boulevard|trail|runway|pier)",
    ),
    (
        "with",
        r"along\s+(?:with|behind|beside|after)|alongside|beside|after|with(?!\s+(?:a|an|the\s+camera))|along\s+with|close\s+behind|behind",
    ),
    ("over", r"over(?=\s*(?:[,.;]|$)|\s+(?:and|as|until|onto|completely|twice|once|slowly)\b)"),
    ("up", r"up(?:wards?)?|skywards?|" + _CHINESE_WAY % "上"),
    ("down", r"down(?:wards?)?|" + _CHINESE_WAY % "下"),
    (
        "in",
        r"closer|nearer|forwards?|ahead|inwards?|inside|in(?!\s+(?:and\s+out|front|place|slow\s+motion|circles?|a\s+"
        r"(?:circle|slow|single|wide|smooth|continuous)|one|that\s+order|this\s+order|order|sequence|turn|mind|hand|question|love|common|bed|town|real|sync|parallel|time)\b)|tight",
    ),
    (
        "out",
        r"outwards?|out|backwards?|back(?!\s+and\s+forth)|away|wider?|off(?=\s+(?:from|into|slowly|gently|a|until|so)\b|\s*(?:[,.;]|$))",
    ),
    (
        "around",
        r"in\s+(?:a\s+)?(?:\w+\s+)?(?:circles?|arc)(?:\s+around)?|(?:all\s+)?(?:around|round)(?!\s+(?:to\s+the\s+)?(?:left|right)\b(?!\s+of\b))|full\s+circle",
    ),
    (
        "toward",
        r"into|onto|(?:straight|right)\s+at|through|towards?|over(?!\s+to\s+the)|between|under(?:neath)?|beneath|to(?!\s+(?:reveal|show|find|"
        r"follow|catch|keep|frame|expose|match|see|meet|include|hold|capture|discover|track)\b)|on(?!\s+(?:a|an)\s+(?:tripod|rail|"
        r"track|gimbal|dolly|crane|drone)\b)|for\s+a\s+close",
    ),
    (
        "along",
        r"parallel\s+(?:to|with)|the\s+(?:whole\s+|full\s+|entire\s+)?length\s+of|along|across|past|sideways|laterally|by(?=\s+the\b)",
    ),
)


@cache
def _way_patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple(
        (way, re.compile(rf"{tables().fill}[\s°%]*(?P<way>(?<![a-z])(?:{pattern}))(?![a-z])"))
        for way, pattern in _WAYS
    )


_FAR = re.compile(
    r"\s+(?:[a-z]+ly\s+)*(?:of|from|across|along|over|around|past|off|with|through|to|toward|towards|onto|between|among|by|up|down|in|on|"
    r"the|his|her|its|him|them|us|at|about|a|an)\b"
)
_LOW = (
    r"(?:shoes?|boots?|feet|foot|toes?|ankles?|knees?|floor|ground|grass|pavement|street|base|bottom|roots?|"
    r"waves|water|earth|heels?|hem|doorstep)"
)
_HIGH = (
    r"(?:face|eyes?|head|hair|hat|crown|sky|ceiling|top|tops|roof|rooftops?|stars?|moon|sun|peaks?|summit|"
    r"clouds?|canopy|spire|branches|treetops?|chandelier|smile)"
)
_OF = r"(?:[a-z']+\s+){0,3}?"
FAR_WAYS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("right", re.compile(r"\bfrom\s+(?:the\s+)?west\s+to\s+(?:the\s+)?east\b")),  # as on a map
    ("left", re.compile(r"\bfrom\s+(?:the\s+)?east\s+to\s+(?:the\s+)?west\b")),
    ("up", re.compile(rf"\bfrom\s+{_OF}{_LOW}\s+{_OF}to\s+{_OF}{_HIGH}\b")),
    ("down", re.compile(rf"\bfrom\s+{_OF}{_HIGH}\s+{_OF}to\s+{_OF}{_LOW}\b")),
    ("up", re.compile(r"\b(?:bottom|down|below)\s+to\s+(?:the\s+)?(?:top|up)\b")),
    ("down", re.compile(r"\b(?:top|up)\s+to\s+(?:the\s+)?(?:bottom|down)\b")),
    ("right", re.compile(r"\b(?:from\s+)?(?:the\s+)?left\s+to\s+(?:the\s+)?right\b")),
    ("left", re.compile(r"\b(?:from\s+)?(?:the\s+)?right\s+to\s+(?:the\s+)?left\b")),
    ("ccw", re.compile(r"\b(?:counter|anti)\s*clockwise\b")),
    ("cw", re.compile(r"\bclockwise\b")),
    (
        "left",
        re.compile(
            r"\bto\s+(?:the|its|her|his|our|camera|screen)\s+left\b|\bleftwards?\b|\bleft(?=\s*$)"
        ),
    ),
    (
        "right",
        re.compile(
            r"\bto\s+(?:the|its|her|his|our|camera|screen)\s+right\b|\brightwards?\b|\bright(?=\s*$)"
        ),
    ),
    ("up", re.compile(r"\bup(?:wards?)?\s+(?:to|toward|towards|into|past|at|the)\b|\bupwards?\b")),
    (
        "down",
        re.compile(
            r"\bdown(?:wards?)?\s+(?:to|toward|towards|onto|into|past|at|on|the)\b|\bdownwards?\b"
        ),
    ),
)


_SIDES = ("left", "right", "cw", "ccw")


def way_after(
    text: str, at: int, limit: int, ways: dict[str, str]
) -> tuple[str | None, tuple[int, int] | None]:
    """The way that the words after a verb name, and where; only ways that the verb has."""
    best: tuple[int, int, str, tuple[int, int]] | None = None
    for order, (way, pattern) in enumerate(_way_patterns()):
        if way not in ways:
            continue
        found = pattern.match(text, at, limit)
        if found and (best is None or found.start("way") < best[0]):
            best = (found.start("way"), order, way, found.span("way"))
    near = (best[2], best[3]) if best else (None, None)
    if near[0] in ("left", "right", "up", "down", "cw", "ccw"):
        return near
    if best is None and not _FAR.match(text, at):
        return near
    if near[0] == "around":
        # "around the statue to the right"
        sides = ((f"around_{w}", p.search(text, at, limit)) for w, p in FAR_WAYS if w in _SIDES)
        return next(((way, found.span()) for way, found in sides if found), near)
    for way, pattern in FAR_WAYS:
        found = pattern.search(text, at, limit)
        if found and way in ways and (way not in ("up", "down") or best is None):
            return way, found.span()
    return near


_BEFORE = {
    "leftward": "left", "rightward": "right", "forward": "in", "backward": "out", "reverse": "out",
    "clockwise": "cw", "lateral": "side", "sideways": "side", "左": "left", "右": "right", "上": "up", "下": "down",
    "前": "in", "后": "out",
}  # fmt: skip


_CHINESE_BEFORE = re.compile(r"(?:向|往|朝)(?P<way>[左右上下前后])\s*$")


def way_before(text: str, low: int, at: int) -> tuple[str | None, tuple[int, int] | None]:
    """The way that stands before a noun: "a left pan", "a forward tracking shot"."""
    found = tables().way_before.search(text, low, at) or _CHINESE_BEFORE.search(text, low, at)
    if not found:
        return None, None
    word = re.sub(r"\s+", " ", found.group("way"))
    if word.endswith("clockwise") and word != "clockwise":
        way = "ccw"
    elif " to " in word:
        way = word.rpartition(" ")[2].replace("west", "left").replace("east", "right")
    else:
        way = _BEFORE.get(word, word.removesuffix("s").removesuffix("ward"))
    return way, found.span("way")
