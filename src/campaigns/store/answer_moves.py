"""What becomes of one answer, inside a transaction of the caller's, who holds its row."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeAlias

import orjson
from sqlalchemy import Connection, Row, select, update

from campaigns.domain.answer import LEASE, AnswerKind, Because, Intent, Reach, thread_of
from campaigns.domain.channel import Channel
from campaigns.domain.delivery import DeliveryState
from campaigns.domain.interaction import InteractionKind
from campaigns.store import interactions
from campaigns.store.clock import to_ms
from campaigns.store.inbox import newest_said, put
from campaigns.store.interactions import EventRow
from campaigns.store.schema import answers

_S = DeliveryState
#: Words of an automatic answer: its kind and the customer's language → what to say.
Words: TypeAlias = Callable[[AnswerKind, str], str]
AnswerRow: TypeAlias = Row[Any]


def hold(connection: Connection, answer_id: int) -> AnswerRow | None:
    """The answer's row, locked until the transaction ends."""
    query = select(answers).where(answers.c.id == answer_id).with_for_update()
    return connection.execute(query).one_or_none()


def begin(
    connection: Connection, row: AnswerRow, reach: Reach, words: Words, now: datetime
) -> Intent:
    """`sending`, with the words and the thread that it leaves in."""
    assert reach.address is not None
    said = row.text if row.text is not None else words(AnswerKind(row.kind), row.locale or "")
    subject = row.subject
    headers: dict[str, str] = {}
    if row.channel == Channel.EMAIL:
        asked = newest_said(connection, row.customer_id, Channel.EMAIL, row.created_at)
        thread, headers = thread_of(asked)
        subject = subject or thread
    values = {
        "state": str(_S.SENDING),
        "text": said,
        "subject": subject,
        "attempts": row.attempts + 1,
        "lease_until": to_ms(now + LEASE),
    }
    change(connection, row.id, values)
    return Intent(
        answer_id=row.id,
        attempt=row.attempts + 1,
        channel=Channel(row.channel),
        address=reach.address,
        text=said,
        subject=subject,
        last_inbound_at=reach.last_inbound_at,
        headers=headers,
    )


def accept(
    connection: Connection, row: AnswerRow, provider_id: str | None, now: datetime
) -> DeliveryState:
    """The provider has it: it is on the profile once, however often that is told."""
    if row.state == _S.ACCEPTED:
        return _S.ACCEPTED
    values: dict[str, object] = {
        "state": str(_S.ACCEPTED),
        "outcome": None,
        "settled_at": to_ms(now),
        "provider_id": provider_id[:120] if provider_id else row.provider_id,
    }
    change(connection, row.id, values)
    data = {"text": row.text, "campaign": row.campaign, "subject": row.subject}
    if row.kind != AnswerKind.ANSWER:
        data["automatic"] = row.kind
    kept = {name: value for name, value in data.items() if value is not None}
    event = EventRow(
        row.customer_id,
        to_ms(now),
        str(InteractionKind.ANSWERED),
        row.channel,
        None,
        f"answer:{row.id}",
        orjson.dumps(kept).decode(),
    )
    interactions.record(connection, [event])
    return _S.ACCEPTED


def end(
    connection: Connection, row: AnswerRow, state: DeliveryState, said: str, now: datetime
) -> DeliveryState:
    """It did not leave, or may have: a person's answer brings its reply back to the inbox."""
    change(
        connection,
        row.id,
        {"state": str(state), "outcome": said[:300], "settled_at": to_ms(now)},
    )
    if row.kind == AnswerKind.ANSWER:
        because = Because.IN_DOUBT if state is _S.IN_DOUBT else Because.FAILED
        put(connection, row.customer_id, Channel(row.channel), because, to_ms(now))
    return state


def change(connection: Connection, answer_id: int, values: dict[str, object]) -> None:
    """Nothing but the row's values."""
    connection.execute(update(answers).where(answers.c.id == answer_id).values(values))
