"""The studio's own MCP server with the tools, resources and prompts that the official conformance suite calls.

Run: python fixture.py DATA_DIRECTORY, which prints its URL and serves until it is stopped.
"""

import asyncio
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any

import uvicorn
from mcp import MCPError
from mcp.server.mcpserver import Context, MCPServer
from mcp.types import (
    MISSING_REQUIRED_CLIENT_CAPABILITY,
    AudioContent,
    CallToolResult,
    Completion,
    CreateMessageRequest,
    CreateMessageRequestParams,
    ElicitRequest,
    ElicitRequestFormParams,
    EmbeddedResource,
    ImageContent,
    InputRequiredResult,
    ListRootsRequest,
    SamplingMessage,
    TextContent,
    TextResourceContents,
    Tool,
)
from pydantic import BaseModel, Field
from starlette.applications import Starlette
from starlette.middleware import Middleware

from shotwright.generator.errors import NotFound
from shotwright.server.guard import JSON_BYTES, Guard
from shotwright.server.http import transport_security
from shotwright.server.mcp import StudioServer
from shotwright.server.tasks import IDENTIFIER, Task
from shotwright.tools.settings import from_environment
from shotwright.tools.studio.studio import Studio
from shotwright.tools.verbs import BY_NAME

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg=="
SILENCE = "UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAAB9AAACABAAZGF0YQIAAAA="
STEP_S = 0.02
"""Time between two notices of a tool that tells its progress."""


Region = Annotated[str, Field(json_schema_extra={"x-mcp-header": "Region"})]
RICH = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "$defs": {
        "address": {
            "$anchor": "addressDef",
            "type": "object",
            "properties": {"street": {"type": "string"}, "city": {"type": "string"}},
        }
    },
    "properties": {
        "name": {"type": "string"},
        "address": {"$ref": "#/$defs/address"},
        "contactMethod": {"type": "string", "enum": ["phone", "email"]},
        "phone": {"type": "string"},
        "email": {"type": "string"},
    },
    "allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
    "if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
    "then": {"required": ["phone"]},
    "else": {"required": ["email"]},
    "additionalProperties": False,
}


class Fixtures(StudioServer):
    """The studio's server, and beside its verbs what is registered in the plain way."""

    async def list_tools(self) -> list[Tool]:
        rich = Tool(name="json_schema_2020_12_tool", description="Its schema.", input_schema=RICH)
        return [*await super().list_tools(), *await MCPServer.list_tools(self), rich]

    async def call_tool(
        self, name: str, arguments: dict[str, Any], context: Context[Any, Any] | None = None
    ) -> Any:
        if name in BY_NAME:
            return await super().call_tool(name, arguments, context)
        return await MCPServer.call_tool(self, name, arguments, context)


@dataclass(frozen=True)
class Faulty(Task):
    """A task that a fault of the protocol ended, which none of the studio's jobs can be."""

    def wire(self) -> dict[str, Any]:
        return {
            **super().wire(),
            "status": "failed",
            "error": {"code": -32603, "message": "as told"},
        }


@dataclass
class Errands:
    """Tasks in memory, which time completes."""

    tasks: dict[str, tuple[Task, float]] = field(default_factory=dict)
    """Each with the moment of its end."""

    async def begin(self, tool: str, arguments: dict[str, Any]) -> Task | CallToolResult | None:
        now = time.time()
        id_ = f"errand_{len(self.tasks)}"
        if tool == "slow_compute":
            seconds = arguments.get("seconds", 0)
            if not seconds:
                return text("computed")
            self.tasks[id_] = (
                Task(id_, "completed", "", now, now, text("computed")),
                now + seconds,
            )
        elif tool == "failing_job":
            result = text("it failed, as told").model_copy(update={"is_error": True})
            self.tasks[id_] = (Task(id_, "completed", "", now, now, result), now + 0.2)
        elif tool == "protocol_error_job":
            self.tasks[id_] = (Faulty(id_, "completed", "", now, now), now)
        else:
            return None
        return Task(id_, "working", "", now, now)

    async def look(self, task_id: str) -> Task:
        if task_id not in self.tasks:
            raise NotFound(
                f"{task_id} is not there.", field="taskId", value=task_id, fix="begin one"
            )
        task, end = self.tasks[task_id]
        if time.time() < end:
            return Task(task_id, "working", "", task.created_at, task.created_at)
        return task

    async def cancel(self, task_id: str) -> None:
        await self.look(task_id)
        task, end = self.tasks[task_id]
        if time.time() < end:
            self.tasks[task_id] = (replace(task, status="cancelled", result=None), 0.0)


def lacking(**capabilities: Any) -> MCPError:
    """The fault of a client that did not declare these."""
    return MCPError(
        MISSING_REQUIRED_CLIENT_CAPABILITY,
        f"declare {', '.join(capabilities)}",
        {"requiredCapabilities": capabilities},
    )


def text(words: str) -> CallToolResult:
    return CallToolResult(content=[TextContent(type="text", text=words)])


def add_content(server: MCPServer) -> None:
    """Tools that answer one kind of content each."""
    page = TextResourceContents(
        uri="test://embedded-resource",
        mime_type="text/plain",
        text="This is an embedded resource content.",
    )
    mixed = TextResourceContents(
        uri="test://mixed-content-resource",
        mime_type="application/json",
        text='{"test":"data","value":123}',
    )
    image = ImageContent(type="image", data=PIXEL, mime_type="image/png")
    answers: dict[str, list[Any]] = {
        "test_simple_text": [
            TextContent(type="text", text="This is a simple text response for testing.")
        ],
        "test_image_content": [image],
        "test_audio_content": [AudioContent(type="audio", data=SILENCE, mime_type="audio/wav")],
        "test_embedded_resource": [EmbeddedResource(type="resource", resource=page)],
        "test_multiple_content_types": [
            TextContent(type="text", text="Multiple content types test:"),
            image,
            EmbeddedResource(type="resource", resource=mixed),
        ],
        "test_logging_tool": [TextContent(type="text", text="nothing is logged to clients")],
        "test_streaming_elicitation": [TextContent(type="text", text="nothing is asked")],
    }

    def answering(content: list[Any]) -> Callable[[], CallToolResult]:
        return lambda: CallToolResult(content=content)

    for name, content in answers.items():
        server.add_tool(answering(content), name=name, description="Content for tests.")


def add_behaviour(server: MCPServer) -> None:
    """Tools that fail, tell progress, or make tasks."""

    @server.tool()
    async def test_error_handling() -> str:
        """Fails."""
        raise RuntimeError("This tool intentionally returns an error for testing")

    @server.tool()
    async def test_tool_with_progress(ctx: Context[Any, Any]) -> str:
        """Tells its progress."""
        for step in (0, 50, 100):
            await ctx.report_progress(step, 100, f"step {step}")
            await asyncio.sleep(STEP_S)
        return "done"

    @server.tool()
    async def greet(name: str) -> str:
        """Greets."""
        return f"Hello, {name}!"

    @server.tool()
    async def slow_compute(seconds: float, label: str = "") -> str:
        """A task of some seconds."""
        await asyncio.sleep(seconds)
        return "computed"

    @server.tool()
    async def failing_job() -> str:
        """A task whose tool fails, and never anything but a task."""
        raise lacking(extensions={IDENTIFIER: {}})

    @server.tool()
    async def test_missing_capability(ctx: Context[Any, Any]) -> str:
        """Needs a client that samples."""
        if ctx.client_capabilities is None or ctx.client_capabilities.sampling is None:
            raise lacking(sampling={})
        return "done"

    @server.tool()
    async def test_trigger_tool_change(ctx: Context[Any, Any]) -> str:
        """Tells that the tools have changed."""
        await ctx.notify_tools_changed()
        return "told"

    @server.tool()
    async def test_trigger_prompt_change(ctx: Context[Any, Any]) -> str:
        """Tells that the prompts have changed."""
        await ctx.notify_prompts_changed()
        return "told"

    @server.tool()
    async def test_x_mcp_header(region: Region) -> str:
        """Its argument comes as a header too."""
        return region

    @server.tool()
    async def protocol_error_job() -> str:
        """A task that a fault of the protocol ends."""
        raise RuntimeError("as told")


class Response(BaseModel):
    """What a person is asked for."""

    username: str = Field(description="User's response")
    email: str = Field(description="User's email address")


class Defaults(BaseModel):
    """Every primitive type with a default."""

    name: str = "John Doe"
    age: int = 30
    score: float = 95.5
    status: str = Field(
        default="active", json_schema_extra={"enum": ["active", "inactive", "pending"]}
    )
    verified: bool = True


TITLED: Any = [{"const": f"value{n}", "title": f"Choice {n}"} for n in (1, 2, 3)]
PLAIN: Any = ["option1", "option2", "option3"]


class Enums(BaseModel):
    """Every way to offer a choice."""

    untitledSingle: str = Field(json_schema_extra={"enum": PLAIN})
    titledSingle: str = Field(json_schema_extra={"oneOf": TITLED})
    untitledMulti: list[str] = Field(json_schema_extra={"items": {"type": "string", "enum": PLAIN}})
    titledMulti: list[str] = Field(json_schema_extra={"items": {"anyOf": TITLED}})
    legacyEnum: str = Field(
        json_schema_extra={"enum": ["a", "b", "c"], "enumNames": ["One", "Two", "Three"]}
    )


def add_questions(server: MCPServer) -> None:
    """Tools that ask the client's user, in the old way: a request of the server's own."""

    async def ask(ctx: Context[Any, Any], message: str, form: type[BaseModel]) -> str:
        given = await ctx.elicit(message, form)
        data = given.data.model_dump_json() if given.action == "accept" else "{}"
        return f"Elicitation completed: action={given.action}, content={data}"

    @server.tool()
    async def test_elicitation(message: str, ctx: Context[Any, Any]) -> str:
        """Asks for a name and an address."""
        return await ask(ctx, message, Response)

    @server.tool()
    async def test_elicitation_sep1034_defaults(ctx: Context[Any, Any]) -> str:
        """Asks with defaults."""
        return await ask(ctx, "Which?", Defaults)

    @server.tool()
    async def test_elicitation_sep1330_enums(ctx: Context[Any, Any]) -> str:
        """Asks with choices."""
        return await ask(ctx, "Which?", Enums)


def form(message: str, **properties: str) -> ElicitRequest:
    schema = {
        "type": "object",
        "properties": {name: {"type": kind} for name, kind in properties.items()},
        "required": list(properties),
    }
    return ElicitRequest(params=ElicitRequestFormParams(message=message, requested_schema=schema))


def sampling(words: str, tokens: int) -> CreateMessageRequest:
    message = SamplingMessage(role="user", content=TextContent(type="text", text=words))
    return CreateMessageRequest(
        params=CreateMessageRequestParams(messages=[message], max_tokens=tokens)
    )


def add_rounds(server: MCPServer) -> None:
    """Tools and a prompt that ask in the new way: by an answer that the client completes and sends again."""
    Rounds = list[tuple[dict[str, Any], str | None]]

    def asking(rounds: Rounds) -> Callable[[Context[Any, Any]], Any]:
        def tool(ctx: Context[Any, Any]) -> CallToolResult | InputRequiredResult:
            given = ctx.input_responses or {}
            done = [all(key in given for key in wanted) for wanted, _ in rounds]
            at = 0 if True not in done else len(done) - done[::-1].index(True)
            if at == len(rounds):
                return text(" ".join(str(value) for value in given.values()))
            wanted, state = rounds[at]
            return InputRequiredResult(input_requests=wanted, request_state=state)

        return tool

    name = {"user_name": form("What is your name?", name="string")}
    confirm = {"confirm": form("Please confirm", ok="boolean")}
    greeting = {"greeting": sampling("Generate a greeting", 50)}
    roots = {"client_roots": ListRootsRequest()}
    asked: dict[str, Rounds] = {
        "elicitation": [(name, None)],
        "sampling": [({"capital_question": sampling("What is the capital of France?", 100)}, None)],
        "list_roots": [(roots, None)],
        "request_state": [(confirm, "first")],
        "tampered_state": [(confirm, "first")],
        "multiple_inputs": [({**name, **greeting, **roots}, "first")],
        "multi_round": [
            ({"step1": form("Step 1: What is your name?", name="string")}, "first"),
            ({"step2": form("Step 2: What is your favorite color?", color="string")}, "second"),
        ],
    }
    for key, rounds in asked.items():
        server.add_tool(
            asking(rounds),
            name=f"test_input_required_result_{key}",
            description="Asks the client.",
            structured_output=False,
        )

    @server.tool(structured_output=False)
    async def test_input_required_result_capabilities(
        ctx: Context[Any, Any],
    ) -> CallToolResult | InputRequiredResult:
        """Asks only for what the client can."""
        can = ctx.client_capabilities
        wanted = {
            **(name if can and can.elicitation else {}),
            **(greeting if can and can.sampling else {}),
        }
        if not wanted or ctx.input_responses:
            return text("done")
        return InputRequiredResult(input_requests=wanted)

    @server.prompt()
    async def test_input_required_result_prompt(ctx: Context[Any, Any]) -> Any:
        """Asks before it is given."""
        if not ctx.input_responses:
            return InputRequiredResult(
                input_requests={"user_context": form("Which context?", context="string")}
            )
        return "Use the context."


def add_resources(server: MCPServer) -> None:
    """Resources, prompts and completion."""
    import base64

    @server.resource("test://static-text", mime_type="text/plain", description="Text.")
    def static_text() -> str:
        return "This is the content of the static text resource."

    @server.resource("test://static-binary", mime_type="image/png", description="A pixel.")
    def static_binary() -> bytes:
        return base64.b64decode(PIXEL)

    @server.resource("test://watched-resource", mime_type="text/plain", description="Watched.")
    def watched() -> str:
        return "watched"

    @server.resource(
        "test://template/{id}/data", mime_type="application/json", description="By id."
    )
    def template(id: str) -> str:
        return f'{{"id":"{id}","templateTest":true,"data":"Data for ID: {id}"}}'

    @server.prompt()
    def test_simple_prompt() -> str:
        """Plain."""
        return "This is a simple prompt for testing."

    @server.prompt()
    def test_prompt_with_arguments(arg1: str, arg2: str) -> str:
        """With arguments."""
        return f"Prompt with arguments: arg1='{arg1}', arg2='{arg2}'"

    @server.prompt()
    def test_prompt_with_embedded_resource(resourceUri: str) -> list[Any]:
        """With a resource."""
        page = TextResourceContents(
            uri=resourceUri, mime_type="text/plain", text="Embedded resource content for testing."
        )
        return [
            EmbeddedResource(type="resource", resource=page),
            "Please process the embedded resource above.",
        ]

    @server.prompt()
    def test_prompt_with_image() -> list[Any]:
        """With a picture."""
        return [
            ImageContent(type="image", data=PIXEL, mime_type="image/png"),
            "Please analyze the image above.",
        ]

    @server.completion()  # type: ignore[no-untyped-call,untyped-decorator]
    async def complete(ref: Any, argument: Any, context: Any) -> Completion:
        return Completion(values=["paris", "park", "party"], total=3, has_more=False)


def main(home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        settings = replace(from_environment({}, home=home), port=listener.getsockname()[1])
        studio = Studio(settings)
        server = Fixtures(studio, ledger=Errands())
        for add in (add_content, add_behaviour, add_questions, add_rounds, add_resources):
            add(server)
        mcp = server.streamable_http_app(
            transport_security=transport_security(settings), max_request_body_size=JSON_BYTES
        )
        # as server/http.py puts it together, less the routes that are not MCP's
        app = Starlette(
            routes=mcp.routes,
            middleware=[Middleware(Guard, settings, None)],
            lifespan=mcp.router.lifespan_context,
        )
        sys.stdout.write(f"{settings.base_url}/mcp\n")
        sys.stdout.flush()
        config = uvicorn.Config(app, log_config=None, access_log=False, ws="none")
        uvicorn.Server(config).run(sockets=[listener])
        studio.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
