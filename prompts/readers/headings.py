"""Scene headings of both languages: "INT. KITCHEN - NIGHT", "内景 厨房 - 夜", "第3场 外景 山顶 日"."""
# ruff: noqa: RUF001  (Chinese punctuation is meant)

import re
from dataclasses import dataclass

_TIMES_ZH = (
    "日|夜|晨|昏|黄昏|清晨|早晨|上午|中午|正午|下午|傍晚|白天|夜晚|深夜|日出|日落|黎明|凌晨|连续"
)
_ENGLISH = re.compile(
    r"\s*(?:\d+[A-Z]?[.)]?\s+)?(?P<int_ext>INT\.?\s?/\s?EXT|EXT\.?\s?/\s?INT|INT|EXT|EST|I/E)(?:[. ]+)"
    r"(?P<place>\S.*?)(?:\s+[-–—]+\s+(?P<time>[^-–—]+))?\s*$",
    re.I,
)
_CHINESE = re.compile(
    r"\s*(?:第?[\d一二三四五六七八九十百]+场?[.．、：:\s]*)?"
    r"(?P<int_ext>内外景|内/外景|内景|外景|内|外)(?:[。.．:：、，\s]+|(?<=景))"
    rf"(?P<place>\S.*?)(?:(?:\s*[-－—–/·，,、]+\s*|\s+)(?P<time>{_TIMES_ZH}))?\s*$"
)
_CHINESE_TURNED = re.compile(
    # 场景一 厨房 夜 内; 1. 厨房 日/内
    r"\s*(?:第?[\d一二三四五六七八九十百]+场|场景?\s*[\d一二三四五六七八九十百]+|\d+)[.．、：:\s]*"
    rf"(?P<place>\S.*?)[\s,，、]+(?P<time>{_TIMES_ZH})[\s,，、/·]*(?P<int_ext>内外|内|外)景?\s*$"
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
    for pattern in (_ENGLISH, _CHINESE, _CHINESE_TURNED):
        if not (match := pattern.match(line)):
            continue
        small = pattern is _ENGLISH and match["int_ext"] != match["int_ext"].upper()
        # "Int. kitchen" may be one, "Interior" and "Ext" before prose never are
        if small and "." not in line[: match.start("place")]:
            continue
        if _GOES_ON.search(match["time"] or ""):
            continue  # "EXT. DESERT - DAY. Heat." is a heading and a picture
        place = match["place"].strip(" -–—－，,、。")
        if not place or (pattern is _CHINESE and _is_sentence(line)):
            continue
        kind = match["int_ext"].upper().replace(".", "").replace(" ", "")
        kind = _KINDS.get(kind, kind)
        time = match["time"]
        return Slug(
            kind if kind in ("INT", "EXT") else "INT/EXT", place, time and time.strip(" .。")
        )
    return None


_GOES_ON = re.compile(r"[.!?]\s+\w")


def _is_sentence(line: str) -> bool:
    """内景 ends no sentence; "外面下着雨。" does."""
    return bool(re.search(r"[。！？!?]\s*$", line.strip()))
