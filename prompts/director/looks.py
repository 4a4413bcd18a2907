"""What a script says somebody looks like: "ANNA (40), a tall sailor", 老周，65岁，戴眼镜, "a little fox named Pim".

Knows words, no people; `staging.py` gives the looks to those who are meant.
"""
# ruff: noqa: RUF001, RUF002  (Chinese punctuation is meant)

import itertools
import re

from shotwright.prompts.director.entities import Entity
from shotwright.prompts.director.subjects import happens
from shotwright.prompts.language import CJK

CALLED = re.compile(
    r"\b(?P<phrase>(?i:an?|the|one|his|her) (?:[\w'-]+ ){0,4}?[\w'-]+)(?:,? (?:named|called) "
    r"(?P<name>[A-Z][a-z][\w'-]*(?: [A-Z][a-z][\w'-]*)?)|, (?P<caps>[A-Z][A-Z'-]+(?: [A-Z][A-Z'-]+)?),(?= [a-z]))"
)
"""Who is given a name."""
_OWN = "(?:His|Her|Their|My|Our|Its|The|An?|And|Then)"
FEATURES = re.compile(
    rf"(?P<name>(?!{_OWN} )[A-Z][A-Za-z'.-]+(?: [A-Z][A-Za-z'.-]+)?|[{CJK}·]{{2,4}})"
    r"\s*[(（](?P<looks>[^)）]{1,80})[)）]"
    r"(?:, (?P<more>an? [^.;!?\n]{2,80}?),(?= ))?"
    r"|(?P<cap>(?:(?i:Dr|Mr|Mrs|Ms|Prof|Capt|Lt|Sgt)\.? )?[A-Z][A-Za-z'-]+(?: [A-Z][A-Za-z'-]+)?), "
    r"(?P<said>(?:an? |late |early |mid-?|in (?:his|her|their) "
    r"|\d{1,2}(?:s\b|\b))[^.;!?\n]{2,80}?|\d{1,2}),(?= )"
    rf"|(?P<zh>(?<![{CJK}])[{CJK}·]{{2,4}})，(?P<zsaid>(?:\d{{1,3}}|[一二三四五六七八九十]{{1,3}})岁[^。；！？\n]{{0,80}})"
)


_LOOKS_ZH = re.compile(
    r"(?:身?穿|戴|留|身着|披|一头|短发|长发|[^，]{0,3}(?:头发|眼睛|胡子|脸|个子|身高|瘦|胖|高|矮))"
)


def looks_zh(said: str) -> str:
    """Age, clothes and features, up to the first clause that says what is done."""
    clauses = said.split("，")
    return "，".join([clauses[0], *itertools.takewhile(_LOOKS_ZH.match, clauses[1:])])


_WORN = re.compile(r"(?:wearing|dressed|clad|wrapped|in (?:an? |his |her |their ))")


def looks_en(match: re.Match[str], text: str) -> str:
    """Age, clothes and features, up to the first clause that says what is done, or names somebody else."""
    looks = [str(match["said"])]
    for clause in text[match.end() :].split(",")[:-1]:
        words = clause.strip()
        if not words or words[0].isupper() or re.search("[.;!?\n]", words) or len(words) > 80:
            break
        if happens(_WORN.sub("", words, count=1)) or (words.split()[0] in ("and", "then")):
            break
        looks.append(words)
    return ", ".join(looks)


def looks_of(entity: Entity, sentence: str) -> str | None:
    """27, freckles, of "a woman (27, freckles)"."""
    if "(" not in sentence and "（" not in sentence:
        return None
    found = re.search(rf"{re.escape(entity.phrase)}\s*[(（]([^)）]{{2,80}})[)）]", sentence, re.I)
    return found[1] if found and re.search(r"[\d,，、]", found[1]) else None
