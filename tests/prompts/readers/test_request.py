"""Sentences that ask for an advertisement, and stories that only have one in them."""
# ruff: noqa: RUF001  (Chinese punctuation is meant)

import time

import pytest

from shotwright.prompts.coverage import words_lost
from shotwright.prompts.director import Terms, direct_brief
from shotwright.prompts.readers import Brief, Script, read

STEAMPOT = {
    "points": ("boils in 60 s", "silent"),
    "audience": "students",
    "length_s": 15.0,
    "platform": "TikTok",
}


def asked(text: str) -> Brief:
    found = read(text)
    assert isinstance(found, Brief), text
    return found


@pytest.mark.parametrize(
    "text",
    [
        "ad for SteamPot kettle for TikTok: boils in 60 s, silent, for students, 15 s",
        "15 s TikTok ad for SteamPot kettle, boils in 60 s, silent, for students",
        "SteamPot kettle TikTok ad, 15 s: boils in 60 s; silent; for students",
        "Ad: SteamPot kettle. boils in 60 s. silent. Students. TikTok. 15 s.",
        "Please make me a 15-second TikTok commercial for SteamPot kettle: boils in 60 s, silent. "
        "Target audience: students.",
        "I need an advert promoting SteamPot kettle for students on TikTok, 15 s:\n- boils in 60 s\n- silent\n",
    ],
)
def test_a_request_in_english_is_a_brief(text: str) -> None:
    brief = asked(text)
    assert (brief.product, brief.selling_points) == ("SteamPot kettle", STEAMPOT["points"])
    assert (brief.audience or "").lower() == "students"
    assert (brief.length_s, brief.platform) == (15.0, "TikTok")


@pytest.mark.parametrize(
    "text",
    [
        "给SteamPot水壶做一条抖音广告：60秒烧开，静音，面向学生，15秒",
        "请帮我给SteamPot水壶拍一个15秒的抖音广告，60秒烧开、静音，适合学生。",
        "做一条SteamPot水壶的抖音广告，卖点：60秒烧开，静音；受众：学生；时长：15秒",
        "抖音广告：SteamPot水壶，60秒烧开，静音，学生，15秒",
    ],
)
def test_a_request_in_chinese_is_a_brief(text: str) -> None:
    brief = asked(text)
    assert (brief.product, brief.selling_points) == ("SteamPot水壶", ("60秒烧开", "静音"))
    assert (brief.audience, brief.length_s, brief.platform) == ("学生", 15.0, "抖音")


@pytest.mark.parametrize(
    ("text", "field", "value"),
    [
        ("Make a funny TikTok ad for AirFly shoes: light, fast", "style", "funny"),
        ("给牛奶拍一条温馨的广告：新鲜，有机", "style", "温馨"),
        ("promo video for a lamp, vertical, 10 s: no flicker", "aspect_ratio", "9:16"),
        ("给耳机拍一条广告，横屏，降噪", "aspect_ratio", "16:9"),
        (
            "Make an ad for a lamp: bright, order today at lamp.com",
            "call",
            "order today at lamp.com",
        ),
        ("给耳机拍一条抖音广告：降噪，立即购买", "call", "立即购买"),
        (
            "Make a TikTok ad for a smart watch that tracks sleep",
            "selling_points",
            ("tracks sleep",),
        ),
        ("Make a TikTok ad for a kettle", "selling_points", ()),
        ("Make a 2 minute YouTube ad for a kettle", "length_s", 120.0),
        ("need an ad for a lamp, $1,299, 3.5 kg, YouTube", "selling_points", ("$1,299", "3.5 kg")),
    ],
)
def test_what_else_a_request_says_has_its_field(text: str, field: str, value: object) -> None:
    assert getattr(asked(text), field) == value


@pytest.mark.parametrize(
    "story",
    [
        "A man watches an ad for a kettle on TV. He laughs.",
        "An ad for the circus hangs on the wall. A boy stops.",
        "An ad for shampoo on the wall, peeling. A woman passes.",
        "An ad for perfume flickers, then dies. 15 seconds pass.",
        "A TikTok ad plays on his phone. He swipes it away.",
        "A commercial for soap plays. The family eats in silence for 15 seconds.",
        "A billboard ad for cola glows above the street. Two boys fight below it.",
        "He makes an ad for TikTok: boils in 60 s, silent.",
        "Ads for everything: soda, cars, insurance. The city never sleeps.",
        "Commercial district at night: neon signs, rain.",
        "Ad man Don Draper lights a cigarette. The room is quiet.",
        "The ad for the car is torn. Wind blows.",
        "Make a ball roll down the hill for 15 s.",
        "INT. AD AGENCY - DAY\n\nMARY\nAd for SteamPot kettle: boils in 60 s.",
        "30 second commercial for Nike: a runner laces her shoes at dawn. She runs. Logo.",
        "A 20-second ad about a lighthouse keeper. He climbs the stairs.",
        "A 12-second commercial of a red fox crossing a lake. Snow falls.",
        "Make a TikTok ad: a girl dances in a kitchen, a boy films her, 15 s",
        "Make a 15 s ad for a bank. Mary walks through the rain.",
        "小明看着墙上的广告，笑了。",
        "电视里的广告，15秒后结束。小明关了电视。",
        "广告牌下，小明等车。",
        "小明给水壶做一条抖音广告，他很紧张。",
        "为了做一条广告，小明跑遍了全城。",
        "给妈妈做饭。小明把广告纸折成飞机。",
        "一个女孩在地铁里看手机广告：口红，香水，15秒。她哭了。",
        "做一条15秒的广告：一个女孩走过沙漠，她打开水壶，喝水。",
    ],
)
def test_a_story_with_an_advertisement_in_it_is_a_story(story: str) -> None:
    assert isinstance(read(story), Script)


def test_the_film_of_a_request_has_its_shape_and_loses_none_of_its_words() -> None:
    text = "ad for SteamPot kettle for TikTok: boils in 60 s, silent, for students, 15 s"
    plan = direct_brief(asked(text), Terms(min_s=1.0)).plan
    assert (plan.aspect_ratio, plan.duration_s, len(plan.shots)) == ("9:16", 15.0, 6)
    assert [shot.action for shot in plan.shots[3:5]] == ["boils in 60 s.", "silent."]
    assert "Students wait" in plan.shots[1].action and len(plan.shots[1].cast) == 1
    assert "call to action" in plan.shots[-1].action
    assert words_lost(text, plan) == []
    assert plan.logline == text


def test_points_that_the_length_leaves_out_keep_their_words_in_the_plan() -> None:
    text = "TikTok ad for a cup: one, two, three, four, five, six, 4 s"
    directed = direct_brief(asked(text))
    assert words_lost(text, directed.plan) == []
    assert {w["code"] for w in directed.warnings} == {"part_dropped", "selling_point_dropped"}


@pytest.mark.parametrize(
    "piece", ["ad for a ", "for ", "a, ", "广告", "一条", "15 s ", ": ", "- ", "make "]
)
def test_hostile_requests_are_read_quickly(piece: str) -> None:
    started = time.process_time()
    for begin in ("ad for ", "给水壶做一条广告：", "make a "):
        read(begin + piece * (2_900 // len(piece)))
    assert time.process_time() - started < 2.0


@pytest.mark.parametrize(
    "text",
    [
        'Create a YouTube ad for our running shoe "Swift 3", 15s. It is light. End with "Run free".',
        "A cinema commercial for the Lune watch, 15 seconds. It is light. CTA: lune.com",
    ],
)
def test_a_product_with_a_doing_in_its_name_and_a_labelled_call_are_a_brief(text: str) -> None:
    brief = read(text)
    assert isinstance(brief, Brief)
    assert (brief.length_s, brief.selling_points) == (15.0, ("It is light",))
    assert brief.call in ("Run free", "lune.com")
