"""Scenes in words, as people write them: synonyms, several orders, things left unsaid; English and Chinese.

Knows the lexicon and a little grammar, nothing of pictures and nothing of the tokenizer, which a test runs over the
captions: it must find the scene's own values and no others.
"""
# ruff: noqa: RUF001  (Chinese punctuation is meant)

from collections.abc import Mapping
from typing import Literal

import numpy as np

from shotwright.generator.mini import words
from shotwright.generator.mini.world.scene import FACTORS, Scene

CLEAR_SAID = 0.3
"""Share of the captions of clear scenes that speak of the weather."""

ORDERS = {
    "en": (
        "noun action place, time, weather. camera",
        "noun action place time. weather. camera",
        "time, place, noun action. weather, camera",
        "place time, noun action, camera, weather",
        "camera. noun action, weather, time, place",
        "weather, time. noun, place, action. camera",
    ),
    "zh": (
        "time, place, noun action, weather. camera",
        "noun place action, time, weather, camera",
        "camera. place, noun action. time, weather",
        "weather, time, noun action, place. camera",
        "place, time. camera, noun action, weather",
    ),
}
"""Sentences of clauses of parts; a part left unsaid leaves no gap."""

_MARKS = {"en": (". ", ", ", " "), "zh": ("。", "，", "")}
_NEAR = {
    "hills": ("in the", "near the", "by the"),
    "city": ("in the", "near the", "by the"),
    "sea": ("by the", "near the", "over the"),
    "desert": ("in the", "near the", "among the"),
    "mountains": ("near the", "by the", "before the"),
}
_IN_THE = ("morning", "afternoon", "evening", "daytime", "nighttime", "early morning")
_BEFORE = {"day": "by", "daylight": "in", "moonlight": "in", "twilight": "in"} | dict.fromkeys(
    _IN_THE, "in the"
)
_LOOKS = ("sunny", "moonlit")
_WAYS = ("to", "leftward", "leftwards", "rightward", "rightwards")


def caption(
    scene: Scene,
    rng: np.random.Generator,
    language: Literal["en", "zh"],
    *,
    omit: float = 0.0,
) -> str:
    """A sentence or two that say the scene's values and nothing else of the lexicon.

    omit: chance of each factor to be left unsaid.  Unsaid at any rate are the amount where it is "" and, mostly,
    clear weather.
    """
    said = {}
    for factor in FACTORS:
        value, dice = getattr(scene, factor), rng.random()
        unsaid = value == "" or (value == "clear" and rng.random() >= CLEAR_SAID)
        if dice >= omit and not unsaid:
            said[factor] = _phrase(factor, value, rng, language)
    if "camera" not in said:
        said.pop("amount", None)  # how far means nothing without what
    parts = _english(scene, said, rng) if language == "en" else _chinese(said, rng)
    orders = ORDERS[language]
    return _written(orders[int(rng.integers(len(orders)))], parts, _MARKS[language])


def _phrase(factor: str, value: str, rng: np.random.Generator, language: str) -> str:
    """A word or phrase of the lexicon in the language; Chinese is what is not ASCII."""
    listed = words.lexicon()[factor][value]
    own = [phrase for phrase in listed if phrase.isascii() == (language == "en")]
    return own[int(rng.integers(len(own)))]


def _english(scene: Scene, said: Mapping[str, str], rng: np.random.Generator) -> dict[str, str]:
    noun = " ".join(said[f] for f in ("colour", "subject") if f in said)
    if "subject" not in said:
        noun = f"something {noun}".strip()
    elif not noun.endswith("balls"):
        noun = f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"
    place = ""
    if "place" in said:
        near = _NEAR[scene.place]
        place = f"{near[int(rng.integers(len(near)))]} {said['place']}"
    return {
        "noun": noun,
        "action": _doing(said["action"]) if "action" in said else "",
        "place": place,
        "time": _when(said["time"]) if "time" in said else "",
        "weather": said.get("weather", ""),
        "camera": _filmed(said["camera"], said.get("amount", "")) if "camera" in said else "",
    }


def _doing(phrase: str) -> str:
    """An action after its subject: "bounces", "is bouncing", "begins to bounce", "heading to the left"."""
    first = phrase.split()[0]
    if first.endswith("ing"):
        return f"is {phrase}"
    if first in _WAYS:
        return f"heading {phrase}"
    return phrase if first.endswith("s") else f"begins to {phrase}"


def _when(phrase: str) -> str:
    if phrase.split()[0] in ("by", "in", "under"):
        return phrase
    if phrase in _LOOKS:
        return f"a {phrase} scene"
    return f"{_BEFORE.get(phrase, 'at')} {phrase}"


def _filmed(phrase: str, amount: str) -> str:
    """A camera move and how far it goes: "the camera pans left slightly"."""
    first = phrase.split()[0]
    if "camera" not in phrase and "shot" not in phrase:
        if first.endswith("ing"):
            phrase = f"the camera is {phrase}"
        elif first.endswith("s"):
            phrase = f"the camera {phrase}"
    return f"{phrase} {amount}".strip()


def _chinese(said: Mapping[str, str], rng: np.random.Generator) -> dict[str, str]:
    colour = f"{said['colour']}的" if "colour" in said else ""
    camera, amount = said.get("camera", ""), said.get("amount", "")
    if amount:
        # the words of a move stay together: 镜头稍微上升 would be heard as a subject that rises
        own = "镜头" in camera
        camera = f"{camera}，{amount}" if own else f"镜头{amount}{camera}"
    return {
        "noun": f"{('', '一个')[int(rng.integers(2))]}{colour}{said.get('subject', '东西')}",
        "action": said.get("action", ""),
        "place": f"在{said['place']}" if "place" in said else "",
        "time": said.get("time", ""),
        "weather": said.get("weather", ""),
        "camera": camera,
    }


def _written(order: str, parts: Mapping[str, str], marks: tuple[str, str, str]) -> str:
    stop, comma, gap = marks
    sentences = []
    for sentence in order.split("."):
        clauses = (
            gap.join(parts[part] for part in clause.split() if parts[part])
            for clause in sentence.split(",")
        )
        text = comma.join(clause for clause in clauses if clause)
        if text:
            sentences.append(text[0].upper() + text[1:])
    return stop.join(sentences) + stop.strip()
