"""Files of a hub of models over HTTP: what a repository holds at one revision, and a transfer that can be broken off.

Speaks the wire format of the Hugging Face hub with an HTTP client of its own: the hub's throws away what came when a
transfer breaks off, and this one goes on where it was.  Knows no cards, and no folders but that of the file it writes.
Try: python -m pytest tests/generator/test_downloads.py
"""

import errno
import hashlib
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import quote

from shotwright.generator.errors import (
    BadRequest,
    DownloadFailed,
    NotFound,
    RenderFailed,
    ShotwrightError,
    Unauthorized,
)

if TYPE_CHECKING:
    import httpx

TRIES = 6
"""Of a file in a row, none of which brought a byte; each waits twice as long as the last."""
FIRST_TRIES = 3
"""Of the listing: a hub that has not answered yet may not be there at all."""
FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 300.0
"""The hub counts requests in windows of so many seconds; one that asks for more is left alone."""
CONNECT_S, SILENT_S = 10.0, 30.0
BUSY = (408, 429, 500, 502, 503, 504)
"""Answers that may be others in a moment."""
PAST_THE_END, TOO_MANY = 416, 429
CHUNK = 1 << 20
COMMIT = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True)
class RemoteFile:
    """path: within the repository; digest: "sha256:…" of its bytes, or "git:…", git's own name of them."""

    path: str
    size: int
    digest: str


@dataclass(frozen=True)
class Listing:
    """What a repository holds at one commit."""

    source: str
    commit: str
    files: tuple[RemoteFile, ...]


class Told(Protocol):
    """Who hears how a transfer gets on."""

    def begin(self, what: str, total: int) -> None:
        """`total` bytes of `what` are to come."""

    def advance(self, count: int) -> None:
        """`count` more bytes are there; less than none when they must come again."""

    def say(self, text: str) -> None:
        """Something for a person."""


class Digest:
    """The hash of bytes as they come; equal to a file's `digest` when they are that file's."""

    def __init__(self, file: RemoteFile) -> None:
        self.kind = file.digest.partition(":")[0]
        # git's sha1 is of a header with the size and then the bytes
        self._hash = hashlib.sha256() if self.kind == "sha256" else hashlib.sha1()
        if self.kind == "git":
            self._hash.update(f"blob {file.size}\0".encode())

    def update(self, data: bytes) -> None:
        self._hash.update(data)

    def __str__(self) -> str:
        return f"{self.kind}:{self._hash.hexdigest()}"


def digest_of(path: Path, file: RemoteFile, told: Callable[[int], None]) -> Digest:
    """The hash of what lies at `path`; told: hears how many bytes were read."""
    digest = Digest(file)
    with path.open("rb") as read:
        while data := read.read(CHUNK):
            digest.update(data)
            told(len(data))
    return digest


class Hub:
    """One hub, by its address; the token goes to that address only, never to where it redirects."""

    def __init__(
        self,
        endpoint: str,
        token: str | None = None,
        *,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        """pause: waits so many seconds.  Raises: BadRequest for an address that is none."""
        import httpx

        self.endpoint, self.token, self._pause = endpoint.rstrip("/"), token, pause
        if not self.endpoint.startswith(("http://", "https://")):
            raise BadRequest(
                f"HF_ENDPOINT is {endpoint!r}, which is no address of a hub.",
                field="HF_ENDPOINT",
                value=endpoint,
                allowed="http://… or https://…",
                fix="unset HF_ENDPOINT for the hub itself",
            )
        # The client drops the Authorization header where a redirect leads to another host or port.
        self._client = httpx.Client(
            follow_redirects=True,
            timeout=httpx.Timeout(SILENT_S, connect=CONNECT_S),
            # as it is: the hash and the size are those of the bytes in the repository
            headers={"Accept-Encoding": "identity", "User-Agent": "shotwright"},
        )

    def close(self) -> None:
        self._client.close()

    def listing(self, source: str, revision: str, told: Told) -> Listing:
        """The files of a repository at a revision, which may be empty for the newest.

        Raises: NotFound for a repository or revision that is not there, Unauthorized, DownloadFailed.
        """
        path = f"/api/models/{source}/revision/{quote(revision or 'main', safe='')}?blobs=true"
        told_by_hub = self._json(source, revision, path, told)
        try:
            commit = str(told_by_hub["sha"])
            files = tuple(_remote_file(entry) for entry in told_by_hub["siblings"])
        except (KeyError, TypeError, AttributeError) as error:
            raise self._stranger(error) from error
        if not COMMIT.fullmatch(commit):
            raise self._stranger(ValueError(f"the revision {commit!r}"))
        return Listing(source, commit, tuple(file for file in files if file is not None))

    def index(self, listing: Listing, told: Told) -> dict[str, Any]:
        """The repository's model_index.json.  Raises as `listing`."""
        url = self._file_url(listing, "model_index.json")
        return self._json(listing.source, listing.commit, url, told)

    def fetch(self, listing: Listing, file: RemoteFile, part: Path, told: Told) -> None:
        """Bring `file` to `part`, going on after what lies there already.

        Raises: RenderFailed (model_damaged) for bytes that are not the file's, which are then gone; DownloadFailed
        where the hub breaks off for good or the disk is full; else as `listing`.  What came stays there for the next.
        """
        part.parent.mkdir(parents=True, exist_ok=True)
        have = part.stat().st_size if part.is_file() else 0
        if have > file.size:
            part.unlink()
            have = 0
        digest = digest_of(part, file, told.advance) if have else Digest(file)
        if have < file.size or not part.is_file():
            have, digest = self._transfer(listing, file, part, have, digest, told)
        if have != file.size or str(digest) != file.digest:
            part.unlink()
            raise RenderFailed(
                f"{file.path} of {listing.source} came with other bytes than the hub's listing says: "
                f"{have} bytes, {digest}; the listing has {file.size} bytes, {file.digest}.",
                code="model_damaged",
                field="model",
                value=listing.source,
                fix="it was thrown away: download again; twice the same means that the hub or a proxy is at fault",
                retryable=False,
            )

    def _transfer(
        self, listing: Listing, file: RemoteFile, part: Path, have: int, digest: Digest, told: Told
    ) -> tuple[int, Digest]:
        """Bytes that lie in `part` in the end, and their hash."""
        url = self._file_url(listing, file.path)
        attempts = _Attempts(TRIES, self._pause, told)
        while True:
            before = have
            try:
                with self._answer(listing.source, listing.commit, url, have) as answer:
                    if answer.status_code == PAST_THE_END:
                        return have, digest
                    if have and not _goes_on(answer, have):
                        told.advance(-have)
                        have, digest = 0, Digest(file)
                    with _room(part), part.open("r+b" if have else "wb") as written:
                        written.seek(have)
                        for data in answer.iter_bytes():
                            written.write(data)
                            digest.update(data)
                            have += len(data)
                            told.advance(len(data))
                            if have > file.size:
                                break
                if have >= file.size:
                    return have, digest
                raise _Later("the connection ended early")
            except _Later as later:
                attempts.next(later, moved=have > before)

    def _json(self, source: str, revision: str, path: str, told: Told) -> dict[str, Any]:
        attempts = _Attempts(FIRST_TRIES, self._pause, told)
        while True:
            try:
                with self._answer(source, revision, path) as answer:
                    answer.read()
                    found = answer.json()
            except _Later as later:
                attempts.next(later, moved=False)
                continue
            except ValueError as error:
                raise self._stranger(error) from error
            if not isinstance(found, dict):
                raise self._stranger(ValueError("no object"))
            return found

    @contextmanager
    def _answer(
        self, source: str, revision: str, path: str, start: int = 0
    ) -> Iterator["httpx.Response"]:
        """Raises: _Later for what may go better in a moment, else the error that a person is to read."""
        import httpx

        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        if start:
            headers["Range"] = f"bytes={start}-"
        try:
            with self._client.stream("GET", self.endpoint + path, headers=headers) as answer:
                if answer.status_code in BUSY:
                    said = f"{self.endpoint} answers {answer.status_code}"
                    raise _Later(said, _asked_pause(answer))
                if answer.is_error and not (start and answer.status_code == PAST_THE_END):
                    raise self._refusal(source, revision, answer)
                yield answer
        except httpx.TooManyRedirects as error:
            raise self._stranger(error) from error
        except httpx.TransportError as error:
            reason = str(error) or type(error).__name__
            raise _Later(f"no connection to {self.endpoint} ({reason})") from error

    def _file_url(self, listing: Listing, path: str) -> str:
        return f"/{listing.source}/resolve/{listing.commit}/{quote(path)}"

    def _refusal(self, source: str, revision: str, answer: "httpx.Response") -> ShotwrightError:
        """What the hub means: it says so in X-Error-Code, by which its own client goes too."""
        kind, said = (answer.headers.get(f"X-Error-{name}", "") for name in ("Code", "Message"))
        page = f"{self.endpoint}/{source}"
        token = (
            f"set HF_TOKEN to a token of your account there ({self.endpoint}/settings/tokens)"
            if self.token is None
            else "check that HF_TOKEN, or the token that `hf auth login` kept, is of that account and may read it"
        )
        if kind == "GatedRepo":
            return Unauthorized(
                f"{source} is gated: its licence must be accepted on its page, {page}, before it is given.",
                field="HF_TOKEN",
                fix=f"accept it there while logged in, then {token}",
            )
        if kind == "RevisionNotFound":
            return NotFound(
                f"{source} has no revision {revision!r}.",
                field="revision",
                value=revision,
                fix="mend the revision in the model's card, or take the line out of pins.json to pin the newest",
            )
        if "Invalid credentials" in said:
            return Unauthorized(
                f"{self.endpoint} does not know the token.", field="HF_TOKEN", fix=token
            )
        if kind in ("RepoNotFound", "EntryNotFound") or answer.status_code in (401, 404):
            # the hub answers alike for what is not there and for what it does not show to everybody
            return NotFound(
                f"{page} is not there, or is private.",
                field="source",
                value=source,
                fix=f"check the source in the model's card; for a private one {token}",
            )
        if answer.status_code == 403:
            return Unauthorized(f"{page}: {said or 'forbidden'}.", field="HF_TOKEN", fix=token)
        return DownloadFailed(
            f"{self.endpoint} answers {answer.status_code} {said}".strip() + f" for {source}.",
            fix="try again later; what came is kept",
        )

    def _stranger(self, error: Exception) -> ShotwrightError:
        return DownloadFailed(
            f"{self.endpoint} does not answer as a hub does: {error}.",
            fix="check HF_ENDPOINT and the proxy; what came is kept",
        )


class _Later(Exception):
    """The hub is busy or away; pause_s: what it asked for."""

    def __init__(self, reason: str, pause_s: float | None = None) -> None:
        super().__init__(reason)
        self.pause_s = pause_s


class _Attempts:
    """Counts the tries in a row that brought nothing, and waits between them."""

    def __init__(self, limit: int, pause: Callable[[float], None], told: Told) -> None:
        self._limit, self._pause, self._told, self._failed = limit, pause, told, 0

    def next(self, later: _Later, *, moved: bool) -> None:
        """Wait for the next try.  Raises: DownloadFailed after too many."""
        self._failed = 1 if moved else self._failed + 1
        wait = FIRST_PAUSE_S * 2 ** (self._failed - 1)
        if later.pause_s is not None:
            wait = later.pause_s
        if self._failed >= self._limit or wait > LONGEST_PAUSE_S:
            asked = f" and asks for {wait:.0f} s of patience" if wait > LONGEST_PAUSE_S else ""
            raise DownloadFailed(
                f"{later}{asked}.",
                fix="check the network, HF_ENDPOINT and HTTPS_PROXY; the same command goes on where this one stopped",
            ) from later
        self._told.say(f"{later}; again in {wait:.0f} s")
        self._pause(wait)


def _remote_file(entry: dict[str, Any]) -> RemoteFile | None:
    """One entry of the listing; None for one without size or hash, which could not be checked."""
    lfs, size = entry.get("lfs"), entry.get("size")
    hashed = f"sha256:{lfs['sha256']}" if lfs else f"git:{entry.get('blobId')}"
    if size is None or hashed == "git:None":
        return None
    return RemoteFile(str(entry["rfilename"]), int(size), hashed)


def _goes_on(answer: "httpx.Response", start: int) -> bool:
    """Whether the answer begins at `start`: a server may send the whole file again."""
    return answer.status_code == 206 and answer.headers.get("Content-Range", "").startswith(
        f"bytes {start}-"
    )


def _asked_pause(answer: "httpx.Response") -> float | None:
    """Seconds that the hub asks for: in Retry-After, a number or a date, or in its RateLimit header."""
    asked = answer.headers.get("Retry-After", "")
    if asked.isdigit():
        return float(asked)
    try:
        return max(0.0, parsedate_to_datetime(asked).timestamp() - time.time())
    except ValueError:
        if answer.status_code != TOO_MANY:
            return None
        # "api";r=0;t=55: so many requests are left for t seconds (IETF draft httpapi-ratelimit-headers-09)
        window = re.search(r";\s*t\s*=\s*(\d+)", answer.headers.get("RateLimit", ""))
        return None if window is None else float(window[1])


@contextmanager
def _room(part: Path) -> Iterator[None]:
    """Raises: DownloadFailed (disk_full) where the disk takes no more."""
    try:
        yield
    except OSError as error:
        if not lacks_room(error):
            raise
        raise disk_full(f"{part.name} could not be written whole ({error.strerror})") from error


def lacks_room(error: Exception) -> bool:
    """Whether something was not written because the disk takes no more."""
    return getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def disk_full(what: str) -> DownloadFailed:
    return DownloadFailed(
        f"No room on the disk: {what}.",
        code="disk_full",
        fix="make room (shotwright models --check lists what lies here, --remove takes it away), or move "
        "SHOTWRIGHT_HOME; the same command goes on where this one stopped",
        retryable=False,
    )
