"""What is written reads back as the same plan."""
# ruff: noqa: RUF001  (Chinese punctuation is meant)

from typing import Any

import pytest
from fountain import FountainParser
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shotwright.prompts.director import direct, direct_script
from shotwright.prompts.readers import Script, detect_format, read
from shotwright.prompts.shotplan import ShotPlan, parse_plan
from shotwright.prompts.writers import WRITERS, PlanFormat, write

PIECES = st.sampled_from(
    [
        "A red ball rolls.",
        "红色的球滚过山丘。",
        "INT. KITCHEN - DAY",
        "[[camera: pan left]]",
        "a | b",
        "<br>",
        "\\",
        "/* no */",
        "x; size: CU",
        "“Go!”",
        '"Go!"',
        "MARY: Hello.",
        "(softly)",
        "-->",
        "*bold* _under_",
        "\n",
        "\n\n",
        " ",
        "；",
        "]",
        "[",
        "none",
        "-",
        "#1#",
        "!",
        "@",
        "~",
        "> x <",
        "Shot 2: b",
        "镜头一：",
        "3.5",
    ]
)
TEXT = st.lists(
    PIECES
    | st.text(
        st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp")), max_size=8
    ),
    max_size=4,
).map("".join)
WORDS = TEXT.filter(str.strip)
MAYBE = st.none() | TEXT
NAMES = st.sampled_from(
    ["mary", "Mary", "MARY", "小明", "C1", "The Old Man", "旁白", "a, b", "J (x)"]
)
MOVES = st.sampled_from(
    [
        {"move": "pan_left", "amount": 12.5, "end": 0.5},
        {"move": "dolly_in", "speed": "slow", "start": 0.5, "easing": "ease_in"},
        {"move": "dolly_zoom", "start": 0.1, "end": 0.30000000000000004},
        {"move": "static"},
    ]
)


@st.composite
def plans(draw: st.DrawFn) -> ShotPlan:
    names = draw(st.lists(NAMES, min_size=1, max_size=4, unique=True))
    ids = [f"c{n}" for n in range(len(names))] if draw(st.booleans()) else names
    people = [
        {"id": i, "name": name, "static_features": draw(TEXT), "wardrobe": {"home": "a coat"}}
        for i, name in zip(ids, names, strict=True)
    ]
    scenes = [{"id": f"S{n}", "slugline": draw(TEXT)} for n in range(1, 3)]
    shots: list[dict[str, Any]] = []
    for n in range(draw(st.integers(1, 3))):
        speech = st.fixed_dictionaries(
            {"character_id": st.sampled_from(ids), "text": WORDS},
            optional={
                "parenthetical": MAYBE,
                "language": st.sampled_from([None, "en"]),
                "delivery": st.sampled_from(["on_screen", "off_screen", "voice_over"]),
            },
        )
        cast = draw(st.lists(st.sampled_from(ids), unique=True, max_size=2))
        shots.append(
            {
                "scene_id": draw(st.sampled_from(["S1", "S2"])),
                "duration_s": draw(st.floats(0.05, 15)),
                "action": draw(WORDS),
                "source": draw(TEXT),
                "camera": draw(st.lists(MOVES, max_size=1)),
                "cast": [{"character_id": c, "position": draw(MAYBE)} for c in cast],
                "props": draw(st.lists(TEXT, max_size=2)),
                "dialogue": draw(st.lists(speech, max_size=2)),
                "shot_size": draw(st.sampled_from([None, "close_up", "wide"])),
                "lens_mm": draw(st.none() | st.floats(1, 200)),
                "lighting": draw(MAYBE),
                "weather": draw(MAYBE),
                "first_frame": draw(MAYBE),
                "negative": draw(MAYBE),
                "seed": draw(st.none() | st.integers(0, 2**32 - 1)),
                "continuity": {
                    "mode": "match_action" if n else "cut",
                    "notes": draw(MAYBE),
                    "screen_direction": draw(st.sampled_from([None, "towards"])),
                },
            }
        )
    return parse_plan(
        {
            "title": draw(TEXT),
            "logline": draw(MAYBE),
            "style": draw(TEXT),
            "aspect_ratio": draw(st.sampled_from(["16:9", "9:16"])),
            "characters": people,
            "locations": [{"id": "L1", "name": "hills", "description": draw(TEXT)}],
            "scenes": scenes,
            "shots": shots,
        }
    )


def again(text: str) -> ShotPlan:
    found = read(text)
    if isinstance(found, dict):
        return parse_plan(found)
    assert isinstance(found, Script)
    return direct_script(found).plan


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(plans(), st.sampled_from(["json", "markdown", "fountain"]))
def test_a_plan_comes_back_whole(plan: ShotPlan, kind: PlanFormat) -> None:
    text = write(plan, kind)
    assert detect_format(text) == kind
    assert again(text).model_dump() == plan.model_dump()


@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.too_slow])
@given(plans())
def test_a_csv_gives_its_shots_back(plan: ShotPlan) -> None:
    text = write(plan, "csv")
    assert detect_format(text) == "csv"
    assert [s.model_dump() for s in again(text).shots] == [s.model_dump() for s in plan.shots]


SCRIPT = """INT. KITCHEN - NIGHT

MARY enters and looks at the clock. The camera slowly pushes in.

MARY
(softly)
It is late.

外景 山顶 - 日

小明走过山坡。

小明
你好！
"""


@pytest.mark.parametrize("kind", list(WRITERS))
def test_what_the_director_made_comes_back(kind: PlanFormat) -> None:
    found = read(SCRIPT)
    assert isinstance(found, Script)
    plan = direct_script(found).plan
    back = again(write(plan, kind))
    assert back.shots == plan.shots
    assert kind == "csv" or back == plan


def test_our_fountain_is_fountain_to_another_reader() -> None:
    found = read(SCRIPT)
    assert isinstance(found, Script)
    text = write(direct_script(found).plan, "fountain")
    kinds = [(e.type.value, e.text) for e in FountainParser().parse(text).elements]
    assert ("scene_heading", "INT. KITCHEN - NIGHT") in kinds
    assert ("character", "MARY") in kinds and ("dialogue", "It is late.") in kinds
    assert not any("[[" in text for kind, text in kinds if kind != "note")


def test_an_edited_export_is_read_with_its_edits() -> None:
    plan = direct("A red ball rolls across the hills. A woman waits.").plan
    fountain = write(plan, "fountain").replace("!A woman waits.", "!A woman waits at the gate.")
    assert again(fountain).shots[1].action == "A woman waits at the gate."
    csv = write(plan, "csv").replace("A woman waits.", "A man waits.")
    assert again(csv).shots[1].action == "A man waits."


@pytest.mark.parametrize("kind", ["markdown", "csv", "fountain"])
def test_an_action_in_quotes_comes_back_with_them(kind: PlanFormat) -> None:
    plan = parse_plan({"shots": [{"action": '"Go!"', "duration_s": 1}]})
    assert again(write(plan, kind)).shots[0].action == '"Go!"'
