"""Clients of others: each connects, lists, makes a take and reads its result, over stdio and HTTP with a token."""

import json
import subprocess
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import anyio
import pytest

from shotwright.tools.verbs import BY_NAME

HERE = Path(__file__).parent
Asked = dict[str, Any]
Found = tuple[list[str], dict[str, Any]]
"""The names of the tools, and the job."""

transports = pytest.mark.parametrize("transport", ["stdio", "http"])


def check(found: Found) -> None:
    tools, job = found
    assert set(tools) == set(BY_NAME)
    assert job["state"] == "succeeded", job
    (take,) = job["result"]["takes"]
    assert (take["width"], take["height"], take["frames"]) == (64, 64, 9)
    assert Path(take["path"]).read_bytes()[4:8] == b"ftyp"


def wish(small: Asked, who: str) -> Asked:
    """A clip of its own for each client."""
    return {"prompt": f"a blue car, {who}", "wait_s": 50, **small}


async def ended(job: Asked, ask: Callable[[str, Asked], Awaitable[Any]]) -> Asked:
    """The job when it has ended: on a loaded machine one call does not wait long enough."""
    while job["state"] in ("queued", "running"):
        job = await ask("get_job", {"job_id": job["job_id"], "wait_s": 50})
    return job


@transports
@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_the_official_python_client(official: Any, small: Asked, transport: str, mode: str) -> None:
    async def run() -> Found:
        async with official(transport, mode) as client:
            modern = client.protocol_version == "2026-07-28"
            assert modern is (mode == "auto")
            tools = [tool.name for tool in (await client.list_tools()).tools]
            asked = wish(small, f"python {mode} {transport}")

            async def ask(verb: str, arguments: Asked) -> Any:
                return (await client.call_tool(verb, arguments)).structured_content

            return tools, await ended(await ask("generate_video", asked), ask)

    check(anyio.run(run))


@transports
def test_the_official_typescript_client(ways: Any, small: Asked, node: str, transport: str) -> None:
    way = {"url": ways.url, "token": ways.token}
    if transport == "stdio":
        way = {"command": ways.command, "args": ways.arguments, "env": ways.environment}
    asked = json.dumps(wish(small, f"typescript {transport}"))
    done = subprocess.run(
        [node, str(HERE / "client.mjs"), json.dumps(way), asked],
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    check((said["tools"], said["job"]))


@transports
@pytest.mark.filterwarnings("ignore:.langchain.mcp. is in beta")
def test_langchain_s_own_adapter(ways: Any, small: Asked, transport: str) -> None:
    transports = pytest.importorskip("fastmcp.client.transports")
    from langchain.mcp import MCPAdapter

    server = {"command": ways.command, "args": ways.arguments, "env": ways.environment}
    target: Any = {"mcpServers": {"shotwright": server}}
    if transport == "http":
        target = transports.StreamableHttpTransport(ways.url, auth=ways.token)

    async def run() -> Found:
        async with MCPAdapter(target) as adapter:
            tools = {tool.name: tool for tool in await adapter.list_tools()}
            asked = wish(small, f"langchain {transport}")

            async def ask(verb: str, arguments: Asked) -> Any:
                call = {"name": verb, "args": arguments, "id": "1", "type": "tool_call"}
                return (await tools[verb].ainvoke(call)).artifact["structured_content"]

            return list(tools), await ended(await ask("generate_video", asked), ask)

    check(anyio.run(run))


@transports
def test_openai_s_agents(ways: Any, small: Asked, transport: str) -> None:
    servers = pytest.importorskip("agents.mcp")
    if transport == "http":
        headers = {"authorization": f"Bearer {ways.token}"}
        server = servers.MCPServerStreamableHttp(
            {"url": ways.url, "headers": headers}, client_session_timeout_seconds=120
        )
    else:
        server = servers.MCPServerStdio(
            {"command": ways.command, "args": ways.arguments, "env": ways.environment},
            client_session_timeout_seconds=120,
        )

    async def run() -> Found:
        async with server:
            tools = [tool.name for tool in await server.list_tools()]
            asked = wish(small, f"agents {transport}")

            async def ask(verb: str, arguments: Asked) -> Any:
                return (await server.call_tool(verb, arguments)).structured_content

            return tools, await ended(await ask("generate_video", asked), ask)

    check(anyio.run(run))


@transports
def test_the_inspector_finds_no_fault_in_the_schemas(
    ways: Any, node: str, transport: str, tmp_path: Path
) -> None:
    inspector = HERE / "node_modules" / "@modelcontextprotocol" / "inspector"
    program = json.loads((inspector / "package.json").read_text(encoding="utf-8"))["bin"]
    target = [ways.command, *ways.arguments]
    if transport == "http":
        target = [ways.url, "--transport", "http"]
        target += ["--header", f"Authorization: Bearer {ways.token}"]
    asked = ["--method", "tools/list", "--strict"]
    done = subprocess.run(
        [node, str(inspector / program["mcp-inspector"]), "--cli", *target, *asked],
        env={**ways.environment, "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert done.returncode == 0, done.stderr
    assert "Warning" not in done.stderr and "Error" not in done.stderr, done.stderr[:2000]
    assert len(json.loads(done.stdout)["tools"]) == len(BY_NAME)
