"""Leaves out a move that a text takes back: "pan left, no wait, pan right"; 右摇，不对，左摇.

Knows the words of correction, no moves.
"""
# ruff: noqa: RUF001, RUF002  (Chinese punctuation is meant)

import re
from dataclasses import replace

from shotwright.prompts.camera_reading.lexicon import Found

_MARK = r"(?:^|[,.;:!?…—–(，。；！？-])\s*(?:(?:oh|uh|um|er|ah|hmm|ok|okay|well)[,\s]+)?"
_SURE = (
    r"no,?\s+wait|wait,?\s+no|scratch\s+that|strike\s+that|i\s+meant?|correction|sorry|or\s+rather|"
    r"(?:on\s+)?second\s+thoughts?|actually,?\s+no|(?:no,?\s+)?make\s+(?:that|it)"
)
_MAYBE = r"no|actually"
_CHINESE = r"(?:啊|哦|噢|呃|唉|等等)?[，,]?(?:不对|说错了?|口误|写错了?)"
_CHINESE_NO = r"[，。！？…—,.]\s*不[，,]"
_REST = r"(?:[\s,.;:!…—–-]|\b(?:no|sorry|actually|just|it\s+should\s+be|let's|i\s+meant?|a|the)\b)*"
_SPOKEN = re.compile(rf"{_MARK}(?:{_REST})\b(?P<mark>{_SURE})\b")
_BETWEEN = re.compile(
    rf"{_MARK}(?:(?P<sure>{_SURE})|(?P<maybe>{_MAYBE}))\b{_REST}$"
    rf"|[，。；！？…—,\s]{_CHINESE}[，。！…—,\s]*(?:应该是|是|改成|换成|要|镜头)*$"
    rf"|(?P<no>{_CHINESE_NO})\s*(?:应该是|是|镜头)*$"
)


def without_asides(text: str) -> str:
    """The text with what only corrects blanked, so that "I mean" names nobody; no position moves."""
    return _SPOKEN.sub(
        lambda m: text[m.start() : m.start("mark")] + " " * len(m["mark"]),
        text,
    )


def without_taken_back(flat: str, asked: list[Found]) -> list[Found]:
    """The moves without those that the next one corrects; its words are the next one's.  "No", 不 and "actually" alone
    correct a move of the same kind only.
    """
    kept: list[Found] = []
    for found in asked:
        if kept:
            one = kept[-1]
            said = _BETWEEN.search(flat, max(e for _, e in one.spans), found.start)
            same = one.move.partition("_")[0] == found.move.partition("_")[0]
            if said and (same or not (said["maybe"] or said["no"])):
                kept[-1] = replace(found, spans=(*one.spans, *found.spans))
                continue
        kept.append(found)
    return kept
