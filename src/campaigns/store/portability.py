"""Everything known of a customer as one JSON document, and back (GDPR art. 15 and 20).

`profile` round-trips: exported, imported into an empty database and exported again it is the
same. `messages` tells what was sent; it belongs to runs of this database and is not brought back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, RowMapping, Table, insert, select

from campaigns.domain.address import AddressError, read
from campaigns.domain.channel import Channel
from campaigns.domain.consent import ALL_TOPICS
from campaigns.domain.routing import Reason
from campaigns.errors import UserError
from campaigns.store import bulk, interactions
from campaigns.store.clock import from_ms, to_ms
from campaigns.store.consents import append
from campaigns.store.engine import Database
from campaigns.store.hashing import AddressHash
from campaigns.store.interactions import EventRow
from campaigns.store.schema import (
    addresses,
    campaigns,
    consents,
    customers,
    deliveries,
    messages,
    standings,
    suppressions,
)
from campaigns.store.schema import interactions as events

FORMAT = "campaigns.customer/1"
_PAGE = 500
_FIELDS = ("ref", "first_name", "last_name", "locale", "country", "time_zone", "preferred_channel")
#: Stands for the customer's number in keys of imported events: it differs between databases.
_OWN = "import:~:"


def export_customers(
    connection: Connection, first: int, limit: int
) -> tuple[list[dict[str, Any]], int | None]:
    """Documents of up to `limit` customers from number `first` on, and where to go on."""
    query = select(customers).where(customers.c.id >= first).order_by(customers.c.id).limit(limit)
    rows = connection.execute(query).mappings().all()
    if not rows:
        return [], None
    ids = [row["id"] for row in rows]
    parts = {name: _grouped(connection, name, ids) for name in _PARTS}
    documents = [
        _document(row, {name: part.get(row["id"], []) for name, part in parts.items()})
        for row in rows
    ]
    return documents, ids[-1] + 1


def export_all(database: Database) -> Iterator[dict[str, Any]]:
    """Every customer's document, by number, in pages of bounded memory."""
    following: int | None = 0
    while following is not None:
        with database.read() as connection:
            documents, following = export_customers(connection, following, _PAGE)
        yield from documents


def _document(row: RowMapping, parts: Mapping[str, list[RowMapping]]) -> dict[str, Any]:
    suppressed = {s["channel"]: s for s in parts["suppressions"]}
    return {
        "format": FORMAT,
        "profile": {
            **{name: row[name] for name in _FIELDS},
            "attributes": row["attributes"],
            "created_at": _iso(row["created_at"]),
            "addresses": [_address(a, suppressed.get(a["channel"])) for a in parts["addresses"]],
            "consents": [_consent(c) for c in parts["consents"]],
            "interactions": [_event(row["id"], i) for i in parts["interactions"]],
        },
        "messages": [_message(m) for m in parts["messages"]],
    }


def _iso(ms: int) -> str:
    return from_ms(ms).isoformat()


def _ms(text: str) -> int:
    return to_ms(datetime.fromisoformat(text))


def _address(row: RowMapping, suppressed: RowMapping | None) -> dict[str, Any]:
    document = {name: row[name] for name in ("channel", "address", "status")}
    if suppressed is not None:
        told = {"purpose": suppressed["purpose"], "reason": suppressed["reason"]}
        document["suppressed"] = {**told, "at": _iso(suppressed["at"])}
    return document


_LEDGER = ("channel", "purpose", "topic", "granted", "source", "proof", "actor")


def _consent(row: RowMapping) -> dict[str, Any]:
    return {"at": _iso(row["at"]), **{name: row[name] for name in _LEDGER}}


def _event(customer_id: int, row: RowMapping) -> dict[str, Any]:
    key = row["source_key"]
    if key is not None and key.startswith(_restored(customer_id)):
        key = None
    own = f"import:{customer_id}:"
    return {
        "at": _iso(row["at"]),
        "kind": row["kind"],
        "channel": row["channel"],
        "source_key": _OWN + key.removeprefix(own) if key and key.startswith(own) else key,
        "data": row["data"],
        "agent": row["agent"],
    }


def _restored(customer_id: int) -> str:
    """Begins the keys of events that had none when they were exported: our own `sent`."""
    return f"export:{customer_id}:"


def _message(row: RowMapping) -> dict[str, Any]:
    channel = Channel(row["channel"])
    return {
        "delivery": row["id"],
        "campaign": row["name"],
        "edition": row["edition"],
        "channel": channel.value,
        "why": Reason.decode(row["reason"]).explain(channel),
        "state": row["state"],
        "provider_state": row["provider_state"],
        "outcome": row["outcome"],
        "at": None if row["settled_at"] is None else _iso(row["settled_at"]),
        "address": row["address"],
        "values": None if row["slot_values"] is None else orjson.loads(row["slot_values"]),
    }


def _grouped(connection: Connection, part: str, ids: Sequence[int]) -> dict[int, list[RowMapping]]:
    found: dict[int, list[RowMapping]] = {}
    for row in connection.execute(_PARTS[part](ids)).mappings():
        found.setdefault(row["customer_id"], []).append(row)
    return found


def _of(table: Table, *order: str) -> Any:
    def query(ids: Sequence[int]) -> Any:
        chosen = select(table).where(table.c.customer_id.in_(ids))
        return chosen.order_by(*(table.c[name] for name in order))

    return query


def _suppressions_query(ids: Sequence[int]) -> Any:
    return (
        select(addresses.c.customer_id, addresses.c.channel, suppressions)
        .join(suppressions, suppressions.c.address_key == addresses.c.address_key)
        .where(addresses.c.customer_id.in_(ids))
    )


def _messages_query(ids: Sequence[int]) -> Any:
    d = deliveries.c
    return (
        select(deliveries, campaigns.c.name, campaigns.c.edition, messages)
        .join(campaigns, campaigns.c.id == d.campaign_id)
        .outerjoin(messages, messages.c.delivery_id == d.id)
        .where(
            d.campaign_id.in_(select(campaigns.c.id)),
            d.step.in_(range(10)),  # the unique key begins with both
            d.customer_id.in_(ids),
        )
        .order_by(d.id)
    )


_PARTS = {
    "addresses": _of(addresses, "channel"),
    "suppressions": _suppressions_query,
    "consents": _of(consents, "id"),
    "interactions": _of(events, "at", "id"),
    "messages": _messages_query,
}


# And back ---------------------------------------------------------------------------------


def import_document(
    connection: Connection, hashing: AddressHash, document: Mapping[str, Any], now: datetime
) -> int:
    """Bring an exported customer in. A known one gains what is missing: a yes of the document
    does not stand over a no on record, and suppressions only grow. Returns the number.

    Raises UserError when it is no such document.
    """
    if document.get("format") != FORMAT:
        raise UserError(f"this is no export of a customer: `format` is not {FORMAT}.")
    profile = document["profile"]
    customer_id = _put_customer(connection, profile, to_ms(now))
    _put_addresses(connection, hashing, customer_id, profile["addresses"], to_ms(now))
    _put_consents(connection, customer_id, profile["consents"])
    _put_events(connection, customer_id, profile["interactions"])
    return customer_id


def _put_customer(connection: Connection, profile: Mapping[str, Any], now: int) -> int:
    values = {name: profile[name] for name in (*_FIELDS, "attributes")}
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
        try:
            normalised = read(channel.address_kind, entry["address"]).normalised
        except AddressError as error:
            raise UserError(f"the export's {channel.label} address is none: {error}.") from error
        key = hashing.key(channel.address_kind, normalised)
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
    known = {(r["at"], *(r[n] for n in _LEDGER)) for r in ledger.mappings()}
    now_no = connection.execute(
        select(standings).where(standings.c.customer_id == customer_id, ~standings.c.granted)
    ).mappings()
    noes = {(r["channel"], r["purpose"], r["topic"]) for r in now_no}
    rows = []
    for entry in listed:
        at = _ms(entry["at"])
        barred = entry["granted"] and _barred(entry, noes)
        if not barred and (at, *(entry[n] for n in _LEDGER)) not in known:
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
            key = f"{_restored(customer_id)}{at}:{number}"
        elif key.startswith(_OWN):
            key = f"import:{customer_id}:{key.removeprefix(_OWN)}"
        data = None if entry["data"] is None else orjson.dumps(entry["data"]).decode()
        what, on, agent = entry["kind"], entry["channel"], entry.get("agent")
        rows.append(EventRow(customer_id, at, what, on, None, key, data, agent))
    interactions.record(connection, rows)
