"""A langchain agent that makes video with Shotwright's tools, over MCP.

    pip install 'shotwright' 'langchain[mcp]'
    python docs/examples/langchain_agent.py openai:gpt-4o-mini "a two second clip of a red ball at sunset"

The adapter starts `shotwright stdio` and ends it; jobs go on without it.  With SHOTWRIGHT_URL set it connects to that
server instead, SHOTWRIGHT_TOKEN being its token.
"""

import os
import sys
from typing import Any

import anyio
from fastmcp.client.transports import StreamableHttpTransport
from langchain.agents import create_agent
from langchain.agents.middleware import wrap_tool_call
from langchain.mcp import MCPAdapter
from langchain.messages import ToolMessage

CRAFT = (
    "You make video with the tools. A rendering tool answers a job: while its state is queued or running, call get_job "
    "with its job_id and wait_s 45. Look at the contact sheet before you answer. Answer with the path of the clip."
)


@wrap_tool_call
async def without_links(request: Any, handler: Any) -> Any:
    """Leave out the links to clips: chat models refuse them, and the text beside them names the same paths."""
    answer = await handler(request)
    if isinstance(answer, ToolMessage) and isinstance(answer.content, list):
        parts = [part for part in answer.content if not _is_link(part)]
        return answer.model_copy(update={"content": parts})
    return answer


def _is_link(part: Any) -> bool:
    return isinstance(part, dict) and part.get("type") == "file"


def shotwright() -> Any:
    """What the adapter connects to."""
    url = os.environ.get("SHOTWRIGHT_URL")
    if url:
        return StreamableHttpTransport(f"{url}/mcp", auth=os.environ.get("SHOTWRIGHT_TOKEN"))
    passed_on = {
        name: value for name, value in os.environ.items() if name.startswith("SHOTWRIGHT_")
    }
    server = {"command": "shotwright", "args": ["stdio"], "env": passed_on}
    return {"mcpServers": {"shotwright": server}}


async def run(model: str, wish: str) -> str:
    """What the agent says when it is done."""
    async with MCPAdapter(shotwright()) as adapter:
        tools = await adapter.list_tools()
        agent = create_agent(model, tools, system_prompt=CRAFT, middleware=[without_links])
        done = await agent.ainvoke({"messages": [{"role": "user", "content": wish}]})
    return str(done["messages"][-1].content)


if __name__ == "__main__":
    print(anyio.run(run, sys.argv[1], sys.argv[2]))
