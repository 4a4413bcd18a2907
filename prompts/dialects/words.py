"""A plan's shot as words: the step between plan and dialect, where looks are pasted in the same
way each time.
"""

from shotwright.prompts.dialects.base import ShotText
from shotwright.prompts.dialects.prose import SUBJECTS
from shotwright.prompts.language import detect_language
from shotwright.prompts.shotplan import CastInShot, Character, Shot, ShotPlan


def shot_text(plan: ShotPlan, shot: Shot) -> ShotText:
    """What one shot shows; a character's features and wardrobe stand word for word in each of
    its shots.
    """
    scene, location = plan.scene_of(shot), plan.location_of(shot)
    people = {character.id: character for character in plan.characters}
    looks = [_looks(people[part.character_id], part) for part in shot.cast]
    details = (shot.weather, shot.color)
    return ShotText(
        action=shot.action,
        subject=SUBJECTS.join([look for look in (*looks, *shot.props) if look]),
        place=(location.description or location.name) if location else "",
        time=shot.time_of_day or (scene.time_of_day if scene else None) or "",
        size=shot.shot_size or "",
        angle=shot.angle,
        light=", ".join(part for part in (shot.lighting, *details) if part),
        camera=tuple(move.to_move() for move in shot.camera),
        style=plan.style,
        language=detect_language(shot.action),
        negative=shot.negative or "",
    )


def _looks(character: Character, part: CastInShot) -> str:
    worn = character.wardrobe.get(part.wardrobe_key) if part.wardrobe_key else None
    looks = character.static_features or character.name
    return ", ".join(text for text in (looks, worn, part.expression, part.position) if text)
