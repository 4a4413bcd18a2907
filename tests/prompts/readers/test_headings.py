"""Scene headings and what stands around them, as they are written in different houses."""
# ruff: noqa: RUF001  (Chinese punctuation is meant)

import pytest

from shotwright.prompts.director import direct_script
from shotwright.prompts.readers import Script, read
from shotwright.prompts.readers.headings import split_heading


@pytest.mark.parametrize(
    ("line", "int_ext", "place", "time"),
    [
        ("SCENE 1.            INT. HALLWAY. DAY 1. 0910", "INT", "HALLWAY", "DAY"),
        ("EXT. CANAL TOWPATH. DAWN.", "EXT", "CANAL TOWPATH", "DAWN"),
        ("INT. KITCHEN, NIGHT", "INT", "KITCHEN", "NIGHT"),
        ("INT. ST. MARY'S HOSPITAL - DAY", "INT", "ST. MARY'S HOSPITAL", "DAY"),
        ("EXT. HARBOR - DAY (FLASHBACK - 1998)", "EXT", "HARBOR", "DAY"),
        ("INT. HOUSE - NIGHT - FLASHBACK", "INT", "HOUSE", "NIGHT"),
        ("EXT. BEACH - DAY 2 - CONTINUOUS", "EXT", "BEACH", "DAY 2"),
        ("INT. HOUSE - KITCHEN - NIGHT", "INT", "HOUSE - KITCHEN", "NIGHT"),
        ("第1场  日  内  旧书店", "INT", "旧书店", "日"),
        ("【1-2 夜/外 书店门口】", "EXT", "书店门口", "夜"),
        ("1-2 旧书店 内 日", "INT", "旧书店", "日"),
        ("场景三：内，夜，厨房", "INT", "厨房", "夜"),
    ],
)
def test_a_heading_says_where_and_when(line: str, int_ext: str, place: str, time: str) -> None:
    slug = split_heading(line)
    assert slug is not None
    assert (slug.int_ext, slug.place, slug.time) == (int_ext, place, time)


@pytest.mark.parametrize(
    "line", ["3日内交货。", "3 日内完成", "2 日 外出", "第2场 夜 外 门口，小吴冲过来。"]
)
def test_a_date_is_no_heading(line: str) -> None:
    assert split_heading(line) is None


def script_of(text: str) -> Script:
    read_as = read(text)
    assert isinstance(read_as, Script)
    return read_as


def test_a_chinese_screenplay_films_neither_its_title_nor_its_lists() -> None:
    text = (
        "《旧书店》第一集\n\n第1场  日  内  旧书店\n人物：老周、林夏\n\n△ 门铃响。\n△ 林夏走进来。\n"
        "林夏：收书吗？\n老周VO：三十年了。\n"
    )
    plan = direct_script(script_of(text)).plan
    assert plan.title == "旧书店"
    assert [scene.slugline for scene in plan.scenes] == ["第1场 日 内 旧书店"]
    assert [shot.action for shot in plan.shots][:2] == ["门铃响。", "林夏走进来。"]
    assert [(d.text, d.delivery) for shot in plan.shots for d in shot.dialogue] == [
        ("收书吗？", "on_screen"),
        ("三十年了。", "voice_over"),
    ]


def test_a_sitcom_page_films_neither_its_parts_nor_who_is_there() -> None:
    text = (
        '"THE LODGERS"\n\nPART ONE\n\nSCENE 1.      INT. HALLWAY. DAY 1. 0910\n\n(MARGE, PAUL)\n\n'
        "PAUL SITS ON THE STEP.\n\n          MARGE\n     It's hot.\n\nEND OF PART ONE\n"
    )
    plan = direct_script(script_of(text)).plan
    assert plan.title == "THE LODGERS"
    assert [shot.action for shot in plan.shots] == [
        "PAUL SITS ON THE STEP.",
        "MARGE says: \u201cIt's hot.\u201d",
    ]
    assert [shot.time_of_day for shot in plan.shots] == ["day", "day"]


def test_a_line_that_numbers_a_scene_names_its_place() -> None:
    text = "**Scene 1: The Rooftop**\n\n*Wide shot.* A boy runs.\n\n**Scene 2: The Street**\n\nHe falls."
    plan = direct_script(script_of(text)).plan
    assert [place.name for place in plan.locations] == ["The Rooftop", "The Street"]
    assert (plan.shots[0].action, plan.shots[0].shot_size) == ("A boy runs.", "wide")


def test_a_verb_of_speaking_is_no_part_of_a_name() -> None:
    plan = direct_script(script_of("小明说：“你好！”\n\n老人问道：你从哪里来？\n\n孩子不答。")).plan
    assert [character.name for character in plan.characters][:2] == ["小明", "老人"]
    assert [d.text for shot in plan.shots for d in shot.dialogue] == ["你好！", "你从哪里来？"]
