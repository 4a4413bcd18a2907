"""A clip, its continuation and both files, from a script.

    python docs/examples/clip.py "a red ball rolls through green hills at sunset" ball.mp4
    python docs/examples/clip.py "a red ball …" ball.mp4 http://gpu:8188     # a server; its token in SHOTWRIGHT_TOKEN

The clip is made on this machine, or on the server whose address is given.
"""

import os
import sys

from shotwright.generator.errors import ShotwrightError
from shotwright.tools import Studio


def main(prompt: str, path: str, url: str | None = None) -> int:
    token = os.environ.get("SHOTWRIGHT_TOKEN") if url else None
    with Studio(url, token=token) as studio:
        try:
            job = studio.generate_video(
                prompt=prompt, camera="slow pan left", frames=9, quality="draft"
            )
            take = studio.result(job)["takes"][0]
            print(f"{take['take_id']}: asked {take['camera']['asked']}")
            print(f"measured {take['camera']['measured']}")
            more = studio.extend_video(video=take["take_id"], duration_s=1, quality="draft")
            longer = studio.result(more)
            print(f"saved {studio.save(longer['best'], path)}")
        except ShotwrightError as error:
            print(f"{error.code}: {error.message} {error.fix}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
