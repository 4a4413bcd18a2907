"""The official conformance suite against our server class; package.json beside this says what it needs of Node."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).parent
SUITE = "@modelcontextprotocol/conformance/dist/index.js"
EXPECTED = HERE / "expected-failures.yml"
REVISIONS = ("2025-11-25", "2026-07-28")


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The fixture server, a process of its own."""
    home = tmp_path_factory.mktemp("conformance")
    command = [sys.executable, str(HERE / "fixture.py"), str(home)]
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
    assert process.stdout is not None
    yield process.stdout.readline().strip()
    process.terminate()
    process.communicate(timeout=60)


def test_the_server_conforms_to_both_revisions(url: str, node: str, tmp_path: Path) -> None:
    """At once: the suite mostly waits."""
    suite = [node, str(HERE / "node_modules" / SUITE), "server", "--url", url, "--requirements"]
    running = [
        subprocess.Popen([*suite, revision], cwd=tmp_path, stdout=subprocess.PIPE, text=True)
        for revision in REVISIONS
    ]
    failed: set[str] = set()
    for revision, process in zip(REVISIONS, running, strict=True):
        said, _ = process.communicate(timeout=220)
        assert len(re.findall(r"^✓ ", said, re.MULTILINE)) > 25, f"{revision}\n{said[-4000:]}"
        failed |= set(re.findall(r"^✗ ([\w-]+):", said, re.MULTILINE))
    expected = re.findall(r"^  - ([\w-]+)$", EXPECTED.read_text(encoding="utf-8"), re.MULTILINE)
    assert failed == set(expected)
