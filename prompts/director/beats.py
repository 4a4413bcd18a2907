"""Events -> beats: what one shot holds.

A sentence is a shot, except that short ones about the same thing share one while their time lasts,
a sentence that turns to hands or a thing is cut there, a speech is a shot of its own, and what only
directs joins its neighbour.  A shot that the writer marked keeps all that stands in it.
"""
# ruff: noqa: RUF001  (Chinese punctuation is meant)

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from shotwright.prompts import pace
from shotwright.prompts.director import lexicon
from shotwright.prompts.director.events import Event, camera_of
from shotwright.prompts.director.speech import said_in
from shotwright.prompts.director.subjects import happens, mentions_of
from shotwright.prompts.language import CJK

SHORT_S = 1.5
"""What a sentence takes at least, however few its words."""
MIN_TAIL_WORDS = 4
MIN_HEAD_WORDS = 6


@dataclass
class Beat:
    """What one shot holds, in the order of the script.

    marked: the shot was opened by its writer; heading: the events say a new scene.
    """

    events: list[Event] = field(default_factory=list)
    marked: Event | None = None
    heading: str | None = None

    @property
    def sentences(self) -> list[Event]:
        return [event for event in self.events if event.kind == "sentence"]

    @property
    def speeches(self) -> list[Event]:
        return [event for event in self.events if event.kind == "speech"]

    def of(self, kind: str) -> list[Event]:
        return [event for event in self.events if event.kind == kind]

    @property
    def only_looks(self) -> bool:
        """Whether its sentences tell how or when it looks so, and not yet what is seen."""
        told = self.sentences
        return bool(told) and all(
            lexicon.only_looks(e.text) or lexicon.only_opens(e.text) for e in told
        )

    @property
    def has_picture(self) -> bool:
        return self.marked is not None or bool(self.sentences or self.speeches)


def beats_of(events: Iterable[Event], *, shot_s: float, longest_s: float) -> Iterator[Beat]:
    """shot_s: seconds of a usual shot; longest_s: what a shot can last, for speeches.

    What ends the film ("FADE OUT.") belongs to its last shot, and so does how that looks ("Cinematic, 4K.").
    """
    last: Beat | None = None
    for beat in _beats(events, shot_s, longest_s):
        looks = beat.only_looks and not beat.of("heading") and beat.marked is None
        if last is not None and (looks or all(e.kind in _NO_PICTURE for e in beat.events)):
            last.events += beat.events
            continue
        if last is not None:
            yield last
        last = beat
    if last is not None:
        yield last


_NO_PICTURE = ("transition", "aside", "note", "direction", "hold")


def _beats(events: Iterable[Event], shot_s: float, longest_s: float) -> Iterator[Beat]:
    pending: list[Event] = []
    current: Beat | None = None
    for event in _refined(events, longest_s):
        if event.kind in ("heading", "transition", "shot"):
            if current is not None:
                yield current
            current = None
            if event.kind == "shot":
                current = Beat([*pending, event], marked=event)
                pending = []
            else:
                if event.kind == "heading" and any(e.kind == "heading" for e in pending):
                    yield Beat(pending)  # a scene of which nothing but its heading is told
                    pending = []
                pending.append(event)
        elif event.kind in ("sentence", "speech"):
            if current is not None and _goes_on(current, event, shot_s):
                current.events.append(event)
                continue
            if current is not None:
                yield current
            elif event.kind == "speech" and any(e.kind == "heading" for e in pending):
                yield Beat(pending)  # establish first: the place, before anyone speaks in it
                pending = []
            current = Beat([*pending, event])
            pending = []
        elif current is not None and not _opens_next(event, current):
            current.events.append(event)
        else:
            pending.append(event)
    if current is not None:
        current.events += pending
        pending = []
        yield current
    if pending:
        yield Beat(pending)


def _opens_next(event: Event, current: Beat) -> bool:
    """A note in a paragraph of its own directs what follows; inside one, the sentence before it."""
    if event.kind == "aside":
        return current.marked is None
    if event.kind != "note" or current.marked is not None:
        return False
    if event.opens and any(
        event.channel.keys() & note.channel.keys() for note in current.of("note")
    ):
        return True  # "Cam: pan left." over each line: the second is the next line's
    return event.paragraph != current.events[-1].paragraph and not _inside(event, current)


def _inside(event: Event, current: Beat) -> bool:
    last = current.events[-1]
    return event.start <= last.end + 1


def _goes_on(current: Beat, event: Event, shot_s: float) -> bool:
    """Whether a sentence or speech shares the shot before it."""
    if current.marked is not None:
        return True
    if event.kind == "sentence" and (camera_follows(current, event.text) or lacks(event.text)):
        return True
    if event.kind == "sentence" and current.only_looks:
        return True
    if event.kind == "speech" or current.speeches or not current.sentences:
        return False
    if event.paragraph != current.sentences[-1].paragraph:
        return False
    if lexicon.only_looks(event.text):
        return True
    if lexicon.only_opens(event.text):
        return False  # "Night." opens the picture after it
    both = [*current.sentences, event]
    if sum(max(SHORT_S, pace.action_s(one.text)) for one in both) > shot_s:
        return False
    if any(e.kind in ("direction", "note") for e in current.events):
        return False
    if any(is_own(one.text) for one in both) or not _same_subject(event.text):
        return False
    # "Steam rises. She smiles." are two pictures
    subject = mentions_of(current.sentences[-1].text).subject if _PERSON.match(event.text) else None
    return subject is None or subject.kind != "thing"


_PERSON = re.compile(
    r"\W*(?:(?:then|and|suddenly|now|slowly|finally)[, ]+)*(?:he|she|his|her)\b|\W*[他她](?!们)",
    re.I,
)


_CAMERA = re.compile(
    r"\W*(?:(?:then|slowly|now|and)[, ]+)*(?:the |our )?camera\b|\W*(?:随后|然后|接着)?[，,]?(?:镜头|摄影机|摄像机)",
    re.I,
)


def camera_follows(current: Beat, text: str) -> bool:
    """ "The camera pushes in on his face." films what was just told, unless that is filmed already."""
    if not _CAMERA.match(text) or not camera_of(text).moves or lexicon.find_size(text):
        return False
    return not any(camera_of(event.text).moves for event in current.events if event.text)


_LACKS = re.compile(
    r"\W*(?:no|without(?: any)?)\s+(?!one\b|body\b|thing\b|longer\b|more\b|way\b|matter\b)"
    r"(?P<en>[a-z][\w' -]{1,40}?)\W*"
    rf"|\W*(?:没有|无|不要有?|不要出现)(?P<zh>[{CJK}]{{1,8}})\W*",
    re.I,
)


def lacks(text: str) -> str | None:
    """What a sentence says is not to be seen or heard, and nothing more: "No music." is no picture."""
    parts = _LISTED.split(text)
    if len(parts) > 1:
        each = [lacks(part) for part in parts]
        return ", ".join(filter(None, each)) if all(each) else None
    match = _LACKS.fullmatch(text)
    said = (match["en"] or match["zh"]) if match else None
    # "No logo until the last shot." is about the logo
    return None if said is None or happens(_UNLESS.split(said)[0]) else said


_LISTED = re.compile(r"\s*[,，、]\s*(?:and\s+|or\s+)?(?=no\b|没有|无|不要)|\s+and\s+(?=no\b)", re.I)
_UNLESS = re.compile(r"\b(?:until|before|except|but|after)\b", re.I)


def _same_subject(text: str) -> bool:
    """A sentence that goes on with a pronoun, or says no subject at all."""
    return bool(_GOES_ON.match(text))


_GOES_ON = re.compile(
    r"\W*(?:(?:then|and|suddenly|now|slowly|finally)[, ]+)*(?:it|he|she|they|its|his|her|their)\b"
    r"|[\W]*(?:然后|接着|随后|突然|忽然|最后)?[，,]?(?:它|他|她)",
    re.I,
)


def is_own(text: str) -> bool:
    """Whether a sentence wants a shot of its own: camera words, a size, hands, a place, a speech."""
    if lexicon.find_size(text) or lexicon.find_angle(text) or lexicon.find_place(text):
        return True
    if lexicon.find_time(text) or lexicon.has("insert", text) or said_in(text)[0]:
        return True
    return bool(camera_of(text).moves)


def _refined(events: Iterable[Event], longest_s: float) -> Iterator[Event]:
    """Sentences cut where they turn to a detail, speeches cut where no shot could hold them."""
    for event in events:
        if event.kind == "sentence":
            yield from _at_details(event)
        elif event.kind == "speech" and pace.speech_s(event.text) > longest_s:
            yield from _in_turns(event, longest_s)
        else:
            yield event


_TURN = re.compile(
    r"(?:[,;]\s+(?:and\s+|then\s+|and then\s+)?|\s+and then\s+|[，；]\s*(?:然后|接着|再|随后)?)"
)


def _at_details(event: Event) -> Iterator[Event]:
    """ "She crosses the room to the old desk, her fingers turn the key." is a walk and an insert."""
    if not lexicon.has("insert", event.text) or said_in(event.text)[0]:
        yield event
        return
    if len(event.text) != event.end - event.start:
        yield event  # the words and their place differ by marks: no cut can be placed
        return
    for match in reversed(list(_TURN.finditer(event.text))):
        head, tail = event.text[: match.start()], event.text[match.end() :]
        if not _long(head, MIN_HEAD_WORDS) or not _long(tail, MIN_TAIL_WORDS):
            continue
        if lexicon.has("insert", tail) and not lexicon.has("insert", head):
            cut = event.start + match.end()
            first = event.text[: match.end()].rstrip()
            yield Event("sentence", first, event.start, event.start + len(first), event.paragraph)
            yield Event("sentence", tail, cut, event.end, event.paragraph)
            return
    yield event


def _long(text: str, words: int) -> bool:
    plain, chinese = pace.count(text)
    return plain + chinese / 2 >= words


def _in_turns(event: Event, longest_s: float) -> Iterator[Event]:
    """A long speech in parts that a shot each can hold, cut at sentences, clauses, then words."""
    start = 0
    for end in _cuts(event.text, longest_s):
        part = event.text[start:end]
        if part.strip():
            # every part stands where the whole speech stands: its lines may be wrapped
            yield Event(
                "speech",
                part.strip(),
                event.start,
                event.end,
                event.paragraph,
                event.who,
                event.how if start == 0 else "",
            )
        start = end


def _cuts(text: str, longest_s: float) -> Iterator[int]:
    since, last, spent = 0, 0, 0.0
    for match in re.finditer(r"\S+?(?:[.!?…。！？；;,，]+|(?=\s)|$)\s*|\s+", text):
        takes = pace.speech_s(match.group())
        if spent + takes > longest_s and match.start() > since:
            cut = last if last > since else match.start()
            yield cut
            since, spent = cut, pace.speech_s(text[cut : match.start()])
        spent += takes
        if re.search(r"[.!?…。！？；;]\s*$", match.group()):
            last = match.end()
    yield len(text)
