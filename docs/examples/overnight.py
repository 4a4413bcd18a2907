"""Many shots from a list, a few at a time; run it again after a crash and nothing is made twice.

    python docs/examples/overnight.py shots.csv out/

The CSV has a column `name` and one for each argument of generate_video that you use (prompt, camera, seed, duration_s).
Each shot's name is its request_key: the same name with the same arguments is the same job.
"""

import csv
import sys
from pathlib import Path
from typing import Any

import anyio

from shotwright.generator.errors import Busy, ShotwrightError
from shotwright.tools import AsyncStudio

AT_ONCE = 4
NUMBERS = {"seed": int, "frames": int, "takes": int, "duration_s": float}


async def make(studio: AsyncStudio, row: dict[str, str], out: Path) -> None:
    """One shot; what goes wrong with it is told, and the others go on."""
    target = out / f"{row['name']}.mp4"
    if target.exists():
        return
    asked: dict[str, Any] = {
        key: NUMBERS.get(key, str)(value) for key, value in row.items() if value and key != "name"
    }
    try:
        while True:
            try:
                job = await studio.generate_video(**asked, request_key=row["name"], wait_s=0)
                break
            except Busy:  # too many jobs wait already
                await anyio.sleep(30)
        result = await studio.result(job)
        await studio.save(result["best"], target)
        print(f"{row['name']}: {target}")
    except ShotwrightError as error:
        print(f"{row['name']}: {error.code}: {error.message} {error.fix}", file=sys.stderr)


async def main(shots: Path, out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    limit = anyio.CapacityLimiter(AT_ONCE)
    with shots.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    async with AsyncStudio() as studio, anyio.create_task_group() as group:

        async def limited(row: dict[str, str]) -> None:
            async with limit:
                await make(studio, row, out)

        for row in rows:
            group.start_soon(limited, row)


if __name__ == "__main__":
    anyio.run(main, Path(sys.argv[1]), Path(sys.argv[2]))
