"""Every term and verb of an English text that may mean a camera move, whoever makes it.

Knows the words and which of two that overlap wins, nothing of who acts.
"""

import re

from shotwright.prompts.camera_reading.lexicon import Found, words
from shotwright.prompts.camera_reading.negation import negations
from shotwright.prompts.camera_reading.tables import BETWEEN, REACH, Verb, tables

_PARTED = re.compile(BETWEEN)


def candidates(text: str) -> list[Found | Verb]:
    """Terms and verbs of a text, last one first; a term wins over a verb inside it, the longer term
    over the shorter.
    """
    t = tables()
    terms = [
        Found(move, m.start(), m.end(), (m.span(),), "phrase")
        for move, pattern in t.phrases
        for m in pattern.finditer(text)
        if not _is_prop(text, m.group(), m.start())
        if not m.group().startswith(("crane", "boom"))
        or t.somewhere.search(text)
        or _CRANE_SHOT.match(text, m.start())
    ]
    terms += [
        Found("motion", m.start(), m.end(), (m.span(),), "motion", denied=True)
        for m in t.motion.finditer(text)
        if negations()[0].search(text, max(0, m.start() - REACH), m.start())
        or negations()[0].search(m.group().rsplit(maxsplit=1)[0] + " ")
    ]
    free = bytearray(b"\1" * len(text))
    kept: list[Found | Verb] = []
    for term in sorted(terms, key=lambda f: (f.start - f.end, f.move == "motion")):
        if all(free[term.start : term.end]):
            free[term.start : term.end] = bytes(term.end - term.start)
            kept.append(term)
    kept += [
        Verb(*t.forms[_PARTED.sub(" ", m.group())], m.start(), m.end())
        for m in t.verbs.finditer(text)
        if all(free[m.start() : m.end()])
    ]
    # a camera that noses, swims or threads somewhere travels
    known = {verb.start for verb in kept if isinstance(verb, Verb)}
    kept += [
        Verb("travel", "base" if m.lastgroup == "hand" else "s", *m.span(m.lastgroup or 0))
        for m in t.any_verb.finditer(text)
        if m.start(m.lastgroup or 0) not in known and all(free[m.start(m.lastgroup or 0) : m.end()])
    ]
    kept += [
        Verb("travel", "base", *m.span(m.lastgroup or 0))
        for m in t.moving.finditer(text)
        if all(free[m.start(m.lastgroup or 0) : m.end()])
    ]
    idioms = [
        Verb("." + move, _form(m.group().split()[0]), m.start(), m.end())
        for move, pattern in t.idioms
        for m in pattern.finditer(text)
        if all(free[m.start() : m.end()])
    ]
    kept = [c for c in kept if not any(i.start <= c.start < i.end for i in idioms)]
    kept += idioms
    beside = {m.start("verb"): m for m in t.beside.finditer(text) if free[m.start("verb")]}
    kept = [c for c in kept if not any(m.start() <= c.start < m.end() for m in beside.values())]
    kept += [
        Verb("keep", _form(m.group("verb")), m.start("verb"), m.end()) for m in beside.values()
    ]
    return sorted(kept, key=lambda c: -c.start)


_CRANE_SHOT = re.compile(
    r"(?<=the\s)crane\s+\w+\s+(?:\w+ly\s+)?(?:past|until|through|to\s+(?:reveal|show))\b"
)
"""A crane that no building site has."""


def _is_prop(text: str, term: str, at: int) -> bool:
    """Whether a term that begins with the camera speaks of one in the picture: "vintage film camera on a tripod"."""
    before = re.search(r"([a-z']+)\s+$", text[max(0, at - 20) : at])
    if before is None or not term.startswith("cam"):
        return False
    return before[1] in words()["en_word"]["props"].split("|")


def _form(verb: str) -> str:
    return "ing" if verb.endswith("ing") else "s" if verb.endswith("s") else "base"
