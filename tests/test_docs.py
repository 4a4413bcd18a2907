"""The guides say what is so: their commands parse, their JSON is what is written, every code is treated."""

import ast
import json
import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from shotwright.generator.errors import CODES
from shotwright.server.hosts import HOSTS, host_config
from shotwright.server.main import app
from shotwright.tools import AsyncStudio, Studio

ROOT = Path(__file__).resolve().parents[1]
GUIDES = [
    *(ROOT / "docs" / f"{name}.md" for name in ("quickstart", "python", "team", "troubleshooting")),
    *(ROOT / "docs" / f"{name}.md" for name in ("camera", "scripts", "models")),
    *sorted((ROOT / "docs" / "reference").glob("*.md")),
    *sorted((ROOT / "docs" / "hosts").glob("*.md")),
]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def blocks(language: str) -> Iterator[tuple[str, str]]:
    """(guide, text) of each block in this language."""
    for guide in GUIDES:
        for kind, text in BLOCK.findall(guide.read_text(encoding="utf-8")):
            if kind == language:
                yield guide.name, text


def commands() -> Iterator[list[str]]:
    """Every line of shell, its comment and leading settings taken off."""
    for _, text in blocks("sh"):
        for line in text.replace("\\\n", " ").splitlines():
            # settings go before the command, as KEY=value or KEY=$(…)
            bare = re.sub(r"^((export )?\w+=(\$\([^)]*\)|\S)*\s*)+", "", line.strip())
            words = shlex.split(bare, comments=True)
            if words:
                yield words


OURS = [words for words in commands() if Path(words[0]).name == "shotwright"]


@pytest.mark.parametrize("words", OURS, ids=" ".join)
def test_a_command_of_ours_is_one_that_the_program_takes(words: list[str]) -> None:
    group: Any = typer.main.get_command(app)
    context = group.make_context("shotwright", [], resilient_parsing=True)
    command = group.get_command(context, words[1])
    assert command is not None, f"there is no command {words[1]}"
    command.make_context(words[1], words[2:])


def test_other_commands_name_files_that_are_there() -> None:
    others = [words for words in commands() if words not in OURS]
    assert len(others) > 5
    for words in others:
        for word in words[1:]:
            if re.fullmatch(r"(docs|bench|tests)/\S+", word):
                assert (ROOT / word).exists(), word


def test_the_command_that_other_programs_are_given_is_ours() -> None:
    given = [words[words.index("--") + 1 :] for words in commands() if "--" in words]
    assert len(given) == 2
    assert all(Path(words[0]).name == "shotwright" and words[1:] == ["stdio"] for words in given)


@pytest.mark.parametrize("host", HOSTS)
def test_a_hosts_page_shows_the_entry_that_setup_writes(host: str) -> None:
    page = (ROOT / "docs" / "hosts" / f"{host}.md").read_text(encoding="utf-8")
    assert f"shotwright setup --host {host}" in page
    read = tomllib.loads if HOSTS[host].form == "toml" else json.loads
    shown = [read(text) for kind, text in BLOCK.findall(page) if kind == HOSTS[host].form]
    told = host_config(host, {})[HOSTS[host].table]["shotwright"]
    entries = [data[HOSTS[host].table]["shotwright"] for data in shown]
    here = {**told, "command": "/path/to/.venv/bin/shotwright", "args": ["stdio"]}
    assert here in entries


def test_every_json_in_the_guides_is_json() -> None:
    found = [json.loads(text) for _, text in blocks("json")]
    assert len(found) > 5


def test_python_in_the_guides_calls_what_a_studio_has() -> None:
    called: set[str] = set()
    for guide, text in blocks("python"):
        for node in ast.walk(ast.parse(text, filename=guide)):
            if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "studio":
                called.add(node.attr)
    assert {"generate_video", "result", "save"} <= called
    assert all(hasattr(Studio, name) and hasattr(AsyncStudio, name) for name in called)


def test_troubleshooting_treats_every_code_and_no_other() -> None:
    page = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
    treated = re.findall(r"^### (\w+)\n(.+)", page, re.MULTILINE)
    assert [code for code, _ in treated] == list(CODES)
    assert all(len(text) > 20 for _, text in treated)


def test_links_of_the_guides_lead_somewhere() -> None:
    for guide in GUIDES:
        for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", guide.read_text(encoding="utf-8")):
            assert (guide.parent / target).exists(), f"{guide.name} links to {target}"


def test_settings_in_the_guides_are_read_by_the_program() -> None:
    from dataclasses import fields

    from shotwright.tools.settings import Settings

    known = {field.name.upper() for field in fields(Settings)}
    for guide in GUIDES:
        for name in re.findall(r"SHOTWRIGHT_([A-Z0-9_]+)", guide.read_text(encoding="utf-8")):
            assert name in known, f"{guide.name} names SHOTWRIGHT_{name}"
