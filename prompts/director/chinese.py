"""What a Chinese sentence names: the noun phrase before the verb, told by measure words, 的 and
listed verbs.

Rules only, no word segmentation; `subjects.py` resolves the pronouns.
"""
# ruff: noqa: RUF001, RUF002  (Chinese punctuation is meant)

import re
from collections.abc import Iterator

from shotwright.prompts.director import lexicon
from shotwright.prompts.director.entities import Entity, Kind, Mentions
from shotwright.prompts.language import CJK

_ZH_PRONOUNS = ("它们", "他们", "她们", "它", "他", "她")
_ZH_OPENING = re.compile(
    r"^(?:在?(?:大|小|暴|细|狂|微)?(?:雨|雪|雾|风|阳光|月光|夜色|暮色|晨光)[中里下]|然后|接着|随后|突然|忽然|这时|此时|最后|接下来|慢慢地?|缓缓地?|渐渐地?|又|还|有|画面中|镜头中|镜头里)[，,]?"
)
_ZH_CLOCK = re.compile(
    r"^(?:截至|到|于|在)?(?:(?:\d+|[一二三四五六七八九十两]+)(?:年|月|日|号|点钟?|时|分|秒|刻))+半?"
)
_ZH_MEASURE = (
    r"(?:[一二两三四五几这那]|[这那]一|数)"
    r"[个只条艘辆位名架匹头颗朵片座把张群对双杯盏台块枚株棵间幅本支根封碗瓶束件扇滴串盆顶枝]"
)
_ZH_NOUN_START = re.compile(rf"^{_ZH_MEASURE}")


_ZH_FRAMED = re.compile(
    r"^[^，,。：:]{0,6}?(?:特写|近景|中景|全景|远景|航拍|俯拍|仰拍|空镜|镜头|画面)[：:，]"
)
_ZH_NO_THINGS = re.compile(
    r"镜头|画面|字幕|场景[一二三四五六七八九十\d]|摄影机|定格|^(?:远处|远方|近处|窗外|门外|屋里|屋外)$|^雪?山?日$|(?:降临|来临|过去|到来|开始|结束|独自|(?<![皇王太])后)$"
)


def chinese_mentions(sentence: str) -> Mentions:
    sentence = _ZH_FRAMED.sub("", sentence.lstrip("【 ").replace("】", "，"))
    clauses = re.split(r"[，,。！？；：:、!?;]", _without_quotes(sentence))
    for number, clause in enumerate(clauses, 1):
        rest = _zh_rest(clause.strip())
        if not rest:
            continue
        pronoun = next((p for p in _ZH_PRONOUNS if rest.startswith(p)), None)
        if pronoun:
            after = rest[len(pronoun) :]
            others = (*_zh_objects(after), *_zh_others(clauses[number:]))
            return Mentions(None, others, pronoun[0])
        end = _zh_phrase_end(rest)
        subject = _zh_entity(rest[:end])
        if subject is None and _ZH_NO_THINGS.search(rest[:end]):
            continue  # 夜幕降临 is no subject, the next clause has one
        if subject is None:
            return Mentions(None, _zh_objects(rest), "")
        return Mentions(subject, (*_zh_objects(rest[end:]), *_zh_others(clauses[number:])))
    return Mentions(None, (), "")


def _zh_others(clauses: list[str]) -> Iterator[Entity]:
    """Whoever else does something in the clauses after the first: 小明回到家，妈妈正在做饭."""
    for clause in clauses:
        rest = _zh_rest(clause.strip())
        end = _zh_phrase_end(rest)
        other = _zh_entity(rest[:end]) if 0 < end < len(rest) else None
        if other and other.kind == "person" and not rest.startswith(_ZH_PRONOUNS):
            yield other


def chinese_happens(text: str) -> bool:
    """Whether a clause holds a listed verb outside of what 的 makes an attribute of."""
    verbs = lexicon.rules()["verb"]["zh"]
    clauses = re.split(r"[，,。！？；：:、!?;]", _without_quotes(text))
    rests = (re.sub(r"^.*的", "", clause.strip()) for clause in clauses)
    return any(0 < _zh_phrase_end(rest) < len(rest) or rest[:1] in verbs for rest in rests if rest)


def _without_quotes(text: str) -> str:
    return re.sub(r"[\u201c\u300c\u300e][^\u201d\u300d\u300f]*[\u201d\u300d\u300f]", "", text)


def _zh_rest(clause: str) -> str:
    """A clause without its leading time, place and connective."""
    while True:
        shorter = _ZH_OPENING.sub("", clause)
        time = lexicon.find_time(shorter)
        if time and time.start == 0:
            shorter = re.sub(r"^(?:时分|时|下|里|中|的时候|的)", "", shorter[time.end :])
        shorter = _ZH_CLOCK.sub("", shorter)
        place = re.match(r"^在?(.{0,8})", shorter)
        found = lexicon.find_place(place.group(1)) if place and shorter[:1] == "在" else None
        if found:
            shorter = re.sub(r"^[上里中边旁下前的]*", "", shorter[1 + found.end :])
        elif (there := lexicon.find_place(shorter)) and there.start == 0:
            following = shorter[there.end :]
            if re.match(r"^(?:[上里中边旁下前]+|有|$)", following):
                shorter = re.sub(r"^[上里中边旁下前]*有?", "", following)
        if shorter == clause:
            return clause
        clause = shorter


def _zh_phrase_end(text: str) -> int:
    """Where the noun phrase at the start of a clause ends: before its verb."""
    verbs = lexicon.rules()["verb"]["zh"]
    worn = _ZH_ATTRIBUTE.match(text)
    if worn and text[0] in verbs:
        end = worn.end() + _zh_phrase_end(text[worn.end() :])
        if _zh_kind(text[worn.end() : end]) != "thing":
            return end  # 穿黄雨衣的男孩
    measure = _ZH_NOUN_START.match(text)
    low = measure.end() if measure else 0
    # 登山者 begins with a verb and is somebody
    many = re.match(f"[{CJK}]{{1,5}}?(?<![我你他她它])们|[{CJK}]{{2,3}}[者员师][甲乙丙丁]?", text)
    if many and low < many.end():
        return many.end()
    doing = _ZH_DOING.search(text, low + 1)
    for i in range(low, doing.start() if doing else len(text)):
        # right after a measure word, 的 or a colour the noun begins: 一架飞机, 红色的跑车
        if text[i] in verbs and i > low and text[i - 1] not in "的色":
            return i
        if text[i] in verbs and i == 0:
            return 0
        if i > low and (text[i] in "没未" or (text[i] == "不" and text[i + 1 : i + 2] in verbs)):
            return i  # 女孩没有穿鞋
    return doing.start() if doing else len(text)


_ZH_ATTRIBUTE = re.compile(r"[^，。的]{2,12}(?<![他她它我你们])的(?=.)")
_ZH_DOING = re.compile(
    rf"[{CJK}](?=[着了过](?![望解不当]))|(?P<one>一[{CJK}])(?P=one)|显示|出现|插入|插在|并肩|打散|切块|举头|低头|抬[头起]|跟[在着]|鼓掌|恢复|发生|赶[到来往]|亮起|碎裂|愣住|于(?=\d)"
)
"""What is done, in words whose letters alone are parts of nouns: 灯塔亮着, 屏幕上显示."""


def _zh_entity(phrase: str) -> Entity | None:
    phrase = re.sub(r"(?<=..)[上里中下外]$", "", phrase.strip().lstrip("的地得"))
    if not phrase or len(phrase) > 20 or not re.search(f"[{CJK}]", phrase):
        return None
    head = re.sub(rf"^{_ZH_MEASURE}", "", phrase).rpartition("的")[2]
    bare = re.sub(r"^(?:[红黄绿蓝紫白黑灰粉橙金银]色?|小|大|老)+(?=.)", "", head)
    head = bare if len(bare) > 1 or _zh_kind(head) != "person" else head  # 老人 is no 人
    if not head or lexicon.find_time(phrase) or _ZH_NO_THINGS.search(phrase):
        return None
    if re.match("很|非常|越", phrase):
        return None  # 下得很大: how, and nothing that is there
    if re.fullmatch(rf"[{CJK}]{{1,2}}[上下旁]", phrase):
        return None  # 墙上写着: where it is written
    if len(phrase) == 1 and _zh_kind(head) == "thing":
        return None  # a verb that is not listed, more often than a thing
    return Entity(phrase, head, _zh_kind(head))


def _zh_kind(head: str) -> Kind:
    kind = lexicon.rules()["kind"]
    if re.search(rf"(?:{kind['animal_zh']})$", head):
        return "animal"
    return "person" if re.search(rf"(?:{kind['person_zh']})(?:们|[甲乙丙丁])?$", head) else "thing"


def _zh_objects(text: str) -> tuple[Entity, ...]:
    found = []
    for match in re.finditer(rf"(?<!没有)(?<!没带)(?<!无){_ZH_MEASURE}[{CJK}]{{1,8}}", text):
        phrase = match.group()
        again = phrase[2:4] == phrase[:2]  # 一盏一盏 says how
        entity = None if again else _zh_entity(phrase[: _zh_phrase_end(phrase)])
        if entity and not lexicon.find_place(entity.phrase):
            found.append(entity)
    return tuple(found)
