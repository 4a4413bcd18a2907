"""A single prompt made ready for a model: by an LLM where one is set, else by rules.

Three texts are kept apart: the user's own (`original`), what is to be filmed (`text`), and what the model reads
(`prompt`). What is missing is filled carefully, no word of the user's is lost.
Try: python -m pytest tests/prompts/test_rewriter.py
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from shotwright.generator.camera import Move
from shotwright.generator.errors import BadRequest
from shotwright.prompts.camera_words import prose_hits
from shotwright.prompts.dialects import (
    Compiled,
    Mode,
    ShotText,
    compile_prompt,
    dialect_named,
    families,
)
from shotwright.prompts.dialects.mini import scene_phrases
from shotwright.prompts.director import lexicon
from shotwright.prompts.language import Language, detect_language
from shotwright.prompts.llm import LlmFailed, Writer, rewrite_text
from shotwright.prompts.rewrite_check import Check, check_rewrite, held


@dataclass(frozen=True)
class Rewritten:
    """A compiled prompt beside the user's own.

    writer: who wrote `text`, and why says why nobody else did; changes: what the rules added, in words; check: what
    became of the user's words; unknown_words: those that the model has no word for.
    """

    prompt: str
    original: str
    text: str
    writer: Literal["director", "llm"]
    why: str
    changes: tuple[str, ...]
    check: Check
    compiled: Compiled
    warnings: tuple[dict[str, str], ...] = ()

    @property
    def unknown_words(self) -> tuple[str, ...]:
        return self.compiled.unknown_words

    @property
    def negative(self) -> str:
        return self.compiled.negative

    def told(self) -> dict[str, Any]:
        """What a take's record keeps of it, the compiled prompt apart."""
        return {
            "original": self.original,
            "text": self.text,
            "writer": self.writer,
            "why": self.why,
            "diff": self.check.to_json(),
        }


@dataclass(frozen=True)
class Target:
    """What a prompt is for: a dialect, and where a card or checkpoint says otherwise than the family."""

    dialect: str
    languages: Collection[str] = ()
    max_tokens: int | None = None
    tokenizer: Path | None = None

    def reads(self) -> tuple[Language, ...]:
        """The languages of ours that the model reads.  Raises: BadRequest for an unknown dialect."""
        dialect_named(self.dialect)
        known = families()[self.dialect].languages
        own: tuple[Language, ...] = ("en", "zh")
        return tuple(one for one in own if one in (self.languages or known)) or known

    def compile(self, text: ShotText, mode: Mode) -> Compiled:
        """The prompt for the model.  Raises: BadRequest, see `compile_prompt`."""
        return compile_prompt(
            text,
            dialect=self.dialect,
            mode=mode,
            languages=self.languages,
            max_tokens=self.max_tokens,
            tokenizer=self.tokenizer,
        )


NO_LLM = "no LLM is set (SHOTWRIGHT_LLM)"


def rewrite(
    prompt: str,
    *,
    dialect: str | Target,
    mode: Mode = "t2v",
    language: Language | None = None,
    moves: Iterable[Move] = (),
    writer: Writer | None = None,
) -> Rewritten:
    """The prompt for a model family, with time of day and shot size added where it names none.

    dialect: a family's name, or all that the prompt is for; language: None detects it; moves: the resolved camera;
    writer: None rewrites by rules.  With a given picture (i2v) nothing is added: the picture shows it.
    Raises: BadRequest for an unknown dialect, or (unsupported_language) where the model does not read the language
    and no LLM translated it.
    """
    target = dialect if isinstance(dialect, Target) else Target(dialect)
    moves = tuple(moves)
    reads = target.reads()
    spoken = language or detect_language(prompt)
    text = ShotText(action=prompt.strip(), camera=moves, language=spoken)
    who: Literal["director", "llm"] = "director"
    why, check = NO_LLM, Check()
    warnings: list[dict[str, str]] = []
    if writer is not None and prompt.strip():
        try:
            made = rewrite_text(
                writer,
                prompt.strip(),
                write_in=spoken if spoken in reads else reads[0],
                form=families()[target.dialect].asks[mode],
                picture=mode == "i2v",
                moves=moves,
            )
            text = replace(text, action=made.text, language=made.language, negative=made.negative)
            who, why, check = "llm", f"{writer.llm.name} wrote it in {made.seconds:g} s", made.check
        except LlmFailed as failure:
            why = f"{writer.llm.name} did not write it: {failure}"
            warnings.append({"code": "llm_failed", "message": f"{why}. The rules wrote it."})
    changes: tuple[str, ...] = ()
    if mode == "t2v":
        text, changes = _fill_mini(text) if target.dialect == "mini" else _fill(text)
    try:
        compiled = target.compile(text, mode)
    except BadRequest as error:
        if error.code != "unsupported_language" or not warnings:
            raise
        raise BadRequest(
            f"{error.message} {why}.",
            code=error.code,
            field=error.field,
            value=error.value,
            allowed=error.allowed,
            fix=error.fix,
        ) from error
    check = _reached(prompt, text, compiled, check)
    return Rewritten(
        prompt=compiled.prompt,
        original=prompt,
        text=text.action,
        writer=who,
        why=why,
        changes=changes,
        check=check,
        compiled=compiled,
        warnings=(*warnings, *compiled.warnings),
    )


def _reached(prompt: str, text: ShotText, compiled: Compiled, before: Check) -> Check:
    """What of the user's words reaches the model: the compiled prompt against the prompt.

    before: what an LLM's rewriting did; what the rules or the LLM put back stays told.  Where two languages
    cannot be compared, what the dialect itself names as unknown is lost too.
    """
    made = check_rewrite(prompt, compiled.prompt, negative=text.negative, moves=text.camera)
    unknown = [word.casefold() for word in compiled.unknown_words]
    dropped = [
        item
        for item in held(prompt)
        if item not in made.lost
        and item.kind in ("quote", "name", "number", "negative")
        and any(word in item.words.casefold() for word in unknown)
        and item.words.casefold() not in compiled.prompt.casefold()
    ]
    lost = tuple(dict.fromkeys((*made.lost, *dropped)))
    return replace(
        made, lost=lost, invented=before.invented or made.invented, repaired=before.repaired
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
    """The embedded model's world always has a time and a place, and a camera that is not spoken of is still: to the
    model a word left out means any."""
    found = {hit.factor: hit.value for hit in reversed(scene_phrases(text.action))}
    changes = []
    if "time" not in found:
        text = replace(text, time="day")
        changes.append("time: day (the prompt names none)")
    if "place" not in found:
        place = _HOMES.get(found.get("subject", ""), "hills")
        text = replace(text, place=place)
        changes.append(f"place: {place} (the prompt names none)")
    if not text.camera and "camera" not in found and not prose_hits(text.action):
        text = replace(text, camera=(Move("static"),))
        changes.append("camera: static (the prompt names none)")
    return text, tuple(changes)
