"""A form becomes a verb's arguments; a slate becomes a call that other fronts understand."""

import ast
import json
import shlex
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shotwright.generator.errors import BadRequest
from shotwright.server import commands
from shotwright.server.web import asking
from shotwright.tools.verbs import BY_NAME, parse

REQUEST: dict[str, Any] = {
    "prompt": 'it\'s "red" $HOME; 球\n--seed 3',
    "camera": [{"move": "pan_left", "amount": 20.0}],
    "keyframes": [{"image": "take_1", "at_s": 1.0}],
    "seed": 3,
    "rewrite": False,
}


def test_empty_fields_are_not_asked_and_json_is_read() -> None:
    pairs = [
        ("prompt", " "),
        ("seed", "3"),
        ("camera", '[{"move": "roll_cw"}]'),
        ("camera_words", ""),
    ]
    assert asking.arguments(pairs) == {"seed": "3", "camera": [{"move": "roll_cw"}]}
    assert asking.arguments([("camera_words", "slow pan")]) == {"camera": "slow pan"}
    assert asking.arguments([("camera", "[Zoom in]")]) == {"camera": "[Zoom in]"}
    with pytest.raises(BadRequest):
        asking.arguments([("plan", "{")])


def test_the_command_line_says_the_same() -> None:
    words = shlex.split(asking.as_command("generate_video", REQUEST))
    assert words[:2] == ["shotwright", "generate"]
    verb, given = BY_NAME["generate_video"], dict[str, Any]()
    options = iter(words[2:])
    for option in options:
        if option.startswith("--no-"):
            given[option[5:].replace("-", "_")] = False
            continue
        name, value = option[2:].replace("-", "_"), next(options)
        is_list = name == "keyframes"
        given[name] = [*given.get(name, []), value] if is_list else value
    assert parse(verb.arguments, commands.arguments(verb, given)) == parse(verb.arguments, REQUEST)


def test_mcp_and_python_say_the_same() -> None:
    call = json.loads(asking.as_mcp("generate_video", REQUEST))
    assert call["params"] == {"name": "generate_video", "arguments": REQUEST}
    tree = ast.parse(asking.as_python("generate_video", REQUEST, "http://127.0.0.1:8188"))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and node.keywords]
    asked = {word.arg: ast.literal_eval(word.value) for word in calls[0].keywords}
    assert asked == REQUEST


def test_a_request_is_asked_again_without_how_it_was_run() -> None:
    asked = {**REQUEST, "wait_s": 5, "request_key": "k", "priority": 1, "shot": "S1"}
    assert asking.replayed("generate_video", asked) == REQUEST


WORDS = st.lists(st.sampled_from(("a", "red", "ball,", "rolls", "goes", "right")))


@given(WORDS, WORDS)
def test_changes_hold_both_texts(before: list[str], after: list[str]) -> None:
    found = asking.changes(" ".join(before), " ".join(after))
    new = " ".join(text for kind, text in found if kind != "gone")
    assert new.split() == after
    assert sum(len(text.split()) for kind, text in found if kind != "new") == len(before)
