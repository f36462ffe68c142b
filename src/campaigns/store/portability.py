"""Everything known of a customer as one JSON document (GDPR art. 15 and 20); `restoring` reads it.

`profile` round-trips: exported, imported into an empty database and exported again it is the
same. `mode` tells whether messages went to the sandbox or to real people; it is empty where
nothing was sent. `messages` tells what was; it belongs to runs of this database and is not brought
back.
Of `identities` the refs and addresses of before are; devices and numbers mean nothing elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import orjson
from sqlalchemy import Connection, RowMapping, Table, select

from campaigns.domain.channel import Channel
from campaigns.domain.identity import Identified
from campaigns.domain.journey import MAX_STEPS
from campaigns.domain.reason import Reason
from campaigns.domain.views import plain_values
from campaigns.store.clock import from_ms
from campaigns.store.engine import Database
from campaigns.store.identified import read_identified
from campaigns.store.mode import STORED
from campaigns.store.schema import (
    addresses,
    campaigns,
    channel_uses,
    consents,
    customers,
    deliveries,
    messages,
    preferences,
    suppressions,
)
from campaigns.store.schema import interactions as events

FORMAT = "campaigns.customer/1"
_PAGE = 500
FIELDS = ("ref", "first_name", "last_name", "locale", "country", "time_zone", "preferred_channel")
#: Stands for the customer's number in keys of imported events: it differs between databases.
OWN = "import:~:"


def export_customers(
    connection: Connection, first: int, limit: int
) -> tuple[list[dict[str, Any]], int | None]:
    """Documents of up to `limit` customers from number `first` on, and where to go on."""
    query = select(customers).where(customers.c.id >= first).order_by(customers.c.id).limit(limit)
    rows = connection.execute(query).mappings().all()
    if not rows:
        return [], None
    ids = [row["id"] for row in rows]
    mode = connection.execute(STORED).scalar()
    parts = {name: _grouped(connection, name, ids) for name in _PARTS}
    identified = read_identified(connection, ids)
    documents = [
        _document(
            row,
            {name: part.get(row["id"], []) for name, part in parts.items()},
            identified[row["id"]],
            mode,
        )
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


def _document(
    row: RowMapping,
    parts: Mapping[str, list[RowMapping]],
    identified: Identified,
    mode: str | None,
) -> dict[str, Any]:
    suppressed = {s["channel"]: s for s in parts["suppressions"]}
    return {
        "format": FORMAT,
        "mode": mode,
        "profile": {
            **{name: row[name] for name in FIELDS},
            "attributes": row["attributes"],
            "created_at": _iso(row["created_at"]),
            "addresses": [_address(a, suppressed.get(a["channel"])) for a in parts["addresses"]],
            "consents": [_consent(c) for c in parts["consents"]],
            "interactions": [_event(row["id"], i) for i in parts["interactions"]],
            "preferences": next(map(_asked_for, parts["preferences"]), None),
        },
        "messages": [_message(m) for m in parts["messages"]],
        "learnt": [_learnt(u) for u in parts["uses"] if u["messages"] or u["answers"]],
        **_identified(identified),
    }


def _identified(told: Identified) -> dict[str, Any]:
    """What the customer may be given: nobody else's ref, and no words of the staff's own."""
    return {
        "identities": [plain_values(asdict(line)) for line in told.identities],
        "merged": [
            {"merge": m.merge_id, "at": m.at.isoformat(), "ref": m.merged} for m in told.merged
        ],
        "matches": [
            {"match": m.match_id, "at": m.at.isoformat(), "evidence": m.evidence}
            for m in told.matches
        ],
    }


def _iso(ms: int) -> str:
    return from_ms(ms).isoformat()


def _address(row: RowMapping, suppressed: RowMapping | None) -> dict[str, Any]:
    document = {name: row[name] for name in ("channel", "address", "status")}
    if suppressed is not None:
        told = {"purpose": suppressed["purpose"], "reason": suppressed["reason"]}
        document["suppressed"] = {**told, "at": _iso(suppressed["at"])}
    return document


LEDGER = ("channel", "purpose", "topic", "granted", "source", "proof", "actor")


def _consent(row: RowMapping) -> dict[str, Any]:
    return {"at": _iso(row["at"]), **{name: row[name] for name in LEDGER}}


def _event(customer_id: int, row: RowMapping) -> dict[str, Any]:
    key = row["source_key"]
    if key is not None and key.startswith(restored(customer_id)):
        key = None
    own = f"import:{customer_id}:"
    return {
        "at": _iso(row["at"]),
        "kind": row["kind"],
        "channel": row["channel"],
        "source_key": OWN + key.removeprefix(own) if key and key.startswith(own) else key,
        "data": row["data"],
        "agent": row["agent"],
    }


ASKED = ("channels", "quiet_from", "quiet_until", "weekly_most")


def _asked_for(row: RowMapping) -> dict[str, Any]:
    until = row["paused_until"]
    told = {"paused_until": None if until is None else _iso(until)}
    return {**{name: row[name] for name in ASKED}, **told}


def restored(customer_id: int) -> str:
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


def _learnt(row: RowMapping) -> dict[str, Any]:
    return {name: row[name] for name in ("channel", "messages", "answers")}


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
            d.step.in_(range(MAX_STEPS)),  # the unique key begins with both
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
    "preferences": _of(preferences, "customer_id"),
    "uses": _of(channel_uses, "channel"),
}
