"""The Chinese word lists as patterns.  Knows which words, not what they mean together."""
# ruff: noqa: RUF001  (Chinese punctuation is meant)

import re
from dataclasses import dataclass
from functools import cache
from typing import Literal

from shotwright.prompts.camera_reading.lexicon import longest_first, words

_SIDES = {
    "{L}": "(?:向|往|朝|至|到)左(?:侧|边|方|面|手边)?",
    "{R}": "(?:向|往|朝|至|到)右(?:侧|边|方|面|手边)?",
    "{U}": "(?:向|往|朝)上(?:方)?",
    "{D}": "(?:向|往|朝)下(?:方)?",
    "{F}": "(?:向|往|朝)前(?:方)?",
    "{B}": "(?:向|往|朝)后(?:方)?",
    # 摇 that is no pan: shaking, a cradle, a head, rock music
    "{S}": "(?![晃摆头篮曳滚椅醒着]|一[晃摆])",
}


@dataclass(frozen=True)
class Pattern:
    move: str
    kind: Literal["always", "term", "weak"]
    regex: re.Pattern[str]


@cache
def adverb_words() -> str:
    number = r"[\d.一二两三四五六七八九十半]+\s?秒(?:钟|内)?"
    number += r"|[\d.]+\s?(?:度|°|倍|x|%)|[零一二两三四五六七八九十百半点]+(?:度|倍)"
    manner = "[以用按][^，。,]{1,8}?(?:速度|节奏|方式|幅度)|像[^，。,]{1,8}?(?:一样|似的|一般)地?"
    very = "(?:很|非常|极其|特别|十分|相当|异常|无比)(?:慢|缓慢|快|轻|轻柔|平稳|稳|迅速|细微|柔)[地的]?"
    return f"{number}|{manner}|{very}|{longest_first(words()['zh_word']['adverb'])}"


def filler() -> str:
    return rf"(?:(?:{adverb_words()})\s*){{0,4}}"


@cache
def patterns() -> tuple[Pattern, ...]:
    return tuple(
        Pattern(move, kind, re.compile("|".join(map(with_fillers, kinds[kind]))))
        for move, kinds in words()["zh"].items()
        for kind in ("always", "term", "weak")
        if kind in kinds
    )


def with_fillers(pattern: str) -> str:
    for name, side in _SIDES.items():
        pattern = pattern.replace(name, side)
    return f"(?:{pattern.replace('@', filler())})"


_ALONG = (
    r"(?:从|由|自|沿着?|贴着?|顺着?|绕着?|围着?|与|和|朝着?|对着?|倒退着?|向|往)"
    r"[^，。；、而是但\x02]{0,8}?"
)
"""Where a denied move would begin or go along: 不要从病床拉开."""


@cache
def grammar() -> dict[str, re.Pattern[str]]:
    w = words()["zh_word"]
    adverb, camera = adverb_words(), w["camera"]
    inside = rf"(?:{camera})(?!{w['outside']})"
    lead = rf"(?:(?:{w['request']}|{adverb}|、|那么|之后|以后|只见|忽然|而|但)\s*)*"
    return {
        "lookalike": re.compile("|".join(words()["zh_lookalike"]["patterns"])),
        "motion": re.compile("|".join(map(with_fillers, words()["zh_motion"]["patterns"]))),
        "lead": re.compile(lead),
        # what only says when, before a move: 交换戒指时缓缓推近
        "during": re.compile(rf"\s*[^，。]{{1,12}}?(?:时候?|之际)(?:{adverb})*"),
        "trail": re.compile(rf"(?:(?:{adverb})\s*)*$"),
        "camera": re.compile(
            rf"(?:(?:整个|一个|这个|本|第[一二三四五\d]+个|\d+号|the\s+|主|副|长|短|空|主观|特写|全景|中景|近景|远景|开场|结尾|"
            rf"最后一个|手持|航拍|无人机|推轨|跟拍|产品|A|B|请?[把将让]|用|以)的?)*{inside}"
        ),
        "somewhere": re.compile(inside),
        "camera_end": re.compile(rf"(?:{camera})$"),
        "other_use": re.compile(rf"(?:{w['other_use']})(?:{camera})$"),
        "nominal": re.compile(rf"(?:{w['nominal']})$", re.I),
        "pronoun": re.compile(w["pronoun"]),
        "keeps": re.compile(w["keeps"]),
        "boundary": re.compile(
            r"[，。；！？,;!?\n：:（）()【】\[\]“”「」…—|\0、]+|\.(?!\d)|(?:与此同时|然后|接着|随后|紧接着|继而|而后|同时|并且|转而|"
            r"而是|却|但是?|接下来|一边|一面(?![墙镜旗鼓])|再(?!次)|并(?!肩|排|列|非|行))"
        ),
        "negated": re.compile(
            rf"(?:(?<![能可要是会行])|(?<=[但可只还]是))(?:{words()['zh_negation']['before']})"
            rf"(?:{words()['zh_negation']['filler']}|{_ALONG}|{adverb}|\x02|\s)*$"
        ),
        "denial": re.compile(
            rf"^(?:{words()['zh_negation']['before']})(?:{words()['zh_negation']['filler']})*"
        ),
        "after": re.compile(words()["zh_negation"]["after"]),
    }
