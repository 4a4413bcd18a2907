"""Words, as they are compiled for a model, keep what its dialect adds."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from shotwright.generator.catalog import load_catalog
from shotwright.tools.settings import Settings
from shotwright.tools.studio.resolve import Resolution, Words, size, words_of

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


def test_high_quality_is_the_larger_native_size_where_no_other_is_named() -> None:
    card = load_catalog().get("wan-2.1-t2v-14b")
    open_ended: dict[str, Any] = {"aspect_ratio": None, "exact": None, "picture": None}
    notes = Resolution()
    assert size(card, **open_ended, notes=notes, quality="standard") == (832, 480)
    assert not notes.adjustments
    assert size(card, **open_ended, notes=notes, quality="high") == (1280, 720)
    (told,) = notes.adjustments
    assert (told["field"], told["asked"], told["used"]) == ("size", None, "1280x720")
    assert "larger native size" in told["reason"]
    portrait: dict[str, Any] = {**open_ended, "picture": (300, 500)}
    assert size(card, **portrait, notes=notes, quality="high") == (720, 1280)
    # what the caller names is taken
    named = Resolution()
    small: dict[str, Any] = {**open_ended, "aspect_ratio": "16:9", "exact": "832x480"}
    assert size(card, **small, notes=named, quality="high") == (832, 480)
    assert not named.adjustments
