"""What every prompt dialect takes and gives.  Knows no model family."""

from dataclasses import dataclass
from typing import Literal, Protocol

from shotwright.generator.camera import Move
from shotwright.prompts.dialects.length import CountedBy
from shotwright.prompts.language import Language

Mode = Literal["t2v", "i2v"]
"""i2v: the picture is given, so the prompt says only what moves."""


@dataclass(frozen=True)
class ShotText:
    """One shot in words, before a model's dialect orders them.

    action: the user's sentence, kept verbatim; subject: looks of who and what is seen, the first
    one first; time: as the plan writes it; size, angle: names of the plan's vocabulary; camera: the
    resolved moves.
    """

    action: str
    subject: str = ""
    place: str = ""
    time: str = ""
    size: str = ""
    angle: str = ""
    light: str = ""
    camera: tuple[Move, ...] = ()
    style: str = ""
    language: Language = "en"
    negative: str = ""


@dataclass(frozen=True)
class Compiled:
    """A prompt in a model's dialect.

    unknown_words: the user's content words that the model has no word for; warnings: `{code,
    message}`; tokens, max_tokens: its length and the model's limit; counted_by: "tokenizer" (the
    checkpoint's own) or "upper bound".
    """

    prompt: str
    unknown_words: tuple[str, ...] = ()
    negative: str = ""
    warnings: tuple[dict[str, str], ...] = ()
    tokens: int = 0
    max_tokens: int | None = None
    counted_by: CountedBy = "upper bound"


class Dialect(Protocol):
    """Orders a shot's words for one model family."""

    def compile(self, text: ShotText, mode: Mode) -> Compiled: ...
