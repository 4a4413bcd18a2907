"""Lines of stdin that are requests and do not read: each gets its answer, and nobody waits for one in vain.

The official transport leaves such a line out, and half a surrogate pair (a text that was cut within a sign) makes one.
Knows no verbs.
"""

import json
from collections.abc import AsyncIterable, Awaitable, Callable

from anyio.streams.memory import MemoryObjectSendStream
from mcp.shared.message import SessionMessage
from mcp.types import PARSE_ERROR, ErrorData, JSONRPCError
from pydantic import ValidationError


async def pass_on(
    lines: AsyncIterable[SessionMessage | Exception],
    messages: MemoryObjectSendStream[SessionMessage | Exception],
    answer: Callable[[SessionMessage], Awaitable[None]],
) -> None:
    """Give every line that reads to `messages`, and answer those that do not and say whose they are."""
    async with messages:
        async for line in lines:
            refusal = _refusal(line) if isinstance(line, ValidationError) else None
            if refusal is None:
                await messages.send(line)
            else:
                await answer(SessionMessage(refusal))


def _refusal(error: ValidationError) -> JSONRPCError | None:
    """The answer to the request in a line that is no JSON to the official reader; None where no id is to be had."""
    first = error.errors(include_url=False)[0]
    if first["type"] != "json_invalid":
        return None
    try:
        # Python's reader takes more: half pairs and numbers of any length
        id_ = json.loads(first["input"], parse_int=_number)["id"]
    except (ValueError, RecursionError, TypeError, KeyError):
        return None
    if type(id_) not in (int, str) or not str(id_).isprintable():
        return None
    told = ErrorData(code=PARSE_ERROR, message=first["msg"])
    return JSONRPCError(jsonrpc="2.0", id=id_, error=told)


def _number(digits: str) -> int | None:
    """None for one that is no id: very long ones are an error of Python's own."""
    return int(digits) if len(digits) < 20 else None
