"""What a beat's own words tell of its shot: directions, what moves, what is forbidden, lens, sound, transition.

Knows one beat; the film's state and the choices are the caller's.
"""
# ruff: noqa: RUF001  (Chinese punctuation is meant)

import re
from collections.abc import Iterable, Mapping
from typing import Any

from shotwright.prompts.camera_words import CameraHit, denied_moves
from shotwright.prompts.director import lexicon
from shotwright.prompts.director.beats import Beat, lacks
from shotwright.prompts.director.events import (
    Event,
    camera_of,
    is_cut,
    only_directs,
    without_camera,
)
from shotwright.prompts.language import split_sentences
from shotwright.prompts.readers import Script


def title_of(script: Script) -> str:
    """The script's first sentence that is filmed, cut to 60 characters."""
    first = script.elements[0].channel.get("action") if script.elements else None
    shown = (script.text[e.start : e.end][:5_000] for e in script.elements if e.kind == "action")
    spans = split_sentences(first or next(filter(str.strip, shown), script.text[:5_000]))
    told = [re.sub(r"\*+", "", span.text).strip() for span in spans]
    named = [
        one for one in told if not (lexicon.find_heading(one) or is_cut(one) or only_directs(one))
    ]
    line = re.sub(r"\s+", " ", (named or told or ["Untitled"])[0])
    line = line.strip(" .。!！?？")
    return line if len(line) <= 60 else line[:59] + "…"


def channel_of(beat: Beat) -> dict[str, str]:
    """All directions of a beat; the first that names a field has it."""
    found: dict[str, str] = {}
    for event in beat.events:
        for field, words in event.channel.items():
            if field == "camera" and field in found:
                found[field] += "; " + words
            elif field != "number":
                found.setdefault(field, words)
    return found


def told_in(beat: Beat, asked: Mapping[str, Any]) -> str:
    """The words that the beat's choices hang on."""
    words = [e.text for e in beat.events if e.kind in ("sentence", "direction", "note", "shot")]
    action = asked.get("action")
    return " ".join([*([str(action)] if action else []), *(word for word in words if word)])


def seen_in(beat: Beat, asked: Mapping[str, Any]) -> str:
    """What moves in the picture: the words without those of the camera."""
    words = [e.text for e in beat.events if e.kind in ("sentence", "note", "shot")]
    return " ".join(without_camera(text) for text in [str(asked.get("action", "")), *words] if text)


def denied_in(beat: Beat, asked: Mapping[str, Any], channel: Mapping[str, str]) -> frozenset[str]:
    """The moves that the beat's own words forbid."""
    words = [e.text for e in beat.events if e.kind in ("sentence", "direction", "note", "shot")]
    words += [str(asked.get("action", "")), channel.get("camera", "")]
    return frozenset[str]().union(*(denied_moves(text) for text in words if text))


def only_films(event: Event, beat: Beat) -> bool:
    """A sentence that only goes on filming: what comes into its picture begins no scene."""
    sentences = beat.sentences
    return len(sentences) > 1 and event != sentences[0] and bool(camera_of(event.text).moves)


def lens_of(text: str) -> float | None:
    """The focal length in millimetres that the words name."""
    match = re.search(r"\b(\d{1,3}(?:\.\d)?)\s?mm\b|(\d{2,3})\s?毫米", text)
    return (float(match[1] or match[2]) or None) if match else None


_SECONDS = re.compile(r"(\d+(?:\.\d+)?)\s*(?:seconds?|secs?|s|秒)", re.I)


def marked_seconds(beat: Beat) -> float | None:
    """The seconds beside a shot's number: "Shot 3 (5 s)"."""
    match = _SECONDS.search(beat.marked.text) if beat.marked else None
    return float(match[1]) if match else None


def enters_by(beat: Beat, told: str) -> str | None:
    """How the shot comes in: by what stands before its picture, else by its own words."""
    for event in beat.events:
        if event.kind in _PICTURES:
            break
        if event.kind == "transition" and (found := _named(event)):
            return found
    found = lexicon.find_transition(told)
    return None if found == "fade_out" else found


def leaves_by(beat: Beat) -> str | None:
    """How the shot goes out, where its words say more than a cut: "FADE OUT." after the last picture."""
    shown = max((n for n, e in enumerate(beat.events) if e.kind in _PICTURES), default=-1)
    after = [_named(event) for event in beat.events[shown + 1 :] if event.kind == "transition"]
    own = [lexicon.find_transition(event.text) for event in beat.sentences]
    return "fade" if "fade" in after or "fade_out" in own else None


_PICTURES = ("sentence", "speech", "shot")


def _named(event: Event) -> str | None:
    return lexicon.named("transition", event.text, ("cut", "dissolve", "fade"))


def sound_of(beat: Beat) -> str | None:
    """What is heard, in the script's words."""
    told = [event.text for event in beat.of("sound")]
    told += [
        e.text for e in beat.sentences if lexicon.find_kind("sound", e.text) and not lacks(e.text)
    ]
    return " ".join(told) or None


def action_of(sentence: str, hits: Iterable[CameraHit]) -> str:
    """The sentence word for word, without the brackets that hold camera commands."""
    if "[" not in sentence and "【" not in sentence:
        return sentence

    def command(match: re.Match[str]) -> str:
        inside = any(match.start() <= hit.start and hit.end <= match.end() for hit in hits)
        return "" if inside else match.group()

    return re.sub(r"\s?[\[【][^\[\]【】]{0,200}[\]】]", command, sentence).strip() or sentence
