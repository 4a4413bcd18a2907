"""Quoted speech in prose: what is said, and who may be saying it.

A quote without a verb of speaking is a text in the picture ("a sign reads 'OPEN'"), unless it
stands alone.
"""

import re
from dataclasses import dataclass

from shotwright.prompts.director.english_names import TITLE
from shotwright.prompts.language import CJK

_QUOTE = re.compile(
    r"\u201e(?P<low>[^\u201c\u201d]{1,2000})[\u201c\u201d]|\u00ab(?P<angle>[^\u00bb]{1,2000})\u00bb"
    r"|\u201c(?P<curly>[^\u201d]{1,2000})\u201d|\u300c(?P<corner>[^\u300d]{1,2000})\u300d"
    r"|\u300e(?P<white>[^\u300f]{1,2000})\u300f|\"(?P<straight>[^\"]{1,2000})\""
    # single quotes are apostrophes too: only what begins like a sentence and ends with a mark
    r"|(?<!\w)['\u2018](?=[A-Z\d\u2026])(?P<single>(?:[^'\u2018\u2019\"\n]|(?<=\w)['\u2019](?=\w)){1,500}"
    r"[.,!?\u2026])['\u2019](?!\w)"
)
_VERB = re.compile(
    r"\b(?:say(?:s|ing)?|said|ask(?:s|ed|ing)?|whisper(?:s|ed|ing)?|shout(?:s|ed|ing)?|repl(?:y|ies|ied)|"
    r"answer(?:s|ed)?|tell(?:s|ing)?|told|yell(?:s|ed|ing)?|cr(?:y|ies|ied) out|mutter(?:s|ed|ing)?|"
    r"murmur(?:s|ed)?|scream(?:s|ed|ing)?|call(?:s|ed)? out|exclaim(?:s|ed)?|mumble[sd]?|announce[sd]?|"
    r"add(?:s|ed)|continue[sd]?|begin(?:s)?|laugh(?:s|ed)|sing(?:s|ing)|sang|sigh(?:s|ed)|thinks?|narrat\w+|"
    r"voice)\b"
    r"|说|问|喊|答|道|叫|低语|嘟囔|吼|念|唱|旁白|讲|骂|叹|回应|开口|告诉",
    re.I,
)
_AFTER = re.compile(
    r"^[,.]?\s*(?:\w+ly\s+)?(?:says?|said|asks?|asked|whispers?|whispered|shouts?|shouted|replies|replied|"
    r"answers?|answered|yells?|yelled|mutters?|muttered|murmurs?|murmured|adds?|added|cries|cried|calls?|called|"
    r"begs?|begged|gasps?|gasped|hiss(?:es|ed)|growls?|growled|grunts?|grunted|sobs?|sobbed|snaps?|snapped|"
    r"squeaks?|squeaked|roars?|roared|barks?|barked|hoots?|hooted|purrs?|purred|croaks?|croaked|chirps?|chirped|"
    r"stammers?|stammered|wonders?|wondered|insists?|insisted|warns?|warned|sighs?|sighed|groans?|groaned|"
    r"bellows?|bellowed|exclaims?|exclaimed|explains?|explained|demands?|demanded|promises|promised|laughs?|laughed|"
    r"giggles?|giggled|chuckles?|chuckled|screams?|screamed|thinks?|thought|continues|continued|went\s+on)\s+"
    rf"(?P<who>(?:{TITLE} )?(?:the |an? )?[\w'-]+(?: [A-Z][\w'-]+)?)",
    re.I,
)
_GOES_ON = re.compile(
    r"[,\uff0c][\"\u201d]\s*(?:(?:he|she|it|they|the\s+\w+|an?\s+\w+|(?-i:[A-Z])[\w.'-]+)\s+(?:\w+ly\s+)?\w+(?:s|ed)\b"
    r"|\w+(?:s|ed)\s+(?:he|she|it|they|the\s+\w+|an?\s+\w+|(?-i:[A-Z])[\w.'-]+))",
    re.I,
)
"""A comma before the closing quote, and whose voice it is: '"Shadows," she hooted'."""
_LAUGHED = re.compile(
    rf"[.!?,\u3002\uff01\uff1f\uff0c\u2026][\u201d\u300d\u300f\"]\s*[{CJK}]{{1,4}}?[微苦冷大]?[笑哭]"
)
"""Who laughs right after the words has said them."""
_DONE = re.compile(r"[.!?\u2026\u2014\u3002\uff01\uff1f][\W_]*\s*(?=[A-Z\u4e00-\u9fff])")
"""Whole words at the end of a quote, and somebody's doing after it."""
_WRITTEN_ON = re.compile(
    r"\b(?:note|letter|message|card|ticket|page|envelope|board|billboard|plaque|tombstone|t-?shirt|sticker|wall|door)\b"
    r"[^.;!?\u201c\"]{0,40}?(?:[:,]|\bsay(?:s|ing)|\bsaid)\s*$",
    re.I,
)
"""Right before a quote: what it is written on."""
_WRITTEN = re.compile(
    r"\b(?:reads?|reading|labell?ed|marked|titled|sign|poster|marquee|placard|title|caption|subtitle|text|words?|written|"
    r"logo|called|named|screen|tattoo|letters|banner|headline)\b"
    r"|写着|写有|标题|字幕|字样|招牌|海报|印着|牌子|刻着|名为|叫做|显示",
    re.I,
)
_LABEL = re.compile(
    r"(?!(?:text|title|super|caption|subtitle|sign|note|slogan|headline|logo|poster|banner|tagline|on-?screen)\b)"
    r"((?-i:[A-Z])[\w.'-]*(?: (?-i:[A-Z])[\w.'-]*){0,2})\s*:",
    re.I,
)
"""Who speaks, in 'Commander Reyes: "Go!"'."""


@dataclass(frozen=True)
class Said:
    """A quote: its words, and who the sentence says they are of (None: its subject).

    then: nothing but what is done after the words tells that they are spoken.
    """

    text: str
    who: str | None = None
    then: bool = False


def said_in(sentence: str) -> tuple[tuple[Said, ...], str]:
    """The speeches of a sentence, and the sentence without them.

    Nothing is spoken where the quote is a text in the picture.
    """
    quotes = list(_QUOTE.finditer(sentence)) if _may_quote(sentence) else []
    if not quotes:
        return (), sentence
    rest = _QUOTE.sub(" ", sentence).strip()
    alone = not re.search(rf"[\w{CJK}]", rest)
    if label := _LABEL.fullmatch(rest):
        return tuple(Said(_words(quote), label[1]) for quote in quotes), ""
    told = _VERB.search(rest) or _LAUGHED.search(sentence) or _GOES_ON.search(sentence)
    told = told or next(filter(None, (_AFTER.match(sentence[q.end() :]) for q in quotes)), None)
    speaks = told or _acts_then(sentence, quotes[0])
    written = _WRITTEN.search(rest) or _WRITTEN_ON.search(sentence[: quotes[0].start()])
    if not alone and (not speaks or written):
        return (), sentence
    then = not told and not alone
    named = [_speaker_after(sentence, quote) for quote in quotes]
    # "... ," said Mary, "..." goes on with Mary
    named = [who or (named[0] if told else None) for who in named]
    said = tuple(Said(_words(q), who, then) for q, who in zip(quotes, named, strict=True))
    for one in said:
        if one.who is not None:
            # "says Mary" names the speaker and shows nothing more
            rest = re.sub(rf"\w+\s+{re.escape(one.who)}", " ", rest, count=1).strip(" ,.")
    return said, rest


def unquoted(sentence: str) -> str:
    """The sentence without what stands in quotes: "One more night" tells no time of day."""
    return _QUOTE.sub(" ", sentence) if _may_quote(sentence) else sentence


def _acts_then(sentence: str, quote: re.Match[str]) -> bool:
    """'"Not today." He closes the door.': whoever acts right after whole words has said them."""
    if sentence[: quote.start()].strip():
        return False
    return bool(_DONE.match(sentence, quote.end() - 2))


def _may_quote(sentence: str) -> bool:
    return any(mark in sentence for mark in "\"'\u2018\u201c\u201e\u00ab\u300c\u300e")


def _words(quote: re.Match[str]) -> str:
    return next(words for words in quote.groups() if words is not None).strip().rstrip(",\uff0c")


def _speaker_after(sentence: str, quote: re.Match[str]) -> str | None:
    """Mary, in '"Go!" says Mary.'"""
    match = _AFTER.match(sentence[quote.end() :])
    if not match or match["who"].lower() in ("to", "that", "it", "something", "nothing"):
        return None
    return match["who"]
