"""rewrite_prompt: compiled for the model's dialect, with what was changed and what it does not know."""

import anyio

from shotwright.tools import verbs
from shotwright.tools.studio.studio import Studio


def test_a_prompt_is_compiled_and_strange_words_are_named(studio: Studio) -> None:
    asked = {"prompt": "A crimson ball rolls past a zeppelin", "camera": "pan left"}
    answer = anyio.run(lambda: verbs.call(studio, "rewrite_prompt", asked)).data
    assert answer["original"] == asked["prompt"] and answer["model"] == "mini"
    assert "ball" in answer["prompt"] and answer["prompt"] != answer["original"]
    assert "pans left" in answer["prompt"]
    assert "zeppelin" in answer["unknown_words"]
    assert answer["writer"] and answer["dialect"] == "mini"


def test_what_is_rewritten_needs_no_rewriting(studio: Studio) -> None:
    once = anyio.run(lambda: verbs.call(studio, "rewrite_prompt", {"prompt": "a red ball"})).data
    again = {"prompt": once["prompt"]}
    assert (
        anyio.run(lambda: verbs.call(studio, "rewrite_prompt", again)).data["prompt"]
        == (once["prompt"])
    )
