"""Scene headings of both languages: "INT. KITCHEN - NIGHT", "SCENE 2. EXT. GARDEN. DAY 1. 0925",
"内景 厨房 - 夜", "第3场 外景 山顶 日", "1-2 日 内 旧书店".
"""
# ruff: noqa: RUF001, RUF003  (Chinese punctuation is meant)

import re
from dataclasses import dataclass

_TIMES_ZH = (
    "日|夜|晨|昏|黄昏|清晨|早晨|上午|中午|正午|下午|傍晚|白天|夜晚|深夜|日出|日落|黎明|凌晨|连续"
)
_DAY = (
    r"(?:(?:early|late|mid)[ -]?)?(?:day|night|morning|evening|afternoon|dawn|dusk|noon|midday|midnight|"
    r"sunset|sunrise|twilight|continuous|later|same)"
)
_ENGLISH = re.compile(
    r"\s*(?:(?:scene|sc\.?)\s+\d+[A-Z]?[.:)]?\s+|\d+[A-Z]?[.)]?\s+)?"
    r"(?P<int_ext>INT\.?\s?/\s?EXT|EXT\.?\s?/\s?INT|INT|EXT|EST|I/E)(?:[. ]+)"
    # British pages part the time by a full stop, number the days and give the hour: "HALLWAY. DAY 1. 0910"
    rf"(?P<place>\S.*?)(?:(?:[.,]\s+|\s*[/(]\s*)(?P<day>{_DAY})"
    r"(?:\s*\d{1,2})?\)?(?:[.,]?\s+\d{1,2}[:.]?\d\d)?"
    r"|\s+[-–—]+\s+(?P<time>[^-–—]+))?[\s.]*$",
    re.I,
)
_REMARK = re.compile(
    rf"(?P<heading>.*[-–—]\s*{_DAY}(?:\s+\d{{1,2}})?)\s*(?:[(\[].*[)\]]|[-–—]+[^-–—]+)\s*", re.I
)
"""A heading and what follows its time: "EXT. PIER - DAY (FLASHBACK - 1998)", "INT. HALL - NIGHT - LATER"."""
_NUMBER_ZH = (
    r"(?:第?[\d一二三四五六七八九十百]+\s*[-－–—]\s*[\d一二三四五六七八九十]+场?|"
    r"第?[\d一二三四五六七八九十百]+场|场景?\s*[\d一二三四五六七八九十]+|\d+(?=[.．、\s]))[.．、：:\s]*"
)
_CHINESE = re.compile(
    r"\s*(?:第?[\d一二三四五六七八九十百]+场?[.．、：:\s]*)?"
    r"(?P<int_ext>内外景|内/外景|内景|外景|内|外)(?:[。.．:：、，\s]+|(?<=景))"
    rf"(?P<place>\S.*?)(?:(?:\s*[-－—–/·，,、]+\s*|\s+)(?P<time>{_TIMES_ZH}))?\s*$"
)
_CHINESE_TURNED = re.compile(
    # 场景一 厨房 夜 内; 1. 厨房 日/内
    rf"\s*[【\[]?{_NUMBER_ZH}"
    rf"(?P<place>\S.*?)[\s,，、]+(?P<time>{_TIMES_ZH})[\s,，、/·]*(?P<int_ext>内外|内|外)景?[】\]\s]*$"
)
_CHINESE_TIMED = re.compile(
    # 第1场 日 内 旧书店; 1-2 夜/外 书店门口; 场景三：内 夜 厨房
    rf"\s*[【\[]?{_NUMBER_ZH}(?:(?P<time>{_TIMES_ZH})[\s,，、/·]*(?P<int_ext>内外|内/外|内|外)景?"
    rf"|(?P<int_ext_2>内外|内/外|内|外)景?[\s,，、/·]+(?P<time_2>{_TIMES_ZH}))"
    r"[\s,，、：:/·.]+(?P<place>[^\s。！？!?].*?)[】\]\s]*$"
)
_CHINESE_LAST = re.compile(
    # 1-2 旧书店 内 日
    rf"\s*[【\[]?{_NUMBER_ZH}(?P<place>\S.*?)[\s,，、]+(?P<int_ext>内外|内/外|内|外)景?[\s,，、/·]+"
    rf"(?P<time>{_TIMES_ZH})[】\]\s]*$"
)
_KINDS = {"内": "INT", "外": "EXT", "内景": "INT", "外景": "EXT", "EST": "EXT"}
MAX_HEADING = 200


@dataclass(frozen=True)
class Slug:
    """What a heading says, in its own words; int_ext is INT, EXT or INT/EXT."""

    int_ext: str
    place: str
    time: str | None


def split_heading(line: str) -> Slug | None:
    """A scene heading's parts; None for a line that is none."""
    if len(line) > MAX_HEADING or "\n" in line.strip():
        return None
    if remark := _REMARK.fullmatch(line):
        line = remark["heading"]
    for pattern in (_ENGLISH, _CHINESE_TIMED, _CHINESE_LAST, _CHINESE, _CHINESE_TURNED):
        if not (match := pattern.match(line)):
            continue
        told = match.groupdict()
        int_ext = str(told["int_ext"] or told["int_ext_2"])
        time = told["time"] or told.get("time_2") or told.get("day")
        small = pattern is _ENGLISH and int_ext != int_ext.upper()
        # "Int. kitchen" may be one, "Interior" and "Ext" before prose never are
        if small and "." not in line[: match.start("place")]:
            continue
        if _GOES_ON.search(time or ""):
            continue  # "EXT. DESERT - DAY. Heat." is a heading and a picture
        place = match["place"].strip(" -–—－，,、。")
        if not place or (pattern is not _ENGLISH and _is_sentence(line)):
            continue
        kind = int_ext.upper().replace(".", "").replace(" ", "")
        kind = _KINDS.get(kind, kind)
        return Slug(
            kind if kind in ("INT", "EXT") else "INT/EXT", place, time and time.strip(" .。")
        )
    return None


_GOES_ON = re.compile(r"[.!?]\s+\w")


def _is_sentence(line: str) -> bool:
    """内景 ends no sentence; "外面下着雨。" does."""
    return bool(re.search(r"[。！？!?]\s*$", line.strip()))
