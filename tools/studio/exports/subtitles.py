"""The film's dialogue as SubRip subtitles: each line over its share of the shot that it is spoken in."""

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any


def subtitles(record: Mapping[str, Any]) -> str:
    """SRT; empty when nobody speaks."""
    cues = [
        f"{number}\n{_time(start)} --> {_time(stop)}\n{text}\n"
        for number, (start, stop, text) in enumerate(_cues(record), 1)
    ]
    return "\n".join(cues)


def _cues(record: Mapping[str, Any]) -> Iterator[tuple[Fraction, Fraction, str]]:
    """(start, end in seconds, text), in the order of the film."""
    fps = Fraction(record["fps"]).limit_denominator(1001)
    spoken = {shot["id"]: shot.get("dialogue", []) for shot in record["plan"].get("shots", [])}
    for entry in record["shots"]:
        lines = [" ".join(line["text"].split()) for line in spoken.get(entry["shot"], [])]
        lines = [line for line in lines if line]
        letters = sum(map(len, lines))
        begin, frames, said = entry["cut"]["at_frame"], entry["cut"]["frames"], 0
        for line in lines:
            start = begin + round(Fraction(frames * said, letters))
            said += len(line)
            stop = begin + round(Fraction(frames * said, letters))
            if stop > start:
                yield start / fps, stop / fps, line


def _time(seconds: Fraction) -> str:
    whole, milliseconds = divmod(round(seconds * 1000), 1000)
    minutes, second = divmod(whole, 60)
    hour, minute = divmod(minutes, 60)
    return f"{hour:02d}:{minute:02d}:{second:02d},{milliseconds:03d}"
