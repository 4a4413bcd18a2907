"""What to paste into the configuration of an MCP host, so that it starts this installation over stdio.

Knows no files of the hosts: it prints, the user pastes.
"""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

HOSTS = {
    "claude-code": ".mcp.json in the project, or `claude mcp add-json`",
    "claude-desktop": "claude_desktop_config.json",
    "cursor": ".cursor/mcp.json",
    "vscode": ".vscode/mcp.json",
}
"""Each host and where its JSON lies."""

KEPT = ("HOME", "DATABASE_URL", "STORE", "ALLOWED_ROOTS", "LLM", "LLM_BASE_URL")
"""Settings that are written down when set: hosts with windows inherit no shell.  Keys and tokens are not among them."""


def host_config(host: str, environment: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The JSON for one of HOSTS."""
    env = os.environ if environment is None else environment
    command, *arguments = this_command()
    entry: dict[str, Any] = {"command": command, "args": [*arguments, "stdio"]}
    if host in ("claude-code", "vscode"):
        entry = {"type": "stdio", **entry}
    kept = {name: env[name] for name in (f"SHOTWRIGHT_{key}" for key in KEPT) if env.get(name)}
    if kept:
        entry["env"] = kept
    return {"servers" if host == "vscode" else "mcpServers": {"shotwright": entry}}


def this_command() -> list[str]:
    """The command of this installation by absolute path: hosts with windows have another PATH."""
    # Not resolved: the python of a virtual environment is a link, and the scripts lie beside the link.
    here = Path(sys.executable).absolute()
    script = here.with_name("shotwright.exe" if os.name == "nt" else "shotwright")
    return [str(script)] if script.is_file() else [str(here), "-m", "shotwright.server.main"]
