"""Hosts that give up after 5, 30, 60 and 300 s, silent or hearing progress, over stdio and HTTP: is a result ever lost?

Each asks for one clip while no worker runs for longer than the most patient of them waits, asks again when it gave up,
and looks at the job that it is told of.  Then a worker starts, and each must find its clip: one job a host, no more.
Takes about six minutes.  Run: python -m bench.hosts [seconds that no worker runs, 310 by default]
"""

import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import anyio
import httpx2
import uvicorn
from mcp import Client, MCPError, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client

from shotwright.server.http import create_app
from shotwright.tools.settings import Settings, from_environment
from shotwright.tools.studio.queue import JobQueue
from shotwright.tools.studio.studio import Studio
from shotwright.tools.studio.wire import ENDED

LIMITS_S = (5.0, 30.0, 60.0, 300.0)
TOKEN = "a-token-of-the-bench"
STDIO = (
    "from shotwright.server.mcp import StudioServer; from shotwright.tools.studio.studio import Studio;"
    "from shotwright.tools.settings import from_environment; StudioServer(Studio(from_environment())).run('stdio')"
)
WORKER = (
    "import sys; from shotwright.server.worker import run;"
    "from shotwright.tools.settings import from_environment; sys.exit(run(from_environment()))"
)


@dataclass
class Host:
    """One host: how it asks, and what came of it."""

    transport: str
    mode: str
    limit_s: float
    hears: bool
    told: int = 0
    gave_up: int = 0
    job: dict[str, Any] | None = None

    async def run(self, client: Client) -> None:
        prompt = f"a red ball, {self.transport} {self.mode} {self.limit_s:.0f} {self.hears}"
        asked = {"prompt": prompt, "size": "64x64", "frames": 9, "quality": "draft", "wait_s": 50}
        call: tuple[str, dict[str, Any]] = ("generate_video", asked)
        while self.job is None or self.job["state"] not in ENDED:
            try:
                answer = await client.call_tool(
                    *call,
                    read_timeout_seconds=self.limit_s,
                    progress_callback=self._hear if self.hears else None,
                )
            except MCPError:
                self.gave_up += 1
                continue
            assert isinstance(answer.structured_content, dict) and not answer.is_error, answer
            self.job = answer.structured_content
            call = ("get_job", {"job_id": self.job["job_id"], "wait_s": 50})

    async def _hear(self, progress: float, total: float | None, message: str | None) -> None:
        self.told += 1

    def line(self) -> str:
        assert self.job is not None
        how = f"{self.told} notices" if self.hears else "silent"
        return (
            f"{self.transport:5} {self.mode:6} {self.limit_s:4.0f} s, {how:10} "
            f"gave up {self.gave_up:2} times: {self.job['state']}"
        )


def main(held_s: float) -> int:
    with tempfile.TemporaryDirectory() as folder:
        settings = replace(from_environment({}, home=Path(folder)), token=TOKEN)
        queue = JobQueue(settings)
        with serving(settings) as url:
            hosts = anyio.run(ask_all, settings, url, held_s)
        rows, _ = queue.page(state=None, limit=100, cursor=None)
        queue.close()
    for host in hosts:
        print(host.line())
    print(f"{len(hosts)} hosts, {len(rows)} jobs")
    good = all(host.job and host.job["state"] == "succeeded" for host in hosts)
    return 0 if good and len(rows) == len(hosts) else 1


@contextmanager
def serving(settings: Settings) -> Iterator[str]:
    """An HTTP front that starts no worker."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        settings = replace(settings, port=listener.getsockname()[1])
        studio = Studio(settings)
        server = uvicorn.Server(uvicorn.Config(create_app(studio), log_config=None, ws="none"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        yield f"{settings.base_url}/mcp"
        server.should_exit = True
        thread.join()
        studio.close()


async def ask_all(settings: Settings, url: str, held_s: float) -> list[Host]:
    environment = {**os.environ, **settings.environment()}
    asking: list[tuple[Host, Client]] = []
    async with AsyncExitStack() as stack:
        for transport, mode in (("http", "auto"), ("http", "legacy"), ("stdio", "auto")):
            target: Any = StdioServerParameters(
                command=sys.executable, args=["-c", STDIO], env=environment
            )
            if transport == "http":
                headers = {"authorization": f"Bearer {TOKEN}"}
                http = httpx2.AsyncClient(headers=headers, timeout=None)
                target = streamable_http_client(
                    url, http_client=await stack.enter_async_context(http)
                )
            client = await stack.enter_async_context(Client(target, mode=mode))
            asking += [
                (Host(transport, mode, limit_s, hears), client)
                for limit_s in LIMITS_S
                for hears in (False, True)
            ]
        hosts = [host for host, _ in asking]
        async with anyio.create_task_group() as group:
            for host, client in asking:
                group.start_soon(host.run, client)
            await anyio.sleep(held_s)
            group.start_soon(_work, environment, hosts)
    return hosts


async def _work(environment: dict[str, str], hosts: list[Host]) -> None:
    """A worker until every host has its clip."""
    process = subprocess.Popen([sys.executable, "-c", WORKER], env=environment)
    began = time.monotonic()
    while not all(host.job and host.job["state"] in ENDED for host in hosts):
        assert process.poll() is None and time.monotonic() - began < 300, "the worker is no use"
        await anyio.sleep(1)
    process.terminate()
    process.wait(30)


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]) if len(sys.argv) > 1 else 310.0))
