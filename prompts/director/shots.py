"""Beats -> shots, one after another: the director's choices, the writer's own words, what carries over.

Knows a beat and the film's state, not where the script came from.
"""
# ruff: noqa: RUF001  (Chinese punctuation is meant)

import random
import re
from collections.abc import Mapping
from typing import Any

from shotwright.generator.camera import Move
from shotwright.prompts.director import lexicon, timing
from shotwright.prompts.director.asked import asked_fields, compatible
from shotwright.prompts.director.beats import Beat, lacks
from shotwright.prompts.director.choices import choose
from shotwright.prompts.director.entities import Entity, heads
from shotwright.prompts.director.events import camera_of
from shotwright.prompts.director.frames import about, first_frame_of, last_frame_of
from shotwright.prompts.director.speech import unquoted
from shotwright.prompts.director.staging import Stage, screen_direction
from shotwright.prompts.director.state import State
from shotwright.prompts.director.telling import (
    action_of,
    channel_of,
    denied_in,
    enters_by,
    leaves_by,
    lens_of,
    marked_seconds,
    only_films,
    seen_in,
    sound_of,
    title_of,
    told_in,
)
from shotwright.prompts.director.terms import Terms
from shotwright.prompts.language import CJK, Language
from shotwright.prompts.readers import Script
from shotwright.prompts.readers.cells import delivery
from shotwright.prompts.readers.script import tidy
from shotwright.prompts.shotplan import CameraMove, Shot

SHOT_FIELDS = frozenset(Shot.model_fields) - {"id", "scene_id"}
"""What a writer can fix of a shot."""
_LENGTH = re.compile(r"\d+(?:\.\d+)? ?(?:s|秒)", re.I)
_BACK_TO = re.compile(r"BACK TO (?:THE )?(?P<place>[^.:…!]+)")


class Work:
    """The film in the making: one beat after another becomes a shot."""

    def __init__(self, script: Script, state: State, stage: Stage, terms: Terms) -> None:
        self.script, self.state, self.stage, self.terms = script, state, stage, terms
        self.fixed: list[bool] = []
        self.at = 0
        self.ids: set[str] = set()
        self.tongues: dict[int, Language] = {}
        self.leaving: str | None = None
        self.listed = False

    def shot(self, beat: Beat, index: int) -> dict[str, Any]:
        source = self._source(beat)
        channel = channel_of(beat)
        where = f"Shot {index + 1}"
        if any(event.kind == "heading" for event in beat.events):
            self._tongue(index)
        first = self._enter(beat, channel)
        asked = asked_fields(channel, self.state, where)
        if self.state.exact:
            shot = self._written(beat, asked, channel)
        else:
            shot = self._directed(beat, asked, index, first, source, channel)
        shot["source"] = asked.get("source", "" if self.state.exact else source)
        scene = self.state.scenes[-1]
        shot["id"] = self._id(channel.get("shot"), shot["scene_id"])
        if not self.state.exact:
            scene["synopsis"] = scene["synopsis"] or shot["action"][:200]
            self.state.sizes.append(shot["shot_size"])
            self._continue(shot)
        return shot

    def _tongue(self, index: int) -> None:
        """A scene's own language: scripts mix them."""
        self.state.language = self.tongues.get(index, self.state.language)

    def close(self, shots: list[dict[str, Any]]) -> None:
        """What the script holds after its last shot belongs to it."""
        rest = self.script.source[self.at :].rstrip()
        if rest.strip() and shots and not self.state.exact:
            shots[-1]["source"] += rest

    def _source(self, beat: Beat) -> str:
        """The script's own text from the end of the shot before; nothing between two is lost."""
        start = min(self.at, min(event.start for event in beat.events))
        end = max(event.end for event in beat.events)
        self.at = max(self.at, end)
        return self.script.source[start:end].strip()

    def _enter(self, beat: Beat, channel: Mapping[str, str]) -> bool:
        """Takes place and time from the beat; returns whether it begins a scene."""
        state = self.state
        if state.exact:
            return False
        before = len(state.scenes)
        self._listed_scene(channel)
        for event in beat.events:
            if event.kind == "heading":
                state.enter_heading(event.text)
            elif event.kind == "transition" and (back := _BACK_TO.match(event.text)):
                state.go_back(back["place"])
            elif event.kind == "sentence" and not state.headings and not only_films(event, beat):
                state.enter(event.text)
            elif event.kind == "sentence" and state.time is None and state.scenes:
                self._timed(event.text)
        if not state.scenes:
            state.begin_scene(beat.events[0].text)
        return len(state.scenes) > before

    def _timed(self, text: str) -> None:
        """A heading that names no time leaves it to the sentences under it."""
        if told := lexicon.find_time(unquoted(text)):
            self.state.time = told.value
            self.state.scenes[-1]["time_of_day"] = self.state.label()

    def _listed_scene(self, channel: Mapping[str, str]) -> None:
        """A shot list's own scene or place."""
        state = self.state
        place, scene = channel.get("place", "").strip(), channel.get("scene", "").strip()
        time, seen = channel.get("time_of_day", "").strip(), channel.get("action", "")
        if time and time not in ("-", "–"):
            state.time = lexicon.time_key(time) or time
        elif seen and (place or scene) and (told := lexicon.find_time(unquoted(seen))):
            state.time = told.value
        self.listed = self.listed or bool(place or scene)
        if seen and not self.listed and not state.headings:
            state.enter(seen)  # a list without a column for it
        if place and lexicon.find_heading(place):
            if not state.scenes or state.scenes[-1]["slugline"] != place:
                state.enter_heading(place)
        elif place and place.casefold() != (state.place_noun or "").casefold():
            state.place = state.place_noun = place
            state.int_ext = None
            state.begin_scene(place)
        if scene and (not state.scenes or (state.listed or scene) != scene):
            state.begin_scene(scene)
        if scene:
            state.listed = scene

    def _id(self, told: str | None, scene_id: str) -> str:
        state = self.state
        state.shots_in_scene += 1
        name = (told or "").strip()
        if self.state.exact and told:
            return told
        if not name or name in self.ids:
            name = f"{scene_id}-{10 * state.shots_in_scene:03d}"
        while name in self.ids:
            state.shots_in_scene += 1
            name = f"{scene_id}-{10 * state.shots_in_scene:03d}"
        self.ids.add(name)
        return name[:200]

    def _written(
        self, beat: Beat, asked: dict[str, Any], channel: Mapping[str, str]
    ) -> dict[str, Any]:
        """A shot of a plan that was written out before: nothing is chosen."""
        state = self.state
        scene = channel.get("scene") or (state.scenes[-1]["id"] if state.scenes else "S1")
        if all(known["id"] != scene for known in state.scenes):
            state.scenes.append({"id": scene, "slugline": channel.get("place", "")})
        shot = {name: value for name, value in asked.items() if name in SHOT_FIELDS}
        shot["scene_id"] = scene
        told = [*beat.sentences, *beat.of("direction")]
        if "action" not in shot and told:
            start, end = min(e.start for e in told), max(e.end for e in told)
            shot["action"] = tidy(self.script.text[start:end].strip().removeprefix("!"))
        if "dialogue" not in shot and beat.speeches:
            shot["dialogue"] = self.stage.speeches(Beat(beat.speeches), [])
        for part in shot.get("cast", ()):
            if key := part.get("wardrobe_key"):
                state.wears(part["character_id"], key)
        shot.setdefault("action", self._bare_action(beat, shot.get("dialogue", [])))
        shot.setdefault("duration_s", self.terms.shot_s)
        self.fixed.append(True)
        return shot

    def _directed(
        self,
        beat: Beat,
        asked: dict[str, Any],
        index: int,
        first: bool,
        source: str,
        channel: Mapping[str, str],
    ) -> dict[str, Any]:
        state = self.state
        told = told_in(beat, asked)
        told_here = [event.text for event in beat.sentences]
        people, things = self.stage.entities(beat, str(asked.get("action", "")))
        self.stage.told_sides(told)
        speeches = asked.get("dialogue") or self.stage.speeches(beat, people)
        spoken = [s for s in speeches if s.get("delivery", "on_screen") == "on_screen"]
        explicit, stripped = self._moves(beat, asked, source)
        denied = denied_in(beat, asked, channel)
        talks = bool(spoken) and not first
        choice = choose(
            told,
            first_of_scene=first,
            sizes_before=state.sizes,
            people=max(sum(map(heads, people)), len(set(state.speakers)) if spoken else 0),
            explicit=explicit,
            allowed=[m for m in state.allowed if m not in denied | state.denied],
            time=state.time,
            language=state.language,
            rng=random.Random(f"{state.seed}:{index}"),
            exchange=state.exchanges if talks else None,
        )
        state.exchanges += talks
        both = len({s["character_id"] for s in spoken}) > 1
        chosen = "two_shot" if both and choice.framing == "over_the_shoulder" else choice.framing
        framing = asked.get("framing", chosen)
        over = framing == "over_the_shoulder"
        cast = asked.get("cast") or self.stage.cast(people, speeches, over, len(self.stage.keys))
        subject = cast[0]["character_id"] if cast else things[0].phrase if things else None
        weather = lexicon.find_words("weather", told)
        if weather:
            state.weather = weather
        action = asked.get("action") or self._joined(stripped) or self._bare_action(beat, speeches)
        shot = {
            "scene_id": state.scenes[-1]["id"],
            "duration_s": self._duration(beat, asked, told, speeches),
            "intent": choice.intent,
            "shot_size": choice.size,
            "framing": framing,
            "angle": choice.angle,
            "lens_mm": lens_of(told),
            "focus": lexicon.find_kind("focus", told) or "deep",
            "composition": lexicon.find_kind("composition", told),
            "camera": [CameraMove.from_move(move).model_dump() for move in choice.moves],
            "cast": cast,
            "props": [entity.phrase for entity in things],
            "action": action,
            **self._frames(beat, people, things, cast),
            "variation": choice.variation,
            "lighting": choice.light,
            "time_of_day": state.label(),
            "weather": state.weather,
            "dialogue": speeches,
            "sound": sound_of(beat),
            "transition_in": enters_by(beat, told) or self.leaving or "cut",
            "negative": ", ".join(filter(None, map(lacks, told_here))) or None,
            "continuity": {
                "mode": "cut",
                "screen_direction": screen_direction(state, seen_in(beat, asked), subject),
            },
        }
        self.leaving = leaves_by(beat)
        shot.update({k: v for k, v in asked.items() if k in SHOT_FIELDS and k != "camera"})
        if "camera" in asked and not explicit and not denied:
            shot["camera"] = asked["camera"]
        return shot

    def _duration(
        self, beat: Beat, asked: dict[str, Any], told: str, speeches: list[dict[str, Any]]
    ) -> float:
        state, terms = self.state, self.terms
        in_words = timing.told_seconds(told, state)
        given = asked.pop("duration_s", None)
        if given is None:
            given = marked_seconds(beat)
        if given is not None and in_words is not None and given != in_words:
            state.warn(
                "duration_conflict",
                f"{told[:80]!r} names {in_words:g} s beside the shot's own {given:g} s; "
                f"{given:g} s is planned.",
            )
        wanted = given if given is not None else in_words
        self.fixed.append(wanted is not None)
        if wanted is not None:
            return timing.bounded(wanted, told, state, terms.min_s, terms.max_s)
        return timing.needed([s["text"] for s in speeches], terms.shot_s, terms.max_s)

    def _moves(
        self, beat: Beat, asked: dict[str, Any], source: str
    ) -> tuple[list[Move], list[str]]:
        """The script's own camera moves, and its sentences without the brackets that hold them."""
        moves: list[Move] = [
            CameraMove.model_validate(m).to_move() for m in asked.get("camera", ())
        ]
        stripped: list[str] = []
        if not moves and not self.state.exact:
            moves += camera_of(str(asked.get("action", ""))).moves  # of a list without a camera
        for event in beat.events:
            if event.kind not in ("sentence", "direction"):
                continue
            said = camera_of(event.text)
            if said.problem:
                self.state.warn(
                    "camera_amount",
                    f"{event.text!r}: {said.problem} The move keeps its usual amount.",
                )
            moves += [m for m in said.moves if all(m.move != other.move for other in moves)]
            if event.kind == "sentence":
                stripped.append(action_of(event.text, said.hits))
        return compatible(moves, self.state, repr(source[:200])), stripped

    def _joined(self, sentences: list[str]) -> str:
        if self.state.language != "zh":
            return " ".join(sentences)
        # where spaces are the stops they stay
        return re.sub(rf"(?<=[{CJK}])\n(?=[{CJK}])", " ", "\n".join(sentences)).replace("\n", "")

    def _bare_action(self, beat: Beat, speeches: list[dict[str, Any]]) -> str:
        """What is seen where no sentence says it: who speaks, or the place."""
        if speeches:
            return " ".join(self._speaks(speech) for speech in speeches)
        state = self.state
        if beat.of("heading") and state.place:
            heading = lexicon.find_heading(beat.of("heading")[-1].text)
            parts = [state.place, (state.label() or "") if heading and heading.time else ""]
            return ("，" if state.language == "zh" else ", ").join(part for part in parts if part)
        told = [e for e in beat.events if e.text and not _LENGTH.fullmatch(e.text)]
        seen = [e for e in told if e.kind not in ("transition", "hold")]
        return (
            " ".join(event.text for event in seen or told) or state.place or title_of(self.script)
        )

    def _speaks(self, speech: dict[str, Any]) -> str:
        who = next(
            c["name"] for c in self.state.characters.values() if c["id"] == speech["character_id"]
        )
        zh = self.state.language == "zh"
        voice = {"off_screen": ("off screen", "画外音"), "voice_over": ("voice-over", "旁白")}
        way = None if delivery(who) else voice.get(speech.get("delivery", "on_screen"))
        marks = [way[zh] if way else None, speech.get("parenthetical")]
        how = ("，" if zh else ", ").join(mark for mark in marks if mark)
        if zh:
            return f"{who}{f'（{how}）' if how else ''}说：“{speech['text']}”"
        return f"{who}{f' ({how})' if how else ''} says: \u201c{speech['text']}\u201d"

    def _frames(
        self, beat: Beat, people: list[Entity], things: list[Entity], cast: list[dict[str, Any]]
    ) -> dict[str, str | None]:
        """First and last frame: as the script tells them, else the first of what it names."""
        told = [e.text for e in beat.events if e.kind in ("sentence", "direction", "note", "shot")]
        subject = next((entity.phrase for entity in (*people, *things)), None)
        first = next(filter(None, map(first_frame_of, told)), None)
        last = next(filter(None, map(last_frame_of, reversed(told))), None)
        return {
            "first_frame": about(first, subject) if first else self._still(people, things, cast),
            "last_frame": about(last, subject) if last else None,
        }

    def _still(
        self, people: list[Entity], things: list[Entity], cast: list[dict[str, Any]]
    ) -> str | None:
        """A still of what the script names: who or what, where, when."""
        state = self.state
        shown = [entity.phrase for entity in (*people, *things)][:4]
        if not shown:
            seen = {part["character_id"] for part in cast}
            named = {c["id"]: c["name"] for c in state.characters.values()} if seen else {}
            shown = [name for who, name in named.items() if who in seen][:4]
        if not shown and not state.place:
            return None
        parts = [*shown, state.place or "", state.label() or ""]
        return ("，" if state.language == "zh" else ", ").join(part for part in parts if part)

    def _continue(self, shot: dict[str, Any]) -> None:
        """Set-ups: a camera that comes back to the same person, size and angle stands as it stood."""
        seen = {part["character_id"] for part in shot["cast"]}
        who = next((d["character_id"] for d in shot["dialogue"] if d["character_id"] in seen), None)
        base = f"{shot['scene_id']}-{shot['shot_size']}-{shot['angle']}"
        setup = f"{base}-{who}" if who and shot["intent"] == "coverage" else base
        shot.setdefault("setup_id", setup)
        continuity = shot["continuity"]
        known = self.state.setups.get(setup)
        if who and known and continuity["mode"] == "cut" and shot["intent"] == "coverage":
            shot["continuity"] = {**continuity, "mode": "same_setup", "from_shot": known}
        if who:
            self.state.setups.setdefault(setup, shot["id"])
