"""How long words take on screen: speech, and what happens.  No film grammar."""

import re

from shotwright.prompts.language import CJK

WORDS_PER_S = 2.5
"""English speech, 150 words a minute with its pauses.

Source: National Center for Voice and Speech (ncvs.org), average conversation in the United States.
"""
CHARACTERS_PER_S = 5.0
"""Chinese speech, one syllable a character; read Mandarin runs at 5.18 syllables a second.

Source: Pellegrino, Coupe and Marsico, A cross-language perspective on speech information rate,
Language 87 (2011).
"""
ACTION_WORD_S = 0.29
"""A screenplay page is a minute of film, and holds some 208 words (25,000 in 120 pages)."""
ACTION_CHARACTER_S = 0.18
"""The same rule for Chinese: about 330 characters a page."""

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
