"""An advertisement's brief in "key: value" lines -> product, selling points, audience, length, platform.

One that is asked for in a sentence is read by `request.py`.
"""
# ruff: noqa: RUF001  (Chinese punctuation is meant)

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from shotwright.prompts.readers.cells import number
from shotwright.prompts.readers.script import bad_script

Role = Literal["product", "point", "audience", "call", ""]
"""What a piece of a written brief is about; "" goes on with the piece before."""


@dataclass(frozen=True)
class Brief:
    """What a film should sell, to whom, how long (seconds), and where it will be seen.

    product: with its looks, "a red kettle"; platform: such as tiktok, youtube, 抖音, picks the aspect
    ratio; call: the words of the call to action; parts: of a written brief, all of its text in
    pieces (role, words), in order.
    """

    product: str
    selling_points: tuple[str, ...]
    audience: str | None = None
    length_s: float | None = None
    platform: str | None = None
    style: str | None = None
    aspect_ratio: str | None = None
    call: str | None = None
    parts: tuple[tuple[Role, str], ...] = ()


_KEYS = {
    "product": "product|what|产品|商品|产品名称",
    "selling_points": "(?:key )?selling points?|(?:key )?features?|benefits?|usps?|核心卖点|产品卖点|卖点|特点|优势",
    "audience": "audience|target(?: audience| group)?|for whom|受众|目标人群|目标受众|人群",
    "length_s": "length|duration|时长|长度|片长",
    "platform": "platform|channel|where|placement|投放平台|平台|渠道",
    "style": "style|look|tone|风格|调性",
    "aspect_ratio": "aspect ratio|ratio|format|画幅|比例",
    "call": "call to action|cta|slogan|tagline|行动号召|口号|标语|广告语",
}
KEY = re.compile(
    r"\s*(?:[-*#]+\s*)?\**(?:" + "|".join(f"(?P<{k}>{v})" for k, v in _KEYS.items()) + r")\**"
    r"\s*[:：]\**\s*(?P<value>.*)",
    re.I | re.S,
)
"""A labelled value: "Audience: students"."""
_TITLE = re.compile(r"\s*(?:#+\s*)?(?:(?:ad |advert )?brief|广告需求|需求|简报)\s*[:：]?\s*$", re.I)
_ITEM = re.compile(r"\s*(?:[-*•]|\d+[.)、])\s*(?P<value>.*\S)\s*")


def key_of(match: re.Match[str]) -> str:
    """The field whose label `KEY` found."""
    return next(key for key in _KEYS if match[key])


def read_brief(text: str) -> Brief | None:
    """A brief of "key: value" lines, selling points also as a list; None for a text that is none.

    Every line must belong to it: a story with one such line is no brief.
    Raises: BadRequest(code="invalid_script") for one without a product, or with a length that is none.
    """
    found: dict[str, list[str]] = {}
    parts: list[tuple[Role, str]] = []
    last = ""
    for line in text.splitlines(keepends=True):
        if not line.strip():
            parts.append(("", line))
        elif match := KEY.fullmatch(line.rstrip()):
            last = key_of(match)
            values = _values(last, match["value"])
            found.setdefault(last, []).extend(values)
            parts += _pieces(line, last, values)
        elif last == "selling_points" and (item := _ITEM.fullmatch(line.rstrip())):
            found[last] += _values(last, item["value"])
            parts += _pieces(line, last, _values(last, item["value"]))
        elif _TITLE.fullmatch(line):
            parts.append(("", line))
        else:
            return None
    points = tuple(found.get("selling_points", ()))
    if len(found) < 2 or not (points or _SURE.search(text)):
        return None
    if not found.get("product"):
        raise bad_script(
            "The brief names no product.",
            text[:80],
            fix='Add a line such as "Product: a red kettle".',
            allowed="a line Product: with at least one word",
        )
    said = found.get("length_s") or [""]
    try:
        length = number(said[0]) if said[0] else None
    except ValueError as error:
        raise bad_script(
            f"The brief's length {said[0][:40]!r} is no number of seconds.",
            said[0][:80],
            fix='Write it as "Length: 15 s", or leave it out.',
            allowed="a number of seconds",
        ) from error
    told = {key: " ".join(found[key]) for key in _TEXTS if found.get(key)}
    return Brief(" ".join(found["product"]), points, length_s=length, parts=tuple(parts), **told)


_SURE = re.compile(r"^\W*(?:products?|产品|商品|selling points?|卖点)\W*[:：]", re.I | re.M)
"""Labels that only an advertisement's brief has; "what" and "where" begin other lists too."""
_TEXTS = ("audience", "platform", "style", "aspect_ratio", "call")
_ROLES: dict[str, Role] = {
    "product": "product",
    "selling_points": "point",
    "audience": "audience",
    "call": "call",
}


def _values(key: str, value: str) -> list[str]:
    """What a line says; selling points in one line are parted by semicolons or 、."""
    split = re.split(r"[;；、]", value) if key == "selling_points" else [value]
    return [part.strip() for part in split if part.strip()]


def _pieces(line: str, key: str, values: list[str]) -> list[tuple[Role, str]]:
    """The line, word for word, in a piece a value; its label belongs to the first."""
    starts, at = [], 0
    for value in values:
        starts.append(line.index(value, at))
        at = starts[-1] + len(value)
    cuts = [0, *starts[1:], len(line)]
    role = _ROLES.get(key, "") if values else ""
    return [(role, line[start:end]) for start, end in pairwise(cuts)]
