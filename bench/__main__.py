"""Measure what this project promises about its own overhead and write `bench/results.json`.

Every figure is a ratio or a wait within one run on one machine, so it can be compared between machines.  A worker is
started
in a data directory of its own; nothing outside it is touched.
Run: python -m bench
"""

import json
import re
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

import anyio
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client

from shotwright.tools.settings import Settings, from_environment
from shotwright.tools.studio.hiring import launch
from shotwright.tools.studio.queue import JobQueue

RESULTS = Path(__file__).parent / "results.json"
BARE = """
from mcp.server import MCPServer
mcp = MCPServer("bare")
@mcp.tool()
async def add(a: int, b: int) -> int:
    return a + b
@mcp.tool()
async def greet(name: str) -> str:
    return "hello " + name
mcp.run()
"""
HEAVY = ("torch", "diffusers", "langchain", "langchain_core", "transformers")
SPEC = {"prompt": "a red ball bounces in the hills by day", "aspect_ratio": "16:9", "frames": 33}
ROUNDS = 5


def main() -> int:
    results: dict[str, dict[str, Any]] = {}

    def keep(name: str, value: float, limit: float, unit: str) -> None:
        results[name] = {
            "value": round(value, 3),
            "limit": limit,
            "pass": value <= limit,
            "command": f"python -m bench  # {unit}",
        }
        print(f"{name:44} {value:8.3f}  limit {limit}  {'pass' if value <= limit else 'FAIL'}")

    with tempfile.TemporaryDirectory() as folder:
        settings = from_environment({}, home=Path(folder) / "home")
        bare, ours = first_lists(settings)
        keep("stdio_first_tools_list_ratio", ours / bare, 1.5, "shotwright stdio / ten-line server")
        keep(
            "stdio_heavy_modules", heavy_modules(settings), 0, "heavy modules in a front's process"
        )
        with working(settings) as jobs:
            served, direct, waits = warm_jobs(settings, jobs)
        excess = statistics.median(
            (job - 0.3) / bare_call for job, bare_call in zip(served, direct, strict=True)
        )
        keep(
            "warm_job_ratio", excess, 1.10, "(job over MCP - 0.3 s) / same pipeline called directly"
        )
        keep("enqueue_to_first_step_s", statistics.median(waits), 0.3, "seconds on a warm worker")
    RESULTS.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    return 0 if all(result["pass"] for result in results.values()) else 1


def first_lists(settings: Settings) -> tuple[float, float]:
    """Median seconds from process start to the first answer of tools/list: ten-line server, ours; in turns."""
    with tempfile.NamedTemporaryFile("w", suffix=".py") as script:
        script.write(BARE)
        script.flush()
        bare = StdioServerParameters(command=sys.executable, args=[script.name])
        ours = StdioServerParameters(
            command=str(Path(sys.executable).parent / "shotwright"),
            args=["stdio"],
            env=settings.environment(),
        )
        times: dict[str, list[float]] = {"bare": [], "ours": []}
        for _ in range(ROUNDS + 2):
            for name, server in (("bare", bare), ("ours", ours)):
                times[name].append(anyio.run(first_list, server))
    # the first round warms the file cache
    return statistics.median(times["bare"][1:]), statistics.median(times["ours"][1:])


async def first_list(server: StdioServerParameters) -> float:
    began = time.perf_counter()
    async with Client(server) as client:
        await client.list_tools()
        return time.perf_counter() - began


def heavy_modules(settings: Settings) -> int:
    """How many heavy packages `shotwright stdio` has imported after listing, planning and asking for jobs."""
    server = StdioServerParameters(
        command=sys.executable,
        args=["-X", "importtime", "-m", "shotwright.server.main", "stdio"],
        env=settings.environment(),
    )

    async def ask(log: TextIO) -> None:
        async with Client(stdio_client(server, errlog=log)) as client:
            await client.list_tools()
            await client.call_tool("list_models", {})
            await client.call_tool("plan_shots", {"script": "A red ball rolls."})
            await client.call_tool("list_jobs", {})

    with tempfile.TemporaryFile("w+") as log:
        anyio.run(ask, log)
        log.seek(0)
        # "import time:  self | cumulative |   package.module"
        imported = {line.rsplit("|", 1)[-1].strip().partition(".")[0] for line in log}
    if "shotwright" not in imported:
        raise SystemExit("the server told nothing of its imports")
    return len(imported & set(HEAVY))


@contextmanager
def working(settings: Settings) -> Any:
    """A worker with the model loaded; ended afterwards."""
    import os
    import signal

    jobs = JobQueue(settings)
    launch(settings, jobs)
    try:
        yield jobs
    finally:
        for worker in jobs.workers():
            os.kill(worker["pid"], signal.SIGTERM)
        jobs.close()


def warm_jobs(settings: Settings, jobs: JobQueue) -> tuple[list[float], list[float], list[float]]:
    """Seconds of jobs over MCP, of the same pipeline called directly, and from enqueue to first step; in turns."""
    direct = direct_call()
    served: list[float] = []
    plain: list[float] = []
    waits: list[float] = []

    async def run() -> None:
        server = StdioServerParameters(
            command=str(Path(sys.executable).parent / "shotwright"),
            args=["stdio"],
            env=settings.environment(),
        )
        async with Client(server) as client:
            await render(client, {**SPEC, "quality": "draft"})
            for seed in range(ROUNDS):
                began = time.perf_counter()
                job = await render(client, {**SPEC, "seed": seed})
                served.append(time.perf_counter() - began)
                prompt = job["result"]["takes"][0]["prompt"]
                plain.append(await anyio.to_thread.run_sync(direct, prompt, seed))
            # apart from the timed jobs: the watching itself takes processor time
            for seed in range(ROUNDS):
                watch = FirstStep(jobs)
                await render(client, {**SPEC, "seed": 100 + seed})
                waits.append(await anyio.to_thread.run_sync(watch.waited))

    anyio.run(run)
    return served, plain, waits


async def render(client: Client, arguments: dict[str, Any]) -> dict[str, Any]:
    """One clip over MCP, waited for in one call."""
    answer = await client.call_tool("generate_video", {**arguments, "wait_s": 50})
    job = answer.structured_content or {}
    if job.get("state") != "succeeded":
        raise SystemExit(f"the job did not end in time: {job}")
    return job


class FirstStep:
    """Looks at the newest job every two milliseconds and notes when each denoising step was reported as done."""

    def __init__(self, jobs: JobQueue) -> None:
        self.jobs = jobs
        self.done_at: dict[int, float] = {}
        self.created_at = 0.0
        self.began = time.time()
        self.thread = threading.Thread(target=self._watch, daemon=True)
        self.thread.start()

    def _watch(self) -> None:
        until = time.monotonic() + 60
        while time.monotonic() < until and len(self.done_at) < 4:
            rows, _ = self.jobs.page(state=None, limit=1, cursor=None)
            found = rows and re.search(r"denoising (\d+)/", rows[0]["phase"])
            if found and rows[0]["created_at"] >= self.began and int(found[1]) > 0:
                self.created_at = rows[0]["created_at"]
                self.done_at.setdefault(int(found[1]), time.time())
            time.sleep(0.002)

    def waited(self) -> float:
        """Seconds from the enqueueing to the beginning of the first step: its end less the time of a step."""
        self.thread.join()
        first, last = min(self.done_at), max(self.done_at)
        step = (self.done_at[last] - self.done_at[first]) / (last - first)
        return self.done_at[first] - first * step - self.created_at


def direct_call() -> Callable[[str, int], float]:
    """The same model and spec through diffusers alone, with the threads that a worker takes; warmed up."""
    import os

    import torch
    from diffusers import WanPipeline
    from diffusers.utils import logging as diffusers_logging

    from shotwright.generator.catalog import load_catalog
    from shotwright.generator.pipelines.loading import locate

    torch.set_num_threads(max(1, (os.cpu_count() or 1) - 1))
    card = load_catalog().default
    folder = locate(card, Path())
    diffusers_logging.set_verbosity_error()
    pipeline = WanPipeline.from_pretrained(folder, dtype=torch.float32)
    pipeline.set_progress_bar_config(disable=True)
    preset = card.quality["standard"]
    width, height = card.sizes["16:9"]

    def call(prompt: str, seed: int) -> float:
        began = time.perf_counter()
        pipeline(
            prompt=prompt,
            width=width,
            height=height,
            num_frames=int(SPEC["frames"])
            - 1,  # the pipeline adds one: this codec keeps every frame
            num_inference_steps=preset.steps,
            guidance_scale=preset.guidance,
            max_sequence_length=card.max_tokens,
            generator=torch.Generator().manual_seed(seed),
            output_type="np",
        )
        return time.perf_counter() - began

    call("a red ball", 0)
    return call


if __name__ == "__main__":
    sys.exit(main())
