"""Blanks what a text says of the camera in other shots, or of shots that were only talked about.

"In the previous shot the camera panned; here it holds" asks for a hold alone.  Knows words of reference, no moves.
"""
# ruff: noqa: RUF001  (Chinese punctuation is meant)

import re
from functools import cache

_SHOT = r"(?:shots?|scenes?|takes?|cuts?|versions?|drafts?|set\s*ups?|setups?|sequences?|episodes?|reels?)"
_OTHER = (
    rf"(?:the|our|a|an|that)\s+(?:previous|preceding|earlier|prior|next|other|abandoned|deleted)\s+{_SHOT}"
    rf"|the\s+following\s+{_SHOT}(?!\s+of\b)"
    rf"|another\s+{_SHOT}|last\s+(?:time|week|year|night's\s+{_SHOT})|{_SHOT}\s+(?:before|after)\s+this(?:\s+one)?"
    r"|(?:rehearsals?|storyboards?)\b|(?:clip|version|video|take|draft|one)\s+(?:that\s+)?(?:you|we|i|they|he|she)\s+"
    r"(?:sent|made|showed|shot|did|gave|tried|posted)|(?<![a-z])(?:yesterday|last\s+time)(?!')"
    r"|(?:(?<=^)|(?<=[.!?]\s))on\s+(?:the|a|his|her|their)\s+(?:[a-z]+\s+){0,2}(?:monitor|screen|feed|television|tv|laptop|viewfinder)s?\s*,"
)
_TALK = (
    r"(?:director|dp|operator|cinematographer|producer|client|crew|critics?|he|she|they|we|someone)\s+(?:had\s+|once\s+|originally\s+|first\s+)?"
    r"(?:considered|planned|suggested|proposed|talks?|talked|argued?|argues|debated?|dreamed|imagined|discuss(?:es|ed)?|mentions?|"
    r"mentioned|explains?|explained|mutters?|muttered|jokes?|joked|says?|said|complains?|complained|yells?|remembers?|"
    r"recalls?|learns?|learned|teaches|taught|almost|nearly|wanted)\b"
    r"|\b(?:shouts?|shouted|yells?|yelled|screams?|barks?|barked|calls?\s+out|hisses|orders|tells)\b[^.;:!?]{0,40}:"
    r"|\b(?:would|could|might|should)\s+have\b|\bused\s+to\b|\boriginally\b"
)
_HERE = (
    r"[.;!?:\n—–]|\s-\s|,\s*(?:but|here|now|this|so|yet|we|instead|in\s+this|it\s+is|it's|the\s+camera|today|however)\b"
    r"|\b(?:but|whereas|while)\b|\b(?:as|while|when|then|and)\s+(?:we|(?:the|our)\s+(?:camera|lens|shot|frame))\b"
)
_OTHER_ZH = (
    r"(?:上一|前一|下一|另一|别的|其他|之前的|后面的|上|下|前)(?:个|条|场|组)?(?:镜头?|场戏|镜次|场景|条片子|版)"
    r"(?!头?(?:推|拉|摇|移|升|降))"
    r"|(?<!再)上一?次|下一?次|下一?场|上一?场|前一?场"
)
_TALK_ZH = (
    r"原本|原计划|原定|本来|曾经|曾想|(?:^|(?<=[，。；]))以前|听说|据说|讨论|谈论|聊起|争论|讲解|"
    r"(?:导演|摄影师|老师|客户|她|他)(?:曾|说过|说要|说想|说下|说应该|讲过|提议过?|建议过?|想过|教过?)|(?:喊|叫|吼|嚷)道?[：:]"
)
_HERE_ZH = r"[。；！？\n]|[，,](?=这|本|现在|此|但|可|而|今|结果|我们|后来|最后|镜头|画面|机位|随后|然后|接着|摄影机)"


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]], ...]:
    """For each language: what names another shot, what only compares with it, and where its talk ends."""
    return (
        (
            re.compile(rf"\b(?:(?P<other>{_OTHER})|(?P<talk>{_TALK}))"),
            re.compile(
                r"\b(?P<unlike>unlike|contrary\s+to|in\s+contrast\s+to|where(?:as)?)\s+(?:in\s+)?$|"
                r"\b(?:as|like|than|match\w*|mirror\w*|echo\w*|continu\w*|pick\w*|from|repeat\w*|into|to|before|leads?|cuts?|of|with)"
                r"\s+(?:in\s+|up\s+)?$"
            ),
            re.compile(_HERE),
        ),
        (
            re.compile(rf"(?:(?P<other>{_OTHER_ZH})|(?P<talk>{_TALK_ZH}))"),
            re.compile(
                r"(?P<unlike>不像|不同于)$|(?:与|和|跟|像|接|承接|同|如|延续|衔接|呼应|到)$"
            ),
            re.compile(_HERE_ZH),
        ),
    )


def without_elsewhere(text: str) -> str:
    """The text, as `plain` makes it, with what is said of other shots blanked; no position moves."""
    blanked = list(text)
    for naming, comparing, ending in _patterns():
        for match in naming.finditer(text):
            low = max(
                (m.end() for m in _STOP.finditer(text, max(0, match.start() - 200), match.start())),
                default=0,
            )
            end = ending.search(text, match.end())
            high = end.start() if end else len(text)
            compared = comparing.search(text, low, match.start())
            if compared and compared.group("unlike"):
                low, comma = compared.start(), re.compile("[,，]").search(text, match.end())
                high = min(high, comma.start()) if comma else high
            elif compared or (
                match.group("talk")
                and _WHEN.search(text, max(0, match.start() - 12), match.start())
            ):
                continue
            elif match.group("talk"):
                low = match.start()
            blanked[low:high] = ("\x01" if c.strip() else c for c in text[low:high])
    return "".join(blanked)


_WHEN = re.compile(r"\b(?:when|as|while|until|if|once|before|after|where)\s+(?:the\s+)?$")
_STOP = re.compile(r"[.;!?:,\n。；！？，：—]|\b(?:then|and|but)\b")
