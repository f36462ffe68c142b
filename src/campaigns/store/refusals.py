"""What a provider's refusal teaches about a customer: a dead address, or an opt-out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, case, insert, literal, select, update

from campaigns.domain.batch import Batch, Claimed
from campaigns.domain.channel import Channel
from campaigns.domain.consent import ALL_TOPICS, ConsentSource, Purpose
from campaigns.domain.customer import AddressStatus
from campaigns.store import bulk
from campaigns.store.clock import to_ms
from campaigns.store.schema import addresses, consents, runs, standings, suppressions


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
    denial to the ledger, for marketing and for whatever purpose this run has."""
    _suppress(connection, batch.channel, item, now)
    run_purpose = connection.execute(
        select(runs.c.purpose).where(runs.c.id == batch.run_id)
    ).scalar_one()
    for purpose in sorted({str(Purpose.MARKETING), run_purpose}):
        denial = {
            "customer_id": item.customer_id,
            "channel": batch.channel,
            "purpose": purpose,
            "topic": ALL_TOPICS,
            "granted": False,
            "at": to_ms(now),
        }
        proof = f"{code} for delivery {item.delivery_id}"
        source = {"source": ConsentSource.PROVIDER, "proof": proof, "actor": "campaigns"}
        connection.execute(insert(consents).values(**denial, **source))
        _stand(connection, denial)


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


def _stand(connection: Connection, denial: dict[str, object]) -> None:
    """What the ledger says now: this denial, unless something newer stands."""
    statement = bulk.upsert(connection, standings).values(denial)
    new = statement.excluded
    newer = new.at >= standings.c.at
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=list(standings.primary_key),
            set_={
                "granted": case((newer, new.granted), else_=standings.c.granted),
                "at": case((newer, new.at), else_=standings.c.at),
            },
        )
    )
