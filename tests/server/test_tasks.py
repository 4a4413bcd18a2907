"""The Tasks extension over real jobs, and notices of their changes, as a client of each era meets them."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import anyio
import pytest
from mcp import Client, MCPDeprecationWarning
from starlette.testclient import TestClient

from shotwright.server.http import create_app
from shotwright.server.mcp import StudioServer
from shotwright.server.tasks import IDENTIFIER
from shotwright.tools.studio.studio import Studio

HERE = "http://127.0.0.1:8188"
MODERN = "2026-07-28"


@contextmanager
def _open(studio: Studio) -> Iterator[TestClient]:
    served = Studio(studio.settings)  # serving changes a studio's answers, and others use this one
    with TestClient(create_app(served), base_url=HERE, raise_server_exceptions=False) as client:
        yield client
    served.close()


def _rpc(
    client: TestClient,
    method: str,
    params: dict[str, Any],
    *,
    declared: bool = True,
    name: str | None = None,
) -> dict[str, Any]:
    """One request of the present revision: its whole JSON-RPC answer."""
    extensions: dict[str, Any] = {"extensions": {IDENTIFIER: {}}} if declared else {}
    meta = {
        "io.modelcontextprotocol/protocolVersion": MODERN,
        "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
        "io.modelcontextprotocol/clientCapabilities": extensions,
    }
    reply = client.post(
        "/mcp",
        json={"jsonrpc": "2.0", "id": 1, "method": method, "params": {**params, "_meta": meta}},
        headers={
            "accept": "application/json, text/event-stream",
            "mcp-protocol-version": MODERN,
            "mcp-method": method,
            "mcp-name": name or params.get("name") or params.get("taskId") or "",
        },
    )
    text = reply.text
    if reply.headers["content-type"].startswith("text/event-stream"):
        text = next(line[6:] for line in text.splitlines() if line.startswith("data: {"))
    answer: dict[str, Any] = json.loads(text)
    return answer


def _generate(client: TestClient, **named: Any) -> dict[str, Any]:
    arguments = {"prompt": "a red ball", "size": "64x64", "frames": 9, "quality": "draft"}
    call = {"name": "generate_video", "arguments": {**arguments, **named.pop("more", {})}}
    result: dict[str, Any] = _rpc(client, "tools/call", call, **named)["result"]
    return result


def test_a_client_that_declares_tasks_gets_one_and_its_result(crewed: Studio) -> None:
    with _open(crewed) as client:
        task = _generate(client, more={"seed": 11})
        assert task["resultType"] == "task"
        assert task["taskId"].startswith("job_")
        for _ in range(600):
            got = _rpc(client, "tasks/get", {"taskId": task["taskId"]})["result"]
            if got["status"] != "working":
                break
            client.post("/api/get_job", json={"job_id": task["taskId"], "wait_s": 5})
        assert got["status"] == "completed", got
        assert got["resultType"] == got["result"]["resultType"] == "complete"
        job = got["result"]["structuredContent"]
        assert job["state"] == "succeeded" and job["job_id"] == task["taskId"]
        assert [part["type"] for part in got["result"]["content"]] == [
            "text",
            "image",
            "resource_link",
        ]
        assert not got["result"]["isError"]


def test_the_fields_are_those_of_the_specification(studio: Studio) -> None:
    with _open(studio) as client:
        task = _generate(client)
        fields = {
            *("taskId", "status", "statusMessage", "createdAt", "lastUpdatedAt"),
            *("ttlMs", "pollIntervalMs"),
        }
        assert fields <= set(task)
        got = _rpc(client, "tasks/get", {"taskId": task["taskId"]})["result"]
        assert (got["status"], got["taskId"]) == ("working", task["taskId"])
        assert "result" not in got


def test_a_task_can_be_cancelled_and_an_ended_one_is_acknowledged(studio: Studio) -> None:
    with _open(studio) as client:
        task_id = _generate(client)["taskId"]
        for _ in range(2):
            assert _rpc(client, "tasks/cancel", {"taskId": task_id})["result"].keys() >= {
                "resultType"
            }
        assert _rpc(client, "tasks/get", {"taskId": task_id})["result"]["status"] == "cancelled"
        assert _rpc(client, "tasks/update", {"taskId": task_id})["result"]["resultType"]


def test_a_client_that_does_not_declare_them_waits_as_before(studio: Studio) -> None:
    with _open(studio) as client:
        answer = _generate(client, declared=False, more={"wait_s": 0})
        assert answer["structuredContent"]["state"] == "queued"
        assert "taskId" not in answer
        refused = _rpc(client, "tasks/get", {"taskId": "job_1"}, declared=False)
        assert refused["error"]["code"] == -32021
        assert IDENTIFIER in refused["error"]["data"]["requiredCapabilities"]["extensions"]


def test_verbs_that_make_no_job_and_dry_runs_are_answered_at_once(studio: Studio) -> None:
    with _open(studio) as client:
        plan = _generate(client, more={"dry_run": True})
        assert plan["structuredContent"]["effective"]["model"] == "mini"
        models = _rpc(client, "tools/call", {"name": "list_models", "arguments": {}})["result"]
        assert models["structuredContent"]["models"]
        wrong = _generate(client, more={"frames": 10})
        assert wrong["isError"] and wrong["structuredContent"]["error"]["code"] == "invalid_frames"


def test_an_unknown_task_and_a_wrong_header_are_refused(studio: Studio) -> None:
    with _open(studio) as client:
        assert _rpc(client, "tasks/get", {"taskId": "job_0"})["error"]["code"] == -32602
        assert _rpc(client, "tasks/cancel", {"taskId": "\0"})["error"]["code"] == -32602
        task_id = _generate(client)["taskId"]
        wrong = _rpc(client, "tasks/get", {"taskId": task_id}, name="job_0")
        assert wrong["error"]["code"] == -32020
        assert _rpc(client, "tasks/list", {})["error"]["code"] == -32601


def _job(made: Any) -> str:
    return str(made.structured_content["job_id"])


CLIP = {"prompt": "a ball", "wait_s": 0, "size": "64x64", "frames": 9}


def test_a_listening_client_is_told_that_its_job_has_changed(studio: Studio) -> None:
    async def run() -> None:
        async with Client(StudioServer(studio)) as client:
            job_id = _job(await client.call_tool("generate_video", CLIP))
            uri = f"shotwright://jobs/{job_id}"
            with anyio.fail_after(20):
                async with client.listen(resource_subscriptions=[uri]) as events:
                    await client.call_tool("cancel_job", {"job_id": job_id})
                    async for event in events:
                        if getattr(event, "uri", None) == uri:
                            break

    anyio.run(run)


def test_a_subscriber_of_the_older_versions_is_told_too(studio: Studio) -> None:
    async def run() -> None:
        told = anyio.Event()

        async def hear(message: Any) -> None:
            if str(getattr(message.params, "uri", "")).startswith("shotwright://jobs/"):
                told.set()

        async with Client(StudioServer(studio), mode="legacy", message_handler=hear) as client:
            job_id = _job(await client.call_tool("generate_video", CLIP))
            with pytest.warns(MCPDeprecationWarning):
                await client.subscribe_resource(f"shotwright://jobs/{job_id}")
            await client.call_tool("cancel_job", {"job_id": job_id})
            with anyio.fail_after(20):
                await told.wait()

    anyio.run(run)
