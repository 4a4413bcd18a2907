"""Kling's error codes, and which of them an error of ours is.

Source: Kling AI, API reference, error codes (HTTP status / service code).
"""

import uuid
from typing import Any

from starlette.responses import Response

from shotwright.generator.errors import BadRequest, ShotwrightError
from shotwright.server.guard import json_response

AUTHENTICATION, EMPTY, INVALID, NOT_YET, EXPIRED = 1000, 1001, 1002, 1003, 1004
PARAMETERS, VALUE, METHOD, RESOURCE = 1200, 1201, 1202, 1203
TOO_FAST, TOO_MANY = 1302, 1303
FAULT, UNAVAILABLE = 5000, 5001

_STATUS = {METHOD: 404, RESOURCE: 404, TOO_FAST: 429, TOO_MANY: 429, FAULT: 500, UNAVAILABLE: 503}
_CODES = {
    "unauthorized": AUTHENTICATION,
    "not_found": RESOURCE,
    "unknown_model": RESOURCE,
    "too_many_requests": TOO_FAST,
    "queue_full": TOO_MANY,
    "no_worker": UNAVAILABLE,
}
"""By our code; any other mistake of the caller is an invalid value, the rest a fault."""


_NAMES = {"camera": "camera_control", "last_image": "image_tail", "duration_s": "duration"}
"""Arguments of ours that are parameters of another name in Kling's requests."""

_HEADERS = {
    401: {"www-authenticate": 'Bearer realm="kling"'},
    429: {"retry-after": "5"},
    503: {"retry-after": "5"},
}


class KlingError(Exception):
    """A refusal in Kling's terms: its code, and a sentence."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message

    @property
    def status(self) -> int:
        """The HTTP status that Kling sends with the code."""
        return 401 if self.code < PARAMETERS else _STATUS.get(self.code, 400)


def translated(error: ShotwrightError) -> KlingError:
    """An error of ours, as Kling would say it, its parameter by the name that the client gave it."""
    other = VALUE if isinstance(error, BadRequest) else FAULT
    message = f"{error.message} {error.fix}".strip()
    field = error.field or ""
    ours, dot, rest = field.partition(".")
    if ours in _NAMES and (dot or "_" in ours):  # a bare `camera` may be a word of the sentence
        message = message.replace(field, _NAMES[ours] + dot + rest)
    return KlingError(_CODES.get(error.code, other), message)


def answered(data: Any) -> Response:
    """`data` in Kling's envelope, a success."""
    return _envelope(0, "SUCCEED", 200, data=data)


def refused(error: KlingError) -> Response:
    """The refusal in Kling's envelope."""
    return _envelope(error.code, error.message, error.status)


def _envelope(code: int, message: str, status: int, **more: Any) -> Response:
    said = {"code": code, "message": message, "request_id": str(uuid.uuid4()), **more}
    return json_response(said, status, _HEADERS.get(status))
