"""Intent: the last check and `sending`, in one statement, on disk before the first byte leaves.

The statement gives every delivery a verdict from what the database knows at that moment and moves
it accordingly, so that nothing can slip in between the check and the move.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import orjson
from sqlalchemy import Connection, TextClause, text

from campaigns.domain.batch import Batch, Claimed, Written
from campaigns.domain.consent import Purpose
from campaigns.domain.delivery import DeliveryState
from campaigns.domain.permit import Permit
from campaigns.domain.pressure import WEEK, Cap
from campaigns.store import bulk, contacts
from campaigns.store.bulk import Dialect
from campaigns.store.clock import to_ms
from campaigns.store.engine import hold_intent
from campaigns.store.locking import Locking, unguessed
from campaigns.store.schema import messages

#: The outcome of what waits for its hour, in the plan and after.
QUIET = "quiet hours at the recipient"
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
    "changed": (_PENDING, "preferences changed while this was being written"),
    "no_hour": (_SUPPRESSED, "quiet hours leave no hour of the day for this customer"),
    "over": (DeliveryState.EXPIRED, "the offer ends before this can be sent"),
    "quiet": (_PENDING, QUIET),
    "paused": (_SUPPRESSED, "the customer asked for a pause after planning"),
    "capped": (_SUPPRESSED, "the customer has had enough messages lately"),
}

#: What is said of messages that a cap or the customer's pause kept back: nothing against the
#: message, and over when time has passed. They are planned again.
KEPT_BACK = tuple(str(VERDICTS[verdict][1]) for verdict in ("capped", "paused"))

# Consent is domain.consent.permits in SQL: the newest entry of the topic and of all topics
# decides, of two at the same moment the no. A yes that does not exist counts as older than any
# time, and for service messages as just newer than a no that does not exist.
#
# (CASE where IN would do: SQLite would build the list of the two anew for each delivery.)
#
# The batch and its run come first, so that they are read once and not for each delivery. A delivery
# is looked up by id: statistics know nothing of a batch made a moment ago, and PostgreSQL, which
# would expect one row of it, would compare all with all.
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
         AND t.purpose = r.purpose
         AND CASE t.topic WHEN r.topic THEN true WHEN '*' THEN true ELSE false END) THEN 'opted_out'
    WHEN a.address <> given.address THEN 'moved'
    WHEN given.preferences_at <> COALESCE(p.updated_at, 0) THEN 'changed'
    WHEN given.hours IS NOT NULL THEN given.hours
    WHEN r.purpose = 'marketing' AND p.paused_until > :now THEN 'paused'
    WHEN r.purpose = 'marketing' AND ({capped}) THEN 'capped'
    ELSE 'send' END AS verdict, given.opens_at AS opens_at
  FROM batches b
  JOIN runs r ON r.id = b.run_id
  JOIN {given} AS given ON true
  JOIN deliveries d ON d.id = given.id
  LEFT JOIN addresses a ON a.customer_id = d.customer_id AND a.channel = d.channel
  LEFT JOIN suppressions s ON s.address_key = a.address_key
  LEFT JOIN preferences p ON p.customer_id = d.customer_id
 WHERE {claimed} AND b.id = :batch
"""
# MATERIALIZED, or SQLite works the verdict out again for each column that depends on it.
_INTEND = """
WITH v AS MATERIALIZED ({verdict})
UPDATE deliveries SET
    state = {state},
    outcome = {outcome},
    attempts = attempts + CASE v.verdict WHEN 'send' THEN 1 ELSE 0 END,
    not_before = CASE v.verdict WHEN 'quiet' THEN v.opens_at ELSE not_before END,
    batch_id = CASE WHEN v.verdict IN ({given_back}) THEN NULL ELSE batch_id END,
    settled_at = CASE WHEN v.verdict IN ('send', {given_back}) THEN settled_at ELSE :now END
  FROM v
 WHERE deliveries.id = v.id AND {still_claimed}
RETURNING deliveries.id, deliveries.state
"""
_GIVEN = {
    "id": "bigint",
    "address": "text",
    "preferences_at": "bigint",
    "hours": "text",
    "opens_at": "bigint",
}
_PURPOSE = text("SELECT purpose FROM runs WHERE id = :run")
_REPLACE = (
    "ON CONFLICT (delivery_id) DO UPDATE SET "
    "address = excluded.address, slot_values = excluded.slot_values, hash = excluded.hash"
)


class Intending:
    """The statements of an intent in one dialect."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._locking = Locking(dialect)
        self._statements: dict[tuple[Cap, ...], TextClause] = {}
        self._purposes: dict[int, str] = {}

    def intend(
        self,
        connection: Connection,
        batch: Batch,
        written: Sequence[Written],
        *,
        now: datetime,
        margin: timedelta,
        caps: Sequence[Cap] = (),
    ) -> set[int]:
        """See services.ports.Outbox.intend. A retry's message replaces the one before."""
        if not written:
            return set()
        hold_intent(connection)
        counted = self._counted(connection, batch)
        self._locking.hold_customers(connection, [i.customer_id for i in counted])
        self._locking.hold_batch(connection, batch.id)
        granted = self._decide(connection, batch, written, now=now, margin=margin, caps=caps)
        contacts.add(connection, [i for i in counted if i.delivery_id in granted], now)
        self._keep_messages(connection, written, granted)
        if len(granted) < len(batch.items):
            self._locking.close_batch(connection, batch.id)
        return granted

    def _counted(self, connection: Connection, batch: Batch) -> list[Claimed]:
        """Whose messages caps count. A run's purpose is copied into it and never changes."""
        purpose = self._purposes.get(batch.run_id)
        if purpose is None:
            purpose = connection.execute(_PURPOSE, {"run": batch.run_id}).scalar_one()
            self._purposes[batch.run_id] = purpose
        return [i for i in batch.items if i.customer_id] if purpose == Purpose.MARKETING else []

    def _decide(
        self,
        connection: Connection,
        batch: Batch,
        written: Sequence[Written],
        *,
        now: datetime,
        margin: timedelta,
        caps: Sequence[Cap],
    ) -> set[int]:
        """The statement itself. Returns the deliveries that may go."""
        counting = tuple(c for c in caps if c.channel in (None, batch.channel))
        statement = self._statements.get(counting)
        if statement is None:
            statement = self._statements[counting] = _statement(self._dialect, counting)
        moment = {
            "batch": batch.id,
            "now": to_ms(now),
            "until": to_ms(now + margin),
            "week": to_ms(now - WEEK),
            **contacts.cap_parameters(counting, now),
        }
        rows = _rows(batch, written, now, now + margin)
        given = bulk.rows_parameters(self._dialect, rows)
        moved = bulk.tuples(connection.execute(statement, {**moment, **given}))
        sending = str(DeliveryState.SENDING)
        return {delivery_id for delivery_id, state in moved if state == sending}

    def _keep_messages(
        self, connection: Connection, written: Sequence[Written], granted: set[int]
    ) -> None:
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


def _statement(dialect: Dialect, caps: Sequence[Cap]) -> TextClause:
    back = [v for v, (state, _) in VERDICTS.items() if state is _PENDING]
    verdict = _VERDICT.format(
        given=bulk.rows_sql(dialect, _GIVEN),
        capped=contacts.capped_sql(caps),
        claimed=unguessed("d.batch_id = :batch AND d.state = 'claimed'"),
    )
    return text(
        _INTEND.format(
            state=_case({v: state for v, (state, _) in VERDICTS.items()}),
            outcome=_case({v: said for v, (_, said) in VERDICTS.items()}),
            given_back=", ".join(f"'{v}'" for v in back),
            verdict=verdict,
            still_claimed=unguessed(
                "deliveries.batch_id = :batch AND deliveries.state = 'claimed'"
            ),
        )
    )


def _rows(
    batch: Batch, written: Sequence[Written], now: datetime, until: datetime
) -> list[tuple[object, ...]]:
    """What the statement compares, as `_GIVEN` names it. Most messages of a batch share one permit:
    each is judged once."""
    preferences = {
        i.delivery_id: to_ms(i.preferences_at) for i in batch.items if i.preferences_at is not None
    }
    permits = {id(w.permit): w.permit for w in written}
    judged = {key: _judged(permit, now, until) for key, permit in permits.items()}
    return [
        (w.delivery_id, w.address, preferences.get(w.delivery_id, 0), *judged[id(w.permit)])
        for w in written
    ]


def _judged(permit: Permit, now: datetime, until: datetime) -> tuple[str | None, int | None]:
    """`hours` and `opens_at`."""
    objection = permit.objection(now, until)
    if objection != "quiet" or permit.window is None:
        return objection, None
    return objection, to_ms(permit.window.opens_at)


def _case(by_verdict: dict[str, DeliveryState] | dict[str, str | None]) -> str:
    """CASE over the verdicts; the words are this module's own."""
    arms = " ".join(
        f"WHEN '{verdict}' THEN " + ("NULL" if word is None else f"'{word}'")
        for verdict, word in by_verdict.items()
    )
    return f"CASE v.verdict {arms} END"
