"""The HTTP status of an error.  Knows no routes."""

from shotwright.generator.errors import BadRequest, Busy, ShotwrightError

STATUS = {
    "unauthorized": 401,
    "forbidden": 403,
    "not_found": 404,
    "conflict": 409,
    "request_key_conflict": 409,
    "too_large": 413,
    "queue_full": 429,
    "too_many_requests": 429,
    "no_worker": 503,
}
"""Status by code; any other mistake of the caller is 400, a busy server 503, the rest 500."""


def status_of(error: ShotwrightError) -> int:
    """The HTTP status of an error."""
    if error.code in STATUS:
        return STATUS[error.code]
    if isinstance(error, BadRequest):
        return 400
    return 503 if isinstance(error, Busy) else 500
