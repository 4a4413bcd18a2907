"""What a worker executes: durable workflows whose finished steps are never run again.

`render` makes the takes of one job, one step a take (or a segment, where a take has several); `film` lets every shot
run as
a child workflow on the render queue and joins them.  Steps answer with JSON and store files by content, so that a step
that was cut off can simply run again.  An error never leaves a step: it is written into the job.
Imports DBOS; torch, cv2 and av are imported by the first step that needs them.
"""

from collections.abc import Callable
from typing import Any

from dbos import DBOS, SetEnqueueOptions, SetWorkflowID

from shotwright.generator.errors import ShotwrightError
from shotwright.tools.studio.crew import Crew, rank, unforeseen

Outcome = dict[str, Any]
"""{"ok": …} or {"error": …}: what a step or a part answers."""

_crew: Crew | None = None


def take_place(crew: Crew | None) -> None:
    """Give the workflows of this process the crew that works for them."""
    global _crew
    _crew = crew


def _on_duty() -> Crew:
    if _crew is None:
        raise RuntimeError("workflows run in a worker: call take_place first")
    return _crew


def _guarded(work: Callable[[], Any]) -> Outcome:
    """Run a step's work; every failure becomes data, so that it is recorded and not retried."""
    try:
        return {"ok": work()}
    except ShotwrightError as error:
        return {"error": error.body()}
    except Exception as error:  # the one place where a worker meets what nobody foresaw
        return {"error": unforeseen(error).body()}


@DBOS.step(name="take")
def take_step(job_id: str, part: int) -> Outcome:
    """Render, encode, inspect and store a take of one segment; answers its id."""
    return _guarded(lambda: _on_duty().make_take(job_id, part))


@DBOS.step(name="segment")
def segment_step(job_id: str, part: int, segment: int, before: str | None) -> Outcome:
    """Render one segment of a long take; answers the key of its lossless frames (overlap dropped) and its timings."""
    return _guarded(lambda: _on_duty().make_segment(job_id, part, segment, before))


@DBOS.step(name="finish")
def finish_step(job_id: str, part: int, made: list[dict[str, Any]]) -> Outcome:
    """Join a long take's segments, encode, inspect and store; answers its id."""
    return _guarded(lambda: _on_duty().finish_take(job_id, part, made))


@DBOS.step(name="assemble")
def assemble_step(job_id: str, takes: dict[str, list[str]]) -> Outcome:
    """Join the chosen takes of a film; answers the film's result."""
    return _guarded(lambda: _on_duty().assemble_film(job_id, takes))


def _make_part(job_id: str, part: int) -> Outcome:
    """One take: in one step, or segment by segment."""
    segments = _on_duty().segments(job_id, part)
    if segments == 1:
        return take_step(job_id, part)
    made: list[dict[str, Any]] = []
    for index in range(segments):
        outcome = segment_step(job_id, part, index, made[-1]["key"] if made else None)
        if "error" in outcome:
            return outcome
        made.append(outcome["ok"])
    return finish_step(job_id, part, made)


@DBOS.workflow(name="render", max_recovery_attempts=5)
def render(job_id: str) -> None:
    """All takes of a job, then their ranking."""
    crew = _on_duty()
    with crew.ending(job_id):
        if not crew.begin(job_id):
            return
        made: list[str] = []
        for part in range(crew.parts(job_id)):
            outcome = _make_part(job_id, part)
            if "error" in outcome:
                crew.fail(job_id, outcome["error"])
                return
            made.append(outcome["ok"])
        crew.succeed(job_id, lambda: rank([crew.take(take_id) for take_id in made]))


@DBOS.workflow(name="part", max_recovery_attempts=5)
def render_part(job_id: str, part: int) -> Outcome:
    """One take of a film's shot."""
    crew = _on_duty()
    if (stop := crew.stopped(job_id)) is not None:
        return {"error": stop.body()}
    return _make_part(job_id, part)


@DBOS.workflow(name="film", max_recovery_attempts=5)
def film(job_id: str) -> None:
    """Every new take of a film, each when the take that it starts from is there; then the cut.

    The first part that fails, or a cancellation, takes the parts that have not begun off the queue.
    """
    crew = _on_duty()
    with crew.ending(job_id):
        if not crew.begin(job_id):
            return
        waits = crew.dependencies(job_id)  # part -> the part that it starts from, or None
        handles: dict[int, Any] = {}
        made: dict[int, str] = {}
        priority = crew.priority(job_id)

        def start(part: int) -> None:
            with SetWorkflowID(f"{job_id}.{part}"), SetEnqueueOptions(priority=priority):
                handles[part] = DBOS.enqueue_workflow("render", render_part, job_id, part)

        for part, after in waits.items():
            if after is None:
                start(part)
        for part in waits:
            if part not in handles:
                start(part)
            if (stop := crew.await_part(job_id, f"{job_id}.{part}")) is not None:
                crew.fail(job_id, stop.body())
                return
            outcome = handles[part].get_result()
            if "error" in outcome:
                crew.give_up(job_id, outcome["error"])
                return
            made[part] = outcome["ok"]
        joined = assemble_step(job_id, crew.by_shot(job_id, made))
        if "error" in joined:
            crew.fail(job_id, joined["error"])
        else:
            crew.succeed(job_id, lambda: joined["ok"])
