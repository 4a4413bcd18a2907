"""A product brief -> a shot plan of the usual advertisement: establish, one shot a selling point,
close.

By rules: it invents no story, only the order and the frame around the brief's own words.
"""
# ruff: noqa: RUF001  (Chinese punctuation is meant)

import re
from collections.abc import Collection
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from shotwright.prompts.director.choices import GENTLE
from shotwright.prompts.director.script import Covered, Direction, direct
from shotwright.prompts.language import Language, detect_language
from shotwright.prompts.shotplan import AspectRatio, ShotPlan, parse_plan

_Line = Annotated[str, Field(min_length=1, max_length=1000)]


class Brief(BaseModel):
    """What a film should sell, to whom, how long, and where it will be seen."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    product: Annotated[_Line, Field(description="What is shown, with its looks: a red kettle.")]
    selling_points: Annotated[list[_Line], Field(min_length=1, max_length=20)]
    audience: str | None = None
    length_s: Annotated[float | None, Field(gt=0, le=300, description="Of the whole film.")] = None
    platform: Annotated[
        str | None, Field(description="Such as tiktok, youtube, 抖音: picks the aspect ratio.")
    ] = None


_TALL = re.compile(r"tik ?tok|douyin|抖音|快手|kuaishou|reels|shorts|stories|小红书|视频号", re.I)
_SQUARE = re.compile(r"instagram|feed|朋友圈", re.I)


def platform_ratio(platform: str | None) -> AspectRatio:
    """The aspect ratio that a platform shows full screen."""
    if platform and _TALL.search(platform):
        return "9:16"
    return "1:1" if platform and _SQUARE.search(platform) else "16:9"


def direct_brief(
    brief: Brief,
    *,
    style: str | None = None,
    aspect_ratio: str | None = None,
    shot_s: float = 2.0,
    seed: int = 0,
    min_s: float = 1.0,
    max_s: float = 15.0,
    moves: Collection[str] = GENTLE,
) -> Direction:
    """Directs a brief; the film's length is shared evenly by its shots, within min_s and max_s.

    aspect_ratio: the caller's; None takes the platform's.  A length too short for every selling
    point drops the last ones with a warning, so that no shot is shorter than min_s.
    """
    language = detect_language(" ".join([brief.product, *brief.selling_points]))
    warnings: list[dict[str, str]] = []
    points = _points_that_fit(brief, min_s, warnings)
    opening, closing = _frame(brief.product, language)
    lines = [opening, *(_sentence(point, language) for point in points), closing]
    each = shot_s
    if brief.length_s is not None:
        each = min(max(brief.length_s / len(lines), min_s), max_s)
        _report_length(brief.length_s, each * len(lines), warnings)
    directed = direct(
        "\n\n".join(lines),
        style=style,
        aspect_ratio=aspect_ratio or platform_ratio(brief.platform),
        shot_s=each,
        seed=seed,
        min_s=min_s,
        max_s=max_s,
        moves=moves,
    )
    plan = _with_product(directed.plan, brief)
    known = dict(zip(lines[1:-1], points, strict=True))
    coverage = tuple(
        Covered(known.get(covered.sentence, covered.sentence), covered.shot)
        for covered in directed.coverage
    )
    return Direction(plan, coverage, (*warnings, *directed.warnings))


def _points_that_fit(brief: Brief, min_s: float, warnings: list[dict[str, str]]) -> list[str]:
    if brief.length_s is None:
        return list(brief.selling_points)
    room = max(1, int(brief.length_s / min_s) - 2)
    warnings += [
        {
            "code": "selling_point_dropped",
            "message": f"{brief.length_s:g} s leave no time for {point!r}; give a longer length_s.",
        }
        for point in brief.selling_points[room:]
    ]
    return list(brief.selling_points[:room])


def _report_length(asked: float, planned: float, warnings: list[dict[str, str]]) -> None:
    if abs(asked - planned) > 0.05:
        warnings.append(
            {
                "code": "length_changed",
                "message": f"The brief asks for {asked:g} s; its shots add up to {planned:g} s.",
            }
        )


def _frame(product: str, language: Language) -> tuple[str, str]:
    """The opening and closing lines."""
    bare = product.strip().rstrip(".。")
    if language == "zh":
        return f"{bare}静静地出现在画面中央。", f"{bare}的特写。"
    named = bare if re.match(r"(?:an?|the|our|two|three)\b", bare, re.I) else f"The {bare}"
    named = named[0].upper() + named[1:]
    return (
        f"{named} stands in the centre of the picture.",
        f"Close-up of {named[0].lower()}{named[1:]}.",
    )


def _sentence(point: str, language: Language) -> str:
    """A selling point as one sentence of its own."""
    line = re.sub(r"\s+", " ", point).strip()
    return line if line[-1] in ".!?。！？…" else line + ("。" if language == "zh" else ".")


def _with_product(plan: ShotPlan, brief: Brief) -> ShotPlan:
    """The product stays in every shot, whatever a selling point speaks of."""
    data = plan.model_dump()
    product = brief.product.strip().rstrip(".。")
    for shot in data["shots"]:
        seen = [*shot["props"], shot["action"]]
        if not any(product.lower() in text.lower() for text in seen):
            shot["props"] = [product, *shot["props"]]
    data["title"] = product[:500]
    data["logline"] = f"For {brief.audience}" if brief.audience else None
    return parse_plan(data)
