"""Wan 2.2's dialect: style first, then a few cinematic tags, then prose.  English or Chinese, as the
user wrote.

Source: the order and the limits of Wan 2.2's own prompt guide; the words are ours.
"""
# ruff: noqa: RUF001  (Chinese punctuation is meant)

import re

from shotwright.prompts.dialects.base import Compiled, Mode, ShotText
from shotwright.prompts.dialects.families import families
from shotwright.prompts.dialects.prose import (
    angle_words,
    camera_sentence,
    joined,
    place_words,
    sentence,
    size_words,
    subject_words,
    time_words,
)

MAX_TAGS = 4
_FLAT = re.compile(
    r"\b(?:2d|anime|cartoon|watercolou?r|ink|pixel|comic|illustration|hand[- ]drawn|paper)\b"
    r"|动漫|动画|卡通|水墨|水彩|漫画|插画|像素|剪纸",
    re.I,
)


class WanDialect:
    """Tags, then the user's sentence."""

    def compile(self, text: ShotText, mode: Mode) -> Compiled:
        language = text.language
        camera = camera_sentence(text, language)
        parts = [sentence(text.action, language), camera]
        if mode == "t2v":
            parts = [
                sentence(text.style, language),
                sentence(_tags(text), language),
                sentence(_lead(text), language),
                *parts,
            ]
        return Compiled(joined(parts, language), negative=families()["wan"].avoided(text))


def _tags(text: ShotText) -> str:
    """Light, size, angle, time; none for drawn styles."""
    if _is_flat(text):
        return ""
    language = text.language
    tags = [
        text.light,
        size_words(text, language),
        angle_words(text, language),
        time_words(text, language),
    ]
    return ("，" if language == "zh" else ", ").join([tag for tag in tags if tag][:MAX_TAGS])


def _is_flat(text: ShotText) -> bool:
    """A drawn style takes no words of the cinema."""
    return bool(_FLAT.search(text.style))


def _lead(text: ShotText) -> str:
    """Subject and place, where the user's sentence leaves them out; angle and time too, where no tag
    says them.
    """
    angle = angle_words(text, text.language) if _is_flat(text) else ""
    time = time_words(text, text.language) if _is_flat(text) else ""
    subject, place = subject_words(text), place_words(text)
    if text.language == "zh":
        return "，".join(part for part in (subject, place, angle, time) if part)
    setting = f"the setting is {place}" if place else ""
    return ", ".join(part for part in (subject, setting, angle, time) if part)
