"""Whether an English negation reaches a move: "no zoom", "no pans, tilts or zooms", "zoom: none"."""

import re
from bisect import bisect_left
from functools import cache

from shotwright.prompts.camera_reading.lexicon import Found, spaced, words
from shotwright.prompts.camera_reading.tables import REACH


@cache
def negations() -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    entry = words()["en_negation"]
    aside = r"(?<=not|n't|ver),[^,;.\n]{1,40},\s*"  # "must not, under any circumstances, tilt"
    before = rf"(?<![a-z'])(?:{spaced(entry['before'])})(?:\s+|{aside})"
    filler = rf"(?:(?:{spaced(entry['filler'])}|{spaced(words()['en_word']['adjective'])})\s+)*"
    return (
        re.compile(rf"{before}{filler}$"),
        re.compile(
            rf"{before}(?:(?:{spaced(entry['filler'])}|{spaced(words()['en_word']['adjective'])}|\x02+)[\s,/]+)*$"
        ),
        re.compile(spaced(entry["after"])),
    )


_EXCEPT = re.compile(
    r"\b(?:except(?:ing)?(?:\s+for)?|apart\s+from|aside\s+from|other\s+than|save\s+for|bar)\s+"
    r"(?:(?:a|an|one|the|any|single|final|very|maybe|perhaps)\s+|(?:[a-z]+ly|slow|slight|small|tiny|gentle|subtle|brief|quick|short)\s+)*$"
)
_STILL = re.compile(
    r"\b(?:no|not|never|nothing|without|still|static|fixed|locked|stationary|motionless)\b|n't\b"
)


def is_denied(text: str, hit: Found, found: list[Found]) -> bool:
    """Whether a negation reaches the hit: directly, or through a list that ends in "or"."""
    direct, listed, after = negations()
    excepted = _EXCEPT.search(text, max(0, hit.start - REACH), hit.start)
    if excepted:
        # "static except for a push": what was left out of a ban or a stillness is asked for
        kept_still = any(
            f.denied or f.move == "static" for f in found if f.start < excepted.start()
        )
        return not (
            kept_still
            or _STILL.search(text, hit.end, hit.end + REACH)
            or direct.search(text[: excepted.start()] + " ")
            or _STILL.search(text, 0, excepted.start())
        )
    start = min(span[0] for span in hit.spans)
    low = max(0, start - REACH)
    if direct.search(text, low, start) or direct.search(text, low, hit.start):
        return True
    if after.match(text, max(end for _, end in hit.spans)):
        return True
    masked = list(text[low:start])
    first, last = (
        bisect_left(found, at, key=lambda f: f.start) for at in (low - REACH, start + REACH)
    )
    for other in found[first:last]:
        for begin, end in other.spans:
            if low <= begin and end <= start:
                masked[begin - low : end - low] = "\x02" * (end - begin)
    match = listed.search("".join(masked))
    if not match:
        return False
    reach = match.group()
    if re.search(r"[,\x02][^,\x02]*\b(?:it|we|i|you|there|is|are|could|should)\b", reach):
        return False  # "never pans or zooms, it stays still", "instead of pushing in it could zoom out"
    if "," not in reach and "/" not in reach:
        return True
    tail = text[hit.end : hit.end + 40]
    return (
        bool(re.search(r"\b(?:or|nor)\b", reach))
        or bool(re.match(r"[\s\w,]{0,30}?\b(?:or|nor)\b", tail))
        or (hit.assumed and "\x02" in reach)
    )
