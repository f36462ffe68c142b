"""What a provider's refusal teaches about a customer: a dead address, or an opt-out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, literal, select, update

from campaigns.domain.batch import Batch, Claimed
from campaigns.domain.channel import Channel
from campaigns.domain.consent import ALL_TOPICS, ConsentSource, Purpose
from campaigns.domain.customer import AddressStatus
from campaigns.store import bulk, consents
from campaigns.store.clock import to_ms
from campaigns.store.schema import addresses, customers, runs, suppressions


def mark_invalid(
    connection: Connection, channel: Channel, items: Sequence[Claimed], now: datetime
) -> None:
    """Do not try these addresses again, unless they have been corrected meanwhile."""
    for item in items:
        connection.execute(
            update(addresses)
            .where(
                addresses.c.customer_id == item.customer_id,
                addresses.c.channel == channel,
                addresses.c.address == item.address,
            )
            .values(status=AddressStatus.INVALID, updated_at=to_ms(now))
        )


def record_opt_out(
    connection: Connection, batch: Batch, item: Claimed, code: str, now: datetime
) -> None:
    """The provider says that this person opted out there: suppress the address and append the
    denial to the ledger, for marketing and for whatever purpose this run has. The caller has
    barred intents. A customer who was erased meanwhile is barred already."""
    still = select(customers.c.id).where(customers.c.id == item.customer_id)
    if connection.execute(still).scalar() is None:
        return
    _suppress(connection, batch.channel, item, now)
    own = select(runs.c.purpose).where(runs.c.id == batch.run_id)
    purposes = {str(Purpose.MARKETING), connection.execute(own).scalar_one()}
    noes = [
        (
            item.customer_id,
            str(batch.channel),
            purpose,
            ALL_TOPICS,
            False,
            to_ms(now),
            str(ConsentSource.PROVIDER),
            f"{code} for delivery {item.delivery_id}",
            "campaigns",
        )
        for purpose in sorted(purposes)
    ]
    consents.append(connection, consents.noes_heard(connection, noes, now=now))


def _suppress(connection: Connection, channel: Channel, item: Claimed, now: datetime) -> None:
    of_customer = select(
        addresses.c.address_key, literal("marketing"), literal("opted_out"), literal(to_ms(now))
    ).where(addresses.c.customer_id == item.customer_id, addresses.c.channel == channel)
    names = ["address_key", "purpose", "reason", "at"]
    connection.execute(
        bulk.upsert(connection, suppressions)
        .from_select(names, of_customer)
        .on_conflict_do_nothing()
    )
