"""The verbs as a client of the official package meets them, in memory, in both eras of the protocol."""

import base64
import io
import json
from collections.abc import Callable
from typing import Any

import anyio
import jsonschema  # type: ignore[import-untyped]
import pytest
from mcp import Client, MCPError
from mcp.types import (
    BlobResourceContents,
    CallToolResult,
    ImageContent,
    ResourceLink,
    TextContent,
    TextResourceContents,
)
from PIL import Image

from shotwright.server.mcp import StudioServer
from shotwright.tools.studio.shown import Shown
from shotwright.tools.studio.studio import Studio

VERBS = {
    *("generate_video", "extend_video", "move_camera", "generate_image", "make_film"),
    *("plan_shots", "rewrite_prompt", "view_video", "check_video", "list_models"),
    *("import_media", "export_film", "delete_media"),
    *("get_job", "list_jobs", "cancel_job", "set_priority"),
}
READ_ONLY = {
    *("plan_shots", "rewrite_prompt", "view_video", "check_video", "list_models"),
    *("get_job", "list_jobs"),
}
JOB = {"job_id", "state", "phase", "progress", "eta_s", "attached", "result", "error", "next"}
TAKE = {
    *("take_id", "path", "url", "resource_uri", "width", "height", "frames", "fps", "duration_s"),
    *("seed", "model", "prompt", "adjustments", "warnings", "unknown_words", "timings"),
    *("camera", "seams", "endpoints"),
}
CAMERA = {"asked", "measured", "hfov_deg", "mechanism", "verdict"}
POSE = {"pan_deg", "tilt_deg", "roll_deg", "zoom_ratio", "truck", "pedestal", "dolly"}
ERROR = {"code", "message", "fix", "retryable", "field", "value", "allowed"}

eras = pytest.mark.parametrize("mode", ["auto", "legacy"])


def call(
    studio: Studio, mode: str, tool: str, arguments: dict[str, Any], **named: Any
) -> CallToolResult:
    async def run() -> CallToolResult:
        async with Client(StudioServer(studio), mode=mode) as client:
            result = await client.call_tool(tool, arguments, **named)
            assert isinstance(result, CallToolResult)
            return result

    return anyio.run(run)


def facts(result: CallToolResult) -> dict[str, Any]:
    assert isinstance(result.structured_content, dict)
    return result.structured_content


@eras
def test_the_tools_are_the_verbs_with_titles_hints_and_schemas(studio: Studio, mode: str) -> None:
    async def run() -> Any:
        async with Client(StudioServer(studio), mode=mode) as client:
            return (await client.list_tools()).tools

    tools = {tool.name: tool for tool in anyio.run(run)}
    assert set(tools) == VERBS
    for name, tool in tools.items():
        assert tool.title and tool.description
        jsonschema.Draft202012Validator.check_schema(tool.input_schema)
        jsonschema.Draft202012Validator.check_schema(tool.output_schema)
        assert tool.input_schema["type"] == tool.output_schema["type"] == "object"
        assert tool.annotations.read_only_hint is (name in READ_ONLY)
        assert tool.annotations.destructive_hint is (name in {"delete_media", "cancel_job"})
        assert tool.annotations.idempotent_hint is not None
        assert tool.annotations.open_world_hint is not None


def test_the_list_of_tools_is_short_and_the_plan_s_schema_a_resource(studio: Studio) -> None:
    async def run() -> Any:
        async with Client(StudioServer(studio)) as client:
            return (await client.list_tools()).tools

    shown = [
        tool.model_dump(mode="json", by_alias=True, exclude_none=True, exclude={"output_schema"})
        for tool in anyio.run(run)
    ]
    assert len(json.dumps(shown)) < 24_000
    plans = [tool["inputSchema"]["properties"].get("plan") for tool in shown]
    for plan in filter(None, plans):
        assert plan.keys() == {"type", "description"}
        assert "shotwright://schema/shotplan" in plan["description"]


@eras
def test_a_clip_comes_with_progress_all_facts_one_sheet_and_a_link(
    crewed: Studio, small: dict[str, Any], mode: str
) -> None:
    told: list[tuple[float, float | None, str | None]] = []

    async def hear(progress: float, total: float | None, message: str | None) -> None:
        told.append((progress, total, message))

    result = call(
        crewed,
        mode,
        "generate_video",
        {"prompt": "a blue car rests in the city at night", "seed": 1, "wait_s": 50, **small},
        progress_callback=hear,
    )
    job = facts(result)
    assert not result.is_error and job["state"] == "succeeded", job
    assert set(job) >= JOB and len(json.dumps(job)) < 10_000
    best = job["result"]["best"]
    (take,) = job["result"]["takes"]
    assert set(take) >= TAKE and take["take_id"] == best
    assert set(take["camera"]) >= CAMERA and set(take["camera"]["measured"]) == POSE
    assert set(take["endpoints"]) == {"first", "last", "keyframes"}
    assert (take["width"], take["height"], take["frames"], take["seed"]) == (64, 64, 9, 1)

    values = [value for value, _, _ in told]
    assert values == sorted(values) and len(set(values)) == len(values), "progress only rises"
    assert all(total == 1.0 for _, total, _ in told)
    assert any("denoising" in (message or "") for _, _, message in told)

    (sheet,) = [block for block in result.content if isinstance(block, ImageContent)]
    picture = base64.b64decode(sheet.data)
    assert sheet.mime_type == "image/jpeg" and len(picture) < 200_000
    assert Image.open(io.BytesIO(picture)).format == "JPEG"
    (link,) = [block for block in result.content if isinstance(block, ResourceLink)]
    assert str(link.uri) == take["resource_uri"] and link.mime_type == "video/mp4" and link.size
    (text,) = [block for block in result.content if isinstance(block, TextContent)]
    assert job["job_id"] in text.text and take["path"] in text.text
    assert len(result.model_dump_json()) < 1_000_000


@eras
def test_resources_hold_takes_jobs_the_plan_schema_and_the_camera_guide(
    crewed: Studio, ask: Callable[..., Shown], take: dict[str, Any], mode: str
) -> None:
    job_id = ask("list_jobs", limit=1).data["jobs"][0]["job_id"]

    async def run() -> tuple[Any, ...]:
        async with Client(StudioServer(crewed), mode=mode) as client:
            templates = await client.list_resource_templates()
            listed = await client.list_resources()
            read = [
                (await client.read_resource(uri)).contents[0]
                for uri in (
                    take["resource_uri"],
                    f"shotwright://jobs/{job_id}",
                    "shotwright://schema/shotplan",
                    "shotwright://guide/camera",
                )
            ]
            return templates.resource_templates, listed.resources, read

    templates, listed, (clip, job, schema, guide) = anyio.run(run)
    assert {template.uri_template for template in templates} == {
        "shotwright://takes/{id}",
        "shotwright://films/{id}",
        "shotwright://jobs/{id}",
    }
    assert {str(resource.uri) for resource in listed} == {
        "shotwright://schema/shotplan",
        "shotwright://guide/camera",
        "ui://shotwright/player.html",
    }
    assert isinstance(clip, BlobResourceContents)
    assert base64.b64decode(clip.blob)[4:8] == b"ftyp"
    assert isinstance(job, TextResourceContents)
    assert set(json.loads(job.text)) >= JOB
    assert isinstance(schema, TextResourceContents)
    jsonschema.Draft202012Validator.check_schema(json.loads(schema.text))
    assert isinstance(guide, TextResourceContents)
    assert "pan_left" in guide.text


@eras
def test_a_resource_that_is_not_there_or_too_large_says_what_to_do(
    studio: Studio, mode: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    key = studio.store.put_bytes(b"\x89PNG\r\n\x1a\n", "png").key
    studio.store.write_record("takes", "take_1", {"blobs": {"clip": key}})

    async def run() -> Any:
        async with Client(StudioServer(studio), mode=mode) as client:
            (still,) = (await client.read_resource("shotwright://takes/take_1")).contents
            monkeypatch.setattr("shotwright.server.mcp.MAX_BLOB", 3)
            told = []
            for place in ("takes/take_2", "films/film_2", "jobs/job_2", "takes/take_1"):
                with pytest.raises(MCPError) as caught:
                    await client.read_resource(f"shotwright://{place}")
                told.append(caught.value.error)
            return still, told

    still, told = anyio.run(run)
    assert still.mime_type == "image/png"
    *missing, large = told
    assert {error.code for error in missing} == {-32602} and large.code == -32603
    for error, name in zip(missing, ("take_2", "film_2", "job_2"), strict=True):
        assert name in error.message
    assert "a resource carries up to 3. use the path" in large.message
    assert not [record for record in caplog.records if record.exc_info]


@eras
def test_prompts_brief_the_calling_model(studio: Studio, mode: str) -> None:
    async def run() -> tuple[Any, ...]:
        async with Client(StudioServer(studio), mode=mode) as client:
            listed = (await client.list_prompts()).prompts
            board = await client.get_prompt("storyboard", {"script": "Night falls. {schema}"})
            shot = await client.get_prompt("direct_shot", {"idea": "a lonely kite"})
            for name, word in (("nope", "storyboard"), ("storyboard", "script")):
                with pytest.raises(MCPError, match=word) as refused:
                    await client.get_prompt(name, {})
                assert refused.value.error.code == -32602
            return listed, board.messages[0].content, shot.messages[0].content

    listed, board, shot = anyio.run(run)
    assert {prompt.name for prompt in listed} == {"storyboard", "direct_shot"}
    assert all(prompt.title and prompt.description for prompt in listed)
    assert board.text.endswith("Night falls. {schema}\n") and "a lonely kite" in shot.text
    schema = json.loads(board.text.split("```json")[2].split("```")[0])
    assert "shots" in schema["properties"]


@eras
@pytest.mark.parametrize(
    ("tool", "arguments", "code", "field"),
    [
        ("generate_video", {"prompt": "x", "model": "wan9"}, "unknown_model", "model"),
        ("generate_video", {"prompt": "x", "frames": "many"}, "invalid_frames", "frames"),
        ("generate_video", {"prompt": "x", "colour": "red"}, "invalid_argument", "colour"),
        ("generate_video", {"prompt": "x", "takes": 99}, "invalid_argument", "takes"),
        ("generate_video", {"prompt": "x", "wait_s": 51}, "invalid_argument", "wait_s"),
        ("generate_image", {}, "invalid_argument", "prompt"),
        ("get_job", {"job_id": "job_nothing"}, "not_found", "job_id"),
        ("no_such_verb", {}, "invalid_argument", "verb"),
    ],
)
def test_a_mistake_is_an_error_that_says_what_to_mend(
    studio: Studio, mode: str, tool: str, arguments: dict[str, Any], code: str, field: str
) -> None:
    result = call(studio, mode, tool, arguments)
    assert result.is_error
    error = facts(result)["error"]
    assert set(error) == ERROR
    assert (error["code"], error["field"], error["retryable"]) == (code, field, False)
    assert error["message"] and error["fix"]
    (text,) = result.content
    assert isinstance(text, TextContent) and error["message"] in text.text


@eras
def test_a_client_that_goes_away_ends_only_its_waiting(
    crewed: Studio, ask: Callable[..., Shown], small: dict[str, Any], mode: str
) -> None:
    seen = anyio.Event()

    async def hear(progress: float, total: float | None, message: str | None) -> None:
        seen.set()

    arguments = {"prompt": f"a white boat, {mode}", "wait_s": 50, "request_key": mode, **small}

    async def ask_for_it(client: Client) -> None:
        await client.call_tool("generate_video", arguments, progress_callback=hear)

    async def run() -> None:
        async with (
            Client(StudioServer(crewed), mode=mode) as client,
            anyio.create_task_group() as group,
        ):
            group.start_soon(ask_for_it, client)
            with anyio.fail_after(120):
                await seen.wait()
            group.cancel_scope.cancel()

    anyio.run(run)
    again = ask("generate_video", **{k: v for k, v in arguments.items() if k != "wait_s"}).data
    assert again["state"] == "succeeded", again["error"]


def test_a_job_that_takes_longer_than_the_wait_is_answered_unfinished(studio: Studio) -> None:
    job = facts(call(studio, "auto", "generate_video", {"prompt": "a ball", "wait_s": 0}))
    assert job["state"] == "queued" and job["result"] is None
    assert job["next"] == {"tool": "get_job", "arguments": {"job_id": job["job_id"], "wait_s": 45}}
