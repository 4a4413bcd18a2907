"""The rewrite contract: what of the user's words a rewriting lost, and what it made up.

Names, quoted words, numbers, negatives, camera words and shot sizes are found in both texts and compared by what they
mean: "three" is 3 is 三, "no rain" may move into the negative prompt, "push in" may become "推进".  Knows no model and
no plan.  Try: python -m pytest tests/prompts/test_rewrite_check.py
"""
# ruff: noqa: RUF001  (Chinese punctuation is meant)

import difflib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cache, lru_cache
from typing import Any, Literal

from shotwright.generator.camera import Move
from shotwright.generator.errors import BadRequest
from shotwright.prompts.camera_words import camera_spans, denied_moves, is_direction, parse_prose
from shotwright.prompts.director import lexicon
from shotwright.prompts.director.chinese_names import chinese_names
from shotwright.prompts.director.english import english_mentions
from shotwright.prompts.language import CJK, detect_language, split_sentences
from shotwright.prompts.numerals import numbers_in

Kind = Literal["name", "quote", "number", "negative", "camera", "size", "angle"]


@dataclass(frozen=True)
class Held:
    """Something that must survive: value is what it means, words as they were written."""

    kind: Kind
    value: str
    words: str = field(compare=False)

    def named(self) -> str:
        """For a reader: a camera move by what it means, the rest as written."""
        return f"{self.kind}: {self.value if self.kind == 'camera' else self.words}"


@dataclass(frozen=True)
class Check:
    """What a rewriting did to the user's words; repaired are those lost at first and put back."""

    lost: tuple[Held, ...] = ()
    invented: tuple[Held, ...] = ()
    repaired: tuple[Held, ...] = ()
    added: tuple[str, ...] = field(default=(), compare=False)
    removed: tuple[str, ...] = field(default=(), compare=False)

    @property
    def kept(self) -> bool:
        return not self.lost and not self.invented

    def to_json(self) -> dict[str, Any]:
        """The diff as it goes over the wire."""
        held = {
            name: [asdict(item) for item in getattr(self, name)]
            for name in ("lost", "invented", "repaired")
        }
        return {**held, "added": list(self.added), "removed": list(self.removed)}

    def said(self) -> str:
        """What is wrong, for a reader who can mend it."""
        parts = [f"lost {item.named()}" for item in self.lost]
        parts += [f"invented {item.named()}" for item in self.invented]
        return "; ".join(parts)


def check_rewrite(
    original: str, rewritten: str, *, negative: str = "", moves: Iterable[Move] = ()
) -> Check:
    """Compare a rewriting with the user's words; for prompts, since the diff grows with the square of the length.

    See `compare`.
    """
    found = compare(original, rewritten, negative=negative, moves=moves)
    added, removed = diff(original, rewritten)
    return replace(found, added=added, removed=removed)


def compare(
    original: str, rewritten: str, *, negative: str = "", moves: Iterable[Move] = ()
) -> Check:
    """What was lost and invented, without the diff.

    negative: the negative prompt that goes with it, where a negative may have moved; moves: camera
    moves that are kept beside the text.  Between two languages names and the words of negatives
    cannot be compared, their number can.
    """
    same = detect_language(original) == detect_language(rewritten)
    extra = [held_move(move) for move in moves]
    mine, theirs = held(original), [*held(rewritten), *extra]
    lost = [item for item in mine if not _survives(item, rewritten, theirs, negative, same)]
    invented = [
        item for item in theirs if item not in extra and _is_new(item, original, mine, same)
    ]
    return Check(_unique(lost), _unique(invented))


def put_back(original: str, rewritten: str, check: Check) -> str:
    """The rewriting with the user's own sentences behind it that hold what was lost."""
    sentences = [span.text for span in split_sentences(original)]
    missing = [s for s in sentences if any(item.words in s for item in check.lost)]
    between = "" if detect_language(rewritten) == "zh" else " "
    return between.join([rewritten.strip(), *missing])


@lru_cache(maxsize=8)
def held(text: str) -> tuple[Held, ...]:
    """Everything in a text that must survive, in the order of kinds."""
    items = [Held("quote", _bare(quote), quote) for quote in quotes(text)]
    unquoted = _blanked(text, [match.span() for match in _quoted(text)])
    moves, spans = _camera(unquoted)
    still = _blanked(unquoted, spans)  # "the camera does not move" is a camera that holds still
    spans += [match.span() for match in _ORDINAL.finditer(unquoted)]
    told = _blanked(unquoted, spans)  # an amount of a move is no number of things
    size, angle = lexicon.find_size(unquoted), lexicon.find_angle(unquoted)
    if size:
        items.append(Held("size", size.value, unquoted[size.start : size.end]))
    if angle:
        items.append(Held("angle", angle.value, unquoted[angle.start : angle.end]))
    told = _blanked(told, [(hit.start, hit.end) for hit in (size, angle) if hit])
    items += [Held("name", name.casefold(), name) for name in names(told)]
    items += [Held("number", value, words) for value, words in numbers_in(told)]
    items += [
        Held("negative", " ".join(words), text[start : start + len(said)])
        for words, said, start in negatives(still)
        if words or "\0" not in said  # "no camera movement" is held as the camera that it asks for
    ]
    return (*items, *moves)


_ORDINAL = re.compile(
    r"(?m)^[ \t]*\d+[.)、]|\b(?:scene|shot|act|part|chapter|page|take)\s+\d+|第\d+[场镜幕集页]|[场镜幕]\s*\d+",
    re.I,
)
"""Numbers that order a script; a picture does not show them."""


def _blanked(text: str, spans: Iterable[tuple[int, int]]) -> str:
    """The text with spans that nothing matches; every position stays where it was."""
    letters = list(text)
    for start, end in spans:
        letters[start:end] = "\0" * (end - start)
    return "".join(letters)


def held_move(move: Move) -> Held:
    """A camera move as something held: with its amount where one is asked."""
    said = move.move if move.amount is None else f"{move.move} {move.amount:g}"
    return Held("camera", said, said)


_QUOTES = re.compile(
    r"“[^”]{1,500}”|\"[^\"\n]{1,500}\"|「[^」]{1,500}」|『[^』]{1,500}』|《[^》]{1,100}》|‘[^’]{1,300}’(?!\w)"
    r"|(?<!\w)'[^'\n]{2,300}'(?!\w)"
)


def quotes(text: str) -> list[str]:
    """What stands in quotes: dialogue, and text to be read in the picture."""
    return [found.group()[1:-1].strip() for found in _quoted(text)]


def _quoted(text: str) -> Iterator[re.Match[str]]:
    """Every quote; in a prompt that is JSON, whose own marks quote nobody, those of words to hear or to read."""
    written = _OBJECT.match(text)
    for found in _QUOTES.finditer(text):
        if not written or _TO_READ.search(text, max(0, found.start() - 60), found.start()):
            yield found


_OBJECT = re.compile(r"\s*\[?\s*\{\s*\"[^\"\n]*\"\s*:")
_TO_READ = re.compile(
    r"\"[^\"]*(?:dialogue|text|speech|line|caption|sign|title|says|said|quote|台词|对白|字幕|文字)[^\"]*\"\s*:\s*$",
    re.I,
)


def _bare(quote: str) -> str:
    return re.sub(r"\s+", " ", quote).strip(" .,!?。，！？…").casefold()


_CAPITAL = re.compile(
    r"(?<![\w'’])[A-Z\u00c0-\u00de][\w\u00c0-\u024f]*(?:[-'’](?!s\b)[A-Za-z]\w*)*"
)
_JARGON = re.compile(
    r"i{1,3}|int|ext|est|day|night|cut|to|fade|in|out|vo|os|pov|[me]?cu|[wmle]s|els|cont'd|continuous|later|[ovsc]"
    r"|the|an?|and|or|but|it|he|she|they|we|you|half|tv|led|lcd|u?hd|[234][dk]",
    re.I,
)
"""Capitals of scripts and of machines, which name nobody."""
_TITLED = 0.6  # above this share of capitals a line is a heading, and capitals name nobody
_SPEAKS = re.compile(
    r"[\s\"'“‘(]*([A-Z\u00c0-\u00de][\w\u00c0-\u024f]+)\s+(?:says|said|asks|asked|tells|told|whispers|shouts|replies|"
    r"answers|yells|calls|smiles|nods|laughs)\b"
)
_NOBODY = frozenset(
    [
        "he",
        "she",
        "they",
        "it",
        "we",
        "you",
        "who",
        "nobody",
        "someone",
        "somebody",
        "everyone",
        "everybody",
        "this",
    ]
)
_CUE_ZH = re.compile(rf"(?<![{CJK}])([{CJK}]{{2,4}})(?=[：:])")
"""Who speaks, before the words."""


_LATIN = re.compile(r"[A-Za-z][\w ,'-]*", re.A)


def names(text: str) -> list[str]:
    """Proper names: capitals inside a sentence, Latin words inside Chinese, Chinese names by form."""
    found: list[str] = []
    for span in split_sentences(text):
        if detect_language(span.text) == "zh":
            for run in _LATIN.findall(span.text):
                if not is_direction(run):  # "No zoom" among Chinese words
                    found += re.findall(r"[A-Za-z][\w-]+", run)
            found += [*_CUE_ZH.findall(span.text), *chinese_names(span.text)]
            continue
        found += _english_names(span.text)
    return [
        name
        for name in dict.fromkeys(found)
        if not _JARGON.fullmatch(name) and name.casefold() not in _common()
    ]


@cache
def _common() -> frozenset[str]:
    """Words that name nobody, even with a capital: "Young Woman" in a list of people."""
    kind = lexicon.rules()["kind"]
    return frozenset(
        word for name in ("person", "animal", "mass", "plural", "adjective") for word in kind[name]
    )


def _english_names(sentence: str) -> Iterator[str]:
    words = re.findall(r"[A-Za-z\u00c0-\u024f]+", sentence)
    capitals = [word for word in words if word[0].isupper()]
    if len(words) > 3 and len(capitals) > _TITLED * len(words):
        return
    for match in _CAPITAL.finditer(sentence):
        before = sentence[: match.start()].rstrip(" \"'“‘([*-—")
        if before and before[-1] not in ".!?:;\n" and match.group() != "I":
            yield match.group()
    spoken = _SPEAKS.match(sentence)
    if spoken and spoken.group(1).lower() not in _NOBODY:
        yield spoken.group(1)
    subject = english_mentions(sentence).subject
    if subject and subject.kind == "person" and subject.phrase[:1].isupper():
        yield from (word for word in subject.phrase.split() if word[:1].isupper())


NO = re.compile(
    r"\b(?:no one|nobody|nothing|nowhere|no|not|never|without|none|cannot|neither|nor|avoid)\b|n['’]t\b"
    r"|无(?![数限尽论比穷声意疑情奈])|没有?|不(?![断停同远久禁时少过仅只知])(?:要|能|会|是|许|准|可)?|[别勿](?![墅的人样处])"
    r"|(?<![分级特个区])别(?![墅的人样处])|禁止|避免|毫无",
    re.I,
)
_REACH_EN, _REACH_ZH = 4, 6
"""How far behind its word a negation reaches: content words of English, letters of Chinese."""
_EMPTY = frozenset(
    [
        "a",
        "an",
        "the",
        "any",
        "of",
        "in",
        "on",
        "at",
        "to",
        "is",
        "are",
        "be",
        "been",
        "being",
        "do",
        "does",
        "did",
        "has",
        "have",
        "had",
        "it",
        "its",
        "other",
        "more",
        "all",
        "and",
        "or",
    ]
)


def negatives(text: str) -> Iterator[tuple[tuple[str, ...], str, int]]:
    """(content words that are denied, the words as written, where they begin) of each negation."""
    for match in NO.finditer(text):
        rest = re.split(r"[.!?;,:\n。！？；，：、]", text[match.end() :], maxsplit=1)[0]
        if re.match(f"\\s*[{CJK}]", rest):
            denied = rest.strip()[:_REACH_ZH]
            yield (denied,), match.group() + denied, match.start()
            continue
        words = re.findall(r"[A-Za-z\u00c0-\u024f]+", rest)[: _REACH_EN + 3]
        content = [word.lower() for word in words if word.lower() not in _EMPTY][:_REACH_EN]
        yield tuple(content), (match.group() + rest).rstrip(), match.start()


def _camera(text: str) -> tuple[list[Held], list[tuple[int, int]]]:
    """The camera moves of a text, sentence by sentence, and where it speaks of them."""
    moves, spans = [], []
    for span in split_sentences(text):
        spans += [(span.start + a, span.start + b) for a, b in camera_spans(span.text)]
        try:
            found, hits = parse_prose(span.text)
            moves += [
                replace(held_move(move), words=span.text[hit.start : hit.end])
                for move, hit in zip(found, hits, strict=True)
            ]
        except BadRequest:  # an amount that no camera makes; whoever compiles the shot reports it
            continue
    return moves, spans


def _survives(item: Held, text: str, theirs: Sequence[Held], negative: str, same: bool) -> bool:
    if item.kind == "quote":
        return item.value in re.sub(r"\s+", " ", text).casefold()
    if item.kind == "name":
        return not same or _names(item.words, text)
    if item.kind == "negative":
        banned = denied_moves(item.words)
        told = {other.value.split()[0] for other in theirs if other.kind == "camera"}
        if banned and told:
            return not banned & told  # another move is said, so this one is not made
        return _denied(item, theirs, negative, same)
    return any((other.kind, other.value) == (item.kind, item.value) for other in theirs)


def _names(name: str, text: str) -> bool:
    if re.search(f"[{CJK}]", name):
        return name in text
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text, re.I) is not None


def _denied(item: Held, theirs: Sequence[Held], negative: str, same: bool) -> bool:
    others = [other for other in theirs if other.kind == "negative"]
    if not same or not item.value:
        return bool(others or negative)
    return any(_alike(item.value, other.value) for other in others) or _alike(item.value, negative)


def _alike(denied: str, text: str) -> bool:
    """Whether a text holds what is denied: one of its words, or two letters of Chinese in a row."""
    if re.search(f"[{CJK}]", denied):
        pairs = {denied[i : i + 2] for i in range(max(1, len(denied) - 1))}
        return any(pair in text for pair in pairs)
    stems = {word[:5] for word in denied.split() if len(word) > 2} or set(denied.split())
    return any(re.search(rf"\b{re.escape(stem)}", text, re.I) for stem in stems)


def _is_new(item: Held, original: str, mine: Sequence[Held], same: bool) -> bool:
    if item.kind in ("negative", "size", "angle"):
        return False  # denying more, and choosing a size where the user names none, adds nothing to the story
    if item.kind == "quote":
        return item.value not in re.sub(r"\s+", " ", original).casefold()
    if item.kind == "name":
        return same and not _names(item.words, original)
    if item.kind == "number" and item.value == "1":
        return False
    return not any((other.kind, other.value) == (item.kind, item.value) for other in mine)


def _unique(items: Sequence[Held]) -> tuple[Held, ...]:
    return tuple({(item.kind, item.value): item for item in items}.values())


_UNIT = re.compile(rf"[{CJK}]|[\w'’-]+|[^\w\s]")


def diff(original: str, rewritten: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(runs of words that came, runs that went), as written."""
    spans = [[m.span() for m in _UNIT.finditer(text)] for text in (original, rewritten)]
    units = [
        [text[a:b].casefold() for a, b in part]
        for text, part in zip((original, rewritten), spans, strict=True)
    ]
    added, removed = [], []
    matcher = difflib.SequenceMatcher(None, units[0], units[1], autojunk=False)
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag != "equal" and b > a:
            removed.append(original[spans[0][a][0] : spans[0][b - 1][1]])
        if tag != "equal" and d > c:
            added.append(rewritten[spans[1][c][0] : spans[1][d - 1][1]])
    return tuple(r for r in added if _told(r)), tuple(r for r in removed if _told(r))


def _told(run: str) -> bool:
    return any(c.isalnum() for c in run)
