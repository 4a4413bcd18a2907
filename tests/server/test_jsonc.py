"""A member put into JSON as a person writes it, and taken out again."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shotwright.generator.errors import BadRequest
from shotwright.server.jsonc import drop, put, read

ENTRY: dict[str, Any] = {"command": "/opt/shotwright", "args": ["stdio"]}
TEXTS = {
    "empty object": "{}",
    "empty, spaced": "{\n}\n",
    "another table": '{\n  "theme": "dark"\n}\n',
    "empty table": '{\n  "mcpServers": {}\n}',
    "other server": '{\n\t"mcpServers": {\n\t\t"git": {"command": "uvx"}\n\t},\n\t"z": 1\n}\n',
    "one line": '{"mcpServers": {"git": {"command": "uvx", "args": []}}, "a": [1, 2]}',
    "windows lines": '{\r\n    "mcpServers": {\r\n        "git": {}\r\n    }\r\n}\r\n',
}
COMMENTED = {
    "after the last": '{\n  "mcpServers": {\n    "git": {} // mine, "x"\n  }\n}\n',
    "trailing comma": '{\n  "mcpServers": {\n    "git": {}, // mine\n  }, /* end */\n}\n',
    "first lines": '// servers\n{\n  /* none\n  yet */\n  "mcpServers": {\n    // here\n  },\n}\n',
    "in one line": '{"mcpServers": {"a": {} /* , */ , } // end\n}',
    "slashes in text": '{"mcpServers": {"u": {"url": "http://x//y"}}} // x',
}


def added(text: str, *, lenient: bool) -> str:
    return put(text, "mcpServers", "shotwright", ENTRY, lenient=lenient)


def lines(text: str) -> list[str]:
    return [line.strip().rstrip(",") for line in text.splitlines()]


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_an_entry_goes_in_and_out_of_json(text: str) -> None:
    new = added(text, lenient=False)
    wanted = json.loads(text)
    wanted.setdefault("mcpServers", {})["shotwright"] = ENTRY
    assert json.loads(new) == wanted and ("\r\n" in new) == ("\r\n" in text)
    assert added(new, lenient=False) == new, "once is enough"
    back = drop(new, "mcpServers", "shotwright", lenient=False)
    del wanted["mcpServers"]["shotwright"]
    assert (
        json.loads(back) == wanted and drop(back, "mcpServers", "shotwright", lenient=False) == back
    )


@pytest.mark.parametrize("text", COMMENTED.values(), ids=COMMENTED)
def test_comments_and_trailing_commas_stay(text: str) -> None:
    new = added(text, lenient=True)
    assert read(new, lenient=True).value["mcpServers"]["shotwright"] == ENTRY
    assert drop(new, "mcpServers", "shotwright", lenient=True) == text
    with pytest.raises(ValueError):
        read(text, lenient=False)


def test_an_older_entry_is_replaced_where_it_stands() -> None:
    text = '{\n  "mcpServers": {\n    "shotwright": {"command": "old"}, "z": 1\n  }\n}'
    new = added(text, lenient=False)
    assert list(json.loads(new)["mcpServers"]) == ["shotwright", "z"]
    assert json.loads(new)["mcpServers"]["shotwright"] == ENTRY


def test_a_new_file_is_json_that_a_person_reads() -> None:
    assert (
        added("", lenient=False)
        == json.dumps({"mcpServers": {"shotwright": ENTRY}}, indent=2) + "\n"
    )


@pytest.mark.parametrize("text", ["[]", '{"mcpServers": []}', '{"mcpServers": null}', "3"])
def test_no_room_for_an_entry_is_said(text: str) -> None:
    with pytest.raises(BadRequest, match="where an object is expected"):
        added(text, lenient=False)


BROKEN = ["{", '{"a": 1', '{"a" 1}', "{'a': 1}", '{"a": tru}', '{"a": 1} x', '{"a": 1 "b": 2}']
BROKEN += [
    '{"a": [1 2]}',
    '{"a": "x}',
    "{,}",
    '{"a": [,]}',
    "{" * 100_000,
    '{"a": /* x',
    "[" * 100_000,
]


@pytest.mark.parametrize("lenient", [True, False])
@pytest.mark.parametrize("text", BROKEN, ids=lambda text: text[:12])
def test_what_is_no_json_is_refused(text: str, lenient: bool) -> None:
    with pytest.raises(ValueError):
        added(text, lenient=lenient)


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)
SERVERS = st.dictionaries(
    st.text(max_size=6).filter(lambda k: k != "shotwright"), PLAIN, max_size=3
)


@given(
    st.dictionaries(st.text(max_size=6).filter(lambda k: k != "mcpServers"), PLAIN, max_size=3),
    st.none() | SERVERS,
    st.sampled_from([None, 2, "\t"]),
)
def test_any_json_keeps_its_values(
    other: dict[str, Any], servers: dict[str, Any] | None, indent: int | str | None
) -> None:
    data = other if servers is None else {**other, "mcpServers": servers}
    text = json.dumps(data, indent=indent)
    assert read(text, lenient=False).value == data == read(text, lenient=True).value
    new = added(text, lenient=False)
    assert json.loads(new) == {**data, "mcpServers": {**(servers or {}), "shotwright": ENTRY}}
    back = json.loads(drop(new, "mcpServers", "shotwright", lenient=False))
    assert back == {**data, "mcpServers": servers or {}}
