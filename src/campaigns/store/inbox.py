"""The inbox: replies that a person has to see, and the answers that follow by themselves."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, Select, case, func, or_, select, text, update

from campaigns.domain.answer import (
    SOON,
    AnswerKind,
    Because,
    InboxLine,
    InboxState,
    Said,
)
from campaigns.domain.audit import Action, AuditEntry
from campaigns.domain.channel import Channel
from campaigns.domain.interaction import Agent, InteractionKind
from campaigns.errors import NotFoundError
from campaigns.store import audit, bulk, schema, strangers, taking_back
from campaigns.store.clock import from_ms, to_ms
from campaigns.store.engine import Database, bar_intents
from campaigns.store.event_matching import Match
from campaigns.store.schema import answers, customers, inbox, interactions

#: HELP is answered so often and no more: two programs must not talk to each other for ever.
_HELP_AGAIN = timedelta(hours=1)
#: What a reply asks for → why a person has to look, where it has been suppressed already.
_BECAUSE = {"unclear": Because.UNCLEAR, "erasure": Because.ERASURE}
#: Characters of a reply that a list shows.
_SHOWN = 200


def note_replies(connection: Connection, fresh: Sequence[Match], now: int) -> None:
    """What follows from replies that are new: a person sees them, or an answer is due."""
    for match in fresh:
        if "text" not in match.event.data or match.event.agent is Agent.MACHINE:
            continue
        who = match.customer_id or strangers.number_of(connection, match)
        if not who:
            continue
        wish = match.event.data.get("wish")
        if match.event.kind is InteractionKind.REPLIED and wish != "help":
            because = _BECAUSE.get(str(wish), Because.REPLY)
            put(connection, who, match.event.channel, because, to_ms(match.event.at))
        _answer_by_itself(connection, match, who, now)


def put(
    connection: Connection, customer_id: int, channel: Channel, because: Because, at: int
) -> None:
    """Have a person see it; joins what waits already. What may be an opt-out stays marked so."""
    statement = bulk.upsert(connection, inbox).values(
        customer_id=customer_id,
        channel=str(channel),
        state=str(InboxState.WAITING),
        because=str(because),
        opened_at=at,
        last_at=at,
    )
    later = func.max if bulk.dialect_of(connection) == "sqlite" else func.greatest
    changed: dict[str, object] = {"last_at": later(inbox.c.last_at, at)}
    if because is not Because.REPLY:
        erased = inbox.c.because == str(Because.ERASURE)  # what has to be done stays to be done
        changed["because"] = case((erased, inbox.c.because), else_=str(because))
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["customer_id", "channel"],
            index_where=text("state = 'waiting'"),
            set_=changed,
        )
    )


def _answer_by_itself(connection: Connection, match: Match, customer_id: int, now: int) -> None:
    """HELP gets help; an opt-out, certain or not, its one confirmation."""
    event = match.event
    kind = _automatic(match)
    if kind is None or event.data.get("answered"):
        return
    if now - to_ms(event.at) > SOON / timedelta(milliseconds=1):
        return  # told late: too late to confirm
    if _has_had(connection, kind, customer_id, event.channel, now):
        return
    values = {
        "key": f"{event.key}:{kind}",
        "customer_id": customer_id,
        "channel": str(event.channel),
        "kind": str(kind),
        "by": "campaigns",
        "state": "pending",
        "created_at": to_ms(event.at),
        "not_before": 0,
        "not_after": to_ms(event.at + SOON),
    }
    connection.execute(bulk.upsert(connection, answers).values(values).on_conflict_do_nothing())


def _automatic(match: Match) -> AnswerKind | None:
    kind, wish = match.event.kind, match.event.data.get("wish")
    if kind is InteractionKind.UNSUBSCRIBED or wish in _BECAUSE:
        return AnswerKind.CONFIRMATION
    return AnswerKind.HELP if wish == "help" else None


def _has_had(
    connection: Connection, kind: AnswerKind, customer_id: int, channel: Channel, now: int
) -> bool:
    """Whether this was said already: the confirmation, since the last opt-in; help, just now."""
    a, i = answers.c, interactions.c
    since = now - _HELP_AGAIN // timedelta(milliseconds=1)
    if kind is AnswerKind.CONFIRMATION:
        opted_in = select(func.max(i.at)).where(
            i.customer_id == customer_id, i.kind == str(InteractionKind.RESUBSCRIBED)
        )
        since = connection.execute(opted_in).scalar() or 0
    kin = [str(c) for c in Channel if c.address_kind is channel.address_kind]
    said = select(a.id).where(
        a.customer_id == customer_id,
        a.kind == str(kind),
        a.channel.in_(kin),
        a.created_at > since,
    )
    return connection.execute(said.limit(1)).first() is not None


class SqlInbox:
    """What customers wrote, and what became of it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def lines(self, state: InboxState | None = None, *, most: int = 200) -> list[InboxLine]:
        """What waits, the longest first and strangers after customers, since anybody may write as
        often as they like; or what was answered or closed, the newest first."""
        waiting = (state or InboxState.WAITING) is InboxState.WAITING
        order = inbox.c.last_at.asc() if waiting else inbox.c.last_at.desc()
        wanted = str(state or InboxState.WAITING)
        query = (
            _QUERY.where(inbox.c.state == wanted)
            .order_by(inbox.c.customer_id < 0, order, inbox.c.id)
            .limit(most)
        )
        with self._database.read() as connection:
            return [_line(connection, row) for row in connection.execute(query)]

    def line(self, inbox_id: int) -> InboxLine:
        """One of them. Raises NotFoundError."""
        with self._database.read() as connection:
            row = connection.execute(_QUERY.where(inbox.c.id == inbox_id)).one_or_none()
            if row is None:
                told = f"there is nothing numbered {inbox_id} in the inbox"
                raise NotFoundError(f"{told}; `campaigns inbox list` shows what waits.")
            return _line(connection, row)

    def waiting(self) -> int:
        """How many wait."""
        query = select(func.count()).select_from(inbox).where(inbox.c.state == "waiting")
        with self._database.read() as connection:
            return int(connection.execute(query).scalar_one())

    def talk(self, line: InboxLine) -> list[Said]:
        """What a stranger wrote and was answered, the newest first; of a customer see history."""
        with self._database.read() as connection:
            return strangers.talk(connection, line.customer_id)

    def close(self, inbox_id: int, *, by: str, why: str, now: datetime) -> bool:
        """Take it off without an answer; False when it waits no longer."""
        statement = (
            update(inbox)
            .where(inbox.c.id == inbox_id, inbox.c.state == "waiting")
            .values(state=str(InboxState.CLOSED), closed_at=to_ms(now), closed_by=by[:80])
            .returning(inbox.c.customer_id)
        )
        with self._database.write() as connection:
            customer_id = connection.execute(statement).scalar_one_or_none()
            if customer_id is None:
                return False
            data = {"inbox": inbox_id}
            entry = AuditEntry(now, by, Action.CLOSED, subject_of(customer_id), why, data)
            audit.append(connection, entry)
            return True

    def take_back(self, line: InboxLine, *, by: str, why: str, now: datetime) -> bool:
        """It was no opt-out: see store.taking_back. A line that waits goes on waiting, as any
        reply does: what was no opt-out may be a question. False when nothing of the opt-out is in
        force any more."""
        with self._database.write() as connection:
            bar_intents(connection)
            if not taking_back.take_back(connection, line, by=by, now=now):
                return False
            waits = update(inbox).where(
                inbox.c.id == line.inbox_id, inbox.c.state == str(InboxState.WAITING)
            )
            connection.execute(waits.values(because=str(Because.REPLY)))
            subject, data = subject_of(line.customer_id), {"inbox": line.inbox_id}
            entry = AuditEntry(now, by, Action.TAKEN_BACK, subject, why, data)
            audit.append(connection, entry)
            return True


_QUERY: Select[Any] = select(
    inbox,
    customers.c.ref,
    customers.c.first_name,
    customers.c.last_name,
    customers.c.locale,
    schema.strangers.c.address,
)
_QUERY = _QUERY.outerjoin(customers, customers.c.id == inbox.c.customer_id)
_QUERY = _QUERY.outerjoin(schema.strangers, schema.strangers.c.id == -inbox.c.customer_id)
_QUERY = _QUERY.where(or_(customers.c.id.is_not(None), schema.strangers.c.id.is_not(None)))


def newest_said(connection: Connection, who: int, channel: Channel, upto: int) -> dict[str, Any]:
    """The data of the last reply of a customer or stranger on a channel: text, subject, ids."""
    if who < 0:
        return strangers.newest(connection, who, channel, upto)
    i = interactions.c
    said = (
        select(i.data)
        .where(
            i.customer_id == who,
            i.channel == str(channel),
            i.kind == str(InteractionKind.REPLIED),
            i.at <= upto,
        )
        .order_by(i.at.desc(), i.id.desc())
        .limit(1)
    )
    return connection.execute(said).scalar_one_or_none() or {}


def _line(connection: Connection, row: Row[Any]) -> InboxLine:
    data = newest_said(connection, row.customer_id, Channel(row.channel), row.last_at)
    return InboxLine(
        inbox_id=row.id,
        customer_id=row.customer_id,
        ref=row.ref or "",
        name=" ".join(p for p in (row.first_name, row.last_name) if p),
        locale=row.locale or "",
        address=row.address,
        channel=Channel(row.channel),
        state=InboxState(row.state),
        because=Because(row.because),
        opened_at=from_ms(row.opened_at),
        last_at=from_ms(row.last_at),
        words=str(data.get("text", ""))[:_SHOWN],
        closed_by=row.closed_by,
    )


def subject_of(who: int) -> str:
    """How the audit trail calls a customer, or a stranger."""
    return f"customer:{who}" if who > 0 else f"stranger:{-who}"


def take(connection: Connection, inbox_id: int, *, by: str, now: datetime) -> None:
    """It has its answer."""
    connection.execute(
        update(inbox)
        .where(inbox.c.id == inbox_id, inbox.c.state == "waiting")
        .values(state=str(InboxState.ANSWERED), closed_at=to_ms(now), closed_by=by)
    )


def yield_to(connection: Connection, giver: int, taker: int, at: int) -> None:
    """Two customers become one: where both wait on a channel, the taker's row waits for both."""
    statement = text(
        "UPDATE inbox SET state = 'closed', closed_at = :at, closed_by = 'campaigns' "
        "WHERE customer_id = :giver AND state = 'waiting' AND channel IN "
        "(SELECT channel FROM inbox WHERE customer_id = :taker AND state = 'waiting')"
    )
    connection.execute(statement, {"giver": giver, "taker": taker, "at": at})
