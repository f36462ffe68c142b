"""Late good news about a message that was given up and replaced: it had reached the customer.

Called in the transaction that accepted it. What has not left yet on the next channel is cancelled
and the first message stands again; what has left is told as a conflict and never hidden.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, Row, select, update

from campaigns.domain.audit import Action, AuditEntry
from campaigns.domain.channel import Channel
from campaigns.domain.delivery import DeliveryState, ProviderState
from campaigns.store import audit
from campaigns.store.clock import to_ms
from campaigns.store.schema import deliveries

_S = DeliveryState
#: A next hop in these has left, or may have.
_LEFT = frozenset({_S.SENDING, _S.ACCEPTED, _S.IN_DOUBT})
_GONE = (ProviderState.BOUNCED, ProviderState.FAILED)


def reached_after_all(connection: Connection, ids: Collection[int], *, now: datetime) -> None:
    """Of these deliveries, take back the fallbacks of those that were accepted after all.

    Whoever writes evidence that a message reached its customer calls this in the same transaction,
    after the state; rows that were never replaced cost one look.
    """
    d = deliveries.c
    late = (
        select(deliveries)
        .where(
            d.id.in_(ids),
            d.replaced,
            d.state == _S.ACCEPTED,
            d.provider_state.is_(None) | d.provider_state.not_in(_GONE),
        )
        .order_by(d.id)
    )
    for first in connection.execute(late).all():
        _stand_again(connection, first, now)


def _stand_again(connection: Connection, first: Row[tuple[object, ...]], now: datetime) -> None:
    d = deliveries.c
    standing = connection.execute(
        select(deliveries)
        .where(
            d.campaign_id == first.campaign_id,
            d.step == first.step,
            d.customer_id == first.customer_id,
            ~d.replaced,
        )
        .with_for_update()
    ).first()
    if standing is None:
        _set(connection, first.id, replaced=False)
    elif DeliveryState(standing.state) in _LEFT:
        _conflict(connection, first, standing, now)
    else:
        ended = {"state": _S.CANCELLED, "outcome": _after_all(first), "settled_at": to_ms(now)}
        waiting = standing.state in (_S.PENDING, _S.CLAIMED)
        # In this order: one row of a customer stands at a time.
        _set(connection, standing.id, replaced=True, **(ended if waiting else {}))
        _set(connection, first.id, replaced=False)


def _conflict(
    connection: Connection,
    first: Row[tuple[object, ...]],
    standing: Row[tuple[object, ...]],
    now: datetime,
) -> None:
    may = "may have left" if standing.state == _S.IN_DOUBT else "had left"
    audit.append(
        connection,
        AuditEntry(
            at=now,
            actor="campaigns",
            action=Action.CONFLICTED,
            subject=f"delivery:{first.id}",
            why=f"{_after_all(first)}, and delivery {standing.id} by "
            f"{Channel(standing.channel).label} {may} already",
            data={"other": standing.id},
        ),
    )


def _after_all(first: Row[tuple[object, ...]]) -> str:
    return f"reached after all by {Channel(first.channel).label} (delivery {first.id})"


def _set(connection: Connection, delivery_id: int, **values: object) -> None:
    connection.execute(update(deliveries).where(deliveries.c.id == delivery_id).values(values))
