"""One prompt rewritten by a language model, and held to the user's words."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from shotwright.generator.camera import Move
from shotwright.prompts import texts
from shotwright.prompts.language import Language, detect_language
from shotwright.prompts.llm.ask import Question, Unfit, Writer, ask
from shotwright.prompts.llm.plan import SPOKEN
from shotwright.prompts.rewrite_check import Check, check_rewrite, put_back

FORM = {
    "title": "Rewriting",
    "type": "object",
    "properties": {
        "prompt": {"type": "string", "description": "the rewritten prompt, one paragraph"},
        "negative_prompt": {"type": "string", "description": "what must not appear, bare nouns"},
    },
    "required": ["prompt", "negative_prompt"],
    "additionalProperties": False,
}
LONGEST = 4000
"""Letters of a rewritten prompt; no video model reads as many."""


@dataclass(frozen=True)
class Rewording:
    """A rewritten prompt; check: what happened to the user's words on the way."""

    text: str
    negative: str
    language: Language
    check: Check
    turns: int
    seconds: float


def rewrite_text(
    writer: Writer,
    prompt: str,
    *,
    write_in: Language,
    form: str,
    picture: bool,
    moves: Iterable[Move] = (),
) -> Rewording:
    """The prompt as a language model writes it for a video model.

    form: what the video model wants, in words; picture: the first frame is given; moves: the camera, kept beside the
    text. Raises: LlmFailed when it gives none that keeps the user's words.
    """
    moves = tuple(moves)

    def read(data: dict[str, Any], last: bool) -> tuple[str, str, Check]:
        text, negative = data.get("prompt"), data.get("negative_prompt") or ""
        if not isinstance(text, str) or not text.strip() or not isinstance(negative, str):
            raise Unfit("prompt and negative_prompt must be text, prompt not empty")
        if len(text) > LONGEST:
            raise Unfit(f"prompt has {len(text)} letters; write at most {LONGEST}")
        if detect_language(text) != write_in:
            raise Unfit(f"prompt must be written in {SPOKEN[write_in]}")
        text = text.strip()
        check = check_rewrite(prompt, text, negative=negative, moves=moves)
        if check.lost and last and detect_language(prompt) == write_in:
            text = put_back(prompt, text, check)
            again = check_rewrite(prompt, text, negative=negative, moves=moves)
            check = Check(again.lost, again.invented, check.lost, again.added, again.removed)
        if not check.kept:
            raise Unfit(check.said())
        return text, negative.strip(), check

    about = {"prompt": prompt, "write_in": SPOKEN[write_in], "picture": picture, "form": form}
    question = Question(texts.load("llm_rewrite"), about, FORM)
    found = ask(writer, question, read)
    text, negative, check = found.value
    return Rewording(text, negative, write_in, check, found.turns, found.seconds)
