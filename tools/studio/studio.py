"""The studio: what every verb works with.  One object a front, light to build: heavy parts open when first needed.

Knows no protocol.  Blocking work is put in threads, so that fronts stay responsive.
"""

from collections.abc import Awaitable, Callable
from functools import cached_property
from typing import TYPE_CHECKING, ParamSpec, TypeVar

import anyio
import anyio.to_thread

from shotwright.generator.catalog import Catalog, Shelf
from shotwright.tools.settings import Settings

if TYPE_CHECKING:
    from shotwright.tools.studio.assets import Store
    from shotwright.tools.studio.library import Library
    from shotwright.tools.studio.media import Intake
    from shotwright.tools.studio.queue import JobQueue

P = ParamSpec("P")
T = TypeVar("T")

Report = Callable[[float, str], Awaitable[None]]
"""Called with progress (0 to 1) and a message while a verb waits."""


async def silent(progress: float, message: str) -> None:
    """A report that nobody reads."""


class Studio:
    """Settings, store, jobs and cards; `launch` starts a worker when none is alive (None: never)."""

    def __init__(
        self, settings: Settings, *, launch: Callable[[Settings, "JobQueue"], None] | None = None
    ) -> None:
        self.settings, self.launch = settings, launch
        self.serving = False
        """True in the process that serves HTTP: takes then have URLs."""

    @cached_property
    def _shelf(self) -> Shelf:
        return Shelf(self.settings.home / "cards")

    @property
    def catalog(self) -> Catalog:
        return self._shelf.catalog

    @cached_property
    def store(self) -> "Store":
        from shotwright.tools.studio.assets import Store

        return Store(self.settings.store, cache=self.settings.home / "cache")

    @cached_property
    def intake(self) -> "Intake":
        from shotwright.tools.studio.media import Intake

        return Intake(self.store, self.settings.allowed_roots)

    @cached_property
    def jobs(self) -> "JobQueue":
        from shotwright.tools.studio.queue import JobQueue

        return JobQueue(self.settings)

    @cached_property
    def library(self) -> "Library":
        from shotwright.tools.studio.library import Library

        return Library(self.store, self.jobs.engine)

    @property
    def base_url(self) -> str | None:
        return self.settings.base_url if self.serving else None

    async def blocking(self, work: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
        """Run blocking work in a thread; a caller that goes away leaves it to end by itself."""
        return await anyio.to_thread.run_sync(
            lambda: work(*arguments, **named), abandon_on_cancel=True
        )

    async def queue(self) -> "JobQueue":
        """The jobs, opened in a thread the first time (importing DBOS takes 0.7 s)."""
        return await self.blocking(lambda: self.jobs)

    async def ensure_worker(self) -> None:
        """Start a worker when none is alive and this front may."""
        if self.launch is not None:
            await self.blocking(self.launch, self.settings, await self.queue())

    def close(self) -> None:
        if "jobs" in self.__dict__:
            self.jobs.close()
