"""One frozen `Settings`, built once from flags, then environment, then defaults, and passed down.

Reading the environment happens only in `from_environment`; nothing else in the program looks at it.
"""

import os
import socket
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import overload
from urllib.parse import urlsplit

import platformdirs

from shotwright.generator.camera_dialects import KLING_DIALECTS
from shotwright.generator.errors import BadRequest
from shotwright.tools.paths import default_roots

DATABASES = ("sqlite:///", "postgresql://", "postgresql+psycopg://")
"""How the address of a job database begins."""


@dataclass(frozen=True)
class Settings:
    """Where things are and who may come in.  Field names are the `SHOTWRIGHT_*` variables in lower case."""

    home: Path
    database_url: str
    store: str
    allowed_roots: tuple[Path, ...]
    host: str = "127.0.0.1"
    port: int = 8188
    public_url: str | None = None
    token: str | None = None
    llm: str | None = None
    llm_base_url: str | None = None
    llm_api_key: str | None = field(default=None, repr=False)
    kling_access_key: str | None = None
    kling_secret_key: str | None = field(default=None, repr=False)
    kling_dialect: str = KLING_DIALECTS[-1]
    callback_hosts: tuple[str, ...] = ()
    c2pa_certificate: str | None = None
    c2pa_key: str | None = None

    @property
    def embedded(self) -> bool:
        """One SQLite file on this machine: a front may start a worker by itself."""
        return self.database_url.startswith("sqlite")

    @property
    def base_url(self) -> str:
        """Address of the HTTP front of these settings, as others reach it: the public one where it is known; of a
        front on all addresses, by this machine's name.
        """
        if self.public_url:
            return self.public_url
        host = socket.gethostname() if self.host in ("0.0.0.0", "::") else self.host
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"

    def environment(self) -> dict[str, str]:
        """The variables that give another process the same settings."""
        named = {
            "HOME": str(self.home),
            "DATABASE_URL": self.database_url,
            "STORE": self.store,
            "ALLOWED_ROOTS": os.pathsep.join(map(str, self.allowed_roots)),
            "HOST": self.host,
            "PORT": str(self.port),
        }
        if self.public_url:
            named["PUBLIC_URL"] = self.public_url
        if self.c2pa_certificate and self.c2pa_key:
            named |= {"C2PA_CERTIFICATE": self.c2pa_certificate, "C2PA_KEY": self.c2pa_key}
        llm = {
            "LLM": self.llm,
            "LLM_BASE_URL": self.llm_base_url,
            "LLM_API_KEY": self.llm_api_key,
        }
        named |= {name: value for name, value in llm.items() if value is not None}
        return {f"SHOTWRIGHT_{name}": value for name, value in named.items()}


def from_environment(
    environment: Mapping[str, str] | None = None,
    *,
    home: Path | None = None,
    host: str | None = None,
    port: int | None = None,
    token: str | None = None,
    stdio: bool = False,
) -> Settings:
    """Build the settings: an argument wins over a variable, a variable over the default.

    stdio: the front speaks over stdio, so its start folder is an allowed root, unless it holds the home.  Raises
    BadRequest for a value that does not read.
    """
    env = os.environ if environment is None else environment

    def variable(name: str) -> str | None:
        return env.get(f"SHOTWRIGHT_{name}") or None

    chosen = home or Path(variable("HOME") or platformdirs.user_data_dir("shotwright"))
    chosen = chosen.expanduser().absolute()
    roots = variable("ALLOWED_ROOTS")
    if roots is not None:
        allowed = tuple(Path(p).expanduser().absolute() for p in roots.split(os.pathsep) if p)
    else:
        allowed = default_roots(chosen, Path.cwd() if stdio else None)
    asked_port = variable("PORT")
    if asked_port is not None and not (asked_port.isdecimal() and int(asked_port) < 65536):
        raise BadRequest(
            f"SHOTWRIGHT_PORT is {asked_port!r}; use a number from 0 to 65535.",
            field="SHOTWRIGHT_PORT",
            value=asked_port,
            allowed="0 to 65535",
            fix="SHOTWRIGHT_PORT=8188",
        )
    return Settings(
        home=chosen,
        database_url=_database(variable("DATABASE_URL"), chosen),
        store=_store(variable("STORE"), chosen),
        allowed_roots=allowed,
        host=host or variable("HOST") or "127.0.0.1",
        port=port if port is not None else int(asked_port or 8188),
        public_url=_public(variable("PUBLIC_URL")),
        token=token or variable("TOKEN"),
        llm=variable("LLM"),
        llm_base_url=variable("LLM_BASE_URL"),
        llm_api_key=variable("LLM_API_KEY"),
        kling_access_key=variable("KLING_ACCESS_KEY"),
        kling_secret_key=variable("KLING_SECRET_KEY"),
        kling_dialect=_dialect(variable("KLING_DIALECT")),
        callback_hosts=tuple(
            name.strip().lower()
            for name in (variable("CALLBACK_HOSTS") or "").split(",")
            if name.strip()
        ),
        c2pa_certificate=_absolute(variable("C2PA_CERTIFICATE")),
        c2pa_key=_absolute(variable("C2PA_KEY")),
    )


@overload
def _absolute(path: str) -> str: ...
@overload
def _absolute(path: None) -> None: ...
def _absolute(path: str | None) -> str | None:
    """The path as a worker reads it too, which is started in another folder."""
    return None if path is None else str(Path(path).expanduser().absolute())


def _store(place: str | None, home: Path) -> str:
    """The folder of the store, or its address."""
    if place is None:
        return str(home / "store")
    return place if "://" in place else _absolute(place)


def _dialect(name: str | None) -> str:
    """What Kling's pan and tilt mean; its present documentation where nothing is set.  Raises BadRequest."""
    if name is None or name in KLING_DIALECTS:
        return name or KLING_DIALECTS[-1]
    raise BadRequest(
        f"SHOTWRIGHT_KLING_DIALECT is {name!r}; use {' or '.join(KLING_DIALECTS)}.",
        field="SHOTWRIGHT_KLING_DIALECT",
        value=name,
        allowed=list(KLING_DIALECTS),
        fix=f"SHOTWRIGHT_KLING_DIALECT={KLING_DIALECTS[-1]}",
    )


def _public(url: str | None) -> str | None:
    """Scheme, host and port by which others reach the front.  Raises BadRequest."""
    if url is None:
        return None
    plain = url.rstrip("/")
    try:
        parts = urlsplit(plain)
        name = parts.hostname if parts.port != 0 and parts.username is None else None
    except ValueError:
        name = None
    if name and parts.scheme in ("http", "https") and plain == f"{parts.scheme}://{parts.netloc}":
        return plain
    raise BadRequest(
        f"SHOTWRIGHT_PUBLIC_URL is {url!r}; use scheme, host and port, without a path.",
        field="SHOTWRIGHT_PUBLIC_URL",
        value=url,
        allowed="http(s)://host or http(s)://host:port",
        fix="SHOTWRIGHT_PUBLIC_URL=https://video.example.com",
    )


def _database(url: str | None, home: Path) -> str:
    """The address of the job database.  Raises BadRequest, which repeats no password."""
    if url is None:
        return f"sqlite:///{home / 'shotwright.sqlite'}"
    if not url.startswith(DATABASES):
        scheme, found, _ = url.partition("://")
        value = f"{scheme}://…" if found else url
        raise BadRequest(
            f"SHOTWRIGHT_DATABASE_URL is {value!r}; use sqlite:///… or postgresql://…",
            field="SHOTWRIGHT_DATABASE_URL",
            value=value,
            allowed=["sqlite:///…", "postgresql://…"],
            fix="SHOTWRIGHT_DATABASE_URL=postgresql://user:password@machine/shotwright",
        )
    file = url.removeprefix("sqlite:///")
    return url if file == url else f"sqlite:///{_absolute(file)}"


def make_home(settings: Settings) -> None:
    """Create the data directory.  Raises BadRequest when it cannot be written."""
    try:
        settings.home.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=settings.home):
            pass
    except OSError as error:
        raise BadRequest(
            f"SHOTWRIGHT_HOME {settings.home} cannot be written: {error.strerror}.",
            field="SHOTWRIGHT_HOME",
            value=str(settings.home),
            fix="choose a folder of yours",
        ) from error
