"""Every verb, once: its name, what it tells a model, its arguments and answer, and the function behind it.

MCP tools, `POST /api/<verb>`, the command line and Python are all made from this list.
"""

import json
import logging
import re
from collections.abc import Awaitable
from dataclasses import dataclass
from importlib import import_module
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from shotwright.generator.errors import BadRequest, ShotwrightError
from shotwright.tools.studio import jobs, wire
from shotwright.tools.studio.shown import Shown, show_job
from shotwright.tools.studio.studio import Report, Studio, silent

LOG = logging.getLogger(__name__)
MAX_SHOWN = 500
"""Characters of a wrong value that its error repeats."""
TOLD_CHARS = 60
"""And those in its message."""


@dataclass(frozen=True)
class Verb:
    """One verb; `command` is its name on the command line, `module` holds the function of its name."""

    name: str
    title: str
    description: str
    arguments: type[BaseModel]
    answer: type[BaseModel]
    command: str
    read_only: bool = False
    destructive: bool = False
    idempotent: bool = False
    open_world: bool = False
    module: str | None = None

    def run(self, studio: Studio, arguments: Any, report: Report) -> Awaitable[Shown]:
        """Do it.  The module is imported now: a front that only lists its verbs starts without it."""
        module = import_module(f"shotwright.tools.{self.module or self.name}")
        done: Awaitable[Shown] = getattr(module, self.name)(studio, arguments, report)
        return done


_JOB = "Answers a job: until its `state` is succeeded, call get_job."

VERBS: tuple[Verb, ...] = (
    Verb(
        "generate_video",
        "Generate a video",
        "Make a clip on this machine from a prompt, a first frame (image), a last frame (last_image), keyframes, and a "
        "camera path. Durations beyond the model's longest are made by continuation. For a whole script use make_film; "
        f"to continue a clip use extend_video. {_JOB} "
        'Example: {"prompt": "a red ball rolls through green hills at sunset", "camera": "pan left", "duration_s": 2}',
        wire.GenerateVideo,
        wire.Job,
        "generate",
        open_world=True,
    ),
    Verb(
        "extend_video",
        "Continue a video",
        "Continue a take or an imported clip by segments or duration_s; the answer is the whole clip, source included, "
        f"with scores of each seam. {_JOB} "
        'Example: {"video": "take_…", "segments": 1}',
        wire.ExtendVideo,
        wire.Job,
        "extend",
        open_world=True,
    ),
    Verb(
        "move_camera",
        "Move the camera through a picture",
        "Take a still image (or a clip) along a camera path given in physical units, and measure what came "
        "out. Use it when "
        f"the amount of the move matters; for a new scene with a camera move use generate_video. {_JOB} "
        'Example: {"image": "/home/me/kettle.png", "camera": [{"move": "dolly_in", "amount": 0.2}]}',
        wire.MoveCamera,
        wire.Job,
        "camera",
        open_world=True,
    ),
    Verb(
        "generate_image",
        "Generate a picture",
        "Make a keyframe picture, or draw a given one (image) anew; its take id serves as image, last_image or "
        f"keyframe of a clip. {_JOB}",
        wire.GenerateImage,
        wire.Job,
        "image",
    ),
    Verb(
        "make_film",
        "Make a film",
        "Turn a script, a brief or a ShotPlan of yours into a film: planned, rendered shot by shot, joined. "
        "With film_id and "
        "edits (reshoot, replace, move, trim, choose) or an edited plan only what changed is rendered again. "
        "Look at a plan "
        f"first with dry_run or plan_shots. {_JOB} "
        'Example: {"script": "A red ball rolls through the hills. It bounces at sunset. Night falls over the city."}',
        wire.MakeFilm,
        wire.Job,
        "film",
        open_world=True,
    ),
    Verb(
        "plan_shots",
        "Plan shots",
        "Turn a script or brief into a ShotPlan (offline rules, milliseconds), or check a plan of yours. The "
        "answer says who "
        "wrote it (`writer`) and which shot holds each sentence (`coverage`). Edit the plan and give it to make_film.",
        wire.PlanShots,
        wire.Planned,
        "plan",
        read_only=True,
        idempotent=True,
    ),
    Verb(
        "rewrite_prompt",
        "Rewrite a prompt",
        "Compile a prompt for a model's dialect and say what was changed and which words the model does not know.",
        wire.RewritePrompt,
        wire.Rewritten,
        "rewrite",
        read_only=True,
        idempotent=True,
    ),
    Verb(
        "view_video",
        "Look at a video",
        "See a take, film, upload or file: a contact sheet, and single frames at at_s.",
        wire.ViewVideo,
        wire.Viewed,
        "view",
        read_only=True,
        idempotent=True,
        open_world=True,
    ),
    Verb(
        "check_video",
        "Measure a video",
        "Measure a take, upload, file or film: of a clip the camera motion (beside what was asked), seams, black and "
        "frozen frames; of a film the picture. `provenance` names the marks of AI-made media that hold, are missing or "
        'broken: metadata, slate digest, visible label, C2PA signature. Example: {"video": "take_…"}',
        wire.CheckVideo,
        wire.Measured,
        "check",
        read_only=True,
        idempotent=True,
        open_world=True,
    ),
    Verb(
        "list_models",
        "List models",
        "Models with their modes, sizes, frame rules, qualities and camera moves.",
        wire.ListModels,
        wire.Models,
        "models",
        module="house",
        read_only=True,
        idempotent=True,
    ),
    Verb(
        "import_media",
        "Import a picture or clip",
        "Keep a picture or clip from a path or public URL; the upload id names it in every verb.",
        wire.ImportMedia,
        wire.Upload,
        "import",
        module="house",
        open_world=True,
    ),
    Verb(
        "export_film",
        "Export a film",
        "Write a film for an editing program: a ZIP or folder of everything that belongs to it, or one part as a file. "
        "An existing file is never overwritten: without path the name is "
        'numbered. Example: {"film_id": "film_…", "format": "otio"}',
        wire.ExportFilm,
        wire.Exported,
        "export",
    ),
    Verb(
        "delete_media",
        "Delete a take, film or upload",
        "Put it into the trash; undo=true brings it back within 7 days.",
        wire.DeleteMedia,
        wire.Deleted,
        "delete",
        module="house",
        destructive=True,
        idempotent=True,
    ),
    Verb(
        "get_job",
        "Get a job",
        "State, phase, progress and result of a job; wait_s (up to 50) waits for its end. Call again until it "
        "has ended.",
        wire.GetJob,
        wire.Job,
        "job",
        module="house",
        read_only=True,
        idempotent=True,
    ),
    Verb(
        "list_jobs",
        "List jobs",
        "Jobs, newest first; state filters, cursor pages. Of each result only ids, path, url, duration_s and best are "
        "listed; get_job answers the rest.",
        wire.ListJobs,
        wire.Jobs,
        "jobs",
        module="house",
        read_only=True,
        idempotent=True,
    ),
    Verb(
        "cancel_job",
        "Cancel a job",
        "Stop a job: at once when queued, within one denoising step when it runs. Finished takes stay.",
        wire.CancelJob,
        wire.Job,
        "cancel",
        module="house",
        destructive=True,
        idempotent=True,
    ),
    Verb(
        "set_priority",
        "Set a job's priority",
        "Move a queued job: 1 is served first, 9 last.",
        wire.SetPriority,
        wire.Job,
        "priority",
        module="house",
        idempotent=True,
    ),
)
BY_NAME = {verb.name: verb for verb in VERBS}


async def call(
    studio: Studio, name: str, arguments: dict[str, Any], report: Report = silent
) -> Shown:
    """Check the arguments and run the verb.

    Raises: ShotwrightError, and nothing else: what nobody foresaw is logged and becomes `internal`.
    """
    if name not in BY_NAME:
        raise BadRequest(
            f"{name!r} is no verb; use one of {', '.join(BY_NAME)}.",
            field="verb",
            value=name,
            allowed=list(BY_NAME),
            fix="use a verb of the list",
        )
    verb = BY_NAME[name]
    try:
        parsed = parse(verb.arguments, arguments)
        job = await jobs.repeated(studio, name, parsed, report)
        if job is not None:
            return await show_job(studio, job)
        return await verb.run(studio, parsed, report)
    except ShotwrightError as error:
        error.value = _plain(error.value)
        if error.field and re.split(r"[.\[]", error.field)[0] not in error.message:
            # what refuses a file does not know which argument named it
            error.message = f"{error.field}: {error.message}"
            error.args = (error.message,)
        raise
    except (
        Exception
    ) as error:  # the edge of the rooms: a fault of ours must not look like the caller's
        from shotwright.generator.hub import lacks_room

        LOG.exception("%s failed", name)
        full = lacks_room(error)
        raise ShotwrightError(
            f"{name} failed: {type(error).__name__}: {error}",
            fix="make room where SHOTWRIGHT_HOME and the temporary files lie, then ask again"
            if full
            else "report this with the log of the process",
            retryable=full,
        ) from error


def parse(model: type[BaseModel], arguments: dict[str, Any]) -> BaseModel:
    """The arguments as their model.  Raises BadRequest naming field, value and what is allowed."""
    try:
        return model.model_validate(arguments)
    except ValidationError as error:
        problems = error.errors(include_url=False)
        first = problems[0]
        raise BadRequest(
            "; ".join(map(_told, problems))[:1000] + ".",
            code=_code(first),
            field=_place(first["loc"]) or None,
            value=_plain(first["input"]) if first["type"] != "missing" else None,
            allowed=_allowed(model, first),
            fix="mend the argument; the verb's schema says what is allowed",
        ) from error


def _told(problem: Any) -> str:
    """One violation in words: where, what was given, and what should have been."""
    place, given = _place(problem["loc"]), problem["input"]
    if problem["type"] == "missing":
        return f"{place} is missing"
    if problem["type"] == "extra_forbidden":
        return f"{place} is no argument here"
    if problem["type"] in ("model_type", "model_attributes_type"):
        return f"{place} {_plain(given)!r} is no object".strip()
    if place and isinstance(given, str | int | float):
        shown = repr(_plain(given))
        place = f"{place} {shown if len(shown) <= TOLD_CHARS else shown[:TOLD_CHARS] + '…'}"
    return f"{place}: {problem['msg']}".removeprefix(": ")


def _place(loc: tuple[str | int, ...]) -> str:
    """("keyframes", 0, "at_s") -> "keyframes[0].at_s"."""
    steps = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in loc)
    return "".join(steps).removeprefix(".")[:200]


def _plain(value: Any) -> Any:
    """A value as an error repeats it: JSON that every reader takes, and no more of it than helps."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return value[:MAX_SHOWN].encode("utf-8", "backslashreplace").decode("utf-8")
    if isinstance(value, int | float) and abs(value) < 2**63:
        return value
    try:
        shown = json.dumps(value, allow_nan=False, ensure_ascii=False)
        if len(shown.encode("utf-8")) <= MAX_SHOWN:
            return value
    except (TypeError, ValueError):
        pass
    return repr(value)[:MAX_SHOWN]


_CODES = {
    "script": "invalid_script",
    "duration_s": "invalid_frames",
    "frames": "invalid_frames",
    "size": "invalid_size",
    "aspect_ratio": "invalid_size",
    "plan": "invalid_plan",
}


def _code(problem: Any) -> str:
    if problem["type"] == "extra_forbidden":
        return "invalid_argument"
    return _CODES.get(str(problem["loc"][0]) if problem["loc"] else "", "invalid_argument")


def _names(model: type[BaseModel], place: tuple[str | int, ...]) -> list[str]:
    """The names that an object at a place within the arguments may have."""
    kinds = [model]
    for step in place:
        found = (kind for outer in kinds for kind in _within(outer, step))
        kinds = list(dict.fromkeys(found))
    return list(dict.fromkeys(name for kind in kinds for name in getattr(kind, "model_fields", ())))


def _within(outer: Any, step: str | int) -> list[Any]:
    """What may stand at an index of a list, or under a name of an object; the ways of a union one by one."""
    if isinstance(step, int):
        return _ways(get_args(outer)[0]) if get_origin(outer) is list else []
    fields = getattr(outer, "model_fields", {})
    return _ways(fields[step].annotation) if step in fields else []


def _ways(kind: Any) -> list[Any]:
    if get_origin(kind) is Annotated:
        return _ways(get_args(kind)[0])
    if get_origin(kind) in (Union, UnionType):
        return [way for part in get_args(kind) for way in _ways(part)]
    return [kind]


def _allowed(model: type[BaseModel], problem: Any) -> Any:
    """What the schema allows: for an unknown name the known ones, else the rule that was broken."""
    if problem["type"] == "extra_forbidden":
        return _names(model, problem["loc"][:-1])
    if problem["type"] in ("model_type", "model_attributes_type"):
        return {"an object of": _names(model, problem["loc"])}
    if problem["type"] == "missing":
        return "a value: it is required"
    if problem["type"] == "literal_error":
        return re.findall(r"'([^']*)'", problem["ctx"]["expected"])
    rules = {k: v for k, v in (problem.get("ctx") or {}).items() if k != "error"}
    return rules or problem["msg"]
