"""What tests of several rooms share: data directories, a studio without a worker, and one studio with a real one.

The worker is a process of its own for the whole session; it is started by the first test that renders, and every
file that it makes lies in pytest's own folder.  Workers are forked from one process that has loaded torch, which would
take each of them ten seconds.
"""

import hashlib
import json
import multiprocessing
import os
import pwd
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import anyio
import numpy as np
import pytest
import sqlalchemy as sa
from numpy.typing import NDArray

from shotwright.server import worker
from shotwright.tools import verbs
from shotwright.tools.settings import Settings, from_environment
from shotwright.tools.studio.queue import JobQueue
from shotwright.tools.studio.shown import Shown
from shotwright.tools.studio.studio import Report, Studio, silent

# torch reads it when it is imported: two tests' worth of spinning threads make both ten times slower
os.environ.setdefault("OMP_NUM_THREADS", "1")

LOADED = [
    "shotwright.tools.studio.crew",
    "shotwright.tools.studio.workflows",
    "shotwright.generator.pipelines.wan",
    "transformers.models.umt5.modeling_umt5",
]
"""What a worker has loaded when it has rendered."""
SMALL: dict[str, Any] = {"size": "64x64", "frames": 9, "quality": "draft"}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A data directory that is not there yet."""
    return tmp_path / "home"


@pytest.fixture
def settings(home: Path, tmp_path: Path) -> Settings:
    """Settings of that data directory; files may be read in the test's folder."""
    return replace(from_environment({}, home=home), allowed_roots=(tmp_path,))


@pytest.fixture
def studio(settings: Settings) -> Iterator[Studio]:
    """A studio that starts no worker: its jobs stay queued."""
    opened = Studio(settings)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of pictures and clips that the crewed studio may read."""
    return tmp_path_factory.mktemp("media")


@pytest.fixture(scope="session")
def employ() -> Callable[[Settings, str], BaseProcess]:
    """Start a worker of this name; who starts it ends it."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(LOADED)

    def start(settings: Settings, name: str) -> BaseProcess:
        process = context.Process(
            target=worker.run, args=(settings,), kwargs={"name": name, "device": "cpu"}, daemon=True
        )
        process.start()
        return process

    return start


@pytest.fixture(scope="session")
def crewed(
    tmp_path_factory: pytest.TempPathFactory,
    media: Path,
    employ: Callable[[Settings, str], BaseProcess],
) -> Iterator[Studio]:
    """A studio with a real worker process, one for the whole session."""
    home = tmp_path_factory.mktemp("crewed")
    settings = replace(from_environment({}, home=home), allowed_roots=(media, home))
    jobs = JobQueue(settings)
    process = employ(settings, "cpu")
    until = time.monotonic() + 120
    while not jobs.workers():
        assert process.is_alive(), f"the worker ended with {process.exitcode}"
        assert time.monotonic() < until, "the worker has no heartbeat after two minutes"
        time.sleep(0.05)
    studio = Studio(settings)
    yield studio
    studio.close()
    jobs.close()
    process.terminate()
    process.join(30)


@pytest.fixture(scope="session")
def ask(crewed: Studio) -> Callable[..., Shown]:
    """Call a verb in the crewed studio and answer when its job has ended."""

    def call(verb: str, report: Report = silent, **arguments: Any) -> Shown:
        async def run() -> Shown:
            shown = await verbs.call(crewed, verb, arguments, report)
            while shown.data.get("state") in ("queued", "running") and "wait_s" not in arguments:
                again = {"job_id": shown.data["job_id"], "wait_s": 50}
                shown = await verbs.call(crewed, "get_job", again, report)
            return shown

        return anyio.run(run)

    return call


@pytest.fixture(scope="session")
def small() -> dict[str, Any]:
    """Arguments of the cheapest clip: 9 frames of 64x64 in 8 steps."""
    return dict(SMALL)


@pytest.fixture(scope="session")
def take(ask: Callable[..., Shown]) -> dict[str, Any]:
    """A finished take, made from words."""
    job = ask("generate_video", prompt="a red ball rests in the hills", seed=7, **SMALL).data
    assert job["state"] == "succeeded", job["error"]
    made: dict[str, Any] = job["result"]["takes"][0]
    return made


@pytest.fixture(scope="session")
def scene() -> NDArray[np.uint8]:
    """A picture with detail everywhere, uint8 RGB (96, 160, 3): coloured tiles, so that its motion can be measured."""
    tiles = np.random.default_rng(3).integers(30, 226, (12, 20, 3), dtype=np.uint8)
    return np.kron(tiles, np.ones((8, 8, 1), np.uint8)).astype(np.uint8)


@pytest.fixture(scope="session")
def picture(media: Path, scene: NDArray[np.uint8]) -> str:
    """The path of that picture."""
    from PIL import Image

    path = media / "scene.png"
    Image.fromarray(scene).save(path)
    return str(path)


@pytest.fixture(scope="session")
def footage(media: Path, scene: NDArray[np.uint8]) -> str:
    """The path of an MP4 of another size and rate than the model's: 160x96, 24 a second, 30 frames, panning right."""
    from shotwright.generator.encode import write_mp4

    wide = np.concatenate([scene, scene[:, ::-1]], axis=1)
    frames = np.stack([wide[:, n : n + 160] for n in range(30)])
    path = media / "footage.mp4"
    write_mp4(path, frames, fps=Fraction(24), metadata={})
    return str(path)


@pytest.fixture(scope="session")
def film(ask: Callable[..., Shown]) -> dict[str, Any]:
    """A finished film of two shots, each with two takes."""
    shots = [
        {"id": "A", "action": "a red ball rests in the hills", "duration_s": 1.125},
        {"id": "B", "action": "a blue car rests in the city at night", "duration_s": 1.125},
    ]
    plan = {"title": "Two", "aspect_ratio": "1:1", "shots": shots}
    job = ask("make_film", plan=plan, quality="draft", takes=2, seed=5).data
    assert job["state"] == "succeeded", job["error"]
    made: dict[str, Any] = job["result"]
    return made


@pytest.fixture(scope="session")
def still(ask: Callable[..., Shown]) -> str:
    """The take id of a picture that the model drew."""
    job = ask(
        "generate_image", prompt="a red ball in the hills", size="64x64", quality="draft", seed=1
    ).data
    assert job["state"] == "succeeded", job["error"]
    return str(job["result"]["best"])


class LlmServer(ThreadingHTTPServer):
    """A real HTTP server that speaks as OpenAI, Anthropic, Google and Ollama do, and misbehaves on demand.

    `replies` are given in turn, the last one again and again: a text is what the model says, `(status, headers)` an
    error, bytes a body that is sent as it is, a function what it makes of the request, "drip" an answer that comes
    letter by letter and never ends, "cut" one that ends before its stated length.  `asked` holds the bodies of all
    requests, `keys` what they showed as their key.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _LlmHandler)
        self.replies: list[Any] = []
        self.asked: list[dict[str, Any]] = []
        self.keys: list[str] = []
        self.closing = threading.Event()
        self.url = f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that gave up is no news."""

    def say(self, *replies: Any) -> None:
        """From now on answer this; objects are said as JSON."""
        made = [json.dumps(r, ensure_ascii=False) if isinstance(r, dict) else r for r in replies]
        self.replies, self.asked, self.keys = made, [], []


class _LlmHandler(BaseHTTPRequestHandler):
    server: LlmServer
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        server = self.server
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        server.asked.append(body)
        names = ("x-api-key", "x-goog-api-key", "authorization")
        server.keys.append(next(filter(None, map(self.headers.get, names)), ""))
        reply = server.replies[0] if len(server.replies) == 1 else server.replies.pop(0)
        if callable(reply):
            reply = reply(body)
        if isinstance(reply, tuple):
            status, headers = reply
            self._send(status, json.dumps({"error": {"message": "as told"}}).encode(), headers)
        elif isinstance(reply, bytes):
            self._send(200, reply, {})
        elif reply in ("drip", "cut"):
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", "100000")
            self.end_headers()
            self.wfile.write(b'{"id": "x", ')
            while reply == "drip" and not server.closing.wait(0.02):
                self.wfile.write(b" ")
            self.close_connection = True
        else:
            self._send(200, json.dumps(self._said(reply, body)).encode(), {})

    def _said(self, text: str, body: dict[str, Any]) -> dict[str, Any]:
        """A whole answer in the form of the interface that was called."""
        if self.path.endswith(":generateContent"):
            content = {"role": "model", "parts": [{"text": text}]}
            return {"candidates": [{"content": content, "finishReason": "STOP", "index": 0}]}
        model = body["model"]
        if self.path.endswith("/messages"):
            return {
                "id": "msg_1", "type": "message", "role": "assistant", "model": model,
                "content": [{"type": "text", "text": text}], "stop_reason": "end_turn",
                "stop_sequence": None, "usage": {"input_tokens": 1, "output_tokens": 1},
            }  # fmt: skip
        if self.path.endswith("/api/chat"):
            message = {"role": "assistant", "content": text}
            return {"model": model, "created_at": "2026-01-01T00:00:00Z", "message": message, "done": True,
                    "done_reason": "stop"}  # fmt: skip
        choice = {
            "index": 0,
            "finish_reason": "stop",
            "message": {"role": "assistant", "content": text},
        }
        usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
        return {"id": "c", "object": "chat.completion", "created": 1, "model": model, "choices": [choice],
                "usage": usage}  # fmt: skip

    def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        kind = "application/json" if body[:1] == b"{" else "text/html"
        for name, value in {"content-type": kind, **headers}.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def llm_server() -> Iterator[LlmServer]:
    """A language model's server on a port of its own."""
    yield from _served()


@pytest.fixture(scope="module")
def llm_of_module() -> Iterator[LlmServer]:
    """The same, one for all tests of a module that share a worker."""
    yield from _served()


def _served() -> Iterator[LlmServer]:
    server = LlmServer()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.closing.set()
    server.shutdown()
    thread.join()
    server.server_close()


class HubServer(ThreadingHTTPServer):
    """A real HTTP server that speaks the wire format of the hub of models, and misbehaves on demand.

    Large files are sent by `store`, a second one on another port, as the hub redirects to its network of caches.
    `newest` is the commit of each repository's main, `commits` are the files of each; `gated` repositories are shown
    to nobody.  `busy` statuses are answered first, with their headers; `cuts` are numbers of bytes after which the
    next large answers break off; `gate` holds those back.  `asked` holds (path, Range, Authorization), `sent` the
    bytes of large files that went out.
    """

    daemon_threads = True

    def __init__(self, store: "HubServer | None" = None) -> None:
        super().__init__(("127.0.0.1", 0), _HubHandler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.store = store
        self.newest: dict[str, str] = {}
        self.commits: dict[tuple[str, str], dict[str, bytes]] = {}
        self.gated: set[str] = set()
        self.spoilt: set[str] = set()
        self.busy: list[tuple[int, dict[str, str]]] = []
        self.cuts: list[int] = []
        self.gate = threading.Event()
        self.gate.set()
        self.asked: list[tuple[str, str, str]] = []
        self.sent = 0

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that gave up is no news."""

    def put(self, source: str, files: dict[str, bytes]) -> str:
        """A commit on main; its name."""
        told = [(name, hashlib.sha1(data).hexdigest()) for name, data in sorted(files.items())]
        commit = hashlib.sha1(repr((source, told)).encode()).hexdigest()
        self.newest[source], self.commits[source, commit] = commit, files
        return commit


class _HubHandler(BaseHTTPRequestHandler):
    server: HubServer
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        server, path = self.server, unquote(self.path.partition("?")[0])
        headers = [self.headers.get(name, "") for name in ("Range", "Authorization")]
        server.asked.append((path, headers[0], headers[1]))
        if server.busy:
            status, told = server.busy.pop(0)
            return self._send(status, b"", told)
        parts = path.strip("/").split("/", 5)
        if server.store is None:
            return self._send_large(path.strip("/"))
        if parts[:2] == ["api", "models"]:
            return self._listing("/".join(parts[2:4]), parts[5])
        if parts[:2] == ["api", "resolve-cache"]:
            source, commit, name = "/".join(parts[3:5]), *parts[5].split("/", 1)
            return self._send(200, server.commits[source, commit][name], {})
        return self._resolve("/".join(parts[:2]), parts[3], "/".join(parts[4:]))

    def _listing(self, source: str, revision: str) -> None:
        server = self.server
        if source not in server.newest:
            return self._refuse(401, "RepoNotFound")
        commit = server.newest[source] if revision == "main" else revision
        if (source, commit) not in server.commits:
            return self._refuse(404, "RevisionNotFound")
        siblings = [_entry(*pair) for pair in server.commits[source, commit].items()]
        body = {"id": source, "sha": commit, "private": False, "gated": False, "siblings": siblings}
        self._send(200, json.dumps(body).encode(), {"Content-Type": "application/json"})

    def _resolve(self, source: str, commit: str, name: str) -> None:
        server = self.server
        if source in server.gated:
            return self._refuse(403 if self.headers.get("Authorization") else 401, "GatedRepo")
        data, store = server.commits[source, commit][name], server.store
        told = {"X-Repo-Commit": commit}
        if not _large(name):
            place = f"/api/resolve-cache/models/{source}/{commit}/{name}"
            return self._send(307, b"", {**told, "Location": place})
        assert store is not None  # the store has no repositories
        digest = hashlib.sha256(data).hexdigest()
        store.commits["", digest] = {"": b"?" * len(data) if name in server.spoilt else data}
        told |= {"X-Linked-Etag": f'"{digest}"', "X-Linked-Size": str(len(data))}
        return self._send(302, b"", {**told, "Location": f"{store.url}/{digest}"})

    def _send_large(self, digest: str) -> None:
        server, data = self.server, self.server.commits["", digest][""]
        assert server.gate.wait(60)
        start = int((self.headers.get("Range") or "bytes=0-")[6:-1])
        if start >= len(data) > 0:
            return self._send(416, b"", {"Content-Range": f"bytes */{len(data)}"})
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        self.send_header("Content-Length", str(len(data) - start))
        self.end_headers()
        end = start + server.cuts.pop(0) if server.cuts else len(data)
        self.wfile.write(data[start:end])
        server.sent += len(data[start:end])
        self.close_connection = end < len(data)

    def _refuse(self, status: int, code: str) -> None:
        self._send(status, b"{}", {"X-Error-Code": code, "X-Error-Message": "as the hub says"})

    def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


def _large(name: str) -> bool:
    """Whether git keeps only a pointer to it."""
    return name.endswith((".safetensors", ".bin", ".model"))


def _entry(name: str, data: bytes) -> dict[str, Any]:
    """A file in the hub's listing."""
    blob = hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
    entry = {"rfilename": name, "size": len(data), "blobId": blob}
    if _large(name):
        digest = hashlib.sha256(data).hexdigest()
        entry["lfs"] = {"sha256": digest, "size": len(data), "pointerSize": 134}
    return entry


@pytest.fixture
def hub_server() -> Iterator[HubServer]:
    """A hub of models on a port of its own, which keeps large files on another."""
    store = HubServer()
    hub = HubServer(store)
    threads = [
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        for server in (store, hub)
    ]
    for thread in threads:
        thread.start()
    yield hub
    for server, thread in zip((store, hub), threads, strict=True):
        server.gate.set()
        server.shutdown()
        thread.join()
        server.server_close()


TOKEN = "a-token-of-the-tests"


@pytest.fixture(scope="session")
def served(crewed: Studio) -> Iterator[tuple[str, str]]:
    """The crewed studio behind a listening HTTP front: its URL and its token."""
    import uvicorn

    from shotwright.server.http import create_app

    with socket.create_server(("127.0.0.1", 0)) as listener:
        settings = replace(crewed.settings, port=listener.getsockname()[1], token=TOKEN)
        studio = Studio(settings)
        config = uvicorn.Config(create_app(studio), log_config=None, access_log=False, ws="none")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        yield settings.base_url, TOKEN
        server.should_exit = True
        thread.join()
        studio.close()


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A PostgreSQL server on loopback: its URL, less the database's name."""
    binaries = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not binaries:
        pytest.skip("PostgreSQL's server is not installed")
    # its socket path is limited to 107 bytes and its folder must be reachable by its user
    folder = Path("/tmp") / f"shotwright-pg-{os.getpid()}"
    folder.mkdir(mode=0o755)
    root = os.geteuid() == 0
    if root:  # it refuses to run as root
        user = pwd.getpwnam("postgres")
        os.chown(folder, user.pw_uid, user.pw_gid)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]

    def run(name: str, *words: str) -> None:
        command = [f"{binaries[-1]}/{name}", "-D", str(folder / "data"), *words]
        command = ["runuser", "-u", "postgres", "--", *command] if root else command
        # not through pipes: the server would keep them open
        quiet = subprocess.DEVNULL
        subprocess.run(command, check=True, stdout=quiet, stderr=quiet, cwd="/")

    run("initdb", "-A", "trust", "-U", "shotwright", "-N")
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -F"
    run("pg_ctl", "-w", "-o", options, "-l", str(folder / "log"), "start")
    yield f"postgresql://shotwright@127.0.0.1:{port}"
    run("pg_ctl", "-w", "-m", "immediate", "stop")
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgres(postgres_server: str) -> str:
    """The URL of an empty database."""
    name = f"t{time.monotonic_ns()}"
    engine = sa.create_engine(f"{postgres_server}/postgres", isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    engine.dispose()
    return f"{postgres_server}/{name}"
