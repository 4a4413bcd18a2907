"""What the tests of several dialects share."""

import pytest

from shotwright.generator.camera import Move
from shotwright.prompts.dialects import ShotText


@pytest.fixture
def bouncing() -> ShotText:
    """A shot of which everything is told."""
    return ShotText(
        action="It bounces.",
        subject="a red ball",
        place="the hills",
        time="sunset",
        size="wide",
        angle="low",
        light="warm low sunlight",
        camera=(Move("pan_left", speed="slow"),),
        style="35 mm film",
    )
