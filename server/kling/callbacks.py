"""Telling a client's own address how its task goes: Kling's callback protocol, signed.

The body is the task object, sent at each change of its state.  Signed as Standard Webhooks says
(standardwebhooks.com, specification 1.0): `webhook-id`, `webhook-timestamp`, and `webhook-signature: v1,` with the
Base64 of HMAC-SHA256 over `id.timestamp.body`, keyed with Kling's secret key; a receiver refuses an old timestamp
and an id that it has seen, so that a callback cannot be replayed.
"""

import base64
import hashlib
import hmac
import json
import logging
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import anyio
import httpx

from shotwright.server.kling import refusals
from shotwright.server.kling.objects import Entry
from shotwright.server.kling.refusals import KlingError
from shotwright.tools.settings import Settings

if TYPE_CHECKING:
    from shotwright.server.kling.tasks import Tasks

LOG = logging.getLogger(__name__)
LOOK_S = 1.0
"""Between two looks at the tasks that want to be told of."""
TIMEOUT_S = 10.0
HELD_S = 60.0
"""So long a front that took a callback has for it; then another one may send it."""
RETRY_S = (5.0, 30.0, 120.0, 600.0, 3600.0)
"""Waits after failed tries; after the last a callback is given up."""
BATCH = 20
ENDED = ("succeed", "failed")

Body = Callable[[Entry], tuple[str, dict[str, Any]]]
"""The state of a task now, and its task object."""


def check(url: str, settings: Settings) -> None:
    """Refuse an address that the operator did not allow, or that could not be signed for.

    Raises: KlingError.
    """
    try:
        parts = urlsplit(url)
        named = parts.netloc.lower() if "@" not in parts.netloc else ""
        host = (parts.hostname or "").lower()
        _ = parts.port  # raises for one that is none
        httpx.URL(url)  # what could not be called later, with others waiting
    except (ValueError, httpx.InvalidURL):
        named = host = ""
        parts = urlsplit("")
    if parts.scheme not in ("http", "https") or not named:
        raise KlingError(refusals.VALUE, f"callback_url {url[:200]!r} is no http(s) URL.")
    if named not in settings.callback_hosts and host not in settings.callback_hosts:
        raise KlingError(
            refusals.VALUE,
            f"callback_url: {named} is not allowed; the server's SHOTWRIGHT_CALLBACK_HOSTS lists the hosts "
            "that may be called.",
        )
    if not settings.kling_secret_key:
        raise KlingError(
            refusals.VALUE,
            "callback_url: callbacks are signed, and the server has no SHOTWRIGHT_KLING_SECRET_KEY.",
        )


def signature(secret: str, id_: str, timestamp: int, body: bytes) -> str:
    """The value of `webhook-signature`."""
    signed = f"{id_}.{timestamp}.".encode() + body
    digest = hmac.new(secret.encode("utf-8"), signed, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode('ascii')}"


class Callbacks:
    """Sends what is due; of several fronts on one database each callback is sent by one."""

    def __init__(
        self,
        settings: Settings,
        tasks: "Tasks",
        body: Body,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.settings, self.tasks, self.body, self.clock = settings, tasks, body, clock

    async def run(self) -> None:
        """Look once a second, for ever."""
        async with httpx.AsyncClient(timeout=TIMEOUT_S, follow_redirects=False) as client:
            while True:
                try:
                    await self.send_due(client)
                except Exception:  # a database that is away comes back; the callbacks wait in it
                    LOG.exception("callbacks could not be sent")
                await anyio.sleep(LOOK_S)

    async def send_due(self, client: httpx.AsyncClient) -> None:
        """Send each callback whose time has come and whose task has another state than was told."""
        due = await anyio.to_thread.run_sync(self.tasks.due, self.clock(), BATCH)
        async with anyio.create_task_group() as group:
            for entry in due:
                group.start_soon(self._one, client, entry)

    async def _one(self, client: httpx.AsyncClient, entry: Entry) -> None:
        taken = await anyio.to_thread.run_sync(self.tasks.claim, entry, self.clock() + HELD_S)
        if not taken:
            return
        state, body = await anyio.to_thread.run_sync(self.body, entry)
        told, tries, wait = entry.told, entry.tries, LOOK_S
        if state != told:
            if await self._post(client, entry, state, body):
                told, tries = state, 0
            elif tries < len(RETRY_S):
                wait, tries = RETRY_S[tries], tries + 1
            else:
                LOG.warning("callback of %s to %s given up", entry.task_id, entry.callback_url)
                told, tries = state, 0
        over = told in ENDED
        await anyio.to_thread.run_sync(
            lambda: self.tasks.settle(
                entry.task_id,
                told=told,
                tries=tries,
                due_at=None if over else self.clock() + wait,
            )
        )

    async def _post(
        self, client: httpx.AsyncClient, entry: Entry, state: str, body: dict[str, Any]
    ) -> bool:
        """Whether the client's server took it (2xx)."""
        content = json.dumps(body, ensure_ascii=False).encode("utf-8", "backslashreplace")
        timestamp = int(self.clock())
        # the same for every try of one change, so that the receiver knows a repetition
        id_ = f"{entry.task_id}.{state}"
        headers = {
            "content-type": "application/json",
            "webhook-id": id_,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": signature(
                str(self.settings.kling_secret_key), id_, timestamp, content
            ),
        }
        try:
            reply = await client.post(str(entry.callback_url), content=content, headers=headers)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            LOG.info("callback of %s: %s", entry.task_id, error)
            return False
        return reply.is_success
