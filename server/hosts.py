"""MCP hosts: what each is told so that it starts this installation over stdio, and where its configuration lies.

Touches no file.
"""

import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shotwright.generator.errors import BadRequest
from shotwright.tools.settings import from_environment


@dataclass(frozen=True)
class Host:
    """A program that speaks MCP.  `table` holds its servers; a `lenient` reader takes comments in JSON."""

    title: str
    project: str
    table: str = "mcpServers"
    form: str = "json"
    lenient: bool = False
    typed: bool = False


HOSTS = {
    "claude-code": Host(
        "Claude Code", ".mcp.json in the project, or `claude mcp add-json`", typed=True
    ),
    "claude-desktop": Host("Claude Desktop", "claude_desktop_config.json"),
    "cursor": Host("Cursor", ".cursor/mcp.json", lenient=True),
    "vscode": Host("VS Code", ".vscode/mcp.json", table="servers", lenient=True, typed=True),
    "codex": Host("Codex", "config.toml of Codex", table="mcp_servers", form="toml"),
}

KEPT = (
    "HOME",
    "DATABASE_URL",
    "STORE",
    "ALLOWED_ROOTS",
    "LLM",
    "LLM_BASE_URL",
    "C2PA_CERTIFICATE",
    "C2PA_KEY",
)
"""Settings that are written down when set: hosts with windows inherit no shell.  API keys and tokens are not among
them; of the certificate and its key, only where they lie."""


def host_config(host: str, environment: Mapping[str, str] | None = None) -> dict[str, Any]:
    """What one of HOSTS is told, as the object that its file holds."""
    return {HOSTS[host].table: {"shotwright": entry(host, environment)}}


def checked(host: str) -> str:
    """The name of a host.  Raises BadRequest for another."""
    if host in HOSTS:
        return host
    raise BadRequest(
        f"host {host!r} is unknown; use one of {', '.join(HOSTS)}.",
        field="host",
        value=host,
        allowed=list(HOSTS),
        fix="choose one of them",
    )


def entry(host: str, environment: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The entry of this installation in the host's table of servers."""
    env = os.environ if environment is None else environment
    command, *arguments = this_command()
    told: dict[str, Any] = {"command": command, "args": [*arguments, "stdio"]}
    if HOSTS[host].typed:
        told = {"type": "stdio", **told}
    # as they were understood here: a host starts it in another folder
    known = from_environment(env).environment()
    names = [f"SHOTWRIGHT_{key}" for key in KEPT]
    kept = {name: known[name] for name in names if env.get(name) and name in known}
    return {**told, "env": kept} if kept else told


def this_command() -> list[str]:
    """The command of this installation by absolute path: hosts with windows have another PATH."""
    uvx = shutil.which("uvx")
    if uvx and _passing(Path(sys.prefix)):
        return [uvx, "shotwright"]
    # Not resolved: the python of a virtual environment is a link, and the scripts lie beside the link.
    here = Path(sys.executable).absolute()
    script = here.with_name("shotwright.exe" if os.name == "nt" else "shotwright")
    return [str(script)] if script.is_file() else [str(here), "-m", "shotwright.server.main"]


def _passing(prefix: Path) -> bool:
    """Whether this is an environment that uvx keeps in its cache: it may be gone tomorrow."""
    return any(part.startswith("archive-v") for part in prefix.parts)


def config_file(host: str, *, home: Path, platform: str, environment: Mapping[str, str]) -> Path:
    """The user's own configuration of a host, whether it is there or not.

    platform: as sys.platform says it.  Moved folders (CLAUDE_CONFIG_DIR, CODEX_HOME, XDG_CONFIG_HOME, APPDATA) count.
    """
    if host == "claude-code":
        return Path(environment.get("CLAUDE_CONFIG_DIR") or home) / ".claude.json"
    if host == "cursor":
        return home / ".cursor" / "mcp.json"
    if host == "codex":
        return Path(environment.get("CODEX_HOME") or home / ".codex") / "config.toml"
    if platform == "darwin":
        folder = home / "Library" / "Application Support"
    elif platform == "win32":
        folder = Path(environment.get("APPDATA") or home / "AppData" / "Roaming")
    else:
        folder = Path(environment.get("XDG_CONFIG_HOME") or home / ".config")
    if host == "claude-desktop":
        return folder / "Claude" / "claude_desktop_config.json"
    return folder / "Code" / "User" / "mcp.json"


def installed(host: str, file: Path) -> bool:
    """Whether the host seems to be there: its file is, or the folder that it makes."""
    folder = file.parent / ".claude" if host == "claude-code" else file.parent
    return file.exists() or folder.is_dir()
