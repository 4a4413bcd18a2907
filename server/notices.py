"""Telling MCP clients that a job has changed, so that they need not ask: `shotwright://jobs/{id}`.

One watcher a server looks at the jobs once a second, and only while somebody listens: by `subscriptions/listen`
(protocol 2026-07-28) or by `resources/subscribe` (the versions before it).  The worker is another process, so
the database is what is watched.
"""

import asyncio
import logging
import weakref
from collections.abc import Callable
from typing import Any

import anyio
from mcp.server.connection import Connection
from mcp.server.context import ServerRequestContext
from mcp.server.subscriptions import InMemorySubscriptionBus, ResourceUpdated, ServerEvent
from mcp.types import EmptyResult, SubscribeRequestParams, UnsubscribeRequestParams

from shotwright.generator.errors import ShotwrightError
from shotwright.tools.studio.studio import Studio

LOG = logging.getLogger(__name__)

LOOK_S = 1.0
JOBS_URI = "shotwright://jobs/"


class JobNotices(InMemorySubscriptionBus):
    """The bus of the listening clients, with a watcher of the jobs behind it."""

    def __init__(self, studio: Studio) -> None:
        super().__init__()
        self.studio = studio
        self.subscribed: weakref.WeakKeyDictionary[Connection, set[str]] = (
            weakref.WeakKeyDictionary()
        )
        self.watcher: asyncio.Task[None] | None = None

    def subscribe(self, listener: Callable[[ServerEvent], None]) -> Callable[[], None]:
        leave = super().subscribe(listener)
        self._watch()
        return leave

    async def on_subscribe(
        self, ctx: ServerRequestContext[Any, Any], params: SubscribeRequestParams
    ) -> EmptyResult:
        """`resources/subscribe` of the older versions."""
        self.subscribed.setdefault(_connection(ctx), set()).add(str(params.uri))
        self._watch()
        return EmptyResult()

    async def on_unsubscribe(
        self, ctx: ServerRequestContext[Any, Any], params: UnsubscribeRequestParams
    ) -> EmptyResult:
        """`resources/unsubscribe`."""
        self.subscribed.get(_connection(ctx), set()).discard(str(params.uri))
        return EmptyResult()

    def _watch(self) -> None:
        if self.watcher is None or self.watcher.done():
            self.watcher = asyncio.get_running_loop().create_task(self._run())

    def _heard(self) -> bool:
        return bool(self._listeners) or any(self.subscribed.values())

    async def _run(self) -> None:
        # not at the top: a front over stdio starts without the database's package
        from sqlalchemy.exc import SQLAlchemyError

        # nothing is known at first, so that what changed before the first look is told too
        known: dict[str, tuple[str, str, float]] = {}
        while self._heard():
            try:
                queue = await self.studio.queue()
                now = await self.studio.blocking(queue.moments)
            except (SQLAlchemyError, ShotwrightError):
                LOG.exception("the database did not answer; trying again")
                now = known
            for job_id in {j for j, moment in now.items() if known.get(j) != moment}:
                await self._tell(f"{JOBS_URI}{job_id}")
            known = now
            await anyio.sleep(LOOK_S)

    async def _tell(self, uri: str) -> None:
        await self.publish(ResourceUpdated(uri=uri))
        for connection, uris in list(self.subscribed.items()):
            if uri in uris:
                # drops it, and says nothing, where the client has gone
                await connection.send_resource_updated(uri)


def _connection(ctx: ServerRequestContext[Any, Any]) -> Connection:
    """The client's connection: a session object is one request's, and the package shows the other by no public name."""
    connection: Connection = ctx.session._connection
    return connection
