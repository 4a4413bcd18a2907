"""The tables of camera.md: plain words from the guide that models read, numbers from the camera's own tables."""
# ruff: noqa: RUF001  (Chinese punctuation is meant)

import re

from docs.reference import markdown as md

from shotwright.generator.camera import (
    DEFAULT_AMOUNTS,
    EASINGS,
    MAX_AMOUNTS,
    MOVES,
    PRESETS,
    SPEEDS,
    Move,
    amount_of,
)
from shotwright.generator.camera_dialects import KLING_DIALECTS, KLING_FIELDS, from_kling
from shotwright.generator.catalog import load_catalog
from shotwright.generator.inspect.camera import MIN_CONFIDENCE, REACHED, STILL
from shotwright.prompts.camera_commands import to_brackets, to_luma
from shotwright.prompts.camera_reading.lexicon import words
from shotwright.prompts.camera_words import describe_camera, parse_camera
from shotwright.prompts.texts import load

SAID = (
    "pan left",
    "slow push in",
    "zoom in 1.5x",
    "dolly out 30%",
    "tilt up 10 degrees, then zoom out",
    "orbit clockwise",
    "whip pan left",
    "hold, then crane up",
    "[Truck right, Pan left]",
    "[Tilt up] [Zoom in]",
    "push_in",
    "镜头缓慢推进",
    "向左摇20度，然后变焦拉远",
    "跟拍",
    "希区柯克变焦",
)
"""Words that a caller may write; what is read in them is asked of the reader."""
AXES_TOLD = {
    "pan_deg": "degrees, right is above 0",
    "tilt_deg": "degrees, up is above 0",
    "roll_deg": "degrees, clockwise is above 0",
    "zoom_ratio": "focal ratio, 1 is none, in is above 1",
    "truck": "fraction of the subject distance, right is above 0",
    "pedestal": "fraction of the subject distance, up is above 0",
    "dolly": "fraction of the subject distance, in is above 0",
}


def moves() -> str:
    """Every move in plain words, with its unit and its amounts."""
    rows = []
    for names, what, unit in _guide("Moves"):
        kind = Move(names[0]).kind
        usual = DEFAULT_AMOUNTS.get(kind)
        amounts = [f"{usual[speed]:.3g}" for speed in SPEEDS] if usual else ["", "", ""]
        rows.append((", ".join(map(md.code, names)), what, unit, *amounts, _most(names)))
    told = [name for names, _, _ in _guide("Moves") for name in names]
    assert sorted(told) == sorted(MOVES), "the guide and the camera name other moves"
    return md.table(("move", "the camera", "unit of `amount`", *SPEEDS, "at most"), rows)


def _guide(section: str) -> list[tuple[list[str], str, str]]:
    """The rows of a table of the guide: names, what it is, and the third cell, if it has one."""
    part = load("camera_guide").split(f"# {section}\n")[1].split("\n# ")[0]
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in re.findall(r"^\|.*\|$", part, re.MULTILINE)[2:]
    ]
    return [(row[0].split(", "), row[1], row[2] if len(row) > 2 else "") for row in rows]


def _most(names: list[str]) -> str:
    limits = [MAX_AMOUNTS.get(name, MAX_AMOUNTS.get(Move(name).kind)) for name in names]
    found = dict.fromkeys(f"{limit:g}" for limit in limits if limit is not None)
    return " / ".join(found)


def presets() -> str:
    """The named combinations, with their parts."""
    told = {names[0]: what for names, what, _ in _guide("Presets")}
    rows = [(md.code(name), told[name], _parts(parts)) for name, parts in PRESETS.items()]
    return md.table(("preset", "what it is", "made of"), rows)


def _parts(parts: tuple[Move, ...]) -> str:
    return "; ".join(_move(part) for part in parts)


def _move(move: Move) -> str:
    """pan_left 20, from 0 to 0.5."""
    amount = move.amount if move.amount is not None else amount_of(move)
    told = [md.code(move.move), f"{amount:.3g}" if amount else "", move.speed or ""]
    line = " ".join(filter(None, told))
    if (move.start, move.end) != (0.0, 1.0):
        line += f" from {move.start:g} to {move.end:g} of the clip"
    return line + (f", {md.code(move.easing)}" if move.easing != "linear" else "")


def easings() -> str:
    """How far a move is at shares of its time."""
    shares = (0.25, 0.5, 0.75)
    rows = [
        (md.code(name), *(f"{ease(share):.0%}" for share in shares))
        for name, ease in EASINGS.items()
    ]
    return md.table(("easing", *(f"after {share:.0%} of its time" for share in shares)), rows)


def said() -> str:
    """Words, and what is read in them."""
    rows = []
    for text in SAID:
        found, unknown = parse_camera(text)
        assert found and not unknown, text
        rows.append((md.code(text), "; ".join(read_as(move) for move in found)))
    return md.table(("words", "moves"), rows)


def read_as(move: Move) -> str:
    """pan_left 20 slow from 0 to 0.5."""
    amount = f" {move.amount:g}" if move.amount is not None else ""
    window = "" if (move.start, move.end) == (0, 1) else f" from {move.start:g} to {move.end:g}"
    return f"{md.code(move.move)}{amount}{f' {move.speed}' if move.speed else ''}{window}"


def kling() -> str:
    """What each of Kling's numbers does in each dialect, at its 10 and its -10."""
    rows = [
        (md.code(name), *(_both(name, dialect) for dialect in KLING_DIALECTS))
        for name in KLING_FIELDS
    ]
    return md.table(
        ("number", *(f"10 and -10 in {md.code(name)}" for name in KLING_DIALECTS)), rows
    )


def _both(name: str, dialect: str) -> str:
    found = [from_kling("simple", {name: value}, dialect=dialect)[0] for value in (10.0, -10.0)]
    return f"{_move(found[0])}; {_move(found[1])}"


def others() -> str:
    """The same moves in bracket commands, as Luma's concepts and in plain words."""
    brackets, luma = words()["bracket"], words()["luma"]
    rows = []
    for name in (*MOVES, *PRESETS):
        one = [Move(name)]
        said_en, said_zh = describe_camera(one, "en"), describe_camera(one, "zh")
        bracket = to_brackets(one)
        assert (name in brackets) == (not bracket.lost) or name in PRESETS, name
        concept = to_luma(one)
        rows.append(
            (
                md.code(name),
                md.code(bracket.said) if bracket.said and not bracket.lost else "",
                md.code(luma[name]) if name in luma and not concept.lost else "",
                said_en,
                said_zh,
            )
        )
    return md.table(("move", "bracket", "Luma", "in a prompt", "in a Chinese one"), rows)


def axes() -> str:
    """What is measured, and what counts as no motion."""
    rows = []
    for name, told in AXES_TOLD.items():
        still = f"{2.718281828 ** STILL[name]:.2f}" if name == "zoom_ratio" else f"{STILL[name]:g}"
        rows.append((md.code(name), told, still))
    assert list(AXES_TOLD) == list(STILL)
    return md.table(("axis", "unit", "no motion up to"), rows)


def verdicts() -> str:
    """How a verdict reads."""
    least, most = REACHED
    rows = [
        (
            "`pass`",
            f"asked, in the right direction, and between {least:.0%} and {most:.0%} of the amount",
        ),
        ("`fail`", "asked, and not so"),
        ("`still`", "neither asked nor moved"),
        ("`stray`", "moved, and nobody asked for it"),
        (
            "`ambiguous`",
            "the picture does not tell: a truck from a pan, a pedestal from a tilt, a dolly from a zoom; or less "
            f"than {MIN_CONFIDENCE:g} of confidence",
        ),
    ]
    return md.table(("verdict", "means"), rows)


def mini() -> str:
    """How far `mini` goes and how often it does as asked, by its card."""
    card = load_catalog().get("mini")
    kinds = dict.fromkeys(Move(name).kind for name in MOVES)
    measured = card.camera_obedience
    rows = []
    for kind in kinds:
        shares = [f"{by[kind]:.0%}" if kind in by else "" for by in measured.values()]
        if any(shares):
            amount = card.camera_amounts.get(kind)
            rows.append((kind, f"{amount:g}" if amount else "", *shares))
    return md.table(("move", "usual amount", *measured), rows)
