"""Which shot of a film begins with which picture of the caller's.

A film of a brief is given pictures of its product: they belong to the shots that show it.  Any other
film takes its pictures in the order of its shots.  A shot that goes on in the picture of another has its first frame
from there, and takes none.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from shotwright.prompts.director import lexicon
from shotwright.prompts.shotplan import Shot, ShotPlan
from shotwright.tools.studio.cutting import goes_on


@dataclass(frozen=True)
class Bound:
    """shots: shot id -> picture; warnings: what became of the pictures, where it is not plain."""

    shots: dict[str, str] = field(default_factory=dict)
    warnings: tuple[dict[str, str], ...] = ()


def bind(plan: ShotPlan, images: Sequence[str], product: str | None) -> Bound:
    """Bind each picture to one shot, in order.  product: what a brief's pictures show, None without a brief."""
    shots = list(plan.shots) if product is None else showing(plan, product)
    shots = [shot for shot in shots if not goes_on(shot) or shot is plan.shots[0]]
    pairs = list(zip(shots, images, strict=False))
    warnings = []
    if product is not None:
        warnings = [
            _warn("image_bound", f"{image} begins shot {shot.id}, which shows {product}.")
            for shot, image in pairs
        ]
    left = f"found no {'other ' if pairs else ''}shot"
    left += " to begin" if product is None else f" to begin that shows {product}"
    warnings += [_warn("unused_image", f"{image} {left}.") for image in images[len(pairs) :]]
    return Bound({shot.id: image for shot, image in pairs}, tuple(warnings))


def showing(plan: ShotPlan, product: str) -> list[Shot]:
    """The shots whose props or action name the product, else those that name a word of it; details come last.

    A shot that is still without the product names it, and does not show it.
    """
    whole = _ARTICLE.sub("", product.strip().rstrip(".。").casefold(), count=1)
    found = [shot for shot in plan.shots if _shows(shot, whole)]
    words = re.findall(r"[^\W\d_]{4,}", whole)
    found = found or [shot for shot in plan.shots if any(_shows(shot, word) for word in words)]
    return sorted(found, key=lambda shot: shot.intent == "insert")


_ARTICLE = re.compile(r"^(?:an?|the|our)\s+")


def _shows(shot: Shot, words: str) -> bool:
    action = shot.action.casefold()
    named = any(words in text for text in (action, *(prop.casefold() for prop in shot.props)))
    return named and not lexicon.is_without(action, words)


def _warn(code: str, message: str) -> dict[str, str]:
    return {"code": code, "message": message}
