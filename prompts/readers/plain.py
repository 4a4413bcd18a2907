"""Plain text -> script: sentences, scene headings, "MARY: lines", "Shot 3 (5 s): ...", "Sound: ..."."""
# ruff: noqa: RUF001, RUF003  (Chinese punctuation is meant)

import re
from collections.abc import Iterator

from shotwright.prompts.camera_words import is_direction
from shotwright.prompts.language import CJK, split_sentences
from shotwright.prompts.readers.channel import field_named
from shotwright.prompts.readers.headings import split_heading
from shotwright.prompts.readers.script import Element, Script

_SHOT = re.compile(
    r"[ \t]*(?:[-*•#]+[ \t]*)?\**(?:(?:shot|clip|frame|panel)[ \t]*#?[ \t]*(?P<en>\d{1,4}[A-Za-z]?)"
    r"|(?:镜头|分镜|画面|镜)[ \t]*(?P<zh>\d{1,4}|[一二三四五六七八九十]{1,3}))"
    r"\**[ \t]*(?:[(（\[](?P<aside>[^)）\]\n]{1,80})[)）\]])?\**[ \t]*(?:[:：.、—–-]|$)\**[ \t]*",
    re.I,
)
_NUMBER = re.compile(
    r"[ \t]*(?:(?:scene|part|act)[ \t]*\d{1,3}[ \t]*[:.–—-]|场景?[ \t]*[\d一二三四五六七八九十]{1,3}[ \t]*[:：.、]"
    r"|第[\d一二三四五六七八九十]{1,3}[场幕][ \t]*[:：]|\d{1,3}[.)、])[ \t]*(?=\D)(?=\S)",
    re.I,
)
"""The number of a scene or of a line in a list: it orders, and is not filmed."""
_BULLET = re.compile(r"[ \t]*(?:[-*•+]|>+)[ \t]+(?=\S)")
"""What marks a point of a list or a quote: it is not filmed either."""
_SPOKEN = re.compile(
    r"[ \t]*(?:[-*•][ \t]+)?\**(?P<name>[A-Z][\w'’.-]*(?: [A-Z0-9][\w'’.-]*){0,2}"
    rf"|[{CJK}]{{1,5}})"
    r"(?P<ext>[ \t]*[(（][^)）\n]{1,40}[)）])?\**[:：](?!//|\d\d\b)\**[ \t]*(?=\S)(?P<said>[^\n]*)"
)
_QUOTED = re.compile(
    r"(?:\"(?P<a>[^\"]+)\"|\u201c(?P<b>[^\u201d]+)\u201d|\u300c(?P<c>[^\u300d]+)\u300d)\s*(?=[A-Z\u4e00-\u9fff(（]|$)"
)
_LABEL = re.compile(rf"[ \t]*(?:[-*•][ \t]+)?\**(?P<key>[A-Za-z{CJK}][\w /{CJK}]{{0,20}}?)\**[:：]")
_DIRECTIONS = ("camera", "shot_size", "angle", "lens_mm", "focus", "lighting", "duration_s")
_WHOLE = ("title", "style", "aspect_ratio", "logline")
_NO_NAMES = frozenset(
    [
        "note",
        "scene",
        "act",
        "part",
        "chapter",
        "step",
        "tip",
        "warning",
        "example",
        "shot",
        "camera",
        "cut",
        "intro",
        "outro",
        "hook",
        "problem",
        "solution",
        "music",
        "sound",
        "narrator's",
        "brief",
        "product",
        "audience",
        "platform",
        "breaking",
        "update",
        "news",
        "headline",
        "super",
        "title",
        "text",
        "caption",
        "insert",
        "graphic",
        "slogan",
        "tagline",
        "recipe",
        "ingredients",
        "directions",
        "instructions",
        "time",
        "date",
        "location",
        "字幕",
        "标题",
        "标语",
        "口号",
        "快讯",
        "注意",
        "提示",
        "用料",
        "做法",
    ]
)


def read_plain(text: str) -> Script:
    """Every line in one element; nothing is left out."""
    elements: list[Element] = []
    plan: dict[str, str] = {}
    for start, end in _lines(text):
        line = text[start:end]
        if split_heading(line):
            elements.append(Element("heading", line.strip(), start, end))
            continue
        if shot := _SHOT.match(line):
            number = shot["en"] or shot["zh"]
            aside = shot["aside"] or ""
            elements.append(Element("shot", aside, start, start + shot.end(), {"number": number}))
            start += shot.end()
            line = text[start:end]
        elif number := _NUMBER.match(line) or _BULLET.match(line):
            elements.append(Element("aside", "", start, start + number.end()))
            start += number.end()
        for part_start, part_end in _labelled(text, start, end):
            elements += _line_elements(text, part_start, part_end, plan)
    return Script(text, text, tuple(_joined(text, elements)), "plain", plan)


def _lines(text: str) -> Iterator[tuple[int, int]]:
    """Lines, and what stands in one line as "Shot 1: she waits. Shot 2: she leaves."."""
    for match in re.finditer(r"[^\n]*\S[^\n]*", text):
        start, end = match.span()
        cuts = [inner.end() for inner in _SHOT_INSIDE.finditer(text, start, end)]
        yield from zip([start, *cuts], [*cuts, end], strict=True)


_SHOT_INSIDE = re.compile(
    r"(?<=[.!?;。！？；])[ \t]*(?=(?:(?:shot|clip|frame|panel)[ \t]*#?[ \t]*\d{1,4}"
    r"|(?:镜头|分镜|画面|镜)[ \t]*(?:\d{1,4}|[一二三四五六七八九十]{1,3}))"
    r"[ \t]*(?:[(（][^)）\n]{1,80}[)）])?[ \t]*[:：])",
    re.I,
)


_INNER = re.compile(rf"(?<=[.!?;。！？；])[ \t]*(?=(?P<key>[A-Za-z{CJK}][\w {CJK}]{{0,15}}?)[:：])")


def _labelled(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The parts of a line that labels begin: "A man waits. Sound: rain. Camera: slow pan left."."""
    labels = ("sound", *_DIRECTIONS)
    found = _INNER.finditer(text, start, end)
    cuts = [start, *(match.end() for match in found if field_named(match["key"]) in labels)]
    for low, high in zip(cuts, [*cuts[1:], end], strict=True):
        if text[low:high].strip():
            yield low, high


def _line_elements(text: str, start: int, end: int, plan: dict[str, str]) -> Iterator[Element]:
    line = text[start:end]
    label = _LABEL.match(line)
    name = field_named(label["key"]) if label else None
    said = line[label.end() :].strip(" \t*") if label else ""
    if name == "sound":
        heard, directs = _heard(said)
        cut = end if directs is None else text.index(directs, start)
        yield Element("sound", heard, start, cut)
        if directs is not None:
            yield Element("action", directs, cut, end)
    elif name in _DIRECTIONS and said:
        yield Element("note", said, start, end, {str(name): said})
    elif name in ("place", "scene", "time_of_day") and said:
        field = "time_of_day" if name == "time_of_day" else "place"
        yield Element("note", "", start, end, {field: said})
    elif name == "cast" and said:
        yield Element("aside", said, start, end)
    elif name in _WHOLE and said and name not in plan:
        plan[str(name)] = said
        yield Element("aside", said, start, end)
    elif name == "action" and label:
        yield Element("action", said, start + label.end(), end)
    elif (spoken := _SPOKEN.match(line)) and _is_name(spoken["name"], name):
        cue = spoken["name"] + (spoken["ext"] or "")
        at = start + spoken.start("said")
        yield Element("cue", cue, start, at)
        quoted = _QUOTED.match(spoken["said"])
        if quoted is None:
            yield Element("dialogue", spoken["said"], at, end)
            return
        # what follows the quote is seen
        after = at + quoted.end()
        yield Element("dialogue", next(filter(None, quoted.groups())), at, after)
        if text[after:end].strip():
            yield Element("action", text[after:end], after, end)
    else:
        yield Element("action", line, start, end)


_PART = re.compile(r"^第.+[幕场章节集段部]$|(?:做法|步骤|用料|材料|食材|说明|须知|要点)$")
"""What heads a part of a text and says nothing: 第一幕：, 雪花酥做法：."""


def _heard(said: str) -> tuple[str, str | None]:
    """(the sounds, what follows that only directs): "Sound: wind. No zoom."."""
    for span in split_sentences(said)[1:]:
        if is_direction(span.text):
            return said[: span.start].strip(), said[span.start :]
    return said, None


def _is_name(name: str, field: str | None) -> bool:
    if field == "dialogue":
        return True  # 旁白：, Narration:
    if field is not None or name.split()[0].lower() in _NO_NAMES or _PART.search(name):
        return False
    return not is_direction(name)  # WHIP PAN TO: the door


def _joined(text: str, elements: list[Element]) -> Iterator[Element]:
    """Neighbouring lines of action as one element: a sentence may run over a line's end."""
    run: list[Element] = []
    for element in [*elements, None]:
        if element is not None and element.kind == "action":
            run.append(element)
            continue
        if run:
            start, end = run[0].start, run[-1].end
            yield Element("action", text[start:end], start, end)
            run = []
        if element is not None:
            yield element
