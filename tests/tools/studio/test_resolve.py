"""Words, as they are compiled for a model, keep what its dialect adds."""

from dataclasses import replace
from pathlib import Path

from shotwright.generator.catalog import load_catalog
from shotwright.tools.settings import Settings
from shotwright.tools.studio.resolve import Resolution, Words, words_of

WAN = replace(load_catalog().default, dialect="wan")


SETTINGS = Settings(Path("unused"), "", "", ())


def _words(negative: str | None, *, rewrite: bool = True, card_says: str = "") -> Words:
    card = replace(WAN, negative=card_says)
    named = {"image": False, "moves": (), "notes": Resolution(), "settings": SETTINGS, "now": False}
    return words_of(card, "a red kettle", negative=negative, rewrite=rewrite, **named)  # type: ignore[arg-type]


def test_the_dialects_negative_prompt_is_used_when_none_is_given() -> None:
    assert _words(None).negative
    assert _words(None, card_says="smoke").negative == _words(None).negative
    assert _words(None, rewrite=False, card_says="smoke").negative == "smoke"
    assert _words("rust").negative == "rust" and _words("").negative == ""
    assert _words(None, rewrite=False).negative == ""
