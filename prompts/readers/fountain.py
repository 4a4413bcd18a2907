"""Fountain -> script, with Chinese scene headings and names, and notes as the camera channel.

A reader of our own: the packages looked at (fountain-py 0.3.0, screenplay-tools 0.0.10) drop notes
inside a paragraph, give no positions in the text, and know no Chinese headings; the first also fails
on unclosed comments.  Time grows linearly with the text.
Source: the syntax page of fountain.io, version 1.1.
"""
# ruff: noqa: RUF001  (Chinese punctuation is meant)

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from shotwright.prompts.language import CJK
from shotwright.prompts.readers.channel import field_named, parse_note
from shotwright.prompts.readers.headings import split_heading
from shotwright.prompts.readers.plain import is_name
from shotwright.prompts.readers.script import Element, Script, title_line

# an empty line ends a note that was never closed
_NOTE = re.compile(r"(?<!\\)\[\[((?:[^\]\[\n]|\](?!\])|\[(?!\[)|\n(?![ \t]*\n))*)\]\]")
_MARK = re.compile(r"(?m)^[ \t]*[△▲▽▼][ \t]*")
"""What begins a line of action in a Chinese screenplay."""
_TITLE_KEY = re.compile(r"(?P<key>[^:：\n]{1,30})[:：][ \t]*(?P<value>[^\n]*)$")
_TITLE_KEYS = frozenset(
    [
        "title",
        "credit",
        "author",
        "authors",
        "source",
        "draft",
        "date",
        "contact",
        "copyright",
        "notes",
        "revision",
        "font",
        "format",
        "style",
        "aspect",
        "ratio",
        "duration",
        "language",
        "logline",
        "标题",
        "片名",
        "作者",
        "编剧",
        "风格",
        "画幅",
        "时长",
        "日期",
        "联系方式",
        "版权",
    ]
) | {"draft date", "aspect ratio", "watermark", "series", "episode"}
_TRANSITION = re.compile(
    r"(?:[A-Z][A-Z ]* TO|FADE (?:IN|OUT|TO BLACK|UP)|CUT TO BLACK|DISSOLVE)[:.]?"
    r"|(?:切至|切到|切入|淡入|淡出|叠化|溶至|溶接|化入|化出|闪回|闪白|黑场|转场|划像)[:：。]?"
)
_CUE_ZH = re.compile(
    rf"(?P<name>[{CJK}·]{{1,8}}\d?)[ \t]*(?P<ext>[(（][^)）\n]{{1,20}}[)）])?[:：]?"
)
_CUE_EN = re.compile(r"(?P<name>[^a-z\n(]{1,60}?)[ \t]*(?P<ext>(?:\([^)\n]{1,40}\)[ \t]*)*)\^?")
_SPOKEN_ZH = re.compile(
    rf"(?P<name>[{CJK}·]{{1,5}})[ \t]*(?P<ext>[(（][^)）\n]{{1,20}}[)）]|(?:VO|OS|V\.O\.?|O\.S\.?))?"
    r"[:：](?P<said>.+)"
)
_BARE_CUE_ZH = re.compile(rf"(?P<name>[{CJK}·]{{1,5}})[ \t]*(?:[(（][^)）\n]{{1,20}}[)）])?[:：]")
"""Who speaks, on a line above the words."""
_SPOKEN_EN = re.compile(
    r"(?P<name>[A-Z][A-Z0-9.'’-]*(?: [A-Z][A-Z0-9.'’-]*){0,2})(?P<ext>[ \t]*\([^)\n]{1,30}\))?:[ \t]+(?P<said>\S.*)"
)
"""A speech in one line, as nobody who knows the format writes it: "MOM: Seatbelts."."""
_DIRECTS = re.compile(
    r"\b(?:ON|TO|WITH|OF|SHOTS?|SCREEN|FROM|IN|OUT|LATER|POV|THIRD|BLACK|MONTAGE|FLASHBACK|THE|\w+['’]S)\b"
)
_ASIDE = re.compile(r"={3,}$|#{1,6}(?!\d)|=(?!=)")
_PART = re.compile(
    r"(?:END OF )?(?:PART|ACT|EPISODE|SERIES|CHAPTER)[ \t]+(?:[A-Z]+|\d{1,3})\b[^a-z\n]{0,60}"
    r"|TEASER|COLD OPEN|PROLOGUE|EPILOGUE|TAG|第[\d一二三四五六七八九十百]{1,4}[集幕章回]"
)
"""A line that heads or ends a part and is not filmed."""
_PRESENT = re.compile(r"\([A-Z][A-Z .'’-]+(?:, [A-Z][A-Z .'’-]+)*\)")
"""Who is in a scene, under the heading of a British page: "(MARGE, PAUL)"."""
_WRITTEN = frozenset(["字幕", "标题", "标语", "口号", "快讯", "注意", "提示", "屏幕", "画面"])
"""What text in the picture, or a remark, begins with: nobody speaks it."""
_TELLS = tuple("说道问喊答想写念叫")
MAX_TITLE_LINES = 40


def opens_another(line: str) -> bool:
    """Whether a line begins something new though no empty line stands before it: a heading, a section
    or synopsis, a Chinese name with a colon.
    """
    if line.startswith("!"):
        return False
    if split_heading(line) or re.match(r"#{1,6}\s|=\s|[△▲▽▼]", line):
        return True
    if _PART.fullmatch(line) or _PRESENT.fullmatch(line):
        return True
    if _says(line):
        return True
    spoken = _SPOKEN_ZH.fullmatch(line) or _BARE_CUE_ZH.fullmatch(line)
    return (
        spoken is not None
        and not spoken["name"].endswith(_TELLS)
        and field_named(spoken["name"]) in (None, "cast")
    )


def _says(line: str) -> re.Match[str] | None:
    """A line in which somebody speaks; none that says how to film: "CLOSE ON: his hand"."""
    match = _SPOKEN_EN.fullmatch(line)
    if match is None or _DIRECTS.search(match["name"]):
        return None
    return match if is_name(match["name"], field_named(match["name"])) else None


def read_fountain(source: str) -> Script:
    """Every character lies in an element, in white space, or in a comment."""
    return _Reader(source).read()


@dataclass
class _Reader:
    source: str
    text: str = ""
    elements: list[Element] = field(default_factory=list)
    plan: dict[str, Any] = field(default_factory=dict)
    warnings: list[dict[str, str]] = field(default_factory=list)
    exact: bool = False
    compact: bool = False

    def read(self) -> Script:
        self.text = _without_comments(self.source)
        if self.text != self.source:
            self._warn("comment_left_out", "What stands between /* and */ is not filmed.")
        notes = list(_NOTE.finditer(self.text))
        self.text = _MARK.sub(_blank, _NOTE.sub(_blank, self.text))
        if "[[" in self.text.replace("\\[[", ""):
            self._warn("note_unclosed", "A note [[ is never closed; its words are read as action.")
        if "/*" in self.text:
            self._warn("comment_unclosed", "A comment /* is never closed; it is read as text.")
        body = self._title_page()
        # without empty lines only capitals tell who speaks
        self.compact = not re.search(r"\S[ \t]*\n[ \t]*\n", self.text[body:])
        self._lines(body)
        for match in notes:
            self._note(match)
        self.elements.sort(key=lambda element: (element.start, element.end))
        elements = tuple(self.elements)
        return Script(
            self.source,
            self.text,
            elements,
            "fountain",
            self.plan,
            self.exact,
            tuple(self.warnings),
        )

    def _warn(self, code: str, message: str) -> None:
        self.warnings.append({"code": code, "message": message})

    def _add(self, kind: Any, text: str, start: int, end: int) -> None:
        self.elements.append(Element(kind, text.strip(), start, end))

    def _title_page(self) -> int:
        """Reads the title page; returns where the film begins."""
        at = len(self.text) - len(self.text.lstrip())
        first = _TITLE_KEY.match(self.text, at, _line_end(self.text, at))
        if not first or first["key"].strip().lower() not in _TITLE_KEYS:
            named = title_line(self.text)
            if named is None:
                return 0
            self.plan["title"] = named[0]
            self.elements.append(Element("aside", "", named[1], named[2]))
            return named[2]
        rest: list[str] = []
        key, start = "", at
        for _ in range(MAX_TITLE_LINES):
            end = _line_end(self.text, at)
            line = self.text[at:end]
            if not line.strip():
                break
            match = _TITLE_KEY.match(line)
            if match and not line[0].isspace():
                key = match["key"].strip()
                value = match["value"].strip()
            else:
                value = line.strip()
            name = field_named(key)
            if value and name in ("title", "style", "aspect_ratio", "logline", "duration_s"):
                before = self.plan.get(name)
                self.plan[name] = f"{before} {value}" if before else value
            elif value:
                rest.append(f"{key}: {value}")
            at = end + 1
            if at >= len(self.text):
                break
        if rest:
            self.plan.setdefault("logline", "; ".join(rest))
        at = min(at, len(self.text))
        self.elements.append(Element("aside", "", start, at))
        return at

    def _lines(self, at: int) -> None:
        """Blocks of lines between empty lines."""
        block: list[tuple[int, int]] = []
        for start, end in _line_spans(self.text, at):
            if self.text[start:end].strip():
                block.append((start, end))
            elif block and end - start >= 2 and self._in_speech(block):
                block.append((start, end))  # two spaces hold a speech together
            elif block:
                self._block(block)
                block = []
        if block:
            self._block(block)

    def _in_speech(self, block: list[tuple[int, int]]) -> bool:
        return len(block) > 1 and self._cue(*block[0]) is not None

    def _block(self, block: list[tuple[int, int]]) -> None:
        opening = block[0]
        while block:
            start, end = block[0]
            line = self.text[start:end].strip()
            taken = self._single(line, start, end, alone=len(block) == 1)
            if not taken and len(block) > 1 and self._cue(start, end):
                # without empty lines nothing else tells where the speech ends
                within = block[0] != opening and _BARE_CUE_ZH.fullmatch(line)
                rest = 2 if within else self._turn(block, 2)
                self._speech(block[:rest])
                block = block[rest:]
                continue
            if not taken:
                rest = self._turn(block)
                self._action(block[:rest])
                block = block[rest:]
            else:
                block = block[1:]

    def _turn(self, block: list[tuple[int, int]], start: int = 1) -> int:
        """Where in a block something else begins for want of an empty line: a heading, a speaker."""
        for n in range(start, len(block)):
            line = self.text[slice(*block[n])].strip()
            if opens_another(line):
                return n
            if self.compact and n + 1 < len(block) and line.isupper() and self._cue(*block[n]):
                return n
        return len(block)

    def _single(self, line: str, start: int, end: int, *, alone: bool) -> bool:
        """A line that is something by itself."""
        if line.startswith("!"):
            return False
        forced = line.startswith(".") and len(line) > 1 and line[1].isalnum()
        if forced or split_heading(re.sub(r"\s*#[^#]*#\s*$", "", line)):
            self._add("heading", re.sub(r"\s*#[^#]*#\s*$", "", line.lstrip(".")), start, end)
        elif self._is_list(line):
            self._add("aside", line, start, end)
        elif _ASIDE.match(line):
            self._add("aside", line.lstrip("#= "), start, end)
        elif line.startswith(">") and line.endswith("<"):
            at = start + self.text[start:end].index(line)
            self._add("action", line[1:-1], at + 1, at + len(line) - 1)
        elif line.startswith(">") or _TRANSITION.fullmatch(line):
            self._add("transition", line.lstrip("> "), start, end)
        elif said := _says(line):
            at = start + self.text[start:end].index(line) + said.start("said")
            self._add("cue", said["name"] + (said["ext"] or ""), start, at)
            self._add("dialogue", said["said"], at, end)
        elif spoken := _SPOKEN_ZH.fullmatch(line):
            if field_named(spoken["name"]) is not None or spoken["name"] in _WRITTEN:
                return False
            at = start + self.text[start:end].index(line) + spoken.start("said")
            ext = spoken["ext"] or ""
            ext = f" ({ext})" if ext[:1].isalpha() else ext  # 陈叔VO
            self._add("cue", spoken["name"] + ext, start, at)
            self._add("dialogue", spoken["said"], at, end)
        else:
            return False
        return True

    def _is_list(self, line: str) -> bool:
        """Whether a line heads a part, or lists who is in the scene that a heading has just begun."""
        if _PART.fullmatch(line):
            return True
        opened = bool(self.elements) and self.elements[-1].kind == "heading"
        spoken = _SPOKEN_ZH.fullmatch(line)
        return opened and (
            bool(_PRESENT.fullmatch(line))
            or (spoken is not None and field_named(spoken["name"]) == "cast")
        )

    def _cue(self, start: int, end: int) -> str | None:
        line = self.text[start:end].strip()
        if line.startswith("@") and len(line) > 1:
            return line[1:].rstrip("^ ")
        if line.startswith(("!", "~", ">", "#", "=", "(", ".")) or len(line) > 80:
            return None
        if match := _CUE_ZH.fullmatch(line):
            return match["name"] + (match["ext"] or "")
        match = _CUE_EN.fullmatch(line)
        if (
            match
            and any(c.isalpha() for c in match["name"])
            and not re.search(rf"[{CJK}]|[.!?:,]$", match["name"].strip())
        ):
            return line.rstrip("^ ")
        return None

    def _speech(self, block: list[tuple[int, int]]) -> None:
        (start, end), *lines = block
        self._add("cue", self._cue(start, end) or "", start, end)
        said: list[tuple[int, int]] = []
        for start, end in lines:
            line = self.text[start:end].strip()
            if re.fullmatch(r"[(（].*[)）]", line):
                self._said(said)
                said = []
                self._add("parenthetical", line[1:-1], start, end)
            else:
                said.append((start, end))
        self._said(said)

    def _said(self, lines: list[tuple[int, int]]) -> None:
        if lines:
            start, end = lines[0][0], lines[-1][1]
            text = "\n".join(self.text[a:b].strip().removeprefix("~") for a, b in lines)
            self._add("dialogue", text, start, end)

    def _action(self, block: list[tuple[int, int]]) -> None:
        start, end = block[0][0], block[-1][1]
        self.elements.append(Element("action", self.text[start:end], start, end))

    def _note(self, match: re.Match[str]) -> None:
        inside = match[1].strip()
        start, end = match.span()
        channel = parse_note(inside)
        if channel is None:
            self.elements.append(Element("note", inside, start, end))
            return
        whole = channel.pop("plan", None)
        if whole is not None:
            self._whole(whole)
        for name in ("title", "style", "aspect_ratio", "logline"):
            if name in channel and name not in self.plan:
                self.plan[name] = channel.pop(name)
        kind: Any = "shot" if "shot" in channel else "note" if channel else "aside"
        self.elements.append(Element(kind, "", start, end, channel))

    def _whole(self, words: str) -> None:
        """What the writer of a plan kept of it beside its shots."""
        try:
            kept = json.loads(words)
        except ValueError:
            kept = None
        if isinstance(kept, dict):
            self.plan = {**self.plan, **kept}
            self.exact = True
        else:
            self._warn("note_unread", "The note with the plan's parts is damaged and was left out.")


def _blank(match: re.Match[str]) -> str:
    """The same number of characters, line ends kept."""
    return re.sub(r"[^\n]", " ", match.group())


def _without_comments(text: str) -> str:
    """The text with /* comments */ blanked; one that is never closed is text."""
    pieces: list[str] = []
    at = 0
    while (start := text.find("/*", at)) >= 0 and (end := text.find("*/", start + 2)) >= 0:
        pieces += [text[at:start], re.sub(r"[^\n]", " ", text[start : end + 2])]
        at = end + 2
    return "".join([*pieces, text[at:]])


def _line_end(text: str, at: int) -> int:
    end = text.find("\n", at)
    return len(text) if end < 0 else end


def _line_spans(text: str, at: int) -> Iterator[tuple[int, int]]:
    while at < len(text):
        end = _line_end(text, at)
        yield at, end
        at = end + 1
