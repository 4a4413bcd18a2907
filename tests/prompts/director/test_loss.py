"""Nothing of the user's words is lost, over many texts of many kinds."""
# ruff: noqa: RUF001  (Chinese punctuation is meant)

import random

import pytest

from shotwright.prompts.coverage import cover, words_lost, words_unfilmed
from shotwright.prompts.director import Terms, direct, direct_script
from shotwright.prompts.llm.plan import check_plan
from shotwright.prompts.readers import Script, read

ENGLISH = [
    "A red ball rolls across the hills at sunset.",
    "It bounces 3 times, then stops.",
    'Mary whispers "don\'t go" to him.',
    "An old fisherman in a yellow coat mends his nets; the wind rises.",
    "At 7:45 a.m. the No. 12 tram turns into Baker St.",
    "The sign above the door reads \u201cOPEN 24 HOURS\u201d.",
    "Nobody speaks... and then everybody does!",
    "Dr. Lin, 42, a tall woman in a white coat, opens the fridge.",
    "Two dogs chase a ball to the left; one of them isn't fast enough.",
    "Her fingers turn the key, once, twice.",
    "\u201cWhere were you?\u201d asks Tom. \u201cAt the harbour,\u201d she says.",
    "The temperature drops to -12.5 degrees as snow falls on the 3 lighthouses.",
    "She looks up at the stars, remembers her grandmother's voice, and cries.",
    "No one is there, no music, no birds.",
    "A pan sizzles on the stove while he takes a zoom call.",
]
CHINESE = [
    "清晨，小女孩走进森林。",
    "她看到3只白色的兔子。",
    "“等等我！”她喊道。",
    "老人在1998年买的旧相机，放在窗台上。",
    "夜幕降临，城堡里没有一个人。",
    "小明说：“你好，小红！”",
    "屏幕上写着“再见”。",
    "她的手指轻轻碰到一片叶子，然后停下。",
]
SCENES = ["INT. KITCHEN - NIGHT", "EXT. HARBOUR - DAY", "内景 咖啡馆 - 夜", "外景 山顶 - 日"]
CUES = [
    ("MARY", "Hello, you. It is 9 o'clock."),
    ("JOE (O.S.)", "I'm here!"),
    ("小红", "我什么都记得。"),
]


def prose(rng: random.Random) -> str:
    lines = rng.sample(ENGLISH if rng.random() < 0.6 else CHINESE, rng.randint(3, 7))
    return rng.choice([" ", "\n", "\n\n"]).join(lines)


def screenplay(rng: random.Random) -> str:
    pieces = []
    for _ in range(rng.randint(1, 3)):
        pieces.append(rng.choice(SCENES))
        for _ in range(rng.randint(1, 5)):
            if rng.random() < 0.4:
                who, said = rng.choice(CUES)
                manner = "(softly)\n" if rng.random() < 0.3 else ""
                pieces.append(f"{who}\n{manner}{said}")
            else:
                pieces.append(" ".join(rng.sample(ENGLISH + CHINESE, rng.randint(1, 3))))
    return "\n\n".join(pieces)


@pytest.mark.parametrize("seed", range(16))
def test_every_word_number_and_quote_of_a_prose_text_is_filmed_or_heard(seed: int) -> None:
    text = prose(random.Random(seed))
    plan = direct(text, Terms(seed=seed)).plan
    assert words_lost(text, plan) == []
    assert words_unfilmed(text, plan) == []
    assert cover(plan, text).without_shot == ()


@pytest.mark.parametrize("seed", range(16))
def test_every_word_of_a_screenplay_is_filmed_or_heard(seed: int) -> None:
    text = screenplay(random.Random(seed))
    found = read(text)
    assert isinstance(found, Script)
    plan = direct_script(found, Terms(seed=seed, shot_s=5.0)).plan
    assert words_lost(text, plan) == []
    # (O.S.) is kept as the speech's delivery
    assert [word for word in words_unfilmed(text, plan) if word not in ("o", "s")] == []
    assert cover(plan, text).without_shot == ()


CAMERA = [
    *("Slow push in.", "The camera pans left.", "[Tilt up]", "No zoom.", "Close-up of her hands."),
    *("镜头缓慢向右摇。", "先上摇，再拉远。", "不要变焦。", "手持。"),
]


@pytest.mark.parametrize("seed", range(16))
def test_the_plan_keeps_the_rewrite_contract_with_camera_words_among_the_others(seed: int) -> None:
    rng = random.Random(seed)
    told = rng.sample(ENGLISH if seed % 2 else CHINESE, rng.randint(2, 5))
    # one camera sentence after each: more than two moves in a shot are trimmed, and named
    text = " ".join(f"{line} {rng.choice(CAMERA)}" for line in told)
    directed = direct(text, Terms(seed=seed))
    trimmed = any(warning["code"] == "camera_trimmed" for warning in directed.warnings)
    lost = check_plan(text, directed.plan).lost
    assert [i for i in lost if i.kind in ("quote", "name", "number")] == []
    assert trimmed or [i for i in lost if i.kind == "camera"] == []


def test_every_quote_is_in_the_dialogue_or_the_action() -> None:
    for line in [*ENGLISH, *CHINESE]:
        plan = direct(line).plan
        held = " ".join(s.action + " ".join(d.text for d in s.dialogue) for s in plan.shots)
        for opened, closed in ("\u201c\u201d", '""'):
            for part in line.split(opened)[1:]:
                assert part.split(closed)[0].rstrip(",") in held
