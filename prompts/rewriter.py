"""A single prompt made ready for a model, by rules: what is missing is filled carefully, no word of
the user's is lost.

Try: python -m pytest tests/prompts/test_rewriter.py
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from shotwright.generator.camera import Move
from shotwright.prompts.dialects import Mode, ShotText, compile_prompt
from shotwright.prompts.dialects.mini import find_phrases
from shotwright.prompts.director import lexicon
from shotwright.prompts.language import Language, detect_language


@dataclass(frozen=True)
class Rewritten:
    """A compiled prompt beside the user's own.

    writer: who wrote it, here always the rules; changes: what was added, in words; unknown_words:
    the user's words that the model has no word for.
    """

    prompt: str
    original: str
    writer: str
    changes: tuple[str, ...]
    unknown_words: tuple[str, ...]
    negative: str = ""
    warnings: tuple[dict[str, str], ...] = ()


def rewrite(
    prompt: str,
    *,
    dialect: str,
    mode: Mode = "t2v",
    language: Language | None = None,
    moves: Iterable[Move] = (),
) -> Rewritten:
    """The prompt for a model family, with time of day and shot size added where it names none.

    language: None detects it; moves: the resolved camera.  With a given picture (i2v) nothing is
    added: the picture shows it.
    Raises: BadRequest for an unknown dialect.
    """
    spoken = language or detect_language(prompt)
    text = ShotText(action=prompt.strip(), camera=tuple(moves), language=spoken)
    changes: tuple[str, ...] = ()
    if mode == "t2v":
        text, changes = _fill_mini(text) if dialect == "mini" else _fill(text)
    compiled = compile_prompt(text, dialect=dialect, mode=mode)
    return Rewritten(
        prompt=compiled.prompt,
        original=prompt,
        writer="director",
        changes=changes,
        unknown_words=compiled.unknown_words,
        negative=compiled.negative,
        warnings=compiled.warnings,
    )


def _fill(text: ShotText) -> tuple[ShotText, tuple[str, ...]]:
    """Prose: a time of day unless the light is named, and a shot size; a place is never
    invented.
    """
    changes = []
    if not lexicon.find_time(text.action) and not lexicon.has("lit", text.action):
        text = replace(text, time=lexicon.said("time", "day", text.language))
        changes.append("time of day: day (the prompt names none)")
    if not lexicon.find_size(text.action):
        size = "wide" if lexicon.has("landscape", text.action) else "medium"
        text = replace(text, size=size)
        changes.append(f"shot size: {size} (the prompt names none)")
    return text, tuple(changes)


_HOMES = {"boat": "sea", "car": "city"}


def _fill_mini(text: ShotText) -> tuple[ShotText, tuple[str, ...]]:
    """The embedded model's world always has a time and a place."""
    found = {hit.factor: hit.value for hit in reversed(find_phrases(text.action))}
    changes = []
    if "time" not in found:
        text = replace(text, time="day")
        changes.append("time: day (the prompt names none)")
    if "place" not in found:
        place = _HOMES.get(found.get("subject", ""), "hills")
        text = replace(text, place=place)
        changes.append(f"place: {place} (the prompt names none)")
    return text, tuple(changes)
