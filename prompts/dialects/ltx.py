"""LTX's dialect: one English paragraph that names shot, viewpoint and camera as prose.

Source: the form that LTX-2's own prompt enhancers ask for; the words are ours.
"""

from shotwright.prompts.camera_words import camera_spans
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


class LtxDialect:
    """One paragraph of English; the model was trained on nothing else."""

    def compile(self, text: ShotText, mode: Mode) -> Compiled:
        language = text.language
        camera = camera_sentence(text, language) or _resting(text)
        parts = [sentence(text.action, language), camera]
        if mode == "t2v":
            parts = [_lead(text), *parts, sentence(text.light, language)]
        return Compiled(joined(parts, language), negative=families()["ltx"].avoided(text))


def _resting(text: ShotText) -> str:
    """The model wants a camera in every prompt; without a move it is told to hold still."""
    if text.camera or camera_spans(text.action):
        return ""  # the user's sentence says what it does
    return sentence("the camera holds still", text.language)


def _lead(text: ShotText) -> str:
    """ "A wide shot from a low angle of a red ball, set in the hills, at sunset, watercolour
    style."
    """
    language = text.language
    size, angle = size_words(text, language), angle_words(text, language)
    subject, place, time = subject_words(text), place_words(text), time_words(text, language)
    shot = " ".join(part for part in (size, angle) if part)
    if subject:
        shot = f"{shot or 'shot'} of {subject}"
    article = ("an " if shot[:1] in "aeiou" else "a ") if size or subject else ""
    setting = f"set in {place}" if place else ""
    style = f"in the style of {text.style}" if text.style else ""
    parts = (article + shot if shot else "", setting, time, style)
    return sentence(", ".join(part for part in parts if part), language)
