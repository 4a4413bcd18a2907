"""The tables of http.md: every route, from the app's own list of them, told from the OpenAPI document."""

from functools import cache
from typing import Any

from docs.reference import markdown as md
from starlette.routing import Route

from shotwright.generator.errors import CODES
from shotwright.server import guard, links, openapi
from shotwright.server.http import create_app
from shotwright.server.statuses import STATUS
from shotwright.server.web import session, watch
from shotwright.tools.settings import from_environment
from shotwright.tools.studio.studio import Studio
from shotwright.tools.verbs import BY_NAME, VERBS

PAGES = {
    "/": "make a clip",
    "/film": "script, storyboard, film",
    "/film/{id}": "a film",
    "/library": "what was made",
    "/compare": "two takes side by side",
    "/queue": "jobs, workers, log",
    "/take/{id}": "a take",
    "/login": "asks for the token, once",
}
"""The pages of the web studio."""
THEIRS = ("/web/", "/static/")
"""What the pages ask of the server is theirs alone."""
TOLD = ("/mcp", "/files/{name}", "/v1/{path}")
"""Routes that the page tells in other words."""
ELSE = {
    "400": "every other mistake of the caller",
    "421": "`forbidden`",
    "500": "`internal`, and what failed",
}
"""Statuses whose codes are no table's."""


@cache
def _document() -> dict[str, Any]:
    return openapi.document(secured=False)


def entry() -> str:
    """What is looked at before a route, in this order."""
    limits = guard.Limits()
    sizes = (guard.JSON_BYTES, guard.UPLOAD_BYTES, guard.KLING_BYTES)
    whole, upload, kling = (f"{size // 2**20:,} MiB" for size in sizes)
    rate = f"{limits.in_flight} requests of one address at once, or {limits.per_s:g} a second after {limits.burst}"
    rows = [
        ("421", "`Host` is no name of this server: a loopback name, or `SHOTWRIGHT_HOST`"),
        ("403", "`Origin` or `Sec-Fetch-Site` is of another site's page"),
        ("429", f"more than {rate}; `Retry-After` says when to come again"),
        ("401", "no token, or a wrong one"),
        ("403", f"a write with a cookie and without its `{session.CSRF_HEADER}`"),
        ("413", f"a body beyond {whole}; of an upload {upload}, under `/v1` {kling}"),
    ]
    return md.table(("status", "when"), rows)


def statuses() -> str:
    """What a status means, and the codes that come with it."""
    codes: dict[str, list[str]] = {}
    for code, status in STATUS.items():
        codes.setdefault(str(status), []).append(md.code(code))
    assert STATUS.keys() <= CODES.keys()
    told = _document()["paths"][f"/api/{VERBS[0].name}"]["post"]["responses"]
    rows = [
        (status, found["description"], ", ".join(codes.get(status, [])) or ELSE.get(status, ""))
        for status, found in told.items()
    ]
    return md.table(("status", "when", "`error.code`"), rows)


def verbs() -> str:
    """A route a verb."""
    rows = [
        (
            md.code(f"POST /api/{verb.name}"),
            md.linked(verb.name, "mcp.md"),
            md.linked(verb.answer.__name__, "mcp.md"),
        )
        for verb in VERBS
    ]
    return md.table(("route", "arguments", "answer"), rows)


def reads() -> str:
    """Everything that is no verb and not Kling's.  Raises: AssertionError for a route that nobody tells."""
    _check_complete()
    rows = []
    for path, methods in _document()["paths"].items():
        if path.removeprefix("/api/") in BY_NAME or path.startswith("/v1/"):
            continue
        for method, told in methods.items():
            what = f"{told['summary']}. {told.get('description', '')}".strip()
            route = md.code(f"{method.upper()} {path}")
            rows.append((route, what, _parameters(told), _success(told)))
    return md.table(("route", "what", "parameters", "answer"), rows)


def _check_complete() -> None:
    app = create_app(Studio(from_environment({})))
    told = {*_document()["paths"], *PAGES, *TOLD}
    found = {route.path_format for route in app.routes if isinstance(route, Route)}
    missing = [path for path in found - told if not path.startswith(THEIRS)]
    assert not missing, f"http.md does not tell {missing}"


def _parameters(told: dict[str, Any]) -> str:
    named = [p for p in told.get("parameters", ()) if p["in"] == "query"]
    return "; ".join(f"{md.code(p['name'])} {md.kind(p['schema'])}" for p in named)


def _success(told: dict[str, Any]) -> str:
    status, response = next(iter(told["responses"].items()))
    media, content = next(iter(response["content"].items()))
    if media != "application/json":
        return f"{status}, {md.code(media)}"
    schema = content["schema"]
    name = schema.get("$ref", "").rpartition("/")[2]
    if name in {"Job", "Jobs", "Take", "Upload"}:
        return f"{status}, {md.linked(name, 'mcp.md')}"
    if name:
        schema = _document()["components"]["schemas"][name]
    return f"{status}, {', '.join(map(md.code, schema.get('properties', ()))) or 'JSON'}"


def pages() -> str:
    """What a browser may open."""
    return md.table(("page", "what"), [(md.code(path), told) for path, told in PAGES.items()])


def streams() -> str:
    """The pages' own stream, and signed addresses, in figures."""
    rows = [
        ("the stream looks at the jobs every", f"{watch.LOOK_S:g} s"),
        ("and says something at least every", f"{watch.ALIVE_S:g} s"),
        ("it ends, and the browser opens the next, after", f"{watch.STREAM_S:g} s"),
        ("streams at most", str(watch.MAX_STREAMS)),
        ("a cookie holds", f"{session.KEEP_S // 86_400} days"),
        ("a signed address opens for", f"{links.VALID_S // 86_400} days"),
    ]
    return md.table(("", ""), rows)
