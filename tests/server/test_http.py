"""Verbs, jobs, takes, films, files and uploads over HTTP, without a render but for one."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import anyio
import httpx
import numpy as np
import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.testclient import TestClient
from starlette.types import Message

from shotwright.generator.encode import write_mp4
from shotwright.generator.errors import (
    CODES,
    BadRequest,
    Busy,
    Conflict,
    NotFound,
    OutOfMemory,
    ShotwrightError,
    TooLarge,
    Unauthorized,
)
from shotwright.server.guard import KLING_CODES
from shotwright.server.http import create_app
from shotwright.server.statuses import status_of
from shotwright.tools.settings import Settings, from_environment
from shotwright.tools.studio.assets import Store, new_id
from shotwright.tools.studio.pictures import png
from shotwright.tools.studio.queue import JobQueue
from shotwright.tools.studio.slates import Blobs, Slate
from shotwright.tools.studio.studio import Studio
from shotwright.tools.verbs import VERBS

HERE = "http://127.0.0.1:8188"
FRAMES = np.random.default_rng(0).integers(0, 255, (9, 64, 112, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    studio = Studio(from_environment({}, home=tmp_path_factory.mktemp("home")))
    yield studio
    studio.close()


@pytest.fixture(scope="module")
def client(studio: Studio) -> Iterator[TestClient]:
    with _client(create_app(studio)) as client:
        yield client


def _client(app: Starlette) -> TestClient:
    return TestClient(app, base_url=HERE, raise_server_exceptions=False)


def _clip(folder: Path) -> Path:
    path = folder / "clip.mp4"
    write_mp4(path, FRAMES, fps=8, metadata={})
    return path


def _take(studio: Studio, folder: Path, *, still: bool = False, prompt: str = "a red ball") -> str:
    """A take in the store, as a worker leaves it."""
    store = studio.store
    clip = store.put_bytes(png(FRAMES[0], {}), "png") if still else store.put(_clip(folder), "mp4")
    sheet = store.put_bytes(b"\xff\xd8sheet", "jpg")
    slate = Slate(
        take_id=new_id("take"),
        verb="generate_video",
        request={"prompt": prompt},
        prompt=prompt,
        model="mini",
        seed=1,
        width=112,
        height=64,
        frames=1 if still else 9,
        fps=8,
        duration_s=9 / 8,
        camera={"verdict": {}},
        endpoints={},
        blobs=Blobs(clip=clip.key, sheet=sheet.key),
        created_at=datetime.now(UTC),
    )
    slate.save(store)
    return slate.take_id


def _film(studio: Studio, take_id: str) -> str:
    clip = studio.store.read_record("takes", take_id)["blobs"]["clip"]
    film_id = new_id("film")
    record = {
        "film_id": film_id,
        "duration_s": 1.125,
        "plan": {},
        "writer": "director",
        "coverage": [],
        "warnings": [],
        "shots": [{"shot": "S1", "takes": [take_id], "chosen": take_id}],
        "blobs": {"clip": clip, "sheet": studio.store.put_bytes(b"\xff\xd8film", "jpg").key},
    }
    studio.store.write_record("films", film_id, record)
    return film_id


def _error(answer: Any) -> dict[str, Any]:
    body = answer.json()
    assert list(body) == ["error"] and body["error"]["code"] in CODES
    assert set(body["error"]) == {
        "code",
        "message",
        "fix",
        "retryable",
        "field",
        "value",
        "allowed",
    }
    error: dict[str, Any] = body["error"]
    return error


# Verbs


def test_a_verb_answers_its_facts(client: TestClient) -> None:
    answer = client.post("/api/plan_shots", json={"script": "A red ball rolls. Night falls."})
    assert answer.status_code == 200
    assert answer.json()["writer"] == "director" and len(answer.json()["coverage"]) == 2


def test_a_verb_without_needed_arguments_takes_an_empty_body(client: TestClient) -> None:
    assert client.post("/api/list_models").json()["models"][0]["name"] == "mini"


@pytest.mark.parametrize(
    ("verb", "arguments", "code", "field"),
    [
        ("generate_video", {"prompt": "x", "frames": 18}, "invalid_frames", "frames"),
        ("generate_video", {"prompt": "x", "duration_s": -1}, "invalid_frames", "duration_s"),
        ("generate_video", {"prompt": "x", "size": "100x100"}, "invalid_size", "size"),
        ("generate_video", {"prompt": "x", "model": "sora"}, "unknown_model", "model"),
        ("generate_video", {"prompt": "x", "colour": "red"}, "invalid_argument", "colour"),
        ("generate_video", {"prompt": "x", "image": "/etc/passwd"}, "path_not_allowed", "image"),
        (
            "generate_video",
            {"prompt": "x", "image": "http://127.0.0.1/a.png"},
            "url_not_allowed",
            "image",
        ),
        ("make_film", {"script": " "}, "invalid_script", "script"),
        ("set_priority", {"job_id": "job_1", "priority": 0}, "invalid_argument", "priority"),
    ],
)
def test_a_mistake_of_the_caller_is_400_and_makes_no_job(
    client: TestClient, verb: str, arguments: dict[str, Any], code: str, field: str
) -> None:
    before = client.get("/api/jobs").json()
    answer = client.post(f"/api/{verb}", json=arguments)
    error = _error(answer)
    assert (answer.status_code, error["code"], error["field"]) == (400, code, field)
    assert client.get("/api/jobs").json() == before


@pytest.mark.parametrize(
    "body", [b"{", b"[1]", b'"x"', b"\xff\xfe\x00", b'{"a": NaN}', b"[" * 200_000]
)
def test_a_body_that_is_no_json_object_is_refused_by_name(client: TestClient, body: bytes) -> None:
    answer = client.post("/api/plan_shots", content=body)
    assert answer.status_code == 400 and _error(answer)["field"] == "body"


def test_half_a_surrogate_comes_back_as_an_escape(client: TestClient) -> None:
    answer = client.post("/api/list_models", content=b'{"model": "\\ud800"}')
    assert answer.status_code == 400 and _error(answer)["code"] in (
        "unknown_model",
        "invalid_argument",
    )


def test_a_dry_run_answers_the_plan(client: TestClient) -> None:
    answer = client.post("/api/generate_video", json={"prompt": "a red ball", "dry_run": True})
    assert answer.status_code == 200 and answer.json()["effective"]["model"] == "mini"


def test_one_key_with_two_requests_is_a_conflict(client: TestClient) -> None:
    call = {"prompt": "a red ball", "request_key": "k", "wait_s": 0}
    first = client.post("/api/generate_video", json=call)
    assert first.status_code == 200 and first.json()["state"] == "queued"
    again = client.post("/api/generate_video", json=call)
    assert again.json()["job_id"] == first.json()["job_id"]
    other = client.post("/api/generate_video", json={**call, "prompt": "a blue cube"})
    assert other.status_code == 409 and _error(other)["code"] == "request_key_conflict"


def test_without_a_worker_the_answer_says_when_to_come_again(studio: Studio) -> None:
    def fails(settings: Settings, jobs: JobQueue) -> None:
        raise Busy("none could be started.", code="no_worker", fix="run shotwright worker")

    with _client(create_app(Studio(studio.settings, launch=fails))) as client:
        answer = client.post("/api/generate_video", json={"prompt": "a green box", "wait_s": 0})
    assert answer.status_code == 503 and _error(answer)["code"] == "no_worker"
    assert int(answer.headers["retry-after"]) > 0


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (BadRequest("x"), 400),
        (BadRequest("x", code="invalid_media"), 400),
        (Unauthorized("x"), 401),
        (BadRequest("x", code="forbidden"), 403),
        (NotFound("x"), 404),
        (Conflict("x"), 409),
        (BadRequest("x", code="conflict"), 409),
        (TooLarge("x"), 413),
        (Busy("x"), 429),
        (Busy("x", code="no_worker"), 503),
        (Busy("x", code="deadline_exceeded"), 503),
        (OutOfMemory("x"), 500),
        (ShotwrightError("x"), 500),
    ],
)
def test_every_error_has_its_status(error: ShotwrightError, status: int) -> None:
    assert status_of(error) == status


def test_a_client_that_leaves_ends_its_waiting_and_not_the_job(studio: Studio) -> None:
    app = create_app(studio)
    body = json.dumps({"prompt": "a yellow bird flies", "wait_s": 50}).encode()

    async def leave() -> None:
        queue = await studio.queue()
        messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive() -> Message:
            if messages:
                return messages.pop()
            while not any(_asked(row) == "a yellow bird flies" for row in queue.page(**FIRST)[0]):
                await anyio.lowlevel.checkpoint()
            return {"type": "http.disconnect"}

        with anyio.fail_after(120):
            await app(_scope("POST", "/api/generate_video"), receive, _unheard)

    anyio.run(leave)
    rows, _ = studio.jobs.page(**FIRST)
    assert [row["state"] for row in rows if _asked(row) == "a yellow bird flies"] == ["queued"]


FIRST: dict[str, Any] = {"state": None, "limit": 100, "cursor": None}


def _asked(row: dict[str, Any]) -> str:
    arguments = row["arguments"]
    asked = json.loads(arguments) if isinstance(arguments, str) else arguments
    return str(asked.get("prompt"))


def _scope(method: str, path: str) -> dict[str, Any]:
    return {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(b"host", b"127.0.0.1:8188")],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 8188),
        "scheme": "http",
    }


async def _unheard(_: Message) -> None:
    return


# Reading


def test_jobs_are_read_by_id_and_in_pages(client: TestClient) -> None:
    made = client.post("/api/generate_video", json={"prompt": "a white cat", "wait_s": 0}).json()
    assert client.get(f"/api/jobs/{made['job_id']}").json()["state"] == "queued"
    assert made["job_id"] in [job["job_id"] for job in client.get("/api/jobs").json()["jobs"]]
    page = client.get("/api/jobs", params={"limit": 1, "state": "queued"}).json()
    assert len(page["jobs"]) == 1
    cancelled = client.post("/api/cancel_job", json={"job_id": made["job_id"]}).json()
    assert cancelled["state"] == "cancelled"


@pytest.mark.parametrize(
    "path",
    ["/api/jobs/job_0", "/api/takes/take_0", "/api/films/film_0", "/files/take_0.mp4", "/files/film_0.mp4",
     "/files/nothing", "/files/upload_1.png", "/api/nothing", "/api/takes/..%2f..%2fetc"],
)  # fmt: skip
def test_what_is_not_there_is_404_in_json(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404 and _error(answer)["code"] == "not_found"


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/api/jobs?limit=0", "limit"),
        ("/api/jobs?colour=red", "colour"),
        ("/api/jobs/job_0?wait_s=51", "wait_s"),
        ("/api/takes?limit=101", "limit"),
        ("/api/takes?limit=1&limit=2", "limit"),
        ("/api/takes?cursor=3", "cursor"),
        ("/api/takes?colour=red", "colour"),
    ],
)
def test_a_wrong_query_is_400(client: TestClient, path: str, field: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 400 and _error(answer)["field"] == field


def test_another_method_is_405_and_says_which(client: TestClient) -> None:
    answer = client.get("/api/generate_video")
    assert answer.status_code == 405 and answer.headers["allow"] == "POST"
    assert _error(answer)["allowed"] == ["POST"]


def test_head_answers_as_get_does(client: TestClient, studio: Studio, tmp_path: Path) -> None:
    take_id = _take(studio, tmp_path)
    for path in ("/health", "/api/takes", f"/files/{take_id}.mp4"):
        head, got = client.head(path), client.get(path)
        assert (head.status_code, head.headers["content-length"]) == (
            200,
            got.headers["content-length"],
        )


def test_takes_are_read_by_id_and_in_pages(
    client: TestClient, studio: Studio, tmp_path: Path
) -> None:
    ids = [_take(studio, tmp_path, prompt=f"kettle number {n}") for n in range(3)]
    take = client.get(f"/api/takes/{ids[0]}").json()
    assert take["take_id"] == ids[0] and take["url"] == f"{HERE}/files/{ids[0]}.mp4"
    first = client.get("/api/takes", params={"query": "kettle", "limit": 2}).json()
    rest = client.get(
        "/api/takes", params={"query": "kettle", "limit": 2, "cursor": first["cursor"]}
    ).json()
    assert [t["take_id"] for t in (*first["takes"], *rest["takes"])] == ids[::-1]
    assert rest["cursor"] is None


def test_a_film_is_read_with_its_takes(client: TestClient, studio: Studio, tmp_path: Path) -> None:
    take_id = _take(studio, tmp_path)
    film_id = _film(studio, take_id)
    film = client.get(f"/api/films/{film_id}").json()
    studio.store.delete("takes", take_id)
    assert client.get(f"/api/films/{film_id}").json() == {**film, "takes": []}
    studio.store.restore(take_id)
    assert film["film_id"] == film_id and film["takes"][0]["take_id"] == take_id
    assert client.get(film["url"].removeprefix(HERE)).headers["content-type"] == "video/mp4"
    assert client.get(f"/files/{film_id}.jpg").content == b"\xff\xd8film"


# Files


class _Bucket(Store):
    """A store whose blobs lie on no local disk, as in a bucket."""

    def local_path(self, key: str) -> Path | None:
        return None


def _local(settings: Settings) -> Studio:
    return Studio(settings)


def _remote(settings: Settings) -> Studio:
    studio = Studio(settings)
    studio.__dict__["store"] = _Bucket(settings.store, cache=settings.home / "cache")
    return studio


BOTH = pytest.mark.parametrize("kind", [_local, _remote])


@BOTH
def test_a_range_gives_those_bytes(
    kind: Callable[[Settings], Studio], studio: Studio, tmp_path: Path
) -> None:
    path = f"/files/{_take(studio, tmp_path)}.mp4"
    client = _client(create_app(kind(studio.settings)))
    whole = client.get(path)
    data = whole.content
    assert whole.status_code == 200 and whole.headers["accept-ranges"] == "bytes"
    assert whole.headers["content-type"] == "video/mp4"
    for asked, expected in (
        ("0-9", data[:10]),
        ("100-", data[100:]),
        ("-20", data[-20:]),
        ("5-9999999", data[5:]),
    ):
        part = client.get(path, headers={"range": f"bytes={asked}"})
        start = data.index(expected)
        assert (part.status_code, part.content) == (206, expected)
        assert (
            part.headers["content-range"]
            == f"bytes {start}-{start + len(expected) - 1}/{len(data)}"
        )
        assert part.headers["content-length"] == str(len(expected))


@BOTH
def test_a_range_of_thousands_of_digits_is_no_fault_of_the_server(
    kind: Callable[[Settings], Studio], studio: Studio, tmp_path: Path
) -> None:
    path = f"/files/{_take(studio, tmp_path)}.mp4"
    client = _client(create_app(kind(studio.settings)))
    for asked in (f"{'9' * 5000}-", f"-{'9' * 5000}"):
        assert client.get(path, headers={"range": f"bytes={asked}"}).status_code in (200, 400)


@BOTH
def test_a_range_outside_the_file_is_416_in_json(
    kind: Callable[[Settings], Studio], studio: Studio, tmp_path: Path
) -> None:
    path = f"/files/{_take(studio, tmp_path)}.mp4"
    client = _client(create_app(kind(studio.settings)))
    for asked in ("99999999-", "9-8", "-0"):
        answer = client.get(path, headers={"range": f"bytes={asked}"})
        assert answer.status_code == 416 and _error(answer)["field"] == "Range"
        assert answer.headers["content-range"].startswith("bytes */")


@BOTH
def test_a_range_of_a_file_that_changed_gives_the_whole_file(
    kind: Callable[[Settings], Studio], studio: Studio, tmp_path: Path
) -> None:
    path = f"/files/{_take(studio, tmp_path)}.mp4"
    client = _client(create_app(kind(studio.settings)))
    tag = client.get(path).headers["etag"]
    assert client.get(path, headers={"range": "bytes=0-9", "if-range": tag}).status_code == 206
    assert client.get(path, headers={"range": "bytes=0-9", "if-range": '"old"'}).status_code == 200
    assert client.get(path, headers={"range": "lines=0-9"}).status_code in (200, 400)


def test_a_picture_and_a_sheet_have_their_own_names(
    client: TestClient, studio: Studio, tmp_path: Path
) -> None:
    take_id = _take(studio, tmp_path, still=True)
    assert client.get(f"/files/{take_id}.png").headers["content-type"] == "image/png"
    assert client.get(f"/files/{take_id}.jpg").headers["content-type"] == "image/jpeg"
    answer = client.get(f"/files/{take_id}.mp4")
    assert answer.status_code == 404 and f"/files/{take_id}.png" in _error(answer)["allowed"]


# Uploads


def test_bytes_and_forms_become_uploads(client: TestClient, tmp_path: Path) -> None:
    picture = png(FRAMES[0], {})
    raw = client.post("/api/uploads", params={"name": "kettle.png"}, content=picture)
    assert raw.status_code == 201
    assert raw.json()["kind"] == "image" and raw.json()["name"] == "kettle.png"
    form = client.post("/api/uploads", files={"file": ("clip.mp4", _clip(tmp_path).read_bytes())})
    assert form.status_code == 201
    assert form.json()["kind"] == "video" and form.json()["frames"] == 9
    seen = client.post("/api/view_video", json={"video": form.json()["upload_id"]})
    assert seen.status_code == 200 and seen.json()["width"] == 112


@pytest.mark.parametrize(
    ("sent", "code", "field"),
    [
        ({"content": b""}, "invalid_media", "file"),
        ({"content": b"no picture"}, "invalid_media", "file"),
        ({"files": {"other": ("a.png", b"x")}}, "invalid_argument", "file"),
        (
            {"content": b"x", "headers": {"content-type": "multipart/form-data"}},
            "invalid_argument",
            None,
        ),
    ],
)
def test_what_is_no_media_is_refused_and_leaves_nothing(
    client: TestClient, studio: Studio, sent: dict[str, Any], code: str, field: str | None
) -> None:
    before = studio.store.list_records("uploads")
    answer = client.post("/api/uploads", **sent)
    assert answer.status_code == 400 and _error(answer)["code"] == code
    assert _error(answer)["field"] == field and ".." not in _error(answer)["message"]
    assert studio.store.list_records("uploads") == before
    assert not list(studio.settings.home.glob("upload-*"))


# What describes it


def test_health_counts_workers_and_names_none(client: TestClient, studio: Studio) -> None:
    studio.jobs.beat("w1", pid=1, device="cpu", state="idle", job_id=None)
    answer = client.get("/health").json()
    studio.jobs.leave("w1")
    assert answer["status"] == "ok" and answer["workers"] == 1
    assert set(answer) == {"status", "version", "workers"}


def test_health_says_when_the_database_fails(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    url = f"sqlite:///{tmp_path / 'file' / 'jobs.sqlite'}"
    studio = Studio(from_environment({"SHOTWRIGHT_DATABASE_URL": url}, home=tmp_path))
    answer = _client(create_app(studio)).get("/health")
    assert answer.status_code == 503 and answer.json()["status"] == "failing"


@pytest.fixture(scope="module")
def document(client: TestClient) -> dict[str, Any]:
    document: dict[str, Any] = client.get("/openapi.json").json()
    return document


def test_openapi_has_every_route_and_no_other(document: dict[str, Any], studio: Studio) -> None:
    served = {
        (route.path_format, method.lower())
        for route in create_app(studio).routes
        if isinstance(route, Route)
        and route.include_in_schema
        and route.path_format not in ("/mcp", "/v1/{path}")
        for method in (route.methods or set()) - {"HEAD"}
    }
    told = {(path, method) for path, item in document["paths"].items() for method in item}
    files = {("/files/{id}." + suffix, "get") for suffix in ("mp4", "png", "jpg")}
    assert told == served - {("/files/{name}", "get")} | files
    assert {f"/api/{verb.name}" for verb in VERBS} <= set(document["paths"])


def test_openapi_is_whole(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1.")
    operations = [op for item in document["paths"].values() for op in item.values()]
    names = [op["operationId"] for op in operations]
    assert len(names) == len(set(names))
    for ref in _refs(document):
        found: Any = document
        for part in ref.removeprefix("#/").split("/"):
            found = found[part]
    for schema in document["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)
    for path, item in document["paths"].items():
        for op in item.values():
            named = {p["name"] for p in op.get("parameters", ()) if p["in"] == "path"}
            assert named == ({"id"} if "{id}" in path else set())
            assert all(response["description"] for response in op["responses"].values())
            if path.startswith("/v1/"):
                assert {str(status) for status in KLING_CODES} <= op["responses"].keys()


def _refs(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for value in node.values():
            yield from _refs(value)
    elif isinstance(node, list):
        for value in node:
            yield from _refs(value)


def test_answers_and_errors_are_as_openapi_says(
    client: TestClient, document: dict[str, Any], studio: Studio, tmp_path: Path
) -> None:
    take_id = _take(studio, tmp_path)
    film_id = _film(studio, take_id)
    for path, name in (
        ("/api/jobs", "Jobs"),
        ("/api/jobs/job_0", "ErrorAnswer"),
        (f"/api/takes/{take_id}", "Take"),
        (f"/api/films/{film_id}", "Film"),
    ):
        schema = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
        Draft202012Validator(schema).validate(client.get(path).json())


def test_mcp_is_served_beside_the_verbs(client: TestClient) -> None:
    call = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "initialize",
        "params": {
            "protocolVersion": "2025-11-25",
            "capabilities": {},
            "clientInfo": {"name": "test", "version": "1"},
        },
    }
    headers = {"accept": "application/json, text/event-stream"}
    answer = client.post("/mcp", json=call, headers=headers)
    assert answer.status_code == 200 and '"shotwright"' in answer.text


# The real thing


def test_a_render_goes_through_a_listening_front(crewed: Studio, small: dict[str, Any]) -> None:
    home = {**os.environ, **crewed.settings.environment()}
    command = [sys.executable, "-m", "shotwright.server.main", "serve", "--port", "0"]
    with _running(command, home) as front:
        assert front.stderr is not None
        told = front.stderr.readline()
        here = told.split()[2]
        assert here.startswith("http://127.0.0.1:") and not here.endswith(":0")
        call = {"prompt": "a red ball rolls, seen by a front", "wait_s": 50, **small}
        with httpx.Client(base_url=here, timeout=60, trust_env=False) as client:
            job = client.post("/api/generate_video", json=call).json()
            while job["state"] in ("queued", "running"):
                job = client.get(f"/api/jobs/{job['job_id']}", params={"wait_s": 50}).json()
            assert job["state"] == "succeeded", job["error"]
            take = job["result"]["takes"][0]
            part = client.get(f"/files/{take['take_id']}.mp4", headers={"range": "bytes=4-7"})
            assert (part.status_code, part.content) == (206, b"ftyp")
            assert client.get("/health").json()["workers"] == 1


class _running:
    """A process of this installation, ended with the block."""

    def __init__(self, command: list[str], environment: dict[str, str]) -> None:
        self.process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)

    def __enter__(self) -> "subprocess.Popen[str]":
        return self.process

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.communicate(timeout=60)
