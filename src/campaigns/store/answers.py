"""The outbox of answers: written before they leave, never sent twice, never lost.

The same protocol as deliveries have (docs/delivery.md), one at a time: `pending`, then `sending`
in a committed transaction that checks again whether it may leave, then what the provider said.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, select, update

from campaigns.domain.answer import Answer, AnswerKind, Because, Draft, Intent, Reach, refusal
from campaigns.domain.audit import Action, AuditEntry
from campaigns.domain.channel import Channel
from campaigns.domain.delivery import Accepted, DeliveryState, NotSent, Outcome, Refused, Rejected
from campaigns.domain.interaction import InteractionKind
from campaigns.domain.provider_event import ProviderEvent
from campaigns.store import audit
from campaigns.store.answer_moves import AnswerRow, Words, accept, begin, change, end, hold
from campaigns.store.bulk import upsert
from campaigns.store.clock import from_ms, from_ms_or_none, to_ms
from campaigns.store.engine import Database, hold_intent
from campaigns.store.inbox import put, subject_of, take
from campaigns.store.reaching import read_reach, with_own
from campaigns.store.schema import answers, customers

_S = DeliveryState


class SqlAnswers:
    """Implements services.answer.Answers."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def write(
        self, draft: Draft, customer_id: int, channel: Channel, *, now: datetime
    ) -> int | None:
        """Keep a person's answer for sending; the reply waits no longer. None: this form has been
        sent already."""
        values = {
            "key": f"answer:{draft.key}"[:100],
            "customer_id": customer_id,
            "inbox_id": draft.inbox_id,
            "channel": str(channel),
            "kind": str(AnswerKind.ANSWER),
            "subject": draft.subject,
            "text": draft.text,
            "campaign": draft.campaign,
            "by": draft.by,
            "state": str(_S.PENDING),
            "created_at": to_ms(now),
            "not_before": 0,
        }
        with self._database.write() as connection:
            statement = upsert(connection, answers).values(values).on_conflict_do_nothing()
            found = connection.execute(statement.returning(answers.c.id)).scalar_one_or_none()
            if found is None:
                return None
            take(connection, draft.inbox_id, by=draft.by, now=now)
            data = {"answer": found, "channel": str(channel)}
            subject = subject_of(customer_id)
            audit.append(connection, AuditEntry(now, draft.by, Action.ANSWERED, subject, "", data))
            return int(found)

    def reach(self, customer_id: int, channel: Channel) -> Reach:
        """What is known of a customer on one channel."""
        with self._database.read() as connection:
            return read_reach(connection, customer_id, str(channel))

    def due(self, *, now: datetime, most: int = 500) -> list[int]:
        """Answers that wait to be sent, oldest first."""
        a = answers.c
        query = (
            select(a.id)
            .where(a.state == str(_S.PENDING), a.not_before <= to_ms(now))
            .order_by(a.id)
            .limit(most)
        )
        with self._database.read() as connection:
            return list(connection.execute(query).scalars())

    def intend(
        self, answer_id: int, words: Words, *, now: datetime
    ) -> Intent | DeliveryState | None:
        """`sending`, on disk before the first byte leaves: or the state it ended in because it
        must not leave (any more). None: somebody else has it, or it is done."""
        with self._database.write() as connection:
            hold_intent(connection)  # no opt-out commits between this look and the message
            query = select(answers, customers.c.locale).outerjoin(
                customers, customers.c.id == answers.c.customer_id
            )
            query = query.where(answers.c.id == answer_id).with_for_update(of=answers)
            row = connection.execute(query).one_or_none()
            if row is None or row.state != _S.PENDING or row.not_before > to_ms(now):
                return None
            if row.not_after is not None and row.not_after < to_ms(now):
                return end(connection, row, _S.EXPIRED, "too late to be of use", now)
            reach = read_reach(connection, row.customer_id, row.channel)
            reach = with_own(reach, row)
            channel, kind = Channel(row.channel), AnswerKind(row.kind)
            if said := refusal(kind, channel, reach, now):
                return end(connection, row, _S.SUPPRESSED, said, now)
            return begin(connection, row, reach, words, now)

    def settle(self, intent: Intent, outcome: Outcome, *, now: datetime) -> DeliveryState:
        """Write what the provider said. That it has the answer always wins; all else counts only
        from the attempt that holds it."""
        with self._database.write() as connection:
            row = hold(connection, intent.answer_id)
            assert row is not None
            if isinstance(outcome, Accepted):
                return accept(connection, row, outcome.provider_id, now)
            if row.state != _S.SENDING or row.attempts != intent.attempt:
                return DeliveryState(row.state)
            if isinstance(outcome, NotSent):
                values = {"state": str(_S.PENDING), "not_before": to_ms(outcome.retry_at)}
                change(connection, row.id, values | {"outcome": _said(outcome)})
                return _S.PENDING
            if isinstance(outcome, Rejected | Refused):
                return end(connection, row, _S.REJECTED, _said(outcome), now)
            return end(connection, row, _S.IN_DOUBT, _said(outcome), now)

    def sweep(self, *, now: datetime) -> int:
        """Answers whose sender died with them may have left: in doubt, and a person decides."""
        query = select(answers).where(
            answers.c.state == str(_S.SENDING), answers.c.lease_until < to_ms(now)
        )
        with self._database.write() as connection:
            rows = connection.execute(query.with_for_update()).all()
            for row in rows:
                end(connection, row, _S.IN_DOUBT, "the sender died while it was sending", now)
            return len(rows)

    def of(self, customer_id: int) -> list[Answer]:
        """All answers to one customer, oldest first."""
        return self._read(answers.c.customer_id == customer_id)

    def get(self, answer_id: int) -> Answer | None:
        """One of them."""
        found = self._read(answers.c.id == answer_id)
        return found[0] if found else None

    def _read(self, which: ColumnElement[bool]) -> list[Answer]:
        query = select(answers).where(which).order_by(answers.c.id)
        with self._database.read() as connection:
            return [_answer(row) for row in connection.execute(query)]


def prove(connection: Connection, events: Sequence[ProviderEvent], now: datetime) -> int:
    """What providers tell of answers: any event is proof that it left; that it failed brings it
    back to the inbox. Returns how many are ours."""
    known = 0
    for event in sorted(events, key=lambda e: e.delivery_id or 0):
        row = hold(connection, -(event.delivery_id or 0))
        if row is None:
            continue
        known += 1
        accept(connection, row, event.provider_id, now)
        if event.kind in (InteractionKind.BOUNCED, InteractionKind.FAILED):
            _failed_after_all(connection, row, str(event.data.get("reason", event.kind)), now)
    return known


def _failed_after_all(connection: Connection, row: AnswerRow, why: str, now: datetime) -> None:
    changed = connection.execute(
        update(answers)
        .where(answers.c.id == row.id, answers.c.outcome.is_(None))
        .values(outcome=why[:300])
    ).rowcount
    if changed and row.kind == AnswerKind.ANSWER:
        put(connection, row.customer_id, Channel(row.channel), Because.FAILED, to_ms(now))


def _said(outcome: Outcome) -> str:
    assert not isinstance(outcome, Accepted)
    return f"{outcome.code}: {outcome.reason}"[:300]


def _answer(row: AnswerRow) -> Answer:
    return Answer(
        answer_id=row.id,
        customer_id=row.customer_id,
        inbox_id=row.inbox_id,
        channel=Channel(row.channel),
        kind=AnswerKind(row.kind),
        text=row.text,
        campaign=row.campaign,
        by=row.by,
        state=DeliveryState(row.state),
        created_at=from_ms(row.created_at),
        settled_at=from_ms_or_none(row.settled_at),
        outcome=row.outcome,
    )
