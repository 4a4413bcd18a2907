"""The rewrite contract."""
# ruff: noqa: RUF001  (Chinese punctuation is meant)

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shotwright.generator.camera import Move
from shotwright.prompts.director import direct
from shotwright.prompts.llm.plan import check_plan
from shotwright.prompts.numerals import chinese_number, numbers_in
from shotwright.prompts.rewrite_check import check_rewrite, held, names, put_back


@pytest.mark.parametrize(
    ("original", "rewritten", "kind", "words"),
    [
        ("A man greets Tom in Paris.", "A man greets a friend in Paris.", "name", "Tom"),
        ("She says “come back”.", "She calls out.", "quote", "come back"),
        ("招牌写着“营业中”。", "一块招牌。", "quote", "营业中"),
        ("Three dogs run.", "Dogs run over the field.", "number", "Three"),
        ("两只猫坐着。", "猫坐在窗台上。", "number", "两"),
        ("A street without people.", "A street at dawn.", "negative", "without people"),
        ("街上没有人。", "街道在晨光中。", "negative", "没有人"),
        ("A ball. The camera pans left.", "A ball on the grass.", "camera", "pans"),
        ("Close-up of a hand.", "A hand on a table.", "size", "Close-up"),
        ("Low angle of a tower.", "A tower.", "angle", "Low angle"),
        ("Zoom out, no people.", "Zoom out of the square.", "negative", "no people"),
        ('{"scene": "a bar", "dialogue": "Stay"}', "A bar.", "quote", "Stay"),
        ("王芳在河边走。", "一个女人在河边走。", "name", "王芳"),
        ("小狗追着 Nike 的球。", "小狗追着球。", "name", "Nike"),
    ],
)
def test_what_is_lost_is_found(original: str, rewritten: str, kind: str, words: str) -> None:
    lost = check_rewrite(original, rewritten).lost
    assert [item.kind for item in lost] == [kind]
    assert words.lower() in lost[0].words.lower()


@pytest.mark.parametrize(
    ("original", "rewritten"),
    [
        ("Three dogs run.", "3 dogs run over wet sand."),
        ("二十五只鸟飞过。", "25 只鸟从湖上飞过。"),
        ("Half a dozen swans, two dozen ducks.", "Six swans and 24 ducks."),
        ("A foggy harbour, no camera movement.", "A foggy harbour. The camera holds still."),
        ('{"camera": "orbit left", "subject": "a car"}', "A car. The camera orbits left."),
        ("No rain falls.", "The air is dry, no drop of rain."),
        ("A ball. Push in.", "A red ball. The camera pushes in."),
        ("Wide shot of a harbour.", "A wide shot of a quiet harbour at dawn."),
        ("Mara waits.", "In soft light, Mara waits by the door."),
        ("It is a dog.", "A dog, wet from the sea, looks up."),
        ("他不断地跑。", "他在雨中奔跑。"),
        ("A 35mm film look.", "A film look, 35 mm grain."),
    ],
)
def test_what_survives_in_other_words_is_no_loss(original: str, rewritten: str) -> None:
    found = check_rewrite(original, rewritten)
    assert found.kept, found.said()


@pytest.mark.parametrize(
    ("rewritten", "kind"),
    [
        ("A man waits, and then Viktor comes.", "name"),
        ("A man waits and says “hello”.", "quote"),
        ("A man waits beside four cars.", "number"),
        ("A man waits. The camera pans right.", "camera"),
    ],
)
def test_what_is_made_up_is_found(rewritten: str, kind: str) -> None:
    found = check_rewrite("A man waits.", rewritten)
    assert [item.kind for item in found.invented] == [kind]
    assert rewritten.partition("waits")[2].strip(" .,”") in " ".join(found.added) + "”"


def test_a_negative_may_move_into_the_negative_prompt() -> None:
    assert check_rewrite("A street, no cars.", "A street.", negative="cars, vans").kept
    assert not check_rewrite("A street, no cars.", "A street.", negative="blur").kept


def test_a_camera_may_be_kept_beside_the_text() -> None:
    asked = "A ball. Pan left 20 degrees."
    assert check_rewrite(asked, "A ball.", moves=[Move("pan_left", amount=20)]).kept
    assert not check_rewrite(asked, "A ball.", moves=[Move("pan_left", amount=40)]).kept


def test_a_denied_camera_move_must_not_come() -> None:
    found = check_rewrite("A ball, no zoom.", "A ball, no zoom. The camera zooms in.")
    assert [item.value for item in found.invented] == ["zoom_in"]


def test_a_heading_or_a_list_number_names_nobody() -> None:
    assert names("THE GIRL AND THE SEA") == []
    assert [item for item in held("1. A dog.\n2. A cat. Scene 3") if item.kind == "number"] == []


@pytest.mark.parametrize(
    ("said", "value"), [("二十五", 25), ("十", 10), ("三百零五", 305), ("两", 2)]
)
def test_chinese_numbers(said: str, value: int) -> None:
    assert chinese_number(said) == value


def test_numbers_are_read_as_values() -> None:
    text = "1,000 birds, 2.50 metres, twenty-five men, a dozen eggs at 3:30"
    assert {value for value, _ in numbers_in(text)} == {"1000", "2.5", "25", "12", "3:30"}


SENTENCES = st.lists(
    st.sampled_from(
        [
            "Mara meets Tom in Paris.",
            "Three dogs cross the road.",
            "A sign reads “EXIT 4”.",
            "The street is empty, no cars.",
            "The camera slowly pans left.",
            "Close-up of a hand.",
            "王芳在河边走，没有人。",
            "两只猫看着她。",
            "她说：“快走！”",
            "镜头缓慢推进。",
        ]
    ),
    min_size=1,
    max_size=5,
    unique=True,
)


@settings(deadline=None, max_examples=25)
@given(SENTENCES)
def test_a_text_loses_nothing_against_itself(sentences: list[str]) -> None:
    text = " ".join(sentences)
    assert check_rewrite(text, text).kept
    for sentence in sentences:
        without = text.replace(sentence, "")
        check = check_rewrite(text, without)
        assert not check.invented
        assert check_rewrite(text, put_back(text, without, check)).lost == ()


@settings(deadline=None, max_examples=15)
@given(SENTENCES)
def test_the_director_loses_nothing(sentences: list[str]) -> None:
    script = "\n".join(sentences)
    found = check_plan(script, direct(script).plan)
    assert found.lost == (), found.said()


@given(st.text(max_size=300), st.text(max_size=300))
def test_any_text_can_be_checked(one: str, other: str) -> None:
    check_rewrite(one, other).to_json()
