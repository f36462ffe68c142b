"""The campaign that the workers send: customers by e-mail and by text, planned as any other."""

from __future__ import annotations

import json
import urllib.request
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from campaigns.bootstrap.app import App
from campaigns.domain.audience import Everyone
from campaigns.domain.channel import Channel
from campaigns.domain.consent import Purpose
from campaigns.domain.message import Escape, Hole, Part, Skeleton, Slot, SlotType
from campaigns.domain.release import Policy, Release
from campaigns.domain.run import Run
from campaigns.store import bulk, schema
from campaigns.store.clock import to_ms
from campaigns.store.engine import Database, bar_intents
from campaigns.store.hashing import AddressHash
from tests.faults.clock import START

#: The whole range of mobile numbers that is reserved for fiction in the United Kingdom.
MOST_TEXTS = 1000
#: Providers that misbehave on a fourth of the calls, every way there is.
FAULTY: tuple[dict[str, Any], ...] = (
    {"kind": "drop_before", "rate": 0.03},
    {"kind": "drop_after", "rate": 0.04},
    {"kind": "500_before", "rate": 0.03},
    {"kind": "500_after", "rate": 0.03},
    {"kind": "hang", "rate": 0.02, "seconds": 0.02},
    {"kind": "hang_before", "rate": 0.02, "seconds": 0.02},
    {"kind": "truncate", "rate": 0.02},
    {"kind": "garble", "rate": 0.02},
    {"kind": "empty", "rate": 0.02},
    {"kind": "drip", "rate": 0.01, "seconds": 0.0},
    {"kind": "429", "rate": 0.04, "seconds": 0},
)
#: Those that leave a message in doubt; of the others the status line tells.
AMBIGUOUS = frozenset(
    {"drop_before", "drop_after", "500_before", "500_after", "hang", "hang_before"}
)


def release() -> Release:
    """A marketing campaign on two channels."""
    name, link = Hole("first_name", Escape.PLAIN), Hole("unsubscribe_url", Escape.PLAIN)
    slots = {
        "first_name": Slot("first_name", SlotType.TEXT, 40, "friend"),
        "unsubscribe_url": Slot("unsubscribe_url", SlotType.URL, 200),
    }
    words = Part(("Hello ", ", 20% off until 31 March. No more: ", ""), (name, link))
    parts = {
        Channel.EMAIL: {"subject": Part(("Spring sale",), ()), "text": words},
        Channel.SMS: {"body": words},
    }
    skeletons = tuple(Skeleton(c, "en_GB", "a", (), p, slots) for c, p in parts.items())
    return Release(
        campaign="spring_sale",
        title="Spring sale",
        edition="",
        policy=Policy(
            channels=tuple(parts),
            purpose=Purpose.MARKETING,
            topic="offers",
            audience=Everyone("everyone"),
            locales=("en_GB",),
            traits=(),
            post_locale="en_GB",
        ),
        facts={},
        senders={
            Channel.EMAIL: {"address": "hello@news.example.com", "name": "Shop"},
            Channel.SMS: {"from": "+447700900000"},
        },
        skeletons=skeletons,
        manifest={"campaign": "spring_sale"},
    )


def address(number: int, *, by_text: bool) -> str:
    """Of the customer with this number."""
    return f"+447700900{number:03}" if by_text else f"c{number}@example.com"


def add_customers(database: Database, count: int, texts: int) -> None:
    """Customers 1 to `count`; the first `texts` of them by text, the others by e-mail."""
    assert texts < MOST_TEXTS
    consented = to_ms(START - timedelta(days=30))
    numbers = range(1, count + 1)
    channel = {n: Channel.SMS if n <= texts else Channel.EMAIL for n in numbers}
    written = {n: address(n, by_text=n <= texts) for n in numbers}
    with database.write() as connection:
        hashing = AddressHash.load(connection)
        bulk.insert(
            connection,
            schema.customers,
            (
                *("id", "ref", "first_name", "locale", "country", "time_zone", "attributes"),
                *("created_at", "updated_at"),
            ),
            [
                (n, f"c{n}", f"Ada{n}", "en_GB", "GB", "Europe/London", "{}", consented, consented)
                for n in numbers
            ],
        )
        bulk.insert(
            connection,
            schema.addresses,
            ("customer_id", "channel", "address", "address_key", "status", "updated_at"),
            [
                (n, c, written[n], hashing.key(c.address_kind, written[n]), "active", consented)
                for n, c in channel.items()
            ],
        )
        bulk.insert(
            connection,
            schema.standings,
            ("customer_id", "channel", "purpose", "topic", "granted", "at"),
            [(n, c, "marketing", "*", True, consented) for n, c in channel.items()],
        )


def planned(app: App) -> Run:
    """The campaign planned and running, by the application's own verbs."""
    made = release()
    app.releases.save(made, app.clock.now())
    run, _ = app.runs.start(made, now=app.clock.now(), shard_size=100_000, limit=None)
    for shard in app.shards(run.id):
        app.plan_shard(run.id, shard.no)
    app.begin_sending(run.id)
    return run


def opt_out(app: App, customers: list[int]) -> set[int]:
    """They say no, as whoever records a denial writes it. Returns those of their deliveries that
    had no intent when it was committed: no intent can be written while it is."""
    d, said = schema.deliveries.c, schema.standings.c
    without = select(d.id).where(d.customer_id.in_(customers), d.state.in_(["pending", "claimed"]))
    no = schema.standings.update().where(said.customer_id.in_(customers))
    with app.database.write() as connection:
        bar_intents(connection)
        connection.execute(no.values(granted=False, at=to_ms(app.clock.now())))
        return set(connection.execute(without).scalars())


def tell_sandbox(url: str, what: str, document: object) -> None:
    """POST to the sandbox's own interface."""
    request = urllib.request.Request(
        f"{url}/sandbox/{what}",
        data=json.dumps(document).encode(),
        headers={"Content-Type": "application/json"},
        method="POST",
    )
    urllib.request.urlopen(request, timeout=60).close()
