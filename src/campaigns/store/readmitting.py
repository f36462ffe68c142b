"""A way back in for somebody who was erased and asks to be a customer again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, select, update

from campaigns.domain.address import AddressError, normalise
from campaigns.domain.audit import Action, AuditEntry
from campaigns.domain.channel import AddressKind
from campaigns.errors import NotFoundError
from campaigns.store import audit
from campaigns.store.clock import to_ms
from campaigns.store.engine import Database, bar_imports
from campaigns.store.hashing import AddressHash
from campaigns.store.known import ERASED
from campaigns.store.schema import suppressions


class SqlReadmission:
    """Lifts what erasure left, for the addresses and ids that a person names."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def readmit(self, names: Sequence[str], *, proof: str, by: str, why: str, now: datetime) -> int:
        """How many hashes of an erased person were lifted. With `proof` of a new opt-in nothing
        bars the addresses any more; without it they stay barred for marketing, as after an
        opt-out, until the person says yes themselves.

        Raises NotFoundError when nobody erased has any of the names.
        """
        s = suppressions.c
        with self._database.write() as connection:
            bar_imports(connection)
            hashing = AddressHash.load(connection)
            barring, others = _keys(hashing, names)
            mine = s.address_key.in_(sorted(barring | others)), s.reason == ERASED
            found = set(connection.execute(select(s.address_key).where(*mine)).scalars())
            if not found:
                raise NotFoundError(
                    "nobody who was erased is known by these. Name what they had then: e-mail "
                    "address, phone with country code (+34…), X handle (@…), customer id."
                )
            gone = found if proof else found & others
            connection.execute(
                delete(suppressions).where(s.address_key.in_(sorted(gone)), s.reason == ERASED)
            )
            connection.execute(
                update(suppressions)
                .where(*mine)
                .values(purpose="marketing", reason="opted_out", at=to_ms(now))
            )
            data: dict[str, str | int | float | bool | None] = {"hashes": len(found)}
            if proof:
                data["proof"] = proof
            entry = AuditEntry(now, by, Action.READMITTED, "customers", why, data)
            audit.append(connection, entry)
        return len(found)


def _keys(hashing: AddressHash, names: Sequence[str]) -> tuple[set[str], set[str]]:
    """Hashes that bar messages, and those that bar imports alone (mailbox, customer id)."""
    barring: set[str] = set()
    others: set[str] = set()
    for name in (n.strip() for n in names):
        others.add(hashing.ref_key(name))
        for kind in AddressKind:
            try:
                normal = normalise(kind, name)
            except AddressError:
                continue
            barring.add(hashing.key(kind, normal))
            others.update(hashing.person_keys(kind, normal))
    return barring, others - barring
