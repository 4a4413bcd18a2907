"""Questions to a language model, over real HTTP in the wire formats of OpenAI, Anthropic and Ollama."""

import time
from pathlib import Path
from typing import Any

import pytest

from shotwright.prompts.llm.ask import Question, Unfit, Writer, ask, json_object
from shotwright.prompts.llm.model import Llm, LlmFailed

SCHEMA = {
    "title": "Count",
    "type": "object",
    "properties": {"count": {"type": "integer"}},
    "required": ["count"],
    "additionalProperties": False,
}
QUESTION = Question("Count.", {"story": 'two dogs </story> "quoted"'}, SCHEMA)
SOON = {"retry-after-ms": "1"}
"""A header that makes the providers' own retries come at once."""


def read(data: dict[str, Any], last: bool) -> int:
    if not isinstance(data.get("count"), int):
        raise Unfit("count must be a whole number")
    return int(data["count"])


def llm_of(provider: str, url: str) -> Llm:
    return Llm(f"{provider}:tester", f"{url}/v1" if provider == "openai" else url, "secret")


PROVIDERS = ["openai", "anthropic", "ollama"]


@pytest.mark.parametrize("provider", PROVIDERS)
def test_an_answer_is_read(llm_server: Any, provider: str) -> None:
    llm_server.say({"count": 2})
    found = ask(Writer(llm_of(provider, llm_server.url), 60), QUESTION, read)
    assert (found.value, found.turns) == (2, 1)
    (body,) = llm_server.asked
    assert body["model"] == "tester"
    assert "</story>" in str(body["messages"])


@pytest.mark.parametrize("provider", ["openai", "anthropic"])
def test_the_key_goes_to_the_server_and_to_no_message(llm_server: Any, provider: str) -> None:
    llm_server.say({"count": 2})
    llm = llm_of(provider, llm_server.url)
    ask(Writer(llm, 60), QUESTION, read)
    assert llm_server.keys[0].endswith("secret")
    assert "secret" not in repr(llm)


def test_a_server_of_ones_own_is_not_shown_the_providers_key(
    llm_server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-the-provider")
    llm_server.say({"count": 2})
    ask(Writer(Llm("openai:tester", f"{llm_server.url}/v1"), 60), QUESTION, read)
    assert llm_server.keys == ["Bearer none"]


@pytest.mark.parametrize("provider", PROVIDERS)
def test_garbage_gets_one_repair_turn(llm_server: Any, provider: str) -> None:
    llm_server.say("I would rather not.", {"count": 3})
    found = ask(Writer(llm_of(provider, llm_server.url), 60), QUESTION, read)
    assert (found.value, found.turns) == (3, 2)
    assert "holds no JSON object" in str(llm_server.asked[1]["messages"])


def test_an_answer_that_does_not_hold_is_repaired_once_and_not_twice(llm_server: Any) -> None:
    llm_server.say({"count": "many"}, {"count": "lots"}, {"count": 1})
    with pytest.raises(LlmFailed, match=r"repaired once.*whole number"):
        ask(Writer(llm_of("openai", llm_server.url), 60), QUESTION, read)
    assert len(llm_server.asked) == 2


def test_truncated_json_is_no_answer(llm_server: Any) -> None:
    llm_server.say('{"count": 1', '{"count": ')
    with pytest.raises(LlmFailed, match="not whole JSON"):
        ask(Writer(llm_of("openai", llm_server.url), 60), QUESTION, read)


@pytest.mark.parametrize("provider", ["openai", "anthropic"])
@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_busy_server_is_asked_again_but_not_for_ever(
    llm_server: Any, provider: str, status: int
) -> None:
    llm_server.say((status, SOON), {"count": 4})
    assert ask(Writer(llm_of(provider, llm_server.url), 60), QUESTION, read).value == 4
    llm_server.say((status, SOON))
    with pytest.raises(LlmFailed, match=str(status)):
        ask(Writer(llm_of(provider, llm_server.url), 60), QUESTION, read)
    assert len(llm_server.asked) == 3


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_slow_answer_ends_with_the_time(llm_server: Any, provider: str) -> None:
    llm_server.say({"count": 1})
    ask(Writer(llm_of(provider, llm_server.url), 60), QUESTION, read)  # the package is imported now
    llm_server.say("drip")
    began = time.monotonic()
    with pytest.raises(LlmFailed, match=r"within 0\.5 s"):
        ask(Writer(llm_of(provider, llm_server.url), 0.5), QUESTION, read)
    assert time.monotonic() - began < 3


@pytest.mark.parametrize("reply", ["cut", b"<html>not an interface</html>", b'{"odd": 1}'])
@pytest.mark.parametrize("provider", ["openai", "anthropic"])
def test_a_broken_server_is_a_reason_and_no_crash(
    llm_server: Any, provider: str, reply: Any
) -> None:
    llm_server.say(reply)
    with pytest.raises(LlmFailed):
        ask(Writer(llm_of(provider, llm_server.url), 3), QUESTION, read)


def test_a_server_that_knows_no_schema_is_asked_in_words(llm_server: Any) -> None:
    llm_server.say((400, {}), {"count": 5})
    assert ask(Writer(llm_of("openai", llm_server.url), 60), QUESTION, read).value == 5
    first, second = llm_server.asked
    assert "response_format" in first and "response_format" not in second
    assert "JSON Schema" in str(second["messages"])


def test_a_wrong_key_says_which_setting(llm_server: Any) -> None:
    llm_server.say((401, {}))
    with pytest.raises(LlmFailed, match="SHOTWRIGHT_LLM_API_KEY"):
        ask(Writer(llm_of("anthropic", llm_server.url), 60), QUESTION, read)


def test_nobody_at_home_is_a_reason() -> None:
    with pytest.raises(LlmFailed):
        ask(Writer(Llm("ollama:tester", "http://127.0.0.1:9"), 60), QUESTION, read)


def test_the_same_question_is_asked_once(llm_server: Any, tmp_path: Path) -> None:
    llm_server.say({"count": 6})
    llm = llm_of("openai", llm_server.url)
    first = ask(Writer(llm, 60, tmp_path / "answers"), QUESTION, read)
    again = ask(Writer(llm, 60, tmp_path / "answers"), QUESTION, read)
    assert (first.value, again.value, again.turns) == (6, 6, 0)
    assert len(llm_server.asked) == 1
    other = Question("Count.", {"story": "three dogs"}, SCHEMA)
    ask(Writer(llm, 60, tmp_path / "answers"), other, read)
    assert len(llm_server.asked) == 2


def test_a_failure_is_not_kept(llm_server: Any, tmp_path: Path) -> None:
    llm_server.say("no", "no", {"count": 1})
    llm = llm_of("openai", llm_server.url)
    with pytest.raises(LlmFailed):
        ask(Writer(llm, 60, tmp_path), QUESTION, read)
    assert ask(Writer(llm, 60, tmp_path), QUESTION, read).value == 1


@pytest.mark.parametrize(
    "said",
    [
        '{"a": 1}',
        'Here it is:\n```json\n{"a": 1}\n```\nEnjoy.',
        '<think>maybe {"a": 2}</think>{"a": 1}',
        '{"a": 1} {"a": 2}',
    ],
)
def test_json_is_found_in_talk(said: str) -> None:
    assert json_object(said) == {"a": 1}


@pytest.mark.parametrize("said", ["", "[1]", '{"a": ', "{" * 100_000])
def test_what_is_no_object_is_unfit(said: str) -> None:
    with pytest.raises(Unfit):
        json_object(said)
