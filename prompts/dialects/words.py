"""A plan's shot as words: the step between plan and dialect, where looks are pasted in the same
way each time.
"""

from collections.abc import Iterator

from shotwright.prompts.dialects.base import ShotText
from shotwright.prompts.dialects.prose import SUBJECTS
from shotwright.prompts.director import lexicon
from shotwright.prompts.language import Language, detect_language
from shotwright.prompts.shotplan import CastInShot, Character, Shot, ShotPlan

_FRAMED = {
    "two_shot": ("two-shot", "双人镜头"),
    "group": ("group shot", "群像镜头"),
    "over_the_shoulder": ("over-the-shoulder shot", "过肩镜头"),
    "pov": ("point-of-view shot", "主观镜头"),
}
_FOCUSED = {"shallow": ("shallow focus", "浅景深"), "rack": ("rack focus", "移焦")}
"""What a prompt calls them: English, Chinese.

A single and a clean shot, and deep focus, are what models make unasked.
"""


def shot_text(plan: ShotPlan, shot: Shot) -> ShotText:
    """What one shot shows; a character's features and wardrobe stand word for word in each of
    its shots.
    """
    scene, location = plan.scene_of(shot), plan.location_of(shot)
    people = {character.id: character for character in plan.characters}
    looks = [_looks(people[part.character_id], part, shot.action) for part in shot.cast]
    language = detect_language(shot.action)
    details = (*_filmed(shot, language), shot.lighting, shot.weather, shot.color)
    return ShotText(
        action=shot.action,
        subject=SUBJECTS.join([look for look in (*looks, *shot.props) if look]),
        place=(location.description or location.name) if location else "",
        time=shot.time_of_day or (scene.time_of_day if scene else None) or "",
        size=shot.shot_size or "",
        angle=shot.angle,
        light=("，" if language == "zh" else ", ").join(part for part in details if part),  # noqa: RUF001
        camera=tuple(move.to_move() for move in shot.camera),
        style=plan.style,
        language=language,
        negative=shot.negative or "",
    )


def _looks(character: Character, part: CastInShot, action: str) -> str:
    """ "Mary, a tall woman, a yellow raincoat": the name where the action speaks of her by it."""
    worn = character.wardrobe.get(part.wardrobe_key) if part.wardrobe_key else None
    looks = character.static_features or character.name
    comma = "，" if detect_language(looks) == "zh" else ", "  # noqa: RUF001
    if character.name in action and character.name not in looks:
        looks = f"{character.name}{comma}{looks}"
    return comma.join(text for text in (looks, worn, part.expression, part.position) if text)


def _filmed(shot: Shot, language: Language) -> Iterator[str]:
    """Framing, lens and focus, where the action does not say them."""
    place = 0 if language == "en" else 1
    if shot.framing in _FRAMED and not lexicon.find_framing(shot.action):
        yield _FRAMED[shot.framing][place]
    if shot.lens_mm:
        yield f"{shot.lens_mm:g} mm lens" if language == "en" else f"{shot.lens_mm:g}毫米镜头"
    if shot.focus in _FOCUSED:
        yield _FOCUSED[shot.focus][place]
