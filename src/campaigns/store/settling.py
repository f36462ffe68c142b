"""Settle: write what the provider said, and the `sent` interactions, in one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Connection, CursorResult, TextClause, text

from campaigns.domain.batch import Batch
from campaigns.domain.delivery import Accepted, NotSent, Outcome, Refused, Rejected, Unknown
from campaigns.store import bulk, contacts
from campaigns.store.bulk import Dialect
from campaigns.store.clock import to_ms
from campaigns.store.engine import bar_intents
from campaigns.store.hops import reached_after_all
from campaigns.store.locking import Locking, unguessed
from campaigns.store.refusals import mark_invalid, record_opt_out

_T = TypeVar("_T")

# Rows are looked up by id, and what statistics say of their states is left out (locking.unguessed).
#
# Evidence that it was sent is unfenced and always wins.
ACCEPT = f"""
UPDATE deliveries SET state = 'accepted', outcome = NULL, settled_at = :now,
       provider_id = COALESCE(deliveries.provider_id, given.provider_id)
  FROM {{given}} AS given
 WHERE deliveries.id = given.id AND {unguessed("deliveries.state <> 'accepted'")}
"""  # noqa: S608 - our own words
#: The same, telling which were not accepted before.
ACCEPT_LATE = ACCEPT + "RETURNING deliveries.id"
# One per delivery, however often its acceptance is told: a unique index says so. None for a
# customer who was erased meanwhile.
_SENT = f"""
INSERT INTO interactions (customer_id, at, kind, channel, delivery_id)
SELECT d.customer_id, :now, 'sent', d.channel, d.id
  FROM {{accepted}}
 WHERE {unguessed("d.customer_id <> 0")}
   AND EXISTS (SELECT 1 FROM customers c WHERE c.id = d.customer_id)
    ON CONFLICT (delivery_id) WHERE kind = 'sent' DO NOTHING
"""  # noqa: S608 - our own words
RECORD_SENT = _SENT.format(
    accepted="{given} AS given JOIN deliveries d ON d.id = given.id AND "
    + unguessed("d.state = 'accepted'")
)
# Both in one statement, which SQLite does not know: the rows are looked up once.
_ACCEPT_AND_RECORD = (
    f"WITH d AS ({ACCEPT} RETURNING deliveries.id, deliveries.customer_id, deliveries.channel)"
    + _SENT.format(accepted="d")
)
# All else counts only from the batch that claimed the row last. That batch may still speak after
# its lease: nobody else can have sent what it left in doubt.
_HELD = unguessed(
    "deliveries.batch_id = :batch AND deliveries.state IN ('claimed', 'sending', 'in_doubt')"
)
_REJECT = f"""
UPDATE deliveries SET state = 'rejected', outcome = given.said, settled_at = :now
  FROM {{given}} AS given WHERE deliveries.id = given.id AND {_HELD}
RETURNING deliveries.id
"""  # noqa: S608 - our own words
_GIVE_BACK = f"""
UPDATE deliveries SET state = 'pending', outcome = given.said, not_before = given.retry_at,
       batch_id = NULL
  FROM {{given}} AS given WHERE deliveries.id = given.id AND {_HELD}
"""  # noqa: S608 - our own words
_DOUBT = f"""
UPDATE deliveries SET state = 'in_doubt', outcome = given.said, settled_at = :now
  FROM {{given}} AS given
 WHERE deliveries.id = given.id
   AND {unguessed("deliveries.batch_id = :batch AND deliveries.state = 'sending'")}
"""  # noqa: S608 - our own words
_NOTE_REQUEST = text("UPDATE batches SET request_id = :request WHERE id = :batch")
_LONGEST_OUTCOME, _LONGEST_ID = 300, 120  # the columns' widths


class Settling:
    """The statements of settling in one dialect."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._locking = Locking(dialect)

        def over(statement: str, **columns: str) -> TextClause:
            given = bulk.rows_sql(dialect, {"id": "bigint", **columns})
            return text(statement.format(given=given))

        self._at_once = dialect == "postgresql"
        accept = _ACCEPT_AND_RECORD if self._at_once else ACCEPT
        self._accept = over(accept, provider_id="text")
        self._accept_late = over(ACCEPT_LATE, provider_id="text")
        self._record = over(RECORD_SENT, provider_id="text")
        self._reject = over(_REJECT, said="text")
        self._give_back = over(_GIVE_BACK, said="text", retry_at="bigint")
        self._doubt = over(_DOUBT, said="text")

    def settle(
        self,
        connection: Connection,
        batch: Batch,
        outcomes: Mapping[int, Outcome],
        *,
        now: datetime,
        request_id: str | None,
    ) -> None:
        """See services.ports.Outbox.settle."""
        rejected = _of(outcomes, Rejected)
        if any(r.opted_out for r in rejected.values()):
            bar_intents(connection)
        self._locking.hold_batch(connection, batch.id)
        self._locking.hold_deliveries(connection, outcomes.keys())
        moment = {"batch": batch.id, "now": to_ms(now)}
        self._write_accepted(connection, _accepted(_of(outcomes, Accepted)), moment)
        self._write_rejected(connection, batch, rejected, now)
        self._write_returned(connection, outcomes, moment)
        unsent = {i for i, o in outcomes.items() if isinstance(o, NotSent | Rejected | Refused)}
        contacts.take_back(connection, [i for i in batch.items if i.delivery_id in unsent])
        doubts = [(i, _said(o)) for i, o in _of(outcomes, Unknown).items()]
        self._run(connection, self._doubt, doubts, moment)
        if request_id is not None:
            cut = request_id[:_LONGEST_ID]
            connection.execute(_NOTE_REQUEST, {"batch": batch.id, "request": cut})
        self._locking.close_batch(connection, batch.id)

    def accept(
        self, connection: Connection, found: Mapping[int, str | None], *, now: datetime
    ) -> None:
        """Evidence from anywhere that these were sent (delivery id → the provider's id for the
        message): unfenced, it always wins, and each has its `sent` interaction."""
        self._locking.by_index(connection)
        self._locking.hold_deliveries(connection, found.keys())
        accepted = _accepted({i: Accepted(provider_id) for i, provider_id in found.items()})
        moment = {"now": to_ms(now)}
        moved = self._run(connection, self._accept_late, accepted, moment)
        self._run(connection, self._record, accepted, moment)
        contacts.count_again(connection, moved, now)
        reached_after_all(connection, found, now=now)

    def _write_accepted(
        self, connection: Connection, rows: Sequence[tuple[int, str | None]], moment: dict[str, int]
    ) -> None:
        """Where one statement does both, and recorded fewer than it was given, some were accepted
        before (or are for nobody): these are looked at by the plain one."""
        if not rows:
            return
        result = self._execute(connection, self._accept, rows, moment)
        if not self._at_once or result.rowcount < len(rows):
            self._run(connection, self._record, rows, moment)

    def _write_rejected(
        self,
        connection: Connection,
        batch: Batch,
        rejected: Mapping[int, Rejected],
        now: datetime,
    ) -> None:
        rows = [(i, _said(o)) for i, o in rejected.items()]
        moment = {"batch": batch.id, "now": to_ms(now)}
        moved = set(self._run(connection, self._reject, rows, moment))
        held = [i for i in batch.items if i.delivery_id in moved]
        invalid = [i for i in held if rejected[i.delivery_id].invalid_address]
        mark_invalid(connection, batch.channel, invalid, now)
        for item in held:
            if rejected[item.delivery_id].opted_out:
                said = rejected[item.delivery_id].code
                record_opt_out(connection, batch, item, said, now)

    def _write_returned(
        self, connection: Connection, outcomes: Mapping[int, Outcome], moment: dict[str, int]
    ) -> None:
        """What surely did not leave goes back to pending; a refusal is tried again once mended."""
        later = [(i, _said(o), to_ms(o.retry_at)) for i, o in _of(outcomes, NotSent).items()]
        mended = [(i, _said(o), moment["now"]) for i, o in _of(outcomes, Refused).items()]
        self._run(connection, self._give_back, later + mended, moment)

    def _run(
        self,
        connection: Connection,
        statement: TextClause,
        rows: Sequence[Sequence[object]],
        moment: dict[str, int],
    ) -> list[int]:
        if not rows:
            return []
        result = self._execute(connection, statement, rows, moment)
        return list(result.scalars()) if result.returns_rows else []

    def _execute(
        self,
        connection: Connection,
        statement: TextClause,
        rows: Sequence[Sequence[object]],
        moment: dict[str, int],
    ) -> CursorResult[Any]:
        used = {name: moment[name] for name in moment if f":{name}" in statement.text}
        return connection.execute(statement, {**used, **bulk.rows_parameters(self._dialect, rows)})


def _of(outcomes: Mapping[int, Outcome], kind: type[_T]) -> dict[int, _T]:
    return {i: o for i, o in outcomes.items() if isinstance(o, kind)}


def _accepted(outcomes: Mapping[int, Accepted]) -> list[tuple[int, str | None]]:
    """In the order of their ids, in which all that moves deliveries locks them."""
    return [
        (i, None if o.provider_id is None else o.provider_id[:_LONGEST_ID])
        for i, o in sorted(outcomes.items())
    ]


def _said(outcome: Rejected | NotSent | Unknown | Refused) -> str:
    return f"{outcome.code}: {outcome.reason}"[:_LONGEST_OUTCOME]
