"""A sentence that asks for an advertisement -> its brief: "ad for SteamPot kettle for TikTok: boils in 60 s, silent".

A story with an advertisement in it is none, and neither is one that tells what the advertisement shows.
Try: python -m pytest tests/prompts/readers/test_request.py
"""
# ruff: noqa: RUF001  (Chinese punctuation is meant)

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from shotwright.prompts.camera_words import is_direction
from shotwright.prompts.language import CJK
from shotwright.prompts.readers.brief import KEY, Brief, Role, key_of
from shotwright.prompts.readers.headings import split_heading

MAX_REQUEST = 3_000
"""Characters of a request; what is longer tells a story."""
MAX_ITEMS = 30

_PLATFORM = (
    r"(?:tik\s?tok|douyin|you\s?tube(?:\s+shorts)?|instagram(?:\s+(?:reels?|stories|feed))?|reels|shorts|"
    r"facebook|snapchat|linkedin|pinterest|twitter|kuaishou|bilibili|xiaohongshu|wechat|tv|television|cinema|"
    r"抖音|快手|小红书|视频号|微信|朋友圈|[Bb]站|哔哩哔哩|淘宝|京东|拼多多|微博|优酷|爱奇艺|电视|院线)"
)
_RATIOS = {
    "9:16": r"(?:9\s?[:：]\s?16|vertical|portrait|竖屏|竖版|竖幅)",
    "16:9": r"(?:16\s?[:：]\s?9|horizontal|landscape|widescreen|横屏|横版|横幅)",
    "1:1": r"(?:1\s?[:：]\s?1|square|方形)",
    "4:3": r"(?:4\s?[:：]\s?3)",
    "3:4": r"(?:3\s?[:：]\s?4)",
    "21:9": r"(?:21\s?[:：]\s?9)",
}
_LENGTH = (
    r"(?:(?P<s>\d+(?:\.\d+)?)[ -]*(?:seconds?|secs?|s(?![a-z])|秒钟?)"
    r"|(?P<m>\d+(?:\.\d+)?)[ -]*(?:minutes?|mins?|分钟))"
)
_STYLES = (
    r"(?:funny|cinematic|emotional|dramatic|playful|minimal(?:ist)?|luxur(?:y|ious)|elegant|energetic|cute|"
    r"quirky|upbeat|moody|animated|cartoon|watercolou?r|retro|vintage|modern|stylish|premium|sleek|cool|nice|"
    r"great|good|catchy|viral|engaging|professional|simple|creative|warm|"
    rf"[{CJK}]{{1,6}}风格?(?=$|的)|搞笑|温馨|创意|高级感?|电影感|可爱|时尚|简约|复古|科技感|有趣|唯美|治愈)"
)
_FILLERS = (
    r"(?:short|quick|small|little|new|social|media|online|video|product|brand|long|ad|bumper|"
    r"短|的|左右|风格|专业)"
)

_AD = (
    r"(?:(?:video|film|tv|television)\s+)?(?:ads?|adverts?|advertisements?|commercials?|"
    r"promo(?:tional)?\s+(?:video|clip|film)|promos?|product\s+(?:video|film|clip|spot)|(?:tv|ad|advertising)\s+spot)"
    r"\b(?:\s+(?:video|film|clip|spot)\b)?(?:\s+(?:brief|idea|concept|request)\b)?"
)
_MAKE = r"(?:make|create|generate|produce|shoot|film|write|design|do|give|direct|plan)"
_ENGLISH = re.compile(
    r"\W{0,3}(?:(?:please|hi|hello|hey)\b[,!]?\s*)*"
    r"(?P<ask>(?:(?:can|could|would|will)\s+you\s+(?:please\s+)?)?"
    rf"(?:(?:i|we)(?:\s+(?:need|want)|['’]d\s+like|\s+would\s+like)(?:\s+(?:you\s+)?to\s+{_MAKE})?"
    rf"|(?:help\s+(?:me|us)\s+)?{_MAKE}(?:\s+(?:me|us))?|let['’]s\s+{_MAKE}|need(?:ed)?|looking\s+for|wanted:?)\s+)?"
    r"(?:(?:an?|the|our|my|one|another|some|this)\s+)?"
    rf"(?P<mods>(?:[\w'’:.™®-]+\s+){{0,8}}?){_AD}"
    r"(?=\s*(?:$|[:：,，.;。(\n–—|-])|\s+(?:for|about|of|on|promoting|selling|advertising|to\s+(?:promote|sell)|"
    r"showcasing|featuring|that|which|with|in|lasting|aimed|targeting|highlighting)\b)",
    re.I,
)
_NOT_ASKED = re.compile(
    r"\b(?:watch\w*|sees?|saw|looks?|m[ae]n|wom[ae]n|boys?|girls?|he|she|they|his|her|their|is|was|are|were|an?|the|"
    r"on|in|at|from|and|then)\b",
    re.I,
)
"""Words before "ad" that no request has: a story begins."""
_ZH_AD = (
    r"(?:短视频)?(?:广告(?:短?片|短?视频)?|(?:宣传|推广|带货|种草|产品|促销)(?:短?片|短?视频))"
    r"(?=\s*(?:[：:，,。；;、\n（(！!]|$))"
)
_ZH_MAKE = r"(?:做|拍摄?|制作|生成|写|出|设计|创作|来|剪)"
_ZH_ASK = r"(?:你好[，,！!]?)?(?:请|麻烦)?你?(?:帮我们?|帮忙|我们?)?(?:想要?|要|需要|打算)?"
_ZH_COUNT = r"(?:[一两][条个支部段则款])?"
_CHINESE = (
    re.compile(
        rf"\s*{_ZH_ASK}(?P<ask>给|为|帮|替)(?!了|我(?!们)|我们[做拍制生写出设创来剪])(?P<product>[^，,。：:；;\n]{{1,40}}?){_ZH_MAKE}{_ZH_COUNT}"
        rf"(?P<mods>[^，,。：:；;\n]{{0,30}}?){_ZH_AD}"
    ),
    re.compile(
        rf"\s*(?P<ask>{_ZH_ASK}{_ZH_MAKE}?){_ZH_COUNT}(?P<mods>[^，,。：:；;\n]{{0,40}}?){_ZH_AD}"
    ),
)
_ZH_NOT_ASKED = re.compile(r"[看着了墙贴播他她说坐站走跑听关]|[上里中]的?$")

_TAIL = re.compile(
    r"\b(?P<prep>for|about|promoting|selling|advertising|showcasing|featuring|to\s+(?:promote|sell)|of|on|"
    r"aimed\s+at|targeting|targeted\s+(?:at|to)|lasting|in|with|that|which|highlighting)\s+",
    re.I,
)
_OF_PRODUCT = re.compile(r"about|promoting|selling|advertising|showcasing|featuring|to\s+\w+", re.I)
_OF_AUDIENCE = re.compile(r"aimed\s+at|target\w*(?:\s+\w+)?", re.I)
_OF_POINT = re.compile(r"with|that|which|highlighting", re.I)
_SET_IN = re.compile(
    r"(?:on|in|at|above|beside|by|near|behind|from|across)\s+(?:the|an?|his|her|their|every)\b|"
    r".*\b(?:is|are|was|were|has|had|hangs?|hung|plays?|flickers?|shows?|appears?|stands?|fades?|blinks?|glows?|"
    r"peels?|lies|flashes|covers?|fills?|starts?|begins?|ends?"
    r"|(?<!our )(?<!the )(?<!new )(?<!\ba )(?:crossing|walking|running|sitting|standing))\b",
    re.I,
)
"""After the product: where an advertisement in a story hangs and what it does there."""

_CUT = re.compile(
    r"[，、；;。！\n]\s*|(?<!\d),\s*|,\s*(?!\d)|\s[–—|-]\s|(?<=[.!?])\s+|(?:(?<!\d)[:：]|[:：](?!\d))(?!//)\s*"
)
_QUOTED = re.compile(r"[\"“「][^\"”」\n]*[\"”」]")
_LABEL = re.compile(
    r"^(?:the\s+|our\s+|its\s+)?(?P<en>(?:target\s+)?audience|length|duration|platform|product|style|tone|"
    r"call to action|cta|tagline|slogan|(?:key\s+)?(?:selling points?|features?|benefits?))\s+"
    r"(?:is|are|should be|will be)\s+"
    r"|^(?P<zh>时长|长度|片长|平台|受众|目标人群|卖点|产品|口号)[是为约]?(?!\s*[:：])",
    re.I,
)
"""A label without a colon: "target audience is students", 时长15秒."""
_PERSON = (
    r"(?:m[ae]n|wom[ae]n|boys?|girls?|child|children|kid|person|people|lady|guy|couple|family|mother|father|mom|dad|"
    r"student|teacher|runner|dancer|chef|baker|barista|worker|driver|friends?|baby|dog|cat|athlete|hiker|girl)"
)
_TELLS = re.compile(
    r"\b(?:he|she|his|her|him)\b"
    r"|^(?:then|suddenly|meanwhile|we\s+(?:see|open|cut)|opens?\s+on|opening\s+on|cut\s+to|fade|close[- ]?up|"
    r"(?:the\s+)?camera\s+\w+s\b|scene\s+\d|shot\s+\d|(?:hook|problem|solution|proof)$)"
    rf"|^(?:an?|the|one|two|three|some)\s+(?:[\w'-]+\s+){{0,4}}?{_PERSON}(?:\s+(?:\w+ly\s+)?\w+(?:s|ing|ed)?\b|\s*\()"
    r"|^(?:ends?|starts?|begins?|opens?)\s+on\s+(?:the|an?)\b"
    r"|^an?\s+(?:(?!that|which|of|for|with|in|to)[\w'-]+\s+){1,2}(?!that)\w{2,}s\s+\w"
    rf"|[他她](?!们)|^(?:镜头|画面|场景|第.{{1,3}}[场镜])"
    r"|^[一两几三][个位名只对群][^，。]{0,8}?(?:人|孩|姑娘|少年|少女|妈妈|爸爸|老师|学生|师|员|狗|猫)[^，。]*?"
    r"[走跑坐站拿看笑推打喝吃穿骑跳睡醒哭抱]",
    re.I,
)
"""What tells what is seen, and claims nothing of a product."""
_NAMED = re.compile(
    r"[A-Z][a-z]+\s+(?:and\s+[A-Z][a-z]+\s+)?(?:walks?|runs?|sits?|looks?|smiles?|laughs?|enters?|drinks?|dances?|"
    r"jumps?|wakes?|cries|picks?)\b|[A-Z][A-Z .']+[:：]\s*\S"
)
"""Somebody who does or says something."""


@dataclass
class _Asked:
    """What is found of a brief on the way; signs: whether anything but the product was asked."""

    product: str = ""
    points: list[str] = field(default_factory=list)
    told: dict[str, str] = field(default_factory=dict)
    length_s: float | None = None
    parts: list[tuple[Role, str]] = field(default_factory=list)


def read_request(text: str) -> Brief | None:
    """The brief that a text asks an advertisement for; None for a text that is no such request."""
    if len(text) > MAX_REQUEST or any(split_heading(line) for line in text.split("\n")):
        return None
    asked = _Asked()
    head = _head(text, asked)
    if head is None:
        return None
    end, asks = head
    items = list(_items(text, end))
    said = [text[start:stop] for start, stop in items]
    if len(said) > MAX_ITEMS or any(_tells(one) for one in said):
        return None
    starts = [*(start for start, _ in items), len(text)]
    asked.parts.append(("product", text[: starts[0]]))
    for words, start, following in zip(said, starts, starts[1:], strict=False):
        asked.parts.append((_take(words, asked), text[start:following]))
    signs = bool(asks or asked.told or asked.length_s)
    listed = re.match(r"\s*[:：]", text[end:]) and not re.search(r"[.!?。！？]\s*\S", text[end:])
    if not asked.product or not (signs or (asked.points and listed)):
        return None
    return Brief(
        asked.product,
        tuple(asked.points),
        length_s=asked.length_s,
        parts=tuple(asked.parts),
        **asked.told,
    )


def _tells(item: str) -> bool:
    """Whether an item tells what is seen, or how it is filmed."""
    if KEY.fullmatch(item):
        return False  # "CTA: lune.com" is no speech
    return bool(_TELLS.search(item) or _NAMED.match(item)) or is_direction(item)


def _head(text: str, asked: _Asked) -> tuple[int, bool] | None:
    """(where the items begin, whether somebody asks) of a text that opens with a request."""
    for pattern in _CHINESE:
        if match := pattern.match(text):
            product = match.groupdict().get("product") or ""
            left = _modifiers(match["mods"], asked)
            if _ZH_NOT_ASKED.search(product + left):
                return None
            asked.product = (product or left).strip(" 的")
            return match.end(), bool(match["ask"])
    match = _ENGLISH.match(text)
    if not match or _NOT_ASKED.search(match["mods"]):
        return None
    left = _modifiers(match["mods"], asked)
    end = _first_cut(text, match.end())
    if not _tails(text[match.end() : end], asked):
        return None
    if left and asked.product:
        asked.told.setdefault("style", left)
    elif left:
        asked.product = left
    return end, bool(match["ask"])


def _modifiers(words: str, asked: _Asked) -> str:
    """Takes length, platform, ratio and style out of what stands before "ad"; returns the rest."""
    for pattern in (_LENGTH, _PLATFORM, *_RATIOS.values()):
        bounded = pattern if re.search(f"[{CJK}]", words) else rf"(?<!\w){pattern}(?!\w)"
        if found := re.search(bounded, words, re.I):
            _meta(found.group(), asked)
            words = f"{words[: found.start()]} {words[found.end() :]}"
    style = " ".join(m.group() for m in re.finditer(rf"(?<![a-z]){_STYLES}(?![a-z])", words, re.I))
    if style:
        asked.told["style"] = style
        words = re.sub(rf"(?<![a-z]){_STYLES}(?![a-z])", " ", words, flags=re.I)
    rest = re.sub(rf"(?<!\w){_FILLERS}(?!\w)|[-\s]+(?=\s)", " ", words, flags=re.I)
    rest = re.sub(r"^\W*(?:关于|的)+|的+\W*$", "", rest)
    return re.sub(r"\s+", " ", rest).strip(" -的")


def _tails(words: str, asked: _Asked) -> bool:
    """Product, audience, platform, ... of "for SteamPot kettle for TikTok"; False for a story's words."""
    found = list(_TAIL.finditer(words))
    if (found and words[: found[0].start()].strip(" (")) or (not found and words.strip(" .")):
        return _meta(words.strip(" ()."), asked)
    said: list[tuple[str, str]] = []
    for match, after in zip(found, [*found[1:], None][: len(found)], strict=True):
        piece = words[match.end() : after.start() if after else len(words)].strip(" .()")
        joined = f"{match['prep']} {piece}"
        if _meta(piece, asked):
            continue
        if said and (
            _OF_POINT.fullmatch(said[-1][0]) or match["prep"].lower() in ("of", "on", "in")
        ):
            if not _OF_POINT.fullmatch(said[-1][0]) and _SET_IN.match(joined):
                return False
            said[-1] = (said[-1][0], f"{said[-1][1]} {joined}")
        else:
            said.append((match["prep"], piece))
    return all(_tail(prep, piece, asked) for prep, piece in said)


def _tail(prep: str, words: str, asked: _Asked) -> bool:
    if _OF_AUDIENCE.fullmatch(prep):
        asked.told["audience"] = words
    elif _OF_POINT.fullmatch(prep):
        asked.points.append(f"{prep} {words}" if prep.lower() == "with" else words)
        return bool(asked.product)
    elif _SET_IN.match(words) or _SET_IN.match(f"{prep} {words}"):
        return False
    elif not asked.product:
        asked.product = words
    elif _OF_PRODUCT.fullmatch(prep):
        asked.told["audience"], asked.product = asked.product, words
    else:
        asked.told["audience"] = words
    return True


def _first_cut(text: str, start: int) -> int:
    masked = _QUOTED.sub(lambda match: "x" * len(match.group()), text)
    found = _CUT.search(masked, start)
    return found.start() if found else len(text)


def _items(text: str, start: int) -> Iterator[tuple[int, int]]:
    """What stands between commas, stops and line ends, without its marks."""
    masked = _QUOTED.sub(lambda match: "x" * len(match.group()), text)
    at = start
    cuts = [m for m in _CUT.finditer(masked, start) if not _labels(text, at, m)]
    for cut in [*cuts, None]:
        end = cut.start() if cut else len(text)
        piece = text[at:end]
        bullet = re.match(r"\s*(?:[-*•]\s+|\d{1,2}[.)]\s+|(?:and|but|plus|also)\s+)*", piece, re.I)
        begin = at + (bullet.end() if bullet else 0)
        if any(c.isalnum() for c in text[begin:end]):
            yield begin, begin + len(text[begin:end].rstrip(" .。!！?？"))
        at = cut.end() if cut else end


def _labels(text: str, start: int, cut: re.Match[str]) -> bool:
    """Whether a colon ends a label of the brief, or a name in capitals: it parts no items."""
    if not re.match(r"[:：]", cut.group()):
        return False
    line = re.split(r"[,，;；。\n]|\.\s", text[start : cut.start()])[-1].strip()
    return bool(KEY.fullmatch(f"{line}: x") or re.fullmatch(r"[A-Z][A-Z .']+", line))


def _take(words: str, asked: _Asked) -> Role:
    """Reads one item; returns what it is about."""
    words = words.strip()
    labelled = KEY.fullmatch(_LABEL.sub(lambda m: f"{m['en'] or m['zh']}: ", words))
    if labelled and labelled["value"].strip():
        return _labelled(key_of(labelled), labelled["value"].strip(), asked)
    if labelled or _meta(words, asked):
        return ""
    if match := _AUDIENCE.fullmatch(words):
        asked.told["audience"] = match["en"] or match["zh"] or match["bare"]
        return "audience"
    if match := _STYLE.fullmatch(words):
        asked.told["style"] = match["en"] or match["zh"]
        return ""
    if match := _CALL.fullmatch(words):
        asked.told["call"] = (match["said"] or match["words"] or words).strip('"“”「」')
        return "call"
    if not asked.product:
        asked.product = _PROMOTED.sub("", words)
        return "product"
    asked.points.append(words)
    return "point"


_PROMOTED = re.compile(r"^(?:宣传|推广|介绍|推荐|展示|关于|产品[是为]|主打)(?:一[款个种])?")
_AUDIENCE = re.compile(
    r"(?:for|aimed at|targeted at|targeting|target)\s+(?!\w+ing\b)(?P<en>\S.*)"
    r"|(?:面向|针对|适合|给|目标(?:人群|用户|受众)?[是为]?)(?P<zh>.+?)(?:群体|人群)?"
    r"|(?P<bare>(?:[\w-]+ )?(?:students|kids|children|teens|teenagers|parents|moms|mums|dads|gamers|runners|"
    r"travell?ers|professionals|commuters|seniors|women|men|families|beginners)"
    r"|(?:大|中)?学生|上班族|宝妈|年轻人|老年?人|儿童|白领|通勤族|情侣)",
    re.I | re.S,
)
_STYLE = re.compile(
    r"(?:in\s+(?:an?\s+)?)?(?P<en>[\w' -]{2,40}?)\s+(?:style|look|tone|mood|vibe)|(?P<zh>.{1,12}?)的?风格",
    re.I,
)
_CALL = re.compile(
    r"(?:ends?|ending|closes?|closing|finish(?:es)?)\s+(?:with|on)\s+(?P<said>[\"“].+)"
    r"|(?:buy|order|shop|download|try|visit|get|join)\b.{0,60}(?:\bnow|\btoday|\.com\S*|\bfree)"
    r"|(?:结尾|最后)处?(?:出现|打出|显示|用|是|为|打上)?(?:标语|口号|字幕|广告语|文字|一句)?[：:]?(?P<words>[“「\"].+)"
    r"|(?:立即|马上|现在就?|快来|点击).{0,12}(?:购买|下单|抢购|下载|体验|链接)",
    re.I | re.S,
)


def _labelled(key: str, value: str, asked: _Asked) -> Role:
    if key == "product":
        asked.product = value
        return "product"
    if key == "selling_points":
        asked.points.append(value)
        return "point"
    if key == "length_s":
        _meta(value, asked)
        return ""
    if key not in ("platform", "aspect_ratio") or not _meta(value, asked):
        asked.told[key] = value
    roles: dict[str, Role] = {"audience": "audience", "call": "call"}
    return roles.get(key, "")


_META = re.compile(
    r"(?:for|on|in|as|at|length|about|around|max(?:imum)?|under|up to|within|approx\.?|~|约|大约|控制在|不超过|"
    r"投放在?|发布?[到在]|发|用于|在|上|发在)*\s*"
    rf"(?:(?P<length>{_LENGTH})|(?P<platform>{_PLATFORM})|"
    + "|".join(f"(?P<r{n}>{words})" for n, words in enumerate(_RATIOS.values()))
    + r")\s*(?:long|length|max|total|format|video|ad|spot|only|平台|上|以内|左右|之内|画幅|视频|用)*",
    re.I,
)


def _meta(words: str, asked: _Asked) -> bool:
    """Takes a length, a platform or a ratio, and says whether the words were one."""
    match = _META.fullmatch(words.strip())
    if not match:
        return False
    if match["length"]:
        asked.length_s = float(match["s"]) if match["s"] else 60 * float(match["m"])
    elif match["platform"]:
        asked.told["platform"] = match["platform"]
    else:
        ratios = list(_RATIOS)
        asked.told["aspect_ratio"] = next(r for n, r in enumerate(ratios) if match[f"r{n}"])
    return True
