"""What a camera argument may be on the wire: words, another product's names and numbers, or moves, also those of a
keyframed path.
"""

import math
from dataclasses import asdict
from typing import Any

import pytest
from pydantic import TypeAdapter

from shotwright.generator.camera import AXES, Key, Move, Pose, keyframed, path
from shotwright.generator.errors import BadRequest
from shotwright.prompts.camera_commands import from_luma
from shotwright.prompts.camera_reading.lexicon import words
from shotwright.tools.studio import wire
from shotwright.tools.studio.resolve import moves_of

CAMERA: TypeAdapter[Any] = TypeAdapter(wire.Camera)


def read(camera: Any) -> tuple[Move, ...]:
    return moves_of(CAMERA.validate_python(camera))


@pytest.mark.parametrize("concept", words()["luma"].values())
def test_a_camera_concept_of_luma_is_read_by_its_name(concept: str) -> None:
    assert list(read(concept)) == from_luma([concept])[0]


def test_several_concepts_of_luma_run_together() -> None:
    found = read("push_in, orbit_left")
    assert [(m.move, m.start, m.end) for m in found] == [
        ("dolly_in", 0, 1),
        ("orbit_left", 0, 1),
    ]


@pytest.mark.parametrize("view", words()["luma_views"]["names"])
def test_a_concept_that_is_a_view_is_no_move_and_refused(view: str) -> None:
    with pytest.raises(BadRequest) as caught:
        read(view)
    assert caught.value.field == "camera"


def test_a_keyframed_path_goes_over_the_wire_as_its_moves() -> None:
    keys = [
        Key(0.0, Pose()),
        Key(0.25, Pose(pan_deg=-20.0, dolly=0.2)),
        Key(1.0, Pose(pan_deg=10.0, dolly=0.2, zoom_ratio=1.5), "ease_in_out"),
    ]
    names = ("move", "amount", "speed", "start", "end", "easing")
    sent = [{name: asdict(move)[name] for name in names} for move in keyframed(keys)]
    poses = path(read(sent), 9)
    for key in keys:
        pose = poses[round(8 * key.at)]
        assert all(math.isclose(getattr(pose, a), getattr(key.pose, a), abs_tol=1e-9) for a in AXES)
