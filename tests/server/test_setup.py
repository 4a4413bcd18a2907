"""`shotwright setup`: what it writes into the hosts' files, what it leaves alone, and that it can be undone."""

import json
import os
import shutil
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from shotwright.generator.errors import BadRequest
from shotwright.server import hosts, setup
from shotwright.server.hosts import HOSTS, config_file
from shotwright.server.main import main

WHERE = {
    ("claude-code", "linux"): ".claude.json",
    ("claude-code", "darwin"): ".claude.json",
    ("claude-code", "win32"): ".claude.json",
    ("claude-desktop", "linux"): ".config/Claude/claude_desktop_config.json",
    ("claude-desktop", "darwin"): "Library/Application Support/Claude/claude_desktop_config.json",
    ("claude-desktop", "win32"): "AppData/Roaming/Claude/claude_desktop_config.json",
    ("cursor", "linux"): ".cursor/mcp.json",
    ("cursor", "darwin"): ".cursor/mcp.json",
    ("cursor", "win32"): ".cursor/mcp.json",
    ("vscode", "linux"): ".config/Code/User/mcp.json",
    ("vscode", "darwin"): "Library/Application Support/Code/User/mcp.json",
    ("vscode", "win32"): "AppData/Roaming/Code/User/mcp.json",
    ("codex", "linux"): ".codex/config.toml",
    ("codex", "darwin"): ".codex/config.toml",
    ("codex", "win32"): ".codex/config.toml",
}
CODEX = '# mine\r\nmodel = "o5"\r\n\r\n[mcp_servers.git]\r\ncommand = "uvx" # fast\r\n\r\n[tui]\r\nx = 1\r\n'
CURSOR = '{\n  // servers\n  "mcpServers": {\n    "git": {"command": "uvx"}, // mine\n  },\n}\n'
MOVED = ("CLAUDE_CONFIG_DIR", "CODEX_HOME", "XDG_CONFIG_HOME", "APPDATA")


@pytest.fixture
def person(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of a person on Linux who has no host yet."""
    for name in [*MOVED, *(name for name in os.environ if name.startswith("SHOTWRIGHT_"))]:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    monkeypatch.setattr(sys, "platform", "linux")
    return tmp_path


def at(person: Path, host: str) -> Path:
    return person / WHERE[host, "linux"]


def written(file: Path) -> Any:
    text = file.read_bytes().decode("utf-8-sig")
    return tomllib.loads(text) if file.suffix == ".toml" else json.loads(text)


def write(host: str, file: Path, *, undo: bool = False) -> setup.Change:
    change = setup.plan(host, file, undo=undo)
    if change.needed:
        setup.carry_out(change, undo=undo)
    return change


def run(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr(sys, "argv", ["shotwright", "setup", *words])
    return main()


@pytest.mark.parametrize(("host", "platform"), WHERE)
def test_a_host_is_written_and_undone_on_every_system(
    host: str, platform: str, tmp_path: Path
) -> None:
    file = config_file(host, home=tmp_path, platform=platform, environment={})
    assert file == tmp_path / WHERE[host, platform]
    write(host, file)
    (entry,) = written(file)[HOSTS[host].table].values()
    assert Path(entry["command"]).is_absolute() and entry["args"][-1] == "stdio"
    assert not setup.plan(host, file).needed, "once is enough"
    write(host, file, undo=True)
    assert not file.exists() and not list(file.parent.glob("*shotwright*"))


def test_folders_that_were_moved_are_followed() -> None:
    moved = {name: f"/moved/{name}" for name in MOVED}

    def found(host: str, platform: str) -> str:
        file = config_file(host, home=Path("/home/me"), platform=platform, environment=moved)
        return file.as_posix()

    assert found("claude-code", "darwin") == "/moved/CLAUDE_CONFIG_DIR/.claude.json"
    assert found("codex", "win32") == "/moved/CODEX_HOME/config.toml"
    assert found("vscode", "linux") == "/moved/XDG_CONFIG_HOME/Code/User/mcp.json"
    assert found("claude-desktop", "win32").startswith("/moved/APPDATA/Claude/")


@pytest.mark.parametrize(
    ("host", "text"),
    [
        ("cursor", CURSOR),
        ("codex", CODEX),
        ("codex", ""),
        ("codex", 'mcp_servers = {git = {command = "uvx"}}\n'),
        ("claude-code", '{"numStartups": 3, "projects": {"/a": {"mcpServers": {}}}}'),
        ("vscode", '\ufeff{\r\n\t"inputs": [],\r\n\t"servers": {}\r\n}\r\n'),
    ],
)
def test_other_entries_and_comments_survive_and_undo_gives_the_bytes_back(
    host: str, text: str, person: Path
) -> None:
    file = at(person, host)
    file.parent.mkdir(exist_ok=True, parents=True)
    file.write_bytes(text.encode("utf-8"))
    file.chmod(0o600)
    change = write(host, file)
    new = file.read_bytes().decode("utf-8")
    kept = [line.strip().rstrip(",{}") for line in text.splitlines()]
    assert all(line in new for line in kept if "mcp_servers = " not in line)
    assert file.stat().st_mode & 0o777 == 0o600
    assert new.count("\n") == new.count("\r\n") or "\r\n" not in text
    assert "+" in change.diff() and setup._backup(file).read_bytes() == text.encode("utf-8")
    write(host, file, undo=True)
    assert file.read_bytes() == text.encode("utf-8") and not setup._backup(file).exists()


@pytest.mark.parametrize(
    ("host", "text"),
    [
        ("claude-desktop", '{"mcpServers": {'),
        ("claude-desktop", '{"mcpServers": {},}'),
        ("claude-code", '{"a": 1} // mine'),
        ("cursor", "{'mcpServers': {}}"),
        ("vscode", '{"servers": []}'),
        ("vscode", "[]"),
        ("codex", "[mcp_servers\n"),
        ("codex", "mcp_servers = 3\n"),
        ("codex", "a = 1\na = 2\n"),
    ],
)
@pytest.mark.parametrize("undo", [False, True])
def test_a_file_that_does_not_read_is_untouched_and_named(
    host: str, text: str, undo: bool, person: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    file = at(person, host)
    file.parent.mkdir(exist_ok=True, parents=True)
    file.write_text(text, encoding="utf-8")
    code = run(monkeypatch, "--host", host, "--yes", *(["--undo"] if undo else []))
    assert file.read_text(encoding="utf-8") == text
    assert [path.name for path in file.parent.iterdir()] == [file.name]
    said = capsys.readouterr().out
    assert undo or (code == 2 and HOSTS[host].title in said and f"{file}" in said)
    assert undo or ("left as it is" in said and "mend the file" in said)


def test_bytes_that_are_no_text_are_left_alone(person: Path) -> None:
    file = at(person, "claude-desktop")
    file.parent.mkdir(parents=True)
    file.write_bytes("{}".encode("utf-16"))
    assert "left as it is" in str(setup.plan("claude-desktop", file).error)


def test_undo_keeps_what_was_added_since_and_gives_an_older_entry_back(person: Path) -> None:
    file = at(person, "claude-desktop")
    file.parent.mkdir(parents=True)
    file.write_text('{"mcpServers": {"shotwright": {"command": "old"}}}', encoding="utf-8")
    write("claude-desktop", file)
    data = written(file)
    data["mcpServers"]["later"] = {"command": "x"}
    file.write_text(json.dumps(data), encoding="utf-8")
    write("claude-desktop", file, undo=True)
    assert written(file) == {
        "mcpServers": {"shotwright": {"command": "old"}, "later": {"command": "x"}}
    }


def test_undo_without_setup_changes_nothing(person: Path) -> None:
    for host in HOSTS:
        assert not setup.plan(host, at(person, host), undo=True).needed


def test_a_file_that_changed_meanwhile_is_not_written(person: Path) -> None:
    file = at(person, "cursor")
    change = setup.plan("cursor", file)
    file.parent.mkdir()
    file.write_text('{"mcpServers": {"new": {}}}', encoding="utf-8")
    with pytest.raises(BadRequest, match="another program"):
        setup.carry_out(change)


def test_a_link_stays_a_link(person: Path) -> None:
    real = person / "dotfiles.json"
    real.write_text("{}", encoding="utf-8")
    file = at(person, "cursor")
    file.parent.mkdir()
    file.symlink_to(real)
    write("cursor", file)
    assert file.is_symlink() and "shotwright" in written(real)["mcpServers"]
    write("cursor", file, undo=True)
    assert file.is_symlink() and real.read_text(encoding="utf-8") == "{}"


def test_a_link_that_leads_to_itself_is_named_and_left(person: Path) -> None:
    file = at(person, "cursor")
    file.parent.mkdir()
    file.symlink_to(file)
    assert "cannot be read" in str(setup.plan("cursor", file).error)


@pytest.mark.parametrize("end", ["\n", "\r\n", ""])
def test_our_table_of_codex_comes_last_and_parts_no_comment_from_what_it_is_about(
    end: str, person: Path
) -> None:
    text = '[mcp_servers.git]\ncommand = "uvx"\n\n# mine\n[profiles.fast]\nmodel = "small"\n'
    text = text.rstrip("\n") if not end else text.replace("\n", end)
    file = at(person, "codex")
    file.parent.mkdir()
    file.write_bytes(text.encode())
    write("codex", file)
    assert file.read_bytes().startswith(text.encode())
    assert list(written(file)["mcp_servers"]) == ["git", "shotwright"]


def test_the_hosts_that_are_there_are_found_shown_and_written_after_a_yes(
    person: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "--yes") == 2, "no host at all"
    (person / ".codex").mkdir()
    (person / ".claude").mkdir()
    for answer, code in (("n", 0), ("", 2)):
        monkeypatch.setattr("typer.confirm", lambda *_, a=answer, **__: a == "y" if a else _abort())
        assert run(monkeypatch) == code
    assert "+command" in capsys.readouterr().out
    assert not at(person, "codex").exists()
    assert run(monkeypatch, "--json") == 0
    shown = json.loads(capsys.readouterr().out)
    assert [c["host"] for c in shown["changes"]] == ["claude-code", "codex"]
    assert not shown["written"] and not at(person, "codex").exists()
    assert run(monkeypatch, "--yes", "--json") == 0
    assert json.loads(capsys.readouterr().out)["written"] and at(person, "codex").exists()
    assert run(monkeypatch, "--undo", "--yes") == 0
    assert not at(person, "codex").exists() and not at(person, "claude-code").exists()


def _abort() -> bool:
    import typer

    raise typer.Abort


def test_an_environment_of_uvx_is_named_by_uvx(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "prefix", "/home/me/.cache/uv/archive-v0/x1")
    monkeypatch.setattr(shutil, "which", lambda name: f"/home/me/.local/bin/{name}")
    assert hosts.this_command() == ["/home/me/.local/bin/uvx", "shotwright"]
