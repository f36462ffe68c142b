"""Persons: merging profiles, parting them, and the queue of pairs that a person looks at."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from campaigns.domain.audit import Action, AuditEntry
from campaigns.domain.identity import (
    IdentityKind,
    IdentityRules,
    MatchLine,
    MatchState,
    MergeLine,
    Verdict,
    compare,
    compare_probably,
    senior,
)
from campaigns.errors import UserError
from campaigns.store import audit, joining, match_queue, parting, person_reading
from campaigns.store.engine import Database, bar_imports
from campaigns.store.identified import merge_line
from campaigns.store.schema import customers, identities, matches, merges


class SqlPersons:
    """The one door to merges and matches."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # Merging ------------------------------------------------------------------------------

    def merge(self, kept: int, merged: int, *, by: str, why: str, now: datetime) -> int:
        """Make one person of two customers; the first stays. Returns the merge's number.

        Raises UserError, NotFoundError.
        """
        with self._database.write() as connection:
            bar_imports(connection)
            merge_id = _merge(connection, kept, merged, by=by, why=why, now=now)
            match_queue.decide_pair(connection, kept, merged, MatchState.ACCEPTED, by=by, now=now)
        return merge_id

    def unmerge(self, merge_id: int, *, by: str, why: str, now: datetime) -> tuple[int, int]:
        """Make two of one again, and keep them apart from then on. Returns both numbers.

        Raises UserError, NotFoundError.
        """
        with self._database.write() as connection:
            bar_imports(connection)
            kept, merged = parting.part(connection, merge_id, now=now)
            match_queue.refuse(
                connection, kept, merged, f"merge {merge_id} was undone", by=by, now=now
            )
            entry = AuditEntry(
                now, by, Action.SPLIT, f"customer:{kept}", why, {"merge": merge_id, "from": merged}
            )
            audit.append(connection, entry)
        return kept, merged

    def merges(self, *, most: int = 100) -> list[MergeLine]:
        """The newest merges first."""
        query = select(merges).order_by(merges.c.id.desc()).limit(most)
        with self._database.read() as connection:
            return [merge_line(row) for row in connection.execute(query).mappings()]

    # Matches ------------------------------------------------------------------------------

    def rows(self, attributes: Collection[str]) -> list[dict[str, Any]]:
        """Every profile as the probable match reads it: `id`, names, and these attributes."""
        with self._database.read() as connection:
            return person_reading.rows(connection, attributes)

    def sharing(self, most: int) -> list[tuple[int, int]]:
        """Pairs of customers that have an address in common, unless more than `most` have it."""
        with self._database.read() as connection:
            return person_reading.sharing(connection, most)

    def consider(
        self,
        pair: tuple[int, int],
        rules: IdentityRules,
        *,
        by: str,
        now: datetime,
        probability: float | None = None,
    ) -> Verdict:
        """Merge the pair, put it in the queue, or leave it: by the rules, or by a probability.

        A pair that somebody refused is left.
        """
        with self._database.write() as connection:
            bar_imports(connection)
            a, b = (_present(connection, c) for c in pair)
            if a is None or b is None or a == b or match_queue.refused(connection, a, b):
                return Verdict.NOTHING
            first, second = senior(*person_reading.read(connection, (a, b)))
            if probability is None:
                found = compare(first, second, rules)
            else:
                found = compare_probably(first, second, rules, probability)
            if found.verdict is Verdict.JOIN:
                ids = (first.customer_id, second.customer_id)
                _merge(connection, *ids, by=by, why=found.evidence, now=now)
                match_queue.decide_pair(connection, a, b, MatchState.ACCEPTED, by=by, now=now)
            elif found.verdict is Verdict.REVIEW and not match_queue.propose(
                connection, a, b, found.evidence, now
            ):
                return Verdict.NOTHING  # somebody has it before them already
            return found.verdict

    def matches(self, *, state: MatchState = MatchState.OPEN, most: int = 100) -> list[MatchLine]:
        """Pairs that may be one person, the oldest first."""
        query = (
            match_queue.match_query()
            .where(matches.c.state == state)
            .order_by(matches.c.id)
            .limit(most)
        )
        with self._database.read() as connection:
            return [match_queue.match_line(row) for row in connection.execute(query).mappings()]

    def accept(self, match_id: int, *, by: str, why: str, now: datetime) -> int:
        """It is one person. Returns the merge's number. Raises UserError, NotFoundError."""
        with self._database.write() as connection:
            bar_imports(connection)
            match = match_queue.open_match(connection, match_id)
            a, b = (_present(connection, c) for c in match.customer_ids)
            if a is None or b is None or a == b:
                raise UserError(f"match {match_id} is settled: they are one, or one is gone.")
            kept, merged = senior(*person_reading.read(connection, (a, b)))
            ids = (kept.customer_id, merged.customer_id)
            merge_id = _merge(connection, *ids, by=by, why=why or match.evidence, now=now)
            match_queue.decide(connection, match_id, MatchState.ACCEPTED, by=by, now=now)
        return merge_id

    def refuse(self, match_id: int, *, by: str, why: str, now: datetime) -> None:
        """They are two people, and nothing will merge them by itself. Raises as `accept`."""
        with self._database.write() as connection:
            bar_imports(connection)
            match_queue.open_match(connection, match_id)
            match_queue.decide(connection, match_id, MatchState.REFUSED, by=by, now=now)
            audit.append(connection, AuditEntry(now, by, Action.REJECTED, f"match:{match_id}", why))


def _merge(
    connection: Connection, kept: int, merged: int, *, by: str, why: str, now: datetime
) -> int:
    merge_id = joining.join(connection, kept, merged, by=by, why=why, now=now)
    data: Mapping[str, Any] = {"merge": merge_id, "merged": merged}
    entry = AuditEntry(now, by, Action.MERGED, f"customer:{kept}", why, data)
    audit.append(connection, entry)
    return merge_id


def _present(connection: Connection, customer_id: int) -> int | None:
    """The number under which this customer is now; None once erased."""
    known = select(customers.c.id).where(customers.c.id == customer_id)
    if connection.execute(known).scalar_one_or_none() is not None:
        return customer_id
    i = identities.c
    now = select(i.customer_id).where(i.kind == IdentityKind.NUMBER, i.key == str(customer_id))
    return connection.execute(now).scalar_one_or_none()
