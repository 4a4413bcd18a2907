"""What each model family reads: languages, length, form.  A table (`families.toml`) and the errors beside it."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from shotwright.prompts.dialects.base import Mode, ShotText
from shotwright.prompts.language import Language


@dataclass(frozen=True)
class Family:
    """max_tokens: the pipeline's own limit, where a card names none; asks: the form for a language model, by mode;
    negative: what every prompt of the family is to avoid, by language.
    """

    languages: tuple[Language, ...]
    max_tokens: int | None
    asks: Mapping[Mode, str]
    negative: Mapping[Language, str]

    def avoided(self, text: ShotText) -> str:
        """The negative prompt: the user's words first."""
        own = self.negative.get(text.language, self.negative["en"])
        between = "，" if text.language == "zh" else ", "  # noqa: RUF001
        return between.join(part for part in (text.negative, own) if part)


@cache
def families() -> dict[str, Family]:
    """Every family by the name that a model card gives."""
    text = files("shotwright.prompts.dialects").joinpath("families.toml").read_text("utf-8")
    known = {
        name: Family(tuple(row["languages"]), row.get("max_tokens"), row["asks"], row["negative"])
        for name, row in tomllib.loads(text).items()
    }
    return {**known, "hunyuanvideo": known["hunyuan"]}
