"""Who a sentence is about."""
# ruff: noqa: RUF001  (Chinese punctuation is meant)

import pytest

from shotwright.prompts.director import direct, direct_script
from shotwright.prompts.director.subjects import Memory, mentions_of
from shotwright.prompts.readers import Script, read


@pytest.mark.parametrize(
    ("sentence", "subject", "kind"),
    [
        ("A red ball rolls across the hills at sunset.", "a red ball", "thing"),
        (
            "An old fisherman in a yellow coat mends his nets.",
            "an old fisherman in a yellow coat",
            "person",
        ),
        ("Mary walks into the kitchen.", "Mary", "person"),
        ("Waves crash on the beach.", "Waves", "thing"),
        ("At night, a blue car drives through the city.", "a blue car", "thing"),
        ("On the hill stands a red ball.", "a red ball", "thing"),
        ("At night a yellow balloon rises over the city.", "a yellow balloon", "thing"),
        ("In the garden the old man sleeps.", "the old man", "person"),
        ("Every morning Pip runs down to the river.", "Pip", "person"),
        ("Two years later the oak fell.", "the oak", "thing"),
        ("A close-up of a steaming cup of coffee.", "a steaming cup of coffee", "thing"),
        ("Two dogs chase a cat.", "two dogs", "animal"),
        ("一个红色的球滚过山丘。", "一个红色的球", "thing"),
        ("夕阳下，一辆红色汽车驶过城市。", "一辆红色汽车", "thing"),
        ("日落时分一只鸟飞过海面。", "一只鸟", "animal"),
        ("一架飞机飞过", "一架飞机", "thing"),
        ("老渔夫坐在船上", "老渔夫", "person"),
        ("穿黄雨衣的男孩看表。", "穿黄雨衣的男孩", "person"),
        ("坐在窗边的老人看书。", "坐在窗边的老人", "person"),
        ("厨房里有一个银色水壶。", "一个银色水壶", "thing"),
    ],
)
def test_the_subject_is_the_noun_phrase_before_the_verb(
    sentence: str, subject: str, kind: str
) -> None:
    found = mentions_of(sentence).subject
    assert found is not None
    assert (found.phrase, found.kind) == (subject, kind)


def test_who_acts_in_a_later_clause_is_there_too() -> None:
    characters = direct(
        "傍晚，小明回到家，妈妈正在做饭。医生走进来，护士跟在后面。"
    ).plan.characters
    assert {c.name for c in characters} == {"小明", "妈妈", "医生", "护士"}


def test_a_name_after_who_it_is_and_after_an_adjective_is_one_person() -> None:
    plan = direct(
        "Old Tom climbs the stairs, a candle in his hand. Outside, thunder rolls. His granddaughter Lily waits at the "
        'top. "Is it broken?" she asks. Tom kneels. He takes the ribbon from Lily\'s hair. Lily waves.'
    ).plan
    assert [c.name for c in plan.characters] == ["Tom", "Lily"]
    thunder = next(shot for shot in plan.shots if "thunder" in shot.action)
    assert (thunder.cast, thunder.props) == ([], [])
    (asked,) = [line for shot in plan.shots for line in shot.dialogue]
    assert asked.character_id == plan.characters[1].id


def test_who_is_described_and_then_speaks_by_that_name_is_one_person() -> None:
    script = read(
        "外景 古镇 - 清晨\n一位老奶奶推着小车走过。\n老奶奶：\n热包子，刚出锅的！\n一个小女孩跑过来。\n"
        "小女孩：奶奶，我要两个。\n老奶奶笑着递给她三个。镜头推近她的手。"
    )
    assert isinstance(script, Script)
    plan = direct_script(script).plan
    assert [c.name for c in plan.characters] == ["老奶奶", "小女孩"]
    assert [line.text for shot in plan.shots for line in shot.dialogue] == [
        "热包子，刚出锅的！",
        "奶奶，我要两个。",
    ]


def test_a_view_is_nobody() -> None:
    plan = direct("Aerial shot at dawn over the sea. A whale breaches.").plan
    assert [c.name for c in plan.characters] == ["whale"]


@pytest.mark.parametrize(
    ("first", "second", "shown"),
    [
        ("A red ball rolls.", "It bounces.", "a red ball"),
        ("A red ball rolls.", "Then it bounces.", "a red ball"),
        ("A red ball rolls.", "The ball stops.", "a red ball"),
        ("A red ball rolls.", "Bounces away.", "a red ball"),
        ("A girl holds a red balloon.", "It floats away.", "a red balloon"),
        ("A girl holds a red balloon.", "She cries.", "a girl"),
        ("A silver kettle steams.", "Its lid opens.", "a silver kettle"),
        ("一个红色的球滚过山丘。", "它弹跳起来。", "一个红色的球"),
        ("小女孩拿着一个红色气球。", "它飞走了。", "一个红色气球"),
        ("小女孩拿着一个红色气球。", "她哭了。", "小女孩"),
        ("一艘船航行。", "然后停下。", "一艘船"),
    ],
)
def test_a_pronoun_stands_for_what_came_before(first: str, second: str, shown: str) -> None:
    memory = Memory()
    memory.read(first)
    entities, unresolved = memory.read(second)
    assert entities[0].phrase == shown
    assert not unresolved


def test_another_colour_is_another_thing() -> None:
    memory = Memory()
    memory.read("A red ball rolls.")
    entities, _ = memory.read("The blue ball waits.")
    assert entities[0].phrase == "the blue ball"


def test_a_pronoun_that_nothing_explains_is_reported() -> None:
    entities, unresolved = Memory().read("It bounces.")
    assert entities == ()
    assert unresolved


def test_a_pronoun_means_who_acted_last_unless_somebody_named_with_them_fits_better() -> None:
    memory = Memory()
    for sentence in ("Tom walks in.", "He smiles.", "Robin stands by the window."):
        memory.read(sentence)
    assert (robin := memory.stands_for("his")) is not None and robin.phrase == "Robin"
    memory.read("Robin hands a letter to a woman.")
    memory.hear("Mary")
    assert (mary := memory.stands_for("she")) is not None and mary.phrase != "Robin"


def test_adjectives_with_a_comma_stand_before_one_noun() -> None:
    plan = direct(
        "A tall, thin man walks in. A small, red ball rolls. A wood full of birches."
    ).plan
    assert [c.static_features for c in plan.characters] == ["a tall, thin man"]
    assert [shot.props for shot in plan.shots][1:] == [["a small, red ball"], ["a wood"]]


def test_whoever_is_given_a_name_is_one_person() -> None:
    plan = direct(
        "There lived a little red fox named Pim. She waits. The moon hangs like a coin."
    ).plan
    assert [c.static_features for c in plan.characters] == ["Pim, a little red fox"]
    assert plan.shots[2].props == ["the moon"]
