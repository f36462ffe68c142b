"""The queue of pairs that may be one person: in the caller's transaction."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, or_, select, update

from campaigns.domain.identity import IdentityKind, MatchLine, MatchState
from campaigns.errors import NotFoundError, UserError
from campaigns.store import bulk
from campaigns.store.clock import from_ms, to_ms
from campaigns.store.schema import customers, identities, matches


def _pair(a: int, b: int) -> tuple[int, int]:
    return (a, b) if a < b else (b, a)


def refused(connection: Connection, a: int, b: int) -> bool:
    """Whether somebody said that these are two people, under whatever numbers they had then."""
    mine, others = (numbers(connection, c) for c in (a, b))
    m = matches.c
    between = or_(
        m.customer_a.in_(mine) & m.customer_b.in_(others),
        m.customer_a.in_(others) & m.customer_b.in_(mine),
    )
    query = select(m.id).where(m.state == MatchState.REFUSED, between).limit(1)
    return connection.execute(query).scalar() is not None


def numbers(connection: Connection, customer_id: int) -> list[int]:
    """The customer's number and those of everyone merged into them."""
    i = identities.c
    query = select(i.key).where(i.customer_id == customer_id, i.kind == IdentityKind.NUMBER)
    return [customer_id, *(int(key) for key in connection.execute(query).scalars())]


def propose(connection: Connection, a: int, b: int, evidence: str, now: datetime) -> bool:
    """Put a pair in the queue; False when it has been there before."""
    row = (*_pair(a, b), to_ms(now), evidence[:200], MatchState.OPEN.value)
    columns = ("customer_a", "customer_b", "at", "evidence", "state")
    conflict = "ON CONFLICT DO NOTHING"
    return bulk.insert(connection, matches, columns, [row], on_conflict=conflict) == 1


def refuse(
    connection: Connection, a: int, b: int, evidence: str, *, by: str, now: datetime
) -> None:
    """Keep a pair apart from now on, whether it was in the queue or not."""
    propose(connection, a, b, evidence, now)
    decide_pair(connection, a, b, MatchState.REFUSED, by=by, now=now)


def decide_pair(
    connection: Connection, a: int, b: int, state: MatchState, *, by: str, now: datetime
) -> None:
    """What somebody said of a pair, if it is in the queue."""
    m, pair = matches.c, _pair(a, b)
    found = select(m.id).where(m.customer_a == pair[0], m.customer_b == pair[1])
    match_id = connection.execute(found).scalar_one_or_none()
    if match_id is not None:
        decide(connection, match_id, state, by=by, now=now)


def decide(
    connection: Connection, match_id: int, state: MatchState, *, by: str, now: datetime
) -> None:
    """What somebody said of a match."""
    values = {"state": state.value, "decided_at": to_ms(now), "decided_by": by[:80]}
    connection.execute(update(matches).where(matches.c.id == match_id).values(values))


def match_query() -> Select[Any]:
    """Matches with the refs of both."""
    a, b = customers.alias("a"), customers.alias("b")
    return (
        select(matches, a.c.ref.label("ref_a"), b.c.ref.label("ref_b"))
        .outerjoin(a, a.c.id == matches.c.customer_a)
        .outerjoin(b, b.c.id == matches.c.customer_b)
    )


def open_match(connection: Connection, match_id: int) -> MatchLine:
    """A match that nobody has decided. Raises NotFoundError, UserError."""
    found = connection.execute(match_query().where(matches.c.id == match_id)).mappings()
    row = found.one_or_none()
    if row is None:
        raise NotFoundError(f"there is no match {match_id}. `campaigns matches` lists them.")
    line = match_line(row)
    if line.state is not MatchState.OPEN:
        raise UserError(f"match {match_id} is {line.state} already, by {line.decided_by}.")
    return line


def match_line(row: RowMapping) -> MatchLine:
    """A row of `match_query` as people are shown it."""
    return MatchLine(
        row["id"],
        from_ms(row["at"]),
        row["evidence"],
        MatchState(row["state"]),
        (row["ref_a"] or "(merged or erased)", row["ref_b"] or "(merged or erased)"),
        (row["customer_a"], row["customer_b"]),
        row["decided_by"] or "",
    )
