"""Shot lists with rows that say nothing and quotes that never close; remarks in FDX; shots alone."""
# ruff: noqa: RUF001  (Chinese punctuation is meant)

import pytest

from shotwright.generator.errors import BadRequest
from shotwright.prompts.director import direct_script
from shotwright.prompts.readers import Script, read
from shotwright.prompts.shotplan import parse_plan
from shotwright.prompts.writers import write


def script(text: str) -> Script:
    found = read(text)
    assert isinstance(found, Script)
    return found


def test_a_row_without_a_picture_makes_no_shot_and_is_named() -> None:
    text = "shot,size,description,duration\n1,CU,A girl weeps.,3\n2,,,3\n3,WS,A dog runs.,3\n"
    done = direct_script(script(text))
    assert [s.action for s in done.plan.shots] == ["A girl weeps.", "A dog runs."]
    assert [w["code"] for w in done.warnings] == ["row_without_picture"]
    assert "Row 3" in done.warnings[0]["message"]


def test_a_list_without_any_picture_is_refused() -> None:
    with pytest.raises(BadRequest) as refused:
        read("shot,size,description\n1,CU,\n")
    assert refused.value.field == "script row 2.description"


def test_a_quote_that_never_closes_is_refused_and_one_inside_a_cell_is_text() -> None:
    with pytest.raises(BadRequest, match="never closed"):
        read('shot,size,description\n1,CU,"A girl\n2,CU,b\n')
    assert len(script('shot,size,description\n1,CU,A "red" ball\n').elements) == 1


def test_remarks_in_fdx_are_notes() -> None:
    text = (
        '<FinalDraft><Content><Paragraph Type="Action"><ScriptNote><Paragraph><Text>Ask Joe.</Text>'
        "</Paragraph></ScriptNote><Text>A dog runs.</Text></Paragraph></Content></FinalDraft>"
    )
    assert [(e.kind, e.text) for e in script(text).elements] == [
        ("action", "A dog runs."),
        ("note", "Ask Joe."),
    ]


def test_a_json_list_of_shots_is_a_plan() -> None:
    found = read('[{"action": "A cat sleeps.", "duration_s": 2.0}]')
    assert isinstance(found, dict)
    assert parse_plan(found).shots[0].action == "A cat sleeps."


def test_a_written_list_keeps_what_is_worn() -> None:
    worn = {"character_id": "mary", "wardrobe_key": "coat"}
    plan = parse_plan(
        {
            "characters": [{"id": "mary", "name": "Mary", "wardrobe": {"coat": "a red coat"}}],
            "shots": [{"action": "Mary waits.", "duration_s": 2.0, "cast": [worn]}],
        }
    )
    back = direct_script(script(write(plan, "csv"))).plan
    assert back.shots[0].cast[0].wardrobe_key == "coat"


@pytest.mark.parametrize(
    "text",
    [
        "1, wide, a man walks in, 5\n2, close, he smiles, 3\n",
        "Wide shot\tA man walks in\t4s\nClose up\tHe smiles\t3s\n",
        "1，远景，男人走进来，5秒\n2，特写，他笑了，3秒\n",
        "| a | b |\n|---|---|\n| 1 | 2 |\n",
    ],
)
def test_a_table_without_headers_is_refused_with_what_to_do(text: str) -> None:
    with pytest.raises(BadRequest, match="names no known columns") as refused:
        read(text)
    assert "Name the columns" in str(refused.value.fix)


@pytest.mark.parametrize(
    "text", ["Red, blue, green,\nOne, two, three,\n", "Carrots, 3\nOnions, 2\n", "A cat, a dog.\n"]
)
def test_lines_with_commas_are_no_table(text: str) -> None:
    assert script(text).format == "plain"


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("Product:\nSelling points: a; b\n", "no product"),
        ("Product: X\nSelling points: a\nLength: banana\n", "banana"),
        ("<html><body>hi</body></html>", "no Final Draft"),
        ("<FinalDraft><Content></Content></FinalDraft>", "no words"),
    ],
)
def test_what_is_not_whole_is_refused_by_its_name(text: str, named: str) -> None:
    with pytest.raises(BadRequest, match=named):
        read(text)


def test_a_list_that_numbers_its_scenes_and_writes_decimals_with_a_comma_is_planned() -> None:
    text = '\ufeffScene;Shot;Duration;Description\n1;1A;3,5;"A letter\nfalls"\n1;1B;4;Tom runs.\n2;1;2;Rain.\n'
    plan = direct_script(script(text)).plan
    assert [(s.id, s.scene_id, s.duration_s) for s in plan.shots] == [
        ("1A", "S1", 3.5),
        ("1B", "S1", 4.0),
        ("1", "S2", 2.0),
    ]
