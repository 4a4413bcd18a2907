"""The door of the HTTP front: who may come in, how often, and with how much.

Stands before every route, MCP, pages and files included, so that no route can forget a check.  A page that someone
visits can make the browser call loopback addresses; the checks of Host, Origin and Sec-Fetch-Site keep it out.
A browser may show the cookie of its login in place of the token, and then brings a CSRF token with every write.
Knows no verbs and no pages.  Try: python -m pytest tests/server/test_guard.py
"""

import hmac
import ipaddress
import json
import logging
import math
import socket
import time
import uuid
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shotwright.generator.errors import BadRequest, Busy, ShotwrightError, TooLarge, Unauthorized
from shotwright.server.links import opens
from shotwright.server.web.session import CSRF_HEADER, Sessions
from shotwright.tools.settings import Settings

LOG = logging.getLogger(__name__)

LOOPBACK = ("127.0.0.1", "localhost", "::1")
EVERYWHERE = ("0.0.0.0", "::")
"""Bind addresses that mean every interface."""
OPEN = ("/health", "/login")
OPEN_UNDER = "/static/"
"""Paths that need no token: they tell nothing of anyone's work."""
PAGES = "/web/"
"""Where the pages write: never without a session."""
SAFE = ("GET", "HEAD", "OPTIONS")
UPLOADS = "/api/uploads"
FILES = "/files/"
KLING = "/v1"
"""Kling's face, which has a door of its own."""
KLING_CODES = {403: 1103, 413: 1200, 421: 1103, 429: 1302}
"""Kling's code of a refusal here, by its status."""

JSON_BYTES = 4 * 2**20
"""A request's body, the limit of the MCP package too; a plan of 200 shots has about 200 kB."""
UPLOAD_BYTES = 2 * 2**30 + 2**20
"""The largest clip that is taken in, and room for the wrapping of a form."""
KLING_BYTES = 28 * 2**20
"""Two pictures of 10 MB in Base64."""


@dataclass(frozen=True)
class Limits:
    """What one client (an address) may do; a host's few connections and a script's hundreds of calls fit in."""

    in_flight: int = 64
    burst: int = 400
    per_s: float = 100.0
    clients: int = 1024
    """So many addresses are remembered; the state has a bound."""


def json_response(
    data: Any, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """`data` as JSON in UTF-8; half a surrogate pair stays an escape."""
    text = json.dumps(data, ensure_ascii=False, allow_nan=False)
    return Response(
        text.encode("utf-8", "backslashreplace"), status, headers, media_type="application/json"
    )


def error_response(
    error: ShotwrightError, status: int, headers: Mapping[str, str] | None = None
) -> Response:
    """`{error: ...}`, the body that every front answers."""
    return json_response({"error": error.body()}, status, headers)


def is_loopback(host: str) -> bool:
    """Whether a bind address or host name reaches this machine only."""
    if host.lower() == "localhost":
        return True
    address = _address(host)
    return address is not None and address.is_loopback


def check_exposure(settings: Settings) -> None:
    """Raises BadRequest when the front would be reached from beyond this machine without a token."""
    public = urlsplit(settings.public_url or "").hostname
    reached = next((n for n in (settings.host, public) if n and not is_loopback(n)), None)
    if reached and not settings.token:
        raise BadRequest(
            f"host {reached} can be reached from other machines, so SHOTWRIGHT_TOKEN must be set; "
            "set it to a long random word, or serve on 127.0.0.1.",
            field="SHOTWRIGHT_TOKEN",
            allowed="a token, or a loopback host",
            fix="SHOTWRIGHT_TOKEN=$(openssl rand -hex 24) shotwright serve --host …",
        )


def known_names(settings: Settings) -> list[str]:
    """Host names that a front of these settings answers to, without brackets and port."""
    own = settings.host
    more = [socket.gethostname()] if own in EVERYWHERE else [own]
    if settings.public_url:
        more.append(str(urlsplit(settings.public_url).hostname))
    return [*LOOPBACK, *(name for name in more if name not in LOOPBACK)]


class Guard:
    """ASGI middleware: Host 421, Origin 403, too many 429, token 401, CSRF 403, body 413; then the app.

    Raises: BadRequest when it is built for a host beyond this machine without a token.
    """

    def __init__(
        self,
        app: ASGIApp,
        settings: Settings,
        limits: Limits | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        check_exposure(settings)
        self.app, self.settings = app, settings
        self.turnstile = Turnstile(limits or Limits(), clock)
        self.sessions = Sessions(settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            return await self.app(scope, receive, send)
        headers = _headers(scope)
        refusal = self._visitor(headers) or _fetched_from_elsewhere(scope, headers)
        if refusal is not None:
            return await _refuse(refusal, scope, receive, send)
        client = (scope.get("client") or ("unknown", 0))[0]
        wait_s = self.turnstile.enter(client)
        if wait_s is not None:
            return await _refuse(_too_many(wait_s), scope, receive, send)
        try:
            refusal = self._entry(scope, headers) or self._length(scope["path"], headers)
            if refusal is not None:
                return await _refuse(refusal, scope, receive, send)
            limit = _limit(scope["path"])
            await self.app(scope, _counted(receive, limit), send)
        finally:
            self.turnstile.leave(client)

    def _visitor(self, headers: Mapping[bytes, list[bytes]]) -> Response | None:
        hosts = [value.decode("latin-1") for value in headers.get(b"host", ())]
        if len(hosts) != 1 or not self._known(_host_name(hosts[0])):
            return _forbidden("Host", ", ".join(hosts), 421, known_names(self.settings))
        for value in headers.get(b"origin", ()):
            origin = value.decode("latin-1")
            if not self._own(origin):
                public = [self.settings.public_url] if self.settings.public_url else []
                own = [
                    f"http://{bracketed(n)}:{self.settings.port}"
                    for n in known_names(self.settings)
                ]
                return _forbidden("Origin", origin, 403, [*public, *own])
        return None

    def _known(self, name: str | None) -> bool:
        if name is None:
            return False
        address = _address(name)
        if address is not None and self.settings.host in EVERYWHERE:
            # Rebinding needs a name that an attacker's name server answers for; an address is none.
            return True
        return is_loopback(name) or name in (known.lower() for known in known_names(self.settings))

    def _own(self, origin: str) -> bool:
        try:
            asked = _origin(origin)
        except ValueError:
            return False
        if self.settings.public_url and asked == _origin(self.settings.public_url):
            return True
        _, name, port = asked
        return self._known(name) and port == self.settings.port

    def _entry(self, scope: Scope, headers: Mapping[bytes, list[bytes]]) -> Response | None:
        """By the token in a header or a signed link; or by a cookie, and then a write by its CSRF token too."""
        path: str = scope["path"]
        if path == KLING or path.startswith(f"{KLING}/") or self._linked(scope):
            return None
        given = headers.get(b"authorization", [b""])[0]
        if self.settings.token and given:
            return None if self._right(given) else _unauthorized("wrong", scope, headers)
        session = self.sessions.of(headers)
        is_open = path in OPEN or path.startswith(OPEN_UNDER)
        if not is_open and not self.sessions.open_to(session):
            return _unauthorized("missing", scope, headers)
        needs_proof = session is not None or path.startswith(PAGES)
        if scope.get("method", "GET") in SAFE or not needs_proof or path in OPEN:
            return None
        proof = headers.get(CSRF_HEADER.encode(), [b""])[0].decode("latin-1")
        if session is not None and self.sessions.allows_write(session, proof):
            return None
        return _forbidden(CSRF_HEADER, proof, 403, ["the token of the page"], fix="reload the page")

    def _linked(self, scope: Scope) -> bool:
        """Whether this asks for a file by an address that we signed."""
        path, query = scope["path"], scope.get("query_string", b"").decode("latin-1")
        is_file = path.startswith(FILES) and scope.get("method") in SAFE
        return bool(is_file and self.settings.token and opens(self.settings.token, path, query))

    def _right(self, authorization: bytes) -> bool:
        scheme, _, token = authorization.partition(b" ")
        known = (self.settings.token or "").encode("utf-8")
        return hmac.compare_digest(token.strip(), known) and scheme.lower() == b"bearer"

    def _length(self, path: str, headers: Mapping[bytes, list[bytes]]) -> Response | None:
        declared = headers.get(b"content-length", [b"0"])[0]
        if declared.isdigit() and int(declared) > _limit(path):
            # The body is not read: the connection cannot carry another request.
            return error_response(_too_large(_limit(path)), 413, {"connection": "close"})
        return None


@dataclass
class _Visits:
    allowance: float
    at: float
    inside: int = 0


class Turnstile:
    """Counts each client's requests: how many are inside, and how many came lately (a token bucket)."""

    def __init__(self, limits: Limits, clock: Callable[[], float]) -> None:
        self.limits, self.clock = limits, clock
        self.clients: OrderedDict[str, _Visits] = OrderedDict()

    def enter(self, client: str) -> float | None:
        """None: come in, and `leave` afterwards.  Else: come again in so many seconds."""
        now, limits = self.clock(), self.limits
        if client not in self.clients and not self._room():
            return 1.0
        visits = self.clients.setdefault(client, _Visits(limits.burst, now))
        self.clients.move_to_end(client)
        earned = (now - visits.at) * limits.per_s
        visits.allowance, visits.at = min(limits.burst, visits.allowance + earned), now
        if visits.inside >= limits.in_flight:
            return 1.0
        if visits.allowance < 1:
            return (1 - visits.allowance) / limits.per_s
        visits.allowance -= 1
        visits.inside += 1
        return None

    def leave(self, client: str) -> None:
        self.clients[client].inside -= 1

    def _room(self) -> bool:
        """Forgets the client that was quiet for longest when too many are known; one inside stays."""
        if len(self.clients) < self.limits.clients:
            return True
        quiet = next((name for name, visits in self.clients.items() if not visits.inside), None)
        if quiet is None:
            return False
        del self.clients[quiet]
        return True


def _headers(scope: Scope) -> dict[bytes, list[bytes]]:
    found: dict[bytes, list[bytes]] = {}
    for name, value in scope["headers"]:
        found.setdefault(name.lower(), []).append(value)
    return found


def _origin(url: str) -> tuple[str, str | None, int | None]:
    """Scheme, host and port.  Raises ValueError for a port that is none."""
    parts = urlsplit(url)
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    return parts.scheme, parts.hostname, port


def _host_name(header: str) -> str | None:
    """The name in a Host header, in lower case, without brackets and port; None when it is none."""
    try:
        parts = urlsplit(f"//{header}")
        plain = parts.port is not None or not header.endswith(":")
    except ValueError:
        return None
    return parts.hostname if plain and parts.netloc == header and "@" not in header else None


def _address(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(name)
    except ValueError:
        return None


def bracketed(name: str) -> str:
    return f"[{name}]" if ":" in name else name


def _limit(path: str) -> int:
    if path.startswith(f"{KLING}/"):
        return KLING_BYTES
    return UPLOAD_BYTES if path == UPLOADS else JSON_BYTES


def _counted(receive: Receive, limit: int) -> Receive:
    """`receive` that raises TooLarge when a body without a declared length grows beyond the limit."""
    total = 0

    async def counted() -> Message:
        nonlocal total
        message = await receive()
        if message["type"] == "http.request":
            total += len(message.get("body", b""))
            if total > limit:
                raise _too_large(limit)
        return message

    return counted


def _too_large(limit: int) -> TooLarge:
    return TooLarge(
        f"the request's body is beyond {limit} bytes; send pictures and clips to POST {UPLOADS}.",
        field="body",
        allowed=limit,
        fix=f"upload files with POST {UPLOADS} (up to 2 GiB) and name them by upload id",
    )


def _too_many(wait_s: float) -> Response:
    error = Busy(
        "too many requests from this address; wait and send fewer at once.",
        code="too_many_requests",
        fix="honour Retry-After; wait for jobs with wait_s instead of asking often",
    )
    return error_response(error, 429, {"retry-after": str(max(1, math.ceil(wait_s)))})


def _fetched_from_elsewhere(scope: Scope, headers: Mapping[bytes, list[bytes]]) -> Response | None:
    """Refuses what a page of another site embeds or fetches; a link that someone follows may come in."""
    site = headers.get(b"sec-fetch-site", [b"none"])[0].decode("latin-1")
    mode = headers.get(b"sec-fetch-mode", [b""])[0], headers.get(b"sec-fetch-dest", [b""])[0]
    followed = scope.get("method") in SAFE and mode == (b"navigate", b"document")
    if site in ("none", "same-origin") or followed:
        return None
    return _forbidden("Sec-Fetch-Site", site, 403, ["same-origin", "none"])


def _unauthorized(what: str, scope: Scope, headers: Mapping[bytes, list[bytes]]) -> Response:
    """401; a person who opens a page is shown the way to log in."""
    asks_page = b"text/html" in headers.get(b"accept", [b""])[0]
    if asks_page and scope.get("method") in SAFE and what == "missing":
        query = scope.get("query_string", b"").decode("latin-1")
        wanted = quote(scope["path"] + (f"?{query}" if query else ""))
        return Response(status_code=303, headers={"location": f"/login?next={wanted}"})
    error = Unauthorized(
        f"the token is {what}; send the header Authorization: Bearer with the value of SHOTWRIGHT_TOKEN.",
        field="Authorization",
        allowed="Bearer <SHOTWRIGHT_TOKEN>",
        fix="send the server's token, or log in at /login",
    )
    return error_response(error, 401, {"www-authenticate": 'Bearer realm="shotwright"'})


def _forbidden(
    header: str,
    value: str,
    status: int,
    allowed: list[str],
    *,
    fix: str = "open the front by one of these names, or set SHOTWRIGHT_HOST",
) -> Response:
    error = BadRequest(
        f"{header} {value[:200]!r} is not allowed here; use one of {', '.join(allowed)}.",
        code="forbidden",
        field=header,
        value=value[:200],
        allowed=allowed,
        fix=fix,
    )
    return error_response(error, status)


async def _refuse(response: Response, scope: Scope, receive: Receive, send: Send) -> None:
    if response.status_code != 303:
        client = (scope.get("client") or ("unknown", 0))[0]
        LOG.warning("refused %s %.200r of %s", response.status_code, scope["path"], client)
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008, "reason": "not allowed"})
    elif scope["path"].startswith(f"{KLING}/"):
        await _enveloped(response)(scope, receive, send)
    else:
        await response(scope, receive, send)


def _enveloped(response: Response) -> Response:
    """The refusal in Kling's envelope too, which is what a client of that face reads."""
    body = json.loads(bytes(response.body))
    told = {
        "code": KLING_CODES[response.status_code],
        "message": f"{body['error']['message']} {body['error']['fix']}",
        "request_id": str(uuid.uuid4()),
    }
    headers = {k: v for k, v in response.headers.items() if not k.startswith("content-")}
    return json_response({**told, **body}, response.status_code, headers)
