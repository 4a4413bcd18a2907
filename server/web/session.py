"""Who is at the browser: a signed cookie, and the CSRF token that every write must bring beside it.

A visitor is anyone who opened a page; a member has shown the server's token once.  Nothing is kept on the server but a
secret in the data directory, so that open pages go on after a restart.  Knows no pages.
Try: python -m pytest tests/server/web/test_session.py
"""

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Literal

from filelock import FileLock

from shotwright.tools.settings import Settings, make_home

KEEP_S = 30 * 86_400
"""How long a cookie holds."""
CSRF_HEADER = "x-csrf-token"

Kind = Literal["visitor", "member"]


class Sessions:
    """Makes and checks cookies.  A change of the server's token ends every session."""

    def __init__(self, settings: Settings, *, clock: Callable[[], float] = time.time) -> None:
        self.settings, self.clock = settings, clock
        # Browsers send a cookie to every port of a host: two studios on one machine must not share theirs.
        self.cookie = f"shotwright_{settings.port}"

    @cached_property
    def _key(self) -> bytes:
        """From the secret of this data directory, made at first need, and the server's token."""
        make_home(self.settings)
        path = self.settings.home / "web.secret"
        with FileLock(self.settings.home / "web.lock"):
            # a disk that was full leaves it empty, and then it is no secret
            if not path.exists() or not path.stat().st_size:
                path.touch(0o600)
                path.write_bytes(secrets.token_bytes(32))
        token = (self.settings.token or "").encode("utf-8")
        return hmac.digest(path.read_bytes(), b"session " + token, hashlib.sha256)

    def issue(self, kind: Kind) -> str:
        """A new cookie's value."""
        facts = f"{kind}.{secrets.token_hex(16)}.{int(self.clock())}"
        return f"{facts}.{self._sign('cookie', facts)}"

    def kind(self, session: str) -> Kind | None:
        """Whose cookie this is; None for one that is forged, too old, or of another secret."""
        facts, _, signature = session.rpartition(".")
        if not hmac.compare_digest(signature.encode(), self._sign("cookie", facts).encode()):
            return None
        kind, _, issued = facts.split(".")
        if not 0 <= self.clock() - int(issued) <= KEEP_S:
            return None
        return "member" if kind == "member" else "visitor"

    def csrf(self, session: str) -> str:
        """The token that a write of this session must bring."""
        return self._sign("csrf", session)

    def allows_write(self, session: str, given: str) -> bool:
        return hmac.compare_digest(given.encode("utf-8", "replace"), self.csrf(session).encode())

    def of(self, headers: Mapping[bytes, list[bytes]]) -> str | None:
        """The valid session among a request's cookies, if any; headers by lower-case name."""
        for line in headers.get(b"cookie", ()):
            for pair in line.decode("latin-1").split(";"):
                name, _, value = pair.strip().partition("=")
                if name == self.cookie and self.kind(value) is not None:
                    return value
        return None

    def open_to(self, session: str | None) -> bool:
        """Whether this session may use the studio: anyone's where no token is set, else a member's."""
        return not self.settings.token or (session is not None and self.kind(session) == "member")

    def _sign(self, purpose: str, text: str) -> str:
        return hmac.new(self._key, f"{purpose} {text}".encode(), hashlib.sha256).hexdigest()
