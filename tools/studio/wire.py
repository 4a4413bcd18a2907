"""The words on the wire: arguments and answers of every verb, as pydantic models.  Knows no behaviour.

Arguments are flat and strict: an unknown name is refused.  The same models make the MCP schemas, check REST bodies and
name the command line's options.
"""

from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    field_validator,
)
from pydantic_core import PydanticCustomError

AspectRatio = Literal["16:9", "9:16", "1:1", "4:3", "3:4", "21:9"]
Quality = Literal["draft", "standard", "high"]
Fit = Literal["crop", "pad", "reframe"]
State = Literal["queued", "running", "succeeded", "failed", "cancelled"]
ENDED: tuple[State, ...] = ("succeeded", "failed", "cancelled")

MAX_PROMPT = 2_500
MAX_SCRIPT = 500_000
"""Characters: three feature films."""
MAX_TAKES = 8
MAX_DURATION_S = 600.0
MAX_WAIT_S = 50.0


Ref = Annotated[str, Field(max_length=4096)]
"""Names a picture or clip: an id, a path, a URL."""
Id = Annotated[str, Field(max_length=100)]


class Strict(BaseModel):
    """What a caller sends: no name that is not known, no number without end, no text that PostgreSQL cannot keep."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @field_validator("*")
    @classmethod
    def _without_nul(cls, value: Any) -> Any:
        texts = value if isinstance(value, list) else [value]
        if any(isinstance(text, str) and "\0" in text for text in texts):
            raise PydanticCustomError("nul", "holds the character NUL; leave it out")
        return value


class Keyframe(Strict):
    """A picture at a time."""

    image: Ref = Field(description="id, path, URL or upload id of the picture")
    at_s: float = Field(ge=0, le=MAX_DURATION_S, description="seconds from the clip's start")


class CameraMove(Strict):
    """One camera move in film usage."""

    move: Id = Field(description="static, pan_left, dolly_in, ... or a preset (see list_models)")
    amount: float | None = Field(
        default=None,
        gt=0,
        description="of the whole move: degrees (pan, tilt, roll, orbit, crane), focal ratio above 1 (zoom), "
        "fraction of the subject distance (dolly, truck, pedestal)",
    )
    speed: Literal["slow", "medium", "fast"] | None = None
    start: float = Field(default=0.0, ge=0, le=1, description="fraction of the clip")
    end: float = Field(default=1.0, ge=0, le=1, description="fraction of the clip")
    easing: Literal["linear", "ease_in", "ease_out", "ease_in_out"] = "linear"


class KlingCamera(Strict):
    """Kling's camera_control; the dialect says which of its two namings is meant."""

    dialect: Literal["kling-2025", "kling-2026"]
    type: Id = Field(
        description="simple, down_back, forward_up, right_turn_forward, left_turn_forward"
    )
    config: dict[str, float] | None = None


Mechanism = Literal[
    "trained condition", "trajectory", "control video", "LoRA", "guided warp", "warp after rendering", "words"
]  # fmt: skip
Words = Annotated[str, Field(max_length=500)]
Moves = Annotated[list[CameraMove], Field(max_length=8)]
_WORDS: TypeAdapter[str] = TypeAdapter(Words)
_MOVES: TypeAdapter[list[CameraMove]] = TypeAdapter(Moves)


def _camera(value: Any, _: ValidatorFunctionWrapHandler) -> Any:
    """Check the form that was given, so that an error names its part and says nothing of the other forms."""
    if isinstance(value, list | tuple):
        return _MOVES.validate_python(value)
    if isinstance(value, dict | KlingCamera):
        return KlingCamera.model_validate(value)
    if isinstance(value, str):
        return _WORDS.validate_python(value)
    raise PydanticCustomError(
        "camera", "give a list of moves, words, or an object of dialect, type and config"
    )


Camera = Annotated[Words | KlingCamera | Moves, WrapValidator(_camera)]


class Call(Strict):
    """What every verb that makes a job accepts."""

    priority: int = Field(default=5, ge=1, le=9, description="1 is served first, 9 last")
    deadline_s: float | None = Field(
        default=None,
        gt=0,
        description="done by then, in the best way left open",
    )
    dry_run: bool = Field(default=False, description="only answer the plan and its cost")
    wait_s: float = Field(
        default=25.0,
        ge=0,
        le=MAX_WAIT_S,
        description="seconds; the job goes on",
    )
    request_key: str | None = Field(
        default=None,
        min_length=1,
        max_length=200,
        description="same key and arguments: the same job",
    )


DELIVERY = tuple(Call.model_fields)
"""Arguments that say how a job is run, and nothing of what comes out."""


class Look(Call):
    """What every rendering verb accepts."""

    model: Id | None = Field(default=None, description="name from list_models")
    quality: Quality = Field(
        default="standard", description="draft to look, high is better and slower"
    )
    seed: int | None = Field(
        default=None, ge=0, lt=2**32, description="same request and seed: same bytes"
    )
    takes: int = Field(
        default=1, ge=1, le=MAX_TAKES, description="seeds to render; the best is named"
    )
    negative_prompt: str | None = Field(default=None, max_length=MAX_PROMPT)
    label: Literal["none", "start", "always"] = Field(
        default="none", description="visible mark: AI-made"
    )
    fit: Fit = Field(default="crop", description="for a picture of another shape")


class Frame(Look):
    """Shape and length of a new clip."""

    aspect_ratio: AspectRatio | None = None
    size: str | None = Field(
        default=None, pattern=r"^\d{1,5}x\d{1,5}$", description='exact "WxH", or refused'
    )
    duration_s: float | None = Field(
        default=None,
        gt=0,
        le=MAX_DURATION_S,
        description="seconds; the nearest legal frame count, reported",
    )
    frames: int | None = Field(
        default=None, ge=1, le=100_000, description="exact frame count, or refused"
    )


class GenerateVideo(Frame):
    prompt: str = Field(
        default="", max_length=MAX_PROMPT, description="what is seen and what moves"
    )
    image: Ref | None = Field(default=None, description="first frame: id, path, URL or upload id")
    last_image: Ref | None = Field(default=None, description="last frame")
    keyframes: list[Keyframe] = Field(default_factory=list, max_length=16)
    camera: Camera | None = Field(
        default=None,
        description='moves, a string ("slow pan left", "[Zoom in]"), or a Kling camera_control with its dialect',
    )
    mechanism: Mechanism | None = Field(
        default=None,
        description="how the camera is made; the best one when left out",
    )
    rewrite: bool = Field(default=True, description="false sends the prompt as it is")


class ExtendVideo(Look):
    video: Ref = Field(description="take id, path, URL or upload id of the clip to continue")
    prompt: str | None = Field(
        default=None,
        max_length=MAX_PROMPT,
        description="what happens next; the clip's own prompt if left out",
    )
    segments: int | None = Field(
        default=None, ge=1, le=200, description="how many pieces of the model's length to add"
    )
    duration_s: float | None = Field(
        default=None, gt=0, le=MAX_DURATION_S, description="seconds to add"
    )
    camera: Camera | None = None
    rewrite: bool = True


class MoveCamera(Frame):
    image: Ref | None = Field(default=None, description="a still to move through")
    video: Ref | None = Field(default=None, description="or a clip whose camera is moved")
    camera: Camera = Field(description="the path; required")
    mechanism: (
        Literal["trajectory", "control video", "LoRA", "guided warp", "warp after rendering"] | None
    ) = None
    prompt: str = Field(default="", max_length=MAX_PROMPT)
    rewrite: bool = True


class GenerateImage(Look):
    prompt: str = Field(min_length=1, max_length=MAX_PROMPT, description="the picture")
    image: Ref | None = Field(
        default=None,
        description="reference picture, drawn anew after the prompt: its layout stays (models with mode i2i)",
    )
    aspect_ratio: AspectRatio | None = None
    size: str | None = Field(default=None, pattern=r"^\d{1,5}x\d{1,5}$")
    rewrite: bool = True


class Brief(Strict):
    """A product film's brief."""

    product: str = Field(min_length=1, max_length=300)
    selling_points: list[Annotated[str, Field(min_length=1, max_length=300)]] = Field(
        min_length=1, max_length=12, description="each becomes a shot"
    )
    audience: str | None = Field(default=None, max_length=300)
    length_s: float | None = Field(default=None, gt=0, le=300)
    platform: str | None = Field(
        default=None, max_length=100, description="picks the aspect ratio, unless one is given"
    )


class Edit(Strict):
    """One change of a film."""

    shot: Id = Field(description="shot id")
    op: Literal["reshoot", "replace", "move", "trim", "choose"]
    seed: int | None = Field(default=None, ge=0, lt=2**32, description="reshoot: the new seed")
    action: str | None = Field(
        default=None, max_length=MAX_PROMPT, description="replace: the new action"
    )
    to: int | None = Field(default=None, ge=1, description="move: the new place, 1 is first")
    start_s: float | None = Field(
        default=None, ge=0, description="trim: seconds cut at the start are before this"
    )
    end_s: float | None = Field(default=None, gt=0, description="trim: the shot ends here")
    take_id: Id | None = Field(default=None, description="choose: one of the shot's takes")


class MakeFilm(Call):
    script: str | None = Field(
        default=None,
        max_length=MAX_SCRIPT,
        description="plain text, Fountain, FDX, a shot list (Markdown or CSV) or a brief; English or Chinese",
    )
    brief: Brief | None = None
    plan: dict[str, Any] | None = Field(
        default=None, description="a ShotPlan (resource shotwright://schema/shotplan)"
    )
    film_id: Id | None = Field(
        default=None,
        description="an earlier film; with plan or edits only what changed is rendered",
    )
    edits: list[Edit] = Field(default_factory=list, max_length=100)
    images: list[Ref] = Field(
        default_factory=list, max_length=32, description="pictures the film must use"
    )
    style: str | None = Field(default=None, max_length=300)
    model: Id | None = None
    quality: Literal["draft", "standard", "high", "animatic"] = "standard"
    aspect_ratio: AspectRatio | None = None
    seed: int | None = Field(default=None, ge=0, lt=2**32)
    takes: int = Field(default=1, ge=1, le=MAX_TAKES, description="takes of each shot")
    fit: Fit = "crop"
    label: Literal["none", "start", "always"] = "none"


class PlanShots(Strict):
    script: str | None = Field(
        default=None,
        max_length=MAX_SCRIPT,
        description="plain text, Fountain, FDX, a shot list (Markdown or CSV) or a brief; English or Chinese",
    )
    brief: Brief | None = None
    plan: dict[str, Any] | None = Field(
        default=None,
        description="a ShotPlan of yours, to be checked (resource shotwright://schema/shotplan)",
    )
    style: str | None = Field(default=None, max_length=300)
    aspect_ratio: AspectRatio | None = Field(
        default=None, description="16:9, or the brief's platform's, if left out"
    )
    model: Id | None = None
    seed: int = Field(default=0, ge=0, lt=2**32)


class RewritePrompt(Strict):
    prompt: str = Field(min_length=1, max_length=MAX_PROMPT)
    model: Id | None = Field(default=None, description="compile for this model")
    image: bool = Field(default=False, description="true for a prompt that goes with a first frame")
    camera: Camera | None = None


class ViewVideo(Strict):
    video: Ref = Field(description="take id, film id, path, URL or upload id")
    at_s: list[Annotated[float, Field(ge=0)]] = Field(
        default_factory=list, max_length=8, description="also these moments as single frames"
    )


class CheckVideo(Strict):
    video: Ref
    hfov_deg: float | None = Field(
        default=None,
        ge=5,
        le=150,
        description="horizontal field of view; a take's card or 50 if left out",
    )


class ListModels(Strict):
    model: Id | None = Field(default=None, description="only this one")


class ImportMedia(Strict):
    source: Ref = Field(description="path or URL of a picture or clip")


ExportFormat = Literal[
    "zip", "folder", "mp4", "otio", "edl", "xml", "srt", "json", "markdown", "csv", "fountain"
]  # fmt: skip


class ExportFilm(Strict):
    film_id: Id
    format: ExportFormat = Field(
        default="zip",
        description="zip or folder: the film, its takes, plan, slates, sheets, subtitles and timelines; or one of "
        "them: mp4, otio (OpenTimelineIO), edl (CMX 3600), xml (Final Cut Pro 7), srt; or the ShotPlan as json, "
        "markdown or csv (a shot list), or fountain (a screenplay with camera notes)",
    )
    path: Ref | None = Field(
        default=None, description="where to write; the data directory if left out"
    )


class DeleteMedia(Strict):
    id: Id = Field(description="take, film or upload id")
    undo: bool = Field(default=False, description="bring back what was deleted within 7 days")


class GetJob(Strict):
    job_id: Id
    wait_s: float = Field(default=0.0, ge=0, le=MAX_WAIT_S)


class ListJobs(Strict):
    state: State | None = None
    limit: int = Field(default=20, ge=1, le=100)
    cursor: str | None = Field(
        default=None,
        pattern=r"^\d{1,20}(\.\d{1,20})?:job_[0-9a-z]{1,40}$",
        description="of an earlier answer",
    )


class CancelJob(Strict):
    job_id: Id


class SetPriority(Strict):
    job_id: Id
    priority: int = Field(ge=1, le=9)


# Answers.  They are open (extra allowed) where the data comes from a slate.


class Answer(BaseModel):
    model_config = ConfigDict(extra="allow")


class Take(Answer):
    """One rendering of a shot."""

    take_id: str
    path: str | None
    url: str | None
    resource_uri: str
    width: int
    height: int
    frames: int
    fps: float
    duration_s: float
    seed: int
    model: str
    prompt: str
    adjustments: list[dict[str, Any]]
    warnings: list[dict[str, Any]]
    unknown_words: list[str]
    timings: dict[str, Any]
    camera: dict[str, Any]
    seams: list[dict[str, Any]]
    endpoints: dict[str, Any]
    picture: dict[str, Any] | None = Field(
        default=None,
        description="black_frames, frozen, sharpness, flicker, motion of the picture itself",
    )
    drift: dict[str, Any] | None = Field(
        default=None,
        description="of a continued clip: how far each segment is from the first (curve), its limits, and where it was "
        "stopped for passing one",
    )


class Next(Answer):
    """The call that goes on from here."""

    tool: str
    arguments: dict[str, Any]


class ErrorBody(Answer):
    """What was wrong and what mends it."""

    code: str
    message: str
    fix: str
    retryable: bool
    field: str | None = None
    value: Any = None
    allowed: Any = None


class Job(Answer):
    """A job, or with dry_run the plan of one."""

    job_id: str
    state: State
    phase: str
    progress: float
    eta_s: float | None
    attached: bool
    result: dict[str, Any] | None = Field(
        description="of a clip: takes, best, the take_id of the best of them, and ranking (take_id, place, faults, "
        "mark, measures, why); of a film: film_id, path, url, "
        "resource_uri, duration_s, plan, writer, coverage, report, warnings, shots (shot, takes, chosen, "
        "cut), poster, sheet (paths of pictures), takes",
    )
    error: ErrorBody | None
    next: Next | None


class DryRun(Answer):
    effective: dict[str, Any]
    adjustments: list[dict[str, Any]]
    warnings: list[dict[str, Any]]
    expected_s: float | None
    expected_bytes: int | None


class Planned(Answer):
    plan: dict[str, Any]
    writer: Literal["director", "llm", "caller"]
    coverage: list[dict[str, Any]] = Field(
        description="each sentence of the script: line, sentence, shot (null where none holds it), shots"
    )
    report: dict[str, Any] = Field(
        description="lines, without_shot, unknown_characters, long_speeches, direction_flips, absent_props, "
        "planned_s, asked_s, difference_s"
    )
    warnings: list[dict[str, Any]]
    why: str = Field(description="why it was this writer, and no other")
    diff: dict[str, Any] | None = Field(
        description="of an LLM: lost, invented, repaired words of the user's, runs added and removed"
    )


class Jobs(Answer):
    jobs: list[Job]
    cursor: str | None


class Models(Answer):
    models: list[dict[str, Any]]


class Rewritten(Answer):
    """The three texts apart: the user's (original), what is filmed (text), what the model reads (prompt)."""

    prompt: str
    original: str
    text: str
    writer: Literal["director", "llm"]
    why: str = Field(description="why it was this writer, and no other")
    changes: list[str]
    diff: dict[str, Any] = Field(
        description="from original to text: words lost, invented, repaired, runs added and removed"
    )
    tokens: int
    max_tokens: int | None
    counted_by: Literal["tokenizer", "upper bound"]
    negative_prompt: str
    unknown_words: list[str]
    warnings: list[dict[str, Any]]
    model: str
    dialect: str


class Pictured(Answer):
    """What a picture of the answer is, in their order."""

    picture: Literal["contact sheet", "frame"]
    at_s: float | None = None


class Viewed(Answer):
    """Beside these, the facts of the take or film that it is."""

    shown: list[Pictured]
    video: str | None = Field(default=None, description="as it was named, unless it is a film")
    width: int | None = None
    height: int | None = None
    frames: int | None = None
    fps: float | None = None
    duration_s: float | None = None
    seams: list[dict[str, Any]] | None = None


class Measured(Answer):
    video: str
    take_id: str | None
    frames: int
    fps: float
    duration_s: float
    camera: dict[str, Any] = Field(
        description="asked, measured, hfov_deg, mechanism, confidence, verdict, per_frame; of what was made "
        "to continue a clip, from that clip's last frame on"
    )
    seams: list[dict[str, Any]] = Field(
        description="of a take those where it was continued; of other clips jumps that show (method: found)"
    )
    endpoints: dict[str, Any] | None
    picture: dict[str, Any] = Field(
        description="black_frames, frozen, sharpness, flicker, motion of the picture itself"
    )
    drift: dict[str, Any] | None = Field(
        description="how far each stretch of the clip is from the first (curve), and what is too far (limits)"
    )
    provenance: dict[str, Any] = Field(
        description="what the file says of its origin: holds, missing and broken list source_type, aigc, slate_digest, "
        "picture (is it still the one of its slate), c2pa, visible_label; then each as it was found"
    )


class Upload(Answer):
    upload_id: str
    kind: Literal["image", "video"]
    name: str
    origin: str
    key: str
    sha256: str
    size: int = Field(description="bytes")
    created_at: str
    width: int
    height: int
    frames: int | None
    fps: float | None
    duration_s: float | None


class Exported(Answer):
    film_id: str
    path: str
    format: ExportFormat
    bytes: int
    files: list[str]


class Deleted(Answer):
    id: str
    deleted: bool
    undo_days: int
