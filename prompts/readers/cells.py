"""The words of a shot's fields in a table's cell or a note, both ways.

A value is written plainly ("Mary, Joe"; "dolly_in slow") where the plain words read back as the same
value, and as JSON where they would not.  Knows no film grammar: what is no name of the plan's own
vocabulary is left to the director.
"""
# ruff: noqa: RUF001  (Chinese punctuation is meant)

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from shotwright.generator.camera import EASINGS, MOVES, PRESET_NAMES, SPEEDS

TEXTS = (
    "composition",
    "action",
    "first_frame",
    "last_frame",
    "lighting",
    "time_of_day",
    "weather",
    "color",
    "sound",
    "negative",
    "source",
    "setup_id",
)
NAMES = ("shot_size", "framing", "angle", "focus", "transition_in", "intent", "variation")
"""Fields that take a name of the plan's vocabulary."""

OPEN = ("-", "–", "—", "/", "无", "none", "n/a")
"""Cells that say nothing."""

Move = dict[str, Any]


def encode(field: str, value: Any) -> str:
    """A field's value as words; "" for what is not there.

    cast and dialogue name characters by id.
    """
    if value is None or value == [] or (field == "source" and value == ""):
        return ""
    if field in ("lens_mm", "duration_s"):
        return f"{value!r}".removesuffix(".0")
    if field in _PLAIN:
        plain = _PLAIN[field][0](value)
        if plain is not None and _reads_as(field, plain) == value:
            return plain
        return json.dumps(value, ensure_ascii=False)
    if field in TEXTS and (value != value.strip() or value[:1] in ("", '"') or "\r" in value):
        return json.dumps(value, ensure_ascii=False)
    return str(value)


def _reads_as(field: str, plain: str) -> Any:
    try:
        return decode_list(field, plain) if plain else _PLAIN[field][1]("")
    except ValueError:
        return None


def decode_text(words: str) -> str:
    """A written text: as it is, or as JSON where white space or quotes stand at its ends."""
    if words[:1] == '"' and words[-1:] == '"':
        try:
            return str(json.loads(words))
        except ValueError:
            return words
    return words


def decode_list(field: str, words: str) -> Any:
    """The value of a structured cell (camera, cast, props, dialogue, continuity).

    Raises: ValueError for words that are none.
    """
    if words.lstrip()[:2] in ("[{", '["', "[]", '{"'):
        return json.loads(words)
    return _PLAIN[field][1](words)


def number(words: str) -> float:
    """Seconds or millimetres: "4", "4 s", "2.5秒", "3,5", "1:30", ":30", "35mm".  Raises ValueError."""
    words = re.sub(r"^(\s*\d+),(?=\d{1,2}(?!\d))", r"\1.", words)
    if clock := re.fullmatch(r"\s*(\d{0,2}):(\d{2}(?:\.\d+)?)\s*", words):
        return 60 * float(clock[1] or 0) + float(clock[2])
    match = re.fullmatch(
        r"\s*(?:about|~|约|≈)?\s*(\d+(?:\.\d+)?|\d+(?:\.\d+)?e-?\d+)\s*"
        r"(?:seconds?|secs?|s|秒钟?|mm|毫米)?\s*[.。]?\s*",
        words,
        re.I,
    )
    if not match:
        raise ValueError(f"{words!r} is no number")
    return float(match[1])


def _write_camera(moves: Sequence[Mapping[str, Any]]) -> str | None:
    said = []
    for move in moves:
        words = [str(move["move"])]
        if move.get("amount") is not None:
            words.append(f"{move['amount']!r}".removesuffix(".0"))
        if move.get("speed"):
            words.append(str(move["speed"]))
        if (move.get("start", 0.0), move.get("end", 1.0)) != (0.0, 1.0):
            words.append(f"@{move.get('start', 0.0)!r}-{move.get('end', 1.0)!r}")
        if move.get("easing", "linear") != "linear":
            words.append(str(move["easing"]))
        said.append(" ".join(words))
    return ", ".join(said)


def _read_camera(words: str) -> list[Move]:
    """Moves in the plan's own names; ValueError for any other words."""
    moves: list[Move] = []
    for piece in words.split(","):
        name, *rest = piece.split() or [""]
        if name not in MOVES and name not in PRESET_NAMES:
            raise ValueError(f"{name!r} is no move")
        move: Move = {
            "move": name,
            "amount": None,
            "speed": None,
            "start": 0.0,
            "end": 1.0,
            "easing": "linear",
        }
        for word in rest:
            if word in SPEEDS:
                move["speed"] = word
            elif word in EASINGS:
                move["easing"] = word
            elif times := re.fullmatch(r"@([\d.e-]+?)-([\d.]+(?:e-\d+)?)", word):
                move["start"], move["end"] = float(times[1]), float(times[2])
            else:
                move["amount"] = float(word)
        moves.append(move)
    return moves


_CAST_KEYS = ("position", "facing", "wardrobe_key", "expression")


def _write_cast(cast: Sequence[Mapping[str, Any]]) -> str | None:
    said = []
    for part in cast:
        details = [f"{key}: {part[key]}" for key in _CAST_KEYS if part.get(key)]
        said.append(str(part["character_id"]) + (f" ({'; '.join(details)})" if details else ""))
    return ", ".join(said)


def _read_cast(words: str) -> list[dict[str, Any]]:
    cast = []
    for piece in re.split(r"[,，、]\s*(?![^(（]*[)）])", words):
        match = re.fullmatch(r"\s*([^(（]*?)\s*(?:[(（](.*)[)）])?\s*", piece)
        if not match or not match[1]:
            raise ValueError(f"{piece!r} names nobody")
        part: dict[str, Any] = {"character_id": match[1], **dict.fromkeys(_CAST_KEYS)}
        for detail in (match[2] or "").split(";"):
            key, colon, value = detail.partition(":")
            if colon and key.strip() in _CAST_KEYS:
                part[key.strip()] = value.strip()
            elif detail.strip():
                part["position"] = detail.strip()
        cast.append(part)
    return cast


_DELIVERY = {"off_screen": "O.S.", "voice_over": "V.O."}
_SPEECH = re.compile(
    r"(?P<who>[^:：(（\[]+?)\s*(?P<notes>(?:[(（][^)）]*[)）]\s*)*)(?:\[(?P<language>\w+)\])?[:：]\s*(?P<text>.*)",
    re.S,
)


def _write_dialogue(dialogue: Sequence[Mapping[str, Any]]) -> str | None:
    said = []
    for line in dialogue:
        marks = [_DELIVERY.get(line.get("delivery") or "on_screen"), line.get("parenthetical")]
        notes = "".join(f" ({mark})" for mark in marks if mark)
        language = f" [{line['language']}]" if line.get("language") else ""
        said.append(f"{line['character_id']}{notes}{language}: {line['text']}")
    return "\n".join(said)


def _read_dialogue(words: str) -> list[dict[str, Any]]:
    """Speeches, one a line; a line without a speaker is a voice over of nobody named ("")."""
    return [speech_line(line) for line in words.split("\n") if line.strip()]


def speech_line(line: str) -> dict[str, Any]:
    """`MARY (V.O.) (softly): Hello.` as a plan's dialogue."""
    match = _SPEECH.fullmatch(line.strip())
    if not match:
        return {**_speech("", line.strip()), "delivery": "voice_over"}
    speech = _speech(match["who"].strip(), match["text"])
    speech["language"] = match["language"]
    for note in re.findall(r"[(（]([^)）]*)[)）]", match["notes"]):
        way, rest = manner(note)
        speech["delivery"] = way or speech["delivery"]
        speech["parenthetical"] = rest or speech["parenthetical"]
    return speech


def delivery(note: str) -> str | None:
    """What (V.O.), (O.S.), (off), 旁白 and 画外音 mean."""
    plain = re.sub(r"[^\w]", "", note).lower()
    if plain in _VOICE_OVER:
        return "voice_over"
    return "off_screen" if plain in _OFF_SCREEN else None


def manner(note: str) -> tuple[str | None, str]:
    """(delivery, the rest) of what brackets say of a speech: "off, softly" is (off_screen, "softly")."""
    parts = [part for part in re.split(r"\s*[,，;；]\s*", note) if part]
    ways = [way for part in parts if (way := delivery(part))]
    return (ways[0], "; ".join(p for p in parts if not delivery(p))) if ways else (None, note)


_VOICE_OVER = ("vo", "voiceover", "narration", "narrator", "旁白", "解说", "内心独白", "独白")
_OFF_SCREEN = ("os", "oc", "off", "offscreen", "offcamera", "offstage", "画外音", "画外", "幕后")


def _speech(who: str, text: str) -> dict[str, Any]:
    return {
        "character_id": who,
        "text": text,
        "language": None,
        "parenthetical": None,
        "delivery": "on_screen",
    }


def _read_props(words: str) -> list[str]:
    return [prop.strip() for prop in re.split(r"[;；]", words) if prop.strip()]


_CONTINUITY = {"mode": "cut", "from_shot": None, "screen_direction": None, "notes": None}


def _write_continuity(value: Mapping[str, Any]) -> str | None:
    if value == _CONTINUITY:
        return ""
    return " ".join(
        str(value[key]) for key in ("mode", "from_shot", "screen_direction") if value.get(key)
    )


def _read_continuity(words: str) -> dict[str, Any]:
    mode, *rest = words.split() or ["cut"]
    sides = [word for word in rest if word in ("left_to_right", "right_to_left", "towards", "away")]
    others = [word for word in rest if word not in sides]
    if len(sides) > 1 or len(others) > 1:
        raise ValueError(f"{words!r} is no continuity")
    return {
        "mode": mode,
        "from_shot": others[0] if others else None,
        "screen_direction": sides[0] if sides else None,
        "notes": None,
    }


_PLAIN: dict[str, tuple[Callable[[Any], str | None], Callable[[str], Any]]] = {
    "camera": (_write_camera, _read_camera),
    "cast": (_write_cast, _read_cast),
    "dialogue": (_write_dialogue, _read_dialogue),
    "props": (lambda value: "; ".join(value), _read_props),
    "continuity": (_write_continuity, _read_continuity),
}
LISTS = tuple(_PLAIN)
