"""Intent: the last check and `sending`, in one statement, on disk before the first byte leaves.

The statement gives every delivery a verdict from what the database knows at that moment and moves
it accordingly, so that nothing can slip in between the check and the move.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import orjson
from sqlalchemy import Connection, text

from campaigns.domain.batch import Batch, Written
from campaigns.domain.delivery import DeliveryState
from campaigns.store import bulk
from campaigns.store.bulk import Dialect
from campaigns.store.clock import to_ms
from campaigns.store.engine import hold_intent
from campaigns.store.locking import Locking
from campaigns.store.schema import messages

_PENDING, _SUPPRESSED = DeliveryState.PENDING, DeliveryState.SUPPRESSED

#: Verdict → the state it leads to, and the outcome that people read.
VERDICTS: dict[str, tuple[DeliveryState, str | None]] = {
    "send": (DeliveryState.SENDING, None),
    "cancelled": (DeliveryState.CANCELLED, "the run was cancelled or stopped"),
    "expired": (DeliveryState.EXPIRED, "the offer ended before this was sent"),
    "held": (_PENDING, "the run was not running"),
    "late": (_PENDING, "the lease of the claim was about to end"),
    "moved": (_PENDING, "the address changed while this was being written"),
    "no_address": (_SUPPRESSED, "no active address any more"),
    "suppressed": (_SUPPRESSED, "the address was suppressed after planning"),
    "opted_out": (_SUPPRESSED, "no consent any more: opted out after planning"),
}

# Consent is domain.consent.permits in SQL: the newest entry of the topic and of all topics
# decides, of two at the same moment the no. A yes that does not exist counts as older than any
# time, and for service messages as just newer than a no that does not exist.
#
# `batch_id + 0` keeps the index on batch_id out of it: PostgreSQL, whose statistics know nothing of
# a batch made a moment ago, would expect one row there and compare all with all. By id it is quick.
_VERDICT = """
SELECT given.id AS id, CASE
    WHEN r.state IN ('cancelled', 'stopped') THEN 'cancelled'
    WHEN r.expires_at <= :now THEN 'expired'
    WHEN r.state <> 'running' THEN 'held'
    WHEN b.lease_until <= :until THEN 'late'
    WHEN d.customer_id = 0 THEN 'send'
    WHEN a.address IS NULL OR a.status <> 'active' THEN 'no_address'
    WHEN s.purpose = 'all' OR s.purpose = r.purpose THEN 'suppressed'
    WHEN NOT (
      SELECT COALESCE(MAX(CASE WHEN t.granted THEN t.at END),
                      CASE r.purpose WHEN 'service' THEN -8999999999999999999
                                     ELSE -9000000000000000000 END)
           > COALESCE(MAX(CASE WHEN NOT t.granted THEN t.at END), -9000000000000000000)
        FROM standings t
       WHERE t.customer_id = d.customer_id AND t.channel = d.channel
         AND t.purpose = r.purpose AND t.topic IN (r.topic, '*')) THEN 'opted_out'
    WHEN a.address <> given.address THEN 'moved'
    ELSE 'send' END AS verdict
  FROM {given} AS given
  JOIN deliveries d ON d.id = given.id
  JOIN batches b ON b.id = d.batch_id
  JOIN runs r ON r.id = d.run_id
  LEFT JOIN addresses a ON a.customer_id = d.customer_id AND a.channel = d.channel
  LEFT JOIN suppressions s ON s.address_key = a.address_key
 WHERE d.batch_id + 0 = :batch AND d.state = 'claimed'
"""
# MATERIALIZED, or SQLite works the verdict out again for each column that depends on it.
_INTEND = """
WITH v AS MATERIALIZED ({verdict})
UPDATE deliveries SET
    state = {state},
    outcome = {outcome},
    attempts = attempts + CASE v.verdict WHEN 'send' THEN 1 ELSE 0 END,
    batch_id = CASE WHEN v.verdict IN ('held', 'late', 'moved') THEN NULL ELSE batch_id END,
    settled_at = CASE WHEN v.verdict IN ('send', 'held', 'late', 'moved')
                      THEN settled_at ELSE :now END
  FROM v
 WHERE deliveries.id = v.id AND deliveries.batch_id + 0 = :batch
   AND deliveries.state = 'claimed'
RETURNING deliveries.id, deliveries.state
"""
_REPLACE = (
    "ON CONFLICT (delivery_id) DO UPDATE SET "
    "address = excluded.address, slot_values = excluded.slot_values, hash = excluded.hash"
)


class Intending:
    """The statements of an intent in one dialect."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._locking = Locking(dialect)
        given = bulk.rows_sql(dialect, {"id": "bigint", "address": "text"})
        self._intend = text(
            _INTEND.format(
                state=_case({v: state for v, (state, _) in VERDICTS.items()}),
                outcome=_case({v: said for v, (_, said) in VERDICTS.items()}),
                verdict=_VERDICT.format(given=given),
            )
        )

    def intend(
        self,
        connection: Connection,
        batch: Batch,
        written: Sequence[Written],
        *,
        now: datetime,
        margin: timedelta,
    ) -> set[int]:
        """See services.ports.Outbox.intend. A retry's message replaces the one before."""
        if not written:
            return set()
        hold_intent(connection)
        self._locking.hold_batch(connection, batch.id)
        rows = [(w.delivery_id, w.address) for w in written]
        moment = {"batch": batch.id, "now": to_ms(now), "until": to_ms(now + margin)}
        given = bulk.rows_parameters(self._dialect, rows)
        moved = connection.execute(self._intend, {**moment, **given}).fetchall()
        granted = {delivery_id for delivery_id, state in moved if state == DeliveryState.SENDING}
        bulk.insert(
            connection,
            messages,
            ("delivery_id", "address", "slot_values", "hash"),
            [
                (w.delivery_id, w.address, orjson.dumps(w.values).decode(), w.hash)
                for w in written
                if w.delivery_id in granted
            ],
            on_conflict=_REPLACE,
        )
        if len(granted) < len(batch.items):
            self._locking.close_batch(connection, batch.id)
        return granted


def _case(by_verdict: dict[str, DeliveryState] | dict[str, str | None]) -> str:
    """CASE over the verdicts; the words are this module's own."""
    arms = " ".join(
        f"WHEN '{verdict}' THEN " + ("NULL" if word is None else f"'{word}'")
        for verdict, word in by_verdict.items()
    )
    return f"CASE v.verdict {arms} END"
