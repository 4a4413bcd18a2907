"""The codes that errors carry, the table that explains them, and the places that raise them."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from typing_extensions import TypeIs

from shotwright.generator.errors import CODES
from shotwright.server.statuses import STATUS

ROOT = Path(__file__).parents[1]
ROOMS = ("generator", "prompts", "tools", "server")


def rows() -> dict[str, tuple[str, str, str]]:
    """code -> meaning, REST, what to do, from the table in docs/errors.md."""
    found = {}
    for line in (ROOT / "docs/errors.md").read_text(encoding="utf-8").splitlines():
        if row := re.fullmatch(
            r"\| `(\w+)` \| (.+) \| (\d{3}|job|client|command) \| (.+) \|", line
        ):
            found[row[1]] = (row[2], row[3], row[4])
    return found


def _names_code(node: ast.AST) -> TypeIs[ast.keyword | ast.Assign]:
    if isinstance(node, ast.keyword):
        return node.arg == "code"
    return isinstance(node, ast.Assign) and any(
        isinstance(target, ast.Name) and target.id == "code" for target in node.targets
    )


def codes_raised() -> Iterator[tuple[str, str]]:
    """(code, where) of every `code="…"` argument and every error class's `code = "…"`."""
    for room in ROOMS:
        for path in (ROOT / room).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                value = node.value if _names_code(node) else None
                if isinstance(value, ast.Constant) and isinstance(value.value, str):
                    yield value.value, f"{path.relative_to(ROOT)}:{value.lineno}"


def test_the_table_explains_every_code_in_the_same_words() -> None:
    assert {code: meaning for code, (meaning, _, _) in rows().items()} == CODES


def test_every_code_says_what_to_do() -> None:
    assert all(len(fix) > 10 and fix.endswith(".") for _, _, fix in rows().values())


def test_the_table_gives_the_status_that_the_http_front_answers() -> None:
    told = {code: rest for code, (_, rest, _) in rows().items()}
    assert {code: int(told[code]) for code in STATUS} == STATUS
    rest = {code: status for code, status in told.items() if code not in STATUS}
    assert rest.pop("internal") == "500"
    assert rest.pop("unreachable") == "client"
    assert {rest.pop(code) for code in ("download_failed", "disk_full")} == {"command"}
    assert set(rest.values()) == {"400", "job"}


def test_no_place_raises_a_code_that_is_not_in_the_table() -> None:
    strange = {where: code for code, where in codes_raised() if code not in CODES}
    assert not strange


def test_every_code_is_raised_somewhere() -> None:
    texts = "".join(
        path.read_text(encoding="utf-8")
        for room in ROOMS
        for path in (ROOT / room).rglob("*.py")
        if path.name != "errors.py"
    )
    raised = {code for code, _ in codes_raised()}
    assert {code for code in CODES if code not in raised and f'"{code}"' not in texts} == set()
