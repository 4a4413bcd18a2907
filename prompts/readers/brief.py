"""An advertisement's brief in words -> product, selling points, audience, length, platform."""
# ruff: noqa: RUF001  (Chinese punctuation is meant)

import re
from dataclasses import dataclass

from shotwright.prompts.readers.cells import number

_KEYS = {
    "product": "product|what|产品|商品|产品名称",
    "selling_points": "selling points?|features?|benefits?|usps?|卖点|核心卖点|产品卖点|特点|优势",
    "audience": "audience|target(?: audience| group)?|for whom|受众|目标人群|目标受众|人群",
    "length_s": "length|duration|时长|长度|片长",
    "platform": "platform|channel|where|placement|平台|投放平台|渠道",
}
_LINE = re.compile(
    r"\s*(?:[-*#]+\s*)?\**(?:" + "|".join(f"(?P<{k}>{v})" for k, v in _KEYS.items()) + r")\**"
    r"\s*[:：]\**\s*(?P<value>.*)",
    re.I,
)


@dataclass(frozen=True)
class BriefText:
    """A brief as its writer put it; length_s in seconds."""

    product: str
    selling_points: tuple[str, ...]
    audience: str | None = None
    length_s: float | None = None
    platform: str | None = None


def read_brief(text: str) -> BriefText | None:
    """A brief of "key: value" lines, selling points also as a list; None for a text that is none.

    Every line must belong to it: a story with one such line is no brief.
    """
    found: dict[str, list[str]] = {}
    last = ""
    for line in filter(str.strip, text.split("\n")):
        match = _LINE.fullmatch(line)
        if match:
            last = next(key for key in _KEYS if match[key])
            values = found.setdefault(last, [])
            if match["value"].strip():
                values.append(match["value"].strip())
        elif last == "selling_points" and (
            item := re.match(r"\s*(?:[-*•]|\d+[.)、])\s*(.*\S)", line)
        ):
            found[last].append(item[1])
        elif not re.match(
            r"\s*(?:#+\s*)?(?:brief|ad brief|广告需求|需求|简报|brief:)\s*$", line, re.I
        ):
            return None
    points = [p for value in found.get("selling_points", ()) for p in _split(value)]
    if not found.get("product") or not points:
        return None
    length = None
    if found.get("length_s"):
        try:
            length = number(found["length_s"][0])
        except ValueError:
            return None
    one = {key: " ".join(found[key]) for key in ("audience", "platform") if found.get(key)}
    return BriefText(" ".join(found["product"]), tuple(points), length_s=length, **one)


def _split(value: str) -> list[str]:
    """Selling points in one line: parted by semicolons or 、, else one."""
    return [part.strip() for part in re.split(r"[;；、]", value) if part.strip()]
