"""Finding a customer by what people know of them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, Row, select

from campaigns.domain.address import AddressError, normalise
from campaigns.domain.channel import AddressKind
from campaigns.domain.identity import IdentityKind
from campaigns.errors import NotFoundError
from campaigns.store.hashing import AddressHash
from campaigns.store.schema import addresses, customers, identities


def find_customer(connection: Connection, hashing: AddressHash, who: str) -> int:
    """The number of the customer with this ref, e-mail address, phone or X handle.

    Raises NotFoundError when there is none, or when an address belongs to several.
    """
    who = who.strip()
    by_ref = select(customers.c.id).where(customers.c.ref == who)
    found = connection.execute(by_ref).scalar_one_or_none()
    if found is not None:
        return int(found)
    by_other_ref = select(identities.c.customer_id).where(
        identities.c.kind == IdentityKind.REF, identities.c.key == who
    )
    found = connection.execute(by_other_ref).scalar_one_or_none()
    if found is not None:
        return int(found)
    owners = _owners(connection, hashing, who)
    if not owners:
        raise NotFoundError(
            f"there is no customer `{who}`. Name one by their id, e-mail address, phone with "
            "country code (+34…) or X handle (@…)."
        )
    if len(owners) > 1:
        refs = ", ".join(ref for _, ref in owners[:5])
        raise NotFoundError(f"`{who}` belongs to several customers; name one by id: {refs}.")
    return int(owners[0][0])


def _owners(
    connection: Connection, hashing: AddressHash, who: str
) -> Sequence[Row[tuple[int, str]]]:
    """Whose address this is, or was before a merge."""
    keys = _keys(hashing, who)
    present = select(addresses.c.customer_id).where(addresses.c.address_key.in_(keys))
    others = select(identities.c.customer_id).where(
        identities.c.key.in_(keys), identities.c.kind.in_(list(AddressKind))
    )
    query = select(customers.c.id, customers.c.ref).where(
        customers.c.id.in_(present) | customers.c.id.in_(others)
    )
    return connection.execute(query.order_by(customers.c.id)).all()


def _keys(hashing: AddressHash, who: str) -> list[str]:
    """The hashes of all addresses that this text could be."""
    keys = []
    for kind in AddressKind:
        try:
            keys.append(hashing.key(kind, normalise(kind, who)))
        except AddressError:
            continue
    return keys
