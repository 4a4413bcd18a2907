"""The verbs as Python functions: `Studio` for scripts, `AsyncStudio` for programs with an event loop.

    from shotwright.tools import Studio

    with Studio() as studio:            # this machine; a server: Studio("http://gpu:8188", token=…)
        job = studio.generate_video(prompt="a red ball rolls through green hills", duration_s=2)
        take = studio.result(job)["takes"][0]
        studio.save(take["take_id"], "ball.mp4")

Arguments and answers are those of the wire, errors are `shotwright.generator.errors`, whichever way the call goes.
Each verb is one line below; its signature is its pydantic model's.
"""

import asyncio
import inspect
import json
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine
from os import PathLike
from pathlib import Path
from typing import Any, Concatenate, Generic, ParamSpec, Self, TypeVar, overload

from pydantic import BaseModel, ConfigDict, TypeAdapter
from pydantic_core import PydanticSerializationError

from shotwright.generator.errors import BadRequest, from_body
from shotwright.tools.reach import Local, Reach, Remote
from shotwright.tools.settings import from_environment
from shotwright.tools.studio import wire
from shotwright.tools.verbs import VERBS

P = ParamSpec("P")
T = TypeVar("T")
Facts = dict[str, Any]
"""A JSON object of the wire."""

_JSON = TypeAdapter(dict[str, Any], config=ConfigDict(ser_json_inf_nan="constants"))

LOOK_S = 45.0
"""How long one look of `wait` at a job lasts; hosts and proxies give up after a minute."""


class _Both(Generic[P, T]):
    """A coroutine function as a method of both studios: a Studio answers, an AsyncStudio is awaited."""

    def __init__(self, work: Callable[Concatenate[Reach, P], Coroutine[Any, Any, T]]) -> None:
        self.work = work
        self.__doc__ = work.__doc__

    @overload
    def __get__(self, studio: None, owner: type) -> Self: ...
    @overload
    def __get__(self, studio: "Studio", owner: type) -> Callable[P, T]: ...
    @overload
    def __get__(self, studio: "AsyncStudio", owner: type) -> Callable[P, Awaitable[T]]: ...
    def __get__(self, studio: "Studio | AsyncStudio | None", owner: type) -> Any:
        if studio is None:
            return self

        def method(*arguments: P.args, **named: P.kwargs) -> Any:
            return studio._run(self.work(studio._reach, *arguments, **named))

        method.__name__ = method.__qualname__ = self.work.__name__
        method.__doc__ = self.__doc__
        asked = list(inspect.signature(self.work).parameters.values())[1:]
        method.__signature__ = inspect.Signature(asked)  # type: ignore[attr-defined]
        return method


def _verb(model: Callable[P, BaseModel]) -> _Both[P, Facts]:
    """The verb that takes the arguments of this model."""
    verb = next(verb for verb in VERBS if verb.arguments is model)

    async def work(reach: Reach, /, *bare: P.args, **named: P.kwargs) -> Facts:
        if bare:
            raise TypeError(f"{verb.name} takes its arguments by name")
        return await reach.call(verb.name, _plain(named))

    work.__name__, work.__doc__ = verb.name, verb.description
    first = inspect.Parameter("reach", inspect.Parameter.POSITIONAL_ONLY)
    asked = inspect.signature(model).parameters.values()
    work.__signature__ = inspect.Signature([first, *asked])  # type: ignore[attr-defined]
    return _Both(work)


def _plain(arguments: Any) -> Facts:
    """Arguments as JSON; paths and the wire's own models (CameraMove, Keyframe, Brief, Edit) may be among them."""
    try:
        plain: Facts = _JSON.dump_python(arguments, mode="json", exclude_unset=True)
        json.dumps(plain, allow_nan=False)
    except (PydanticSerializationError, ValueError, RecursionError) as error:
        field = next((name for name, value in arguments.items() if not _is_json(value)), None)
        raise BadRequest(
            f"{field or 'the arguments'}: no JSON: {error}.",
            field=field,
            value=None if field is None else _shown(arguments[field]),
            allowed="texts, finite numbers, booleans, lists and dicts of them",
            fix="see the verb's signature",
        ) from error
    return plain


def _shown(value: Any) -> str:
    """A value that is no JSON; of an object only its kind, whose words would hold an address."""
    try:
        return json.dumps(value)[:200]
    except (TypeError, ValueError, RecursionError):
        return type(value).__name__


def _is_json(value: Any) -> bool:
    try:
        json.dumps(_JSON.dump_python({"value": value}, mode="json"), allow_nan=False)
    except (PydanticSerializationError, ValueError, RecursionError):
        return False
    return True


async def _wait(reach: Reach, job: Facts | str, *, timeout_s: float | None = None) -> Facts:
    """The job (or the one of this id) when it has ended; with timeout_s, as it then stands at the latest."""
    job_id = _job_id(job)
    until = float("inf") if timeout_s is None else time.monotonic() + timeout_s
    while True:
        left = max(0.0, until - time.monotonic())
        looked = await reach.call("get_job", {"job_id": job_id, "wait_s": min(LOOK_S, left)})
        if looked["state"] in wire.ENDED or left <= LOOK_S:
            return looked


async def _result(reach: Reach, job: Facts | str) -> Facts:
    """The `result` of the job when it has ended.  Raises the job's own error when it failed or was cancelled."""
    ended = await _wait(reach, job)
    if ended["error"] is not None:
        raise from_body(ended["error"])
    result: Facts = ended["result"]
    return result


def _job_id(job: Facts | str) -> str:
    id_ = job.get("job_id") if isinstance(job, dict) else job
    if isinstance(id_, str):
        return id_
    raise BadRequest(
        "this is no job; give the answer of a rendering verb, or its job_id.",
        field="job",
        allowed="a job, or job_…",
        fix="a dry_run makes no job",
    )


async def _upload(reach: Reach, path: str | PathLike[str]) -> Facts:
    """Give the studio a picture or clip of this machine; its upload_id names it in every verb."""
    return await reach.upload(Path(path))


async def _save(reach: Reach, id_: str, path: str | PathLike[str]) -> Path:
    """Write a take's or film's clip (.mp4, .png) or its contact sheet (.jpg) to a file that does not exist yet."""
    await reach.save(id_, Path(path))
    return Path(path)


def _reach(url: str | None, token: str | None, home: str | PathLike[str] | None) -> Reach:
    if url is None:
        if token is not None:
            raise BadRequest(
                "a token goes with the URL of a server.", field="token", fix="give url, or no token"
            )
        return Local(from_environment(home=None if home is None else Path(home), stdio=True))
    if home is not None:
        raise BadRequest(
            "a server has its own data directory.",
            field="home",
            value=str(home),
            fix="give url or home, not both",
        )
    return Remote(url, token)


class _Asked:
    """What can be asked of a studio."""

    generate_video = _verb(wire.GenerateVideo)
    extend_video = _verb(wire.ExtendVideo)
    move_camera = _verb(wire.MoveCamera)
    generate_image = _verb(wire.GenerateImage)
    make_film = _verb(wire.MakeFilm)
    plan_shots = _verb(wire.PlanShots)
    rewrite_prompt = _verb(wire.RewritePrompt)
    view_video = _verb(wire.ViewVideo)
    check_video = _verb(wire.CheckVideo)
    list_models = _verb(wire.ListModels)
    import_media = _verb(wire.ImportMedia)
    export_film = _verb(wire.ExportFilm)
    delete_media = _verb(wire.DeleteMedia)
    get_job = _verb(wire.GetJob)
    list_jobs = _verb(wire.ListJobs)
    cancel_job = _verb(wire.CancelJob)
    set_priority = _verb(wire.SetPriority)

    wait = _Both(_wait)
    result = _Both(_result)
    upload = _Both(_upload)
    save = _Both(_save)


class AsyncStudio(_Asked):
    """The studio of this machine (its data directory `home`), or the server at `url`; to be awaited."""

    def __init__(
        self,
        url: str | None = None,
        *,
        token: str | None = None,
        home: str | PathLike[str] | None = None,
    ) -> None:
        self._reach = _reach(url, token, home)

    def _run(self, work: Coroutine[Any, Any, T]) -> Coroutine[Any, Any, T]:
        return work

    async def close(self) -> None:
        """End the connection; jobs go on."""
        await self._reach.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


class Studio(_Asked):
    """The same for scripts: each call answers when it is done.  Threads may share one.

    An event loop of its own in a thread serves the calls, so that it also works where a loop runs already (notebooks).
    """

    def __init__(
        self,
        url: str | None = None,
        *,
        token: str | None = None,
        home: str | PathLike[str] | None = None,
    ) -> None:
        self._reach = _reach(url, token, home)
        self._loop = asyncio.new_event_loop()
        # a daemon: a script that forgets to close ends all the same
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        if self._loop.is_closed():
            work.close()
            raise RuntimeError("this studio has been closed; make another")
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result()
        except KeyboardInterrupt:
            future.cancel()  # ends the waiting; the job goes on
            raise

    def close(self) -> None:
        """End the connection; jobs go on."""
        if self._loop.is_closed():
            return
        self._run(self._reach.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
