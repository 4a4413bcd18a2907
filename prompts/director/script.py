"""A script -> a shot plan, by rules.  Deterministic and offline; the user's words are kept.

Every character of the script lies in a shot's `source`; what is seen and said is also in its
`action`, `dialogue` or `sound`.
Try: python -m pytest tests/prompts/director/test_script.py
"""
# ruff: noqa: RUF001  (Chinese punctuation is meant)

import itertools
import re
from dataclasses import dataclass, replace
from typing import Any

from shotwright.prompts.camera_words import denied_moves
from shotwright.prompts.director import lexicon, timing
from shotwright.prompts.director.beats import Beat, beats_of
from shotwright.prompts.director.chinese_names import chinese_names
from shotwright.prompts.director.english_names import english_names
from shotwright.prompts.director.events import Event, camera_of, events_of, rules_film
from shotwright.prompts.director.shots import Work
from shotwright.prompts.director.staging import Stage, names_of
from shotwright.prompts.director.state import State
from shotwright.prompts.director.telling import title_of
from shotwright.prompts.director.terms import Terms
from shotwright.prompts.language import CJK, Language, detect_language
from shotwright.prompts.readers import MAX_SCRIPT, Script, check_script, decode, read_plain
from shotwright.prompts.readers.script import bad_script, check_words
from shotwright.prompts.shotplan import ShotPlan, parse_plan

TERMS = Terms()


@dataclass(frozen=True)
class Direction:
    """A directed script.  warnings: `{code, message}`."""

    plan: ShotPlan
    warnings: tuple[dict[str, str], ...]


def direct(script: str, terms: Terms = TERMS) -> Direction:
    """Directs a plain-text script, English or Chinese.

    Raises: BadRequest(code="invalid_script") for an empty script, one over 500,000 characters or one
    in which nothing is to be seen, BadRequest(code="invalid_plan") for an aspect ratio or a duration
    that no plan takes.
    """
    text = decode(script)
    check_script(text)
    check_words(text)
    return direct_script(read_plain(text), terms)


def direct_script(script: Script, terms: Terms = TERMS) -> Direction:
    """Directs a script that a reader made; raises as `direct`."""
    language = detect_language(script.text[:50_000])
    state = State(language, terms.seed, terms.moves, exact=script.exact)
    state.warnings += script.warnings
    state.preload(script.plan)
    events = list(events_of(script))
    _film_rules(events, state)
    _warn_of_splits(events, script, state)
    logline = _logline(events, state) if script.format == "plain" else None
    state.headings = any(event.kind == "heading" for event in events)
    longest = max(terms.max_s - timing.BREATH_S, 1.0)
    beats = list(beats_of(events, shot_s=terms.shot_s, longest_s=longest))
    _check_seen(beats, script, state)
    names = names_of(events)
    state.memory.proper = {word.casefold() for word in _PROPER.findall(script.text)}
    state.memory.proper |= {name.casefold() for name in names}
    called = english_names(script.text)
    called += chinese_names(script.text) if _HAN.search(script.text) else []
    work = Work(script, state, Stage(state, names, called), terms)
    work.tongues = _languages(beats) if state.headings else {}
    shots = [work.shot(beat, index) for index, beat in enumerate(beats)]
    work.close(shots)
    parts = {
        "characters": list({c["id"]: c for c in state.characters.values()}.values()),
        "locations": list({p["id"]: p for p in state.locations.values()}.values()),
        "scenes": state.scenes,
        "shots": shots,
    }
    whole = _written(script) if script.exact else _whole(work, shots, logline, language)
    if terms.style:
        whole["style"] = terms.style
    if terms.aspect_ratio:
        whole["aspect_ratio"] = terms.aspect_ratio
    return Direction(parse_plan({**whole, **parts}), tuple(state.warnings))


def _written(script: Script) -> dict[str, Any]:
    """What a plan that was written out before says of the film."""
    return {"title": title_of(script)[:500], **script.plan}


def _whole(
    work: Work, shots: list[dict[str, Any]], logline: str | None, language: Language
) -> dict[str, Any]:
    """What the director says of the film; the shots' durations are fitted to the length asked."""
    script, state, terms = work.script, work.state, work.terms
    asked = terms.length_s if terms.length_s is not None else _asked_length(script, state)
    met = timing.fit(shots, work.fixed, asked, state, terms.min_s, terms.max_s)
    return {
        "title": str(script.plan.get("title") or title_of(script))[:500],
        "logline": script.plan.get("logline") or logline,
        "language": language,
        "style": str(script.plan.get("style", "")),
        "aspect_ratio": terms.aspect_ratio or _ratio(script, state),
        "duration_s": met,
        "transition_out": work.leaving or "cut",
    }


def _check_seen(beats: list[Beat], script: Script, state: State) -> None:
    """Names a script that only says how to film.

    Raises: BadRequest(code="invalid_script") for one that only says how not to, or is nothing but
    marks and transitions: there is no picture in it.
    """
    if any(beat.has_picture or beat.of("heading") or beat.of("sound") for beat in beats):
        return
    told = [event.text for beat in beats for event in beat.of("direction") + beat.of("note")]
    moves = [move.move for text in told for move in camera_of(text).moves]
    if set(moves) - {"static"} or any(lexicon.find_size(text) for text in told):
        state.warn(
            "nothing_seen",
            f"{script.text.strip()[:80]!r} says how to film and not what; name who or what is seen.",
        )
        return
    raise bad_script(
        f"{script.text.strip()[:80]!r} names nothing that is seen.",
        script.text.strip()[:80],
        fix="Say in a sentence what the picture shows; what the camera must not do may stand beside it.",
        allowed="at least one sentence that says what is seen",
    )


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


_HAN = re.compile(f"[{CJK}]")
_STOP = re.compile(r"[.!?…。！？:：][\W_]*$")
_PROPER = re.compile(r"(?<=[a-z,;] )[A-Z][a-z]+\b")


def _film_rules(events: list[Event], state: State) -> None:
    """What the camera never does in the whole film holds for every shot, and is not filmed.

    A sentence that only forbids, "No zoom.", forbids it everywhere, wherever it stands: no unasked move
    is missed, and words that ask for one are filmed all the same.  Inside a shot that its writer marked
    it speaks of that shot.
    """
    marked, end = False, _told_until(events)
    for n, event in enumerate(events):
        marked = marked or event.kind == "shot"
        bare = event.kind == "direction" and not camera_of(event.text).moves
        if bare and (not marked or n >= end):
            state.denied |= denied_moves(event.text)
        if event.kind not in ("sentence", "direction"):
            continue
        if timing.only_length(event.text):
            events[n] = replace(event, kind="aside")
            continue
        if (told := rules_film(event.text)) is None:
            continue
        denied, still = told
        state.denied |= denied
        if still:
            state.allowed = ("static",)
        events[n] = replace(event, kind="aside")


def _told_until(events: list[Event]) -> int:
    """Where nothing more is told: what is forbidden after that is forbidden in all of it."""
    rest = itertools.takewhile(
        lambda event: event.kind in ("direction", "aside", "transition"), reversed(events)
    )
    return len(events) - sum(1 for _ in rest)


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
_FILM = (
    r"(?:format\b|video|film|clip|ad\b|advert|commercial|short|frame|mode|orientation|movie|spot)"
)
_RATIO_SAID = re.compile(
    rf"(?<![\d:])(?P<ratio>{_RATIO})(?=[^\n。]{{0,30}}"
    r"(?:屏|画幅|比例|视频|短片|影片|版|\b(?:film|video|format|clip|ad|aspect|frame|ratio)))"
    rf"|(?:aspect ratio|ratio|format|in|画幅|比例)\s*(?:of|is|为|是)?\s*[*_]*[:：]?[*_]*\s*(?P<after>{_RATIO})"
    rf"|(?P<tall>\b(?:vertical|portrait)[ -]{_FILM}|竖屏|竖版|竖幅"
    r"|\A\W*(?:(?:please|make|create|generate|produce|film|shoot|write|i want|we need|me|us)\s+)*(?:an?|the|our)\s+"
    rf"(?:[\w.-]+\s+){{0,4}}?(?:tik\s?tok|reels?|shorts)\s+{_FILM}|\A[^，。\n]{{0,20}}(?:抖音|快手|小红书)(?:短?视频|广告|短片))"
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
