"""Nobody comes in by another name, without the token, too often or with too much."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.testclient import TestClient

from shotwright.generator.errors import BadRequest
from shotwright.server.guard import (
    JSON_BYTES,
    OPEN,
    OPEN_UNDER,
    UPLOAD_BYTES,
    Guard,
    Limits,
    Turnstile,
    is_loopback,
)
from shotwright.server.http import create_app
from shotwright.tools.settings import from_environment
from shotwright.tools.studio.studio import Studio

TOKEN = "a-long-random-word"
HERE = "http://127.0.0.1:8188"


def _app(home: Path, **settings: str) -> Starlette:
    environment = {f"SHOTWRIGHT_{name.upper()}": value for name, value in settings.items()}
    return create_app(Studio(from_environment(environment, home=home)))


def _client(app: Starlette) -> TestClient:
    return TestClient(app, base_url=HERE, raise_server_exceptions=False)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def plain(home: Path) -> Starlette:
    return _app(home)


@pytest.fixture(scope="module")
def secured(home: Path) -> Iterator[TestClient]:
    with _client(_app(home, token=TOKEN)) as client:
        yield client


def _requests(app: Starlette) -> list[tuple[str, str]]:
    """A method and an address for every route there is."""
    found = []
    for route in app.routes:
        assert isinstance(route, Route), f"{route} is no plain route: teach this test to ask it"
        path = route.path_format.replace("{id}", "job_1").replace("{name}", "take_1.mp4")
        found += [(method, path) for method in sorted(route.methods or ("GET", "POST", "DELETE"))]
    return found


ROUTES = _requests(_app(Path("unused")))
EVERY_ROUTE = pytest.mark.parametrize(("method", "path"), [*ROUTES, ("GET", "/nothing/here")])


@EVERY_ROUTE
def test_a_foreign_host_is_refused_on_every_route(plain: Starlette, method: str, path: str) -> None:
    answer = _client(plain).request(method, path, headers={"host": "evil.example:8188"})
    assert answer.status_code == 421
    if method != "HEAD":
        error = answer.json()["error"]
        assert (error["code"], error["field"], error["value"]) == (
            "forbidden",
            "Host",
            "evil.example:8188",
        )


@EVERY_ROUTE
def test_a_foreign_origin_is_refused_on_every_route(
    plain: Starlette, method: str, path: str
) -> None:
    answer = _client(plain).request(method, path, headers={"origin": "http://evil.example"})
    assert answer.status_code == 403
    if method != "HEAD":
        assert answer.json()["error"]["code"] == "forbidden"
        assert answer.json()["error"]["field"] == "Origin"


@EVERY_ROUTE
def test_a_set_token_is_demanded_on_every_route_but_those_that_tell_nothing(
    secured: TestClient, method: str, path: str
) -> None:
    answer = secured.request(method, path)
    if path in OPEN or path.startswith(OPEN_UNDER):
        assert answer.status_code != 401 and TOKEN not in answer.text
        return
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert TOKEN not in answer.text
    if path.startswith("/v1/"):
        assert method == "HEAD" or answer.json()["code"] == 1001
    elif method != "HEAD":
        assert answer.json()["error"]["code"] == "unauthorized"


@pytest.mark.parametrize(
    "sent", ["", "Bearer", "Bearer wrong", f"Basic {TOKEN}", f"bearer{TOKEN}", TOKEN]
)
def test_anything_but_the_token_stays_out(secured: TestClient, sent: str) -> None:
    assert secured.get("/api/takes", headers={"authorization": sent}).status_code == 401


def test_the_right_token_opens(secured: TestClient) -> None:
    headers = {"authorization": f"Bearer {TOKEN}"}
    assert secured.get("/api/takes", headers=headers).status_code == 200


@pytest.mark.parametrize(
    "host", ["127.0.0.1:8188", "localhost", "LOCALHOST:8188", "[::1]:8188", "127.0.0.2:1"]
)
def test_loopback_names_are_known_with_any_port(plain: Starlette, host: str) -> None:
    assert _client(plain).get("/openapi.json", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "evil@127.0.0.1",
        "127.0.0.1:x",
        "192.168.1.9",
        "[::2]",
    ],
)
def test_what_only_looks_like_loopback_is_refused(plain: Starlette, host: str) -> None:
    assert _client(plain).get("/openapi.json", headers={"host": host}).status_code == 421


@pytest.mark.parametrize(
    "origin", ["http://127.0.0.1:8188", "http://localhost:8188", "http://[::1]:8188"]
)
def test_our_own_page_may_call(plain: Starlette, origin: str) -> None:
    assert _client(plain).get("/openapi.json", headers={"origin": origin}).status_code == 200


@pytest.mark.parametrize(
    "origin",
    [
        "null",
        "http://localhost:3000",
        "http://localhost",
        "file://",
        "http://localhost:8188x",
        "http://[::",
    ],
)
def test_a_page_of_another_port_or_kind_may_not(plain: Starlette, origin: str) -> None:
    assert _client(plain).get("/openapi.json", headers={"origin": origin}).status_code == 403


def test_a_host_beyond_this_machine_is_not_served_without_a_token(tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match="SHOTWRIGHT_TOKEN") as caught:
        _app(tmp_path, host="0.0.0.0")
    assert caught.value.field == "SHOTWRIGHT_TOKEN"


def test_a_named_host_is_known_with_its_token(tmp_path: Path) -> None:
    client = _client(_app(tmp_path, host="studio.example", token=TOKEN))
    headers = {"host": "Studio.example:8188", "authorization": f"Bearer {TOKEN}"}
    assert client.get("/openapi.json", headers=headers).status_code == 200
    assert (
        client.get("/openapi.json", headers={**headers, "host": "other.example"}).status_code == 421
    )


def test_on_every_interface_an_address_is_known_but_a_strange_name_is_not(tmp_path: Path) -> None:
    client = _client(_app(tmp_path, host="0.0.0.0", token=TOKEN))
    headers = {"authorization": f"Bearer {TOKEN}"}
    assert (
        client.get("/openapi.json", headers={**headers, "host": "192.168.1.9:8188"}).status_code
        == 200
    )
    assert (
        client.get("/openapi.json", headers={**headers, "host": "rebound.example"}).status_code
        == 421
    )


def test_a_public_address_is_a_name_and_an_origin_of_the_front(tmp_path: Path) -> None:
    client = _client(_app(tmp_path, public_url="https://video.example.com", token=TOKEN))

    def status(host: str, origin: str) -> int:
        headers = {"authorization": f"Bearer {TOKEN}", "host": host, "origin": origin}
        return client.get("/openapi.json", headers=headers).status_code

    assert status("video.example.com", "https://video.example.com") == 200
    assert status("video.example.com", "https://video.example.com:443") == 200
    assert status("127.0.0.1:8188", "http://127.0.0.1:8188") == 200
    assert status("video.example.com", "http://video.example.com") == 403
    assert status("video.example.com", "https://video.example.com:8443") == 403
    assert status("other.example.com", "https://video.example.com") == 421


def test_mcp_is_reached_by_the_public_address_too(tmp_path: Path) -> None:
    client = {"name": "t", "version": "1"}
    asked = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": client}
    hello = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": asked}
    headers = {
        "accept": "application/json, text/event-stream",
        "authorization": f"Bearer {TOKEN}",
        "host": "video.example.com",
        "origin": "https://video.example.com",
    }
    app = _app(tmp_path, public_url="https://video.example.com", token=TOKEN)
    with _client(app) as front:
        answer = front.post("/mcp", json=hello, headers=headers)
    assert answer.status_code == 200, answer.text


def test_a_public_address_beyond_this_machine_is_not_served_without_a_token(tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match=r"video\.example\.com .* SHOTWRIGHT_TOKEN"):
        _app(tmp_path, public_url="https://video.example.com")


@pytest.mark.parametrize("path", ["/api/plan_shots", "/mcp", "/api/uploads"])
def test_a_body_that_says_it_is_too_large_is_not_read(plain: Starlette, path: str) -> None:
    limit = UPLOAD_BYTES if path == "/api/uploads" else JSON_BYTES
    answer = _client(plain).post(path, headers={"content-length": str(limit + 1)})
    assert answer.status_code == 413
    error = answer.json()["error"]
    assert (error["code"], error["allowed"]) == ("too_large", limit)


@pytest.mark.parametrize("path", ["/api/plan_shots", "/mcp"])
def test_a_body_that_grows_too_large_is_cut_off(home: Path, path: str) -> None:
    def endless() -> Iterator[bytes]:
        while True:
            yield b" " * 2**20

    with _client(_app(home)) as client:
        headers = {
            "content-type": "application/json",
            "accept": "application/json, text/event-stream",
        }
        answer = client.post(path, content=_first(endless(), 6), headers=headers)
    assert answer.status_code == 413 and answer.json()["error"]["code"] == "too_large"


def _first(pieces: Iterator[bytes], count: int) -> Iterator[bytes]:
    for _ in range(count):
        yield next(pieces)


def test_too_many_requests_are_told_when_to_come_again(tmp_path: Path) -> None:
    studio = Studio(from_environment({}, home=tmp_path))
    client = _client(create_app(studio, limits=Limits(burst=3, per_s=0.5)))
    codes = [client.get("/openapi.json").status_code for _ in range(4)]
    assert codes == [200, 200, 200, 429]
    answer = client.get("/health")
    assert answer.status_code == 429 and answer.headers["retry-after"] == "2"
    assert answer.json()["error"]["retryable"] is True


def test_a_client_that_waits_may_come_again() -> None:
    now = [0.0]
    turnstile = Turnstile(Limits(burst=1, per_s=2), lambda: now[0])
    assert turnstile.enter("a") is None
    assert turnstile.enter("a") == pytest.approx(0.5)
    now[0] = 0.5
    assert turnstile.enter("a") is None


def test_only_so_many_requests_of_a_client_are_inside_and_others_still_come_in() -> None:
    turnstile = Turnstile(Limits(in_flight=2), lambda: 0.0)
    assert [turnstile.enter("a") for _ in range(3)] == [None, None, 1.0]
    assert turnstile.enter("b") is None
    turnstile.leave("a")
    assert turnstile.enter("a") is None


@given(st.lists(st.tuples(st.integers(0, 9), st.booleans()), max_size=80))
def test_the_turnstile_never_remembers_more_clients_than_it_may(
    visits: list[tuple[int, bool]],
) -> None:
    turnstile = Turnstile(Limits(clients=4), lambda: 0.0)
    inside: list[str] = []
    for number, leaves in visits:
        if turnstile.enter(str(number)) is None:
            inside.append(str(number))
        if leaves and inside:
            turnstile.leave(inside.pop())
        assert len(turnstile.clients) <= 4
        assert sum(v.inside for v in turnstile.clients.values()) == len(inside)


def test_loopback_is_told_from_the_rest() -> None:
    assert all(map(is_loopback, ("localhost", "127.0.0.1", "127.1.2.3", "::1")))
    assert not any(map(is_loopback, ("0.0.0.0", "::", "10.0.0.1", "localhost.example", "")))


def test_a_foreign_page_gets_no_websocket(tmp_path: Path) -> None:
    import anyio

    sent: list[object] = []

    async def connect() -> None:
        scope = {"type": "websocket", "path": "/", "headers": [(b"host", b"evil.example")]}
        guard = Guard(_never, from_environment({}, home=tmp_path))

        async def send(message: object) -> None:
            sent.append(message)

        await guard(scope, _silence, send)

    anyio.run(connect)
    assert sent == [{"type": "websocket.close", "code": 1008, "reason": "not allowed"}]


async def _never(*_: object) -> None:
    raise AssertionError("the app was reached")


async def _silence() -> dict[str, object]:
    return {"type": "websocket.connect"}
