"""An exported customer comes in again, here or in another database (GDPR art. 20)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, insert, select

from campaigns.domain.address import AddressError, read
from campaigns.domain.channel import AddressKind, Channel
from campaigns.domain.consent import ALL_TOPICS
from campaigns.domain.identity import IdentityKind
from campaigns.errors import ErasedError, UserError
from campaigns.store import bulk, interactions
from campaigns.store.clock import to_ms
from campaigns.store.consents import append
from campaigns.store.hashing import AddressHash
from campaigns.store.interactions import EventRow
from campaigns.store.known import anybody_erased, load_erased
from campaigns.store.portability import ASKED, FIELDS, FORMAT, LEDGER, OWN, restored
from campaigns.store.schema import (
    addresses,
    consents,
    customers,
    identities,
    preferences,
    standings,
    suppressions,
)
from campaigns.store.schema import interactions as events


def import_document(
    connection: Connection, hashing: AddressHash, document: Mapping[str, Any], now: datetime
) -> int:
    """Bring an exported customer in. A known one gains what is missing: a yes of the document
    does not stand over a no on record, and suppressions only grow. Returns the number.

    Raises UserError when it is no such document, ErasedError for somebody who was erased.
    """
    if document.get("format") != FORMAT:
        raise UserError(f"this is no export of a customer: `format` is not {FORMAT}.")
    profile = document["profile"]
    _refuse_erased(connection, hashing, document)
    customer_id = _put_customer(connection, profile, to_ms(now))
    _put_addresses(connection, hashing, customer_id, profile["addresses"], to_ms(now))
    _put_consents(connection, customer_id, profile["consents"])
    _put_events(connection, customer_id, profile["interactions"])
    _put_preferences(connection, customer_id, profile.get("preferences"), to_ms(now))
    _put_identities(connection, hashing, customer_id, document)
    return customer_id


def _refuse_erased(
    connection: Connection, hashing: AddressHash, document: Mapping[str, Any]
) -> None:
    if not anybody_erased(connection):
        return
    profile = document["profile"]
    keys = {hashing.ref_key(profile["ref"])}
    for entry in profile["addresses"]:
        kind = Channel(entry["channel"]).address_kind
        keys.update(hashing.person_keys(kind, _normalised(Channel(entry["channel"]), entry)))
    for identity in _of_before(document):
        if identity["kind"] == IdentityKind.REF:
            keys.add(hashing.ref_key(identity["value"]))
        else:
            kind = AddressKind(identity["kind"])
            keys.update(hashing.person_keys(kind, read(kind, identity["value"]).normalised))
    if load_erased(connection, keys):
        raise ErasedError("this person was erased at their own request, and is not taken in again.")


def _normalised(channel: Channel, entry: Mapping[str, Any]) -> str:
    try:
        return read(channel.address_kind, entry["address"]).normalised
    except AddressError as error:
        raise UserError(f"the export's {channel.label} address is none: {error}.") from error


def _put_customer(connection: Connection, profile: Mapping[str, Any], now: int) -> int:
    values = {name: profile[name] for name in (*FIELDS, "attributes")}
    values |= {"created_at": _ms(profile["created_at"]), "updated_at": now}
    query = select(customers.c.id).where(customers.c.ref == profile["ref"])
    known = connection.execute(query).scalar_one_or_none()
    if known is not None:
        return int(known)
    made = connection.execute(insert(customers).values(**values).returning(customers.c.id))
    return int(made.scalar_one())


def _put_addresses(
    connection: Connection,
    hashing: AddressHash,
    customer_id: int,
    listed: Sequence[Mapping[str, Any]],
    now: int,
) -> None:
    for entry in listed:
        channel = Channel(entry["channel"])
        key = hashing.key(channel.address_kind, _normalised(channel, entry))
        row = (customer_id, str(channel), entry["address"], key, entry["status"], now)
        columns = ("customer_id", "channel", "address", "address_key", "status", "updated_at")
        bulk.insert(connection, addresses, columns, [row], on_conflict="ON CONFLICT DO NOTHING")
        if told := entry.get("suppressed"):
            suppressed = (key, told["purpose"], told["reason"], _ms(told["at"]))
            named = ("address_key", "purpose", "reason", "at")
            conflict = "ON CONFLICT DO NOTHING"
            bulk.insert(connection, suppressions, named, [suppressed], on_conflict=conflict)


def _put_consents(
    connection: Connection, customer_id: int, listed: Sequence[Mapping[str, Any]]
) -> None:
    ledger = connection.execute(select(consents).where(consents.c.customer_id == customer_id))
    known = {(r["at"], *(r[n] for n in LEDGER)) for r in ledger.mappings()}
    now_no = connection.execute(
        select(standings).where(standings.c.customer_id == customer_id, ~standings.c.granted)
    ).mappings()
    noes = {(r["channel"], r["purpose"], r["topic"]) for r in now_no}
    rows = []
    for entry in listed:
        at = _ms(entry["at"])
        barred = entry["granted"] and _barred(entry, noes)
        if not barred and (at, *(entry[n] for n in LEDGER)) not in known:
            matter = (entry["channel"], entry["purpose"], entry["topic"], entry["granted"])
            proof = (entry["source"], entry["proof"], entry["actor"])
            rows.append((customer_id, *matter, at, *proof))
    append(connection, rows)


def _barred(entry: Mapping[str, Any], noes: set[tuple[str, str, str]]) -> bool:
    return any(
        (channel, purpose) == (entry["channel"], entry["purpose"])
        and (topic in (entry["topic"], ALL_TOPICS) or entry["topic"] == ALL_TOPICS)
        for channel, purpose, topic in noes
    )


def _put_events(
    connection: Connection, customer_id: int, listed: Sequence[Mapping[str, Any]]
) -> None:
    e = events.c
    query = select(e.at, e.kind, e.channel).where(e.customer_id == customer_id)
    known = {tuple(row) for row in connection.execute(query)}
    rows = []
    for number, entry in enumerate(listed):
        at, key = _ms(entry["at"]), entry["source_key"]
        if key is None:
            if (at, entry["kind"], entry["channel"]) in known:
                continue
            key = f"{restored(customer_id)}{at}:{number}"
        elif key.startswith(OWN):
            key = f"import:{customer_id}:{key.removeprefix(OWN)}"
        data = None if entry["data"] is None else orjson.dumps(entry["data"]).decode()
        what, on, agent = entry["kind"], entry["channel"], entry.get("agent")
        rows.append(EventRow(customer_id, at, what, on, None, key, data, agent))
    interactions.record(connection, rows)


def _of_before(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Refs and addresses that found the customer beside those on the profile."""
    return [
        identity
        for identity in document.get("identities", ())
        if identity["kind"] in _BROUGHT and identity["value"] and not identity["present"]
    ]


_BROUGHT = (IdentityKind.REF, *AddressKind)


def _put_identities(
    connection: Connection, hashing: AddressHash, customer_id: int, document: Mapping[str, Any]
) -> None:
    """They go on finding the customer, unless they find somebody else here."""
    rows = []
    for identity in _of_before(document):
        kind, value = IdentityKind(identity["kind"]), identity["value"]
        key = value
        if kind is not IdentityKind.REF:
            key = hashing.key(kind, read(AddressKind(kind), value).normalised)
        rows.append((kind.value, key, customer_id, _ms(identity["since"]), identity["source"]))
    columns = ("kind", "key", "customer_id", "at", "source")
    bulk.insert(connection, identities, columns, rows, on_conflict="ON CONFLICT DO NOTHING")


def _put_preferences(
    connection: Connection, customer_id: int, asked: Mapping[str, Any] | None, now: int
) -> None:
    """What a customer asked for here is newer than what they asked for where this was exported."""
    if asked is None:
        return
    until = asked["paused_until"]
    row = [customer_id, *(asked[name] for name in ASKED), None if until is None else _ms(until)]
    columns = ("customer_id", *ASKED, "paused_until", "updated_at")
    bulk.insert(
        connection, preferences, columns, [[*row, now]], on_conflict="ON CONFLICT DO NOTHING"
    )


def _ms(text: str) -> int:
    return to_ms(datetime.fromisoformat(text))
