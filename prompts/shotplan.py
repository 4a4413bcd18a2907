"""The shot plan: what a film wants, shot by shot, in the script's own language.

Knows nothing of models, prompts or files: a dialect compiles it, a renderer films it.  A caller may
hand in a small plan (title, aspect_ratio, shots with action and duration_s); ids, scenes and
language are then filled in.
Try: python -m pytest tests/prompts/test_shotplan.py
"""

import difflib
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidatorFunctionWrapHandler,
    model_validator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

from shotwright.generator.camera import EASINGS, MOVES, PRESET_NAMES, Move, path
from shotwright.generator.errors import BadRequest
from shotwright.prompts.language import Language, detect_language
from shotwright.prompts.plan_check import MAX_NAMED, Problem, contradictions, get

AspectRatio = Literal["16:9", "9:16", "1:1", "4:3", "3:4", "21:9"]
ShotSize = Literal[
    "extreme_wide",
    "wide",
    "full",
    "medium_wide",
    "medium",
    "medium_close_up",
    "close_up",
    "extreme_close_up",
    "insert",
]
Framing = Literal["single", "two_shot", "group", "over_the_shoulder", "pov", "clean"]
Angle = Literal["eye_level", "low", "high", "overhead", "aerial", "dutch", "ground"]
Intent = Literal["establishing", "master", "coverage", "reaction", "insert", "transition", "action"]
Speed = Literal["slow", "medium", "fast"]
ContinuityMode = Literal[
    "cut", "first_frame_from_previous_last", "extend_previous", "match_action", "same_setup"
]

MAX_LISTED = 100
"""Problems that a refusal lists with value and rule; an answer stays readable however broken the plan is."""
MAX_NAME = 60
"""Characters of a field's name in a path."""
MAX_MOVES = 2
"""Camera moves a shot: one dominant, one subtle; more reads as chaos in a clip of seconds."""
MAX_SHOT_S = 15.0
MAX_TEXT = 20_000
MAX_SOURCE = 1_000_000
"""Characters of a script that one shot may hold: notes and comments beside it count too."""

Text = Annotated[str, Field(max_length=MAX_TEXT)]
Name = Annotated[str, Field(min_length=1, max_length=200)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class CameraMove(_Part):
    """One camera move, in film usage: pan turns left and right, tilt up and down, truck slides,
    dolly goes in and out.
    """

    move: Annotated[
        str,
        Field(
            description="A base move or a preset.",
            json_schema_extra={"enum": [*MOVES, *PRESET_NAMES]},
        ),
    ]
    amount: Annotated[
        float | None,
        Field(
            description="The whole move: degrees (pan, tilt, roll, orbit, crane), focal ratio "
            "above 1 (zoom), fraction of the subject distance (dolly, truck, pedestal). Without "
            "it `speed` picks."
        ),
    ] = None
    speed: Speed | None = None
    start: Annotated[float, Field(ge=0, le=1, description="Fraction of the clip.")] = 0.0
    end: Annotated[float, Field(ge=0, le=1, description="Fraction of the clip.")] = 1.0
    easing: Annotated[str, Field(json_schema_extra={"enum": list(EASINGS)})] = "linear"

    @model_validator(mode="after")
    def _is_a_move(self) -> Self:
        try:
            self.to_move()
        except BadRequest as error:
            # "camera[0].amount" -> "amount": the place in the plan is known further out
            name = str(error.field).partition(".")[2]
            problem = {"loc": [name], "text": _said(error), "value": error.value}
            raise _custom([{**problem, "allowed": error.allowed}]) from error
        return self

    def to_move(self) -> Move:
        """The generator's value; raises BadRequest if it is none."""
        return Move(
            move=self.move,
            amount=self.amount,
            speed=self.speed,
            start=self.start,
            end=self.end,
            easing=self.easing,
        )

    @classmethod
    def from_move(cls, move: Move) -> Self:
        return cls.model_validate(
            {
                "move": move.move,
                "amount": move.amount,
                "speed": move.speed,
                "start": move.start,
                "end": move.end,
                "easing": move.easing,
            }
        )


class Character(_Part):
    """Who must look the same in every shot."""

    id: Name
    name: Name
    static_features: Annotated[
        Text, Field(description="Looks that never change; pasted word for word into each shot.")
    ] = ""
    wardrobe: Annotated[
        dict[str, str], Field(description="Key -> what is worn; a shot picks a key.")
    ] = {}
    voice: str | None = None
    reference_images: list[str] = []


class Location(_Part):
    id: Name
    int_ext: Literal["INT", "EXT", "INT/EXT"] | None = None
    name: Name
    description: Text = ""
    reference_images: list[str] = []


class CastInShot(_Part):
    character_id: Name
    position: str | None = None
    facing: str | None = None
    wardrobe_key: str | None = None
    expression: str | None = None


class Dialogue(_Part):
    character_id: Name
    text: Text
    language: str | None = None
    parenthetical: str | None = None
    delivery: Literal["on_screen", "off_screen", "voice_over"] = "on_screen"


class Continuity(_Part):
    """How a shot follows from an earlier one."""

    mode: ContinuityMode = "cut"
    from_shot: Annotated[str | None, Field(description="Id of an earlier shot.")] = None
    screen_direction: Literal["left_to_right", "right_to_left", "towards", "away"] | None = None
    notes: str | None = None


class Shot(_Part):
    """One shot.  `source` is the script's text word for word; `action` is what the picture
    shows.
    """

    id: Annotated[str, Field(description="Filled by order when left out: S1-010, S1-020.")] = ""
    scene_id: Annotated[str, Field(description="Filled with the first scene when left out.")] = ""
    setup_id: str | None = None
    duration_s: Annotated[float, Field(gt=0, le=MAX_SHOT_S, description="Seconds.")]
    source: Annotated[
        str, Field(max_length=MAX_SOURCE, description="The script's words that this shot holds.")
    ] = ""
    intent: Intent = "coverage"
    shot_size: ShotSize | None = None
    framing: Framing | None = None
    angle: Angle = "eye_level"
    lens_mm: Annotated[float | None, Field(gt=0, le=2000)] = None
    focus: Literal["deep", "shallow", "rack"] = "deep"
    composition: str | None = None
    camera: Annotated[list[CameraMove], Field(max_length=MAX_MOVES)] = []
    cast: list[CastInShot] = []
    props: Annotated[list[str], Field(description="Things that must be seen.")] = []
    action: Annotated[str, Field(min_length=1, max_length=MAX_TEXT)]
    first_frame: str | None = None
    last_frame: str | None = None
    variation: Literal["small", "medium", "large"] = "medium"
    lighting: str | None = None
    time_of_day: str | None = None
    weather: str | None = None
    color: str | None = None
    dialogue: list[Dialogue] = []
    sound: str | None = None
    transition_in: Literal["cut", "dissolve", "fade"] = "cut"
    continuity: Continuity = Continuity()
    negative: str | None = None
    seed: Annotated[int | None, Field(ge=0, lt=2**32)] = None

    @model_validator(mode="after")
    def _has_a_path(self) -> Self:
        try:
            path((move.to_move() for move in self.camera), 2)
        except BadRequest as error:
            problem = {"loc": ["camera"], "text": _said(error), "value": error.value}
            raise _custom([problem]) from error
        return self


class Scene(_Part):
    id: Name
    slugline: str = ""
    location_id: str | None = None
    time_of_day: str | None = None
    synopsis: str = ""
    language: Language | None = None


class ShotPlan(_Part):
    """A whole film before it is shot."""

    title: Annotated[str, Field(max_length=500)] = "Untitled"
    logline: str | None = None
    language: Language = "en"
    style: Annotated[str, Field(description="Look of the whole film, such as watercolour.")] = ""
    aspect_ratio: AspectRatio = "16:9"
    fps: Annotated[float | None, Field(gt=0, le=120, description="None: the model's own rate.")] = (
        None
    )
    duration_s: Annotated[
        float | None, Field(gt=0, description="Of the whole film; the shots must add up to it.")
    ] = None
    transition_out: Annotated[
        Literal["cut", "fade"], Field(description="How the film ends: fade goes down to black.")
    ] = "cut"
    characters: list[Character] = []
    locations: list[Location] = []
    scenes: list[Scene] = []
    shots: Annotated[list[Shot], Field(min_length=1)]

    @model_validator(mode="wrap")
    @classmethod
    def _whole(cls, data: Any, handler: ValidatorFunctionWrapHandler) -> Self:
        """Reports what is wrong in the parts and between them at once."""
        if not isinstance(data, Mapping):
            plan: Self = handler(data)
            return plan
        filled = _fill(data)
        lines: list[InitErrorDetails] = []
        try:
            plan = handler(filled)
        except ValidationError as error:
            lines += [_line(e) for e in error.errors(include_url=False)]
        between = list(contradictions(filled))
        if between:
            lines.append(
                {"type": _custom(between), "loc": (), "input": None},
            )
        if lines:
            raise ValidationError.from_exception_data("ShotPlan", lines)
        return plan

    def shot(self, shot_id: str) -> Shot:
        """The shot with this id; raises BadRequest when there is none."""
        found = next((shot for shot in self.shots if shot.id == shot_id), None)
        if found is None:
            ids = [shot.id for shot in self.shots][:MAX_NAMED]
            raise BadRequest(
                f"The plan has no shot {shot_id!r}; its shots are {', '.join(ids)}.",
                fix="Name one of the plan's shots.",
                field="shot",
                value=shot_id,
                allowed=ids,
            )
        return found

    def scene_of(self, shot: Shot) -> Scene | None:
        return next((scene for scene in self.scenes if scene.id == shot.scene_id), None)

    def location_of(self, shot: Shot) -> Location | None:
        scene = self.scene_of(shot)
        wanted = scene.location_id if scene else None
        return next((place for place in self.locations if place.id == wanted), None)


def parse_plan(data: Mapping[str, Any]) -> ShotPlan:
    """A caller's plan, checked as a whole.

    Raises: BadRequest(code="invalid_plan") that lists every problem with its place, its value and
    what is allowed.
    """
    try:
        return ShotPlan.model_validate(data)
    except ValidationError as error:
        raise _refusal(list(_problems(error))) from error


def plan_schema() -> dict[str, Any]:
    """JSON schema of a plan as a caller writes it."""
    return ShotPlan.model_json_schema()


def _custom(problems: list[Problem]) -> PydanticCustomError:
    text = "; ".join(str(problem["text"]) for problem in problems)
    # a message template has no other place for text that may hold braces
    return PydanticCustomError("plan", "{text}", {"text": text, "problems": problems})


def _line(error: Any) -> InitErrorDetails:
    """A reported error as one to raise again."""
    kind = error["type"]
    if kind == "plan":
        kind = PydanticCustomError("plan", "{text}", error["ctx"])
    line: InitErrorDetails = {"type": kind, "loc": error["loc"], "input": error["input"]}
    if "ctx" in error:
        line["ctx"] = error["ctx"]
    return line


def _fill(data: Mapping[str, Any]) -> dict[str, Any]:
    """What a small plan leaves out: the shots' ids and scenes, the list of scenes, the language."""
    filled = dict(data)
    shots = filled.get("shots")
    if not isinstance(shots, list):
        return filled
    scenes = filled.get("scenes") or []
    first = (
        next((i for s in scenes if (i := get(s, "id"))), "S1") if isinstance(scenes, list) else "S1"
    )
    counts: Counter[str] = Counter()
    taken = {name for shot in shots if isinstance(name := get(shot, "id"), str)}
    filled["shots"] = [_filled_shot(shot, first, counts, taken) for shot in shots]
    if not scenes:
        named = [get(shot, "scene_id") for shot in filled["shots"]]
        scenes = dict.fromkeys(scene for scene in named if isinstance(scene, str))
        filled["scenes"] = [{"id": scene} for scene in scenes]
    if "language" not in filled:
        filled["language"] = detect_language(
            " ".join(a for shot in shots if isinstance(a := get(shot, "action"), str))
        )
    return filled


def _filled_shot(shot: Any, first_scene: str, counts: Counter[str], taken: set[Any]) -> Any:
    if not isinstance(shot, Mapping | Shot):
        return shot
    filled = dict(shot)
    scene = filled["scene_id"] = filled.get("scene_id") or first_scene
    if filled.get("id") or not isinstance(scene, str):
        return filled
    while True:
        counts[scene] += 10
        name = f"{scene}-{counts[scene]:03d}"
        if name not in taken:
            filled["id"] = name
            taken.add(name)
            return filled


def _problems(error: ValidationError) -> Iterator[Problem]:
    """Pydantic's lines and our own, in one form."""
    for line in error.errors(include_url=False):
        loc = list(line["loc"])
        if line["type"] == "plan":
            for problem in line["ctx"]["problems"]:
                yield {**problem, "loc": [*loc, *problem["loc"]]}
        elif line["type"] == "extra_forbidden":
            rule = "no such field; leave it out"
            text = rule + _nearest(str(loc[-1]))
            yield {"loc": loc, "text": text, "value": line["input"], "allowed": rule}
        elif line["type"] == "missing":
            yield {"loc": loc, "text": "is missing; give it", "value": None}
        elif line["type"] == "literal_error":
            allowed = re.findall(r"'([^']*)'", line["ctx"]["expected"])
            text = f"allowed: {', '.join(allowed)}"
            yield {"loc": loc, "text": text, "value": line["input"], "allowed": allowed}
        else:
            yield {"loc": loc, "text": line["msg"], "value": line["input"]}


def _nearest(name: str) -> str:
    """ "; did you mean color?", where a field of the schema is nearly called so."""
    parts = (ShotPlan, Character, Location, Scene, Shot, CastInShot, Dialogue, Continuity)
    known = {field: None for part in (*parts, CameraMove) for field in part.model_fields}
    near = difflib.get_close_matches(name[:50], known, n=1, cutoff=0.75)
    return f"; did you mean {near[0]}?" if near else ""


def _refusal(problems: list[Problem]) -> BadRequest:
    lines = [f"{_path(p['loc'])}: {_shown(p)}{p['text']}" for p in problems[:MAX_NAMED]]
    if len(problems) > MAX_NAMED:
        lines.append(
            f"and {len(problems) - MAX_NAMED} more, the first of them in value and allowed"
        )
    one = problems[0] if len(problems) == 1 else None
    listed = problems[:MAX_LISTED]
    count = "1 problem" if one else f"{len(problems)} problems"
    return BadRequest(
        f"The plan has {count}: " + "; ".join(f"({i}) {line}" for i, line in enumerate(lines, 1)),
        code="invalid_plan",
        fix="Repair each place named here and send the whole plan again.",
        field=_path(one["loc"]) if one else "plan",
        value=one["value"] if one else {_path(p["loc"]): p["value"] for p in listed},
        allowed=_allowed(one) if one else {_path(p["loc"]): _allowed(p) for p in listed},
    )


def _allowed(problem: Problem) -> Any:
    """The values that would be taken, or the rule in words."""
    return problem.get("allowed") or problem["text"]


def _path(loc: list[str | int]) -> str:
    """["shots", 0, "action"] -> "plan.shots[0].action"."""
    steps = (f"[{p}]" if isinstance(p, int) else f".{p[:MAX_NAME]}" for p in loc)
    return "plan" + "".join(steps)


def _shown(problem: Problem) -> str:
    value = problem["value"]
    return f"{value!r}: " if isinstance(value, str | int | float) and len(str(value)) < 80 else ""


def _said(error: BadRequest) -> str:
    allowed = error.allowed
    shown = ", ".join(map(str, allowed)) if isinstance(allowed, list) else str(allowed)
    return f"allowed: {shown}"
