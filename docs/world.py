"""Draw `docs/world.jpg`: scenes of the world that `mini` learns, five frames each.

python docs/world.py
"""

from pathlib import Path

import numpy as np
from PIL import Image

from shotwright.generator.mini import words
from shotwright.generator.mini.world import render, sample_scene

HEIGHT, WIDTH, FRAMES, ROWS = 126, 220, 5, 8
MOVES = (
    "static",
    "pan_right",
    "dolly_in",
    "orbit_left",
    "tilt_up",
    "zoom_out",
    "roll_cw",
    "truck_left",
)


def main() -> None:
    """Write the sheet beside this file."""
    rng = np.random.default_rng(12)
    rows = []
    for i in range(ROWS):
        chosen = {
            factor: words.values(factor)[(i * step + shift) % len(words.values(factor))]
            for factor, step, shift in (
                ("colour", 3, 0),
                ("subject", 1, 2),
                ("action", 3, 1),
                ("place", 1, 0),
                ("time", 1, 0),
            )
        }
        weather = "snow" if i == 5 else "rain" if i == 2 else "clear"
        scene = sample_scene(rng, camera=MOVES[i], amount="", weather=weather, **chosen)
        clip = render(scene, frames=FRAMES, height=HEIGHT, width=WIDTH).frames
        rows.append(np.concatenate([np.pad(f, ((2, 2), (2, 2), (0, 0))) for f in clip], 1))
    sheet = Image.fromarray(np.concatenate(rows))
    sheet.save(Path(__file__).with_suffix(".jpg"), quality=85)


if __name__ == "__main__":
    main()
