"""The error tree of all rooms.

ShotwrightError                 has code, message, fix, retryable, field, value, allowed
  + BadRequest                  the caller's mistake: names the field, the value and what is allowed
      + NotFound                an id that names nothing
      + Conflict                one key, two different requests; a state that forbids the act
      + Unauthorized            a missing or wrong token
      + TooLarge                beyond a limit in bytes, pixels, frames or seconds
  + Busy                        a full queue, a late answer: the same call may go through later
  + RenderFailed                the model or the machine failed in a job
      + OutOfMemory             says what would fit
  + Cancelled                   the job was cancelled, by request
  + DownloadFailed              weights could not be fetched whole; what came is kept

Each concrete error gives its `code`; docs/errors.md lists them all and a test compares.
"""

from collections.abc import Mapping
from typing import Any

CODES: dict[str, str] = {
    "invalid_argument": "An argument breaks the verb's schema or a rule of the model's card.",
    "unknown_model": "No card has this name.",
    "unsupported_mode": "The model cannot do this (a last frame, a continuation, a camera mechanism).",
    "unsupported_language": "The model does not read the prompt's language, and no LLM translated it.",
    "invalid_frames": "The frame count or duration is off the model's rule.",
    "invalid_size": "The size or aspect ratio is not one of the model's.",
    "invalid_media": "The picture or clip is missing, corrupt, or not what it should be.",
    "path_not_allowed": "The path lies outside the allowed roots.",
    "url_not_allowed": "The URL is not http(s), points into a private network, or could not be fetched.",
    "invalid_script": "The script is empty, too long, binary or broken.",
    "invalid_plan": "The shot plan contradicts itself.",
    "too_large": "A file, picture, clip or request is beyond its limit.",
    "not_found": "No take, film, job or upload has this id.",
    "request_key_conflict": "This request_key was used with other arguments.",
    "conflict": "The state of the job or take does not allow this.",
    "unauthorized": "The token is missing or wrong.",
    "forbidden": "The Host or Origin header is not allowed here.",
    "queue_full": "Too many jobs wait already.",
    "too_many_requests": "One address sends more requests at once than the HTTP front takes.",
    "no_worker": "No worker is alive and none could be started.",
    "unreachable": "No Shotwright server answers at this address; said by the Python client.",
    "deadline_too_short": "Nothing that the call leaves open is done in `deadline_s` on this machine.",
    "deadline_exceeded": "The job was not done before its deadline.",
    "render_failed": "The model failed while rendering.",
    "model_damaged": "The model's files are missing, partial, damaged, or of another architecture.",
    "download_failed": "The hub of models did not answer, or broke off; said by the command line.",
    "disk_full": "The disk has no room for the weights; said by the command line.",
    "out_of_memory": "The clip does not fit this machine's memory.",
    "cancelled": "The job was cancelled.",
    "internal": "A fault of Shotwright itself; the log of the process holds the details.",
}
"""Every code an answer can carry, and what it means."""


class ShotwrightError(Exception):
    """Base of all errors that reach a caller."""

    code = "internal"
    retryable = False

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        fix: str = "",
        field: str | None = None,
        value: Any = None,
        allowed: Any = None,
        retryable: bool | None = None,
    ) -> None:
        super().__init__(message)
        self.message, self.fix, self.field = message, fix, field
        self.value, self.allowed = value, allowed
        if code is not None:
            self.code = code
        if retryable is not None:
            self.retryable = retryable

    def body(self) -> dict[str, Any]:
        """The error as it goes over the wire."""
        return {
            "code": self.code,
            "message": self.message,
            "fix": self.fix,
            "retryable": self.retryable,
            "field": self.field,
            "value": self.value,
            "allowed": self.allowed,
        }


class BadRequest(ShotwrightError):
    """The caller can repair it."""

    code = "invalid_argument"


class NotFound(BadRequest):
    """An id that names nothing."""

    code = "not_found"


class Conflict(BadRequest):
    """The state of things does not allow it."""

    code = "conflict"


class Unauthorized(BadRequest):
    """A missing or wrong token."""

    code = "unauthorized"


class TooLarge(BadRequest):
    """Beyond a limit."""

    code = "too_large"


class Busy(ShotwrightError):
    """The same call may go through later."""

    code = "queue_full"
    retryable = True


class RenderFailed(ShotwrightError):
    """The model or the machine failed in a job."""

    code = "render_failed"
    retryable = True


class OutOfMemory(RenderFailed):
    """The clip does not fit; the message says what would."""

    code = "out_of_memory"
    retryable = False


class Cancelled(ShotwrightError):
    """The job was cancelled, by request."""

    code = "cancelled"


class DownloadFailed(ShotwrightError):
    """Weights could not be fetched whole; the same command goes on where it stopped."""

    code = "download_failed"
    retryable = True


_CLASS: dict[str, type[ShotwrightError]] = {
    "request_key_conflict": Conflict,
    "too_many_requests": Busy,
    "no_worker": Busy,
    "unreachable": Busy,
    "deadline_exceeded": RenderFailed,
    "model_damaged": RenderFailed,
    "disk_full": DownloadFailed,
} | {
    kind.code: kind
    for kind in (
        *(ShotwrightError, NotFound, Conflict, Unauthorized, TooLarge),
        *(Busy, RenderFailed, OutOfMemory, Cancelled, DownloadFailed),
    )
}
"""The class of each code; BadRequest of those that are not here."""


def from_body(body: Mapping[str, Any]) -> ShotwrightError:
    """The error that came over the wire as `body`, in the class that is raised with its code."""
    code = str(body["code"])
    return _CLASS.get(code, BadRequest)(
        str(body["message"]),
        code=code,
        fix=str(body["fix"]),
        field=body.get("field"),
        value=body.get("value"),
        allowed=body.get("allowed"),
        retryable=bool(body["retryable"]),
    )
