"""Addresses of files that open without a header: signed with the server's token, and only for a time.

For what a person or a client opens by its address alone.  Knows no requests.
"""

import hashlib
import hmac
import time
from urllib.parse import parse_qs, urlencode

from shotwright.tools.settings import Settings

VALID_S = 30 * 24 * 3600
"""So long a link opens, as Kling keeps what it makes; the file itself stays."""


def signed(settings: Settings, path: str, *, now: float | None = None) -> str:
    """The whole address of `path` on this server; signed where the server demands a token."""
    if not settings.token:
        return settings.base_url + path
    expires = str(int((time.time() if now is None else now) + VALID_S))
    query = urlencode({"expires": expires, "signature": _signature(settings.token, path, expires)})
    return f"{settings.base_url}{path}?{query}"


def opens(token: str, path: str, query: str, *, now: float | None = None) -> bool:
    """Whether the query of a request for `path` carries a signature of ours that has not expired."""
    given = parse_qs(query)
    expires, signature = given.get("expires", [""])[0], given.get("signature", [""])[0]
    if not (expires.isascii() and expires.isdigit() and len(expires) < 12):
        return False
    right = hmac.compare_digest(signature.encode(), _signature(token, path, expires).encode())
    return right and int(expires) > (time.time() if now is None else now)


def _signature(token: str, path: str, expires: str) -> str:
    message = f"{path}?{expires}".encode()
    return hmac.new(token.encode("utf-8"), message, hashlib.sha256).hexdigest()
