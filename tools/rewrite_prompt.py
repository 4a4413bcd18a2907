"""`rewrite_prompt`: a prompt as the model understands it best, with what was changed."""

from shotwright.prompts.rewriter import rewrite
from shotwright.tools.studio.resolve import moves_of
from shotwright.tools.studio.shown import Shown
from shotwright.tools.studio.studio import Report, Studio
from shotwright.tools.studio.wire import RewritePrompt
from shotwright.tools.studio.writing import target_of, writer_of


async def rewrite_prompt(studio: Studio, a: RewritePrompt, report: Report) -> Shown:
    """Rewrite by an LLM where one is set, else by rules; the user's words are kept."""
    card = studio.catalog.get(a.model)
    made = await studio.blocking(
        rewrite,
        a.prompt,
        dialect=target_of(card, studio.settings.home / "models"),
        mode="i2v" if a.image else "t2v",
        moves=moves_of(a.camera),
        writer=writer_of(studio.settings),
    )
    return Shown(
        {
            "prompt": made.prompt,
            "original": made.original,
            "text": made.text,
            "writer": made.writer,
            "why": made.why,
            "changes": list(made.changes),
            "diff": made.check.to_json(),
            "negative_prompt": made.negative or card.negative,
            "unknown_words": list(made.unknown_words),
            "warnings": list(made.warnings),
            "tokens": made.compiled.tokens,
            "max_tokens": made.compiled.max_tokens,
            "counted_by": made.compiled.counted_by,
            "model": card.name,
            "dialect": card.dialect,
        }
    )
