"""The main job, as a client does it: a script goes in over MCP, a film comes out.

Starts `shotwright stdio` as a subprocess, connects with the official MCP client, calls `make_film`, shows progress a
shot, and leaves everything in a folder.  Needs no network.  Run: shotwright demo
"""

import json
import os
import re
import shutil
import time
from pathlib import Path
from typing import Any

import anyio
from mcp import Client, StdioServerParameters
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from shotwright.generator.errors import BadRequest
from shotwright.server.hosts import this_command

SCRIPT = (
    "A red ball rolls right through the green hills by day. "
    "It bounces at sunset, the camera zooms in. "
    "At night a yellow balloon rises over the city."
)
PHASE = re.compile(r"shot (\d+) of (\d+): (.*)")


class Bars:
    """One progress bar a shot, from the job's phases."""

    def __init__(self, progress: Progress) -> None:
        self.progress = progress
        self.bars: dict[int, TaskID] = {}
        self.phases: list[tuple[float, str]] = []

    async def __call__(self, progress: float, total: float | None, message: str | None) -> None:
        self.phases.append((time.monotonic(), message or ""))
        found = PHASE.match(message or "")
        if found is None:
            return
        shot, shots, phase = int(found[1]), int(found[2]), found[3]
        for number in range(1, shots + 1):
            if number not in self.bars:
                self.bars[number] = self.progress.add_task(
                    f"shot {number}", total=1.0, phase="waits"
                )
        for number in range(1, shot):
            self.progress.update(self.bars[number], completed=1.0, phase="stored")
        share = 1.0 if phase == "stored" else min(1.0, max(0.0, progress * shots - (shot - 1)))
        self.progress.update(self.bars[shot], completed=share, phase=phase)


async def film(out: Path, console: Console) -> tuple[dict[str, Any], dict[str, float]]:
    """Call make_film and wait for its end; the job, and when each phase was reached."""
    home = out.resolve() / "home"
    command, *arguments = this_command()
    server = StdioServerParameters(
        command=command,
        args=[*arguments, "stdio"],
        env={**os.environ, "SHOTWRIGHT_HOME": str(home), "HF_HUB_OFFLINE": "1"},
    )
    marks = {"start": time.monotonic()}
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}% {task.fields[phase]}"),
        TimeElapsedColumn(),
    )
    async with Client(server) as client:
        marks["connected"] = time.monotonic()
        with Progress(*columns, console=console) as progress:
            bars = Bars(progress)
            asked: dict[str, Any] = {
                "script": SCRIPT,
                "seed": 7,
                "aspect_ratio": "16:9",
                "wait_s": 25,
            }
            answer = await client.call_tool("make_film", asked, progress_callback=bars)
            while True:
                if answer.is_error:
                    raise SystemExit(json.dumps(answer.structured_content, indent=2))
                job: dict[str, Any] = answer.structured_content or {}
                if job["state"] not in ("queued", "running"):
                    break
                follow = job["next"]
                answer = await client.call_tool(
                    follow["tool"], follow["arguments"], progress_callback=bars
                )
            for bar in bars.bars.values():
                progress.update(bar, completed=1.0, phase="in the film")
        marks["film"] = time.monotonic()
        marks["first step"] = next(
            (t for t, phase in bars.phases if "denoising" in phase), marks["film"]
        )
    return job, marks


def leave(job: dict[str, Any], out: Path) -> None:
    """Copy what was made out of the data directory, under readable names."""
    from shotwright.tools.settings import from_environment
    from shotwright.tools.studio.assets import Store
    from shotwright.tools.studio.slates import read_slate

    settings = from_environment(home=out.resolve() / "home")
    store = Store(settings.store, cache=settings.home / "cache")
    result = job["result"]
    for folder in ("takes", "sheets", "slates"):
        shutil.rmtree(out / folder, ignore_errors=True)
        (out / folder).mkdir(parents=True)
    record = store.read_record("films", result["film_id"])
    shutil.copyfile(store.fetch(record["blobs"]["clip"]), out / "film.mp4")
    shutil.copyfile(store.fetch(record["blobs"]["sheet"]), out / "sheets" / "film.jpg")
    (out / "film.json").write_text(json.dumps(job, indent=2, ensure_ascii=False), encoding="utf-8")
    for number, take in enumerate(result["takes"], 1):
        slate = read_slate(store, take["take_id"])
        name = f"shot-{number}"
        shutil.copyfile(store.fetch(slate.blobs.clip), out / "takes" / f"{name}.mp4")
        if slate.blobs.sheet is not None:
            shutil.copyfile(store.fetch(slate.blobs.sheet), out / "sheets" / f"{name}.jpg")
        (out / "slates" / f"{name}.json").write_text(
            slate.model_dump_json(indent=2), encoding="utf-8"
        )


def run(out: Path) -> int:
    """Make the film; the exit code.  Raises BadRequest for a folder that cannot be made."""
    console = Console()
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadRequest(
            f"{out} cannot be made: {error.strerror}.",
            field="out",
            value=str(out),
            fix="name a folder of yours with --out",
        ) from error
    console.print(f"[bold]Script[/bold] {SCRIPT}")
    job, marks = anyio.run(film, out, console)
    if job["state"] != "succeeded":
        console.print(job["error"])
        return 1
    leave(job, out)
    finished = time.monotonic()
    result = job["result"]
    console.print(
        f"\n[bold]Film[/bold] {result['duration_s']:.2f} s, {len(result['takes'])} shots, written by {result['writer']}"
    )
    for number, take in enumerate(result["takes"], 1):
        camera = take["camera"]
        words = camera["verdict"]
        if set(words.values()) == {"ambiguous"}:
            seen = "too unsteady to measure"
        else:
            seen = ", ".join(f"{axis} {v}" for axis, v in words.items() if v != "still") or "still"
        console.print(f"  shot {number}: {take['prompt']}  (camera: {seen})", markup=False)
    console.print("\n[bold]Phases[/bold]")
    for name, begin, end in (
        ("server start and connection", "start", "connected"),
        ("plan, worker start, model load", "connected", "first step"),
        ("render, inspect, join", "first step", "film"),
    ):
        console.print(f"  {name:32} {marks[end] - marks[begin]:6.1f} s")
    console.print(f"  {'copy of what was made':32} {finished - marks['film']:6.1f} s")
    console.print(f"  {'together':32} {finished - marks['start']:6.1f} s")
    for path in ("film.mp4", "takes", "sheets", "slates", "film.json"):
        console.print(f"  {out / path}")
    return 0
