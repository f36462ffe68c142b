"""Writing events: requests that arrive together share one transaction, and so one wait for the
disk. An answer says that its events are kept, so it waits for them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from campaigns.domain.provider_event import ProviderEvent
from campaigns.errors import DatabaseError

if TYPE_CHECKING:
    from campaigns.bootstrap.listening import Listener

#: Events in one group: the transaction holds other writers up no longer than this takes.
MOST = 2_000


class Recorder:
    """Lives on the event loop; one group is written at a time, and the next gathers meanwhile."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._waiting: list[tuple[Sequence[ProviderEvent], asyncio.Future[None]]] = []
        self._writing: asyncio.Task[None] | None = None

    async def record(self, events: Sequence[ProviderEvent]) -> None:
        """Return once the events are on disk. Raises DatabaseError when they are not."""
        if not events:
            return
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()
        self._waiting.append((events, done))
        if self._writing is None:
            self._writing = loop.create_task(self._write_all())
        await done

    async def _write_all(self) -> None:
        try:
            while self._waiting:
                await self._write(self._next())
        finally:
            self._writing = None

    def _next(self) -> list[tuple[Sequence[ProviderEvent], asyncio.Future[None]]]:
        size, count = 0, 0
        for events, _ in self._waiting:
            if count and size + len(events) > MOST:
                break
            size, count = size + len(events), count + 1
        group, self._waiting = self._waiting[:count], self._waiting[count:]
        return group

    async def _write(
        self, group: list[tuple[Sequence[ProviderEvent], asyncio.Future[None]]]
    ) -> None:
        try:
            await asyncio.to_thread(
                self._listener.record, [e for events, _ in group for e in events]
            )
        except Exception as error:
            if len(group) > 1 and not isinstance(error, DatabaseError):
                for one in group:  # a mistake of ours over one event is not the others' fault
                    await self._write([one])
                return
            for _, done in group:
                if not done.done():
                    done.set_exception(error)
        else:
            for _, done in group:
                if not done.done():
                    done.set_result(None)
