"""Names of people in English text, told by what stands around them: Dr. Okafor, Tom who laughs.

A capital alone is no name (it may begin a sentence, or be a place); a title before it says that it is one, and
so does a verb of somebody's doing after it, where it is written with a capital inside a sentence too.
Knows no script; `staging.py` looks the names up.
Try: python -m pytest tests/prompts/director/test_english_names.py
"""

import re

from shotwright.prompts.director import lexicon

TITLE = (
    r"(?:Mrs?|Ms|Dr|Prof|Professor|Doctor|Captain|Capt|Commander|Inspector|Detective|Sergeant|Sgt|Officer|Agent|"
    r"Lieutenant|Lt|Colonel|Major|General|Judge|Mayor|President|Nurse|Chef|Father|Sister|Uncle|Aunt)\.?"
)
_TITLED = re.compile(
    rf"\b(?P<whole>{TITLE} (?P<bare>[A-Z][a-z][\w'-]*\b(?<!'s)(?: [A-Z][a-z]{{2,}}\b)?))"
)
_INSIDE = re.compile(
    r"\b(?P<before>[a-z]+),? (?P<word>[A-Z][a-z]{1,20})\b(?! [A-Z])(?=[ ,.!?;:]|(?P<whose>['\u2019]s)|$)"
)
_KNOWN_AS = re.compile(
    r"\b(?:Old|Little|Poor|Big|Dear|Tiny) (?P<word>[A-Z][a-z]{1,20})\b(?! [A-Z])"
)
_DOES = (
    r"(?:walk|race|run|look|smile|laugh|say|said|ask|nod|sit|sat|stand|stood|turn|"
    r"take|took|hold|held|open|close|whisper|shout|cr(?:y|ies|ied)|watch|wave|stare|shrug|sigh|kneel|lean|reach|grab|"
    r"drink|drank|eat|ate|sleep|slept|wake|woke|sing|sang|dance|play|read|write|wrote|leave|left|come|came|go|went|"
    r"enter|climb|jump|push|pull|kick|hug|kiss|answer|repl|follow|pick|put|wait|pour|drop|throw|threw|catch|caught|"
    r"point|shake|shook|listen|think|thought|know|knew|love|hate)(?:s|es|ed|ies|ied)?\b"
)
_ACTS = re.compile(rf"\b(?P<word>[A-Z][a-z]{{1,20}}) (?:\w+ly )?{_DOES}")
_BOTH = re.compile(
    rf"\b([A-Z][a-z]{{1,20}}) and ([A-Z][a-z]{{1,20}})(?:, [^,.]{{1,30}},)? (?:\w+ly )?{_DOES}"
)


def english_names(text: str) -> list[str]:
    """The names of people that a text tells, each once, in order; of "Dr. Okafor" the bare name too."""
    found: dict[str, None] = {}
    for match in _TITLED.finditer(text):
        found[match["whole"]] = found[match["bare"]] = None
        found |= dict.fromkeys(match["bare"].split())
    for match in _BOTH.finditer(text):
        found[match[1]] = found[match[2]] = None
    acting = {match["word"] for match in _ACTS.finditer(text)}
    inside = list(_INSIDE.finditer(text))
    places = {
        match["word"]
        for match in inside
        if match["before"] in lexicon.small("leads_to_place") and not match["whose"]
    }
    for word in [match["word"] for match in (*inside, *_KNOWN_AS.finditer(text))]:
        if word in acting - places - lexicon.small("no_name"):
            found[word] = None
    return list(found)
