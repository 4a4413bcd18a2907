"""Who is called by a name in Chinese, without a cue or a description."""
# ruff: noqa: RUF001  (Chinese punctuation is meant)

import pytest

from shotwright.prompts.director import direct
from shotwright.prompts.director.chinese_names import chinese_names


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("小明走进教室。", ["小明"]),
        ("李雷和韩梅梅坐在窗边。", ["李雷", "韩梅梅"]),
        ("阿珍看着窗外。", ["阿珍"]),
        ("王老师走进教室。", ["王老师"]),
        ("清晨，老张把信递给阿珍。", ["老张", "阿珍"]),
        ("夜里李雷独自坐在码头。", ["李雷"]),
        ("王小明从楼上跑下来。", ["王小明"]),
        ("欧阳锋站在山顶。", ["欧阳锋"]),
        ("黄先生和陈太太走在街上。", ["黄先生", "陈太太"]),
        ("汤姆从左跑到右。", ["汤姆"]),
        ("一个叫阿明的男孩跑来。", ["阿明"]),
        ("她名叫苏菲，住在海边。", ["苏菲"]),
        ("小李，小王，老陈一起吃饭。", ["小李", "小王", "老陈"]),
        ("林晓推开窗。", ["林晓"]),
        ("教室里，周杰问王芳：“几点了？”", ["周杰", "王芳"]),
        ("韩梅梅的手停在门把上。", ["韩梅梅"]),
        ("小玲对小华笑了笑。", ["小玲", "小华"]),
    ],
)
def test_people_are_told_by_the_form_of_their_names(text: str, names: list[str]) -> None:
    assert chinese_names(text) == names


@pytest.mark.parametrize(
    "text",
    [
        *(
            "小雨落在窗上。",
            "小路上没有人。",
            "老房子在风中摇。",
            "老虎走过草地。",
            "老人坐在长椅上。",
        ),
        *(
            "许多人走过广场。",
            "周围静悄悄的。",
            "张开双手，他笑了。",
            "白马跑过草原。",
            "黄河在流。",
        ),
        *("江水向东流。", "石头从山上滚下来。", "金鱼在水里游。", "花瓣飘落。", "徐徐升起的太阳。"),
        *("王国在远方。", "王子骑着马。", "杨树在风中摇。", "胡子在动。", "何时他才回来？"),
        *("叶子落下。", "小狗跑来。", "小女孩走进森林。", "徐州在下雨。", "他叫了一声，跑开。"),
        *(
            "红色的球滚过山丘。",
            "夜幕降临城市。",
            "宁静的夜里。",
            "陈旧的木门打开。",
            "方向盘在转。",
        ),
    ],
)
def test_words_that_begin_like_names_are_nobody(text: str) -> None:
    assert chinese_names(text) == []


def test_bare_names_are_the_cast_and_no_props() -> None:
    plan = direct("清晨，老张把信递给阿珍。李雷和韩梅梅坐在窗边。王老师走来。").plan
    names = {c.id: c.name for c in plan.characters}
    seen = [[names[part.character_id] for part in shot.cast] for shot in plan.shots]
    assert seen == [["老张", "阿珍"], ["李雷", "韩梅梅"], ["王老师"]]
    assert all(shot.props == [] for shot in plan.shots)


def test_a_pronoun_stands_for_a_chinese_name() -> None:
    plan = direct("老张把信递给阿珍。她低头看信。老张笑了。他转身离开。").plan
    names = {c.id: c.name for c in plan.characters}
    assert [names[shot.cast[0].character_id] for shot in plan.shots] == [
        *("老张", "阿珍", "老张", "老张")
    ]


def test_who_speaks_is_the_name_and_not_how_it_is_said() -> None:
    plan = direct("老张走进来。老张低声说：“你来了。”").plan
    assert [c.name for c in plan.characters] == ["老张"]


def test_somebodys_mother_is_in_the_picture_and_they_are_not() -> None:
    plan = direct("小明走进厨房。小明的妈妈笑了。").plan
    names = {c.id: c.name for c in plan.characters}
    assert [names[part.character_id] for part in plan.shots[1].cast] == ["妈妈"]
