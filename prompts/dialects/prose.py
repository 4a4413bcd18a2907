"""What the prose dialects share: lead-in, camera sentence, the looks that a sentence leaves out."""
# ruff: noqa: RUF001  (Chinese punctuation is meant)

import re

from shotwright.prompts.camera_words import describe_camera, parse_prose
from shotwright.prompts.dialects.base import ShotText
from shotwright.prompts.director import lexicon
from shotwright.prompts.language import Language


def size_words(text: ShotText, language: Language) -> str:
    """ "close-up", "特写"; "" where the plan is silent or the user's sentence says it already."""
    if not text.size or lexicon.find_size(text.action):
        return ""
    return lexicon.said("size", text.size, language)


def angle_words(text: ShotText, language: Language) -> str:
    """ "from a low angle"; "" at eye level, and where the sentence says one already."""
    if text.angle in ("", "eye_level") or lexicon.find_angle(text.action):
        return ""
    return lexicon.said("angle", text.angle, language)


def time_words(text: ShotText, language: Language) -> str:
    """ "at sunset"; "" where the user's sentence names the time itself."""
    if not text.time or lexicon.find_time(text.action):
        return ""
    key = lexicon.time_key(text.time)
    return lexicon.said("time", key, language, "prompt") if key else text.time


def subject_words(text: ShotText) -> str:
    """The looks of the subject, where the user's sentence does not hold them word for word."""
    missing = [
        part
        for part in text.subject.split(SUBJECTS)
        if part and part.lower() not in text.action.lower()
    ]
    return SUBJECTS.join(missing)


SUBJECTS = "; "
"""Between the looks of two subjects."""


def place_words(text: ShotText) -> str:
    """The place, where the user's sentence does not name it."""
    known = lexicon.find_place(text.action)
    if not text.place or text.place.lower() in text.action.lower() or (known and not known.is_spot):
        return ""
    return text.place


def camera_sentence(text: ShotText, language: Language) -> str:
    """What the camera does, as a sentence; "" where the user's sentence says just that."""
    written = [move.move for move in parse_prose(re.sub(r"\d", " ", text.action))[0]]
    if not text.camera or written == [move.move for move in text.camera]:
        return ""
    return sentence(describe_camera(text.camera, language), language)


def sentence(words: str, language: Language) -> str:
    """Words with a capital and a full stop."""
    words = words.strip()
    if not words:
        return ""
    end = "" if words[-1] in '.!?。！？…"”」' else "。" if language == "zh" else "."
    return words[0].upper() + words[1:] + end


def joined(parts: list[str], language: Language) -> str:
    """Sentences in a row: English with spaces, Chinese without."""
    return ("" if language == "zh" else " ").join(part for part in parts if part)
