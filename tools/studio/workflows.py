"""What a worker executes: durable workflows whose finished steps are never run again.

`render` makes the takes of one job, one step a take (or a segment, where a take has several); `film` lets every chain
of shots run as a child workflow on the render queue and joins them.  Steps answer with JSON and store files by content,
so that a step that was cut off can simply run again.  An error never leaves a step: it is written into the job.
Imports DBOS; torch, cv2 and av are imported by the first step that needs them.
"""

from collections.abc import Callable
from contextlib import nullcontext
from functools import partial, wraps
from typing import Any, ParamSpec, TypeVar

from dbos import DBOS, SetEnqueueOptions, SetWorkflowID

from shotwright.generator.errors import ShotwrightError
from shotwright.tools.studio.continuing import keep
from shotwright.tools.studio.crew import Aside, Crew
from shotwright.tools.studio.endings import unforeseen
from shotwright.tools.studio.filing import TAIL_FRAMES
from shotwright.tools.studio.progress import harmless
from shotwright.tools.studio.ranking import rank
from shotwright.tools.studio.slots import given_up

P = ParamSpec("P")
T = TypeVar("T")
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


def _guarded(job_id: str, work: Callable[[], Any]) -> Outcome:
    """Run a step's work; every failure becomes data, so that it is recorded and not retried."""
    try:
        done = work()
        with harmless():
            _on_duty().jobs.came_on(job_id, DBOS.workflow_id or job_id)
        return {"ok": done}
    except ShotwrightError as error:
        return {"error": error.body()}
    except Exception as error:  # the one place where a worker meets what nobody foresaw
        return {"error": unforeseen(error).body()}


def _seen(workflow: Callable[P, T]) -> Callable[P, T]:
    """While it runs, the worker knows that it does: see `JobQueue.take_over`."""

    @wraps(workflow)
    def run(*arguments: P.args, **named: P.kwargs) -> T:
        at_work, workflow_id = _on_duty().jobs.at_work, str(DBOS.workflow_id)
        at_work.add(workflow_id)
        try:
            return workflow(*arguments, **named)
        finally:
            at_work.discard(workflow_id)

    return run


@DBOS.step(name="write")
def write_step(job_id: str) -> Outcome:
    """Let an LLM write the job's prompts or plan; nothing before it has begun."""
    return _guarded(job_id, lambda: _on_duty().write(job_id))


@DBOS.step(name="take")
def take_step(job_id: str, part: int, last: bool) -> Outcome:
    """Render, encode, inspect and store a take of one segment; answers its id.

    last: of its workflow, so that the next one has the device while it is finished.
    """
    return _guarded(job_id, lambda: _on_duty().make_take(job_id, part, aside=_aside(last)))


@DBOS.step(name="segment")
def segment_step(
    job_id: str, part: int, segment: int, before: list[str], anchor: dict[str, Any] | None
) -> Outcome:
    """Render one segment of a long take; answers the key of its lossless frames (overlap dropped) and its facts."""
    return _guarded(job_id, lambda: _on_duty().make_segment(job_id, part, segment, before, anchor))


@DBOS.step(name="finish")
def finish_step(
    job_id: str, part: int, made: list[dict[str, Any]], stopped: dict[str, Any] | None, last: bool
) -> Outcome:
    """Join a long take's segments, encode, inspect and store; answers its id.  last: see `take_step`."""
    work = partial(_on_duty().finish_take, job_id, part, made, stopped, aside=_aside(last))
    return _guarded(job_id, work)


def _aside(last: bool) -> Aside:
    return partial(given_up, "render") if last else nullcontext


@DBOS.step(name="panels")
def panels_step(job_id: str) -> Outcome:
    """Draw all panels of an animatic; answers their take ids."""
    return _guarded(job_id, lambda: _on_duty().make_panels(job_id))


@DBOS.step(name="assemble")
def assemble_step(job_id: str, takes: dict[str, list[str]]) -> Outcome:
    """Join the chosen takes of a film; answers the film's result."""
    return _guarded(job_id, lambda: _on_duty().assemble_film(job_id, takes))


def _is_written(job_id: str) -> bool:
    """Have written what is to be; False when the job ended over it."""
    crew = _on_duty()
    if not crew.to_be_written(job_id):
        return True
    outcome = write_step(job_id)
    if "error" in outcome:
        crew.fail(job_id, outcome["error"])
    return "ok" in outcome


def _make_part(job_id: str, part: int, *, last: bool) -> Outcome:
    """One take: in one step, or segment by segment."""
    segments = _on_duty().segments(job_id, part)
    if segments == 1:
        return take_step(job_id, part, last)
    made: list[dict[str, Any]] = []
    stopped: dict[str, Any] | None = None
    for index in range(segments):
        anchor = made[0]["anchor"] if made else None
        outcome = segment_step(job_id, part, index, _lately(made), anchor)
        if "error" in outcome:
            return outcome
        if (stopped := keep(made, outcome["ok"])) is not None:
            break
    return finish_step(job_id, part, made, stopped, last)


def _lately(made: list[dict[str, Any]]) -> list[str]:
    """Keys of the last segments, as many as hold what the next one may look back on."""
    keys: list[str] = []
    frames = 0
    for facts in reversed(made):
        if frames >= TAIL_FRAMES:
            break
        keys.insert(0, facts["key"])
        frames += facts["frames"]
    return keys


@DBOS.workflow(name="render", max_recovery_attempts=5)
@_seen
def render(job_id: str) -> None:
    """All takes of a job, then their ranking."""
    crew = _on_duty()
    with crew.ending(job_id):
        if not (crew.begin(job_id) and _is_written(job_id)):
            return
        made: list[str] = []
        parts = crew.parts(job_id)
        for part in range(parts):
            outcome = _make_part(job_id, part, last=part == parts - 1)
            if "error" in outcome:
                crew.fail(job_id, outcome["error"])
                return
            made.append(outcome["ok"])
        crew.succeed(job_id, lambda: rank([crew.take(take_id) for take_id in made]))


@DBOS.workflow(name="chain", max_recovery_attempts=5)
@_seen
def render_chain(job_id: str, parts: list[int]) -> Outcome:
    """Parts of a film that start from one another, in order, on one worker; answers their take ids."""
    made: list[str] = []
    for part in parts:
        if (stop := _on_duty().stopped(job_id)) is not None:
            return {"error": stop.body()}
        outcome = _make_part(job_id, part, last=part == parts[-1])
        if "error" in outcome:
            return outcome
        made.append(outcome["ok"])
    return {"ok": made}


def _render_chains(job_id: str) -> Outcome:
    """Every chain of a film on the render queue, side by side where there are workers; take ids by part.

    The first chain that fails, or a cancellation, takes the chains that have not begun off the queue.
    """
    crew = _on_duty()
    chains, priority = crew.chains(job_id), crew.priority(job_id)
    handles = []
    for number, chain in enumerate(chains):
        with SetWorkflowID(f"{job_id}.{number}"), SetEnqueueOptions(priority=priority):
            handles.append(DBOS.enqueue_workflow("render", render_chain, job_id, chain))
    made: dict[int, str] = {}
    for number, chain in enumerate(chains):
        if (stop := crew.await_part(job_id, f"{job_id}.{number}")) is not None:
            return {"error": stop.body()}
        outcome: Outcome = handles[number].get_result()
        if "error" in outcome:
            return outcome
        made.update(zip(chain, outcome["ok"], strict=True))
    return {"ok": [made[part] for part in sorted(made)]}


@DBOS.workflow(name="film", max_recovery_attempts=5)
@_seen
def film(job_id: str) -> None:
    """Every new take of a film, then the cut.  The panels of an animatic are no renders: they are drawn here."""
    crew = _on_duty()
    with crew.ending(job_id):
        if not (crew.begin(job_id) and _is_written(job_id)):
            return
        outcome = panels_step(job_id) if crew.is_animatic(job_id) else _render_chains(job_id)
        if "error" in outcome:
            crew.give_up(job_id, outcome["error"])
            return
        joined = assemble_step(job_id, crew.by_shot(job_id, outcome["ok"]))
        if "error" in joined:
            crew.fail(job_id, joined["error"])
        else:
            crew.succeed(job_id, lambda: joined["ok"])
