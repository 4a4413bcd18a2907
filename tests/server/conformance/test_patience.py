"""Hosts that give up or go away: none loses a result, none makes a second job.

The worker is stopped while they wait, so that every job lasts longer than its host's patience; limits are those of real
hosts (5, 60 and 300 s) made short.  `python -m bench.hosts` has the true ones.
"""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import anyio
import httpx2
import pytest
from mcp import MCPError

from shotwright.tools.studio.studio import Studio

MODERN = "2026-07-28"


@contextmanager
def stopped(studio: Studio) -> Iterator[Callable[[], None]]:
    """The studio's worker stands still, at the latest until the block's end; for less time than makes it look dead."""
    (pid,) = [worker["pid"] for worker in studio.jobs.workers() if worker["state"] != "dead"]
    os.kill(pid, signal.SIGSTOP)
    try:
        yield lambda: os.kill(pid, signal.SIGCONT)
    finally:
        os.kill(pid, signal.SIGCONT)


def newest(studio: Studio) -> set[str]:
    """The ids of the last hundred jobs."""
    return {row["job_id"] for row in studio.jobs.page(state=None, limit=100, cursor=None)[0]}


@pytest.mark.parametrize(
    ("limit_s", "transport", "mode"),
    [(0.2, "http", "auto"), (1.0, "stdio", "legacy"), (3.0, "http", "legacy")],
)
def test_a_host_that_gives_up_finds_its_one_job_again(
    crewed: Studio, official: Any, small: dict[str, Any], limit_s: float, transport: str, mode: str
) -> None:
    heard: list[str] = []

    async def hear(progress: float, total: float | None, message: str | None) -> None:
        heard.append(message or "")

    async def run() -> None:
        async with official(transport, mode) as client:
            # the first call of a process loads what its tools need
            await client.call_tool("list_jobs", {})
            for progress in (None, hear):
                before = newest(crewed)
                prompt = f"a boat, {transport} {limit_s} {progress is hear}"
                asked = {"prompt": prompt, "wait_s": 50, **small}
                with stopped(crewed), pytest.raises(MCPError, match=r"(?i)timed out"):
                    await client.call_tool(
                        "generate_video",
                        asked,
                        read_timeout_seconds=limit_s,
                        progress_callback=progress,
                    )
                again = await client.call_tool("generate_video", asked)
                job = again.structured_content
                assert job["state"] == "succeeded", job
                assert newest(crewed) - before == {job["job_id"]}

    anyio.run(run)
    assert limit_s < 3 or any("queued" in message for message in heard)


def test_a_host_that_never_asks_again_finds_its_result_in_the_list(
    crewed: Studio, official: Any, small: dict[str, Any], ask: Any
) -> None:
    async def run() -> str:
        before = newest(crewed)
        async with official("http", "auto") as client:
            with stopped(crewed), pytest.raises(MCPError):
                asked = {"prompt": "a boat that nobody waits for", "wait_s": 50, **small}
                await client.call_tool("generate_video", asked, read_timeout_seconds=1)
        async with official("http", "legacy") as client:
            listed = (await client.call_tool("list_jobs", {"limit": 1})).structured_content
            assert listed["jobs"][0]["job_id"] not in before
            return str(listed["jobs"][0]["job_id"])

    job = ask("get_job", job_id=anyio.run(run), wait_s=50).data
    assert job["state"] == "succeeded" and job["result"]["takes"]


def test_a_client_that_disconnects_in_any_phase_leaves_its_job_alone(
    crewed: Studio, ways: Any, small: dict[str, Any], ask: Any
) -> None:
    """Its connection breaks while the job is queued, while it waits in get_job, and while the job runs."""
    before = newest(crewed)
    asked = {"prompt": "a boat in the rain", "takes": 2, "wait_s": 50, **small}
    with stopped(crewed) as go_on:
        until_told(ways, "generate_video", asked, "queued")
        (job_id,) = newest(crewed) - before
        until_told(ways, "get_job", {"job_id": job_id, "wait_s": 50}, "queued")
        # listening before the job runs: it is short
        until_told(ways, "get_job", {"job_id": job_id, "wait_s": 50}, "denoising", then=go_on)
    until_ended(crewed, job_id)
    # who left and asks again gets what was made meanwhile, and the next who asks a clip of their own
    again = ask("generate_video", **asked).data
    assert again["job_id"] == job_id and again["attached"]
    assert again["state"] == "succeeded" and len(again["result"]["takes"]) == 2
    assert newest(crewed) - before == {job_id}
    fresh = ask("generate_video", **{**asked, "wait_s": 0}).data
    assert fresh["job_id"] != job_id and not fresh["attached"]
    ask("cancel_job", job_id=fresh["job_id"])


def until_ended(studio: Studio, job_id: str) -> None:
    """Look at a job without being told of it."""
    given_up = time.monotonic() + 120
    while studio.jobs.row(job_id)["ended_at"] is None:
        assert time.monotonic() < given_up, "the job does not end"
        time.sleep(0.05)


def until_told(
    ways: Any,
    tool: str,
    arguments: dict[str, Any],
    word: str,
    *,
    then: Callable[[], None] = lambda: None,
) -> None:
    """Call a tool, and break the connection when its progress says `word`; `then` is done at each progress before."""
    meta = {
        "progressToken": 1,
        "io.modelcontextprotocol/protocolVersion": MODERN,
        "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
        "io.modelcontextprotocol/clientCapabilities": {},
    }
    headers = {
        "accept": "application/json, text/event-stream",
        "authorization": f"Bearer {ways.token}",
        "mcp-protocol-version": MODERN,
        "mcp-method": "tools/call",
        "mcp-name": tool,
    }
    params = {"name": tool, "arguments": arguments, "_meta": meta}
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
    with (
        httpx2.Client(timeout=120) as client,
        client.stream("POST", ways.url, json=body, headers=headers) as answer,
    ):
        for line in answer.iter_lines():
            if "notifications/progress" in line:
                if word in line:
                    return
                then()
    raise AssertionError(f"{tool} never said {word!r}")
