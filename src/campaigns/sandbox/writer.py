"""Writing the log: requests that arrive together share one durable commit.

The commit runs on the event loop on purpose. While it waits for the disk the next requests queue
up in their sockets and become the next group, so the busier the sandbox the fewer commits each
message costs; and no thread is woken for it.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from campaigns.sandbox.call import now
from campaigns.sandbox.schema import open_for_writing

#: Turns of the event loop before a commit. Each reads the sockets again, so what is on its way
#: still joins the group: with 16 busy connections 13 requests share a commit instead of 5, while
#: a single client waits some microseconds more.
_TURNS = 4


class Recipient(NamedTuple):
    """One message of an accepted request. `recipient` None is everyone."""

    part: int
    channel: str
    recipient: str | None
    delivery: str | None
    error: int | None = None


class Accepted(NamedTuple):
    """A request that was accepted: on disk once the commit it is part of has ended."""

    provider: str
    provider_id: str
    at: int
    body: bytes
    recipients: Sequence[Recipient]


class LogWriter:
    """The only writer of a log. Not thread-safe: it lives on the event loop."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.connection = open_for_writing(home)
        self.counts: Counter[str] = Counter(
            dict(self.connection.execute("SELECT channel, COUNT(*) FROM messages GROUP BY channel"))
        )
        self._next_request = self._next_id("requests")
        self._next_message = self._next_id("messages")
        self.commits = 0
        self._requests: list[tuple[int, str, str, int, bytes]] = []
        self._messages: list[tuple[int, int, int, str, str | None, str | None, int | None]] = []
        self._others: list[tuple[str, tuple[Any, ...]]] = []
        self._group: asyncio.Future[None] | None = None
        #: For the webhooks; kept only while somebody listens.
        self.keep_accepted = False
        self._accepted: list[Accepted] = []
        self.prefix = self._meta("prefix", os.urandom(8).hex())

    def close(self) -> None:
        """Commit what waits and close."""
        self._flush()
        self.connection.close()

    def next_request_id(self) -> int:
        """A number never used before in this log; it makes the vendor's id unique."""
        number = self._next_request
        self._next_request += 1
        return number

    @property
    def next_message_id(self) -> int:
        """The number the next message given to `accept` will have."""
        return self._next_message

    def accept(
        self,
        request: int,
        provider: str,
        provider_id: str,
        at: int,
        body: bytes,
        recipients: Sequence[Recipient],
    ) -> None:
        """Log an accepted request with its messages. It is kept once `durable` returns."""
        self._requests.append((request, provider, provider_id, at, body))
        if self.keep_accepted:
            self._accepted.append(Accepted(provider, provider_id, at, body, recipients))
        number = self._next_message
        self._next_message = number + len(recipients)
        self._messages += [(number + i, request, *r) for i, r in enumerate(recipients)]

    def take_accepted(self) -> list[Accepted]:
        """What was accepted since the last call."""
        accepted, self._accepted = self._accepted, []
        return accepted

    def put(self, statement: str, *values: Any) -> None:
        """Any other row, in the same commit."""
        self._others.append((statement, values))

    def struck(
        self,
        provider: str,
        rule: int,
        kind: str,
        pairs: Sequence[tuple[str | None, str | None]],
        *,
        accepted: bool,
    ) -> None:
        """Log that a rule struck these (delivery, recipient) pairs."""
        for delivery, recipient in pairs or [(None, None)]:
            self.put(
                "INSERT INTO faults (at, rule, provider, kind, accepted, delivery, recipient) "
                "VALUES (?, ?, ?, ?, ?, ?, ?)",
                *(now(), rule, provider, str(kind), accepted, delivery, recipient),
            )

    async def durable(self) -> None:
        """Wait until all that was given so far is on disk. Raises sqlite3.Error."""
        if self._group is None:
            self._group = asyncio.get_running_loop().create_future()
            self._gather(_TURNS)
        await self._group

    def _gather(self, turns: int) -> None:
        if turns:
            asyncio.get_running_loop().call_soon(self._gather, turns - 1)
        else:
            self._flush()

    def _flush(self) -> None:
        group, self._group = self._group, None
        requests, self._requests = self._requests, []
        messages, self._messages = self._messages, []
        others, self._others = self._others, []
        try:
            if requests or others:
                self._commit(requests, messages, others)
        except sqlite3.Error as error:
            if group is None:
                raise
            if not group.done():
                group.set_exception(error)
        else:
            self.counts.update([row[3] for row in messages])
            if group is not None and not group.done():
                group.set_result(None)

    def _commit(
        self,
        requests: list[Any],
        messages: list[Any],
        others: list[tuple[str, tuple[Any, ...]]],
    ) -> None:
        execute = self.connection.execute
        execute("BEGIN IMMEDIATE")
        try:
            many = self.connection.executemany
            many("INSERT INTO requests VALUES (?, ?, ?, ?, ?)", requests)
            many("INSERT INTO messages VALUES (?, ?, ?, ?, ?, ?, ?)", messages)
            for statement, values in others:
                execute(statement, values)
            execute("COMMIT")
            self.commits += 1
        except sqlite3.Error:
            if self.connection.in_transaction:
                execute("ROLLBACK")
            raise

    def _next_id(self, table: str) -> int:
        query = f"SELECT COALESCE(MAX(id), 0) + 1 FROM {table}"  # noqa: S608 - our own words
        (number,) = self.connection.execute(query).fetchone()
        return int(number)

    def _meta(self, name: str, default: str) -> str:
        self.connection.execute("INSERT OR IGNORE INTO meta VALUES (?, ?)", (name, default))
        row = self.connection.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
        return str(row[0])
