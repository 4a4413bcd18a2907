"""What no client should send to the MCP endpoint: each is refused in words, and the server goes on."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from starlette.testclient import TestClient

from shotwright.server.http import create_app
from shotwright.tools.settings import Settings
from shotwright.tools.studio.studio import Studio

MODERN = "2026-07-28"
TOKEN = "a-token-of-the-tests"
LONGEST = 20_000
"""Characters of a refusal, however large what it refuses."""


@pytest.fixture
def front(settings: Settings) -> Iterator[TestClient]:
    """An HTTP front that demands a token."""
    studio = Studio(replace(settings, token=TOKEN))
    with TestClient(create_app(studio), base_url="http://127.0.0.1:8188") as client:
        yield client
    studio.close()


def call(arguments: Any, version: str = MODERN, *, verb: str = "plan_shots") -> dict[str, Any]:
    """A call of a verb in the present revision."""
    meta = {
        "io.modelcontextprotocol/protocolVersion": version,
        "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
        "io.modelcontextprotocol/clientCapabilities": {},
    }
    params = {"name": verb, "arguments": arguments, "_meta": meta}
    return {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}


def post(
    front: TestClient,
    body: dict[str, Any] | str,
    *,
    version: str = MODERN,
    token: str = TOKEN,
    verb: str = "plan_shots",
) -> Any:
    return front.post(
        "/mcp",
        content=body if isinstance(body, str) else json.dumps(body),
        headers={
            "accept": "application/json, text/event-stream",
            "content-type": "application/json",
            "authorization": f"Bearer {token}",
            "mcp-protocol-version": version,
            "mcp-method": "tools/call",
            "mcp-name": verb,
        },
    )


@pytest.mark.parametrize("version", ["1999-01-01", "2099-01-01", "newest"])
def test_an_unknown_version_is_told_which_is_known(front: TestClient, version: str) -> None:
    answer = post(front, call({"script": "A ball."}, version), version=version)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (400, -32022)
    assert error["data"] == {"supported": [MODERN], "requested": version}


@pytest.mark.parametrize(
    ("asked", "given"),
    [("2024-11-05", "2024-11-05"), ("1999-01-01", "2025-11-25"), ("2099-01-01", "2025-11-25")],
)
def test_a_handshake_settles_on_a_version_that_the_server_knows(
    front: TestClient, asked: str, given: str
) -> None:
    client = {
        "protocolVersion": asked,
        "capabilities": {},
        "clientInfo": {"name": "t", "version": "1"},
    }
    answer = front.post(
        "/mcp",
        json={"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": client},
        headers={
            "accept": "application/json, text/event-stream",
            "authorization": f"Bearer {TOKEN}",
        },
    )
    (line,) = [line for line in answer.text.splitlines() if line.startswith("data: {")]
    assert json.loads(line[6:])["result"]["protocolVersion"] == given


CYCLE: dict[str, Any] = {
    "$ref": "#",
    "$defs": {"a": {"$ref": "#/$defs/a"}},
    "shots": [{"$ref": "#/shots/0"}],
}


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"plan": CYCLE}, "invalid_plan"),
        ({"plan": {"shots": [{"id": str(n)} for n in range(20_000)]}}, "invalid_plan"),
        ({"plan": {"shots": [{f"key{n}" * 200: 1} for n in range(1_000)]}}, "invalid_plan"),
        ({"plan": {"shots": {"deep": {}}, "x": "y" * 1_000_000}}, "invalid_plan"),
        ({"script": "x" * 500_001}, "invalid_script"),
        ({"k" * 100_000: 1}, "invalid_argument"),
        (None, "invalid_script"),
    ],
    ids=["cycle", "many", "names", "text", "script", "name", "none"],
)
def test_huge_and_cyclic_arguments_are_refused_in_few_words(
    front: TestClient, arguments: Any, code: str
) -> None:
    answer = post(front, call(arguments))
    result = answer.json()["result"]
    assert result["isError"] and result["structuredContent"]["error"]["code"] == code
    assert len(answer.text) < LONGEST


@pytest.mark.parametrize("depth", [100, 900, 100_000])
@pytest.mark.parametrize("field", ["plan", "script", "brief"])
@pytest.mark.parametrize("verb", ["plan_shots", "make_film"])
def test_deeply_nested_arguments_are_refused(
    front: TestClient, verb: str, field: str, depth: int
) -> None:
    body = json.dumps(call({field: "X"}, verb=verb))
    answer = post(front, body.replace('"X"', '{"a":' * depth + "1" + "}" * depth), verb=verb)
    if answer.status_code == 200:
        result = answer.json()["result"]
        assert result["isError"] and result["structuredContent"]["error"]["code"] != "internal"
    else:
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, -32700)
    assert len(answer.text) < LONGEST
    assert post(front, call({"script": "A ball."})).status_code == 200


@pytest.mark.parametrize("body", ["", "\ufeff{", "[]", '{"jsonrpc": "2.0"}', "9" * 5_000])
def test_what_is_no_request_is_refused(front: TestClient, body: str) -> None:
    assert post(front, body).status_code == 400


@pytest.mark.parametrize(
    "token",
    [
        *("", "x", TOKEN[:-1], f"{TOKEN}x", TOKEN.upper(), "null"),
        "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.",
    ],
)
def test_a_forged_token_opens_nothing(front: TestClient, token: str) -> None:
    answer = post(front, call({"script": "A ball."}), token=token)
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "unauthorized" and TOKEN not in answer.text
