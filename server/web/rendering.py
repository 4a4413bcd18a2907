"""Pages from templates: the language and theme of the visitor, and headers that let no foreign script in.

Everything is escaped; there is no inline script or style.  Knows no verbs.
"""

import json
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import jinja2
from starlette.requests import Request
from starlette.responses import Response

from shotwright.server.web import words
from shotwright.server.web.session import KEEP_S, Sessions
from shotwright.tools.settings import Settings

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' blob: data:",
        "media-src 'self' blob:",
        "connect-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    )
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cache-control": "no-store",
}


class Renderer:
    """Templates for one studio's visitors."""

    def __init__(self, settings: Settings, sessions: Sessions) -> None:
        self.settings, self.sessions = settings, sessions

    def page(self, request: Request, name: str, /, status: int = 200, **facts: Any) -> Response:
        """The template `name` as a whole page or a part of one; a visitor without a session is given one."""
        headers = {key.lower(): [value] for key, value in request.headers.raw}
        session = self.sessions.of(headers)
        fresh = session is None
        session = session or self.sessions.issue("visitor")
        language = words.chosen(request.cookies.get("lang"), request.headers.get("accept-language"))
        translate = words.translator(language)
        text = (
            _templates()
            .get_template(name)
            .render(
                t=translate,
                lang=language,
                theme=request.cookies.get("theme")
                if request.cookies.get("theme") in ("light", "dark")
                else "auto",
                csrf=self.sessions.csrf(session),
                secured=bool(self.settings.token),
                path=request.url.path,
                **facts,
            )
        )
        response = Response(text, status, HEADERS, media_type="text/html")
        if fresh:
            self.remember(request, response, session)
        return response

    def remember(self, request: Request, response: Response, session: str) -> None:
        """Give the browser its session.  Lax, so that a link from a chat finds the person logged in."""
        response.set_cookie(
            self.sessions.cookie,
            session,
            max_age=KEEP_S,
            httponly=True,
            samesite="lax",
            secure=request.headers.get("origin", "").startswith("https:"),
        )


@cache
def _templates() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("shotwright.server.web"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters |= FILTERS
    return environment


def seconds(value: float | None) -> str:
    """2.125 -> "2.1 s", 200 -> "3:20", None -> ""."""
    if value is None:
        return ""
    if value < 100:
        return f"{value:.1f} s"
    return f"{int(value) // 60}:{int(value) % 60:02d}"


def size(value: int | None) -> str:
    """Bytes for people."""
    if value is None:
        return ""
    amount = float(value)
    for unit in ("B", "kB", "MB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit != "MB" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} GB"


def figure(value: Any) -> str:
    """A measured number, short."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    return f"{value:.2f}".rstrip("0").rstrip(".")


def as_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1)


FILTERS: Mapping[str, Callable[..., str]] = {
    "seconds": seconds,
    "size": size,
    "figure": figure,
    "json": as_json,
}
