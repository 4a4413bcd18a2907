"""Whether an English verb means the camera, by its strength, its form and who acts.

The strengths are explained at the head of `camera_words.toml`.
"""

import re
from typing import Any

from shotwright.prompts.camera_reading.subjects import State
from shotwright.prompts.camera_reading.tables import IMPERATIVE, PREPOSITION, Verb, tables

_A_NOUN = re.compile(r"\b(?:a|an|one)\s+(?:\w+\s+){0,2}$")
_THE_CAMERA = re.compile(r"\s+(?:the|your|our)\s+camera\b")


def accepted(
    text: str,
    verb: Verb,
    way: str | None,
    objects: bool,
    who: str,
    pre: str,
    entry: dict[str, Any],
    state: State,
) -> bool:
    """Whether these words mean the camera; the rules stand in the head of `camera_words.toml`."""
    strength: int = entry["strength"]
    prepositional = bool(PREPOSITION.match(text, verb.end))
    if who == "goes on" and verb.form in ("base", "ing") and _THE_CAMERA.match(text, verb.end):
        return state.subject != "person"  # "move the camera left"
    if who == "goes on":
        if state.subject == "camera":
            return not (verb.form == "base" and strength == 0 and way is None and objects)
        if state.subject == "picture" and strength:
            return True
        return _commanded(text, verb, way, objects, prepositional, strength, state)
    if who == "camera":
        return True
    if who == "picture":
        return strength > 0 or (way in ("cw", "ccw") and verb.family in ("rotate", "roll", "turn"))
    if who == "named":
        return _named(text, verb, way, objects, pre, strength)
    if who in ("noun", "thing") and verb.form == "base" and strength and _A_NOUN.search(pre):
        return way is not None and not objects  # "an abrupt zoom in": no verb stands so after "an"
    if who == "noun":
        # a noun within a sentence about something else: "she gives it a slow push in"
        return strength == 2 and way is not None and not objects and verb.form == "base"
    return False


def _named(text: str, verb: Verb, way: str | None, objects: bool, pre: str, strength: int) -> bool:
    """A noun: "a slow pan left", "with a push in", "slow drift right"."""
    described = bool(tables().adjectives.search(tables().way_before.sub("", pre)))
    told = bool(re.match(r"\s+(?:shots?|moves?|movements?|motion|effect)\b", text[verb.end :]))
    if verb.form == "s":
        return strength == 2 and described and way is not None
    if verb.form == "ed":
        return False
    if verb.family == "truck" and way in ("left", "right") and objects:
        return False
    if strength == 2:
        if verb.form == "ing":
            return way is not None or told or described
        if objects and not described and re.search(r"\b(?:the|his|her|their|its)\s*$", pre):
            return False
        if way is not None or told or verb.family == "whip":
            return True
        ahead = re.match(
            r"\s+(?:across|along|around|from|to|toward|towards|onto|of\s+the)\b", text[verb.end :]
        )
        return (described and not re.search(r"\b(?:hot|big|small|long|old)\s*$", pre)) or bool(
            ahead
        )
    if told and verb.family in ("orbit", "rise", "roll", "rotate", "travel", "push", "pull"):
        return True
    if strength == 1:
        if verb.family == "follow":
            return described and verb.form == "base"
        if verb.family == "orbit":
            return (
                described
                or way is not None
                or bool(re.match(r"\s+(?:around|of)\b", text[verb.end :]))
            ) and (verb.form == "base")
        if verb.family == "track":
            return way is not None or (described and verb.form == "base")
        return way is not None and not objects
    if verb.family == "shake":
        return described and bool(re.match(r"\s*(?:$|[,.;)\]]|and\b|camera)", text[verb.end :]))
    return (
        described
        and verb.form == "base"
        and not objects
        and (way is not None or verb.family in ("rise", "sink", "approach", "retreat"))
    )


def _commanded(
    text: str,
    verb: Verb,
    way: str | None,
    objects: bool,
    prepositional: bool,
    strength: int,
    state: State,
) -> bool:
    """A verb without a subject in a text that has not spoken of the camera."""
    rest = text[verb.end :]
    told = bool(re.match(r"\s+(?:shots?|moves?|movements?|motion|effect)\b", rest))
    joined = state.link in ("and", "or", "nor") and state.subject is not None
    if strength == 2:
        if verb.form == "base":
            if joined and state.subject == "person":
                return False
            if verb.family == "truck" and way in ("left", "right") and objects and state.subject:
                return False
            return way is not None or told or prepositional or verb.family == "whip"
        if verb.form == "s":
            then = state.link in ("then", "and then", ";") and state.main in (None, "camera")
            return way is not None and not objects and (state.subject is None or then)
        if verb.form == "ing":
            return (
                (way is not None or prepositional or told)
                and state.subject != "person"
                and not joined
            )
        return False
    if verb.form in ("s", "ed") or joined:
        return False
    fresh = state.subject is None or state.link in (".", ":", "!", "?", "then", "\n", "|")
    if verb.form == "ing":
        if strength == 0 or verb.family == "follow":
            return (
                fresh
                and verb.family in ("follow", "chase", "travel", "rise")
                and (verb.family == "follow" or (way is not None and not objects))
                and state.subject is None
            )
        if verb.family in ("push", "pull"):
            return way is not None and not objects and state.subject != "person"
        return state.subject is None or way is not None
    return _imperative(text, verb, way, objects, fresh, state)


def _imperative(
    text: str, verb: Verb, way: str | None, objects: bool, fresh: bool, state: State
) -> bool:
    """ "Push in on the safe", "Follow the dog", "Glide through the arch"; not "Pull out a chair"."""
    rest = text[verb.end :]
    if re.match(r"\s+your\b", rest):
        return False
    if verb.family in ("push", "pull"):
        return way is not None and not objects
    if verb.family == "follow":
        return (fresh and bool(re.match(r"\s+\w", rest))) or not rest.strip(" .,;")
    if verb.family == "track":
        return way is not None or (
            bool(re.match(r"\s+(?:with|alongside|behind|the|her|him|them)\b", rest)) and fresh
        )
    if verb.family == "orbit":
        return way is not None or bool(
            re.match(r"\s+(?:around|the|a|his|her|slowly|him|them|it)\b|\s+shot|\s*$", rest)
            or (state.link == "," and re.match(r"\s*[,.;:)]", rest))
        )
    if not fresh:
        return False
    if verb.family == "hold":
        return bool(re.match(r"\s+on\s+(?:the|her|his|a|an|their|this)\b", rest))
    if verb.family in ("rise", "sink"):
        return bool(
            re.match(r"\s+(?:up|down|above|over|through|into|from|toward|towards|along)\b", rest)
        )
    if verb.family == "travel":
        return text[verb.start : verb.end] in IMPERATIVE and way is not None and not objects
    return False
