"""Where a customer may be written to: their addresses, suppressions and consents, as one text each
(see store.candidates)."""

from __future__ import annotations

from sqlalchemy import Integer, ScalarSelect, and_, case, cast, or_, select

from campaigns.domain.channel import Channel
from campaigns.domain.consent import Purpose, Standing
from campaigns.domain.customer import AddressStatus
from campaigns.store.clock import from_ms
from campaigns.store.packed import UNIT, Shared, joined
from campaigns.store.schema import addresses, customers, standings, suppressions

_CHANNELS = {str(c): c for c in Channel}
_STATUSES = {str(s): s for s in AddressStatus}


def reach_text(purpose: Purpose) -> ScalarSelect[str]:
    """The customer's addresses, their status, and whether they are suppressed for the purpose."""
    covers = [suppressions.c.purpose == "all"]
    if purpose is Purpose.MARKETING:
        covers.append(suppressions.c.purpose == "marketing")
    barred = and_(suppressions.c.address_key == addresses.c.address_key, or_(*covers))
    return (
        select(
            joined(
                addresses.c.channel,
                addresses.c.status,
                case((suppressions.c.purpose.is_(None), 0), else_=1),
            )
        )
        .select_from(addresses.outerjoin(suppressions, barred))
        .where(addresses.c.customer_id == customers.c.id)
        .scalar_subquery()
    )


def read_reach(
    records: list[str],
) -> tuple[dict[Channel, AddressStatus], frozenset[Channel]]:
    """Takes `reach_text` apart: channel → status, and the channels that are suppressed."""
    reachable, suppressed = {}, set()
    for record in records:
        channel, status, barred = record.split(UNIT)
        reachable[_CHANNELS[channel]] = _STATUSES[status]
        if barred == "1":
            suppressed.add(_CHANNELS[channel])
    return reachable, frozenset(suppressed)


def standings_text(purpose: Purpose) -> ScalarSelect[str]:
    """What the ledger says of the customer now, for the purpose."""
    s = standings.c
    return (
        select(joined(s.channel, s.topic, cast(s.granted, Integer()), s.at))
        .where(s.customer_id == customers.c.id, s.purpose == purpose)
        .scalar_subquery()
    )


class StandingsReader:
    """Takes `standings_text` apart. Many customers consented at the same moment (an
    import's), so each entry is made once."""

    def __init__(self) -> None:
        self._entries = Shared(_standing)

    def __call__(self, records: list[str]) -> dict[Channel, tuple[Standing, ...]]:
        by_channel: dict[Channel, tuple[Standing, ...]] = {}
        for record in records:
            channel, standing = self._entries[record]
            by_channel[channel] = (*by_channel.get(channel, ()), standing)
        return by_channel


def _standing(records: list[str]) -> tuple[Channel, Standing]:
    channel, topic, granted, at = records[0].split(UNIT)
    return _CHANNELS[channel], Standing(topic, granted == "1", from_ms(int(at)))
