"""Prompt dialects: one a model family, by the name that a model card gives.

`compile_prompt` is deterministic; what a shot looks like is decided before, in the plan.
"""

from shotwright.generator.errors import BadRequest
from shotwright.prompts.dialects.base import Compiled, Dialect, Mode, ShotText
from shotwright.prompts.dialects.ltx import LtxDialect
from shotwright.prompts.dialects.mini import MiniDialect
from shotwright.prompts.dialects.wan import WanDialect
from shotwright.prompts.dialects.words import shot_text

DIALECTS: dict[str, Dialect] = {"mini": MiniDialect(), "wan": WanDialect(), "ltx": LtxDialect()}


def compile_prompt(shot_text: ShotText, *, dialect: str, mode: Mode = "t2v") -> Compiled:
    """The prompt of a shot for one model family.

    Raises: BadRequest for a dialect that does not exist.
    """
    return dialect_named(dialect).compile(shot_text, mode)


def dialect_named(name: str) -> Dialect:
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
    "Mode",
    "ShotText",
    "compile_prompt",
    "dialect_named",
    "shot_text",
]
