"""A product brief -> a shot plan of the usual advertisement: hook, problem, product, proof (one shot
a selling point), call to action.

By rules: it invents no story, only the order and the frame around the brief's own words.
"""
# ruff: noqa: RUF001  (Chinese punctuation is meant)

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from shotwright.generator.errors import BadRequest
from shotwright.prompts.director.choices import GENTLE
from shotwright.prompts.director.script import Direction, direct_script
from shotwright.prompts.language import Language, detect_language
from shotwright.prompts.readers import Element, Script
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


@dataclass(frozen=True)
class _Part:
    """One shot of the advertisement: what it is for, and how it is framed."""

    role: str
    line: str
    size: str
    intent: str


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

    aspect_ratio: the caller's; None takes the platform's.  A length too short for every part drops
    the problem, the hook and then the last selling points, with a warning each, so that no shot is
    shorter than min_s.
    """
    _check_words(brief)
    language = detect_language(" ".join([brief.product, *brief.selling_points]))
    warnings: list[dict[str, str]] = []
    parts = _parts_that_fit(_parts(brief, language), brief.length_s, min_s, warnings)
    elements: list[Element] = []
    at = 0
    for part in parts:
        channel = {"action": part.line, "shot_size": part.size, "intent": part.intent}
        elements.append(Element("shot", "", at, at + len(part.line), channel))
        at += len(part.line) + 1
    source = "\n".join(part.line for part in parts)
    directed = direct_script(
        Script(source, source, tuple(elements), "brief", warnings=tuple(warnings)),
        style=style,
        aspect_ratio=aspect_ratio or platform_ratio(brief.platform),
        shot_s=shot_s,
        seed=seed,
        min_s=min_s,
        max_s=max_s,
        moves=moves,
        length_s=brief.length_s,
    )
    return Direction(_with_product(directed.plan, brief, parts), directed.warnings)


def _check_words(brief: Brief) -> None:
    """Raises: BadRequest(code="invalid_script") for a product or a selling point without a word."""
    lines = [("product", brief.product)]
    lines += [(f"selling_points[{n}]", point) for n, point in enumerate(brief.selling_points)]
    for name, words in lines:
        if not any(c.isalnum() for c in words):
            raise BadRequest(
                f"brief.{name} says nothing.",
                code="invalid_script",
                field=f"brief.{name}",
                value=words[:80],
                allowed="at least one word",
                fix="Say in a few words what it is.",
            )


def _parts(brief: Brief, language: Language) -> list[_Part]:
    bare = brief.product.strip().rstrip(".。")
    audience = (brief.audience or "").strip().rstrip(".。")
    points = [
        _Part("proof", _sentence(point, language), size, "coverage")
        for point, size in zip(
            brief.selling_points, ["medium_close_up", "close_up", "medium"] * 20, strict=False
        )
    ]
    if language == "zh":
        return [
            _Part("hook", f"{bare}的局部。", "extreme_close_up", "insert"),
            _Part("problem", f"{audience or '一天'}，还没有{bare}。", "medium_wide", "coverage"),
            _Part("product", f"{bare}静静地出现在画面中央。", "wide", "establishing"),
            *points,
            _Part(
                "call to action", f"{bare}的特写，旁边留出行动号召的位置。", "close_up", "coverage"
            ),
        ]
    named = bare if re.match(r"(?:an?|the|our|two|three)\b", bare, re.I) else f"the {bare}"
    capital, small = named[0].upper() + named[1:], named[0].lower() + named[1:]
    who = audience[0].upper() + audience[1:] if audience else "A moment"
    return [
        _Part("hook", f"A detail of {small}.", "extreme_close_up", "insert"),
        _Part("problem", f"{who}, still without {small}.", "medium_wide", "coverage"),
        _Part("product", f"{capital} stands in the centre of the picture.", "wide", "establishing"),
        *points,
        _Part(
            "call to action",
            f"Close-up of {small}, with room beside it for the call to action.",
            "close_up",
            "coverage",
        ),
    ]


def _parts_that_fit(
    parts: list[_Part], length_s: float | None, min_s: float, warnings: list[dict[str, str]]
) -> list[_Part]:
    """As many parts as the length has time for; product, one proof and the call to action stay."""
    room = max(3, int(length_s / min_s + 1e-6)) if length_s is not None else len(parts)
    proofs = [part for part in parts if part.role == "proof"]
    extra = [part for part in parts if part.role in ("problem", "hook")][::-1]
    for part in [*sorted(extra, key=lambda p: p.role != "problem"), *reversed(proofs[1:])]:
        if len(parts) <= room:
            break
        parts = [other for other in parts if other is not part]
        code = "selling_point_dropped" if part.role == "proof" else "part_dropped"
        warnings.append(
            {
                "code": code,
                "message": f"{length_s:g} s leave no time for the {part.role} {part.line!r}; "
                "give a longer length_s.",
            }
        )
    return parts


def _sentence(point: str, language: Language) -> str:
    """A selling point as one sentence of its own."""
    line = re.sub(r"\s+", " ", point).strip()
    return line if line[-1:] in ".!?。！？…" else line + ("。" if language == "zh" else ".")


def _with_product(plan: ShotPlan, brief: Brief, parts: list[_Part]) -> ShotPlan:
    """The product stays in every shot but the problem's, whatever a selling point speaks of."""
    data = plan.model_dump()
    product = brief.product.strip().rstrip(".。")
    for shot, part in zip(data["shots"], parts, strict=True):
        seen = [*shot["props"], shot["action"]]
        if part.role != "problem" and not any(product.lower() in text.lower() for text in seen):
            shot["props"] = [product, *shot["props"]]
    data["title"] = product[:500]
    to = "面向" if plan.language == "zh" else "For "
    data["logline"] = f"{to}{brief.audience}" if brief.audience else None
    return parse_plan(data)
