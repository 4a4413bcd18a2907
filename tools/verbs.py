"""Every verb, once: its name, what it tells a model, its arguments and answer, and the function behind it.

MCP tools, `POST /api/<verb>`, the command line and Python are all made from this list.
"""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError

from shotwright.generator.errors import BadRequest, ShotwrightError
from shotwright.tools import house
from shotwright.tools.check_video import check_video
from shotwright.tools.extend_video import extend_video
from shotwright.tools.generate_image import generate_image
from shotwright.tools.generate_video import generate_video
from shotwright.tools.make_film import make_film
from shotwright.tools.move_camera import move_camera
from shotwright.tools.plan_shots import plan_shots
from shotwright.tools.rewrite_prompt import rewrite_prompt
from shotwright.tools.studio import wire
from shotwright.tools.studio.shown import Shown
from shotwright.tools.studio.studio import Report, Studio, silent
from shotwright.tools.view_video import view_video

LOG = logging.getLogger(__name__)

Run = Callable[[Studio, Any, Report], Awaitable[Shown]]


@dataclass(frozen=True)
class Verb:
    """One verb; `command` is its name on the command line."""

    name: str
    title: str
    description: str
    arguments: type[BaseModel]
    answer: type[BaseModel]
    run: Run
    command: str
    read_only: bool = False
    destructive: bool = False
    idempotent: bool = False
    open_world: bool = False


_JOB = (
    "Answers a job object: if `state` is not succeeded yet, call get_job with its job_id. "
    "`result.takes` hold path, seed, the measured camera, seams and warnings; a contact sheet is shown."
)

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
        generate_video,
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
        extend_video,
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
        move_camera,
        "camera",
        open_world=True,
    ),
    Verb(
        "generate_image",
        "Generate a picture",
        f"Make a keyframe picture; its take id serves as image, last_image or keyframe of a clip. {_JOB}",
        wire.GenerateImage,
        wire.Job,
        generate_image,
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
        make_film,
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
        plan_shots,
        "plan",
        read_only=True,
        idempotent=True,
    ),
    Verb(
        "rewrite_prompt",
        "Rewrite a prompt",
        "Compile a prompt for a model's dialect and say what was changed and which words the model does not know.",
        wire.RewritePrompt,
        wire.Anything,
        rewrite_prompt,
        "rewrite",
        read_only=True,
        idempotent=True,
    ),
    Verb(
        "view_video",
        "Look at a video",
        "See a take, film, upload or file: a contact sheet, and single frames at at_s.",
        wire.ViewVideo,
        wire.Anything,
        view_video,
        "view",
        read_only=True,
        idempotent=True,
        open_world=True,
    ),
    Verb(
        "check_video",
        "Measure a video",
        "Measure the camera motion of a clip (degrees, focal ratio, fractions of subject distance), its "
        "seams, black and "
        "frozen frames. For a take, what was asked stands beside it.",
        wire.CheckVideo,
        wire.Anything,
        check_video,
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
        house.list_models,
        "models",
        read_only=True,
        idempotent=True,
    ),
    Verb(
        "import_media",
        "Import a picture or clip",
        "Keep a picture or clip from a path or public URL; the upload id names it in every verb.",
        wire.ImportMedia,
        wire.Anything,
        house.import_media,
        "import",
        open_world=True,
    ),
    Verb(
        "export_film",
        "Export a film",
        "Write a film as MP4, or with its takes, plan and slates as a ZIP. An existing file is never overwritten.",
        wire.ExportFilm,
        wire.Anything,
        house.export_film,
        "export",
    ),
    Verb(
        "delete_media",
        "Delete a take, film or upload",
        "Put it into the trash; undo=true brings it back within 7 days.",
        wire.DeleteMedia,
        wire.Anything,
        house.delete_media,
        "delete",
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
        house.get_job,
        "job",
        read_only=True,
        idempotent=True,
    ),
    Verb(
        "list_jobs",
        "List jobs",
        "Jobs, newest first; state filters, cursor pages.",
        wire.ListJobs,
        wire.Jobs,
        house.list_jobs,
        "jobs",
        read_only=True,
        idempotent=True,
    ),
    Verb(
        "cancel_job",
        "Cancel a job",
        "Stop a job: at once when queued, within one denoising step when it runs. Finished takes stay.",
        wire.CancelJob,
        wire.Job,
        house.cancel_job,
        "cancel",
        destructive=True,
        idempotent=True,
    ),
    Verb(
        "set_priority",
        "Set a job's priority",
        "Move a queued job: 1 is served first, 9 last.",
        wire.SetPriority,
        wire.Job,
        house.set_priority,
        "priority",
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
        return await verb.run(studio, parse(verb.arguments, arguments), report)
    except ShotwrightError:
        raise
    except (
        Exception
    ) as error:  # the edge of the rooms: a fault of ours must not look like the caller's
        LOG.exception("%s failed", name)
        raise ShotwrightError(
            f"{name} failed: {type(error).__name__}: {error}",
            fix="report this with the log of the process",
        ) from error


def parse(model: type[BaseModel], arguments: dict[str, Any]) -> BaseModel:
    """The arguments as their model.  Raises BadRequest naming field, value and what is allowed."""
    try:
        return model.model_validate(arguments)
    except ValidationError as error:
        problems = error.errors(include_url=False)
        first = problems[0]
        field = ".".join(str(part) for part in first["loc"]) or None
        said = "; ".join(f"{'.'.join(map(str, p['loc']))}: {p['msg']}" for p in problems)
        value = first["input"] if first["type"] != "missing" else None
        raise BadRequest(
            f"{said}.",
            code=_code(field, first),
            field=field,
            value=value
            if isinstance(value, str | int | float | bool | None)
            else repr(value)[:200],
            allowed=_allowed(model, first),
            fix="mend the argument; the verb's schema says what is allowed",
        ) from error


_CODES = {
    "script": "invalid_script",
    "duration_s": "invalid_frames",
    "frames": "invalid_frames",
    "size": "invalid_size",
    "aspect_ratio": "invalid_size",
    "plan": "invalid_plan",
}


def _code(field: str | None, problem: Any) -> str:
    return _CODES.get((field or "").partition(".")[0], "invalid_argument")


def _allowed(model: type[BaseModel], problem: Any) -> Any:
    """What the schema allows: for an unknown name the known ones, else the rule that was broken."""
    if problem["type"] == "extra_forbidden" and len(problem["loc"]) == 1:
        return list(model.model_fields)
    rules = {k: v for k, v in (problem.get("ctx") or {}).items() if k != "error"}
    return rules or problem["msg"]
