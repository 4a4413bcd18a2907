"""A product brief -> a shot plan of the usual advertisement: hook, problem, product, proof (one shot
a selling point), call to action.

By rules: it invents no story, only the order and the frame around the brief's own words.
"""
# ruff: noqa: RUF001  (Chinese punctuation is meant)

import re
from dataclasses import dataclass, replace

from shotwright.prompts.director import lexicon
from shotwright.prompts.director.script import TERMS, Direction, direct_script
from shotwright.prompts.director.terms import Terms
from shotwright.prompts.language import Language, detect_language
from shotwright.prompts.readers import Brief, Element, Script
from shotwright.prompts.readers.script import bad_script
from shotwright.prompts.shotplan import AspectRatio, ShotPlan, parse_plan

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


def direct_brief(brief: Brief, terms: Terms = TERMS) -> Direction:
    """Directs a brief; the film's length is shared evenly by its shots, within the terms' bounds.

    The brief's own length, style and platform hold where the terms name none.  A length too short
    for every part drops the problem, the hook and then the last selling points, with a warning each,
    so that no shot is shorter than min_s.
    Raises: BadRequest(code="invalid_script") for a product or a selling point without a word, or a
    length that no film has.
    """
    _check(brief)
    language = detect_language(" ".join([brief.product, *brief.selling_points]))
    terms = replace(
        terms,
        style=terms.style or brief.style,
        aspect_ratio=terms.aspect_ratio or brief.aspect_ratio or platform_ratio(brief.platform),
        length_s=terms.length_s or brief.length_s,
    )
    warnings: list[dict[str, str]] = []
    if not brief.selling_points:
        told = (
            "The brief names no selling point; say what the product does, and each becomes a shot."
        )
        warnings.append({"code": "no_selling_points", "message": told})
    every = _parts(brief, language)
    parts = _parts_that_fit(every, terms.length_s, terms.min_s, warnings)
    elements: list[Element] = []
    at = 0
    for part in parts:
        channel = {"action": part.line, "shot_size": part.size, "intent": part.intent}
        if part.role != "proof":
            # words of the product's name are no moves, and no reason for an angle
            moves = [
                m for m in ("dolly_in", "zoom_in") if m in terms.moves and part.role == "product"
            ]
            channel |= {"camera": f"{moves[0]} slow" if moves else "static", "angle": "eye_level"}
        elements.append(Element("shot", "", at, at + len(part.line), channel))
        at += len(part.line) + 1
    source = "\n".join(part.line for part in parts)
    script = Script(source, source, tuple(elements), "brief", warnings=tuple(warnings))
    directed = direct_script(script, terms)
    return Direction(_with_product(directed.plan, brief, every, parts), directed.warnings)


MAX_LENGTH_S = 300.0


def _check(brief: Brief) -> None:
    lines = [("product", brief.product)]
    lines += [(f"selling_points[{n}]", point) for n, point in enumerate(brief.selling_points)]
    for name, words in lines:
        if not any(c.isalnum() for c in words):
            raise bad_script(
                f"brief.{name} says nothing.",
                words[:80],
                field=f"brief.{name}",
                allowed="at least one word",
                fix="Say in a few words what it is.",
            )
    if brief.length_s is not None and not 0 < brief.length_s <= MAX_LENGTH_S:
        raise bad_script(
            f"An advertisement of {brief.length_s:g} s is none.",
            brief.length_s,
            field="brief.length_s",
            allowed=f"above 0, at most {MAX_LENGTH_S:g} s",
            fix="Give the length of the whole film in seconds.",
        )


_SIZES = ("medium_close_up", "close_up", "medium")


def _parts(brief: Brief, language: Language) -> list[_Part]:
    proofs = [
        _Part("proof", _sentence(point, language), _SIZES[n % len(_SIZES)], "coverage")
        for n, point in enumerate(brief.selling_points)
    ]
    hook, problem, product, call = _frame(brief, language)
    return [
        _Part("hook", hook, "extreme_close_up", "insert"),
        _Part("problem", problem, "medium_wide", "coverage"),
        _Part("product", product, "wide", "establishing"),
        *proofs,
        _Part("call to action", call, "close_up", "coverage"),
    ]


def _frame(brief: Brief, language: Language) -> tuple[str, str, str, str]:
    """What is seen around the proofs: hook, problem, product, call to action."""
    bare = brief.product.strip().rstrip(".。")
    audience = (brief.audience or "").strip().rstrip(".。")
    called = (brief.call or "").strip()
    if language == "zh":
        place = f"旁边写着“{called}”" if called else "旁边留出行动号召的位置"
        return (
            f"{bare}的局部。",
            f"{audience or '有人'}在等，还没有{bare}。",
            f"{bare}静静地出现在画面中央。",
            f"{bare}的特写，{place}。",
        )
    named = _named(bare)
    capital, small = named[0].upper() + named[1:], named[0].lower() + named[1:]
    small = small if named != bare or not bare[0].isupper() else bare
    who = audience[0].upper() + audience[1:] if audience else "Somebody"
    wait = "wait" if audience else "waits"
    stand = "stand" if re.search(r"[^s]s$", bare) else "stands"
    room = f"“{called}” written beside it" if called else "room beside it for the call to action"
    return (
        f"A detail of {small}.",
        f"{who} {wait}, still without {small}.",
        f"{capital} {stand} in the centre of the picture.",
        f"Close-up of {small}, with {room}.",
    )


_OWN = re.compile(r"(?:an?|the|our|my|your|this|that|these|those|two|three)\b", re.I)


def _named(product: str) -> str:
    """The product with an article, where it has none and is no name: "the SteamPot kettle", "AirFly"."""
    name = all(word[:1].isupper() or word[:1].isdigit() for word in product.split())
    return product if name or _OWN.match(product) else f"the {product}"


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


def _with_product(plan: ShotPlan, brief: Brief, every: list[_Part], parts: list[_Part]) -> ShotPlan:
    """The plan with the brief's own words in `source`, and the product in every shot but the problem's."""
    data = plan.model_dump()
    product = brief.product.strip().rstrip(".。")
    sources = _sources(brief, every, parts)
    for shot, part, source in zip(data["shots"], parts, sources, strict=True):
        # a selling point names no things, and what is missing must not be drawn because it is named
        missing = part.role == "problem" or lexicon.is_without(part.line, product)
        shot["props"] = [] if missing else [product]
        shot["first_frame"] = brief.audience if missing else product
        shot["negative"] = product if missing else None
        if brief.parts:
            shot["source"] = source
    data["title"] = product[:500]
    to = "面向" if plan.language == "zh" else "For "
    told = re.sub(r"\s+", " ", "".join(words for _, words in brief.parts)).strip()
    data["logline"] = told[:500] or (f"{to}{brief.audience}" if brief.audience else None)
    return parse_plan(data)


def _sources(brief: Brief, every: list[_Part], parts: list[_Part]) -> list[str]:
    """The pieces of a written brief, each at the shot that it speaks of; what has none stays with the
    piece before it.
    """
    proofs = [part for part in every if part.role == "proof"]
    homes = {part.role: part for part in every}
    kept = {"audience": homes["problem"], "call": homes["call to action"]}
    sources = {id(part): "" for part in parts}
    home = homes["product"]
    for role, words in brief.parts:
        wanted = proofs.pop(0) if role == "point" and proofs else kept.get(role, home)
        wanted = homes["product"] if role == "product" else wanted
        home = wanted if id(wanted) in sources else home
        sources[id(home)] += words
    return [sources[id(part)].strip() for part in parts]
