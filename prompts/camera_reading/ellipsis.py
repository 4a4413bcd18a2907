"""A way without its verb: "pans left, then right", "crane up and back"."""

import re

from shotwright.prompts.camera_reading.lexicon import Found, words
from shotwright.prompts.camera_reading.tables import NUMBER, PREPOSITION, UNIT, Clause, tables
from shotwright.prompts.camera_reading.ways import way_after

_AND_BACK = re.compile(
    r"\s*(?P<way>back|in|forward)(?=\s+(?:from|on|to|over|toward|towards|into|through)\b|\s*[,.;]|\s*$)"
)
_FILLED = re.compile(
    rf"\s*(?:(?:[a-z]+ly|slow|fast|quick|again|(?:{NUMBER})\s*(?:{UNIT})?|°|%)\s*)*"
)
"""What may stand before a way alone: "then 90 degrees to the right"."""
_AND_BACK_MOVES = {"back": "dolly_out", "in": "dolly_in", "forward": "dolly_in"}


def elliptic(text: str, clause: Clause, last: Found) -> Found | None:
    """ "pans left, then right": a way without a verb takes the verb before it."""
    family = last.move.partition("_")[0] if last.family == "phrase" else last.family
    entry = words()["en"].get(family)
    if entry is None or clause.start - last.end > 60:
        return None
    lead = tables().lead.match(text, clause.start, clause.end)
    at = lead.end() if lead else clause.start
    if clause.link == "and" and last.family in ("crane", "pedestal"):
        along = _AND_BACK.match(text, at, clause.end)  # "crane up and back from the grave"
        if along:
            move = _AND_BACK_MOVES[along["way"]]
            return Found(move, *along.span(), (along.span(),), "travel")
    again = re.compile(r"(?:back\s+|all\s+the\s+way\s+|slowly\s+)*").match(text, at)
    at = again.end() if again else at
    way, span = way_after(text, at, clause.end, entry["ways"])
    if (
        way is None
        or span is None
        or not _FILLED.fullmatch(text, at, span[0])
        or way in ("toward", "along", "around", "with")
    ):
        return None
    after = text[span[1] : clause.end]
    if (
        after.strip()
        and not PREPOSITION.match(after)
        and not re.match(
            r"\s+(?:again|back|slowly|quickly|fast|at\s+once|together|simultaneously|at\s+the\s+same\s+time)",
            after,
        )
    ):
        return None
    move = entry["ways"][way]
    if move == last.move:
        return None
    return Found(move, span[0], span[1], (span,), family)
