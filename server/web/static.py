"""Files of the package that pages are made of: styles, scripts, signs."""

import hashlib
from importlib.resources import files

from starlette.requests import Request
from starlette.responses import Response

from shotwright.generator.errors import NotFound

KINDS = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml", "txt": "text/plain"}


async def static(request: Request) -> Response:
    """A file of the package.  Raises NotFound."""
    path = request.path_params["path"]
    suffix = path.rpartition(".")[2]
    root = files("shotwright.server.web") / "static"
    parts = path.split("/")
    file = root.joinpath(*parts)
    plain = all(part and not part.startswith(".") and "\\" not in part for part in parts)
    if not plain or suffix not in KINDS or not file.is_file():
        raise NotFound(
            f"there is no {path[:100]!r}.",
            field="path",
            value=path[:100],
            fix="open the studio at /",
        )
    content = file.read_bytes()
    headers = {
        "etag": f'"{hashlib.sha256(content).hexdigest()[:32]}"',
        "cache-control": "no-cache",
        "x-content-type-options": "nosniff",
        "cross-origin-resource-policy": "same-origin",
    }
    if request.headers.get("if-none-match") == headers["etag"]:
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=KINDS[suffix], headers=headers)
