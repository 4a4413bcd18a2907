"""Callbacks: told at each change of state, signed, tried again, to allowed hosts only."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import anyio
import httpx
import pytest

from shotwright.generator.errors import RenderFailed
from shotwright.server.kling.callbacks import RETRY_S, Callbacks, check
from shotwright.server.kling.objects import Entry
from shotwright.server.kling.refusals import KlingError
from shotwright.server.kling.routes import Face
from shotwright.tools.settings import Settings
from shotwright.tools.studio.queue import JobQueue
from shotwright.tools.studio.studio import Studio

SECRET = "a secret key of at least 32 bytes"
URL = "http://clients.example:8000/done"


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


class Receiver:
    """The client's server: keeps what it was sent, answers as it is told."""

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []
        self.status = 200

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return httpx.Response(self.status)

    @property
    def told(self) -> list[str]:
        return [json.loads(request.content)["task_status"] for request in self.requests]


@pytest.fixture
def called(settings: Settings) -> Iterator[tuple[Studio, str, Callable[[], None], Receiver, Clock]]:
    """A studio, a task that wants callbacks, what sends those that are due, who gets them, the clock."""
    allowed = replace(settings, kling_secret_key=SECRET, callback_hosts=("clients.example:8000",))
    studio = Studio(allowed)
    face, receiver, clock = Face(studio), Receiver(), Clock()
    job_id, _ = studio.jobs.submit("generate_video", {}, {}, workflow="render", queue="render")
    face.tasks.add(
        Entry(job_id, "videos/text2video", "mine", URL, None, clock.now, due_at=clock.now)
    )
    callbacks = Callbacks(allowed, face.tasks, face.now, clock=clock)

    async def send() -> None:
        async with httpx.AsyncClient(transport=httpx.MockTransport(receiver)) as client:
            await callbacks.send_due(client)

    yield studio, job_id, lambda: anyio.run(send), receiver, clock
    studio.close()


def _fail(jobs: JobQueue, job_id: str) -> None:
    jobs.start(job_id, "worker")
    jobs.end(job_id, "failed", error=RenderFailed("the model failed").body())


def test_each_change_is_told_once_and_the_end_is_the_last(called: Any) -> None:
    studio, job_id, send, receiver, clock = called
    for _ in range(3):
        send()
        clock.now += 1.5
    assert receiver.told == ["submitted"]
    studio.jobs.start(job_id, "worker")
    send()
    clock.now += 1.5
    _fail(studio.jobs, job_id)
    for _ in range(3):
        send()
        clock.now += 1.5
    assert receiver.told == ["submitted", "processing", "failed"]
    body = json.loads(receiver.requests[-1].content)
    assert body["task_id"] == job_id
    assert body["task_info"]["external_task_id"] == "mine"
    assert body["task_status_msg"] == "the model failed"


def test_a_callback_is_signed_over_its_id_time_and_body(called: Any) -> None:
    _, job_id, send, receiver, clock = called
    send()
    (request,) = receiver.requests
    id_, stamp = request.headers["webhook-id"], request.headers["webhook-timestamp"]
    assert id_ == f"{job_id}.submitted"
    assert int(stamp) == int(clock.now)
    signed = f"{id_}.{stamp}.".encode() + request.content
    digest = base64.b64encode(hmac.new(SECRET.encode(), signed, hashlib.sha256).digest())
    assert request.headers["webhook-signature"] == f"v1,{digest.decode()}"


def test_a_receiver_that_fails_is_tried_again_later_with_the_same_id_and_then_given_up(
    called: Any,
) -> None:
    studio, job_id, send, receiver, clock = called
    _fail(studio.jobs, job_id)
    receiver.status = 503
    for wait in RETRY_S:
        send()
        clock.now += wait - 1
        before = len(receiver.requests)
        send()
        assert len(receiver.requests) == before  # not yet
        clock.now += 1.1
    send()
    clock.now += 10 * RETRY_S[-1]
    send()
    assert receiver.told == ["failed"] * (len(RETRY_S) + 1)
    assert len({request.headers["webhook-id"] for request in receiver.requests}) == 1


def test_an_address_that_cannot_be_called_holds_up_no_other(called: Any) -> None:
    studio, _, send, receiver, clock = called
    other, _ = studio.jobs.submit("generate_image", {}, {}, workflow="render", queue="render")
    wrong = f"{URL}\n"
    Face(studio).tasks.add(
        Entry(other, "images/generations", None, wrong, None, clock.now, due_at=clock.now - 1)
    )
    send()
    assert receiver.told == ["submitted"]


def test_of_two_fronts_one_sends(called: Any) -> None:
    studio, _, _, receiver, clock = called
    face = Face(studio)
    (entry,) = face.tasks.due(clock.now, 10)
    assert face.tasks.claim(entry, clock.now + 60)
    assert not face.tasks.claim(entry, clock.now + 60)
    assert not receiver.requests


@pytest.mark.parametrize(
    ("url", "hosts", "secret", "word"),
    [
        ("http://other.example/x", ("clients.example",), SECRET, "not allowed"),
        ("http://clients.example@other.example/x", ("clients.example",), SECRET, "http"),
        ("ftp://clients.example/x", ("clients.example",), SECRET, "http"),
        ("http://[::1/x", ("clients.example",), SECRET, "http"),
        ("http://clients.example:99/x", ("clients.example:8000",), SECRET, "not allowed"),
        ("http://clients.example:99999/x", ("clients.example",), SECRET, "no http"),
        ("http://clients.example/x\n", ("clients.example",), SECRET, "no http"),
        ("http://clients.example/x", ("clients.example",), None, "signed"),
    ],
)
def test_an_address_that_is_not_allowed_is_refused(
    settings: Settings, url: str, hosts: tuple[str, ...], secret: str | None, word: str
) -> None:
    with pytest.raises(KlingError, match=word) as refusal:
        check(url, replace(settings, callback_hosts=hosts, kling_secret_key=secret))
    assert refusal.value.code == 1201
