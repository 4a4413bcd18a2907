"""What one cell of a shot list holds of other columns: "3. CU: oats", an AUDIO column with speech, "0:05-0:10".

Knows cells, nothing of the table's marks.
"""
# ruff: noqa: RUF001  (Chinese punctuation is meant)

import re

from shotwright.prompts.language import CJK
from shotwright.prompts.readers.cells import number
from shotwright.prompts.readers.channel import field_named

_NUMBERED = re.compile(r"\s*(?P<number>\d{1,3}[A-Z]?)[.)、]\s*(?=\D)")
_SIZE = re.compile(
    r"\s*(?P<size>[EVX]?[WL]S|FS|M[LW]S|MS|MCU|[EXB]?CU|OTS|POV|大?特写|[中大]?[近全远]景|中景)"
    rf"(?:\s*[:：–—,，-]+\s*|\s+(?:of|on)\s+|\s+|(?=[：])|(?<=[{CJK}])[，,：:])(?=\S)"
)
"""How large a shot is, before what is seen in it."""
_VOICE = re.compile(
    rf"(?:^|(?<=[.!?;,。！？；|\n\])）])|(?<=\s))\s*(?P<name>[A-Z][A-Z0-9 .'’-]{{0,30}}|[{CJK}]{{1,5}})[ \t]*"
    r"(?P<how>(?:[(（][^)）\n]{1,40}[)）]\s*)*)[:：]\s*"
)
_HEARD = re.compile(
    r"(?:SFX|FX|MUSIC|MX|SOUND|AMBIENCE|AMBIENT|AMB|ATMOS|ATMO|NAT|NATS|SONG|BGM|SILENCE|NOTE|SUPER|TITLE)\b.*"
    r"|.*(?:音效|音乐|配乐|环境音|环境声|声音|歌曲|字幕)"
)
"""What an AUDIO column is headed by that nobody says."""
_CLOCK = r"(?:(\d{1,2}):)?(\d{1,2}):(\d{2}(?:[.,]\d+)?)"
_RANGE = re.compile(
    rf"\s*(?:{_CLOCK}|(\d+(?:\.\d+)?)\s*s?)\s*(?:-{{1,2}}>|[-–—~～]|to|至|到)\s*(?:{_CLOCK}|(\d+(?:\.\d+)?)\s*s?)\s*(?:sec(?:onds)?|秒)?\s*"
)


def unpacked(cells: dict[str, str]) -> dict[str, str]:
    """The cells with what stands in one and belongs to another in its own, where that is empty."""
    found = dict(cells)
    _time(found)
    _picture(found)
    _voices(found)
    return found


def _picture(cells: dict[str, str]) -> None:
    seen = cells.get("action", "")
    if "shot" not in cells and (told := _NUMBERED.match(seen)):
        cells["shot"], seen = told["number"], seen[told.end() :]
    if "shot_size" not in cells and (size := _SIZE.match(seen)):
        cells["shot_size"], seen = size["size"], seen[size.end() :]
    if seen.strip():
        cells["action"] = seen


def _voices(cells: dict[str, str]) -> None:
    """Speech in the column of sounds."""
    heard = cells.get("sound", "")
    voices = list(_VOICE.finditer(heard))
    if "dialogue" in cells or all(_unsaid(voice["name"]) for voice in voices):
        return
    said: list[str] = []
    sounds = [heard[: voices[0].start()].strip()]
    ends = [voice.start() for voice in voices[1:]] + [len(heard)]
    for voice, end in zip(voices, ends, strict=True):
        part = heard[voice.start() : end].strip()
        (sounds if _unsaid(voice["name"]) else said).append(part)
    cells["dialogue"] = "\n".join(re.sub(r"\s*\n\s*", " ", part) for part in said)
    cells["sound"] = " ".join(filter(None, sounds))
    if not cells["sound"]:
        del cells["sound"]


def _unsaid(name: str) -> bool:
    return bool(_HEARD.fullmatch(name.strip())) or field_named(name) in (
        "sound",
        "camera",
        "action",
    )


def _time(cells: dict[str, str]) -> None:
    """Where a shot stands in the film ("0:05-0:10") or how long it is, in a column called time."""
    told, length = cells.get("time_of_day", ""), cells.get("duration_s", "")
    at = span_of(told)
    # "3-5 s" is no place in the film
    span = at or (span_of(length) if ":" in length else None)
    if span:
        seconds = span[1] - span[0]
        if seconds > 0 and ("duration_s" not in cells or at is None):
            cells["duration_s"] = f"{seconds:g}"
    elif "duration_s" not in cells and re.fullmatch(
        r"\s*\d+(?:\.\d+)?\s*(?:s|secs?|seconds?|秒)\.?\s*", told, re.I
    ):
        cells["duration_s"] = f"{number(told):g}"
    else:
        return
    if told and (span is None or at):
        del cells["time_of_day"]


def span_of(words: str) -> tuple[float, float] | None:
    """(start, end) in seconds of a place in the film: "0:05-0:10", "3-6 s"; None for other words."""
    match = _RANGE.fullmatch(words)
    return (_seconds(match.groups()[:4]), _seconds(match.groups()[4:])) if match else None


def _seconds(parts: tuple[str | None, ...]) -> float:
    hours, minutes, seconds, plain = parts
    if plain is not None:
        return float(plain)
    return (
        3600 * float(hours or 0)
        + 60 * float(minutes or 0)
        + float((seconds or "0").replace(",", "."))
    )
