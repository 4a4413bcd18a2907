"""A plan as Fountain: scene headings, action and dialogue that any screenplay program shows, and
notes `[[shot: ...; camera: ...]]` that hold the directing.
"""

import re

from shotwright.prompts.director.state import name_key
from shotwright.prompts.readers.cells import delivery, encode, manner
from shotwright.prompts.readers.channel import kept
from shotwright.prompts.readers.fountain import opens_another
from shotwright.prompts.readers.tables import COLUMNS
from shotwright.prompts.shotplan import Character, Dialogue, Shot, ShotPlan
from shotwright.prompts.writers.rows import is_default, kept_parts, shot_cells

_SHORT = {
    "shot_size": "size",
    "duration_s": "dur",
    "transition_in": "transition",
    "lens_mm": "lens",
}
_ELSEWHERE = ("shot", "scene", "place", "action", "dialogue")
_DELIVERY = {"off_screen": " (O.S.)", "voice_over": " (V.O.)"}


def write_fountain(plan: ShotPlan) -> str:
    """The whole plan; what Fountain has no words for stands in a note at the end."""
    pieces = [f"Title: {_shown(plan.title) or 'Untitled'}"]
    scene = None
    for shot in plan.shots:
        if shot.scene_id != scene:
            scene = shot.scene_id
            found = plan.scene_of(shot)
            pieces.append("." + _heading((found.slugline if found else "") or scene))
        pieces.append(_note(plan, shot))
        pieces += _told(plan, shot)
    if plan.transition_out == "fade":
        pieces.append("> FADE OUT.")
    pieces.append(f"[[plan: {kept(kept_parts(plan))}]]")
    return "\n\n".join(pieces) + "\n"


def _heading(words: str) -> str:
    """A forced heading begins with a letter or digit, and `#` would number it."""
    plain = _shown(words).replace("#", "").lstrip(". ")
    return plain if plain[:1].isalnum() else f"X{plain}"


def _note(plan: ShotPlan, shot: Shot) -> str:
    """All that Fountain itself does not say of the shot."""
    cells = shot_cells(plan, shot)
    fields = [("shot", shot.id), ("scene", shot.scene_id)]
    fields += [
        (_SHORT.get(name, name), cells[name])
        for name in COLUMNS
        if name not in _ELSEWHERE and cells[name] and not is_default(shot, name)
    ]
    if not _plain_action(shot.action):
        fields.append(("action", encode("action", shot.action)))
    if shot.dialogue and not _plain_dialogue(plan, shot):
        fields.append(("dialogue", encode("dialogue", shot.model_dump(mode="json")["dialogue"])))
    return "[[" + "; ".join(f"{name}: {kept(words)}" for name, words in fields) + "]]"


def _told(plan: ShotPlan, shot: Shot) -> list[str]:
    """Action and speeches, in their own form wherever that can be read back."""
    pieces = []
    if _plain_action(shot.action):
        pieces.append("!" + shot.action)
    if shot.dialogue and _plain_dialogue(plan, shot):
        names = {character.id: character for character in plan.characters}
        pieces += [_speech(names[speech.character_id], speech) for speech in shot.dialogue]
    return pieces


def _speech(who: Character, speech: Dialogue) -> str:
    lines = [f"@{who.name}{_DELIVERY.get(speech.delivery, '')}"]
    if speech.parenthetical:
        lines.append(f"({speech.parenthetical})")
    return "\n".join([*lines, speech.text])


def _plain_action(words: str) -> bool:
    """Whether the words are one line that Fountain shows as it is."""
    return bool(words) and words == _line(words) and not _MARKS.search(words) and words[0].isalnum()


def _plain_dialogue(plan: ShotPlan, shot: Shot) -> bool:
    keys = [name_key(name) for c in plan.characters for name in {c.name, c.id}]
    known = {character.id: character.name for character in plan.characters}
    return all(
        speech.language is None
        and _is_line(speech.text)
        and keys.count(name_key(known[speech.character_id])) <= 1
        and bool(_NAME.fullmatch(known[speech.character_id]))
        and delivery(known[speech.character_id]) is None
        and (speech.parenthetical is None or _is_line(speech.parenthetical))
        and manner(speech.parenthetical or "")[0] is None
        for speech in shot.dialogue
    )


_NAME = re.compile(r"[^\W_][\w .'-]{0,60}(?<=[\w.])")
_MARKS = re.compile(r"\[\[|\]\]|/\*|\*/|[*_\\\[\]{}]")


def _is_line(words: str) -> bool:
    plain = words == _line(words) and not _OUT.search(words) and not opens_another(words)
    return bool(words) and words[0].isalnum() and plain


_OUT = re.compile(r"[*_\\\[\]{}()\uff08\uff09;]|/\*")


def _shown(words: str) -> str:
    """Words in one line that open no note and no comment."""
    return _line(words).replace("[[", "[ [").replace("/*", "/ *")


def _line(words: str) -> str:
    return " ".join(words.split())
