"""A studio without a worker, its web pages, and takes in its store as a worker leaves them."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from starlette.testclient import TestClient

from shotwright.generator.encode import write_mp4
from shotwright.server.http import create_app
from shotwright.tools.settings import from_environment
from shotwright.tools.studio.assets import new_id
from shotwright.tools.studio.pictures import png
from shotwright.tools.studio.slates import Blobs, Slate
from shotwright.tools.studio.studio import Studio

HERE = "http://127.0.0.1:8188"
FRAMES = np.random.default_rng(0).integers(0, 255, (9, 64, 112, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    studio = Studio(from_environment({}, home=tmp_path_factory.mktemp("web")))
    yield studio
    studio.close()


@pytest.fixture(scope="module")
def client(studio: Studio) -> Iterator[TestClient]:
    """A browser that has opened a page: it has a cookie, and sends the CSRF token with each request."""
    app = create_app(studio)
    with TestClient(app, base_url=HERE, raise_server_exceptions=False) as client:
        page = client.get("/").text
        client.headers["x-csrf-token"] = page.partition('name="csrf-token" content="')[2][:64]
        yield client


@pytest.fixture(scope="module")
def make_take(studio: Studio, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., str]:
    """Puts a take into the store: its id."""
    path: Path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    write_mp4(path, FRAMES, fps=8, metadata={})

    def make(prompt: str = "a red ball", *, still: bool = False, **facts: Any) -> str:
        store = studio.store
        clip = store.put_bytes(png(FRAMES[0], {}), "png") if still else store.put(path, "mp4")
        poster = store.put_bytes(b"\xff\xd8poster", "jpg")
        given: dict[str, Any] = {
            "take_id": new_id("take"),
            "verb": "generate_video",
            "request": {"prompt": prompt, "camera": "pan left", "seed": 1, "wait_s": 0},
            "prompt": prompt,
            "model": "mini",
            "seed": 1,
            "width": 112,
            "height": 64,
            "frames": 1 if still else 9,
            "fps": 8,
            "duration_s": 9 / 8,
            "camera": {"asked": {"pan_deg": -20.0}, "verdict": {"pan_deg": "fail"},
                       "hfov_deg": 50.0, "mechanism": "words"},
            "endpoints": {},
            "blobs": Blobs(clip=clip.key, poster=poster.key, sheet=poster.key),
            "created_at": datetime.now(UTC),
        }  # fmt: skip
        slate = Slate(**{**given, **facts})
        slate.save(store)
        return slate.take_id

    return make


@pytest.fixture(scope="module")
def make_film(studio: Studio, make_take: Callable[..., str]) -> Callable[..., str]:
    """Puts a film of one shot with two takes into the store: its id."""

    def make(title: str = "A ball") -> str:
        film_id = new_id("film")
        takes = [make_take(film_id=film_id, seed=seed) for seed in (1, 2)]
        slate = studio.store.read_record("takes", takes[0])
        action = "a red ball rests in the hills"
        shot = {"id": "S1-010", "action": action, "duration_s": 1.125}
        cut = {"at_frame": 0, "frames": 9, "from_frame": 0, "transition": "cut"}
        record = {
            "film_id": film_id,
            "plan": {"title": title, "aspect_ratio": "16:9", "shots": [shot]},
            "look": {"quality": "draft", "takes": 2},
            "writer": "caller",
            "coverage": [],
            "warnings": [],
            "story": {"script": None, "brief": None},
            "fps": 8.0,
            "frames": 9,
            "duration_s": 1.125,
            "width": 112,
            "height": 64,
            "model": "mini",
            "shots": [{"shot": "S1-010", "digest": "0", "seed": 1, "frames": 9, "handle": 0, "trim": None,
                       "takes": takes, "chosen": takes[0], "duration_s": 1.125, "cut": cut}],
            "blobs": slate["blobs"],
        }  # fmt: skip
        studio.store.write_record("films", film_id, record)
        return film_id

    return make
