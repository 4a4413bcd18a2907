"""Prompt dialects: one a model family, by the name that a model card gives.

`compile_prompt` is deterministic; what a shot looks like is decided before, in the plan.
"""

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import Any

from shotwright.generator.errors import BadRequest
from shotwright.prompts.dialects.base import Compiled, Dialect, Mode, ShotText
from shotwright.prompts.dialects.families import Family, families
from shotwright.prompts.dialects.length import BOUND, length_of
from shotwright.prompts.dialects.ltx import LtxDialect
from shotwright.prompts.dialects.mini import MiniDialect
from shotwright.prompts.dialects.paragraph import PARAGRAPHS
from shotwright.prompts.dialects.prose import without_other_camera
from shotwright.prompts.dialects.wan import WanDialect
from shotwright.prompts.dialects.words import shot_text

DIALECTS: dict[str, Dialect] = {
    "mini": MiniDialect(),
    "wan": WanDialect(),
    "ltx": LtxDialect(),
    **PARAGRAPHS,
}

_LEFT_OUT = ("light", "style", "time", "place", "angle", "size", "subject")
"""What a prompt that is too long goes without, first to last; the user's sentence and camera always stay."""


def compile_prompt(
    shot_text: ShotText,
    *,
    dialect: str,
    mode: Mode = "t2v",
    languages: Collection[str] = (),
    max_tokens: int | None = None,
    tokenizer: Path | None = None,
) -> Compiled:
    """The prompt of a shot for one model family.

    languages, max_tokens: a card's own, where it differs from its family; tokenizer: folder of the checkpoint's, to
    count with.  What is too long loses what the plan added, named in a warning, and never the user's sentence.
    Raises: BadRequest for a dialect that does not exist, or (unsupported_language) a language that the model does
    not read.
    """
    writer, family = dialect_named(dialect), families()[dialect]
    check_language(shot_text, languages or family.languages)
    limit = max_tokens or family.max_tokens
    shot_text = without_other_camera(shot_text)

    def made(text: ShotText) -> Compiled:
        compiled = writer.compile(text, mode)
        tokens, counted_by = length_of(compiled.prompt, tokenizer)
        return replace(compiled, tokens=tokens, max_tokens=limit, counted_by=counted_by)

    compiled, left_out = made(shot_text), []
    for name in _LEFT_OUT:
        if limit is None or compiled.tokens <= limit:
            break
        empty: dict[str, Any] = {name: ""}
        shorter_text = replace(shot_text, **empty)
        shorter = made(shorter_text)
        if shorter.prompt != compiled.prompt:
            left_out.append(name)
            shot_text, compiled = shorter_text, shorter
    return replace(compiled, warnings=(*compiled.warnings, *_said(compiled, left_out)))


def _said(compiled: Compiled, left_out: list[str]) -> list[dict[str, str]]:
    counted = "" if compiled.counted_by == "tokenizer" else f", counted as {BOUND}"
    warnings = []
    if left_out:
        message = (
            f"left out for the model's {compiled.max_tokens} tokens{counted}: "
            f"{', '.join(left_out)}. Write less to keep them."
        )
        warnings.append({"code": "prompt_shortened", "message": message})
    if compiled.max_tokens is not None and compiled.tokens > compiled.max_tokens:
        message = (
            f"the prompt has {compiled.tokens} tokens{counted}, the model reads the first "
            f"{compiled.max_tokens}. Shorten it, or split the shot."
        )
        warnings.append({"code": "prompt_too_long", "message": message})
    return warnings


def check_language(text: ShotText, languages: Collection[str]) -> None:
    """Raises: BadRequest (unsupported_language) when the model does not read the shot's language."""
    if text.language in languages:
        return
    spoken = {"en": "English", "zh": "Chinese"}
    reads = " and ".join(spoken.get(language, language) for language in languages)
    raise BadRequest(
        f"The model reads {reads}, the prompt is {spoken[text.language]}: write it in {reads}, "
        f"choose a model that reads {spoken[text.language]}, or set SHOTWRIGHT_LLM, which "
        "translates.",
        code="unsupported_language",
        field="prompt",
        value=text.action[:200],
        allowed=list(languages),
        fix=f"write the prompt in {reads}",
    )


def dialect_named(name: str) -> Dialect:
    """Raises: BadRequest for a dialect that does not exist."""
    if name not in DIALECTS:
        raise BadRequest(
            f"There is no prompt dialect {name!r}; there are {', '.join(DIALECTS)}.",
            fix="Use one of the dialects named here in the model's card.",
            field="dialect",
            value=name,
            allowed=list(DIALECTS),
        )
    return DIALECTS[name]


__all__ = [
    "DIALECTS",
    "Compiled",
    "Dialect",
    "Family",
    "Mode",
    "ShotText",
    "check_language",
    "compile_prompt",
    "dialect_named",
    "families",
    "shot_text",
]
