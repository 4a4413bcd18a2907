"""The verbs as MCP tools, with resources and prompts, on the official server class.

Arguments are checked by our own models, so that a schema violation answers with the same structured error as everything
else.  A client that goes away cancels only its waiting.
"""

import json
from collections.abc import Iterable
from dataclasses import replace
from importlib.metadata import version
from importlib.resources import files
from typing import Any

import anyio
from mcp import MCPError
from mcp.server.apps import Apps
from mcp.server.lowlevel.helper_types import ReadResourceContents
from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import (
    ResourceError,
    ResourceNotFoundError,
    UnexpectedResourceError,
)
from mcp.server.stdio import stdio_server
from mcp.shared.message import SessionMessage
from mcp.types import (
    INVALID_PARAMS,
    CallToolResult,
    ContentBlock,
    GetPromptResult,
    ImageContent,
    InputRequiredResult,
    ResourceLink,
    SubscribeRequestParams,
    TextContent,
    Tool,
    ToolAnnotations,
    UnsubscribeRequestParams,
)
from pydantic import AnyUrl

from shotwright.generator.errors import NotFound, ShotwrightError, TooLarge
from shotwright.server.notices import JobNotices
from shotwright.server.schemas import argument_schema, output_schema
from shotwright.server.stdio import pass_on
from shotwright.server.tasks import Ledger, Task, Tasks
from shotwright.tools import verbs
from shotwright.tools.studio import jobs
from shotwright.tools.studio.shown import Shown, show_job
from shotwright.tools.studio.studio import Studio
from shotwright.tools.studio.wire import ENDED, Call

INSTRUCTIONS = (
    "Shotwright makes video on this machine's own hardware. Rendering verbs answer a job; when its state is not "
    "succeeded, call get_job with wait_s until it has ended: never ask for the same clip again. Look at the "
    "contact sheet "
    "of each answer and at the measured camera before you go on. Films: plan_shots, edit the plan, make_film; "
    "change a film "
    "with film_id and edits. Camera words: resource shotwright://guide/camera."
)
PLAYER = "ui://shotwright/player.html"
PNG = b"\x89PNG\r\n\x1a\n"
MAX_BLOB = 16 * 1024 * 1024
"""Clips up to this size can be read as a resource; larger ones by path or URL."""


class StudioServer(MCPServer):
    """An MCP server whose tools are the verbs; ledger: of its tasks, the studio's jobs when left out."""

    def __init__(self, studio: Studio, *, ledger: Ledger | None = None) -> None:
        notices = JobNotices(studio)
        super().__init__(
            "shotwright",
            title="Shotwright",
            description="Video on your own GPU: clips, continuations, camera moves, films.",
            version=version("shotwright"),
            instructions=INSTRUCTIONS,
            extensions=[Tasks(ledger or JobLedger(studio)), _player()],
            subscriptions=notices,
        )
        self.studio = studio
        # the official class serves only the new way of listening
        low = self._lowlevel_server
        low.add_request_handler("resources/subscribe", SubscribeRequestParams, notices.on_subscribe)
        low.add_request_handler(
            "resources/unsubscribe", UnsubscribeRequestParams, notices.on_unsubscribe
        )
        _resources(self, studio)
        _prompts(self)

    async def run_stdio_async(self) -> None:
        """As the official class does, and with an answer to a request that does not read."""
        low = self._lowlevel_server
        async with stdio_server() as (lines, out), anyio.create_task_group() as group:
            messages, requests = anyio.create_memory_object_stream[SessionMessage | Exception]()
            group.start_soon(pass_on, lines, messages, out.send)
            await low.run(requests, out, low.create_initialization_options())
            group.cancel_scope.cancel()

    async def list_tools(self) -> list[Tool]:
        return [_tool(verb) for verb in verbs.VERBS]

    async def read_resource(
        self, uri: AnyUrl | str, context: Context[Any, Any] | None = None
    ) -> Iterable[ReadResourceContents] | InputRequiredResult:
        """The resource; what we refuse is told in our words, and a picture is called a picture."""
        try:
            contents = await super().read_resource(uri, context)
        except UnexpectedResourceError as error:
            cause = error.__cause__
            if not isinstance(cause, ShotwrightError):
                raise
            kind = ResourceNotFoundError if isinstance(cause, NotFound) else ResourceError
            raise kind(f"{cause.message} {cause.fix}".strip()) from cause
        if isinstance(contents, InputRequiredResult):
            return contents
        return [
            replace(part, mime_type="image/png")
            if isinstance(part.content, bytes) and part.content.startswith(PNG)
            else part
            for part in contents
        ]

    async def get_prompt(
        self,
        name: str,
        arguments: dict[str, Any] | None = None,
        context: Context[Any, Any] | None = None,
    ) -> GetPromptResult | InputRequiredResult:
        """The prompt; the official class takes a name or an argument that is not there for a fault of the server."""
        there = {prompt.name: prompt for prompt in await self.list_prompts()}
        if name not in there:
            raise MCPError(
                INVALID_PARAMS, f"{name[:100]!r} is no prompt; use one of {', '.join(there)}."
            )
        needed = [argument.name for argument in there[name].arguments or () if argument.required]
        if missing := [argument for argument in needed if argument not in (arguments or {})]:
            raise MCPError(INVALID_PARAMS, f"{name} needs {', '.join(missing)}.")
        return await super().get_prompt(name, arguments, context)

    async def call_tool(
        self, name: str, arguments: dict[str, Any], context: Context[Any, Any] | None = None
    ) -> CallToolResult:
        report = _Reporter(context)
        try:
            return _answer(await verbs.call(self.studio, name, arguments, report))
        except ShotwrightError as error:
            return _refusal(error)


class JobLedger:
    """Jobs as tasks of the MCP extension."""

    def __init__(self, studio: Studio) -> None:
        self.studio = studio

    async def begin(self, tool: str, arguments: dict[str, Any]) -> Task | CallToolResult | None:
        """A verb that makes a job makes a task; what is refused, planned or done already is answered at once."""
        verb = verbs.BY_NAME.get(tool)
        if verb is None or not issubclass(verb.arguments, Call) or arguments.get("dry_run"):
            return None
        try:
            shown = await verbs.call(self.studio, tool, {**arguments, "wait_s": 0})
        except ShotwrightError as error:
            return _refusal(error)
        if shown.data["state"] in ENDED:
            return _answer(shown)
        return await self.look(shown.data["job_id"])

    async def look(self, task_id: str) -> Task:
        queue = await self.studio.queue()
        row = await self.studio.blocking(queue.row, task_id)
        changed = row["ended_at"] or row["started_at"] or row["created_at"]
        told = f"{row['phase']}, {row['progress']:.0%}"
        task = Task(row["job_id"], "working", told, row["created_at"], changed)
        if row["state"] == "cancelled":
            return replace(task, status="cancelled")
        if row["state"] not in ENDED:
            await self.studio.ensure_worker()
            return task
        job = await show_job(self.studio, jobs.answer(row, self.studio.base_url))
        result = _answer(job)
        result.is_error = row["state"] == "failed"
        return replace(task, status="completed", result=result)

    async def cancel(self, task_id: str) -> None:
        queue = await self.studio.queue()
        await self.studio.blocking(queue.cancel, task_id)


class _Reporter:
    """Progress as MCP notifications; their value must rise, so a repeated one is nudged."""

    def __init__(self, context: Context[Any, Any] | None) -> None:
        self.context, self.last = context, -1.0

    async def __call__(self, progress: float, message: str) -> None:
        if self.context is None:
            return
        self.last = max(progress, self.last + 1e-6)
        await self.context.report_progress(self.last, 1.0, message)


def _player() -> Apps:
    """The player that hosts with MCP Apps show in the chat."""
    apps = Apps()
    html = files("shotwright.server").joinpath("player.html").read_text(encoding="utf-8")
    apps.add_html_resource(PLAYER, html, name="player", title="Player", prefers_border=True)
    return apps


def _tool(verb: verbs.Verb) -> Tool:
    shows = issubclass(verb.arguments, Call) or verb.name in ("get_job", "view_video")
    return Tool(
        _meta={"ui": {"resourceUri": PLAYER}} if shows else None,
        name=verb.name,
        title=verb.title,
        description=verb.description,
        input_schema=argument_schema(verb),
        output_schema=output_schema(verb),
        annotations=ToolAnnotations(
            read_only_hint=verb.read_only,
            destructive_hint=verb.destructive,
            idempotent_hint=verb.idempotent,
            open_world_hint=verb.open_world,
        ),
    )


def _refusal(error: ShotwrightError) -> CallToolResult:
    return CallToolResult(
        content=[TextContent(type="text", text=f"{error.message} {error.fix}".strip())],
        structured_content={"error": error.body()},
        is_error=True,
    )


def _answer(shown: Shown) -> CallToolResult:
    """Facts in structured content, the same in short as text, pictures, links."""
    import base64

    content: list[ContentBlock] = [TextContent(type="text", text=summary(shown.data))]
    content += [
        ImageContent(
            type="image", data=base64.b64encode(picture).decode("ascii"), mime_type="image/jpeg"
        )
        for picture in shown.pictures
    ]
    content += [
        ResourceLink(
            type="resource_link",
            uri=link.uri,
            name=link.name,
            mime_type=link.mime_type,
            size=link.size,
        )
        for link in shown.links
    ]
    return CallToolResult(content=content, structured_content=shown.data)


def summary(data: dict[str, Any]) -> str:
    """The answer in a few lines, for hosts that show text only."""
    if "job_id" not in data:
        return json.dumps(data, ensure_ascii=False)[:4000]
    lines = [f"{data['job_id']}: {data['state']}, {data['phase']}, {data['progress']:.0%}"]
    if data["error"]:
        lines.append(f"{data['error']['code']}: {data['error']['message']} {data['error']['fix']}")
    result = data["result"] or {}
    if "film_id" in result:
        lines.append(f"{result['film_id']} {result['duration_s']:.2f} s {result['path']}")
    for take in result.get("takes", ()):
        verdict = ", ".join(
            f"{k} {v}" for k, v in take["camera"].get("verdict", {}).items() if v != "still"
        )
        lines.append(
            f"{take['take_id']} {take['width']}x{take['height']} {take['duration_s']:.2f} s seed {take['seed']} "
            f"camera {take['camera']['mechanism']}: {verdict or 'still'} {take['path']}"
        )
        lines += [f"  {w['code']}: {w['message']}" for w in take["warnings"]]
    if data["next"]:
        lines.append(f"next: {data['next']['tool']} {json.dumps(data['next']['arguments'])}")
    return "\n".join(lines)


def _resources(server: MCPServer, studio: Studio) -> None:
    @server.resource(
        "shotwright://takes/{id}",
        name="take",
        title="A take's clip",
        description="The MP4 (or PNG) of a take, up to 16 MiB.",
        mime_type="video/mp4",
    )
    @server.resource(
        "shotwright://films/{id}",
        name="film",
        title="A film",
        description="The MP4 of a film, up to 16 MiB.",
        mime_type="video/mp4",
    )
    async def clip(id: str) -> bytes:
        return await studio.blocking(_blob, studio, id)

    @server.resource(
        "shotwright://jobs/{id}",
        title="A job",
        description="State, progress and result of a job.",
        mime_type="application/json",
    )
    async def job(id: str) -> str:
        queue = await studio.queue()
        row = await studio.blocking(queue.row, id)
        return json.dumps(jobs.answer(row, studio.base_url))

    @server.resource(
        "shotwright://schema/shotplan",
        title="ShotPlan schema",
        description="JSON schema of the plan that make_film takes.",
        mime_type="application/json",
    )
    def shotplan() -> str:
        from shotwright.prompts.shotplan import plan_schema

        return json.dumps(plan_schema())

    @server.resource(
        "shotwright://guide/camera",
        title="Camera guide",
        description="Moves, units, presets, Kling's numbers, examples.",
        mime_type="text/markdown",
    )
    def camera() -> str:
        from shotwright.prompts.texts import load

        return load("camera_guide")


def _blob(studio: Studio, id_: str) -> bytes:
    """The clip of a take or film.  Raises NotFound, TooLarge."""
    kind = "films" if id_.startswith("film_") else "takes"
    record = studio.store.read_record(kind, id_)
    key = record["blobs"]["clip"]
    size = studio.store.size(key)
    if size > MAX_BLOB:
        raise TooLarge(
            f"{id_} has {size} bytes; a resource carries up to {MAX_BLOB}.",
            field="uri",
            value=size,
            allowed=MAX_BLOB,
            fix="use the path or url of the take",
        )
    return studio.store.fetch(key).read_bytes()


def _prompts(server: MCPServer) -> None:
    from shotwright.prompts.texts import load

    @server.prompt(
        title="Write a storyboard",
        description="Craft and schema for turning a script into a ShotPlan for make_film.",
    )
    def storyboard(script: str) -> str:
        from shotwright.prompts.shotplan import plan_schema

        schema = json.dumps(plan_schema(), ensure_ascii=False)
        # the script last: what stands in braces in it is the user's
        return load("storyboard").replace("{schema}", schema).replace("{script}", script)

    @server.prompt(
        title="Direct one shot",
        description="Instructions for prompt, camera and pictures of a single clip.",
    )
    def direct_shot(idea: str) -> str:
        return f"{load('direct_shot')}\n\n## The idea\n\n{idea}"
