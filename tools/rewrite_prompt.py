"""`rewrite_prompt`: a prompt as the model understands it best, with what was changed."""

from shotwright.prompts.rewriter import rewrite
from shotwright.tools.studio.resolve import moves_of
from shotwright.tools.studio.shown import Shown
from shotwright.tools.studio.studio import Report, Studio
from shotwright.tools.studio.wire import RewritePrompt


async def rewrite_prompt(studio: Studio, a: RewritePrompt, report: Report) -> Shown:
    """Rewrite by rules; the user's words are kept."""
    card = studio.catalog.get(a.model)
    made = rewrite(
        a.prompt, dialect=card.dialect, mode="i2v" if a.image else "t2v", moves=moves_of(a.camera)
    )
    return Shown(
        {
            "prompt": made.prompt,
            "original": made.original,
            "writer": made.writer,
            "changes": list(made.changes),
            "negative_prompt": made.negative or card.negative,
            "unknown_words": list(made.unknown_words),
            "warnings": list(made.warnings),
            "model": card.name,
            "dialect": card.dialect,
        }
    )
