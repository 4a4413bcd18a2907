"""A shot as the words of its fields: what tables and notes share."""

import json
from typing import Any

from shotwright.prompts.readers.cells import encode
from shotwright.prompts.readers.tables import COLUMNS
from shotwright.prompts.shotplan import Shot, ShotPlan

_DEFAULTS = {name: field.get_default() for name, field in Shot.model_fields.items()}


def shot_cells(plan: ShotPlan, shot: Shot) -> dict[str, str]:
    """Column -> words, for every column of a shot list; "" where the plan says nothing."""
    data = shot.model_dump(mode="json")
    scene = plan.scene_of(shot)
    cells = {name: encode(name, data[name]) for name in COLUMNS if name in data}
    return {
        **cells,
        "shot": shot.id,
        "scene": shot.scene_id,
        "place": scene.slugline if scene else "",
    }


def is_default(shot: Shot, name: str) -> bool:
    """Whether a field holds what it holds when it is left out."""
    return bool(getattr(shot, name, None) == _DEFAULTS.get(name))


def kept_parts(plan: ShotPlan) -> str:
    """The plan beside its shots, as JSON in one line."""
    data: dict[str, Any] = plan.model_dump(mode="json", exclude={"shots"})
    return json.dumps(data, ensure_ascii=False)
