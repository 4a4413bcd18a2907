"""A script -> a shot plan, by rules.  Deterministic and offline; the user's words are kept.

Every character of the script lies in a shot's `source`; what is seen and said is also in its
`action`, `dialogue` or `sound`.
Try: python -m pytest tests/prompts/director/test_script.py
"""
# ruff: noqa: RUF001  (Chinese punctuation is meant)

import itertools
import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

from shotwright.prompts.director import timing
from shotwright.prompts.director.beats import Beat, beats_of
from shotwright.prompts.director.choices import GENTLE
from shotwright.prompts.director.events import Event, events_of, rules_film
from shotwright.prompts.director.shots import Bounds, Work, title_of
from shotwright.prompts.director.staging import Stage, names_of
from shotwright.prompts.director.state import State
from shotwright.prompts.language import Language, detect_language
from shotwright.prompts.readers import MAX_SCRIPT, Script, check_script, decode, read_plain
from shotwright.prompts.shotplan import ShotPlan, parse_plan


@dataclass(frozen=True)
class Direction:
    """A directed script.  warnings: `{code, message}`."""

    plan: ShotPlan
    warnings: tuple[dict[str, str], ...]


def direct(
    script: str,
    *,
    style: str | None = None,
    aspect_ratio: str | None = None,
    shot_s: float = 2.0,
    seed: int = 0,
    min_s: float = 1.0,
    max_s: float = 15.0,
    moves: Collection[str] = GENTLE,
) -> Direction:
    """Directs a plain-text script, English or Chinese.

    shot_s: seconds of a shot whose words name no duration; min_s, max_s: the bounds of one that
    does; moves: what the director may choose where the script is silent (a model's own moves), the
    script's words are obeyed beyond them.
    Raises: BadRequest(code="invalid_script") for an empty script or one over 500,000 characters,
    BadRequest(code="invalid_plan") for an aspect ratio or a duration that no plan takes.
    """
    text = decode(script)
    check_script(text)
    return direct_script(
        read_plain(text),
        style=style,
        aspect_ratio=aspect_ratio,
        shot_s=shot_s,
        seed=seed,
        min_s=min_s,
        max_s=max_s,
        moves=moves,
    )


def direct_script(
    script: Script,
    *,
    style: str | None = None,
    aspect_ratio: str | None = None,
    shot_s: float = 2.0,
    seed: int = 0,
    min_s: float = 1.0,
    max_s: float = 15.0,
    moves: Collection[str] = GENTLE,
    length_s: float | None = None,
) -> Direction:
    """Directs a script that a reader made; arguments as for `direct`.

    aspect_ratio: None takes the script's own, else 16:9; length_s: the film's asked length, None
    takes what the script says of it.
    """
    language = detect_language(script.text[:50_000])
    state = State(language, seed, moves, exact=script.exact)
    state.warnings += script.warnings
    state.preload(script.plan)
    events = list(events_of(script))
    _film_rules(events, state)
    _warn_of_splits(events, script, state)
    logline = _logline(events, state) if script.format == "plain" else None
    state.headings = any(event.kind == "heading" for event in events)
    bounds = Bounds(shot_s, min_s, max_s)
    longest = max_s - timing.BREATH_S
    beats = list(beats_of(events, shot_s=shot_s, longest_s=max(longest, 1.0)))
    if not beats:
        check_script("")
    names = names_of(events)
    state.memory.proper = {word.casefold() for word in _PROPER.findall(script.text)}
    state.memory.proper |= {name.casefold() for name in names}
    work = Work(script, state, Stage(state, names), bounds)
    work.tongues = _languages(beats) if state.headings else {}
    shots = [work.shot(beat, index) for index, beat in enumerate(beats)]
    work.close(shots)
    whole: dict[str, Any] = {
        "characters": list({c["id"]: c for c in state.characters.values()}.values()),
        "locations": list({p["id"]: p for p in state.locations.values()}.values()),
        "scenes": state.scenes,
        "shots": shots,
    }
    told = {
        name: value for name, value in (("style", style), ("aspect_ratio", aspect_ratio)) if value
    }
    if script.exact:
        title = {"title": title_of(script)[:500]}
        return Direction(
            parse_plan({**title, **script.plan, **told, **whole}), tuple(state.warnings)
        )
    asked = length_s if length_s is not None else _asked_length(script, state)
    met = timing.fit(shots, work.fixed, asked, state, min_s, max_s)
    plan = parse_plan(
        {
            "title": str(script.plan.get("title") or title_of(script))[:500],
            "logline": script.plan.get("logline") or logline,
            "language": language,
            "style": str(script.plan.get("style", "")),
            "aspect_ratio": aspect_ratio or _ratio(script, state),
            "duration_s": met,
            **told,
            **whole,
        }
    )
    return Direction(plan, tuple(state.warnings))


def _warn_of_splits(events: list[Event], script: Script, state: State) -> None:
    """Names each sentence that is longer than one shot takes."""
    opened: int | None = None
    told = [event for event in events if event.kind == "sentence"]
    for one, other in itertools.zip_longest(told, told[1:]):
        goes_on = (
            other is not None
            and one.paragraph == other.paragraph
            and len(one.text) > 40
            and not _STOP.search(one.text)
            and "\n" not in script.text[one.end : other.start]
        )
        if goes_on and opened is None:
            opened = one.start
        elif not goes_on and opened is not None:
            state.warn(
                "sentence_split",
                f"The sentence {script.text[opened : opened + 60]!r}... is longer than one shot takes "
                "and is cut into several; end it with a full stop where you want the cut.",
            )
            opened = None


_STOP = re.compile(r"[.!?…。！？:：][\W_]*$")
_PROPER = re.compile(r"(?<=[a-z,;] )[A-Z][a-z]+\b")


def _film_rules(events: list[Event], state: State) -> None:
    """What the camera never does in the whole film holds for every shot, and is not filmed."""
    for n, event in enumerate(events):
        if event.kind not in ("sentence", "direction"):
            continue
        if (told := rules_film(event.text)) is None:
            continue
        denied, still = told
        state.denied |= denied
        if still:
            state.allowed = ("static",)
        events[n] = replace(event, kind="aside")


def _logline(events: list[Event], state: State) -> str | None:
    """A first sentence that speaks of the film ("A 20-second film about ...") is not filmed itself,
    where something follows that is; the story that it goes on to tell is.
    """
    told = [n for n, event in enumerate(events) if event.kind == "sentence"]
    line = timing.logline_of(events[told[0]].text) if told else None
    if line is None:
        return None
    first = events[told[0]]
    head, tail = first.text[: line.story], first.text[line.story :]
    if not tail and len(told) < 2:
        return None
    parts = [replace(first, kind="aside")]
    if tail:
        cut = first.end - len(tail)
        parts = [
            replace(first, kind="aside", text=head, end=cut),
            replace(first, text=tail, start=cut),
        ]
    events[told[0] : told[0] + 1] = parts
    if line.subject:
        state.memory.read(line.subject)
    return first.text


_RATIO = r"(?:16:9|9:16|1:1|4:3|3:4|21:9)(?![\d:])"
_FILM = r"(?:format\b|video|film|clip|ad\b|short|frame|mode|orientation|movie|spot)"
_RATIO_SAID = re.compile(
    rf"(?<![\d:])(?P<ratio>{_RATIO})(?=[^\n。]{{0,30}}"
    r"(?:屏|画幅|比例|视频|短片|影片|版|\b(?:film|video|format|clip|ad|aspect|frame|ratio)))"
    rf"|(?:aspect ratio|ratio|format|in|画幅|比例)\s*(?:of|is|为|是)?\s*[:：]?\s*(?P<after>{_RATIO})"
    rf"|(?P<tall>\b(?:vertical|portrait)[ -]{_FILM}|竖屏|竖版|竖幅)"
    rf"|(?P<wide>\b(?:horizontal|landscape)[ -]{_FILM}|横屏|横版)"
    rf"|(?P<square>\bsquare[ -]{_FILM}|方形(?:画幅|视频|构图))",
    re.I,
)


def _ratio_said(script: Script, state: State) -> str:
    """The aspect ratio that a sentence of the script asks for."""
    said = dict.fromkeys(
        match["ratio"]
        or match["after"]
        or ("9:16" if match["tall"] else "16:9" if match["wide"] else "1:1")
        for match in _RATIO_SAID.finditer(script.text[:20_000].replace("：", ":"))
    )
    if len(said) > 1:
        state.warn(
            "ratio_conflict",
            f"The script asks for {' and '.join(said)}; {next(iter(said))} is planned.",
        )
    return next(iter(said), "16:9")


def _ratio(script: Script, state: State) -> str:
    told = str(script.plan.get("aspect_ratio") or "").strip().replace("：", ":").replace("x", ":")
    if not told:
        return _ratio_said(script, state) if script.format == "plain" else "16:9"
    if told in ("16:9", "9:16", "1:1", "4:3", "3:4", "21:9"):
        return told
    state.warn(
        "not_understood",
        f"The aspect ratio {told[:40]!r} is none of 16:9, 9:16, 1:1, 4:3, 3:4, 21:9; 16:9 is planned.",
    )
    return "16:9"


def _asked_length(script: Script, state: State) -> float | None:
    given = timing.plan_length(script.plan.get("duration_s"), state)
    lengths = list(dict.fromkeys(filter(None, [given, *timing.asked_length(script.text)])))
    if len(lengths) > 1:
        state.warn(
            "duration_conflict",
            f"The script asks for a film of {' and of '.join(f'{s:g} s' for s in lengths)}; "
            f"{lengths[0]:g} s is planned.",
        )
    return lengths[0] if lengths else None


def _languages(beats: list[Beat]) -> dict[int, Language]:
    """The language of each scene, at the beat that opens it: that of what is seen and said in it."""
    found: dict[int, Language] = {}
    opened, words = 0, ""
    for index, beat in enumerate(beats):
        if any(event.kind == "heading" for event in beat.events):
            if words:
                found[opened] = detect_language(words)
            opened, words = index, ""
        if len(words) < 2_000:
            words += " ".join(e.text for e in beat.events if e.kind in ("sentence", "speech")) or (
                "" if words else beat.events[0].text
            )
    if words:
        found[opened] = detect_language(words)
    return found


__all__ = ["MAX_SCRIPT", "Direction", "direct", "direct_script"]
