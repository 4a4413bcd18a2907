"""Two ways from Python to the verbs: in this process on its data directory, or a server's REST over HTTP.

Both take plain JSON and answer what the wire answers; both raise the same errors.  Knows no single verb.
"""

import json
import os
import secrets
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

import anyio
import anyio.to_thread

from shotwright.generator.errors import (
    BadRequest,
    Busy,
    Conflict,
    NotFound,
    ShotwrightError,
    from_body,
)
from shotwright.tools import verbs
from shotwright.tools.settings import Settings, make_home
from shotwright.tools.studio.hiring import launch
from shotwright.tools.studio.studio import Studio
from shotwright.tools.studio.wire import MAX_WAIT_S

if TYPE_CHECKING:
    import httpx

CONNECT_S = 10.0
ANSWER_S = 600.0 + MAX_WAIT_S
"""How long an answer may take; measuring a long clip is the slowest that is no job."""


class Reach(Protocol):
    """A way to the verbs."""

    async def call(self, verb: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """The verb's answer."""

    async def upload(self, path: Path) -> dict[str, Any]:
        """The record of a file of this machine, now known to the studio by its upload id."""

    async def save(self, id_: str, path: Path) -> None:
        """Write the clip, or with .jpg the contact sheet, of a take or film."""

    async def close(self) -> None: ...


class Local:
    """The studio of a data directory, in this process; a worker is started when one is needed."""

    def __init__(self, settings: Settings) -> None:
        self.studio = Studio(settings, launch=launch)

    async def call(self, verb: str, arguments: dict[str, Any]) -> dict[str, Any]:
        return (await verbs.call(self.studio, verb, arguments)).data

    async def upload(self, path: Path) -> dict[str, Any]:
        make_home(self.studio.settings)
        return await self.studio.intake.store_upload(_there(path), path.name)

    async def save(self, id_: str, path: Path) -> None:
        await self.studio.blocking(self._save, id_, path)

    def _save(self, id_: str, path: Path) -> None:
        kind = "films" if id_.startswith("film_") else "takes"
        blobs = self.studio.store.read_record(kind, id_)["blobs"]
        keys = {Path(blobs["clip"]).suffix: blobs["clip"], ".jpg": blobs.get("sheet")}
        key = keys.get(path.suffix.lower())
        if key is None:
            have = [suffix for suffix, known in keys.items() if known]
            raise NotFound(
                f"{id_} has no {path.suffix or 'file without a suffix'}; use {' or '.join(have)}.",
                field="path",
                value=str(path),
                allowed=have,
                fix=f"name the file {path.stem}{have[0]}",
            )
        with _new_file(path) as scratch:
            shutil.copyfile(self.studio.store.fetch(key), scratch)

    async def close(self) -> None:
        self.studio.close()


class Remote:
    """A server, by its URL."""

    def __init__(self, url: str, token: str | None) -> None:
        import httpx

        if not _is_address(url):
            raise BadRequest(
                f"{url!r} is no address of a server; use http(s)://host:port.",
                field="url",
                value=url,
                allowed="http(s)://host:port",
                fix="Studio('http://127.0.0.1:8188')",
            )
        if token and not token.isprintable():
            raise BadRequest(
                "the token holds characters that no header carries.",
                field="token",
                allowed="printable characters",
                fix="give SHOTWRIGHT_TOKEN of the server, without its line end",
            )
        headers = {b"Authorization": f"Bearer {token}".encode()} if token else {}
        self.url = url.rstrip("/")
        self.http = httpx.AsyncClient(
            base_url=self.url, headers=headers, timeout=httpx.Timeout(ANSWER_S, connect=CONNECT_S)
        )

    async def call(self, verb: str, arguments: dict[str, Any]) -> dict[str, Any]:
        body = json.dumps(arguments).encode("ascii")
        async with self._answer("POST", f"/api/{verb}", content=body) as answer:
            return await _facts(answer)

    async def upload(self, path: Path) -> dict[str, Any]:
        name = {"name": path.name}
        content = _pieces(_there(path))
        async with self._answer("POST", "/api/uploads", params=name, content=content) as answer:
            return await _facts(answer)

    async def save(self, id_: str, path: Path) -> None:
        with _new_file(path) as scratch:
            async with (
                self._answer("GET", f"/files/{id_}{path.suffix.lower()}") as answer,
                await anyio.open_file(scratch, "wb") as out,
            ):
                async for piece in answer.aiter_bytes():
                    await out.write(piece)

    @asynccontextmanager
    async def _answer(self, method: str, path: str, **sent: Any) -> AsyncIterator["httpx.Response"]:
        """A good answer, its body not read yet.  Raises the error that another one carries."""
        import httpx

        try:
            async with self.http.stream(method, path, **sent) as answer:
                if answer.is_error:
                    raise await _refusal(answer)
                yield answer
        except httpx.TransportError as error:
            raise Busy(
                f"{self.url} does not answer: {type(error).__name__} {error}".rstrip() + ".",
                code="unreachable",
                field="url",
                value=self.url,
                fix="start `shotwright serve` there, or check the URL",
            ) from error

    async def close(self) -> None:
        await self.http.aclose()


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        known = parts.scheme in ("http", "https") and parts.hostname and (parts.port or 80)
    except ValueError:
        return False
    return bool(known) and url.isprintable() and " " not in url


def _there(path: Path) -> Path:
    if path.is_file():
        return path
    raise BadRequest(
        f"there is no file {path}.",
        code="invalid_media",
        field="path",
        value=str(path),
        allowed="a picture or clip",
        fix="check the path",
    )


async def _facts(answer: "httpx.Response") -> dict[str, Any]:
    try:
        facts = json.loads(await answer.aread())
    except ValueError:
        facts = None
    if isinstance(facts, dict):
        return facts
    raise _stranger(answer)


async def _refusal(answer: "httpx.Response") -> ShotwrightError:
    try:
        return from_body(json.loads(await answer.aread())["error"])
    except (ValueError, KeyError, TypeError):
        return _stranger(answer)


def _stranger(answer: "httpx.Response") -> ShotwrightError:
    return Busy(
        f"{answer.url} answered {answer.status_code}, and not as Shotwright does.",
        code="unreachable",
        field="url",
        value=str(answer.url),
        fix="check the URL, and what stands between here and the server",
    )


async def _pieces(path: Path) -> AsyncIterator[bytes]:
    async with await anyio.open_file(path, "rb") as file:
        while piece := await file.read(2**20):
            yield piece


@contextmanager
def _new_file(path: Path) -> Iterator[Path]:
    """A scratch file beside `path` that takes its place when all went well.  Raises Conflict when it exists."""
    if path.exists():
        raise Conflict(
            f"{path} exists already.",
            field="path",
            value=str(path),
            fix="choose a path that does not exist",
        )
    scratch = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        scratch.touch(exist_ok=False)
    except OSError as error:
        raise BadRequest(
            f"{path} cannot be written: {error.strerror}.",
            field="path",
            value=str(path),
            fix="choose a folder of yours",
        ) from error
    try:
        yield scratch
        os.replace(scratch, path)
    finally:
        scratch.unlink(missing_ok=True)
