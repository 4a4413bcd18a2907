"""Which Chinese words of a text mean a camera move: terms of film, and what the camera does.

A word for the camera inside the term settles it (推镜头); other terms count by themselves, not with
another subject; what anyone can do (上升) counts only where the camera is its subject.
Try: python -m pytest tests/prompts/test_camera_words.py
"""
# ruff: noqa: RUF001, RUF002, RUF003  (Chinese punctuation is meant)

import re
from collections.abc import Iterator
from dataclasses import replace

from shotwright.prompts.camera_reading.chinese_tables import (
    adverb_words,
    grammar,
    patterns,
)
from shotwright.prompts.camera_reading.lexicon import Found, Subject, words
from shotwright.prompts.language import CJK

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


def read(text: str, *, explicit: bool, directs: bool = False) -> list[Found]:
    """Every move that the words name, denied ones included, in order.

    text: as `plain` makes it; explicit: the text speaks of the camera and nothing else; directs:
    English words in it do.
    """
    if not re.search(f"[{CJK}]", text):
        return []
    g = grammar()
    masked = (
        text if explicit else g["lookalike"].sub(lambda m: "\x01" * (m.end() - m.start()), text)
    )
    if _PILOT.search(masked):
        masked = masked.replace("飞机", "机头")  # whoever says so flies the camera
    if _OUR_FRAME.search(masked):
        masked = masked.replace("我们", "镜头")  # 我们向前推进，直到它占满画幅
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
    ordered = _in_order(masked, hits)
    whole = ordered or not re.sub(r"[\s，。,.!！]", "", _uncovered(masked, hits))
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
            free = explicit or denied or (whole and not (followed and kind == "weak"))
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
            ahead = _SIDED.sub(
                "",
                _FROM.sub("", _WITH.sub("", masked[max(low, hit.start - 4 * _REACH) : hit.start])),
            )
            ahead = re.sub(r"^\s*(?:之后|以后|后)", "", ahead)
            ahead = ahead[_end(g["during"].match(ahead)) :]
            ahead = ahead[_end(g["lead"].match(ahead)) :]
            opening = subject is None and not found and hit.move in (*_COMMANDED, *_TRAVELS)
            opening = opening and not masked[: hit.start].strip()
            opening = opening and bool(_REVEALS.match(covered, hit.end))
            bare = (bare or slowly or opening) and not g["trail"].sub("", ahead).strip()
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
    before = _SIDE_BEFORE.search(text, max(0, hit.start - 20), hit.start)
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
_SIDE_BEFORE = re.compile(r"[向往朝]左(?:侧|边)?[，,]?\s*$")
_ASIDE = re.compile(
    r"\s*[，,、]\s*(?:缓慢地?|缓缓|慢慢|快速地?|匀速|慢速)?(?P<told>[向往朝](?P<way>[左右])(?:侧|边)?)(?=\s*[，,、。；]|\s*$)"
)
_ASKED = re.compile(
    r"(?:行|好|可以|能)(?:[^，。]{0,12})吗|行不行|好不好|吧[。！]?$|(?:^|[，。])\s*(?:请|帮我|麻烦|能不能|可不可以|我想要)"
)
"""What makes of bare verbs a request to whoever makes the shot."""
_TRAVELS = ("truck_left", "truck_right", "pedestal_up", "pedestal_down", "orbit_left")
_SLOWLY = re.compile(
    r"先?(?:原地|垂直|[以用按][^，。]{1,6}速度?|缓慢|缓缓|慢慢|平稳|匀速|快速|轻轻)地?[^的]{1,8}$"
)
"""A text that begins with a speed and a verb commands the camera: 缓慢跟随老人; not 缓缓上升的气球."""
_REVEALS = re.compile(
    r"\x02*[，,]\s*(?:慢慢|缓缓|逐渐|渐渐|最后|最终)?(?:地|直到|直至)?(?:露出|显出|显露|带出|展现|展示|呈现|揭示|揭开|引出)"
)
"""What only a camera's going does: 向前推进，露出锅里的红油."""
_NEXT = re.compile(
    "然后|接着|随后|再|最后|继而|随即|随之|而后|接下来|之后|转而|紧接|同时|一边|改为|又"
)
_SWEPT = re.compile("pan|tilt|whip")
_GOING = re.compile("pan|tilt|zoom|truck|dolly|pedestal|crane")
_WITH = re.compile(
    r"(?:与|和|跟|同)[^，。,]{1,8}(?:平行|并行|并排|一起|同步|同速|保持)[^，。,]{0,4}$"
)
"""Whom a move keeps company."""
_SIDED = re.compile("[向往朝][左右上下前后](?:侧|边)?$")
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
    rest = re.sub(adverb_words(), "", rest)
    return re.sub(
        f"(?:{words()['zh_word']['camera']})(?!{words()['zh_word']['outside']})", "", rest
    )


def _in_order(text: str, hits: list[tuple[Found, str]]) -> bool:
    """Whether a text only commands moves in turn, naming nobody: 先往后退，再绕到她身后."""
    if len(hits) < 2 or not _FIRST.match(text) or not _NEXT.search(text, 1):
        return False
    lead = grammar()["lead"]
    for low, high in _clauses(text):
        first = next((hit.start for hit, _ in hits if low <= hit.start < high), None)
        if not text[low:high].strip():
            continue
        ahead = "" if first is None else _SIDED.sub("", _FROM.sub("", text[low:first]))
        if first is None or ahead[_end(lead.match(ahead)) :].strip():
            return False
    return True


_OUR_FRAME = re.compile("画幅|画框|入画|出画|满屏|占满屏幕")
_PILOT = re.compile("云台|偏航|航点|定高|打杆|摇杆|图传|桨叶")
_FIRST = re.compile(
    r"\s*(?:请|麻烦)?(?:一边|边|先|首先|起初|开始先?|(?=(?:缓缓|慢慢|快速)?[往向朝][前后左右上下](?:推|拉|摇|移|升|降|扫)))"
)


def _clauses(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    for match in grammar()["boundary"].finditer(text):
        yield start, match.start()
        start = match.end()
    yield start, len(text)


def _hits(text: str) -> list[tuple[Found, str]]:
    """Every term, the longest where they overlap, in order; with its kind."""
    candidates = [
        (Found(_WHIP.get(p.move, _ANY.get(p.move, p.move)), m.start(), m.end(), (m.span(),), p.move,
               p.move in _ANY), p.kind)
        for p in patterns()
        for m in p.regex.finditer(text)
        if m.group().strip()
    ]  # fmt: skip
    candidates += [
        (Found("motion", m.start(), m.end(), (m.span(),), "motion"), "weak")
        for m in grammar()["motion"].finditer(text)
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
    seen = re.search(r"(?:画面|图像|影像)[^，。；]{0,4}$", text[max(0, hit.start - 8) : hit.start])
    return replace(hit, move=turned) if turned and seen and not hit.assumed else hit


def _subject(body: str, before: Subject | None, hits: list[int]) -> Subject | None:
    """Who acts in a clause: named at its head, else who acted before."""
    g = grammar()
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
    if _SHOULDERED.match(rest):
        return "camera"
    if _AWAITED.match(rest):
        return before
    during = g["during"].match(rest)
    if during and len(body) - len(rest) + during.end() in hits:
        return before
    if g["pronoun"].match(rest) or _DEVICE.search(rest):
        return "person"
    if re.match(r"[a-z0-9\s]+$", rest):
        return before
    if g["keeps"].match(rest):
        return before
    return "thing"


_SHOULDERED = re.compile("(?:扛|端|架|抱)着?(?:机器|摄影机|摄像机|机子|稳定器|斯坦尼康)")
"""How the crew itself is told to go: 扛着机器跟在矿工身后."""
_AWAITED = re.compile("等(?!身|级|高|待)|待(?![着在命客])|趁")
"""What only says when: 等她转身再推近."""


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
        return not (
            handled
            and hit.move == "follow"
            and not re.search("[我你](?![朋妈爸同老的家])[^，。]{0,8}(?:拿|端|扛|举)", text)
        )
    if (
        found
        and hit.family == "pan_any"
        and kind == "weak"
        and not (found[-1].denied or _NEXT.search(text, found[-1].end, hit.start))
    ):
        return False  # 右移 and then 扫过酒瓶: what a move passes is no second one
    going = found and hit.move == "follow" and kind == "weak" and _GOING.match(found[-1].move)
    if going and not _NEXT.search(text, found[-1].end, hit.start):
        return False  # 向右摇 with 跟随目光 behind it says what the pan keeps in view
    g = grammar()
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
    r"(?:举|端|捧|掏|握|拿)(?:起|着|出|了)[^，。]{0,6}(?:相机|手机|摄像机|摄影机|单反|平板|机器|机子|dv)"
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
    for other in reversed(found):
        if other.start < low:
            break  # in order: the others stand before it
        if other.end <= hit.start:
            masked[other.start - low : other.end - low] = "\x02" * (other.end - other.start)
    if grammar()["negated"].search("".join(masked)):
        return True
    inside = text[hit.start : hit.end]
    if hit.family == "motion" and re.search("不|没|未|无|别", inside):
        return True
    return bool(grammar()["after"].match(covered, hit.end))
