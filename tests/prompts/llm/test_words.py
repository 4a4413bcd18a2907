"""Single prompts rewritten by a language model, over real HTTP."""

from typing import Any

import pytest

from shotwright.generator.camera import Move
from shotwright.generator.errors import BadRequest
from shotwright.prompts.llm import Llm, Writer
from shotwright.prompts.rewriter import Rewritten, rewrite

PROMPT = 'Anna holds 2 cups. No steam. A poster says "TEA".'


def told(prompt: str, negative: str = "") -> dict[str, str]:
    return {"prompt": prompt, "negative_prompt": negative}


def written(server: Any, prompt: str = PROMPT, **more: Any) -> Rewritten:
    writer = Writer(Llm("anthropic:tester", server.url), seconds=60)
    return rewrite(prompt, **{"dialect": "wan", "writer": writer, **more})


def test_three_texts_are_kept_apart(llm_server: Any) -> None:
    text = 'Anna, in soft window light, lifts 2 white cups towards a poster that says "TEA".'
    llm_server.say(told(text, "steam"))
    made = written(llm_server)
    assert (made.writer, made.original, made.text) == ("llm", PROMPT, text)
    assert text in made.prompt and made.prompt != text
    assert made.negative.startswith("steam, ")
    assert made.check.kept and "in soft window light" in " ".join(made.check.added)
    assert "anthropic:tester wrote it" in made.why


def test_what_was_lost_is_put_back(llm_server: Any) -> None:
    llm_server.say(told("Anna lifts 2 white cups."))
    made = written(llm_server)
    assert made.writer == "llm" and len(llm_server.asked) == 2
    assert 'A poster says "TEA".' in made.text and "No steam." in made.text
    assert {item.kind for item in made.check.repaired} == {"quote", "negative"}


def test_a_rewriting_that_invents_is_dropped_and_the_rules_write(llm_server: Any) -> None:
    llm_server.say(told(f"{PROMPT} Then Boris enters. The camera pans left."))
    made = written(llm_server)
    assert (made.writer, made.text) == ("director", PROMPT)
    assert "Boris" in made.why and "camera: pan_left" in made.why
    assert [warning["code"] for warning in made.warnings] == ["llm_failed"]


def test_a_camera_beside_the_text_is_no_loss(llm_server: Any) -> None:
    llm_server.say(told("A red ball rolls away over short grass."))
    made = written(llm_server, "A red ball. Slow pan left.", moves=[Move("pan_left")])
    assert made.writer == "llm" and "pans left" in made.prompt


def test_chinese_is_translated_for_a_model_that_reads_english(llm_server: Any) -> None:
    llm_server.say(told("A cat sleeps on a red chair."))
    made = written(llm_server, "一只猫睡在红椅子上。", dialect="ltx")
    assert made.writer == "llm" and "A cat sleeps on a red chair." in made.prompt
    assert made.original == "一只猫睡在红椅子上。"


def test_chinese_without_a_translation_is_refused_and_says_why(llm_server: Any) -> None:
    llm_server.say("我不会。")
    with pytest.raises(BadRequest, match="anthropic:tester did not write it") as caught:
        written(llm_server, "一只猫睡在红椅子上。", dialect="ltx")
    assert caught.value.code == "unsupported_language"


def test_with_a_picture_only_motion_is_asked_for(llm_server: Any) -> None:
    llm_server.say(told("The cat lifts its head."))
    made = written(llm_server, "The cat wakes.", mode="i2v")
    assert made.prompt == "The cat lifts its head."
    assert '"picture": true' in llm_server.asked[0]["messages"][0]["content"]
