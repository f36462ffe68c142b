"""The audit trail in the database: appended to in the transaction that does what it tells."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Row,
    and_,
    case,
    cast,
    func,
    insert,
    or_,
    select,
)

from campaigns.domain.audit import DECIDING, Action, AuditEntry, run_subject, standing_hold
from campaigns.domain.outage import TELLING, Outage
from campaigns.store.clock import from_ms, to_ms
from campaigns.store.engine import Database
from campaigns.store.schema import audit, campaigns, deliveries, releases, runs

#: Looks of one person at one customer within this time are one line: a page is loaded again.
ONE_LOOK = timedelta(minutes=15)


def append(connection: Connection, entry: AuditEntry) -> None:
    """Add one line in the caller's transaction."""
    connection.execute(
        insert(audit).values(
            at=to_ms(entry.at),
            actor=entry.actor[:80],
            action=str(entry.action),
            subject=entry.subject,
            why=entry.why,
            data=dict(entry.data) or None,
        )
    )


def hold_of(connection: Connection, run_id: int) -> AuditEntry | None:
    """Because of which entry the run waits for a person: see domain.audit.standing_hold."""
    newest = _newest(connection, run_id, DECIDING)
    return standing_hold([newest] if newest else [])


def _newest(connection: Connection, run_id: int, actions: Collection[Action]) -> AuditEntry | None:
    query = (
        select(audit)
        .where(audit.c.subject == run_subject(run_id), audit.c.action.in_(actions))
        .order_by(audit.c.id.desc())
        .limit(1)
    )
    row = connection.execute(query).first()
    return None if row is None else _entry(row)


def entries(
    connection: Connection, subject: str | None, *, most: int, but: Collection[Action] = ()
) -> list[AuditEntry]:
    """The newest lines first, of one subject or of all; those of some actions left out."""
    query = select(audit).order_by(audit.c.id.desc()).limit(most)
    if but:
        query = query.where(audit.c.action.not_in([str(action) for action in but]))
    if subject is not None:
        query = query.where(audit.c.subject == subject)
    return [_entry(row) for row in connection.execute(query)]


def campaigns_of(connection: Connection, subjects: Iterable[str]) -> dict[str, str]:
    """Subject → the campaign that it belongs to, of runs, deliveries and releases."""
    numbers: dict[str, set[int]] = {"run": set(), "delivery": set()}
    hashes = set()
    for kind, _, which in (subject.partition(":") for subject in subjects):
        if kind in numbers and which.isdecimal():
            numbers[kind].add(int(which))
        elif kind == "release":
            hashes.add(which)
    found = {
        f"{kind}:{row.id}": str(row.name)
        for kind, table in (("run", runs), ("delivery", deliveries))
        for row in connection.execute(
            select(table.c.id, campaigns.c.name)
            .join(campaigns, campaigns.c.id == table.c.campaign_id)
            .where(table.c.id.in_(numbers[kind]))
        )
    }
    told = select(releases.c.hash, releases.c.campaign).where(releases.c.hash.in_(hashes))
    return found | {f"release:{row.hash}": row.campaign for row in connection.execute(told)}


def of_campaign(connection: Connection, name: str, *, most: int) -> list[AuditEntry]:
    """The newest lines first, of all runs, deliveries and releases of a campaign."""
    subject = audit.c.subject
    of = campaigns.c.name == name

    def number(kind: str) -> ColumnElement[int]:
        """What follows the kind; nothing where it is another's, whose rest may be no number."""
        digits = case((subject.startswith(f"{kind}:"), func.substr(subject, len(kind) + 2)))
        return cast(func.nullif(digits, ""), BigInteger)

    owned = [
        select(table.c.id)
        .join(campaigns, campaigns.c.id == table.c.campaign_id)
        .where(of, table.c.id == number(kind))
        .exists()
        for kind, table in (("run", runs), ("delivery", deliveries))
    ]
    told = select(releases.c.hash).where(releases.c.campaign == name)
    query = select(audit).where(
        or_(*owned, and_(subject.startswith("release:"), func.substr(subject, 9).in_(told)))
    )
    return [
        _entry(row) for row in connection.execute(query.order_by(audit.c.id.desc()).limit(most))
    ]


class SqlAudit:
    """Reading the trail, and adding to it where nothing else is written."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def append(self, entry: AuditEntry) -> None:
        """Add one line."""
        with self._database.write() as connection:
            append(connection, entry)

    def hold(self, run_id: int) -> AuditEntry | None:
        """Because of which entry the run waits for a person; None when it does not."""
        with self._database.read() as connection:
            return hold_of(connection, run_id)

    def outage(self, run_id: int) -> Outage | None:
        """The newest outage that the trail tells of the run; that of a run which is paused is why
        it is (see domain.outage)."""
        with self._database.read() as connection:
            return Outage.of(_newest(connection, run_id, TELLING))

    def entries(
        self, subject: str | None = None, *, most: int = 100, but: Collection[Action] = ()
    ) -> list[AuditEntry]:
        """The newest lines first, of one subject or of all; those of some actions left out."""
        with self._database.read() as connection:
            return entries(connection, subject, most=most, but=but)

    def of_campaign(self, name: str, *, most: int = 100) -> list[AuditEntry]:
        """The newest lines first, of all runs, deliveries and releases of a campaign."""
        with self._database.read() as connection:
            return of_campaign(connection, name, most=most)

    def look(self, subject: str, *, by: str, now: datetime) -> None:
        """Note that somebody looked at it: once for looks that follow each other."""
        line = audit.c
        lately = select(line.id).where(
            line.subject == subject,
            line.action == str(Action.LOOKED),
            line.actor == by[:80],
            line.at > to_ms(now - ONE_LOOK),
        )
        with self._database.write() as connection:
            if connection.execute(lately.limit(1)).first() is None:
                append(connection, AuditEntry(now, by, Action.LOOKED, subject))

    def below(self, kind: str, *, most: int) -> list[AuditEntry]:
        """The newest lines first, of all subjects of a kind: `flow-run`."""
        query = select(audit).where(audit.c.subject > f"{kind}:", audit.c.subject < f"{kind};")
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(audit.c.id.desc()).limit(most))
            return [_entry(row) for row in rows]

    def campaigns_of(self, entries: Iterable[AuditEntry]) -> dict[str, str]:
        """Subject → the campaign that it belongs to, where it belongs to one."""
        with self._database.read() as connection:
            return campaigns_of(connection, {entry.subject for entry in entries})


def _entry(row: Row[Any]) -> AuditEntry:
    return AuditEntry(
        at=from_ms(row.at),
        actor=row.actor,
        action=Action(row.action),
        subject=row.subject,
        why=row.why,
        data=orjson.loads(row.data) if isinstance(row.data, str) else row.data or {},
    )
