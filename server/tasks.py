"""The MCP Tasks extension (SEP-2663) over the same jobs: a client that declares it gets a task where others wait.

    tools/call -> {resultType: task, taskId: job_…}; tasks/get until it has ended; tasks/cancel

A task is a job by another name: it is as durable, and get_job answers it too.  A failed job is a completed task whose
result is an error; only faults of the protocol fail a task, and there are none after a job has been made.
Source: modelcontextprotocol.io, ext-tasks, specification 2026-07-28.
Try: python -m pytest tests/server/test_tasks.py
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, Protocol

from mcp import MCPError
from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.server.extension import Extension, MethodBinding
from mcp.types import (
    HEADER_MISMATCH,
    INVALID_PARAMS,
    MISSING_REQUIRED_CLIENT_CAPABILITY,
    CallToolRequestParams,
    CallToolResult,
    RequestParams,
)
from pydantic import Field

from shotwright.generator.errors import NotFound

IDENTIFIER = "io.modelcontextprotocol/tasks"
VERSIONS = frozenset({"2026-07-28"})
"""The extension is of this revision; older clients know nothing of it."""
POLL_MS = 1000

Status = Literal["working", "completed", "cancelled"]


@dataclass(frozen=True)
class Task:
    """One task as it is; result: of a completed one."""

    id: str
    status: Status
    message: str
    created_at: float
    updated_at: float
    result: CallToolResult | None = None

    def wire(self) -> dict[str, Any]:
        """The flat fields of the specification; a job is kept without end, hence no ttl."""
        return {
            "taskId": self.id,
            "status": self.status,
            "statusMessage": self.message,
            "createdAt": _iso(self.created_at),
            "lastUpdatedAt": _iso(self.updated_at),
            "ttlMs": None,
            "pollIntervalMs": POLL_MS,
        }


class Ledger(Protocol):
    """Where tasks are kept."""

    async def begin(self, tool: str, arguments: dict[str, Any]) -> Task | CallToolResult | None:
        """A task of this call, or its answer where there is one already; None for a tool that makes no tasks."""

    async def look(self, task_id: str) -> Task:
        """The task.  Raises: NotFound."""

    async def cancel(self, task_id: str) -> None:
        """Stop it, unless it has ended.  Raises: NotFound."""


class TaskParams(RequestParams):
    """Parameters of tasks/get, tasks/update and tasks/cancel."""

    task_id: str = Field(alias="taskId", max_length=200, pattern=r"^[^\x00]*$")


class Tasks(Extension):
    """The extension over a ledger."""

    identifier = IDENTIFIER

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger

    def methods(self) -> Sequence[MethodBinding]:
        served = {
            "tasks/get": self._get,
            "tasks/update": self._update,
            "tasks/cancel": self._cancel,
        }
        return [
            MethodBinding(name, TaskParams, self._checked(handler), VERSIONS)
            for name, handler in served.items()
        ]

    async def intercept_tool_call(
        self,
        params: CallToolRequestParams,
        ctx: ServerRequestContext[Any, Any],
        call_next: CallNext,
    ) -> HandlerResult:
        """A task where the client declared that it reads them and the tool makes one; else the plain call."""
        if not _declared(ctx):
            return await call_next(ctx)
        begun = await self.ledger.begin(params.name, dict(params.arguments or {}))
        if begun is None:
            return await call_next(ctx)
        if isinstance(begun, CallToolResult):
            return begun
        return {"resultType": "task", **begun.wire()}

    def _checked(
        self, handler: Callable[[TaskParams], Awaitable[dict[str, Any]]]
    ) -> Callable[[ServerRequestContext[Any, Any], Any], Awaitable[HandlerResult]]:
        async def checked(ctx: ServerRequestContext[Any, Any], params: Any) -> HandlerResult:
            if not _declared(ctx):
                raise MCPError(
                    MISSING_REQUIRED_CLIENT_CAPABILITY,
                    f"declare the extension {IDENTIFIER} in the request's clientCapabilities",
                    {"requiredCapabilities": {"extensions": {IDENTIFIER: {}}}},
                )
            named = _header(ctx, "mcp-name")
            if named is not None and named != params.task_id:
                raise MCPError(
                    HEADER_MISMATCH, f"the header Mcp-Name is {named!r}, taskId {params.task_id!r}"
                )
            try:
                return {"resultType": "complete", **await handler(params)}
            except NotFound as error:
                raise MCPError(INVALID_PARAMS, error.message) from None

        return checked

    async def _get(self, params: TaskParams) -> dict[str, Any]:
        task = await self.ledger.look(params.task_id)
        if task.result is None:
            return task.wire()
        result = task.result.model_dump(mode="json", by_alias=True, exclude_none=True)
        return {**task.wire(), "result": {"resultType": "complete", **result}}

    async def _update(self, params: TaskParams) -> dict[str, Any]:
        """Nothing is ever asked of the client, so there is nothing to take from it."""
        await self.ledger.look(params.task_id)
        return {}

    async def _cancel(self, params: TaskParams) -> dict[str, Any]:
        await self.ledger.cancel(params.task_id)
        return {}


def _declared(ctx: ServerRequestContext[Any, Any]) -> bool:
    if ctx.protocol_version not in VERSIONS:
        return False
    capabilities = ctx.session.client_capabilities
    return bool(capabilities and IDENTIFIER in (capabilities.extensions or {}))


def _header(ctx: ServerRequestContext[Any, Any], name: str) -> str | None:
    headers = getattr(ctx.request, "headers", None)
    return None if headers is None else headers.get(name)


def _iso(seconds: float) -> str:
    return (
        datetime.fromtimestamp(seconds, UTC)
        .isoformat(timespec="milliseconds")
        .replace("+00:00", "Z")
    )
