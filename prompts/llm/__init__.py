"""Writing by a large language model through langchain, where a user has set one.

`Llm` names it, a `Writer` bounds it, `write_plan` and `rewrite_text` ask it; both raise `LlmFailed` with a reason,
and the director writes then. Importing this package is light; langchain and a provider's own package are imported by
the first call.
"""

from shotwright.prompts.llm.ask import DIRECT_S, Writer
from shotwright.prompts.llm.model import Llm, LlmFailed
from shotwright.prompts.llm.plan import Story, write_plan
from shotwright.prompts.llm.words import Rewording, rewrite_text

__all__ = [
    "DIRECT_S",
    "Llm",
    "LlmFailed",
    "Rewording",
    "Story",
    "Writer",
    "rewrite_text",
    "write_plan",
]
