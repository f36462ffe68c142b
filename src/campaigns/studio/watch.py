"""Watching the files: what was saved is compiled, and every open page is told."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from typing import Final, TypeAlias

from campaigns.bootstrap.preview import Choices, Drafts, State
from campaigns.errors import CampaignsError, NotFoundError

#: Seconds between looks at the files: a look costs less than a millisecond.
INTERVAL: Final = 0.1


class End(Enum):
    """The last word to a page: the studio ends."""

    END = "end"


#: What a page is told: how its campaign stands; None: it is gone.
Told: TypeAlias = State | End | None


class Watch:
    """Keeps the drafts up to date, in threads, so that no page waits for a compile."""

    def __init__(self, drafts: Drafts, interval: float = INTERVAL) -> None:
        self._drafts = drafts
        self._interval = interval
        self._pages: dict[asyncio.Queue[Told], str] = {}
        self._settled = asyncio.Condition()

    async def run(self) -> None:
        """Look at the files for ever."""
        warming = asyncio.create_task(asyncio.to_thread(self._drafts.warm))
        seen = None
        while True:
            stamp = await asyncio.to_thread(self._drafts.stamp)
            if stamp != seen:
                seen = stamp
                await self._refresh()
            await warming
            await asyncio.sleep(self._interval)

    async def _refresh(self) -> None:
        try:
            names = await asyncio.to_thread(self._drafts.names)
        except (CampaignsError, OSError):
            return  # the page says so itself
        opened = set(self._pages.values())
        for name in sorted({*names, *opened}, key=lambda n: (n not in opened, n)):
            await self._examine(name)

    async def _examine(self, name: str) -> None:
        before = self._drafts.state(name)
        try:
            after = await asyncio.to_thread(self._drafts.examine, name)
        except (NotFoundError, OSError):
            self._tell(name, None)
            return
        if before is None and after.previewer is not None:
            # The first preview of a language loads tables that all others use.
            await asyncio.to_thread(after.previewer.preview, Choices())
        if before is None or before.version != after.version:
            self._tell(name, after)
        async with self._settled:
            self._settled.notify_all()

    def _tell(self, name: str, state: State | None) -> None:
        for queue, campaign in self._pages.items():
            if campaign in (name, ""):
                queue.put_nowait(state)

    def end(self) -> None:
        """Tell every page that this is the end."""
        for queue in self._pages:
            queue.put_nowait(End.END)

    @contextmanager
    def following(self, campaign: str) -> Iterator[asyncio.Queue[Told]]:
        """A queue of what becomes of a campaign, or of all ("")."""
        queue: asyncio.Queue[Told] = asyncio.Queue()
        self._pages[queue] = campaign
        try:
            yield queue
        finally:
            del self._pages[queue]

    async def state(self, name: str, patience: float) -> State | None:
        """How a campaign stands; None when its first compile takes longer than `patience`
        seconds."""
        async with self._settled:
            try:
                await asyncio.wait_for(
                    self._settled.wait_for(lambda: self._drafts.state(name) is not None), patience
                )
            except TimeoutError:
                return None
        return self._drafts.state(name)
