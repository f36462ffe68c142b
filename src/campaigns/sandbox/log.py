"""Reading the log: what was accepted, for whom, and exactly what they see.

Works beside a running sandbox and after it ended. Everything streams in the order of acceptance
unless said otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import orjson

from campaigns.sandbox import rendering
from campaigns.sandbox.rendering import Seen
from campaigns.sandbox.schema import open_for_reading
from campaigns.sandbox.twilio_content import Content, read_content

_ENTRY = (
    "SELECT m.id, r.provider, m.channel, r.provider_id, m.recipient, m.delivery, r.accepted_at, "
    "m.error, m.request, m.part FROM messages m JOIN requests r ON r.id = m.request"
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One accepted message.

    Attributes:
        provider_id: X-Message-Id (one for all of a SendGrid request), message SID, or post id.
        recipient: e-mail address, number or handle; None: everyone.
        delivery: our delivery id as the vendor was given it; None where it was given none.
        error: the vendor's code when it accepted the message but did not deliver it.
    """

    id: int
    provider: str
    channel: str
    provider_id: str
    recipient: str | None
    delivery: str | None
    accepted_at: datetime
    error: int | None
    request: int
    part: int


@dataclass(frozen=True, slots=True)
class Written:
    """One message that a customer wrote to us."""

    channel: str
    at: datetime
    body: str


@dataclass(frozen=True, slots=True)
class Strike:
    """One message that a misbehaving rule struck; `accepted` says whether the log has it."""

    rule: int
    provider: str
    kind: str
    accepted: bool
    delivery: str | None
    recipient: str | None


@dataclass(frozen=True, slots=True)
class RecordedRequest:
    """A request as it was sent, without its secrets, kept by --record."""

    provider: str
    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes
    status: int


class SandboxLog:
    """The log in a sandbox's home. Raises DatabaseError when there is none."""

    def __init__(self, home: Path, *, x_username: str = "") -> None:
        self.home = home
        self._x_username = x_username
        self._connection = open_for_reading(home)
        self._body = lru_cache(maxsize=8)(self._read_body)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def counts(self) -> dict[str, int]:
        """Accepted messages by channel."""
        query = "SELECT channel, COUNT(*) FROM messages GROUP BY channel"
        return dict(self._connection.execute(query))

    def entries(
        self,
        *,
        to: str | None = None,
        channel: str | None = None,
        delivery: str | None = None,
        before: int | None = None,
        newest: bool = False,
        limit: int | None = None,
    ) -> Iterator[Entry]:
        """Accepted messages. `before` is an id, for paging backwards with `newest`."""
        given = {"to": to, "channel": channel, "delivery": delivery, "before": before}
        conditions = {
            "to": "m.recipient = :to",
            "channel": "m.channel = :channel",
            "delivery": "m.delivery = :delivery",
            "before": "m.id < :before",
        }
        where = " AND ".join(c for name, c in conditions.items() if given[name] is not None)
        order = "DESC" if newest else "ASC"
        query = f"{_ENTRY} WHERE {where or '1'} ORDER BY m.id {order} LIMIT :limit"
        with closing(self._connection.execute(query, {**given, "limit": limit or -1})) as rows:
            for row in rows:
                yield _entry(row)

    def messages(self, to: str | None = None, **filters: Any) -> Iterator[tuple[Entry, Seen]]:
        """Accepted messages with what their readers see; filters as in `entries`."""
        for entry in self.entries(to=to, **filters):
            yield entry, self.seen(entry)

    def message(self, number: int) -> Entry | None:
        """One accepted message by its id."""
        row = self._connection.execute(_ENTRY + " WHERE m.id = ?", (number,)).fetchone()
        return _entry(row) if row else None

    def seen(self, entry: Entry) -> Seen:
        """Exactly what the recipient sees."""
        body = self._body(entry.request, entry.provider == "sendgrid")
        if entry.provider == "sendgrid":
            return rendering.mail(body, entry.part)
        if entry.provider == "smtp":
            return rendering.letter(body)
        if entry.provider == "twilio":
            return rendering.text(body, self._template)
        return rendering.post(body, self._x_username)

    def by_delivery(self) -> dict[str, list[Entry]]:
        """Every delivery id in the log with its messages: exactly one each, if all is well."""
        found: dict[str, list[Entry]] = {}
        for entry in self.entries():
            if entry.delivery is not None:
                found.setdefault(entry.delivery, []).append(entry)
        return found

    def duplicates(self) -> dict[str, int]:
        """Delivery ids accepted more than once, with how often."""
        query = (
            "SELECT delivery, COUNT(*) FROM messages WHERE delivery IS NOT NULL "
            "GROUP BY delivery HAVING COUNT(*) > 1"
        )
        return dict(self._connection.execute(query))

    def addresses(self, prefix: str, limit: int = 20) -> list[str]:
        """Recipients whose address begins like this, whatever the case."""
        query = (
            "SELECT DISTINCT recipient FROM messages WHERE recipient >= ? AND recipient < ? "
            "ORDER BY recipient LIMIT ?"
        )
        rows = self._connection.execute(query, (prefix, prefix + "\U0010ffff", limit))
        return [address for (address,) in rows]

    def written(self, sender: str, since: datetime, limit: int = 200) -> list[Written]:
        """What one person wrote to us, by whatever channel, oldest first."""
        query = (
            "SELECT channel, at, body FROM inbound WHERE sender = ? COLLATE NOCASE AND at >= ? "
            "ORDER BY id DESC LIMIT ?"
        )
        given = (sender, int(since.timestamp() * 1e6), limit)
        rows = self._connection.execute(query, given).fetchall()
        return [Written(r[0], datetime.fromtimestamp(r[1] / 1e6, UTC), r[2]) for r in rows[::-1]]

    def strikes(self, kind: str | None = None) -> list[Strike]:
        """What was struck by misbehaviour, one per message."""
        query = (
            "SELECT rule, provider, kind, accepted, delivery, recipient FROM faults "
            "WHERE kind = COALESCE(?, kind) ORDER BY id"
        )
        rows = self._connection.execute(query, (kind,))
        return [Strike(r[0], r[1], r[2], bool(r[3]), r[4], r[5]) for r in rows]

    def recorded(self, provider: str | None = None) -> list[RecordedRequest]:
        """Requests kept by --record."""
        query = (
            "SELECT provider, method, path, query, headers, body, status FROM recorded "
            "WHERE provider = COALESCE(?, provider) ORDER BY id"
        )
        rows = self._connection.execute(query, (provider,))
        return [
            RecordedRequest(r[0], r[1], r[2], r[3], orjson.loads(r[4]), r[5], r[6]) for r in rows
        ]

    def _read_body(self, request: int, as_json: bool) -> Any:
        query = "SELECT body FROM requests WHERE id = ?"
        (body,) = self._connection.execute(query, (request,)).fetchone()
        return orjson.loads(body) if as_json else body

    def _template(self, sid: str) -> Content | None:
        query = "SELECT * FROM contents WHERE sid = ?"
        row = self._connection.execute(query, (sid,)).fetchone()
        return read_content(row) if row else None


def _entry(row: tuple[Any, ...]) -> Entry:
    number, provider, channel, provider_id, recipient, delivery, at, error, request, part = row
    accepted_at = datetime.fromtimestamp(at / 1e6, UTC)
    return Entry(
        number,
        provider,
        channel,
        provider_id,
        recipient,
        delivery,
        accepted_at,
        error,
        request,
        part,
    )
