"""What a person at a terminal sees: a bar while a job runs, and its answer in a few lines.

Bars and remarks go to stderr, the answer to stdout.  Knows no verbs' options.
"""

import io
import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskID,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.table import Table

from shotwright.generator.weights import size_of
from shotwright.server.hosts import HOSTS
from shotwright.tools import verbs
from shotwright.tools.studio.shown import Shown
from shotwright.tools.studio.studio import Studio

if TYPE_CHECKING:
    from shotwright.generator.fit import Fit
    from shotwright.server.setup import Change

LOOK_S = 1.0
"""How often a followed job is read whole; its progress comes more often."""


def speak_utf8() -> None:
    """Let stdout carry every prompt, on consoles with another code page too."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")


def say(text: str) -> None:
    """A line of the answer, on stdout."""
    sys.stdout.write(f"{text}\n")


def say_json(data: Any) -> None:
    """The whole answer of --json."""
    say(json.dumps(data, ensure_ascii=False))


def remark(text: str) -> None:
    """A line for the person, on stderr."""
    sys.stderr.write(f"{text}\n")


class Watch:
    """A bar on stderr, where that is no terminal a line that names the job; and the last that was heard of it."""

    def __init__(self, bar: Progress, task: TaskID) -> None:
        self.job: dict[str, Any] | None = None
        self._bar, self._task = bar, task

    async def report(self, progress: float, phase: str) -> None:
        self._bar.update(self._task, completed=progress, description=phase, visible=True)

    async def hear(self, job: dict[str, Any]) -> None:
        if self.job is None and self._bar.disable:
            remark(f"{job['job_id']}: {job['state']}")
        self.job = job
        eta = "" if job["eta_s"] is None else f"about {job['eta_s']:.0f} s left"
        self._bar.update(self._task, eta=eta)
        await self.report(job["progress"], job["phase"])


@contextmanager
def watching() -> Iterator[Watch]:
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[eta]}", markup=False),
    )
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        yield Watch(bar, bar.add_task("", total=1.0, visible=False, eta=""))


class Transfer:
    """Bytes that come: a bar on stderr, where that is no terminal a line every tenth."""

    def __init__(self, bar: Progress) -> None:
        self._bar, self._task, self._told = bar, bar.add_task("", visible=False), 0

    def begin(self, what: str, total: int) -> None:
        self._bar.reset(self._task, total=total, description=what, visible=total > 0)
        self._told = 0
        if self._bar.disable and total:
            remark(f"{what}: {size_of(total)} to come")

    def advance(self, count: int) -> None:
        self._bar.advance(self._task, count)
        task = self._bar.tasks[0]
        tenth = int(task.percentage // 10)
        if self._bar.disable and tenth > self._told:
            self._told = tenth
            remark(f"{task.description}: {tenth}0 %")

    def say(self, text: str) -> None:
        if self._bar.disable:
            remark(text)
        else:
            self._bar.console.print(text, markup=False, highlight=False)


@contextmanager
def transferring() -> Iterator[Transfer]:
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        yield Transfer(bar)


async def follow(studio: Studio, name: str, asked: dict[str, Any], watch: Watch) -> Shown:
    """Call a rendering verb and read its job until it has ended."""
    shown = await verbs.call(studio, name, {**asked, "wait_s": 0})
    while shown.data.get("state") in ("queued", "running"):
        await watch.hear(shown.data)
        look = {"job_id": shown.data["job_id"], "wait_s": LOOK_S}
        shown = await verbs.call(studio, "get_job", look, watch.report)
    return shown


def save_pictures(shown: Shown, video: str, asked_out: str | None) -> list[str]:
    """Write the contact sheet to `asked_out` and frames beside it; the absolute paths."""
    out = Path(asked_out or "")
    if asked_out is None:
        name = Path(video.split("?")[0]).stem or "video"
        # A file's own name is left alone: `view kettle.jpg` must not write over kettle.jpg.
        known = video.startswith(("take_", "film_", "upload_"))
        out = Path(f"{name}.jpg" if known else f"{name}-sheet.jpg")
    moments = [shown["at_s"] for shown in shown.data["shown"] if "at_s" in shown]
    paths = [out, *(out.with_name(f"{out.stem}-{at_s:g}s{out.suffix}") for at_s in moments)]
    for path, picture in zip(paths, shown.pictures, strict=True):
        path.write_bytes(picture)
    return [str(path.absolute()) for path in paths]


def show(data: dict[str, Any]) -> None:
    """An answer for eyes: tables for lists, a few lines for a job, indented JSON for the rest."""
    if "job_id" in data:
        from shotwright.server.mcp import summary

        say(summary(data))
    elif isinstance(data.get("jobs"), list):
        _show_jobs(data)
    elif "camera_moves" in data:
        _show_models(data["models"])
    else:
        say(json.dumps(data, ensure_ascii=False, indent=2))


def _show_jobs(data: dict[str, Any]) -> None:
    rows = [
        (j["job_id"], j["verb"], j["state"], f"{j['progress']:.0%}", j["phase"])
        for j in data["jobs"]
    ]
    table(("job", "verb", "state", "done", "phase"), rows)
    if data["cursor"]:
        remark(f"more: --cursor {data['cursor']}")


def _show_models(models: list[dict[str, Any]]) -> None:
    rows = [
        (m["name"], m["title"], m["weights"], " ".join(m["modes"]), " ".join(m["sizes"].values()))
        for m in models
    ]
    table(("model", "title", "weights", "modes", "sizes"), rows)


def show_fits(chip: str, fits: Sequence["Fit"]) -> None:
    """A row a model and size, with seconds by quality: as measured, about as estimated, ? where nothing is known."""
    say(f"one clip of each model's usual size and length on {chip}, seconds by quality:")
    rows = []
    for (model, *shape), alike in groupby(fits, lambda f: (f.model, f.width, f.height, f.frames)):
        by_quality = {fit.quality: fit for fit in alike}
        seconds = [_seconds(by_quality.get(name)) for name in ("draft", "standard", "high")]
        why = next(iter(by_quality.values())).why
        rows.append((model, "{}x{} x {}".format(*shape), *seconds, why))
    table(("model", "clip", "draft", "standard", "high", "how, or why not"), rows)


def _seconds(fit: "Fit | None") -> str:
    if fit is None or not fit.fits:
        return "" if fit is None else "no"
    if fit.seconds is None:
        return "?"
    return f"{'' if fit.source == 'measured' else 'about '}{fit.seconds:.0f}"


def show_workers(workers: list[dict[str, Any]]) -> None:
    if not workers:
        remark("no worker; the first job starts one, or run `shotwright worker`")
        return
    table(tuple(workers[0]), [tuple(str(value) for value in w.values()) for w in workers])


def show_diagnosis(body: dict[str, Any]) -> None:
    marks = {(True, True): "ok", (True, False): "ok", (False, True): "BROKEN", (False, False): "-"}
    checks = [
        (marks[c["ok"], c["needed"]], c["name"], c["found"], c["fix"]) for c in body["checks"]
    ]
    models = [
        ("ok" if m["runs"] else "-", f"model {m['name']}", m["why"], m["fix"])
        for m in body["models"]
    ]
    table(("", "what", "found", "to do"), [*checks, *models])


def table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    """Rows of an answer under their names."""
    grid = Table(box=None, pad_edge=False)
    for name in head:
        grid.add_column(name, overflow="fold")
    for row in rows:
        grid.add_row(*(_plain(cell) for cell in row))
    # A pipe has no width of its own; ids must not be broken there.
    Console(highlight=False, width=None if sys.stdout.isatty() else 200).print(grid)


def _plain(cell: str) -> str:
    from rich.markup import escape

    return escape(cell)


def show_changes(changes: Sequence["Change"]) -> None:
    """What setup would write, file by file."""
    for change in changes:
        title = HOSTS[change.host].title
        if change.error is not None:
            say(f"{title}: {change.error.message} {change.error.fix}.")
        elif change.needed:
            say(f"{title}:\n{change.diff()}\n")
        else:
            say(f"{title}: {change.file} needs no change")
