"""Which Chinese words of a text mean a camera move: terms of film, and what the camera does.

A word for the camera inside the term settles it (推镜头); other terms count by themselves, not with
another subject; what anyone can do (上升) counts only where the camera is its subject.
Try: python -m pytest tests/prompts/test_camera_words.py
"""
# ruff: noqa: RUF001, RUF002, RUF003  (Chinese punctuation is meant)

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import Literal

from shotwright.prompts.camera_reading.lexicon import Found, Subject, longest_first, words
from shotwright.prompts.language import CJK

_SIDES = {
    "{L}": "(?:向|往|朝|至|到)左(?:侧|边|方|面|手边)?",
    "{R}": "(?:向|往|朝|至|到)右(?:侧|边|方|面|手边)?",
    "{U}": "(?:向|往|朝)上(?:方)?",
    "{D}": "(?:向|往|朝)下(?:方)?",
    "{F}": "(?:向|往|朝)前(?:方)?",
    "{B}": "(?:向|往|朝)后(?:方)?",
    # 摇 that is no pan: shaking, a cradle, a head, rock music
    "{S}": "(?![晃摆头篮曳滚椅醒着])",
}
_ANY = {
    "tilt_any": "tilt_up",
    "pan_any": "pan_right",
    "truck_any": "truck_right",
    "roll_any": "roll_cw",
}
_WHIP = {"whip_pan_right": "whip_pan"}
_TAGS = re.compile(
    "左移|右移|上移|下移|前推|后拉|推进|推近|拉远|拉近|拉开|环绕|跟随|跟移|横移|平移|手持|晃动|静止|固定|左转|右转|"
    "缓推|急推|变焦|推|拉|摇|移|升|降|跟|旋转|顺时针旋转|逆时针旋转"
)


@dataclass(frozen=True)
class _Pattern:
    move: str
    kind: Literal["always", "term", "weak"]
    regex: re.Pattern[str]


@cache
def _adverb() -> str:
    number = r"[\d.]+\s?(?:度|°|倍|x|%)|[零一二两三四五六七八九十百半点]+(?:度|倍)"
    manner = "以[^，。,]{1,8}?(?:速度|节奏|方式|幅度)"
    return f"{number}|{manner}|{longest_first(words()['zh_word']['adverb'])}"


def _filler() -> str:
    return rf"(?:(?:{_adverb()})\s*){{0,4}}"


@cache
def _patterns() -> tuple[_Pattern, ...]:
    return tuple(
        _Pattern(move, kind, re.compile("|".join(map(_regex, kinds[kind]))))
        for move, kinds in words()["zh"].items()
        for kind in ("always", "term", "weak")
        if kind in kinds
    )


def _regex(pattern: str) -> str:
    for name, side in _SIDES.items():
        pattern = pattern.replace(name, side)
    return f"(?:{pattern.replace('@', _filler())})"


@cache
def _grammar() -> dict[str, re.Pattern[str]]:
    w = words()["zh_word"]
    adverb, camera = _adverb(), w["camera"]
    inside = rf"(?:{camera})(?!{w['outside']})"
    lead = rf"(?:(?:{w['request']}|{adverb}|、|那么|只见|忽然|而|但)\s*)*"
    return {
        "lookalike": re.compile("|".join(words()["zh_lookalike"]["patterns"])),
        "motion": re.compile("|".join(map(_regex, words()["zh_motion"]["patterns"]))),
        "lead": re.compile(lead),
        "trail": re.compile(rf"(?:(?:{adverb})\s*)*$"),
        "camera": re.compile(
            rf"(?:(?:整个|一个|这个|本|第[一二三四五\d]+个|\d+号|the\s+|主|副|长|短|空|主观|特写|全景|中景|近景|远景|开场|结尾|"
            rf"最后一个|手持|航拍|无人机|推轨|跟拍|产品|A|B|请?[把将让]|用|以)的?)*{inside}"
        ),
        "somewhere": re.compile(inside),
        "camera_end": re.compile(rf"(?:{camera})$"),
        "other_use": re.compile(rf"(?:{w['other_use']})(?:{camera})$"),
        "nominal": re.compile(rf"(?:{w['nominal']})$", re.I),
        "pronoun": re.compile(w["pronoun"]),
        "keeps": re.compile(w["keeps"]),
        "boundary": re.compile(
            r"[，。；！？,;!?\n：:（）()【】\[\]“”「」…—|\0、]+|\.(?!\d)|(?:然后|接着|随后|紧接着|继而|而后|同时|并且|转而|"
            r"而是|却|但是?|接下来|一边|再(?!次)|并(?!肩|排|列|非|行))"
        ),
        "negated": re.compile(
            rf"(?:(?<![能可要是会行])|(?<=[但可只还]是))(?:{words()['zh_negation']['before']})(?:{words()['zh_negation']['filler']}|\x02|\s)*$"
        ),
        "denial": re.compile(
            rf"^(?:{words()['zh_negation']['before']})(?:{words()['zh_negation']['filler']})*"
        ),
        "after": re.compile(words()["zh_negation"]["after"]),
    }


def read(text: str, *, explicit: bool, directs: bool = False) -> list[Found]:
    """Every move that the words name, denied ones included, in order.

    text: as `plain` makes it; explicit: the text speaks of the camera and nothing else; directs:
    English words in it do.
    """
    if not re.search(f"[{CJK}]", text):
        return []
    g = _grammar()
    masked = (
        text if explicit else g["lookalike"].sub(lambda m: "\x01" * (m.end() - m.start()), text)
    )
    hits = _hits(masked)
    if not hits:
        return []
    dots = list(masked)
    for hit, _ in hits:
        dots[hit.start : hit.end] = "\x02" * (hit.end - hit.start)
    covered = "".join(dots)
    found: list[Found] = []
    subject: Subject | None = None
    waiting = hits[::-1]
    directs = directs or bool(g["somewhere"].search(masked))
    directs = directs or bool(_ASKED.search(masked))
    directs = directs or any(kind != "weak" for _, kind in hits)
    whole = not re.sub(r"[\s，。,.!！]", "", _uncovered(masked, hits))
    for low, high in _clauses(masked):
        body = masked[low:high]
        if not body.strip():
            continue
        inside = []
        while waiting and waiting[-1][0].start < high:
            inside.append(waiting.pop())
        subject = _subject(body, subject, [hit.start - low for hit, _ in inside])
        taken, followed = low, False
        for hit, kind in inside:
            if found and hit.move == "static" and masked[hit.end - 1] == "在":
                continue  # 摇到窗前，停在花上: where the move ends
            if found and masked[hit.start] == "落" and _SWEPT.match(found[-1].move):
                continue  # 从天空摇下来，落到小船上: where it ends, too
            stops = found and hit.move == "static" and masked[hit.start] in "停定"
            swept = hit.family == "pan_any" and found and _SWEPT.match(found[-1].move)
            if (
                swept
                and not found[-1].denied
                and not _NEXT.search(masked, found[-1].end, hit.start)
            ):
                continue  # 慢慢摇上去，摇到她的眼睛: one move
            denied = _denied(masked, hit, found, covered)
            free = explicit or whole or denied
            if (
                found
                and kind == "weak"
                and masked[hit.start] in "穿飞经掠越贴"
                and not (found[-1].denied or _NEXT.search(masked, found[-1].end, hit.start))
            ):
                continue  # 向左平移，越过前景的芦苇: what a move passes is no second one
            bare = (
                (directs or bool(found))
                and subject is None
                and taken == low
                and hit.move in _COMMANDED
            )
            slowly = (
                subject is None and not found and bool(_SLOWLY.match(masked[low : hit.end + 1]))
            )
            slowly = slowly and hit.move in (*_COMMANDED, *_TRAVELS)
            ahead = _FROM.sub("", _WITH.sub("", masked[low : hit.start]))
            bare = (bare or slowly) and not g["trail"].sub("", ahead).strip()
            if (
                free
                or bare
                or (stops and found[-1].start >= low)
                or _accepted(masked, hit, kind, (low, high), taken, subject, found, followed)
            ):
                found.append(replace(hit, denied=denied))
                taken = hit.end
                if (
                    hit.move.startswith(("crane", "handheld"))
                    and subject != "person"
                    and not denied
                ):
                    subject = "camera"
                followed = followed or (hit.move == "follow" and not denied)
    return [_sided(masked, hit) for hit in found]


def _sided(text: str, hit: Found) -> Found:
    """A move whose side stands behind a comma: 环绕镜头，向右，慢速."""
    before = _SIDE_BEFORE.search(text, 0, hit.start)
    if (
        before
        and hit.family == "orbit_right"
        and not re.search("[左右]|时针", text[hit.start : hit.end])
    ):
        return replace(hit, move="orbit_left", spans=(*hit.spans, before.span()))
    side = _ASIDE.match(text, hit.end) or (_FROM_SIDE.match(text, hit.end) if hit.assumed else None)
    if not side or not (hit.assumed or hit.family == "orbit_right"):
        return hit
    if re.search("[左右]|时针", text[hit.start : hit.end]):
        return hit
    way = "left" if side["way"] == "左" else "right"
    return replace(
        hit,
        move=hit.move.partition("_")[0] + "_" + way,
        spans=(*hit.spans, side.span("way")),
        assumed=False,
    )


_FROM_SIDE = re.compile(
    r"[，,]\s*[从由自](?P<from>[左右])[^，。]{0,8}?[到至向往][^，。]{0,3}?(?P<way>[左右])"
)
_SIDE_BEFORE = re.compile(r"[向往朝]左(?:侧|边)?\s*$")
_ASIDE = re.compile(
    r"\s*[，,、]\s*(?:缓慢地?|缓缓|慢慢|快速地?|匀速|慢速)?(?P<told>[向往朝](?P<way>[左右])(?:侧|边)?)(?=\s*[，,、。；]|\s*$)"
)
_ASKED = re.compile(
    r"(?:行|好|可以|能)(?:[^，。]{0,12})吗|行不行|好不好|吧[。！]?$|(?:^|[，。])\s*(?:请|帮我|麻烦|能不能|可不可以|我想要)"
)
"""What makes of bare verbs a request to whoever makes the shot."""
_TRAVELS = ("truck_left", "truck_right", "pedestal_up", "pedestal_down", "orbit_left")
_SLOWLY = re.compile(r"先?(?:缓慢|缓缓|慢慢|平稳|匀速|快速|轻轻)地?[^的]{1,8}$")
"""A text that begins with a speed and a verb commands the camera: 缓慢跟随老人; not 缓缓上升的气球."""
_NEXT = re.compile("然后|接着|随后|再|最后|继而")
_SWEPT = re.compile("pan|tilt|whip")
_GOING = re.compile("pan|tilt|zoom|truck|dolly|pedestal|crane")
_WITH = re.compile(
    r"(?:与|和|跟|同)[^，。,]{1,8}(?:平行|并行|并排|一起|同步|同速|保持)[^，。,]{0,4}$"
)
"""Whom a move keeps company."""
_FROM = re.compile(
    r"(?:(?:站|停|立|蹲|趴)?(?:在|于)|对着|对准|面向|朝着|从|由|自|沿着?|随着?|顺着|贴着|绕着?|以)[^，。]{1,14}$"
)
"""Where a move begins or goes along: says nothing of who makes it."""
_COMMANDED = (
    "follow", "orbit_right", "orbit_left", "dolly_in", "dolly_out", "static", "truck_left", "truck_right", "pan_left",
    "pan_right", "tilt_up", "tilt_down", "pedestal_up", "pedestal_down",
)  # fmt: skip
"""What a text that speaks of the camera elsewhere may command without naming it."""


def _uncovered(text: str, hits: list[tuple[Found, str]]) -> str:
    """What a text holds beside its hits, their adverbs and the words for the camera."""
    masked = list(text)
    for hit, _ in hits:
        masked[hit.start : hit.end] = "，" * (hit.end - hit.start)
    rest = "".join(masked)
    rest = re.sub(_adverb(), "", rest)
    return re.sub(
        f"(?:{words()['zh_word']['camera']})(?!{words()['zh_word']['outside']})", "", rest
    )


def _clauses(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    for match in _grammar()["boundary"].finditer(text):
        yield start, match.start()
        start = match.end()
    yield start, len(text)


def _hits(text: str) -> list[tuple[Found, str]]:
    """Every term, the longest where they overlap, in order; with its kind."""
    candidates = [
        (Found(_WHIP.get(p.move, _ANY.get(p.move, p.move)), m.start(), m.end(), (m.span(),), p.move,
               p.move in _ANY), p.kind)
        for p in _patterns()
        for m in p.regex.finditer(text)
        if m.group().strip()
    ]  # fmt: skip
    candidates += [
        (Found("motion", m.start(), m.end(), (m.span(),), "motion"), "weak")
        for m in _grammar()["motion"].finditer(text)
    ]
    candidates = [(_as_seen(text, hit), kind) for hit, kind in candidates]
    taken: list[tuple[Found, str]] = []
    free = bytearray(b"\1" * len(text))
    order = ("always", "term", "weak")
    for hit, kind in sorted(
        candidates,
        key=lambda c: (c[0].start - c[0].end, order.index(c[1]), c[0].start),
    ):
        if all(free[hit.start : hit.end]):
            free[hit.start : hit.end] = bytes(hit.end - hit.start)
            taken.append((hit, kind))
    return sorted(taken, key=lambda c: c[0].start)


def _as_seen(text: str, hit: Found) -> Found:
    """A picture turns against the camera's roll: 画面顺时针旋转 is a camera that rolls the other way."""
    turned = {"roll_cw": "roll_ccw", "roll_ccw": "roll_cw"}.get(hit.move)
    seen = re.search(r"(?:画面|图像|影像)[^，。；]{0,4}$", text[: hit.start])
    return replace(hit, move=turned) if turned and seen and not hit.assumed else hit


def _subject(body: str, before: Subject | None, hits: list[int]) -> Subject | None:
    """Who acts in a clause: named at its head, else who acted before."""
    g = _grammar()
    lead = g["lead"].match(body)
    at = lead.end() if lead else 0
    # 镜头 is in the adverbs too, so look from the head as well
    for start in (0, at):
        if g["camera"].match(body, start):
            handled = before in ("person", "thing") and re.match("[把将]", body[start:])
            return "person" if handled else "camera"  # 他举起手机，把画面向左移
    lead_text = body[:at]
    if re.search(r"镜头$|镜头", lead_text) and not re.search(r"镜头(?:前|里|中|外)", body):
        return "camera"
    rest = g["denial"].sub("", body[at:])
    if not rest or any(hit in (0, at, len(body) - len(rest)) for hit in hits):
        return before
    if g["pronoun"].match(rest) or _DEVICE.search(rest):
        return "person"
    if re.match(r"[a-z0-9\s]+$", rest):
        return before
    if g["keeps"].match(rest):
        return before
    return "thing"


def _accepted(
    text: str,
    hit: Found,
    kind: str,
    clause: tuple[int, int],
    taken: int,
    subject: Subject | None,
    found: list[Found],
    followed: bool,
) -> bool:
    """Whether a hit means the camera, by what stands before it in its clause."""
    if hit.family == "motion":
        return False  # only its denial says something
    if kind == "weak" and _ATTRIBUTE.match(text, hit.end):
        return False  # 旋转的人群
    if kind == "always":
        handled = _DEVICE.search(text[clause[0] : hit.start])
        return not (handled and hit.move == "follow" and not re.search("我拿|你拿", text))
    if found and hit.family == "pan_any" and kind == "weak" and not found[-1].denied:
        return False  # 右移 and then 扫过酒瓶: what a move passes is no second one
    going = found and hit.move == "follow" and kind == "weak" and _GOING.match(found[-1].move)
    if going and not _NEXT.search(text, found[-1].end, hit.start):
        return False  # 向右摇 with 跟随目光 behind it says what the pan keeps in view
    g = _grammar()
    low, high = clause
    pre = text[max(taken, hit.start - 4 * _REACH) : hit.start]
    core = _WITH.sub("", pre)
    core = g["trail"].sub("", core[_end(g["lead"].match(core)) :]).strip()
    raw = pre.strip()
    if taken > low:
        core = re.sub("^(?:之后|以后|后)", "", core)
    if kind == "term" or (subject is None and "飞" in text[hit.start : hit.end]):
        core = g["trail"].sub("", _FROM.sub("", core))
    if followed and kind == "weak":
        return False  # 镜头跟随他向左转: it is he who turns
    if g["other_use"].search(raw):
        return False
    by_camera = g["camera_end"].search(raw) or re.search(r"(?:镜头|画面|机位)\S{0,6}$", raw)
    if by_camera and subject == "person" and (re.search("[把将]", raw) or _DEVICE.search(raw)):
        return False
    if by_camera and not re.search(r"(?:镜头|画面)[前里中外左右两]", raw):
        return True
    if not core:
        if taken > low:
            return True  # right after another move
        if subject == "camera":
            return True
        tag = not g["trail"].sub("", text[hit.end : high]).strip() or kind == "term"
        if kind == "term":
            return subject != "person"
        if subject is None and "飞" in text[hit.start : hit.end] and not found:
            return True  # nobody is named: the drone flies
        return bool(tag and _TAGS.fullmatch(text[hit.start : hit.end]) and subject != "person")
    if subject == "camera" and not re.search(r"[他她它我你]们?(?!的)\S*$", core):
        return True
    return kind == "term" and bool(g["nominal"].search(core)) and subject != "person"


_DEVICE = re.compile(
    r"(?:举|端|捧|掏|握|拿)(?:起|着|出|了)[^，。]{0,6}(?:相机|手机|摄像机|摄影机|单反|平板|dv)"
)
"""What a person of the story films with."""
_ATTRIBUTE = re.compile(
    r"着?的(?!镜头|画面|效果|时候|同时|过程|运镜|感觉|方式|视角|机位|长镜头|[，。；]|$)"
)
"""After a verb that only says which thing is meant."""


def _end(match: re.Match[str] | None) -> int:
    return match.end() if match else 0


_REACH = 40
"""Letters before a move in which it is denied."""


def _denied(text: str, hit: Found, found: list[Found], covered: str) -> bool:
    """Whether a negation reaches the hit, directly or through other moves and words like 任何."""
    low = max(0, hit.start - _REACH)
    masked = list(text[low : hit.start])
    for other in found:
        if low <= other.start and other.end <= hit.start:
            masked[other.start - low : other.end - low] = "\x02" * (other.end - other.start)
    if _grammar()["negated"].search("".join(masked)):
        return True
    inside = text[hit.start : hit.end]
    if hit.family == "motion" and re.search("不|没|未|无|别", inside):
        return True
    return bool(_grammar()["after"].match(covered, hit.end))
