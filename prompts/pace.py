"""How long words take on screen: speech, and what happens.  No film grammar."""

import re

from shotwright.prompts.language import CJK

WORDS_PER_S = 2.5
"""English speech: 150 words a minute, pauses and all.

Source: the average of conversation in the United States as the National Center for Voice and Speech is
quoted for it (Dom Barnard, "Average Speaking Rate and Words per Minute", virtualspeech.com, 2022); the
centre's own page was not seen.
"""
CHARACTERS_PER_S = 5.0
"""Chinese speech, one syllable a character.  The round figure is chosen by us: read Mandarin runs at 5.18
syllables a second with its silences cut out, and speech on screen has some.

Source of the 5.18: Pellegrino, Coupe and Marsico, "A cross-language perspective on speech information
rate", Language 87 (2011), as reported of it; the paper's table was not seen.
"""
ACTION_WORD_S = 0.29
"""A page of a screenplay is a minute of film by the usual rule of thumb.  How many words a page has is
chosen by us: 208, which makes 25,000 words 120 pages."""
ACTION_CHARACTER_S = 0.18
"""The same rule for Chinese; 330 characters a page are chosen by us too."""

_WORD = re.compile(rf"[{CJK}]|[^\W_]+(?:['\u2019.-][^\W_]+)*")
_CHINESE = re.compile(f"[{CJK}]")


def count(text: str) -> tuple[int, int]:
    """(words of an alphabet, Chinese characters)."""
    chinese = len(_CHINESE.findall(text))
    return len(_WORD.findall(text)) - chinese, chinese


def speech_s(text: str) -> float:
    """Seconds that it takes to say a text."""
    words, characters = count(text)
    return words / WORDS_PER_S + characters / CHARACTERS_PER_S


def action_s(text: str) -> float:
    """Seconds of film that a description is, by the rule of a page a minute."""
    words, characters = count(text)
    return words * ACTION_WORD_S + characters * ACTION_CHARACTER_S
