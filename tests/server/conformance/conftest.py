"""What Node's clients need, and both ways to the crewed studio."""

import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client

from shotwright.tools.studio.studio import Studio

HERE = Path(__file__).parent
NODE = HERE / "node_modules" / ".bin" / "node"
MAIN = "import sys; from shotwright.server.main import main; sys.exit(main())"


@dataclass(frozen=True)
class Ways:
    """How a host reaches the studio: the URL of its HTTP front and the token, or the command of its stdio front."""

    url: str
    token: str
    command: str
    arguments: list[str]
    environment: dict[str, str]


@pytest.fixture(scope="session")
def node() -> str:
    """Node 22, as package.json installs it."""
    if not NODE.exists():
        pytest.skip(f"Node's clients are missing: npm install --prefix {HERE} --no-package-lock")
    ran = subprocess.run([str(NODE), "--version"], capture_output=True, text=True)
    if ran.returncode != 0 or not ran.stdout.startswith("v22."):
        pytest.skip(f"Node 22 does not run here: {ran.stdout or ran.stderr}")
    return str(NODE)


@pytest.fixture(scope="session")
def ways(crewed: Studio, served: tuple[str, str]) -> Ways:
    url, token = served
    environment = {**os.environ, **crewed.settings.environment()}
    return Ways(f"{url}/mcp", token, sys.executable, ["-c", MAIN, "stdio"], environment)


@pytest.fixture(scope="session")
def official(ways: Ways) -> Callable[[str, Any], AbstractAsyncContextManager[Client]]:
    """The official Python client, connected over "stdio" or "http", in the era that its mode names."""

    @asynccontextmanager
    async def connected(transport: str, mode: Any) -> AsyncIterator[Client]:
        async with AsyncExitStack() as stack:
            target: Any = StdioServerParameters(
                command=ways.command, args=ways.arguments, env=ways.environment
            )
            if transport == "http":
                headers = {"authorization": f"Bearer {ways.token}"}
                http = httpx2.AsyncClient(headers=headers, timeout=120)
                await stack.enter_async_context(http)
                target = streamable_http_client(ways.url, http_client=http)
            yield await stack.enter_async_context(Client(target, mode=mode))

    return connected
