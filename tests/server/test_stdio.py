"""Requests over stdin that the official reader does not take."""

import anyio
import pytest
from mcp.shared.message import SessionMessage
from mcp.types import jsonrpc_message_adapter

from shotwright.server.stdio import pass_on

PING = '{"jsonrpc": "2.0", "id": 1, "method": "ping"}'


def answered(line: str) -> tuple[list[SessionMessage], int]:
    """What is said to a line with a good one after it, and how many items reach the server."""
    said: list[SessionMessage] = []

    async def run() -> int:
        give, lines = anyio.create_memory_object_stream[SessionMessage | Exception](2)
        messages, requests = anyio.create_memory_object_stream[SessionMessage | Exception](2)
        for text in (line, PING):
            try:
                await give.send(SessionMessage(jsonrpc_message_adapter.validate_json(text)))
            except ValueError as error:
                await give.send(error)
        give.close()

        async def answer(message: SessionMessage) -> None:
            said.append(message)

        await pass_on(lines, messages, answer)
        with requests, lines:
            return len([item async for item in requests])

    return said, anyio.run(run)


@pytest.mark.parametrize("wrong", ['"\\ud800"', "9" * 5000])
def test_a_request_that_says_whose_it_is_gets_an_error(wrong: str) -> None:
    (message,), passed = answered(
        f'{{"jsonrpc": "2.0", "id": "a", "method": "m", "params": {{"x": {wrong}}}}}'
    )
    told = message.message.model_dump()
    assert (told["id"], told["error"]["code"], passed) == ("a", -32700, 1)


@pytest.mark.parametrize(
    "line",
    [
        *("hello", "[1]", "null", '{"id": 1}', '{"id": 1, "x": NaNN}'),
        *('{"id": true, "x": "\\ud800"}', '{"id": "\\ud800"}'),
        '{"id": 1, "x": ' + "[" * 5000 + "]" * 5000 + "}",
    ],
)
def test_what_is_nobodys_is_left_to_the_official_server(line: str) -> None:
    assert answered(line) == ([], 2)
