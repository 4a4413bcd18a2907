"""A shot plan written by a language model, and held to the user's words.

The form of the answer is the plan's own schema without what code fills in; what the model loses of the user's words
is put back, and a plan that makes something up is dropped.  Try: python -m pytest tests/prompts/llm/test_plan.py
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from shotwright.generator.camera import Move
from shotwright.generator.errors import BadRequest
from shotwright.prompts import texts
from shotwright.prompts.camera_words import parse_prose
from shotwright.prompts.language import Language, split_sentences
from shotwright.prompts.llm.ask import Question, Unfit, Writer, ask
from shotwright.prompts.rewrite_check import Check, Held, compare, held_move
from shotwright.prompts.shotplan import (
    MAX_MOVES,
    CameraMove,
    Shot,
    ShotPlan,
    parse_plan,
    plan_schema,
)

SPOKEN: dict[Language, str] = {"en": "English", "zh": "Chinese"}
_NOT_ASKED = {"seed", "fps", "reference_images", "setup_id", "voice"}
"""Fields of a plan that a language model knows nothing of."""
_NOISE = {"minLength", "maxLength", "default", "title"}
"""Keywords that tell nothing; length limits made small models repeat themselves to the limit."""


@dataclass(frozen=True)
class Story:
    """What is to be filmed.  text: the user's words, or those of a brief; durations in seconds."""

    text: str
    language: Language
    write_in: Language
    style: str = ""
    aspect_ratio: str = "16:9"
    shot_s: float = 4.0
    min_s: float = 1.0
    max_s: float = 15.0
    about: dict[str, Any] = field(default_factory=dict)
    """What else is known: the fields of a brief."""


@dataclass(frozen=True)
class Written:
    """check: what happened to the user's words."""

    plan: ShotPlan
    warnings: tuple[dict[str, str], ...]
    check: Check
    turns: int
    seconds: float


def write_plan(writer: Writer, story: Story) -> Written:
    """The plan of a language model.  Raises: LlmFailed when it gives none that holds."""
    question = Question(texts.load("llm_plan"), _material(story), plan_form())
    found = ask(writer, question, lambda data, last: _read(story, data, last))
    plan, check, warnings = found.value
    return Written(plan, tuple(warnings), check, found.turns, found.seconds)


def plan_form() -> dict[str, Any]:
    """The JSON Schema of a plan as a language model is to write it: the plan's own, less `_NOT_ASKED`."""

    def pruned(part: Any) -> Any:
        if isinstance(part, list):
            return [pruned(item) for item in part]
        if not isinstance(part, dict):
            return part
        kept = {name: value for name, value in part.items() if name not in _NOISE}
        if isinstance(fields := part.get("properties"), dict):
            # names of fields are no keywords: a plan has a field `title`
            kept["properties"] = {
                name: pruned(value) for name, value in fields.items() if name not in _NOT_ASKED
            }
        return {
            name: value if name in ("properties", "enum", "required") else pruned(value)
            for name, value in kept.items()
        }

    form: dict[str, Any] = pruned(plan_schema())
    return {"title": "ShotPlan", **form}


def _material(story: Story) -> dict[str, Any]:
    return {
        "story": story.text,
        **({"brief": story.about} if story.about else {}),
        "style": story.style or "of your choice, one for the whole film",
        "aspect_ratio": story.aspect_ratio,
        "shot_seconds": {"least": story.min_s, "usual": story.shot_s, "most": story.max_s},
        "write_in": SPOKEN[story.write_in],
    }


def _read(
    story: Story, data: dict[str, Any], last: bool
) -> tuple[ShotPlan, Check, list[dict[str, str]]]:
    """The plan of an answer, its words checked; the last answer is mended where that can be done."""
    warnings: list[dict[str, str]] = []
    data = _prepared(story, data, warnings)
    try:
        plan = parse_plan(data)
    except BadRequest as error:
        raise Unfit(error.message) from error
    check = check_plan(story.text, plan)
    unsourced = [shot.id for shot in plan.shots if not _squeezed(shot.source)]
    foreign = [
        shot.id for shot in plan.shots if _squeezed(shot.source) not in _squeezed(story.text)
    ]
    if not last:
        said = [check.said()] if not check.kept else []
        if foreign and not story.about:
            said.append(f"source of {', '.join(foreign)} is not copied from the story")
        if unsourced and not story.about:
            said.append(f"source of {', '.join(unsourced)} is empty")
        if said:
            raise Unfit("; ".join(said))
    if foreign:
        plan = _changed(plan, {shot_id: {"source": ""} for shot_id in foreign})
    if check.lost:
        plan = put_back_in_plan(story.text, plan, check)
        again = check_plan(story.text, plan)
        check = Check(again.lost, again.invented, check.lost, again.added, again.removed)
        words = ", ".join(item.words for item in check.repaired)
        warnings.append({"code": "words_put_back", "message": f"the LLM had left out: {words}."})
    if not check.kept:
        raise Unfit(check.said())
    return plan, check, warnings


def _prepared(story: Story, data: dict[str, Any], warnings: list[dict[str, str]]) -> dict[str, Any]:
    """Without nulls, which stand for a default; durations within the model's; the look that the user asked for."""
    data = _without_nulls(data)
    if story.style:
        data["style"] = story.style
    data["aspect_ratio"] = story.aspect_ratio
    data["language"] = story.write_in
    for shot in data.get("shots") or [] if isinstance(data.get("shots"), list) else []:
        asked = shot.get("duration_s") if isinstance(shot, dict) else None
        if isinstance(asked, int | float) and not story.min_s <= asked <= story.max_s:
            shot["duration_s"] = min(story.max_s, max(story.min_s, float(asked)))
            message = f"a shot of {asked:g} s was made {shot['duration_s']:g} s long."
            warnings.append({"code": "duration_changed", "message": message})
    return data


def _without_nulls(part: Any) -> Any:
    if isinstance(part, dict):
        return {name: _without_nulls(value) for name, value in part.items() if value is not None}
    return [_without_nulls(item) for item in part] if isinstance(part, list) else part


def check_plan(script: str, plan: ShotPlan) -> Check:
    """What a plan lost or made up of a script's words; anything that the plan holds counts as kept."""
    moves = [move.to_move() for shot in plan.shots for move in shot.camera]
    negative = ", ".join(shot.negative for shot in plan.shots if shot.negative)
    shown = "\n".join(_shown(plan))
    everything = "\n".join([shown, *_aside(plan)])
    lost = compare(script, everything, negative=negative, moves=moves).lost
    told = compare(script, shown, negative=negative).invented
    # a move that the plan makes anyway may be told in the action too
    planned = [held_move(move) for move in moves]
    return Check(lost, tuple(item for item in told if item not in planned))


def _shown(plan: ShotPlan) -> Iterator[str]:
    """What a viewer will see and hear, sentence by sentence."""
    people = {character.id: character.name for character in plan.characters}
    for character in plan.characters:
        yield f"{character.name}: {character.static_features} {' '.join(character.wardrobe.values())}"
    for place in plan.locations:
        yield f"{place.name}: {place.description}"
    for shot in plan.shots:
        yield shot.action
        yield from (f"{people[said.character_id]}: “{said.text}”" for said in shot.dialogue)
        yield from (frame for frame in (shot.first_frame, shot.last_frame) if frame)
        yield ", ".join([*shot.props, *(part.expression or "" for part in shot.cast)])


def _aside(plan: ShotPlan) -> Iterator[str]:
    """What a plan says in other fields: title, headings, times, sizes, durations, sound."""
    yield f"{plan.title}\n{plan.logline or ''}\n{plan.style}"
    for scene in plan.scenes:
        yield f"{scene.slugline} {scene.time_of_day or ''}\n{scene.synopsis}"
    for shot in plan.shots:
        yield from (said.text for said in shot.dialogue)  # a screenplay's speech has no quotes
        size = (shot.shot_size or "").replace("_", " ")
        yield f"{size} shot, {shot.angle.replace('_', ' ')} angle"
        yield f"{shot.duration_s:g}"
        yield " ".join(text for text in (shot.time_of_day, shot.lighting, shot.weather) if text)
        yield " ".join(text for text in (shot.sound, shot.color, shot.composition) if text)


def put_back_in_plan(script: str, plan: ShotPlan, check: Check) -> ShotPlan:
    """The plan with the user's own sentences where they hold what was lost, and the user's own camera."""
    changes: dict[str, dict[str, Any]] = {}
    for span in split_sentences(script):
        mine = [item for item in check.lost if item.words in span.text]
        moves = _asked_moves(span.text, check.lost)
        if not mine and not moves:
            continue
        shot = _shot_of(plan, script, span.start, span.text)
        change = changes.setdefault(shot.id, {"action": shot.action})
        if mine and span.text not in change["action"]:
            change["action"] = f"{change['action']} {span.text}".strip()
        if moves:
            change["camera"] = [
                CameraMove.from_move(move).model_dump(mode="json") for move in moves[:MAX_MOVES]
            ]
    return _changed(plan, changes)


def _asked_moves(sentence: str, lost: tuple[Held, ...]) -> list[Move]:
    """The sentence's camera moves, if any of them was lost."""
    try:
        moves = parse_prose(sentence)[0]
    except BadRequest:
        return []
    return moves if any(held_move(move) in lost for move in moves) else []


def _shot_of(plan: ShotPlan, script: str, start: int, sentence: str) -> Shot:
    """The shot that holds a sentence, else the last one before it."""
    before = plan.shots[0]
    for shot in plan.shots:
        if _squeezed(sentence) in _squeezed(shot.source):
            return shot
        at = script.find(shot.source) if shot.source else -1
        before = shot if 0 <= at <= start else before
    return before


def _changed(plan: ShotPlan, changes: dict[str, dict[str, Any]]) -> ShotPlan:
    data = plan.model_dump(mode="json")
    for shot in data["shots"]:
        shot.update(changes.get(shot["id"], {}))
    return parse_plan(data)


def _squeezed(text: str) -> str:
    """Without white space and case: models wrap and capitalise when they copy."""
    return re.sub(r"\s+", "", text).casefold()
