"""A queue of clips through a worker: how long each takes while all wait in line.

The model is a card of the user's own in a data directory of its own, for weights that `bench.random_weights` saved; the
tiny one cannot be asked for by a verb's words, and the embedded model stands in for it.
"""

import re
import tempfile
import time
from importlib.resources import files
from pathlib import Path
from typing import Any

import anyio
import psutil  # type: ignore[import-untyped]

from shotwright.generator.catalog import Card
from shotwright.tools import verbs
from shotwright.tools.settings import Settings, from_environment, make_home
from shotwright.tools.studio.hiring import launch
from shotwright.tools.studio.studio import Studio

JOBS = 10
STEPS = 10
NAME = "measured"


def write_card(card: Card, home: Path) -> None:
    """The bundled card under another name, with the saved weights, and drafts of `STEPS` whole steps."""
    origin = "mini" if card.name == "tiny" else card.name
    text = files("shotwright.generator").joinpath(f"cards/{origin}.toml").read_text("utf-8")
    text = re.sub(r"(?m)^name = .*$", f'name = "{NAME}"', text, count=1)
    if card.name != "tiny":
        text = re.sub(r"(?m)^source = .*$", f"source = {card.source!r}", text, count=1)
    draft = f"[quality.draft]\nsteps = {STEPS}\nguidance = 5.0\n"
    text = re.sub(r"\[quality\.draft\]\n(?:.+\n)+", draft, text, count=1)
    (home / "cards").mkdir(parents=True)
    (home / "cards" / f"{NAME}.toml").write_text(text, encoding="utf-8")


def served(card: Card) -> tuple[float, dict[str, Any]]:
    """Seconds a clip of a queue that never ran dry, and the spec of one; a first clip loads and warms the model."""
    with tempfile.TemporaryDirectory() as folder:
        settings = from_environment({}, home=Path(folder) / "home")
        make_home(settings)
        write_card(card, settings.home)
        return anyio.run(_served, settings)


async def _served(settings: Settings) -> tuple[float, dict[str, Any]]:
    studio = Studio(settings, launch=launch)
    asked = {"model": NAME, "quality": "draft", "prompt": "a red ball", "wait_s": 0}
    try:
        first = await verbs.call(studio, "generate_video", {**asked, "seed": 0})
        await _ended(studio, [first.data["job_id"]])
        began = time.perf_counter()
        jobs = [
            (await verbs.call(studio, "generate_video", {**asked, "seed": seed})).data["job_id"]
            for seed in range(1, JOBS + 1)
        ]
        await _ended(studio, jobs)
        seconds = (time.perf_counter() - began) / JOBS
        return seconds, studio.jobs.plan(jobs[0])["parts"][0]["segments"][0]["spec"]
    finally:
        workers = [psutil.Process(w["pid"]) for w in studio.jobs.workers() if w["state"] != "dead"]
        for worker in workers:
            worker.terminate()
        # the device is theirs until they are gone
        psutil.wait_procs(workers, timeout=60)
        studio.close()


async def _ended(studio: Studio, jobs: list[str]) -> None:
    for job in jobs:
        state: dict[str, Any] = {"state": "queued"}
        while state["state"] in ("queued", "running"):
            state = (await verbs.call(studio, "get_job", {"job_id": job, "wait_s": 50})).data
        if state["state"] != "succeeded":
            raise SystemExit(f"the job {job} ended otherwise: {state}")
