"""Plain text -> script: sentences, scene headings, "MARY: lines", "Shot 3 (5 s): ...", "Sound: ..."."""
# ruff: noqa: RUF001, RUF003  (Chinese punctuation is meant)

import re
from collections.abc import Iterator

from shotwright.prompts.camera_words import is_direction
from shotwright.prompts.language import CJK, split_sentences
from shotwright.prompts.readers.channel import field_named
from shotwright.prompts.readers.headings import split_heading
from shotwright.prompts.readers.rows import span_of
from shotwright.prompts.readers.script import Element, Kind, Script, title_line
from shotwright.prompts.shotplan import MAX_SHOT_S

_SHOT = re.compile(
    r"[ \t]*(?:[-*•#]+[ \t]*(?:\[[ xX]\][ \t]*)?)?\**(?:(?:shot|clip|frame|panel)[ \t]*#?[ \t]*(?P<en>\d{1,4}[A-Za-z]?)"
    r"|(?:镜头|分镜|画面|镜)[ \t]*(?P<zh>\d{1,4}|[一二三四五六七八九十]{1,3}))"
    r"\**[ \t]*(?:[(（\[](?P<aside>[^)）\]\n]{1,80})[)）\]])?\**[ \t]*(?:[:：.、—–-]|$)\**[ \t]*",
    re.I,
)
_CLOCK = r"(?:\d{1,2}:)?\d{1,2}:\d{2}(?:[.,]\d+)?"
_TO = r"[ \t]*(?:-{1,2}>|[-–—~～至到]|to\b)[ \t]*"
_TIMED = re.compile(
    rf"[ \t]*(?:[-*•][ \t]+)?\**[\[(（【]?(?P<span>{_CLOCK}{_TO}{_CLOCK}(?![\d:])"
    rf"|\d{{1,3}}(?:\.\d+)?[ \t]*s?{_TO}\d{{1,3}}(?:\.\d+)?[ \t]*(?:s\b|sec(?:ond)?s?\b|秒)"
    # "3-5 seconds later" tells no place in the film
    r"(?=[\])）】*]|[ \t]*(?:[:：|–—-]|$)))[\])）】]?(?:\*\*)?[ \t]*[:：|、–—-]?(?:\*\*)?[ \t]*"
    r"(?:(?:align|line|position|size|vertical|region):\S+[ \t]*)*",
    re.I,
)
"""Where in the film a shot stands, before what it shows: "[0:00-0:03] A cat", "3-6秒：猫跳下来"."""
_PART_TIMED = re.compile(
    rf"[ \t]*(?:[-*•#]+[ \t]+)?\**(?P<label>[A-Za-z][\w /&-]{{0,24}}?|[{CJK}]{{1,8}}\d{{0,2}})\**[ \t]*[(（\[]"
    rf"(?:(?P<span>{_CLOCK}{_TO}{_CLOCK}|\d{{1,3}}{_TO}\d{{1,3}}[ \t]*(?:s|sec(?:ond)?s?|秒))"
    r"|(?P<length>\d{1,2}(?:\.\d+)?)[ \t]*(?:s|sec(?:ond)?s?|秒))[)）\]]\**[:：]\**[ \t]*",
    re.I,
)
"""A part of an advertisement or a lesson with its place or its length: "Hook (0-3s): ...", "Scene 1 (4s): ..."."""
_STAMP = re.compile(rf"[ \t]*[\[(（【]{_CLOCK}(?:[ \t]?[AP]\.?M\.?)?[\])）】][ \t]*(?=\S)", re.I)
"""When a line of a transcript was said: "[00:15] HOST: ..."."""
_SUBTITLE = re.compile(
    rf"[ \t]*(?:\d{{1,5}}[ \t]*\n(?=[ \t]*{_CLOCK}[ \t]*-{{1,2}}>)|WEBVTT\b[^\n]*)"
)
"""The number over a subtitle's times, and the first line of WebVTT."""
_NUMBER = re.compile(
    r"[ \t]*(?:(?:scene|part|act|step)[ \t]*\d{1,3}[ \t]*[:.–—-]|场景?[ \t]*[\d一二三四五六七八九十]{1,3}[ \t]*[:：.、]"
    r"|第[\d一二三四五六七八九十]{1,3}[场幕][ \t]*[:：]|\d{1,3}[.)、])[ \t]*(?=\D)(?=\S)",
    re.I,
)
"""The number of a scene or of a line in a list: it orders, and is not filmed."""
_SCENE = re.compile(
    r"[ \t]*(?:#{1,6}[ \t]*)?[*_]{0,3}[【\[]?(?:scene[ \t]+(?:\d{1,3}|one|two|three|four|five|six|seven|eight|nine|ten)"
    r"|场景?[ \t]*[\d一二三四五六七八九十]{1,3}|第[\d一二三四五六七八九十]{1,3}场)"
    rf"(?:[ \t]*[:：.–—-][ \t]*(?P<place>(?![^\n]*[(（]\d)[A-Z{CJK}][^.!?。！？:：\n*\]】]{{1,40}}?))?"
    r"[ \t]*[:：.]?[】\]]?[*_]{0,3}[ \t]*",
    re.I,
)
"""A line that numbers a scene and names its place, or only numbers it: "**Scene 2: The Street**"."""
_BULLET = re.compile(r"[ \t]*(?:[-*•+]|>+|#{1,6})[ \t]+(?:\[[ xX]\][ \t]+)?(?=\S)")
"""What marks a heading, a point of a list (done or to do) or a quote: it is not filmed either."""
_FRONT = re.compile(
    r"[ \t]*(?:[-*•][ \t]+)?[*_]*(?:client|agency|campaign|format|job(?: no| number)?|version|draft|date|author|"
    r"writer|written by|director|producer|prepared (?:for|by)|contact|客户|项目|版本|日期|编剧|导演|作者|制片)"
    r"[*_]*[ \t]*[:：].*(?<![.!?。！？\"\u201d])",
    re.I,
)
"""What a page says of itself before its first picture; "Director: Cut!" is a speech."""
_LENGTH = re.compile(
    r"[ \t]*(?:[-*•][ \t]+)?[*_]*(?:(?:total )?(?:duration|length|run(?:ning)? time)|总?时长|片长)[*_]*[ \t]*"
    r"[:：](?P<length>.*)",
    re.I,
)
"""How long the film is, over shots that tell their places in it."""
_SPOKEN = re.compile(
    r"[ \t]*(?:[-*•][ \t]+)?\**(?P<name>[A-Z][\w'’.-]*(?: [A-Z0-9][\w'’.-]*){0,2}"
    rf"|[{CJK}]{{1,5}})"
    r"(?P<ext>[ \t]*(?:[(（][^)）\n]{1,40}[)）]|(?<![A-Za-z.])(?:VO|OS|V\.O\.?|O\.S\.?)))?"
    r"\**[:：](?!//|\d\d\b)\**[ \t]*(?=\S)(?P<said>[^\n]*)"
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
        "lesson",
        "client",
        "agency",
        "format",
        "version",
        "trigger",
        "objective",
        "sot",
        "lower",
        "chyron",
        "gfx",
        "b-roll",
        "interview",
        "slide",
        "verse",
        "chorus",
        "video",
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


_SUBTITLED = {
    "code": "subtitles_filmed",
    "message": "The words of the subtitles are filmed as pictures at their times; what is spoken needs its "
    "speaker before it (NARRATOR: ...).",
}


def read_plain(text: str) -> Script:
    """Every line in one element; nothing is left out."""
    elements: list[Element] = []
    plan: dict[str, str] = {}
    placed = places_shots(text)
    ends: list[float] = []  # where in the film the parts end that tell their place
    subtitled = False
    named = title_line(text, capitals=True)
    if named and not is_direction(named[0]):
        plan["title"] = named[0]
        elements.append(Element("aside", "", named[1], named[2]))
    for start, end in _lines(text):
        line = text[start:end]
        if plan and elements and elements[0].end == end:
            continue  # the title
        if scene := _SCENE.fullmatch(line):
            if _is_first(line):
                _title_over(elements, plan)
            place = (scene["place"] or "").strip()
            kind: Kind = "heading" if place and not is_direction(place) else "aside"
            elements.append(Element(kind, re.sub(r",?\s+later$", "", place), start, end))
            continue
        if split_heading(line):
            elements.append(Element("heading", line.strip(), start, end))
            continue
        if not elements and (head := re.fullmatch(r"[ \t]*#[ \t]+(\S.*)", line)):
            plan["title"] = head[1].strip()
            elements.append(Element("aside", "", start, end))
            continue
        if all(e.kind == "aside" for e in elements[-3:]) and _FRONT.fullmatch(line):
            elements.append(Element("aside", line.strip(), start, end))
            continue
        if placed and not ends and (length := _LENGTH.fullmatch(line)):
            plan["duration_s"] = length["length"].strip(" *")
            elements.append(Element("aside", line.strip(), start, end))
            continue
        if _SUBTITLE.match(text, start):
            elements.append(Element("aside", line.strip(), start, end))
            subtitled = True
            continue
        shot = _SHOT.match(line)
        timed = _TIMED.match(line) or (None if shot else _timed_part(line))
        if _is_first(line):
            _title_over(elements, plan)
        if shot:
            number = shot["en"] or shot["zh"]
            aside = shot["aside"] or ""
            if seconds := _seconds(aside, ends):
                aside = f"{seconds:g} s"
            elements.append(Element("shot", aside, start, start + shot.end(), {"number": number}))
            start += shot.end()
            line = text[start:end]
        elif timed:
            elements.append(_placed(timed, start, ends))
            start += timed.end()
        elif number := _STAMP.match(line) or _NUMBER.match(line) or _BULLET.match(line):
            elements.append(Element("aside", "", start, start + number.end()))
            start += number.end()
        for part_start, part_end in _labelled(text, start, end):
            told = list(_line_elements(text, part_start, part_end, plan))
            if told[0].kind == "transition" and elements and elements[-1].kind == "shot":
                # inside a shot that its writer marked: how that one comes in
                cut = re.search("cut|wipe|切", told[0].text, re.I)
                begins = {"transition_in": "cut" if cut else told[0].text}
                told[0] = Element("note", "", told[0].start, told[0].end, begins)
            elements += told
    if ends:
        plan.setdefault("duration_s", f"{ends[-1]:g}")
    warnings = (_SUBTITLED,) if subtitled else ()
    return Script(text, text, tuple(_joined(text, elements)), "plain", plan, warnings=warnings)


def _title_over(elements: list[Element], plan: dict[str, str]) -> None:
    """A line alone over the first shot that is no sentence names the film."""
    if len(elements) == 1 and elements[0].kind == "action" and "title" not in plan:
        line = elements[0]
        if not re.search(r"[.!?:。！？：]\W*$", line.text):
            plan["title"] = line.text.strip()
            elements[0] = Element("aside", "", line.start, line.end)


_FIRST = re.compile(
    r"\W*(?:(?:shot|clip|frame|panel|scene)[ \t]*#?[ \t]*(?:0?1|one)(?!\w)"
    r"|(?:镜头|分镜|画面|镜|场景?|第)[ \t]*[1一](?![\d一-十])|(?:\w+ \()?0[0:]*[ \t]*s?[ \t]*[-–—~～至到]|VIDEO\W*:)",
    re.I,
)


def _is_first(line: str) -> bool:
    """Whether a line opens the first shot, scene or part of a film."""
    return bool(_FIRST.match(line))


def _seconds(words: str, ends: list[float]) -> float | None:
    """The length of a shot that is told by its place, right after the one before ("0-3s", "4-6s");
    the end of the last is the film's.  None for other words, "3-5 s" of a shot among them.
    """
    span = span_of(words)
    told = ends[-1] if ends else 0.0
    if span is None or span[1] <= span[0]:
        return None
    start, end = span
    if told <= start <= told + 1:
        ends.append(end)
        return end - told
    return end - start if ":" in words else None


def places_shots(text: str) -> bool:
    """Whether a text orders its shots by their places in the film, on two lines and more."""
    return sum(bool(_TIMED.match(line)) for line in text[:20_000].split("\n")) > 1


def _timed_part(line: str) -> re.Match[str] | None:
    """A part with its seconds; "LENA (30s): Hello." is a woman who speaks."""
    match = _PART_TIMED.match(line)
    if match is None or match["span"]:
        return match
    label = match["label"].lower()
    return match if label.split()[0] in _NO_NAMES or label[0] in "场第" else None


def _placed(timed: re.Match[str], at: int, ends: list[float]) -> Element:
    """A shot of the seconds that a line begins with; a part longer than a shot keeps its sentences."""
    if timed["span"]:
        start, end = span_of(timed["span"]) or (0.0, 0.0)
        seconds = _seconds(timed["span"], ends) or end - start
    else:
        seconds = float(timed["length"])
    fits = 0 < seconds <= MAX_SHOT_S
    return Element(
        "shot" if fits else "transition", f"{seconds:g} s" if fits else "", at, at + timed.end()
    )


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
    if lead := _LEAD.match(text, start, end):
        yield Element("transition", lead["cut"], start, lead.end())
        start = lead.end()
    yield from _told(text, start, end, plan)


def _told(text: str, start: int, end: int, plan: dict[str, str]) -> Iterator[Element]:
    line = text[start:end]
    label = _LABEL.match(line)
    name = field_named(label["key"]) if label else None
    said = line[label.end() :].strip(" \t*") if label else ""
    if noise := _NOISE.fullmatch(line):
        yield Element("sound", re.sub(r"^(?i:SFX)\s*[:：]\s*", "", noise["heard"]), start, end)
        return
    voice = _SPOKEN.match(said) if name == "sound" else None
    if voice and voice["name"].isupper() and is_name(voice["name"], field_named(voice["name"])):
        yield from _told(text, text.index(said, start), end, plan)  # AUDIO: NORA: Hello.
    elif name == "sound":
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
    elif name == "notes" and said:
        yield Element("note", said, start, end)
    elif name == "action" and label:
        yield Element("action", said, start + label.end(), end)
    elif (spoken := _SPOKEN.match(line)) and is_name(spoken["name"], name):
        ext = (spoken["ext"] or "").strip()
        cue = _SAYS.sub("", spoken["name"]) + (
            f" ({ext})" if ext[:1].isalpha() else spoken["ext"] or ""
        )
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


_LEAD = re.compile(
    r"[ \t]*(?P<cut>(?:(?:SMASH |MATCH |JUMP |HARD |QUICK )?CUT(?: BACK)? TO|(?:CROSS[ -]?)?DISSOLVE(?: TO)?"
    r"|FADE (?:IN|UP|TO|FROM BLACK)|WIPE TO|切至|切到|叠化|淡入)(?: BLACK| WHITE)?)[ \t]*[:：][ \t]*(?=\S)",
    re.I,
)
"""How a shot comes in, before what it shows: "DISSOLVE TO: Nora walks"."""
_NOISE = re.compile(
    r"[ \t]*[\[(（【](?P<heard>(?:SFX|sound|music|BGM|音效|音乐|配乐)\b[^\])）】\n]*"
    r"|[^\])）】\n:：]{0,40}?\b(?:music|applause|laughter|cheering)|(?:[^\])）】\n:：]{0,20}(?:音乐|掌声|笑声)))[\])）】]\s*",
    re.I,
)
"""What a transcript hears between its lines: "[INTRO MUSIC]", "[SFX: waves]"."""
_PART = re.compile(r"^第.+[幕场章节集段部]$|(?:做法|步骤|用料|材料|食材|说明|须知|要点)$")
"""What heads a part of a text and says nothing: 第一幕：, 雪花酥做法：."""


_SAYS = re.compile(f"(?<=[{CJK}])(?:[说问喊答叫念]道?|[回喊笑叹]道|开口|回答|告诉[{CJK}]{{1,2}})$")


def _heard(said: str) -> tuple[str, str | None]:
    """(the sounds, what follows that only directs): "Sound: wind. No zoom."."""
    for span in split_sentences(said)[1:]:
        if is_direction(span.text):
            return said[: span.start].strip(), said[span.start :]
    return said, None


def is_name(name: str, field: str | None) -> bool:
    """Whether what stands before a colon speaks; field: what a shot list would call it."""
    if field == "dialogue":
        return True  # 旁白：, Narration:
    if field is not None or name.split()[0].lower() in _NO_NAMES or _PART.search(name):
        return False
    if says := _SAYS.search(name):
        who = name[: says.start()]  # 小明说：你好 names the verb too, 妈妈笑着说 more than that
        return len(who) in (2, 3) and not re.search("[着地得又就也都了便才他她它们]", who)
    return not is_direction(name)  # WHIP PAN TO: the door


def _joined(text: str, elements: list[Element]) -> Iterator[Element]:
    """Neighbouring lines of action as one element: a sentence may run over a line's end."""
    run: list[Element] = []
    for element in [*elements, None]:
        goes_on = element is not None and element.kind == "action"
        if (
            element is not None
            and goes_on
            and not (run and text[run[-1].end : element.start].strip())
        ):
            run.append(element)
            continue
        if run:
            start, end = run[0].start, run[-1].end
            yield Element("action", text[start:end], start, end)
            run = []
        if element is not None and goes_on:
            run = [element]  # a label stands between
        elif element is not None:
            yield element
