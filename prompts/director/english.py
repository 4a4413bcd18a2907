"""What an English sentence names: a noun phrase ends where its verb begins, and verbs are listed.

Rules only, no grammar of the whole sentence; `subjects.py` resolves the pronouns.
"""

import re
from functools import cache

from shotwright.prompts.director import lexicon
from shotwright.prompts.director.entities import Entity, Kind, Mentions

_OPENINGS = re.compile(
    r"^(?:(?:then|suddenly|meanwhile|together|now|finally|later|soon|next|and|but|so|again|still|"
    r"once upon a time|there (?:is|are|was|were|lived|stood)|here (?:is|are)|"
    r"(?:pack|product|hero|beauty)[- ]?shot(?: of)?|"
    r"we see|we follow|show|see|reveal|cut to|open on|\w+ly)\b,?\s*|"
    # what filmed it is blanked: "Drone shot [following] Marta", "[Tracking shot] of Marta"
    r"(?:(?:the |our )?camera|we|(?:\w+ )?shot)\s{3,}|(?-i:of)\s+|"
    r"(?:an? |the )?(?:extreme |medium |slow[- ]motion |slow |low[- ]angle |high[- ]angle )*"
    r"(?:close[- ]?up|wide|medium|full|long|aerial|overhead|establishing|tracking|"
    r"drone|macro|detail|insert)?"
    r"(?:[- ](?:wide|long|close[- ]?up))?\s*"
    r"(?:shot|view|scene|image|video|clip|footage|close[- ]?up)\s*(?:of|on|:|,|\u2013|\u2014)\s*|"
    r"(?:an? |the )?(?:(?:extreme|medium|wide|long|full|aerial|drone|overhead|establishing|tracking|macro|"
    r"low|high|close)[- ])+(?:angle )?(?:shot|view|up)\b"
    r"(?=\s+(?:at|in|over|above|across|along|through|from|during|inside|outside)\b))+",
    re.I,
)
_WHEN = re.compile(
    r"(?:(?:(?:every|each|one|that|this|the (?:next|same|following|other)|all|early|late) )+"
    r"(?:(?:early|late|single|cold|fine|warm|dark|sunny|rainy) )*"
    r"(?:spring|summer|autumn|fall|winter|day|morning|noon|afternoon|evening|night|dawn|dusk|week|month|year|season|time"
    r"|(?:sun|mon|tues|wednes|thurs|fri|satur)day)(?: long)?"
    r"|(?:\w+ )?(?:minutes|hours|days|weeks|months|years|moments) (?:later|after)|long ago|once),?\s+"
    r"(?=(?-i:[A-Z])|(?:an?|the|his|her|their|its|my|our|your|two|three|he|she|it|they|we|i|you)\b)",
    re.I,
)
"""When, without a comma, before whoever acts: "Every morning Pip runs", "Years later the oak fell"."""
_TOKEN = re.compile(
    r"(?i:Dr|Mr|Mrs|Ms|Prof|Capt|Lt|Sgt)\.(?=\s+[A-Z])|[A-Za-z\u00c0-\u024f][\w\u00c0-\u024f'-]*|\d+|[^\s\w]"
)


@cache
def _verb_forms() -> tuple[frozenset[str], frozenset[str]]:
    """(base forms, inflected forms)."""
    verb = lexicon.rules()["verb"]
    bases = frozenset(verb["en"].split())
    forms = set(verb["irregular"].split())
    for base in bases:
        stem = base.removesuffix("e")
        doubled = base + base[-1]
        forms |= {base + "s", base + "es", base + "ing", stem + "ing", stem + "ed", base + "ed"}
        forms |= {doubled + "ing", doubled + "ed"}
        if base.endswith("y"):
            forms |= {base[:-1] + "ies", base[:-1] + "ied"}
        if base.endswith("ie"):
            forms.add(base[:-2] + "ying")
    return bases, frozenset(forms - bases)


def english_mentions(sentence: str) -> Mentions:
    text = _after_opening(sentence)
    tokens = [(m.group(), m.start(), m.end()) for m in _TOKEN.finditer(text)]
    tokens = [t for t in tokens if t[0] not in "\"'\u201c\u201d*-[]("]
    if not tokens:
        return Mentions(None)
    first = tokens[0][0].lower()
    if first.partition("'")[0] in lexicon.small("pronoun"):
        return Mentions(None, _objects(text, tokens, 1), first.partition("'")[0])
    if _orders(tokens):
        return Mentions(None, _objects(text, tokens, 1), "")
    start = 0
    if first in lexicon.small("stop") and first != "that":
        # "On the hill stands a red ball." and "At night a red ball rises."
        start = _after_verb(tokens) or _after_adverbial(tokens)
        if not start:
            return Mentions(None, _objects(text, tokens, 1), "")
    end = _noun_phrase(tokens, start)
    if end == start:
        return Mentions(None, _objects(text, tokens, start), "")
    if first in lexicon.small("possessive"):
        rest = end >= len(tokens) or not tokens[end][0][0].isalnum()
        if rest and end - start > 2 and tokens[end - 1][0].endswith("s"):
            end -= 1  # "Her breath fogs."
        owned = _entity(text, tokens, start + 1, end)
        others = (*((owned,) if owned else ()), *_objects(text, tokens, end))
        return Mentions(None, others, first)
    subject = _entity(text, tokens, start, end)
    if subject and subject.kind == "thing" and _is_one(tokens, start, end):
        subject = Entity(subject.phrase, subject.head, "person")
    return Mentions(subject, _objects(text, tokens, end))


def _orders(tokens: list[tuple[str, int, int]]) -> bool:
    """Whether a sentence begins with what is to be done: "Add 1 tsp butter", not "Rain falls"."""
    bases, _ = _verb_forms()
    first, *rest = (token[0].lower() for token in tokens[:2])
    small = lexicon.small("determiner") | lexicon.small("stop") | lexicon.small("pronoun") | {"all"}
    return first in bases and bool(rest) and (rest[0] in small - {"and"} or rest[0].isdigit())


def _is_one(tokens: list[tuple[str, int, int]], start: int, end: int) -> bool:
    """Whether a capital word in -s is somebody: "Reyes kicks" has a verb of one, "Waves crash" has not."""
    if (
        end != start + 1
        or end >= len(tokens)
        or not re.fullmatch(r"[A-Z][a-z]+s", tokens[start][0])
    ):
        return False
    after = tokens[end][0]
    bases, forms = _verb_forms()
    return after in ("is", "was", "has") or (after in forms - bases and after.endswith("s"))


_NO_ING = re.compile(
    r"(?:morning|evening|building|ceiling|painting|wedding|(?:no|some|any|every)?thing|sibling|being"
    r"|wing|king|ring|string|spring|beijing|boeing)"
)
"""Words in -ing that say nothing that happens."""


def english_happens(text: str) -> bool:
    """Whether a text holds a verb form: "a fox crossing a lake", not "an old lighthouse at dusk"."""
    bases, forms = _verb_forms()
    words = [match.group().lower() for match in _TOKEN.finditer(text)]
    for before, word in zip(["", *words], words, strict=False):
        if before in lexicon.small("determiner") or _NO_ING.fullmatch(word):
            continue  # a walk, the building
        if word in forms or word.endswith("ing") or (word in bases and before in ("to", "who")):
            return True
        if word in lexicon.small("auxiliary"):
            return True
    return False


_NAMED_AFTER = re.compile(r"\s+and [A-Z]|, (?:an? |\d|in (?:his|her|their) |[A-Z])")


def acts(name: str, sentence: str) -> bool:
    """Whether a sentence that opens with a capital word uses it as a name: "Mira walks", "Zora, a tall
    woman", not "Quick cut", "SUPER: later".
    """
    after = sentence.partition(name)[2]
    if _NAMED_AFTER.match(after):
        return True
    follows = re.match(r"\s+(?:\w+ly\s+)?([a-z']+)", after)
    if not follows:
        return False
    word = follows[1]
    _, forms = _verb_forms()
    return word in forms or word in lexicon.small("auxiliary") or word.endswith(("s", "ing", "ed"))


def _after_opening(sentence: str) -> str:
    """The sentence without "Then", "At sunset,", "A close-up of"."""
    text = sentence
    while True:
        shorter = _OPENINGS.sub("", text.lstrip(" \"\u201c'"), count=1)
        if when := _WHEN.match(shorter):
            shorter = shorter[when.end() :]
        found = re.match(r"(?:[A-Za-z]+\s+){0,7}[A-Za-z]+,\s*", shorter)
        if found and found.group().split()[0].lower().strip(",") in lexicon.small("stop") | {"one"}:
            cut = found.end()
            goes_on = re.compile(r"[A-Za-z]+(?: [A-Za-z]+)?,\s*").match(shorter, cut)
            last = re.findall(r"[a-z]+", found.group().lower())[-1]
            if goes_on and (_quality(last) or last in lexicon.rules()["kind"]["adjective"]):
                cut = goes_on.end()  # "on a hot, airless day, ..."
            shorter = shorter[cut:]
        if shorter == text:
            return text
        text = shorter


def _is_verb(word: str, before: list[str]) -> bool:
    """Whether a word ends the noun phrase made of the words before it."""
    low = word.lower()
    if low in lexicon.small("auxiliary"):
        return True
    adjectives = lexicon.rules()["kind"]["adjective"]
    mass = lexicon.rules()["kind"]["mass"]
    nouns = [
        word
        for word in before
        if word not in lexicon.small("determiner") and (word not in adjectives or word in mass)
    ]
    if not nouns:
        return False
    bases, forms = _verb_forms()
    plural = nouns[-1].endswith("s") or nouns[-1] in lexicon.rules()["kind"]["plural"]
    if low in bases:
        if nouns[-1] in lexicon.rules()["kind"]["person"] or plural:
            return True
        return before[0] not in lexicon.small("determiner") and low not in adjectives
    if low in forms or low.endswith("ing") or (low.endswith("ed") and len(low) > 4):
        return True
    if low in lexicon.rules()["place"]["shy"] or low in lexicon.rules()["place"]["en"]:
        return False
    return (
        low.endswith("s")
        and word == low
        and before[-1] != "of"
        and not low.endswith(("ss", "'s"))
        and not before[-1].endswith(("'s", "\u2019s"))
        and (before[0] in lexicon.small("singular") or (before[0] == "the" and not plural))
    )


def _noun_phrase(tokens: list[tuple[str, int, int]], start: int) -> int:
    """The index after the noun phrase that begins at `start`; `start` itself where none does."""
    before: list[str] = []
    i = start
    while i < len(tokens):
        word = tokens[i][0]
        low = word.lower()
        if low == "of" and before and i + 1 < len(tokens):
            before.append(low)
        elif low in (",", "and") and _qualifies(before) and _goes_on(tokens, i):
            pass  # "a tall, thin man" is one phrase
        elif low == "full" and _is_whole(before) and _next_word(tokens, i) == "of":
            break  # "a wood full of birches"
        elif low in lexicon.small("determiner") and _is_whole(before):
            break  # "turning a ring": two phrases
        elif (
            not word[0].isalnum()
            or (low in lexicon.small("stop") and before)
            or low in lexicon.small("pronoun")
            or (low.endswith("ly") and before and low not in lexicon.rules()["kind"]["animal"])
            or _is_verb(word, before)
        ):
            break
        else:
            before.append(low)
        i += 1
        if len(before) > 8:
            return start
    if all(word in lexicon.small("determiner") for word in before):
        return start
    bases, forms = _verb_forms()
    if len(before) == 1 and before[0] in bases | forms and not _known_noun(before[0]):
        crash = tokens[i][0].lower() if i < len(tokens) else ""
        if crash not in bases | forms:
            return start  # "Bounces away.", but not "Waves crash."
    return _with_features(tokens, i, before)


_ADJECTIVES = re.compile(
    r"quick|slow|loud|deep|low|high|thin|fat|thick|wide|narrow|sharp|strong|weak|kind|plain|pale|slim|stout|steep|broad|"
    r"smooth|rough|cool|clean|bare|blank|bleak|brave|calm|cruel|damp|dense|dim|dull|faint|fierce|flat|frail|grim|grand|"
    r"harsh|hoarse|lean|loose|mild|neat|proud|rich|poor|pure|quaint|rude|shrill|sleek|slick|smart|stark|stern|stiff|"
    r"strange|sweet|tame|tense|tough|vast|vivid|elegant|rapid|\w{2,}(?:y|ed|ous|ful|ish|less|ive|ic|al|ant|ent|ible|able|ing|en)"
)
"""What the tables of things do not hold: common ones that no ending tells, and endings."""


def _qualifies(before: list[str]) -> bool:
    """Whether a noun phrase so far is a determiner and adjectives: its noun is still to come."""
    listed = lexicon.rules()["kind"]["adjective"]
    return (
        len(before) > 1
        and before[0] in lexicon.small("determiner")
        and all(word in listed or _quality(word) for word in before[1:])
    )


def _quality(word: str) -> bool:
    return bool(_ADJECTIVES.fullmatch(word)) and not _known_noun(word)


def _goes_on(tokens: list[tuple[str, int, int]], i: int) -> bool:
    """Whether an adjective and its noun follow: "thin man", not "two chairs" and not "and waits"."""
    if i + 2 >= len(tokens):
        return False
    one, other = tokens[i + 1][0], tokens[i + 2][0]
    low = one.lower()
    adjective = low in lexicon.rules()["kind"]["adjective"] or _quality(low)
    also = other in (",", "and")
    small = lexicon.small("determiner") | lexicon.small("stop") | lexicon.small("pronoun")
    return adjective and (also or (other[0].isalpha() and other.lower() not in small))


def _next_word(tokens: list[tuple[str, int, int]], i: int) -> str:
    return tokens[i + 1][0].lower() if i + 1 < len(tokens) else ""


def _is_whole(before: list[str]) -> bool:
    """Whether words can end a noun phrase, so that a determiner begins the next."""
    return bool(before) and before[-1] != "of" and before[-1] not in lexicon.small("determiner")


def _with_features(tokens: list[tuple[str, int, int]], i: int, before: list[str]) -> int:
    """Takes "in a yellow coat" into a person's noun phrase, when the verb only comes after it."""
    if i + 2 >= len(tokens) or tokens[i][0].lower() not in ("in", "with", "wearing"):
        return i
    if set(before).isdisjoint(lexicon.rules()["kind"]["person"]):
        return i
    end = _noun_phrase(tokens, i + 1)
    phrase = " ".join(token[0] for token in tokens[i:end])
    if (
        end == i + 1
        or end >= len(tokens)
        or lexicon.find_place(phrase)
        or lexicon.find_time(phrase)
    ):
        return i
    return end


def _after_verb(tokens: list[tuple[str, int, int]]) -> int:
    _, forms = _verb_forms()
    for i, (word, _, _) in enumerate(tokens[:-1]):
        low = word.lower()
        follows = tokens[i + 1][0].lower()
        if (low in forms or low in ("is", "are")) and follows in lexicon.small("determiner"):
            return i + 1
    return 0


def _after_adverbial(tokens: list[tuple[str, int, int]]) -> int:
    """Where a subject begins after "At night" without a comma: a phrase of its own before a verb."""
    for i in range(2, len(tokens) - 1):
        opens = tokens[i][0].lower() in lexicon.small("determiner")
        if not opens or tokens[i - 1][0].lower() in lexicon.small("stop"):
            continue
        end = _noun_phrase(tokens, i)
        before = [token[0].lower() for token in tokens[i:end]]
        if i < end < len(tokens) and _is_verb(tokens[end][0], before):
            return i
    return 0


def _known_noun(word: str) -> bool:
    kind = lexicon.rules()["kind"]
    return any(word in kind[name] for name in ("person", "animal", "mass", "plural"))


MAX_PHRASE = 4
"""Words of a noun and what stands before it."""


def _entity(text: str, tokens: list[tuple[str, int, int]], start: int, end: int) -> Entity | None:
    if end <= start:
        return None
    words = [token[0] for token in tokens[start:end]]
    lowered = [word.lower() for word in words]
    cut = next(
        (n for n, w in enumerate(lowered) if w in ("of", "in", "with", "wearing")), len(words)
    )
    head = lowered[cut - 1] if cut else ""
    if (
        not head
        or head in lexicon.small("determiner")
        or head.isdigit()
        or head in lexicon.small("no_thing")
    ):
        return None
    phrase = text[tokens[start][1] : tokens[end - 1][2]]
    common = lexicon.small("determiner") | set(lexicon.rules()["kind"]["adjective"])
    # "Chicken soup" only opens a sentence
    named = lowered[0] not in common and all(word[0].isupper() for word in words[:cut])
    if lowered[0] in lexicon.small("determiner"):
        first, _, rest = phrase.partition(" ")
        phrase = f"{first.lower()} {rest}"
    named = named and "of" not in lowered
    told = [word for word in lowered[:cut] if word[0].isalnum() and word != "and"]
    if sum(word not in lexicon.small("determiner") for word in told) > MAX_PHRASE:
        return None  # words without an order, no name of a thing
    return Entity(phrase, head, _english_kind(lowered[:cut], named))


@cache
def _first_names() -> frozenset[str]:
    """The listed ones, of which those in -s matter here: Marcus is no plural."""
    return frozenset(" ".join(lexicon.rules()["gender"].values()).split())


_PEOPLE = ("keeper", "woman", "man", "maker", "rider", "teacher", "dancer", "worker", "fighter")
"""Ends of words for people."""


def _english_kind(words: list[str], named: bool) -> Kind:
    kind = lexicon.rules()["kind"]
    head = words[-1]
    if head in kind["person"] or head.endswith(_PEOPLE):
        return "person"
    if head in kind["animal"]:
        return "animal"
    common = head in kind["mass"] or head in kind["adjective"]
    common = common or (head.endswith("s") and head not in _first_names())
    place = lexicon.find_place("the " + head) is not None
    length = len(words) - words[0].endswith(".")
    return "person" if named and length <= 2 and not common and not place else "thing"


def _objects(text: str, tokens: list[tuple[str, int, int]], start: int) -> tuple[Entity, ...]:
    """Things that a sentence brings in after its subject: "holds a red balloon"."""
    found: list[Entity] = []
    i = start
    while i < len(tokens):
        previous = tokens[i - 1][0].lower() if i else ""
        if tokens[i][0].lower() in ("a", "an", "two", "three") or (
            tokens[i][0].lower() == "the" and previous not in lexicon.small("stop")
        ):
            end = _noun_phrase(tokens, i)
            # what somebody is without is not there
            absent = previous in ("without", "like")  # nor what it is only like
            entity = None if absent else _entity(text, tokens, i, end)
            if entity and not lexicon.find_place(f"in {entity.phrase}"):
                found.append(entity)
            i = max(end, i + 1)
        else:
            i += 1
    return tuple(found)
