"""How a run stands at this moment, from indexes alone: a million rows are counted in a tenth of
a second, and nothing is locked.

Each query names the condition of a partial index in its very words, so that it fits. That every
shard is -1 or more, and every batch above 0, is always true: with it, and with `run_id + 0`, SQLite
prefers that index to the one of all the run's rows, which would read them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, text

from campaigns.domain.channel import Channel
from campaigns.domain.delivery import FINAL_STATES, DeliveryState
from campaigns.domain.progress import Closed, Held, Worker
from campaigns.store.clock import from_ms, from_ms_or_none, to_ms
from campaigns.store.engine import Database
from campaigns.store.intending import QUIET
from campaigns.store.schema import SETTLED

_COUNTS = (
    text(
        f"SELECT channel, state, count(*) FROM deliveries WHERE run_id = :run AND {SETTLED} "  # noqa: S608 - our own words
        "GROUP BY channel, state"
    ),
    text(
        "SELECT channel, 'pending', count(*) FROM deliveries "
        "WHERE run_id = :run AND state = 'pending' AND shard >= -1 GROUP BY channel"
    ),
    text(
        "SELECT channel, state, count(*) FROM deliveries WHERE run_id + 0 = :run "
        "AND state IN ('claimed', 'sending') AND batch_id > 0 GROUP BY channel, state"
    ),
)
_OLDEST_IN_DOUBT = text(
    "SELECT min(settled_at) FROM deliveries WHERE run_id = :run AND state = 'in_doubt'"
)
_ENDS = sorted(FINAL_STATES | {DeliveryState.IN_DOUBT})
_CHANNELS_LISTED = ", ".join(f"'{channel}'" for channel in Channel)
_ENDS_LISTED = ", ".join(f"'{state}'" for state in _ENDS)
# Channels and states are listed: each pair is then one short range of the index.
_SETTLED = text(
    f"SELECT count(*), min(settled_at) FROM deliveries WHERE run_id = :run AND {SETTLED} "  # noqa: S608 - our own words
    f"AND channel IN ({_CHANNELS_LISTED}) AND state IN ({_ENDS_LISTED}) AND settled_at > :since"
)
_ACCEPTED = text(
    f"SELECT 1 FROM deliveries WHERE run_id = :run AND {SETTLED} "  # noqa: S608 - our own words
    f"AND channel IN ({_CHANNELS_LISTED}) AND state = 'accepted' AND settled_at > :since LIMIT 1"
)
_LAST_SETTLED = text(  # the end of each range, rather than all that is in it
    "SELECT max(settled_at) FROM ("  # noqa: S608 - our own words
    + " UNION ALL ".join(
        f"SELECT * FROM (SELECT settled_at FROM deliveries WHERE run_id = :run AND {SETTLED} "  # noqa: S608 - our own words
        f"AND channel = '{channel}' AND state = '{state}' AND settled_at > 0 "
        f"ORDER BY settled_at DESC LIMIT 1) AS last_{channel}_{state}"
        for channel in Channel
        for state in _ENDS
    )
    + ") AS lasts"
)
_HELD = text(
    """
    SELECT channel, not_before, count(*) AS number, min(id) AS example FROM deliveries
     WHERE run_id = :run AND state = 'pending' AND shard >= -1 AND not_before > :now
     GROUP BY channel, not_before ORDER BY number DESC LIMIT 50
    """
)
_WHY = text("SELECT outcome FROM deliveries WHERE id = :id")
_WORKERS = text(
    """
    SELECT owner, channel, count(*) AS batches, max(lease_until) AS until FROM batches
     WHERE open AND run_id = :run GROUP BY owner, channel ORDER BY owner, channel
    """
)
_CLOSED = text(
    "SELECT key, closed_until, because FROM paces WHERE closed_until > :now ORDER BY key"
)


def counts(connection: Connection, run_id: int) -> dict[tuple[Channel, DeliveryState], int]:
    """Rows of the run by channel and state; what was replaced by a next hop is not counted."""
    found: dict[tuple[Channel, DeliveryState], int] = {}
    for query in _COUNTS:
        for channel, state, number in connection.execute(query, {"run": run_id}):
            found[Channel(channel), DeliveryState(state)] = number
    return found


class SqlFigures:
    """Implements services.ports.Figures."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def counts(self, run_id: int) -> Mapping[tuple[Channel, DeliveryState], int]:
        """See services.ports.Figures."""
        with self._database.read() as connection:
            return counts(connection, run_id)

    def oldest_in_doubt(self, run_id: int) -> datetime | None:
        """See services.ports.Figures."""
        with self._database.read() as connection:
            return from_ms_or_none(connection.execute(_OLDEST_IN_DOUBT, {"run": run_id}).scalar())

    def settled(self, run_id: int, *, since: datetime) -> tuple[int, datetime | None]:
        """See services.ports.Figures."""
        with self._database.read() as connection:
            here = {"run": run_id, "since": to_ms(since)}
            number, first = connection.execute(_SETTLED, here).one()
        return number, from_ms_or_none(first)

    def last_settled(self, run_id: int) -> datetime | None:
        """See services.ports.Figures."""
        with self._database.read() as connection:
            return from_ms_or_none(connection.execute(_LAST_SETTLED, {"run": run_id}).scalar())

    def accepted(self, run_id: int, *, since: datetime) -> bool:
        """See services.ports.Figures."""
        with self._database.read() as connection:
            here = {"run": run_id, "since": to_ms(since)}
            return connection.execute(_ACCEPTED, here).first() is not None

    def held(self, run_id: int, *, now: datetime) -> list[Held]:
        """See services.ports.Figures."""
        found: dict[tuple[str, str], Held] = {}
        with self._database.read() as connection:
            rows = connection.execute(_HELD, {"run": run_id, "now": to_ms(now)}).all()
            for channel, until, number, example in rows:
                # Planning writes no more than the time.
                why = connection.execute(_WHY, {"id": example}).scalar() or QUIET
                known = found.get((channel, why))
                moment = from_ms(until)
                found[channel, why] = Held(
                    Channel(channel),
                    why,
                    number + (known.messages if known else 0),
                    min(moment, known.until) if known else moment,
                )
        return sorted(found.values(), key=lambda held: (held.channel, held.until))

    def workers(self, run_id: int) -> list[Worker]:
        """See services.ports.Figures."""
        with self._database.read() as connection:
            return [
                Worker(row.owner, Channel(row.channel), row.batches, from_ms(row.until))
                for row in connection.execute(_WORKERS, {"run": run_id})
            ]

    def closed(self, *, now: datetime) -> list[Closed]:
        """See services.ports.Figures."""
        with self._database.read() as connection:
            return [
                Closed(row.key, from_ms(row.closed_until), row.because or "repeated errors")
                for row in connection.execute(_CLOSED, {"now": to_ms(now)})
            ]
