"""What the prose dialects share: lead-in, camera sentence, the looks that a sentence leaves out."""
# ruff: noqa: RUF001  (Chinese punctuation is meant)

import re
from dataclasses import replace

from shotwright.prompts.camera_words import (
    camera_spans,
    describe_camera,
    is_direction,
    parse_prose,
)
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
    if not text.camera or _written(text.action) == [move.move for move in text.camera]:
        return ""
    return sentence(describe_camera(text.camera, language), language)


def without_other_camera(text: ShotText) -> ShotText:
    """The shot without what its sentence says of a camera that is not the shot's: "the camera zooms in" of one that
    the model is to render at rest, since it is zoomed afterwards."""
    written = _written(text.action)
    if not text.camera or not written or written == [move.move for move in text.camera]:
        return text
    apart = re.sub(r",?\s+(?:and|while|as|then)\s+(?=(?:the|our)\s+camera\b)", ", ", text.action)
    kept = (_seen(clause) for clause in _CLAUSES.findall(apart))
    return replace(text, action="".join(kept).strip(" ,;，；、"))


def _written(action: str) -> list[str]:
    """The moves that a sentence names."""
    return [move.move for move in parse_prose(re.sub(r"\d", " ", action))[0]]


def _seen(clause: str) -> str:
    """A clause with its stop, without what it says of the camera; "" where it says nothing else."""
    if is_direction(clause):
        return ""
    spans = camera_spans(clause)
    if not spans:
        return clause
    shown = list(clause)
    for start, end in spans:
        shown[start:end] = " " * (end - start)
    rest = _WHOM.sub("", _OF_THE_CAMERA.sub("", re.sub(r"\s{2,}", " ", "".join(shown))))
    return rest if re.search(r"\w", rest) else ""


_CLAUSES = re.compile(
    r"[^.,;!?。，；！？]+(?:[.,;!?](?!\s|$)[^.,;!?。，；！？]*)*[.,;!?。，；！？]*\s*"
)
_OF_THE_CAMERA = re.compile(
    r"^\s*(?:(?:and|then|while|as|an?|the|our|we|camera|shot|with)\s+)*"
    r"(?:(?:on|onto|at|to|toward|towards|into|in|of|over|past|around|through|along|from)\s+)?(?=\S)"
    r"|^\s*(?:然后|接着|随后)?(?:镜头|画面|摄影机|摄像机|相机|机位)\s*",
    re.I,
)
"""What is left of a clause on the camera before what it shows: "[The camera pushes in on] a blue box as it opens"."""
_WHOM = re.compile(
    r"^(?:him|her|them|it|us|me)(?=\s*(?:$|[.,;!?]|(?:through|across|into|along|down|up|as|while|from|to|past|around|"
    r"over|in|on|at)\b))\s*",
    re.I,
)
"""Whom a camera follows, where only a pronoun says it."""


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
